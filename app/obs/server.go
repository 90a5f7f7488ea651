package obs

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ServerMetrics counts the requests that a server answers. Its names begin with gowats_server_; see docs/metrics.md.
type ServerMetrics struct {
	requests *prometheus.CounterVec   // part, method, status
	seconds  *prometheus.HistogramVec // part
	received *prometheus.CounterVec   // part
	sent     *prometheus.CounterVec   // part
	underway prometheus.Gauge
}

// NewServerMetrics returns metrics in registry r. It returns an error when r holds such metrics already.
func NewServerMetrics(r prometheus.Registerer) (*ServerMetrics, error) {
	reg := registration{to: r, subsystem: "server"}
	m := &ServerMetrics{
		requests: reg.counters("requests_total", "Requests answered.", "part", "method", "status"),
		seconds:  reg.durations("request_duration_seconds", "How long requests took, to the last byte of the answer.", "part"),
		received: reg.counters("received_bytes_total", "Bytes of request bodies, as they came.", "part"),
		sent:     reg.counters("sent_bytes_total", "Bytes of answer bodies.", "part"),
		underway: reg.gauges("requests_under_way", "Requests being answered now.").WithLabelValues(),
	}
	if reg.err != nil {
		return nil, fmt.Errorf("register metrics of the server: %w", reg.err)
	}
	return m, nil
}

// Handler is next, counted.
func (m *ServerMetrics) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		m.underway.Inc()
		out := &countedAnswer{ResponseWriter: w}
		status := "aborted" // by a panic
		defer func() {
			m.underway.Dec()
			part := partOf(r.URL.Path)
			m.requests.WithLabelValues(part, knownMethod(r.Method), status).Inc()
			m.seconds.WithLabelValues(part).Observe(time.Since(began).Seconds())
			m.received.WithLabelValues(part).Add(float64(max(0, r.ContentLength)))
			m.sent.WithLabelValues(part).Add(float64(out.bytes))
		}()
		next.ServeHTTP(out, r)
		status = strconv.Itoa(max(out.status, http.StatusOK))
	})
}

// partOf tells the API, whose paths match without regard to case, from the pages. Paths themselves are no label: there is no end of them.
func partOf(path string) string {
	const api = "/api/"
	if len(path) >= len(api) && strings.EqualFold(path[:len(api)], api) {
		return "api"
	}
	return "pages"
}

// knownMethod is the method, or other: clients may send what they like.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// countedAnswer notes status and size.
type countedAnswer struct {
	http.ResponseWriter
	status int // 0: not yet written
	bytes  int64
}

func (a *countedAnswer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *countedAnswer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (a *countedAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

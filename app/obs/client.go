package obs

import (
	"fmt"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gowats/gowats"
)

// ClientMetrics counts the events of one or several clients: give it to [wats.WithMetrics]. Its names begin with gowats_client_; see docs/metrics.md.
type ClientMetrics struct {
	calls, attempts             *prometheus.CounterVec // domain, method, status
	callSeconds, attemptSeconds *prometheus.HistogramVec
	sent, received              *prometheus.CounterVec // domain
	retries, givenUp            *prometheus.CounterVec // domain
	cache                       *prometheus.CounterVec // domain, result
	limited, limitedFor         prometheus.Counter
	throttled, refused          prometheus.Counter
	breaker                     *prometheus.GaugeVec // state
}

var _ wats.Metrics = (*ClientMetrics)(nil)

// durations reach from an answer out of a memory cache to a call that waits out an outage, in seconds.
func durations() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}
}

// NewClientMetrics returns metrics in registry r that carry the label client=name, so that clients of several servers can be told apart.
// A name is used once: it returns an error when r holds metrics of that name already.
func NewClientMetrics(r prometheus.Registerer, name string) (*ClientMetrics, error) {
	reg := registration{to: prometheus.WrapRegistererWith(prometheus.Labels{"client": name}, r), subsystem: "client"}
	m := &ClientMetrics{
		calls:          reg.counters("calls_total", "Calls that ended, with all their attempts, also those answered by the cache.", "domain", "method", "status"),
		callSeconds:    reg.durations("call_duration_seconds", "How long calls took, with all attempts and waits.", "domain"),
		attempts:       reg.counters("attempts_total", "Requests sent to the server.", "domain", "method", "status"),
		attemptSeconds: reg.durations("attempt_duration_seconds", "How long requests took, from sending to the last byte of the answer.", "domain"),
		sent:           reg.counters("sent_bytes_total", "Bytes of request bodies, before compression.", "domain"),
		received:       reg.counters("received_bytes_total", "Bytes of answer bodies, of successful requests.", "domain"),
		retries:        reg.counters("retries_total", "Failed requests that were repeated.", "domain"),
		givenUp:        reg.counters("given_up_total", "Failed requests that could be repeated but were not: no attempts, budget or time were left.", "domain"),
		cache:          reg.counters("cache_total", "Reads by what answered them: hit, miss, share (an equal call), snapshot; error counts failures of the cache.", "domain", "result"),
		limited:        reg.counter("rate_limit_waits_total", "Requests that waited for the client's own rate limit."),
		limitedFor:     reg.counter("rate_limit_wait_seconds_total", "How long requests waited for the client's own rate limit."),
		throttled:      reg.counter("throttled_total", "Answers 429 of the server."),
		refused:        reg.counter("refused_total", "Requests not sent because the breaker was open."),
		breaker:        reg.gauges("breaker_state", "1 for the state the breaker is in: closed, open or half-open.", "state"),
	}
	if reg.err != nil {
		return nil, fmt.Errorf("register metrics of client %q: %w", name, reg.err)
	}
	m.setBreaker(wats.BreakerClosed)
	return m, nil
}

// Observe counts e. It may be called from any number of goroutines.
func (m *ClientMetrics) Observe(e wats.Event) {
	domain := string(e.Domain)
	switch e.Kind {
	case wats.EventCall:
		m.calls.WithLabelValues(domain, e.Method, status(e.Status)).Inc()
		m.callSeconds.WithLabelValues(domain).Observe(e.Duration.Seconds())
	case wats.EventAttempt:
		m.attempts.WithLabelValues(domain, e.Method, status(e.Status)).Inc()
		m.attemptSeconds.WithLabelValues(domain).Observe(e.Duration.Seconds())
		m.sent.WithLabelValues(domain).Add(float64(e.Sent))
		m.received.WithLabelValues(domain).Add(float64(e.Received))
	case wats.EventRetry:
		m.retries.WithLabelValues(domain).Inc()
	case wats.EventGiveUp:
		m.givenUp.WithLabelValues(domain).Inc()
	case wats.EventLimited:
		m.limited.Inc()
		m.limitedFor.Add(e.Duration.Seconds())
	case wats.EventThrottled:
		m.throttled.Inc()
	case wats.EventRefused:
		m.refused.Inc()
	case wats.EventBreaker:
		m.setBreaker(e.Breaker)
	case wats.EventCacheHit:
		m.cache.WithLabelValues(domain, "hit").Inc()
	case wats.EventCacheMiss:
		m.cache.WithLabelValues(domain, "miss").Inc()
	case wats.EventCacheShare:
		m.cache.WithLabelValues(domain, "share").Inc()
	case wats.EventCacheError:
		m.cache.WithLabelValues(domain, "error").Inc()
	case wats.EventSnapshot:
		m.cache.WithLabelValues(domain, "snapshot").Inc()
	}
}

func (m *ClientMetrics) setBreaker(now wats.BreakerState) {
	for _, state := range [...]wats.BreakerState{wats.BreakerClosed, wats.BreakerOpen, wats.BreakerHalfOpen} {
		value := 0.0
		if state == now {
			value = 1
		}
		m.breaker.WithLabelValues(state.String()).Set(value)
	}
}

// status is none where no answer came.
func status(code int) string {
	if code == 0 {
		return "none"
	}
	return strconv.Itoa(code)
}

// registration makes metrics and keeps the first error.
type registration struct {
	to        prometheus.Registerer
	subsystem string // of the names
	err       error
}

func (r *registration) add(c prometheus.Collector) {
	if r.err == nil {
		r.err = r.to.Register(c)
	}
}

func (r *registration) counters(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "gowats", Subsystem: r.subsystem, Name: name, Help: help}, labels)
	r.add(v)
	return v
}

func (r *registration) counter(name, help string) prometheus.Counter {
	return r.counters(name, help).WithLabelValues()
}

func (r *registration) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "gowats", Subsystem: r.subsystem, Name: name, Help: help}, labels)
	r.add(v)
	return v
}

func (r *registration) durations(name, help string, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "gowats", Subsystem: r.subsystem, Name: name, Help: help, Buckets: durations(),
	}, labels)
	r.add(v)
	return v
}

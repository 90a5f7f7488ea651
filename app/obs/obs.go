// Package obs gives what a program does to Prometheus: the events of its clients, and a page to fetch them from.
package obs

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// NewRegistry returns a registry that holds the figures of the program itself: memory and goroutines (go_…), processor time and open
// files (process_…), and the version it was built from (go_build_info).
func NewRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister( // cannot clash in a new registry
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
	)
	return r
}

// Handler serves what from holds, for GET and HEAD of any path, in the text format of Prometheus or as OpenMetrics. A figure that cannot be
// read makes the answer a 500 that says which; of more than four requests at once the further ones get 503. It asks for no credential: serve it on loopback, or behind what asks for one.
func Handler(from prometheus.Gatherer) http.Handler {
	metrics := promhttp.HandlerFor(from, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.HTTPErrorOnError,
		MaxRequestsInFlight: 4,
		Timeout:             10 * time.Second,
		EnableOpenMetrics:   true,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "metrics are read with GET", http.StatusMethodNotAllowed)
			return
		}
		metrics.ServeHTTP(w, r)
	})
}

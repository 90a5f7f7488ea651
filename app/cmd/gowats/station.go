package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/agent"
	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/app/obs"
	"github.com/gowats/gowats/queue"
)

const snapshotFolder = "reference" // in the data folder: processes and the like, for a start without the server

// station is an agent with its spool, its uploader and its gateway, for one set of settings.
type station struct {
	config  *config.Loaded
	client  *wats.Client
	spool   *queue.Queue
	agent   *agent.Agent
	gateway http.Handler
	metrics http.Handler
	log     *slog.Logger
}

func newStation(ctx context.Context, folder string, c *config.Loaded, log *slog.Logger) (*station, error) {
	s := &station{config: c, log: log}
	registry := prometheus.NewRegistry()
	metrics, err := obs.NewClientMetrics(registry, "agent")
	if err != nil {
		return nil, err
	}
	if s.client, err = newStationClient(ctx, folder, c, log, wats.WithMetrics(metrics)); err != nil {
		return nil, err
	}
	s.spool, err = queue.Open(filepath.Join(folder, spoolFolder), queue.WithLogger(log),
		queue.WithLimits(queue.Limits{Reports: c.Spool.MaxReports, Bytes: int64(c.Spool.MaxBytes), MinFree: int64(c.Spool.MinFree)}),
		queue.WithRetention(queue.Retention{Age: c.Spool.KeepSent}))
	if err != nil {
		return nil, err
	}
	s.agent, err = agent.New(agent.Config{
		Data: folder, Converters: c.Converters, Station: c.Station, StationOf: c.StationOf, Version: productVersion(), Put: s.spool.Put, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	s.gateway = agent.NewGateway(agent.GatewayConfig{Put: s.spool.Put, Client: s.client, Version: productVersion(), Logger: log})
	if err := registry.Register(stationMetrics{s}); err != nil {
		return nil, err
	}
	s.metrics = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return s, nil
}

// newStationClient makes the client of the server that the settings name. The spool repeats what fails, so the client tries once. Without
// an address reports are kept until there is one.
func newStationClient(ctx context.Context, folder string, c *config.Loaded, log *slog.Logger, opts ...wats.Option) (*wats.Client, error) {
	server := c.Server
	opts = append(opts, wats.WithTokenSource(tokenSource(server.Token, folder)), wats.WithUserAgent("gowats-agent/"+productVersion()),
		wats.WithTimeout(server.Timeout), wats.WithSnapshot(filepath.Join(folder, snapshotFolder)), wats.WithLogger(log),
		wats.WithRetry(wats.RetryPolicy{MaxAttempts: 1}))
	if c.Upload.Rate > 0 {
		opts = append(opts, wats.WithRateLimit(wats.RateLimit{PerMinute: c.Upload.Rate}))
	}
	switch server.Proxy {
	case "system":
	case "none":
		opts = append(opts, wats.WithoutProxy())
	default:
		opts = append(opts, wats.WithProxy(server.Proxy))
	}
	if server.SignKey != "" {
		key, err := readKey(ctx, server.SignKey, folder)
		if err != nil {
			return nil, fmt.Errorf("server.sign_key %s: %w", server.SignKey, err)
		}
		opts = append(opts, wats.WithSigner(server.SignAs, key))
	}
	if len(server.Pins) > 0 {
		opts = append(opts, wats.WithPins(server.Pins...))
	}
	for _, pem := range []struct {
		files []string
		with  func([][]byte) wats.Option
	}{
		{[]string{server.CA}, func(data [][]byte) wats.Option { return wats.WithCA(data[0]) }},
		{[]string{server.Certificate, server.Key}, func(data [][]byte) wats.Option { return wats.WithClientCertificate(data[0], data[1]) }},
	} {
		if pem.files[0] == "" {
			continue
		}
		var data [][]byte
		for _, file := range pem.files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("server: %w", err)
			}
			data = append(data, text)
		}
		opts = append(opts, pem.with(data))
	}
	return wats.NewClient(firstOf(server.URL, noServer), opts...)
}

// noServer stands for the address of a server that is not set: nothing can listen there.
const noServer = "http://server-url-is-not-set.invalid"

// run runs the station until ctx ends.
func (s *station) run(ctx context.Context) error {
	defer s.client.Close()
	work, running := errgroup.WithContext(ctx)
	work.Go(func() error { return s.agent.Run(running) })
	work.Go(func() error {
		return s.spool.Run(running, agent.SendTo(s.client), queue.RunOptions{Workers: s.config.Upload.Workers})
	})
	return work.Wait()
}

// stationStatus is the answer of /status.
type stationStatus struct {
	Version    string                  `json:"version"`
	Server     string                  `json:"server"`
	State      string                  `json:"state"` // unconfigured, online, offline, unauthorized, paused or full
	Reason     string                  `json:"reason,omitempty"`
	Advice     string                  `json:"advice,omitempty"`
	Config     string                  `json:"config"`
	ConfigBad  string                  `json:"config_error,omitempty"` // why the file that is there now is not used
	Spool      spoolStatus             `json:"spool"`
	Converters []agent.ConverterStatus `json:"converters"`
}

// spoolStatus says how many reports wait, and what has become of others since the start.
type spoolStatus struct {
	Waiting int       `json:"waiting"`
	Bytes   int64     `json:"bytes"`
	Oldest  time.Time `json:"oldest,omitzero"`
	Sending int       `json:"sending"`
	Sent    int       `json:"sent"`
	Dead    int       `json:"dead"`
	Failed  int       `json:"failed"`
	Full    bool      `json:"full"`
}

func (k *keeper) snapshot() stationStatus {
	s := k.current.Load()
	k.mu.Lock()
	wrong := k.wrong
	k.mu.Unlock()
	q := s.spool.Status()
	status := stationStatus{
		Version: productVersion(), Server: s.config.Server.URL, Config: k.file.path, Converters: s.agent.Status(), State: "online",
		Spool: spoolStatus{q.Reports, q.Bytes, q.Oldest, q.Sending, q.Sent, q.Dead, q.Failed, q.Full},
	}
	if wrong != nil {
		status.ConfigBad = wrong.Error()
	}
	switch {
	case s.config.Server.URL == "":
		status.State, status.Reason, status.Advice = "unconfigured", "no server is set", "set server.url and server.token"
	case q.Full:
		status.State, status.Reason, status.Advice = "full", "the spool takes no more reports", "free disk space, or bring the server back; nothing is lost"
	case q.Paused:
		status.State, status.Reason = "paused", "sending is paused"
	case q.Held == queue.Auth:
		status.State, status.Reason, status.Advice = "unauthorized", q.Words, q.Advice
	case q.Held != "":
		status.State, status.Reason, status.Advice = "offline", q.Words, q.Advice
	}
	return status
}

// healthz says that the process lives.
func (k *keeper) healthz(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") }

// readyz says whether reports are taken and can go on their way. Being offline is no fault: they are kept.
func (k *keeper) readyz(w http.ResponseWriter, _ *http.Request) {
	s := k.snapshot()
	status := http.StatusOK
	if s.State == "unconfigured" || s.State == "unauthorized" || s.State == "full" || s.ConfigBad != "" {
		status = http.StatusServiceUnavailable
	}
	answerStatus(w, status, s)
}

func (k *keeper) status(w http.ResponseWriter, _ *http.Request) {
	answerStatus(w, http.StatusOK, k.snapshot())
}

func answerStatus(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // the client may have gone away
}

// stationMetrics tells Prometheus what a station does.
type stationMetrics struct{ *station }

// Describe tells nothing, so that the collector may give what there is.
func (stationMetrics) Describe(chan<- *prometheus.Desc) {}

// Collect gives the figures of the moment.
func (m stationMetrics) Collect(out chan<- prometheus.Metric) {
	give := func(kind prometheus.ValueType, value float64, name, help string, labels map[string]string) {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, labels), kind, value)
	}
	q := m.spool.Status()
	give(prometheus.GaugeValue, float64(q.Reports), "gowats_spool_reports", "Reports that wait to be sent.", nil)
	give(prometheus.GaugeValue, float64(q.Bytes), "gowats_spool_bytes", "Bytes of the reports that wait.", nil)
	give(prometheus.GaugeValue, age(q.Oldest), "gowats_spool_oldest_seconds", "How long the report waits that waits longest.", nil)
	give(prometheus.GaugeValue, number(q.Held != "" || q.Paused), "gowats_spool_held", "1 while all reports wait.", nil)
	give(prometheus.GaugeValue, number(q.Full), "gowats_spool_full", "1 while the spool takes no more reports.", nil)
	give(prometheus.CounterValue, float64(q.Sent), "gowats_spool_sent_total", "Reports that the server has taken.", nil)
	give(prometheus.CounterValue, float64(q.Dead), "gowats_spool_dead_total", "Reports that were set aside.", nil)
	for _, c := range m.agent.Status() {
		labels := map[string]string{"converter": c.Name}
		give(prometheus.GaugeValue, number(c.State == agent.Watching), "gowats_converter_up", "1 while the converter does its work.", labels)
		give(prometheus.GaugeValue, float64(c.Waiting), "gowats_converter_sources", "Sources in the folder at the last look.", labels)
		give(prometheus.CounterValue, float64(c.Done), "gowats_converter_done_total", "Sources whose reports are safe.", labels)
		give(prometheus.CounterValue, float64(c.Refused), "gowats_converter_refused_total", "Sources that were refused.", labels)
		give(prometheus.CounterValue, float64(c.Reports), "gowats_converter_reports_total", "Reports made.", labels)
	}
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func age(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return time.Since(t).Seconds()
}

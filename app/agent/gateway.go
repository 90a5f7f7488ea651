package agent

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/queue"
	"github.com/gowats/gowats/report"
)

// GatewayConfig is what a gateway works with. All but Logger is required.
type GatewayConfig struct {
	Put     func(context.Context, queue.Item) error // makes a report safe
	Client  *wats.Client                            // of the server; with a snapshot it answers without one, too
	Version string                                  // told where the server's is not known
	Logger  *slog.Logger                            // default: silent
}

// NewGateway returns a handler that stands in for a WATS server on this machine: a client that is given its address keeps
// working while the server, or the network, does not.
//
// A report is acknowledged when it is in the spool. What a server would refuse it for is refused here, as far as it can be seen without
// the server's data; the rest the server refuses later, and the report is found in the spool with the reason. Beside reports there are only the
// version and the processes, which clients ask for before they submit.
//
// It asks for no credential, so it answers only requests that come from this machine, and none that a web page of another host sends.
//
// Routes: POST /api/Report/WSJF, POST /api/Report/WSXF, GET /api/App/Version, GET /api/App/Processes.
func NewGateway(c GatewayConfig) http.Handler {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &gateway{c, make(chan struct{}, maxBodies)}
}

const maxBodies = 16 // that are in memory at one time; more wait their turn

type gateway struct {
	GatewayConfig
	bodies chan struct{}
}

// gatewayError is an answer that is no success, in the form that WATS clients read.
type gatewayError struct {
	status  int
	Message string          `json:"Message"`
	Errors  report.Findings `json:"errors,omitempty"`
}

func (e *gatewayError) Error() string { return e.Message }

func gatewayErrorf(status int, format string, args ...any) *gatewayError {
	return &gatewayError{status: status, Message: fmt.Sprintf(format, args...)}
}

// ServeHTTP answers one request.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	answer, err := g.answer(w, r)
	if err == nil {
		writeAnswer(w, http.StatusOK, answer)
		return
	}
	var refused *gatewayError
	if !errors.As(err, &refused) {
		refused = gatewayErrorf(http.StatusInternalServerError, "%v", err)
	}
	if refused.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "10")
	}
	g.Logger.WarnContext(r.Context(), "gateway refused a request", "method", r.Method, "path", r.URL.Path, "status", refused.status, "err", refused.Message)
	writeAnswer(w, refused.status, refused)
}

func writeAnswer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"Message":"the answer cannot be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have gone away: its report is safe all the same
}

func (g *gateway) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	if err := isFromHere(r); err != nil {
		return nil, err
	}
	switch r.Method + " " + strings.ToLower(strings.TrimRight(r.URL.Path, "/")) {
	case "POST /api/report/wsjf":
		return g.submit(w, r, queue.WSJF, convert.DecodeWSJF)
	case "POST /api/report/wsxf":
		return g.submit(w, r, queue.WSXF, convert.DecodeWSXF)
	case "GET /api/app/version":
		return g.version(r.Context()), nil
	case "GET /api/app/processes":
		return g.processes(r)
	}
	return nil, gatewayErrorf(http.StatusNotImplemented, "the gateway takes reports only (POST /api/Report/WSJF and WSXF) and tells version and processes; "+
		"ask the server itself for %s %.200s", r.Method, r.URL.Path)
}

// isFromHere refuses what a page of another host sends through a browser on this machine.
func isFromHere(r *http.Request) error {
	if !isLocal(r.Host) {
		return gatewayErrorf(http.StatusForbidden, "the gateway answers on loopback addresses only, not as %.100s", r.Host)
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	if u, err := url.Parse(origin); err != nil || !isLocal(u.Host) {
		return gatewayErrorf(http.StatusForbidden, "the gateway takes nothing from pages of other hosts, such as %.100s", origin)
	}
	return nil
}

func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// submit makes the report in the body safe, as it came.
func (g *gateway) submit(w http.ResponseWriter, r *http.Request, kind queue.Type, decode func([]byte) (*report.Report, report.Findings, error)) (any, error) {
	select {
	case g.bodies <- struct{}{}:
		defer func() { <-g.bodies }()
	case <-r.Context().Done():
		return nil, gatewayErrorf(http.StatusServiceUnavailable, "too many reports come at one time; send it again later")
	}
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	rep, _, err := decode(body) // warnings are for the server, which keeps them with the report
	if err != nil {
		return nil, refusedReport(err)
	}
	err = g.Put(r.Context(), queue.Item{ID: queue.ID(rep.ID), Type: kind, Lineage: r.Header.Get("Gowats-Lineage"), Document: body})
	switch {
	case errors.Is(err, queue.ErrInvalid):
		return nil, gatewayErrorf(http.StatusBadRequest, "%v", err)
	case err != nil:
		return nil, gatewayErrorf(http.StatusServiceUnavailable, "the report is not safe: %v", err)
	}
	id := rep.ID.String()
	if kind == queue.WSXF {
		return map[string]string{"ID": id, "id": id}, nil
	}
	return []map[string]string{{"ID": id}}, nil
}

// readBody reads a body of at most the size of a report.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var src io.Reader = http.MaxBytesReader(w, r.Body, maxDocument)
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(src)
		if err != nil {
			return nil, gatewayErrorf(http.StatusBadRequest, "the body is not gzip as its header says: %v", err)
		}
		src = z
	default:
		return nil, gatewayErrorf(http.StatusUnsupportedMediaType, "Content-Encoding %.50s is not understood: send gzip or none", encoding)
	}
	body, err := ReadAll(src)
	var over *http.MaxBytesError
	var refused *Refusal
	switch {
	case errors.As(err, &over), errors.As(err, &refused):
		return nil, gatewayErrorf(http.StatusRequestEntityTooLarge, "the report is larger than %d MiB", maxDocument>>20)
	case err != nil:
		return nil, gatewayErrorf(http.StatusBadRequest, "the body cannot be read: %v", err)
	}
	return body, nil
}

func refusedReport(err error) error {
	e := gatewayErrorf(http.StatusBadRequest, "%v", err)
	var invalid *report.InvalidError
	if errors.As(err, &invalid) {
		e.Errors = invalid.Violations
	}
	return e
}

// version returns the server's version, or that of the gateway while the server cannot be asked.
func (g *gateway) version(ctx context.Context) string {
	version, err := g.Client.With(wats.NoRetry).Version(ctx)
	if err != nil {
		return g.Version
	}
	return version
}

// processes answers as the server does. Once a kind is asked for, the kinds not named are left out.
func (g *gateway) processes(r *http.Request) (any, error) {
	all, err := g.Client.With(wats.NoRetry).Process.List(r.Context())
	if err != nil {
		return nil, gatewayErrorf(http.StatusServiceUnavailable, "the server cannot be asked for its processes, and there is no copy yet: %v", err)
	}
	asked := func(name string) bool { return strings.EqualFold(r.URL.Query().Get(name), "true") }
	test, repair, wip := asked("includeTestOperations"), asked("includeRepairOperations"), asked("includeWipOperations")
	rows := []wats.ProcessInfo{}
	for _, p := range all {
		if !test && !repair && !wip || test && p.IsTestOperation || repair && p.IsRepairOperation || wip && p.IsWIPOperation {
			rows = append(rows, p)
		}
	}
	return rows, nil
}

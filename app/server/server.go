// Package server answers the WATS REST protocol over a store.
//
// Handlers only translate: what a report may hold says package report, what becomes of it says package store.
package server

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
)

// Options of New. The zero Options are good.
type Options struct {
	Version string           // of the product, told by GET /api/App/Version and the header Gowats-Server
	Logger  *slog.Logger     // default: silent
	Now     func() time.Time // default: time.Now

	// Certificate writes the page that GET /api/Report/Certificate/{id} answers with, as HTML. Without it the route answers 501.
	Certificate func(io.Writer, *store.Document) error
}

// New returns a handler for everything under /api/. Every route asks for credentials.
//
// Paths are matched as they came, so nothing in front of the handler may clean or redirect them (as http.ServeMux does).
func New(s *store.Store, a *auth.Service, opt Options) http.Handler {
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Version == "" {
		opt.Version = "unknown"
	}
	return &server{
		store:   s,
		auth:    a,
		version: opt.Version,
		log:     opt.Logger,
		now:     opt.Now,
		certify: opt.Certificate,
		routes:  newMatcher(routes()),
		bodies:  newBodyReader(),
	}
}

type server struct {
	store   *store.Store
	auth    *auth.Service
	version string
	log     *slog.Logger
	now     func() time.Time
	certify func(io.Writer, *store.Document) error
	routes  *matcher
	bodies  *bodyReader
}

// call is one request on its way through a handler.
type call struct {
	*http.Request
	match
	id        auth.Identity
	requestID string
}

// ServeHTTP answers one request and logs it.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := s.now()
	c := &call{Request: r, requestID: requestID(r)}
	out := &response{ResponseWriter: w}
	h := out.Header()
	h.Set("Gowats-Server", s.version)
	h.Set("Accept-Encoding", "gzip") // of request bodies (RFC 7694)
	h.Set("X-Request-Id", c.requestID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")

	err := s.guard(out, c)
	switch {
	case out.began:
	case err != nil:
		s.refuse(out, c, err)
	default:
		out.WriteHeader(http.StatusOK) // done, and nothing to say
	}
	s.logRequest(r.Context(), out, c, err, s.now().Sub(started))
	if err != nil && out.cut {
		panic(http.ErrAbortHandler) // the answer had begun: break the connection, so that what came cannot be taken for the whole
	}
}

// guard runs the handler and turns a panic in it into an error.
func (s *server) guard(w *response, c *call) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{value: v, stack: debug.Stack()}
		}
		w.cut = err != nil && w.began
	}()
	return s.dispatch(w, c)
}

// dispatch says who asks, finds the route, and runs its handler. Who has no credentials learns nothing of the routes.
func (s *server) dispatch(w *response, c *call) (err error) {
	if c.id, err = s.identify(c.Request); err != nil {
		return err
	}
	m, allowed := s.routes.find(c.Method, c.URL.EscapedPath())
	switch {
	case m.route != nil:
	case len(allowed) > 0:
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return refusef(http.StatusMethodNotAllowed, "%s is not possible here; possible: %s", c.Method, strings.Join(allowed, ", "))
	default:
		return refusef(http.StatusNotFound, "there is no route %s %s", c.Method, shorten(c.URL.EscapedPath()))
	}
	if !c.id.May(m.route.need) {
		return refusef(http.StatusForbidden, "this needs the role %s; %s has the role %s", m.route.need, c.id.User, c.id.Role)
	}
	c.match = m
	return m.route.handle(s, w, c)
}

func (s *server) identify(r *http.Request) (auth.Identity, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return auth.Identity{}, refusef(http.StatusUnauthorized, "credentials are missing: send Authorization: Basic or Bearer")
	}
	id, err := s.auth.Header(r.Context(), header)
	if errors.Is(err, auth.ErrDenied) {
		return auth.Identity{}, refusef(http.StatusUnauthorized, "%v", auth.ErrDenied)
	}
	return id, err
}

// logRequest writes one line per request: neither the query nor a header, which may hold secrets.
func (s *server) logRequest(ctx context.Context, w *response, c *call, err error, took time.Duration) {
	level := slog.LevelDebug
	if w.status >= 500 || w.cut {
		level = slog.LevelWarn
	}
	if !s.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", c.Method), slog.String("path", shorten(c.URL.EscapedPath())), slog.Int("status", w.status),
		slog.Int64("bytes", w.bytes), slog.Duration("duration", took), slog.String("user", c.id.User), slog.String("request_id", c.requestID),
	}
	if err != nil {
		attrs = append(attrs, slog.Any("err", err))
	}
	var p *panicError
	if errors.As(err, &p) {
		attrs = append(attrs, slog.String("stack", string(p.stack)))
	}
	s.log.LogAttrs(ctx, level, "request", attrs...)
}

// requestID returns the ID that the client gave the request, or a new one when there is none that is safe to repeat.
func requestID(r *http.Request) string {
	const maxLength = 100
	id := r.Header.Get("X-Request-Id")
	odd := strings.ContainsFunc(id, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' && c != '.'
	})
	if id == "" || len(id) > maxLength || odd {
		return rand.Text()
	}
	return id
}

// response remembers what was answered.
type response struct {
	http.ResponseWriter
	status int
	bytes  int64
	began  bool // something has been written
	cut    bool // and then it failed
}

func (w *response) WriteHeader(status int) {
	w.began, w.status = true, status
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	if !w.began {
		w.began, w.status = true, http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

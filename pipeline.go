package wats

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Largest bodies that are read. A submitted report has at most 64 MiB; what a server adds to it is less than that again.
// An error answer lists every violation of a report.
const (
	maxAnswer      = 128 << 20
	maxErrorAnswer = 1 << 20
)

const maxRedirects = 5

// request describes one call. It is not changed on its way: a stage that needs another form passes on a copy.
type request struct {
	method     string
	path       string // escaped, below the base URL: /api/Report/Wsjf/…
	query      url.Values
	header     http.Header
	body       []byte  // nil: none. Read only, so that it can be sent any number of times
	stream     *stream // in place of body: one that is not held in memory; nil: none
	repeatable bool    // sent twice it does no more than sent once
	reads      bool    // changes nothing at the server
	attempt    int     // from 1
	domain     Domain
	id         string       // header X-Request-ID, the same for all attempts; "": none
	opts       CallOption   // of the client the call was made on
	ownHeader  bool         // header belongs to this attempt alone
	pool       *http.Client // of a bulk call; nil: the client's own
	into       []byte       // memory for the answer's body, to be used again; nil: new
	slow       int64        // bytes that the server looks through before it answers, which takes time
	to         io.Writer    // takes the body of a success, as it comes; nil: the answer holds it
}

// newRequest makes a request without body. Every segment is encoded as one, whatever it holds.
// Its method says whether it is repeatable and only reads; a POST that is or does says so afterwards.
func newRequest(method string, segments ...string) *request {
	var path strings.Builder
	path.Grow(64)
	for _, s := range segments {
		path.WriteByte('/')
		path.WriteString(escapeSegment(s))
	}
	req := &request{method: method, path: path.String(), query: url.Values{}, attempt: 1, header: http.Header{
		"Accept":       {"application/json"},
		"Content-Type": {"application/json"}, // also without body: that is what servers are used to
	}}
	req.domain = domainOf(req.path)
	switch method {
	case http.MethodGet, http.MethodHead:
		req.reads, req.repeatable = true, true
	case http.MethodPut, http.MethodDelete:
		req.repeatable = true
	}
	return req
}

// escapeSegment also encodes the segments . and .., which proxies would resolve.
func escapeSegment(s string) string {
	if s == "." || s == ".." {
		return strings.ReplaceAll(s, ".", "%2E")
	}
	return url.PathEscape(s)
}

func (r *request) withHeader(name, value string) *request {
	copied := *r
	copied.header, copied.ownHeader = r.header.Clone(), true
	copied.header.Set(name, value)
	return &copied
}

// answer is an answer of a status in 2xx, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// isEmpty reports whether the body says nothing; WATS servers have several words for that.
func (a *answer) isEmpty() bool {
	switch string(bytes.TrimSpace(a.body)) {
	case "", "null", "[]", "{}", `""`:
		return true
	}
	return false
}

// A handler carries out a request. Its errors are [*APIError] for an answer outside 2xx and [*TransportError] for none.
type handler func(ctx context.Context, req *request) (*answer, error)

// A stage adds one concern to a handler.
type stage func(next handler) handler

// newPipeline joins the stages, outermost first.
func newPipeline(base *url.URL, s settings, o *observer) handler {
	server, tokens := new(peer), s.tokens()
	last := &exchanger{
		client:    &http.Client{Transport: s.signatures.over(s.transport), CheckRedirect: checkRedirect},
		base:      base,
		timeout:   s.timeout,
		limit:     maxAnswer,
		userAgent: s.userAgent,
		server:    server,
		turns:     s.turns,
	}
	return compose(last.exchange,
		observeCalls(o),
		newCacher(s, tokens, base.String(), base.Host, o).stage,
		retry(s.retry, o, s.log),
		breakOff(s.breakerPolicy(), base.Host, o, s.log),
		newLimiter(s.limit, s.limitFree(server), s.retry.MaxDelay, o).stage,
		authorize(tokens),
		compress(s.plain),
		logTries(s.log),
		observeAttempts(o),
	)
}

func compose(h handler, stages ...stage) handler {
	for _, s := range slices.Backward(stages) {
		h = s(h)
	}
	return h
}

func logTries(log *slog.Logger) stage {
	return func(next handler) handler {
		return func(ctx context.Context, req *request) (*answer, error) {
			if !log.Enabled(ctx, slog.LevelDebug) {
				return next(ctx, req)
			}
			began := time.Now()
			ans, err := next(ctx, req)
			attrs := []slog.Attr{
				slog.String("method", req.method), slog.String("path", req.path), slog.String("request_id", req.id),
				slog.Int("attempt", req.attempt), slog.Duration("took", time.Since(began)),
			}
			if err != nil {
				attrs = append(attrs, slog.Any("err", err))
			} else {
				attrs = append(attrs, slog.Int("status", ans.status), slog.Int("bytes", len(ans.body)))
			}
			log.LogAttrs(ctx, slog.LevelDebug, "request", attrs...)
			return ans, err
		}
	}
}

// exchanger is the end of the pipeline: it sends a request and reads the answer whole, so that an answer that breaks off
// counts as a failed try like any other.
type exchanger struct {
	client    *http.Client
	base      *url.URL
	timeout   time.Duration
	limit     int64 // bytes of an answer
	userAgent string
	server    *peer
	turns     chan struct{} // holds one entry for each request under way; nil: with a transport of the user
}

func (x *exchanger) exchange(ctx context.Context, req *request) (*answer, error) {
	if x.turns != nil && req.pool == nil {
		select {
		case x.turns <- struct{}{}:
			defer func() { <-x.turns }()
		case <-ctx.Done():
			return nil, x.lost(ctx, ctx, req, ctx.Err())
		}
	}
	tryCtx, wait := x.patience(ctx, req)
	defer wait.end()
	sent := &sending{req: req, wait: wait}
	hr, err := x.build(tryCtx, req, sent)
	if err != nil {
		return nil, err
	}
	client := x.client
	if req.pool != nil {
		client = req.pool
	}
	res, err := client.Do(hr)
	if own := sent.failure(); err != nil && own != nil && tryCtx.Err() == nil {
		return nil, fmt.Errorf("%s %s: read the body: %w", req.method, req.path, own)
	}
	if err != nil {
		return nil, x.lost(ctx, tryCtx, req, err)
	}
	defer func() { _ = res.Body.Close() }() // has been read; nothing is left to fail
	x.server.learn(res.Header)

	if res.StatusCode < 200 || res.StatusCode > 299 {
		// What can be read of the body helps; the status counts even if nothing can.
		body, _ := io.ReadAll(io.LimitReader(res.Body, maxErrorAnswer))
		return nil, newAPIError(req, x.base.Host, res, body)
	}
	if req.to != nil {
		return &answer{status: res.StatusCode, header: res.Header}, x.pass(ctx, tryCtx, req, &progressReader{res.Body, wait})
	}
	body := bytes.NewBuffer(req.into[:0])
	if n := res.ContentLength; n > 0 && n < 1<<20 { // as announced; what lies grows as it comes
		body.Grow(int(n) + bytes.MinRead)
	}
	n, err := body.ReadFrom(io.LimitReader(res.Body, x.limit+1))
	switch {
	case err != nil:
		return nil, x.lost(ctx, tryCtx, req, err)
	case n > x.limit:
		return nil, fmt.Errorf("%s %s: answer of %s exceeds %d bytes: %w", req.method, req.path, x.base.Host, x.limit, ErrTooLarge)
	}
	return &answer{res.StatusCode, res.Header, body.Bytes()}, nil
}

// pass writes the body to the caller's writer. Once something is written the request is not repeated.
func (x *exchanger) pass(ctx, tryCtx context.Context, req *request, body io.Reader) error {
	to := &watchedWriter{to: req.to}
	n, err := io.Copy(to, body)
	switch {
	case err == nil:
		return nil
	case to.err != nil:
		return fmt.Errorf("%s %s: write the answer: %w", req.method, req.path, to.err)
	}
	lost := x.lost(ctx, tryCtx, req, err)
	lost.begun = n > 0
	return lost
}

// watchedWriter tells errors of writing from those of reading.
type watchedWriter struct {
	to  io.Writer
	err error
}

func (w *watchedWriter) Write(p []byte) (n int, err error) {
	n, err = w.to.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

func (x *exchanger) build(ctx context.Context, req *request, sent *sending) (*http.Request, error) {
	address := x.base.String() + req.path
	if len(req.query) > 0 {
		address += "?" + req.query.Encode()
	}
	var body io.Reader = http.NoBody
	if len(req.body) > 0 {
		body = bytes.NewReader(req.body)
	}
	hr, err := http.NewRequestWithContext(ctx, req.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", req.method, req.path, err)
	}
	hr.Header = req.header
	if !req.ownHeader {
		hr.Header = req.header.Clone()
	}
	if err := sent.attach(hr); err != nil {
		return nil, err
	}
	hr.Header.Set("User-Agent", x.userAgent)
	if strings.HasPrefix(req.path, "/api/internal/") {
		hr.Header.Set("Referer", x.base.String()) // WATS servers refuse these routes without
	}
	if req.id != "" {
		hr.Header.Set(requestIDHeader, req.id)
	}
	return hr, nil
}

// withoutAddress returns what stands behind the address in an error of net/http: a query may hold what is nobody's business.
func withoutAddress(err error) error {
	for u, ok := errors.AsType[*url.Error](err); ok; u, ok = errors.AsType[*url.Error](err) {
		err = u.Err
	}
	return err
}

// lost makes the error of a try without a whole answer. Ctx is the caller's, tryCtx that of the try.
func (x *exchanger) lost(ctx, tryCtx context.Context, req *request, err error) *TransportError {
	e := &TransportError{Method: req.method, Path: req.path, Host: x.base.Host, RequestID: req.id, Attempts: req.attempt, Err: withoutAddress(err)}
	switch {
	case ctx.Err() != nil:
		e.Err = ctx.Err()
	case tryCtx.Err() != nil:
		e.Err = &attemptTimeout{x.timeout + lookingThrough(req.slow), req.isTransfer()}
	}
	return e
}

// checkRedirect follows only what stays at the server, is not less protected and keeps the method: 301 and 302 would turn a submit into
// a GET. Other redirects come back as the answer they are.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	sameOrigin := next.URL.Scheme == first.URL.Scheme && next.URL.Host == first.URL.Host
	upgraded := first.URL.Scheme == "http" && next.URL.Scheme == "https" && next.URL.Hostname() == first.URL.Hostname()
	if len(via) > maxRedirects || next.Method != first.Method || !sameOrigin && !upgraded {
		return http.ErrUseLastResponse
	}
	next.Header.Del("Referer") // net/http sets it to the address before, query included
	return nil
}

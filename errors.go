package wats

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gowats/gowats/report"
)

// What went wrong, for errors.Is. Details are in [*APIError], [*TransportError] and [*report.InvalidError].
var (
	ErrInvalid      = errors.New("invalid")                  // 400, 422, or refused before it was sent
	ErrUnauthorized = errors.New("unauthorized")             // 401: no credential, or a wrong one
	ErrUntrusted    = errors.New("server not trusted")       // certificate, pinned key or signature of the server is not the right one
	ErrForbidden    = errors.New("forbidden")                // 403
	ErrNotFound     = errors.New("not found")                // 404, 410, or an empty answer where one thing was asked for
	ErrConflict     = errors.New("conflict")                 // 409
	ErrTooLarge     = errors.New("too large")                // 413, or an answer above the limit of the client
	ErrRateLimited  = errors.New("rate limited")             // 429, also after all attempts
	ErrServer       = errors.New("server error")             // 5xx but 501, also after all attempts
	ErrUnsupported  = errors.New("unsupported")              // 405, 501
	ErrTimeout      = errors.New("timeout")                  // no whole answer in time, or 408
	ErrOffline      = errors.New("server cannot be reached") // no connection, or it broke
	ErrCircuitOpen  = errors.New("circuit open")             // not sent, because requests before failed: see BreakerPolicy
	ErrQueued       = errors.New("queued")                   // a report is safe in the spool, and not yet at the server: see WithSpool
	ErrSpoolFull    = errors.New("spool full")               // a report is neither at the server nor in the spool
)

// ErrorMode says how a call for a single thing, such as [ReportService.Get], tells that there is none. An empty list is never an error.
type ErrorMode uint8

// The error modes.
const (
	Strict  ErrorMode = iota // an error that matches ErrNotFound
	Lenient                  // nil, and no error
)

// absent returns the error of a call for a single thing, nil where that is not there and the client is lenient.
func (c *Client) absent(err error) error {
	if c.errorMode == Lenient && errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// APIError is an answer that is no success: a status outside 2xx, or a 2xx whose body is not what the route promises.
type APIError struct {
	Method     string
	Path       string // escaped, without query: a query may hold what is nobody's business
	Host       string
	Status     int
	Message    string          // in the server's words, one line of at most 2000 bytes; "" when it sent none
	Violations report.Findings // why a report was refused, as far as the server listed it
	RequestID  string          // to find the request in the logs: the server's name for it, else the header X-Request-ID that was sent
	RetryAfter time.Duration   // when the server wants to be asked again, at most a day; 0 when it does not say
	Attempts   int             // times the request was sent

	kind     error  // instead of what Status says
	cause    error  // why a body could not be used
	notJSON  bool   // because it is no JSON at all
	location string // scheme and host a redirect leads to
	named    bool   // RequestID is the server's
}

// newAPIError makes the error of an answer outside 2xx.
func newAPIError(req *request, host string, res *http.Response, body []byte) *APIError {
	e := &APIError{
		Method: req.method, Path: req.path, Host: host, Status: res.StatusCode, Attempts: req.attempt,
		RetryAfter: parseRetryAfter(res.Header.Get("Retry-After"), time.Now()),
	}
	e.Message, e.Violations = parseErrorBody(body)
	e.nameRequest(req, res.Header)
	if res.StatusCode == http.StatusNotFound && strings.HasPrefix(req.path, extensionPrefix) && res.Header.Get(serverHeader) == "" {
		e.kind = ErrUnsupported
	}
	e.redact(req.header.Get("Authorization"))
	if to, err := res.Location(); err == nil {
		e.location = to.Scheme + "://" + to.Host
	}
	return e
}

// unreadable is the error of a success whose body makes no sense, because of err.
func (c *Client) unreadable(req *request, ans *answer, err error) *APIError {
	e := &APIError{
		Method: req.method, Path: req.path, Host: c.base.Host, Status: ans.status, cause: err, notJSON: !json.Valid(ans.body),
	}
	e.nameRequest(req, ans.header)
	return e
}

// missing is the error of an empty success where one thing was asked for.
func (c *Client) missing(req *request, ans *answer) *APIError {
	e := c.unreadable(req, ans, errors.New("the answer is empty"))
	e.kind = ErrNotFound
	return e
}

// extensionPrefix begins the routes that only gowats servers have. Another server answers them with 404.
const extensionPrefix = "/api/gowats/v1/"

// serverHeader is in every answer of a gowats server, and tells its version.
const serverHeader = "Gowats-Server"

const requestIDHeader = "X-Request-Id"

// nameRequest takes the ID of the request from what servers and proxies name it by, else the one that was sent.
func (e *APIError) nameRequest(req *request, h http.Header) {
	e.RequestID = req.id
	for _, name := range [...]string{requestIDHeader, "Request-Id", "X-Correlation-Id"} {
		if id := h.Get(name); id != "" {
			e.RequestID, e.named = oneLine(id, 100), true
			return
		}
	}
}

// redact takes the credential out of what the server said; some proxies show a request they refuse.
func (e *APIError) redact(authorization string) {
	secret := secretOf(authorization)
	if secret == "" {
		return
	}
	e.Message = strings.ReplaceAll(e.Message, secret, redacted)
	e.RequestID = strings.ReplaceAll(e.RequestID, secret, redacted)
	for i := range e.Violations {
		v := &e.Violations[i]
		v.Path = strings.ReplaceAll(v.Path, secret, redacted)
		v.Rule = strings.ReplaceAll(v.Rule, secret, redacted)
		v.Message = strings.ReplaceAll(v.Message, secret, redacted)
	}
}

// Is reports whether target is the sentinel of the status.
func (e *APIError) Is(target error) bool { return e.sentinel() == target }

func (e *APIError) sentinel() error {
	if e.kind != nil {
		return e.kind
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return ErrInvalid
	case http.StatusUnauthorized:
		return ErrUnauthorized
	case http.StatusForbidden:
		return ErrForbidden
	case http.StatusNotFound, http.StatusGone:
		return ErrNotFound
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return ErrUnsupported
	case http.StatusRequestTimeout:
		return ErrTimeout
	case http.StatusConflict:
		return ErrConflict
	case http.StatusRequestEntityTooLarge:
		return ErrTooLarge
	case http.StatusTooManyRequests:
		return ErrRateLimited
	}
	if e.Status >= 500 {
		return ErrServer
	}
	return nil
}

// Unwrap returns the violations as [*report.InvalidError], as a report refused before it was sent has them.
func (e *APIError) Unwrap() error {
	if len(e.Violations) > 0 {
		return &report.InvalidError{Violations: e.Violations}
	}
	return e.cause
}

func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s answered %d", e.Method, e.Path, e.Host, e.Status)
	if text := http.StatusText(e.Status); text != "" {
		b.WriteString(" " + text)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " to %d attempts", e.Attempts)
	}
	if e.named {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	for _, text := range [...]string{e.words(), e.Hint()} {
		if text != "" {
			b.WriteString(": " + text)
		}
	}
	return b.String()
}

// words tells each thing the server said once; its message is the first violation as a rule.
func (e *APIError) words() string {
	switch {
	case e.cause != nil:
		return oneLine(e.cause.Error(), 500) // may quote what the server sent
	case len(e.Violations) == 0:
		return e.Message
	}
	violations := (&report.InvalidError{Violations: e.Violations}).Error()
	if e.Message == "" || strings.Contains(violations, e.Message) {
		return violations
	}
	return e.Message + ": " + violations
}

// TransportError says that no whole answer came: it is unknown whether the server carried the request out.
// It matches [ErrOffline] or, after a deadline, [ErrTimeout]; neither when the caller canceled. If the server cannot show
// that it is the right one, by certificate, pin or signature, it matches both ErrOffline and [ErrUntrusted]. Unwrap gives the cause:
// the caller's own context.Canceled or context.DeadlineExceeded, or the network error.
type TransportError struct {
	Method    string
	Path      string // escaped, without query
	Host      string
	RequestID string // header X-Request-ID that was sent with each attempt
	Attempts  int    // times the request was sent
	Err       error

	begun bool // a part of the answer has been passed on
}

// attemptTimeout is the cause when one try took longer than WithTimeout allows. It is not context.DeadlineExceeded: that is the caller's.
type attemptTimeout struct {
	after    time.Duration
	transfer bool // it was the time without progress
}

func (e *attemptTimeout) Error() string {
	if e.transfer {
		return fmt.Sprintf("nothing more was sent or received within %v", e.after)
	}
	return fmt.Sprintf("no whole answer within %v", e.after)
}

// Is reports whether target is the sentinel of the cause.
func (e *TransportError) Is(target error) bool {
	switch {
	case errors.Is(e.Err, context.Canceled):
		return false
	case e.isTimeout():
		return target == ErrTimeout
	}
	return target == ErrOffline || target == ErrUntrusted && e.isUntrusted()
}

func (e *TransportError) isTimeout() bool {
	_, tryEnded := errors.AsType[*attemptTimeout](e.Err)
	return tryEnded || errors.Is(e.Err, context.DeadlineExceeded)
}

// isTemporary reports whether another try may succeed.
func (e *TransportError) isTemporary() bool {
	return !e.begun && !e.endedByCaller() && !e.isTLS()
}

// Unwrap returns the cause.
func (e *TransportError) Unwrap() error { return e.Err }

func (e *TransportError) Error() string {
	attempts := "1 attempt"
	if e.Attempts != 1 {
		attempts = fmt.Sprintf("%d attempts", e.Attempts)
	}
	text := fmt.Sprintf("%s %s: no answer from %s to %s: %v", e.Method, e.Path, e.Host, attempts, e.Err)
	if hint := e.Hint(); hint != "" {
		text += ": " + hint
	}
	return text
}

// parseErrorBody reads the body of a failed answer: the message from Message, message, error, detail or title of an object,
// else the whole text; markup, which a proxy writes for people, is left out.
func parseErrorBody(body []byte) (message string, violations report.Findings) {
	body = bytes.TrimSpace(body)
	var object map[string]json.RawMessage
	var text string
	switch {
	case json.Unmarshal(body, &object) == nil:
		for _, name := range [...]string{"Message", "message", "error", "detail", "title"} {
			if json.Unmarshal(object[name], &text) == nil && strings.TrimSpace(text) != "" {
				break
			}
		}
		violations = parseViolations(object["errors"])
	case json.Unmarshal(body, &text) == nil:
	case bytes.HasPrefix(body, []byte("<")):
		return "", nil
	default:
		text = string(body)
	}
	return oneLine(text, maxMessage), violations
}

const maxMessage = 2000 // bytes

// parseViolations reads [{"path": …, "rule": …, "message": …}]. It returns nil for any other shape.
func parseViolations(data json.RawMessage) report.Findings {
	var list []struct{ Path, Rule, Message string }
	if json.Unmarshal(data, &list) != nil {
		return nil
	}
	var out report.Findings
	for _, v := range list {
		if v.Message == "" {
			return nil
		}
		out = append(out, report.Finding{
			Path: oneLine(v.Path, maxMessage), Rule: oneLine(v.Rule, maxMessage), Message: oneLine(v.Message, maxMessage),
		})
	}
	return out
}

// oneLine makes text fit for a terminal and a log: valid UTF-8 without control characters, blanks joined, cut to most bytes.
func oneLine(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= most {
		return text
	}
	cut := most - len("…")
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

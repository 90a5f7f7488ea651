package wats_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

var sentinels = map[string]error{
	"ErrInvalid": wats.ErrInvalid, "ErrUnauthorized": wats.ErrUnauthorized, "ErrForbidden": wats.ErrForbidden,
	"ErrNotFound": wats.ErrNotFound, "ErrConflict": wats.ErrConflict, "ErrTooLarge": wats.ErrTooLarge,
	"ErrRateLimited": wats.ErrRateLimited, "ErrServer": wats.ErrServer, "ErrUnsupported": wats.ErrUnsupported,
	"ErrTimeout": wats.ErrTimeout, "ErrOffline": wats.ErrOffline, "ErrCircuitOpen": wats.ErrCircuitOpen,
}

func TestEveryStatusMatchesOneSentinel(t *testing.T) {
	for status, want := range map[int]string{
		300: "", 304: "", 400: "ErrInvalid", 401: "ErrUnauthorized", 402: "", 403: "ErrForbidden", 404: "ErrNotFound", 405: "ErrUnsupported",
		408: "ErrTimeout", 409: "ErrConflict", 410: "ErrNotFound", 413: "ErrTooLarge", 415: "", 422: "ErrInvalid", 429: "ErrRateLimited",
		500: "ErrServer", 501: "ErrUnsupported", 502: "ErrServer", 503: "ErrServer", 504: "ErrServer", 599: "ErrServer",
	} {
		_, err := serve(t, answer(status, ""), once).Version(t.Context())
		var got []string
		for name, s := range sentinels {
			if errors.Is(err, s) {
				got = append(got, name)
			}
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("status %d matches %q, want %q", status, g, want)
		}
	}
}

func TestErrorBodies(t *testing.T) {
	violations := report.Findings{{Path: "$.sn", Rule: "required", Message: "is required"}}
	for name, c := range map[string]struct {
		body, message string
		violations    report.Findings
	}{
		"Message before all others":            {`{"error":"c","message":"b","Message":"a"}`, "a", nil},
		"message before error":                 {`{"error":"c","message":"b"}`, "b", nil},
		"error alone":                          {`{"error":"c"}`, "c", nil},
		"an empty Message is none":             {`{"Message":" ","error":"c"}`, "c", nil},
		"a Message that is no text is none":    {`{"Message":{"a":1},"error":"c"}`, "c", nil},
		"detail of problem+json (RFC 9457)":    {`{"title":"bad","detail":"start is in the future"}`, "start is in the future", nil},
		"a JSON string":                        {`"Code must be a valid value"`, "Code must be a valid value", nil},
		"plain text":                           {"  no such report\r\n", "no such report", nil},
		"several lines become one":             {"a\r\n\tb\x1b[31m", "a b [31m", nil},
		"broken UTF-8":                         {"a\xffb", "a\uFFFDb", nil},
		"a page of a proxy":                    {"<html><body>502 Bad Gateway</body></html>", "", nil},
		"JSON that is no object":               {`[1,2]`, "[1,2]", nil},
		"JSON that breaks off":                 {`{"Message":"a`, `{"Message":"a`, nil},
		"null":                                 {`null`, "", nil},
		"nothing":                              {"", "", nil},
		"violations of a report":               {`{"Message":"m","errors":[{"path":"$.sn","rule":"required","message":"is required"}]}`, "m", violations},
		"violations without Message":           {`{"errors":[{"path":"$.sn","rule":"required","message":"is required"}]}`, "", violations},
		"errors of another shape":              {`{"Message":"m","errors":{"sn":["is required"]}}`, "m", nil},
		"a list of errors without message":     {`{"Message":"m","errors":[{"path":"$.sn"}]}`, "m", nil},
		"a list of texts is no list of errors": {`{"Message":"m","errors":["a"]}`, "m", nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := serve(t, answer(400, c.body)).Version(t.Context())
			e, ok := errors.AsType[*wats.APIError](err)
			if !ok || e.Status != 400 || e.Message != c.message || fmt.Sprint(e.Violations) != fmt.Sprint(c.violations) {
				t.Errorf("err = %#v, want message %q and violations %v", err, c.message, c.violations)
			}
			if invalid, ok := errors.AsType[*report.InvalidError](err); ok != (c.violations != nil) {
				t.Errorf("errors.AsType[*report.InvalidError] = %v, %v", invalid, ok)
			}
		})
	}
}

func TestLongErrorBodiesAreCut(t *testing.T) {
	body := strings.Repeat("ø", 3<<20)
	_, err := serve(t, answer(400, body)).Version(t.Context())
	e, ok := errors.AsType[*wats.APIError](err)
	if !ok || len(e.Message) > 2000 || len(e.Message) < 1990 || !utf8.ValidString(e.Message) || !strings.HasSuffix(e.Message, "…") {
		t.Errorf("message of %d bytes ends in %q, want about 2000 bytes that end in …", len(e.Message), e.Message[max(0, len(e.Message)-10):])
	}
}

func TestErrorTextsSayWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		header map[string]string
		body   string
		want   string
	}{
		"message and request ID": {400, map[string]string{"X-Request-Id": "r1"}, `{"Message":"Code must be a valid value"}`,
			"answered 400 Bad Request (request r1): Code must be a valid value"},
		"violations instead of a message that repeats the first": {400, nil,
			`{"Message":"is required","errors":[{"path":"$.sn","rule":"required","message":"is required"}]}`,
			"answered 400 Bad Request: $.sn: is required"},
		"violations after a message of its own": {400, nil,
			`{"Message":"not stored","errors":[{"path":"$.sn","rule":"required","message":"is required"}]}`,
			"answered 400 Bad Request: not stored: $.sn: is required"},
		"token":      {401, nil, "", "answered 401 Unauthorized: check that the token is right and still valid"},
		"permission": {403, nil, "", "answered 403 Forbidden: the user of this token lacks the permission: ask the administrator of the server"},
		"rate":       {429, map[string]string{"Retry-After": "90"}, "", "answered 429 Too Many Requests to 3 attempts: try again in 1m30s"},
		"redirect": {302, map[string]string{"Location": "https://new.example/login?token=x"}, "",
			"answered 302 Found: the server redirects to https://new.example: if that is right, use it as the address"},
		"a sign-in page instead of an answer": {200, nil, "<html>", "answered 200 OK: no version text: check that the address is that of a WATS server, not of a proxy or a sign-in page"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for k, v := range c.header {
					w.Header().Set(k, v)
				}
				answer(c.status, c.body)(w, r)
			}))
			t.Cleanup(server.Close)
			_, err := newClient(t, server.URL, fast).Version(t.Context())
			host := strings.TrimPrefix(server.URL, "http://")
			if want := "GET /api/App/Version: " + host + " " + c.want; err == nil || err.Error() != want {
				t.Errorf("Version() =\n %v, want\n %v", err, want)
			}
		})
	}
}

// startTLS starts a server with a certificate that nobody trusts.
func startTLS(t *testing.T, config *tls.Config) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(answer(200, "1"))
	server.TLS = config
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestTLSFailuresAreNotRepeated(t *testing.T) {
	server := startTLS(t, &tls.Config{})
	plain := httptest.NewServer(answer(200, "1"))
	t.Cleanup(plain.Close)
	for name, c := range map[string]struct{ address, hint string }{
		"unknown certificate": {server.URL, "no trusted connection"},
		"no TLS there":        {strings.Replace(plain.URL, "http:", "https:", 1), "the server speaks http there"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newClient(t, c.address, fast).Version(t.Context())
			e, ok := errors.AsType[*wats.TransportError](err)
			if !ok || e.Attempts != 1 || !errors.Is(err, wats.ErrOffline) || !strings.Contains(err.Error(), c.hint) {
				t.Errorf("Version() = %v, want ErrOffline after one attempt and a hint %q", err, c.hint)
			}
		})
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	server := startTLS(t, &tls.Config{MaxVersion: tls.VersionTLS11})
	_, err := newClient(t, server.URL, fast).Version(t.Context())
	if e, ok := errors.AsType[*wats.TransportError](err); !ok || e.Attempts != 1 {
		t.Errorf("Version() over TLS 1.1 = %v, want a TransportError after one attempt", err)
	}
}

func TestTransportErrorUnwrapsToItsCause(t *testing.T) {
	cause := errors.New("cable cut")
	client := newClient(t, "http://plant.example", fast, wats.WithTransport(failing{&url.Error{Op: "Get", URL: "http://x?token=hunter2", Err: cause}}))
	_, err := client.Version(t.Context())
	if !errors.Is(err, cause) || !errors.Is(err, wats.ErrOffline) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Version() = %v, want it to unwrap to the cause without the address", err)
	}
}

func TestTransportErrorsSayWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		cause error
		hint  string
	}{
		"unknown host":          {&net.DNSError{Err: "no such host", Name: "plant.example", IsNotFound: true}, "the host name is not known"},
		"name server is silent": {&net.DNSError{Err: "i/o timeout", Name: "plant.example", IsTimeout: true}, "check that the server runs"},
		"refused on Windows":    {&net.OpError{Op: "dial", Err: os.NewSyscallError("connectex", syscall.Errno(10061))}, "nothing listens there"},
		"reset":                 {&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, "check that the server runs"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newClient(t, "http://plant.example", fast, wats.WithTransport(failing{c.cause})).Version(t.Context())
			e, ok := errors.AsType[*wats.TransportError](err)
			if !ok || !errors.Is(err, wats.ErrOffline) || e.Attempts != 3 || !strings.HasPrefix(e.Hint(), c.hint) {
				t.Errorf("Version() = %v, want ErrOffline after 3 attempts and a hint %q", err, c.hint)
			}
		})
	}
}

func TestRetryAfterIsTold(t *testing.T) {
	now := time.Now()
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", now.Add(time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusServiceUnavailable)
	}, once)
	_, err := client.Version(t.Context())
	e, ok := errors.AsType[*wats.APIError](err)
	if !ok || e.RetryAfter <= 0 || e.RetryAfter > time.Hour {
		t.Errorf("RetryAfter of %v = %v, want up to 1h", err, e.RetryAfter)
	}
}

func TestErrorModes(t *testing.T) {
	for name, c := range map[string]struct {
		mode   wats.ErrorMode
		status int
		body   string
		want   error
	}{
		"strict: 404":           {wats.Strict, 404, "", wats.ErrNotFound},
		"strict: empty answer":  {wats.Strict, 200, "null", wats.ErrNotFound},
		"lenient: 404":          {wats.Lenient, 404, "", nil},
		"lenient: 410":          {wats.Lenient, 410, "", nil},
		"lenient: empty answer": {wats.Lenient, 200, "null", nil},
		"lenient: a refusal":    {wats.Lenient, 403, "", wats.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			client := serve(t, answer(c.status, c.body), wats.WithErrorMode(c.mode), once)
			for _, client := range []*wats.Client{client, client.With(wats.NoRetry)} {
				r, err := client.Report.Get(t.Context(), report.DeriveID(nil))
				if r != nil || !errors.Is(err, c.want) {
					t.Errorf("Get = %v, %v, want nil, %v", r, err, c.want)
				}
			}
		})
	}
	for name, mode := range map[string]wats.ErrorMode{"strict": wats.Strict, "lenient": wats.Lenient} {
		list, err := serve(t, answer(200, "[]"), wats.WithErrorMode(mode)).Process.List(t.Context())
		if list != nil || err != nil {
			t.Errorf("%s: an empty list = %v, %v, want nil, nil", name, list, err)
		}
		if _, err := serve(t, answer(404, ""), wats.WithErrorMode(mode)).Process.List(t.Context()); !errors.Is(err, wats.ErrNotFound) {
			t.Errorf("%s: a list that the server does not know = %v, want ErrNotFound", name, err)
		}
	}
}

func TestHintFindsTheErrorInTheChain(t *testing.T) {
	_, notFile := os.Open(filepath.Join(t.TempDir(), "token"))
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"of an answer":                {fmt.Errorf("submit: %w", &wats.APIError{Status: 403}), "the user of this token lacks the permission"},
		"of a conflict":               {&wats.APIError{Status: 409}, "somebody else changed it"},
		"of no answer":                {fmt.Errorf("a; %w", &wats.TransportError{Err: errors.New("cable cut")}), "check that the server runs"},
		"of figures that are missing": {&wats.APIError{Status: 501}, "this server does not offer the operation"},
		"of a breaker":                {&wats.CircuitOpenError{RetryAfter: time.Minute}, "it is tried again in 1m0s"},
		"of a probe under way":        {&wats.CircuitOpenError{}, "it is tried again by itself"},
		"of violations":               {fmt.Errorf("not sent: %w", &report.InvalidError{}), "correct what is named"},
		"of a request kept back":      {fmt.Errorf("not sent: %w", wats.ErrRateLimited), "try again later"},
		"of a file":                   {fmt.Errorf("read the token: %w", notFile), "check that the folder is there"},
		"of something else is none":   {errors.New("odd"), ""},
		"of nothing is none":          {nil, ""},
	} {
		if got := wats.Hint(c.err); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("hint %s (%v) = %q, want %q…", name, c.err, got, c.want)
		}
	}
}

func TestIsTemporary(t *testing.T) {
	cause := errors.New("cable cut")
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"a lost connection":            {&wats.TransportError{Err: cause}, true},
		"503":                          {fmt.Errorf("submit: %w", &wats.APIError{Status: 503}), true},
		"429":                          {&wats.APIError{Status: 429}, true},
		"an open breaker":              {&wats.CircuitOpenError{Cause: cause}, true},
		"a request kept back":          {fmt.Errorf("not sent: %w", wats.ErrRateLimited), true},
		"a refusal":                    {&wats.APIError{Status: 400}, false},
		"a wrong token":                {&wats.APIError{Status: 401}, false},
		"501":                          {&wats.APIError{Status: 501}, false},
		"what the caller ended":        {&wats.TransportError{Err: context.Canceled}, false},
		"a certificate nobody trusts":  {&wats.TransportError{Err: &tls.CertificateVerificationError{}}, false},
		"an error of no server at all": {cause, false},
	} {
		if got := wats.IsTemporary(c.err); got != c.want {
			t.Errorf("IsTemporary of %s = %v, want %v", name, got, c.want)
		}
	}
}

func FuzzErrorBody(f *testing.F) {
	for _, body := range []string{"", "null", `{"Message":"a","errors":[{"path":"$.sn","rule":"required","message":"b"}]}`, `"x"`, "plain", "<html>", `{"errors":[{}]}`, "\xff\x00", `{"Message":null}`} {
		f.Add([]byte(body))
	}
	client, err := wats.NewClient("http://plant.example", once, wats.WithoutRateLimit(), wats.WithTransport(bodyTransport{}))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, err := client.Report.SubmitWSJF(t.Context(), report.DeriveID(nil), body) // comes back as the body of a refusal
		e, ok := errors.AsType[*wats.APIError](err)
		if !ok || e.Status != 400 || !errors.Is(err, wats.ErrInvalid) {
			t.Fatalf("body %q: err = %v, want a 400", body, err)
		}
		text := err.Error()
		if len(e.Message) > 2000 || !utf8.ValidString(text) || strings.ContainsAny(text, "\n\r\x00\x1b") {
			t.Fatalf("body %q: text %q is not one valid line", body, text)
		}
		if !json.Valid(body) && len(e.Violations) > 0 {
			t.Fatalf("body %q: violations %v out of no JSON", body, e.Violations)
		}
	})
}

// bodyTransport answers 400 with the body it was sent.
type bodyTransport struct{}

func (bodyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: 400, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(body))), Request: r}, nil
}

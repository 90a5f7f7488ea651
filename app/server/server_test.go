package server_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/report"
)

// TestRoutes walks the whole table: no route may forget who may use it and how much it reads.
func TestRoutes(t *testing.T) {
	b := startServer(t, server.Options{})
	order := []auth.Role{auth.Read, auth.Write, auth.Admin}
	for _, r := range server.Routes() {
		t.Run(r.Method()+" "+r.Pattern(), func(t *testing.T) {
			need := slices.Index(order, auth.Role(r.Need()))
			if auth.Role(r.Need()) == auth.Provision { // of administrators, and of tokens for it
				need = slices.Index(order, auth.Admin)
			}
			if need < 0 {
				t.Fatalf("role: got %q, want one of %v", r.Need(), order)
			}
			if r.Method() == http.MethodGet && r.Limit() > 0 {
				t.Errorf("body limit: got %d; want 0, as a GET has no body", r.Limit()) // where a body is read without a limit, every body is too large
			}
			path := strings.ReplaceAll(r.Pattern(), "{id}", "83ac0b8e-b575-4004-94de-f905774c3ed8")
			path = regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "X1") // other keys are texts
			for i, role := range append([]auth.Role{""}, order...) {
				got := b.do(t, role, r.Method(), path, strings.NewReader("{"))
				switch {
				case role == "":
					checkUnauthorized(t, got)
				case i-1 < need:
					checkStatus(t, got, http.StatusForbidden)
				case got.status == http.StatusForbidden || got.status == http.StatusUnauthorized || got.status >= 500 && got.status != http.StatusNotImplemented:
					t.Errorf("with role %s: got %d %s, want the handler's own answer", role, got.status, got.body)
				}
			}
		})
	}
}

func checkUnauthorized(t *testing.T, got *answer) {
	t.Helper()
	checkStatus(t, got, http.StatusUnauthorized)
	if challenge := got.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, `Basic realm="`) {
		t.Errorf("WWW-Authenticate: got %q, want Basic with a realm", challenge)
	}
}

// checkStatus wants a status and a JSON error body.
func checkStatus(t *testing.T, got *answer, want int) {
	t.Helper()
	if got.status != want {
		t.Fatalf("status: got %d %s, want %d", got.status, got.body, want)
	}
	if kind := got.header.Get("Content-Type"); kind != "application/json; charset=utf-8" {
		t.Errorf("Content-Type: got %q, want JSON", kind)
	}
	got.errors(t)
}

func TestCredentials(t *testing.T) {
	b := startServer(t, server.Options{})
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	token := b.tokens[auth.Read]
	for _, tc := range []struct {
		name, header string
		want         int
	}{
		{"user and password", basic("reader:correct horse"), 200},
		{"the scheme in any case", strings.Replace(basic("reader:correct horse"), "Basic", "bAsIc", 1), 200},
		{"a user name in another case", basic("Reader:correct horse"), 200},
		{"a token as Bearer", "Bearer " + token, 200},
		{"a token as Basic", "Basic " + token, 200},
		{"a token as password", basic("whoever:" + token), 200},
		{"a wrong password", basic("reader:correct mouse"), 401},
		{"a wrong user", basic("nobody:correct horse"), 401},
		{"an unknown token", "Bearer " + token[:len(token)-1] + "_", 401},
		{"a token cut short", "Bearer " + token[:20], 401},
		{"a password as Bearer", "Bearer correct horse", 401},
		{"no base64", "Basic ???", 401},
		{"no colon", basic("reader"), 401},
		{"another scheme", "Digest " + token, 401},
		{"a scheme alone", "Basic", 401},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := b.do(t, "", http.MethodGet, "/api/App/Version", nil, "Authorization", tc.header)
			if got.status != tc.want {
				t.Fatalf("got %d %s, want %d", got.status, got.body, tc.want)
			}
			if tc.want == http.StatusUnauthorized {
				checkUnauthorized(t, got)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	b := startServer(t, server.Options{})
	for _, tc := range []struct {
		name, method, path string
		want               int
		part               string // of the body
	}{
		{"another case of the path", "GET", "/API/app/VERSION", 200, testVersion},
		{"an unknown path is named", "GET", "/api/Nonsense", 404, "/api/Nonsense"},
		{"a path is not cleaned", "GET", "/api//App/Version", 404, "/api//App/Version"},
		{"a slash at the end is another path", "GET", "/api/App/Version/", 404, "/api/App/Version/"},
		{"another method is told what is possible", "DELETE", "/api/App/Version", 405, "GET"},
		{"an empty parameter reaches its route", "GET", "/api/Report/Wsjf/", 400, "is not a GUID"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := b.do(t, auth.Read, tc.method, tc.path, nil)
			if got.status != tc.want || !strings.Contains(string(got.body), tc.part) {
				t.Errorf("%s %s: got %d %s, want %d with %q", tc.method, tc.path, got.status, got.body, tc.want, tc.part)
			}
			if tc.want == http.StatusMethodNotAllowed && got.header.Get("Allow") != "GET" {
				t.Errorf("Allow: got %q, want GET", got.header.Get("Allow"))
			}
		})
	}
	t.Run("who has no credentials learns nothing of the routes", func(t *testing.T) {
		checkUnauthorized(t, b.do(t, "", http.MethodGet, "/api/Nonsense", nil))
	})
}

func TestEveryAnswerIsLabelled(t *testing.T) {
	b := startServer(t, server.Options{})
	for _, path := range []string{"/api/App/Version", "/api/Nonsense"} {
		got := b.do(t, auth.Read, http.MethodGet, path, nil, "X-Request-ID", "line-4.17")
		if v := got.header.Get("Gowats-Server"); v != testVersion {
			t.Errorf("%s: Gowats-Server: got %q, want %q", path, v, testVersion)
		}
		if coding := got.header.Get("Accept-Encoding"); coding != "gzip" {
			t.Errorf("%s: Accept-Encoding: got %q, want gzip, which bodies may come in", path, coding)
		}
		if id := got.header.Get("X-Request-ID"); id != "line-4.17" {
			t.Errorf("%s: X-Request-ID: got %q, want the one sent", path, id)
		}
	}
	for _, odd := range []string{"", strings.Repeat("x", 101), "a b", `"><script>`} {
		got := b.do(t, auth.Read, http.MethodGet, "/api/App/Version", nil, "X-Request-ID", odd)
		if id := got.header.Get("X-Request-ID"); id == odd || id == "" {
			t.Errorf("X-Request-ID for %q: got %q, want a new one", odd, id)
		}
	}
}

// TestPanic breaks the server for good, by taking its store away, and wants it to go on answering.
func TestPanic(t *testing.T) {
	b := openBench(t)
	var log bytes.Buffer
	web := httptest.NewServer(server.New(nil, b.auth, server.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}))
	defer web.Close()
	b.url = web.URL
	for range 2 {
		got := b.do(t, auth.Read, http.MethodGet, "/api/App/Processes", nil, "X-Request-ID", "req-1")
		checkStatus(t, got, http.StatusInternalServerError)
		if body := string(got.body); !strings.Contains(body, "req-1") || strings.Contains(body, "nil pointer") {
			t.Errorf("body: got %s, want the request's ID and nothing of the inside", body)
		}
	}
	web.Close() // the log is complete
	for _, part := range []string{"level=WARN", "request_id=req-1", "nil pointer", "goroutine", "processes"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("log: %q is missing in\n%s", part, log.String())
		}
	}
}

func TestLogTellsNoSecrets(t *testing.T) {
	b := openBench(t)
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	web := httptest.NewServer(server.New(b.store, b.auth, server.Options{Logger: logger}))
	defer web.Close()
	b.url = web.URL
	b.get(t, "/api/App/Version?password=hunter2hunter2")
	basic := base64.StdEncoding.EncodeToString([]byte("reader:correct horse"))
	b.do(t, "", http.MethodGet, "/api/App/Version", nil, "Authorization", "Basic "+basic)
	b.do(t, "", http.MethodGet, "/api/App/Version", nil, "Authorization", "Basic "+basic+"AAAA")
	web.Close()
	if !strings.Contains(log.String(), "path=/api/App/Version status=200") {
		t.Errorf("log: want a line per request, got\n%s", log.String())
	}
	for _, secret := range []string{"hunter2", b.tokens[auth.Read], basic, "correct horse"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("log holds the secret %q:\n%s", secret, log.String())
		}
	}
}

func TestClosedStore(t *testing.T) {
	b := startServer(t, server.Options{})
	b.mustSubmit(t, document(t, uut())) // the tokens are remembered from now on
	b.get(t, "/api/App/Processes")
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]*answer{
		"submit": b.submit(t, document(t, uut())), "processes": b.get(t, "/api/App/Processes"),
		"headers": b.get(t, "/api/Report/Query/Header"), "report": b.get(t, "/api/Report/Wsjf/"+uut()["id"].(string)),
	} {
		checkStatus(t, got, http.StatusServiceUnavailable)
		if got.header.Get("Retry-After") == "" {
			t.Errorf("%s: Retry-After is missing", name)
		}
	}
}

func TestDatabaseOutOfReach(t *testing.T) {
	storetest.NeedsPostgreSQL(t)
	b := startServer(t, server.Options{})
	b.mustSubmit(t, document(t, uut())) // the tokens are remembered from now on
	b.get(t, "/api/App/Processes")
	other := uut()
	other["id"] = report.NewID().String()
	other["sn"] = "SN-other"
	mend := storetest.Cut(t, b.address)
	for name, got := range map[string]*answer{
		"submit": b.submit(t, document(t, other)), "processes": b.get(t, "/api/App/Processes"),
		"headers": b.get(t, "/api/Report/Query/Header"), "report": b.get(t, "/api/Report/Wsjf/"+uut()["id"].(string)),
	} {
		checkStatus(t, got, http.StatusServiceUnavailable)
		if got.header.Get("Retry-After") == "" || !strings.Contains(string(got.body), "cannot reach its database") {
			t.Errorf("%s: %s, Retry-After %q; want the reason and a time", name, got.body, got.header.Get("Retry-After"))
		}
	}
	mend()
	b.mustSubmit(t, document(t, other))
	if got := b.get(t, "/api/Report/Wsjf/"+other["id"].(string)); got.status != http.StatusOK {
		t.Errorf("the report after the database came back: status %d, want 200", got.status)
	}
}

// TestTextThatNoDatabaseTakes has a text in an address; those of reports are refused by their own rules.
func TestTextThatNoDatabaseTakes(t *testing.T) {
	b := startServer(t, server.Options{})
	got := b.get(t, "/api/Product/PCB%001")
	checkStatus(t, got, http.StatusBadRequest)
	if errors := got.errors(t); len(errors) != 1 || errors[0] != "$ text" {
		t.Errorf("violations %q, want the one of the text", errors)
	}
}

func TestVersion(t *testing.T) {
	b := startServer(t, server.Options{})
	if got := b.get(t, "/api/App/Version"); string(got.body) != `"`+testVersion+`"` {
		t.Errorf("got %s, want %q as JSON", got.body, testVersion)
	}
	head := b.do(t, auth.Read, http.MethodHead, "/api/App/Version", nil)
	if head.status != http.StatusOK || len(head.body) > 0 {
		t.Errorf("HEAD: got %d and %d bytes, want 200 and none", head.status, len(head.body))
	}
}

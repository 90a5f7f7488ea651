package contract_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/app/web"
)

const (
	serverVersion = "1.2.3-test"
	user          = "ann"
	password      = "correct horse"
)

// bench is a real server over a new database, with a user who may write.
type bench struct {
	url   string
	token string
	store *store.Store
}

func startServer(t *testing.T, before ...func(http.Handler) http.Handler) *bench {
	t.Helper()
	s := storetest.Open(t, store.Options{Logger: recorder.Logger()})
	a := auth.New(s)
	if err := a.CreateUser(t.Context(), user, password, auth.Write); err != nil {
		t.Fatal(err)
	}
	token, err := a.IssueToken(t.Context(), user, "test")
	if err != nil {
		t.Fatal(err)
	}
	recorder.Secret(token)
	recorder.Secret(password)
	h := server.New(s, a, server.Options{Version: serverVersion, Logger: recorder.Logger(), Certificate: web.CertificateWriter()})
	for _, b := range before {
		h = b(h)
	}
	listening := httptest.NewServer(recorder.Handler(checked(t, h)))
	t.Cleanup(listening.Close)
	return &bench{url: listening.URL, token: token, store: s}
}

func (b *bench) client(t *testing.T, opts ...wats.Option) *wats.Client {
	t.Helper()
	if len(opts) == 0 {
		opts = []wats.Option{wats.WithToken(b.token)}
	}
	c, err := wats.NewClient(b.url, append([]wats.Option{wats.WithLogger(recorder.Logger())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// do sends a request as another client would, and returns status and body of the answer.
func (b *bench) do(t *testing.T, method, path, contentType, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+b.token)
	request.Header.Set("Content-Type", contentType)
	response, answer := exchange(t, request)
	return response.StatusCode, answer
}

// send sends a request and returns the body of its answer, which must be 200.
func send(t *testing.T, request *http.Request) string {
	t.Helper()
	response, answer := exchange(t, request)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: got %d %s, want 200", request.Method, request.URL.Path, response.StatusCode, answer)
	}
	return answer
}

func exchange(t *testing.T, request *http.Request) (*http.Response, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(answer)
}

// put sends JSON and returns the status of the answer.
func (b *bench) put(t *testing.T, path, body string) int {
	t.Helper()
	status, _ := b.do(t, http.MethodPut, path, "application/json", body)
	return status
}

// body returns the body of an answer 200.
func (b *bench) body(t *testing.T, path string) string {
	t.Helper()
	status, body := b.do(t, http.MethodGet, path, "application/json", "")
	if status != http.StatusOK {
		t.Fatalf("GET %s: got %d %s, want 200", path, status, body)
	}
	return body
}

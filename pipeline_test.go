package wats_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func TestRedirects(t *testing.T) {
	const document = `{"id":"x"}`
	for name, c := range map[string]struct {
		status     int
		otherHost  bool
		submit     bool
		wantFollow bool
	}{
		"GET within the server is followed":                 {302, false, false, true},
		"submit within the server by 307 is followed whole": {307, false, true, true},
		"submit by 308": {308, false, true, true},
		"submit by 302 is not, it would become a GET":    {302, false, true, false},
		"submit by 301 is not":                           {301, false, true, false},
		"GET to another host is not":                     {302, true, false, false},
		"submit by 307 to another host is not":           {307, true, true, false},
		"GET by 308 to another host is not":              {308, true, false, false},
		"a status without meaning for us is not handled": {300, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			var other, got requestLog
			stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { other.add(r) }))
			t.Cleanup(stranger.Close)
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/new" {
					got.add(r)
					if r.Method == http.MethodGet {
						answer(200, `"1.0"`)(w, r)
					}
					return
				}
				target := "/new"
				if c.otherHost {
					target = stranger.URL + "/new"
				}
				w.Header().Set("Location", target)
				w.WriteHeader(c.status)
			}, wats.WithToken("hunter2"), fast)

			var err error
			if c.submit {
				_, err = client.Report.SubmitWSJF(t.Context(), report.NewID(), []byte(document))
			} else {
				_, err = client.Version(t.Context())
			}
			if other.len() != 0 {
				t.Errorf("another host got %d requests, Authorization %q", other.len(), other.all[0].Header.Get("Authorization"))
			}
			if !c.wantFollow {
				if e, ok := errors.AsType[*wats.APIError](err); !ok || e.Status != c.status || got.len() != 0 {
					t.Errorf("err = %v after %d redirected requests, want status %d and none", err, got.len(), c.status)
				}
				return
			}
			if err != nil || got.len() != 1 {
				t.Fatalf("err = %v after %d redirected requests, want none and one", err, got.len())
			}
			if h := got.all[0].Header; h.Get("Authorization") != "Basic hunter2" || h.Get("Referer") != "" {
				t.Errorf("redirected request: Authorization %q, Referer %q", h.Get("Authorization"), h.Get("Referer"))
			}
			if c.submit && got.bodies[0] != document {
				t.Errorf("redirected body = %q, want %q", got.bodies[0], document)
			}
		})
	}
}

func TestRedirectsEnd(t *testing.T) {
	var got requestLog
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.add(r)
		http.Redirect(w, r, "/api/App/Version", http.StatusFound)
	}, fast)
	_, err := client.Version(t.Context())
	if e, ok := errors.AsType[*wats.APIError](err); !ok || e.Status != http.StatusFound || got.len() != 6 {
		t.Errorf("Version() = %v after %d requests, want status 302 after 6", err, got.len())
	}
}

func TestConnectionsAreReused(t *testing.T) {
	for name, status := range map[string]int{"after answers": 200, "after failures": 400} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			remotes := map[string]bool{}
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				remotes[r.RemoteAddr] = true
				mu.Unlock()
				answer(status, `"`+strings.Repeat("x", 50<<10)+`"`)(w, r)
			}, once)
			for range 20 {
				_, _ = client.Version(t.Context())
			}
			if len(remotes) != 1 {
				t.Errorf("20 requests took %d connections, want 1", len(remotes))
			}
		})
	}
}

func TestClientIsSafeForConcurrentUse(t *testing.T) {
	client := serve(t, answer(200, `"1.0"`), wats.WithToken("t"))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if v, err := client.Version(t.Context()); err != nil || v != "1.0" {
				t.Errorf("Version() = %q, %v", v, err)
			}
		})
	}
	wg.Wait()
}

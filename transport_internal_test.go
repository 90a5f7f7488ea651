package wats

import (
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

func TestOwnTransportSpeaksHTTP2(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.Proto))
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)

	c, err := NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	c.transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	c.transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	if got, err := c.Version(t.Context()); err != nil || got != "HTTP/2.0" {
		t.Errorf("protocol = %q, %v, want HTTP/2.0", got, err)
	}
}

func TestEverySegmentIsEncodedAsOne(t *testing.T) {
	for segment, want := range map[string]string{
		"plain": "/a/plain", "": "/a/", "x/y": "/a/x%2Fy", "100%": "/a/100%25", "a b": "/a/a%20b", "q?r#s": "/a/q%3Fr%23s",
		".": "/a/%2E", "..": "/a/%2E%2E", "...": "/a/...", "ø": "/a/%C3%B8", "userName=x@y": "/a/userName=x@y",
	} {
		if got := newRequest(http.MethodGet, "a", segment).path; got != want {
			t.Errorf("path of %q = %q, want %q", segment, got, want)
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("12345")) }))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int64]error{5: nil, 4: ErrTooLarge} {
		x := &exchanger{client: server.Client(), base: base, timeout: time.Minute, limit: limit, server: new(peer)}
		ans, err := x.exchange(t.Context(), newRequest(http.MethodGet, "a"))
		if !errors.Is(err, want) || err == nil && string(ans.body) != "12345" {
			t.Errorf("answer of 5 bytes under a limit of %d: %v, want %v", limit, err, want)
		}
	}
}

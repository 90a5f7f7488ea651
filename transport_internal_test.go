package wats

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"testing"
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

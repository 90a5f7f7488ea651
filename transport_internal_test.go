package wats

import (
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gowats/gowats/report"
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
		x := &exchanger{client: server.Client(), base: base, timeout: time.Minute, limit: limit}
		ans, err := x.exchange(t.Context(), newRequest(http.MethodGet, "a"))
		if !errors.Is(err, want) || err == nil && string(ans.body) != "12345" {
			t.Errorf("answer of 5 bytes under a limit of %d: %v, want %v", limit, err, want)
		}
	}
}

func TestBulkCallsSpeakHTTP2(t *testing.T) {
	var open atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("protocol = %s, want HTTP/2.0", r.Proto)
		}
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			open.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	c, err := NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	c.transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	c.transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())

	pooled, release := c.pooled(20)
	defer release()
	var working sync.WaitGroup
	for range 20 {
		working.Go(func() {
			for range 50 {
				id := report.NewID()
				if _, err := (&ReportService{pooled}).SubmitWSJF(t.Context(), id, bytes.Repeat([]byte("x"), 10_000)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	working.Wait()
	if n := open.Load(); n > 20 {
		t.Errorf("%d connections for 20 requests at a time", n)
	}
}

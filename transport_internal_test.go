package wats

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"log"
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
		x := &exchanger{client: server.Client(), base: base, timeout: time.Minute, limit: limit, server: new(peer)}
		ans, err := x.exchange(t.Context(), newRequest(http.MethodGet, "a"))
		if !errors.Is(err, want) || err == nil && string(ans.body) != "12345" {
			t.Errorf("answer of 5 bytes under a limit of %d: %v, want %v", limit, err, want)
		}
	}
}

func TestPinsHoldForResumedSessions(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("1.0")) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(server.Close)
	key := sha256.Sum256(server.Certificate().RawSubjectPublicKeyInfo)
	client := func(key [sha256.Size]byte) *Client {
		c, err := NewClient(server.URL, WithPins(base64.StdEncoding.EncodeToString(key[:])))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		c.transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		c.transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
		return c
	}
	right, wrong := client(key), client([sha256.Size]byte{})
	var resumed atomic.Int64
	check := wrong.transport.TLSClientConfig.VerifyConnection
	wrong.transport.TLSClientConfig.VerifyConnection = func(state tls.ConnectionState) error {
		if state.DidResume {
			resumed.Add(1)
		}
		return check(state)
	}
	wrong.transport.TLSClientConfig.ClientSessionCache = right.transport.TLSClientConfig.ClientSessionCache
	if _, err := right.Version(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := wrong.Version(t.Context()); !errors.Is(err, ErrUntrusted) || resumed.Load() != 1 {
		t.Errorf("Version() = %v over %d resumed sessions, want ErrUntrusted over one", err, resumed.Load())
	}
}

func TestProxyIsBypassed(t *testing.T) {
	for entry, want := range map[string][2]string{ // entry: what it is for, what it is not for
		"plant.example":     {"http://plant.example:81", "http://a.plant.example"},
		"PLANT.example":     {"https://plant.Example", "https://plant.example.org"},
		".plant.example":    {"https://a.plant.example", "https://xplant.example"},
		"*.plant.example":   {"https://plant.example", "https://plant.example.org"},
		"plant.example:443": {"https://plant.example", "http://plant.example"},
		"plant.example:80":  {"http://plant.example", "http://plant.example:8080"},
		"10.0.0.0/8":        {"http://10.1.2.3", "http://11.1.2.3"},
		"fd00::/8":          {"http://[fd00::1]", "http://[fe80::1]"},
		"::1":               {"http://[::1]:8080", "http://[::2]"},
		"[::1]:8080":        {"http://[0:0::1]:8080", "http://[::1]"},
		"010.example":       {"http://010.example", "http://8.example"},
		" plant.example ":   {"http://plant.example", "http://plant"},
	} {
		for i, address := range want {
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			if got := bypasses(entry, u); got != (i == 0) {
				t.Errorf("entry %q for %s: %t, want %t", entry, address, got, i == 0)
			}
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
	c, err := NewClient(server.URL, WithoutRateLimit())
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

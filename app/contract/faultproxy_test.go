package contract_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A fault is what happens to one request on its way. It gets the connection to the client after the request was read.
type fault func(p *faultProxy, client net.Conn, r *http.Request)

// faultProxy stands between clients and a real server, on real sockets, with a connection for each request so that every one is counted. It lets
// its faults happen in order; after the last one, requests and answers pass as they are.
type faultProxy struct {
	listener net.Listener
	scheme   string
	server   *url.URL
	carrier  *http.Transport // to the server
	wg       sync.WaitGroup

	mu        sync.Mutex
	faults    []fault
	every     fault     // instead, for every request; nil: none
	notBefore time.Time // when the client was asked to come again
	seen      []passing
	early     int // requests before that
}

// passing is what the proxy has seen of one request.
type passing struct{ credential, body string }

// startProxy starts a proxy in front of the server at address. With a certificate it speaks TLS to the client.
func startProxy(t *testing.T, address string, certificate *tls.Certificate, faults ...fault) *faultProxy {
	t.Helper()
	server, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := &faultProxy{
		listener: l, scheme: "http", server: server, faults: faults,
		carrier: &http.Transport{DisableCompression: true, MaxConnsPerHost: 64, MaxIdleConnsPerHost: 64},
	}
	if certificate != nil {
		p.scheme, p.listener = "https", tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12})
	}
	p.wg.Go(func() {
		for {
			conn, err := p.listener.Accept()
			if err != nil {
				return // closed
			}
			p.wg.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(p.close)
	return p
}

func (p *faultProxy) close() {
	_ = p.listener.Close() // twice does no harm
	p.wg.Wait()
	p.carrier.CloseIdleConnections()
}

func (p *faultProxy) url() string { return p.scheme + "://" + p.listener.Addr().String() }

func (p *faultProxy) serve(client net.Conn) {
	defer client.Close()
	r, err := http.ReadRequest(bufio.NewReader(client))
	if err != nil {
		return // a connection that was not used, or not trusted
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has left
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if f := p.next(passing{r.Header.Get("Authorization"), string(body)}); f != nil {
		f(p, client, r)
		return
	}
	_, _ = client.Write(p.answer(r)) // the client has left
}

// next notes a request and returns what is to happen to it.
func (p *faultProxy) next(one passing) fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, one)
	if time.Now().Before(p.notBefore) {
		p.early++
	}
	if p.every != nil || len(p.faults) == 0 {
		return p.every
	}
	f := p.faults[0]
	p.faults = p.faults[1:]
	return f
}

// answer returns the answer of the real server, as it is on the wire.
func (p *faultProxy) answer(r *http.Request) []byte {
	r.URL.Scheme, r.URL.Host, r.RequestURI = p.server.Scheme, p.server.Host, "" // and Host as the client wrote it
	res, err := p.carrier.RoundTrip(r)
	if err != nil {
		return []byte("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}
	defer res.Body.Close()
	res.Close = true
	wire, err := httputil.DumpResponse(res, true)
	if err != nil {
		return nil
	}
	return wire
}

// requests returns what has been seen.
func (p *faultProxy) requests() []passing {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// earlyOnes returns how many requests came before the time that the client was asked to wait for.
func (p *faultProxy) earlyOnes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.early
}

func (p *faultProxy) askToWait(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notBefore = until
}

// says answers by that text and ends the connection. The server is not asked.
func says(text string) fault {
	return func(_ *faultProxy, client net.Conn, _ *http.Request) { _, _ = io.WriteString(client, text) }
}

func status(code int, headers ...string) fault {
	return says(fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: 0\r\nConnection: close\r\n%s\r\n", code, http.StatusText(code), strings.Join(headers, "")))
}

// throttlesBySeconds answers 429 and notes whether the client comes before that time.
func throttlesBySeconds(seconds int) fault {
	return func(p *faultProxy, client net.Conn, r *http.Request) {
		p.askToWait(time.Now().Add(time.Duration(seconds) * time.Second))
		status(429, "Retry-After: "+strconv.Itoa(seconds)+"\r\n")(p, client, r)
	}
}

// throttlesByDate is throttlesBySeconds with a date, which has no fractions.
func throttlesByDate(seconds int) fault {
	return func(p *faultProxy, client net.Conn, r *http.Request) {
		until := time.Now().Add(time.Duration(seconds) * time.Second).Truncate(time.Second)
		p.askToWait(until)
		status(429, "Retry-After: "+until.UTC().Format(http.TimeFormat)+"\r\n")(p, client, r)
	}
}

// part is how much of an answer passes.
type part func(wire []byte) []byte

func nothing([]byte) []byte { return nil }

func halfTheHeader(wire []byte) []byte { return wire[:bytes.Index(wire, []byte("\r\n\r\n"))/2] }

// halfTheBody leaves the Content-Length as it is.
func halfTheBody(wire []byte) []byte {
	body := bytes.Index(wire, []byte("\r\n\r\n")) + len("\r\n\r\n")
	return wire[:body+(len(wire)-body)/2]
}

// cuts lets the server answer, and ends the connection after a part of that.
func cuts(passes part) fault {
	return func(p *faultProxy, client net.Conn, r *http.Request) { _, _ = client.Write(passes(p.answer(r))) }
}

// resets is cuts with an RST instead of a FIN.
func resets(passes part) fault {
	return func(p *faultProxy, client net.Conn, r *http.Request) {
		cuts(passes)(p, client, r)
		if c, ok := client.(*net.TCPConn); ok {
			_ = c.SetLinger(0)
		}
	}
}

// hangs is cuts without an end: the client has to have enough.
func hangs(passes part) fault {
	return func(p *faultProxy, client net.Conn, r *http.Request) {
		cuts(passes)(p, client, r)
		_, _ = io.Copy(io.Discard, client)
	}
}

// redirects answers 307 to the same path at another address.
func redirects(to *faultProxy) fault {
	return func(p *faultProxy, client net.Conn, r *http.Request) {
		status(307, "Location: "+to.url()+r.URL.Path+"\r\n")(p, client, r)
	}
}

// backdates makes the signature of an answer one of that long ago.
func backdates(by time.Duration) fault {
	created := regexp.MustCompile(`created=(\d+)`)
	return func(p *faultProxy, client net.Conn, r *http.Request) {
		old := created.ReplaceAllFunc(p.answer(r), func(found []byte) []byte {
			at, _ := strconv.ParseInt(string(found[len("created="):]), 10, 64)
			return fmt.Appendf(nil, "created=%d", at-int64(by.Seconds()))
		})
		_, _ = client.Write(old)
	}
}

func times(n int, f fault) []fault {
	var list []fault
	for range n {
		list = append(list, f)
	}
	return list
}

// faultProxyCertificate is for 127.0.0.1.
type faultProxyCertificate struct {
	tls.Certificate
	pem []byte // of the certificate, to trust it
	pin string
}

func newCertificate(t *testing.T) *faultProxyCertificate {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	sum := sha256.Sum256(s.Certificate().RawSubjectPublicKeyInfo)
	return &faultProxyCertificate{
		Certificate: s.TLS.Certificates[0],
		pem:         pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}),
		pin:         base64.StdEncoding.EncodeToString(sum[:]),
	}
}

// when returns c, or nil where there is to be no TLS.
func (c *faultProxyCertificate) when(overTLS bool) *tls.Certificate {
	if !overTLS {
		return nil
	}
	return &c.Certificate
}

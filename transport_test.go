package wats_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gowats/gowats"
)

// authority issues certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	serial      int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{key: newKey(t), serial: 1}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue returns a certificate for 127.0.0.1 that change may make another one, and its key, both in PEM form.
func (a *authority) issue(t *testing.T, change func(*x509.Certificate)) (certificate, key []byte) {
	t.Helper()
	a.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-47 * time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	private := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, private.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// pem returns the certificate of a.
func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// serveTLS starts a server that shows a certificate of a. It tells HTTP versions and client certificates as versions.
func (a *authority) serveTLS(t *testing.T, config *tls.Config, change func(*x509.Certificate)) *httptest.Server {
	t.Helper()
	pair, err := tls.X509KeyPair(a.issue(t, change))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(answer(200, `"1.0"`))
	server.EnableHTTP2 = true
	server.TLS = config
	if config == nil {
		server.TLS = &tls.Config{MinVersion: tls.VersionTLS10}
	}
	server.TLS.Certificates = []tls.Certificate{pair}
	server.Config.ErrorLog = discardLog
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func pinOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestTLS(t *testing.T) {
	plant, stranger := newAuthority(t), newAuthority(t)
	clientPair := func(a *authority) wats.Option { return wats.WithClientCertificate(a.issue(t, nil)) }
	mutual := func(version uint16) *tls.Config {
		return &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: plant.pool(), MaxVersion: version}
	}
	offline, untrusted := []error{wats.ErrOffline}, []error{wats.ErrOffline, wats.ErrUntrusted}
	for name, c := range map[string]struct {
		config  *tls.Config
		change  func(*x509.Certificate)
		opts    []wats.Option
		is      []error // nil: the call succeeds
		wantErr string
	}{
		"own authority":              {opts: []wats.Option{wats.WithCA(plant.pem())}},
		"one of several authorities": {opts: []wats.Option{wats.WithCA(append(stranger.pem(), plant.pem()...))}},
		"authorities of the system":  {is: untrusted, wantErr: "root certificates"},
		"another authority":          {opts: []wats.Option{wats.WithCA(stranger.pem())}, is: untrusted, wantErr: "unknown authority"},
		"expired certificate": {
			change: func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) },
			opts:   []wats.Option{wats.WithCA(plant.pem())}, is: untrusted, wantErr: "expired",
		},
		"certificate of another host": {
			change: func(c *x509.Certificate) { c.IPAddresses = nil; c.DNSNames = []string{"plant.example"} },
			opts:   []wats.Option{wats.WithCA(plant.pem())}, is: untrusted, wantErr: "127.0.0.1",
		},
		"mutual TLS": {config: mutual(tls.VersionTLS13), opts: []wats.Option{wats.WithCA(plant.pem()), clientPair(plant)}},
		"mutual TLS without a certificate": {
			config: mutual(tls.VersionTLS12), opts: []wats.Option{wats.WithCA(plant.pem())}, is: offline, wantErr: "certificate",
		},
		"mutual TLS by another authority": {
			config: mutual(tls.VersionTLS12), opts: []wats.Option{wats.WithCA(plant.pem()), clientPair(stranger)}, is: offline, wantErr: "certificate",
		},
		"TLS 1.1": {
			config: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			opts:   []wats.Option{wats.WithCA(plant.pem())}, is: offline, wantErr: "protocol version",
		},
		"TLS 1.2": {config: &tls.Config{MaxVersion: tls.VersionTLS12}, opts: []wats.Option{wats.WithCA(plant.pem())}},
		"TLS 1.2 where 1.3 is the least": {
			config: &tls.Config{MaxVersion: tls.VersionTLS12},
			opts:   []wats.Option{wats.WithCA(plant.pem()), wats.WithMinTLS(tls.VersionTLS13)}, is: offline, wantErr: "protocol version",
		},
		"TLS 1.3 where that is the least": {opts: []wats.Option{wats.WithCA(plant.pem()), wats.WithMinTLS(tls.VersionTLS13)}},
		"pin of the authority":            {opts: []wats.Option{wats.WithCA(plant.pem()), wats.WithPins(pinOf(plant.certificate))}},
		"backup pin": {
			opts: []wats.Option{wats.WithCA(plant.pem()), wats.WithPins(pinOf(stranger.certificate), pinOf(plant.certificate))},
		},
		"wrong pins": {
			opts: []wats.Option{wats.WithCA(plant.pem()), wats.WithPins(pinOf(stranger.certificate), base64.StdEncoding.EncodeToString(make([]byte, 32)))},
			is:   untrusted, wantErr: "pinned keys",
		},
		"a pin does not make up for an unknown authority": {
			opts: []wats.Option{wats.WithCA(stranger.pem()), wats.WithPins(pinOf(plant.certificate))}, is: untrusted, wantErr: "unknown authority",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := plant.serveTLS(t, c.config, c.change)
			client := newClient(t, server.URL, append(c.opts, fast, wats.WithoutProxy())...)
			_, err := client.Version(t.Context())
			if c.is == nil {
				if err != nil {
					t.Errorf("Version() = %v, want an answer", err)
				}
				return
			}
			checkErrors(t, err, c.is, []error{wats.ErrTimeout})
			e, ok := errors.AsType[*wats.TransportError](err)
			if !ok || e.Attempts != 1 || !strings.Contains(err.Error(), c.wantErr) {
				t.Errorf("Version() = %v, want a TransportError about %q after one attempt", err, c.wantErr)
			}
			if len(c.is) == 1 && errors.Is(err, wats.ErrUntrusted) {
				t.Errorf("Version() = %v, want it not to match ErrUntrusted", err)
			}
		})
	}
}

// In TLS 1.3 a server refuses the client after the client has begun to send, so that the reason may be lost on the way.
func TestMutualTLS13RefusesWhoShowsNoCertificate(t *testing.T) {
	plant := newAuthority(t)
	server := plant.serveTLS(t, &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: plant.pool()}, nil)
	server.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request came through") })
	_, err := newClient(t, server.URL, wats.WithCA(plant.pem()), once).Version(t.Context())
	checkErrors(t, err, []error{wats.ErrOffline}, []error{wats.ErrUntrusted, wats.ErrTimeout})
}

func TestPinOfTheServerItself(t *testing.T) {
	plant := newAuthority(t)
	server := plant.serveTLS(t, nil, nil)
	own := pinOf(server.Certificate())
	if _, err := newClient(t, server.URL, wats.WithCA(plant.pem()), wats.WithPins(own)).Version(t.Context()); err != nil {
		t.Errorf("Version() = %v, want an answer", err)
	}
}

func TestConnectionOptionsThatCannotHold(t *testing.T) {
	plant := newAuthority(t)
	cert, key := plant.issue(t, nil)
	_, otherKey := plant.issue(t, nil)
	somePin := pinOf(plant.certificate)
	own := map[string]wats.Option{
		"WithCA": wats.WithCA(plant.pem()), "WithClientCertificate": wats.WithClientCertificate(cert, key), "WithPins": wats.WithPins(somePin),
		"WithMinTLS": wats.WithMinTLS(tls.VersionTLS13), "WithMaxConnections": wats.WithMaxConnections(3),
		"WithProxy": wats.WithProxy("http://proxy.example:3128"), "WithoutProxy": wats.WithoutProxy(),
	}
	type refused struct {
		address string
		opts    []wats.Option
		want    string
	}
	cases := map[string]refused{
		"pins without TLS":                 {"http://plant.example", []wats.Option{own["WithPins"]}, "WithPins needs an address with https"},
		"a client certificate without TLS": {"http://plant.example", []wats.Option{own["WithClientCertificate"]}, "needs an address with https"},
		"no pin":                           {"", []wats.Option{wats.WithPins()}, "there is no pin"},
		"a pin in hexadecimal":             {"", []wats.Option{wats.WithPins(strings.Repeat("ab", 32))}, "base64 text of a SHA-256"},
		"a pin with its algorithm":         {"", []wats.Option{wats.WithPins(somePin, "sha256/"+somePin)}, "base64 text of a SHA-256"},
		"no authority":                     {"", []wats.Option{wats.WithCA(nil)}, "no certificate"},
		"an authority that is a key":       {"", []wats.Option{wats.WithCA(append(plant.pem(), key...))}, "PRIVATE KEY"},
		"an authority that is broken": {
			"", []wats.Option{wats.WithCA(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}))}, "certificate 1",
		},
		"a key of another certificate":    {"", []wats.Option{wats.WithClientCertificate(cert, otherKey)}, "WithClientCertificate"},
		"TLS 1.1":                         {"", []wats.Option{wats.WithMinTLS(tls.VersionTLS11)}, "TLS 1.1"},
		"no connection":                   {"", []wats.Option{wats.WithMaxConnections(0)}, "WithMaxConnections: 0"},
		"a proxy without scheme":          {"", []wats.Option{wats.WithProxy("proxy.example:3128")}, "WithProxy"},
		"a proxy over TLS":                {"", []wats.Option{wats.WithProxy("https://user:hunter2@proxy.example")}, "WithProxy"},
		"a proxy whose address is no URL": {"", []wats.Option{wats.WithProxy("http://user:hunter2%@proxy.example")}, "WithProxy"},
	}
	for name, opt := range own {
		foreign := wats.WithTransport(failing{io.EOF})
		cases[name+" and then WithTransport"] = refused{"", []wats.Option{opt, foreign}, name + " is of the client's own transport"}
		cases[name+" after WithTransport"] = refused{"", []wats.Option{foreign, opt}, name + " is of the client's own transport"}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.address == "" {
				c.address = "https://plant.example"
			}
			_, err := wats.NewClient(c.address, c.opts...)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("NewClient = %v, want an error about %q without the secret", err, c.want)
			}
		})
	}
}

// tunnel is a proxy that only knows CONNECT, as a company's does.
type tunnel struct {
	*httptest.Server
	mu   sync.Mutex
	asks []string // hosts, with the credential for the proxy
}

func newTunnel(t *testing.T) *tunnel {
	t.Helper()
	p := &tunnel{}
	p.Server = httptest.NewServer(http.HandlerFunc(p.connect))
	t.Cleanup(p.Close)
	return p
}

func (p *tunnel) connect(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asks = append(p.asks, r.Method+" "+r.Host+" "+r.Header.Get("Proxy-Authorization")+r.Header.Get("Authorization"))
	p.mu.Unlock()
	far, err := net.Dial("tcp", r.Host)
	if r.Method != http.MethodConnect || err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer far.Close()
	near, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer near.Close()
	_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = io.Copy(far, buffered); _ = far.(*net.TCPConn).CloseWrite() })
	_, _ = io.Copy(near, far)
	_ = near.Close()
	wg.Wait()
}

func TestProxy(t *testing.T) {
	plant := newAuthority(t)
	server := plant.serveTLS(t, nil, nil)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		bypass []string
		want   bool
	}{
		"everything goes through it":       {nil, true},
		"but not to the host":              {[]string{"plant.example", "127.0.0.1"}, false},
		"but not to the range of the host": {[]string{"127.0.0.0/8"}, false},
		"but not to host and port":         {[]string{address.Host}, false},
		"also to another port of the host": {[]string{"127.0.0.1:1"}, true},
		"also to the end of the name":      {[]string{".0.1x", "0.0.1"}, true},
		"but nowhere":                      {[]string{"*"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := newTunnel(t)
			through := "http://user:hunter2@" + strings.TrimPrefix(proxy.URL, "http://")
			client := newClient(t, server.URL, wats.WithCA(plant.pem()), wats.WithToken("dTpw"), wats.WithProxy(through, c.bypass...))
			if _, err := client.Version(t.Context()); err != nil {
				t.Fatal(err)
			}
			client.Close()
			// The token of the server is not among what the proxy gets.
			want := "CONNECT " + address.Host + " Basic dXNlcjpodW50ZXIy"
			if got := strings.Join(proxy.asks, "\n"); c.want && got != want || !c.want && got != "" {
				t.Errorf("asked of the proxy: %q, want it asked: %t, and then %q", got, c.want, want)
			}
		})
	}
}

func TestProxyThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close() // now nothing listens there
	client := newClient(t, "https://plant.example", wats.WithProxy("http://user:hunter2@"+l.Addr().String()), once)
	_, err = client.Version(t.Context())
	if !errors.Is(err, wats.ErrOffline) || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "proxyconnect") {
		t.Errorf("Version() = %v, want ErrOffline about the proxy without its password", err)
	}
}

func TestCredentialStaysAtTheProtectedServer(t *testing.T) {
	plant := newAuthority(t)
	var strange requestLog
	other := plant.serveTLS(t, nil, nil)
	other.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { strange.add(r) })
	plain := httptest.NewServer(other.Config.Handler)
	t.Cleanup(plain.Close)
	for name, target := range map[string]string{
		"to another port":           other.URL,
		"to another name":           "https://localhost:" + strings.Split(other.URL, ":")[2],
		"to the same host, by http": plain.URL,
		"to a user of another host": "https://user:pass@" + strings.TrimPrefix(other.URL, "https://"),
		"without scheme":            strings.TrimPrefix(other.URL, "https:"),
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for call, do := range calls {
				server := plant.serveTLS(t, nil, nil)
				server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Location", target+"/api/App/Version")
					w.WriteHeader(status)
				})
				client := newClient(t, server.URL, wats.WithCA(plant.pem()), wats.WithBearer("hunter2"))
				err := do(t.Context(), client)
				if e, ok := errors.AsType[*wats.APIError](err); !ok || e.Status != status || strange.len() != 0 {
					t.Fatalf("%s redirected %s by %d: %v after %d requests to the other, want an error and none", call, name, status, err, strange.len())
				}
			}
		}
	}
}

func TestMaxConnections(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(200, `"1.0"`)(w, r) }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		switch state {
		case http.StateNew:
			now++
			most = max(most, now)
		case http.StateClosed:
			now--
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client := newClient(t, server.URL, wats.WithMaxConnections(3))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := client.Version(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	mu.Lock()
	defer mu.Unlock()
	if most > 3 {
		t.Errorf("50 calls took %d connections at a time, want at most 3", most)
	}
}

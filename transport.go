package wats

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// connection is what the options say of the client's own transport.
type connection struct {
	options     []string // that were given; they mean nothing to a transport of the user
	needTLS     []string // those among them that an http address would silently disregard
	roots       *x509.CertPool
	certificate []tls.Certificate
	pins        []pin
	minTLS      uint16
	proxy       *proxy // nil: that of the environment
	most        int    // connections at a time; 0: any number
}

// WithCA trusts the authorities whose certificates stand in pem, instead of those of the system.
func WithCA(pem []byte) Option {
	return func(s *settings) error {
		certificates, err := parseCertificates(pem)
		if err != nil {
			return fmt.Errorf("WithCA: %w", err)
		}
		s.connection.roots = x509.NewCertPool()
		for _, c := range certificates {
			s.connection.roots.AddCert(c)
		}
		s.connection.given("WithCA")
		return nil
	}
}

// parseCertificates other than x509.CertPool does not pass over what it cannot read.
func parseCertificates(text []byte) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("the PEM text holds a %s, want certificates only", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(list)+1, err)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, errors.New("there is no certificate in PEM form")
	}
	return list, nil
}

// WithClientCertificate shows the server a certificate (mutual TLS). Both are in PEM form; after the certificate may stand the chain up to
// the authority that the server trusts. The address of the client is one with https.
func WithClientCertificate(cert, key []byte) Option {
	pair, err := tls.X509KeyPair(cert, key)
	return func(s *settings) error {
		if err != nil {
			return fmt.Errorf("WithClientCertificate: %w", err)
		}
		s.connection.certificate = []tls.Certificate{pair}
		s.connection.given("WithClientCertificate")
		s.connection.needTLS = append(s.connection.needTLS, "WithClientCertificate")
		return nil
	}
}

// pin is the SHA-256 of a public key as it stands in a certificate (RFC 7469 §2.4).
type pin [sha256.Size]byte

// WithPins takes a server only if the chain of its certificates, which is verified as ever, holds one of these public keys. A pin is the
// base64 text of the SHA-256 of a SubjectPublicKeyInfo (RFC 7469 §2.4), of the server or of an authority above it.
// Give two at least, one of a key that lies ready: when the key changes, no client with one pin connects any more.
//
// A server with other keys is a [*TransportError] that matches [ErrUntrusted]; the request is not sent and not repeated.
// The address of the client is one with https. A proxy that is itself spoken to over TLS is refused likewise.
func WithPins(pins ...string) Option {
	return func(s *settings) error {
		if len(pins) == 0 {
			return errors.New("WithPins: there is no pin")
		}
		s.connection.pins = nil
		for _, text := range pins {
			sum, err := base64.StdEncoding.DecodeString(text)
			if err != nil || len(sum) != sha256.Size {
				return fmt.Errorf("WithPins: %.60q is not the base64 text of a SHA-256", text)
			}
			s.connection.pins = append(s.connection.pins, pin(sum))
		}
		s.connection.given("WithPins")
		s.connection.needTLS = append(s.connection.needTLS, "WithPins")
		return nil
	}
}

// WithMinTLS refuses servers that speak only older versions of TLS: [tls.VersionTLS12], the default, or [tls.VersionTLS13].
func WithMinTLS(version uint16) Option {
	return func(s *settings) error {
		if version != tls.VersionTLS12 && version != tls.VersionTLS13 {
			return fmt.Errorf("WithMinTLS: %s is neither TLS 1.2 nor TLS 1.3", tls.VersionName(version))
		}
		s.connection.minTLS = version
		s.connection.given("WithMinTLS")
		return nil
	}
}

// WithMaxConnections limits the connections to the server, and keeps as many for reuse. A request beyond waits for one, which counts
// for [WithTimeout]. Default: as many as there are calls at a time, of which 64 are kept. One connection of HTTP/2 carries many requests.
func WithMaxConnections(n int) Option {
	return func(s *settings) error {
		if n < 1 {
			return fmt.Errorf("WithMaxConnections: %d is not above zero", n)
		}
		s.connection.most = n
		s.connection.given("WithMaxConnections")
		return nil
	}
}

// proxy is how requests go to the server.
type proxy struct {
	address func() *url.URL // in a closure: it may hold a password
	bypass  []string
}

// WithProxy sends requests through the proxy at address, such as http://proxy.example:3128 or socks5://proxy.example:1080, with user and
// password in it if the proxy wants them. It is not asked for the hosts of bypass: a host name, a domain and all below it
// (.plant.example), an IP address, a range of them (10.0.0.0/8), or * for all; with a port (plant.example:8443) only there.
//
// Default: the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment name.
func WithProxy(address string, bypass ...string) Option {
	return func(s *settings) error {
		u, err := url.Parse(address)
		if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "socks5" && u.Scheme != "socks5h" {
			return errors.New("WithProxy: want http://host:port or socks5://host:port") // not repeated: it may hold a password
		}
		s.connection.proxy = &proxy{address: func() *url.URL { return u }, bypass: slices.Clone(bypass)}
		s.connection.given("WithProxy")
		return nil
	}
}

// WithoutProxy connects directly, whatever the environment says.
func WithoutProxy() Option {
	return func(s *settings) error {
		s.connection.proxy = &proxy{address: func() *url.URL { return nil }}
		s.connection.given("WithoutProxy")
		return nil
	}
}

// of tells the proxy of a request, as http.Transport asks.
func (p *proxy) of(r *http.Request) (*url.URL, error) {
	if slices.ContainsFunc(p.bypass, func(entry string) bool { return bypasses(entry, r.URL) }) {
		return nil, nil
	}
	return p.address(), nil
}

// bypasses reports whether u is one of those that entry names.
func bypasses(entry string, u *url.URL) bool {
	entry = strings.ToLower(strings.TrimSpace(entry))
	host := strings.ToLower(u.Hostname())
	if name, port, err := net.SplitHostPort(entry); err == nil {
		if port != portOf(u) {
			return false
		}
		entry = name
	}
	if _, network, err := net.ParseCIDR(entry); err == nil {
		return network.Contains(net.ParseIP(host)) // of no name
	}
	if a, b := net.ParseIP(strings.Trim(entry, "[]")), net.ParseIP(host); a != nil && b != nil {
		return a.Equal(b)
	}
	domain := strings.TrimPrefix(entry, "*")
	switch {
	case entry == "*", entry == host:
		return true
	case strings.HasPrefix(domain, "."):
		return host == domain[1:] || strings.HasSuffix(host, domain)
	}
	return false
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

func (c *connection) given(option string) { c.options = append(c.options, option) }

// check tells which options contradict each other or the address.
func (c *connection) check(base *url.URL, foreign bool) error {
	switch {
	case foreign && len(c.options) > 0:
		return fmt.Errorf("%s is of the client's own transport and means nothing to that of WithTransport: give one of the two", c.options[0])
	case base.Scheme != "https" && len(c.needTLS) > 0:
		return fmt.Errorf("%s needs an address with https, there is no TLS at %s", c.needTLS[0], base)
	}
	return nil
}

// transport returns the transport of a client that was given none. How long a try may take as a whole is up to WithTimeout.
func (c *connection) transport() *http.Transport {
	const idle = 64 // connections kept for reuse; there is one host
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		MaxConnsPerHost:       c.most,
		MaxIdleConns:          idle,
		MaxIdleConnsPerHost:   idle,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		WriteBufferSize:       16 << 10, // a usual report goes out at once, and is not copied another time
		TLSClientConfig: &tls.Config{
			MinVersion:         max(tls.VersionTLS12, c.minTLS),
			RootCAs:            c.roots,
			Certificates:       c.certificate,
			ClientSessionCache: tls.NewLRUClientSessionCache(idle),
		},
	}
	if c.most > 0 {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = c.most, c.most
	}
	if c.proxy != nil {
		t.Proxy = c.proxy.of
	}
	if len(c.pins) > 0 {
		// Unlike VerifyPeerCertificate it is also called for a session that is resumed.
		t.TLSClientConfig.VerifyConnection = c.checkPins
	}
	return t
}

// checkPins is called after the certificates have been verified.
func (c *connection) checkPins(state tls.ConnectionState) error {
	for _, chain := range state.VerifiedChains {
		for _, certificate := range chain {
			if slices.Contains(c.pins, pin(sha256.Sum256(certificate.RawSubjectPublicKeyInfo))) {
				return nil
			}
		}
	}
	return errPin
}

var errPin = errors.New("the server has none of the pinned keys")

// Package negotiate signs in to a server as the Windows user that runs the program: Negotiate (Kerberos or NTLM) and NTLM over HTTP.
// On other systems it only says that it cannot.
package negotiate

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
)

// lanes is how many requests are under way at once, each on a connection of its own.
const lanes = 16

// ErrUnsupported is returned where there is no integrated sign-in.
var ErrUnsupported = errors.New("signing in as the Windows user works on Windows only; use a token")

// A Transport carries requests to one server and signs in when that server asks for it. Other servers, other ports and requests that carry a
// credential already get nothing added.
//
// NTLM proves who is at the other end of a connection, not who sends a request. So a connection carries one request at a time, from the
// first to the last step of the sign-in and to the end of the answer; HTTP/2 is not used; and connections are shared with nobody. An answer's
// body must be closed, as always. Any number of goroutines may use it; of more than 16 requests at once the further ones wait.
//
// A request with a body is sent again for every step, and so must have GetBody, as those of the SDK have.
//
// Source: RFC 4559; MS-NTHT of learn.microsoft.com.
type Transport struct {
	origin *url.URL
	system system
	other  http.RoundTripper
	free   chan *http.Transport // each of one connection
	all    []*http.Transport
}

// New returns a transport for the server at address, such as https://plant.example, that signs in as the user of this process. Base says how to
// connect: proxy, certificates, timeouts; nil means [http.DefaultTransport]. It is copied.
//
// It returns [ErrUnsupported] on systems other than Windows.
func New(address string, base *http.Transport) (*Transport, error) {
	s, err := thisSystem()
	if err != nil {
		return nil, err
	}
	return newTransport(address, base, s)
}

func newTransport(address string, base *http.Transport, s system) (*Transport, error) {
	origin, err := url.Parse(address)
	if err != nil || origin.Hostname() == "" || origin.Scheme != "http" && origin.Scheme != "https" {
		return nil, fmt.Errorf("sign-in to %.100q: that is no web address", address)
	}
	if base == nil {
		standard, ok := http.DefaultTransport.(*http.Transport)
		if !ok {
			return nil, errors.New("http.DefaultTransport is no *http.Transport: give the base")
		}
		base = standard
	}
	t := &Transport{origin: origin, system: s, other: base.Clone(), free: make(chan *http.Transport, lanes)}
	for range lanes {
		lane := newLane(base)
		t.all = append(t.all, lane)
		t.free <- lane
	}
	return t, nil
}

func newLane(base *http.Transport) *http.Transport {
	lane := base.Clone()
	lane.MaxConnsPerHost = 1
	lane.MaxIdleConnsPerHost = 1
	lane.DisableKeepAlives = false
	lane.ForceAttemptHTTP2 = false
	lane.Protocols = new(http.Protocols)
	lane.Protocols.SetHTTP1(true)
	lane.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	if lane.TLSClientConfig != nil {
		lane.TLSClientConfig.NextProtos = nil // base may have offered HTTP/2
	}
	return lane
}

// CloseIdleConnections closes the connections that carry no request now.
func (t *Transport) CloseIdleConnections() {
	for _, lane := range t.all {
		lane.CloseIdleConnections()
	}
	if other, ok := t.other.(*http.Transport); ok {
		other.CloseIdleConnections()
	}
}

// RoundTrip sends req, and signs in if the server asks for it. A server that refuses the user answers 401, which is no error here.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.mayKnow(req) {
		return t.other.RoundTrip(req)
	}
	if req.Body != nil { // what is sent are copies
		defer func() { _ = req.Body.Close() }() // as a RoundTripper must; nothing is lost
	}
	select {
	case lane := <-t.free:
		release := sync.OnceFunc(func() { t.free <- lane })
		answer, err := t.converse(lane, req)
		if err != nil {
			release()
			return nil, err
		}
		answer.Body = &laneBody{ReadCloser: answer.Body, release: release}
		return answer, nil
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

// mayKnow reports whether the receiver of req may learn who the user is.
func (t *Transport) mayKnow(req *http.Request) bool {
	return req.URL.Scheme == t.origin.Scheme && req.URL.Host == t.origin.Host && req.Header.Get("Authorization") == ""
}

// laneBody frees the connection for the next request when it is closed.
type laneBody struct {
	io.ReadCloser
	release func()
}

func (b *laneBody) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}

package negotiate

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
)

// A system proves who the user is: SSPI on Windows. It may be used by several goroutines.
type system interface {
	// start begins a sign-in by a scheme, Negotiate or NTLM, to the service of that principal name, HTTP/plant.example. It returns the first token to
	// send, and with it a context to release.
	start(scheme, service string) (securityContext, []byte, error)
}

// A securityContext is a sign-in under way at the system.
type securityContext interface {
	// update takes the server's token and returns the next one to send, which may be empty. When done, there is no other.
	update(challenge []byte) (done bool, token []byte, err error)
	release()
}

// exchange is one sign-in.
type exchange struct {
	system          system
	scheme, service string
	context         securityContext // nil before the first step
	done            bool            // or failed: the system is not asked again
}

// step takes the server's token, nil at first, and returns the next one to send. It is empty when there is nothing more to say.
func (x *exchange) step(challenge []byte) (token []byte, err error) {
	switch {
	case x.done:
		return nil, nil
	case x.context == nil:
		x.context, token, err = x.system.start(x.scheme, x.service)
	default:
		x.done, token, err = x.context.update(challenge)
	}
	x.done = x.done || err != nil
	return token, err
}

func (x *exchange) end() {
	if x.context != nil {
		x.context.release()
	}
}

const (
	maxSteps   = 6       // requests of one sign-in; Kerberos needs 2, NTLM 3
	maxRefusal = 1 << 20 // bytes read of an answer that only asks to go on, to keep its connection
)

// converse sends req and, as long as the server asks for it, again with the next token, all on one connection.
func (t *Transport) converse(lane *http.Transport, req *http.Request) (*http.Response, error) {
	c := conversation{lane: lane, request: req}
	answer, err := c.send("")
	if err != nil || answer.StatusCode != http.StatusUnauthorized {
		return answer, err
	}
	scheme := choose(answer.Header)
	if scheme == "" {
		return answer, nil // it wants something else
	}
	sign := &exchange{system: t.system, scheme: scheme, service: "HTTP/" + t.origin.Hostname()}
	defer sign.end()
	answer, err = c.signIn(answer, sign, scheme)
	if err != nil {
		return nil, fmt.Errorf("sign in to %s by %s: %w", t.origin.Host, scheme, err)
	}
	return answer, nil
}

// conversation is one request in as many copies as the sign-in needs.
type conversation struct {
	lane    *http.Transport
	request *http.Request
	conn    net.Conn // that of the last copy
}

// signIn goes on after answer asked for it.
func (c *conversation) signIn(answer *http.Response, sign *exchange, scheme string) (*http.Response, error) {
	var challenge []byte
	for step := range maxSteps - 1 {
		token, err := sign.step(challenge)
		if err != nil || len(token) == 0 {
			return answer, c.closeOn(err, answer)
		}
		if err := drain(answer); err != nil {
			return nil, err
		}
		conn := c.conn
		answer, err = c.send(scheme + " " + base64.StdEncoding.EncodeToString(token))
		if err != nil {
			return nil, err
		}
		if c.conn != conn && step > 0 { // the first token may go over any
			return nil, c.closeOn(errors.New("the connection was lost meanwhile; is there a proxy that shares connections?"), answer)
		}
		challenge = challengeOf(answer.Header, scheme)
		if answer.StatusCode != http.StatusUnauthorized {
			return answer, c.closeOn(finish(sign, challenge), answer)
		}
		if challenge == nil {
			return answer, nil // refused
		}
	}
	return nil, c.closeOn(fmt.Errorf("no end after %d requests", maxSteps), answer)
}

// finish lets the system check the server's last token, where it sent one: with it the server proves itself.
func finish(sign *exchange, proof []byte) error {
	if proof == nil {
		return nil
	}
	if _, err := sign.step(proof); err != nil {
		return fmt.Errorf("the server does not prove itself: %w", err)
	}
	return nil
}

// closeOn closes an answer that nobody will read because of err, and returns err.
func (c *conversation) closeOn(err error, answer *http.Response) error {
	if err != nil {
		_ = answer.Body.Close() // nothing to learn
	}
	return err
}

// send sends a copy of the request with that header Authorization, "" for none.
func (c *conversation) send(authorization string) (*http.Response, error) {
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { c.conn = info.Conn }}
	req := c.request.Clone(httptrace.WithClientTrace(c.request.Context(), trace))
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	if c.request.Body != nil && c.request.Body != http.NoBody {
		if c.request.GetBody == nil {
			return nil, errors.New("the body of a request that may have to sign in must have GetBody, to be sent again")
		}
		body, err := c.request.GetBody()
		if err != nil {
			return nil, err
		}
		req.Body = body
	}
	return c.lane.RoundTrip(req)
}

// drain reads an answer to its end, so that its connection can go on.
func drain(answer *http.Response) error {
	n, err := io.Copy(io.Discard, io.LimitReader(answer.Body, maxRefusal))
	switch closed := answer.Body.Close(); {
	case err != nil:
		return fmt.Errorf("read the answer that asks for it: %w", err)
	case closed != nil:
		return closed
	case n == maxRefusal:
		return fmt.Errorf("the answer that asks for it exceeds %d bytes", maxRefusal)
	}
	return nil
}

// choose returns the best scheme that an answer offers, "" when it offers none of ours.
func choose(h http.Header) (scheme string) {
	for _, scheme := range [...]string{"Negotiate", "NTLM"} {
		if _, offered := offer(h, scheme); offered {
			return scheme
		}
	}
	return ""
}

// challengeOf returns the server's token, nil when there is none.
func challengeOf(h http.Header, scheme string) []byte {
	text, _ := offer(h, scheme)
	challenge, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(challenge) == 0 {
		return nil
	}
	return challenge
}

// offer finds a scheme in the headers WWW-Authenticate, which may hold several, in one line or in more (RFC 9110 section 11.6.1).
func offer(h http.Header, scheme string) (token string, offered bool) {
	for _, line := range h.Values("WWW-Authenticate") {
		for part := range strings.SplitSeq(line, ",") { // a quoted comma begins no word of ours
			word, rest, _ := strings.Cut(strings.TrimSpace(part), " ")
			if strings.EqualFold(word, scheme) {
				return strings.TrimSpace(rest), true
			}
		}
	}
	return "", false
}

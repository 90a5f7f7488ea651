package wats

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// signatureError says why a message is not believed.
type signatureError struct {
	status int // that answers a request
	err    error
}

func failf(status int, format string, args ...any) error {
	return &signatureError{status, fmt.Errorf(format, args...)}
}

func (e *signatureError) Error() string        { return e.err.Error() }
func (e *signatureError) Is(target error) bool { return target == ErrUntrusted }

// verifier checks the signatures of the other side.
type verifier struct {
	keys func(keyID string) (Key, bool)
	skew time.Duration
}

// signature is one that was found good.
type signature struct {
	keyID, nonce string // the nonce may be ""
}

// check finds the signature of m that is meant for us, and checks that it covers parts and is of now.
func (v *verifier) check(m *message, parts []item, now time.Time) (signature, error) {
	input, sum, err := m.signature()
	if err != nil {
		return signature{}, err
	}
	for _, c := range parts {
		if !covers(input.list, c) {
			return signature{}, failf(http.StatusUnauthorized, "the signature does not cover %s", c.append(nil))
		}
	}
	created, hasCreated := input.parameter("created", fieldInteger)
	id, hasID := input.parameter("keyid", fieldString)
	if !hasCreated || !hasID {
		return signature{}, failf(http.StatusUnauthorized, "the signature lacks created or keyid")
	}
	if age := now.Sub(time.Unix(created.number, 0)); age > v.skew || age < -v.skew {
		return signature{}, failf(http.StatusUnauthorized, "the signature is not of now: its time differs from this clock by more than %v", v.skew)
	}
	if expires, has := input.parameter("expires", fieldInteger); has && now.Unix() > expires.number {
		return signature{}, failf(http.StatusUnauthorized, "the signature has expired")
	}
	key, known := v.keys(id.text)
	if !known || key.verify == nil {
		return signature{}, failf(http.StatusUnauthorized, "the key of the signature is not known")
	}
	if name, has := input.parameter("alg", fieldString); has && name.text != key.algorithm {
		return signature{}, failf(http.StatusUnauthorized, "the algorithm of the signature is not that of its key")
	}
	base, err := m.base(input)
	if err != nil {
		return signature{}, failf(http.StatusUnauthorized, "%w", err)
	}
	if !key.verify(base, []byte(sum)) {
		return signature{}, failf(http.StatusUnauthorized, "the signature is wrong: the message was changed, or the key is another one")
	}
	nonce, _ := input.parameter("nonce", fieldString)
	return signature{id.text, nonce.text}, nil
}

// signature returns the one signature of m that has our tag, with its input.
func (m *message) signature() (input field, sum string, err error) {
	inputs, err := parseFields(m.header.Values(inputHeader))
	if err != nil {
		return field{}, "", failf(http.StatusBadRequest, "%s %w", inputHeader, err)
	}
	signatures, err := parseFields(m.header.Values(signatureHeader))
	if err != nil {
		return field{}, "", failf(http.StatusBadRequest, "%s %w", signatureHeader, err)
	}
	found := 0
	for _, f := range inputs {
		if tag, _ := f.parameter("tag", fieldString); f.isList && tag.text == signatureTag {
			input = f
			found++
		}
	}
	if found > 1 {
		return field{}, "", failf(http.StatusUnauthorized, "there are %d signatures with the tag %s", found, signatureTag)
	}
	for _, f := range signatures {
		if found == 1 && f.name == input.name && !f.isList && f.kind == fieldBytes {
			return input, f.text, nil
		}
	}
	return field{}, "", failf(http.StatusUnauthorized, "a signature with the tag %s is missing", signatureTag)
}

// VerifyOptions of [VerifyRequests]. The zero VerifyOptions are good.
type VerifyOptions struct {
	Skew      time.Duration    // how far the clocks may differ, either way; default two minutes, at most an hour
	Authority string           // host and port that clients ask; default: what the request says. Set it where a proxy rewrites the header Host, or keys are of several servers
	MaxNonces int              // requests remembered against repetition, per twice the skew; more are answered 503; default 1 Mi, of about 50 bytes each
	Buffer    int64            // bytes of a body that are checked before the handler sees any; default 1 MiB
	Logger    *slog.Logger     // gets a warning per request refused; default: silent
	Now       func() time.Time // default time.Now
}

func (o VerifyOptions) withDefaults() VerifyOptions {
	if o.Skew <= 0 {
		o.Skew = defaultSkew
	}
	o.Skew = min(o.Skew, maxSkew)
	if o.MaxNonces <= 0 {
		o.MaxNonces = 1 << 20
	}
	if o.Buffer <= 0 {
		o.Buffer = 1 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// VerifyRequests lets only requests through that are signed as [WithSigner] does it, by a key that keys knows: covered are method, authority, path, query, and
// the Content-Digest if there is a body; with created, keyid, a nonce that was not seen before, and the tag gowats. It stands before
// whatever changes path or body. Keys may be called from several goroutines at once; nil knows no key.
//
// Others are answered 401, or 400 when a header or the body is wrong, by a JSON object with Message. A body longer than Buffer is checked while the handler
// reads it: if it was changed, the read that would give io.EOF gives an error that matches [ErrUntrusted]. So a handler of long bodies acts only after
// reading to the end.
func VerifyRequests(keys func(keyID string) (Key, bool), opt VerifyOptions) func(http.Handler) http.Handler {
	opt = opt.withDefaults()
	if keys == nil {
		keys = func(string) (Key, bool) { return Key{}, false }
	}
	g := &requestGuard{
		VerifyOptions: opt,
		verifier:      verifier{keys: keys, skew: opt.Skew},
		seen:          nonces{most: opt.MaxNonces, span: 2*opt.Skew + time.Second},
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			checked, err := g.check(w, r)
			if err != nil {
				g.refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, checked)
		})
	}
}

// requestGuard is what VerifyRequests remembers.
type requestGuard struct {
	VerifyOptions
	verifier verifier
	seen     nonces
}

func serverMessage(r *http.Request, authority string) *message {
	if authority == "" {
		authority = r.Host
	}
	// What comes from a proxy that ends TLS does not say so, other than by its port.
	return requestMessage(r, authority, r.TLS != nil || strings.HasSuffix(authority, ":443"))
}

// check returns r with a body that is checked, or checks itself.
func (g *requestGuard) check(w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	parts := requestItems()
	hasDigest := r.ContentLength != 0 || r.Header.Get(digestHeader) != ""
	if !hasDigest {
		parts = parts[:len(parts)-1]
	}
	now := g.Now()
	s, err := g.verifier.check(serverMessage(r, g.Authority), parts, now)
	if err != nil {
		return nil, err
	}
	if s.nonce == "" {
		return nil, failf(http.StatusUnauthorized, "the signature lacks a nonce")
	}
	if err := g.seen.add(s, now); err != nil {
		return nil, err
	}
	if !hasDigest {
		return r, nil
	}
	told, err := parseDigest(r.Header)
	if err != nil {
		return nil, err
	}
	return g.checkBody(w, r, told)
}

func (g *requestGuard) checkBody(w http.ResponseWriter, r *http.Request, told []byte) (*http.Request, error) {
	const bodyTime = 5 * time.Minute // for what is read here
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(bodyTime)) // the error: not every ResponseWriter has deadlines; net/http's have
	start, err := io.ReadAll(io.LimitReader(r.Body, g.Buffer+1))
	if err != nil {
		return nil, failf(http.StatusBadRequest, "the body cannot be read")
	}
	_ = conn.SetReadDeadline(time.Time{}) // as above
	checked := *r
	sum := sha256.New()
	if int64(len(start)) <= g.Buffer {
		_, _ = sum.Write(start) // a hash never fails
		checked.Body = io.NopCloser(bytes.NewReader(start))
		return &checked, checkDigest(sum.Sum(nil), told)
	}
	checked.Body = &digestReader{Closer: r.Body, src: io.MultiReader(bytes.NewReader(start), r.Body), sum: sum, told: told}
	return &checked, nil
}

// refuse answers a request whose signature is not good.
func (g *requestGuard) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusUnauthorized
	if e, ok := errors.AsType[*signatureError](err); ok {
		status = e.status
	}
	g.Logger.LogAttrs(r.Context(), slog.LevelWarn, "request refused by its signature",
		slog.String("method", r.Method), slog.String("path", oneLine(r.URL.EscapedPath(), 200)), slog.Int("status", status), slog.Any("err", err))
	h := w.Header()
	switch status {
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", fmt.Sprint(int(g.Skew.Seconds())+1))
	case http.StatusUnauthorized:
		h.Set(acceptHeader, acceptedSignature(requestItems()))
	}
	answerMessage(w, status, err)
}

func answerMessage(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Message": err.Error()}) // the client has gone
}

// nonces remembers what was seen within span, up to twice as long.
type nonces struct {
	most int
	span time.Duration

	mu         sync.Mutex
	began      time.Time // of young
	young, old map[[16]byte]struct{}
}

// add remembers s. It refuses what it knows, and what it has no room to remember.
func (n *nonces) add(s signature, now time.Time) error {
	sum := sha256.Sum256([]byte(s.keyID + "\x00" + s.nonce)) // neither holds a zero byte
	id := [16]byte(sum[:])
	n.mu.Lock()
	defer n.mu.Unlock()
	if age := now.Sub(n.began); n.young == nil || age >= n.span {
		n.old = n.young
		if age >= 2*n.span {
			n.old = nil
		}
		n.young, n.began = map[[16]byte]struct{}{}, now
	}
	_, isYoung := n.young[id]
	_, isOld := n.old[id]
	switch {
	case isYoung || isOld:
		return failf(http.StatusUnauthorized, "the signature was used before")
	case len(n.young) >= n.most:
		return failf(http.StatusServiceUnavailable, "too many signed requests at a time")
	}
	n.young[id] = struct{}{}
	return nil
}

package wats

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

// HTTP message signatures (RFC 9421), of the algorithms ed25519 and hmac-sha256. Both sides tell theirs from others by the tag.
const (
	signatureTag   = "gowats"
	signatureLabel = "wats"
	defaultSkew    = 2 * time.Minute
)

const (
	inputHeader     = "Signature-Input"
	signatureHeader = "Signature"
	acceptHeader    = "Accept-Signature"
)

// Key makes signatures of messages, or checks them, or both. Its secret is in no printed form: see [Token]. The zero Key is none.
type Key struct {
	algorithm string // of the registry of RFC 9421 §6.2
	problem   string // why it cannot be used
	sign      func(base []byte) []byte
	verify    func(base, signature []byte) bool
}

// Ed25519Key signs and checks by an Ed25519 key.
func Ed25519Key(private ed25519.PrivateKey) Key {
	if len(private) != ed25519.PrivateKeySize {
		return Key{problem: fmt.Sprintf("an Ed25519 private key has %d bytes, not %d", ed25519.PrivateKeySize, len(private))}
	}
	private = slices.Clone(private)
	k := Ed25519PublicKey(ed25519.PublicKey(private[ed25519.PrivateKeySize-ed25519.PublicKeySize:]))
	k.sign = func(base []byte) []byte { return ed25519.Sign(private, base) }
	return k
}

// Ed25519PublicKey checks signatures by an Ed25519 key. It makes none.
func Ed25519PublicKey(public ed25519.PublicKey) Key {
	if len(public) != ed25519.PublicKeySize {
		return Key{problem: fmt.Sprintf("an Ed25519 public key has %d bytes, not %d", ed25519.PublicKeySize, len(public))}
	}
	public = slices.Clone(public)
	return Key{algorithm: "ed25519", verify: func(base, signature []byte) bool { return ed25519.Verify(public, base, signature) }}
}

// HMACKey signs and checks by a secret of at least 32 random bytes, which both sides have. Whoever can check can also sign.
func HMACKey(secret []byte) Key {
	if len(secret) < sha256.Size {
		return Key{problem: fmt.Sprintf("a secret has at least %d bytes, not %d", sha256.Size, len(secret))}
	}
	secret = slices.Clone(secret)
	sign := func(base []byte) []byte {
		h := hmac.New(sha256.New, secret)
		_, _ = h.Write(base) // a hash never fails
		return h.Sum(nil)
	}
	return Key{
		algorithm: "hmac-sha256", sign: sign,
		verify: func(base, signature []byte) bool { return hmac.Equal(sign(base), signature) },
	}
}

// Format writes the algorithm, whatever the verb.
func (k Key) Format(w fmt.State, _ rune) {
	_, _ = io.WriteString(w, strings.TrimSpace(k.algorithm+" "+redacted)) // fmt.State never fails
}

// LogValue is the algorithm.
func (k Key) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(k)) }

// signer makes the signatures of one side.
type signer struct {
	id  string
	key Key
}

func newSigner(id string, key Key) (*signer, error) {
	const longest = 100
	switch {
	case id == "" || len(id) > longest || !isVisible(id):
		return nil, fmt.Errorf("the key ID %.20q is not 1 to %d visible ASCII characters", id, longest)
	case key.problem != "":
		return nil, errors.New(key.problem)
	case key.sign == nil:
		return nil, errors.New("the key cannot sign: it is missing, or a public key")
	}
	return &signer{id, key}, nil
}

// WithSigner signs every try of every request by key (RFC 9421; ed25519 or hmac-sha256), which the server knows under keyID: method, authority, path, query and
// the Content-Digest (RFC 9530, SHA-256), with the time and a nonce. The server checks by [VerifyRequests]. Default: nothing is signed.
//
// What changes one of these on the way (a proxy that rewrites paths or the header Host) breaks the signature. Headers are not covered, and a
// signature makes nothing secret: it comes on top of TLS and the token.
func WithSigner(keyID string, key Key) Option {
	return func(s *settings) (err error) {
		if s.signatures.signer, err = newSigner(keyID, key); err != nil {
			return fmt.Errorf("WithSigner: %w", err)
		}
		return nil
	}
}

// WithVerifier takes an answer only if the server has signed it by one of keys ([SignAnswers] does): its status, its body by way of the digest, and the request
// that it answers. The server's clock may differ by skew at most; 0: two minutes. Default: nothing is checked.
//
// An answer without a right signature, also a failure and that of a proxy in between, is a [*TransportError] that matches [ErrUntrusted]. It is not repeated: what the
// server did is unknown. An answer is held in memory until it has been checked, files too, up to 128 MiB. Keys may be called from several goroutines at once.
func WithVerifier(keys func(keyID string) (Key, bool), skew time.Duration) Option {
	return func(s *settings) error {
		switch {
		case keys == nil:
			return errors.New("WithVerifier: the function is nil")
		case skew < 0 || skew > maxSkew:
			return fmt.Errorf("WithVerifier: skew %v is not in 0–%v", skew, maxSkew)
		case skew == 0:
			skew = defaultSkew
		}
		s.signatures.verifier = &verifier{keys: keys, skew: skew}
		return nil
	}
}

const maxSkew = time.Hour

// message is a request or an answer, as a signature sees it.
type message struct {
	method, authority, path, query string
	status                         int // 0: a request
	header                         http.Header
	request                        *message // that an answer is to
}

// requestMessage describes r, which asks host: as a client means it, or as it came to a server.
func requestMessage(r *http.Request, host string, overTLS bool) *message {
	usualPort := ":80"
	if overTLS {
		usualPort = ":443"
	}
	host = strings.TrimSuffix(strings.ToLower(host), usualPort)
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	return &message{method: r.Method, authority: host, path: path, query: "?" + r.URL.RawQuery, header: r.Header}
}

// value returns what the signature says of one component (RFC 9421 §2).
func (m *message) value(c item) (string, error) {
	of := m
	for _, p := range c.parameters {
		if p.name != "req" || p.value.kind != fieldBoolean || p.value.number != 1 || m.request == nil {
			return "", fmt.Errorf("component %s cannot be covered here", c.append(nil))
		}
		of = m.request
	}
	if c.kind != fieldString {
		return "", errors.New("a component is no string")
	}
	isRequest := of.status == 0
	switch {
	case c.text == "@method" && isRequest:
		return of.method, nil
	case c.text == "@authority" && isRequest:
		return of.authority, nil
	case c.text == "@path" && isRequest:
		return of.path, nil
	case c.text == "@query" && isRequest:
		return of.query, nil
	case c.text == "@status" && !isRequest:
		return fmt.Sprint(of.status), nil
	case strings.HasPrefix(c.text, "@"), c.text != strings.ToLower(c.text):
		return "", fmt.Errorf("component %s cannot be covered here", c.append(nil))
	}
	values := of.header.Values(c.text)
	if len(values) == 0 {
		return "", fmt.Errorf("the header %s, which is covered, is missing", c.text)
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		if trimmed[i] = strings.Trim(v, " \t"); strings.ContainsAny(v, "\r\n") {
			return "", fmt.Errorf("the header %s has several lines", c.text)
		}
	}
	return strings.Join(trimmed, ", "), nil
}

// base returns the text that is signed (RFC 9421 §2.5).
func (m *message) base(input field) ([]byte, error) {
	base := make([]byte, 0, 512)
	for i, c := range input.list {
		value, err := m.value(c)
		if err != nil {
			return nil, err
		}
		if covers(input.list[:i], c) {
			return nil, fmt.Errorf("component %s is covered twice", c.append(nil))
		}
		base = append(c.append(base), ": "...)
		base = append(append(base, value...), '\n')
	}
	return input.appendValue(append(base, `"@signature-params": `...)), nil
}

// covers reports whether list holds c; there is one parameter at most by now.
func covers(list []item, c item) bool {
	return slices.ContainsFunc(list, func(other item) bool {
		return other.text == c.text && len(other.parameters) == len(c.parameters)
	})
}

// sign adds the headers of a signature that covers parts.
func (s *signer) sign(m *message, parts []item, now time.Time) error {
	input := field{name: signatureLabel, isList: true, list: parts}
	input.add("created", bare{kind: fieldInteger, number: now.Unix()})
	input.add("keyid", bare{text: s.id})
	input.add("nonce", bare{text: rand.Text()})
	input.add("tag", bare{text: signatureTag})
	base, err := m.base(input)
	if err != nil {
		return err
	}
	m.header.Set(inputHeader, input.String())
	signature := field{name: signatureLabel, item: item{bare: bare{kind: fieldBytes, text: string(s.key.sign(base))}}}
	m.header.Set(signatureHeader, signature.String())
	return nil
}

// requestItems are the components of a signed request.
func requestItems() []item {
	return []item{textItem("@method"), textItem("@authority"), textItem("@path"), textItem("@query"), textItem("content-digest")}
}

// answerItems are the components of a signed answer. The signature of the request, if it has one, binds it to that very one.
func answerItems(request *message) []item {
	list := []item{textItem("@status"), textItem("content-digest")}
	for _, name := range [...]string{"@method", "@authority", "@path", "@query", "signature"} {
		if name == "signature" && request.header.Get(signatureHeader) == "" {
			break
		}
		one := textItem(name)
		one.add("req", bare{kind: fieldBoolean, number: 1})
		list = append(list, one)
	}
	return list
}

// signatures are those of a client.
type signatures struct {
	signer   *signer   // nil: requests are not signed
	verifier *verifier // nil: answers are not checked
}

// over returns next with what the options want of signatures.
func (s signatures) over(next http.RoundTripper) http.RoundTripper {
	if s.signer == nil && s.verifier == nil {
		return next
	}
	return &signedTransport{next, s}
}

// signedTransport signs what it sends and checks what it gets. It stands beneath redirects: each request is signed as it is.
type signedTransport struct {
	next http.RoundTripper
	signatures
}

func (t *signedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	m := requestMessage(r, cmp.Or(r.Host, r.URL.Host), r.URL.Scheme == "https") // after a redirect there is no Host
	if t.signer != nil {
		sum, err := bodySum(r)
		if err != nil {
			return nil, err
		}
		r.Header.Set(digestHeader, formatDigest(sum))
		if err := t.signer.sign(m, requestItems(), time.Now()); err != nil {
			return nil, err
		}
	}
	if t.verifier == nil {
		return t.next.RoundTrip(r)
	}
	r.Header.Set("Accept-Encoding", "identity") // else net/http unpacks what the digest is of
	r.Header.Set(acceptHeader, acceptedSignature(answerItems(m)))
	res, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return t.checkAnswer(m, res)
}

// bodySum reads the body of a request by a copy.
func bodySum(r *http.Request) ([]byte, error) {
	sum := sha256.New()
	if r.Body == nil || r.Body == http.NoBody {
		return sum.Sum(nil), nil
	}
	if r.GetBody == nil {
		return nil, errors.New("a body that can be read once cannot be signed")
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(sum, body)
	return sum.Sum(nil), errors.Join(err, body.Close())
}

// checkAnswer reads res to its end. What it returns has been checked.
func (t *signedTransport) checkAnswer(request *message, res *http.Response) (*http.Response, error) {
	defer func() { _ = res.Body.Close() }() // has been read; nothing is left to fail
	m := &message{status: res.StatusCode, header: res.Header, request: request}
	if _, err := t.verifier.check(m, answerItems(request), time.Now()); err != nil {
		return nil, fmt.Errorf("answer %s: %w", res.Status, err)
	}
	told, err := parseDigest(res.Header)
	if err != nil {
		return nil, fmt.Errorf("answer %s: %w", res.Status, err)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxAnswer:
		return nil, failf(http.StatusInsufficientStorage, "the answer exceeds %d bytes", maxAnswer)
	}
	sum := sha256.Sum256(body)
	if err := checkDigest(sum[:], told); err != nil {
		return nil, fmt.Errorf("answer %s: %w", res.Status, err)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// acceptedSignature is the wish for a signature that covers list (RFC 9421 §5.1).
func acceptedSignature(list []item) string {
	f := field{name: signatureLabel, isList: true, list: list}
	for _, name := range [...]string{"created", "keyid", "nonce"} {
		f.add(name, bare{kind: fieldBoolean, number: 1})
	}
	f.add("tag", bare{text: signatureTag})
	return f.String()
}

package wats

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The keys and the request of RFC 9421 appendix B.
const (
	rfcPrivate = "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"
	rfcPublic  = "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="
	rfcSecret  = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
	rfcCreated = 1618884473
)

func rfcRequest() *http.Request {
	r := httptest.NewRequest(http.MethodPost, "https://example.com/foo?param=Value&Pet=dog", strings.NewReader(`{"hello": "world"}`))
	r.Header.Set("Date", "Tue, 20 Apr 2021 02:07:55 GMT")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Length", "18")
	return r
}

func decoded(t testing.TB, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func rfcKeys(t testing.TB) (private, public, shared Key) {
	t.Helper()
	secret, err := x509.ParsePKCS8PrivateKey(decoded(t, rfcPrivate))
	if err != nil {
		t.Fatal(err)
	}
	open, err := x509.ParsePKIXPublicKey(decoded(t, rfcPublic))
	if err != nil {
		t.Fatal(err)
	}
	return Ed25519Key(secret.(ed25519.PrivateKey)), Ed25519PublicKey(open.(ed25519.PublicKey)), HMACKey(decoded(t, rfcSecret))
}

func TestSignaturesOfRFC9421(t *testing.T) {
	private, public, shared := rfcKeys(t)
	for name, c := range map[string]struct {
		input, base, signature string
		signs, checks          Key
	}{
		"B.2.5 hmac-sha256": {
			input: `sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`,
			base: `"date": Tue, 20 Apr 2021 02:07:55 GMT` + "\n" + `"@authority": example.com` + "\n" + `"content-type": application/json` + "\n" +
				`"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`,
			signature: "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=", signs: shared, checks: shared,
		},
		"B.2.6 ed25519": {
			input: `sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`,
			base: `"date": Tue, 20 Apr 2021 02:07:55 GMT` + "\n" + `"@method": POST` + "\n" + `"@path": /foo` + "\n" + `"@authority": example.com` + "\n" +
				`"content-type": application/json` + "\n" + `"content-length": 18` + "\n" +
				`"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`,
			signature: "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==", signs: private, checks: public,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := rfcRequest()
			m := requestMessage(r, r.Host, true)
			input, err := parseFields([]string{c.input})
			if err != nil {
				t.Fatal(err)
			}
			base, err := m.base(input[0])
			if err != nil || string(base) != c.base {
				t.Fatalf("base = %v\n%s\nwant\n%s", err, base, c.base)
			}
			if got := base64.StdEncoding.EncodeToString(c.signs.sign(base)); got != c.signature {
				t.Errorf("signature = %s, want %s", got, c.signature)
			}
			if !c.checks.verify(base, decoded(t, c.signature)) {
				t.Error("the signature of the RFC is not accepted")
			}
			if base[0]++; c.checks.verify(base, decoded(t, c.signature)) {
				t.Error("the signature is accepted for another text")
			}
		})
	}
}

func TestDigestOfRFC9530(t *testing.T) {
	sum := decoded(t, "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=") // of {"hello": "world"}
	const want = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
	if got := formatDigest(sum); got != want {
		t.Errorf("formatDigest = %s, want %s", got, want)
	}
	for text, good := range map[string]bool{
		want: true, "sha-512=:AAAA:, " + want: true, "sha-256=:AAAA:": false, "sha-512=:AAAA:": false, "": false, "sha-256": false, "sha-256=(1)": false, "x": false,
	} {
		got, err := parseDigest(http.Header{digestHeader: {text}})
		if good != (err == nil) || good && string(got) != string(sum) {
			t.Errorf("parseDigest(%s) = %x, %v, want it read: %t", text, got, err, good)
		}
	}
}

func TestComponents(t *testing.T) {
	request := func(method, address, host string) *message {
		r, err := http.NewRequest(method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"X-Two": {" a ", "b"}, "X-Lines": {"a\r\n b"}, "X-Empty": {""}}
		return requestMessage(r, host, strings.HasPrefix(address, "https:"))
	}
	plain := request("GET", "http://plant.example", "Plant.Example:80")
	full := request("PUT", "https://plant.example:8443/a%2Fb%20c?x=%20&y", "plant.example:8443")
	result := &message{status: 201, header: http.Header{"X-Own": {"1"}}, request: full}
	for _, c := range []struct {
		m          *message
		name, want string // want "": refused
	}{
		{plain, `"@method"`, "GET"}, {plain, `"@authority"`, "plant.example"}, {plain, `"@path"`, "/"}, {plain, `"@query"`, "?"},
		{full, `"@path"`, "/a%2Fb%20c"}, {full, `"@query"`, "?x=%20&y"}, {full, `"@authority"`, "plant.example:8443"},
		{plain, `"x-two"`, "a, b"}, {plain, `"x-empty"`, " "}, {plain, `"x-lines"`, ""}, {plain, `"x-none"`, ""}, {plain, `"X-Two"`, ""},
		{plain, `"@status"`, ""}, {plain, `"@signature-params"`, ""}, {plain, `"@query-param";name="x"`, ""}, {plain, `"@method";req`, ""},
		{plain, `"x-two";sf`, ""}, {plain, `"x-two";bs`, ""}, {plain, `method`, ""}, {plain, `1`, ""},
		{result, `"@status"`, "201"}, {result, `"@method"`, ""}, {result, `"@method";req`, "PUT"}, {result, `"@status";req`, ""},
		{result, `"x-own"`, "1"}, {result, `"x-own";req`, ""}, {result, `"x-two";req`, "a, b"}, {result, `"@method";req=?0`, ""}, {result, `"@method";req;req`, ""},
	} {
		input, err := parseFields([]string{"s=(" + c.name + ")"})
		if err != nil {
			if c.want != "" {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		got, err := c.m.value(input[0].list[0])
		if got != strings.TrimSpace(c.want) || (err == nil) != (c.want != "") {
			t.Errorf("value of %s = %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

// signed returns a request whose signature has the input that is given, by the shared key of the RFC.
func signed(t testing.TB, input string) *http.Request {
	t.Helper()
	_, _, shared := rfcKeys(t)
	r := rfcRequest()
	r.Header.Set(digestHeader, "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:")
	r.Header.Set(inputHeader, input)
	fields, err := parseFields([]string{input})
	if err != nil {
		return r
	}
	for _, f := range fields {
		base, _ := requestMessage(r, r.Host, true).base(f) // what has none is refused before it matters
		sum := field{name: f.name, item: item{bare: bare{kind: fieldBytes, text: string(shared.sign(base))}}}
		r.Header.Add(signatureHeader, sum.String())
	}
	return r
}

const (
	allParts  = `"@method" "@authority" "@path" "@query" "content-digest"`
	allParams = `;created=1618884473;keyid="test-shared-secret";nonce="n";tag="gowats"`
)

func rfcGuard(t testing.TB) http.Handler {
	_, _, shared := rfcKeys(t)
	keys := func(id string) (Key, bool) { return shared, id == "test-shared-secret" }
	opt := VerifyOptions{Now: func() time.Time { return time.Unix(rfcCreated, 0) }}
	return VerifyRequests(keys, opt)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
}

func TestVerifyRequestsReadsSignatures(t *testing.T) {
	for name, c := range map[string]struct {
		input string
		want  string // "": taken
	}{
		"as the client writes it":             {`wats=(` + allParts + `)` + allParams, ""},
		"in another order, of another name":   {`x=("content-digest" "date" "@query" "@path" "@authority" "@method")` + allParams, ""},
		"with the right algorithm":            {`wats=(` + allParts + `)` + allParams + `;alg="hmac-sha256"`, ""},
		"beside one of somebody else":         {`proxy=("date");tag="other", wats=(` + allParts + `)` + allParams, ""},
		"not yet expired":                     {`wats=(` + allParts + `)` + allParams + `;expires=1618884473`, ""},
		"none":                                {``, "missing"},
		"of another tag":                      {`wats=(` + allParts + `);created=1618884473;keyid="test-shared-secret";nonce="n";tag="other"`, "missing"},
		"without tag":                         {`wats=(` + allParts + `);created=1618884473;keyid="test-shared-secret";nonce="n"`, "missing"},
		"that is no list":                     {`wats="x";tag="gowats"`, "missing"},
		"that cannot be read":                 {`wats=(`, "Signature-Input at byte"},
		"two of the tag":                      {`a=(` + allParts + `)` + allParams + `, b=(` + allParts + `)` + allParams, "there are 2 signatures"},
		"that leaves out the method":          {`wats=("@authority" "@path" "@query" "content-digest")` + allParams, `does not cover "@method"`},
		"that leaves out the digest":          {`wats=("@method" "@authority" "@path" "@query")` + allParams, `does not cover "content-digest"`},
		"that covers the path as another":     {`wats=("@method" "@authority" "@path";req "@query" "content-digest")` + allParams, `does not cover "@path"`},
		"that covers what is not understood":  {`wats=(` + allParts + ` "@target-uri")` + allParams, "cannot be covered"},
		"that covers a part twice":            {`wats=(` + allParts + ` "@path")` + allParams, "covered twice"},
		"that covers a header that is absent": {`wats=(` + allParts + ` "x-none")` + allParams, "x-none"},
		"without time":                        {`wats=(` + allParts + `);keyid="test-shared-secret";nonce="n";tag="gowats"`, "lacks created or keyid"},
		"whose time is a text":                {`wats=(` + allParts + `);created="now";keyid="test-shared-secret";nonce="n";tag="gowats"`, "lacks created or keyid"},
		"without key":                         {`wats=(` + allParts + `);created=1618884473;nonce="n";tag="gowats"`, "lacks created or keyid"},
		"without nonce":                       {`wats=(` + allParts + `);created=1618884473;keyid="test-shared-secret";tag="gowats"`, "lacks a nonce"},
		"by a key that is not known":          {`wats=(` + allParts + `);created=1618884473;keyid="other";nonce="n";tag="gowats"`, "not known"},
		"with another algorithm":              {`wats=(` + allParts + `)` + allParams + `;alg="ed25519"`, "not that of its key"},
		"that has expired":                    {`wats=(` + allParts + `)` + allParams + `;expires=1618884472`, "has expired"},
		"of two minutes ago":                  {`wats=(` + allParts + `);created=1618884353;keyid="test-shared-secret";nonce="n";tag="gowats"`, ""},
		"of more than two minutes ago":        {`wats=(` + allParts + `);created=1618884352;keyid="test-shared-secret";nonce="n";tag="gowats"`, "not of now"},
		"of more than two minutes ahead":      {`wats=(` + allParts + `);created=1618884594;keyid="test-shared-secret";nonce="n";tag="gowats"`, "not of now"},
		"of the end of time":                  {`wats=(` + allParts + `);created=999999999999999;keyid="test-shared-secret";nonce="n";tag="gowats"`, "not of now"},
		"of before all time":                  {`wats=(` + allParts + `);created=-999999999999999;keyid="test-shared-secret";nonce="n";tag="gowats"`, "not of now"},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			rfcGuard(t).ServeHTTP(w, signed(t, c.input))
			got := w.Body.String()
			if c.want == "" && w.Code != http.StatusNoContent || c.want != "" && (w.Code != 401 && w.Code != 400 || !strings.Contains(strings.ReplaceAll(got, `\"`, `"`), c.want)) {
				t.Errorf("a signature %s is answered %d %s, want %q", c.input, w.Code, got, c.want)
			}
		})
	}
}

func TestNonces(t *testing.T) {
	n := nonces{most: 3, span: 10 * time.Second}
	began := time.Unix(1e9, 0)
	for i, c := range []struct {
		after time.Duration
		nonce string
		want  int // 0: taken
	}{
		{0, "a", 0}, {0, "a", 401}, {time.Second, "b", 0}, {9 * time.Second, "a", 401},
		{9 * time.Second, "c", 0}, {9 * time.Second, "d", 503},
		{10 * time.Second, "d", 0}, {19 * time.Second, "a", 401}, {19 * time.Second, "c", 401}, // a turn: what is old still counts
		{20 * time.Second, "a", 0}, {20 * time.Second, "d", 401}, // two turns
		{60 * time.Second, "d", 0}, {60 * time.Second, "a", 0},
	} {
		err := n.add(signature{"key", c.nonce}, began.Add(c.after))
		e, refused := errors.AsType[*signatureError](err)
		if refused != (c.want != 0) || refused && e.status != c.want {
			t.Errorf("step %d, %q after %v: %v, want status %d", i, c.nonce, c.after, err, c.want)
		}
	}
	if err := n.add(signature{"other key", "a"}, began.Add(time.Minute)); err != nil {
		t.Errorf("the nonce of another key: %v", err)
	}
}

// FuzzVerifyRequests: whatever the headers of a signature are, no request comes through that was not signed.
func FuzzVerifyRequests(f *testing.F) {
	f.Add(`wats=(`+allParts+`)`+allParams, `wats=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:`, `sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:`)
	f.Add(`a=();tag="gowats"`, `a=::`, ``)
	f.Add(`a=("@method";req "date");created=1;keyid="k";tag="gowats", b=1`, `a=:AA==:, b=?0`, `sha-512=::`)
	guard := rfcGuard(f)
	f.Fuzz(func(t *testing.T, input, sum, digest string) {
		r := rfcRequest()
		r.Header[inputHeader], r.Header[signatureHeader], r.Header[digestHeader] = []string{input}, []string{sum}, []string{digest}
		w := httptest.NewRecorder()
		guard.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized && w.Code != http.StatusBadRequest {
			t.Errorf("Signature-Input %q, Signature %q, Content-Digest %q: answered %d", input, sum, digest, w.Code)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	private, _, shared := rfcKeys(b)
	for name, key := range map[string]Key{"ed25519": private, "hmac-sha256": shared} {
		for _, size := range []int{1 << 10, 100 << 10} {
			b.Run(fmt.Sprintf("%s/%dKiB", name, size>>10), func(b *testing.B) {
				body := strings.Repeat("x", size)
				t := signatures{signer: &signer{"station-7", key}}.over(nowhere{})
				b.ReportAllocs()
				for b.Loop() {
					r, err := http.NewRequest(http.MethodPost, "https://plant.example/api/Report/WSJF", strings.NewReader(body))
					if err != nil {
						b.Fatal(err)
					}
					if _, err := t.RoundTrip(r); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// nowhere is a transport that does nothing.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{Body: http.NoBody}, nil
}

func BenchmarkVerify(b *testing.B) {
	private, public, shared := rfcKeys(b)
	for name, keys := range map[string][2]Key{"ed25519": {private, public}, "hmac-sha256": {shared, shared}} {
		b.Run(name, func(b *testing.B) {
			r := rfcRequest()
			m := requestMessage(r, r.Host, true)
			r.Header.Set(digestHeader, "sha-256=::")
			s := signer{"station-7", keys[0]}
			now := time.Now()
			if err := s.sign(m, requestItems(), now); err != nil {
				b.Fatal(err)
			}
			v := verifier{keys: func(string) (Key, bool) { return keys[1], true }, skew: defaultSkew}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.check(m, requestItems(), now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

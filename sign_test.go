package wats_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// keyOf returns the Ed25519 key of a station or a server, the same each time.
func keyOf(name string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(fmt.Sprintf("%-32.32s", name)))
}

// knownKeys knows the stations ict-07 (Ed25519) and ict-08 (a shared secret), and the server.
func knownKeys(id string) (wats.Key, bool) {
	switch id {
	case "ict-07", "server":
		return wats.Ed25519PublicKey(keyOf(id).Public().(ed25519.PublicKey)), true
	case "ict-08":
		return wats.HMACKey(keyOf(id)), true
	}
	return wats.Key{}, false
}

var signing = wats.WithSigner("ict-07", wats.Ed25519Key(keyOf("ict-07")))

// on is a transport that changes requests on their way, or answers on theirs.
type on struct {
	request func(*http.Request)
	answer  func(*http.Response)
}

func (o on) RoundTrip(r *http.Request) (*http.Response, error) {
	if o.request != nil {
		o.request(r)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && o.answer != nil {
		o.answer(res)
	}
	return res, err
}

func setBody(text string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	}
}

func TestSignedRequests(t *testing.T) {
	const document = `{"id":"x"}`
	for name, c := range map[string]struct {
		signer wats.Option // nil: none
		change func(*http.Request)
		opt    wats.VerifyOptions
		want   string // "": taken
	}{
		"by Ed25519":                    {signer: signing},
		"by a shared secret":            {signer: wats.WithSigner("ict-08", wats.HMACKey(keyOf("ict-08")))},
		"compared while the body flows": {signer: signing, opt: wats.VerifyOptions{Buffer: 4}},
		"with a clock a minute behind":  {signer: signing, opt: wats.VerifyOptions{Now: func() time.Time { return time.Now().Add(time.Minute) }}},
		"with a clock a minute ahead":   {signer: signing, opt: wats.VerifyOptions{Now: func() time.Time { return time.Now().Add(-time.Minute) }}},
		"a header that is not covered":  {signer: signing, change: func(r *http.Request) { r.Header.Set("User-Agent", "x") }},

		"not signed":                  {want: "401 Unauthorized: a signature with the tag gowats is missing"},
		"an unknown key":              {signer: wats.WithSigner("ict-09", wats.Ed25519Key(keyOf("ict-07"))), want: "not known"},
		"the key of another":          {signer: wats.WithSigner("ict-07", wats.Ed25519Key(keyOf("ict-09"))), want: "signature is wrong"},
		"another kind of key":         {signer: wats.WithSigner("ict-07", wats.HMACKey(keyOf("ict-07").Public().(ed25519.PublicKey))), want: "signature is wrong"},
		"with a clock far behind":     {signer: signing, opt: wats.VerifyOptions{Now: func() time.Time { return time.Now().Add(3 * time.Minute) }}, want: "not of now"},
		"with a clock far ahead":      {signer: signing, opt: wats.VerifyOptions{Now: func() time.Time { return time.Now().Add(-3 * time.Minute) }}, want: "not of now"},
		"another method":              {signer: signing, change: func(r *http.Request) { r.Method = http.MethodPut }, want: "signature is wrong"},
		"another path":                {signer: signing, change: func(r *http.Request) { r.URL.Path = "/api/Report/WSXF" }, want: "signature is wrong"},
		"a path written otherwise":    {signer: signing, change: func(r *http.Request) { r.URL.RawPath = "/api/Report/%57SJF" }, want: "signature is wrong"},
		"another query":               {signer: signing, change: func(r *http.Request) { r.URL.RawQuery = "x=1" }, want: "signature is wrong"},
		"another host":                {signer: signing, change: func(r *http.Request) { r.Host = "other.example" }, want: "signature is wrong"},
		"asked of another server":     {signer: signing, opt: wats.VerifyOptions{Authority: "plant.example"}, want: "signature is wrong"},
		"another body":                {signer: signing, change: setBody(`{"id":"y"}`), want: "400 Bad Request: the body does not match"},
		"a longer body":               {signer: signing, change: setBody(document + " "), want: "does not match"},
		"no body":                     {signer: signing, change: setBody(""), want: "does not match"},
		"another body while it flows": {signer: signing, change: setBody(`{"id":"y"}`), opt: wats.VerifyOptions{Buffer: 4}, want: "read: the body does not match"},
		"another digest": {
			signer: signing, want: "signature is wrong",
			change: func(r *http.Request) {
				r.Header.Set("Content-Digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:")
				setBody(`{"hello": "world"}`)(r)
			},
		},
		"another time": {
			signer: signing, want: "signature is wrong",
			change: func(r *http.Request) {
				r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), "created=", "created=0", 1)+`;x=1`)
			},
		},
		"another nonce": {
			signer: signing, want: "signature is wrong",
			change: func(r *http.Request) {
				r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), `nonce="`, `nonce="A`, 1))
			},
		},
		"no digest":    {signer: signing, change: func(r *http.Request) { r.Header.Del("Content-Digest") }, want: "content-digest"},
		"no signature": {signer: signing, change: func(r *http.Request) { r.Header.Del("Signature") }, want: "missing"},
		"a signature that is cut": {
			signer: signing, want: "401", change: func(r *http.Request) { r.Header.Set("Signature", "wats=:AAAA:") },
		},
		"no input": {signer: signing, change: func(r *http.Request) { r.Header.Del("Signature-Input") }, want: "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			var taken atomic.Int64
			server := httptest.NewServer(wats.VerifyRequests(knownKeys, c.opt)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					w.WriteHeader(http.StatusBadRequest)
					fmt.Fprintf(w, "read: %v", err)
					return
				}
				if string(body) != document {
					t.Errorf("the handler got %q", body)
				}
				taken.Add(1)
			})))
			t.Cleanup(server.Close)
			opts := []wats.Option{wats.WithTransport(on{request: c.change}), fast}
			if c.signer != nil {
				opts = append(opts, c.signer)
			}
			_, err := newClient(t, server.URL, opts...).Report.SubmitWSJF(t.Context(), report.NewID(), []byte(document))
			switch {
			case c.want == "":
				if err != nil || taken.Load() != 1 {
					t.Errorf("SubmitWSJF = %v, taken %d times, want once", err, taken.Load())
				}
			case err == nil, !strings.Contains(err.Error(), c.want), taken.Load() != 0:
				t.Errorf("SubmitWSJF = %v, taken %d times, want refused with %q", err, taken.Load(), c.want)
			}
		})
	}
}

func TestVerifyRequestsWithoutKeysTakesNone(t *testing.T) {
	server := httptest.NewServer(wats.VerifyRequests(nil, wats.VerifyOptions{})(answer(200, `"1.0"`)))
	t.Cleanup(server.Close)
	_, err := newClient(t, server.URL, signing).Version(t.Context())
	if e, ok := errors.AsType[*wats.APIError](err); !ok || e.Status != http.StatusUnauthorized {
		t.Errorf("Version() = %v, want 401", err)
	}
}

func TestRequestsAreTakenOnce(t *testing.T) {
	var log bytes.Buffer
	guard := wats.VerifyRequests(knownKeys, wats.VerifyOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	var first *http.Request
	client := newClient(t, "http://plant.example", signing, wats.WithTransport(direct(func(w http.ResponseWriter, r *http.Request) {
		if first == nil {
			first = r
		}
		guard(answer(200, `"1.0"`)).ServeHTTP(w, r)
	})))
	for range 2 {
		if _, err := client.Version(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w := httptest.NewRecorder()
	guard(answer(200, "")).ServeHTTP(w, first)
	if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "used before") {
		t.Errorf("the same request again: %d %s, want 401", w.Code, w.Body)
	}
	if want := `accept-signature`; w.Header().Get(want) == "" {
		t.Errorf("the refusal does not say what is wanted: %v", w.Header())
	}
	if !strings.Contains(log.String(), `err="the signature was used before"`) || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("log = %s, want one line about the refusal", &log)
	}
}

func TestServerWithoutRoomForNoncesAsksToWait(t *testing.T) {
	server := httptest.NewServer(wats.VerifyRequests(knownKeys, wats.VerifyOptions{MaxNonces: 2})(answer(200, `"1.0"`)))
	t.Cleanup(server.Close)
	client := newClient(t, server.URL, signing, once)
	for range 2 {
		if _, err := client.Version(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	_, err := client.Version(t.Context())
	if e, ok := errors.AsType[*wats.APIError](err); !ok || e.Status != http.StatusServiceUnavailable || e.RetryAfter != 121*time.Second {
		t.Errorf("the third request: %v, want 503 with Retry-After", err)
	}
}

func TestSignedRepetitionsAndRedirectsAreSignedAnew(t *testing.T) {
	var tries atomic.Int64
	server := httptest.NewServer(wats.VerifyRequests(knownKeys, wats.VerifyOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case tries.Add(1) < 3:
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path != "/new":
			http.Redirect(w, r, "/new?a=b", http.StatusTemporaryRedirect)
		}
	})))
	t.Cleanup(server.Close)
	if _, err := newClient(t, server.URL, signing, fast).Report.SubmitWSJF(t.Context(), report.NewID(), []byte("{}")); err != nil || tries.Load() != 4 {
		t.Errorf("SubmitWSJF = %v after %d requests, want success after 4", err, tries.Load())
	}
}

func TestBulkCallsAreSigned(t *testing.T) {
	signs, err := wats.SignAnswers("server", wats.Ed25519Key(keyOf("server")), "")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(signs(wats.VerifyRequests(knownKeys, wats.VerifyOptions{})(answer(200, ""))))
	t.Cleanup(server.Close)
	client := newClient(t, server.URL, signing, wats.WithVerifier(knownKeys, 0))
	reports := slices.Values([]*report.Report{testReport("SN-1"), testReport("SN-2")})
	for result := range client.Report.SubmitAll(t.Context(), reports) {
		if result.Err != nil {
			t.Error(result.Err)
		}
	}
	stranger := newClient(t, server.URL, signing, wats.WithVerifier(func(string) (wats.Key, bool) { return wats.Key{}, false }, 0))
	for result := range stranger.Report.SubmitAll(t.Context(), reports) {
		if !errors.Is(result.Err, wats.ErrUntrusted) {
			t.Errorf("answers by a key not known: %v, want ErrUntrusted", result.Err)
		}
	}
}

func TestManySignedRequestsAtOnce(t *testing.T) {
	for _, name := range []string{"plain", "compressed"} {
		t.Run(name, func(t *testing.T) {
			signs, err := wats.SignAnswers("server", wats.Ed25519Key(keyOf("server")), "")
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(signs(wats.VerifyRequests(knownKeys, wats.VerifyOptions{Buffer: 1000})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if name == "compressed" {
					w.Header().Set("Accept-Encoding", "gzip")
				}
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					w.WriteHeader(http.StatusBadRequest)
				}
			}))))
			t.Cleanup(server.Close)
			client := newClient(t, server.URL, signing, wats.WithVerifier(knownKeys, 0), once)
			var wg sync.WaitGroup
			for i := range 100 {
				wg.Go(func() {
					document := bytes.Repeat([]byte{byte('a' + i%26), byte(i)}, 30*i)
					if _, err := client.Report.SubmitWSJF(t.Context(), report.NewID(), document); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestSignedAnswers(t *testing.T) {
	const version = `"1.0"`
	var kept *http.Response // the answer to another request
	keep := func(res *http.Response) {
		if kept == nil {
			kept = res
			return
		}
		res.Header = kept.Header
	}
	for name, c := range map[string]struct {
		keyID   string
		key     wats.Key
		opts    []wats.Option // default: the request is signed, too
		handler http.HandlerFunc
		change  func(*http.Response)
		again   bool // the second request counts
		want    string
	}{
		"to a signed request": {opts: []wats.Option{signing}},
		"to one that is not":  {},
		"of many writes": {handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200)
			io.WriteString(w, `"1`)
			http.NewResponseController(w).Flush()
			io.WriteString(w, `.0"`)
		}},
		"a header not covered":   {change: func(res *http.Response) { res.Header.Set("Server", "x") }},
		"by a key not known":     {keyID: "other", want: "not known"},
		"by another key":         {key: wats.Ed25519Key(keyOf("other")), want: "signature is wrong"},
		"with another body":      {change: func(res *http.Response) { res.Body = io.NopCloser(strings.NewReader(`"2.0"`)) }, want: "body does not match"},
		"with a body cut short":  {change: func(res *http.Response) { res.Body = io.NopCloser(strings.NewReader(`"1.`)) }, want: "body does not match"},
		"with another status":    {change: func(res *http.Response) { res.StatusCode = 201 }, want: "signature is wrong"},
		"a failure made success": {handler: answer(500, version), change: func(res *http.Response) { res.StatusCode = 200 }, want: "signature is wrong"},
		"without digest":         {change: func(res *http.Response) { res.Header.Del("Content-Digest") }, want: "content-digest"},
		"without signature":      {change: func(res *http.Response) { res.Header.Del("Signature") }, want: "missing"},
		"of a proxy": {change: func(res *http.Response) {
			res.StatusCode = 502
			res.Status = "502 Bad Gateway"
			res.Header = http.Header{}
		}, want: "answer 502 Bad Gateway: a signature with the tag gowats is missing"},
		"to another request": {opts: []wats.Option{signing}, change: keep, again: true, want: "signature is wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			keyID, key, handler := "server", wats.Ed25519Key(keyOf("server")), answer(200, version)
			if c.keyID != "" {
				keyID = c.keyID
			}
			if fmt.Sprint(c.key) != fmt.Sprint(wats.Key{}) {
				key = c.key
			}
			if c.handler != nil {
				handler = c.handler
			}
			signs, err := wats.SignAnswers(keyID, key, "")
			if err != nil {
				t.Fatal(err)
			}
			var got requestLog
			server := httptest.NewServer(signs(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got.add(r); handler(w, r) })))
			t.Cleanup(server.Close)
			client := newClient(t, server.URL, append(c.opts, wats.WithVerifier(knownKeys, 0), wats.WithTransport(on{answer: c.change}), fast)...)
			if c.again {
				if _, err := client.Version(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			version, err := client.Version(t.Context())
			if c.want == "" {
				if err != nil || version != "1.0" {
					t.Errorf("Version() = %q, %v", version, err)
				}
				return
			}
			checkErrors(t, err, []error{wats.ErrUntrusted, wats.ErrOffline}, []error{wats.ErrServer})
			if e, ok := errors.AsType[*wats.TransportError](err); !ok || e.Attempts != 1 || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Version() = %v, want a TransportError about %q after one attempt", err, c.want)
			}
		})
	}
}

func TestSignedFailuresStayWhatTheyAre(t *testing.T) {
	signs, err := wats.SignAnswers("server", wats.HMACKey(keyOf("ict-08")), "")
	if err != nil {
		t.Fatal(err)
	}
	keys := func(string) (wats.Key, bool) { return wats.HMACKey(keyOf("ict-08")), true }
	server := httptest.NewServer(signs(wats.VerifyRequests(knownKeys, wats.VerifyOptions{})(answer(404, `{"Message":"no such thing"}`))))
	t.Cleanup(server.Close)
	for want, opts := range map[error][]wats.Option{
		wats.ErrNotFound:     {signing, wats.WithVerifier(keys, time.Minute)},
		wats.ErrUnauthorized: {wats.WithVerifier(keys, time.Minute)}, // the refusal of VerifyRequests is signed, too
	} {
		if _, err := newClient(t, server.URL, opts...).Version(t.Context()); !errors.Is(err, want) {
			t.Errorf("Version() = %v, want %v", err, want)
		}
	}
}

func TestAnswersAreSignedForWhoAsks(t *testing.T) {
	signs, err := wats.SignAnswers("server", wats.Ed25519Key(keyOf("server")), "")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		method, asks string
		handler      http.HandlerFunc
		status       int
		body, digest string
	}{
		"nobody asks": {"GET", "", answer(201, "x"), 201, "x", ""},
		"HEAD":        {"HEAD", "sig=()", answer(200, "x"), 200, "", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"},
		"no content":  {"GET", "sig=()", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, 204, "", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"},
		"nothing":     {"GET", "sig=()", func(http.ResponseWriter, *http.Request) {}, 200, "", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"},
		"two statuses": {"GET", "sig=()", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); w.WriteHeader(200) }, 404, "",
			"sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "/x", nil)
			r.Header.Set("Accept-Signature", c.asks)
			w := httptest.NewRecorder()
			signs(c.handler).ServeHTTP(w, r)
			if w.Code != c.status || w.Body.String() != c.body || w.Header().Get("Content-Digest") != c.digest || (w.Header().Get("Signature") == "") != (c.digest == "") {
				t.Errorf("answered %d %q %v", w.Code, w.Body, w.Header())
			}
		})
	}
}

func TestAnswerTooLargeToBeSigned(t *testing.T) {
	signs, err := wats.SignAnswers("server", wats.Ed25519Key(keyOf("server")), "")
	if err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 1<<20)
	var wrote int
	server := httptest.NewServer(signs(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000000000")
		for wrote = 0; wrote < 1000; wrote++ {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	})))
	t.Cleanup(server.Close)
	_, err = newClient(t, server.URL, wats.WithVerifier(knownKeys, 0), once).Version(t.Context())
	if e, ok := errors.AsType[*wats.APIError](err); !ok || e.Status != http.StatusInternalServerError || !strings.Contains(e.Message, "too large") || wrote != 64 {
		t.Errorf("Version() = %v after %d MiB, want a signed 500 after 64", err, wrote)
	}
}

func TestSigningOptionsThatCannotHold(t *testing.T) {
	for name, c := range map[string]struct {
		opt  wats.Option
		want string
	}{
		"no key ID":             {wats.WithSigner("", wats.Ed25519Key(keyOf("a"))), "key ID"},
		"a key ID of two lines": {wats.WithSigner("a\nb", wats.Ed25519Key(keyOf("a"))), "key ID"},
		"a long key ID":         {wats.WithSigner(strings.Repeat("a", 101), wats.Ed25519Key(keyOf("a"))), "key ID"},
		"no key":                {wats.WithSigner("a", wats.Key{}), "missing"},
		"a public key":          {wats.WithSigner("a", wats.Ed25519PublicKey(make([]byte, 32))), "public key"},
		"a short private key":   {wats.WithSigner("a", wats.Ed25519Key(make([]byte, 32))), "has 64 bytes, not 32"},
		"a long public key":     {wats.WithSigner("a", wats.Ed25519PublicKey(make([]byte, 33))), "has 32 bytes, not 33"},
		"a short secret":        {wats.WithSigner("a", wats.HMACKey([]byte("hunter2"))), "at least 32 bytes, not 7"},
		"no keys":               {wats.WithVerifier(nil, 0), "nil"},
		"a negative skew":       {wats.WithVerifier(knownKeys, -1), "skew"},
		"a skew beyond sense":   {wats.WithVerifier(knownKeys, 2*time.Hour), "skew"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := wats.NewClient("https://plant.example", c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("NewClient = %v, want an error about %q", err, c.want)
			}
		})
	}
	if _, err := wats.SignAnswers("", wats.Key{}, ""); err == nil {
		t.Error("SignAnswers without key: no error")
	}
}

func TestSignedOverHTTP2(t *testing.T) {
	plant := newAuthority(t)
	signs, err := wats.SignAnswers("server", wats.Ed25519Key(keyOf("server")), "")
	if err != nil {
		t.Fatal(err)
	}
	server := plant.serveTLS(t, &tls.Config{}, nil)
	server.Config.Handler = signs(wats.VerifyRequests(knownKeys, wats.VerifyOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(200, `"`+r.Proto+`"`)(w, r)
	})))
	got, err := newClient(t, server.URL+"/folder", wats.WithCA(plant.pem()), signing, wats.WithVerifier(knownKeys, 0)).Version(t.Context())
	if err != nil || got != "HTTP/2.0" {
		t.Errorf("Version() = %q, %v", got, err)
	}
}

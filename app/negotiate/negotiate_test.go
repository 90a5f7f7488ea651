package negotiate_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/negotiate"
)

// plant is a server that knows who is at the other end of a connection, as IIS does with NTLM: after two steps on one connection every
// request on it is that user's.
type plant struct {
	*httptest.Server
	scheme string
	offer  []string // headers WWW-Authenticate of an answer 401

	mu     sync.Mutex
	nonces map[string]string // by the client's address; "" when signed in
	seen   []string          // Authorization of every request
	bodies []string          // of requests that were let in
}

func (p *plant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	authorization := r.Header.Get("Authorization")
	p.seen = append(p.seen, authorization)
	nonce, met := p.nonces[r.RemoteAddr]
	token, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(authorization, p.scheme+" "))
	switch {
	case authorization == "" && met && nonce == "":
	case string(token) == "hello HTTP/127.0.0.1":
		p.nonces[r.RemoteAddr] = fmt.Sprintf("nonce of %s", r.RemoteAddr)
		p.refuse(w, p.scheme+" "+base64.StdEncoding.EncodeToString([]byte(p.nonces[r.RemoteAddr])))
		return
	case nonce != "" && string(token) == "the answer to "+nonce:
		p.nonces[r.RemoteAddr] = ""
		w.Header().Set("WWW-Authenticate", p.scheme+" "+base64.StdEncoding.EncodeToString([]byte("welcome")))
	default:
		p.refuse(w, p.offer...)
		return
	}
	p.bodies = append(p.bodies, string(body))
	_, _ = io.WriteString(w, `"26.1"`)
}

func (p *plant) refuse(w http.ResponseWriter, offers ...string) {
	for _, offer := range offers {
		w.Header().Add("WWW-Authenticate", offer)
	}
	http.Error(w, strings.Repeat("sign in first ", 1000), http.StatusUnauthorized)
}

func startPlant(t *testing.T, scheme string, offer ...string) *plant {
	t.Helper()
	p := &plant{scheme: scheme, offer: offer, nonces: map[string]string{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// answerNonce is a system as Kerberos is: it looks at the server's last token too.
func answerNonce(_, service string, challenge []byte) (bool, []byte, error) {
	switch text := string(challenge); {
	case challenge == nil:
		return false, []byte("hello " + service), nil
	case text == "welcome":
		return true, nil, nil
	case strings.HasPrefix(text, "nonce"):
		return false, []byte("the answer to " + text), nil
	}
	return false, nil, fmt.Errorf("unknown challenge of %d bytes", len(challenge))
}

// answerOnce is a system as NTLM is: it is done with its second token.
func answerOnce(scheme, service string, challenge []byte) (bool, []byte, error) {
	if string(challenge) == "welcome" {
		return false, nil, errors.New("asked again after it was done")
	}
	_, token, err := answerNonce(scheme, service, challenge)
	return challenge != nil, token, err
}

func newTransport(t *testing.T, address string, step negotiate.Step) *negotiate.Transport {
	t.Helper()
	var open atomic.Int64
	transport, err := negotiate.NewWith(address, nil, step, open.Add)
	if err != nil {
		t.Fatalf("New(%s): %v", address, err)
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if n := open.Load(); n != 0 {
			t.Errorf("%d sign-ins were not ended", n)
		}
	})
	return transport
}

// send returns the status and the body of the answer.
func send(t *testing.T, transport http.RoundTripper, method, address, body string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := transport.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

func TestAConnectionIsSignedInOnce(t *testing.T) {
	p := startPlant(t, "Negotiate", "Negotiate", "NTLM")
	transport := newTransport(t, p.URL, answerNonce)
	for i := range 3 * negotiate.Lanes {
		body := fmt.Sprint("report ", i)
		if status, text, err := send(t, transport, "POST", p.URL+"/api/Report/WSJF", body); err != nil || status != 200 {
			t.Fatalf("request %d: %d %q, %v, want 200", i, status, text, err)
		}
		if got := p.bodies[len(p.bodies)-1]; got != body {
			t.Errorf("request %d: the server let in %q, want %q", i, got, body)
		}
	}
	if got, want := len(p.seen), 5*negotiate.Lanes; got != want {
		t.Errorf("%d requests for %d on %d connections, want %d: three for the first of each", got, 3*negotiate.Lanes, negotiate.Lanes, want)
	}
}

func TestManyGoroutinesDoNotMixTheirConnections(t *testing.T) {
	p := startPlant(t, "NTLM", `Basic realm="a, b", NTLM`)
	transport := newTransport(t, p.URL, answerOnce)
	client, err := wats.NewClient(p.URL, wats.WithTransport(transport), wats.WithoutRateLimit())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if version, err := client.Version(t.Context()); err != nil || version != "26.1" {
				t.Errorf("Version = %q, %v, want 26.1", version, err)
			}
		})
	}
	wg.Wait()
	if len(p.nonces) > negotiate.Lanes {
		t.Errorf("%d connections, want %d at most", len(p.nonces), negotiate.Lanes)
	}
}

func TestTLSWithoutHTTP2(t *testing.T) {
	p := &plant{scheme: "Negotiate", offer: []string{"Negotiate"}, nonces: map[string]string{}}
	p.Server = httptest.NewUnstartedServer(p)
	p.EnableHTTP2 = true
	p.StartTLS()
	t.Cleanup(p.Close)
	base := p.Client().Transport.(*http.Transport)
	if answer, err := p.Client().Get(p.URL); err != nil || answer.ProtoMajor != 2 { // base has spoken HTTP/2
		t.Fatalf("GET by the server's own client: %v, want HTTP/2", err)
	}
	transport, err := negotiate.NewWith(p.URL, base, answerNonce, new(atomic.Int64).Add)
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	if status, text, err := send(t, transport, "GET", p.URL, ""); err != nil || status != 200 {
		t.Errorf("GET = %d %q, %v, want 200", status, text, err)
	}
}

func TestNobodyElseLearnsWhoTheUserIs(t *testing.T) {
	p := startPlant(t, "Negotiate", "Negotiate")
	transport := newTransport(t, "https://plant.example", func(string, string, []byte) (bool, []byte, error) {
		t.Error("the system was asked")
		return false, nil, errors.New("no")
	})
	if status, _, err := send(t, transport, "GET", p.URL, ""); err != nil || status != 401 {
		t.Errorf("GET from another server: %d, %v, want its 401", status, err)
	}

	transport = newTransport(t, p.URL, func(string, string, []byte) (bool, []byte, error) {
		t.Error("the system was asked")
		return false, nil, errors.New("no")
	})
	req, err := http.NewRequestWithContext(t.Context(), "GET", p.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Basic dXNlcjpwYXNzd29yZA==")
	answer, err := transport.RoundTrip(req)
	if err != nil || answer.StatusCode != 401 {
		t.Fatalf("GET with a token: %v, want its 401", err)
	}
	answer.Body.Close()
	other := startPlant(t, "Basic", `Basic realm="Negotiate, please"`)
	transport = newTransport(t, other.URL, answerNonce)
	if status, _, err := send(t, transport, "GET", other.URL, ""); err != nil || status != 401 || len(other.seen) != 1 {
		t.Errorf("GET from a server that wants a password: %d, %v after %d requests, want its 401 after one", status, err, len(other.seen))
	}
}

func TestAnErrorSaysWhatWentWrong(t *testing.T) {
	const token = "hidden words"
	tests := map[string]struct {
		step    negotiate.Step
		handler http.HandlerFunc // nil: the plant
		want    string
	}{
		"the system fails at once": {func(string, string, []byte) (bool, []byte, error) {
			return false, nil, errors.New("no credentials are available")
		}, nil,
			"no credentials are available"},
		"the system fails on the server's token": {func(scheme, service string, challenge []byte) (bool, []byte, error) {
			if challenge != nil {
				return false, nil, errors.New("the clock is wrong")
			}
			return answerNonce(scheme, service, challenge)
		}, nil, "by Negotiate: the clock is wrong"},
		"the server does not prove itself": {func(scheme, service string, challenge []byte) (bool, []byte, error) {
			if string(challenge) == "welcome" {
				return false, nil, errors.New("this is somebody else")
			}
			return answerNonce(scheme, service, challenge)
		}, nil, "does not prove itself: this is somebody else"},
		"the server goes on and on": {func(string, string, []byte) (bool, []byte, error) { return false, []byte(token), nil },
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", "Negotiate bW9yZQ==")
				w.WriteHeader(http.StatusUnauthorized)
			}, "no end after 6 requests"},
		"the connection is not kept": {func(string, string, []byte) (bool, []byte, error) { return false, []byte(token), nil },
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", "Negotiate bW9yZQ==")
				w.Header().Set("Connection", "close")
				w.WriteHeader(http.StatusUnauthorized)
			}, "the connection was lost meanwhile"},
		"the refusal does not end": {func(string, string, []byte) (bool, []byte, error) { return false, []byte(token), nil },
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", "Negotiate")
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = w.Write(make([]byte, 2<<20))
			}, "exceeds"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			address := startPlant(t, "Negotiate", "Negotiate").URL
			if test.handler != nil {
				server := httptest.NewServer(test.handler)
				defer server.Close()
				address = server.URL
			}
			transport := newTransport(t, address, test.step)
			for range negotiate.Lanes + 1 { // no connection stays taken
				_, _, err := send(t, transport, "POST", address, "report")
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "sign in to 127.0.0.1") {
					t.Fatalf("POST: %v, want an error that says %q", err, test.want)
				}
				if strings.Contains(err.Error(), token) || strings.Contains(err.Error(), base64.StdEncoding.EncodeToString([]byte(token))) {
					t.Errorf("the error shows the token: %v", err)
				}
			}
		})
	}
}

func TestARefusedUserGetsTheServersAnswer(t *testing.T) {
	p := startPlant(t, "Negotiate", "Negotiate")
	transport := newTransport(t, p.URL, func(string, string, []byte) (bool, []byte, error) { return false, []byte("somebody else"), nil })
	for range negotiate.Lanes + 1 {
		status, text, err := send(t, transport, "POST", p.URL, "report")
		if err != nil || status != 401 || !strings.HasPrefix(text, "sign in first") {
			t.Fatalf("POST = %d %.20q, %v, want 401 with the server's words", status, text, err)
		}
	}
	if len(p.bodies) != 0 {
		t.Errorf("the server let in %q", p.bodies)
	}
}

// TestASystemThatIsDoneIsNotAskedAgain: its last token is refused, and the server wants to go on.
func TestASystemThatIsDoneIsNotAskedAgain(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", "NTLM bW9yZQ==") // more
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	var asked []string
	transport := newTransport(t, server.URL, func(scheme, service string, challenge []byte) (bool, []byte, error) {
		asked = append(asked, fmt.Sprintf("%s %s %s", scheme, service, challenge))
		return challenge != nil, []byte("token"), nil
	})
	if status, _, err := send(t, transport, "GET", server.URL, ""); err != nil || status != 401 {
		t.Errorf("GET = %d, %v, want the server's 401", status, err)
	}
	if want := []string{"NTLM HTTP/127.0.0.1 ", "NTLM HTTP/127.0.0.1 more"}; !slices.Equal(asked, want) {
		t.Errorf("the system was asked for %q, want %q", asked, want)
	}
}

func TestABodyThatCannotBeSentTwiceIsRefused(t *testing.T) {
	p := startPlant(t, "Negotiate", "Negotiate")
	transport := newTransport(t, p.URL, answerNonce)
	req, err := http.NewRequestWithContext(t.Context(), "POST", p.URL, io.NopCloser(bytes.NewBufferString("once")))
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := transport.RoundTrip(req); err == nil || !strings.Contains(err.Error(), "GetBody") {
		t.Errorf("POST = %v, %v, want an error that says what is missing", answer, err)
	}
}

func TestWaitingForAConnectionEndsWithTheContext(t *testing.T) {
	p := startPlant(t, "Negotiate", "Negotiate")
	transport := newTransport(t, p.URL, answerNonce)
	for range negotiate.Lanes {
		req, err := http.NewRequestWithContext(t.Context(), "GET", p.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close() // all connections are taken until then
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", p.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := transport.RoundTrip(req); !errors.Is(err, context.Canceled) {
		t.Errorf("GET with a context that ended: %v, want context.Canceled", err)
	}
}

func TestNewSaysWhereItWorks(t *testing.T) {
	_, err := negotiate.New("https://plant.example", nil)
	if runtime.GOOS != "windows" && !errors.Is(err, negotiate.ErrUnsupported) {
		t.Errorf("New: %v, want ErrUnsupported", err)
	}
	for _, address := range []string{"", "plant.example", "ftp://plant.example", "https://"} {
		if _, err := negotiate.NewWith(address, nil, answerNonce, new(atomic.Int64).Add); err == nil {
			t.Errorf("New(%q): no error", address)
		}
	}
}

// A station signs in as the Windows user, and elsewhere by a token.
func Example() {
	options := []wats.Option{}
	switch transport, err := negotiate.New("https://plant.example", nil); {
	case errors.Is(err, negotiate.ErrUnsupported):
		options = append(options, wats.WithToken("dXNlcjpwYXNzd29yZA=="))
	case err != nil:
		fmt.Println(err)
		return
	default:
		options = append(options, wats.WithTransport(transport))
	}
	_, err := wats.NewClient("https://plant.example", options...)
	fmt.Println(err)
	// Output: <nil>
}

package leaktest_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gowats/gowats/internal/leaktest"
)

const secret = `s€cr3t/+&"word`

func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// TestEveryFormIsFound: what fails a run must be found however it is written.
func TestEveryFormIsFound(t *testing.T) {
	asJSON, err := json.Marshal(map[string]string{"password": secret})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"alone":                           secret,
		"in a sentence":                   "the password is " + secret + ".",
		"in Basic":                        "Basic " + base64Of("user:"+secret),
		"in Basic of a longer name":       "Basic " + base64Of("user1:"+secret),
		"in Basic of a still longer name": "Basic " + base64Of("user12:"+secret),
		"in base64 before other text":     base64Of(secret + ", and more"),
		"in base64 for URLs":              base64.URLEncoding.EncodeToString([]byte(secret)),
		"in a query":                      "https://plant.example/?token=" + url.QueryEscape(secret),
		"in an address with a password":   (&url.URL{Scheme: "http", User: url.UserPassword("ann", secret), Host: "plant.example"}).String(),
		"in JSON":                         string(asJSON),
		"quoted":                          fmt.Sprintf("%q", secret),
		"as hexadecimal":                  fmt.Sprintf("%x", secret),
		"as capital hexadecimal":          fmt.Sprintf("%X", secret),
		"as bytes":                        fmt.Sprintf("%d", []byte("<"+secret+">")),
		"as Go bytes":                     fmt.Sprintf("%#v", []byte(secret)),
	} {
		r := leaktest.New()
		fmt.Fprintf(r, "before\n%s\nafter\n", text)
		r.Secret(secret) // also when it is told later
		leaks, err := r.Leaks()
		if err != nil || len(leaks) == 0 {
			t.Errorf("a secret %s: %v, %v, want it found in %q", name, leaks, err, text)
		}
		for _, l := range leaks {
			if strings.Contains(l.Line, secret) || strings.Contains(l.Line, base64Of(secret)[:12]) {
				t.Errorf("a secret %s: the finding shows it: %s", name, l.Line)
			}
		}
	}
}

func TestNothingElseIsFound(t *testing.T) {
	r := leaktest.New()
	r.Secret("short")
	r.Secret(secret)
	fmt.Fprintln(r, "short texts are in every log; s€cr3t and word are halves")
	if leaks, err := r.Leaks(); err != nil || len(leaks) > 0 {
		t.Errorf("Leaks() = %v, %v, want none", leaks, err)
	}
	if leaks, err := leaktest.New().Leaks(); err != nil || len(leaks) > 0 {
		t.Errorf("Leaks() of nothing = %v, %v", leaks, err)
	}
}

func TestSecretsAreLearnedFromRequests(t *testing.T) {
	for name, c := range map[string]struct{ header, leaked string }{
		"token":              {"Bearer gw_123456", "token gw_123456"},
		"token in WATS form": {"Basic " + base64Of("ann:"+secret), "token " + base64Of("ann:"+secret)},
		"password of Basic":  {"Basic " + base64Of("ann:"+secret), "password " + secret},
	} {
		r := leaktest.New()
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header.Set("Authorization", c.header)
		r.Handler(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), request)
		r.Error(errors.New(c.leaked))
		if leaks, err := r.Leaks(); err != nil || len(leaks) == 0 {
			t.Errorf("%s: Leaks() = %v, %v, want it found", name, leaks, err)
		}
	}
}

// run is a run of tests.
type run func() int

func (r run) Run() int { return r() }

func TestARunFailsForALeak(t *testing.T) {
	for name, c := range map[string]struct {
		tests int // exit code of the tests themselves
		log   func(*slog.Logger)
		want  int
	}{
		"a clean run":         {0, func(log *slog.Logger) { log.Debug("request", "path", "/api") }, 0},
		"a run that failed":   {2, func(*slog.Logger) {}, 2},
		"a leak at debug":     {0, func(log *slog.Logger) { log.Debug("request", "authorization", "Bearer "+secret) }, 1},
		"a leak in an error":  {0, func(log *slog.Logger) { log.Warn("failed", "err", fmt.Errorf("login as %s", secret)) }, 1},
		"a leak in a failure": {2, func(log *slog.Logger) { log.Info(secret) }, 2},
	} {
		r := leaktest.New()
		r.Secret(secret)
		if got := r.Main(run(func() int { c.log(r.Logger()); return c.tests })); got != c.want {
			t.Errorf("%s: exit code %d, want %d", name, got, c.want)
		}
	}
}

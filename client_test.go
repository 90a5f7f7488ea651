package wats_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
)

func TestNewClientTakesWebAddresses(t *testing.T) {
	for name, c := range map[string]struct{ address, want string }{
		"host alone":                   {"https://plant.example", "https://plant.example"},
		"slashes at the end":           {"https://plant.example//", "https://plant.example"},
		"the word api at the end":      {"https://plant.example/api", "https://plant.example"},
		"api in capitals with a slash": {"https://plant.example/API/", "https://plant.example"},
		"folder and port":              {"http://plant.example:8080/wats/api/", "http://plant.example:8080/wats"},
		"a folder that ends in api":    {"http://plant.example/myapi", "http://plant.example/myapi"},
		"an IPv6 address":              {"http://[::1]:8080/", "http://[::1]:8080"},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := wats.NewClient(c.address)
			if err != nil {
				t.Fatalf("NewClient(%q): %v", c.address, err)
			}
			if got, want := client.String(), "wats client of "+c.want; got != want {
				t.Errorf("String() = %q, want %q", got, want)
			}
		})
	}
}

func TestNewClientRefuses(t *testing.T) {
	const good = "https://plant.example"
	for name, c := range map[string]struct {
		address string
		opt     wats.Option
		want    string
	}{
		"no address":                        {"", nil, "no web address"},
		"a host without scheme":             {"plant.example", nil, "no web address"},
		"another scheme":                    {"ftp://plant.example", nil, "no web address"},
		"a scheme without host":             {"https:///wats", nil, "no web address"},
		"a query":                           {good + "?token=x", nil, "query"},
		"a user in the address":             {"https://user:hunter2@plant.example", nil, "WithBasicAuth"},
		"a password that breaks the syntax": {"https://user:hunter2%@plant.example", nil, "WithBasicAuth"},
		"an empty token":                    {good, wats.WithToken(""), "token is empty"},
		"a token with its scheme":           {good, wats.WithToken("Basic hunter2"), "without Basic or Bearer"},
		"a token with a line break":         {good, wats.WithToken("hunter2\n"), "line break"},
		"a bearer token beyond ASCII":       {good, wats.WithBearer("hunter2æ"), "beyond ASCII"},
		"a user name with a colon":          {good, wats.WithBasicAuth("a:b", "hunter2"), "user name"},
		"no token source":                   {good, wats.WithTokenSource(nil), "nil"},
		"a blank station":                   {good, wats.WithStation(" ", "Oslo", ""), "blank"},
		"a long location":                   {good, wats.WithStation("ICT", strings.Repeat("ø", 101), ""), "101 characters"},
		"no time":                           {good, wats.WithTimeout(0), "WithTimeout"},
		"negative attempts":                 {good, wats.WithRetry(wats.RetryPolicy{MaxAttempts: -1}), "MaxAttempts"},
		"endless attempts":                  {good, wats.WithRetry(wats.RetryPolicy{MaxAttempts: 1e9}), "MaxAttempts"},
		"a negative delay":                  {good, wats.WithRetry(wats.RetryPolicy{BaseDelay: -1}), "BaseDelay"},
		"a delay beyond sense":              {good, wats.WithRetry(wats.RetryPolicy{MaxDelay: 1<<63 - 1}), "MaxDelay"},
		"a negative budget":                 {good, wats.WithRetry(wats.RetryPolicy{Budget: -1}), "Budget"},
		"a ratio above all":                 {good, wats.WithBreaker(wats.BreakerPolicy{Ratio: 1.5}), "Ratio"},
		"a breaker that opens never":        {good, wats.WithBreaker(wats.BreakerPolicy{Consecutive: -1}), "Consecutive"},
		"a breaker open for years":          {good, wats.WithBreaker(wats.BreakerPolicy{OpenFor: 1 << 62}), "OpenFor"},
		"no requests at all":                {good, wats.WithRateLimit(wats.RateLimit{}), "PerMinute"},
		"a negative burst":                  {good, wats.WithRateLimit(wats.RateLimit{PerMinute: 1, Burst: -1}), "Burst"},
		"no cache":                          {good, wats.WithCache(nil), "nil"},
		"a domain that does not exist":      {good, wats.WithCacheTTL("products", time.Minute), `no domain "products"`},
		"a negative time in the cache":      {good, wats.WithCacheTTL(wats.DomainProduct, -1), "WithCacheTTL"},
		"a domain without a usual time":     {good, wats.WithCachedDomains(wats.DomainReport), "WithCacheTTL"},
		"no hook":                           {good, wats.WithOnUpdate(nil), "nil"},
		"a snapshot nowhere":                {good, wats.WithSnapshot(""), "folder"},
		"an error mode that does not exist": {good, wats.WithErrorMode(7), "WithErrorMode"},
		"no metrics":                        {good, wats.WithMetrics(nil), "nil"},
		"no transport":                      {good, wats.WithTransport(nil), "nil"},
		"a user agent of two lines":         {good, wats.WithUserAgent("a\r\nb: c"), "WithUserAgent"},
		"no logger":                         {good, wats.WithLogger(nil), "nil"},
	} {
		t.Run(name, func(t *testing.T) {
			opts := []wats.Option{c.opt}
			if c.opt == nil {
				opts = nil
			}
			_, err := wats.NewClient(c.address, opts...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("NewClient = %v, want an error about %q", err, c.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error tells the secret: %v", err)
			}
		})
	}
	if _, err := wats.NewClient(good, nil); err == nil {
		t.Error("NewClient with a nil option: no error")
	}
}

func TestRequestsCarryWhatWATSServersExpect(t *testing.T) {
	for name, c := range map[string]struct {
		opts          []wats.Option
		authorization string
	}{
		"no credential":           {nil, ""},
		"WATS token as it is":     {[]wats.Option{wats.WithToken("dTpw")}, "Basic dTpw"},
		"gowats token":            {[]wats.Option{wats.WithToken("gw_1234")}, "Basic gw_1234"},
		"bearer":                  {[]wats.Option{wats.WithBearer("abc.def")}, "Bearer abc.def"},
		"user and password":       {[]wats.Option{wats.WithBasicAuth("u", "p")}, "Basic dTpw"},
		"the last option holds":   {[]wats.Option{wats.WithToken("old"), wats.WithBearer("new")}, "Bearer new"},
		"token source, each time": {[]wats.Option{wats.WithTokenSource(counting())}, "Bearer token-1"},
	} {
		t.Run(name, func(t *testing.T) {
			var got requestLog
			client := newSilentClient(t, "http://plant.example", append(c.opts, wats.WithUserAgent("bench/1.0"), wats.WithTransport(direct(func(w http.ResponseWriter, r *http.Request) {
				got.add(r)
				answer(200, `"24.1.0"`)(w, r)
			})))...)
			if _, err := client.Version(t.Context()); err != nil {
				t.Fatal(err)
			}
			r := got.all[0]
			for name, want := range map[string]string{
				"Authorization": c.authorization, "Accept": "application/json", "Content-Type": "application/json",
				"User-Agent": "bench/1.0", "Referer": "",
			} {
				if h := r.Header.Get(name); h != want {
					t.Errorf("header %s = %q, want %q", name, h, want)
				}
			}
		})
	}
}

// counting returns a source of token-1, token-2, …
func counting() wats.TokenSource {
	n := 0
	return func(context.Context) (wats.Token, error) {
		n++
		return wats.BearerToken(fmt.Sprint("token-", n)), nil
	}
}

func TestTokenSourceIsAskedForEveryTry(t *testing.T) {
	var got requestLog
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.add(r)
		answer(503, "")(w, r)
	}, wats.WithTokenSource(counting()), fast)
	_, _ = client.Version(t.Context())
	for i, r := range got.all {
		if h, want := r.Header.Get("Authorization"), fmt.Sprint("Bearer token-", i+1); h != want {
			t.Errorf("try %d carries %q, want %q", i+1, h, want)
		}
	}
	if len(got.all) != 3 {
		t.Errorf("%d tries, want 3", len(got.all))
	}
}

func TestTokenSourceErrorEndsTheCall(t *testing.T) {
	locked := fmt.Errorf("keyring is locked")
	for name, c := range map[string]struct {
		token wats.Token
		err   error
		want  string
	}{
		"its own error": {err: locked, want: "keyring is locked"},
		"no token":      {want: "token is missing"},
		"a bad token":   {token: wats.BearerToken("hunter2 hunter2"), want: "blank"},
	} {
		t.Run(name, func(t *testing.T) {
			client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") },
				wats.WithTokenSource(func(context.Context) (wats.Token, error) { return c.token, c.err }))
			_, err := client.Version(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("Version = %v, want an error about %q without the secret", err, c.want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"a JSON string":             {`"24.1.0"`, "24.1.0"},
		"plain text":                {"24.1.0\r\n", "24.1.0"},
		"a page instead":            {"<html>sign in</html>", ""},
		"an object":                 {`{"version":"1"}`, ""},
		"nothing":                   {"", ""},
		"a JSON string that breaks": {`"24`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := serve(t, answer(200, c.body)).Version(t.Context())
			if got != c.want || (err != nil) != (c.want == "") {
				t.Errorf("Version() = %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestClientsInOneProcessNeverMeet(t *testing.T) {
	var a, b requestLog
	one := serve(t, func(w http.ResponseWriter, r *http.Request) { a.add(r); answer(200, "1")(w, r) }, wats.WithToken("one"))
	two := serve(t, func(w http.ResponseWriter, r *http.Request) { b.add(r); answer(200, "2")(w, r) }, wats.WithToken("two"), wats.WithTimeout(time.Minute))
	for _, c := range []*wats.Client{one, two} {
		if _, err := c.Version(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := a.all[0].Header.Get("Authorization") + "," + b.all[0].Header.Get("Authorization"); got != "Basic one,Basic two" {
		t.Errorf("credentials sent: %s", got)
	}
}

package contract_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// faultRow is one way in which a request can go wrong between client and server. The table stands in docs/sdk.md too.
type faultRow struct {
	what      string // goes wrong
	faults    func(*faultBench) []fault
	opts      func(*faultBench) []wats.Option // beside those of every row
	address   func(*faultBench, *faultProxy) string
	server    func(*faultBench) *bench // nil: the usual one
	overTLS   bool
	sent      int   // requests that reach the proxy
	attempts  int   // that the client counts; 0: as many as sent
	want      error // nil: the call succeeds
	status    int   // of the answer that is the error; 0: no answer is
	words     []string
	notStored bool // the server has never seen a submit
}

// faultBench is what all rows share.
type faultBench struct {
	plain, ahead, signing *bench // a server; one whose clock is ahead; one that signs its answers
	certificate           []byte // PEM
	pin, otherPin         string
	elsewhere             *faultProxy
	key                   wats.Key
	signedBy              func(string) (wats.Key, bool)
}

const (
	patience   = time.Second      // for what never comes
	clockAhead = 10 * time.Minute // beyond the two minutes that a signature may be old
)

func faultRows() []faultRow {
	always := func(f fault) func(*faultBench) []fault { return func(*faultBench) []fault { return times(9, f) } }
	first := func(faults ...fault) func(*faultBench) []fault { return func(*faultBench) []fault { return faults } }
	impatient := func(*faultBench) []wats.Option { return []wats.Option{wats.WithTimeout(patience)} }
	network := []string{"no answer from", "to 3 attempts", "check that the server runs and that the network reaches it"}
	return []faultRow{
		{what: "nothing", sent: 1},
		{what: "connection refused", address: closed, attempts: 3, notStored: true, want: wats.ErrOffline,
			words: []string{"to 3 attempts", "nothing listens there: check that the server runs, and the port"}},
		{what: "connection reset before the answer, twice", faults: first(resets(nothing), resets(nothing)), sent: 3},
		{what: "connection reset before the answer, always", faults: always(resets(nothing)), sent: 3, want: wats.ErrOffline, words: network},
		{what: "connection reset within the body, twice", faults: first(resets(halfTheBody), resets(halfTheBody)), sent: 3},
		{what: "connection reset within the body, always", faults: always(resets(halfTheBody)), sent: 3, want: wats.ErrOffline, words: network},
		{what: "body cut short, twice", faults: first(cuts(halfTheBody), cuts(halfTheBody)), sent: 3},
		{what: "body cut short, always", faults: always(cuts(halfTheBody)), sent: 3, want: wats.ErrOffline, words: append(network, "unexpected EOF")},
		{what: "header cut short, twice", faults: first(cuts(halfTheHeader), cuts(halfTheHeader)), sent: 3},
		{what: "headers that do not come, once", faults: first(hangs(nothing)), opts: impatient, sent: 2},
		{what: "headers that do not come, always", faults: always(hangs(nothing)), opts: impatient, sent: 3, want: wats.ErrTimeout,
			words: []string{"to 3 attempts", "no whole answer within 1s", "the network or the server is slow"}},
		{what: "body that does not end, always", faults: always(hangs(halfTheBody)), opts: impatient, sent: 3, want: wats.ErrTimeout,
			words: []string{"no whole answer within 1s"}},
		{what: "answer that is no HTTP, always", faults: always(says("SSH-2.0-OpenSSH_9.9\r\n")), sent: 3, notStored: true, want: wats.ErrOffline,
			words: []string{"malformed HTTP"}},
		{what: "429 with seconds, once", faults: first(throttlesBySeconds(1)), sent: 2},
		{what: "429 with a date, once", faults: first(throttlesByDate(2)), sent: 2},
		{what: "429, always", faults: always(status(429)), sent: 3, notStored: true, want: wats.ErrRateLimited, status: 429,
			words: []string{"answered 429 Too Many Requests to 3 attempts", "try again later, and send less at a time"}},
		{what: "500, then 502", faults: first(status(500), status(502)), sent: 3},
		{what: "503, then 504", faults: first(status(503), status(504)), sent: 3},
		{what: "500, always", faults: always(status(500)), sent: 3, notStored: true, want: wats.ErrServer, status: 500,
			words: []string{"answered 500 Internal Server Error to 3 attempts", "the fault is at the server"}},
		{what: "502, always", faults: always(status(502)), sent: 3, notStored: true, want: wats.ErrServer, status: 502, words: []string{"502 Bad Gateway to 3 attempts"}},
		{what: "503, always", faults: always(status(503)), sent: 3, notStored: true, want: wats.ErrServer, status: 503, words: []string{"503 Service Unavailable to 3 attempts"}},
		{what: "504, always", faults: always(status(504)), sent: 3, notStored: true, want: wats.ErrServer, status: 504, words: []string{"504 Gateway Timeout to 3 attempts"}},
		{what: "connection reset, then 403", faults: first(resets(nothing), status(403)), sent: 2, want: wats.ErrForbidden, status: 403,
			words: []string{"answered 403 Forbidden to 2 attempts", "lacks the permission"}},
		{what: "400", faults: first(status(400)), sent: 1, notStored: true, want: wats.ErrInvalid, status: 400, words: []string{"answered 400 Bad Request"}},
		{what: "401, and the source has another token", opts: tokens("wrong", "right"), sent: 2, attempts: 2},
		{what: "401, and again with another token", opts: tokens("wrong", "wrong too"), sent: 2, notStored: true, want: wats.ErrUnauthorized, status: 401,
			words: []string{"answered 401 Unauthorized", "check that the token is right and still valid"}},
		{what: "401, and the source has the same token", opts: tokens("wrong", "wrong"), sent: 1, notStored: true, want: wats.ErrUnauthorized, status: 401},
		{what: "401, and the token is a fixed one", opts: fixedToken("wrong"), sent: 1, notStored: true, want: wats.ErrUnauthorized, status: 401},
		{what: "redirect to another host", faults: func(b *faultBench) []fault { return times(9, redirects(b.elsewhere)) }, sent: 1, notStored: true, status: 307,
			words: []string{"answered 307 Temporary Redirect", "the server redirects to http://127.0.0.1:", "if that is right, use it as the address"}},
		{what: "wrong pin", overTLS: true, opts: pins(false), attempts: 1, notStored: true, want: wats.ErrUntrusted,
			words: []string{"the server has none of the pinned keys", "compare the pins with the server's certificate"}},
		{what: "wrong pin, right backup pin", overTLS: true, opts: pins(true), sent: 1},
		{what: "certificate of an unknown authority", overTLS: true, attempts: 1, notStored: true, want: wats.ErrUntrusted,
			words: []string{"unknown authority", "check the server's certificate and this machine's clock and root certificates"}},
		{what: "signature of the request ten minutes old at the server", server: func(b *faultBench) *bench { return b.ahead }, opts: signs, sent: 1, notStored: true,
			want: wats.ErrUnauthorized, status: 401, words: []string{"the signature is not of now", "more than 2m0s"}},
		{what: "signature of the answer ten minutes old", server: func(b *faultBench) *bench { return b.signing }, faults: always(backdates(clockAhead)), opts: verifies, sent: 1,
			want: wats.ErrUntrusted, words: []string{"the signature is not of now", "both clocks"}},
		{what: "signature of the answer one minute old, but wrong then", server: func(b *faultBench) *bench { return b.signing }, faults: always(backdates(time.Minute)), opts: verifies, sent: 1,
			want: wats.ErrUntrusted, words: []string{"the signature is wrong: the message was changed, or the key is another one"}},
	}
}

func closed(_ *faultBench, p *faultProxy) string {
	p.close()
	return p.url()
}

// tokens gives one token after the other, each to one asking; right is the server's, the last one stays.
func tokens(names ...string) func(*faultBench) []wats.Option {
	return func(b *faultBench) []wats.Option {
		var asked atomic.Int64
		return []wats.Option{wats.WithTokenSource(func(context.Context) (wats.Token, error) {
			name := names[min(int(asked.Add(1)), len(names))-1]
			token := wats.BearerToken(b.token(name))
			token.Expires = time.Now().Add(time.Hour) // else it is asked before every try
			return token, nil
		})}
	}
}

func fixedToken(name string) func(*faultBench) []wats.Option {
	return func(b *faultBench) []wats.Option { return []wats.Option{wats.WithToken(b.token(name))} }
}

// token returns the server's token for the name right, else one that it does not know.
func (b *faultBench) token(name string) string {
	if name == "right" {
		return b.plain.token
	}
	return "gw_" + strings.ReplaceAll(name, " ", "_")
}

func pins(backup bool) func(*faultBench) []wats.Option {
	return func(b *faultBench) []wats.Option {
		given := []string{b.otherPin}
		if backup {
			given = append(given, b.pin)
		}
		return []wats.Option{wats.WithCA(b.certificate), wats.WithPins(given...)}
	}
}

func signs(b *faultBench) []wats.Option {
	return []wats.Option{wats.WithToken(b.ahead.token), wats.WithSigner("ict-07", b.key)}
}

func verifies(b *faultBench) []wats.Option {
	return []wats.Option{wats.WithToken(b.signing.token), wats.WithVerifier(b.signedBy, 0)}
}

func newFaultBench(t *testing.T) (*faultBench, *faultProxyCertificate) {
	t.Helper()
	b := &faultBench{key: wats.Ed25519Key(ed25519.NewKeyFromSeed(bytes.Repeat([]byte("k"), ed25519.SeedSize)))}
	b.signedBy = func(string) (wats.Key, bool) { return b.key, true }
	b.plain = startServer(t)
	b.ahead = startServer(t, wats.VerifyRequests(b.signedBy, wats.VerifyOptions{Now: func() time.Time { return time.Now().Add(clockAhead) }}))
	signer, err := wats.SignAnswers("server", b.key, "")
	if err != nil {
		t.Fatal(err)
	}
	b.signing = startServer(t, signer)
	b.elsewhere = startProxy(t, b.plain.url, nil)
	c := newCertificate(t)
	b.certificate, b.pin, b.otherPin = c.pem, c.pin, base64.StdEncoding.EncodeToString(make([]byte, sha256.Size))
	return b, c
}

// faultCalls are a call of each kind. They return the serial number of the report that was submitted, if one was.
var faultCalls = map[string]func(ctx context.Context, c *wats.Client) (serial string, err error){
	"GET": func(ctx context.Context, c *wats.Client) (string, error) { _, err := c.Version(ctx); return "", err },
	"query by POST": func(ctx context.Context, c *wats.Client) (string, error) {
		_, err := c.Analytics.DynamicYield(ctx, wats.YieldFilter{})
		return "", err
	},
	"submit": func(ctx context.Context, c *wats.Client) (string, error) {
		r := testReport("SN-"+report.NewID().String(), time.Now(), report.Passed)
		_, err := c.Report.Submit(ctx, r)
		return r.SerialNumber, err
	},
}

// TestFaults lets every call meet every fault on its way to a real server: what is repeated, how often, and what the caller is told.
func TestFaults(t *testing.T) {
	b, certificate := newFaultBench(t)
	t.Run("rows", func(t *testing.T) { // ends when all of them have
		for _, row := range faultRows() {
			for kind, call := range faultCalls {
				t.Run(row.what+", "+kind, func(t *testing.T) {
					t.Parallel()
					row.run(t, b, certificate, call)
				})
			}
		}
	})
	if n := len(b.elsewhere.requests()); n > 0 {
		t.Errorf("%d requests reached the other host of the redirect", n)
	}
}

func (row faultRow) run(t *testing.T, b *faultBench, certificate *faultProxyCertificate, call func(context.Context, *wats.Client) (string, error)) {
	server := b.plain
	if row.server != nil {
		server = row.server(b)
	}
	var faults []fault
	if row.faults != nil {
		faults = row.faults(b)
	}
	proxy := startProxy(t, server.url, certificate.when(row.overTLS), faults...)
	address := proxy.url()
	if row.address != nil {
		address = row.address(b, proxy)
	}
	opts := []wats.Option{wats.WithLogger(recorder.Logger()), wats.WithToken(server.token), wats.WithRetry(wats.RetryPolicy{BaseDelay: 1})}
	if row.opts != nil {
		opts = append(opts, row.opts(b)...)
	}
	client, err := wats.NewClient(address, opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	serial, err := call(t.Context(), client)
	recorder.Error(err)
	row.checkError(t, err)

	seen, early := proxy.requests(), proxy.earlyOnes()
	if len(seen) != row.sent || early > 0 {
		t.Errorf("%d requests reached the proxy, %d of them before their time; want %d", len(seen), early, row.sent)
	}
	for _, one := range seen {
		if one.body != seen[0].body {
			t.Errorf("an attempt carried %q, the first %q", one.body, seen[0].body)
		}
	}
	attempts := row.attempts
	if attempts == 0 {
		attempts = row.sent
	}
	if s := client.Stats(); s.Attempts != int64(attempts) {
		t.Errorf("Stats() = %+v, want %d attempts", s, attempts)
	}
	if serial != "" {
		row.checkStored(t, server, b, serial)
	}
}

func (row faultRow) checkError(t *testing.T, err error) {
	t.Helper()
	if fails := row.want != nil || row.status != 0; (err != nil) != fails {
		t.Errorf("err = %v, want an error: %v", err, fails)
		return
	}
	if err == nil {
		return
	}
	if row.want != nil && !errors.Is(err, row.want) {
		t.Errorf("err = %v, want %v", err, row.want)
	}
	e, answered := errors.AsType[*wats.APIError](err)
	if answered != (row.status != 0) || answered && e.Status != row.status {
		t.Errorf("err = %v, want status %d (0: no answer)", err, row.status)
	}
	for _, word := range row.words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("err = %v, want it to say %q", err, word)
		}
	}
}

// checkStored: however often a submit was repeated, and whoever lost its answer, the server has the report once.
func (row faultRow) checkStored(t *testing.T, server *bench, b *faultBench, serial string) {
	t.Helper()
	opts := []wats.Option{wats.WithToken(server.token)}
	want := 1
	if row.notStored {
		want = 0
	}
	if server == b.ahead {
		return // takes no request to ask by
	}
	n := 0
	for _, err := range server.client(t, opts...).Report.Headers(t.Context(), wats.HeaderQuery{SerialNumber: serial}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != want {
		t.Errorf("the server has the report %d times, want %d", n, want)
	}
}

// TestATokenThatExpiresUnder1000Calls: all of them are under way with the same token when the server refuses it. The source is asked once for all.
func TestATokenThatExpiresUnder1000Calls(t *testing.T) {
	const calls = 1000
	b := startServer(t)
	proxy := startProxy(t, b.url, nil)
	var waiting sync.WaitGroup
	waiting.Add(calls)
	proxy.every = func(p *faultProxy, client net.Conn, r *http.Request) {
		if strings.Contains(r.Header.Get("Authorization"), "gw_expired") {
			waiting.Done()
			waiting.Wait() // so that none is refused before all are sent
		}
		_, _ = client.Write(p.answer(r))
	}
	var asked atomic.Int64
	source := func(context.Context) (wats.Token, error) {
		token := wats.BearerToken("gw_expired")
		if asked.Add(1) > 1 {
			token = wats.BearerToken(b.token)
		}
		token.Expires = time.Now().Add(time.Hour) // as the source believes
		return token, nil
	}
	client, err := wats.NewClient(proxy.url(), wats.WithTokenSource(source), wats.WithMaxConnections(calls), wats.WithoutRateLimit(), wats.WithTimeout(5*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() {
			if _, err := client.Version(t.Context()); err != nil {
				t.Errorf("Version() = %v", err)
			}
		})
	}
	wg.Wait()
	counts := map[string]int{}
	for _, one := range proxy.requests() {
		counts[one.credential]++
	}
	if old, renewed := counts["Bearer gw_expired"], counts["Bearer "+b.token]; asked.Load() != 2 || old != calls || renewed != calls || len(counts) != 2 {
		t.Errorf("%d calls: the source was asked %d times; %d requests with the old token, %d with the new one; want 2, %[1]d, %[1]d", calls, asked.Load(), old, renewed)
	}
}

func TestBreakerOverSockets(t *testing.T) {
	b := startServer(t)
	proxy := startProxy(t, b.url, nil, times(6, resets(nothing))...)
	client, err := wats.NewClient(proxy.url(), wats.WithToken(b.token), wats.WithRetry(wats.RetryPolicy{MaxAttempts: 1}),
		wats.WithBreaker(wats.BreakerPolicy{OpenFor: 20 * time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for range 5 {
		if _, err := client.Version(t.Context()); !errors.Is(err, wats.ErrOffline) {
			t.Fatalf("Version() = %v, want ErrOffline", err)
		}
	}
	for _, want := range []error{wats.ErrOffline, nil} { // the sixth fault meets the first probe
		for {
			_, err := client.Version(t.Context())
			e, open := errors.AsType[*wats.CircuitOpenError](err)
			if !open {
				if !errors.Is(err, want) {
					t.Errorf("probe = %v, want %v", err, want)
				}
				break
			}
			<-time.After(e.RetryAfter)
		}
	}
	if s := client.Stats(); s.Breaker != wats.BreakerClosed || len(proxy.requests()) != 7 || s.Attempts != 7 {
		t.Errorf("Stats() = %+v, %d requests, want closed after 5 failures and 2 probes", s, len(proxy.requests()))
	}
}

// TestTheDocumentShowsTheFaults holds docs/sdk.md to the table.
func TestTheDocumentShowsTheFaults(t *testing.T) {
	const path, begin, end = "../../docs/sdk.md", "<!-- faults: written by go test ./app/contract -run Document -update -->\n", "<!-- end of faults -->\n"
	document, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(document), begin)
	shown, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s lacks %q or %q", path, begin, end)
	}
	want := faultTable(faultRows())
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if shown != want {
		t.Errorf("the table of faults in %s is not that of the test (-update writes it):\n%s\nwant\n%s", path, shown, want)
	}
}

func faultTable(rows []faultRow) string {
	names := map[error]string{
		wats.ErrOffline: "ErrOffline", wats.ErrTimeout: "ErrTimeout", wats.ErrRateLimited: "ErrRateLimited", wats.ErrServer: "ErrServer",
		wats.ErrForbidden: "ErrForbidden", wats.ErrInvalid: "ErrInvalid", wats.ErrUnauthorized: "ErrUnauthorized", wats.ErrUntrusted: "ErrUntrusted",
	}
	var b strings.Builder
	b.WriteString("| What goes wrong | Sent | The call ends with | It says |\n|---|---|---|---|\n")
	for _, row := range rows {
		ends := "success"
		switch {
		case row.want != nil:
			ends = "`" + names[row.want] + "`"
		case row.status != 0:
			ends = fmt.Sprintf("`*APIError`, status %d", row.status)
		}
		words := slices.Clone(row.words)
		for i := range words {
			words[i] = strings.TrimSuffix(words[i], ":")
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", row.what, row.sent, ends, strings.Join(words, " … "))
	}
	return b.String()
}

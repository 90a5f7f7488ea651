package wats_test

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/queue"
	"github.com/gowats/gowats/report"
)

// exampleServer answers submits by an acknowledgement and header queries by three rows. Submits of unit SN-404 are refused.
func exampleServer() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/Report/WSJF", func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "SN-404") {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"Message":"Code must be a valid value"}`)
		}
	})
	mux.HandleFunc("GET /api/App/Version", answer(200, `"24.1.0"`))
	mux.HandleFunc("GET /api/App/Processes", answer(200, `[{"code":50,"name":"PCBA test"}]`))
	mux.HandleFunc("GET /api/Report/Query/Header", rows(3, 1000, new(requestLog)))
	mux.HandleFunc("GET /api/Report/Attachments/{id}", answer(200, "PK"))
	mux.HandleFunc("GET /api/Report/Wsjf/{id}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(testReport("SN-"+r.PathValue("id")[31:]).AppendWSJF(nil, report.WSJFOptions{}))
	})
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Gowats-Server", "1.0") // takes as many requests as come
		mux.ServeHTTP(w, r)
	}))
}

func ExampleNewClient() {
	c, err := wats.NewClient("https://plant.example",
		wats.WithToken("dXNlcjpwYXNzd29yZA=="),
		wats.WithStation("ICT-07", "Oslo", "Production"),
		wats.WithTimeout(10*time.Second),
		wats.WithRetry(wats.RetryPolicy{MaxAttempts: 5, MaxDelay: time.Minute}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Printf("%+v\n", c) // tells no secret
	// Output: wats client of https://plant.example
}

// exampleSpool returns a new spool in a temporary folder.
func exampleSpool() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "spool")
	if err != nil {
		panic(err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }
}

func ExampleWithSpool() {
	dir, remove := exampleSpool()
	defer remove()
	server := exampleServer()
	defer server.Close()
	ctx := context.Background()
	r := testReport("SN-1")

	q, err := queue.Open(dir, queue.WithLimits(queue.Limits{Reports: 10_000, MinFree: 100 << 20}))
	if err != nil {
		fmt.Println(err)
		return
	}
	down := "http://127.0.0.1:1" // nobody listens there
	c, err := wats.NewClient(down,
		wats.WithSpool(q, wats.SpoolFallback),
		wats.WithRetry(wats.RetryPolicy{MaxAttempts: 1}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}

	receipt, err := c.Report.Submit(ctx, r)
	switch {
	case errors.Is(err, wats.ErrQueued):
		fmt.Println("queued, will be sent later:", receipt.Queued)
	case errors.Is(err, wats.ErrSpoolFull):
		fmt.Println("neither sent nor queued:", err)
	case err != nil:
		fmt.Println(err)
	}

	// The server is there now.
	c, err = wats.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	send := func(ctx context.Context, it queue.Item) queue.Result {
		d := c.Report.Deliver(ctx, wats.QueuedReport{
			ID: report.ID(it.ID), Kind: string(it.Type), Document: it.Document, Lineage: it.Lineage,
		})
		return queue.Result{Class: queue.Class(d.Class), After: d.After, Words: d.Words, Advice: d.Advice}
	}
	done, err := q.Process(ctx, send) // or q.Run, until ctx ends
	fmt.Println(done.Sent, "sent,", done.Left, "left", err)
	// Output:
	// queued, will be sent later: true
	// 1 sent, 0 left <nil>
}

func ExampleWithTokenSource() {
	signIn := func(context.Context) (secret string, life time.Duration, err error) { return "abc.def", time.Hour, nil }

	source := func(ctx context.Context) (wats.Token, error) {
		secret, life, err := signIn(ctx)
		token := wats.BearerToken(secret)
		token.Expires = time.Now().Add(life)
		return token, err
	}
	c, err := wats.NewClient("https://plant.example", wats.WithTokenSource(source))
	fmt.Println(c, err)
	// Output: wats client of https://plant.example <nil>
}

func ExampleFileToken() {
	c, err := wats.NewClient("https://plant.example", wats.WithTokenSource(wats.FileToken("/run/secrets/wats")))
	fmt.Println(c, err)
	// Output: wats client of https://plant.example <nil>
}

func ExampleWithPins() {
	ca, err := os.ReadFile("plant-ca.pem")
	if err != nil {
		fmt.Println("no certificate here")
		return
	}
	c, err := wats.NewClient("https://plant.example",
		wats.WithCA(ca),
		wats.WithPins("Iewo3LDZ+3P9ZuYVBsMYo+cYRbZyHrQA2YQ2VX+l2zg=", "uxXlO6WWVXR0KWFN9eQqaJEYmFoQ8Z0XqQy2o9Zt9n4="),
		wats.WithMinTLS(tls.VersionTLS13),
		wats.WithProxy("http://proxy.example:3128", ".plant.example"),
	)
	fmt.Println(c, err)
	// Output: no certificate here
}

func ExampleWithSigner() {
	own := ed25519.NewKeyFromSeed([]byte("the server's seed, of 32 bytes.."))
	private := ed25519.NewKeyFromSeed([]byte("the station's seed, of 32 bytes."))
	stationKeys := func(keyID string) (wats.Key, bool) {
		return wats.Ed25519PublicKey(private.Public().(ed25519.PublicKey)), keyID == "ict-07"
	}
	serverKeys := func(keyID string) (wats.Key, bool) {
		return wats.Ed25519PublicKey(own.Public().(ed25519.PublicKey)), keyID == "server"
	}

	c, err := wats.NewClient("https://plant.example",
		wats.WithSigner("ict-07", wats.Ed25519Key(private)),
		wats.WithVerifier(serverKeys, 0),
	)
	fmt.Println(c, err)

	api := http.NotFoundHandler()
	signed, err := wats.SignAnswers("server", wats.Ed25519Key(own), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	checked := wats.VerifyRequests(stationKeys, wats.VerifyOptions{Skew: time.Minute})
	handler := signed(checked(api))

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/App/Version", nil))
	fmt.Println(w.Code, w.Body)
	// Output:
	// wats client of https://plant.example <nil>
	// 401 {"Message":"a signature with the tag gowats is missing"}
}

func ExampleReportService_Submit() {
	server := exampleServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL, wats.WithStation("ICT-07", "Oslo", "Production"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	r := &report.Report{
		ID:           report.NewID(),
		PartNumber:   "PCBA-1042",
		SerialNumber: "SN-1",
		Revision:     "B",
		Process:      report.Process{Code: report.Some(50)},
		Result:       report.Passed,
		Start:        time.Now(),
		Test: &report.Test{Operator: "kari", Root: &report.Step{
			Name: "MainSequence Callback", Type: "SequenceCall", Group: report.Main, Status: report.Passed,
			Sequence: &report.Sequence{Path: "ict.seq", Name: "ict.seq", Version: "1.0"},
		}},
	}
	receipt, err := c.Report.Submit(ctx, r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(receipt.ID == r.ID)
	// Output: true
}

// A test program builds its report as it goes, and submits it; a repair starts from the report of the test that failed.
func ExampleReportService_Submit_repair() {
	server := exampleServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL, wats.WithStation("ICT-07", "Oslo", "Production"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	test := report.NewUUT("PCBA-1042", "SN-1", 31, report.WithRevision("B"))
	power := test.Root().Sequence("Power")
	power.Numeric("3V3 rail", 3.62, report.Between(3.1, 3.5), report.Unit("V"))
	test.Root().PassFail("LED", true)
	failed, err := test.Report() // every mistake above, with the line that made it
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := c.Report.Submit(ctx, failed); err != nil {
		fmt.Println(err)
		return
	}

	fix := report.NewUURFromUUT(failed, 500)
	fix.Main().Fail(report.Failure{Category: "Component", Code: "Defective Component", ComponentRef: "U3"})
	repair, err := fix.Report()
	if err != nil {
		fmt.Println(err)
		return
	}
	receipt, err := c.Report.Submit(ctx, repair)
	fmt.Println(failed.Result, repair.Repair.TestReport == failed.ID, receipt.ID == repair.ID, err)
	// Output: Failed true true <nil>
}

func ExampleReportService_Headers() {
	server := exampleServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for h, err := range c.Report.Headers(ctx, wats.HeaderQuery{PartNumber: "PCBA-*", From: monday}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(h.SerialNumber, h.Result)
	}
	// Output:
	// SN-00000 Passed
	// SN-00001 Passed
	// SN-00002 Passed
}

func ExampleReportService_SubmitAll() {
	server := exampleServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	reports := func(yield func(*report.Report) bool) { // made, or read from a file, when it is their turn
		for i := range 1000 {
			if !yield(testReport(fmt.Sprintf("SN-%d", i))) {
				return
			}
		}
	}
	stored := 0
	for res := range c.Report.SubmitAll(ctx, reports, wats.Concurrency(50)) {
		switch {
		case res.Err == nil:
			stored++
		case errors.Is(res.Err, wats.ErrInvalid):
			fmt.Println(res.Report.SerialNumber, "is refused")
		default:
			fmt.Println(res.Report.SerialNumber, "has to be tried again:", res.Err)
		}
	}
	if ctx.Err() != nil {
		fmt.Println("stopped before the last report")
	}
	fmt.Println(stored, "stored")
	// Output:
	// SN-404 is refused
	// 999 stored
}

func ExampleReportService_Stream() {
	server := exampleServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	week := wats.HeaderQuery{PartNumber: "PCBA-*", From: monday, To: monday.AddDate(0, 0, 7), OrderBy: "start asc"}
	for r, err := range c.Report.Stream(ctx, week, wats.Concurrency(20)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(r.SerialNumber, r.Test.Root.Name)
	}
	// Output:
	// SN-00000 MainSequence Callback
	// SN-00001 MainSequence Callback
	// SN-00002 MainSequence Callback
}

func ExampleReportService_Attachments() {
	server := exampleServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()
	id, folder := report.NewID(), os.TempDir()

	file, err := os.CreateTemp(folder, "attachments-*.zip")
	if err != nil {
		fmt.Println(err)
		return
	}
	err = errors.Join(c.Report.Attachments(ctx, id, file), file.Close())
	fmt.Println(err)
	_ = os.Remove(file.Name()) // an example leaves nothing behind
	// Output: <nil>
}

func ExampleHeaderQuery() {
	server := exampleServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()

	q := wats.HeaderQuery{SubUnitPartNumber: "PSU-*", Expand: wats.ExpandSubUnits}
	for h, err := range c.Report.Headers(ctx, q) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(h.SerialNumber, len(h.SubUnits))
	}
	// Output:
	// SN-00000 0
	// SN-00001 0
	// SN-00002 0
}

func ExampleHeaderQuery_ODataFilter() {
	q := wats.HeaderQuery{
		PartNumber: "PCBA-*",
		Operator:   "O'Neil",
		Result:     report.Failed,
		From:       time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC),
	}
	fmt.Println(q.ODataFilter())
	// Output: startswith(partNumber,'PCBA-') and operator eq 'O''Neil' and result eq 'Failed' and start ge 2026-11-23T00:00:00Z
}

func ExampleAPIError() {
	server := exampleServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	_, err = c.Report.Submit(context.Background(), testReport("SN-404"))
	switch {
	case errors.Is(err, wats.ErrInvalid):
		if e, ok := errors.AsType[*wats.APIError](err); ok {
			fmt.Println("refused by the server:", e.Message)
		} else {
			fmt.Println("not sent:", err)
		}
	case errors.Is(err, wats.ErrOffline), errors.Is(err, wats.ErrTimeout):
		fmt.Println("try again later:", err)
	case err != nil:
		fmt.Println(err)
	}
	// Output: refused by the server: Code must be a valid value
}

func ExampleClient_With() {
	server := exampleServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()
	probe := func() error {
		_, err := c.With(wats.NoCache, wats.NoRetry, wats.NoBreaker).Version(ctx) // is the server there, now?
		return err
	}
	fmt.Println(probe())
	// Output: <nil>
}

func ExampleWithCacheTTL() {
	c, err := wats.NewClient("https://plant.example",
		wats.WithToken("dXNlcjpwYXNzd29yZA=="),
		wats.WithCacheTTL(wats.DomainProduct, 5*time.Minute),
		wats.WithSnapshot("/var/lib/ict-runner/reference"),
		wats.WithOnUpdate(func(d wats.Domain) { fmt.Println("changed:", d) }),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Println(c)
	// Output: wats client of https://plant.example
}

func ExampleClient_Stats() {
	server := exampleServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	for range 3 {
		if _, err := c.Process.List(context.Background()); err != nil {
			fmt.Println(err)
			return
		}
	}
	s := c.Stats()
	fmt.Println(s.Calls, "calls,", s.Attempts, "requests,", s.CacheHits, "from the cache, breaker", s.Breaker)
	// Output: 3 calls, 1 requests, 2 from the cache, breaker closed
}

func ExampleHint() {
	err := fmt.Errorf("submit report: %w", &wats.APIError{Method: "POST", Path: "/api/Report/WSJF", Host: "plant.example", Status: 401})
	fmt.Println(wats.Hint(err))
	// Output: check that the token is right and still valid
}

package wats_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// serve starts a server on loopback and returns a client for it. Both end with the test.
func serve(t *testing.T, h http.HandlerFunc, opts ...wats.Option) *wats.Client {
	t.Helper()
	server := httptest.NewServer(recorder.Handler(h))
	t.Cleanup(server.Close)
	return newClient(t, server.URL, opts...)
}

func newClient(t *testing.T, baseURL string, opts ...wats.Option) *wats.Client {
	t.Helper()
	c := newSilentClient(t, baseURL, append([]wats.Option{wats.WithLogger(recorder.Logger()), wats.WithToken(secret)}, opts...)...)
	wats.OnError(c, recorder.Error)
	return c
}

// newSilentClient is for calls by the hundred thousand, which nobody records.
func newSilentClient(t *testing.T, baseURL string, opts ...wats.Option) *wats.Client {
	t.Helper()
	opts = append([]wats.Option{wats.WithoutRateLimit()}, opts...) // tests send as many requests as they like
	c, err := wats.NewClient(baseURL, opts...)
	if err != nil {
		t.Fatalf("NewClient(%q): %v", baseURL, err)
	}
	t.Cleanup(c.Close)
	return c
}

// direct is a transport that calls a handler without a network, so that tests in a synctest bubble have exact time.
type direct http.HandlerFunc

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	recorder.Handler(http.HandlerFunc(d)).ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// failing is a transport that gets no answer.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// requestLog keeps the requests a server got.
type requestLog struct {
	mu     sync.Mutex
	all    []*http.Request
	bodies []string
	times  []time.Time
}

func (l *requestLog) add(r *http.Request) int {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, r)
	l.bodies = append(l.bodies, string(body))
	l.times = append(l.times, time.Now())
	return len(l.all)
}

func (l *requestLog) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all)
}

func (l *requestLog) count(method string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, r := range l.all {
		if r.Method == method {
			n++
		}
	}
	return n
}

// answer is a handler of one constant answer.
func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// noGoroutineLeft fails unless there are as few goroutines as before, soon.
func noGoroutineLeft(t *testing.T, before int) {
	t.Helper()
	for range 1000 { // the server's goroutines end on their own, soon
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
		runtime.GC()
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}

// fast repeats without a wait to speak of.
var fast = wats.WithRetry(wats.RetryPolicy{BaseDelay: 1, MaxDelay: 1})

// discardLog is for a server whose clients break off.
var discardLog = log.New(io.Discard, "", 0)

// once never repeats.
var once = wats.WithRetry(wats.RetryPolicy{MaxAttempts: 1})

// testReport returns a passed test of one step.
func testReport(serial string) *report.Report {
	return &report.Report{
		ID:           report.DeriveID([]byte(serial)),
		PartNumber:   "PCBA-1042",
		SerialNumber: serial,
		Revision:     "B",
		Process:      report.Process{Code: report.Some(50)},
		Result:       report.Passed,
		Station:      "ICT-07",
		Location:     "Oslo",
		Purpose:      "Production",
		Start:        time.Date(2026, 11, 23, 14, 5, 6, 0, time.FixedZone("", 3600)),
		Test: &report.Test{
			Operator: "kari",
			Root: &report.Step{
				Name: "MainSequence Callback", Type: "SequenceCall", Group: report.Main, Status: report.Passed,
				Sequence: &report.Sequence{Path: "ict.seq", Name: "ict.seq", Version: "1.0"},
			},
		},
	}
}

func header(i int) string {
	return fmt.Sprintf(`{"uuid":"00000000-0000-4000-8000-%012d","reportType":"T","serialNumber":"SN-%05d","partNumber":"PCBA-1042",`+
		`"result":"Passed","startUtc":"2026-11-23T13:05:06.5Z"}`, i, i)
}

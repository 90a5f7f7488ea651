package wats_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// testReports yields n reports with the serial numbers SN-0, SN-1, …
func testReports(n int) iter.Seq[*report.Report] {
	return func(yield func(*report.Report) bool) {
		for i := range n {
			if !yield(testReport(fmt.Sprintf("SN-%d", i))) {
				return
			}
		}
	}
}

// serialOf returns the number in the serial number of a report that was sent.
func serialOf(t *testing.T, r *http.Request) (n int) {
	t.Helper()
	body, _ := io.ReadAll(r.Body)
	sent, _, err := report.DecodeWSJF(body)
	if err != nil {
		t.Errorf("a body that is no report: %v", err)
		return -1
	}
	_, _ = fmt.Sscanf(sent.SerialNumber, "SN-%d", &n)
	return n
}

// gauge counts what is going on, and the most there was of it.
type gauge struct{ now, most atomic.Int64 }

func (g *gauge) up() {
	now := g.now.Add(1)
	for most := g.most.Load(); now > most && !g.most.CompareAndSwap(most, now); most = g.most.Load() {
	}
}

func TestSubmitAllGivesResultsAsTheyAreDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, "http://plant.example", wats.WithTransport(direct(func(_ http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Duration(10-serialOf(t, r)) * time.Second)
		})))
		began := time.Now()
		var got []int
		for res := range client.Report.SubmitAll(t.Context(), testReports(5), wats.Concurrency(5)) {
			want := testReport(fmt.Sprintf("SN-%d", res.Index))
			if res.Err != nil || res.Receipt.ID != want.ID || res.Report.SerialNumber != want.SerialNumber {
				t.Errorf("result %d = %+v, want that of %s", res.Index, res, want.SerialNumber)
			}
			got = append(got, res.Index)
		}
		if want := []int{4, 3, 2, 1, 0}; !slices.Equal(got, want) || time.Since(began) != 10*time.Second {
			t.Errorf("order = %v after %v, want %v after 10s", got, time.Since(began), want)
		}
	})
}

func TestSubmitAllGoesOnAfterFailures(t *testing.T) {
	again := testReport("SN-6")
	input := []*report.Report{
		testReport("SN-0"), nil, testReport(""), testReport("SN-400"), testReport("SN-500"), testReport("SN-5"), again, again, testReport("SN-401"),
	}
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n := serialOf(t, r); n >= 400 {
			w.WriteHeader(n)
		}
	}, fast)
	want := []error{nil, wats.ErrInvalid, wats.ErrInvalid, wats.ErrInvalid, wats.ErrServer, nil, nil, nil, wats.ErrUnauthorized}
	for _, n := range []int{1, 3, 50} {
		met := make([]bool, len(input))
		for res := range client.Report.SubmitAll(t.Context(), slices.Values(input), wats.Concurrency(n)) {
			if met[res.Index] || res.Report != input[res.Index] || !errors.Is(res.Err, want[res.Index]) || (res.Err == nil) != (want[res.Index] == nil) {
				t.Errorf("result %d = %v, want %v, once", res.Index, res.Err, want[res.Index])
			}
			met[res.Index] = true
		}
		if slices.Contains(met, false) {
			t.Errorf("%d at a time: results of %v, want one of each", n, met)
		}
	}
}

func TestSubmitAllRepeatsAReportWhole(t *testing.T) {
	var mu sync.Mutex
	bodies := map[string]int{}
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if bodies[string(body)]++; bodies[string(body)] < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}, wats.WithRetry(wats.RetryPolicy{BaseDelay: 1, MaxDelay: 1, Budget: 2}), wats.WithoutBreaker()) // two of three attempts fail
	for res := range client.Report.SubmitAll(t.Context(), testReports(100)) {
		if res.Err != nil {
			t.Error(res.Err)
		}
	}
	for body, times := range bodies {
		if _, _, err := report.DecodeWSJF([]byte(body)); err != nil || times != 3 {
			t.Errorf("sent %d times: %.80s, %v", times, body, err)
		}
	}
	if len(bodies) != 100 {
		t.Errorf("%d different bodies, want 100", len(bodies))
	}
}

// pooledServer counts the requests and connections it has at once.
func pooledServer(t *testing.T, answer http.HandlerFunc) (server *httptest.Server, requests, connections *gauge) {
	t.Helper()
	requests, connections = new(gauge), new(gauge)
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.up()
		defer requests.now.Add(-1)
		answer(w, r)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			connections.up()
		case http.StateClosed:
			connections.now.Add(-1)
		case http.StateActive, http.StateIdle, http.StateHijacked:
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server, requests, connections
}

func TestSubmitAllIsBounded(t *testing.T) {
	const concurrency, total = 7, 500
	server, requests, connections := pooledServer(t, func(http.ResponseWriter, *http.Request) {})
	client := newClient(t, server.URL)
	asked, given := 0, 0 // not protected: input and loop take turns
	input := func(yield func(*report.Report) bool) {
		for r := range testReports(total) {
			if asked++; asked-given > concurrency {
				t.Errorf("report %d was asked for when %d results had been given", asked, given)
			}
			if !yield(r) {
				return
			}
		}
	}
	for res := range client.Report.SubmitAll(t.Context(), input, wats.Concurrency(concurrency)) {
		if res.Err != nil {
			t.Error(res.Err)
		}
		given++
	}
	if given != total || requests.most.Load() > concurrency || connections.most.Load() > concurrency {
		t.Errorf("%d results, %d requests and %d connections at once, want %d and at most %d",
			given, requests.most.Load(), connections.most.Load(), total, concurrency)
	}
}

func TestSubmitAllEndsWhenLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	var canceled atomic.Int64
	waiting := make(chan struct{}, 1000)
	server, _, _ := pooledServer(t, func(_ http.ResponseWriter, r *http.Request) {
		if serialOf(t, r) >= 3 {
			waiting <- struct{}{}
			<-r.Context().Done() // only a client that gives up ends it
			canceled.Add(1)
		}
	})
	client := newClient(t, server.URL)
	asked, closed := 0, false
	input := func(yield func(*report.Report) bool) {
		defer func() { closed = true }()
		for r := range testReports(1000) {
			if asked++; !yield(r) {
				return
			}
		}
	}
	given := 0
	for range client.Report.SubmitAll(t.Context(), input, wats.Concurrency(5)) {
		if given++; given == 3 {
			<-waiting
			break
		}
	}
	if asked > given+5 || !closed {
		t.Errorf("%d reports asked for, %d results, input ended %v; want at most 5 more, and true", asked, given, closed)
	}
	client.Close()
	server.Close() // waits for the requests
	if canceled.Load() == 0 {
		t.Error("no request was canceled")
	}
	noGoroutineLeft(t, before)
}

func TestSubmitAllEndsWithTheContext(t *testing.T) {
	server, _, _ := pooledServer(t, func(_ http.ResponseWriter, r *http.Request) {
		if serialOf(t, r) >= 10 {
			<-r.Context().Done()
		}
	})
	client := newClient(t, server.URL)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked, done, failed := 0, 0, 0
	input := func(yield func(*report.Report) bool) {
		for r := range testReports(1000) {
			if asked++; !yield(r) {
				return
			}
		}
	}
	for res := range client.Report.SubmitAll(ctx, input, wats.Concurrency(4)) {
		switch {
		case res.Err == nil:
			if done++; done == 10 {
				cancel()
			}
		case errors.Is(res.Err, context.Canceled):
			failed++
		default:
			t.Error(res.Err)
		}
	}
	if done != 10 || done+failed != asked || ctx.Err() == nil {
		t.Errorf("%d reports asked for, %d done, %d canceled, want a result for each, 10 of them done", asked, done, failed)
	}
	for res := range client.Report.SubmitAll(ctx, input) {
		t.Errorf("result %+v of a context that had ended", res)
	}
}

func TestSubmitAllOfNothing(t *testing.T) {
	client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	for res := range client.Report.SubmitAll(t.Context(), testReports(0)) {
		t.Errorf("result %+v of no reports", res)
	}
}

func TestBulkCallsRefuse(t *testing.T) {
	client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	for name, opt := range map[string]wats.BulkOption{
		"none at a time":     wats.Concurrency(0),
		"1001 at a time":     wats.Concurrency(1001),
		"an option of nil":   nil,
		"less than none":     wats.Concurrency(-1),
		"the most of an int": wats.Concurrency(1 << 30),
	} {
		n := 0
		for res := range client.Report.SubmitAll(t.Context(), testReports(3), opt) {
			if n++; res.Index != -1 || !errors.Is(res.Err, wats.ErrInvalid) {
				t.Errorf("SubmitAll, %s: %+v, want ErrInvalid at index -1", name, res)
			}
		}
		for r, err := range client.Report.Stream(t.Context(), wats.HeaderQuery{}, opt) {
			if n++; r != nil || !errors.Is(err, wats.ErrInvalid) {
				t.Errorf("Stream, %s: %v, %v, want ErrInvalid", name, r, err)
			}
		}
		if n != 2 {
			t.Errorf("%s: %d results, want one each", name, n)
		}
	}
	for res := range client.Report.SubmitAll(t.Context(), nil) {
		if !errors.Is(res.Err, wats.ErrInvalid) {
			t.Errorf("SubmitAll of no sequence: %+v, want ErrInvalid", res)
		}
	}
	for _, err := range client.Report.Stream(t.Context(), wats.HeaderQuery{Top: -1}) {
		if !errors.Is(err, wats.ErrInvalid) {
			t.Errorf("Stream of a bad query: %v, want ErrInvalid", err)
		}
	}
}

func TestPanicsPassThroughSubmitAll(t *testing.T) {
	for name, c := range map[string]struct{ inInput, inLoop bool }{
		"of the input": {inInput: true},
		"of the loop":  {inLoop: true},
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			server := httptest.NewServer(answer(200, ""))
			client := newClient(t, server.URL)
			input := func(yield func(*report.Report) bool) {
				for r := range testReports(20) {
					if c.inInput && r.SerialNumber == "SN-10" {
						panic("no more")
					}
					if !yield(r) {
						return
					}
				}
			}
			func() {
				defer func() {
					if got := recover(); got != "no more" {
						t.Errorf("recover() = %v, want what was thrown", got)
					}
				}()
				for res := range client.Report.SubmitAll(t.Context(), input, wats.Concurrency(4)) {
					if c.inLoop && res.Index == 5 {
						panic("no more")
					}
				}
			}()
			client.Close()
			server.Close()
			noGoroutineLeft(t, before)
		})
	}
}

func TestSubmitAllTakesNoMoreMemoryForMore(t *testing.T) {
	const total = 20_000
	client := newClient(t, "http://plant.example", wats.WithTransport(direct(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	})))
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, most, n := heap(), int64(0), 0
	for res := range client.Report.SubmitAll(t.Context(), testReports(total), wats.Concurrency(50)) {
		if res.Err != nil {
			t.Fatal(res.Err)
		}
		if n++; n%5000 == 0 {
			most = max(most, heap()-before)
		}
	}
	// A report takes about 3 kB: all of them 60 MB.
	t.Logf("heap grew by %d KiB", most>>10)
	if most > 3<<20 || n != total {
		t.Errorf("heap grew by %d KiB over %d reports, want what 50 take", most>>10, n)
	}
}

// streamServer serves n headers, and the report of each after delay.
func streamServer(t *testing.T, n int, delay func(id string)) http.HandlerFunc {
	t.Helper()
	list := rows(n, 1000, new(requestLog))
	return func(w http.ResponseWriter, r *http.Request) {
		id, isReport := strings.CutPrefix(r.URL.Path, "/api/Report/Wsjf/")
		if !isReport {
			list(w, r)
			return
		}
		delay(id)
		one := testReport("SN-" + id[len(id)-5:])
		var err error
		if one.ID, err = report.ParseID(id); err != nil {
			t.Error(err)
		}
		_, _ = w.Write(one.AppendWSJF(nil, report.WSJFOptions{}))
	}
}

func TestStreamKeepsTheOrderOfTheHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const total = 1500
		var fetching gauge
		client := newClient(t, "http://plant.example", wats.WithTransport(direct(streamServer(t, total, func(string) {
			fetching.up()
			defer fetching.now.Add(-1)
			time.Sleep(rand.N(time.Second))
		}))))
		n := 0
		for r, err := range client.Report.Stream(t.Context(), wats.HeaderQuery{}, wats.Concurrency(20)) {
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("SN-%05d", n); r.SerialNumber != want {
				t.Fatalf("report %d = %s, want %s", n, r.SerialNumber, want)
			}
			n++
		}
		if n != total || fetching.most.Load() != 20 {
			t.Errorf("%d reports, %d fetched at once, want %d and 20", n, fetching.most.Load(), total)
		}
	})
}

func TestStreamStopsAtTheFirstError(t *testing.T) {
	for name, c := range map[string]struct {
		handler func(t *testing.T) http.HandlerFunc
		reports int
		want    error
	}{
		"a report that is gone": {func(t *testing.T) http.HandlerFunc {
			whole := streamServer(t, 100, func(string) {})
			return func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "00042") {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				whole(w, r)
			}
		}, 42, wats.ErrNotFound},
		"a page of headers that is refused": {func(t *testing.T) http.HandlerFunc {
			whole := streamServer(t, 2000, func(string) {})
			return func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("$skip") == "1000" {
					w.WriteHeader(http.StatusForbidden)
					return
				}
				whole(w, r)
			}
		}, 1000, wats.ErrForbidden},
		"the first page": {func(*testing.T) http.HandlerFunc { return answer(500, "") }, 0, wats.ErrServer},
	} {
		t.Run(name, func(t *testing.T) {
			client := serve(t, c.handler(t), once)
			n, failures := 0, 0
			for r, err := range client.Report.Stream(t.Context(), wats.HeaderQuery{}) {
				switch {
				case err == nil && failures == 0:
					n++
				case r != nil || !errors.Is(err, c.want):
					t.Errorf("%v, %v after %d reports, want %v", r, err, n, c.want)
				default:
					failures++
				}
			}
			if n != c.reports || failures != 1 {
				t.Errorf("%d reports and %d errors, want %d and 1", n, failures, c.reports)
			}
		})
	}
}

func TestStreamEndsWhenLeftAndWithTheContext(t *testing.T) {
	before := runtime.NumGoroutine()
	server, requests, connections := pooledServer(t, streamServer(t, 1000, func(string) {}))
	client := newClient(t, server.URL)
	n := 0
	for _, err := range client.Report.Stream(t.Context(), wats.HeaderQuery{}, wats.Concurrency(6)) {
		if n++; err != nil || n == 10 {
			break
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	given, failures := 0, 0
	for _, err := range client.Report.Stream(ctx, wats.HeaderQuery{}, wats.Concurrency(6)) {
		if given++; given == 10 {
			cancel()
		}
		if err != nil {
			if failures++; !errors.Is(err, context.Canceled) {
				t.Errorf("err = %v, want context.Canceled", err)
			}
		}
	}
	if n != 10 || failures != 1 || given > 20 {
		t.Errorf("%d reports before leaving; %d until the context ended, %d errors", n, given, failures)
	}
	if requests.most.Load() > 12 || connections.most.Load() > 12 { // those of the first loop may still be ending
		t.Errorf("%d requests, %d connections at once, want at most 6 each loop", requests.most.Load(), connections.most.Load())
	}
	client.Close()
	server.Close()
	noGoroutineLeft(t, before)
}

func TestStreamOfTopAndOfNothing(t *testing.T) {
	client := serve(t, streamServer(t, 50, func(string) {}))
	list := client.Report.Stream(t.Context(), wats.HeaderQuery{Top: 7})
	for range 2 { // it can be ranged over again
		n := 0
		for _, err := range list {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 7 {
			t.Errorf("Top 7 gave %d reports", n)
		}
	}
	for r, err := range serve(t, answer(200, "[]")).Report.Stream(t.Context(), wats.HeaderQuery{}) {
		t.Errorf("Stream of nothing gave %v, %v", r, err)
	}
}

package wats_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// TestClientsNeverMeetUnderLoad: clients of other stations, tokens, caches and servers do not affect each other, though one of the servers fails.
// It makes 20,400 calls, and with GOWATS_LONG set a million.
func TestClientsNeverMeetUnderLoad(t *testing.T) {
	const goroutines = 200
	rounds := 34
	if os.Getenv("GOWATS_LONG") != "" {
		rounds = 1667
	}
	var warm sync.WaitGroup // for the first rounds, after which memory may not grow
	warm.Add(goroutines)
	var before, after runtime.MemStats
	var sick requestLog
	server := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			who := strings.TrimPrefix(r.Header.Get("Authorization"), "Basic ")
			switch {
			case who != name:
				t.Errorf("server %s got the token of %s", name, who)
			case len(body) > 0 && !strings.Contains(string(body), `"machineName":"`+name+`"`):
				t.Errorf("server %s got a report of another station: %s", name, body)
			case len(body) == 0:
				answer(200, `[{"name":"`+name+`"}]`)(w, r)
			}
		}
	}
	start := func(h http.HandlerFunc, opts ...wats.Option) *wats.Client {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return newSilentClient(t, server.URL, opts...)
	}
	one := start(server("one"), wats.WithToken("one"), wats.WithStation("one", "", ""))
	two := start(server("two"), wats.WithToken("two"), wats.WithStation("two", "", ""))
	down := start(func(w http.ResponseWriter, r *http.Request) { sick.add(r); w.WriteHeader(500) }, wats.WithToken("three"), fast)
	var wg sync.WaitGroup
	for i := range goroutines {
		client, name := one, "one"
		if i%2 == 1 {
			client, name = two, "two"
		}
		wg.Go(func() {
			for j := range rounds {
				if j == rounds/4 {
					warm.Done()
				}
				r := testReport(fmt.Sprint("SN-", i, "-", j))
				r.Station = ""
				if _, err := client.Report.Submit(t.Context(), r); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if list, err := client.Process.List(t.Context()); err != nil || len(list) != 1 || list[0].Name != name {
					t.Errorf("%s: processes %v, %v", name, list, err)
				}
				_, _ = down.Report.Get(t.Context(), report.NewID())
			}
		})
	}
	warm.Wait()
	runtime.GC()
	runtime.ReadMemStats(&before)
	wg.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	const slack = 16 << 20 // what 200 calls under way may hold
	if after.HeapAlloc > before.HeapAlloc+slack {
		t.Errorf("heap grew from %d to %d bytes in three quarters of the calls", before.HeapAlloc, after.HeapAlloc)
	}
	submits := int64(goroutines / 2 * rounds)
	for name, c := range map[string]*wats.Client{"one": one, "two": two} {
		if s := c.Stats(); s.Breaker != wats.BreakerClosed || s.Retries != 0 || s.Attempts != submits+s.CacheMisses || s.CacheMisses > 10 {
			t.Errorf("%s: Stats() = %+v, want %d submits and hardly a list that is not from the cache", name, s, submits)
		}
	}
	if s := down.Stats(); s.Breaker != wats.BreakerOpen || s.Refused == 0 || int(s.Attempts) != sick.len() {
		t.Errorf("the third: Stats() = %+v, want an open breaker", s)
	}
}

func TestNoGoroutineStays(t *testing.T) {
	server := httptest.NewServer(answer(200, "[]"))
	client, err := wats.NewClient(server.URL, wats.WithoutRateLimit())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
			defer cancel()
			_, _ = client.Process.List(ctx)
			_, _ = client.Version(ctx)
		})
	}
	wg.Wait()
	server.Close()
	client.Close()
	for deadline := time.Now().Add(10 * time.Second); ; {
		stacks := new(strings.Builder)
		_ = pprof.Lookup("goroutine").WriteTo(stacks, 2)
		ours := 0
		for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
			if strings.Contains(stack, "gowats.(*") || strings.Contains(stack, server.Listener.Addr().String()) {
				ours++
			}
		}
		if ours == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines of the client are left:\n%s", ours, stacks)
		}
		<-time.After(time.Millisecond)
	}
}

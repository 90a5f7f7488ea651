package wats_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gowats/gowats"
)

// stub is a transport that answers at once, so that only what is around it is measured.
type stub struct{}

func (stub) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: 8,
		Header: http.Header{"Content-Type": {"application/json"}, "Gowats-Server": {"1.0"}},
		Body:   io.NopCloser(strings.NewReader(`"24.1.0"`)),
	}, nil
}

// bare asks for the version by net/http alone, with the header a WATS server wants.
func bare(ctx context.Context, c *http.Client, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/api/App/Version", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Basic dTpw")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	res, err := c.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.ReadAll(res.Body)
	return err
}

// BenchmarkPipeline compares a call through all stages with the same request by net/http alone, first without a network, then over loopback.
// Times are medians, so that what else the machine does counts little.
func BenchmarkPipeline(b *testing.B) {
	server := httptest.NewServer(answer(200, `"24.1.0"`))
	b.Cleanup(server.Close)
	for name, c := range map[string]struct {
		address   string
		transport http.RoundTripper
	}{
		"no network": {"http://plant.example", stub{}},
		"loopback":   {server.URL, http.DefaultTransport},
	} {
		b.Run(name, func(b *testing.B) {
			client, err := wats.NewClient(c.address, wats.WithToken("dTpw"), wats.WithTransport(c.transport), wats.WithRateLimit(wats.RateLimit{PerMinute: 1_000_000, Burst: 1_000_000}))
			if err != nil {
				b.Fatal(err)
			}
			plain := &http.Client{Transport: c.transport}
			ctx := context.Background()
			direct := func() {
				if err := bare(ctx, plain, c.address); err != nil {
					b.Fatal(err)
				}
			}
			staged := func() {
				if _, err := client.Version(ctx); err != nil {
					b.Fatal(err)
				}
			}
			var directTook, stagedTook []float64 // nanoseconds
			for b.Loop() {                       // in turn, so that both meet the same machine
				began := time.Now()
				direct()
				middle := time.Now()
				staged()
				directTook = append(directTook, float64(middle.Sub(began)))
				stagedTook = append(stagedTook, float64(time.Since(middle)))
			}
			alone, all := median(directTook), median(stagedTook)
			b.ReportMetric(alone, "bare-ns/op")
			b.ReportMetric(all, "client-ns/op")
			b.ReportMetric(all-alone, "overhead-ns/op")
			b.ReportMetric(all/alone, "ratio")
			b.ReportMetric(testing.AllocsPerRun(100, staged)-testing.AllocsPerRun(100, direct), "overhead-allocs/op")
		})
	}
}

func BenchmarkMemoryCacheGet(b *testing.B) {
	c := wats.NewMemoryCache(0, 0)
	ctx := context.Background()
	if err := c.Set(ctx, "wats1/a/product/b", make([]byte, 1000), time.Hour); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, found, _ := c.Get(ctx, "wats1/a/product/b"); !found {
				b.Error("the value is gone")
				return
			}
		}
	})
}

// BenchmarkGoroutines sends the same number of requests from 50 goroutines and from 10 000, in turn, over loopback, to a server that takes its
// time, and without a network. Ratios are medians
// over the rounds that -benchtime=7x asks for, of the throughput of the many by that of the few:
//
//   - ratio: while the 9 950 that do not call are there and wait, so that it tells how calls get into each other's way and nothing else;
//   - alone-ratio: in a process of those 50 only, so that it holds what 10 000 stacks cost the garbage collector and the processor's caches too;
//   - bare-ratio: the same of net/http alone with as many connections, which is what there is to reach.
//
// The flag -mutexprofile tells where calls wait for each other.
func BenchmarkGoroutines(b *testing.B) {
	after := func(delay time.Duration) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(delay)
			w.Header().Set("Gowats-Server", "1.0")
			_, _ = io.WriteString(w, `"24.1.0"`)
		}))
		b.Cleanup(server.Close)
		return server.URL
	}
	for name, c := range map[string]struct {
		address string
		calls   int64
		opts    []wats.Option
	}{
		"loopback":   {after(0), 20_000, nil},
		"after 10ms": {after(10 * time.Millisecond), 20_000, nil}, // as a server has work to do, and a way to it
		"no network": {"http://plant.example", 100_000, []wats.Option{wats.WithTransport(stub{})}},
	} {
		b.Run(name, func(b *testing.B) {
			client, err := wats.NewClient(c.address, append(c.opts, wats.WithToken("dTpw"))...)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(client.Close)
			call := func(ctx context.Context) error {
				_, err := client.Version(ctx)
				return err
			}
			transport := http.DefaultTransport.(*http.Transport).Clone()
			transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost, transport.MaxIdleConns = 128, 128, 0
			b.Cleanup(transport.CloseIdleConnections)
			plain := &http.Client{Transport: transport}
			if c.opts != nil {
				plain.Transport = stub{}
			}
			direct := func(ctx context.Context) error { return bare(ctx, plain, c.address) }

			const all, few = 10_000, 50
			var many, ratios, aloneRatios, bareRatios []float64
			for b.Loop() {
				before := throughput(b, call, few, all-few, c.calls)
				now := throughput(b, call, all, 0, c.calls)
				after := throughput(b, call, few, all-few, c.calls)
				alone := throughput(b, call, few, 0, c.calls)
				many = append(many, now)
				ratios = append(ratios, 2*now/(before+after))
				aloneRatios = append(aloneRatios, now/alone)
				bareRatios = append(bareRatios, throughput(b, direct, all, 0, c.calls)/throughput(b, direct, few, 0, c.calls))
			}
			b.ReportMetric(median(many), "10000-calls/s")
			b.ReportMetric(median(ratios), "ratio")
			b.ReportMetric(slices.Min(ratios), "least-ratio")
			b.ReportMetric(median(aloneRatios), "alone-ratio")
			b.ReportMetric(median(bareRatios), "bare-ratio")
		})
	}
}

// throughput returns how many calls a second that many goroutines make together, after one each that does not count. As many as idle have made
// theirs by then and wait.
func throughput(b *testing.B, call func(context.Context) error, goroutines, idle int, calls int64) float64 {
	ctx, cancel := context.WithCancel(b.Context()) // as a program has it: one that can end
	defer cancel()
	var warm, work, rest sync.WaitGroup
	defer rest.Wait()
	begin, end := make(chan struct{}), make(chan struct{})
	defer close(end)
	first := func() {
		if err := call(ctx); err != nil {
			b.Error(err)
		}
		warm.Done()
	}
	warm.Add(goroutines + idle)
	for range idle {
		rest.Go(func() {
			first()
			<-end
		})
	}
	var left atomic.Int64
	left.Store(calls)
	for range goroutines {
		work.Go(func() {
			first()
			<-begin
			for left.Add(-1) >= 0 {
				if err := call(ctx); err != nil {
					b.Error(err)
				}
			}
		})
	}
	warm.Wait()
	began := time.Now()
	close(begin)
	work.Wait()
	return float64(calls) / time.Since(began).Seconds()
}

// median of an odd number of values, or the lower of the two in the middle.
func median(values []float64) float64 { return slices.Sorted(slices.Values(values))[(len(values)-1)/2] }

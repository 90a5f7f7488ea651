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
		StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
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
			var directTook, stagedTook time.Duration
			for b.Loop() { // in turn, so that both meet the same machine
				began := time.Now()
				direct()
				middle := time.Now()
				staged()
				directTook += middle.Sub(began)
				stagedTook += time.Since(middle)
			}
			n := float64(b.N)
			b.ReportMetric(float64(directTook)/n, "bare-ns/op")
			b.ReportMetric(float64(stagedTook)/n, "client-ns/op")
			b.ReportMetric(float64(stagedTook-directTook)/n, "overhead-ns/op")
			b.ReportMetric(float64(stagedTook)/float64(directTook), "ratio")
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

// BenchmarkGoroutines sends the same number of requests from 50 goroutines and from 10 000, in turn, over loopback and without a network. Ratio is the median
// throughput of the many by that of the few, over the rounds that -benchtime=7x asks for; -mutexprofile tells where they wait for each other.
func BenchmarkGoroutines(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Gowats-Server", "1.0")
		_, _ = io.WriteString(w, `"24.1.0"`)
	}))
	b.Cleanup(server.Close)
	for name, c := range map[string]struct {
		address string
		calls   int64
		opts    []wats.Option
	}{
		"loopback":   {server.URL, 60_000, nil},
		"no network": {"http://plant.example", 500_000, []wats.Option{wats.WithTransport(stub{})}},
	} {
		b.Run(name, func(b *testing.B) {
			client, err := wats.NewClient(c.address, append(c.opts, wats.WithToken("dTpw"))...)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(client.Close)
			var few, many, ratios []float64
			for b.Loop() {
				few = append(few, throughput(b, client, 50, c.calls))
				many = append(many, throughput(b, client, 10_000, c.calls))
				ratios = append(ratios, many[len(many)-1]/few[len(few)-1])
			}
			b.ReportMetric(median(few), "50-calls/s")
			b.ReportMetric(median(many), "10000-calls/s")
			b.ReportMetric(median(ratios), "ratio")
			b.ReportMetric(slices.Min(ratios), "least-ratio")
		})
	}
}

// throughput returns how many calls a second that many goroutines make together, after one each that does not count.
func throughput(b *testing.B, client *wats.Client, goroutines int, calls int64) float64 {
	ctx, cancel := context.WithCancel(b.Context()) // as a program has it: one that can end
	defer cancel()
	var warm, done sync.WaitGroup
	warm.Add(goroutines)
	begin := make(chan struct{})
	var left atomic.Int64
	left.Store(calls)
	for range goroutines {
		done.Go(func() {
			_, err := client.Version(ctx)
			warm.Done()
			<-begin
			for left.Add(-1) >= 0 && err == nil {
				_, err = client.Version(ctx)
			}
			if err != nil {
				b.Error(err)
			}
		})
	}
	warm.Wait()
	began := time.Now()
	close(begin)
	done.Wait()
	return float64(calls) / time.Since(began).Seconds()
}

// median of an odd number of values, or the lower of the two in the middle.
func median(values []float64) float64 { return slices.Sorted(slices.Values(values))[(len(values)-1)/2] }

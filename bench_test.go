package wats_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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

// BenchmarkGoroutines sends the same number of requests from 50 goroutines and from 10 000; ratio tells how much slower each of the latter goes.
func BenchmarkGoroutines(b *testing.B) {
	client, err := wats.NewClient("http://plant.example", wats.WithToken("dTpw"), wats.WithTransport(stub{}))
	if err != nil {
		b.Fatal(err)
	}
	const calls = 20_000
	send := func(goroutines int) time.Duration {
		began := time.Now()
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				for range calls / goroutines {
					if _, err := client.Version(context.Background()); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
		return time.Since(began)
	}
	var few, many time.Duration
	for b.Loop() {
		few += send(50)
		many += send(10_000)
	}
	n := float64(b.N) * calls
	b.ReportMetric(float64(few)/n, "50-ns/call")
	b.ReportMetric(float64(many)/n, "10000-ns/call")
	b.ReportMetric(float64(many)/float64(few), "ratio")
}

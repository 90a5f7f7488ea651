package wats

import (
	"context"
	"net/http"
	"testing"
)

// BenchmarkCacheHit measures what the pipeline takes to answer a read from the memory, without decoding it.
func BenchmarkCacheHit(b *testing.B) {
	s := defaultSettings()
	s.cache = NewMemoryCache(0, 0)
	s.token = BasicToken("dTpw")
	o := new(observer)
	body := make([]byte, 1000)
	ctx := context.Background()
	do := compose(func(context.Context, *request) (*answer, error) { return &answer{status: 200, body: body}, nil },
		observeCalls(o), newCacher(s, s.tokens(), "http://plant.example", "plant.example", o).stage)
	req := newRequest(http.MethodGet, "api", "App", "Processes")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := do(ctx, req); err != nil {
			b.Fatal(err)
		}
	}
	if hits := o.stats().CacheHits; hits < int64(b.N)-1 {
		b.Errorf("%d hits of %d", hits, b.N)
	}
}

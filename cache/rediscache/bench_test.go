package rediscache_test

import (
	"strings"
	"testing"

	"github.com/gowats/gowats/cache/rediscache"
)

// BenchmarkGet measures a value of 2 kB as it comes from Redis and from the copy in memory; the ratio is the one through the other.
func BenchmarkGet(b *testing.B) {
	redis := startRedis(b)
	value := strings.Repeat("v", 2000)
	var fromRedis float64 // nanoseconds
	b.Run("from redis", func(b *testing.B) {
		fromRedis = measure(b, newCache(b, redis.address, rediscache.WithLocalMemory(0)), value)
	})
	b.Run("from memory", func(b *testing.B) {
		fromMemory := measure(b, newCache(b, redis.address), value)
		b.ReportMetric(fromRedis/fromMemory, "times-faster")
	})
}

func measure(b *testing.B, c *rediscache.Cache, value string) (nanoseconds float64) {
	set(b, c, key, value)
	eventually(b, "it is there", func() bool { return get(b, c, key) == value })
	b.ReportAllocs()
	for b.Loop() {
		if _, found, err := c.Get(b.Context(), key); err != nil || !found {
			b.Fatalf("Get: %v, %v", found, err)
		}
	}
	return float64(b.Elapsed().Nanoseconds()) / float64(b.N)
}

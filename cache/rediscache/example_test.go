package rediscache_test

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/cache/rediscache"
)

// Clients of several processes share what they know of products, for ten minutes at most.
func Example() {
	cache, err := rediscache.New("redis.plant.example:6379",
		rediscache.WithPassword("", "password"), rediscache.WithTLS(&tls.Config{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cache.Close()
	client, err := wats.NewClient("https://plant.example",
		wats.WithToken("dXNlcjpwYXNzd29yZA=="),
		wats.WithCache(cache),
		wats.WithCacheTTL(wats.DomainProduct, 10*time.Minute))
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = client // and so on
}

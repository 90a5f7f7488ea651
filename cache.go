package wats

import (
	"context"
	"time"
)

// A Cache keeps answers of servers for some time. It is safe for concurrent use, also by several clients; several processes may share one.
//
// A key is a folder and a name, like wats1/9f86d081/product/5c1a…: lower-case hexadecimal digits and words, at most 200 bytes. It holds server,
// domain, identity and query only as hashes, so that it tells no secret. A client that gets an error goes on without the cache and tells it to logger and [Metrics].
type Cache interface {
	// Get returns the value of key; found is false when there is none or its time is over. The caller does not change value.
	Get(ctx context.Context, key string) (value []byte, found bool, err error)

	// Set keeps value for ttl, which is above zero. It may drop it at any time, also at once. The cache does not change value, nor does
	// the caller afterwards.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error

	// Invalidate drops every key that begins with folder, which is all of some keys up to and with their last slash:
	// wats1/9f86d081/product/. When it returns, no process that shares the cache gets a value set before.
	Invalidate(ctx context.Context, folder string) error
}

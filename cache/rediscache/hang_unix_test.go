//go:build unix

package rediscache_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/gowats/gowats/cache/rediscache"
)

func TestARedisThatHangsIsGivenUp(t *testing.T) {
	redis := startRedis(t)
	c := newCache(t, redis.address, rediscache.WithTimeout(100*time.Millisecond))
	set(t, c, key, "value")
	redis.signal(t, syscall.SIGSTOP)
	defer redis.signal(t, syscall.SIGCONT)
	if err := c.Set(t.Context(), key, []byte("newer"), time.Minute); err == nil {
		t.Error("Set in a Redis that hangs: no error")
	}
	eventually(t, "copies of a connection that is dead are not used", func() bool {
		_, _, err := c.Get(t.Context(), key)
		return err != nil
	})
}

package wats_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gowats/gowats"
)

func has(t *testing.T, c *wats.MemoryCache, key string) bool {
	t.Helper()
	_, found, err := c.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func set(t *testing.T, c *wats.MemoryCache, key string, size int, ttl time.Duration) {
	t.Helper()
	if err := c.Set(t.Context(), key, make([]byte, size), ttl); err != nil {
		t.Fatal(err)
	}
}

func TestMemoryCacheDropsWhatWasNotUsedForLongest(t *testing.T) {
	c := wats.NewMemoryCache(3, 0)
	for _, key := range []string{"a", "b", "c"} {
		set(t, c, key, 1, time.Hour)
	}
	has(t, c, "a")
	set(t, c, "d", 1, time.Hour)
	for key, want := range map[string]bool{"a": true, "b": false, "c": true, "d": true} {
		if got := has(t, c, key); got != want {
			t.Errorf("%s is there: %v, want %v", key, got, want)
		}
	}
}

func TestMemoryCacheIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		entries     int
		bytes       int64
		size        int
		least, most int
	}{
		"by few entries":  {10, 0, 1, 10, 10},
		"by many entries": {1600, 0, 1, 1500, 1600},
		"by bytes":        {0, 16 << 20, 100 << 10, 100, 163},
		"by bytes of one": {0, 1 << 20, 1 << 17, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			cache := wats.NewMemoryCache(c.entries, c.bytes)
			for i := range 3000 {
				set(t, cache, fmt.Sprint("k", i), c.size, time.Hour)
			}
			n := 0
			for i := range 3000 {
				if has(t, cache, fmt.Sprint("k", i)) {
					n++
				}
			}
			if n < c.least || n > c.most {
				t.Errorf("%d of 3000 values of %d bytes are there, want %d to %d", n, c.size, c.least, c.most)
			}
		})
	}
}

func TestMemoryCacheForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := wats.NewMemoryCache(0, 0)
		set(t, c, "s/a/1", 1, time.Minute)
		set(t, c, "s/a/2", 1, time.Hour)
		set(t, c, "s/ab/3", 1, time.Hour)
		time.Sleep(time.Minute)
		if has(t, c, "s/a/1") || !has(t, c, "s/a/2") {
			t.Error("after a minute: want the first gone and the second there")
		}
		if err := c.Invalidate(t.Context(), "s/a/"); err != nil {
			t.Fatal(err)
		}
		if has(t, c, "s/a/2") || !has(t, c, "s/ab/3") {
			t.Error("after Invalidate(s/a/): want s/a/2 gone and s/ab/3 there")
		}
		set(t, c, "s/ab/3", 1<<30>>4, time.Hour) // too large: and the old value is gone as well
		if has(t, c, "s/ab/3") {
			t.Error("a value replaced by one too large to keep is still there")
		}
	})
}

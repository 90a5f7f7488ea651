package wats

import (
	"context"
	"hash/maphash"
	"strings"
	"sync"
	"time"
)

// MemoryCache is a [Cache] in the memory of the process. When it is full it drops what was not used for longest.
type MemoryCache struct {
	seed   maphash.Seed
	shards []memoryShard // each for its own part of the keys, so that callers seldom wait for each other
}

// NewMemoryCache returns an empty cache of at most so many entries and bytes, keys and bookkeeping included; a limit that is not above zero
// means 10 000 entries and 64 MiB. A value above a sixteenth of the bytes is not kept.
func NewMemoryCache(entries int, bytes int64) *MemoryCache {
	const shards = 16
	if entries <= 0 {
		entries = 10_000
	}
	if bytes <= 0 {
		bytes = 64 << 20
	}
	c := &MemoryCache{seed: maphash.MakeSeed(), shards: make([]memoryShard, shards)}
	if entries < 64*shards {
		c.shards = c.shards[:1] // so few that they must not be shared out
	}
	n := len(c.shards)
	for i := range c.shards {
		s := &c.shards[i]
		s.entries, s.bytes, s.largest = entries/n, bytes/int64(n), bytes/shards
		s.byKey = map[string]*memoryEntry{}
		s.ring.next, s.ring.prev = &s.ring, &s.ring
	}
	return c
}

// Get returns the value of key, and counts as a use of it.
func (c *MemoryCache) Get(_ context.Context, key string) ([]byte, bool, error) {
	value, found := c.shard(key).get(key, time.Now())
	return value, found, nil
}

// Set keeps value for ttl.
func (c *MemoryCache) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	c.shard(key).set(key, value, time.Now().Add(ttl))
	return nil
}

// Invalidate drops every key that begins with folder. It looks at all of them: a millisecond for 10 000.
func (c *MemoryCache) Invalidate(_ context.Context, folder string) error {
	for i := range c.shards {
		c.shards[i].invalidate(folder)
	}
	return nil
}

func (c *MemoryCache) shard(key string) *memoryShard {
	return &c.shards[maphash.String(c.seed, key)%uint64(len(c.shards))]
}

type memoryEntry struct {
	key        string
	value      []byte
	until      time.Time
	next, prev *memoryEntry
}

// size is about what an entry takes.
func (e *memoryEntry) size() int64 {
	const bookkeeping = 160
	return int64(len(e.key)+len(e.value)) + bookkeeping
}

// memoryShard is a map and a ring of its entries by use, the latest first.
type memoryShard struct {
	entries int
	bytes   int64
	largest int64

	mu    sync.Mutex
	byKey map[string]*memoryEntry
	ring  memoryEntry // next is the latest, prev the one to drop
	size  int64
}

func (s *memoryShard) get(key string, now time.Time) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byKey[key]
	if e == nil {
		return nil, false
	}
	if !now.Before(e.until) {
		s.drop(e)
		return nil, false
	}
	e.unlink()
	e.linkAfter(&s.ring)
	return e.value, true
}

func (s *memoryShard) set(key string, value []byte, until time.Time) {
	e := &memoryEntry{key: key, value: value, until: until}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.byKey[key]; old != nil {
		s.drop(old)
	}
	if e.size() > s.largest {
		return
	}
	s.byKey[key] = e
	s.size += e.size()
	e.linkAfter(&s.ring)
	for len(s.byKey) > s.entries || s.size > s.bytes {
		s.drop(s.ring.prev)
	}
}

func (s *memoryShard) invalidate(folder string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, e := range s.byKey {
		if strings.HasPrefix(key, folder) {
			s.drop(e)
		}
	}
}

func (s *memoryShard) drop(e *memoryEntry) {
	e.unlink()
	s.size -= e.size()
	delete(s.byKey, e.key)
}

func (e *memoryEntry) unlink() {
	e.next.prev, e.prev.next = e.prev, e.next
}

func (e *memoryEntry) linkAfter(at *memoryEntry) {
	e.prev, e.next = at, at.next
	at.next.prev, at.next = e, e
}

// Package rediscache lets the clients of several processes share one cache in Redis, each with copies in its own memory that Redis
// calls back as soon as they are old (server-assisted client-side caching, Redis 6 and above).
package rediscache

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/gowats/gowats"
)

const (
	maxValue       = 4 << 20 // bytes; larger values are not worth their memory and are not kept
	generationLife = 7 * 24 * time.Hour
	localLife      = 10 * time.Minute // of a copy in memory, should Redis never call it back
	pause          = time.Second      // without a try after the connection failed
	maxPending     = 10_000           // folders that wait for Redis to be invalidated
	maxMissed      = 10_000           // keys that were missed and not set yet
)

// ErrDown matches the errors of calls that were not tried, because Redis could not be reached a moment ago.
var ErrDown = errors.New("redis could not be reached a moment ago")

// Cache is a [wats.Cache] in Redis. Any number of goroutines and clients may use it.
//
// No call waits longer than the timeout. When Redis is gone every call is an error, at once for most, and the client goes on without a
// cache. What is invalidated meanwhile is invalidated when Redis is back, and not returned here before.
//
// [Cache.Invalidate] holds at once for this process, and for all without copies in memory. Another process may return its copy until
// the call of Redis reaches it: one trip through the network; two timeouts and a second at most when its connection is dead without knowing.
type Cache struct {
	redis     rueidis.Client
	prefix    string
	downUntil atomic.Int64 // nanoseconds since made; 0: not down
	made      time.Time

	mu      sync.RWMutex
	floors  map[string]uint64   // by folder: the generation that this process began, until Redis has called back the one before
	pending map[string]struct{} // folders that could not be invalidated yet
	missed  map[string]uint64   // by key: the generation in which it was missed, 0: Redis was not reached
	flush   sync.Mutex          // held by the one who invalidates them
}

var _ wats.Cache = (*Cache)(nil)

// New returns the cache in the Redis server at address, host:port. It needs no server yet: until there is one, every call is an error.
// To find out what is wrong with a server or a password, use [Cache.Ping].
func New(address string, options ...Option) (*Cache, error) {
	s := defaultSettings(address)
	for _, option := range options {
		if err := option(&s); err != nil {
			return nil, fmt.Errorf("cache in redis at %s: %w", address, err)
		}
	}
	if address == "" {
		return nil, errors.New("cache in redis: the address is missing")
	}
	client, err := rueidis.NewClient(s.redis)
	if client == nil {
		return nil, fmt.Errorf("cache in redis at %s: %w", address, err)
	}
	c := &Cache{
		redis: client, prefix: s.prefix, made: time.Now(),
		floors: map[string]uint64{}, pending: map[string]struct{}{}, missed: map[string]uint64{},
	}
	if err != nil { // not reached: it is tried again
		c.goDown()
	}
	return c, nil
}

// Close ends the connection. Calls after it are errors.
func (c *Cache) Close() { c.redis.Close() }

// Ping asks whether Redis answers, also when it did not a moment ago.
func (c *Cache) Ping(ctx context.Context) error {
	if err := c.redis.Do(ctx, c.redis.B().Ping().Build()).Error(); err != nil {
		return fmt.Errorf("ping redis: %w", err)
	}
	c.downUntil.Store(0)
	return nil
}

// Get returns the value of key, from this process's memory if there is a copy.
func (c *Cache) Get(ctx context.Context, key string) (value []byte, found bool, err error) {
	folder, name, err := split(key)
	if err != nil {
		return nil, false, err
	}
	generation, err := c.generation(ctx, folder)
	if err == nil {
		get := c.redis.B().Get().Key(c.valueKey(folder, generation, name)).Cache()
		value, err = c.redis.DoCache(ctx, get, localLife).AsBytes()
		err = c.note(ctx, err)
	}
	switch {
	case rueidis.IsRedisNil(err):
		c.miss(key, generation)
		return nil, false, nil
	case err != nil:
		c.miss(key, 0)
		return nil, false, wrap("get from", err)
	}
	return value, true, nil
}

// Set keeps value for ttl, at most seven days. A value above 4 MiB is not kept, which is no error.
//
// After a Get of key that found nothing, value is taken for what was true at that Get: if the folder was invalidated since, by any
// process, nobody gets it.
func (c *Cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	folder, name, err := split(key)
	switch {
	case err != nil:
		return err
	case ttl < time.Millisecond || len(value) > maxValue:
		return nil
	}
	generation, known := c.takeMiss(key)
	switch {
	case !known:
		generation, err = c.generation(ctx, folder)
	case generation == 0 || c.isDown():
		err = ErrDown
	}
	if err != nil {
		return wrap("set in", err)
	}
	set := c.redis.B().Set().Key(c.valueKey(folder, generation, name)).Value(rueidis.BinaryString(value)).
		Px(min(ttl, generationLife)).Build()
	return wrap("set in", c.note(ctx, c.redis.Do(ctx, set).Error()))
}

// Invalidate drops what was set in folder before, by any process. After an error this process does not return it either, and tries again.
func (c *Cache) Invalidate(ctx context.Context, folder string) error {
	if !strings.HasSuffix(folder, "/") {
		return fmt.Errorf("invalidate in redis: folder %q does not end in a slash", folder)
	}
	if err := c.postpone(folder); err != nil { // until it is done
		return err
	}
	return wrap("invalidate in", c.catchUp(ctx))
}

// A folder has a generation, a number that grows: the keys of values hold it. To invalidate a folder is to begin its next generation; the
// values of the one before are never asked for again and expire.

func (c *Cache) generationKey(folder string) string { return c.prefix + "generation:" + folder }

func (c *Cache) valueKey(folder string, generation uint64, name string) string {
	return c.prefix + "value:" + folder + strconv.FormatUint(generation, 10) + "/" + name
}

// generation returns the generation of a folder; the first one begins now.
func (c *Cache) generation(ctx context.Context, folder string) (uint64, error) {
	if c.isDown() {
		return 0, ErrDown
	}
	c.mu.RLock()
	floor, waiting := c.floors[folder], len(c.pending)
	c.mu.RUnlock()
	if waiting > 0 {
		if err := c.catchUp(ctx); err != nil {
			return 0, err
		}
		return c.generation(ctx, folder)
	}
	get := c.redis.B().Get().Key(c.generationKey(folder)).Cache()
	generation, err := c.redis.DoCache(ctx, get, localLife).AsUint64()
	switch {
	case rueidis.IsRedisNil(err):
		return c.begin(ctx, folder, onlyIfNone)
	case err != nil:
		return 0, c.note(ctx, err)
	case generation < floor:
		return floor, nil // Redis has not called back this copy yet
	case floor > 0:
		c.mu.Lock()
		delete(c.floors, folder)
		c.mu.Unlock()
	}
	return generation, nil
}

// beginScript begins a generation and returns it; with ARGV[2] it keeps one that is there. Generations are microseconds of Redis's clock,
// so that they grow even if Redis has thrown the last one away; a clock set back does no harm as long as it has not.
const beginScript = `
local old = redis.call('GET', KEYS[1])
if old and ARGV[2] == 'keep' then return old end
local now = redis.call('TIME')
local next = now[1] * 1000000 + now[2]
if old and tonumber(old) >= next then next = tonumber(old) + 1 end
local text = string.format('%.0f', next)
redis.call('SET', KEYS[1], text, 'PX', ARGV[1])
return text`

const (
	always     = "always"
	onlyIfNone = "keep"
)

func (c *Cache) begin(ctx context.Context, folder, when string) (uint64, error) {
	life := strconv.FormatInt((generationLife + time.Hour).Milliseconds(), 10) // longer than any value of it
	eval := c.redis.B().Eval().Script(beginScript).Numkeys(1).Key(c.generationKey(folder)).Arg(life, when).Build()
	generation, err := c.redis.Do(ctx, eval).AsUint64()
	return generation, c.note(ctx, err)
}

// miss remembers in which generation key was missed. Of too many it forgets any.
func (c *Cache) miss(key string, generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.missed) >= maxMissed {
		for one := range c.missed {
			delete(c.missed, one)
			break
		}
	}
	c.missed[key] = generation
}

func (c *Cache) takeMiss(key string) (generation uint64, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	generation, known = c.missed[key]
	delete(c.missed, key)
	return generation, known
}

// postpone marks a folder as one that is to be invalidated.
func (c *Cache) postpone(folder string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) >= maxPending {
		return fmt.Errorf("invalidate in redis: %d folders wait for it already; %s stays until its values expire", maxPending, folder)
	}
	c.pending[folder] = struct{}{}
	return nil
}

// catchUp invalidates all that was postponed.
func (c *Cache) catchUp(ctx context.Context) error {
	if c.isDown() {
		return ErrDown
	}
	c.flush.Lock()
	defer c.flush.Unlock()
	for _, folder := range c.postponed() {
		generation, err := c.begin(ctx, folder, always)
		if err != nil {
			return err
		}
		c.mu.Lock()
		delete(c.pending, folder)
		c.floors[folder] = generation
		c.mu.Unlock()
	}
	return nil
}

func (c *Cache) postponed() []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	folders := make([]string, 0, len(c.pending))
	for folder := range c.pending {
		folders = append(folders, folder)
	}
	return folders
}

func (c *Cache) isDown() bool {
	until := c.downUntil.Load()
	return until != 0 && int64(time.Since(c.made)) < until
}

func (c *Cache) goDown() { c.downUntil.Store(int64(time.Since(c.made) + pause)) }

// note returns err, and remembers if it says that Redis cannot be reached. An end of the caller's context says nothing about Redis.
func (c *Cache) note(ctx context.Context, err error) error {
	if err == nil || rueidis.IsRedisNil(err) {
		return err
	}
	if _, answered := rueidis.IsRedisErr(err); !answered && ctx.Err() == nil {
		c.goDown()
	}
	return err
}

func split(key string) (folder, name string, err error) {
	slash := strings.LastIndexByte(key, '/')
	if slash < 0 || slash == len(key)-1 {
		return "", "", fmt.Errorf("cache key %q is not a folder and a name", key)
	}
	return key[:slash+1], key[slash+1:], nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s redis: %w", what, err)
}

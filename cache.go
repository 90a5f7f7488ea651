package wats

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// A Cache keeps answers of servers for some time. It is safe for concurrent use, also by several clients; several processes may share one.
//
// A key is a folder and a name, like wats1/9f86d081/product/5c1a…: lower-case hexadecimal digits and words, at most 200 bytes. It holds server,
// identity and query only as hashes, so that it tells no secret. A client that gets an error goes on without the cache, and tells it to its logger and [Metrics].
type Cache interface {
	// Get returns the value of key; found is false when there is none or its time is over. The caller does not change value.
	Get(ctx context.Context, key string) (value []byte, found bool, err error)

	// Set keeps value for ttl, which is above zero. It may drop it at any time, also at once. The cache does not change value, nor does
	// the caller afterwards.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error

	// Invalidate drops every key that begins with folder, which is all of some keys up to and with their last slash:
	// wats1/9f86d081/product/. When it returns, this process gets no value set before; other processes that
	// share the cache, and keep copies of their own, get none as soon as they have heard of it.
	Invalidate(ctx context.Context, folder string) error
}

const (
	keySpace      = "wats1/" // with the version of what is in a value
	referenceTTL  = time.Hour
	absentTTL     = 10 * time.Second // of an answer 404, and of a snapshot, unless the domain's is shorter
	largestCached = 4 << 20          // bytes of an answer
	invalidation  = 5 * time.Second  // longest time to tell the cache about a write, also when the caller has left
)

// usualTTL returns how long answers about d are kept where that is wanted, by how often such things change in a plant; 0 when there is no such time.
func usualTTL(d Domain) time.Duration {
	switch d {
	case DomainProduct:
		return 24 * time.Hour
	case DomainReference, DomainProcess, DomainSoftware, DomainManualInspection:
		return referenceTTL
	case DomainAsset:
		return 5 * time.Minute
	}
	return 0
}

// cacher is the stage that answers from the cache. It is outermost, so that what it answers costs nothing further in.
type cacher struct {
	cache    Cache
	ttls     map[Domain]time.Duration
	onUpdate []func(Domain)
	tokens   *tokenKeeper // nil: no credential
	files    *snapshots   // nil: none
	host     string
	server   string // hash of the address
	observer *observer
	log      *slog.Logger

	flights  flights
	identity atomic.Pointer[identity]
	writes   map[Domain]*atomic.Uint64 // so far: what was asked for before a write is not kept after it
}

func newCacher(s settings, tokens *tokenKeeper, address, host string, o *observer) *cacher {
	sum := sha256.Sum256([]byte(address))
	writes := map[Domain]*atomic.Uint64{}
	for domain, ttl := range s.ttls {
		if ttl > 0 {
			writes[domain] = new(atomic.Uint64)
		}
	}
	return &cacher{
		cache: s.cache, ttls: s.ttls, onUpdate: s.onUpdate, tokens: tokens, files: s.snapshots,
		host: host, server: hex.EncodeToString(sum[:8]), observer: o, log: s.log, writes: writes,
	}
}

func (c *cacher) stage(next handler) handler {
	return func(ctx context.Context, req *request) (*answer, error) {
		if !req.reads {
			return c.write(ctx, req, next)
		}
		if req.to != nil { // too large to keep, as a rule, and not in memory
			return next(ctx, req)
		}
		domain := cachedAs(req)
		ttl := c.ttls[domain]
		if ttl <= 0 {
			return next(ctx, req)
		}
		id, err := c.identify(ctx)
		if err != nil {
			return nil, &TokenError{Method: req.method, Path: req.path, Err: err}
		}
		kept := *req
		kept.into = nil // a caller who leaves may use the memory again
		return c.read(ctx, &cacheRead{&kept, domain, ttl, c.key(domain, id, req)}, next)
	}
}

// cacheRead is a request whose answer may be kept.
type cacheRead struct {
	*request
	domain Domain
	ttl    time.Duration
	key    string
}

func (c *cacher) folder(d Domain) string { return keySpace + c.server + "/" + string(d) + "/" }

func (c *cacher) read(ctx context.Context, r *cacheRead, next handler) (*answer, error) {
	if r.opts&NoCache != 0 {
		return c.fetch(ctx, r, next)
	}
	if value, found := c.lookup(ctx, r); found {
		c.tell(EventCacheHit, r.request)
		return c.unpack(r, value)
	}
	// Who asks after a write does not share what was asked for before it.
	flight := binary.BigEndian.AppendUint64([]byte(r.key), c.writes[r.domain].Load())
	ans, shared, err := c.flights.do(ctx, string(flight), func(ctx context.Context) (*answer, error) { return c.fetch(ctx, r, next) })
	if shared {
		c.tell(EventCacheShare, r.request)
	}
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			err = &TransportError{Method: r.method, Path: r.path, Host: c.host, Attempts: 1, Err: err}
		}
		return c.fromSnapshot(ctx, r, err)
	}
	return &answer{ans.status, ans.header.Clone(), bytes.Clone(ans.body)}, nil // the caller's own
}

// fetch asks the server and keeps what it says.
func (c *cacher) fetch(ctx context.Context, r *cacheRead, next handler) (*answer, error) {
	c.tell(EventCacheMiss, r.request)
	writes := c.writes[r.domain].Load()
	ans, err := next(ctx, r.request)
	value, ttl := packed(ans, err, r.ttl)
	if value != nil && c.writes[r.domain].Load() == writes {
		c.report(ctx, c.cache.Set(ctx, r.key, value, ttl), r.request)
	}
	if err == nil && c.files != nil && r.domain == DomainReference {
		c.report(ctx, c.files.save(c.file(r), c.host, r.request, ans, time.Now()), r.request)
	}
	return ans, err
}

// lookup returns what the cache has, if it is of use.
func (c *cacher) lookup(ctx context.Context, r *cacheRead) ([]byte, bool) {
	value, found, err := c.cache.Get(ctx, r.key)
	c.report(ctx, err, r.request)
	return value, err == nil && found && statusIn(value) != 0
}

// fromSnapshot answers by what is on disk when err says that the server could not be asked, else by err.
func (c *cacher) fromSnapshot(ctx context.Context, r *cacheRead, err error) (*answer, error) {
	if c.files == nil || r.domain != DomainReference || !isUnavailable(err) {
		return nil, err
	}
	ans, saved, failure := c.files.load(c.file(r), r.request)
	c.report(ctx, failure, r.request)
	if ans == nil {
		return nil, err
	}
	value, ttl := packed(ans, nil, min(r.ttl, absentTTL)) // so that not every call has to find out that the server is away
	c.report(ctx, c.cache.Set(context.WithoutCancel(ctx), r.key, value, ttl), r.request)
	c.tell(EventSnapshot, r.request)
	c.log.LogAttrs(ctx, slog.LevelWarn, "server cannot be asked, snapshot used",
		slog.String("path", r.path), slog.Time("saved", saved), slog.Any("err", err))
	return ans, nil
}

// file returns the name of a snapshot.
func (c *cacher) file(r *cacheRead) string {
	return c.server + "-" + strings.TrimPrefix(r.key, c.folder(r.domain))
}

// isUnavailable reports whether err says nothing about what was asked for, only about the way to it. A server that is not the right one is
// no such case: that must be seen.
func isUnavailable(err error) bool {
	if errors.Is(err, ErrUntrusted) {
		return false
	}
	for _, kind := range [...]error{ErrOffline, ErrTimeout, ErrServer, ErrCircuitOpen, ErrRateLimited} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// write carries out a request that changes something, and drops what it made old. Also after a failure: the server may have done it.
func (c *cacher) write(ctx context.Context, req *request, next handler) (*answer, error) {
	ans, err := next(ctx, req)
	for _, d := range madeOld(req) {
		if c.ttls[d] > 0 {
			c.writes[d].Add(1)
			c.invalidate(ctx, req, d)
		}
	}
	if err == nil {
		for _, hook := range c.onUpdate {
			hook(req.domain)
		}
	}
	return ans, err
}

func (c *cacher) invalidate(ctx context.Context, req *request, d Domain) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), invalidation)
	defer cancel()
	c.report(ctx, c.cache.Invalidate(ctx, c.folder(d)), req)
}

// report tells an error of cache or snapshot, which is no error of the call.
func (c *cacher) report(ctx context.Context, err error, req *request) {
	if err == nil || errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	c.tell(EventCacheError, req)
	c.log.LogAttrs(ctx, slog.LevelWarn, "cache failed, going on without", slog.String("path", req.path), slog.Any("err", err))
}

func (c *cacher) tell(kind EventKind, req *request) {
	c.observer.tell(Event{Kind: kind, Method: req.method, Domain: req.domain})
}

// identity is a credential and its hash.
type identity struct{ authorization, hash string }

// identify returns a hash of the credential: what one user may see is not answered to another, nor to a wrong password. It is made slow to guess
// from, since others may see the keys of a shared cache.
func (c *cacher) identify(ctx context.Context) (string, error) {
	if c.tokens == nil {
		return "0", nil
	}
	token, err := c.tokens.get(ctx)
	if err != nil {
		return "", err
	}
	authorization := token.authorization()
	if known := c.identity.Load(); known != nil && known.authorization == authorization {
		return known.hash, nil
	}
	const rounds, size = 4096, 16
	sum, err := pbkdf2.Key(sha256.New, authorization, []byte("wats cache "+c.server), rounds, size)
	if err != nil {
		return "", fmt.Errorf("hash the token: %w", err)
	}
	hash := hex.EncodeToString(sum)
	c.identity.Store(&identity{authorization, hash})
	return hash, nil
}

// key returns the key of a request by identity.
func (c *cacher) key(d Domain, identity string, req *request) string {
	text := make([]byte, 0, 512)
	for _, part := range [...]string{req.method, req.path, req.query.Encode(), req.header.Get("Accept")} {
		text = append(append(text, part...), '\n')
	}
	text = append(text, req.body...)
	sum := sha256.Sum256(text)
	text = text[:0]
	for _, part := range [...]string{keySpace, c.server, "/", string(d), "/", identity, "-"} {
		text = append(text, part...)
	}
	return string(hex.AppendEncode(text, sum[:16]))
}

// packed returns the form of an answer in the cache and how long to keep it; nil when it is not to be kept.
func packed(ans *answer, err error, ttl time.Duration) ([]byte, time.Duration) {
	status, body := 0, []byte(nil)
	if e, ok := errors.AsType[*APIError](err); ok && e.Status == http.StatusNotFound {
		status, body, ttl = e.Status, []byte(e.Message), min(ttl, absentTTL)
	} else if err == nil {
		status, body = ans.status, ans.body
	}
	if status == 0 || len(body) > largestCached {
		return nil, 0
	}
	value := make([]byte, 0, 2+len(body))
	return append(binary.BigEndian.AppendUint16(value, uint16(status)), body...), ttl
}

// statusIn returns the status of a packed answer, 0 when value is none.
func statusIn(value []byte) int {
	if len(value) < 2 {
		return 0
	}
	status := int(binary.BigEndian.Uint16(value))
	if status == http.StatusNotFound || status >= 200 && status <= 299 {
		return status
	}
	return 0
}

// unpack returns the answer in value, an error where the server knew of nothing.
func (c *cacher) unpack(r *cacheRead, value []byte) (*answer, error) {
	status, body := statusIn(value), value[2:]
	if status == http.StatusNotFound {
		return nil, &APIError{Method: r.method, Path: r.path, Host: c.host, Status: status, Message: string(body), Attempts: 1}
	}
	return &answer{status: status, body: bytes.Clone(body)}, nil
}

// cachedAs returns the domain whose time a read is kept for; "" when it is never kept.
func cachedAs(req *request) Domain {
	switch {
	case isReference(req.path):
		return DomainReference
	case isLive(req.path):
		return ""
	}
	return req.domain
}

// isReference reports whether path is a list of reference data, or one of its elements.
func isReference(path string) bool {
	switch path {
	case "/api/App/Processes", "/api/Asset/Types", "/api/Production/Phases", "/api/internal/Mes/GetUnitPhases", "/api/Production/SerialNumbers/Types":
		return true
	}
	return strings.HasPrefix(path, "/api/internal/Process/") || strings.HasPrefix(path, "/api/gowats/v1/Production/SerialNumbers/Types")
}

// isLive reports whether the answer is about this very moment, or reading it does something: a status, a check, serial numbers that are
// taken, a copy that is made, a token that is issued.
func isLive(path string) bool {
	switch path[strings.LastIndexByte(path, '/')+1:] {
	case "Version", "Status", "UnitVerification", "isConnected", "Log", "Token", "Changes":
		return true
	}
	for _, part := range [...]string{"/SerialNumbers", "/Units/Changes/", "/GetDefinitionCopy/"} {
		if strings.Contains(path, part) {
			return true
		}
	}
	return false
}

// madeOld returns the domains of which something may have changed by a write.
func madeOld(req *request) []Domain {
	switch {
	case req.domain == DomainReport:
		return []Domain{DomainReport, DomainAnalytics, DomainProduction} // a report makes the unit it is about
	case req.domain == DomainProcess, isReference(req.path):
		return []Domain{req.domain, DomainReference}
	}
	return []Domain{req.domain}
}

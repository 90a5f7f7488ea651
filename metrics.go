package wats

import "time"

// Metrics is told what a client does, so that it can be counted elsewhere: see [WithMetrics]. [Client.Stats] counts the same.
type Metrics interface {
	// Observe is called in the goroutine of the call, from several at once. It must not wait.
	Observe(e Event)
}

// Event is something that happened to one call. Every member is of few values, but for durations and sizes, and so fit for a label.
type Event struct {
	Kind     EventKind
	Method   string // GET, POST …
	Domain   Domain
	Status   int           // EventCall, EventAttempt: of the answer; 0 when there is none
	Duration time.Duration // EventCall, EventAttempt: how long it took; EventRetry, EventLimited: the wait before it goes on
	Sent     int           // EventAttempt: bytes of the request's body, before compression
	Received int           // EventAttempt: bytes of the answer's body, 0 when it is no success
	Breaker  BreakerState  // EventBreaker: the new one
}

// EventKind says what happened.
type EventKind uint8

// The kinds of event.
const (
	EventCall       EventKind = iota // a call ended, with all its attempts and waits; also one answered by the cache
	EventAttempt                     // a request was sent, and its answer read or given up
	EventRetry                       // a failed attempt will be repeated
	EventGiveUp                      // a failed attempt that could be repeated is not: no attempts, budget or time are left
	EventLimited                     // a request waits for the rate limit
	EventThrottled                   // the server answered 429
	EventBreaker                     // the breaker changed its state
	EventRefused                     // a request was not sent because the breaker is open
	EventCacheHit                    // answered by the cache
	EventCacheMiss                   // the server is asked for what could be cached
	EventCacheShare                  // answered by the answer to an equal call under way
	EventCacheError                  // the cache failed; the call goes on without it
	EventSnapshot                    // answered by the snapshot on disk, because the server could not be asked
)

// BreakerState says whether requests are sent.
type BreakerState uint8

// The states of a breaker.
const (
	BreakerClosed   BreakerState = iota // requests are sent
	BreakerOpen                         // requests are refused
	BreakerHalfOpen                     // one request is sent, to see
)

// String returns closed, open or half-open.
func (s BreakerState) String() string {
	switch s {
	case BreakerOpen:
		return "open"
	case BreakerHalfOpen:
		return "half-open"
	}
	return "closed"
}

// String returns the name of k in snake_case, such as cache_hit.
func (k EventKind) String() string {
	names := [...]string{"call", "attempt", "retry", "give_up", "limited", "throttled", "breaker", "refused",
		"cache_hit", "cache_miss", "cache_share", "cache_error", "snapshot"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

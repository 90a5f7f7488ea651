package wats

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"time"
)

// Stats says what a client did since it was made, with all that was derived from it by [Client.With].
type Stats struct {
	Calls    int64 // ended, also by the cache
	Attempts int64 // requests sent
	Retries  int64 // attempts after the first of a call
	GivenUp  int64 // calls that failed for a reason that may pass, with no attempts, budget or time left

	Limited       int64         // requests that waited for the rate limit
	LimitedFor    time.Duration // how long, all together
	Throttled     int64         // answers 429
	RatePerMinute float64       // the limit now; 0: none

	Breaker BreakerState
	Refused int64 // requests not sent because the breaker was open

	CacheHits   int64
	CacheMisses int64
	CacheShared int64 // calls answered by the answer to an equal call that was under way
	CacheErrors int64 // of the cache and of the snapshot; the calls went on without
	Snapshots   int64 // calls answered by the snapshot on disk, because the server could not be asked
}

// Stats returns the counts of now. They are read one after the other, so that those of a call under way may be there in part.
func (c *Client) Stats() Stats { return c.observer.stats() }

// observer counts events and passes them on.
type observer struct {
	metrics    Metrics // nil: none
	counts     [EventSnapshot + 1]atomic.Int64
	limitedFor atomic.Int64  // nanoseconds
	breaker    atomic.Uint32 // BreakerState
	rate       atomic.Uint64 // bits of a float64, requests a minute
}

func (o *observer) tell(e Event) {
	o.counts[e.Kind].Add(1)
	if e.Kind == EventLimited {
		o.limitedFor.Add(int64(e.Duration))
	}
	if o.metrics != nil {
		o.metrics.Observe(e)
	}
}

func (o *observer) setRate(perMinute float64) { o.rate.Store(math.Float64bits(perMinute)) }

func (o *observer) stats() Stats {
	count := func(k EventKind) int64 { return o.counts[k].Load() }
	return Stats{
		Calls: count(EventCall), Attempts: count(EventAttempt), Retries: count(EventRetry), GivenUp: count(EventGiveUp),
		Limited: count(EventLimited), LimitedFor: time.Duration(o.limitedFor.Load()), Throttled: count(EventThrottled),
		RatePerMinute: math.Float64frombits(o.rate.Load()),
		Breaker:       BreakerState(o.breaker.Load()), Refused: count(EventRefused),
		CacheHits: count(EventCacheHit), CacheMisses: count(EventCacheMiss), CacheShared: count(EventCacheShare),
		CacheErrors: count(EventCacheError), Snapshots: count(EventSnapshot),
	}
}

// observeCalls is the outermost stage.
func observeCalls(o *observer) stage {
	return func(next handler) handler {
		return func(ctx context.Context, req *request) (*answer, error) {
			began := time.Now()
			ans, err := next(ctx, req)
			o.tell(Event{Kind: EventCall, Method: req.method, Domain: req.domain, Status: statusOf(ans, err), Duration: time.Since(began)})
			return ans, err
		}
	}
}

// observeAttempts is the innermost stage.
func observeAttempts(o *observer) stage {
	return func(next handler) handler {
		return func(ctx context.Context, req *request) (*answer, error) {
			began := time.Now()
			ans, err := next(ctx, req)
			e := Event{
				Kind: EventAttempt, Method: req.method, Domain: req.domain, Status: statusOf(ans, err),
				Duration: time.Since(began), Sent: len(req.body) + int(req.stream.length()),
			}
			if ans != nil {
				e.Received = len(ans.body)
			}
			o.tell(e)
			return ans, err
		}
	}
}

// statusOf returns the status that came, 0 when none did.
func statusOf(ans *answer, err error) int {
	if ans != nil {
		return ans.status
	}
	if e, ok := errors.AsType[*APIError](err); ok {
		return e.Status
	}
	return 0
}

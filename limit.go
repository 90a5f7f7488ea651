package wats

import (
	fifo "container/list"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// RateLimit says how many requests a client sends. WATS servers are documented to take 500 a minute.
type RateLimit struct {
	PerMinute int // from 1 to 1 000 000
	Burst     int // at once, after a pause; default a tenth of PerMinute, at least 1
}

func (l RateLimit) withDefaults() RateLimit {
	if l.Burst == 0 {
		l.Burst = max(1, l.PerMinute/10)
	}
	return l
}

func (l RateLimit) check() error {
	const most = 1_000_000
	switch {
	case l.PerMinute < 1, l.PerMinute > most:
		return fmt.Errorf("WithRateLimit: PerMinute %d is not in 1–%d", l.PerMinute, most)
	case l.Burst < 0, l.Burst > most:
		return fmt.Errorf("WithRateLimit: Burst %d is not in 0–%d", l.Burst, most)
	}
	return nil
}

// peer is what the answers tell about the server.
type peer struct{ gowats atomic.Bool }

// learn looks at an answer, also one that is no success.
func (p *peer) learn(h http.Header) {
	if !p.gowats.Load() && h.Get(serverHeader) != "" {
		p.gowats.Store(true)
	}
}

const (
	limiterReserve  = 5                // one in so many tokens of a full bucket is left to submits
	limiterTurn     = 4                // so many submits go before a read that waits
	limiterRecovery = 10 * time.Second // a slowed rate gets a tenth of the full one back in this time
	limiterCalm     = 5 * time.Second  // answers 429 within this time are about the same excess
)

// limiter is the stage that sends no more than the server takes: a bucket of tokens, one for each attempt. Submits of reports may use
// all tokens, other requests leave some to them, so that a dashboard does not hold up a station; when both wait, four of five tokens are the submits'.
//
// An answer 429 stops all requests for the time in Retry-After; without that it halves the rate, which then recovers.
type limiter struct {
	full     float64       // tokens a second, 0: no limit
	burst    float64       // most tokens
	free     func() bool   // nil: never; whether the server turned out to need no limit
	longest  time.Duration // pause
	observer *observer
	open     atomic.Bool // no limit, no pause: every request passes without the lock

	mu      sync.Mutex
	rate    float64 // tokens a second, now
	tokens  float64
	last    time.Time // when tokens was right
	slowed  time.Time // when rate was lowered, or recovered by a step
	paused  time.Time // nothing is sent before
	submits fifo.List // of *waiter, in order of arrival
	reads   fifo.List
	turn    int // submits that went while a read waited
	timer   *time.Timer
}

type waiter struct {
	granted chan struct{}
	queue   *fifo.List
	place   *fifo.Element
}

// newLimiter makes the limiter of l; the zero RateLimit is none.
func newLimiter(l RateLimit, free func() bool, longest time.Duration, o *observer) *limiter {
	full := float64(l.PerMinute) / 60
	o.setRate(float64(l.PerMinute))
	return &limiter{full: full, rate: full, burst: float64(l.Burst), tokens: float64(l.Burst), free: free, longest: longest, observer: o}
}

func (l *limiter) stage(next handler) handler {
	return func(ctx context.Context, req *request) (*answer, error) {
		submits := req.domain == DomainReport && req.method == http.MethodPost && !req.reads
		waited, err := l.wait(ctx, submits)
		if waited > 0 {
			l.observer.tell(Event{Kind: EventLimited, Method: req.method, Domain: req.domain, Duration: waited})
		}
		if err != nil {
			return nil, &notSentError{fmt.Errorf("%s %s: not sent: %w", req.method, req.path, err)}
		}
		ans, err := next(ctx, req)
		if e, ok := errors.AsType[*APIError](err); ok && e.Status == http.StatusTooManyRequests {
			l.observer.tell(Event{Kind: EventThrottled, Method: req.method, Domain: req.domain})
			l.throttle(time.Now(), e.RetryAfter)
		}
		return ans, err
	}
}

// wait takes a token. It returns how long that took, and at once when the deadline of ctx comes before there is one.
func (l *limiter) wait(ctx context.Context, submits bool) (time.Duration, error) {
	if l.open.Load() {
		return 0, nil
	}
	began := time.Now()
	l.mu.Lock()
	l.advance(began)
	queue, need := &l.reads, l.reserved()
	if submits {
		queue, need = &l.submits, enough
	}
	if l.isFree() && !began.Before(l.paused) {
		l.open.Store(true)
		l.observer.setRate(0)
		l.mu.Unlock()
		return 0, nil
	}
	if l.submits.Len()+l.reads.Len() == 0 && l.tokens >= need && !began.Before(l.paused) {
		l.tokens--
		l.mu.Unlock()
		return 0, nil
	}
	w := &waiter{queue: queue}
	w.place = queue.PushBack(w)
	l.dispatch(began)
	if w.place == nil {
		l.mu.Unlock()
		return 0, nil
	}
	deadline, limited := ctx.Deadline()
	if least := l.least(began, queue); limited && deadline.Sub(began) < least {
		queue.Remove(w.place)
		l.mu.Unlock()
		return 0, fmt.Errorf("%w: it would have to wait %v, which is beyond the deadline", ErrRateLimited, least.Round(time.Millisecond))
	}
	w.granted = make(chan struct{})
	l.mu.Unlock()
	select {
	case <-w.granted:
		return time.Since(began), nil
	case <-ctx.Done():
		l.leave(w)
		return time.Since(began), fmt.Errorf("waiting for the rate limit: %w", ctx.Err())
	}
}

// leave takes w out of its queue, or gives back its token.
func (l *limiter) leave(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.place == nil {
		l.tokens++
		l.dispatch(time.Now())
		return
	}
	w.queue.Remove(w.place)
}

func (l *limiter) isFree() bool { return l.full == 0 || l.free != nil && l.free() }

// advance brings tokens and rate to now.
func (l *limiter) advance(now time.Time) {
	for l.rate < l.full && now.Sub(l.slowed) >= limiterRecovery {
		l.rate = min(l.full, l.rate+l.full/10)
		l.slowed = l.slowed.Add(limiterRecovery)
		l.observer.setRate(l.rate * 60)
	}
	if !l.last.IsZero() {
		l.tokens = min(l.burst, l.tokens+l.rate*max(0, now.Sub(l.last).Seconds()))
	}
	l.last = now
}

// enough is what counts as a token: sums of fractions do not reach 1 exactly.
const enough = 1 - 1e-9

// reserved returns the tokens a read needs.
func (l *limiter) reserved() float64 { return enough + float64(int(l.burst)/limiterReserve) }

// dispatch gives tokens to those who wait, and sees to it that it is called again when some are left.
func (l *limiter) dispatch(now time.Time) {
	for l.submits.Len()+l.reads.Len() > 0 && !now.Before(l.paused) {
		queue := l.next()
		if queue == nil {
			break
		}
		l.tokens--
		if queue == &l.reads {
			l.turn = 0
		} else if l.reads.Len() > 0 && l.tokens < enough { // the reserve is the submits' alone
			l.turn++
		}
		grant(queue)
	}
	if l.submits.Len()+l.reads.Len() > 0 {
		l.arm(now)
	}
}

// next returns the queue whose turn it is; nil when there is no token for any.
func (l *limiter) next() *fifo.List {
	submits, reads := l.submits.Len() > 0, l.reads.Len() > 0
	switch {
	case l.isFree():
		l.tokens = l.burst
		if submits {
			return &l.submits
		}
		return &l.reads
	case l.tokens < enough:
		return nil
	case reads && l.turn >= limiterTurn:
		return &l.reads
	case submits:
		return &l.submits
	case l.tokens >= l.reserved():
		return &l.reads
	}
	return nil
}

func grant(queue *fifo.List) {
	first := queue.Front()
	w := queue.Remove(first).(*waiter) //nolint:forcetypeassert // nothing else is put in
	w.place = nil
	if w.granted != nil {
		close(w.granted)
	}
}

// arm has dispatch called when the first of those who wait can go.
func (l *limiter) arm(now time.Time) {
	d := l.least(now, nil)
	if l.timer == nil {
		l.timer = time.AfterFunc(d, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			now := time.Now()
			l.advance(now)
			l.dispatch(now)
		})
		return
	}
	l.timer.Reset(d)
}

// least returns the shortest time until the last of queue can go; with nil, until the first of all can.
func (l *limiter) least(now time.Time, queue *fifo.List) time.Duration {
	pause := max(0, l.paused.Sub(now))
	if l.isFree() {
		return pause
	}
	need := enough
	if l.submits.Len() == 0 && l.turn < limiterTurn {
		need = l.reserved()
	}
	if queue != nil {
		need += float64(queue.Len() - 1)
	}
	return max(pause, time.Duration((need-l.tokens)/l.rate*float64(time.Second))+1) // never too short by rounding
}

// throttle learns from an answer 429.
func (l *limiter) throttle(now time.Time, retryAfter time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(now)
	if until := now.Add(min(retryAfter, l.longest)); retryAfter > 0 && until.After(l.paused) {
		l.paused = until
		l.open.Store(false)
	}
	if l.isFree() || retryAfter > 0 || now.Sub(l.slowed) < limiterCalm {
		return
	}
	l.rate = max(l.full/10, l.rate/2)
	l.slowed = now
	l.tokens = min(l.tokens, l.burst/10)
	l.observer.setRate(l.rate * 60)
}

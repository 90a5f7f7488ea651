package wats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// BreakerPolicy says when requests are no longer sent because the server is down. A zero member means the default.
//
// A failure is an attempt that got no whole answer, or a status of 5xx but 501; one that the caller ended is neither failure nor success. Requests that
// fail side by side are one failure in a row, so that a hiccup does not end a bulk call. After
// OpenFor a single request is sent to see: when it succeeds the breaker closes, when it fails it stays open as long again.
type BreakerPolicy struct {
	Consecutive int           // failures in a row that open it; default 5, or the attempts of the retry policy if those are more
	Ratio       float64       // share of failures within Window that opens it, if they go on for a tenth of it; above 0, at most 1; default 0.5
	MinRequests int           // requests within Window before Ratio counts; default 10, or twice the attempts of the retry policy if that is more
	Window      time.Duration // default 30 s, at most a day
	OpenFor     time.Duration // default 30 s, at most a day
}

func (p BreakerPolicy) withDefaults(attempts int) BreakerPolicy {
	if p.Consecutive == 0 {
		p.Consecutive = max(5, attempts)
	}
	if p.Ratio == 0 {
		p.Ratio = 0.5
	}
	if p.MinRequests == 0 {
		p.MinRequests = max(10, 2*attempts)
	}
	if p.Window == 0 {
		p.Window = 30 * time.Second
	}
	if p.OpenFor == 0 {
		p.OpenFor = 30 * time.Second
	}
	return p
}

func (p BreakerPolicy) check() error {
	const longest = 24 * time.Hour
	switch {
	case p.Consecutive < 0, p.MinRequests < 0:
		return fmt.Errorf("WithBreaker: Consecutive %d or MinRequests %d is negative", p.Consecutive, p.MinRequests)
	case !(p.Ratio >= 0 && p.Ratio <= 1): // also NaN
		return fmt.Errorf("WithBreaker: Ratio %v is not in 0–1", p.Ratio)
	case p.Window < 0, p.Window > longest, p.OpenFor < 0, p.OpenFor > longest:
		return fmt.Errorf("WithBreaker: Window %v or OpenFor %v is not in 0–%v", p.Window, p.OpenFor, longest)
	}
	return nil
}

// CircuitOpenError says that a request was not sent because those before it failed. It matches [ErrCircuitOpen]. The same call may succeed
// after RetryAfter.
type CircuitOpenError struct {
	Method     string
	Path       string // escaped, without query
	Host       string
	RetryAfter time.Duration // until one request is sent to see; 0 while that one is under way
	Cause      error         // the failure that opened the breaker: of another call, so it is not unwrapped
}

// Is reports whether target is [ErrCircuitOpen].
func (e *CircuitOpenError) Is(target error) bool { return target == ErrCircuitOpen }

func (e *CircuitOpenError) Error() string {
	return fmt.Sprintf("%s %s: not sent, because %s failed lately (%v): %s", e.Method, e.Path, e.Host, e.Cause, e.Hint())
}

// outcome is what an attempt says about the server.
type outcome uint8

const (
	unknown outcome = iota
	succeeded
	failed
)

// judge returns what the error of an attempt says about the server. An answer below 500 says that it works.
func judge(err error) outcome {
	if err == nil {
		return succeeded
	}
	if e, ok := errors.AsType[*APIError](err); ok {
		if e.Status >= 500 && e.Status != http.StatusNotImplemented {
			return failed
		}
		return succeeded
	}
	if e, ok := errors.AsType[*TransportError](err); ok && !e.endedByCaller() {
		return failed
	}
	return unknown
}

// breaker is the stage that keeps requests from a server that is down.
type breaker struct {
	policy   BreakerPolicy
	host     string
	observer *observer
	log      *slog.Logger

	// All that is touched while the server works, so that goroutines do not queue up at the lock. They change under it, but for the counts of recent.
	closed atomic.Bool  // state is BreakerClosed
	calm   atomic.Bool  // closed, and row is 0
	counts atomic.Int64 // failures ever counted in a row: whose request began before the last of them says nothing new
	recent window       // while closed

	mu    sync.Mutex
	state BreakerState
	row   int       // failures since the last success, each begun after the one before
	until time.Time // open: when the next request is sent to see
	cause error
}

// breakOff is the stage of p; nil: without breaker.
func breakOff(p *BreakerPolicy, host string, o *observer, log *slog.Logger) stage {
	return func(next handler) handler {
		if p == nil {
			return next
		}
		b := &breaker{policy: *p, host: host, observer: o, log: log, recent: window{length: p.Window}}
		b.publish()
		return func(ctx context.Context, req *request) (*answer, error) { return b.call(ctx, req, next) }
	}
}

func (b *breaker) call(ctx context.Context, req *request, next handler) (*answer, error) {
	if req.opts&NoBreaker != 0 {
		return next(ctx, req)
	}
	pass, err := b.admit(ctx, req, time.Now())
	if err != nil {
		return nil, err
	}
	result := unknown
	defer func() { b.record(ctx, pass, result, err, time.Now()) }() // also when a transport panics: the probe must end
	ans, err := next(ctx, req)
	result = judge(err)
	return ans, err
}

// admission is what is known of a request when it is let through.
type admission struct {
	probes bool  // it is the one sent to see
	counts int64 // of the breaker by then
}

// admit lets a request through; its error refuses it.
func (b *breaker) admit(ctx context.Context, req *request, now time.Time) (admission, error) {
	if b.closed.Load() {
		return admission{counts: b.counts.Load()}, nil
	}
	b.mu.Lock()
	switch {
	case b.state == BreakerClosed: // by now
		b.mu.Unlock()
		return admission{counts: b.counts.Load()}, nil
	case b.state == BreakerOpen && !now.Before(b.until):
		b.state = BreakerHalfOpen
		b.mu.Unlock()
		b.tell(ctx, BreakerHalfOpen, nil)
		return admission{probes: true}, nil
	}
	refusal := &CircuitOpenError{
		Method: req.method, Path: req.path, Host: b.host, RetryAfter: max(0, b.until.Sub(now)), Cause: b.cause,
	}
	b.mu.Unlock()
	b.observer.tell(Event{Kind: EventRefused, Method: req.method, Domain: req.domain})
	return admission{}, &notSentError{refusal}
}

// record counts the result of an attempt. Results of requests that were under way when the breaker opened count for nothing.
func (b *breaker) record(ctx context.Context, pass admission, result outcome, cause error, now time.Time) {
	quiet := !pass.probes && (result == unknown || result == succeeded && b.calm.Load() && b.recent.addSuccess(now))
	if quiet {
		return
	}
	b.mu.Lock()
	before := b.state
	switch {
	case pass.probes && result == succeeded:
		b.state, b.row = BreakerClosed, 0
		b.recent.clear()
	case pass.probes && result == failed:
		b.open(cause, now)
	case pass.probes:
		b.state, b.until = BreakerOpen, now // the next one sees
	case b.state != BreakerClosed:
	case result == succeeded:
		b.row = 0
		b.recent.add(now, false)
	case result == failed:
		b.recent.add(now, true)
		if pass.counts == b.counts.Load() {
			b.counts.Add(1)
			b.row++
		}
		if b.row >= b.policy.Consecutive || b.recent.exceeds(b.policy.MinRequests, b.policy.Ratio) {
			b.open(cause, now)
		}
	}
	after := b.state
	b.publish()
	b.mu.Unlock()
	if after != before {
		b.tell(ctx, after, cause)
	}
}

// publish tells those who do not take the lock.
func (b *breaker) publish() {
	closed := b.state == BreakerClosed
	b.closed.Store(closed)
	b.calm.Store(closed && b.row == 0)
}

func (b *breaker) open(cause error, now time.Time) {
	b.state, b.until, b.cause = BreakerOpen, now.Add(b.policy.OpenFor), cause
}

func (b *breaker) tell(ctx context.Context, state BreakerState, cause error) {
	b.observer.breaker.Store(uint32(state))
	b.observer.tell(Event{Kind: EventBreaker, Breaker: state})
	switch {
	case state == BreakerClosed:
		b.log.LogAttrs(ctx, slog.LevelInfo, "server works again")
	case state == BreakerOpen && cause != nil:
		b.log.LogAttrs(ctx, slog.LevelWarn, "server fails, requests are kept back", slog.Duration("delay", b.policy.OpenFor), slog.Any("err", cause))
	}
}

const windowSlots = 10

// window counts what succeeded and failed within its length, to a tenth of it.
type window struct {
	length time.Duration
	slots  [windowSlots]windowSlot
	epoch  int64 // of the last addition under the lock
}

type windowSlot struct {
	epoch      atomic.Int64 // which tenth since 1970
	all, fails atomic.Int64
}

func (w *window) at(now time.Time) (epoch int64, s *windowSlot) {
	epoch = now.UnixNano() / max(1, int64(w.length/windowSlots))
	return epoch, &w.slots[epoch%windowSlots]
}

// addSuccess counts without the lock. It returns false when that cannot be: the slot is of an earlier tenth.
func (w *window) addSuccess(now time.Time) bool {
	epoch, s := w.at(now)
	if s.epoch.Load() != epoch {
		return false
	}
	s.all.Add(1)
	return true
}

// add counts under the lock of the breaker.
func (w *window) add(now time.Time, fails bool) {
	epoch, s := w.at(now)
	w.epoch = epoch
	if s.epoch.Load() != epoch {
		s.all.Store(0)
		s.fails.Store(0)
		s.epoch.Store(epoch)
	}
	s.all.Add(1)
	if fails {
		s.fails.Add(1)
	}
}

func (w *window) clear() {
	for i := range w.slots {
		w.slots[i].epoch.Store(0)
	}
}

// exceeds reports whether, of at least least, a share of ratio or more failed, and not all of them at about the same time.
func (w *window) exceeds(least int, ratio float64) bool {
	all, fails, first := int64(0), int64(0), w.epoch
	for i := range w.slots {
		s := &w.slots[i]
		if s.epoch.Load() <= w.epoch-windowSlots {
			continue
		}
		all += s.all.Load()
		fails += s.fails.Load()
		if s.fails.Load() > 0 {
			first = min(first, s.epoch.Load())
		}
	}
	return all >= int64(least) && float64(fails) >= ratio*float64(all) && first < w.epoch-1
}

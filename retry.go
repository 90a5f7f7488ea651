package wats

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryPolicy says how often a request is sent before its failure is the caller's. A zero member means the default.
//
// Repeated is only what is safe to repeat (GET, HEAD, PUT, DELETE; a report submit, whose ID is chosen by the client; queries by POST), after
// a lost connection, a timeout, and the statuses 408, 425, 429, 500, 502, 503 and 504. The wait before attempt n+1 is random
// between 0 and BaseDelay·2ⁿ⁻¹ (full jitter), or what the server asks for in Retry-After; never above MaxDelay. If the context's deadline comes
// before the wait is over, the call ends at once with the last failure.
//
// Beside Budget, a client may always repeat 10 requests (or as many as one call takes attempts) and one more each second. When
// that is used up, failures are the callers' at once, so that a server in trouble does not get a multiple of its load.
type RetryPolicy struct {
	MaxAttempts int           // the first included; default 3, at most 100; 1: never repeat
	BaseDelay   time.Duration // default 1 s; at most a day
	MaxDelay    time.Duration // default 30 s; at most a day; also the longest pause of the rate limit after an answer 429
	Budget      float64       // repetitions per call, over all recent calls of the client; default 0.1, at most 100
}

func (p RetryPolicy) withDefaults() RetryPolicy {
	if p.MaxAttempts == 0 {
		p.MaxAttempts = 3
	}
	if p.BaseDelay == 0 {
		p.BaseDelay = time.Second
	}
	if p.MaxDelay == 0 {
		p.MaxDelay = 30 * time.Second
	}
	if p.Budget == 0 {
		p.Budget = 0.1
	}
	return p
}

func (p RetryPolicy) check() error {
	const most, longest = 100, 24 * time.Hour
	switch {
	case p.MaxAttempts < 0, p.MaxAttempts > most:
		return fmt.Errorf("WithRetry: MaxAttempts %d is not in 1–%d", p.MaxAttempts, most)
	case p.BaseDelay < 0, p.BaseDelay > longest:
		return fmt.Errorf("WithRetry: BaseDelay %v is not in 0–%v", p.BaseDelay, longest)
	case p.MaxDelay < 0, p.MaxDelay > longest:
		return fmt.Errorf("WithRetry: MaxDelay %v is not in 0–%v", p.MaxDelay, longest)
	case !(p.Budget >= 0 && p.Budget <= most): // also NaN
		return fmt.Errorf("WithRetry: Budget %v is not in 0–%d", p.Budget, most)
	}
	return nil
}

// retrier is the stage that repeats. It also gives the request its ID, which all attempts share.
type retrier struct {
	policy   RetryPolicy
	budget   *budget
	observer *observer
	log      *slog.Logger
}

func retry(p RetryPolicy, o *observer, log *slog.Logger) stage {
	r := &retrier{p, newBudget(p), o, log}
	return func(next handler) handler {
		return func(ctx context.Context, req *request) (*answer, error) { return r.call(ctx, req, next) }
	}
}

func (r *retrier) call(ctx context.Context, req *request, next handler) (*answer, error) {
	r.budget.earn()
	id := rand.Text()
	var last error // of the attempt before
	for attempt := 1; ; attempt++ {
		try := *req
		try.attempt, try.id = attempt, id
		ans, err := next(ctx, &try)
		if _, unsent := errors.AsType[*notSentError](err); unsent && last != nil {
			return nil, fmt.Errorf("%w; not repeated: %w", last, err)
		}
		if err == nil || !req.repeatable || req.opts&NoRetry != 0 || !isTemporary(err) {
			return ans, err
		}
		if err := r.pause(ctx, &try, err); err != nil {
			return nil, err
		}
		last = err
	}
}

// pause waits after the attempt that failed with cause. It returns the error to end the call with when there is to be no other.
func (r *retrier) pause(ctx context.Context, req *request, cause error) error {
	delay := r.policy.delay(req.attempt, cause)
	deadline, limited := ctx.Deadline()
	switch {
	case req.attempt >= r.policy.MaxAttempts, limited && time.Until(deadline) <= delay:
		r.tell(EventGiveUp, req, 0)
		return cause
	case !r.budget.spend(time.Now()):
		r.tell(EventGiveUp, req, 0)
		return fmt.Errorf("%w; not repeated: too many requests fail", cause)
	}
	r.tell(EventRetry, req, delay)
	r.log.LogAttrs(ctx, slog.LevelWarn, "request failed, will be repeated", slog.String("request_id", req.id),
		slog.Int("attempt", req.attempt), slog.Duration("delay", delay), slog.Any("err", cause))
	if stop := sleep(ctx, delay); stop != nil {
		return fmt.Errorf("%w; not repeated: %w", cause, stop)
	}
	return nil
}

func (r *retrier) tell(kind EventKind, req *request, delay time.Duration) {
	r.observer.tell(Event{Kind: kind, Method: req.method, Domain: req.domain, Duration: delay})
}

// notSentError is the failure of a stage that kept a request back.
type notSentError struct{ err error }

func (e *notSentError) Error() string { return e.err.Error() }
func (e *notSentError) Unwrap() error { return e.err }

// delay returns the wait after the given attempt, which failed with err.
func (p RetryPolicy) delay(attempt int, err error) time.Duration {
	if e, ok := errors.AsType[*APIError](err); ok && e.RetryAfter > 0 {
		return min(e.RetryAfter, p.MaxDelay)
	}
	most := p.BaseDelay
	for range attempt - 1 {
		if most >= p.MaxDelay/2 {
			most = p.MaxDelay
			break
		}
		most *= 2
	}
	return mathrand.N(min(most, p.MaxDelay) + 1)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// isTemporary reports whether the same request may fare better a little later.
func isTemporary(err error) bool {
	if e, ok := errors.AsType[*TransportError](err); ok {
		return e.isTemporary()
	}
	e, ok := errors.AsType[*APIError](err)
	if !ok {
		return false
	}
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// parseRetryAfter reads the header of RFC 9110 §10.2.3, seconds or a date. It returns 0 for anything else, and at most a day.
func parseRetryAfter(value string, now time.Time) time.Duration {
	const longest = 24 * time.Hour
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if !(seconds > 0) { // also NaN
			return 0
		}
		return time.Duration(min(seconds, longest.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), longest)
}

package wats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryPolicy says how often a request is sent before its failure is the caller's. A zero member means the default.
//
// Repeated is only what is safe to repeat (GET, HEAD, PUT, DELETE; a report submit, whose ID is chosen by the client; queries by POST), after
// a lost connection, a timeout, and the statuses 429, 500, 502, 503 and 504. The wait before attempt n+1 is random
// between 0 and BaseDelay·2ⁿ⁻¹ (full jitter), or what the server asks for in Retry-After; never above MaxDelay. If the context's deadline comes
// before the wait is over, the call ends at once with the last failure.
type RetryPolicy struct {
	MaxAttempts int           // the first included; default 3, at most 100; 1: never repeat
	BaseDelay   time.Duration // default 1 s; at most a day
	MaxDelay    time.Duration // default 30 s; at most a day
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
	}
	return nil
}

func retry(p RetryPolicy, log *slog.Logger) stage {
	return func(next handler) handler {
		return func(ctx context.Context, req *request) (*answer, error) {
			for attempt := 1; ; attempt++ {
				try := *req
				try.attempt = attempt
				ans, err := next(ctx, &try)
				if err == nil || !req.repeatable || attempt >= p.MaxAttempts || !isTemporary(err) {
					return ans, err
				}
				delay := p.delay(attempt, err)
				if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= delay {
					return nil, err
				}
				log.LogAttrs(ctx, slog.LevelWarn, "request failed, will be repeated",
					slog.Int("attempt", attempt), slog.Duration("delay", delay), slog.Any("err", err))
				if stop := sleep(ctx, delay); stop != nil {
					return nil, fmt.Errorf("%w; not repeated: %w", err, stop)
				}
			}
		}
	}
}

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
	return rand.N(min(most, p.MaxDelay) + 1)
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
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
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

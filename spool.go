package wats

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/gowats/gowats/report"
)

// Spool keeps reports until a server has them. A *queue.Queue of package github.com/gowats/gowats/queue is one. It is used by several goroutines at once.
type Spool interface {
	// PutReport stores a report durably: when it returns nil, the report reaches the server at some time, or a person learns why not.
	// Kind is wsjf or wsxf; priority is 1 (first) to 10, 0 for the spool's default. Putting the same report again changes nothing.
	//
	// An error that has a method Full() bool which returns true says that the spool takes no more.
	PutReport(ctx context.Context, id [16]byte, kind string, priority int, document []byte) error
}

// SpoolMode says which reports go into the spool of [WithSpool].
type SpoolMode uint8

// The modes.
const (
	SpoolOff      SpoolMode = iota // none
	SpoolFallback                  // those that cannot be brought to the server now
	SpoolAlways                    // all: nothing is sent by Submit
)

// The kinds of documents, as a spool names them.
const (
	kindWSJF = "wsjf"
	kindWSXF = "wsxf"
)

// WithSpool puts reports into s instead of losing them. Default: there is none.
//
// With SpoolFallback a submit first tries the server. When that cannot be reached, does not answer in time, is overloaded or failing, after all repetitions of
// [RetryPolicy], and when the breaker is open, the report is put into s, and the error is a [*QueuedError]. What the server refuses, and a credential it does not take,
// are errors as without spool; so is the end of the caller's context by cancellation, but not by its deadline.
//
// With SpoolAlways a submit returns when the report is in s, and no error.
//
// Either way [Receipt].Queued is true. Who sends what is in s is another matter: see [ReportService.Deliver]. When s takes no more, the error matches
// [ErrSpoolFull], and with SpoolFallback the reason why the server did not get the report.
func WithSpool(s Spool, mode SpoolMode) Option {
	return func(to *settings) error {
		switch {
		case mode > SpoolAlways:
			return fmt.Errorf("WithSpool: mode %d is unknown", mode)
		case s == nil && mode != SpoolOff:
			return errors.New("WithSpool: the spool is nil")
		}
		to.spool.to, to.spool.mode = s, mode
		return nil
	}
}

// WithSpoolPriority sets the priority of reports that go into the spool: 1 is sent first, 10 last. Default: the spool's, which is 5.
func WithSpoolPriority(priority int) Option {
	return func(to *settings) error {
		if priority < 1 || priority > 10 {
			return fmt.Errorf("WithSpoolPriority: %d is not in 1–10", priority)
		}
		to.spool.priority = priority
		return nil
	}
}

// spooling is where reports go that do not go to the server.
type spooling struct {
	to       Spool // nil: nowhere
	mode     SpoolMode
	priority int
}

// QueuedError says that a report is safe in the spool, and not yet at the server. It matches [ErrQueued] and nothing else: there is nothing to do about it.
type QueuedError struct {
	ID    report.ID
	Cause error // why it was not sent; not unwrapped, because the report needs no other try
}

// Is reports whether target is [ErrQueued].
func (e *QueuedError) Is(target error) bool { return target == ErrQueued }

func (e *QueuedError) Error() string {
	return fmt.Sprintf("report %s is queued, not sent: %v", e.ID, e.Cause)
}

// Hint says that there is nothing to do.
func (e *QueuedError) Hint() string { return hintQueued }

// put puts a report into the spool, because the server did not get it for this reason; nil: because all go there.
func (s spooling) put(ctx context.Context, id report.ID, kind string, document []byte, cause error) (Receipt, error) {
	rc := Receipt{ID: id}
	err := s.to.PutReport(context.WithoutCancel(ctx), id, kind, s.priority, document)
	if err != nil {
		if full, ok := errors.AsType[interface {
			error
			Full() bool
		}](err); ok && full.Full() {
			err = fmt.Errorf("%w: %w", ErrSpoolFull, err)
		}
		if cause != nil {
			return rc, fmt.Errorf("submit report %s: %w; not queued: %w", id, cause, err)
		}
		return rc, fmt.Errorf("queue report %s: %w", id, err)
	}
	rc.Queued = true
	if cause != nil {
		return rc, &QueuedError{ID: id, Cause: cause}
	}
	return rc, nil
}

// isUnreached reports whether a submit that failed with err may do so only because of the way to the server, or its state now.
func isUnreached(ctx context.Context, err error) bool {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return false
	case ctx.Err() != nil: // its deadline
		return true
	case errors.Is(err, ErrCircuitOpen), errors.Is(err, ErrRateLimited), errors.Is(err, ErrServer), errors.Is(err, ErrTimeout):
		return true
	}
	if e, ok := errors.AsType[*APIError](err); ok {
		return e.Status == http.StatusTooEarly || e.isForeign()
	}
	if e, ok := errors.AsType[*TokenError](err); ok {
		_, unreached := errors.AsType[net.Error](e.Err) // who gives tokens, that is
		return unreached
	}
	_, lost := errors.AsType[*TransportError](err)
	return lost
}

// isForeign reports whether a success is none of a WATS server, but of a proxy or a sign-in page that stands in its place for the time being.
func (e *APIError) isForeign() bool { return e.notJSON && e.Status < 300 }

package agent

import (
	"context"
	"errors"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/queue"
	"github.com/gowats/gowats/report"
)

// SendTo returns what sends the reports of a spool to the server of a client. The client retries by its own policy; a policy of one attempt
// leaves that to the spool, which never gives up.
func SendTo(c *wats.Client) queue.Send {
	return func(ctx context.Context, it queue.Item) queue.Result {
		var err error
		if id := report.ID(it.ID); it.Type == queue.WSXF {
			_, err = c.Report.SubmitWSXF(ctx, id, it.Document)
		} else {
			_, err = c.Report.SubmitWSJF(ctx, id, it.Document)
		}
		if err == nil {
			return queue.Result{Class: queue.Accepted}
		}
		r := queue.Result{Class: classOf(err), Words: err.Error(), Advice: wats.Hint(err)}
		if answer, ok := errors.AsType[*wats.APIError](err); ok {
			r.After = answer.RetryAfter
		}
		return r
	}
}

// classOf says what a failed submit means for the report, and for the others.
func classOf(err error) queue.Class {
	is := func(kinds ...error) bool {
		for _, kind := range kinds {
			if errors.Is(err, kind) {
				return true
			}
		}
		return false
	}
	switch {
	case is(wats.ErrUnauthorized, wats.ErrForbidden, wats.ErrUntrusted):
		return queue.Auth
	case is(wats.ErrInvalid, wats.ErrTooLarge, wats.ErrConflict):
		return queue.Rejected
	case is(wats.ErrOffline, wats.ErrTimeout, wats.ErrCircuitOpen, wats.ErrRateLimited, wats.ErrNotFound, wats.ErrUnsupported):
		return queue.Offline // where there is no such route, there is no WATS server
	}
	return queue.Transient
}

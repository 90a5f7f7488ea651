package wats

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gowats/gowats/report"
)

// one carries out req and returns the single thing it is answered by. An empty answer matches [ErrNotFound]; with [Lenient] it, and a 404,
// is nil and no error.
func one[T any](ctx context.Context, c *Client, req *request) (*T, error) {
	ans, err := c.do(ctx, req)
	switch {
	case err != nil:
		return nil, c.absent(err)
	case ans.isEmpty():
		return nil, c.absent(c.missing(req, ans))
	}
	return single[T](c, req, ans)
}

// maybe is like one for a call whose answer may be empty: that is nil and no error in both modes.
func maybe[T any](ctx context.Context, c *Client, req *request) (*T, error) {
	ans, err := c.do(ctx, req)
	switch {
	case err != nil:
		return nil, c.absent(err)
	case ans.isEmpty():
		return nil, nil
	}
	return single[T](c, req, ans)
}

// tell carries out req. What its answer holds does not matter.
func tell(ctx context.Context, c *Client, req *request) error {
	_, err := c.do(ctx, req)
	return err
}

func single[T any](c *Client, req *request, ans *answer) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(ans.body, v); err != nil {
		return nil, c.unreadable(req, ans, err)
	}
	return v, nil
}

// json makes v the body of the request.
func (r *request) json(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s %s: encode the body: %w: %w", r.method, r.path, ErrInvalid, err)
	}
	r.body = body
	return nil
}

// refuseInvalid returns why something is not sent, nil when nothing is wrong with it. It matches [ErrInvalid] and holds a [*report.InvalidError].
func refuseInvalid(what string, found report.Findings) error {
	if err := found.Err(); err != nil {
		return fmt.Errorf("%s not sent: %w: %w", what, ErrInvalid, err)
	}
	return nil
}

// partly is the error of a success that says that not all was done.
func (c *Client) partly(req *request, ans *answer, message string, found report.Findings) *APIError {
	e := &APIError{Method: req.method, Path: req.path, Host: c.base.Host, Status: ans.status, Message: message, Violations: found, kind: ErrInvalid}
	e.nameRequest(req, ans.header)
	return e
}

package wats

import "context"

// OnError has told get every error that a call of c ends with.
func OnError(c *Client, told func(error)) {
	do := c.do
	c.do = func(ctx context.Context, req *request) (*answer, error) {
		ans, err := do(ctx, req)
		told(err)
		return ans, err
	}
}

// Package wats is a typed client for WATS servers: reports from test stations, and what is known about them.
//
//	c, err := wats.NewClient("https://plant.example", wats.WithToken(token))
//	receipt, err := c.Report.Submit(ctx, r)
//
// A [Client] holds one service per domain. It has no global state, is safe for concurrent use, and every call takes a context.
// Answers outside 2xx are [*APIError], no answer at all is [*TransportError]; callers tell failures apart with errors.Is and the sentinels
// such as [ErrNotFound].
package wats

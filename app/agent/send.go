package agent

import (
	"context"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/queue"
	"github.com/gowats/gowats/report"
)

// SendTo returns what sends the reports of a spool to the server of a client.
func SendTo(c *wats.Client) queue.Send {
	return func(ctx context.Context, it queue.Item) queue.Result {
		d := c.Report.Deliver(ctx, wats.QueuedReport{ID: report.ID(it.ID), Kind: string(it.Type), Lineage: it.Lineage, Document: it.Document})
		return queue.Result{Class: queue.Class(d.Class), After: d.After, Words: d.Words, Advice: d.Advice}
	}
}

package main

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/report"
)

// submitEach hands in the reports, many at a time, and fails when one is not taken.
func submitEach(t *testing.T, c *wats.Client, reports []*report.Report) {
	t.Helper()
	if err := handIn(t.Context(), c, reports); err != nil {
		t.Fatalf("Submit: %v", err)
	}
}

func handIn(ctx context.Context, c *wats.Client, reports []*report.Report) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(32)
	for _, r := range reports {
		work.Go(func() error {
			_, err := c.Report.Submit(ctx, r)
			return err
		})
	}
	return work.Wait()
}

func TestKilledServerHasEveryAcknowledgedReportOnce(t *testing.T) {
	const total, killAfter = 1000, 300
	first := time.Now().Add(-24 * time.Hour)
	var reports []*report.Report
	for i := range total {
		reports = append(reports, demo.InCircuit(i, first))
	}
	folder := t.TempDir()
	p := start(t, "server", "--listen", "127.0.0.1:0", "--data", folder)
	acknowledged := submitAndKill(t, p, reports, killAfter)
	if n := len(acknowledged); n < killAfter || n == total {
		t.Fatalf("%d of %d reports were acknowledged when the server was killed: the test proves nothing", n, total)
	}

	p = start(t, "server", "--listen", "127.0.0.1:0", "--data", folder)
	c := p.client()
	held := reportIDs(t, c, wats.HeaderQuery{})
	for _, id := range acknowledged {
		if held[id] != 1 {
			t.Errorf("acknowledged report %s is there %d times", id, held[id])
		}
	}
	t.Logf("%d acknowledged, %d there after the crash", len(acknowledged), len(held))

	submitEach(t, c, reports)
	held = reportIDs(t, c, wats.HeaderQuery{})
	for _, r := range reports {
		if held[r.ID] != 1 {
			t.Errorf("report %s is there %d times after handing in all again", r.ID, held[r.ID])
		}
	}
	if len(held) != total {
		t.Errorf("the server has %d reports, want %d", len(held), total)
	}
	p.stop()
}

// submitAndKill hands in the reports, kills the server when enough are acknowledged, and returns which were.
func submitAndKill(t *testing.T, p *process, reports []*report.Report, killAfter int64) []report.ID {
	t.Helper()
	c := p.client()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	var acknowledged []report.ID
	var count atomic.Int64
	var work errgroup.Group
	work.SetLimit(32)
	for _, r := range reports {
		work.Go(func() error {
			if _, err := c.Report.Submit(ctx, r); err != nil {
				return err
			}
			mu.Lock()
			acknowledged = append(acknowledged, r.ID)
			mu.Unlock()
			if count.Add(1) == killAfter {
				p.kill()
			}
			return nil
		})
	}
	if err := work.Wait(); err == nil {
		t.Fatal("no submit met the dead server")
	}
	return acknowledged
}

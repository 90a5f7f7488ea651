package main

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/report"
)

// TestTwoServersOnOneDatabase hands the same reports to two server processes, kills one of them meanwhile, and holds that the other goes on
// and knows all that the dead one acknowledged.
func TestTwoServersOnOneDatabase(t *testing.T) {
	storetest.NeedsPostgreSQL(t)
	const total, killAfter = 600, 200
	first := time.Now().Add(-24 * time.Hour)
	var reports []*report.Report
	for i := range total {
		r := demo.InCircuit(i, first)
		r.SerialNumber = fmt.Sprintf("SN%02d", i%50) // every unit is tested often
		reports = append(reports, r)
	}
	database := storetest.Address(t)
	serve := func() *process {
		return start(t, "server", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--database", database)
	}
	a, b := serve(), serve()
	c := b.client()
	var work errgroup.Group
	work.Go(func() error { return handIn(t.Context(), c, reports) })
	acknowledged := submitAndKill(t, a, reports, killAfter)
	if err := work.Wait(); err != nil {
		t.Fatalf("Submit to the server that lives: %v", err)
	}
	if len(acknowledged) < killAfter {
		t.Fatalf("%d reports were acknowledged by the killed server: the test proves nothing", len(acknowledged))
	}
	held := reportIDs(t, c, wats.HeaderQuery{})
	for _, r := range reports {
		if held[r.ID] != 1 {
			t.Errorf("report %s is there %d times", r.ID, held[r.ID])
		}
	}
	if len(held) != total {
		t.Errorf("the server has %d reports, want %d", len(held), total)
	}
	checkRuns(t, c)

	again := serve().client() // a third one sees the same
	if n := len(reportIDs(t, again, wats.HeaderQuery{})); n != total {
		t.Errorf("another server has %d reports, want %d", n, total)
	}
	b.stop()
}

// checkRuns holds that the runs of every unit are numbered from 1 in the order of their start.
func checkRuns(t *testing.T, c *wats.Client) {
	t.Helper()
	type unit struct {
		serial, part string
		process      int
	}
	runs := map[unit]int{}
	for h, err := range c.Report.Headers(t.Context(), wats.HeaderQuery{OrderBy: "start"}) {
		if err != nil {
			t.Fatalf("Headers: %v", err)
		}
		u := unit{h.SerialNumber, h.PartNumber, h.ProcessCode}
		runs[u]++
		if h.Run.Value != runs[u] {
			t.Errorf("run %d of unit %s has number %d", runs[u], u.serial, h.Run.Value)
		}
	}
}

package main

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/report"
)

// TestScripts runs the command lines in testdata/script against one server that holds three reports, and what seed adds.
func TestScripts(t *testing.T) {
	p := start(t, "server", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	c := p.client()
	first := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	submitEach(t, c, []*report.Report{demo.InCircuit(1, first), demo.InCircuit(2, first), demo.InCircuit(3, first)})
	seed(t, c)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("LOCALAPPDATA", env.WorkDir)
			env.Setenv("GOWATS_URL", p.url)
			env.Setenv("GOWATS_TOKEN", "dGVzdGVyOmEtZ29vZC1wYXNzd29yZA==") // bootstrap in WATS form
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// seed makes two assets, one of them due for calibration, two tickets, two defects and a product that is not in use.
func seed(t *testing.T, c *wats.Client) {
	t.Helper()
	ctx := t.Context()
	meter, err := c.Asset.SaveType(ctx, wats.AssetType{Name: "Meter", CalibrationInterval: report.Some(365.0), WarningThreshold: report.Some(90.0)})
	if err != nil {
		t.Fatal(err)
	}
	fixture, err := c.Asset.SaveType(ctx, wats.AssetType{Name: "Fixture"})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []wats.Asset{
		{SerialNumber: "DMM-1", TypeID: meter.ID, Location: "Oslo", LastCalibration: wats.Time{Time: time.Date(2001, 2, 3, 0, 0, 0, 0, time.UTC)}},
		{SerialNumber: "FIX-1", TypeID: fixture.ID, Name: "Bed of nails", Location: "Oslo hall 2", State: wats.AssetInStorage, Tags: []wats.Setting{{Key: "Line", Value: "4"}}},
	} {
		if _, err := c.Asset.Create(ctx, a); err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range []wats.Ticket{
		{Subject: "R12 cracks", Assignee: "kari", Status: wats.TicketInProgress, Tags: []wats.Setting{{Key: "Line", Value: "4"}}},
		{Subject: "Done long ago", Assignee: "ola", Status: wats.TicketClosed},
	} {
		if _, err := c.RootCause.Create(ctx, k); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Product.SaveCategories(ctx, []wats.ProductCategory{{Name: "Power"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Product.Save(ctx, wats.Product{PartNumber: "PSU-7", Name: "Supply", CategoryName: "Power", NonSerial: true, State: wats.Inactive}); err != nil {
		t.Fatal(err)
	}
	for h, err := range c.Report.Headers(ctx, wats.HeaderQuery{Top: 2}) {
		if err == nil {
			_, err = c.RootCause.RegisterDefect(ctx, wats.Defect{ReportID: h.ID, Code: "Solder Defect", ComponentRef: "R12"})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// exits is the script command "exits CODE gowats ARGS...": it fails unless the command ends with that code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("exits: %v", err)
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		failed, is := errors.AsType[*exec.ExitError](err)
		if !is {
			ts.Fatalf("run %q: %v", args[1:], err)
		}
		code = failed.ExitCode()
	}
	if code != want {
		ts.Fatalf("%s: exit code %d, want %d", strings.Join(args[1:], " "), code, want)
	}
}

package contract_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// testReport returns a small test of a unit, with a numeric step that failed unless it passed.
func testReport(serial string, start time.Time, result report.Status) *report.Report {
	return &report.Report{
		ID: report.NewID(), PartNumber: "PCB-1", SerialNumber: serial, Revision: "A",
		Process: report.Process{Code: report.Some(100)}, Result: result,
		Station: "ICT-07", Location: "Oslo", Purpose: "Production", Start: start,
		Test: &report.Test{Operator: "ann", ExecTime: report.Num(1.5), Root: &report.Step{
			Group: report.Main, Type: "SequenceCall", Name: "MainSequence", Status: result,
			Sequence: &report.Sequence{Path: `C:\seq`, Name: "main.seq", Version: "1.0"},
			Steps: []*report.Step{{
				Group: report.Main, Type: "ET_NLT", Name: "voltage", Status: result,
				Numeric: []report.NumericMeasurement{{
					Value: report.Num(3.3), Unit: "V", CompOp: report.GELE, Low: report.Num(3), High: report.Num(3.6), Status: result}},
			}},
		}},
	}
}

func TestCredentials(t *testing.T) {
	b := startServer(t)
	wire := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	for name, option := range map[string]wats.Option{
		"user and password":   wats.WithBasicAuth(user, password),
		"token in WATS form":  wats.WithToken(wire),
		"API token":           wats.WithToken(b.token),
		"API token as bearer": wats.WithBearer(b.token),
	} {
		if got, err := b.client(t, option).Version(t.Context()); got != serverVersion || err != nil {
			t.Errorf("Version by %s: got %q, %v; want %q", name, got, err, serverVersion)
		}
	}
	for name, option := range map[string]wats.Option{
		"wrong password": wats.WithBasicAuth(user, "wrong horse"),
		"wrong token":    wats.WithBearer("gw_none"),
	} {
		if _, err := b.client(t, option).Version(t.Context()); !errors.Is(err, wats.ErrUnauthorized) {
			t.Errorf("Version by %s: got %v, want ErrUnauthorized", name, err)
		}
	}
}

func TestSubmitAndGet(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	r := testReport("SN-1", time.Now().Add(-time.Hour), report.Failed)
	for range 2 {
		if rc, err := c.Report.Submit(t.Context(), r); err != nil || rc.ID != r.ID {
			t.Fatalf("Submit: got %v, %v; want the ID of the report", rc, err)
		}
	}
	got, err := c.Report.Get(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	sent := *r
	sent.AssignStepIDs() // as the server does
	if a, b := sent.AppendWSJF(nil, report.WSJFOptions{}), got.AppendWSJF(nil, report.WSJFOptions{}); !bytes.Equal(a, b) {
		t.Errorf("Get: got\n%s\nwant\n%s", b, a)
	}
	if step := got.Test.Root.Steps[0]; !step.CausedUUTFailure.Value || got.Test.CausedFailureStepID != step.ID {
		t.Errorf("cause of the failure: got step %v (marked: %v), want %v", got.Test.CausedFailureStepID, step.CausedUUTFailure, step.ID)
	}
	if _, err := c.Report.Get(t.Context(), report.NewID()); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Get of another ID: got %v, want ErrNotFound", err)
	}
}

func TestRefusedReport(t *testing.T) {
	c := startServer(t).client(t)
	id := report.NewID()
	_, err := c.Report.SubmitWSJF(t.Context(), id, []byte(`{"type":"T","id":"`+id.String()+`","pn":5}`))
	var invalid *report.InvalidError
	if !errors.Is(err, wats.ErrInvalid) || !errors.As(err, &invalid) {
		t.Fatalf("SubmitWSJF: got %v, want ErrInvalid with violations", err)
	}
	rules := map[string]string{}
	for _, v := range invalid.Violations {
		rules[v.Path] = v.Rule
	}
	for path, rule := range map[string]string{"$.pn": "type", "$.sn": "required", "$.result": "required"} {
		if rules[path] != rule {
			t.Errorf("violation of %s: got %q, want %q", path, rules[path], rule)
		}
	}
}

func TestHeadersOfManyReports(t *testing.T) {
	const n = 10_000
	b := startServer(t)
	c := b.client(t)
	first := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	fill(t, c, n, first)

	before := liveHeap()
	seen, last := map[report.ID]bool{}, time.Time{}
	for h, err := range c.Report.Headers(t.Context(), wats.HeaderQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		if !last.IsZero() && h.StartUTC.After(last) {
			t.Fatalf("report of %v after one of %v, want the newest first", h.StartUTC, last)
		}
		seen[h.ID], last = true, h.StartUTC
		if len(seen) == n/2 {
			const limit = 3 << 20 // the set of IDs takes most of it; 5,000 headers would take as much again
			if grown := liveHeap() - before; grown > limit {
				t.Errorf("half way the heap has grown by %d bytes, want at most %d", grown, limit)
			}
		}
	}
	if len(seen) != n {
		t.Errorf("%d different headers, want %d", len(seen), n)
	}

	count := func(q wats.HeaderQuery) (got int) {
		t.Helper()
		for _, err := range c.Report.Headers(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
			got++
		}
		return got
	}
	for name, tc := range map[string]struct {
		query wats.HeaderQuery
		want  int
	}{
		"serial number":  {wats.HeaderQuery{SerialNumber: "SN-00042"}, 1},
		"serial numbers": {wats.HeaderQuery{SerialNumber: "SN-0004*"}, 10},
		"part number":    {wats.HeaderQuery{PartNumber: "PCB-2"}, 0},
		"result":         {wats.HeaderQuery{Result: report.Failed}, n / 4},
		"time":           {wats.HeaderQuery{From: first.Add(time.Minute), To: first.Add(2 * time.Minute)}, 60},
		"process":        {wats.HeaderQuery{ProcessCode: report.Some(100)}, n},
		"top":            {wats.HeaderQuery{Top: 1234}, 1234},
		"repairs":        {wats.HeaderQuery{Type: wats.UUR}, 0},
	} {
		if got := count(tc.query); got != tc.want {
			t.Errorf("headers by %s: got %d, want %d", name, got, tc.want)
		}
	}
}

func fill(t *testing.T, c *wats.Client, n int, first time.Time) {
	t.Helper()
	var wg sync.WaitGroup
	next := make(chan int)
	for range 64 {
		wg.Go(func() {
			for i := range next {
				result := report.Passed
				if i%4 == 0 {
					result = report.Failed
				}
				r := testReport(fmt.Sprintf("SN-%05d", i), first.Add(time.Duration(i)*time.Second), result)
				if _, err := c.Report.Submit(t.Context(), r); err != nil {
					t.Errorf("submit: %v", err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

func liveHeap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

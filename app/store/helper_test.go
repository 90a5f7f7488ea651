package store_test

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/report"
)

func TestMain(m *testing.M) {
	store.OpenForTest = func(t testing.TB) *store.Store { return storetest.Open(t, store.Options{}) }
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		storetest.Drop()
		os.Exit(code)
	}))
}

// noon is what the clock of every test shows.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func openStore(t testing.TB) *store.Store {
	t.Helper()
	return openAt(t, storetest.Address(t))
}

func openAt(t testing.TB, address string) *store.Store {
	t.Helper()
	return storetest.OpenAt(t, address, store.Options{Now: func() time.Time { return noon }})
}

// id returns the n-th of a row of IDs that sort as their numbers do.
func id(n int) report.ID {
	id, err := report.ParseID(fmt.Sprintf("%08x-0000-4000-8000-000000000000", n))
	if err != nil {
		panic(err)
	}
	return id
}

// test returns a test report with that ID: a passed ICT of unit SN1 at noon, changed by the given functions.
func test(n int, changes ...func(*report.Report)) *report.Report {
	r := &report.Report{
		ID: id(n), PartNumber: "PCBA-1", SerialNumber: "SN1", Revision: "A", Process: report.Process{Code: report.Some(31)},
		Result: report.Passed, Station: "ICT-1", Location: "Oslo", Purpose: "Production", Start: noon,
		Test: &report.Test{Operator: "ola", ExecTime: report.Num(1.5), Root: &report.Step{
			Group: report.Main, Type: "SequenceCall", Name: "MainSequence Callback", Status: report.Passed,
			Sequence: &report.Sequence{Path: `C:\tests\board.seq`, Name: "board.seq", Version: "1.2"},
			Steps: []*report.Step{
				{Group: report.Main, Type: "ET_NLT", Name: "3V3", Status: report.Passed, Numeric: []report.NumericMeasurement{
					{Value: report.Num(3.3), Unit: "V", CompOp: report.GELE, Low: report.Num(3.2), High: report.Num(3.4), Status: report.Passed}}},
				{Group: report.Main, Type: "ET_PFT", Name: "LED", Status: report.Passed, Booleans: []report.BooleanMeasurement{{Status: report.Passed}}},
			},
		}},
	}
	for _, change := range changes {
		change(r)
	}
	return r
}

// repair returns a repair report of unit SN1 with one failure of that category and code.
func repair(n int, category, code string, changes ...func(*report.Report)) *report.Report {
	r := &report.Report{
		ID: id(n), PartNumber: "PCBA-1", SerialNumber: "SN1", Revision: "A", Process: report.Process{Code: report.Some(500)},
		Result: report.Passed, Station: "REPAIR-1", Location: "Oslo", Purpose: "Production", Start: noon,
		SubUnits: []report.SubUnit{{
			PartType: "Main", SerialNumber: "SN1", PartNumber: "PCBA-1", Index: report.Some(0),
			Failures: []report.Failure{{Category: category, Code: code, ComponentRef: "R12"}},
		}},
		Repair: &report.Repair{Operator: "kari", Process: report.Process{Code: report.Some(31)}},
	}
	for _, change := range changes {
		change(r)
	}
	return r
}

// failed makes a report fail at its first step.
func failed(r *report.Report) {
	r.Result, r.Test.Root.Status, r.Test.Root.Steps[0].Status = report.Failed, report.Failed, report.Failed
}

func serial(sn string) func(*report.Report) { return func(r *report.Report) { r.SerialNumber = sn } }

func part(pn string) func(*report.Report) { return func(r *report.Report) { r.PartNumber = pn } }

func station(name string) func(*report.Report) { return func(r *report.Report) { r.Station = name } }

func comment(text string) func(*report.Report) {
	return func(r *report.Report) { r.Test.Comment = text }
}

func later(d time.Duration) func(*report.Report) {
	return func(r *report.Report) { r.Start = r.Start.Add(d) }
}

func process(code int, name string) func(*report.Report) {
	return func(r *report.Report) { r.Process = report.Process{Code: report.Some(code), Name: name} }
}

func submit(t testing.TB, s *store.Store, r *report.Report) store.Outcome {
	t.Helper()
	receipt, err := s.SubmitReport(t.Context(), store.Submission{Report: r, User: "station"})
	if err != nil {
		t.Fatalf("SubmitReport(%s): %v", r.ID, err)
	}
	if receipt.ID != r.ID {
		t.Fatalf("SubmitReport(%s): receipt for %s", r.ID, receipt.ID)
	}
	return receipt.Outcome
}

func headers(t testing.TB, s *store.Store, q store.HeaderQuery) []*wats.ReportHeader {
	t.Helper()
	var all []*wats.ReportHeader
	for h, err := range s.Headers(t.Context(), q) {
		if err != nil {
			t.Fatalf("Headers(%+v): %v", q, err)
		}
		all = append(all, h)
	}
	return all
}

// submitAll submits the reports that newReport gives for 0 to total-1, from several goroutines.
func submitAll(t testing.TB, s *store.Store, total int, newReport func(n int) *report.Report) {
	t.Helper()
	const goroutines = 16
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for n := g; n < total; n += goroutines {
				if _, err := s.SubmitReport(t.Context(), store.Submission{Report: newReport(n)}); err != nil {
					t.Errorf("SubmitReport(%d): %v", n, err)
				}
			}
		})
	}
	wg.Wait()
}

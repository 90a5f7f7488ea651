package demo_test

import (
	"iter"
	"reflect"
	"testing"
	"time"

	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/report"
)

var end = time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC)

func TestSameSeedGivesSameReports(t *testing.T) {
	next, stop := iter.Pull(demo.Reports(7, end))
	defer stop()
	for r := range demo.Reports(7, end) {
		again, ok := next()
		if !ok || !reflect.DeepEqual(r, again) {
			t.Fatalf("second Reports(7, end): report %s differs from the first time", r.ID)
		}
	}
}

func TestOtherSeedGivesOtherIDs(t *testing.T) {
	ids := map[report.ID]bool{}
	for r := range demo.Reports(7, end) {
		ids[r.ID] = true
	}
	for r := range demo.Reports(8, end) {
		if ids[r.ID] {
			t.Fatalf("Reports(8, end) repeats ID %s of seed 7", r.ID)
		}
	}
}

// TestFactoryIsBelievable holds the promises that the package comment makes.
func TestFactoryIsBelievable(t *testing.T) {
	var (
		seen                   = map[report.ID]*report.Report{}
		products, stations     = map[string]bool{}, map[string]bool{}
		processes              = map[int]bool{}
		last                   time.Time
		retests, repairs       int
		withBoard, withChart   int
		fixtureRuns, fixtureKO = map[string]float64{}, map[string]float64{}
		driftEarly, driftLate  int
	)
	for r := range demo.Reports(1, end) {
		if seen[r.ID] != nil {
			t.Fatalf("ID %s comes twice", r.ID)
		}
		seen[r.ID] = r
		if r.Start.Before(last) || r.Start.After(end) || end.Sub(r.Start) > 28*24*time.Hour {
			t.Fatalf("report %s starts at %v, after one of %v", r.ID, r.Start, last)
		}
		last = r.Start
		products[r.PartNumber], stations[r.Station], processes[r.Process.Code.Value] = true, true, true
		if r.IsRepair() {
			repairs++
			checkRepair(t, r, seen)
			continue
		}
		steps := flatten(r.Test.Root)
		if r.Result == report.Passed && (len(steps) < 20 || len(steps) > 40) {
			t.Errorf("%s %d has %d steps, want 20 to 40", r.PartNumber, r.Process.Code.Value, len(steps))
		}
		checkVerdict(t, r, steps)
		fixtureRuns[r.Test.FixtureID]++
		if r.Result == report.Failed {
			fixtureKO[r.Test.FixtureID]++
			retests++
		}
		if len(r.SubUnits) > 0 {
			withBoard++
		}
		for _, s := range steps {
			if s.Chart != nil {
				withChart++
			}
			if s.Name == demo.DriftingStep && s.Status == report.Failed {
				if end.Sub(r.Start) > 7*24*time.Hour {
					driftEarly++
				} else {
					driftLate++
				}
			}
		}
	}
	t.Logf("%d reports, %d repairs, %d failed, %d with board, %d charts, drift %d/%d, processes %v, %d stations", len(seen), repairs, retests, withBoard, withChart, driftEarly, driftLate, processes, len(stations))
	if n := len(seen); n < 3000 || n > 5000 {
		t.Errorf("%d reports, want 3000 to 5000", n)
	}
	if len(products) != 3 || len(stations) < 8 || repairs < 30 || withBoard < 200 || withChart < 500 {
		t.Errorf("%d products, %d stations, %d repairs, %d with a board inside, %d charts", len(products), len(stations), repairs, withBoard, withChart)
	}
	bad, good := fixtureKO[demo.BadFixture]/fixtureRuns[demo.BadFixture], fixtureKO["FIX-ICT-4"]/fixtureRuns["FIX-ICT-4"]
	if bad < 2*good {
		t.Errorf("%s fails %.1f %%, its neighbour %.1f %%; want far more", demo.BadFixture, 100*bad, 100*good)
	}
	if driftLate < 5*max(1, driftEarly) {
		t.Errorf("%s failed %d times in the last week, %d times before", demo.DriftingStep, driftLate, driftEarly)
	}
}

func flatten(s *report.Step) []*report.Step {
	all := []*report.Step{s}
	for _, child := range s.Steps {
		all = append(all, flatten(child)...)
	}
	return all
}

// checkVerdict holds that a test has one step that caused its result, and none when it passed.
func checkVerdict(t *testing.T, r *report.Report, steps []*report.Step) {
	t.Helper()
	causes := 0
	for _, s := range steps {
		if s.CausedSequenceFailure.Or(false) && len(s.Steps) == 0 {
			causes++
			if s.Status != r.Result {
				t.Errorf("report %s is %v, its cause %q is %v", r.ID, r.Result, s.Name, s.Status)
			}
		}
	}
	if want := r.Result != report.Passed; (causes == 1) != want || r.Test.Root.Status != r.Result {
		t.Errorf("report %s is %v with root %v and %d causes", r.ID, r.Result, r.Test.Root.Status, causes)
	}
}

// checkRepair holds that a repair names a failed test that came before, and a step of it.
func checkRepair(t *testing.T, r *report.Report, before map[report.ID]*report.Report) {
	t.Helper()
	failed := before[r.Repair.TestReport]
	if failed == nil || failed.Result != report.Failed || failed.SerialNumber != r.SerialNumber {
		t.Fatalf("repair %s refers to %s, which is no failed test of the unit", r.ID, r.Repair.TestReport)
	}
	fault := r.SubUnits[0].Failures[0]
	for _, s := range flatten(failed.Test.Root) {
		if s.ID == fault.StepID && s.Status == report.Failed {
			return
		}
	}
	t.Errorf("repair %s names step %v, which did not fail", r.ID, fault.StepID)
}

func TestInCircuitHas31Steps(t *testing.T) {
	a, b := demo.InCircuit(1, end), demo.InCircuit(2, end)
	if n := len(flatten(a.Test.Root)); n != 31 {
		t.Errorf("InCircuit(1, end) has %d steps, want 31", n)
	}
	if a.ID == b.ID || a.SerialNumber == b.SerialNumber || a.Result != report.Passed {
		t.Errorf("InCircuit gave %s %s %v and %s %s", a.ID, a.SerialNumber, a.Result, b.ID, b.SerialNumber)
	}
}

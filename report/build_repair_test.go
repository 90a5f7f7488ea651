package report_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gowats/gowats/report"
)

// failedUUT is the report of a unit with two parts.
func failedUUT(t *testing.T) *report.Report {
	t.Helper()
	b := newUUT(report.WithRevision("B"), report.WithProcessName("ICT"))
	b.SubUnit(report.SubUnit{PartType: "Display", PartNumber: "LCD-7", SerialNumber: "D-17", Revision: "2", Position: report.Some(4)})
	b.SubUnit(report.SubUnit{PartNumber: "PSU-1", SerialNumber: "P-3"})
	b.Root().PassFail("Self test", false)
	return finished(t, b)
}

func newUUR(options ...report.Option) *report.UUR {
	return report.NewUUR("PCBA-1042", "SN-0001", 500, 31, append([]report.Option{station}, options...)...)
}

func units(r *report.Report) (lines []string) {
	for _, u := range r.SubUnits {
		lines = append(lines, fmt.Sprint(u.PartType, " ", u.PartNumber, " ", u.SerialNumber, " ", u.Revision, " ",
			u.Index.Or(-1), u.ParentIndex.Or(-1), u.Position.Or(-1), u.ReplacedIndex.Or(-1), len(u.Failures)))
	}
	return lines
}

func TestARepairStartsFromTheFailedTest(t *testing.T) {
	test := failedUUT(t)
	cause, _ := test.FailureCause()
	u := report.NewUURFromUUT(test, 500, station, report.WithProcessName("Repair"), report.WithOperator("m.lunde"))
	u.Unit(2).Fail(report.Failure{Category: "Component", Code: "Burned Component", StepID: cause.ID}).
		Attach(report.Attachment{Name: "burn.jpg", ContentType: "image/jpeg", Data: []byte("jpg")})
	u.Attach(report.Attachment{Name: "all.txt", Data: []byte("txt")})
	u.Main().Fail(report.Failure{Category: "Process", Code: "No Fault Found"})
	fresh := u.Unit(1).ReplaceWith(report.SubUnit{SerialNumber: "D-18"})
	fresh.Fail(report.Failure{Category: "Component", Code: "Wrong Component"}).Attach(report.Attachment{Name: "new.txt", Data: []byte("n")})
	u.SubUnit(report.SubUnit{PartType: "Chip", PartNumber: "IC", ParentIndex: report.Some(fresh.Index())})
	u.Confirmed(time.Unix(1_769_800_000, 0).UTC())
	u.Finalized(time.Unix(1_769_800_900, 0).UTC())
	u.Comment("display changed")
	u.Took(15 * time.Minute)
	r := finished(t, u)

	want := []string{
		"Main PCBA-1042 SN-0001 B 0 -1 -1 -1 1",
		"Display LCD-7 D-17 2 1 0 4 -1 0",
		"Unknown PSU-1 P-3  2 0 -1 -1 1",
		"Display LCD-7 D-18 2 3 0 4 1 1",
		"Chip IC   4 3 -1 -1 0",
	}
	if got := units(r); !slices.Equal(got, want) {
		t.Errorf("sub-units are %q, want %q", got, want)
	}
	p := r.Repair
	if p.TestReport != test.ID || p.Process != test.Process || r.Process.Code != report.Some(500) || r.Process.Name != "Repair" || r.Result != report.Passed {
		t.Errorf("the repair is of %s in %+v by %+v with %s", p.TestReport, p.Process, r.Process, r.Result)
	}
	if p.Operator != "m.lunde" || p.Comment != "display changed" || p.ExecTime.Float() != 900 || p.FinalizeDate.String() != "2026-01-30T19:21:40Z" {
		t.Errorf("the repair has %+v", p)
	}
	for i, want := range []int{1, -1, 2} { // in the order of the sub-units
		if got := r.BinaryData[i].FailureIndex.Or(-1); got != want {
			t.Errorf("file %s belongs to failure %d, want %d", r.BinaryData[i].Name, got, want)
		}
	}
	if len(test.SubUnits) != 2 || test.SubUnits[0].Index.Present {
		t.Errorf("the test report was changed to %+v", test.SubUnits)
	}
}

func TestARepairFromNumbersAlone(t *testing.T) {
	id := report.NewID()
	u := newUUR(report.WithRevision("C"))
	u.RefersTo(id)
	u.TestProcessName("ICT")
	u.Result(report.Failed)
	r := finished(t, u)
	if got := units(r); len(got) != 1 || got[0] != "Main PCBA-1042 SN-0001 C 0 -1 -1 -1 0" {
		t.Errorf("sub-units are %q, want the unit itself", got)
	}
	if r.Repair.TestReport != id || r.Repair.Process.Name != "ICT" || r.Result != report.Failed {
		t.Errorf("the repair has %+v and %s", r.Repair, r.Result)
	}
}

func TestARepairRefuses(t *testing.T) {
	fault := report.Failure{Category: "Component", Code: "Burned Component"}
	with := func(change func(f *report.Failure)) report.Failure {
		f := fault
		change(&f)
		return f
	}
	codes := report.WithFailCodes(map[string][]string{"Component": {"Wrong Component"}})
	tests := map[string]struct {
		path, rule string
		build      func() *report.UUR
	}{
		"the test operation as repair operation": {"$.uur.processCode", "reference", func() *report.UUR {
			return report.NewUUR("p", "s", 31, 31, station)
		}},
		"a repair of no test": {"$.uur.refUUT", "reference", func() *report.UUR { return report.NewUURFromUUT(nil, 500, station) }},
		"a repair of a repair": {"$.uur.refUUT", "reference", func() *report.UUR {
			return report.NewUURFromUUT(finished(t, newUUR()), 500, station)
		}},
		"a blank serial number": {"$.sn", "required", func() *report.UUR { return report.NewUUR("p", "", 500, 31, station) }},
		"a failure without category": {"$.subUnits[0].failures[0].category", "required", func() *report.UUR {
			u := newUUR()
			u.Main().Fail(with(func(f *report.Failure) { f.Category = "" }))
			return u
		}},
		"a long component reference": {"$.subUnits[0].failures[0].comRef", "length", func() *report.UUR {
			u := newUUR()
			u.Main().Fail(with(func(f *report.Failure) { f.ComponentRef = letters(51) }))
			return u
		}},
		"an unknown category": {"$.subUnits[0].failures[0].category", "reference", func() *report.UUR {
			u := newUUR(codes)
			u.Main().Fail(with(func(f *report.Failure) { f.Category = "Weather" }))
			return u
		}},
		"an unknown code": {"$.subUnits[0].failures[0].code", "reference", func() *report.UUR {
			u := newUUR(codes)
			u.Main().Fail(fault)
			return u
		}},
		"a step that the test lacks": {"$.subUnits[0].failures[0].refStepId", "reference", func() *report.UUR {
			u := report.NewUURFromUUT(failedUUT(t), 500, station)
			u.Main().Fail(with(func(f *report.Failure) { f.StepID = report.Some(99) }))
			return u
		}},
		"a unit that is not there": {"$.subUnits", "reference", func() *report.UUR {
			u := newUUR()
			u.Unit(1).Fail(fault)
			return u
		}},
		"a parent that is not there": {"$.subUnits[1].parentIdx", "reference", func() *report.UUR {
			u := newUUR()
			u.SubUnit(report.SubUnit{PartNumber: "p", ParentIndex: report.Some(7)})
			return u
		}},
		"a pattern in a part's serial number": {"$.subUnits[1].sn", "characters", func() *report.UUR {
			u := newUUR()
			u.Main().ReplaceWith(report.SubUnit{SerialNumber: "S*"})
			return u
		}},
		"a file that is too large": {"$.binaryData[0].data", "length", func() *report.UUR {
			u := newUUR(report.WithMaxAttachment(1))
			u.Main().Fail(fault).Attach(report.Attachment{Name: "f", Data: []byte("12")})
			return u
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { wantRefused(t, tt.build(), tt.path, tt.rule) })
	}

	u := newUUR(report.WithFailCodes(map[string][]string{"Component": {"Burned Component"}}))
	u.Main().Fail(with(func(f *report.Failure) { f.ComponentRef, f.StepID = letters(50), report.Some(0) }))
	finished(t, u)
}

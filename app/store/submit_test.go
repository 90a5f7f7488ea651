package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// TestWhichReportIsCurrent submits reports in order. Afterwards it looks at the current ones, as "id run", and at the superseded ones.
func TestWhichReportIsCurrent(t *testing.T) {
	for _, c := range []struct {
		name       string
		reports    []*report.Report
		outcomes   []store.Outcome
		current    []string
		superseded []int
	}{
		{
			"a report stands alone",
			[]*report.Report{test(1)},
			[]store.Outcome{store.Stored}, []string{"1 run 1"}, nil,
		}, {
			"the same report twice is one",
			[]*report.Report{test(1), test(1)},
			[]store.Outcome{store.Stored, store.Repeated}, []string{"1 run 1"}, nil,
		}, {
			"the same ID with other content: the newer counts",
			[]*report.Report{test(1), test(1, failed)},
			[]store.Outcome{store.Stored, store.Superseded}, []string{"1 run 1"}, []int{1},
		}, {
			"a correction may be taken back",
			[]*report.Report{test(1), test(1, failed), test(1)},
			[]store.Outcome{store.Stored, store.Superseded, store.Superseded}, []string{"1 run 1"}, []int{1, 1},
		}, {
			"another ID for the same test run: the newer counts",
			[]*report.Report{test(1), test(2)},
			[]store.Outcome{store.Stored, store.Superseded}, []string{"2 run 1"}, []int{1},
		}, {
			"starts in one millisecond are the same run",
			[]*report.Report{test(1, later(100*time.Microsecond)), test(2, later(999*time.Microsecond))},
			[]store.Outcome{store.Stored, store.Superseded}, []string{"2 run 1"}, []int{1},
		}, {
			"starts in two milliseconds are two runs",
			[]*report.Report{test(1, later(999*time.Microsecond)), test(2, later(time.Millisecond))},
			[]store.Outcome{store.Stored, store.Stored}, []string{"1 run 1", "2 run 2"}, nil,
		}, {
			"a late second try of a superseded report stays superseded",
			[]*report.Report{test(1), test(2), test(1)},
			[]store.Outcome{store.Stored, store.Superseded, store.Repeated}, []string{"2 run 1"}, []int{1},
		}, {
			"another part, serial or process is another unit or run",
			[]*report.Report{test(1), test(2, part("PCBA-2")), test(3, serial("SN2")), test(4, process(50, ""))},
			[]store.Outcome{store.Stored, store.Stored, store.Stored, store.Stored},
			[]string{"1 run 1", "2 run 1", "3 run 1", "4 run 1"}, nil,
		}, {
			"late arrival moves the later runs",
			[]*report.Report{test(1, later(3*time.Hour)), test(2, later(time.Hour)), test(3, later(2*time.Hour))},
			[]store.Outcome{store.Stored, store.Stored, store.Stored},
			[]string{"1 run 3", "2 run 1", "3 run 2"}, nil,
		}, {
			"a superseded run in the middle leaves the others as they were",
			[]*report.Report{test(1), test(2, later(time.Hour)), test(3, later(2*time.Hour)), test(4, later(time.Hour))},
			[]store.Outcome{store.Stored, store.Stored, store.Stored, store.Superseded},
			[]string{"1 run 1", "3 run 3", "4 run 2"}, []int{2},
		}, {
			"a corrected start renumbers",
			[]*report.Report{test(1), test(2, later(time.Hour)), test(3, later(2*time.Hour)), test(1, later(3*time.Hour))},
			[]store.Outcome{store.Stored, store.Stored, store.Stored, store.Superseded},
			[]string{"1 run 3", "2 run 1", "3 run 2"}, []int{1},
		}, {
			"a corrected serial number renumbers both units",
			[]*report.Report{test(1), test(2, later(time.Hour)), test(3, serial("SN2"), later(2*time.Hour)), test(1, serial("SN2"))},
			[]store.Outcome{store.Stored, store.Stored, store.Stored, store.Superseded},
			[]string{"1 run 1", "2 run 1", "3 run 2"}, []int{1},
		}, {
			"a correction may supersede another run as well",
			[]*report.Report{test(1), test(2, later(time.Hour)), test(3, later(2*time.Hour)), test(1, later(time.Hour))},
			[]store.Outcome{store.Stored, store.Stored, store.Stored, store.Superseded},
			[]string{"1 run 1", "3 run 2"}, []int{1, 2},
		}, {
			"repairs with one start are two repairs",
			[]*report.Report{repair(1, "Component", "Solder Defect"), repair(2, "Component", "Solder Defect")},
			[]store.Outcome{store.Stored, store.Stored}, []string{"1", "2"}, nil,
		}, {
			"a repair can be corrected",
			[]*report.Report{repair(1, "Component", "Solder Defect"), repair(1, "Component", "Wrong Component")},
			[]store.Outcome{store.Stored, store.Superseded}, []string{"1"}, []int{1},
		}, {
			"a test corrected into a repair gives up its run",
			[]*report.Report{test(1), test(2, later(time.Hour)), repair(1, "Component", "Solder Defect")},
			[]store.Outcome{store.Stored, store.Stored, store.Superseded}, []string{"1", "2 run 1"}, []int{1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openStore(t)
			var outcomes []store.Outcome
			for _, r := range c.reports {
				outcomes = append(outcomes, submit(t, s, r))
			}
			if !slices.Equal(outcomes, c.outcomes) {
				t.Errorf("outcomes %v, want %v", outcomes, c.outcomes)
			}
			if got := currentRuns(t, s); !slices.Equal(got, c.current) {
				t.Errorf("current reports %q, want %q", got, c.current)
			}
			if got := supersededIDs(t, s); !slices.Equal(got, c.superseded) {
				t.Errorf("superseded reports %v, want %v", got, c.superseded)
			}
			for _, n := range c.superseded {
				if _, err := s.Report(t.Context(), id(n)); err != nil {
					t.Errorf("Report(%d), superseded: %v", n, err)
				}
			}
		})
	}
}

func currentRuns(t *testing.T, s *store.Store) []string {
	t.Helper()
	var all []string
	for _, h := range headers(t, s, store.HeaderQuery{OrderBy: "uuid"}) {
		text := fmt.Sprint(number(h.ID))
		if h.Run.Present {
			text += fmt.Sprintf(" run %d", h.Run.Value)
		}
		all = append(all, text)
	}
	return all
}

func supersededIDs(t *testing.T, s *store.Store) []int {
	t.Helper()
	var ids []int
	for _, sn := range []string{"SN1", "SN2"} {
		history, err := s.UnitHistory(t.Context(), sn, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range history {
			if h.Superseded {
				ids = append(ids, number(h.ID))
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// number is what id made the ID of.
func number(id report.ID) int { return int(id[0])<<24 | int(id[1])<<16 | int(id[2])<<8 | int(id[3]) }

func TestSupersededReportIsReadableByItsID(t *testing.T) {
	s := openStore(t)
	submit(t, s, test(1, comment("old")))
	submit(t, s, test(2, comment("new")))
	for n, want := range map[int]struct {
		comment    string
		superseded bool
	}{1: {"old", true}, 2: {"new", false}} {
		doc, err := s.Report(t.Context(), id(n))
		if err != nil {
			t.Fatal(err)
		}
		if doc.Report.Test.Comment != want.comment || doc.Superseded != want.superseded {
			t.Errorf("Report(%d): comment %q, superseded %t; want %q, %t", n, doc.Report.Test.Comment, doc.Superseded, want.comment, want.superseded)
		}
	}
	submit(t, s, test(2, comment("newest")))
	if doc, err := s.Report(t.Context(), id(2)); err != nil || doc.Report.Test.Comment != "newest" || doc.Superseded {
		t.Errorf("Report of a corrected ID: %+v, %v; want the newest", doc, err)
	}
}

func TestRepetitionIsCounted(t *testing.T) {
	s := openStore(t)
	for range 3 {
		submit(t, s, test(1))
	}
	if h := headers(t, s, store.HeaderQuery{})[0]; h.ReceiveCount != 3 {
		t.Errorf("receive count %d, want 3", h.ReceiveCount)
	}
}

func TestPassedInRunIsTheFirstPass(t *testing.T) {
	s := openStore(t)
	submit(t, s, test(1, failed))
	submit(t, s, test(3, later(2*time.Hour)))
	submit(t, s, test(4, later(3*time.Hour)))
	submit(t, s, test(5, serial("SN2"), failed))
	want := map[int]report.Optional[int]{1: report.Some(2), 3: report.Some(2), 4: report.Some(2), 5: {}}
	for _, h := range headers(t, s, store.HeaderQuery{}) {
		if h.PassedInRun != want[number(h.ID)] {
			t.Errorf("report %d: passed in run %v, want %v", number(h.ID), h.PassedInRun, want[number(h.ID)])
		}
	}
}

func TestUnknownProcessIsAdded(t *testing.T) {
	s := openStore(t)
	submit(t, s, test(1, process(77, "Hipot")))
	submit(t, s, test(2, process(78, "")))
	submit(t, s, repair(3, "Component", "Solder Defect", process(900, "Depot"), func(r *report.Report) { r.Repair.Process.Code = report.Some(79) }))
	submit(t, s, test(4, process(78, "Leak test"), later(time.Hour)))
	submit(t, s, test(5, process(77, "HIPOT"), later(time.Hour)))

	want := []string{"77 Hipot test", "78 Leak test test", "79 Process 79 test", "900 Depot repair"}
	if got := processes(t, s, 77, 78, 79, 900); !slices.Equal(got, want) {
		t.Errorf("processes %q, want %q", got, want)
	}
	doc, err := s.Report(t.Context(), id(5))
	if err != nil {
		t.Fatal(err)
	}
	wantWarning := report.Findings{{Path: "$.processName", Rule: "name", Message: `Process 77 is called "Hipot" here, not "HIPOT"`, Severity: report.Warning}}
	if diff := cmp.Diff(wantWarning, doc.Warnings); diff != "" {
		t.Errorf("warnings of a report with another name (-want +got):\n%s", diff)
	}
}

func processes(t *testing.T, s *store.Store, codes ...int) []string {
	t.Helper()
	all, err := s.Processes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, p := range all {
		if slices.Contains(codes, p.Code) {
			kind := map[wats.ProcessInfo]string{{IsTestOperation: true}: "test", {IsRepairOperation: true}: "repair"}[wats.ProcessInfo{
				IsTestOperation: p.IsTestOperation, IsRepairOperation: p.IsRepairOperation, IsWIPOperation: p.IsWIPOperation,
			}]
			found = append(found, fmt.Sprintf("%d %s %s", p.Code, p.Name, kind))
		}
	}
	return found
}

func TestDefaultProcesses(t *testing.T) {
	want := []string{
		"10 SW Debug test", "20 Programming test", "30 Functional test test", "31 ICT test", "50 PCBA test test", "60 Final function test test",
		"90 Burn In test test", "100 Function test test", "210 Visual inspection test", "500 Repair repair", "510 RMA repair repair",
	}
	s := openStore(t)
	all, err := s.Processes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	codes := make([]int, len(all))
	for i, p := range all {
		codes[i] = p.Code
		if p.State != wats.Active {
			t.Errorf("process %d has state %v, want active", p.Code, p.State)
		}
	}
	if got := processes(t, s, codes...); !slices.Equal(got, want) {
		t.Errorf("processes\n got %q\nwant %q", got, want)
	}
}

func TestWhatTheStoreRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		report *report.Report
		want   []string // path and beginning of the message
	}{
		{"test in a repair operation", test(1, process(500, "")),
			[]string{"$.processCode Process code must be a valid value: 500 (Repair) is a repair operation"}},
		{"repair in a test operation", repair(1, "Component", "Solder Defect", process(31, ""), func(r *report.Report) { r.SubUnits = nil }),
			[]string{"$.processCode Process code must be a valid value: 31 (ICT) is a test operation"}},
		{"repair of a unit that failed in a repair operation", repair(1, "Component", "Solder Defect", func(r *report.Report) { r.Repair.Process.Code = report.Some(510) }),
			[]string{"$.uur.processCode Process code must be a valid value: 510 (RMA repair) is a repair operation"}},
		{"no process", test(1, func(r *report.Report) { r.Process.Code = report.Optional[int]{} }),
			[]string{"$.processCode Process code is required"}},
		{"unknown category", repair(1, "Magic", "Solder Defect"),
			[]string{`$.subUnits[0].failures[0].category Category must be a valid value: repair operation 500 has no category "Magic"`}},
		{"unknown code", repair(1, "Component", "Magic"),
			[]string{`$.subUnits[0].failures[0].code Code must be a valid value: category "Component" of repair operation 500 has no code "Magic"`}},
		{"a code of another category", repair(1, "Assembly", "Solder Defect"),
			[]string{`$.subUnits[0].failures[0].code Code must be a valid value`}},
		{"no category and no code", repair(1, "", ""),
			[]string{`$.subUnits[0].failures[0].category Category must be a valid value`}},
		{"unknown category in a new repair operation", repair(1, "Magic", "x", process(901, "")),
			[]string{`$.subUnits[0].failures[0].category Category must be a valid value`}},
		{"everything at once", repair(1, "Magic", "x", func(r *report.Report) {
			r.Repair.Process.Code = report.Some(510)
			r.SubUnits = append(r.SubUnits, report.SubUnit{Failures: []report.Failure{{Category: "component", Code: "solder defect"}, {Category: "Component", Code: "y"}}})
		}), []string{"$.uur.processCode Process code must", "$.subUnits[0].failures[0].category Category must", "$.subUnits[1].failures[1].code Code must"}},
		{"start beyond what is stored", test(1, func(r *report.Report) { r.Start = time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC) }),
			[]string{"$.start Start must lie between the years 1678 and 2262, not 2300-01-01T00:00:00Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openStore(t)
			_, err := s.SubmitReport(t.Context(), store.Submission{Report: c.report})
			var invalid *report.InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("SubmitReport: %v, want *report.InvalidError", err)
			}
			if len(invalid.Violations) != len(c.want) {
				t.Fatalf("SubmitReport: %v, want %q", invalid.Violations, c.want)
			}
			for i, v := range invalid.Violations {
				if got := v.Path + " " + v.Message; !strings.HasPrefix(got, c.want[i]) || v.Rule == "" {
					t.Errorf("violation %d: %s (rule %q), want %s…", i, got, v.Rule, c.want[i])
				}
			}
			if n, err := s.CountHeaders(t.Context(), store.HeaderQuery{}); err != nil || n != 0 {
				t.Errorf("%d reports stored (%v), want none", n, err)
			}
			if got := processes(t, s, 901); got != nil {
				t.Errorf("a refused report left %q", got)
			}
		})
	}
}

func TestRepairWithoutFailuresIsAccepted(t *testing.T) {
	s := openStore(t)
	submit(t, s, repair(1, "", "", func(r *report.Report) { r.SubUnits[0].Failures = nil }))
}

func TestWarningsStayWithTheReport(t *testing.T) {
	s := openStore(t)
	warning := report.Finding{Path: "$.sn", Rule: "characters", Message: "odd", Severity: report.Warning}
	_, err := s.SubmitReport(t.Context(), store.Submission{Report: test(1, later(25*time.Hour)), Findings: report.Findings{warning}})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := s.Report(t.Context(), id(1))
	if err != nil {
		t.Fatal(err)
	}
	want := report.Findings{warning, {Path: "$.start", Rule: "future", Severity: report.Warning,
		Message: "Start lies 25 hours in the future: check the station's clock"}}
	if diff := cmp.Diff(want, doc.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestStartADayAheadIsNoWarning(t *testing.T) {
	s := openStore(t)
	submit(t, s, test(1, later(24*time.Hour)))
	if doc, err := s.Report(t.Context(), id(1)); err != nil || doc.Warnings != nil {
		t.Errorf("Report: %v, %v; want no warning", doc.Warnings, err)
	}
}

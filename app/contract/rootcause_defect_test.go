package contract_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// repairOf returns a repair of the unit that a test failed, with a failure of each pair of category and code.
func repairOf(failed *report.Report, start time.Time, pairs ...[2]string) *report.Report {
	main := report.SubUnit{PartType: "Main", SerialNumber: failed.SerialNumber, PartNumber: failed.PartNumber, Index: report.Some(0)}
	for i, pair := range pairs {
		main.Failures = append(main.Failures, report.Failure{Category: pair[0], Code: pair[1], ComponentRef: fmt.Sprint("R", i+1)})
	}
	return &report.Report{
		ID: report.NewID(), PartNumber: failed.PartNumber, SerialNumber: failed.SerialNumber, Revision: failed.Revision,
		Process: report.Process{Code: report.Some(500)}, Result: report.Passed, Station: "REPAIR-1", Location: "Oslo", Purpose: "Production", Start: start,
		SubUnits: []report.SubUnit{main},
		Repair:   &report.Repair{Operator: "kari", Process: failed.Process, TestReport: failed.ID},
	}
}

func submitReports(t *testing.T, c *wats.Client, reports ...*report.Report) {
	t.Helper()
	for _, r := range reports {
		if _, err := c.Report.Submit(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func listDefects(t *testing.T, c *wats.Client, q wats.DefectQuery) (all []*wats.Defect) {
	t.Helper()
	for d, err := range c.RootCause.Defects(t.Context(), q) {
		if err != nil {
			t.Fatalf("Defects(%+v): %v", q, err)
		}
		all = append(all, d)
	}
	return all
}

func TestDefects(t *testing.T) {
	c := startServer(t).client(t)
	at := time.Now().Add(-48 * time.Hour).Truncate(time.Second).UTC()
	failed := testReport("U1", at, report.Failed)
	submitReports(t, c, failed)
	d, err := c.RootCause.RegisterDefect(t.Context(), wats.Defect{
		ReportID: failed.ID, Code: "burned component", ComponentRef: "R1", Description: "smells", FailureMode: "short",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &wats.Defect{
		ID: d.ID, Source: wats.DefectRegistered, ReportID: failed.ID, SerialNumber: "U1", PartNumber: failed.PartNumber, Revision: failed.Revision,
		StationName: failed.Station, ProcessCode: failed.Process.Code, RepairProcessCode: 500, Category: "Component", Code: "Burned Component",
		ComponentRef: "R1", Description: "smells", FailureMode: "short", Date: d.Date, User: user,
	}
	if diff := cmp.Diff([]*wats.Defect{want}, listDefects(t, c, wats.DefectQuery{})); diff != "" || !cmp.Equal(want, d) {
		t.Errorf("defects after RegisterDefect (-want +got):\n%s\nRegisterDefect returned %+v", diff, d)
	}
	if again, err := c.RootCause.RegisterDefect(t.Context(), wats.Defect{ID: d.ID, ReportID: failed.ID, Code: "Burned Component", ComponentRef: "R1", Description: "smells", FailureMode: "short"}); err != nil || again.ID != d.ID {
		t.Errorf("RegisterDefect again: got %+v, %v", again, err)
	}
	if _, err := c.RootCause.RegisterDefect(t.Context(), wats.Defect{ID: d.ID, ReportID: failed.ID, Code: "Solder Defect"}); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("RegisterDefect of another defect under the same ID: got %v, want ErrConflict", err)
	}

	repair := repairOf(failed, at.Add(time.Hour), [2]string{"component", "BURNED component"}, [2]string{"Component", "Burned Component"})
	submitReports(t, c, repair)
	found := listDefects(t, c, wats.DefectQuery{OrderBy: "failureIndex"})
	if len(found) != 2 {
		t.Fatalf("after a repair that found it, and another: got %d defects, want 2", len(found))
	}
	want = &wats.Defect{
		ID: d.ID, Source: wats.DefectOfRepair, ReportID: failed.ID, RepairID: repair.ID, FailureIndex: report.Some(0), SerialNumber: "U1",
		PartNumber: failed.PartNumber, Revision: failed.Revision, StationName: failed.Station, RepairStationName: "REPAIR-1", ProcessCode: failed.Process.Code,
		RepairProcessCode: 500, Category: "Component", Code: "Burned Component", ComponentRef: "R1", Date: wats.Time{Time: at.Add(time.Hour)}, User: "kari",
	}
	if diff := cmp.Diff(want, found[0]); diff != "" || !found[1].ID.IsZero() {
		t.Errorf("the defect that was registered, now of a repair (-want +got):\n%s\nthe other: %+v", diff, found[1])
	}
	repair.SubUnits[0].Failures = nil // a newer version, which found nothing
	submitReports(t, c, repair)
	if found := listDefects(t, c, wats.DefectQuery{ReportID: failed.ID}); len(found) != 1 || found[0].Source != wats.DefectRegistered {
		t.Errorf("after the repair was corrected: got %+v, want the registered one alone", found)
	}
	if err := c.RootCause.WithdrawDefect(t.Context(), d.ID); err != nil {
		t.Error(err)
	}
	if err := c.RootCause.WithdrawDefect(t.Context(), d.ID); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("WithdrawDefect again: got %v, want ErrNotFound", err)
	}
	if found := listDefects(t, c, wats.DefectQuery{}); len(found) != 0 {
		t.Errorf("at the end: got %+v, want none", found)
	}
}

func TestDefectRefusals(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	failed := testReport("U1", time.Now().Add(-time.Hour), report.Failed)
	repair := repairOf(failed, time.Now(), [2]string{"Component", "Solder Defect"})
	submitReports(t, c, failed, repair)
	for name, tc := range map[string]struct{ body, want string }{
		"all at once":           {`{"failureMode":"` + strings.Repeat("x", 201) + `","repairProcessCode":31}`, "$.reportId required, $.code required, $.failureMode length, $.repairProcessCode enum"},
		"no such report":        {`{"reportId":"` + report.NewID().String() + `","code":"Solder Defect"}`, "$.reportId reference"},
		"a repair":              {`{"reportId":"` + repair.ID.String() + `","code":"Solder Defect"}`, "$.reportId reference"},
		"no such code":          {`{"reportId":"` + failed.ID.String() + `","code":"Gremlins"}`, "$.code enum"},
		"not in that category":  {`{"reportId":"` + failed.ID.String() + `","code":"Solder Defect","category":"Assembly"}`, "$.code enum"},
		"no GUID":               {`{"reportId":"7","code":"Solder Defect"}`, "$.reportId type"},
		"a number for the code": {`{"code":7}`, "$.code type"},
	} {
		err := b.refusal(t, http.MethodPost, "/api/gowats/v1/RootCause/Defect", tc.body)
		if got := strings.Join(violations(err), ", "); got != tc.want {
			t.Errorf("%s: got %q (%v), want %q", name, got, err, tc.want)
		}
	}
	for path, want := range map[string]string{
		"/api/gowats/v1/RootCause/Defects?$filter=colour%20eq%201":                                            "$filter query",
		"/api/gowats/v1/RootCause/DefectStatistics?groupBy=colour":                                            "groupBy query",
		"/api/gowats/v1/RootCause/DefectStatistics?dateFrom=x&dateTo=y&dateGrouping=6&$top=3":                 "$top unsupported, dateFrom type, dateTo type, dateGrouping range",
		"/api/gowats/v1/RootCause/DefectStatistics?$filter=code%20eq":                                         "$filter query",
		"/api/gowats/v1/RootCause/DefectStatistics?$filter=1%20eq%201)%20or%20(code%20eq%20'x'":               "$filter query",
		"/api/gowats/v1/RootCause/DefectStatistics?dateFrom=2026-02-01T00:00:00Z&dateTo=2026-01-01T00:00:00Z": "dateTo query",
	} {
		if got := strings.Join(violations(b.refusal(t, http.MethodGet, path, "")), ", "); got != want {
			t.Errorf("GET %s: got %q, want %q", path, got, want)
		}
	}
	if found := listDefects(t, c, wats.DefectQuery{}); len(found) != 1 {
		t.Errorf("after refusals: got %d defects, want that of the repair alone", len(found))
	}
}

// TestEachFigureOpensToItsRows: the filter of every row lists as many defects as it counts, and all rows together count every defect once.
func TestEachFigureOpensToItsRows(t *testing.T) {
	c := startServer(t).client(t)
	codes := [][2]string{{"Component", "Burned Component"}, {"Component", "Solder Defect"}, {"Assembly", "Assembly Error"}}
	begin := time.Now().AddDate(0, 0, -20).UTC()
	for i := range 24 {
		at := begin.Add(time.Duration(i) * 17 * time.Hour)
		failed := testReport(fmt.Sprint("U", i%10), at, report.Failed)
		failed.PartNumber, failed.Station = []string{"PCBA-1", "O'Hara & co"}[i%2], fmt.Sprint("ICT-", i%3)
		if i%5 != 0 {
			submitReports(t, c, failed) // else the test of the repair is not stored
		}
		submitReports(t, c, repairOf(failed, at.Add(time.Hour), codes[i%3], codes[(i+1)%3]))
		if i%4 == 1 && i%5 != 0 {
			if _, err := c.RootCause.RegisterDefect(t.Context(), wats.Defect{ReportID: failed.ID, Category: "Process", Code: "Contamination"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	total := len(listDefects(t, c, wats.DefectQuery{}))
	for _, q := range []wats.DefectStatisticsQuery{
		{},
		{GroupBy: []string{"category"}},
		{GroupBy: []string{"partNumber", "code"}},
		{GroupBy: []string{"stationName", "processCode", "source"}},
		{GroupBy: []string{"repairStationName", "componentRef", "revision"}},
		{GroupBy: []string{"period"}, DateGrouping: wats.ByDay},
		{GroupBy: []string{"period", "code"}, DateGrouping: wats.ByWeek},
		{GroupBy: []string{"period", "partNumber"}, DateGrouping: wats.ByHour, From: begin.AddDate(0, 0, 3).Add(90 * time.Minute), To: begin.AddDate(0, 0, 9)},
		{GroupBy: []string{"code"}, Filter: "partNumber eq 'PCBA-1' or source eq 'registered'"},
		{GroupBy: []string{"code"}, Filter: "code eq 'nothing'"},
	} {
		s, err := c.RootCause.DefectStatistics(t.Context(), q)
		if err != nil {
			t.Fatalf("DefectStatistics(%+v): %v", q, err)
		}
		seen, sum := map[string]bool{}, 0
		for _, row := range s.Rows {
			units := map[string]bool{}
			rows := listDefects(t, c, wats.DefectQuery{Filter: row.Filter})
			for _, d := range rows {
				id := fmt.Sprint(d.ID, d.RepairID, d.FailureIndex)
				if seen[id] {
					t.Errorf("%+v: defect %s is counted twice", q, id)
				}
				seen[id], units[d.SerialNumber+"\x00"+d.PartNumber] = true, true
				if row.Code.Present && d.Code != row.Code.Value || row.PartNumber.Present && d.PartNumber != row.PartNumber.Value ||
					row.StationName.Present && d.StationName != row.StationName.Value || row.ProcessCode.Present && d.ProcessCode != row.ProcessCode {
					t.Errorf("%+v: the filter %s lists %+v", q, row.Filter, d)
				}
			}
			if len(rows) != row.Count || len(units) != row.UnitCount {
				t.Errorf("%+v: a row counts %d defects of %d units; its filter %s lists %d of %d", q, row.Count, row.UnitCount, row.Filter, len(rows), len(units))
			}
			sum += row.Count
		}
		if sum != s.Count || q.Filter == "" && q.From.IsZero() && s.Count != total {
			t.Errorf("%+v: the rows count %d, the whole %d; there are %d", q, sum, s.Count, total)
		}
		if !slices.IsSortedFunc(s.Rows, func(a, b wats.DefectStatisticsRow) int {
			if a.Period != b.Period {
				return strings.Compare(a.Period.Value, b.Period.Value)
			}
			return b.Count - a.Count
		}) {
			t.Errorf("%+v: the rows are not in order: %+v", q, s.Rows)
		}
	}
}

func TestDefectsOnOtherServers(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	c, err := wats.NewClient(other.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, registered := c.RootCause.RegisterDefect(t.Context(), wats.Defect{ReportID: report.NewID(), Code: "x"})
	_, counted := c.RootCause.DefectStatistics(t.Context(), wats.DefectStatisticsQuery{})
	var listed error
	for _, listed = range c.RootCause.Defects(t.Context(), wats.DefectQuery{}) {
	}
	for name, err := range map[string]error{"RegisterDefect": registered, "DefectStatistics": counted, "Defects": listed,
		"WithdrawDefect": c.RootCause.WithdrawDefect(t.Context(), report.NewID())} {
		if !errors.Is(err, wats.ErrUnsupported) || !strings.Contains(err.Error(), "/api/gowats/v1/RootCause/Defect") {
			t.Errorf("%s at a server without it: got %v, want ErrUnsupported naming the route", name, err)
		}
	}
}

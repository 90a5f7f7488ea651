package contract_test

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// collect returns the rows of a list.
func collect[T any](t *testing.T, rows iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	return all
}

// rulesOf returns the rules that an error tells, by path; it fails unless the error matches ErrInvalid.
func rulesOf(t *testing.T, err error) map[string]string {
	t.Helper()
	var invalid *report.InvalidError
	if !errors.Is(err, wats.ErrInvalid) || !errors.As(err, &invalid) {
		t.Fatalf("got %v, want ErrInvalid with violations", err)
	}
	rules := map[string]string{}
	for _, v := range invalid.Violations {
		rules[v.Path] = v.Rule
	}
	return rules
}

func TestUnits(t *testing.T) {
	c := startServer(t).client(t)
	ctx := t.Context()
	if on, err := c.Production.IsConnected(ctx); !on || err != nil {
		t.Errorf("IsConnected: %v, %v", on, err)
	}
	assigned := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	saved, err := c.Production.Save(ctx, wats.Unit{
		SerialNumber: "A/1 #?%", PartNumber: "PCB-1", Revision: "A", BatchNumber: "B7", CurrentLocation: "Line 4", XMLData: "<x/>",
		SerialDate: wats.Time{Time: assigned}, ProcessCode: report.Some(100), Tags: []wats.Setting{{Key: "colour", Value: "red", Change: wats.AddSetting}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Production.Get(ctx, "A/1 #?%", "PCB-1")
	if err != nil {
		t.Fatal(err)
	}
	if got.PhaseID != wats.PhaseUnderProduction || got.Phase != "Under production" || got.Revision != "A" || got.BatchNumber != "B7" ||
		got.CurrentLocation != "Line 4" || got.XMLData != "<x/>" || !got.SerialDate.Equal(assigned) || got.ProcessCode != report.Some(100) ||
		len(got.Tags) != 1 || got.Tags[0].Value != "red" || got.RowVersion != saved.RowVersion {
		t.Errorf("Get: got %+v, want what was saved: %+v", got, saved)
	}

	// Read, change, write; what is left out stays; a stale version does not pass.
	stale := *got
	got.CurrentLocation = "Line 5"
	if got, err = c.Production.Save(ctx, *got); err != nil || got.CurrentLocation != "Line 5" {
		t.Fatalf("Save after a change: %+v, %v", got, err)
	}
	stale.CurrentLocation = "Line 6"
	if _, err := c.Production.Save(ctx, stale); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("Save of a stale version: %v, want ErrConflict", err)
	}
	if got, err = c.Production.Save(ctx, wats.Unit{SerialNumber: "A/1 #?%", PartNumber: "PCB-1", Revision: "B"}); err != nil ||
		got.Revision != "B" || got.CurrentLocation != "Line 5" || got.ProcessCode != report.Some(100) || len(got.Tags) != 1 {
		t.Errorf("Save of a revision alone: %+v, %v; want the rest as it was", got, err)
	}

	info, err := c.Production.Info(ctx, "A/1 #?%", "PCB-1")
	if err != nil || info.ProcessName == "" || info.FirstSeen != (wats.Time{}) || info.Created.IsZero() || info.Phase != "Under production" {
		t.Errorf("Info: %+v, %v", info, err)
	}
	if got, err := c.Production.GetBySerial(ctx, "A/1 #?%", ""); err != nil || got.PartNumber != "PCB-1" {
		t.Errorf("GetBySerial: %+v, %v", got, err)
	}
	for name, err := range map[string]error{
		"Get":          second(c.Production.Get(ctx, "nobody", "PCB-1")),
		"GetBySerial":  second(c.Production.GetBySerial(ctx, "nobody", "PCB-1")),
		"Info":         second(c.Production.Info(ctx, "nobody", "PCB-1")),
		"Phase":        second(c.Production.Phase(ctx, "nobody", "PCB-1")),
		"Process":      second(c.Production.Process(ctx, "nobody", "PCB-1")),
		"StateHistory": second(c.Production.StateHistory(ctx, "nobody", "PCB-1")),
		"SetPhase":     c.Production.SetPhase(ctx, "nobody", "PCB-1", wats.PhaseScrapped, ""),
		"SetProcess":   c.Production.SetProcess(ctx, "nobody", "PCB-1", report.Some(100), ""),
	} {
		if !errors.Is(err, wats.ErrNotFound) {
			t.Errorf("%s of a unit that is not there: %v, want ErrNotFound", name, err)
		}
	}
}

// second drops what a call returned beside its error.
func second[T any](_ T, err error) error { return err }

func TestUnitsOfWhichSomeAreRefused(t *testing.T) {
	c := startServer(t).client(t)
	ctx := t.Context()
	if got, err := c.Production.SaveAll(ctx, nil); got != nil || err != nil {
		t.Errorf("SaveAll of nothing: %v, %v", got, err)
	}
	good, bad := wats.Unit{SerialNumber: "1", PartNumber: "P"}, wats.Unit{SerialNumber: "2", PartNumber: "P", ProcessCode: report.Some(9999),
		OrderNumber: "none", ParentSerialNumber: "1"}
	_, err := c.Production.SaveAll(ctx, []wats.Unit{good, bad})
	want := map[string]string{"$[1].processCode": "enum", "$[1].orderNumber": "reference", "$[1].parentSerialNumber": "readonly"}
	if got := rulesOf(t, err); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("SaveAll: violations %v, want %v", got, want)
	}
	if _, err := c.Production.Get(ctx, "1", "P"); err != nil {
		t.Errorf("the good unit is not there: %v", err)
	}
	if _, err := c.Production.Get(ctx, "2", "P"); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("the refused unit: %v, want ErrNotFound", err)
	}
	if _, err := c.Production.Save(ctx, bad); len(rulesOf(t, err)) != 3 {
		t.Errorf("Save: %v", err)
	}
	_, err = c.Production.Save(ctx, wats.Unit{PartNumber: strings.Repeat("x", 101), PhaseID: 3, Tags: []wats.Setting{{Key: ""}}})
	want = map[string]string{"$[0].serialNumber": "required", "$[0].partNumber": "length", "$[0].unitPhaseId": "enum", "$[0].tags[0].key": "required"}
	if got := rulesOf(t, err); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("Save: violations %v, want %v", got, want)
	}
}

func TestUnitPhasesAndProcesses(t *testing.T) {
	c := startServer(t).client(t)
	ctx := t.Context()
	phases, err := c.Production.Phases(ctx)
	if err != nil || len(phases) != 12 || phases[4] != (wats.UnitPhase{ID: wats.PhaseFinalized, Code: "Finalized", Name: "Finalized", Description: phases[4].Description}) {
		t.Errorf("Phases: %+v, %v; want 12, the fifth Finalized", phases, err)
	}
	unit, err := c.Production.Create(ctx, wats.UnitCreate{SerialNumber: "S1", PartNumber: "P", Revision: "A", BatchNumber: "B", Phase: wats.PhaseExtendedTest})
	if err != nil || unit.PhaseID != wats.PhaseExtendedTest || unit.BatchNumber != "B" || unit.Revision != "A" {
		t.Fatalf("Create: %+v, %v", unit, err)
	}
	if _, err := c.Production.Create(ctx, wats.UnitCreate{SerialNumber: "S1", PartNumber: "P"}); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("Create once more: %v, want ErrConflict", err)
	}
	if p, err := c.Production.Process(ctx, "S1", "P"); p != nil || err != nil {
		t.Errorf("Process before it has one: %+v, %v; want nil", p, err)
	}
	for _, step := range []struct {
		name string
		do   func() error
		want wats.UnitPhaseID
	}{
		{"SetPhase", func() error { return c.Production.SetPhase(ctx, "S1", "P", wats.PhaseFinalized, "ready") }, wats.PhaseFinalized},
		{"SetPhaseNamed by name", func() error { return c.Production.SetPhaseNamed(ctx, "S1", "P", "in STORAGE", "") }, wats.PhaseInStorage},
		{"SetPhaseNamed by code", func() error { return c.Production.SetPhaseNamed(ctx, "S1", "P", "service_repair", "") }, wats.PhaseServiceRepair},
	} {
		if err := step.do(); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		if p, err := c.Production.Phase(ctx, "S1", "P"); err != nil || p.ID != step.want {
			t.Errorf("Phase after %s: %+v, %v; want %d", step.name, p, err, step.want)
		}
	}
	if err := c.Production.SetPhaseNamed(ctx, "S1", "P", "nowhere", ""); rulesOf(t, err)["phase"] != "enum" {
		t.Errorf("SetPhaseNamed to none: %v", err)
	}
	if err := c.Production.SetPhase(ctx, "S1", "P", 3, ""); rulesOf(t, err)["phase"] != "enum" {
		t.Errorf("SetPhase to two: %v", err)
	}
	if err := c.Production.SetProcess(ctx, "S1", "P", report.Some(100), "moved"); err != nil {
		t.Error(err)
	}
	if p, err := c.Production.Process(ctx, "S1", "P"); err != nil || p.ProcessCode != 100 || p.ProcessName == "" || p.Since.IsZero() {
		t.Errorf("Process: %+v, %v", p, err)
	}
	if err := c.Production.SetProcess(ctx, "S1", "P", report.Some(9999), ""); rulesOf(t, err)["processCode"] != "enum" {
		t.Errorf("SetProcess to none: %v", err)
	}
	if err := c.Production.SetProcess(ctx, "S1", "P", report.Optional[int]{}, ""); err != nil {
		t.Error(err)
	}
	history, err := c.Production.StateHistory(ctx, "S1", "P")
	if err != nil || len(history) != 6 || history[1].Comment != "ready" || history[1].User != user || history[1].PhaseID != wats.PhaseFinalized ||
		history[4].ProcessCode != report.Some(100) || history[4].ProcessName == "" || !history[5].LeftProcess {
		t.Errorf("StateHistory: %+v, %v", history, err)
	}
}

func TestUnitChanges(t *testing.T) {
	c := startServer(t).client(t)
	ctx := t.Context()
	for i := range 5 {
		if _, err := c.Production.Save(ctx, wats.Unit{SerialNumber: fmt.Sprint("S", i), PartNumber: fmt.Sprint("P", i%2), Revision: "A"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Production.SetPhase(ctx, "S1", "P1", wats.PhaseShipped, ""); err != nil {
		t.Fatal(err)
	}
	if err := c.Production.SetProcess(ctx, "S1", "P1", report.Some(100), ""); err != nil { // nobody waits for that
		t.Fatal(err)
	}
	all := collect(t, c.Production.Changes(ctx, wats.UnitChangeQuery{}))
	if len(all) != 6 || all[0].SerialNumber != "S0" || all[0].PartNumber != "P0" || all[0].Revision != report.Some("A") || all[5].PhaseID != wats.PhaseShipped ||
		all[5].Revision.Present {
		t.Fatalf("Changes: %+v", all)
	}
	if got := collect(t, c.Production.Changes(ctx, wats.UnitChangeQuery{SerialNumber: "S1"})); len(got) != 2 {
		t.Errorf("Changes of S1: %d, want 2", len(got))
	}
	if got := collect(t, c.Production.Changes(ctx, wats.UnitChangeQuery{PartNumber: "P1", Top: 2})); len(got) != 2 {
		t.Errorf("two changes of P1: %d", len(got))
	}
	for range 2 { // a lost answer is repeated
		if err := c.Production.AcknowledgeChange(ctx, all[0].ID); err != nil {
			t.Error(err)
		}
	}
	if got := collect(t, c.Production.Changes(ctx, wats.UnitChangeQuery{})); len(got) != 5 || got[0].ID != all[1].ID {
		t.Errorf("Changes after one was acknowledged: %+v", got)
	}
	if err := c.Production.AcknowledgeChange(ctx, 1<<40); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("AcknowledgeChange of none: %v, want ErrNotFound", err)
	}
	if history, err := c.Production.StateHistory(ctx, "S0", "P0"); err != nil || len(history) != 1 {
		t.Errorf("StateHistory of an acknowledged change: %+v, %v; want it still there", history, err)
	}
}

func TestUnitsAreKnownFromReports(t *testing.T) {
	c := startServer(t).client(t)
	ctx := t.Context()
	start := time.Now().Add(-time.Hour).Truncate(time.Second)
	r := testReport("SN-1", start, report.Passed)
	r.Test.BatchSerialNumber = "B1"
	if _, err := c.Report.Submit(ctx, r); err != nil {
		t.Fatal(err)
	}
	unit, err := c.Production.Get(ctx, "SN-1", "PCB-1")
	if err != nil || unit.Revision != "A" || unit.BatchNumber != "B1" || unit.ProcessCode != report.Some(100) || unit.PhaseID != wats.PhaseUnderProduction {
		t.Fatalf("Get of a tested unit: %+v, %v", unit, err)
	}
	info, err := c.Production.Info(ctx, "SN-1", "PCB-1")
	if err != nil || !info.FirstSeen.Equal(start) || !info.ProcessSince.Equal(start) {
		t.Errorf("Info of a tested unit: %+v, %v; want it seen at %v", info, err, start)
	}
	if got := collect(t, c.Production.Units(ctx, wats.UnitQuery{SerialNumber: "SN-*", PartNumber: "PCB-1", Phase: wats.PhaseUnderProduction})); len(got) != 1 {
		t.Errorf("Units: %+v, want one", got)
	}
}

func TestListOfUnits(t *testing.T) {
	c := startServer(t).client(t)
	ctx := t.Context()
	var units []wats.Unit
	for i := range 2500 {
		units = append(units, wats.Unit{SerialNumber: fmt.Sprintf("S%04d", i), PartNumber: fmt.Sprint("P", i%5), Revision: "A"})
	}
	if stored, err := c.Production.SaveAll(ctx, units); err != nil || len(stored) != len(units) {
		t.Fatalf("SaveAll: %d units, %v", len(stored), err)
	}
	all := collect(t, c.Production.Units(ctx, wats.UnitQuery{}))
	if len(all) != len(units) || all[0].SerialNumber != "S2499" || all[2499].SerialNumber != "S0000" {
		t.Errorf("Units: %d, want all of them, the last made first", len(all))
	}
	some := collect(t, c.Production.Units(ctx, wats.UnitQuery{PartNumber: "P3", OrderBy: "serialNumber", Top: 7}))
	if len(some) != 7 || some[0].SerialNumber != "S0003" || some[6].SerialNumber != "S0033" {
		t.Errorf("Units of a part in order: %+v", some)
	}
	if got := collect(t, c.Production.Units(ctx, wats.UnitQuery{Filter: "endswith(serialNumber,'99') and unitPhase eq 'Under production'"})); len(got) != 25 {
		t.Errorf("Units by a filter: %d, want 25", len(got))
	}
	for _, err := range c.Production.Units(ctx, wats.UnitQuery{Filter: "colour eq 1"}) {
		if !errors.Is(err, wats.ErrInvalid) {
			t.Errorf("Units by nonsense: %v, want ErrInvalid", err)
		}
	}
	for i := range 10_001 {
		units = append(units, wats.Unit{SerialNumber: fmt.Sprint(i), PartNumber: "P"})
	}
	if _, err := c.Production.SaveAll(ctx, units); rulesOf(t, err)["$"] != "length" {
		t.Errorf("SaveAll of too many: %v", err)
	}
}

// TestBadProductionRequests sends what the SDK would not.
func TestBadProductionRequests(t *testing.T) {
	b := startServer(t)
	for _, tc := range []struct {
		method, path, body string
		status             int
		rules              []string // path:rule
	}{
		{http.MethodPut, "/api/Production/SetUnitPhase", "", 400, []string{"serialNumber:required", "partNumber:required", "phase:required"}},
		{http.MethodPut, "/api/Production/SetUnitPhase?serialNumber=" + strings.Repeat("x", 101) + "&partNumber=a%00b&phase=2&comment=" + strings.Repeat("y", 1001), "", 400,
			[]string{"serialNumber:length", "partNumber:characters", "comment:length"}},
		{http.MethodPut, "/api/Production/SetUnitProcess?serialNumber=1&partNumber=P&processCode=x", "", 400, []string{"processCode:range"}},
		{http.MethodPost, "/api/internal/Production/CreateUnit?serialNumber=1&unitPhase=3", "", 400, []string{"partNumber:required", "unitPhase:enum"}},
		{http.MethodGet, "/api/internal/Production/GetUnitInfo", "", 400, []string{"serialNumber:required", "partNumber:required"}},
		{http.MethodDelete, "/api/Production/Units/Changes/x", "", 400, []string{"id:range"}},
		{http.MethodGet, "/api/Production/Units/Changes?$top=-1", "", 400, []string{"$top:range"}},
		{http.MethodGet, "/api/Production/Units/Changes?$filter=id%20eq%201", "", 400, []string{"$filter:unsupported"}},
		{http.MethodPut, "/api/Production/Units", "", 400, []string{"$:required"}},
		{http.MethodPut, "/api/Production/Units", "{}", 400, []string{"$:type"}},
		{http.MethodPut, "/api/Production/Units", `[{"serialNumber":5}]`, 400, []string{"$[0].serialNumber:type"}},
		{http.MethodPut, "/api/Production/Units", `[null,{"serialNumber":"1","partNumber":"P","tags":null,"subUnits":null,"product":{"a":1}}]`, 200, nil},
		{http.MethodPut, "/api/Production/Units", `[]`, 200, nil},
		{http.MethodGet, "/api/Production/Unit/1/P", "", 200, nil},
		{http.MethodGet, "/api/PRODUCTION/unit/1/P", "", 200, nil},
		{http.MethodGet, "/api/Production/Unit//P", "", 404, nil},
	} {
		status, rules := b.send(t, tc.method, tc.path, "application/json", tc.body)
		slices.Sort(tc.rules)
		if status != tc.status || !slices.Equal(rules, tc.rules) {
			t.Errorf("%s %s %s: %d with %q, want %d with %q", tc.method, tc.path, tc.body, status, rules, tc.status, tc.rules)
		}
	}
}

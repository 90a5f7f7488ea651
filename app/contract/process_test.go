package contract_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// repairReport returns a repair of a unit with one failure.
func repairReport(serial string, operation int, category, code, component string) *report.Report {
	now := time.Now().Add(-time.Hour)
	return &report.Report{
		ID: report.NewID(), PartNumber: "PCB-1", SerialNumber: serial, Revision: "A", Process: report.Process{Code: report.Some(operation)},
		Result: report.Passed, Station: "REP-1", Location: "Oslo", Purpose: "Repair", Start: now,
		SubUnits: []report.SubUnit{{PartType: "PCBA", SerialNumber: serial, PartNumber: "PCB-1", Revision: "A", Index: report.Some(0),
			Failures: []report.Failure{{Category: category, Code: code, ComponentRef: component}}}},
		Repair: &report.Repair{Operator: "ben", Process: report.Process{Code: report.Some(100)}, ConfirmDate: report.At(now), FinalizeDate: report.At(now), ExecTime: report.Num(60)},
	}
}

func TestProcessLookups(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	p, err := c.Process.Get(t.Context(), 31)
	if err != nil || p.Name != "ICT" || !p.IsTestOperation || p.State != wats.Active || !p.ID.IsZero() {
		t.Errorf("Get(31): got %+v, %v; want the test operation ICT without ID", p, err)
	}
	if p, err := c.Process.ByName(t.Context(), "repair"); err != nil || p.Code != 500 || !p.IsRepairOperation {
		t.Errorf("ByName(repair): got %+v, %v; want 500", p, err)
	}
	for what, err := range map[string]error{"code": second(c.Process.Get(t.Context(), 7)), "name": second(c.Process.ByName(t.Context(), "Nothing"))} {
		if !errors.Is(err, wats.ErrNotFound) {
			t.Errorf("unknown %s: got %v, want ErrNotFound", what, err)
		}
	}
	lenient := b.client(t, wats.WithToken(b.token), wats.WithErrorMode(wats.Lenient))
	if p, err := lenient.Process.Get(t.Context(), 7); p != nil || err != nil {
		t.Errorf("unknown code, lenient: got %v, %v; want nil and no error", p, err)
	}
	repairs, err := c.Process.Query(t.Context(), wats.ProcessQuery{Repairs: true})
	if err != nil || len(repairs) != 2 || repairs[1].Code != 510 {
		t.Errorf("repair operations: got %+v, %v; want 500 and 510", repairs, err)
	}
	details, err := c.Process.Details(t.Context())
	if err != nil || len(details) < 11 || details[0].ID.IsZero() || details[0].Code != 10 || !details[0].IsTestOperation {
		t.Fatalf("Details: got %+v, %v; want all with IDs", details, err)
	}
	if one, err := c.Process.Detail(t.Context(), details[3].ID); err != nil || *one != details[3] {
		t.Errorf("Detail: got %+v, %v; want %+v", one, err, details[3])
	}
	if _, err := c.Process.Detail(t.Context(), report.NewID()); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Detail of no operation: got %v, want ErrNotFound", err)
	}
	if body := b.body(t, "/api/internal/Process/GetProcesses"); !strings.Contains(body, `"IsWIPOperation":false`) {
		t.Errorf("GetProcesses: got %.200s, want members with capitals", body)
	}
}

func TestProcessChanges(t *testing.T) {
	b := startServer(t)
	admin := b.adminClient(t)
	station := b.client(t)
	if _, err := station.Process.Create(t.Context(), wats.ProcessInfo{Code: 70, Name: "X-ray", IsTestOperation: true}); !errors.Is(err, wats.ErrForbidden) {
		t.Errorf("Create by a station: got %v, want ErrForbidden", err)
	}
	if all, err := station.Process.List(t.Context()); err != nil || len(all) != 11 { // is kept from now on
		t.Fatalf("List: got %d, %v", len(all), err)
	}
	made, err := admin.Process.Create(t.Context(), wats.ProcessInfo{Code: 70, Name: "X-ray", Description: "AXI", IsTestOperation: true, ProcessIndex: 9})
	if err != nil || made.RowVersion.Value != 1 || made.State != wats.Active {
		t.Fatalf("Create: got %+v, %v", made, err)
	}
	if p, err := admin.Process.Get(t.Context(), 70); err != nil || p.Description != "AXI" || p.ProcessIndex != 9 {
		t.Errorf("Get after Create: got %+v, %v", p, err)
	}
	if _, err := station.Process.Get(t.Context(), 70); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("another client within an hour: got %v, want what it has kept", err)
	}
	if all, err := station.Process.Refresh(t.Context()); err != nil || len(all) != 12 {
		t.Errorf("Refresh: got %d operations, %v; want 12", len(all), err)
	}
	if _, err := station.Process.Get(t.Context(), 70); err != nil {
		t.Errorf("after Refresh: %v", err)
	}

	stale := *made
	made.Name, made.State = "AXI", wats.Inactive
	saved, err := admin.Process.Update(t.Context(), *made)
	if err != nil || saved.Name != "AXI" || saved.State != wats.Inactive || saved.RowVersion.Value != 2 {
		t.Errorf("Update: got %+v, %v", saved, err)
	}
	if _, err := admin.Process.Get(t.Context(), 70); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Get of one that is not in use: got %v, want ErrNotFound", err)
	}
	if all, err := admin.Process.Query(t.Context(), wats.ProcessQuery{Inactive: true}); err != nil || len(all) != 12 {
		t.Errorf("with those not in use: got %d, %v; want 12", len(all), err)
	}
	stale.Name = "Stale"
	for what, p := range map[string]wats.ProcessInfo{
		"a stale version":     stale,
		"the name of another": {Code: 70, Name: "ict", IsTestOperation: true},
	} {
		if _, err := admin.Process.Update(t.Context(), p); !errors.Is(err, wats.ErrConflict) {
			t.Errorf("Update to %s: got %v, want ErrConflict", what, err)
		}
	}
	if _, err := admin.Process.Update(t.Context(), wats.ProcessInfo{Code: 71, Name: "New", IsTestOperation: true}); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Update of no operation: got %v, want ErrNotFound", err)
	}
	for what, p := range map[string]wats.ProcessInfo{"code": {Code: 31, Name: "New", IsTestOperation: true}, "name": {Code: 72, Name: "Ict", IsTestOperation: true}} {
		if _, err := admin.Process.Create(t.Context(), p); !errors.Is(err, wats.ErrConflict) {
			t.Errorf("Create with the %s of another: got %v, want ErrConflict", what, err)
		}
	}
	_, err = admin.Process.Create(t.Context(), wats.ProcessInfo{Code: -1, State: 5, IsTestOperation: true, IsWIPOperation: true, ProcessIndex: -1})
	if want := []string{"$.code range", "$.name required", "$.state enum", "$ kind", "$.processIndex range"}; !slices.Equal(violations(err), want) {
		t.Errorf("Create with mistakes: got %v, want %v", violations(err), want)
	}

	if err := admin.Process.Delete(t.Context(), 70); err != nil {
		t.Error(err)
	}
	if err := admin.Process.Delete(t.Context(), 70); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Delete again: got %v, want ErrNotFound", err)
	}
	if _, err := station.Report.Submit(t.Context(), testReport("SN-1", time.Now().Add(-time.Hour), report.Passed)); err != nil {
		t.Fatal(err)
	}
	if err := admin.Process.Delete(t.Context(), 100); !errors.Is(err, wats.ErrConflict) || !strings.Contains(err.Error(), `unit "SN-1" of "PCB-1"`) {
		t.Errorf("Delete of one in use: got %v, want ErrConflict that names a unit", err)
	}
	if _, err := admin.Process.Update(t.Context(), wats.ProcessInfo{Code: 100, Name: "Function test", IsRepairOperation: true}); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("another kind for one in use: got %v, want ErrConflict", err)
	}
	// Without reports the kind can change, and the fail codes come and go with it.
	if _, err := admin.Process.Update(t.Context(), wats.ProcessInfo{Code: 90, Name: "Rework", IsRepairOperation: true}); err != nil {
		t.Error(err)
	}
	if _, err := station.Report.Submit(t.Context(), repairReport("SN-1", 90, "Component", "Wrong Component", "R1")); err != nil {
		t.Errorf("a repair in an operation that was made one: %v", err)
	}
}

func TestRepairOperations(t *testing.T) {
	b := startServer(t)
	admin := b.adminClient(t)
	c := b.client(t)
	all, err := c.Process.RepairOperations(t.Context())
	if err != nil || len(all) != 2 || !all[500].Has("component", "WRONG COMPONENT") || all[500].Has("Component", "Nothing") {
		t.Fatalf("RepairOperations: got %v, %v; want 500 and 510 with the default fail codes", all, err)
	}
	if o := all[500]; o.Description != "Repair" || o.UUTRequired != 1 || o.BOMRequired != 1 || o.VendorRequired != 2 || o.Categories[0].Description != "Component" || o.Categories[0].ID.IsZero() {
		t.Errorf("repair operation 500: got %+v", o)
	}
	id := operationID(t, c, 500)
	one, err := c.Process.RepairOperation(t.Context(), id)
	if diff := cmp.Diff(all[500], one); diff != "" || err != nil {
		t.Errorf("RepairOperation: %v (-list +one):\n%s", err, diff)
	}
	if _, err := c.Process.RepairOperation(t.Context(), operationID(t, c, 31)); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("RepairOperation of a test: got %v, want ErrNotFound", err)
	}
	if body := b.body(t, "/api/internal/Process/GetRepairOperation/"+report.NewID().String()+"?processCode=510"); !strings.Contains(body, "RMA repair") {
		t.Errorf("repair operation by code: got %.200s", body)
	}

	changed := *one
	changed.CompRefMask, changed.CompRefMaskDescription = `^[A-Z]+\d+$`, "letters and a number"
	changed.MiscInfos = []json.RawMessage{json.RawMessage(`{"Description":"Ticket"}`)}
	changed.Categories = []wats.FailCode{
		{Description: "Solder", SortOrder: 1, Codes: []wats.FailCode{
			{ID: report.NewID(), Description: "Bridge", FailureType: 3, SortOrder: 1}, {Description: "Void", Unselectable: true, SortOrder: 2}, {Description: "Old", Status: wats.Inactive, SortOrder: 3}}},
		{Description: "Hidden", Unselectable: true, SortOrder: 2, Codes: []wats.FailCode{{Description: "Any"}}},
	}
	saved, err := admin.Process.SaveRepairOperation(t.Context(), 500, changed)
	if err != nil {
		t.Fatal(err)
	}
	want := changed
	want.RowVersion = report.Some(1)
	if diff := cmp.Diff(&want, saved, cmpopts.IgnoreFields(wats.FailCode{}, "ID"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	if saved.Categories[0].Codes[0].ID != changed.Categories[0].Codes[0].ID || saved.Categories[0].Codes[1].ID.IsZero() {
		t.Errorf("IDs of the codes: got %+v, want the one given and one made", saved.Categories[0].Codes)
	}
	if _, err := admin.Process.SaveRepairOperation(t.Context(), 500, changed); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("a stale version: got %v, want ErrConflict", err)
	}

	for _, tc := range []struct{ category, code, component, path string }{
		{"Solder", "Bridge", "R12", ""},
		{"solder", "bridge", "", ""},
		{"Solder", "Bridge", "R-12", "$.subUnits[0].failures[0].comRef"},
		{"Solder", "Void", "R1", "$.subUnits[0].failures[0].code"},
		{"Solder", "Old", "R1", "$.subUnits[0].failures[0].code"},
		{"Hidden", "Any", "R1", "$.subUnits[0].failures[0].category"},
		{"Component", "Wrong Component", "R1", "$.subUnits[0].failures[0].category"},
	} {
		_, err := c.Report.Submit(t.Context(), repairReport("SN-1", 500, tc.category, tc.code, tc.component))
		found := violations(err)
		switch {
		case tc.path == "" && err != nil:
			t.Errorf("repair with %s/%s of %q: %v", tc.category, tc.code, tc.component, err)
		case tc.path != "" && (len(found) != 1 || !strings.HasPrefix(found[0], tc.path+" ")):
			t.Errorf("repair with %s/%s of %q: got %v, want a violation of %s", tc.category, tc.code, tc.component, err, tc.path)
		}
		if tc.path == "" != (saved.Has(tc.category, tc.code) && tc.component != "R-12") {
			t.Errorf("Has(%s, %s) does not say what the server does", tc.category, tc.code)
		}
	}
	bad := wats.RepairOperation{CompRefMask: "(", UUTRequired: 3, Categories: []wats.FailCode{{Description: "A"}, {Description: "a", Codes: []wats.FailCode{{Codes: []wats.FailCode{{Description: "x"}}}}}}}
	_, err = admin.Process.SaveRepairOperation(t.Context(), 500, bad)
	if want := []string{"$.CompRefMask syntax", "$.UUTRequired enum", "$.Categories[1].Description unique", "$.Categories[1].Failcodes[0].Description required", "$.Categories[1].Failcodes[0].Failcodes depth"}; !slices.Equal(violations(err), want) {
		t.Errorf("mistakes: got %v, want %v", violations(err), want)
	}
	if _, err := admin.Process.SaveRepairOperation(t.Context(), 31, wats.RepairOperation{}); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("SaveRepairOperation of a test: got %v, want ErrNotFound", err)
	}
	if _, err := c.Process.SaveRepairOperation(t.Context(), 500, wats.RepairOperation{}); !errors.Is(err, wats.ErrForbidden) {
		t.Errorf("SaveRepairOperation by a station: got %v, want ErrForbidden", err)
	}
}

// operationID returns the ID of an operation.
func operationID(t *testing.T, c *wats.Client, code int) report.ID {
	t.Helper()
	all, err := c.Process.Details(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.Code == code {
			return p.ID
		}
	}
	t.Fatalf("there is no process %d", code)
	return report.ID{}
}

func TestProcessExtensionElsewhere(t *testing.T) {
	// A server that is not gowats: it knows no such routes.
	b := startServer(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/api/gowats/") {
				http.NotFound(w, r)
				return
			}
			h.ServeHTTP(w, r)
		})
	})
	c := b.client(t)
	for what, err := range map[string]error{
		"Create":              second(c.Process.Create(t.Context(), wats.ProcessInfo{Code: 70, Name: "X", IsTestOperation: true})),
		"Update":              second(c.Process.Update(t.Context(), wats.ProcessInfo{Code: 70, Name: "X", IsTestOperation: true})),
		"Delete":              c.Process.Delete(t.Context(), 70),
		"SaveRepairOperation": second(c.Process.SaveRepairOperation(t.Context(), 500, wats.RepairOperation{})),
	} {
		if !errors.Is(err, wats.ErrUnsupported) || !strings.Contains(err.Error(), "/api/gowats/v1/Process") {
			t.Errorf("%s: got %v, want ErrUnsupported that names the route", what, err)
		}
	}
}

package contract_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// box makes products and templates: a BOX of revision A holds two PCB of any revision that begins with 1, and one PSU of revision X; a PCB of 1.0 holds one CPU of B.
func box(t *testing.T, c *wats.Client) {
	t.Helper()
	ids := map[string]report.ID{}
	for _, p := range []struct{ part, revision string }{{"BOX", "A"}, {"PCB", "1.0"}, {"PSU", "X"}, {"CPU", "B"}} {
		product, err := c.Product.Save(t.Context(), wats.Product{PartNumber: p.part, Revisions: []wats.ProductRevision{{Revision: p.revision}}})
		if err != nil {
			t.Fatal(err)
		}
		ids[p.part] = product.Revisions[0].ID
	}
	for _, r := range []wats.ProductRelation{
		{ParentID: ids["BOX"], ChildID: ids["PCB"], Quantity: 2, ItemNumber: "10", RevisionMask: "1.%"},
		{ParentID: ids["BOX"], ChildID: ids["PSU"], Quantity: 1, ItemNumber: "20"},
		{ParentID: ids["PCB"], ChildID: ids["CPU"], Quantity: 1, ItemNumber: "1"},
	} {
		if _, err := c.Product.AddRelation(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// finalized makes finalized units, each written as serial/part/revision.
func finalized(t *testing.T, c *wats.Client, units ...string) {
	t.Helper()
	var all []wats.Unit
	for _, u := range units {
		f := strings.Split(u, "/")
		all = append(all, wats.Unit{SerialNumber: f[0], PartNumber: f[1], Revision: f[2], PhaseID: wats.PhaseFinalized})
	}
	if _, err := c.Production.SaveAll(t.Context(), all); err != nil {
		t.Fatal(err)
	}
}

func key(serial, part string) wats.UnitKey {
	return wats.UnitKey{SerialNumber: serial, PartNumber: part}
}

func TestUnitsBuiltIntoAnother(t *testing.T) {
	c := startServer(t).client(t)
	ctx := t.Context()
	box(t, c)
	finalized(t, c, "B1/BOX/A", "B2/BOX/B", "P1/PCB/1.0", "P2/PCB/1.7", "P3/PCB/2.0", "P4/PCB/1.0", "S1/PSU/X", "S2/PSU/Y", "C1/CPU/B")
	b1 := key("B1", "BOX")
	add := func(parent, child wats.UnitKey, want string) {
		t.Helper()
		err := c.Production.AddChild(ctx, parent, child)
		got := ""
		if invalid, ok := errors.AsType[*report.InvalidError](err); ok {
			for _, v := range invalid.Violations {
				got += v.Rule + " "
			}
		} else if err != nil {
			got = err.Error()
		}
		if strings.TrimSpace(got) != want {
			t.Errorf("AddChild(%s, %s): %v; want %q", parent, child, err, want)
		}
	}
	add(b1, key("P1", "PCB"), "")
	add(b1, key("P1", "PCB"), "parent")
	add(b1, key("P2", "PCB"), "")
	add(b1, key("P3", "PCB"), "template")               // wrong revision
	add(b1, key("P4", "PCB"), "template")               // no room
	add(b1, key("S2", "PSU"), "template")               // exactly X
	add(b1, key("C1", "CPU"), "template")               // not its part
	add(key("B2", "BOX"), key("P4", "PCB"), "template") // revision without a template
	add(key("P1", "PCB"), key("C1", "CPU"), "")
	add(key("C1", "CPU"), b1, "cycle template")
	add(b1, b1, "cycle template")
	if err := c.Production.SetPhase(ctx, "S1", "PSU", wats.PhaseUnderProduction, ""); err != nil {
		t.Fatal(err)
	}
	add(b1, key("S1", "PSU"), "phase")

	check, err := c.Production.CheckChildren(ctx, b1, "")
	if err != nil || check.Complete || len(check.Items) != 2 || check.Items[0].Missing != 0 || len(check.Items[0].Units) != 2 || check.Items[1].Missing != 1 ||
		check.Message != "1 of part PSU missing" || check.Revision != "A" {
		t.Errorf("CheckChildren: %+v, %v", check, err)
	}
	done, err := c.Production.AddChildChecked(ctx, b1, key("S1", "PSU"), wats.ChildCheck{PartNumber: "PSU", Revision: "W,X", Phase: report.Some(false)})
	if err != nil || done.Message != "unit S1 of PSU is built into unit B1 of BOX" {
		t.Errorf("AddChildChecked: %+v, %v", done, err)
	}
	if check, err := c.Production.CheckChildrenTold(ctx, b1, ""); err != nil || !check.Complete || check.Message != "complete" {
		t.Errorf("CheckChildrenTold: %+v, %v", check, err)
	}
	if check, err := c.Production.CheckChildren(ctx, b1, "B"); err != nil || check.Complete || len(check.Extra) != 3 {
		t.Errorf("CheckChildren against another revision: %+v, %v", check, err)
	}
	if _, err := c.Production.AddChildChecked(ctx, b1, key("P4", "PCB"), wats.ChildCheck{PartNumber: "PSU", Revision: "2.%"}); len(rulesOf(t, err)) != 1 {
		t.Error("AddChildChecked passes")
	}

	whole, err := c.Production.Hierarchy(ctx, "C1", "CPU")
	if err != nil || tree(whole) != "B1(P1(C1) P2 S1)" {
		t.Errorf("Hierarchy: %s, %v", tree(whole), err)
	}
	if part, err := c.Production.Contents(ctx, key("P1", "PCB"), "1.0"); err != nil || tree(part) != "P1(C1)" {
		t.Errorf("Contents: %s, %v", tree(part), err)
	}
	if _, err := c.Production.Contents(ctx, key("P1", "PCB"), "1.1"); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Contents of another revision: %v, want ErrNotFound", err)
	}
	unit, err := c.Production.Get(ctx, "B1", "BOX")
	if err != nil || tree(unit) != "B1(P1 P2 S1)" {
		t.Errorf("Get: %s, %v; want one level of what is built in", tree(unit), err)
	}
	child, err := c.Production.Get(ctx, "P1", "PCB")
	if err != nil || child.ParentSerialNumber != "B1" {
		t.Errorf("Get of a child: %+v, %v", child, err)
	}
	if _, err := c.Production.Save(ctx, *child); err != nil {
		t.Errorf("writing back a unit that has a parent: %v", err)
	}

	for range 2 {
		err = c.Production.RemoveChild(ctx, b1, key("P1", "PCB"))
	}
	if !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("RemoveChild once more: %v, want ErrNotFound", err)
	}
	if done, err := c.Production.RemoveChildTold(ctx, b1, key("P2", "PCB"), "de-DE"); err != nil || done.Count != 1 {
		t.Errorf("RemoveChildTold: %+v, %v", done, err)
	}
	if n, err := c.Production.RemoveAllChildren(ctx, b1); n != 1 || err != nil {
		t.Errorf("RemoveAllChildren: %d, %v; want 1", n, err)
	}
	history, err := c.Production.StateHistory(ctx, "P1", "PCB")
	if err != nil || len(history) != 3 || history[1].ParentSerialNumber != report.Some("B1") || history[1].ParentPartNumber != "BOX" ||
		history[2].ParentSerialNumber != report.Some("") {
		t.Errorf("StateHistory of a child: %+v, %v", history, err)
	}
	for name, err := range map[string]error{
		"AddChild to none":       c.Production.AddChild(ctx, key("no", "BOX"), key("P1", "PCB")),
		"AddChild of none":       c.Production.AddChild(ctx, b1, key("no", "PCB")),
		"RemoveChild from none":  c.Production.RemoveChild(ctx, key("no", "BOX"), key("P1", "PCB")),
		"RemoveAllChildren":      second(c.Production.RemoveAllChildren(ctx, key("no", "BOX"))),
		"CheckChildren of none":  second(c.Production.CheckChildren(ctx, key("no", "BOX"), "A")),
		"Hierarchy of none":      second(c.Production.Hierarchy(ctx, "no", "BOX")),
		"Contents of none":       second(c.Production.Contents(ctx, key("no", "BOX"), "")),
		"Verify of none":         second(c.Production.Verify(ctx, "no", "BOX", "")),
		"DeleteVerificationRule": c.Production.DeleteVerificationRule(ctx, 7),
	} {
		if !errors.Is(err, wats.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
}

// tree writes a unit and what is in it as A(B C(D)).
func tree(u *wats.Unit) string {
	if u == nil {
		return ""
	}
	var parts []string
	for i := range u.SubUnits {
		parts = append(parts, tree(&u.SubUnits[i]))
	}
	slices.Sort(parts)
	if parts == nil {
		return u.SerialNumber
	}
	return u.SerialNumber + "(" + strings.Join(parts, " ") + ")"
}

// inOrder returns operations as a rule wants them one after the other.
func inOrder(codes ...int) (all []wats.VerificationRuleProcess) {
	for i, code := range codes {
		all = append(all, wats.VerificationRuleProcess{ProcessCode: code, ProcessIndex: i + 1})
	}
	return all
}

func TestUnitVerification(t *testing.T) {
	c := startServer(t).client(t)
	ctx := t.Context()
	start := time.Now().Add(-10 * time.Hour).Truncate(time.Second)
	run := func(serial string, process, hour int, result report.Status) {
		t.Helper()
		r := testReport(serial, start.Add(time.Duration(hour)*time.Hour), result)
		r.Process.Code = report.Some(process)
		if _, err := c.Report.Submit(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	verify := func(serial, want string) *wats.UnitVerificationGrade {
		t.Helper()
		g, err := c.Production.Verify(ctx, serial, "PCB-1", "")
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%s %s order=%t first=%t any=%t last=%t norepairs=%t", g.Status, g.Grade, g.InOrder, g.PassedFirstRun, g.PassedAnyRun, g.PassedLastRun, g.NoRepairs)
		if got != want {
			t.Errorf("Verify of %s: %s; want %s", serial, got, want)
		}
		return g
	}
	run("GOOD", 31, 0, report.Passed)
	run("GOOD", 100, 1, report.Passed)
	run("RETEST", 31, 0, report.Failed)
	run("RETEST", 31, 1, report.Passed)
	run("RETEST", 100, 2, report.Passed)
	run("ORDER", 31, 2, report.Passed)
	run("ORDER", 100, 1, report.Passed)
	run("BAD", 31, 0, report.Passed)
	run("BAD", 31, 1, report.Failed)
	run("BAD", 100, 2, report.Passed)
	run("HALF", 31, 0, report.Passed)
	if _, err := c.Production.Create(ctx, wats.UnitCreate{SerialNumber: "NEW", PartNumber: "PCB-1", Revision: "A"}); err != nil {
		t.Fatal(err)
	}

	// Without a rule what was tested counts.
	verify("GOOD", "Passed A order=true first=true any=true last=true norepairs=true")
	verify("HALF", "Passed A order=true first=true any=true last=true norepairs=true")
	verify("NEW", "Not tested F order=false first=false any=false last=false norepairs=true")

	rule, err := c.Production.SaveVerificationRule(ctx, wats.VerificationRule{PartNumber: "PCB-*", Processes: inOrder(31, 100)})
	if err != nil || rule.ID == 0 {
		t.Fatalf("SaveVerificationRule: %+v, %v", rule, err)
	}
	g := verify("GOOD", "Passed A order=true first=true any=true last=true norepairs=true")
	if len(g.Results) != 2 || g.Results[1].ProcessCode != 100 || g.Results[1].ProcessName == "" || g.Results[1].ProcessIndex != 2 ||
		g.Results[1].StationName != "ICT-07" || !g.Results[1].Start.Equal(start.Add(time.Hour)) {
		t.Errorf("results: %+v", g.Results)
	}
	g = verify("RETEST", "Passed B order=true first=false any=true last=true norepairs=true")
	if r := g.Results[0]; r.TotalCount != 2 || r.NonPassedCount != 1 || r.Status != "Passed" {
		t.Errorf("results of a retest: %+v", g.Results)
	}
	verify("ORDER", "Passed C order=false first=true any=true last=true norepairs=true")
	verify("BAD", "Failed F order=true first=true any=true last=false norepairs=true")
	g = verify("HALF", "Incomplete F order=false first=false any=false last=false norepairs=true")
	if r := g.Results[1]; r.Status != "Not tested" || r.TotalCount != 0 {
		t.Errorf("results of an operation without a run: %+v", g.Results)
	}
	verify("NEW", "Not tested F order=false first=false any=false last=false norepairs=true")

	repair := &report.Report{
		ID: report.NewID(), PartNumber: "PCB-1", SerialNumber: "GOOD", Revision: "A", Process: report.Process{Code: report.Some(500)}, Result: report.Passed,
		Station: "REP", Location: "Oslo", Purpose: "Repair", Start: start.Add(3 * time.Hour),
		SubUnits: []report.SubUnit{{PartType: "Main", SerialNumber: "GOOD", PartNumber: "PCB-1", Index: report.Some(0)}},
		Repair:   &report.Repair{Operator: "ann", Process: report.Process{Code: report.Some(31)}},
	}
	if _, err := c.Report.Submit(ctx, repair); err != nil {
		t.Fatal(err)
	}
	g = verify("GOOD", "Passed C order=true first=true any=true last=true norepairs=false")
	if g.Results[0].RepairCount != 1 || g.Results[1].RepairCount != 0 {
		t.Errorf("repairs: %+v", g.Results)
	}

	// The rule that says more exactly what it is for wins.
	if _, err := c.Product.SaveGroup(ctx, wats.ProductGroup{Name: "All", Filters: []wats.ProductGroupFilter{{PartNumber: "*"}}}); err != nil {
		t.Fatal(err)
	}
	for _, r := range []wats.VerificationRule{
		{ProductGroup: "All", Processes: inOrder(10)},
		{PartNumber: "PCB-1", Revision: "A", Processes: inOrder(31)},
		{PartNumber: "PCB-1", Processes: inOrder(50)},
		{PartNumber: "PCB-1", Revision: "*", Processes: inOrder(60)},
	} {
		if _, err := c.Production.SaveVerificationRule(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		revision string
		process  int
	}{{"", 31}, {"A", 31}, {"B", 60}} {
		if g, err := c.Production.Verify(ctx, "GOOD", "PCB-1", tc.revision); err != nil || len(g.Results) != 1 || g.Results[0].ProcessCode != tc.process {
			t.Errorf("Verify as revision %q: %+v, %v; want the rule with process %d", tc.revision, g, err, tc.process)
		}
	}
	rules, err := c.Production.VerificationRules(ctx)
	if err != nil || len(rules) != 5 || rules[0].ID != rule.ID || len(rules[0].Processes) != 2 {
		t.Errorf("VerificationRules: %+v, %v", rules, err)
	}
	changed := *rule
	changed.Processes = changed.Processes[:1]
	if again, err := c.Production.SaveVerificationRule(ctx, changed); err != nil || again.ID != rule.ID {
		t.Errorf("SaveVerificationRule of the same: %+v, %v; want ID %d", again, err, rule.ID)
	}
	for _, r := range rules {
		if err := c.Production.DeleteVerificationRule(ctx, r.ID); err != nil {
			t.Error(err)
		}
	}
	_, err = c.Production.SaveVerificationRule(ctx, wats.VerificationRule{ProductGroup: "none", Processes: inOrder(9999, 500)})
	if got := fmt.Sprint(rulesOf(t, err)); got != "map[$.processes[0].processCode:enum $.processes[1].processCode:enum $.productGroup:reference]" {
		t.Errorf("SaveVerificationRule of what is not there: %s", got)
	}
	_, err = c.Production.SaveVerificationRule(ctx, wats.VerificationRule{Revision: "A", Processes: []wats.VerificationRuleProcess{{ProcessCode: 31, ProcessIndex: -1}, {ProcessCode: 31, ProcessIndex: 2}}})
	if got := fmt.Sprint(rulesOf(t, err)); got != "map[$.partNumber:required $.processes[0].processIndex:range $.processes[1].processCode:unique $.revision:reference]" {
		t.Errorf("SaveVerificationRule of nonsense: %s", got)
	}
	sites, err := c.Production.Sites(ctx)
	if err != nil || len(sites) != 1 || sites[0].Name != "Oslo" {
		t.Errorf("Sites: %+v, %v", sites, err)
	}
}

// TestBadAssemblyRequests sends what the SDK would not.
func TestBadAssemblyRequests(t *testing.T) {
	b := startServer(t)
	for _, tc := range []struct {
		method, path string
		rules        []string
	}{
		{http.MethodPost, "/api/Production/AddChildUnit", []string{"childPartNumber:required", "childSerialNumber:required", "parentPartNumber:required", "parentSerialNumber:required"}},
		{http.MethodPost, "/api/Production/RemoveChildUnit?parentSerialNumber=1&parentPartNumber=2&childSerialNumber=%20", []string{"childPartNumber:required", "childSerialNumber:required"}},
		{http.MethodPost, "/api/internal/Production/AddChildUnit?checkPhase=perhaps",
			[]string{"checkPhase:type", "childPartNumber:required", "childSerialNumber:required", "partNumber:required", "serialNumber:required"}},
		{http.MethodPost, "/api/internal/Production/RemoveAllChildUnits", []string{"partNumber:required", "serialNumber:required"}},
		{http.MethodGet, "/api/internal/Production/CheckChildUnits", []string{"ParentPartNumber:required", "ParentSerialNumber:required"}},
		{http.MethodGet, "/api/Production/UnitVerification?serialNumber=1&revision=" + strings.Repeat("x", 101), []string{"partNumber:required", "revision:length"}},
		{http.MethodDelete, "/api/gowats/v1/Production/VerificationRules/x", []string{"id:range"}},
	} {
		if status, rules := b.send(t, tc.method, tc.path, "application/json", ""); status != http.StatusBadRequest || !slices.Equal(rules, tc.rules) {
			t.Errorf("%s %s: %d with %q, want 400 with %q", tc.method, tc.path, status, rules, tc.rules)
		}
	}
}

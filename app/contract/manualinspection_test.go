package contract_test

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// inspection creates a definition with a relation to part numbers.
func inspection(t *testing.T, c *wats.Client, name, parts string) *wats.InspectionDefinition {
	t.Helper()
	d, err := c.ManualInspection.Create(t.Context(), wats.InspectionDefinition{Name: name, Description: "look", OnFailRequireRepair: wats.OptionalInspectionRepair})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ManualInspection.CreateRelation(t.Context(), wats.InspectionRelation{
		DefinitionID: d.ID, EntitySchema: "Product", EntityName: "Product", EntityKey: "Part number", EntityValue: parts}); err != nil {
		t.Fatal(err)
	}
	return d
}

// become brings a definition to a status and returns it.
func become(t *testing.T, c *wats.Client, d *wats.InspectionDefinition, statuses ...wats.InspectionStatus) *wats.InspectionDefinition {
	t.Helper()
	for _, status := range statuses {
		fresh, err := c.ManualInspection.Get(t.Context(), d.ID)
		if err != nil {
			t.Fatal(err)
		}
		fresh.Status = report.Some(status)
		if d, err = c.ManualInspection.Update(t.Context(), *fresh); err != nil {
			t.Fatalf("become %v: %v", status, err)
		}
	}
	return d
}

func TestInspectionsFromDraftToRelease(t *testing.T) {
	c := startServer(t).client(t)
	first := inspection(t, c, "Incoming", "PCB-%")
	if first.Version.Value != 1 || first.Status.Value != wats.InspectionDraft || !first.LogOperator.Value || first.CreatedBy != user || first.Created.IsZero() {
		t.Errorf("Create: got %+v", first)
	}
	xaml := "<Sequence><PassFailTest Name='Solder'/></Sequence>"
	if err := c.ManualInspection.SetWorkflow(t.Context(), wats.InspectionWorkflow{DefinitionID: first.ID, XAML: xaml}); err != nil {
		t.Fatal(err)
	}
	first = become(t, c, first, wats.InspectionPending, wats.InspectionDraft, wats.InspectionPending, wats.InspectionReleased)
	if first.ReleasedBy != user || first.Released.IsZero() {
		t.Errorf("released: got %+v", first)
	}
	first.Description = "changed"
	if _, err := c.ManualInspection.Update(t.Context(), *first); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("Update of a released one: got %v, want ErrConflict", err)
	}
	if err := c.ManualInspection.SetWorkflow(t.Context(), wats.InspectionWorkflow{DefinitionID: first.ID, XAML: xaml}); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("SetWorkflow of a released one: got %v, want ErrConflict", err)
	}

	second, err := c.ManualInspection.Copy(t.Context(), first.ID)
	if err != nil || second.Version.Value != 2 || second.Status.Value != wats.InspectionDraft || len(second.Relations) != 1 || second.Relations[0].DefinitionID != second.ID {
		t.Fatalf("Copy: got %+v, %v", second, err)
	}
	if w, err := c.ManualInspection.Workflow(t.Context(), second.ID); err != nil || w.XAML != xaml {
		t.Errorf("workflow of the copy: got %+v, %v", w, err)
	}
	if text, err := c.ManualInspection.WorkflowFile(t.Context(), second.ID); err != nil || text != xaml {
		t.Errorf("WorkflowFile: got %q, %v", text, err)
	}
	become(t, c, second, wats.InspectionPending, wats.InspectionReleased)
	if old, err := c.ManualInspection.Get(t.Context(), first.ID); err != nil || old.Status.Value != wats.InspectionRevoked || old.RevokedBy != user {
		t.Errorf("the version before: got %+v, %v; want it revoked", old, err)
	}
	all, err := c.ManualInspection.List(t.Context(), false)
	if err != nil || len(all) != 2 || all[1].ID != second.ID {
		t.Errorf("List: got %+v, %v", all, err)
	}
	if global, err := c.ManualInspection.List(t.Context(), true); err != nil || len(global) != 0 {
		t.Errorf("List of global ones: got %+v, %v", global, err)
	}
	sequences, err := c.ManualInspection.Sequences(t.Context())
	if err != nil || len(sequences) != 2 || sequences[0].Status.Value != wats.InspectionRevoked {
		t.Errorf("Sequences: got %+v, %v", sequences, err)
	}
}

func TestInspectionsThatTwoPeopleChange(t *testing.T) {
	c := startServer(t).client(t)
	d := inspection(t, c, "Visual", "PCB-1")
	mine, err := c.ManualInspection.Get(t.Context(), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	theirs := *mine
	theirs.Description = "theirs"
	if _, err := c.ManualInspection.Update(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	mine.Description = "mine"
	if _, err := c.ManualInspection.Update(t.Context(), *mine); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("Update of a stale one: got %v, want ErrConflict", err)
	}
}

func TestInspectionSequences(t *testing.T) {
	c := startServer(t).client(t)
	d := inspection(t, c, "Visual", "PCB-1")
	if err := c.ManualInspection.UpdateSequence(t.Context(), wats.InspectionSequence{ID: d.ID, Name: "Optical", Status: report.Some(wats.InspectionPending)}); err != nil {
		t.Fatal(err)
	}
	got, err := c.ManualInspection.Get(t.Context(), d.ID)
	if err != nil || got.Name != "Optical" || got.Status.Value != wats.InspectionPending || got.Description != "look" {
		t.Errorf("after UpdateSequence: got %+v, %v", got, err)
	}
	if err := c.ManualInspection.DeleteSequence(t.Context(), d.ID); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("DeleteSequence of a pending one: got %v, want ErrConflict", err)
	}
	become(t, c, d, wats.InspectionRevoked)
	if err := c.ManualInspection.DeleteSequence(t.Context(), d.ID); err != nil {
		t.Errorf("DeleteSequence: %v", err)
	}
	if _, err := c.ManualInspection.Get(t.Context(), d.ID); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Get of a deleted one: got %v, want ErrNotFound", err)
	}
}

func TestInspectionRelationsAndConflicts(t *testing.T) {
	c := startServer(t).client(t)
	process, site := report.NewID(), report.NewID()
	a, b := inspection(t, c, "A", "PCB-%"), inspection(t, c, "B", "%-1")
	become(t, c, b, wats.InspectionPending)
	conflicts, err := c.ManualInspection.Conflicts(t.Context(), a.ID)
	if err != nil || len(conflicts) != 1 || conflicts[0].Name != "B" || conflicts[0].EntityValue != "%-1" || conflicts[0].DefinitionID != b.ID {
		t.Fatalf("Conflicts: got %+v, %v", conflicts, err)
	}
	relations, err := c.ManualInspection.Relations(t.Context(), a.ID)
	if err != nil || len(relations) != 1 || relations[0].Status.Value != 1 {
		t.Fatalf("Relations: got %+v, %v", relations, err)
	}
	r := relations[0]
	r.EntityValue, r.Processes, r.Sites = "ASM-2", []wats.InspectionProcess{{ProcessID: process}}, []wats.InspectionSite{{SiteID: site}}
	changed, err := c.ManualInspection.UpdateRelation(t.Context(), r)
	if err != nil || changed.Processes[0].RelationID != r.ID || changed.Processes[0].ID.IsZero() || changed.Sites[0].SiteID != site {
		t.Errorf("UpdateRelation: got %+v, %v", changed, err)
	}
	if conflicts, err = c.ManualInspection.Conflicts(t.Context(), a.ID); err != nil || len(conflicts) != 0 {
		t.Errorf("Conflicts after the change: got %+v, %v", conflicts, err)
	}
	if err := c.ManualInspection.DeleteRelation(t.Context(), r); err != nil {
		t.Errorf("DeleteRelation: %v", err)
	}
	if err := c.ManualInspection.DeleteRelation(t.Context(), r); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("DeleteRelation again: got %v, want ErrNotFound", err)
	}
	if _, err := c.ManualInspection.UpdateRelation(t.Context(), r); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("UpdateRelation of a deleted one: got %v, want ErrNotFound", err)
	}
}

// The routes that older servers have in place of newer ones answer the same.
func TestOlderRoutesOfInspections(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	d := become(t, c, inspection(t, c, "A", "PCB-1"), wats.InspectionPending)
	run, err := c.ManualInspection.StartRun(t.Context(), wats.InspectionRun{DefinitionID: d.ID, SerialNumber: "SN1", PartNumber: "PCB-1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"GetRelationConflicts/" + d.ID.String(), "GetMiDetails/" + run.UnitID.String()} {
		if status, body := b.do(t, http.MethodGet, "/api/internal/ManualInspection/"+path, "", ""); status != 200 {
			t.Errorf("%s: got %d %s", path, status, body)
		}
	}
}

func TestInspectionRuns(t *testing.T) {
	c := startServer(t).client(t)
	d := inspection(t, c, "Visual", "PCB-1")
	start := wats.InspectionRun{DefinitionID: d.ID, SerialNumber: "SN1", PartNumber: "PCB-1", Revision: "A"}
	if _, err := c.ManualInspection.StartRun(t.Context(), start); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("StartRun of a draft: got %v, want ErrConflict", err)
	}
	become(t, c, d, wats.InspectionPending)
	first, err := c.ManualInspection.StartRun(t.Context(), start)
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.ManualInspection.StartRun(t.Context(), start)
	if err != nil || second.UnitID != first.UnitID || second.ID == first.ID {
		t.Fatalf("StartRun again: got %+v, %v", second, err)
	}
	if n, err := c.ManualInspection.CountRuns(t.Context(), d.ID); n != 2 || err != nil {
		t.Errorf("CountRuns: got %d, %v", n, err)
	}
	if got, err := c.ManualInspection.Run(t.Context(), first.ID); err != nil || got.ID != first.ID || got.Revision != "A" {
		t.Errorf("Run by its ID: got %+v, %v", got, err)
	}
	if got, err := c.ManualInspection.Run(t.Context(), first.UnitID); err != nil || got.SerialNumber != "SN1" {
		t.Errorf("Run by the unit: got %+v, %v", got, err)
	}
	if err := c.ManualInspection.SetText(t.Context(), wats.InspectionText{RunID: first.ID, Name: "Label", Value: "OK"}); err != nil {
		t.Errorf("SetText: %v", err)
	}
	if err := c.ManualInspection.SetText(t.Context(), wats.InspectionText{RunID: report.NewID(), Name: "Label"}); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("SetText of no run: got %v, want ErrNotFound", err)
	}
	become(t, c, d, wats.InspectionRevoked)
	if err := c.ManualInspection.DeleteSequence(t.Context(), d.ID); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("DeleteSequence of one that was run: got %v, want ErrConflict", err)
	}
}

func TestInspectionMiscInfo(t *testing.T) {
	c := startServer(t).client(t)
	found, err := c.ManualInspection.ValidateMiscInfo(t.Context(), []wats.HeaderMiscInfo{{Description: "Lot", Value: "7"}})
	if err != nil || len(found) != 0 {
		t.Errorf("good misc info: got %v, %v", found, err)
	}
	found, err = c.ManualInspection.ValidateMiscInfo(t.Context(), []wats.HeaderMiscInfo{{Value: strings.Repeat("x", 101)}})
	if err != nil || len(found) != 2 {
		t.Errorf("bad misc info: got %v, %v; want both mistakes", found, err)
	}
}

func TestInspectionDocuments(t *testing.T) {
	c := startServer(t).client(t)
	d := inspection(t, c, "Visual", "PCB-1")
	pdf := []byte("%PDF-1.7 how to look")
	if err := c.ManualInspection.UploadDocument(t.Context(), d.ID, "how to.pdf", bytes.NewReader(pdf), int64(len(pdf))); err != nil {
		t.Fatal(err)
	}
	documents, err := c.ManualInspection.Documents(t.Context(), d.ID)
	if err != nil || len(documents) != 1 || documents[0].FileName != "how to.pdf" {
		t.Fatalf("Documents: got %+v, %v", documents, err)
	}
	var got bytes.Buffer
	if err := c.ManualInspection.Document(t.Context(), d.ID, documents[0].ID, &got); err != nil || !bytes.Equal(got.Bytes(), pdf) {
		t.Errorf("Document: got %q, %v", got.Bytes(), err)
	}
	if err := c.ManualInspection.UploadDocument(t.Context(), d.ID, "../x.pdf", bytes.NewReader(pdf), int64(len(pdf))); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("a name with a folder: got %v, want ErrInvalid", err)
	}
	if err := c.ManualInspection.UploadDocument(t.Context(), report.NewID(), "x.pdf", bytes.NewReader(pdf), int64(len(pdf))); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("a document of nothing: got %v, want ErrNotFound", err)
	}
	for range 2 {
		err = c.ManualInspection.DeleteDocument(t.Context(), d.ID, documents[0].ID)
	}
	if !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("DeleteDocument again: got %v, want ErrNotFound", err)
	}
}

func TestBadInspectionsAreRefused(t *testing.T) {
	c := startServer(t).client(t)
	_, err := c.ManualInspection.Create(t.Context(), wats.InspectionDefinition{OnFailRequireRepair: 9, Status: report.Some(wats.InspectionStatus(7))})
	var invalid *report.InvalidError
	if !errors.Is(err, wats.ErrInvalid) || !errors.As(err, &invalid) || len(invalid.Violations) != 3 {
		t.Errorf("Create: got %v, want all three mistakes", err)
	}
	if _, err := c.ManualInspection.Create(t.Context(), wats.InspectionDefinition{Name: "x", Status: report.Some(wats.InspectionReleased)}); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("Create of a released one: got %v, want ErrInvalid", err)
	}
	d := inspection(t, c, "x", "y")
	for name, xaml := range map[string]string{
		"nothing": " ", "no XML": "<a>", "entities": `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, "two roots": "<a/><b/>", "text outside": "x<a/>",
		"deep": strings.Repeat("<a>", 300) + strings.Repeat("</a>", 300),
	} {
		if err := c.ManualInspection.SetWorkflow(t.Context(), wats.InspectionWorkflow{DefinitionID: d.ID, XAML: xaml}); !errors.Is(err, wats.ErrInvalid) {
			t.Errorf("workflow with %s: got %v, want ErrInvalid", name, err)
		}
	}
	d.Status = report.Some(wats.InspectionReleased)
	if _, err := c.ManualInspection.Update(t.Context(), *d); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("a draft that is released at once: got %v, want ErrConflict", err)
	}
	if _, err := c.ManualInspection.Get(t.Context(), report.NewID()); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Get of nothing: got %v, want ErrNotFound", err)
	}
	if got, err := c.ManualInspection.Sequences(t.Context()); err != nil || !slices.ContainsFunc(got, func(q wats.InspectionSequence) bool { return q.Name == "x" }) {
		t.Errorf("Sequences: got %+v, %v", got, err)
	}
}

package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

func TestReportComesBackWhole(t *testing.T) {
	s := openStore(t)
	sent := test(1, failed)
	before := sent.AppendWSJF(nil, report.WSJFOptions{})
	submit(t, s, sent)
	if after := sent.AppendWSJF(nil, report.WSJFOptions{}); string(after) != string(before) {
		t.Errorf("SubmitReport changed the report given to it:\n%s", cmp.Diff(string(before), string(after)))
	}

	doc, err := s.Report(t.Context(), sent.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := wats.ReportHeader{
		ID: sent.ID, ReportType: "T", SerialNumber: "SN1", PartNumber: "PCBA-1", Revision: "A", StationName: "ICT-1", Location: "Oslo",
		Purpose: "Production", ProcessCode: 31, ProcessName: "ICT", Result: report.Failed, StartUTC: noon, Operator: "ola",
		SequenceFile: "board.seq", SequenceVersion: "1.2", ExecutionTime: report.Some(1.5), Run: report.Some(1), ReceiveCount: 1, ReportSize: 1,
		CausedUUTFailure: "3V3", CausedUUTFailurePath: "3V3", TestOperation: "ICT",
	}
	if diff := cmp.Diff(want, doc.Header); diff != "" {
		t.Errorf("Report: header differs (-want +got):\n%s", diff)
	}
	sent.AssignStepIDs()
	cause := sent.Test.Root.Steps[0]
	cause.CausedUUTFailure, sent.Test.CausedFailureStepID = report.Some(true), cause.ID
	all := report.WSJFOptions{ServerMembers: true}
	if diff := cmp.Diff(string(sent.AppendWSJF(nil, all)), string(doc.Report.AppendWSJF(nil, all))); diff != "" {
		t.Errorf("Report: report differs (-want +got):\n%s", diff)
	}
	if !doc.ReceivedAt.Equal(noon) || doc.Superseded || doc.Warnings != nil {
		t.Errorf("Report: received %v, superseded %t, warnings %v; want %v, false, none", doc.ReceivedAt, doc.Superseded, doc.Warnings, noon)
	}
}

func TestReportThatIsNotThere(t *testing.T) {
	if _, err := openStore(t).Report(t.Context(), id(1)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Report: %v, want ErrNotFound", err)
	}
}

func TestRepairAndTestReferToEachOther(t *testing.T) {
	s := openStore(t)
	submit(t, s, test(1, failed))
	submit(t, s, repair(2, "Component", "burned component", later(time.Hour), func(r *report.Report) {
		r.Repair.TestReport = id(1)
		r.SubUnits[0].Failures[0].StepID = report.Some(2)
	}))
	repaired, err := s.Report(t.Context(), id(2))
	if err != nil {
		t.Fatal(err)
	}
	if got := repaired.Report.SubUnits[0].Failures[0].StepName; got != "3V3" {
		t.Errorf("repair names step %q, want 3V3", got)
	}
	if repaired.Header.ReferencedUUT != id(1) || repaired.Header.ProcessCode != 500 || repaired.Header.Run.Present {
		t.Errorf("header of the repair: %+v", repaired.Header)
	}
	tested, err := s.Report(t.Context(), id(1))
	if err != nil {
		t.Fatal(err)
	}
	want := []report.RepairReference{{ID: id(2).String(), Start: report.At(noon.Add(time.Hour))}}
	if diff := cmp.Diff(want, tested.Report.Test.ReferencedBy, cmp.AllowUnexported(report.Time{})); diff != "" {
		t.Errorf("repairs of the test (-want +got):\n%s", diff)
	}
}

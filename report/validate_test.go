package report_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats/report"
)

// validTest returns a test report without findings; it has one of everything that Validate looks at.
func validTest() *report.Report {
	return &report.Report{
		ID: report.DeriveID([]byte("test")), PartNumber: "PCB-1042", SerialNumber: "0001", Station: "ICT-07",
		Process: report.Process{Code: report.Some(10)}, Result: report.Passed, Start: time.Date(2026, 1, 30, 22, 1, 41, 0, time.UTC),
		MiscInfos:      []report.MiscInfo{{Description: "Lot", Text: "7"}},
		SubUnits:       []report.SubUnit{{PartType: "PCBA", PartNumber: "P", SerialNumber: "S"}},
		Assets:         []report.Asset{{SerialNumber: "A"}},
		AdditionalData: []report.AdditionalData{{Name: "data"}},
		BinaryData:     []report.Attachment{{Name: "log.txt"}},
		Test: &report.Test{Root: &report.Step{
			Type: "SequenceCall", Name: "MainSequence Callback", Status: report.Passed,
			Steps: []*report.Step{{
				Type: "ET_NLT", Name: "Voltage", Status: report.Passed,
				Numeric: []report.NumericMeasurement{{
					Value: report.Num(5), CompOp: report.GELE, Low: report.Num(4.5), High: report.Num(5.5), Status: report.Passed,
				}},
			}, {
				Type: "ET_SVT", Name: "Version", Status: report.Passed, Sequence: &report.Sequence{},
				Strings: []report.StringMeasurement{{Value: "a", CompOp: report.CASESENSIT, Limit: "a", Status: report.Passed}},
			}, {
				Type: "ET_PFT", Name: "Light", Status: report.Passed, Loop: &report.Loop{},
				Booleans: []report.BooleanMeasurement{{Status: report.Passed}},
			}, {
				Type: "WATS_XYGMNLT", Name: "Curve", Status: report.Done, Attachment: &report.Attachment{Name: "a.png"},
				Chart:        &report.Chart{Type: "Line", Series: []report.Series{{Name: "s", XData: "1;2;", YData: "3;4"}}},
				MessagePopup: &report.MessagePopup{}, CallExecutable: &report.CallExecutable{},
			}},
		}},
	}
}

// validRepair returns a repair report without findings.
func validRepair() *report.Report {
	return &report.Report{
		ID: report.DeriveID([]byte("repair")), PartNumber: "PCB-1042", SerialNumber: "0001", Station: "Repair-1",
		Process: report.Process{Code: report.Some(500)}, Start: time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC),
		Repair: &report.Repair{Process: report.Process{Code: report.Some(10)}},
		SubUnits: []report.SubUnit{
			{PartNumber: "PCB-1042", Index: report.Some(0), Failures: []report.Failure{{Category: "Component", Code: "Wrong Component"}}},
			{PartNumber: "R", Index: report.Some(1), ParentIndex: report.Some(0)},
			{PartNumber: "R", Index: report.Some(2), ParentIndex: report.Some(0), ReplacedIndex: report.Some(1)},
		},
		BinaryData: []report.Attachment{{Name: "photo.png", FailureIndex: report.Some(0)}},
	}
}

func TestValidReportsHaveNoFindings(t *testing.T) {
	for _, r := range []*report.Report{validTest(), validRepair()} {
		if got := r.Validate(); got != nil || got.Err() != nil {
			t.Errorf("Validate = %+v, want nil", got)
		}
	}
}

func TestFindingsOfATest(t *testing.T) {
	long := func(n int) string { return strings.Repeat("é", n) }
	step := func(r *report.Report, i int) *report.Step { return r.Test.Root.Steps[i] }
	number := func(r *report.Report) *report.NumericMeasurement { return &step(r, 0).Numeric[0] }
	for _, tt := range []struct {
		name   string
		change func(r *report.Report)
		want   string
	}{
		{"no id", func(r *report.Report) { r.ID = report.ID{} }, "violation required $.id"},
		{"no part number", func(r *report.Report) { r.PartNumber = "" }, "violation required $.pn"},
		{"a blank serial number", func(r *report.Report) { r.SerialNumber = " \t" }, "violation required $.sn"},
		{"no station", func(r *report.Report) { r.Station = "" }, "violation required $.machineName"},
		{"a serial number of 100 characters", func(r *report.Report) { r.SerialNumber = long(100) }, ""},
		{"a serial number of 101 characters", func(r *report.Report) { r.SerialNumber = long(101) }, "violation length $.sn"},
		{"a NUL in a text", func(r *report.Report) { r.Location = "a\x00" }, "violation characters $.location"},
		{"a pattern in the part number", func(r *report.Report) { r.PartNumber = "A*" }, "warning characters $.pn"},
		{"a slash in the serial number", func(r *report.Report) { r.SerialNumber = "A/B" }, "warning characters $.sn"},
		{"a pattern in the batch", func(r *report.Report) { r.Test.BatchSerialNumber = "50%" }, "warning characters $.uut.batchSN"},
		{"no process code", func(r *report.Report) { r.Process = report.Process{Name: "ICT"} }, "violation required $.processCode"},
		{"a process code beyond 16 bits", func(r *report.Report) { r.Process.Code = report.Some(32768) }, "violation range $.processCode"},
		{"no result", func(r *report.Report) { r.Result = 0 }, "violation required $.result"},
		{"the result Done", func(r *report.Report) { r.Result = report.Done }, "violation enum $.result"},
		{"a result that is no status", func(r *report.Report) { r.Result = 'x' }, "violation enum $.result"},
		{"no start", func(r *report.Report) { r.Start = time.Time{} }, "violation required $.start"},
		{"a start before 1970", func(r *report.Report) { r.Start = time.Unix(-1, 0) }, "violation range $.start"},
		{"a start after 2261", func(r *report.Report) { r.Start = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC) }, "violation range $.start"},
		{"neither test nor repair", func(r *report.Report) { r.Test = nil }, "violation required $.type"},
		{"both test and repair", func(r *report.Report) { r.Repair = &report.Repair{}; r.SubUnits[0].Index = report.Some(0) }, "violation unexpected $.type"},
		{"no root", func(r *report.Report) { r.Test.Root = nil }, "violation required $.root"},
		{"a passed report with a failed root", func(r *report.Report) { r.Test.Root.Status = report.Failed }, "warning status $.result"},
		{"a long comment", func(r *report.Report) { r.Test.Comment = long(5001) }, "violation length $.uut.comment"},
		{"a long error message", func(r *report.Report) { r.Test.ErrorMessage = long(501) }, "violation length $.uut.errorMessage"},
		{"a text for the duration", func(r *report.Report) { r.Test.ExecTime = report.ParseNumber("1,5") }, "violation type $.uut.execTime"},
		{"a socket beyond 32 bits", func(r *report.Report) { r.Test.SocketIndex = report.Some(1 << 40) }, "violation range $.uut.testSocketIndex"},
		{"a misc info without key", func(r *report.Report) { r.MiscInfos[0].Description = "" }, "violation required $.miscInfos[0].description"},
		{"a misc info without value", func(r *report.Report) { r.MiscInfos[0].Text = "" }, "warning required $.miscInfos[0]"},
		{"a long misc text", func(r *report.Report) { r.MiscInfos[0].Text = long(101) }, "violation length $.miscInfos[0].text"},
		{"a sub-unit without serial number", func(r *report.Report) { r.SubUnits[0].SerialNumber = "" }, "violation required $.subUnits[0].sn"},
		{"a sub-unit without part number", func(r *report.Report) { r.SubUnits[0].PartNumber = "" }, "violation required $.subUnits[0].pn"},
		{"a long part type", func(r *report.Report) { r.SubUnits[0].PartType = long(51) }, "violation length $.subUnits[0].partType"},
		{"an asset without serial number", func(r *report.Report) { r.Assets[0].SerialNumber = "" }, "violation required $.assets[0].sn"},
		{"an asset with a bad date", func(r *report.Report) { r.Assets[0].CalibrationDue = report.TimeText("soon") }, "violation date-time $.assets[0].calibrationDue"},
		{"additional data without name", func(r *report.Report) { r.AdditionalData[0].Name = "" }, "violation required $.additionalData[0].name"},
		{"a file without name", func(r *report.Report) { r.BinaryData[0].Name = "" }, "violation required $.binaryData[0].name"},
		{"a file of a failure in a test", func(r *report.Report) { r.BinaryData[0].FailureIndex = report.Some(0) }, "violation reference $.binaryData[0].failIdx"},
		{"a step without name", func(r *report.Report) { step(r, 0).Name = "" }, "violation required $.root.steps[0].name"},
		{"a step without type", func(r *report.Report) { step(r, 0).Type = "" }, "warning required $.root.steps[0].stepType"},
		{"a step without status", func(r *report.Report) { step(r, 0).Status = 0 }, "warning required $.root.steps[0].status"},
		{"a step of unknown status", func(r *report.Report) { step(r, 0).Status = report.Unknown }, ""},
		{"a step status that is none", func(r *report.Report) { step(r, 0).Status = 'x' }, "violation enum $.root.steps[0].status"},
		{"a group that is none", func(r *report.Report) { step(r, 0).Group = 'x' }, "violation enum $.root.steps[0].group"},
		{"a step name of 101 characters", func(r *report.Report) { step(r, 0).Name = long(101) }, "violation length $.root.steps[0].name"},
		{"a report text of 100,001 characters", func(r *report.Report) { step(r, 0).ReportText = long(100_001) }, "violation length $.root.steps[0].reportText"},
		{"a bad step start", func(r *report.Report) { step(r, 0).Start = report.TimeText("x") }, "violation date-time $.root.steps[0].start"},
		{"a null step", func(r *report.Report) { r.Test.Root.Steps[0] = nil }, "violation type $.root.steps[0]"},
		{"a step id given twice", func(r *report.Report) { step(r, 0).ID, step(r, 1).ID = report.Some(3), report.Some(3) }, "warning unique $.root.steps[1].id"},
		{"a passed step with a failed number", func(r *report.Report) { number(r).Status = report.Failed }, "warning status $.root.steps[0].status"},
		{"a passed step with a failed text", func(r *report.Report) { step(r, 1).Strings[0].Status = report.Failed }, "warning status $.root.steps[1].status"},
		{"a passed step with a failed verdict", func(r *report.Report) { step(r, 2).Booleans[0].Status = report.Failed }, "warning status $.root.steps[2].status"},
		{"two kinds of measurements", func(r *report.Report) { step(r, 0).Booleans = step(r, 2).Booleans }, "violation measurements $.root.steps[0]"},
		{"a measurement with the status Done", func(r *report.Report) { number(r).Status = report.Done }, "violation enum $.root.steps[0].numericMeas[0].status"},
		{"a number without status", func(r *report.Report) { number(r).Status = 0 }, "warning required $.root.steps[0].numericMeas[0].status"},
		{"a verdict without status", func(r *report.Report) { step(r, 2).Booleans[0].Status = 0 }, "violation required $.root.steps[2].booleanMeas[0].status"},
		{"no value", func(r *report.Report) { number(r).Value = report.Number{} }, "violation required $.root.steps[0].numericMeas[0].value"},
		{"no value of a skipped one", func(r *report.Report) { *number(r) = report.NumericMeasurement{Status: report.Skipped} }, ""},
		{"a text for a value", func(r *report.Report) { number(r).Value = report.ParseNumber("n/a") }, "violation type $.root.steps[0].numericMeas[0].value"},
		{"NaN for a value", func(r *report.Report) { number(r).Value = report.ParseNumber("NaN") }, ""},
		{"a long unit", func(r *report.Report) { number(r).Unit = long(21) }, "violation length $.root.steps[0].numericMeas[0].unit"},
		{"low above high", func(r *report.Report) { number(r).Low = report.Num(6) }, "warning limits $.root.steps[0].numericMeas[0].lowLimit"},
		{"no low limit", func(r *report.Report) { number(r).Low = report.Number{} }, "warning limits $.root.steps[0].numericMeas[0].lowLimit"},
		{"no high limit", func(r *report.Report) { number(r).High = report.Number{} }, "warning limits $.root.steps[0].numericMeas[0].highLimit"},
		{"LE with only a high limit", func(r *report.Report) { number(r).CompOp, number(r).Low = report.LE, report.Number{} }, "warning limits $.root.steps[0].numericMeas[0].lowLimit"},
		{"LE with only a low limit", func(r *report.Report) { number(r).CompOp, number(r).High = report.LE, report.Number{} }, ""},
		{"LOG without limits", func(r *report.Report) {
			number(r).CompOp, number(r).Low, number(r).High = report.LOG, report.Number{}, report.Number{}
		}, ""},
		{"a number compared as text", func(r *report.Report) { number(r).CompOp = report.IGNORECASE }, "warning limits $.root.steps[0].numericMeas[0].compOp"},
		{"a text compared as number", func(r *report.Report) { step(r, 1).Strings[0].CompOp = report.GELE }, "warning limits $.root.steps[1].stringMeas[0].compOp"},
		{"a text of 5,001 characters", func(r *report.Report) { step(r, 1).Strings[0].Value = long(5001) }, "violation length $.root.steps[1].stringMeas[0].value"},
		{"a multi test without names", func(r *report.Report) {
			step(r, 2).Booleans = append(step(r, 2).Booleans, report.BooleanMeasurement{Name: "b", Status: report.Passed})
		}, "violation required $.root.steps[2].booleanMeas[0].name"},
		{"a multi test with equal names", func(r *report.Report) {
			number(r).Name = "a"
			step(r, 0).Numeric = append(step(r, 0).Numeric, *number(r))
		}, "violation unique $.root.steps[0].numericMeas[1].name"},
		{"a long sequence version", func(r *report.Report) { step(r, 1).Sequence.Version = long(31) }, "violation length $.root.steps[1].seqCall.version"},
		{"a loop index beyond 32 bits", func(r *report.Report) { step(r, 2).Loop.Index = report.Some(1 << 40) }, "violation range $.root.steps[2].loop.idx"},
		{"an unknown type of chart", func(r *report.Report) { step(r, 3).Chart.Type = "Pie" }, "warning enum $.root.steps[3].chart.chartType"},
		{"a series of unequal lengths", func(r *report.Report) { step(r, 3).Chart.Series[0].XData = "1" }, "violation series $.root.steps[3].chart.series[0].xdata"},
		{"a series without x", func(r *report.Report) { step(r, 3).Chart.Series[0].XData = "" }, ""},
		{"a series without name", func(r *report.Report) { step(r, 3).Chart.Series[0].Name = "" }, "violation required $.root.steps[3].chart.series[0].name"},
		{"a step's file without name", func(r *report.Report) { step(r, 3).Attachment.Name = "" }, "violation required $.root.steps[3].attachment.name"},
		{"a long answer", func(r *report.Report) { step(r, 3).MessagePopup.Response = long(201) }, "violation length $.root.steps[3].messagePopup.response"},
		{"a text for an exit code", func(r *report.Report) { step(r, 3).CallExecutable.ExitCode = report.ParseNumber("x") }, "violation type $.root.steps[3].callExe.exitCode"},
		{"steps 200 deep", func(r *report.Report) {
			for s := r.Test.Root; ; s = s.Steps[0] {
				if s.Steps = []*report.Step{{Type: "SequenceCall", Name: "deep", Status: report.Passed}}; depth(r) > 200 {
					break
				}
			}
		}, "violation depth $.root" + strings.Repeat(".steps[0]", 121)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := validTest()
			tt.change(r)
			if got := strings.TrimSpace(lines(r.Validate())); got != tt.want {
				t.Errorf("findings are\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

// depth returns how deep the steps of r nest.
func depth(r *report.Report) int {
	deepest := 0
	for d := range r.Test.Root.Walk() {
		deepest = max(deepest, d)
	}
	return deepest
}

func TestTheDeepestValidReportReadsBack(t *testing.T) {
	r := validTest()
	s := r.Test.Root
	for range 120 {
		child := &report.Step{Type: "SequenceCall", Name: "deep", Status: report.Passed}
		child.Numeric, child.Chart = r.Test.Root.Numeric, &report.Chart{Series: []report.Series{{Name: "s"}}}
		s.Steps = []*report.Step{child}
		s = child
	}
	if findings := r.Validate(); findings != nil {
		t.Fatalf("Validate = %+v, want nil", findings)
	}
	again, _ := decode(t, encode(r))
	wantSame(t, "report read back", again, r)
}

func TestFindingsOfARepair(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(r *report.Report)
		want   string
	}{
		{"no test operation", func(r *report.Report) { r.Repair.Process = report.Process{} }, "violation required $.uur.processCode"},
		{"the repair operation as test operation", func(r *report.Report) { r.Repair.Process.Code = report.Some(500) }, "violation reference $.uur.processCode"},
		{"any result is carried", func(r *report.Report) { r.Result = report.Terminated }, ""},
		{"the result Done", func(r *report.Report) { r.Result = report.Done }, "violation enum $.result"},
		{"a bad date", func(r *report.Report) { r.Repair.ConfirmDate = report.TimeText("x") }, "violation date-time $.uur.confirmDate"},
		{"no sub-units", func(r *report.Report) { r.SubUnits, r.BinaryData = nil, nil }, "violation required $.subUnits"},
		{"no unit 0", func(r *report.Report) { r.SubUnits[0].Index = report.Some(7) },
			"violation reference $.subUnits\nviolation reference $.subUnits[1].parentIdx\nviolation reference $.subUnits[2].parentIdx"},
		{"an index given twice", func(r *report.Report) { r.SubUnits[2].Index = report.Some(1) }, "violation unique $.subUnits[1].idx\nviolation unique $.subUnits[2].idx"},
		{"no index", func(r *report.Report) { r.SubUnits[2].Index = report.Optional[int]{} }, "violation required $.subUnits[2].idx"},
		{"a parent that is none", func(r *report.Report) { r.SubUnits[1].ParentIndex = report.Some(9) }, "violation reference $.subUnits[1].parentIdx"},
		{"a replaced part that is none", func(r *report.Report) { r.SubUnits[2].ReplacedIndex = report.Some(9) }, "violation reference $.subUnits[2].replacedIdx"},
		{"a failure without category", func(r *report.Report) { r.SubUnits[0].Failures[0].Category = "" }, "violation required $.subUnits[0].failures[0].category"},
		{"a failure without code", func(r *report.Report) { r.SubUnits[0].Failures[0].Code = "" }, "violation required $.subUnits[0].failures[0].code"},
		{"a long component reference", func(r *report.Report) { r.SubUnits[0].Failures[0].ComponentRef = strings.Repeat("R", 51) }, "violation length $.subUnits[0].failures[0].comRef"},
		{"no failures at all", func(r *report.Report) { r.SubUnits[0].Failures, r.BinaryData = nil, nil }, ""},
		{"a file of a failure that is none", func(r *report.Report) { r.BinaryData[0].FailureIndex = report.Some(1) }, "violation reference $.binaryData[0].failIdx"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := validRepair()
			tt.change(r)
			if got := strings.TrimSpace(lines(r.Validate())); got != tt.want {
				t.Errorf("findings are\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestRejectedMembersAreNotSaidToBeMissing(t *testing.T) {
	r, findings := decode(t, `{"type":"T","id":"x","pn":1,"sn":2,"processCode":"x","result":"x","machineName":[],"start":"x","uut":{},"root":7}`)
	if len(findings) != 8 {
		t.Errorf("DecodeWSJF has %d findings, want 8:\n%s", len(findings), lines(findings))
	}
	if more := r.Validate(); more != nil {
		t.Errorf("Validate repeats:\n%s", lines(more))
	}
}

func TestFindingsOfValidateAreCapped(t *testing.T) {
	r := validTest()
	r.MiscInfos = make([]report.MiscInfo, 1500)
	findings := r.Validate()
	if last := findings[len(findings)-1]; len(findings) != 1001 || last.Rule != "findings" {
		t.Errorf("%d findings, the last is %+v", len(findings), last)
	}
}

func TestInvalidErrorNamesTheFirstViolations(t *testing.T) {
	err := (&report.Report{Test: &report.Test{}}).Validate().Err()
	var invalid *report.InvalidError
	if !errors.As(err, &invalid) || len(invalid.Violations) != 8 {
		t.Fatalf("Err = %v, want 8 violations", err)
	}
	want := "$.id: id is missing; $.pn: pn is missing; $.sn: sn is missing; and 5 more"
	if err.Error() != want {
		t.Errorf("Error() = %q, want %q", err, want)
	}
}

func ExampleReport_Validate() {
	r, _, err := report.DecodeWSJF([]byte(`{"type":"T","pn":"PCB-1042","sn":"","uut":{}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range r.Validate().Violations() {
		fmt.Println(f.Path, f.Rule, f.Message)
	}
	// Output:
	// $.id required id is missing
	// $.sn required sn is missing
	// $.processCode required processCode is missing
	// $.result required result is missing
	// $.machineName required machineName is missing
	// $.start required start is missing
	// $.root required root is missing
}

package convert_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/report"
)

// wstfDocument is a WSTF file of our own making: no real one is public.
const wstfDocument = "--Header-Start--\r\n" +
	"SerialNumber\tSN1\r\nPartNumber\tPN1\r\nRevision\tA\r\nOperationTypeCode\t30\r\nStationName\tFCT-1\r\n" +
	"StartDateTime\t2026-03-01T12:00:00\r\nUTCStartDateTime\t2026-03-01T11:00:00\r\nFirmware\t1.2.3\r\n" +
	"Subunit\tPCBA\tPN2\tSN2\tB\r\n" +
	"--Step-Data-Start--\r\n" +
	"StepType\tStepName\tMeasureName\tValue\tLowLimit\tHighLimit\tCompOperator\tUnit\tStatus\tStepExecutionTime\tStepReportText\tStepErrorCode\tStepErrorMessage\tCausedSequenceFailure\r\n" +
	"SequenceCall\tPower\r\n" +
	"NumericLimitTest\tRails\t3V3\t3.31\t3.2\t3.4\tGELE\tV\tPassed\t0.5\r\n" +
	"NumericLimitTest\t\t5V\t5.2\t\t5.1\t\tV\tFailed\r\n" +
	"EndSequenceCall\tPower\t\t\t\t\t\t\tFailed\r\n" +
	"StringValueTest\tVersion\t\t1.2.3\t1.2.3\t\tCASESENSIT\t\tPassed\r\n" +
	"PassFailTest\tLED\t\tTrue\t\t\t\t\tPassed\r\n" +
	"ActionStep\tSweep\t\t\t\t\t\t\tDone\r\n" +
	"Chart\tLine\tGain\tdB\tGain\tHz\tFrequency\r\n" +
	"Series\tleft\tXYG\t1,5;2\t10;20\r\n" +
	"--Step-Data-End--\r\n" +
	"UUTStatus\tFailed\r\n" +
	"-- UUT-End--\r\n"

func TestWSTFReadsAUnit(t *testing.T) {
	reports, losses := readAll(t, "wstf", []byte(wstfDocument))
	if len(reports) != 1 || len(losses) > 0 {
		t.Fatalf("%d reports, losses %v; want 1 and none", len(reports), losses)
	}
	r := reports[0]
	if got := r.Start.Format(time.RFC3339); got != "2026-03-01T12:00:00+01:00" {
		t.Errorf("start = %s, want the offset between local time and UTC", got)
	}
	root := r.Test.Root
	if len(root.Steps) != 4 || len(root.Steps[0].Steps) != 1 {
		t.Fatalf("steps = %+v, want a sequence of one and three more", root.Steps)
	}
	rails := root.Steps[0].Steps[0]
	if len(rails.Numeric) != 2 || rails.Status != report.Failed {
		t.Fatalf("%s has %d measurements and is %s, want 2 and Failed", rails.Name, len(rails.Numeric), rails.Status)
	}
	if m := rails.Numeric[1]; m.CompOp != report.LE || m.Low.Float() != 5.1 || m.High.Present() {
		t.Errorf("a high limit alone is read as %s %s %s, want LE 5.1", m.CompOp, m.Low, m.High)
	}
	if c := root.Steps[3].Chart; c == nil || len(c.Series) != 1 || c.Series[0].YData != "1.5;2" || c.XLabel != "Frequency" {
		t.Errorf("chart = %+v", c)
	}
	if r.Result != report.Failed || len(r.MiscInfos) != 1 || len(r.SubUnits) != 1 {
		t.Errorf("result %s, misc infos %v, sub-units %v", r.Result, r.MiscInfos, r.SubUnits)
	}
}

func TestWSTFKeepsEveryMeasurement(t *testing.T) {
	for _, path := range []string{"wsjf/uut-wsjf-export.json", "wsjf/v1_loaded.json"} {
		reports, _ := readAll(t, "wsjf", sample(t, path))
		back, _ := rewrite(t, "wstf", reports...)
		if got, want := measured(back[0]), measured(reports[0]); got != want {
			t.Errorf("%s has %d measurements after WSTF, want %d", path, got, want)
		}
	}
}

// measured counts the measurements of a report.
func measured(r *report.Report) (n int) {
	for _, s := range r.Test.Root.Walk() {
		n += len(s.Numeric) + len(s.Strings) + len(s.Booleans)
	}
	return n
}

func TestWSTFRefusesRepairs(t *testing.T) {
	f, _ := convert.ByName("wstf")
	var file bytes.Buffer
	_, err := f.Write(&file, []*report.Report{newMaker(1).test(), {SerialNumber: "SN9", Repair: &report.Repair{}}}, convert.WriteOptions{})
	want := "the report on SN9 is a repair report, and WSTF holds test reports only; write WSJF or WSXF"
	if err == nil || err.Error() != want || file.Len() > 0 {
		t.Errorf("Write = %v with %d bytes, want %s", err, file.Len(), want)
	}
}

// Reports of which no rule holds are written and read too: nothing goes without a word, and no measurement is lost.
func TestWSTFNamesWhatOddReportsLose(t *testing.T) {
	number := func(op report.CompOp) report.NumericMeasurement {
		return report.NumericMeasurement{Value: report.Num(1), CompOp: op, Status: report.Passed}
	}
	high := number(report.GELE)
	high.High = report.Num(2)
	for _, tt := range []struct {
		name string
		step report.Step
		want string
	}{
		{"several without names", report.Step{Name: "s", Type: "ET_MNLT", Status: report.Passed, Numeric: []report.NumericMeasurement{number(report.LOG), number(report.LOG)}},
			"a measurement of a multi test without a name, or with that of another, is given a number"},
		{"two kinds", report.Step{Name: "s", Type: "ET_NLT", Status: report.Passed, Numeric: []report.NumericMeasurement{number(report.LOG)}, Booleans: []report.BooleanMeasurement{{Status: report.Passed}}},
			"a step with measurements of several kinds is written as one step for each kind"},
		{"no operator", report.Step{Name: "s", Type: "ET_NLT", Status: report.Passed, Numeric: []report.NumericMeasurement{number(report.NoCompOp)}}, "an absent operator is LOG"},
		{"half of the limits", report.Step{Name: "s", Type: "ET_NLT", Status: report.Passed, Numeric: []report.NumericMeasurement{high}},
			"an operator that lacks a limit is read as the one-sided one it means"},
		{"no name", report.Step{Type: "ET_NLT", Status: report.Passed, Numeric: []report.NumericMeasurement{number(report.LOG)}}, "a step without a name is named after its type"},
		{"no status", report.Step{Name: "s", Type: "ET_A"}, "a step without status is judged when it is read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newMaker(1).test()
			r.Test.Root.Steps = []*report.Step{&tt.step}
			back, losses := through(t, "wstf", r)
			if got, want := measured(back), measured(r); got != want {
				t.Errorf("%d measurements, want %d", got, want)
			}
			for _, loss := range losses {
				if strings.HasPrefix(loss.What, tt.want) { // and how often
					return
				}
			}
			t.Errorf("losses = %v, want one that says %q", losses, tt.want)
		})
	}
}

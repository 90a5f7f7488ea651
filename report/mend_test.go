package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gowats/gowats/report"
)

func TestMendListsEveryChange(t *testing.T) {
	numbers := []report.NumericMeasurement{{Name: "a"}, {Name: "a "}, {Name: "a #2"}, {Name: letters(101)}, {Name: letters(100)}, {Name: "b"}}
	for i := range numbers {
		numbers[i].Value, numbers[i].Status = report.Num(1), report.Passed
	}
	numbers[5].CompOp, numbers[5].High, numbers[5].HighFormat = report.LE, report.Num(3), "%d"
	b := newUUT()
	b.Root().Action("x").ReportText("kept as it is ")
	r := finished(t, b)
	r.SerialNumber = " SUPPRESS:SN/1"
	r.PartNumber = "SUPPRESS:P/1"
	r.Revision = letters(99) + " ø"
	r.Test.Comment = "a\x00b\ufffec\xffd"
	r.Test.Root.Steps[0].Numeric = numbers

	var got []string
	for _, f := range r.Mend() {
		if f.Severity != report.Warning {
			got = append(got, f.Path+" "+f.Rule)
		}
		if f.Severity == report.Violation {
			t.Errorf("Mend leaves %v", f)
		}
	}
	meas := "$.root.steps[0].numericMeas"
	want := []string{
		"$.pn characters", "$.sn blank", "$.sn characters", "$.rev length", "$.uut.comment characters",
		meas + "[1].name blank", meas + "[1].name unique", meas + "[2].name unique", meas + "[3].name length", meas + "[4].name unique", meas + "[5].lowLimit limits",
	}
	if !slices.Equal(got, want) {
		t.Errorf("Mend lists\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	numbers = r.Test.Root.Steps[0].Numeric
	texts := fmt.Sprintf("%q %q %q %q", r.PartNumber, r.Test.Comment, numbers[1].Name, numbers[2].Name)
	if texts != `"P/1" "abc�d" "a #2" "a #2 #2"` || r.Revision != letters(99) || numbers[4].Name != letters(97)+" #2" {
		t.Errorf("mended texts are %s, %q, %q", texts, r.Revision, numbers[4].Name)
	}
	if m := numbers[5]; m.Low.Float() != 3 || m.LowFormat != "%d" || m.High.Present() || m.HighFormat != "" {
		t.Errorf("the limit was moved to %+v", m)
	}
	if r.Test.Root.Steps[0].ReportText != "kept as it is " {
		t.Errorf("report text is %q, want it as it was", r.Test.Root.Steps[0].ReportText)
	}
	if violations := r.Validate().Violations(); len(violations) > 0 {
		t.Errorf("the mended report has violations: %v", violations)
	}
	if again := r.Mend().Mends(); len(again) > 0 {
		t.Errorf("Mend a second time lists %v, want nothing", again)
	}
}

func TestMendInventsNothing(t *testing.T) {
	r := &report.Report{Test: &report.Test{Root: &report.Step{
		Numeric: []report.NumericMeasurement{{Value: report.ParseNumber("1,5"), Status: report.Error}},
	}}}
	var got []string
	for _, f := range r.Mend().Violations() {
		got = append(got, f.Path)
	}
	for _, path := range []string{"$.id", "$.pn", "$.sn", "$.machineName", "$.result", "$.start", "$.root.name", "$.root.numericMeas[0].value"} {
		if !slices.Contains(got, path) {
			t.Errorf("Mend leaves violations at %q, want one at %s", got, path)
		}
	}
}

func TestMendOfManyEqualNamesEnds(t *testing.T) {
	b := newUUT(report.WithMending())
	m := b.Root().MultiPassFail("m")
	for range 30_000 {
		m.Add("same", true)
	}
	r := finished(t, b)
	if got, want := r.Test.Root.Steps[0].Booleans[29_999].Name, "same #30000"; got != want {
		t.Errorf("the last name is %q, want %q", got, want)
	}
	last := b.Findings()[len(b.Findings())-1]
	if !strings.Contains(last.Message, "more findings") || last.Severity == report.Violation {
		t.Errorf("the last finding is %+v, want how many were left out", last)
	}
}

func TestMendLeavesRealFilesAsTheyAre(t *testing.T) {
	for name, data := range samples(t) {
		r, _ := decode(t, string(data))
		before, _ := decode(t, string(data))
		if findings := r.Mend(); len(findings) > 0 {
			t.Errorf("%s is mended: %v", name, findings)
		}
		wantSame(t, name, r, before)
	}
}

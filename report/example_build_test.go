package report_test

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/gowats/gowats/report"
)

// A test program adds its steps as it goes, and checks for mistakes once, at the end.
func ExampleNewUUT() {
	b := report.NewUUT("PCBA-1042", "SN-0001", 31,
		report.WithRevision("B"),
		report.WithStation("ICT-07", "Oslo", "Production"),
		report.WithOperator("k.berg"),
		report.WithStart(time.Date(2026, 1, 30, 22, 1, 41, 0, time.FixedZone("", 3600))))
	b.Misc(report.MiscInfo{Description: "Work order", Text: "WO-41007"})

	power := b.Root().Sequence("Power")
	power.Numeric("3V3 rail", 3.31, report.Between(3.1, 3.5), report.Unit("V")).Took(12 * time.Millisecond)
	power.MultiNumeric("Rails").
		Add("5V", 5.31, report.AtMost(5.25), report.Unit("V")).
		Add("12V", 11.9, report.WithinPercent(12, 5), report.Unit("V"))
	b.Root().String("Firmware", "1.4.2", report.Expect("1.4.2"))
	b.Root().PassFail("LED", true)
	b.Took(4 * time.Second)

	r, err := b.Report()
	if err != nil {
		fmt.Println(err)
		return
	}
	cause, path := r.FailureCause()
	fmt.Println(r.Result, path, cause.Numeric[0].Status)
	// Output: Failed [Power Rails] Failed
}

// A wrong argument is told with the call that gave it.
func ExampleUUT_Report() {
	b := report.NewUUT("PCBA-1042", "SN-0001", 31, report.WithStation("ICT-07", "Oslo", "Production"))
	b.Root().Numeric("3V3 rail", 3.31, report.Between(3.5, 3.1), report.Unit("V"))

	_, err := b.Report()
	var invalid *report.InvalidError
	if errors.As(err, &invalid) {
		v := invalid.Violations[0]
		fmt.Println(v.Path, v.Rule)
	}
	fmt.Println(err)
	// Output:
	// $.root.steps[0].numericMeas[0].lowLimit limits
	// example_build_test.go:43: Numeric: $.root.steps[0].numericMeas[0].lowLimit: lowLimit 3.5 is above highLimit 3.1
}

// A repair starts from the report of the test that failed.
func ExampleNewUURFromUUT() {
	b := report.NewUUT("PCBA-1042", "SN-0001", 31, report.WithStation("ICT-07", "Oslo", "Production"))
	b.SubUnit(report.SubUnit{PartType: "Display", PartNumber: "LCD-7", SerialNumber: "D-17"})
	b.Root().Numeric("Backlight", math.NaN(), report.AtLeast(200), report.Unit("cd/m²"))
	failed, err := b.Report()
	if err != nil {
		fmt.Println(err)
		return
	}
	cause, _ := failed.FailureCause()

	u := report.NewUURFromUUT(failed, 500, report.WithStation("REPAIR-01", "Oslo", "Repair"), report.WithOperator("m.lunde"))
	u.Main().Fail(report.Failure{Category: "Component", Code: "Solder Defect", ComponentRef: "J4", StepID: cause.ID})
	u.Unit(1).ReplaceWith(report.SubUnit{SerialNumber: "D-18"})
	u.Took(20 * time.Minute)

	r, err := u.Report()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, part := range r.SubUnits {
		fmt.Println(part.Index.Value, part.PartType, part.SerialNumber, part.ReplacedIndex.Or(-1), len(part.Failures))
	}
	// Output:
	// 0 Main SN-0001 -1 1
	// 1 Display D-17 -1 0
	// 2 Display D-18 1 0
}

// Mending is for data that came from elsewhere and must not be lost for a text that is too long.
func ExampleReport_Mend() {
	r := &report.Report{
		ID: report.NewID(), PartNumber: " PCBA-1042 ", SerialNumber: "SN-0001", Process: report.Process{Code: report.Some(31)},
		Station: "ICT-07", Start: time.Unix(1_769_800_000, 0), Test: &report.Test{Root: &report.Step{Type: "SequenceCall", Name: "Main"}},
	}
	findings := append(r.Mend(), r.Judge(report.Import)...)
	for _, f := range findings.Mends() {
		fmt.Printf("%s: %s\n", f.Path, f.Message)
	}
	fmt.Println(r.Result, r.Validate().Err())
	// Output:
	// $.pn: pn had blanks around it, which were removed
	// Passed <nil>
}

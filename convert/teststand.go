package convert

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// What the two XML formats of TestStand share.

// What stands in place of an absent ReadOptions member.
const (
	defaultProcessCode     = 10
	defaultPartNumber      = "NA"
	defaultOperator        = "oper"
	defaultSequenceVersion = "1.0"
	defaultRootName        = "MainSequence Callback"
)

// stopped returns err as the error that ends the reading of a file of that kind.
func (in *reading) stopped(kind string, err error) error {
	if in.opt.FileName != "" {
		kind += " file " + strconv.Quote(in.opt.FileName)
	}
	return fmt.Errorf("read %s: %w", kind, err)
}

// newTest returns a test report with what opt says where a file is silent.
func newTest(opt ReadOptions) *report.Report {
	return &report.Report{
		Revision: opt.Revision,
		Process:  report.Process{Code: report.Some(cmp.Or(opt.ProcessCode, defaultProcessCode))},
		Location: opt.Location,
		Purpose:  opt.Purpose,
		Test:     &report.Test{},
	}
}

// fillIn sets what the file did not say, and returns an error for what nothing says.
func fillIn(r *report.Report, opt ReadOptions) error {
	if strings.TrimSpace(r.SerialNumber) == "" {
		return fmt.Errorf("the unit has no serial number")
	}
	r.PartNumber = cmp.Or(r.PartNumber, opt.PartNumber, defaultPartNumber)
	r.Test.Operator = cmp.Or(r.Test.Operator, opt.Operator, defaultOperator)
	if r.Station = cmp.Or(r.Station, opt.Station); r.Station == "" {
		return fmt.Errorf("the unit %s has no station name, and none is configured", r.SerialNumber)
	}
	if r.Start.IsZero() {
		return fmt.Errorf("the unit %s has no start time", r.SerialNumber)
	}
	root := r.Test.Root
	if root == nil {
		return fmt.Errorf("the unit %s has no results", r.SerialNumber)
	}
	if root.Sequence == nil {
		root.Sequence = &report.Sequence{}
	}
	root.Sequence.Name = cmp.Or(root.Sequence.Name, opt.SequenceName)
	root.Sequence.Version = cmp.Or(root.Sequence.Version, opt.SequenceVersion, defaultSequenceVersion)
	root.Name = cmp.Or(root.Name, root.Sequence.Name, defaultRootName)
	dropRepeatedIDs(root)
	r.Judge(report.Import) // fills in what is missing; what it warns of is told again by whoever validates the report
	r.Result = headResult(r.Result)
	return nil
}

// dropRepeatedIDs makes the ids of steps that are given twice absent, but for the first.
func dropRepeatedIDs(root *report.Step) {
	used := make(map[int]bool)
	for _, s := range root.Walk() {
		if s.ID.Present && used[s.ID.Value] {
			s.ID = report.Optional[int]{}
		}
		used[s.ID.Value] = s.ID.Present || used[s.ID.Value]
	}
}

// testNumber reads a number as test sequences print it: decimal, with point or comma, 0x1F, 0b11, NaN, IND, Inf. "" is absent; any other
// text is kept as it is.
func testNumber(text string) report.Number {
	text = strings.TrimSpace(text)
	n := report.ParseNumber(text)
	if !n.Present() || n.IsNumeric() {
		return n
	}
	if strings.Count(text, ",") == 1 && !strings.Contains(text, ".") {
		if n := report.ParseNumber(strings.Replace(text, ",", ".", 1)); n.IsNumeric() {
			return n
		}
	}
	sign, digits := 1.0, strings.TrimPrefix(text, "+")
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		sign, digits = -1, rest
	}
	switch lower := strings.ToLower(digits); {
	case lower == "ind", lower == "nan", lower == "qnan", lower == "snan", strings.HasPrefix(lower, "1.#qnan"), strings.HasPrefix(lower, "1.#ind"):
		return report.Num(math.NaN())
	case strings.HasPrefix(lower, "1.#inf"), lower == "positiveinfinity":
		return report.Num(math.Inf(int(sign)))
	case lower == "negativeinfinity":
		return report.Num(math.Inf(-1))
	case strings.HasPrefix(lower, "0x"):
		if u, err := strconv.ParseUint(lower[2:], 16, 64); err == nil {
			return signedNumber(sign, u)
		}
	case strings.HasPrefix(lower, "0b"):
		if u, err := strconv.ParseUint(lower[2:], 2, 64); err == nil {
			return signedNumber(sign, u)
		}
	}
	if v, err := strconv.ParseFloat(digits, 64); err == nil { // 1., .5, +5, 007
		return report.Num(sign * v)
	}
	return n
}

func signedNumber(sign float64, u uint64) report.Number {
	text := strconv.FormatUint(u, 10)
	if sign < 0 {
		text = "-" + text
	}
	return report.ParseNumber(text)
}

// testInt reads a whole number, as testNumber does. Anything else is absent.
func testInt(text string) report.Optional[int] {
	n := testNumber(text)
	if v := n.Float(); n.IsNumeric() && v == math.Trunc(v) && math.Abs(v) <= math.MaxInt32 {
		return report.Some(int(v))
	}
	return report.Optional[int]{}
}

// testBool reads true and false in any case. Anything else is absent.
func testBool(text string) report.Optional[bool] {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "1":
		return report.Some(true)
	case "false", "0":
		return report.Some(false)
	}
	return report.Optional[bool]{}
}

// tolerance returns the limits of an EQT comparison: nominal less low and plus high, which are a percentage, ppm or a difference (kind, in
// any case). It reports false for another kind, and when nominal is no number.
func tolerance(kind string, nominal, low, high report.Number) (lo, hi report.Number, ok bool) {
	unit := 1.0
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "percentage", "percent", "%":
		unit = math.Abs(nominal.Float()) / 100
	case "ppm":
		unit = math.Abs(nominal.Float()) / 1e6
	case "delta":
	default:
		return lo, hi, false
	}
	if !nominal.IsNumeric() {
		return lo, hi, false
	}
	if low.IsNumeric() {
		lo = report.Num(nominal.Float() - unit*low.Float())
	}
	if high.IsNumeric() {
		hi = report.Num(nominal.Float() + unit*high.Float())
	}
	return lo, hi, true
}

// headResult turns the verdict of a main sequence into one of a unit. A unit that was never judged passed when its sequence was done, and
// was terminated when it was skipped.
func headResult(s report.Status) report.Status {
	switch s {
	case report.Done:
		return report.Passed
	case report.Skipped, report.Unknown:
		return report.Terminated
	}
	return s
}

// measuredStatus returns the verdict on a measurement that has none of its own: that of its step when it is the only one or all passed, else
// what its limits say. What they cannot say was not judged: it is Skipped.
func measuredStatus(step report.Status, only bool, byLimits report.Status, told bool) report.Status {
	switch {
	case step == report.Passed, step == report.Done:
		return report.Passed
	case step == report.Skipped:
		return report.Skipped
	case step == report.Failed && only:
		return report.Failed
	case told:
		return byLimits
	}
	return report.Skipped
}

// names are the names given to the measurements of one step, and how often.
type names map[string]int

// unique returns name, with #2, #3 and so on behind it when it was given before.
func (n names) unique(name string) string {
	n[name]++
	for n[name] > 1 {
		numbered := name + " #" + strconv.Itoa(n[name])
		if n[numbered] == 0 {
			n[numbered]++
			return numbered
		}
		n[name]++
	}
	return name
}

package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gowats/gowats/report"
)

var station = report.WithStation("ICT-07", "Oslo", "Production")

// newUUT starts a test report that is valid as it is.
func newUUT(options ...report.Option) *report.UUT {
	return report.NewUUT("PCBA-1042", "SN-0001", 31, append([]report.Option{station}, options...)...)
}

// finished returns the report of b and fails the test when it is refused. It holds the report against Validate and the codec.
func finished(t testing.TB, b interface {
	Report() (*report.Report, error)
}) *report.Report {
	t.Helper()
	r, err := b.Report()
	if err != nil {
		t.Fatalf("Report: %v", err)
	}
	if violations := r.Validate().Violations(); len(violations) > 0 {
		t.Fatalf("the report built has violations: %v", violations)
	}
	again, findings := decode(t, encode(r))
	if v := findings.Violations(); len(v) > 0 {
		t.Errorf("the report built does not read back: %v", v)
	}
	wantSame(t, "report read back", again, r)
	return r
}

// letters returns n characters of two bytes each.
func letters(n int) string { return strings.Repeat("ø", n) }

func TestTextsOfABuilderAtTheirLength(t *testing.T) {
	tests := map[string]struct {
		most int
		path string
		call func(b *report.UUT, text string)
	}{
		"comment":          {5000, "$.uut.comment", func(b *report.UUT, s string) { b.Comment(s) }},
		"fixture":          {100, "$.uut.fixtureId", func(b *report.UUT, s string) { b.Fixture(s) }},
		"batch":            {100, "$.uut.batchSN", func(b *report.UUT, s string) { b.Batch(s) }},
		"error message":    {500, "$.uut.errorMessage", func(b *report.UUT, s string) { b.ErrorCode(1, s) }},
		"misc description": {100, "$.miscInfos[0].description", func(b *report.UUT, s string) { b.Misc(report.MiscInfo{Description: s, Text: "x"}) }},
		"misc text":        {100, "$.miscInfos[0].text", func(b *report.UUT, s string) { b.Misc(report.MiscInfo{Description: "d", Text: s}) }},
		"asset":            {100, "$.assets[0].sn", func(b *report.UUT, s string) { b.Asset(report.Asset{SerialNumber: s}) }},
		"additional data":  {200, "$.additionalData[0].name", func(b *report.UUT, s string) { b.AdditionalData(report.AdditionalData{Name: s}) }},
		"part type": {50, "$.subUnits[0].partType", func(b *report.UUT, s string) {
			b.SubUnit(report.SubUnit{PartType: s, PartNumber: "p", SerialNumber: "s"})
		}},
		"part serial number": {100, "$.subUnits[0].sn", func(b *report.UUT, s string) { b.SubUnit(report.SubUnit{PartNumber: "p", SerialNumber: s}) }},
		"sequence":           {100, "$.root.steps[0].name", func(b *report.UUT, s string) { b.Root().Sequence(s) }},
		"sequence path":      {500, "$.root.seqCall.path", func(b *report.UUT, s string) { b.Root().Calls(s, "n", "1") }},
		"sequence name":      {200, "$.root.seqCall.name", func(b *report.UUT, s string) { b.Root().Calls("p", s, "1") }},
		"sequence version":   {30, "$.root.seqCall.version", func(b *report.UUT, s string) { b.Root().Calls("p", "n", s) }},
		"numeric":            {100, "$.root.steps[0].name", func(b *report.UUT, s string) { b.Root().Numeric(s, 1) }},
		"unit":               {20, "$.root.steps[0].numericMeas[0].unit", func(b *report.UUT, s string) { b.Root().Numeric("n", 1, report.Unit(s)) }},
		"multi numeric":      {100, "$.root.steps[0].numericMeas[0].name", func(b *report.UUT, s string) { b.Root().MultiNumeric("n").Add(s, 1) }},
		"string":             {100, "$.root.steps[0].stringMeas[0].value", func(b *report.UUT, s string) { b.Root().String("n", s) }},
		"expected string": {100, "$.root.steps[0].stringMeas[0].limit", func(b *report.UUT, s string) {
			b.Root().String("n", "x", report.Expect(s))
		}},
		"multi string":       {100, "$.root.steps[0].stringMeas[0].name", func(b *report.UUT, s string) { b.Root().MultiString("n").Add(s, "x") }},
		"pass-fail":          {100, "$.root.steps[0].name", func(b *report.UUT, s string) { b.Root().PassFail(s, true) }},
		"multi pass-fail":    {100, "$.root.steps[0].booleanMeas[0].name", func(b *report.UUT, s string) { b.Root().MultiPassFail("n").Add(s, true) }},
		"action":             {100, "$.root.steps[0].name", func(b *report.UUT, s string) { b.Root().Action(s) }},
		"generic":            {100, "$.root.steps[0].stepType", func(b *report.UUT, s string) { b.Root().Generic(s, "n") }},
		"pop-up":             {200, "$.root.steps[0].messagePopup.response", func(b *report.UUT, s string) { b.Root().MessagePopup("n", s, 1) }},
		"program":            {100, "$.root.steps[0].name", func(b *report.UUT, s string) { b.Root().CallExecutable(s, 0) }},
		"file":               {256, "$.root.steps[0].attachment.name", func(b *report.UUT, s string) { b.Root().Attach("n", report.Attachment{Name: s}) }},
		"step error message": {200, "$.root.steps[0].errorMessage", func(b *report.UUT, s string) { b.Root().Action("a").ErrorCode(5, s) }},
		"report text":        {100_000, "$.root.steps[0].reportText", func(b *report.UUT, s string) { b.Root().Action("a").ReportText(s) }},
		"TestStand id":       {30, "$.root.steps[0].tsGuid", func(b *report.UUT, s string) { b.Root().Action("a").TSGuid(s) }},
		"additional result": {200, "$.root.steps[0].additionalResults[0].name", func(b *report.UUT, s string) {
			b.Root().Action("a").AdditionalResult(report.AdditionalData{Name: s})
		}},
		"loop":       {100, "$.root.steps[0].name", func(b *report.UUT, s string) { b.Root().Loop(s).Action("a") }},
		"chart axis": {100, "$.root.steps[0].chart.xLabel", func(b *report.UUT, s string) { b.Root().Chart("c", "Line", report.Axis{Label: s}, report.Axis{}) }},
		"chart unit": {50, "$.root.steps[0].chart.yUnit", func(b *report.UUT, s string) { b.Root().Chart("c", "Line", report.Axis{}, report.Axis{Unit: s}) }},
		"series": {100, "$.root.steps[0].chart.series[0].name", func(b *report.UUT, s string) {
			b.Root().Chart("c", "Line", report.Axis{}, report.Axis{}).Series(s, nil, []float64{1})
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newUUT()
			tt.call(b, letters(tt.most))
			finished(t, b)

			b = newUUT()
			tt.call(b, letters(tt.most+1))
			wantRefused(t, b, tt.path, "length")

			b = newUUT(report.WithMending())
			tt.call(b, letters(tt.most+1))
			if most := 5000; strings.HasPrefix(name, "string") || strings.HasPrefix(name, "expected") {
				tt.call(b, letters(most)) // a server takes more than the builder does
			} else if mends := b.Findings().Mends(); len(mends) == 0 || mends[0].Path != tt.path || mends[0].Rule != "length" {
				t.Errorf("mended are %v, want the length of %s", mends, tt.path)
			}
			finished(t, b)

			b = newUUT()
			tt.call(b, "a\x01b")
			wantRefused(t, b, tt.path, "characters")

			b = newUUT(report.WithMending())
			tt.call(b, "a\x01b")
			finished(t, b)
		})
	}
}

// wantRefused fails the test unless the first violation of b is this one and tells the call.
func wantRefused(t *testing.T, b interface {
	Err() error
	Report() (*report.Report, error)
}, path, rule string) {
	t.Helper()
	var early, late *report.InvalidError
	if !errors.As(b.Err(), &early) {
		t.Fatalf("Err() = %v right after the call, want a violation of %s at %s", b.Err(), rule, path)
	}
	if v := early.Violations[0]; v.Path != path || v.Rule != rule || !strings.HasPrefix(v.Call, "build") {
		t.Errorf("the first violation is %+v, want rule %s at %s with the call", v, rule, path)
	}
	if r, err := b.Report(); r != nil || !errors.As(err, &late) {
		t.Errorf("Report() = %v, %v; want no report and the violation", r, err)
	}
}

func TestABuilderRefuses(t *testing.T) {
	tests := map[string]struct {
		path, rule string
		call       func(b *report.UUT)
	}{
		"a blank step name":          {"$.root.steps[0].name", "required", func(b *report.UUT) { b.Root().Action(" ") }},
		"a blank name in a multi":    {"$.root.steps[0].numericMeas[0].name", "required", func(b *report.UUT) { b.Root().MultiNumeric("m").Add("", 1) }},
		"a name twice in a multi":    {"$.root.steps[0].stringMeas[1].name", "unique", func(b *report.UUT) { b.Root().MultiString("m").Add("a", "").Add("a", "") }},
		"low above high":             {"$.root.steps[0].numericMeas[0].lowLimit", "limits", func(b *report.UUT) { b.Root().Numeric("n", 1, report.Between(2, 1)) }},
		"a negative tolerance":       {"$.root.steps[0].numericMeas[0].lowLimit", "limits", func(b *report.UUT) { b.Root().Numeric("n", 1, report.Within(2, -1)) }},
		"NaN as a limit":             {"$.root.steps[0].numericMeas[0].compOp", "limits", func(b *report.UUT) { b.Root().Numeric("n", 1, report.AtMost(math.NaN())) }},
		"a missing limit":            {"$.root.steps[0].numericMeas[0].lowLimit", "limits", func(b *report.UUT) { b.Root().Numeric("n", 1, report.Compare(report.LE)) }},
		"a missing high limit":       {"$.root.steps[0].numericMeas[0].highLimit", "limits", func(b *report.UUT) { b.Root().Numeric("n", 1, report.Compare(report.GTLT, 1)) }},
		"a limit too many":           {"$.root.steps[0]", "limits", func(b *report.UUT) { b.Root().Numeric("n", 1, report.Compare(report.LE, 1, 2)) }},
		"two limits":                 {"$.root.steps[0]", "limits", func(b *report.UUT) { b.Root().Numeric("n", 1, report.AtLeast(1), report.AtMost(2)) }},
		"two limits in a multi":      {"$.root.steps[0].numericMeas[0]", "limits", func(b *report.UUT) { b.Root().MultiNumeric("n").Add("a", 1, report.Above(1), report.Below(2)) }},
		"two expected texts":         {"$.root.steps[0]", "limits", func(b *report.UUT) { b.Root().String("n", "1", report.Expect("a"), report.ExpectFold("b")) }},
		"a text operator on numbers": {"$.root.steps[0].numericMeas[0].compOp", "limits", func(b *report.UUT) { b.Root().Numeric("n", 1, report.Compare(report.IGNORECASE)) }},
		"a range on texts":           {"$.root.steps[0].stringMeas[0].compOp", "limits", func(b *report.UUT) { b.Root().String("n", "1", report.ExpectOp(report.GELE, "a")) }},
		"a measurement in error":     {"$.root.steps[0].numericMeas[0].status", "enum", func(b *report.UUT) { b.Root().Numeric("n", 1, report.Error) }},
		"an unknown status":          {"$.root.steps[0].status", "enum", func(b *report.UUT) { b.Root().Action("n").Status('X') }},
		"an unknown group":           {"$.root.steps[0].group", "enum", func(b *report.UUT) { b.Root().Action("n").InGroup('X') }},
		"Done as a result":           {"$.result", "enum", func(b *report.UUT) { b.Result(report.Done) }},
		"a negative duration":        {"$.uut.execTime", "range", func(b *report.UUT) { b.Took(-time.Second) }},
		"a negative step duration":   {"$.root.steps[0].totTime", "range", func(b *report.UUT) { b.Root().Action("n").Took(-1) }},
		"a socket beyond 32 bits":    {"$.uut.testSocketIndex", "range", func(b *report.UUT) { b.Socket(1 << 40) }},
		"a misc info with nothing":   {"$.miscInfos[0]", "required", func(b *report.UUT) { b.Misc(report.MiscInfo{Description: "d"}) }},
		"a part without numbers":     {"$.subUnits[0].pn", "required", func(b *report.UUT) { b.SubUnit(report.SubUnit{SerialNumber: "s"}) }},
		"a pattern in a batch":       {"$.uut.batchSN", "characters", func(b *report.UUT) { b.Batch("B*") }},
		"a pattern in an asset":      {"$.assets[0].sn", "characters", func(b *report.UUT) { b.Asset(report.Asset{SerialNumber: "A?"}) }},
		"an unknown kind of chart":   {"$.root.steps[0].chart.chartType", "enum", func(b *report.UUT) { b.Root().Chart("c", "Pie", report.Axis{}, report.Axis{}) }},
		"a curve without points":     {"$.root.steps[0].chart.series[0].ydata", "length", func(b *report.UUT) { chart(b).Series("s", nil, nil) }},
		"too many points":            {"$.root.steps[0].chart.series[0].ydata", "length", func(b *report.UUT) { chart(b).Series("s", nil, make([]float64, 10_001)) }},
		"more x than y":              {"$.root.steps[0].chart.series[0].xdata", "series", func(b *report.UUT) { chart(b).Series("s", []float64{1, 2}, []float64{1}) }},
		"an eleventh curve": {"$.root.steps[0].chart.series", "length", func(b *report.UUT) {
			c := chart(b)
			for i := range 11 {
				c.Series(fmt.Sprint(i), nil, []float64{1})
			}
		}},
		"a file without a name": {"$.root.steps[0].attachment.name", "required", func(b *report.UUT) { b.Root().Attach("a", report.Attachment{}) }},
		"a file that is too large": {"$.root.steps[0].attachment.data", "length", func(b *report.UUT) {
			b.Root().Attach("a", report.Attachment{Name: "f", Data: make([]byte, 10<<20+1)})
		}},
		"a loop as a pass": {"$.root.steps[0].loop", "loop", func(b *report.UUT) { b.Root().Loop("l").Loop("m") }},
		"passed over a failed step": {"$.result", "status", func(b *report.UUT) {
			b.Result(report.Passed)
			b.Root().PassFail("n", false)
			_, _ = b.Report() // it is known only then
		}},
		"invalid UTF-8": {"$.root.steps[0].name", "characters", func(b *report.UUT) { b.Root().Action("a\xff") }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newUUT()
			tt.call(b)
			wantRefused(t, b, tt.path, tt.rule)
		})
	}
}

func chart(b *report.UUT) report.ChartBuilder {
	return b.Root().Chart("c", report.ChartLine, report.Axis{Label: "x", Unit: "s"}, report.Axis{Label: "y", Unit: "V"})
}

func TestWhatEveryReportNeeds(t *testing.T) {
	tests := map[string]struct {
		build func(options ...report.Option) *report.UUT
		path  string
		rule  string
	}{
		"a part number":    {func(o ...report.Option) *report.UUT { return report.NewUUT("", "s", 1, append(o, station)...) }, "$.pn", "required"},
		"a serial number":  {func(o ...report.Option) *report.UUT { return report.NewUUT("p", " ", 1, append(o, station)...) }, "$.sn", "required"},
		"a process code":   {func(o ...report.Option) *report.UUT { return report.NewUUT("p", "s", 40_000, append(o, station)...) }, "$.processCode", "range"},
		"an ID":            {func(o ...report.Option) *report.UUT { return newUUT(append(o, report.WithID(report.ID{}))...) }, "$.id", "required"},
		"a start":          {func(o ...report.Option) *report.UUT { return newUUT(append(o, report.WithStart(time.Time{}))...) }, "$.start", "required"},
		"a possible start": {func(o ...report.Option) *report.UUT { return newUUT(append(o, report.WithStart(time.Unix(-1, 0)))...) }, "$.start", "range"},
		"a searchable part number": {func(o ...report.Option) *report.UUT {
			return report.NewUUT("A/B", "s", 1, append(o, station)...)
		}, "$.pn", "characters"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, tt.build(), tt.path, tt.rule)
			wantRefused(t, tt.build(report.WithMending()), tt.path, tt.rule) // no mending invents it
		})
	}
}

func TestTheStationMayBeLeftToTheClient(t *testing.T) {
	b := report.NewUUT("p", "s", 1)
	b.Root().PassFail("LED", true)
	r, err := b.Report()
	if err != nil {
		t.Fatalf("Report = %v, want a report", err)
	}
	if v := r.Validate().Violations(); len(v) != 1 || v[0].Path != "$.machineName" {
		t.Errorf("Validate = %v, want that the station is missing", v)
	}
}

func TestCharactersThatFiltersTakeForPatterns(t *testing.T) {
	for _, c := range `*%?[]^!/\` {
		pattern := "A" + string(c)
		wantRefused(t, report.NewUUT("p", pattern, 1, station), "$.sn", "characters")

		allowed := report.NewUUT(pattern, pattern, 1, station, report.WithWildcards())
		if r := finished(t, allowed); r.SerialNumber != pattern || len(allowed.Findings().Warnings()) != 2 {
			t.Errorf("WithWildcards gives %q with %v, want %q and a warning for each number", r.SerialNumber, allowed.Findings(), pattern)
		}
		one := report.NewUUT("p", "SUPPRESS:"+pattern, 1, station)
		one.Batch("SUPPRESS:" + pattern)
		one.Comment("checks again")
		if r := finished(t, one); r.SerialNumber != pattern || r.Test.BatchSerialNumber != pattern {
			t.Errorf("SUPPRESS: gives %q and %q, want %q", r.SerialNumber, r.Test.BatchSerialNumber, pattern)
		}
	}
	wantRefused(t, report.NewUUT("p", "SUPPRESS:", 1, station), "$.sn", "required")
}

func TestBlanksAreTrimmedAndListed(t *testing.T) {
	b := report.NewUUT(" PCBA ", "SN\t", 31, station, report.WithRevision("03  "))
	b.Root().String("s", " x ", report.Expect(" x "))
	b.Root().Action("a ").ReportText(" kept ")
	r := finished(t, b)
	if r.PartNumber != "PCBA" || r.SerialNumber != "SN" || r.Revision != "03" || r.Test.Root.Steps[1].Name != "a" {
		t.Errorf("got %q %q %q %q, want no blanks around them", r.PartNumber, r.SerialNumber, r.Revision, r.Test.Root.Steps[1].Name)
	}
	if s := r.Test.Root.Steps; s[0].Strings[0].Value != " x " || s[1].ReportText != " kept " {
		t.Errorf("got %q and %q, want them as given", s[0].Strings[0].Value, s[1].ReportText)
	}
	if mends := b.Findings().Mends(); len(mends) != 4 {
		t.Errorf("listed are %v, want the four that were trimmed", mends)
	}
}

func TestEveryViolationIsToldOnce(t *testing.T) {
	b := newUUT()
	s := b.Root().Action("").Status(report.Passed).TSGuid("x") // blank all the while
	s.Numeric("n", 1, report.Between(2, 1))
	b.Misc(report.MiscInfo{Description: "d"})
	_, err := b.Report()
	var invalid *report.InvalidError
	if !errors.As(err, &invalid) || len(invalid.Violations) != 3 {
		t.Fatalf("Report() gives %v, want three violations", err)
	}
	for i, path := range []string{"$.root.steps[0].name", "$.root.steps[0].steps[0].numericMeas[0].lowLimit", "$.miscInfos[0]"} {
		if got := invalid.Violations[i].Path; got != path {
			t.Errorf("violation %d is at %s, want %s", i, got, path)
		}
	}
}

func TestLimits(t *testing.T) {
	one, two := 1.0, 2.0
	tests := map[string]struct {
		limit report.Limit
		want  string // operator, low, high
	}{
		"Between":           {report.Between(1, 2), "GELE 1 2"},
		"Outside":           {report.Outside(1, 2), "LTGT 1 2"},
		"AtLeast":           {report.AtLeast(1), "GE 1 "},
		"AtMost sits low":   {report.AtMost(1), "LE 1 "},
		"Above":             {report.Above(1), "GT 1 "},
		"Below sits low":    {report.Below(1), "LT 1 "},
		"Equal":             {report.Equal(1), "EQ 1 "},
		"NotEqual":          {report.NotEqual(1), "NE 1 "},
		"Within":            {report.Within(10, 0.5), "EQT 9.5 10.5"},
		"WithinPercent":     {report.WithinPercent(-200, 5), "EQT -210 -190"},
		"WithinPPM":         {report.WithinPPM(1e6, 20), "EQT 999980 1.00002e+06"},
		"Compare":           {report.Compare(report.GTLE, 1, 2), "GTLE 1 2"},
		"MinMax of both":    {report.MinMax(&one, &two), "GELE 1 2"},
		"MinMax of equals":  {report.MinMax(&one, &one), "GELE 1 1"},
		"MinMax of least":   {report.MinMax(&one, nil), "GE 1 "},
		"MinMax of most":    {report.MinMax(nil, &two), "LE 2 "},
		"MinMax of nothing": {report.MinMax(nil, nil), "LOG  "},
		"no limit":          {report.Limit{}, "LOG  "},
		"infinite":          {report.Between(math.Inf(-1), 0), "GELE -Inf 0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newUUT()
			b.Root().Numeric("n", 1, tt.limit, report.Unit("V"), report.Formats{Value: "%.3f", Low: "%.1f", High: "%.2f"})
			m := finished(t, b).Test.Root.Steps[0].Numeric[0]
			if got := fmt.Sprint(m.CompOp, m.Low, m.High); got != tt.want {
				t.Errorf("limit is %q, want %q", got, tt.want)
			}
			if m.Unit != "V" || m.ValueFormat != "%.3f" || m.LowFormat != "%.1f" || m.HighFormat != "%.2f" {
				t.Errorf("got %+v, want unit and formats as given", m)
			}
		})
	}
}

func TestLoopsStandBesideTheirHeader(t *testing.T) {
	b := newUUT()
	loop := b.Root().Loop("Ripple")
	for i := range 3 {
		loop.Numeric("Ripple", float64(i), report.AtMost(1))
		b.Root().Action(fmt.Sprint("between ", i))
	}
	nested := b.Root().Loop("Cycle")
	inner := nested.Sequence("Cycle").Loop("Inner")
	inner.PassFail("Inner", true)
	inner.Action("Inner").Status(report.Skipped)
	r := finished(t, b)

	var got []string
	for depth, s := range r.Test.Root.Walk() {
		line := fmt.Sprint(depth, " ", s.Name, " ", s.Type, " ", s.Status.Letter())
		if l := s.Loop; l != nil {
			line += fmt.Sprint(" ", l.Index.Or(-1), l.Count.Or(-1), l.EndingIndex.Or(-1), l.Passed.Or(-1), l.Failed.Or(-1))
		}
		got = append(got, line)
	}
	want := `0 MainSequence Callback SequenceCall F
1 Ripple ET_NLT F -1 3 3 2 1
1 Ripple ET_NLT P 0 -1 -1 -1 -1
1 Ripple ET_NLT P 1 -1 -1 -1 -1
1 Ripple ET_NLT F 2 -1 -1 -1 -1
1 between 0 Action D
1 between 1 Action D
1 between 2 Action D
1 Cycle SequenceCall P -1 1 1 1 0
1 Cycle SequenceCall P 0 -1 -1 -1 -1
2 Inner ET_PFT P -1 2 2 1 0
2 Inner ET_PFT P 0 -1 -1 -1 -1
2 Inner Action S 1 -1 -1 -1 -1`
	if got := strings.Join(got, "\n"); got != want {
		t.Errorf("steps are\n%s\nwant\n%s", got, want)
	}
}

func TestStatusesOfABuilder(t *testing.T) {
	b := newUUT()
	b.Root().Numeric("given to the measurement", 5, report.AtMost(1), report.Passed)
	b.Root().Numeric("given to the step", 5, report.AtMost(1)).Status(report.Passed)
	b.Root().String("fails", "a", report.Expect("b")).KeepFailure()
	b.Root().String("given to the text", "a", report.Failed).KeepFailure().Start(time.Unix(1_769_800_000, 0).UTC())
	b.Root().Numeric("skipped", math.NaN(), report.AtMost(1)).Status(report.Skipped)
	b.Root().Loop("empty header").Status(report.Passed).Numeric("pass", 1)
	if got, want := outcome(finished(t, b)), "P MainSequence CallbackP given to the measurementP:P given to the stepP:P failsF given to the textF skippedS:S empty headerP passP:P"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if warnings := b.Findings().Warnings(); len(warnings) != 2 {
		t.Errorf("warnings are %v, want one for each status that contradicts its limits", warnings)
	}

	b = newUUT()
	b.Root().Action("stays in error").Status(report.Error).KeepFailure()
	if r := finished(t, b); r.Result != report.Error {
		t.Errorf("result is %s, want Error: KeepFailure is for failures", r.Result)
	}

	b = newUUT(report.WithMode(report.Import))
	b.Root().Status(report.Passed).Sequence("q").Status(report.Passed).PassFail("fails", false)
	b.Result(report.Passed)
	if r := finished(t, b); r.Result != report.Passed {
		t.Errorf("result is %s on import, want it as given", r.Result)
	}
}

func TestAttachmentLimitIsASetting(t *testing.T) {
	b := newUUT(report.WithMaxAttachment(4))
	b.Root().Attach("fits", report.Attachment{Name: "f", Data: []byte("1234")})
	finished(t, b)
	b = newUUT(report.WithMaxAttachment(4))
	b.Root().Attach("does not", report.Attachment{Name: "f", Data: []byte("12345")})
	wantRefused(t, b, "$.root.steps[0].attachment.data", "length")
}

func TestChartsHoldTheirPoints(t *testing.T) {
	b := newUUT()
	chart(b).Series("a", []float64{0, 0.5, 1e-9}, []float64{-1, math.Inf(1), math.NaN()}).Series("b", nil, make([]float64, 10_000))
	c := finished(t, b).Test.Root.Steps[0].Chart
	if c.Series[0].XData != "0;0.5;1e-09" || c.Series[0].YData != "-1;+Inf;NaN" || c.Series[1].XData != "" {
		t.Errorf("series are %q %q %q", c.Series[0].XData, c.Series[0].YData, c.Series[1].XData)
	}
}

// TestRandomProgramsGiveValidReports builds with mending from arbitrary texts: whatever they are, the report is valid.
func TestRandomProgramsGiveValidReports(t *testing.T) {
	for seed := range uint64(300) {
		g := generator{rand.New(rand.NewPCG(seed, 1))}
		b := newUUT(report.WithMending(), report.WithMode(report.Mode(g.IntN(2))), report.WithRevision(g.text()))
		b.Comment(g.text() + letters(g.IntN(9000)))
		b.Asset(report.Asset{SerialNumber: "A" + letters(g.IntN(200)), Type: g.text()})
		b.Misc(report.MiscInfo{Description: "d" + g.text(), Text: "t" + letters(g.IntN(200))})
		b.SubUnit(report.SubUnit{PartType: g.text(), PartNumber: "p", SerialNumber: "s"})
		g.steps(b.Root(), 0)
		if r := finished(t, b); r.Result == 0 {
			t.Errorf("seed %d: the report has no result", seed)
		}
	}
}

// steps adds random steps.
func (g generator) steps(s report.StepBuilder, depth int) {
	for range g.IntN(6 - depth) {
		name := "n" + g.text() + letters(g.IntN(120))
		var made report.StepBuilder
		switch g.IntN(12) {
		case 0, 1:
			made = s.Sequence(name)
			g.steps(made, depth+1)
		case 2:
			made = s.Numeric(name, g.float(), pick(g, []report.Limit{report.Between(1, 2), report.AtMost(g.Float64()), {}}), report.Unit(g.text()))
		case 3:
			m := s.MultiNumeric(name)
			for range g.IntN(4) {
				m.Add(pick(g, []string{"a", "b", letters(150)}), g.float(), report.WithinPercent(g.Float64(), 5))
			}
			made = m.StepBuilder
		case 4:
			made = s.String(name, g.text(), report.ExpectFold(g.text()))
		case 5:
			made = s.MultiString(name).Add("a", g.text()).Add("a", letters(g.IntN(7000)), report.Expect(g.text())).StepBuilder
		case 6:
			made = s.PassFail(name, g.IntN(2) == 0)
		case 7:
			made = s.MultiPassFail(name).Add("a", true).Add("a", g.IntN(2) == 0).StepBuilder
		case 8:
			made = s.Generic(pick(g, []string{report.TypeFlowIf, report.TypeWait, "Own", letters(120)}), name)
		case 9:
			made = s.Chart(name, report.ChartLineLogXY, report.Axis{Label: g.text()}, report.Axis{Unit: letters(60)}).
				Series(name, nil, []float64{g.float()}).StepBuilder
		case 10:
			made = s.Attach(name, report.Attachment{Name: name, Data: []byte("d" + g.text())})
		default:
			made = s.Loop(name)
			for range g.IntN(3) {
				made.CallExecutable(name, g.IntN(2))
			}
		}
		made.ReportText(g.text()).Took(time.Duration(g.IntN(1e9))).InGroup(pick(g, []report.Group{report.Setup, report.Main, report.Cleanup}))
		if g.IntN(8) == 0 {
			made.Status(pick(g, []report.Status{report.Passed, report.Failed, report.Skipped})).KeepFailure()
		}
	}
}

func (g generator) float() float64 {
	return pick(g, []float64{0, 1, 1.5, -1, math.NaN(), math.Inf(1), math.Inf(-1), g.NormFloat64(), math.MaxFloat64})
}

// TestBuildersShareNothing is for the race detector.
func TestBuildersShareNothing(t *testing.T) {
	options := []report.Option{station, report.WithRevision(" B "), report.WithMending(), report.WithOperator("k")}
	data := []byte("shared")
	documents := make([][]byte, 4)
	var wg sync.WaitGroup
	for i := range documents {
		wg.Go(func() {
			b := report.NewUUT("p", "s", 1, append(options, report.WithID(report.ID{1}), report.WithStart(time.Unix(1, 0).UTC()))...)
			b.Root().Attach("a", report.Attachment{Name: " f ", Data: data})
			if r, err := b.Report(); err == nil {
				documents[i] = r.AppendWSJF(nil, everything)
			}
		})
	}
	wg.Wait()
	for _, d := range documents {
		if len(d) == 0 || !bytes.Equal(d, documents[0]) {
			t.Errorf("one goroutine built %s, another %s", d, documents[0])
		}
	}
}

// BenchmarkBuild builds a report of 31 steps.
func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		u := newUUT()
		for range 3 {
			q := u.Root().Sequence("Power")
			for range 9 {
				q.Numeric("3V3 rail", 3.31, report.Between(3.1, 3.5), report.Unit("V"))
			}
		}
		if _, err := u.Report(); err != nil {
			b.Fatal(err)
		}
	}
}

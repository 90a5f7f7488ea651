package report_test

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gowats/gowats/report"
)

// TestEveryOperatorAtAndAroundItsLimits holds values against the limits 1 and 3.
func TestEveryOperatorAtAndAroundItsLimits(t *testing.T) {
	values := []float64{math.Inf(-1), 0, 1, 2, 3, 4, math.Inf(1), math.NaN()}
	for op, want := range map[report.CompOp]string{ // one letter per value
		report.NoCompOp: "PPPPPPPP",
		report.LOG:      "PPPPPPPP",
		report.EQ:       "FFPFFFFF",
		report.NE:       "PPFPPPPF",
		report.GT:       "FFFPPPPF",
		report.GE:       "FFPPPPPF",
		report.LT:       "PPFFFFFF",
		report.LE:       "PPPFFFFF",
		report.EQT:      "FFPPPFFF",
		report.GELE:     "FFPPPFFF",
		report.GELT:     "FFPPFFFF",
		report.GTLE:     "FFFPPFFF",
		report.GTLT:     "FFFPFFFF",
		report.LEGE:     "PPPFPPPF",
		report.LEGT:     "PPPFFPPF",
		report.LTGE:     "PPFFPPPF",
		report.LTGT:     "PPFFFPPF",
	} {
		var got strings.Builder
		for _, v := range values {
			status, ok := op.Judge(report.Num(v), report.Num(1), report.Num(3))
			if !ok {
				status = '-'
			}
			got.WriteByte(byte(status))
		}
		if got.String() != want {
			t.Errorf("%s.Judge of %v between 1 and 3 = %s, want %s", op, values, &got, want)
		}
	}
}

func TestJudgeNumbers(t *testing.T) {
	none, one, nan, inf := report.Number{}, report.Num(1), report.Num(math.NaN()), report.Num(math.Inf(1))
	tests := map[string]struct {
		op               report.CompOp
		value, low, high report.Number
		want             string // "" when it cannot be told
	}{
		"a text operator says nothing about numbers":     {report.IGNORECASE, one, one, one, ""},
		"an unknown operator says nothing":               {99, one, one, one, ""},
		"a missing value cannot be judged":               {report.GE, none, one, none, ""},
		"a missing value cannot be judged by LOG":        {report.LOG, none, none, none, ""},
		"a value that is no number cannot be judged":     {report.GE, report.ParseNumber("1,5"), one, none, ""},
		"a limit that is no number cannot judge":         {report.GE, one, report.ParseNumber("1,5"), none, ""},
		"a missing low limit of two":                     {report.GELE, one, none, one, ""},
		"a missing high limit of two":                    {report.GELE, one, one, none, ""},
		"a missing only limit":                           {report.LE, one, none, none, ""},
		"an upper limit alone sits in low":               {report.LE, one, report.Num(2), none, "P"},
		"an upper limit alone in high is the one meant":  {report.LE, report.Num(3), none, report.Num(2), "F"},
		"with both given, one limit is taken from low":   {report.LT, one, report.Num(2), report.Num(0), "P"},
		"NaN as a limit passes nothing":                  {report.NE, one, nan, none, "F"},
		"NaN as a limit passes nothing outside":          {report.LTGT, one, nan, nan, "F"},
		"NaN passes where nothing is compared":           {report.LOG, nan, none, none, "P"},
		"an infinite limit is a limit":                   {report.LT, one, inf, none, "P"},
		"infinity equals infinity":                       {report.EQ, inf, inf, none, "P"},
		"more digits than a float64 are rounded":         {report.EQ, report.ParseNumber("0.10000000000000000001"), report.Num(0.1), none, "P"},
		"negative zero is zero":                          {report.EQ, report.Num(math.Copysign(0, -1)), report.Num(0), none, "P"},
		"a range upside down has no inside":              {report.GELE, report.Num(2), report.Num(3), one, "F"},
		"a range of one value passes that value":         {report.GELE, one, one, one, "P"},
		"an open range of one value passes nothing":      {report.GTLT, one, one, one, "F"},
		"outside of one value, limits included, is all":  {report.LEGE, one, one, one, "P"},
		"outside of one value, limits excluded, is rest": {report.LTGT, one, one, one, "F"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := tt.op.Judge(tt.value, tt.low, tt.high)
			if got.Letter() != tt.want || ok != (tt.want != "") {
				t.Errorf("%s.Judge(%s, %s, %s) = %q, %t; want %q", tt.op, tt.value, tt.low, tt.high, got.Letter(), ok, tt.want)
			}
		})
	}
}

func TestJudgeTexts(t *testing.T) {
	for op, want := range map[report.CompOp]string{ // for the values a, b, B, c, "" against b
		report.NoCompOp:   "PPPPP",
		report.LOG:        "PPPPP",
		report.EQ:         "FPFFF",
		report.CASESENSIT: "FPFFF",
		report.IGNORECASE: "FPPFF",
		report.NE:         "PFPPP",
		report.GT:         "FFFPF",
		report.GE:         "FPFPF",
		report.LT:         "PFPFP",
		report.LE:         "PPPFP",
		report.EQT:        "-----",
		report.GELE:       "-----",
		report.GELT:       "-----",
		report.GTLE:       "-----",
		report.GTLT:       "-----",
		report.LEGE:       "-----",
		report.LEGT:       "-----",
		report.LTGE:       "-----",
		report.LTGT:       "-----",
	} {
		var got strings.Builder
		for _, value := range []string{"a", "b", "B", "c", ""} {
			status, ok := op.JudgeText(value, "b")
			if !ok {
				status = '-'
			}
			got.WriteByte(byte(status))
		}
		if got.String() != want {
			t.Errorf("%s.JudgeText of a, b, B, c and nothing against b = %s, want %s", op, &got, want)
		}
	}
	if got, _ := report.EQ.JudgeText("", ""); got != report.Passed {
		t.Errorf("EQ.JudgeText of nothing against nothing = %s, want Passed", got)
	}
	if got, _ := report.IGNORECASE.JudgeText("GRÖSSE Ω", "grösse ω"); got != report.Passed {
		t.Errorf("IGNORECASE.JudgeText beyond ASCII = %s, want Passed", got)
	}
}

// tree reads a step tree from lines such as "  name F": two blanks per level, then the status ("-" for none), then what is measured:
// ok and bad are numbers that pass and fail their limits, lim lacks its limit, yes is a verdict without status;
// [n] makes a pass of a loop and [] its header. Letters behind a colon are given statuses of measurements.
func tree(t *testing.T, text string) *report.Report {
	t.Helper()
	r := &report.Report{ID: report.NewID(), PartNumber: "P", SerialNumber: "S", Station: "M", Test: new(report.Test)}
	r.Process.Code = report.Some(31)
	parents := []*report.Step{}
	for line := range strings.Lines(strings.TrimRight(text, "\n\t ")) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		depth := (len(line) - len(strings.TrimLeft(line, " "))) / 2
		s := &report.Step{Name: fields[0], Type: "Custom"}
		s.Status, _ = report.ParseStatus(fields[1])
		for _, field := range fields[2:] {
			measure(s, field)
		}
		parents = append(parents[:depth], s)
		if depth == 0 {
			r.Test.Root = s
			continue
		}
		parents[depth-1].Steps = append(parents[depth-1].Steps, s)
	}
	r.AssignStepIDs()
	return r
}

func measure(s *report.Step, field string) {
	what, given, _ := strings.Cut(field, ":")
	m := report.NumericMeasurement{CompOp: report.GE, Value: report.Num(1), Low: report.Num(0)}
	m.Status, _ = report.ParseStatus(given)
	switch what {
	case "ok":
	case "bad":
		m.Low = report.Num(2)
	case "lim":
		m.Low = report.Number{}
	case "yes":
		s.Booleans = append(s.Booleans, report.BooleanMeasurement{Status: m.Status})
		return
	case "[]":
		s.Loop = &report.Loop{Count: report.Some(2)}
		return
	default: // [n]
		s.Loop = &report.Loop{Index: report.Some(int(what[1] - '0'))}
		return
	}
	s.Numeric = append(s.Numeric, m)
}

// outcome writes the result, then every step with its status, the statuses of its measurements, < when it made its sequence fail and
// << when it made the report fail.
func outcome(r *report.Report) string {
	var b strings.Builder
	b.WriteString(r.Result.Letter())
	for _, s := range r.Test.Root.Walk() {
		b.WriteString(" " + s.Name + letter(s.Status))
		for i := range s.Numeric {
			b.WriteString(":" + letter(s.Numeric[i].Status))
		}
		for i := range s.Booleans {
			b.WriteString(":" + letter(s.Booleans[i].Status))
		}
		if s.CausedSequenceFailure.Value {
			b.WriteString("<")
		}
		if s.CausedUUTFailure.Value {
			b.WriteString("<<")
		}
	}
	return b.String()
}

func letter(s report.Status) string {
	if s == 0 {
		return "-"
	}
	return s.Letter()
}

func TestJudge(t *testing.T) {
	tests := map[string]struct{ given, imported, active string }{
		"all passes": {
			"r -\n  a - ok\n  b -",
			"P rP aP:P bD",
			"P rP aP:P bD",
		},
		"a failed number goes up two sequences and is the cause": {
			"r -\n  q -\n    a - ok\n    b - bad\n    c - bad\n  d - bad",
			"F rF qF aP:P bF:F cF:F dF:F",
			"F rF qF< aP:P bF:F<<< cF:F dF:F",
		},
		"statuses given stay on import and only get worse when active": {
			"r P\n  q P\n    b F bad",
			"P rP qP bF:F",
			"F rF qF< bF:F<<<",
		},
		"a given failure stays although all below passes": {
			"r F\n  a - ok",
			"F rF aP:P",
			"F rF<< aP:P",
		},
		"a measurement with a given status is not judged": {
			"r -\n  a - bad:P\n  b - ok:F",
			"F rF aP:P bF:F",
			"F rF aP:P bF:F<<<",
		},
		"a passed step fails with its measurement when active": {
			"r -\n  a P ok bad",
			"P rP aP:P:F",
			"F rF aF:P:F<<<",
		},
		"terminated is worse than error": {
			"r -\n  a T\n  b E\n  c F",
			"T rT aT bE cF",
			"T rT aT<<< bE cF",
		},
		"error is worse than failed, the first one is the cause": {
			"r -\n  a F\n  b E",
			"E rE aF bE",
			"E rE aF<<< bE",
		},
		"skipped and done change nothing": {
			"r -\n  a S\n  b D\n  c S bad",
			"P rP aS bD cS:S",
			"P rP aS bD cS:S",
		},
		"unknown is kept on import and judged when active": {
			"r -\n  a U bad",
			"P rP aU:F",
			"F rF aF:F<<<",
		},
		"what lacks its limit stays without status": {
			"r -\n  a P lim\n  b - lim:F",
			"F rF aP:- bF:F",
			"F rF aP:- bF:F<<<",
		},
		"a lone verdict takes the status of its step": {
			"r -\n  a F yes\n  b S yes\n  c P yes yes",
			"F rF aF:F bS:S cP:-:-",
			"F rF aF:F<<< bS:S cP:-:-",
		},
		"a loop fails with its passes": {
			"r -\n  h - []\n  p - [0] ok\n  p - [1] bad\n  z - ok",
			"F rF hF pP:P pF:F zP:P",
			"F rF hF<<< pP:P pF:F zP:P",
		},
		"a loop that passed in the end passes": {
			"r -\n  h P []\n  p - [0] bad\n  p - [1] ok\n  z - ok",
			"P rP hP pF:F pP:P zP:P",
			"P rP hP pF:F pP:P zP:P",
		},
		"a pass without a header counts itself": {
			"r -\n  p - [0] bad",
			"F rF pF:F",
			"F rF pF:F<<<",
		},
		"loops follow each other": {
			"r -\n  g - []\n  p - [0] ok\n  h - []\n  q - [0] bad",
			"F rF gP pP:P hF qF:F",
			"F rF gP pP:P hF<<< qF:F",
		},
		"a loop of sequences": {
			"r -\n  h - []\n  p - [0]\n    a - ok\n  p - [1]\n    a - bad",
			"F rF hF pP aP:P pF aF:F",
			"F rF hF<<< pP aP:P pF aF:F<",
		},
		"a numeric step with children fails with them": {
			"r -\n  a - ok\n    b - bad",
			"F rF aF:P bF:F",
			"F rF aF:P< bF:F<<<",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, mode := range []report.Mode{report.Import, report.Active} {
				want := tt.imported
				if mode == report.Active {
					want = tt.active
				}
				r := tree(t, tt.given)
				r.Judge(mode)
				if got := outcome(r); got != want {
					t.Errorf("mode %d gives\n%s, want\n%s", mode, got, want)
				}
				r.Judge(mode)
				if got := outcome(r); got != want {
					t.Errorf("mode %d a second time gives\n%s, want\n%s", mode, got, want)
				}
			}
		})
	}
}

func TestJudgeSetupAndCleanupCount(t *testing.T) {
	for _, group := range []report.Group{report.Setup, report.Main, report.Cleanup, 0} {
		r := tree(t, "r -\n  a - bad\n  b - ok")
		r.Test.Root.Steps[0].Group = group
		r.Judge(report.Active)
		if got, want := outcome(r), "F rF aF:F<<< bP:P"; got != want {
			t.Errorf("group %q gives %s, want %s", group, got, want)
		}
	}
}

func TestJudgeMarksTheCauseAnew(t *testing.T) {
	r := tree(t, "r -\n  q -\n    a - bad\n    b - bad")
	r.Judge(report.Active)
	a, b := r.Test.Root.Steps[0].Steps[0], r.Test.Root.Steps[0].Steps[1]
	if got := r.Test.CausedFailureStepID; got != a.ID {
		t.Errorf("stepIdCausedUUTFailure is %v, want %v", got, a.ID)
	}
	a.Status, a.Numeric[0].Status = report.Passed, report.Passed
	r.Judge(report.Active)
	if got, want := outcome(r), "F rF qF< aP:P bF:F<<<"; got != want || r.Test.CausedFailureStepID != b.ID {
		t.Errorf("after the first step was corrected the report is %s with cause %v, want %s", got, r.Test.CausedFailureStepID, want)
	}
	if cause, path := r.FailureCause(); cause != b || len(path) != 2 {
		t.Errorf("FailureCause gives %v, want the step that is marked", path)
	}
	r.Test.Root.Steps = append(r.Test.Root.Steps, nil) // as a document may have it
	r.Judge(report.Active)
}

func TestJudgeResult(t *testing.T) {
	tests := map[string]struct {
		given, root report.Status
		mode        report.Mode
		want        report.Status
		warned      bool
	}{
		"missing, from the root":           {0, report.Error, report.Import, report.Error, false},
		"missing, from a root that passed": {0, report.Done, report.Active, report.Passed, false},
		"passed is kept on import":         {report.Passed, report.Failed, report.Import, report.Passed, false},
		"passed gets worse when active":    {report.Passed, report.Failed, report.Active, report.Failed, true},
		"terminated stays the worst":       {report.Terminated, report.Failed, report.Active, report.Terminated, false},
		"failed stays over a good root":    {report.Failed, report.Passed, report.Active, report.Failed, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := tree(t, "r -")
			r.Result, r.Test.Root.Status = tt.given, tt.root
			findings := r.Judge(tt.mode)
			if r.Result != tt.want || (len(findings) > 0) != tt.warned {
				t.Errorf("Judge gives %s with %v, want %s", r.Result, findings, tt.want)
			}
		})
	}
	for want, r := range map[report.Status]*report.Report{
		report.Passed: {Repair: &report.Repair{}},
		report.Failed: {Repair: &report.Repair{}, Result: report.Failed},
		0:             {Test: &report.Test{}}, // nothing to judge by
	} {
		if r.Judge(report.Active); r.Result != want {
			t.Errorf("Judge gives %q, want %q", r.Result, want)
		}
	}
}

func TestJudgeWarnsOfContradictions(t *testing.T) {
	r := tree(t, "r P\n  a P bad:P\n  b P ok\n  c F ok:F lim:F")
	text := &report.Step{Name: "d", Strings: []report.StringMeasurement{{Value: "x", CompOp: report.EQ, Limit: "y", Status: report.Passed}}}
	r.Test.Root.Steps = append(r.Test.Root.Steps, text)
	var got []string
	for _, f := range r.Judge(report.Import) {
		if f.Severity != report.Warning || f.Rule != "status" {
			t.Errorf("Judge finds %+v, want warnings with rule status", f)
		}
		got = append(got, f.Path+": "+f.Message)
	}
	want := []string{
		"$.root.steps[0].numericMeas[0].status: status is P, but the value 1 against GE 2  is F",
		"$.root.steps[2].numericMeas[0].status: status is F, but the value 1 against GE 0  is P",
		`$.root.steps[3].stringMeas[0].status: status is P, but the value "x" against EQ "y" is F`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("Judge finds %q, want %q", got, want)
	}
}

// TestRealFilesAreJudgedAsTheirTesterDid computes all statuses anew and holds them against those in the files.
func TestRealFilesAreJudgedAsTheirTesterDid(t *testing.T) {
	for name, data := range samples(t) {
		r, _ := decode(t, string(data))
		if r.Test == nil {
			continue
		}
		imported, _ := decode(t, string(data))
		if findings := imported.Judge(report.Import); len(findings) > 0 {
			t.Errorf("%s contradicts itself: %v", name, findings)
		}
		wantSame(t, name+" judged on import", imported, r)

		given := statuses(r)
		for _, s := range r.Test.Root.Walk() {
			for i := range s.Numeric {
				s.Numeric[i].Status = 0
			}
			for i := range s.Strings {
				s.Strings[i].Status = 0
			}
		}
		r.Judge(report.Active)
		if got := statuses(r); !reflect.DeepEqual(got, given) {
			t.Errorf("%s: Judge gives other statuses than the file has:\n%s\n%s", name, got, given)
		}
	}
}

func statuses(r *report.Report) string {
	var b strings.Builder
	b.WriteString(r.Result.Letter())
	for _, s := range r.Test.Root.Walk() {
		b.WriteString(" " + s.Status.Letter())
		for i := range s.Numeric {
			b.WriteString(":" + s.Numeric[i].Status.Letter())
		}
		for i := range s.Strings {
			b.WriteString(":" + s.Strings[i].Status.Letter())
		}
	}
	return b.String()
}

package web

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gowats/gowats/report"
)

func TestAxisTicksAreRoundAndHoldTheData(t *testing.T) {
	for name, c := range map[string]struct {
		low, high float64
		log       bool
		want      []string
	}{
		"from zero":                    {0, 100, false, []string{"0", "50", "100"}},
		"across zero":                  {-3, 7, false, []string{"−5", "0", "5", "10"}},
		"small differences":            {4.98, 5.02, false, []string{"4.98", "4.99", "5", "5.01", "5.02"}},
		"one value":                    {10, 10, false, []string{"9", "9.5", "10", "10.5", "11"}},
		"only zero":                    {0, 0, false, []string{"−1", "−0.5", "0", "0.5", "1"}},
		"decades":                      {3, 4000, true, []string{"1", "10", "100", "1000", "10000"}},
		"one decade":                   {10, 10, true, []string{"10", "100"}},
		"many decades take long steps": {1e-9, 1e9, true, []string{"1e−09", "1e−06", "0.001", "1", "1000", "1e+06", "1e+09"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAxis(c.low, c.high, c.log)
			if !slices.Equal(a.ticks, c.want) {
				t.Errorf("newAxis(%g, %g, %v).ticks = %q, want %q", c.low, c.high, c.log, a.ticks, c.want)
			}
			if l, h := a.at(c.low), a.at(c.high); l < -1e-9 || h > 1+1e-9 {
				t.Errorf("newAxis(%g, %g, %v) places its ends at %g and %g, want within 0 and 1", c.low, c.high, c.log, l, h)
			}
		})
	}
}

func TestAxisEndsForAnyNumbers(t *testing.T) {
	extremes := []float64{0, 1, -1, 5e-324, 1e-300, 1e300, -1e300, math.MaxFloat64 / 20, 1 + 1e-15, 123456789.123}
	for _, low := range extremes {
		for _, high := range extremes {
			if low > high {
				continue
			}
			a := newAxis(low, high, false)
			if len(a.ticks) < 2 || len(a.ticks) > 8 || math.IsNaN(a.at(low)) || math.IsInf(a.at(high), 0) {
				t.Errorf("newAxis(%g, %g) has %d ticks and ends %g, %g; want 2 to 8 ticks and finite ends", low, high, len(a.ticks), a.at(low), a.at(high))
			}
		}
	}
}

func TestChartView(t *testing.T) {
	long := strings.TrimSuffix(strings.Repeat("0;0;0;0;9;0;0;-9;", 5000), ";")
	for name, c := range map[string]struct {
		chart report.Chart
		drawn bool
		note  string
	}{
		"x counts from zero when it is missing": {report.Chart{Series: []report.Series{{YData: "1;2;3"}}}, true, ""},
		"no series":                             {report.Chart{}, false, "no values"},
		"no numbers":                            {report.Chart{Series: []report.Series{{XData: "a;b", YData: "c;d"}}}, false, "no values"},
		"infinities are no points":              {report.Chart{Series: []report.Series{{YData: "Inf;NaN;-Inf"}}}, false, "no values"},
		"a logarithm needs values above zero":   {report.Chart{Type: "LineLogXY", Series: []report.Series{{XData: "0;-1", YData: "1;1"}}}, false, "no values"},
		"numbers too large for an axis":         {report.Chart{Series: []report.Series{{YData: "-1e308;1e308"}}}, false, "no values"},
		"lists of unequal length end together":  {report.Chart{Series: []report.Series{{XData: "1;2;3;4", YData: "1;2"}}}, true, ""},
		"more curves than can be told apart":    {report.Chart{Series: make([]report.Series, 12)}, false, "10 of 12 curves"},
		"a long curve is thinned":               {report.Chart{Series: []report.Series{{YData: long}}}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := newChartView(&c.chart)
			if (v.Plot != nil) != c.drawn || !strings.Contains(v.Note, c.note) {
				t.Errorf("newChartView draws: %v, note %q; want %v, %q", v.Plot != nil, v.Note, c.drawn, c.note)
			}
		})
	}
}

func TestThinKeepsPeaks(t *testing.T) {
	points := make([]point, 50_000)
	for i := range points {
		points[i] = point{float64(i), 0}
	}
	points[777].y, points[40_001].y = 5, -5
	kept := thin(points)
	if len(kept) > maxPoints {
		t.Errorf("thin keeps %d points, want at most %d", len(kept), maxPoints)
	}
	for _, peak := range []point{points[777], points[40_001]} {
		if !slices.Contains(kept, peak) {
			t.Errorf("thin dropped the peak %v", peak)
		}
	}
}

func TestPathHasHoles(t *testing.T) {
	points := []point{{0, 0}, {0.5, math.NaN()}, {1, 1}}
	if got, want := pathOf(points), "M0.0 1000.0M1000.0 0.0"; got != want {
		t.Errorf("pathOf = %q, want %q", got, want)
	}
}

func TestStepsOfADeepTreeStandBesideEachOther(t *testing.T) {
	root := &report.Step{Name: "root", Type: "SequenceCall", Status: report.Passed}
	at := root
	for i := range 500 {
		child := &report.Step{Name: strconv.Itoa(i), Status: report.Passed}
		at.Steps = []*report.Step{child}
		at = child
	}
	at.Status = report.Failed
	v := newStepsView(root, fileIndex{}, "/reports/x", false)
	lines, deepest := 0, 0
	var walk func([]*stepView, int)
	walk = func(rows []*stepView, nest int) {
		deepest = max(deepest, nest)
		for _, r := range rows {
			lines++
			walk(r.Steps, nest+1)
		}
	}
	walk(v.Rows, 0)
	if lines != 501 || deepest > maxNest+2 {
		t.Errorf("a tree of 501 levels gives %d lines nested %d deep, want 501 and at most %d", lines, deepest, maxNest+2)
	}
}

func TestPassesStandUnderTheirLoop(t *testing.T) {
	v := newStepsView(fullTest().Test.Root, listFiles(fullTest()), "/reports/x", false)
	for _, s := range v.Rows[0].Steps {
		if s.Loop == "loop, 2 passes, 2 passed" {
			if len(s.Steps) != 2 || s.Steps[1].Loop != "pass 2" {
				t.Errorf("the loop holds %d lines, want its 2 passes", len(s.Steps))
			}
			return
		}
	}
	t.Error("there is no line for the loop")
}

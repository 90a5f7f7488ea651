package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

const (
	maxSeries = 10   // curves drawn in one chart
	maxPoints = 2000 // points drawn of one curve: more than a screen has columns
)

// chartView is a chart of a step.
type chartView struct {
	Title          string
	XTitle, YTitle string
	Plot           *plot // nil when there is nothing to draw
	Series         []seriesView
	Note           string // what is not drawn; "" when all is
}

// seriesView is a curve in words, for those who do not see it.
type seriesView struct {
	Class, Name     string
	Points          int
	Lowest, Highest string
}

func newChartView(c *report.Chart) *chartView {
	v := &chartView{Title: c.Label, XTitle: withUnit(c.XLabel, c.XUnit), YTitle: withUnit(c.YLabel, c.YUnit)}
	series := c.Series
	if len(series) > maxSeries {
		v.Note = fmt.Sprintf("%d of %d curves are drawn; all are in the report as JSON.", maxSeries, len(series))
		series = series[:maxSeries]
	}
	kind := strings.ToLower(c.Type)
	logX := strings.HasSuffix(kind, "logx") || strings.HasSuffix(kind, "logxy")
	logY := strings.HasSuffix(kind, "logy") || strings.HasSuffix(kind, "logxy")
	curves := make([][]point, len(series))
	for i, s := range series {
		curves[i] = seriesPoints(s)
		v.Series = append(v.Series, describe(s.Name, fmt.Sprintf("c%d", i), curves[i]))
	}
	v.Plot = plotCurves(curves, v.Series, logX, logY)
	if v.Plot == nil {
		v.Note = join(" ", "There are no values that could be drawn.", v.Note)
	} else {
		v.Plot.Label = join(", ", "Chart", v.Title, prefixed("x: ", v.XTitle), prefixed("y: ", v.YTitle))
	}
	return v
}

func withUnit(label, unit string) string {
	if unit == "" {
		return label
	}
	return join(" ", label, "["+unit+"]")
}

// seriesPoints reads the numbers of a series. What is no number is NaN, and so a hole in the curve.
func seriesPoints(s report.Series) []point {
	ys := numbers(s.YData)
	xs := numbers(s.XData)
	if len(xs) == 0 {
		for i := range ys {
			xs = append(xs, float64(i))
		}
	}
	points := make([]point, min(len(xs), len(ys)))
	for i := range points {
		points[i] = point{xs[i], ys[i]}
	}
	return points
}

func numbers(text string) []float64 {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	var values []float64
	for part := range strings.SplitSeq(text, ";") {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || math.IsInf(v, 0) {
			v = math.NaN()
		}
		values = append(values, v)
	}
	return values
}

func describe(name, class string, points []point) seriesView {
	v := seriesView{Class: class, Name: name}
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		if !math.IsNaN(p.x) && !math.IsNaN(p.y) {
			v.Points++
			low, high = min(low, p.y), max(high, p.y)
		}
	}
	if v.Points > 0 {
		v.Lowest, v.Highest = tickText(low), tickText(high)
	}
	return v
}

// plotCurves returns nil when no point has a place on the axes.
func plotCurves(curves [][]point, series []seriesView, logX, logY bool) *plot {
	xLow, xHigh, yLow, yHigh := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, points := range curves {
		for _, p := range points {
			if math.IsNaN(p.x) || math.IsNaN(p.y) || logX && p.x <= 0 || logY && p.y <= 0 {
				continue
			}
			xLow, xHigh = min(xLow, p.x), max(xHigh, p.x)
			yLow, yHigh = min(yLow, p.y), max(yHigh, p.y)
		}
	}
	const widest = math.MaxFloat64 / 16 // beyond, the ticks would overflow
	if xLow > xHigh || max(-xLow, xHigh, -yLow, yHigh) > widest {
		return nil
	}
	x, y := newAxis(xLow, xHigh, logX), newAxis(yLow, yHigh, logY)
	p := &plot{XTicks: x.ticks}
	for i := range y.ticks {
		p.YTicks = append(p.YTicks, y.ticks[len(y.ticks)-1-i])
	}
	for i, points := range curves {
		placed := make([]point, len(points))
		for j, at := range points {
			placed[j] = point{x.at(at.x), y.at(at.y)}
		}
		c := curve{Name: series[i].Name, Class: series[i].Class, Path: pathOf(thin(placed))}
		if len(points) <= 60 {
			c.Dots = dotsOf(placed)
		}
		p.Curves = append(p.Curves, c)
	}
	return p
}

// thin keeps of each stretch of a long curve the lowest and the highest point, so that no peak is lost.
func thin(points []point) []point {
	if len(points) <= maxPoints {
		return points
	}
	var kept []point
	stretch := (len(points) + maxPoints/2 - 1) / (maxPoints / 2)
	for start := 0; start < len(points); start += stretch {
		low, high := start, start
		for i := start; i < min(start+stretch, len(points)); i++ {
			if points[i].y < points[low].y || math.IsNaN(points[low].y) {
				low = i
			}
			if points[i].y > points[high].y || math.IsNaN(points[high].y) {
				high = i
			}
		}
		kept = append(kept, points[min(low, high)])
		if low != high {
			kept = append(kept, points[max(low, high)])
		}
	}
	return kept
}

package web

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/gowats/gowats"
)

// trends returns the yield of rows day by day, all with the same scale.
func (p *pages) trends(ctx context.Context, span dateRange, rows []yieldRow) ([]trend, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	filter := span.filter("partNumber;processCode;period")
	filter.PartNumber = partFilter(rows)
	cells, err := p.store.Yield(ctx, filter)
	if err != nil {
		return nil, err
	}
	type key struct {
		part string
		code int
	}
	days := map[key][]wats.YieldRow{}
	for _, c := range cells {
		k := key{c.PartNumber.Value, c.ProcessCode.Value}
		days[k] = append(days[k], c)
	}
	trends := make([]trend, len(rows))
	lowest := 100.0
	for i, row := range rows {
		trends[i].yieldRow = row
		for _, c := range days[key{row.part, row.code}] {
			lowest = min(lowest, 100*share(c.FPCount, c.UnitCount))
		}
	}
	floor := trendFloor(lowest)
	for i := range trends {
		t := &trends[i]
		t.Plot, t.Days = t.draw(span, days[key{t.part, t.code}], floor)
	}
	return trends, nil
}

// partFilter asks for the products of rows, and perhaps some more: % and _ in a part number match other texts too.
// A semicolon would split a part number, and then all products are asked for.
func partFilter(rows []yieldRow) string {
	var parts []string
	for i := range rows {
		if strings.Contains(rows[i].part, ";") {
			return ""
		}
		parts = append(parts, rows[i].part)
	}
	return strings.Join(parts, ";")
}

// trendFloor returns where the scale begins, in percent, so that good yields can be told apart.
func trendFloor(lowest float64) float64 {
	for _, floor := range []float64{90, 80, 50} {
		if lowest >= floor {
			return floor
		}
	}
	return 0
}

// draw returns the curve of t and its figures. Days without units are holes in the curve.
func (t *trend) draw(span dateRange, cells []wats.YieldRow, floor float64) (*plot, []dayRow) {
	byDay := map[string]wats.YieldRow{}
	for _, c := range cells {
		byDay[c.Period.Value] = c
	}
	q := t.query(span)
	var points []point
	var rows []dayRow
	drawing := &plot{
		Label:  fmt.Sprintf("First-pass yield of %s in %s by day, %s to %s", t.Part, t.Process, span.From(), span.To()),
		YTicks: []string{"100 %", tickText((100+floor)/2) + " %", tickText(floor) + " %"},
		XTicks: []string{span.From(), span.To()},
	}
	for i := range span.Days {
		day := span.day(i)
		c, ok := byDay[day]
		x, y := (float64(i)+0.5)/float64(span.Days), math.NaN()
		if ok && c.UnitCount > 0 {
			y = (100*share(c.FPCount, c.UnitCount) - floor) / (100 - floor)
			q.From, q.To = day, day
			row := newDayRow(day, c, q.URL())
			rows = append(rows, row)
			drawing.Spots = append(drawing.Spots, newSpot(i, span.Days, row))
		}
		points = append(points, point{x, y})
	}
	drawing.Curves = []curve{{Class: "c0", Path: pathOf(points), Dots: dotsOf(points)}}
	return drawing, rows
}

func newDayRow(day string, c wats.YieldRow, href string) dayRow {
	return dayRow{Day: day, Units: count(c.UnitCount), Passed: count(c.FPCount), FPY: percent(c.FPCount, c.UnitCount), Href: href}
}

func newSpot(i, days int, row dayRow) spot {
	return spot{
		X: unit(float64(i) / float64(days)), Width: unit(1 / float64(days)), Href: row.Href,
		Title: fmt.Sprintf("%s: %s, %s of %s passed at first run", row.Day, row.FPY, row.Passed, row.Units),
	}
}

// volumePlot returns the units per day as bars, those that passed at the bottom, and the same in figures.
func volumePlot(span dateRange, cells []wats.YieldRow) (*plot, []dayRow) {
	byDay := map[string]wats.YieldRow{}
	most := 0
	for _, c := range cells {
		byDay[c.Period.Value] = c
		most = max(most, c.UnitCount)
	}
	if most == 0 {
		return nil, nil
	}
	scale := newAxis(0, float64(max(most, 4)), false) // from 4 up the ticks are whole numbers
	drawing := &plot{
		Label:  fmt.Sprintf("Units per day, %s to %s", span.From(), span.To()),
		XTicks: []string{span.From(), span.day(span.Days / 2), span.To()},
	}
	for i := range scale.ticks {
		drawing.YTicks = append(drawing.YTicks, scale.ticks[len(scale.ticks)-1-i])
	}
	q := span.query()
	var rows []dayRow
	for i := range span.Days {
		c, ok := byDay[span.day(i)]
		if !ok || c.UnitCount == 0 {
			continue
		}
		q.From, q.To = span.day(i), span.day(i)
		row := newDayRow(span.day(i), c, q.URL())
		rows = append(rows, row)
		passed, all := scale.at(float64(c.FPCount)), scale.at(float64(c.UnitCount))
		x, width := unit((float64(i)+0.12)/float64(span.Days)), unit(0.76/float64(span.Days))
		drawing.Bars = append(drawing.Bars,
			bar{x, unit(1 - passed), width, unit(passed), "passed"},
			bar{x, unit(1 - all), width, unit(all - passed), "failed"})
		drawing.Spots = append(drawing.Spots, newSpot(i, span.Days, row))
	}
	return drawing, rows
}

package web

import (
	"math"
	"strconv"
	"strings"
)

// plot is a drawing of 1000 by 1000 units, with y downwards, that the page stretches to the room it has.
// The words stand beside it as text, so that they keep their size.
type plot struct {
	Label  string   // read out instead of the drawing
	YTicks []string // evenly spaced, topmost first
	XTicks []string // evenly spaced, leftmost first
	Curves []curve
	Bars   []bar
	Spots  []spot
}

// curve is a line; where it has holes it starts anew.
type curve struct {
	Name  string
	Class string // c0 to c9: colour and dashes
	Path  string // SVG path
	Dots  string // SVG path of the points, "" for none
}

// bar is a filled box.
type bar struct{ X, Y, Width, Height, Class string }

// spot is a full-height part of the drawing that explains itself and leads somewhere.
type spot struct {
	X, Width string
	Title    string
	Href     string
}

// Grid returns the heights of the lines that the y ticks stand at.
func (p *plot) Grid() []string {
	var heights []string
	for i := range p.YTicks {
		heights = append(heights, unit(float64(i)/float64(len(p.YTicks)-1)))
	}
	return heights
}

// unit returns a part of the drawing's width or height, from 0 to 1, in units.
func unit(part float64) string { return strconv.FormatFloat(part*1000, 'f', 1, 64) }

// pathOf draws a line through points from 0 to 1, y upwards. A point that is NaN interrupts it.
func pathOf(points []point) string {
	var b strings.Builder
	move := true
	for _, p := range points {
		if math.IsNaN(p.x) || math.IsNaN(p.y) {
			move = true
			continue
		}
		if move {
			b.WriteByte('M')
		} else {
			b.WriteByte('L')
		}
		move = false
		b.WriteString(unit(p.x) + " " + unit(1-p.y))
	}
	return b.String()
}

// dotsOf draws each point: a line of no length, which round ends make a dot that does not stretch with the drawing.
func dotsOf(points []point) string {
	var b strings.Builder
	for _, p := range points {
		if !math.IsNaN(p.x) && !math.IsNaN(p.y) {
			b.WriteString("M" + unit(p.x) + " " + unit(1-p.y) + "h0")
		}
	}
	return b.String()
}

type point struct{ x, y float64 }

// axis maps values to 0–1. Its ticks are evenly spaced, the first at 0, the last at 1.
type axis struct {
	low, high float64 // logarithms when log
	log       bool
	ticks     []string // lowest first
}

// newAxis returns an axis around low and high, which are finite. A logarithmic one needs low above zero.
func newAxis(low, high float64, log bool) axis {
	if log {
		return newLogAxis(low, high)
	}
	if high-low <= max(1e-9*max(-low, high), 1e-290) { // flat, or finer than the labels could tell
		pad := max(math.Abs(high)*0.1, 1e-12)
		if high == 0 {
			pad = 1
		}
		low, high = low-pad, high+pad
	}
	step := niceStep((high - low) / 4)
	first, last := math.Floor(low/step), math.Ceil(high/step)
	a := axis{low: first * step, high: last * step}
	for n := 0.0; n <= last-first; n++ {
		a.ticks = append(a.ticks, tickText((first+n)*step))
	}
	return a
}

func newLogAxis(low, high float64) axis {
	first, last := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	if last == first {
		last++
	}
	step := math.Ceil((last - first) / 6)
	last = first + math.Ceil((last-first)/step)*step
	a := axis{low: first, high: last, log: true}
	for e := first; e <= last; e += step {
		a.ticks = append(a.ticks, tickText(math.Pow(10, e)))
	}
	return a
}

// at returns where v stands; NaN when the axis has no place for it.
func (a axis) at(v float64) float64 {
	if a.log {
		if v <= 0 {
			return math.NaN()
		}
		v = math.Log10(v)
	}
	return (v - a.low) / (a.high - a.low)
}

// niceStep returns 1, 2 or 5 times a power of ten, not below step.
func niceStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, n := range []float64{1, 2, 5} {
		if n*power >= step {
			return n * power
		}
	}
	return 10 * power
}

// tickText returns v without the digits that come from computing with steps.
func tickText(v float64) string {
	if v == 0 {
		return "0"
	}
	return strings.Replace(strconv.FormatFloat(v, 'g', 6, 64), "-", "−", 1)
}

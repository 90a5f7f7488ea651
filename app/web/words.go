package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

const utcForm = "2006-01-02 15:04:05"

// badge is how a status is shown: always a sign and a word, so that colour is never needed to read it.
type badge struct{ Class, Sign, Word string }

func newBadge(s report.Status) badge {
	switch s {
	case report.Passed:
		return badge{"passed", "✓", "Passed"}
	case report.Failed:
		return badge{"failed", "✗", "Failed"}
	case report.Error:
		return badge{"error", "!", "Error"}
	case report.Terminated:
		return badge{"terminated", "■", "Terminated"}
	case report.Skipped:
		return badge{"quiet", "–", "Skipped"}
	case report.Done:
		return badge{"quiet", "·", "Done"}
	case report.Unknown:
		return badge{"quiet", "?", "Unknown"}
	}
	return badge{"quiet", "", "No status"}
}

// isBad reports whether s makes a reader want to look.
func isBad(s report.Status) bool {
	return s == report.Failed || s == report.Error || s == report.Terminated
}

// percent returns part of whole with one decimal. It says 100 only when that is so, and 0 likewise. "–" of nothing.
func percent(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	p := math.Round(1000*float64(part)/float64(whole)) / 10
	if p == 100 && part < whole {
		p = 99.9
	}
	if p == 0 && part > 0 {
		p = 0.1
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + " %"
}

// count returns n with a thin space between groups of three digits.
func count(n int) string {
	digits := strconv.Itoa(n)
	var b strings.Builder
	for i, d := range digits {
		if left := len(digits) - i; i > 0 && left%3 == 0 && digits[i-1] != '-' {
			b.WriteRune('\u202f')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// plural returns "1 unit" or "7 units".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// duration returns a time span in the unit a person would choose; "" when it is absent, the text itself when it is no number.
func duration(seconds report.Number) string {
	s := seconds.Float()
	switch {
	case !seconds.Present():
		return ""
	case !seconds.IsNumeric() || math.IsNaN(s) || math.Abs(s) > 1e9:
		return seconds.String() + " s"
	case s == 0:
		return "0 s"
	case math.Abs(s) < 1:
		return significant(s*1000) + " ms"
	case math.Abs(s) < 60:
		return significant(s) + " s"
	}
	d := time.Duration(math.Round(s)) * time.Second
	if d.Abs() < time.Hour {
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}

func significant(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		return ""
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// size returns a number of bytes for people.
func size(bytes int) string {
	switch {
	case bytes < 1000:
		return strconv.Itoa(bytes) + " B"
	case bytes < 1_000_000:
		return significant(float64(bytes)/1000) + " kB"
	}
	return significant(float64(bytes)/1_000_000) + " MB"
}

// utc returns t to the second; the column or label beside it says UTC.
func utc(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format(utcForm)
}

// local returns t in its own zone with the offset; "" when the offset is none, since then the UTC time says the same.
func local(t time.Time) string {
	if _, offset := t.Zone(); offset == 0 {
		return ""
	}
	return t.Format(utcForm + " -07:00")
}

// numericLimits returns how a number was judged, with x for the value; "" when it was not.
func numericLimits(m *report.NumericMeasurement) string {
	low, high := m.Low.String(), m.High.String()
	one := low // a single limit stands in Low; some writers put an upper one into High
	if one == "" {
		one = high
	}
	if sign := comparison(m.CompOp); sign != "" {
		if one == "" {
			return ""
		}
		return sign + " " + one
	}
	above, below, outside := bounds(m.CompOp)
	switch {
	case above == "" || low == "" && high == "":
		return ""
	case outside:
		return join(" or ", prefixed("x "+above+" ", low), prefixed("x "+below+" ", high))
	case high == "":
		return strings.NewReplacer("≤", "≥", "<", ">").Replace("x "+above) + " " + low
	case low == "":
		return "x " + below + " " + high
	}
	return low + " " + above + " x " + below + " " + high
}

// comparison returns the sign of an operator with one limit, "" for all others.
func comparison(op report.CompOp) string {
	switch op {
	case report.EQ, report.CASESENSIT, report.IGNORECASE:
		return "="
	case report.NE:
		return "≠"
	case report.GT:
		return ">"
	case report.GE:
		return "≥"
	case report.LT:
		return "<"
	case report.LE:
		return "≤"
	}
	return ""
}

// bounds returns the signs of an operator with two limits: inside, low above x below high; outside, x above low or x below high.
func bounds(op report.CompOp) (above, below string, outside bool) {
	switch op {
	case report.GELE, report.EQT:
		return "≤", "≤", false
	case report.GELT:
		return "≤", "<", false
	case report.GTLE:
		return "<", "≤", false
	case report.GTLT:
		return "<", "<", false
	case report.LEGE:
		return "≤", "≥", true
	case report.LEGT:
		return "≤", ">", true
	case report.LTGE:
		return "<", "≥", true
	case report.LTGT:
		return "<", ">", true
	}
	return "", "", false
}

// stringLimit returns what a text was held against; "" when nothing.
func stringLimit(m *report.StringMeasurement) string {
	sign := comparison(m.CompOp)
	if sign == "" {
		return ""
	}
	text := sign + " " + strconv.Quote(m.Limit)
	if m.CompOp == report.IGNORECASE {
		text += " in any case"
	}
	return text
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// join joins the texts that are not empty.
func join(separator string, texts ...string) string {
	var some []string
	for _, t := range texts {
		if t != "" {
			some = append(some, t)
		}
	}
	return strings.Join(some, separator)
}

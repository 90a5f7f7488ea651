package report

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Mend changes what a server would refuse in r, where that invents no data, and returns what it changed (severity Mended) and
// what it could not mend. What is left is as [Report.Validate] tells it; a report that only needed mending has no violation.
//
// Mended are: blanks around texts but for free ones (trimmed), characters that XML forbids (dropped), texts beyond their length (cut),
// repeated names of measurements in a step (" #2" appended), and an operator with one limit that stands in highLimit (moved).
// The prefix SUPPRESS: of a serial or part number is removed. Serial numbers, part numbers and stations that are missing stay so.
func (r *Report) Mend() Findings {
	v := validator{path: []byte{'$'}, mending: true}
	v.report(r)
	return v.all()
}

func (v *validator) mended(member, rule, format string, args ...any) {
	v.find(member, Mended, rule, format, args...)
}

func (v *validator) trim(member string, value *string) {
	if trimmed := strings.TrimSpace(*value); len(trimmed) < len(*value) {
		*value = trimmed
		v.mended(member, "blank", "%s had blanks around it, which were removed", member)
	}
}

// suppressed in front of a serial or part number allows any character in it.
const suppressed = "SUPPRESS:"

// unsuppress removes the prefix and reports whether it was there.
func (v *validator) unsuppress(member string, value *string) bool {
	if !v.writing && !v.mending {
		return false
	}
	v.trim(member, value)
	rest, found := strings.CutPrefix(*value, suppressed)
	if found {
		*value = rest
		v.mended(member, "characters", "%s had the prefix %s, which was removed", member, suppressed)
	}
	return found
}

func (v *validator) mendText(member string, value *string, most int) {
	if strings.ContainsFunc(*value, forbidden) || !utf8.ValidString(*value) {
		*value = strings.Map(func(r rune) rune {
			if forbidden(r) {
				return -1
			}
			return r // U+FFFD for a byte that is no UTF-8
		}, *value)
		v.mended(member, "characters", "%s had characters that XML forbids, which were removed, or was not valid UTF-8", member)
	}
	if n := utf8.RuneCountInString(*value); n > most {
		*value = strings.TrimSpace(firstRunes(*value, most))
		v.mended(member, "length", "%s had %d characters and was cut to %d", member, n, most)
	}
}

// firstRunes returns the first n characters of text, or all when it has fewer.
func firstRunes(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}

// rename makes a name unique that was met before in the step.
func (v *measurementNames) rename(name *string) {
	given := *name
	for again := true; again; _, again = v.met[*name] {
		v.met[given]++
		suffix := fmt.Sprintf(" #%d", v.met[given])
		*name = firstRunes(given, maxMeasurementName-len(suffix)) + suffix
	}
	v.mended("name", "unique", "another measurement of the step has this name too; it was changed to %q", *name)
}

// moveLimit puts the limit of an operator with one limit where it belongs.
func (v *stepValidator) moveLimit(m *NumericMeasurement) {
	m.Low, m.LowFormat = m.High, m.HighFormat
	m.High, m.HighFormat = Number{}, ""
	v.mended("lowLimit", "limits", "compOp %s takes its limit from lowLimit; highLimit %s was moved there", m.CompOp, m.Low)
}

package wats

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gowats/gowats/report"
)

// checks collects what is wrong with something that is to be sent, by JSON path. The zero checks is ready.
type checks struct{ found report.Findings }

func (c *checks) addf(path, rule, format string, args ...any) {
	c.found = append(c.found, report.Finding{Path: path, Rule: rule, Message: fmt.Sprintf(format, args...)})
}

// required checks a text that must not be blank and has at most so many characters.
func (c *checks) required(path, text string, most int) {
	if strings.TrimSpace(text) == "" {
		c.addf(path, "required", "%s is required", memberOf(path))
		return
	}
	c.text(path, text, most)
}

// text checks a text of at most so many characters; it may be empty.
func (c *checks) text(path, text string, most int) {
	switch n := utf8.RuneCountInString(text); {
	case n > most:
		c.addf(path, "length", "%s exceeds %d characters: it has %d", memberOf(path), most, n)
	case !utf8.ValidString(text):
		c.addf(path, "characters", "%s is not valid UTF-8", memberOf(path))
	case strings.ContainsFunc(text, isIllegal):
		c.addf(path, "characters", "%s holds a control character", memberOf(path))
	}
}

// date checks a date-time that may be absent: a server keeps it in nanoseconds since 1970.
func (c *checks) date(path string, t Time) {
	const first, last = 1678, 2262
	if year := t.UTC().Year(); !t.IsZero() && (year < first || year >= last) {
		c.addf(path, "range", "%s must lie between the years %d and %d", memberOf(path), first, last)
	}
}

// isIllegal reports whether no text may hold r: the control characters that XML 1.0 cannot hold.
func isIllegal(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\uFFFE' || r == '\uFFFF'
}

// memberOf returns the last name of a path: partNumber of $.revisions[2].partNumber.
func memberOf(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

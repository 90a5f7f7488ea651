package odata

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
)

// isLiteral reports whether t is a value and no name.
func isLiteral(t token) bool {
	if t.kind == quotedToken || t.is("null") || t.is("true") || t.is("false") {
		return true
	}
	if c := t.text[0]; '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' {
		return true
	}
	_, ok := parseGUID(t.text)
	return ok
}

// value turns a literal into a value of m as SQL takes it.
func (p *parser) value(m *Member, t token) (any, error) {
	switch m.Type {
	case Text:
		if t.kind == quotedToken {
			return t.text, nil
		}
		return nil, p.fail(t.pos, "%s is a text: write '%.60s'", m.Name, t.text)
	case Int:
		if n, err := strconv.ParseInt(t.text, 10, 64); err == nil && t.kind == wordToken {
			return n, nil
		}
		return nil, p.fail(t.pos, "%s is a whole number without quotes, found %s", m.Name, t)
	case Float:
		x, err := strconv.ParseFloat(t.text, 64)
		if err == nil && t.kind == wordToken && !math.IsNaN(x) && !math.IsInf(x, 0) {
			return x, nil
		}
		return nil, p.fail(t.pos, "%s is a number without quotes, found %s", m.Name, t)
	case Time:
		if at, ok := parseTime(t.text); ok {
			return nanoseconds(at), nil
		}
		return nil, p.fail(t.pos, "%s is a date-time such as 2026-01-31T12:00:00Z or a date, found %s", m.Name, t)
	case GUID:
		if id, ok := parseGUID(t.text); ok {
			return id, nil
		}
		return nil, p.fail(t.pos, "%s is a GUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8, found %s", m.Name, t)
	case Bool:
		switch {
		case t.is("true"):
			return int64(1), nil
		case t.is("false"):
			return int64(0), nil
		}
		return nil, p.fail(t.pos, "%s is true or false without quotes, found %s", m.Name, t)
	case Enum:
		if v, ok := m.Word(t.text); ok && t.kind == quotedToken {
			return v, nil
		}
		return nil, p.fail(t.pos, "%s is one of %s, in quotes, found %s", m.Name, m.Words, t)
	}
	return nil, p.fail(t.pos, "%s cannot be compared", m.Name)
}

// parseTime reads a date or a date-time; UTC when it names no zone. Seconds and their fraction may be missing.
func parseTime(text string) (time.Time, bool) {
	if len(text) > 40 {
		return time.Time{}, false
	}
	text = strings.ToUpper(text)
	for _, layout := range [...]string{
		"2006-01-02", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04",
		"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04",
	} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// nanoseconds returns t in nanoseconds since 1970 UTC, or the nearest that an int64 holds.
func nanoseconds(t time.Time) int64 {
	switch {
	case t.Before(time.Unix(0, math.MinInt64)):
		return math.MinInt64
	case t.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64
	}
	return t.UnixNano()
}

// parseGUID reads the form 8-4-4-4-12 in either case.
func parseGUID(text string) ([]byte, bool) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return nil, false
	}
	id, err := hex.DecodeString(text[:8] + text[9:13] + text[14:18] + text[19:23] + text[24:])
	return id, err == nil
}

package report

import (
	"fmt"
	"time"
)

// ParseTime reads an ISO 8601 date-time with up to nine fraction digits: 2026-01-30T22:01:41.4707353+01:00. Date and time may be
// parted by a space, seconds may be missing, and the offset may be Z, +01:00, +0100 or +01.
// A text without offset is taken to be in zone (UTC when zone is nil), and naive is true.
func ParseTime(text string, zone *time.Location) (t time.Time, naive bool, err error) {
	var c clock
	rest, ok := c.scan(text)
	if !ok || !c.valid() {
		return time.Time{}, false, fmt.Errorf("%q is not a date-time such as 2026-01-30T22:01:41.5+01:00", text)
	}
	if rest == "" {
		if zone == nil {
			zone = time.UTC
		}
		return c.in(zone), true, nil
	}
	offset, ok := scanOffset(rest)
	if !ok {
		return time.Time{}, false, fmt.Errorf("%q has %q where an offset such as Z or +01:00 is expected", text, rest)
	}
	return c.in(fixedZone(offset)), false, nil
}

// fixedZone returns the zone that is offset seconds east of UTC; time.UTC for 0.
func fixedZone(offset int) *time.Location {
	if offset == 0 {
		return time.UTC
	}
	return time.FixedZone("", offset)
}

// clock is a date and a time of day as written.
type clock struct{ year, month, day, hour, minute, second, nanosecond int }

// scan reads all but the offset, which it returns.
func (c *clock) scan(s string) (rest string, ok bool) {
	const layout = "2006-01-02T15:04"
	if len(s) < len(layout) || s[4] != '-' || s[7] != '-' || (s[10]|0x20 != 't' && s[10] != ' ') || s[13] != ':' {
		return "", false
	}
	century, y := twoDigits(s), twoDigits(s[2:])
	c.year, c.month, c.day = century*100+y, twoDigits(s[5:]), twoDigits(s[8:])
	c.hour, c.minute = twoDigits(s[11:]), twoDigits(s[14:])
	if century < 0 || y < 0 {
		return "", false
	}
	s = s[len(layout):]
	if s == "" || s[0] != ':' {
		return s, true
	}
	if len(s) < 3 {
		return "", false
	}
	c.second = twoDigits(s[1:])
	s = s[3:]
	if s == "" || (s[0] != '.' && s[0] != ',') {
		return s, true
	}
	return c.scanFraction(s[1:])
}

func (c *clock) scanFraction(s string) (rest string, ok bool) {
	i, unit := 0, 100_000_000
	for ; i < len(s) && '0' <= s[i] && s[i] <= '9'; i++ {
		c.nanosecond += int(s[i]-'0') * unit
		unit /= 10
	}
	return s[i:], 1 <= i && i <= 9
}

// valid reports whether c is a day of the calendar and a time of it. A leap second counts as the first second after it.
func (c *clock) valid() bool {
	return 1 <= c.month && c.month <= 12 && 1 <= c.day && c.day <= daysIn(c.year, c.month) &&
		0 <= c.hour && c.hour <= 23 && 0 <= c.minute && c.minute <= 59 && 0 <= c.second && c.second <= 60
}

func (c *clock) in(zone *time.Location) time.Time {
	return time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, c.nanosecond, zone)
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// scanOffset reads Z, ±hh, ±hhmm or ±hh:mm as seconds east of UTC, at most 18 hours.
func scanOffset(s string) (seconds int, ok bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) < 3 || (s[0] != '+' && s[0] != '-') {
		return 0, false
	}
	hours, minutes := twoDigits(s[1:]), 0
	switch {
	case len(s) == 5:
		minutes = twoDigits(s[3:])
	case len(s) == 6 && s[3] == ':':
		minutes = twoDigits(s[4:])
	case len(s) != 3:
		return 0, false
	}
	if hours < 0 || hours > 18 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	seconds = hours*3600 + minutes*60
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

// twoDigits returns the number at the start of s, which has two bytes at least; a negative number when they are no digits.
func twoDigits(s string) int {
	tens, ones := s[0]-'0', s[1]-'0'
	if tens > 9 || ones > 9 {
		return -1
	}
	return int(tens)*10 + int(ones)
}

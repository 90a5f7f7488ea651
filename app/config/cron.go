package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Cron is a schedule of five fields: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday). Each is a list of
// values, ranges and steps, such as */15, 8-17 or 1,15. When both day fields are restricted, either is enough, as crontab(5) says.
type Cron struct {
	minute, hour, day, month, weekday uint64 // bit n: at n
	eitherDay                         bool
}

var cronFields = [...]struct {
	name        string
	least, most int
}{{"minute", 0, 59}, {"hour", 0, 23}, {"day", 1, 31}, {"month", 1, 12}, {"weekday", 0, 7}}

// ParseCron reads a schedule.
func ParseCron(text string) (c Cron, err error) {
	fields := strings.Fields(text)
	if len(fields) != len(cronFields) {
		return c, fmt.Errorf("%q must have five fields: minute, hour, day, month, weekday", text)
	}
	for i, to := range [...]*uint64{&c.minute, &c.hour, &c.day, &c.month, &c.weekday} {
		f := cronFields[i]
		if *to, err = cronSet(fields[i], f.least, f.most); err != nil {
			return c, fmt.Errorf("%s %q: %w", f.name, fields[i], err)
		}
	}
	if c.weekday&(1<<7) != 0 {
		c.weekday |= 1
	}
	c.eitherDay = !strings.HasPrefix(fields[2], "*") && !strings.HasPrefix(fields[4], "*")
	return c, nil
}

func cronSet(text string, least, most int) (set uint64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		span, stepText, hasStep := strings.Cut(part, "/")
		step := 1
		if hasStep {
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
				return 0, fmt.Errorf("%q is no step", stepText)
			}
		}
		from, to := least, most
		if span != "*" {
			first, last, isRange := strings.Cut(span, "-")
			if from, err = strconv.Atoi(first); err != nil {
				return 0, fmt.Errorf("%q is no number", first)
			}
			switch {
			case isRange:
				if to, err = strconv.Atoi(last); err != nil {
					return 0, fmt.Errorf("%q is no number", last)
				}
			case !hasStep:
				to = from
			}
		}
		if from < least || to > most || from > to {
			return 0, fmt.Errorf("%q lies outside %d-%d", span, least, most)
		}
		for n := from; n <= to; n += step {
			set |= 1 << n
		}
	}
	return set, nil
}

// Next returns the first time after t, in t's zone, at which the schedule is due; the zero Time when that is not within five years.
// A minute that the change to summer time skips is not due on that day.
func (c Cron) Next(t time.Time) time.Time {
	limit := t.AddDate(5, 0, 0)
	t = t.Truncate(time.Minute).Add(time.Minute)
	for t.Before(limit) {
		switch {
		case c.month&(1<<t.Month()) == 0:
			t = time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, t.Location())
		case !c.onDay(t):
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location())
		case c.hour&(1<<t.Hour()) == 0:
			t = t.Add(time.Duration(60-t.Minute()) * time.Minute)
		case c.minute&(1<<t.Minute()) == 0:
			t = t.Add(time.Minute)
		default:
			return t
		}
	}
	return time.Time{}
}

func (c Cron) onDay(t time.Time) bool {
	byDay, byWeekday := c.day&(1<<t.Day()) != 0, c.weekday&(1<<t.Weekday()) != 0
	if c.eitherDay {
		return byDay || byWeekday
	}
	return byDay && byWeekday
}

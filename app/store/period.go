package store

import (
	"fmt"
	"time"

	"github.com/gowats/gowats"
)

// periodStart returns the start of the period that t lies in, in UTC.
func periodStart(g wats.DateGrouping, t time.Time) time.Time {
	t = t.UTC()
	year, month, day := t.Date()
	switch g {
	case wats.ByYear:
		month, day = time.January, 1
	case wats.ByQuarter:
		month, day = month-(month-1)%3, 1
	case wats.ByMonth:
		day = 1
	case wats.ByWeek:
		day -= (int(t.Weekday()) + 6) % 7 // days since Monday
	case wats.ByHour:
		return t.Truncate(time.Hour)
	}
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// addPeriods returns the start of the period that is n periods after the one starting at start.
func addPeriods(g wats.DateGrouping, start time.Time, n int) time.Time {
	switch g {
	case wats.ByYear:
		return start.AddDate(n, 0, 0)
	case wats.ByQuarter:
		return start.AddDate(0, 3*n, 0)
	case wats.ByMonth:
		return start.AddDate(0, n, 0)
	case wats.ByWeek:
		return start.AddDate(0, 0, 7*n)
	case wats.ByHour:
		return start.Add(time.Duration(n) * time.Hour)
	}
	return start.AddDate(0, 0, n)
}

// periodText names the period that t lies in. Names of one grouping sort by time.
func periodText(g wats.DateGrouping, t time.Time) string {
	t = t.UTC()
	switch g {
	case wats.ByYear:
		return t.Format("2006")
	case wats.ByQuarter:
		return fmt.Sprintf("%04d-Q%d", t.Year(), (t.Month()-1)/3+1)
	case wats.ByMonth:
		return t.Format("2006-01")
	case wats.ByWeek:
		year, week := t.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", year, week)
	case wats.ByHour:
		return t.Format("2006-01-02T15")
	}
	return t.Format("2006-01-02")
}

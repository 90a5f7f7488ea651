package store

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

const day = 24 * time.Hour

// thresholds are the percentages of a limit from which on a figure is a warning or an alarm; 0: never.
type thresholds struct{ warning, alarm float64 }

// thresholdsOf are those of a type. The alarm comes at the limit unless the type says otherwise.
func thresholdsOf(t *wats.AssetType) thresholds {
	at := thresholds{t.WarningThreshold.Value, t.AlarmThreshold.Value}
	if at.alarm <= 0 {
		at.alarm = 100
	}
	return at
}

// judge returns the level of a value against what is 100 percent.
func (at thresholds) judge(value, whole float64) wats.AssetAlarm {
	switch {
	case value*100 >= whole*at.alarm:
		return wats.AssetInAlarm
	case at.warning > 0 && value*100 >= whole*at.warning:
		return wats.AssetWarning
	}
	return wats.AssetOK
}

// assetStatus says how an asset stands to the limits of its type. A scrapped one stands to none.
//
// Assets that were never calibrated or maintained are not judged by that: it is unknown when they should be.
func assetStatus(a *wats.Asset, now time.Time) wats.AssetStatus {
	j := judgement{at: thresholdsOf(a.Type), now: now}
	s := &j.status
	s.RunningCount, s.TotalCount = a.RunningCount, a.TotalCount
	s.RunningCountLimit, s.TotalCountLimit = realLimit(a.Type.RunningCountLimit), realLimit(a.Type.TotalCountLimit)
	s.RunningCountExceeded = j.count("running count", a.RunningCount.Value, s.RunningCountLimit)
	s.TotalCountExceeded = j.count("total count", a.TotalCount.Value, s.TotalCountLimit)
	s.DaysSinceCalibration, s.CalibrationDaysOverdue = j.date("calibration", a.LastCalibration, a.NextCalibration)
	s.DaysSinceMaintenance, s.MaintenanceDaysOverdue = j.date("maintenance", a.LastMaintenance, a.NextMaintenance)
	s.Message = strings.Join(j.words, "; ")
	if a.State == wats.AssetScrapped {
		s.Alarm = wats.AssetOK
	}
	return *s
}

// realLimit returns a limit that is one.
func realLimit(limit report.Optional[int64]) report.Optional[int64] {
	if limit.Value > 0 {
		return limit
	}
	return report.Optional[int64]{}
}

// judgement collects what is to be said of an asset.
type judgement struct {
	at     thresholds
	now    time.Time
	status wats.AssetStatus
	words  []string
}

func (j *judgement) add(level wats.AssetAlarm, format string, args ...any) {
	if level > wats.AssetOK {
		j.words = append(j.words, fmt.Sprintf(format, args...))
		j.status.Alarm = max(j.status.Alarm, level)
	}
}

func (j *judgement) count(name string, n int64, limit report.Optional[int64]) (exceeded bool) {
	if !limit.Present {
		return false
	}
	j.add(j.at.judge(float64(n), float64(limit.Value)), "%s is %d of %d", name, n, limit.Value)
	return n >= limit.Value
}

// date judges by the share of the time between last and next that has gone by. It returns whole days: since last, and overdue.
func (j *judgement) date(name string, last, next wats.Time) (since, overdue report.Optional[float64]) {
	if !last.IsZero() {
		since = report.Some(wholeDays(j.now.Sub(last.Time)))
	}
	if next.IsZero() {
		return since, report.Optional[float64]{}
	}
	late := j.now.Sub(next.Time)
	overdue = report.Some(max(0, wholeDays(late)))
	var level wats.AssetAlarm
	switch {
	case !last.IsZero():
		level = j.at.judge(float64(j.now.UnixNano()-last.UnixNano()), float64(next.UnixNano()-last.UnixNano()))
	case late >= 0:
		level = wats.AssetInAlarm
	}
	if late >= 0 {
		j.add(level, "%s is due since %s", name, next.Format(time.DateOnly))
	} else {
		j.add(level, "%s is due on %s", name, next.Format(time.DateOnly))
	}
	return since, overdue
}

func wholeDays(d time.Duration) float64 { return math.Floor(d.Hours() / 24) }

// assetAlarmSQL is the level of assetStatus as an expression over asset a and asset_type t.
func assetAlarmSQL(now time.Time) string {
	const alarm, warning = `(CASE WHEN t.alarm_percent > 0 THEN t.alarm_percent ELSE 100 END)`, `t.warning_percent`
	at := func(percent string) string {
		conditions := []string{
			`t.running_limit > 0 AND a.running_count * 100.0 >= t.running_limit * ` + percent,
			`t.total_limit > 0 AND a.total_count * 100.0 >= t.total_limit * ` + percent,
			dueSQL(now, "a.last_calibration_ns", "a.next_calibration_ns", percent),
			dueSQL(now, "a.last_maintenance_ns", "a.next_maintenance_ns", percent),
		}
		return strings.Join(conditions, " OR ")
	}
	overdue := func(last, next string) string {
		return last + ` IS NULL AND ` + next + ` IS NOT NULL AND ` + next + ` <= ` + nowSQL(now)
	}
	return `(CASE WHEN a.state = 6 THEN 0 WHEN ` + at(alarm) +
		` OR ` + overdue("a.last_calibration_ns", "a.next_calibration_ns") + ` OR ` + overdue("a.last_maintenance_ns", "a.next_maintenance_ns") +
		` THEN 2 WHEN ` + warning + ` > 0 AND (` + at(warning) + `) THEN 1 ELSE 0 END)`
}

func dueSQL(now time.Time, last, next, percent string) string {
	return last + ` IS NOT NULL AND ` + next + ` IS NOT NULL AND (` + nowSQL(now) + ` - ` + last + `) * 100.0 >= (` + next + ` - ` + last + `) * ` + percent
}

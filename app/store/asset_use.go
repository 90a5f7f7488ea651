package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// usesSQL is how often a row of report_asset says the asset was used. A report that names an asset has used it once unless it says otherwise.
const usesSQL = `CASE WHEN u.usage_count IS NULL THEN 1 WHEN u.usage_count < 0 THEN 0 ELSE u.usage_count END`

// epochs say in which counts of an asset a use is: those since the counts were last set anew.
type epochs struct{ running, total int }

// replacedUses are the epochs of what older versions of a report had counted, by asset. The version that takes their place counts there, too:
// when the count was set anew in between, it is a correction of what lies before that.
type replacedUses map[report.ID]epochs

// uncount takes out of the counts what a report that is superseded has added to them.
func (w *writer) uncount(ctx context.Context, seq int64, replaced replacedUses) error {
	type use struct {
		asset report.ID
		in    epochs
		uses  int64
	}
	var uses []use
	var id []byte
	var u use
	err := w.each(ctx, `SELECT asset_id, running_epoch, total_epoch, uses FROM asset_use WHERE seq = $1`, []any{seq},
		[]any{&id, &u.in.running, &u.in.total, &u.uses}, func() {
			u.asset = toID(id)
			uses = append(uses, u)
		})
	if err != nil || len(uses) == 0 {
		return err
	}
	for _, u := range uses {
		if err := w.addTo(ctx, u.asset, u.in, -u.uses); err != nil {
			return err
		}
		if before, ok := replaced[u.asset]; !ok || before.running < u.in.running {
			replaced[u.asset] = u.in
		}
	}
	_, err = w.exec(ctx, `DELETE FROM asset_use WHERE seq = $1`, seq)
	return err
}

// addTo adds to the counts of an asset that have not been set anew since.
func (w *writer) addTo(ctx context.Context, id report.ID, in epochs, uses int64) error {
	_, err := w.exec(ctx, `UPDATE asset SET running_count = running_count + CASE WHEN running_epoch = $1 THEN $3 ELSE CAST(0 AS BIGINT) END,
		total_count = total_count + CASE WHEN total_epoch = $2 THEN $3 ELSE CAST(0 AS BIGINT) END WHERE id = $4`, in.running, in.total, uses, id[:])
	return err
}

// countUses adds what the report in row seq has used to the counts of its assets, and keeps how they stand then. Serial numbers that no
// asset has are left alone: the report names them all the same.
func (w *writer) countUses(ctx context.Context, seq int64, a *arrival, replaced replacedUses) error {
	done := make(map[string]bool, len(a.report.Assets))
	for _, used := range a.report.Assets {
		if done[used.SerialNumber] {
			continue
		}
		done[used.SerialNumber] = true
		var uses int64
		for _, other := range a.report.Assets {
			if other.SerialNumber == used.SerialNumber {
				uses += int64(max(0, other.UsageCount.Or(1)))
			}
		}
		if err := w.countUse(ctx, seq, a, used.SerialNumber, uses, replaced); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) countUse(ctx context.Context, seq int64, a *arrival, serial string, uses int64, replaced replacedUses) error {
	var column []byte
	var in epochs
	found, err := w.get(ctx, []any{&column, &in.running, &in.total}, `SELECT id, running_epoch, total_epoch FROM asset WHERE serial_number = $1`, serial)
	if err != nil || !found {
		return err
	}
	id := toID(column)
	if before, ok := replaced[id]; ok {
		in = before
	}
	if err := w.addTo(ctx, id, in, uses); err != nil {
		return err
	}
	if _, err := w.exec(ctx, `UPDATE asset SET first_seen_ns = CASE WHEN first_seen_ns > $1 THEN $1 ELSE first_seen_ns END,
		last_seen_ns = CASE WHEN last_seen_ns < $1 THEN $1 ELSE last_seen_ns END WHERE id = $2`, a.start.ns, id[:]); err != nil {
		return err
	}
	_, err = w.exec(ctx, `INSERT INTO asset_use (seq, asset_id, uses, running_epoch, total_epoch, running_count, total_count, running_exceeded, total_exceeded,
		last_calibration_ns, next_calibration_ns, last_maintenance_ns, next_maintenance_ns)
		SELECT r.seq, a.id, CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), a.running_count, a.total_count,
		CASE WHEN t.running_limit > 0 AND a.running_count >= t.running_limit THEN 1 ELSE 0 END,
		CASE WHEN t.total_limit > 0 AND a.total_count >= t.total_limit THEN 1 ELSE 0 END,
		a.last_calibration_ns, a.next_calibration_ns, a.last_maintenance_ns, a.next_maintenance_ns
		FROM asset a JOIN asset_type t ON t.id = a.type_id JOIN report r ON r.seq = $4 WHERE a.id = $5`, uses, in.running, in.total, seq, id[:])
	return err
}

// countEarlier gives a new asset what current reports have used it, where it does not say itself how often it was used.
func (w *writer) countEarlier(ctx context.Context, a *wats.Asset) error {
	_, err := w.exec(ctx, `INSERT INTO asset_use (seq, asset_id, uses, running_epoch, total_epoch)
		SELECT u.seq, a.id, CAST(sum(`+usesSQL+`) AS BIGINT), 0, 0 FROM report_asset u JOIN report r ON r.seq = u.seq JOIN asset a ON a.serial_number = u.serial_number
		WHERE u.serial_number = $1 AND r.superseded = 0 GROUP BY u.seq, a.id`, a.SerialNumber)
	if err != nil {
		return err
	}
	var uses int64
	var first, last *int64
	if _, err := w.get(ctx, []any{&uses, &first, &last}, `SELECT CAST(coalesce(sum(u.uses), 0) AS BIGINT), min(r.start_ns), max(r.start_ns)
		FROM asset_use u JOIN report r ON r.seq = u.seq WHERE u.asset_id = $1`, a.ID[:]); err != nil {
		return err
	}
	running, total := a.RunningCount.Or(uses), a.TotalCount.Or(uses)
	_, err = w.exec(ctx, `UPDATE asset SET running_count = $1, running_epoch = $2, total_count = $3, total_epoch = $4,
		first_seen_ns = CASE WHEN $5 < first_seen_ns THEN $5 ELSE first_seen_ns END, last_seen_ns = CASE WHEN $6 > last_seen_ns THEN $6 ELSE last_seen_ns END
		WHERE id = $7`, running, a.RunningCount.Present, total, a.TotalCount.Present,
		column(first, a.FirstSeen), column(last, a.LastSeen), a.ID[:])
	return err
}

// column returns a value that may be absent, or else that of a time.
func column(ns *int64, or wats.Time) int64 {
	if ns == nil {
		return or.UnixNano()
	}
	return *ns
}

// assetsOfReportsSQL are the assets of reports, each with how it stood when the report had arrived.
const assetsOfReportsSQL = `SELECT seq, serial_number, start_ns, running_count, total_count, running_exceeded, total_exceeded, last_calibration_ns,
	next_calibration_ns, last_maintenance_ns, next_maintenance_ns
	FROM (SELECT u.seq, u.position, u.serial_number, r.start_ns, x.running_count, x.total_count, x.running_exceeded, x.total_exceeded, x.last_calibration_ns,
		x.next_calibration_ns, x.last_maintenance_ns, x.next_maintenance_ns
		FROM report_asset u JOIN report r ON r.seq = u.seq LEFT JOIN asset a ON a.serial_number = u.serial_number
		LEFT JOIN asset_use x ON x.seq = u.seq AND x.asset_id = a.id) used`

// usedAsset is an asset as it stood when a report had arrived. Pointers are nil where that is not known.
type usedAsset struct {
	serial                           string
	startNS                          int64 // of the report
	running, total                   *int
	runningExceeded, totalExceeded   *int
	lastCal, nextCal, lastMt, nextMt *int64
}

func (u *usedAsset) scan(rows *sql.Rows, seq *int64) error {
	return rows.Scan(seq, &u.serial, &u.startNS, &u.running, &u.total, &u.runningExceeded, &u.totalExceeded, &u.lastCal, &u.nextCal, &u.lastMt, &u.nextMt)
}

// days returns whole days from a date to the start of the report; nil when the date is not known or lies behind it.
func (u *usedAsset) days(since *int64) *float64 {
	if since == nil || *since > u.startNS {
		return nil
	}
	days := wholeDays(time.Duration(u.startNS - *since))
	return &days
}

// overdue returns whole days from when the asset was due to the start of the report, 0 before; nil when nothing is known to be due.
func (u *usedAsset) overdue(next *int64) *float64 {
	days := u.days(next)
	if days == nil && next != nil {
		days = new(float64)
	}
	return days
}

func scanHeaderAsset(rows *sql.Rows, seq *int64, a *wats.HeaderAsset) error {
	var u usedAsset
	if err := u.scan(rows, seq); err != nil {
		return err
	}
	a.SerialNumber = u.serial
	a.RunningCount, a.TotalCount = optional(u.running), optional(u.total)
	a.DaysSinceCalibration, a.CalibrationDaysOverdue = optional(u.days(u.lastCal)), optional(u.overdue(u.nextCal))
	return nil
}

// addAssetStats tells how the assets of a report stood when it had arrived.
func (s *Store) addAssetStats(ctx context.Context, seq int64, r *report.Report) error {
	r.AssetStats = nil
	if len(r.Assets) == 0 {
		return nil
	}
	rows, err := s.reads.QueryContext(ctx, assetsOfReportsSQL+` WHERE seq = $1 ORDER BY position`, seq)
	if err != nil {
		return err
	}
	used, err := collect(rows, func(u *usedAsset) error { return u.scan(rows, new(int64)) })
	if err != nil {
		return err
	}
	for _, u := range used {
		if u.total != nil {
			r.AssetStats = append(r.AssetStats, report.AssetStats{SerialNumber: u.serial, Extra: u.members()})
		}
	}
	return nil
}

// members are the members of assetStats that package report does not know by name.
func (u *usedAsset) members() (list []report.Member) {
	add := func(name string, value any) {
		text, _ := json.Marshal(value) // a number or a boolean: cannot fail
		list = append(list, report.Member{Name: name, Value: text})
	}
	add("runningCount", *u.running)
	add("runningCountExceeded", *u.runningExceeded == 1)
	add("totalCount", *u.total)
	add("totalCountExceeded", *u.totalExceeded == 1)
	since, served := u.days(u.lastCal), u.days(u.lastMt)
	if since != nil {
		add("daysSinceCalibration", *since)
	}
	add("isDaysSinceCalibrationUnknown", since == nil)
	if late := u.overdue(u.nextCal); late != nil {
		add("calibrationDaysOverdue", *late)
	}
	if served != nil {
		add("daysSinceMaintenance", *served)
	}
	add("isDaysMaintenanceUnknown", served == nil)
	if late := u.overdue(u.nextMt); late != nil {
		add("maintenanceDaysOverdue", *late)
	}
	return list
}

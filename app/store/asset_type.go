package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/odata"
	"github.com/gowats/gowats/report"
)

// assetTypeColumns are the columns of a type over asset_type t, in the order of assetTypeTarget.fields.
const assetTypeColumns = `t.id, t.name, t.running_limit, t.total_limit, t.maintenance_days, t.calibration_days, t.warning_percent, t.alarm_percent,
	t.read_only, t.icon, t.row_version`

// assetTypeTarget takes the columns of a type.
type assetTypeTarget struct {
	of                       *wats.AssetType
	id                       []byte
	running, total           *int64
	maintenance, calibration *float64
	warning, alarm           *float64
	readOnly, rowVersion     int
}

func (t *assetTypeTarget) fields() []any {
	return []any{&t.id, &t.of.Name, &t.running, &t.total, &t.maintenance, &t.calibration, &t.warning, &t.alarm, &t.readOnly, &t.of.Icon, &t.rowVersion}
}

func (t *assetTypeTarget) finish() {
	t.of.ID, t.of.IsReadonly, t.of.RowVersion = toID(t.id), t.readOnly == 1, report.Some(t.rowVersion)
	t.of.RunningCountLimit, t.of.TotalCountLimit = optional(t.running), optional(t.total)
	t.of.MaintenanceInterval, t.of.CalibrationInterval = optional(t.maintenance), optional(t.calibration)
	t.of.WarningThreshold, t.of.AlarmThreshold = optional(t.warning), optional(t.alarm)
}

// AssetTypes yields the types that q selects, by name unless it says otherwise. A bad query is a [*QueryError]. An error is yielded once, last.
func (s *Store) AssetTypes(ctx context.Context, q ListQuery) iter.Seq2[*wats.AssetType, error] {
	statement, args, err := s.selectSQL(listing{
		columns: assetTypeColumns,
		from:    `asset_type t`,
		where:   `1=1`,
		schema: odata.Schema{
			{Name: "typeId", Type: odata.GUID, SQL: "t.id"},
			{Name: "typeName", SQL: "t.name"},
			{Name: "runningCountLimit", Type: odata.Int, SQL: "t.running_limit", Nullable: true},
			{Name: "totalCountLimit", Type: odata.Int, SQL: "t.total_limit", Nullable: true},
			{Name: "maintenanceInterval", Type: odata.Float, SQL: "t.maintenance_days", Nullable: true},
			{Name: "calibrationInterval", Type: odata.Float, SQL: "t.calibration_days", Nullable: true},
			{Name: "warningThreshold", Type: odata.Float, SQL: "t.warning_percent", Nullable: true},
			{Name: "alarmThreshold", Type: odata.Float, SQL: "t.alarm_percent", Nullable: true},
			{Name: "icon", SQL: "t.icon"},
		},
		order: "typeName",
		ties:  odata.Schema{{SQL: "t.id"}},
	}, q)
	if err != nil {
		return func(yield func(*wats.AssetType, error) bool) { yield(nil, err) }
	}
	return eachRow(ctx, s, statement, args, func(rows *sql.Rows, t *wats.AssetType) error {
		into := assetTypeTarget{of: t}
		err := rows.Scan(into.fields()...)
		into.finish()
		return err
	})
}

// AssetTypeEdit is a type as a request gives it.
type AssetTypeEdit struct {
	Type  wats.AssetType
	Apply func(*wats.AssetType) error // sets the members that the request gives, and leaves the others
}

// SaveAssetType stores a new type or changes the one of that ID or, without an ID, of that name in any case. It returns the type as stored.
//
// A total limit below the running one is raised to it, as is the threshold of alarms to that of warnings. When an interval changes, so does
// what follows from it for the assets of the type.
//
// It returns a [*report.InvalidError] for what no type may be, and [ErrConflict] when another type has the name, when the type is read-only and
// stays so, or when it was changed since it was read.
func (s *Store) SaveAssetType(ctx context.Context, e AssetTypeEdit) (*wats.AssetType, error) {
	var saved wats.AssetType
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) (err error) {
		saved, err = w.saveAssetType(ctx, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("save asset type %q: %w", e.Type.Name, err)
	}
	return &saved, nil
}

func (w *writer) saveAssetType(ctx context.Context, e AssetTypeEdit) (wats.AssetType, error) {
	old, found, err := w.editedAssetType(ctx, e.Type)
	if err != nil {
		return wats.AssetType{}, err
	}
	t := e.Type
	if found {
		t = old
		t.RowVersion = report.Optional[int]{}
		if err := e.Apply(&t); err != nil {
			return wats.AssetType{}, err
		}
		t.ID = old.ID
	}
	if err := t.Validate().Err(); err != nil {
		return wats.AssetType{}, err
	}
	raiseLimits(&t)
	if err := w.checkAssetTypeName(ctx, t); err != nil {
		return wats.AssetType{}, err
	}
	t.Extra = nil
	if !found {
		return w.insertAssetType(ctx, t)
	}
	return w.updateAssetType(ctx, old, t)
}

// editedAssetType returns the type that a request is about, if it is there.
func (w *writer) editedAssetType(ctx context.Context, t wats.AssetType) (wats.AssetType, bool, error) {
	if t.ID.IsZero() {
		return w.assetType(ctx, `t.name_key = $1`, nameKey(t.Name))
	}
	return w.assetType(ctx, `t.id = $1`, t.ID[:])
}

func (w *writer) assetType(ctx context.Context, where string, arg any) (t wats.AssetType, found bool, err error) {
	into := assetTypeTarget{of: &t}
	found, err = w.get(ctx, into.fields(), `SELECT `+assetTypeColumns+` FROM asset_type t WHERE `+where, arg)
	into.finish()
	return t, found, err
}

// raiseLimits makes the limits such that each can be reached before the one that follows it.
func raiseLimits(t *wats.AssetType) {
	if t.TotalCountLimit.Value > 0 && t.TotalCountLimit.Value < t.RunningCountLimit.Value {
		t.TotalCountLimit = t.RunningCountLimit
	}
	if t.AlarmThreshold.Value > 0 && t.AlarmThreshold.Value < t.WarningThreshold.Value {
		t.AlarmThreshold = t.WarningThreshold
	}
}

func (w *writer) checkAssetTypeName(ctx context.Context, t wats.AssetType) error {
	other, found, err := w.assetType(ctx, `t.name_key = $1`, nameKey(t.Name))
	if err == nil && found && other.ID != t.ID {
		err = conflict("the name %q is that of the asset type %s", other.Name, other.ID)
	}
	return err
}

func (w *writer) insertAssetType(ctx context.Context, t wats.AssetType) (wats.AssetType, error) {
	if t.ID.IsZero() {
		t.ID = report.NewID()
	}
	t.RowVersion = report.Some(1)
	_, err := w.exec(ctx, `INSERT INTO asset_type (id, name, name_key, running_limit, total_limit, maintenance_days, calibration_days,
		warning_percent, alarm_percent, read_only, icon, row_version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		t.ID[:], t.Name, nameKey(t.Name), present(t.RunningCountLimit), present(t.TotalCountLimit), present(t.MaintenanceInterval),
		present(t.CalibrationInterval), present(t.WarningThreshold), present(t.AlarmThreshold), t.IsReadonly, t.Icon, t.RowVersion.Value)
	return t, err
}

func (w *writer) updateAssetType(ctx context.Context, old, t wats.AssetType) (wats.AssetType, error) {
	stale, version := t.RowVersion, old.RowVersion
	t.RowVersion, old.RowVersion, old.Extra = report.Optional[int]{}, report.Optional[int]{}, nil
	switch {
	case equalTypes(old, t): // also when it was read long ago: it may be a repetition
		t.RowVersion = version
		return t, nil
	case stale.Present && stale != version:
		return t, conflict("the asset type %q was changed meanwhile: it has row version %d, not %d; read it again", old.Name, version.Value, stale.Value)
	case old.IsReadonly && t.IsReadonly:
		return t, conflict("the asset type %q is read-only: write it with isReadonly false to change it", old.Name)
	}
	t.RowVersion = report.Some(version.Value + 1)
	_, err := w.exec(ctx, `UPDATE asset_type SET name = $1, name_key = $2, running_limit = $3, total_limit = $4, maintenance_days = $5,
		calibration_days = $6, warning_percent = $7, alarm_percent = $8, read_only = $9, icon = $10, row_version = $11 WHERE id = $12`,
		t.Name, nameKey(t.Name), present(t.RunningCountLimit), present(t.TotalCountLimit), present(t.MaintenanceInterval),
		present(t.CalibrationInterval), present(t.WarningThreshold), present(t.AlarmThreshold), t.IsReadonly, t.Icon, t.RowVersion.Value, t.ID[:])
	if err == nil && old.CalibrationInterval != t.CalibrationInterval {
		err = w.rescheduleAssets(ctx, "calibration", t.ID, t.CalibrationInterval)
	}
	if err == nil && old.MaintenanceInterval != t.MaintenanceInterval {
		err = w.rescheduleAssets(ctx, "maintenance", t.ID, t.MaintenanceInterval)
	}
	return t, err
}

// equalTypes compares without Extra.
func equalTypes(a, b wats.AssetType) bool {
	return a.ID == b.ID && a.Name == b.Name && a.RunningCountLimit == b.RunningCountLimit && a.TotalCountLimit == b.TotalCountLimit &&
		a.MaintenanceInterval == b.MaintenanceInterval && a.CalibrationInterval == b.CalibrationInterval &&
		a.WarningThreshold == b.WarningThreshold && a.AlarmThreshold == b.AlarmThreshold && a.IsReadonly == b.IsReadonly && a.Icon == b.Icon
}

// rescheduleAssets sets anew when the assets of a type are due. The dates that another system keeps stay.
func (w *writer) rescheduleAssets(ctx context.Context, kind string, id report.ID, interval report.Optional[float64]) error {
	text := `UPDATE asset SET next_` + kind + `_ns = `
	args := []any{id[:]}
	switch {
	case interval.Value == wats.AssetExternal:
		return nil
	case interval.Value > 0:
		text += `last_` + kind + `_ns + $2`
		args = append(args, intervalNS(interval.Value))
	default:
		text += `NULL`
	}
	_, err := w.exec(ctx, text+` WHERE type_id = $1`, args...)
	return err
}

// intervalNS returns days in nanoseconds.
func intervalNS(days float64) int64 { return int64(days * float64(day)) }

// present returns a value as a nullable column takes it.
func present[T any](o report.Optional[T]) *T {
	if !o.Present {
		return nil
	}
	return &o.Value
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/odata"
	"github.com/gowats/gowats/report"
)

// AssetKey names one asset. The zero AssetKey names none.
type AssetKey struct {
	ID           report.ID
	SerialNumber string
	Either       string // an ID or, where it is none of an asset, a serial number; instead of the two
}

// Empty reports whether k names no asset.
func (k AssetKey) Empty() bool { return k == AssetKey{} }

func (k AssetKey) String() string {
	switch {
	case k.Either != "":
		return fmt.Sprintf("asset %q", k.Either)
	case k.ID.IsZero():
		return fmt.Sprintf("asset with the serial number %q", k.SerialNumber)
	case k.SerialNumber == "":
		return "asset " + k.ID.String()
	}
	return fmt.Sprintf("asset %s with the serial number %q", k.ID, k.SerialNumber)
}

// where returns the condition that a is the asset, and its parameters. Of several rows the first counts.
func (k AssetKey) where() (string, []any) {
	if id, err := report.ParseID(k.Either); err == nil {
		return `a.id = $1 OR a.serial_number = $2 ORDER BY CASE WHEN a.id = $1 THEN 0 ELSE 1 END LIMIT 1`, []any{id[:], k.Either}
	}
	switch {
	case k.Either != "":
		return `a.serial_number = $1`, []any{k.Either}
	case k.ID.IsZero():
		return `a.serial_number = $1`, []any{k.SerialNumber}
	case k.SerialNumber == "":
		return `a.id = $1`, []any{k.ID[:]}
	}
	return `a.id = $1 AND a.serial_number = $2`, []any{k.ID[:], k.SerialNumber}
}

const (
	assetFrom  = `asset a` + assetJoins
	assetJoins = ` JOIN asset_type t ON t.id = a.type_id LEFT JOIN asset p ON p.id = a.parent_id`
)

// assetColumns are the columns of an asset over assetFrom, in the order of assetTarget.fields.
const assetColumns = `a.id, a.serial_number, a.parent_id, coalesce(p.serial_number, ''), a.name, a.part_number, a.revision, a.client_id, a.state,
	a.description, a.location, a.tags, a.first_seen_ns, a.last_seen_ns, a.last_maintenance_ns, a.next_maintenance_ns,
	a.last_calibration_ns, a.next_calibration_ns, a.running_count, a.total_count, a.row_version, ` + assetTypeColumns

// assetTarget takes the columns of an asset.
type assetTarget struct {
	asset                                              *wats.Asset
	kind                                               assetTypeTarget
	id, parent                                         []byte
	client                                             *int
	tags                                               string
	firstSeen, lastSeen                                int64
	lastMaintenance, nextMaintenance, lastCal, nextCal *int64
	running, total                                     int64
	rowVersion                                         int
}

func newAssetTarget(a *wats.Asset) *assetTarget {
	a.Type = new(wats.AssetType)
	return &assetTarget{asset: a, kind: assetTypeTarget{of: a.Type}}
}

func (t *assetTarget) fields() []any {
	a := t.asset
	return append([]any{
		&t.id, &a.SerialNumber, &t.parent, &a.ParentSerialNumber, &a.Name, &a.PartNumber, &a.Revision, &t.client, &a.State,
		&a.Description, &a.Location, &t.tags, &t.firstSeen, &t.lastSeen, &t.lastMaintenance, &t.nextMaintenance,
		&t.lastCal, &t.nextCal, &t.running, &t.total, &t.rowVersion,
	}, t.kind.fields()...)
}

// finish fills the members that are not what the column is. Now is when the asset is looked at.
func (t *assetTarget) finish(now time.Time) (err error) {
	a := t.asset
	t.kind.finish()
	a.ID, a.TypeID, a.ParentID = toID(t.id), a.Type.ID, toID(t.parent)
	a.ClientID = optional(t.client)
	a.FirstSeen, a.LastSeen = wats.Time{Time: time.Unix(0, t.firstSeen).UTC()}, wats.Time{Time: time.Unix(0, t.lastSeen).UTC()}
	a.LastMaintenance, a.NextMaintenance = toTime(t.lastMaintenance), toTime(t.nextMaintenance)
	a.LastCalibration, a.NextCalibration = toTime(t.lastCal), toTime(t.nextCal)
	a.RunningCount, a.TotalCount = report.Some(t.running), report.Some(t.total)
	a.RowVersion = report.Some(t.rowVersion)
	a.Alarm = report.Some(assetStatus(a, now).Alarm)
	a.Tags, err = decodeSettings(t.tags)
	return err
}

// toTime returns the time of a column; the zero Time where it is NULL.
func toTime(column *int64) wats.Time {
	if column == nil {
		return wats.Time{}
	}
	return wats.Time{Time: time.Unix(0, *column).UTC()}
}

// toColumn is the opposite of toTime.
func toColumn(t wats.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ns := t.UnixNano()
	return &ns
}

// scanAsset is the scan of eachRow for assetColumns.
func (s *Store) scanAsset(rows *sql.Rows, a *wats.Asset) error {
	into := newAssetTarget(a)
	if err := rows.Scan(into.fields()...); err != nil {
		return err
	}
	return into.finish(s.now())
}

const (
	maxAssetChildren = 1000 // shown with an asset
	maxAssetLog      = 25   // entries shown with an asset
)

// Asset returns an asset with its type, those directly below it by serial number (at most 1,000) and the newest 25 entries of its log.
// [ErrNotFound] when there is none.
func (s *Store) Asset(ctx context.Context, key AssetKey) (*wats.Asset, error) {
	a, err := s.bareAsset(ctx, key)
	if err != nil {
		return nil, err
	}
	rows, err := s.reads.queryConstant(ctx, `SELECT `+assetColumns+` FROM `+assetFrom+` WHERE a.parent_id = $1 ORDER BY a.serial_number LIMIT $2`,
		a.ID[:], maxAssetChildren)
	if err != nil {
		return nil, fmt.Errorf("list the assets below %s: %w", key, err)
	}
	if a.Children, err = collect(rows, func(child *wats.Asset) error { return s.scanAsset(rows, child) }); err != nil {
		return nil, fmt.Errorf("list the assets below %s: %w", key, err)
	}
	rows, err = s.reads.queryConstant(ctx, `SELECT `+assetLogColumns+` FROM `+assetLogFrom+` WHERE l.asset_id = $1 ORDER BY l.at_ns DESC, l.id DESC LIMIT $2`,
		a.ID[:], maxAssetLog)
	if err != nil {
		return nil, fmt.Errorf("read the log of %s: %w", key, err)
	}
	if a.Log, err = collect(rows, func(e *wats.AssetLogEntry) error { return scanAssetLog(rows, e) }); err != nil {
		return nil, fmt.Errorf("read the log of %s: %w", key, err)
	}
	return a, nil
}

// bareAsset returns an asset with its type only.
func (s *Store) bareAsset(ctx context.Context, key AssetKey) (*wats.Asset, error) {
	where, args := key.where()
	a := new(wats.Asset)
	into := newAssetTarget(a)
	err := s.reads.scanConstant(ctx, into.fields(), `SELECT `+assetColumns+` FROM `+assetFrom+` WHERE `+where, args...) // five texts
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, missing("there is no %s", key)
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return a, into.finish(s.now())
}

// asset returns an asset with its type only, as it stands in the transaction.
func (w *writer) asset(ctx context.Context, key AssetKey, now time.Time) (*wats.Asset, error) {
	where, args := key.where()
	a := new(wats.Asset)
	into := newAssetTarget(a)
	found, err := w.get(ctx, into.fields(), `SELECT `+assetColumns+` FROM `+assetFrom+` WHERE `+where, args...)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, missing("there is no %s", key)
	}
	return a, into.finish(now)
}

// Assets yields the assets that q selects, by serial number unless it says otherwise, in flat memory, without logs and sub-assets.
// A bad query is a [*QueryError]. An error is yielded once, last.
func (s *Store) Assets(ctx context.Context, q ListQuery) iter.Seq2[*wats.Asset, error] {
	statement, args, err := s.selectSQL(s.assetListing(), q)
	if err != nil {
		return func(yield func(*wats.Asset, error) bool) { yield(nil, err) }
	}
	return eachRow(ctx, s, statement, args, s.scanAsset)
}

// CountAssets returns how many assets a filter selects.
func (s *Store) CountAssets(ctx context.Context, filter string) (int, error) {
	n, err := s.count(ctx, s.assetListing(), filter)
	if err != nil {
		return 0, fmt.Errorf("count assets: %w", err)
	}
	return n, nil
}

func (s *Store) assetListing() listing {
	return listing{
		columns: assetColumns,
		from:    assetFrom,
		where:   `1=1`,
		schema:  assetListSchema(s.now()),
		order:   "serialNumber",
		ties:    odata.Schema{{SQL: "a.serial_number"}},
	}
}

// assetListSchema are the members of an asset that $filter and $orderby may name.
func assetListSchema(now time.Time) odata.Schema {
	return odata.Schema{
		{Name: "assetId", Type: odata.GUID, SQL: "a.id"},
		{Name: "serialNumber", SQL: "a.serial_number"},
		{Name: "typeId", Type: odata.GUID, SQL: "a.type_id"},
		{Name: "typeName", SQL: "t.name"},
		{Name: "parentAssetId", Type: odata.GUID, SQL: "a.parent_id", Nullable: true},
		{Name: "parentSerialNumber", SQL: "coalesce(p.serial_number, '')"},
		{Name: "assetName", SQL: "a.name"},
		{Name: "partNumber", SQL: "a.part_number"},
		{Name: "revision", SQL: "a.revision"},
		{Name: "ClientId", Type: odata.Int, SQL: "a.client_id", Nullable: true},
		{Name: "state", Type: odata.Int, SQL: "a.state"},
		{Name: "description", SQL: "a.description"},
		{Name: "location", SQL: "a.location"},
		{Name: "firstSeenDate", Type: odata.Time, SQL: "a.first_seen_ns"},
		{Name: "lastSeenDate", Type: odata.Time, SQL: "a.last_seen_ns"},
		{Name: "lastMaintenanceDate", Type: odata.Time, SQL: "a.last_maintenance_ns", Nullable: true},
		{Name: "nextMaintenanceDate", Type: odata.Time, SQL: "a.next_maintenance_ns", Nullable: true},
		{Name: "lastCalibrationDate", Type: odata.Time, SQL: "a.last_calibration_ns", Nullable: true},
		{Name: "nextCalibrationDate", Type: odata.Time, SQL: "a.next_calibration_ns", Nullable: true},
		{Name: "totalCount", Type: odata.Int, SQL: "a.total_count"},
		{Name: "runningCount", Type: odata.Int, SQL: "a.running_count"},
		{Name: "alarmState", Type: odata.Int, SQL: assetAlarmSQL(now)},
		{Name: "tags", Type: odata.List, SQL: "a.id", Select: "SELECT asset_id FROM asset_tag",
			Of: odata.Schema{{Name: "key", SQL: "key"}, {Name: "value", SQL: "value"}}},
	}
}

// maxAssetDepth is how many assets may hang below each other.
const maxAssetDepth = 32

// belowSQL are the assets below $1 and how many levels, down to level $2. What is asked of them is joined by CROSS JOIN, which SQLite takes
// in the order given: it knows nothing of the size of below, and would read all assets to look them up in there.
const belowSQL = `WITH RECURSIVE below(id, level) AS (
	SELECT id, 1 FROM asset WHERE parent_id = $1
	UNION ALL SELECT c.id, b.level + 1 FROM below b JOIN asset c ON c.parent_id = b.id WHERE b.level < $2)`

const subAssetsSQL = belowSQL + ` SELECT ` + assetColumns + ` FROM below b CROSS JOIN asset a` + assetJoins + ` WHERE a.id = b.id ORDER BY b.level, a.serial_number`

// SubAssets yields the assets below another one, each after the one it hangs below, down to a level; 0: all. An error is yielded once, last.
func (s *Store) SubAssets(ctx context.Context, key AssetKey, level int) iter.Seq2[*wats.Asset, error] {
	a, err := s.bareAsset(ctx, key)
	if err != nil {
		return func(yield func(*wats.Asset, error) bool) { yield(nil, err) }
	}
	if level == 0 || level > maxAssetDepth {
		level = maxAssetDepth
	}
	return eachRow(ctx, s, subAssetsSQL, []any{a.ID[:], level}, s.scanAsset)
}

// AssetStatus returns how an asset stands to its limits, and the worst of all below it. [ErrNotFound] when there is none.
func (s *Store) AssetStatus(ctx context.Context, key AssetKey) (*wats.AssetStatus, error) {
	a, err := s.bareAsset(ctx, key)
	if err != nil {
		return nil, err
	}
	now := s.now()
	status := assetStatus(a, now)
	status.Bubbled = status.Alarm
	var children int
	if err := s.reads.scanConstant(ctx, []any{&children}, `SELECT count(*) FROM asset WHERE parent_id = $1`, a.ID[:]); err != nil {
		return nil, fmt.Errorf("look below %s: %w", key, err)
	}
	if children == 0 {
		return &status, nil
	}
	worst := int(status.Alarm)
	err = s.reads.QueryRowContext(ctx, belowAlarmSQL(now), a.ID[:], maxAssetDepth, worst).Scan(&worst)
	if err != nil {
		return nil, fmt.Errorf("judge what is below %s: %w", key, err)
	}
	status.Bubbled = max(status.Alarm, wats.AssetAlarm(worst))
	return &status, nil
}

// belowAlarmSQL is the worst alarm below $1, down to level $2; $3 when nothing is there.
func belowAlarmSQL(now time.Time) string {
	return belowSQL + ` SELECT coalesce(max(` + assetAlarmSQL(now) + `), $3) FROM below b CROSS JOIN asset a JOIN asset_type t ON t.id = a.type_id WHERE a.id = b.id`
}

// nowSQL is a time as SQL has it: digits only.
func nowSQL(now time.Time) string { return strconv.FormatInt(now.UnixNano(), 10) }

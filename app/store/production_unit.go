package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/odata"
	"github.com/gowats/gowats/report"
)

// Unit returns a unit with those built into it, one level deep. [ErrNotFound] when there is none.
func (s *Store) Unit(ctx context.Context, key wats.UnitKey) (*wats.Unit, error) {
	return s.unit(ctx, `u.serial_number = $1 AND u.part_number = $2`, key.SerialNumber, key.PartNumber)
}

// UnitBySerial returns the unit of a serial number that was made last, whatever its part number is.
func (s *Store) UnitBySerial(ctx context.Context, serialNumber string) (*wats.Unit, error) {
	return s.unit(ctx, `u.serial_number = $1`, serialNumber)
}

func (s *Store) unit(ctx context.Context, where string, key ...any) (*wats.Unit, error) {
	var t unitTarget
	err := s.reads.QueryRowContext(ctx, `SELECT `+unitColumns+` FROM `+unitTables+` WHERE `+where+` ORDER BY u.id DESC LIMIT 1`, key...).Scan(t.fields()...)
	if errors.Is(err, ErrNotFound) {
		return nil, missing("there is no unit %s", describeKey(key))
	}
	if err == nil {
		err = t.finish()
	}
	if err == nil {
		t.unit.SubUnits, err = s.subUnits(ctx, t.id)
	}
	if err != nil {
		return nil, fmt.Errorf("read unit %s: %w", describeKey(key), err)
	}
	return &t.unit, nil
}

// describeKey names a unit by its serial number and, if given, its part number.
func describeKey(key []any) string {
	text := fmt.Sprint(key[0])
	if len(key) > 1 {
		text += fmt.Sprintf(" of %s", key[1])
	}
	return text
}

// subUnits returns the units built directly into another, by row.
func (s *Store) subUnits(ctx context.Context, parent int64) ([]wats.Unit, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT `+unitColumns+` FROM `+unitTables+` WHERE u.parent = $1 ORDER BY u.id`, parent)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(u *wats.Unit) error { return scanUnit(rows, u) })
}

// Units yields units without what is built into them, the latest known first unless q says otherwise. A bad query is a [*QueryError].
func (s *Store) Units(ctx context.Context, q ListQuery) iter.Seq2[*wats.Unit, error] {
	statement, args, err := s.selectSQL(unitListing(), q)
	if err != nil {
		return func(yield func(*wats.Unit, error) bool) { yield(nil, err) }
	}
	return eachRow(ctx, s, statement, args, scanUnit)
}

func unitListing() listing {
	return listing{
		columns: unitColumns, from: unitTables, where: `1 = 1`, schema: unitSchema(), order: "created desc", ties: odata.Schema{{SQL: "u.id"}},
	}
}

// unitSchema are the members of a unit that $filter and $orderby may name.
func unitSchema() odata.Schema {
	return odata.Schema{
		{Name: "serialNumber", SQL: "u.serial_number"},
		{Name: "partNumber", SQL: "u.part_number"},
		{Name: "revision", SQL: "u.revision"},
		{Name: "parentSerialNumber", SQL: "COALESCE(p.serial_number, '')"},
		{Name: "batchNumber", SQL: "u.batch_number"},
		{Name: "orderNumber", SQL: "COALESCE(o.order_number, '')"},
		{Name: "currentLocation", SQL: "u.location"},
		{Name: "unitPhaseId", Type: odata.Int, SQL: "u.phase"},
		{Name: "unitPhase", SQL: "f.name"},
		{Name: "processCode", Type: odata.Int, SQL: "u.process_code", Nullable: true},
		{Name: "processUtc", Type: odata.Time, SQL: "u.process_ns"},
		{Name: "serialDate", Type: odata.Time, SQL: "u.serial_ns", Nullable: true},
		{Name: "firstSeenUtc", Type: odata.Time, SQL: "u.first_seen_ns", Nullable: true},
		{Name: "created", Type: odata.Int, SQL: "u.id"}, // rows are made in this order
		{Name: "createdUtc", Type: odata.Time, SQL: "u.created_ns"},
	}
}

const unitTables = `unit u JOIN unit_phase f ON f.phase = u.phase LEFT JOIN unit p ON p.id = u.parent
	LEFT JOIN production_batch b ON b.batch_number = u.batch_number LEFT JOIN production_order o ON o.id = COALESCE(u.production_order, b.production_order)`

// unitColumns are the columns of a unit, in the order of unitTarget.fields.
const unitColumns = `u.id, u.serial_number, u.part_number, u.revision, u.batch_number, u.location, u.xml_data, u.phase, f.name, u.process_code,
	u.serial_ns, u.tags, u.row_version, COALESCE(p.serial_number, ''), COALESCE(o.order_number, '')`

// unitTarget takes the columns of a unit.
type unitTarget struct {
	id       int64
	unit     wats.Unit
	process  *int
	serialNS *int64
	tags     string
	version  int
}

func (t *unitTarget) fields() []any {
	u := &t.unit
	return []any{
		&t.id, &u.SerialNumber, &u.PartNumber, &u.Revision, &u.BatchNumber, &u.CurrentLocation, &u.XMLData, &u.PhaseID, &u.Phase, &t.process,
		&t.serialNS, &t.tags, &t.version, &u.ParentSerialNumber, &u.OrderNumber,
	}
}

// finish fills the members of the unit that are not what the column is.
func (t *unitTarget) finish() (err error) {
	t.unit.ProcessCode, t.unit.SerialDate = optional(t.process), wireTime(t.serialNS)
	t.unit.RowVersion = report.Some(t.version)
	t.unit.Tags, err = decodeSettings(t.tags)
	return err
}

func scanUnit(rows *sql.Rows, u *wats.Unit) error {
	var t unitTarget
	if err := rows.Scan(t.fields()...); err != nil {
		return err
	}
	err := t.finish()
	*u = t.unit
	return err
}

// wireTime returns a time of the database, the zero Time for NULL.
func wireTime(ns *int64) wats.Time {
	if ns == nil {
		return wats.Time{}
	}
	return wats.Time{Time: time.Unix(0, *ns).UTC()}
}

// CanKeep reports whether a time is one that the database can hold, in nanoseconds since 1970.
func CanKeep(t time.Time) bool {
	year := t.UTC().Year()
	return firstYear <= year && year < lastYear
}

// nanoseconds returns a time as the database has it, nil for the zero Time.
func nanoseconds(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ns := t.UnixNano()
	return &ns
}

// UnitInfo returns what is known of a unit. [ErrNotFound] when there is none.
func (s *Store) UnitInfo(ctx context.Context, key wats.UnitKey) (*wats.UnitInfo, error) {
	var i wats.UnitInfo
	var process *int
	var version int
	var processNS, serialNS, firstNS, createdNS *int64
	err := s.reads.QueryRowContext(ctx, `SELECT u.serial_number, u.part_number, u.revision, u.batch_number, COALESCE(o.order_number, ''), u.location,
		u.phase, f.name, u.process_code, COALESCE(c.name, ''), u.process_ns, COALESCE(p.serial_number, ''), COALESCE(p.part_number, ''),
		(SELECT count(*) FROM unit x WHERE x.parent = u.id), u.serial_ns, u.first_seen_ns, u.created_ns, u.row_version
		FROM `+unitTables+` LEFT JOIN process c ON c.code = u.process_code WHERE u.serial_number = $1 AND u.part_number = $2`,
		key.SerialNumber, key.PartNumber).Scan(&i.SerialNumber, &i.PartNumber, &i.Revision, &i.BatchNumber, &i.OrderNumber, &i.CurrentLocation,
		&i.PhaseID, &i.Phase, &process, &i.ProcessName, &processNS, &i.ParentSerialNumber, &i.ParentPartNumber,
		&i.SubUnitCount, &serialNS, &firstNS, &createdNS, &version)
	if err != nil {
		return nil, noUnit(key, err)
	}
	i.ProcessCode, i.RowVersion = optional(process), report.Some(version)
	i.SerialDate, i.FirstSeen, i.Created = wireTime(serialNS), wireTime(firstNS), wireTime(createdNS)
	if process != nil {
		i.ProcessSince = wireTime(processNS)
	}
	return &i, nil
}

// UnitPhases returns the phases, in the order of their numbers.
func (s *Store) UnitPhases(ctx context.Context) ([]wats.UnitPhase, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT phase, code, name, description FROM unit_phase ORDER BY phase`)
	if err != nil {
		return nil, fmt.Errorf("list unit phases: %w", err)
	}
	return collect(rows, func(p *wats.UnitPhase) error { return rows.Scan(&p.ID, &p.Code, &p.Name, &p.Description) })
}

// UnitPhase returns the phase that a unit is in. [ErrNotFound] when there is no such unit.
func (s *Store) UnitPhase(ctx context.Context, key wats.UnitKey) (*wats.UnitPhase, error) {
	var p wats.UnitPhase
	err := s.reads.QueryRowContext(ctx, `SELECT f.phase, f.code, f.name, f.description FROM unit u JOIN unit_phase f ON f.phase = u.phase
		WHERE u.serial_number = $1 AND u.part_number = $2`, key.SerialNumber, key.PartNumber).Scan(&p.ID, &p.Code, &p.Name, &p.Description)
	return &p, noUnit(key, err)
}

// storedUnit is a unit as the rules of writing need it.
type storedUnit struct {
	unitTarget
	parent *int64
	order  *int64
}

// findUnit returns a unit as the writer sees it, nil when there is none.
func (w *writer) findUnit(ctx context.Context, key wats.UnitKey) (*storedUnit, error) {
	u := new(storedUnit)
	found, err := w.get(ctx, append(u.fields(), &u.parent, &u.order),
		`SELECT `+unitColumns+`, u.parent, u.production_order FROM `+unitTables+` WHERE u.serial_number = $1 AND u.part_number = $2`,
		key.SerialNumber, key.PartNumber)
	if err != nil || !found {
		return nil, err
	}
	return u, u.finish()
}

// knownUnit is findUnit for a unit that must be there.
func (w *writer) knownUnit(ctx context.Context, key wats.UnitKey) (*storedUnit, error) {
	u, err := w.findUnit(ctx, key)
	if err == nil && u == nil {
		err = missing("there is no %s", key)
	}
	return u, err
}

// phaseNamed returns the phase of a number, a name or a code, these in any case.
func (w *writer) phaseNamed(ctx context.Context, text string) (phase wats.UnitPhaseID, found bool, err error) {
	found, err = w.get(ctx, []any{&phase},
		`SELECT phase FROM unit_phase WHERE lower(name) = $1 OR lower(code) = $1 OR CAST(phase AS TEXT) = $1`, strings.ToLower(strings.TrimSpace(text)))
	return phase, found, err
}

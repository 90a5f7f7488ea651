package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/odata"
	"github.com/gowats/gowats/report"
)

// insertFailures lists the failures that the repair in row seq names.
func (w *writer) insertFailures(ctx context.Context, seq int64, r *report.Report) error {
	if !r.IsRepair() {
		return nil
	}
	position := 0
	for _, u := range r.SubUnits {
		for _, f := range u.Failures {
			category, code, err := w.spelling(ctx, r.Process.Code.Value, f.Category, f.Code)
			if err != nil {
				return fmt.Errorf("look up fail code: %w", err)
			}
			if _, err := w.exec(ctx, `INSERT INTO report_failure (seq, position, part_number, category, code, component_ref, function_block, step_id, comment)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, seq, position, u.PartNumber, category, code, f.ComponentRef, f.FunctionBlock,
				pointer(f.StepID), f.Comment); err != nil {
				return fmt.Errorf("insert failure: %w", err)
			}
			position++
		}
	}
	return nil
}

// spelling returns category and code as the catalogue of a repair operation spells them; as they are when it has no such code.
func (w *writer) spelling(ctx context.Context, operation int, category, code string) (string, string, error) {
	_, err := w.get(ctx, []any{&category, &code}, `SELECT category, code FROM fail_code WHERE process_code = $1 AND lower(category) = $2 AND lower(code) = $3
		ORDER BY category, code LIMIT 1`, operation, nameKey(category), nameKey(code))
	return category, code, err
}

// confirmedSQL says that failure f of repair r is what was registered as defect d. The empty texts keep SQLite from looking all failures of a
// code through: a repair has few.
const confirmedSQL = `r.referenced_uut = d.report_id AND r.superseded = 0 AND f.category || '' = d.category AND f.code || '' = d.code
	AND (d.component_ref = '' OR d.component_ref = f.component_ref)`

// defectsSQL are all defects: those that somebody has registered, unless a repair has found the same, and the failures of current repairs.
const defectsSQL = `(SELECT d.id, 'registered' AS source, d.report_id, NULL AS repair_id, NULL AS position, d.serial_number, d.part_number, d.revision,
		d.station_name, '' AS repair_station, d.test_process, d.repair_process, d.category, d.code, d.component_ref, '' AS function_block, d.description,
		d.failure_mode, d.at_ns, d.account
	FROM defect d WHERE NOT EXISTS (SELECT 1 FROM report r JOIN report_failure f ON f.seq = r.seq WHERE ` + confirmedSQL + `)
	UNION ALL SELECT (SELECT d.id FROM defect d WHERE ` + confirmedSQL + ` ORDER BY d.at_ns, d.id LIMIT 1), 'repair', r.referenced_uut, r.id, f.position,
		r.serial_number, r.part_number, r.revision, coalesce(t.station_name, ''), r.station_name, r.test_process_code, r.process_code, f.category, f.code,
		f.component_ref, f.function_block, f.comment, '', r.start_ns, r.operator
	FROM report_failure f JOIN report r ON r.seq = f.seq LEFT JOIN report t ON t.id = r.referenced_uut AND t.superseded = 0
	WHERE r.superseded = 0) d`

const defectColumns = `d.id, d.source, d.report_id, d.repair_id, d.position, d.serial_number, d.part_number, d.revision, d.station_name, d.repair_station,
	d.test_process, d.repair_process, d.category, d.code, d.component_ref, d.function_block, d.description, d.failure_mode, d.at_ns, d.account`

func scanDefect(rows *sql.Rows, d *wats.Defect) error {
	var id, test, repair []byte
	var position, process *int
	var at int64
	err := rows.Scan(&id, &d.Source, &test, &repair, &position, &d.SerialNumber, &d.PartNumber, &d.Revision, &d.StationName, &d.RepairStationName,
		&process, &d.RepairProcessCode, &d.Category, &d.Code, &d.ComponentRef, &d.FunctionBlock, &d.Description, &d.FailureMode, &at, &d.User)
	d.ID, d.ReportID, d.RepairID = toID(id), toID(test), toID(repair)
	d.FailureIndex, d.ProcessCode = optional(position), optional(process)
	d.Date = wats.Time{Time: time.Unix(0, at).UTC()}
	return err
}

func defectListing() listing {
	return listing{
		columns: defectColumns,
		from:    defectsSQL,
		where:   `1=1`,
		schema: odata.Schema{
			{Name: "defectId", Type: odata.GUID, SQL: "d.id", Nullable: true},
			{Name: "source", SQL: "d.source"},
			{Name: "reportId", Type: odata.GUID, SQL: "d.report_id", Nullable: true},
			{Name: "repairId", Type: odata.GUID, SQL: "d.repair_id", Nullable: true},
			{Name: "failureIndex", Type: odata.Int, SQL: "d.position", Nullable: true},
			{Name: "serialNumber", SQL: "d.serial_number"},
			{Name: "partNumber", SQL: "d.part_number"},
			{Name: "revision", SQL: "d.revision"},
			{Name: "stationName", SQL: "d.station_name"},
			{Name: "repairStationName", SQL: "d.repair_station"},
			{Name: "processCode", Type: odata.Int, SQL: "d.test_process", Nullable: true},
			{Name: "repairProcessCode", Type: odata.Int, SQL: "d.repair_process"},
			{Name: "category", SQL: "d.category"},
			{Name: "code", SQL: "d.code"},
			{Name: "componentRef", SQL: "d.component_ref"},
			{Name: "functionBlock", SQL: "d.function_block"},
			{Name: "description", SQL: "d.description"},
			{Name: "failureMode", SQL: "d.failure_mode"},
			{Name: "date", Type: odata.Time, SQL: "d.at_ns"},
			{Name: "user", SQL: "d.account"},
		},
		order: "date desc",
		ties: odata.Schema{{SQL: "d.at_ns"}, {SQL: "d.repair_id", Type: odata.GUID, Nullable: true}, {SQL: "d.position", Nullable: true},
			{SQL: "d.id", Type: odata.GUID, Nullable: true}},
	}
}

// Defects yields the defects that q selects, newest first unless it says otherwise. A bad query is a [*QueryError]. An error is yielded once, last.
func (s *Store) Defects(ctx context.Context, q ListQuery) iter.Seq2[*wats.Defect, error] {
	statement, args, err := s.selectSQL(defectListing(), q)
	if err != nil {
		return func(yield func(*wats.Defect, error) bool) { yield(nil, err) }
	}
	return eachRow(ctx, s, statement, args, scanDefect)
}

// defaultRepair is the repair operation whose catalogue counts when none is named.
const defaultRepair = 500

// RegisterDefect stores a defect of a test, and returns it with what the report says of the unit. The same ID with the same content is stored once.
//
// It returns a [*report.InvalidError] for what no defect may be, a report or a fail code that is not there included, and [ErrConflict] when the ID
// is that of another defect.
func (s *Store) RegisterDefect(ctx context.Context, d wats.Defect, user string) (*wats.Defect, error) {
	if d.ID.IsZero() {
		d.ID = report.NewID()
	}
	if d.RepairProcessCode == 0 {
		d.RepairProcessCode = defaultRepair
	}
	d.User, d.Source, d.Date = user, wats.DefectRegistered, wats.Time{Time: s.now().UTC()}
	d.RepairID, d.FailureIndex, d.RepairStationName, d.FunctionBlock = report.ID{}, report.Optional[int]{}, "", ""
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error { return w.registerDefect(ctx, &d) })
	if err != nil {
		return nil, fmt.Errorf("register defect of report %s: %w", d.ReportID, err)
	}
	return &d, nil
}

func (w *writer) registerDefect(ctx context.Context, d *wats.Defect) error {
	found := d.Validate()
	if err := w.checkDefectReport(ctx, d, &found); err != nil {
		return err
	}
	if err := w.checkDefectCode(ctx, d, &found); err != nil {
		return err
	}
	if err := found.Err(); err != nil {
		return err
	}
	var test []byte
	var was wats.Defect
	known, err := w.get(ctx, []any{&test, &was.Category, &was.Code, &was.ComponentRef, &was.Description, &was.FailureMode, &was.RepairProcessCode},
		`SELECT report_id, category, code, component_ref, description, failure_mode, repair_process FROM defect WHERE id = $1`, d.ID[:])
	was.ReportID = toID(test)
	given := wats.Defect{ReportID: d.ReportID, Category: d.Category, Code: d.Code, ComponentRef: d.ComponentRef, Description: d.Description,
		FailureMode: d.FailureMode, RepairProcessCode: d.RepairProcessCode}
	switch {
	case err != nil:
		return err
	case known && was == given:
		return nil
	case known:
		return conflict("there is another defect %s already", d.ID)
	}
	_, err = w.exec(ctx, `INSERT INTO defect (id, report_id, serial_number, part_number, revision, station_name, test_process, repair_process, category, code,
		component_ref, description, failure_mode, at_ns, account) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		d.ID[:], d.ReportID[:], d.SerialNumber, d.PartNumber, d.Revision, d.StationName, d.ProcessCode.Value, d.RepairProcessCode, d.Category, d.Code,
		d.ComponentRef, d.Description, d.FailureMode, d.Date.UnixNano(), d.User)
	return err
}

// checkDefectReport fills what the test says of the unit.
func (w *writer) checkDefectReport(ctx context.Context, d *wats.Defect, found *report.Findings) error {
	var kind string
	var process int
	known, err := w.get(ctx, []any{&kind, &d.SerialNumber, &d.PartNumber, &d.Revision, &d.StationName, &process},
		`SELECT report_type, serial_number, part_number, revision, station_name, process_code FROM report WHERE id = $1 ORDER BY seq DESC LIMIT 1`, d.ReportID[:])
	switch {
	case err != nil:
		return err
	case d.ReportID.IsZero():
	case !known:
		add(found, "$.reportId", "reference", "there is no report %s", d.ReportID)
	case kind != testLetter:
		add(found, "$.reportId", "reference", "report %s is a repair: its failures are defects already", d.ReportID)
	}
	d.ProcessCode = report.Some(process)
	return nil
}

// checkDefectCode completes category and code by the catalogue of the repair operation.
func (w *writer) checkDefectCode(ctx context.Context, d *wats.Defect, found *report.Findings) error {
	c, err := w.load(ctx)
	if err != nil {
		return err
	}
	if op, known := c.operations[d.RepairProcessCode]; !known || op.kind != repairKind {
		add(found, "$.repairProcessCode", "enum", "%d is no repair operation", d.RepairProcessCode)
		return nil
	}
	if strings.TrimSpace(d.Code) == "" {
		return nil // has been said
	}
	var category, code string
	var categories, codes []string
	err = w.each(ctx, `SELECT category, code FROM fail_code WHERE process_code = $1 AND lower(code) = $2 AND selectable = 1 ORDER BY category, code`,
		[]any{d.RepairProcessCode, nameKey(d.Code)}, []any{&category, &code}, func() {
			if d.Category == "" || nameKey(d.Category) == nameKey(category) {
				categories, codes = append(categories, category), append(codes, code)
			}
		})
	switch {
	case err != nil:
		return err
	case len(codes) == 0 && d.Category == "":
		add(found, "$.code", "enum", "Code must be a valid value: repair operation %d has no code %q", d.RepairProcessCode, d.Code)
	case len(codes) == 0:
		add(found, "$.code", "enum", "Code must be a valid value: category %q of repair operation %d has no code %q", d.Category, d.RepairProcessCode, d.Code)
	case len(codes) > 1:
		add(found, "$.category", "required", "category is required: code %q stands in %s", d.Code, strings.Join(categories, ", "))
	default:
		d.Category, d.Code = categories[0], codes[0]
	}
	return nil
}

// WithdrawDefect removes a registered defect. [ErrNotFound] when there is none.
func (s *Store) WithdrawDefect(ctx context.Context, id report.ID) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		n, err := w.exec(ctx, `DELETE FROM defect WHERE id = $1`, id[:])
		if err == nil && n == 0 {
			err = missing("there is no registered defect %s", id)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("withdraw defect: %w", err)
	}
	return nil
}

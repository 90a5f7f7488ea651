package store

import (
	"context"
	"fmt"
)

// seeUnit makes the unit that a report is about, or moves it on to the operation of the report if none is later. The unit keeps the batch that
// it has, and takes the revision of its latest report.
func (w *writer) seeUnit(ctx context.Context, a *arrival) error {
	r := a.report
	batch := ""
	if r.Test != nil {
		batch = r.Test.BatchSerialNumber
	}
	_, err := w.exec(ctx, seeUnitSQL, r.SerialNumber, r.PartNumber, r.Revision, batch, r.Process.Code.Value, a.start.ns, a.received.UnixNano())
	if err != nil {
		return fmt.Errorf("note unit %s of %s: %w", r.SerialNumber, r.PartNumber, err)
	}
	return nil
}

const seeUnitSQL = `INSERT INTO unit (serial_number, part_number, revision, batch_number, process_code, process_ns, first_seen_ns, created_ns)
	VALUES ($1, $2, $3, $4, $5, $6, $6, $7)
	ON CONFLICT (serial_number, part_number) DO UPDATE SET
		revision = CASE WHEN excluded.process_ns >= unit.process_ns AND excluded.revision <> '' OR unit.revision = '' THEN excluded.revision ELSE unit.revision END,
		batch_number = CASE WHEN unit.batch_number = '' THEN excluded.batch_number ELSE unit.batch_number END,
		process_code = CASE WHEN excluded.process_ns >= unit.process_ns THEN excluded.process_code ELSE unit.process_code END,
		process_ns = CASE WHEN excluded.process_ns >= unit.process_ns THEN excluded.process_ns ELSE unit.process_ns END,
		first_seen_ns = CASE WHEN excluded.first_seen_ns < COALESCE(unit.first_seen_ns, excluded.first_seen_ns + 1) THEN excluded.first_seen_ns ELSE unit.first_seen_ns END,
		row_version = unit.row_version + 1`

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/odata"
	"github.com/gowats/gowats/report"
)

// unitChange is what one operation changed in a unit; zero and absent is what it did not.
type unitChange struct {
	phase    wats.UnitPhaseID
	process  report.Optional[int]
	leaves   bool // it is in no operation any more
	revision report.Optional[string]
	location string
	parent   report.Optional[wats.UnitKey] // the zero key: taken out
}

// addUnitChange keeps a change in the unit's history. One of phase, revision or parent also waits to be acknowledged.
func (w *writer) addUnitChange(ctx context.Context, unit int64, c unitChange, by Author, at time.Time) error {
	var phase *int
	if c.phase != 0 {
		number := int(c.phase)
		phase = &number
	}
	var parent, parentPart *string
	if c.parent.Present {
		parent, parentPart = &c.parent.Value.SerialNumber, &c.parent.Value.PartNumber
	}
	pending := c.phase != 0 || c.revision.Present || c.parent.Present
	_, err := w.exec(ctx, `INSERT INTO unit_change (unit, at_ns, phase, process_code, left_process, revision, location, parent, parent_part,
		comment, account, pending) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		unit, at.UnixNano(), phase, pointer(c.process), bit(c.leaves), pointerTo(c.revision), optionalText(c.location), parent, parentPart,
		by.Comment, by.User, bit(pending))
	if err != nil {
		return fmt.Errorf("keep the history: %w", err)
	}
	return nil
}

// bit returns a claim as columns have it.
func bit(claim bool) int {
	if claim {
		return 1
	}
	return 0
}

func pointerTo[T any](o report.Optional[T]) *T {
	if !o.Present {
		return nil
	}
	return &o.Value
}

// optionalText returns nil for "".
func optionalText(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// UnitChangeQuery selects changes that nobody has acknowledged.
type UnitChangeQuery struct {
	SerialNumber, PartNumber string // "": any
	Top, Skip                int
}

// UnitChanges yields what was changed in units and is not acknowledged, in the order in which it happened.
func (s *Store) UnitChanges(ctx context.Context, q UnitChangeQuery) iter.Seq2[*wats.UnitChange, error] {
	l := listing{
		columns: `c.id, u.serial_number, u.part_number, c.parent, c.revision, c.phase`,
		from:    `unit_change c JOIN unit u ON u.id = c.unit`,
		where:   `c.pending = 1`,
		schema:  odata.Schema{{Name: "id", Type: odata.Int, SQL: "c.id"}},
		order:   "id",
	}
	if q.SerialNumber != "" {
		l.args = append(l.args, q.SerialNumber)
		l.where += fmt.Sprintf(` AND u.serial_number = $%d`, len(l.args))
	}
	if q.PartNumber != "" {
		l.args = append(l.args, q.PartNumber)
		l.where += fmt.Sprintf(` AND u.part_number = $%d`, len(l.args))
	}
	statement, args, err := s.selectSQL(l, ListQuery{Top: q.Top, Skip: q.Skip})
	if err != nil {
		return func(yield func(*wats.UnitChange, error) bool) { yield(nil, err) }
	}
	return eachRow(ctx, s, statement, args, func(rows *sql.Rows, c *wats.UnitChange) error {
		var parent, revision *string
		var phase *int
		err := rows.Scan(&c.ID, &c.SerialNumber, &c.PartNumber, &parent, &revision, &phase)
		c.ParentSerialNumber, c.Revision, c.PhaseID = optional(parent), optional(revision), wats.UnitPhaseID(optional(phase).Value)
		return err
	})
}

// AcknowledgeUnitChange takes a change off the list; it stays in the unit's history. Doing so again changes nothing. [ErrNotFound] when there never
// was such a change.
func (s *Store) AcknowledgeUnitChange(ctx context.Context, id int64) error {
	err := s.queue.do(ctx, 50, func(ctx context.Context, w *writer) error {
		n, err := w.exec(ctx, `UPDATE unit_change SET pending = 0 WHERE id = $1`, id)
		if err == nil && n == 0 {
			err = missing("there is no unit change %d", id)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("acknowledge unit change %d: %w", id, err)
	}
	return nil
}

const maxStateHistory = 10_000 // rows

// UnitStateHistory returns what was changed in a unit, oldest first; of more than 10,000 changes the newest. [ErrNotFound] when there is no such unit.
func (s *Store) UnitStateHistory(ctx context.Context, key wats.UnitKey) ([]wats.UnitStateChange, error) {
	id, err := s.unitID(ctx, key)
	if err != nil {
		return nil, err
	}
	rows, err := s.reads.QueryContext(ctx, `SELECT * FROM (
		SELECT c.id, c.at_ns, c.phase, COALESCE(f.name, ''), c.process_code, COALESCE(p.name, ''), c.left_process, c.revision,
			COALESCE(c.location, ''), c.parent, COALESCE(c.parent_part, ''), c.comment, c.account
		FROM unit_change c LEFT JOIN unit_phase f ON f.phase = c.phase LEFT JOIN process p ON p.code = c.process_code
		WHERE c.unit = $1 ORDER BY c.id DESC LIMIT $2) AS latest ORDER BY 1`, id, maxStateHistory)
	if err != nil {
		return nil, fmt.Errorf("read the history of %s: %w", key, err)
	}
	history, err := collect(rows, func(c *wats.UnitStateChange) error {
		var at int64
		var phase, process *int
		var revision, parent *string
		err := rows.Scan(&c.ID, &at, &phase, &c.Phase, &process, &c.ProcessName, &c.LeftProcess, &revision,
			&c.Location, &parent, &c.ParentPartNumber, &c.Comment, &c.User)
		c.Time = wats.Time{Time: time.Unix(0, at).UTC()}
		c.PhaseID, c.ProcessCode = wats.UnitPhaseID(optional(phase).Value), optional(process)
		c.Revision, c.ParentSerialNumber = optional(revision), optional(parent)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the history of %s: %w", key, err)
	}
	return history, nil
}

// unitID returns the row of a unit. [ErrNotFound] when there is none.
func (s *Store) unitID(ctx context.Context, key wats.UnitKey) (id int64, err error) {
	err = s.reads.QueryRowContext(ctx, `SELECT id FROM unit WHERE serial_number = $1 AND part_number = $2`, key.SerialNumber, key.PartNumber).Scan(&id)
	return id, noUnit(key, err)
}

// noUnit says of which unit something was not found.
func noUnit(key wats.UnitKey, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound):
		return missing("there is no %s", key)
	}
	return fmt.Errorf("read %s: %w", key, err)
}

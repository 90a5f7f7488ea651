package store

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/gowats/gowats/report"
)

// Attachments yields the files of a report in the order in which they are numbered: those of the whole report first, then those
// of its steps in document order, each with its step.
func Attachments(r *report.Report) iter.Seq2[*report.Attachment, *report.Step] {
	return func(yield func(*report.Attachment, *report.Step) bool) {
		for i := range r.BinaryData {
			if !yield(&r.BinaryData[i], nil) {
				return
			}
		}
		if r.Test == nil {
			return
		}
		for _, step := range r.Test.Root.Walk() {
			if step.Attachment != nil && !yield(step.Attachment, step) {
				return
			}
		}
	}
}

// Attachment returns the file of that ID, as a header with its attachments tells it, also of a superseded report.
// [ErrNotFound] when there is none.
func (s *Store) Attachment(ctx context.Context, id int64) (*report.Attachment, error) {
	var position int
	var body []byte
	err := s.reads.QueryRowContext(ctx, `SELECT a.position, b.body FROM report_attachment a JOIN report_body b ON b.seq = a.seq WHERE a.id = $1`,
		id).Scan(&position, &body)
	if err != nil {
		return nil, fmt.Errorf("read attachment %d: %w", id, err)
	}
	r, err := s.decode(body)
	if err != nil {
		return nil, fmt.Errorf("read attachment %d: %w", id, err)
	}
	for file := range Attachments(r) {
		if position == 0 {
			return file, nil
		}
		position--
	}
	return nil, fmt.Errorf("read attachment %d: the stored report has fewer files than are listed", id)
}

// miscValue is the value of a misc info as headers have it: the text, or the number where there is none.
func miscValue(m report.MiscInfo) string {
	if m.Text == "" {
		return m.Numeric.String()
	}
	return m.Text
}

// insertParts lists what headers show of the report in row seq.
func (w *writer) insertParts(ctx context.Context, seq int64, r *report.Report) error {
	for i, m := range r.MiscInfos {
		if _, err := w.exec(ctx, `INSERT INTO report_misc_info (seq, position, description, value) VALUES ($1, $2, $3, $4)`,
			seq, i, m.Description, miscValue(m)); err != nil {
			return fmt.Errorf("insert misc info: %w", err)
		}
	}
	for i, u := range r.SubUnits {
		if _, err := w.exec(ctx, `INSERT INTO report_sub_unit (seq, position, serial_number, part_number, revision, part_type)
			VALUES ($1, $2, $3, $4, $5, $6)`, seq, i, u.SerialNumber, u.PartNumber, u.Revision, u.PartType); err != nil {
			return fmt.Errorf("insert sub-unit: %w", err)
		}
	}
	for i, a := range r.Assets {
		if _, err := w.exec(ctx, `INSERT INTO report_asset (seq, position, serial_number, usage_count) VALUES ($1, $2, $3, $4)`,
			seq, i, a.SerialNumber, pointer(a.UsageCount)); err != nil {
			return fmt.Errorf("insert asset: %w", err)
		}
	}
	position := 0
	for file, step := range Attachments(r) {
		var stepID *int
		if step != nil {
			stepID = pointer(step.ID)
		}
		if _, err := w.exec(ctx, `INSERT INTO report_attachment (seq, position, step_id, name, content_type, size, description)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, seq, position, stepID, file.Name, file.ContentType, len(file.Data), file.Description); err != nil {
			return fmt.Errorf("insert attachment: %w", err)
		}
		position++
	}
	return w.insertFailures(ctx, seq, r)
}

// What is listed in one transaction.
const (
	listedAtOnce    = 200      // reports
	listedBytesOnce = 64 << 20 // of their attachments, about
)

// partsListed is what report.parts_listed holds when all parts are listed. Reports that are older than the lists of failures have 1, those that
// are older than all lists 0.
const partsListed = 2

// partsPass lists parts of reports that are older than the lists.
type partsPass struct {
	where  string // reports r that it is for
	insert func(*writer, context.Context, int64, *report.Report) error
}

// listOlderParts lists the parts of reports that were stored before there were lists. It goes on where it was interrupted.
func (s *Store) listOlderParts(ctx context.Context) error {
	for _, pass := range [...]partsPass{
		{`r.parts_listed = 0`, (*writer).insertParts},
		{`r.report_type = 'R' AND r.parts_listed < 2`, (*writer).insertFailures},
	} {
		if err := s.listParts(ctx, pass); err != nil {
			return fmt.Errorf("list the parts of older reports: %w", err)
		}
	}
	return nil
}

func (s *Store) listParts(ctx context.Context, pass partsPass) error {
	for total := 0; ; {
		n, err := s.listSomeParts(ctx, pass)
		if err != nil {
			return err
		}
		if total += n; n == 0 {
			if total > 0 {
				s.log.InfoContext(ctx, "parts of older reports listed", "reports", total)
			}
			return nil
		}
	}
}

func (s *Store) listSomeParts(ctx context.Context, pass partsPass) (n int, err error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT r.seq, b.body FROM report r JOIN report_body b ON b.seq = r.seq
		WHERE `+pass.where+` ORDER BY r.seq LIMIT $1`, listedAtOnce)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	parts, size := map[int64]*report.Report{}, 0
	for size < listedBytesOnce && rows.Next() {
		var seq int64
		var body []byte
		if err := rows.Scan(&seq, &body); err != nil {
			return 0, err
		}
		r, err := s.decode(body)
		if err != nil {
			s.log.ErrorContext(ctx, "report cannot be read, its parts are not listed", "seq", seq, "err", err)
		}
		parts[seq] = onlyParts(r)
		for file := range Attachments(parts[seq]) {
			size += len(file.Data)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(parts) == 0 {
		return 0, err
	}
	return len(parts), s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		for seq, r := range parts {
			mine, err := w.exec(ctx, `UPDATE report AS r SET parts_listed = $1 WHERE r.seq = $2 AND `+pass.where, partsListed, seq)
			if err == nil && mine == 1 { // else another process has done so meanwhile
				err = pass.insert(w, ctx, seq, r)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// onlyParts drops what the lists do not need, so that many reports fit in memory. Nil has no parts.
func onlyParts(r *report.Report) *report.Report {
	if r == nil {
		return &report.Report{}
	}
	if r.Test != nil && r.Test.Root != nil {
		root := &report.Step{}
		for _, step := range r.Test.Root.Walk() {
			if step.Attachment != nil {
				root.Steps = append(root.Steps, &report.Step{ID: step.ID, Attachment: step.Attachment})
			}
		}
		r.Test.Root = root
	}
	return r
}

package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// Document is a stored report as a whole.
type Document struct {
	Header     wats.ReportHeader
	Report     *report.Report  // with the members that only a server writes
	Warnings   report.Findings // from its arrival
	ReceivedAt time.Time
	Superseded bool // there is a newer version of the report or of its test run

	seq int64
}

// Report returns the current report of that ID, or the superseded one where there is no current one: of several the latest.
// [ErrNotFound] when there is neither.
//
// Of the members that only a server writes it fills the cause of the failure, how the assets stood and, as far as they are stored, the repairs that
// name a test and the names of the steps that a repair names.
func (s *Store) Report(ctx context.Context, id report.ID) (*Document, error) {
	doc, err := s.document(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read report %s: %w", id, err)
	}
	if err = s.addAssetStats(ctx, doc.seq, doc.Report); err != nil {
		return nil, fmt.Errorf("read the assets of report %s: %w", id, err)
	}
	if doc.Report.IsRepair() {
		err = s.nameSteps(ctx, doc.Report)
	} else {
		err = s.addServerMembers(ctx, doc.Report)
	}
	if err != nil {
		return nil, fmt.Errorf("read references of report %s: %w", id, err)
	}
	return doc, nil
}

// document reads the latest version of a report: when there is a current one, that is it.
func (s *Store) document(ctx context.Context, id report.ID) (*Document, error) {
	var doc Document
	var body []byte
	var warnings string
	var received int64
	into := headerTarget{header: &doc.Header}
	err := s.reads.QueryRowContext(ctx,
		`SELECT `+headerColumns+`, b.body, r.warnings, r.received_ns, r.superseded
		FROM report r JOIN report_body b ON b.seq = r.seq
		WHERE r.id = $1 ORDER BY r.seq DESC LIMIT 1`, id[:],
	).Scan(append(into.fields(), &body, &warnings, &received, &doc.Superseded)...)
	if err != nil {
		return nil, err
	}
	into.finish()
	doc.seq = into.seq
	doc.ReceivedAt = time.Unix(0, received).UTC()
	if doc.Report, err = s.decode(body); err != nil {
		return nil, err
	}
	doc.Warnings, err = decodeWarnings(warnings)
	return &doc, err
}

// decode reads a body. What is odd about the report was found when it arrived.
func (s *Store) decode(body []byte) (*report.Report, error) {
	content, err := s.decoder.DecodeAll(body, nil)
	if err != nil {
		return nil, fmt.Errorf("stored body is damaged: %w", err)
	}
	r, _, err := report.DecodeWSJF(content)
	if err != nil {
		return nil, fmt.Errorf("stored body is damaged: %w", err)
	}
	return r, nil
}

func decodeWarnings(text string) (report.Findings, error) {
	if text == "" {
		return nil, nil
	}
	var f report.Findings
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		return nil, fmt.Errorf("stored warnings are damaged: %w", err)
	}
	for i := range f {
		f[i].Severity = report.Warning
	}
	return f, nil
}

// addServerMembers marks the step that failed the unit and lists the repairs that name the test.
func (s *Store) addServerMembers(ctx context.Context, r *report.Report) error {
	if r.Test == nil {
		return nil
	}
	if cause, _ := r.FailureCause(); cause != nil {
		cause.CausedUUTFailure = report.Some(true)
		r.Test.CausedFailureStepID = cause.ID
	}
	rows, err := s.reads.QueryContext(ctx,
		`SELECT id, start_ns FROM report WHERE referenced_uut = $1 AND superseded = 0 ORDER BY start_ns, id LIMIT $2`, r.ID[:], maxReferences)
	if err != nil {
		return err
	}
	r.Test.ReferencedBy, err = collect(rows, func(ref *report.RepairReference) error {
		var id []byte
		var start int64
		err := rows.Scan(&id, &start)
		ref.ID, ref.Start = toID(id).String(), report.At(time.Unix(0, start).UTC())
		return err
	})
	return err
}

const maxReferences = 1000 // repairs listed with a test

// nameSteps gives the failures of a repair the names of the steps they point to, where the test is stored.
func (s *Store) nameSteps(ctx context.Context, r *report.Report) error {
	if r.Repair.TestReport.IsZero() {
		return nil
	}
	test, err := s.document(ctx, r.Repair.TestReport)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case test.Report.Test == nil || test.Report.Test.Root == nil:
		return nil
	}
	names := map[int]string{}
	for _, step := range test.Report.Test.Root.Walk() {
		if step.ID.Present {
			names[step.ID.Value] = step.Name
		}
	}
	for i := range r.SubUnits {
		for j := range r.SubUnits[i].Failures {
			if f := &r.SubUnits[i].Failures[j]; f.StepID.Present {
				f.StepName = names[f.StepID.Value]
			}
		}
	}
	return nil
}

// toID returns the ID of a column; the zero ID where it is NULL.
func toID(column []byte) (id report.ID) {
	copy(id[:], column)
	return id
}

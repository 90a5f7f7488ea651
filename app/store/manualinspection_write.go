package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// InspectionEdit is a definition as a request gives it.
type InspectionEdit struct {
	Definition wats.InspectionDefinition
	Apply      func(*wats.InspectionDefinition) error // sets the members that the request gives, and leaves the others
	User       string
}

// CreateInspection stores a definition, a draft with the next version of its name, and returns it as stored.
func (s *Store) CreateInspection(ctx context.Context, e InspectionEdit) (*wats.InspectionDefinition, error) {
	d := e.Definition
	if d.ID.IsZero() {
		d.ID = report.NewID()
	}
	d.LogOperator = report.Some(d.LogOperator.Or(true))
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		found := d.Validate()
		if d.Status.Value != wats.InspectionDraft {
			add(&found, "$.Status", "enum", "a new inspection is a draft, so Status must be 0 or left out")
		}
		if err := found.Err(); err != nil {
			return err
		}
		switch _, there, err := w.inspection(ctx, d.ID); {
		case err != nil:
			return err
		case there:
			return conflict("there is an inspection %s already", d.ID)
		}
		return w.addInspection(ctx, &d, "", e.User, s.now())
	})
	if err != nil {
		return nil, fmt.Errorf("create inspection %q: %w", d.Name, err)
	}
	return s.Inspection(ctx, d.ID)
}

// addInspection adds a draft with the next version of its name.
func (w *writer) addInspection(ctx context.Context, d *wats.InspectionDefinition, workflow, user string, now time.Time) error {
	version := 0
	if _, err := w.get(ctx, []any{&version}, `SELECT coalesce(max(version), 0) FROM inspection WHERE name = $1`, d.Name); err != nil {
		return err
	}
	d.Created, d.CreatedBy = wats.Time{Time: now.UTC()}, user
	d.Modified, d.ModifiedBy, d.Released, d.ReleasedBy, d.Revoked, d.RevokedBy = wats.Time{}, "", wats.Time{}, "", wats.Time{}, ""
	document, err := inspectionDocument(d)
	if err != nil {
		return err
	}
	_, err = w.exec(ctx, `INSERT INTO inspection (id, name, version, status, is_global, document, workflow, row_version) VALUES ($1, $2, $3, 0, $4, $5, $6, 1)`,
		d.ID[:], d.Name, version+1, number(d.Global), document, workflow)
	return err
}

// inspectionDocument returns the members that no column has.
func inspectionDocument(d *wats.InspectionDefinition) (string, error) {
	kept := *d
	kept.ID, kept.Version, kept.Status, kept.RowVersion = report.ID{}, report.Optional[int]{}, report.Optional[wats.InspectionStatus]{}, report.Optional[int]{}
	kept.Relations, kept.InstancesCount, kept.Extra = nil, 0, nil
	document, err := json.Marshal(kept)
	return string(document), err
}

func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func (w *writer) inspection(ctx context.Context, id report.ID) (d wats.InspectionDefinition, found bool, err error) {
	var t inspectionTarget
	found, err = w.get(ctx, t.fields(), `SELECT `+inspectionColumns+` FROM inspection i WHERE i.id = $1`, id[:])
	if err != nil || !found {
		return d, found, err
	}
	return d, true, t.finish(&d)
}

// editable returns why a definition may not be changed, nil when it may.
func (w *writer) editable(ctx context.Context, id report.ID) error {
	d, there, err := w.inspection(ctx, id)
	switch {
	case err != nil:
		return err
	case !there:
		return missing("there is no inspection %s", id)
	case d.Status.Value == wats.InspectionReleased:
		return conflict("inspection %q version %d is released and cannot be changed: make a copy of it", d.Name, d.Version.Value)
	case d.Status.Value == wats.InspectionRevoked:
		return conflict("inspection %q version %d is revoked and cannot be changed: make a copy of it", d.Name, d.Version.Value)
	}
	return nil
}

// UpdateInspection changes a definition and returns it as stored. To release it revokes the released version of the same name.
//
// It returns [ErrNotFound] when there is no such definition, a [*report.InvalidError] for what no definition may be, and [ErrConflict] for what
// its status does not allow, and when it was changed since it was read.
func (s *Store) UpdateInspection(ctx context.Context, e InspectionEdit) (*wats.InspectionDefinition, error) {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error { return w.updateInspection(ctx, e, s.now()) })
	if err != nil {
		return nil, fmt.Errorf("update inspection: %w", err)
	}
	return s.Inspection(ctx, e.Definition.ID)
}

func (w *writer) updateInspection(ctx context.Context, e InspectionEdit, now time.Time) error {
	old, there, err := w.inspection(ctx, e.Definition.ID)
	if err != nil {
		return err
	}
	if !there {
		return missing("there is no inspection %s", e.Definition.ID)
	}
	d := old
	d.RowVersion, d.Relations, d.Extra = report.Optional[int]{}, nil, nil
	if err := e.Apply(&d); err != nil {
		return err
	}
	if d.RowVersion.Present && d.RowVersion != old.RowVersion {
		return conflict("inspection %q was changed since it was read: read it again, then repeat the change", old.Name)
	}
	d.ID, d.Version = old.ID, old.Version
	keepStamps(&d, &old)
	if err := d.Validate().Err(); err != nil {
		return err
	}
	if err := checkInspectionStep(&old, &d); err != nil {
		return err
	}
	return w.storeInspection(ctx, &old, &d, e.User, now)
}

// keepStamps keeps the members that are the server's.
func keepStamps(d, old *wats.InspectionDefinition) {
	d.Created, d.CreatedBy, d.Modified, d.ModifiedBy = old.Created, old.CreatedBy, old.Modified, old.ModifiedBy
	d.Released, d.ReleasedBy, d.Revoked, d.RevokedBy, d.InstancesCount = old.Released, old.ReleasedBy, old.Revoked, old.RevokedBy, old.InstancesCount
}

// checkInspectionStep returns why a change is not allowed in the status that a definition has.
func checkInspectionStep(old, d *wats.InspectionDefinition) error {
	from, to := old.Status.Value, d.Status.Value
	allowed := from == to || to == wats.InspectionRevoked
	switch from {
	case wats.InspectionDraft:
		allowed = allowed || to == wats.InspectionPending
	case wats.InspectionPending:
		allowed = allowed || to == wats.InspectionDraft || to == wats.InspectionReleased
	}
	if !allowed {
		return conflict("inspection %q version %d is %s and cannot become %s", old.Name, old.Version.Value, from, to)
	}
	if from != wats.InspectionReleased && from != wats.InspectionRevoked {
		return nil
	}
	before, err := inspectionDocument(old)
	if err != nil {
		return err
	}
	after, err := inspectionDocument(d)
	if err != nil {
		return err
	}
	if before != after || old.Global != d.Global {
		return conflict("inspection %q version %d is %s and cannot be changed: make a copy of it", old.Name, old.Version.Value, from)
	}
	return nil
}

// storeInspection writes a change, and what it means for the other versions.
func (w *writer) storeInspection(ctx context.Context, old, d *wats.InspectionDefinition, user string, now time.Time) error {
	at := wats.Time{Time: now.UTC()}
	version := old.Version.Value
	if d.Name != old.Name {
		if _, err := w.get(ctx, []any{&version}, `SELECT coalesce(max(version), 0) + 1 FROM inspection WHERE name = $1`, d.Name); err != nil {
			return err
		}
	}
	switch d.Status.Value {
	case old.Status.Value:
		d.Modified, d.ModifiedBy = at, user
	case wats.InspectionReleased:
		d.Released, d.ReleasedBy = at, user
		if err := w.revokeOthers(ctx, d, user, at); err != nil {
			return err
		}
	case wats.InspectionRevoked:
		d.Revoked, d.RevokedBy = at, user
	}
	document, err := inspectionDocument(d)
	if err != nil {
		return err
	}
	_, err = w.exec(ctx, `UPDATE inspection SET name = $1, version = $2, status = $3, is_global = $4, document = $5, row_version = row_version + 1 WHERE id = $6`,
		d.Name, version, int(d.Status.Value), number(d.Global), document, d.ID[:])
	return err
}

// revokeOthers revokes the released version of a name.
func (w *writer) revokeOthers(ctx context.Context, d *wats.InspectionDefinition, user string, at wats.Time) error {
	var ids []report.ID
	var id []byte
	err := w.each(ctx, `SELECT id FROM inspection WHERE name = $1 AND status = 2 AND id <> $2`, []any{d.Name, d.ID[:]}, []any{&id}, func() { ids = append(ids, toID(id)) })
	for _, id := range ids {
		if err != nil {
			return err
		}
		var other wats.InspectionDefinition
		if other, _, err = w.inspection(ctx, id); err != nil {
			return err
		}
		other.Revoked, other.RevokedBy = at, user
		var document string
		if document, err = inspectionDocument(&other); err == nil {
			_, err = w.exec(ctx, `UPDATE inspection SET status = 3, document = $1, row_version = row_version + 1 WHERE id = $2`, document, id[:])
		}
	}
	return err
}

// CopyInspection makes a draft of a definition with the next version of its name, its workflow and its relations, and returns it.
func (s *Store) CopyInspection(ctx context.Context, id report.ID, user string) (*wats.InspectionDefinition, error) {
	made := report.NewID()
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		d, there, err := w.inspection(ctx, id)
		if err != nil {
			return err
		}
		if !there {
			return missing("there is no inspection %s", id)
		}
		var workflow string
		if _, err := w.get(ctx, []any{&workflow}, `SELECT workflow FROM inspection WHERE id = $1`, id[:]); err != nil {
			return err
		}
		relations, err := w.relationsOf(ctx, id)
		if err != nil {
			return err
		}
		d.ID = made
		if err := w.addInspection(ctx, &d, workflow, user, s.now()); err != nil {
			return err
		}
		for i := range relations {
			r := &relations[i]
			r.ID, r.DefinitionID = report.NewID(), made
			if err := w.addRelation(ctx, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("copy inspection: %w", err)
	}
	return s.Inspection(ctx, made)
}

func (w *writer) relationsOf(ctx context.Context, id report.ID) ([]wats.InspectionRelation, error) {
	var all []wats.InspectionRelation
	var document string
	var damaged error
	err := w.each(ctx, `SELECT document FROM inspection_relation WHERE inspection = $1 ORDER BY position`, []any{id[:]}, []any{&document}, func() {
		var r wats.InspectionRelation
		damaged = errors.Join(damaged, json.Unmarshal([]byte(document), &r))
		all = append(all, r)
	})
	return all, errors.Join(err, damaged)
}

// SetInspectionSequence changes name and status of a definition as [Store.UpdateInspection] does; what q leaves out stays.
func (s *Store) SetInspectionSequence(ctx context.Context, q wats.InspectionSequence, user string) error {
	_, err := s.UpdateInspection(ctx, InspectionEdit{
		Definition: wats.InspectionDefinition{ID: q.ID}, User: user,
		Apply: func(d *wats.InspectionDefinition) error {
			if q.Name != "" {
				d.Name = q.Name
			}
			if q.Status.Present {
				d.Status = q.Status
			}
			return nil
		},
	})
	return err
}

// DeleteInspection removes a definition with its relations and documents. It returns [ErrNotFound] when there is none, and [ErrConflict] unless it is a
// draft or revoked, and was never run.
func (s *Store) DeleteInspection(ctx context.Context, id report.ID) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		d, there, err := w.inspection(ctx, id)
		switch {
		case err != nil:
			return err
		case !there:
			return missing("there is no inspection %s", id)
		case d.Status.Value == wats.InspectionPending, d.Status.Value == wats.InspectionReleased:
			return conflict("inspection %q version %d is %s: revoke it first", d.Name, d.Version.Value, d.Status.Value)
		case d.InstancesCount > 0:
			return conflict("inspection %q version %d was run %d times and stays for their sake", d.Name, d.Version.Value, d.InstancesCount)
		}
		var blobs []int64
		var blob int64
		if err := w.each(ctx, `SELECT blob FROM inspection_document WHERE inspection = $1`, []any{id[:]}, []any{&blob}, func() { blobs = append(blobs, blob) }); err != nil {
			return err
		}
		for _, statement := range []string{
			`DELETE FROM inspection_document WHERE inspection = $1`, `DELETE FROM inspection_relation WHERE inspection = $1`, `DELETE FROM inspection WHERE id = $1`,
		} {
			if _, err := w.exec(ctx, statement, id[:]); err != nil {
				return err
			}
		}
		for _, blob := range blobs {
			if err := w.dropBlob(ctx, blob); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete inspection: %w", err)
	}
	return nil
}

// SaveInspectionRelation adds a relation without ID, or changes the one of that ID, and returns it as stored. It returns [ErrNotFound] when there is no such
// definition or relation, and [ErrConflict] when the definition may not be changed.
func (s *Store) SaveInspectionRelation(ctx context.Context, r wats.InspectionRelation, create bool) (*wats.InspectionRelation, error) {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		if err := r.Validate().Err(); err != nil {
			return err
		}
		if err := w.editable(ctx, r.DefinitionID); err != nil {
			return err
		}
		there, err := w.hasRelation(ctx, r)
		switch {
		case err != nil:
			return err
		case create && there:
			return conflict("there is a relation %s already", r.ID)
		case !create && !there:
			return missing("inspection %s has no relation %s", r.DefinitionID, r.ID)
		}
		r.Status = report.Some(r.Status.Or(1))
		if create {
			if r.ID.IsZero() {
				r.ID = report.NewID()
			}
			return w.addRelation(ctx, &r)
		}
		document, err := relationDocument(&r)
		if err != nil {
			return err
		}
		_, err = w.exec(ctx, `UPDATE inspection_relation SET document = $1 WHERE id = $2`, document, r.ID[:])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("save inspection relation: %w", err)
	}
	return &r, nil
}

func (w *writer) hasRelation(ctx context.Context, r wats.InspectionRelation) (bool, error) {
	var n int
	return w.get(ctx, []any{&n}, `SELECT position FROM inspection_relation WHERE id = $1 AND inspection = $2`, r.ID[:], r.DefinitionID[:])
}

func (w *writer) addRelation(ctx context.Context, r *wats.InspectionRelation) error {
	document, err := relationDocument(r)
	if err != nil {
		return err
	}
	var position int
	if _, err := w.get(ctx, []any{&position}, `SELECT coalesce(max(position), 0) + 1 FROM inspection_relation WHERE inspection = $1`, r.DefinitionID[:]); err != nil {
		return err
	}
	_, err = w.exec(ctx, `INSERT INTO inspection_relation (id, inspection, position, document) VALUES ($1, $2, $3, $4)`, r.ID[:], r.DefinitionID[:], position, document)
	return err
}

// relationDocument gives the parts of a relation their IDs and returns it as a column has it.
func relationDocument(r *wats.InspectionRelation) (string, error) {
	for i := range r.Processes {
		if p := &r.Processes[i]; p.ID.IsZero() {
			p.ID = report.NewID()
		}
		r.Processes[i].RelationID = r.ID
	}
	for i := range r.Sites {
		if p := &r.Sites[i]; p.ID.IsZero() {
			p.ID = report.NewID()
		}
		r.Sites[i].RelationID = r.ID
	}
	r.Extra = nil
	document, err := json.Marshal(r)
	return string(document), err
}

// DeleteInspectionRelation removes a relation. It returns [ErrNotFound] when there is none, and [ErrConflict] when its definition may not be changed.
func (s *Store) DeleteInspectionRelation(ctx context.Context, id report.ID) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		var inspection []byte
		there, err := w.get(ctx, []any{&inspection}, `SELECT inspection FROM inspection_relation WHERE id = $1`, id[:])
		if err != nil {
			return err
		}
		if !there {
			return missing("there is no relation %s", id)
		}
		if err := w.editable(ctx, toID(inspection)); err != nil {
			return err
		}
		_, err = w.exec(ctx, `DELETE FROM inspection_relation WHERE id = $1`, id[:])
		return err
	})
	if err != nil {
		return fmt.Errorf("delete inspection relation: %w", err)
	}
	return nil
}

// SetInspectionWorkflow replaces the workflow of a definition. It returns [ErrNotFound] when there is none, and [ErrConflict] when it may not be changed.
func (s *Store) SetInspectionWorkflow(ctx context.Context, f wats.InspectionWorkflow) error {
	err := s.queue.do(ctx, len(f.XAML), func(ctx context.Context, w *writer) error {
		if err := f.Validate().Err(); err != nil {
			return err
		}
		if err := w.editable(ctx, f.DefinitionID); err != nil {
			return err
		}
		_, err := w.exec(ctx, `UPDATE inspection SET workflow = $1, row_version = row_version + 1 WHERE id = $2`, f.XAML, f.DefinitionID[:])
		return err
	})
	if err != nil {
		return fmt.Errorf("save workflow: %w", err)
	}
	return nil
}

// StartInspectionRun notes a run of a definition that is pending or released, and returns it. It returns [ErrNotFound] when there is no such
// definition, and [ErrConflict] when it may not be run.
func (s *Store) StartInspectionRun(ctx context.Context, r wats.InspectionRun) (*wats.InspectionRun, error) {
	now := s.now().UTC()
	r.ID, r.UnitID = report.NewID(), InspectedUnit(r.SerialNumber, r.PartNumber)
	r.Created, r.LastEvent = wats.Time{Time: now}, wats.Time{Time: now}
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		if err := r.Validate().Err(); err != nil {
			return err
		}
		d, there, err := w.inspection(ctx, r.DefinitionID)
		switch {
		case err != nil:
			return err
		case !there:
			return missing("there is no inspection %s", r.DefinitionID)
		case d.Status.Value != wats.InspectionPending && d.Status.Value != wats.InspectionReleased:
			return conflict("inspection %q version %d is %s and cannot be run", d.Name, d.Version.Value, d.Status.Value)
		}
		_, err = w.exec(ctx, `INSERT INTO inspection_run (id, inspection, unit_id, serial_number, part_number, revision, created_ns, event_ns)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, r.ID[:], r.DefinitionID[:], r.UnitID[:], r.SerialNumber, r.PartNumber, r.Revision, now.UnixNano(), now.UnixNano())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("start inspection: %w", err)
	}
	return &r, nil
}

// InspectedUnit returns the ID that runs know a unit by.
func InspectedUnit(serialNumber, partNumber string) report.ID {
	return report.DeriveID(fmt.Appendf(nil, "unit %q %q", serialNumber, partNumber))
}

// SetInspectionText stores the answer to a string test of a run. It returns [ErrNotFound] when there is no such run.
func (s *Store) SetInspectionText(ctx context.Context, x wats.InspectionText) error {
	now := s.now().UnixNano()
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		if err := x.Validate().Err(); err != nil {
			return err
		}
		n, err := w.exec(ctx, `UPDATE inspection_run SET event_ns = $1 WHERE id = $2`, now, x.RunID[:])
		if err != nil {
			return err
		}
		if n == 0 {
			return missing("there is no run %s", x.RunID)
		}
		_, err = w.exec(ctx, `INSERT INTO inspection_text (run, name, value) VALUES ($1, $2, $3) ON CONFLICT (run, name) DO UPDATE SET value = excluded.value`,
			x.RunID[:], x.Name, x.Value)
		return err
	})
	if err != nil {
		return fmt.Errorf("save string test: %w", err)
	}
	return nil
}

// SaveInspectionFile adds a document of at most limit bytes to a definition. It returns [ErrNotFound] when there is no such definition, and
// [ErrConflict] when it may not be changed.
func (s *Store) SaveInspectionFile(ctx context.Context, id report.ID, name string, src io.Reader, limit int64, user string) error {
	b, err := s.WriteBlob(ctx, src, limit)
	if err == nil && b.Size == 0 {
		err = errEmptyFile
	}
	if err == nil {
		document, now := report.NewID(), s.now().UnixNano()
		err = s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
			if err := w.editable(ctx, id); err != nil {
				return err
			}
			if err := w.ownBlob(ctx, b.ID); err != nil {
				return err
			}
			_, err := w.exec(ctx, `INSERT INTO inspection_document (id, inspection, name, blob, size, created_ns, account) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				document[:], id[:], name, b.ID, b.Size, now, user)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("save document %q: %w", name, err)
	}
	return nil
}

// ReadInspectionFile writes a document to w.
func (s *Store) ReadInspectionFile(ctx context.Context, f InspectionFile, w io.Writer) error {
	return s.ReadBlob(ctx, f.blob, 0, w)
}

// DeleteInspectionFile removes a document of a definition. It returns [ErrNotFound] when there is none, and [ErrConflict] when the definition may not be changed.
func (s *Store) DeleteInspectionFile(ctx context.Context, id, document report.ID) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		if err := w.editable(ctx, id); err != nil {
			return err
		}
		var blob int64
		there, err := w.get(ctx, []any{&blob}, `SELECT blob FROM inspection_document WHERE id = $1 AND inspection = $2`, document[:], id[:])
		if err != nil {
			return err
		}
		if !there {
			return missing("inspection %s has no document %s", id, document)
		}
		if _, err := w.exec(ctx, `DELETE FROM inspection_document WHERE id = $1`, document[:]); err != nil {
			return err
		}
		return w.dropBlob(ctx, blob)
	})
	if err != nil {
		return fmt.Errorf("delete document: %w", err)
	}
	return nil
}

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

const inspectionColumns = `i.document, i.id, i.name, i.version, i.status, i.is_global, i.row_version,
	(SELECT count(*) FROM inspection_run n WHERE n.inspection = i.id)`

// inspectionTarget takes inspectionColumns.
type inspectionTarget struct {
	id                                 []byte
	document, name                     string
	version, status, global, row, runs int
}

func (t *inspectionTarget) fields() []any {
	return []any{&t.document, &t.id, &t.name, &t.version, &t.status, &t.global, &t.row, &t.runs}
}

func (t *inspectionTarget) finish(d *wats.InspectionDefinition) error {
	if err := json.Unmarshal([]byte(t.document), d); err != nil {
		return fmt.Errorf("stored inspection is damaged: %w", err)
	}
	d.ID, d.Name, d.Version, d.Status = toID(t.id), t.name, report.Some(t.version), report.Some(wats.InspectionStatus(t.status))
	d.Global, d.RowVersion, d.InstancesCount = t.global == 1, report.Some(t.row), t.runs
	return nil
}

func scanInspection(rows *sql.Rows, d *wats.InspectionDefinition) error {
	var t inspectionTarget
	if err := rows.Scan(t.fields()...); err != nil {
		return err
	}
	return t.finish(d)
}

// Inspections yields the definitions by name and version, those that are global or the others. An error is yielded once, last.
func (s *Store) Inspections(ctx context.Context, global bool) iter.Seq2[*wats.InspectionDefinition, error] {
	wanted := 0
	if global {
		wanted = 1
	}
	return eachRow(ctx, s, `SELECT `+inspectionColumns+` FROM inspection i WHERE i.is_global = $1 ORDER BY i.name, i.version`, []any{wanted}, scanInspection)
}

// InspectionSequences yields all definitions in short, by name and version. An error is yielded once, last.
func (s *Store) InspectionSequences(ctx context.Context) iter.Seq2[*wats.InspectionSequence, error] {
	return eachRow(ctx, s, `SELECT id, name, version, status FROM inspection ORDER BY name, version`, nil, func(rows *sql.Rows, q *wats.InspectionSequence) error {
		var id []byte
		var version, status int
		err := rows.Scan(&id, &q.Name, &version, &status)
		q.ID, q.Version, q.Status = toID(id), report.Some(version), report.Some(wats.InspectionStatus(status))
		return err
	})
}

// Inspection returns a definition with its relations, or [ErrNotFound].
func (s *Store) Inspection(ctx context.Context, id report.ID) (*wats.InspectionDefinition, error) {
	var t inspectionTarget
	d := new(wats.InspectionDefinition)
	err := s.reads.QueryRowContext(ctx, `SELECT `+inspectionColumns+` FROM inspection i WHERE i.id = $1`, id[:]).Scan(t.fields()...)
	if err == nil {
		err = t.finish(d)
	}
	if err != nil {
		return nil, inspectionError(id, err)
	}
	d.Relations = []wats.InspectionRelation{}
	for r, err := range s.InspectionRelations(ctx, id) {
		if err != nil {
			return nil, inspectionError(id, err)
		}
		d.Relations = append(d.Relations, *r)
	}
	return d, nil
}

func inspectionError(id report.ID, err error) error {
	if errors.Is(err, ErrNotFound) {
		return missing("there is no inspection %s", id)
	}
	return fmt.Errorf("read inspection %s: %w", id, err)
}

// InspectionRelations yields the relations of a definition in the order of their making, none when there is no such definition.
func (s *Store) InspectionRelations(ctx context.Context, id report.ID) iter.Seq2[*wats.InspectionRelation, error] {
	return eachRow(ctx, s, `SELECT document FROM inspection_relation WHERE inspection = $1 ORDER BY position`, []any{id[:]},
		func(rows *sql.Rows, r *wats.InspectionRelation) error {
			var document string
			if err := rows.Scan(&document); err != nil {
				return err
			}
			return json.Unmarshal([]byte(document), r)
		})
}

// InspectionConflicts returns the relations of other definitions, pending or released, that match units which a relation of this one matches, too.
// It returns [ErrNotFound] when there is no such definition.
func (s *Store) InspectionConflicts(ctx context.Context, id report.ID) ([]wats.InspectionConflict, error) {
	d, err := s.Inspection(ctx, id)
	if err != nil {
		return nil, err
	}
	type other struct {
		relation wats.InspectionRelation
		conflict wats.InspectionConflict
	}
	others := eachRow(ctx, s, `SELECT r.document, i.id, i.name, i.status FROM inspection_relation r JOIN inspection i ON i.id = r.inspection
		WHERE i.id <> $1 AND i.status IN (1, 2) AND i.name <> $2 ORDER BY i.name, i.version, r.position`, []any{id[:], d.Name},
		func(rows *sql.Rows, o *other) error {
			var document string
			var inspection []byte
			var status int
			if err := rows.Scan(&document, &inspection, &o.conflict.Name, &status); err != nil {
				return err
			}
			o.conflict.DefinitionID, o.conflict.Status = toID(inspection), report.Some(wats.InspectionStatus(status))
			return json.Unmarshal([]byte(document), &o.relation)
		})
	conflicts := []wats.InspectionConflict{}
	for o, err := range others {
		if err != nil {
			return nil, fmt.Errorf("read inspection relations: %w", err)
		}
		for i := range d.Relations {
			if meet(&d.Relations[i], &o.relation) {
				c := o.conflict
				c.RelationID, c.EntityName, c.EntityValue = o.relation.ID, o.relation.EntityName, o.relation.EntityValue
				conflicts = append(conflicts, c)
				break
			}
		}
	}
	return conflicts, nil
}

// InspectionRun returns a run by its ID or, for the ID of a unit, its latest run. It returns [ErrNotFound] when there is none.
func (s *Store) InspectionRun(ctx context.Context, id report.ID) (*wats.InspectionRun, error) {
	var run, inspection, unit []byte
	var created, event int64
	r := new(wats.InspectionRun)
	err := s.reads.QueryRowContext(ctx, `SELECT id, inspection, unit_id, serial_number, part_number, revision, created_ns, event_ns FROM inspection_run
		WHERE id = $1 OR unit_id = $1 ORDER BY created_ns DESC, id DESC LIMIT 1`, id[:]).
		Scan(&run, &inspection, &unit, &r.SerialNumber, &r.PartNumber, &r.Revision, &created, &event)
	if errors.Is(err, ErrNotFound) {
		return nil, missing("there is no run %s, and no run of a unit %s", id, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read run %s: %w", id, err)
	}
	r.ID, r.DefinitionID, r.UnitID = toID(run), toID(inspection), toID(unit)
	r.Created, r.LastEvent = wats.Time{Time: time.Unix(0, created).UTC()}, wats.Time{Time: time.Unix(0, event).UTC()}
	return r, nil
}

// InspectionWorkflow returns the workflow of a definition; its text is "" when it has none yet. It returns [ErrNotFound] when there is no such definition.
func (s *Store) InspectionWorkflow(ctx context.Context, id report.ID) (*wats.InspectionWorkflow, error) {
	w := &wats.InspectionWorkflow{DefinitionID: id}
	if err := s.reads.QueryRowContext(ctx, `SELECT workflow FROM inspection WHERE id = $1`, id[:]).Scan(&w.XAML); err != nil {
		return nil, inspectionError(id, err)
	}
	return w, nil
}

// InspectionDocuments returns the documents of a definition, oldest first.
func (s *Store) InspectionDocuments(ctx context.Context, id report.ID) ([]wats.InspectionDocument, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT id, name FROM inspection_document WHERE inspection = $1 ORDER BY created_ns, id`, id[:])
	if err != nil {
		return nil, fmt.Errorf("list documents of inspection %s: %w", id, err)
	}
	return collect(rows, func(d *wats.InspectionDocument) error {
		var document []byte
		err := rows.Scan(&document, &d.FileName)
		d.ID = toID(document)
		return err
	})
}

// InspectionFile is a document as it is stored.
type InspectionFile struct {
	Name string
	Size int64 // bytes
	blob int64
}

// InspectionFile returns a document of a definition, or [ErrNotFound].
func (s *Store) InspectionFile(ctx context.Context, id, document report.ID) (InspectionFile, error) {
	var f InspectionFile
	err := s.reads.QueryRowContext(ctx, `SELECT name, size, blob FROM inspection_document WHERE id = $1 AND inspection = $2`, document[:], id[:]).
		Scan(&f.Name, &f.Size, &f.blob)
	if errors.Is(err, ErrNotFound) {
		return f, missing("inspection %s has no document %s", id, document)
	}
	return f, err
}

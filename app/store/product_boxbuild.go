package store

import (
	"context"
	"fmt"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

const maxTreeRows = 10_000

const relationSQL = `SELECT x.id, x.parent, x.child, x.quantity, x.item_number, x.revision_mask, p.part_number, r.revision
	FROM product_relation x JOIN product_revision r ON r.id = x.child JOIN product p ON p.id = r.product`

// relationTarget takes the columns of relationSQL.
type relationTarget struct {
	relation          wats.ProductRelation
	id, parent, child []byte
}

func (t *relationTarget) fields() []any {
	r := &t.relation
	return []any{&t.id, &t.parent, &t.child, &r.Quantity, &r.ItemNumber, &r.RevisionMask, &r.ChildPartNumber, &r.ChildRevision}
}

func (t *relationTarget) finish() {
	t.relation.ID, t.relation.ParentID, t.relation.ChildID = toID(t.id), toID(t.parent), toID(t.child)
}

// boxBuild returns the template of a revision by item number.
func (s *Store) boxBuild(ctx context.Context, revision report.ID) ([]wats.ProductRelation, error) {
	rows, err := s.reads.QueryContext(ctx, relationSQL+` WHERE x.parent = $1 ORDER BY x.item_number, x.seq`, revision[:])
	if err != nil {
		return nil, err
	}
	return collect(rows, func(r *wats.ProductRelation) error {
		var into relationTarget
		err := rows.Scan(into.fields()...)
		into.finish()
		*r = into.relation
		return err
	})
}

// ProductTree returns a revision and all that it is built from, depth first. [ErrNotFound] when there is no such revision, [ErrConflict] when
// the tree has more than 10,000 rows.
func (s *Store) ProductTree(ctx context.Context, partNumber, revision string) ([]wats.ProductTreeRow, error) {
	root, err := s.Revision(ctx, partNumber, revision)
	if err != nil {
		return nil, err
	}
	t := tree{store: s, rows: []wats.ProductTreeRow{{RevisionID: root.ID, PartNumber: root.PartNumber, Revision: root.Revision, Quantity: 1}},
		templates: map[report.ID][]wats.ProductRelation{}}
	if err := t.add(ctx, root.ID, 1); err != nil {
		return nil, fmt.Errorf("read the tree of revision %q of product %q: %w", revision, partNumber, err)
	}
	return t.rows, nil
}

// tree collects the rows of a tree. What is built in at several places is read once.
type tree struct {
	store     *Store
	rows      []wats.ProductTreeRow
	templates map[report.ID][]wats.ProductRelation
}

// add adds what a revision is built from. That it ends is sure: no revision is built from itself.
func (t *tree) add(ctx context.Context, revision report.ID, level int) (err error) {
	template, known := t.templates[revision]
	if !known {
		if template, err = t.store.boxBuild(ctx, revision); err != nil {
			return err
		}
		t.templates[revision] = template
	}
	for _, r := range template {
		if len(t.rows) == maxTreeRows {
			return conflict("the tree has more than %d rows: read those of its parts", maxTreeRows)
		}
		t.rows = append(t.rows, wats.ProductTreeRow{
			Level: level, RelationID: r.ID, ParentID: r.ParentID, RevisionID: r.ChildID, PartNumber: r.ChildPartNumber, Revision: r.ChildRevision,
			Quantity: r.Quantity, ItemNumber: r.ItemNumber, RevisionMask: r.RevisionMask,
		})
		if err := t.add(ctx, r.ChildID, level+1); err != nil {
			return err
		}
	}
	return nil
}

// RelationChange is a row of a box build template as a request writes it. What is absent, or null, stays as it is.
type RelationChange struct {
	ID           report.ID               `json:"ProductRevisionRelationId"`
	ParentID     report.ID               `json:"ParentProductRevisionId"`
	ChildID      report.ID               `json:"ProductRevisionId"`
	Quantity     report.Optional[int]    `json:"Quantity"`
	ItemNumber   report.Optional[string] `json:"ItemNumber"`
	RevisionMask report.Optional[string] `json:"RevisionMask"`
}

// AddRelation adds a row to a template and returns it. It returns a [*report.InvalidError] when something is wrong with it, or a revision is not
// there, and a [RuleError] that matches [ErrConflict] when there is such a row, or the child is built from the parent.
func (s *Store) AddRelation(ctx context.Context, c RelationChange) (*wats.ProductRelation, error) {
	var saved wats.ProductRelation
	err := s.queue.do(ctx, bytesOfProduct, func(ctx context.Context, w *writer) (err error) {
		saved = wats.ProductRelation{ID: report.NewID(), Quantity: 1}
		if err := w.planRelation(ctx, &saved, c); err != nil {
			return err
		}
		_, err = w.exec(ctx, `INSERT INTO product_relation (id, parent, child, quantity, item_number, revision_mask) VALUES ($1, $2, $3, $4, $5, $6)`,
			saved.ID[:], saved.ParentID[:], saved.ChildID[:], saved.Quantity, saved.ItemNumber, saved.RevisionMask)
		return err
	})
	return &saved, err
}

// UpdateRelation changes a row of a template and returns it. It returns a [RuleError] that matches [ErrNotFound] when there is none of that ID,
// and the errors of [Store.AddRelation].
func (s *Store) UpdateRelation(ctx context.Context, c RelationChange) (*wats.ProductRelation, error) {
	var saved wats.ProductRelation
	err := s.queue.do(ctx, bytesOfProduct, func(ctx context.Context, w *writer) error {
		var into relationTarget
		found, err := w.get(ctx, into.fields(), relationSQL+` WHERE x.id = $1`, c.ID[:])
		if err != nil {
			return err
		}
		if !found {
			return missing("there is no box build row %s", c.ID)
		}
		into.finish()
		saved = into.relation
		if err := w.planRelation(ctx, &saved, c); err != nil {
			return err
		}
		_, err = w.exec(ctx, `UPDATE product_relation SET parent = $1, child = $2, quantity = $3, item_number = $4, revision_mask = $5 WHERE id = $6`,
			saved.ParentID[:], saved.ChildID[:], saved.Quantity, saved.ItemNumber, saved.RevisionMask, saved.ID[:])
		return err
	})
	return &saved, err
}

// planRelation makes the changes in r and checks what becomes of it. It writes nothing.
func (w *writer) planRelation(ctx context.Context, r *wats.ProductRelation, c RelationChange) error {
	if !c.ParentID.IsZero() {
		r.ParentID = c.ParentID
	}
	if !c.ChildID.IsZero() {
		r.ChildID = c.ChildID
	}
	set(&r.Quantity, c.Quantity)
	set(&r.ItemNumber, c.ItemNumber)
	set(&r.RevisionMask, c.RevisionMask)
	found := r.Validate()
	if err := found.Err(); err != nil {
		return err
	}
	parent, label := "", ""
	for _, end := range [...]struct {
		path  string
		id    report.ID
		part  *string
		label *string
	}{{"$.ParentProductRevisionId", r.ParentID, &parent, &label}, {"$.ProductRevisionId", r.ChildID, &r.ChildPartNumber, &r.ChildRevision}} {
		known, err := w.get(ctx, []any{end.part, end.label},
			`SELECT p.part_number, r.revision FROM product_revision r JOIN product p ON p.id = r.product WHERE r.id = $1`, end.id[:])
		if err != nil {
			return err
		}
		if !known {
			found = append(found, report.Finding{Path: end.path, Rule: "reference", Message: fmt.Sprintf("there is no product revision %s", end.id)})
		}
	}
	if err := found.Err(); err != nil {
		return err
	}
	return w.checkTemplate(ctx, r, parent, label)
}

// checkTemplate refuses a row that is there already, and one that would make a unit part of itself.
func (w *writer) checkTemplate(ctx context.Context, r *wats.ProductRelation, parent, label string) error {
	var other []byte
	found, err := w.get(ctx, []any{&other}, `SELECT id FROM product_relation WHERE parent = $1 AND child = $2 AND item_number = $3 AND id <> $4`,
		r.ParentID[:], r.ChildID[:], r.ItemNumber, r.ID[:])
	if err != nil {
		return err
	}
	if found {
		return conflict("revision %q of %q is in the box build of revision %q of %q already, with item number %q: change row %s, or give another item number",
			r.ChildRevision, r.ChildPartNumber, label, parent, r.ItemNumber, toID(other))
	}
	loop := r.ParentID == r.ChildID
	if !loop {
		var one int
		loop, err = w.get(ctx, []any{&one}, `WITH RECURSIVE below (id) AS (
			SELECT child FROM product_relation WHERE parent = $1 AND id <> $2
			UNION SELECT x.child FROM product_relation x JOIN below b ON x.parent = b.id WHERE x.id <> $3
			) SELECT 1 FROM below WHERE id = $4`, r.ChildID[:], r.ID[:], r.ID[:], r.ParentID[:])
	}
	if err == nil && loop {
		err = conflict("revision %q of %q cannot be built from revision %q of %q, which is built from it", label, parent, r.ChildRevision, r.ChildPartNumber)
	}
	return err
}

// DeleteRelation removes a row of a template. It returns a [RuleError] that matches [ErrNotFound] when there is none.
func (s *Store) DeleteRelation(ctx context.Context, id report.ID) error {
	return s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		var one int
		found, err := w.get(ctx, []any{&one}, `SELECT 1 FROM product_relation WHERE id = $1`, id[:])
		if err == nil && !found {
			err = missing("there is no box build row %s", id)
		}
		if err == nil {
			_, err = w.exec(ctx, `DELETE FROM product_relation WHERE id = $1`, id[:])
		}
		return err
	})
}

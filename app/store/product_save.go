package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// bytesOfProduct is about how many bytes writing a product, or a revision, takes.
const bytesOfProduct = 1 << 10

// SaveProduct creates or changes the product of this part number and returns it as stored. The change has been checked.
//
// It returns a [RuleError] that matches [ErrConflict] when a row version or an ID is not that of what is stored, and a [*report.InvalidError]
// when a category is not there. A product that is not changed keeps its row version.
func (s *Store) SaveProduct(ctx context.Context, change ProductChange) (*wats.Product, error) {
	saved, err := s.saveProducts(ctx, []ProductChange{change}, func(int) string { return "$" })
	if err != nil {
		return nil, err
	}
	return &saved[0], nil
}

// SaveProducts is [Store.SaveProduct] for several products, all or none.
func (s *Store) SaveProducts(ctx context.Context, changes []ProductChange) ([]wats.Product, error) {
	return s.saveProducts(ctx, changes, elementPath)
}

// SaveRevision creates or changes a revision of a product that is there, and returns it as stored. See [Store.SaveProduct]; it returns a
// [RuleError] that matches [ErrNotFound] when there is no such product.
func (s *Store) SaveRevision(ctx context.Context, change RevisionChange) (*wats.ProductRevision, error) {
	saved, err := s.saveRevisions(ctx, []RevisionChange{change}, func(int) string { return "$" })
	if err != nil {
		return nil, err
	}
	return &saved[0], nil
}

// SaveRevisions is [Store.SaveRevision] for several revisions, all or none.
func (s *Store) SaveRevisions(ctx context.Context, changes []RevisionChange) ([]wats.ProductRevision, error) {
	return s.saveRevisions(ctx, changes, elementPath)
}

// elementPath is the JSON path of an element of a body that is a list.
func elementPath(i int) string { return fmt.Sprintf("$[%d]", i) }

func (s *Store) saveProducts(ctx context.Context, changes []ProductChange, path func(int) string) ([]wats.Product, error) {
	var saved []wats.Product
	err := s.queue.do(ctx, bytesOfProduct*len(changes), func(ctx context.Context, w *writer) error {
		plans, err := planAll(changes, path, func(path string, c *ProductChange) (*productPlan, error) { return w.planProduct(ctx, path, c) })
		if err == nil {
			err = checkProductIDs(plans, path)
		}
		if err != nil {
			return err
		}
		saved = nil
		for _, plan := range plans {
			if err := w.saveProduct(ctx, plan); err != nil {
				return fmt.Errorf("save product %q: %w", plan.product.PartNumber, err)
			}
			saved = append(saved, plan.product)
		}
		return nil
	})
	return saved, err
}

func (s *Store) saveRevisions(ctx context.Context, changes []RevisionChange, path func(int) string) ([]wats.ProductRevision, error) {
	var saved []wats.ProductRevision
	err := s.queue.do(ctx, bytesOfProduct*len(changes), func(ctx context.Context, w *writer) error {
		plans, err := planAll(changes, path, func(_ string, c *RevisionChange) (*revisionPlan, error) { return w.planOwnRevision(ctx, c) })
		if err == nil {
			err = checkRevisionIDs(plans, path)
		}
		if err != nil {
			return err
		}
		saved = nil
		for _, plan := range plans {
			if err := w.saveRevision(ctx, plan); err != nil {
				return fmt.Errorf("save revision %q of product %q: %w", plan.revision.Revision, plan.revision.PartNumber, err)
			}
			saved = append(saved, plan.revision)
		}
		return nil
	})
	return saved, err
}

// planAll plans every change. It returns all that is invalid together, or the first other error.
func planAll[C, P any](changes []C, path func(int) string, plan func(path string, c *C) (*P, error)) ([]*P, error) {
	plans := make([]*P, len(changes))
	var found report.Findings
	for i := range changes {
		made, err := plan(path(i), &changes[i])
		if invalid, ok := errors.AsType[*report.InvalidError](err); ok {
			found = append(found, invalid.Violations...)
			continue
		}
		if err != nil {
			return nil, err
		}
		plans[i] = made
	}
	return plans, found.Err()
}

// checkProductIDs refuses changes of which two would make things of the same ID.
func checkProductIDs(plans []*productPlan, path func(int) string) error {
	seen := map[report.ID]bool{}
	var found report.Findings
	for i, plan := range plans {
		ids := []report.ID{plan.product.ID}
		for _, r := range plan.revisions {
			ids = append(ids, r.revision.ID)
		}
		for _, id := range ids {
			if seen[id] {
				found = append(found, report.Finding{Path: path(i), Rule: "unique", Message: fmt.Sprintf("the ID %s is there twice", id)})
			}
			seen[id] = true
		}
	}
	return found.Err()
}

func checkRevisionIDs(plans []*revisionPlan, path func(int) string) error {
	type key struct{ part, label string }
	ids, keys := map[report.ID]bool{}, map[key]bool{}
	var found report.Findings
	for i, plan := range plans {
		r := plan.revision
		k := key{r.PartNumber, r.Revision}
		if ids[r.ID] || keys[k] {
			found = append(found, report.Finding{Path: path(i) + ".revision", Rule: "unique", Message: fmt.Sprintf(
				"revision %q of product %q is there twice, or its ID is", r.Revision, r.PartNumber)})
		}
		ids[r.ID], keys[k] = true, true
	}
	return found.Err()
}

// productPlan is a product as it is to be stored.
type productPlan struct {
	product   wats.Product
	isNew     bool
	changed   bool
	revisions []*revisionPlan // of the change
}

type revisionPlan struct {
	revision wats.ProductRevision
	isNew    bool
	changed  bool
}

// set gives a member its value and reports whether that is another one.
func set[T comparable](member *T, to report.Optional[T]) bool {
	if !to.Present || to.Value == *member {
		return false
	}
	*member = to.Value
	return true
}

// product reads a product with its revisions.
func (w *writer) product(ctx context.Context, partNumber string) (*wats.Product, bool, error) {
	var into productTarget
	found, err := w.get(ctx, into.fields(), productSQL, partNumber)
	if err != nil || !found {
		return nil, false, err
	}
	if err := into.finish(); err != nil {
		return nil, false, err
	}
	p := &into.product
	var row revisionTarget
	var bad error
	err = w.each(ctx, revisionsSQL, []any{partNumber}, row.fields(), func() {
		if err := row.finish(); err != nil {
			bad = err
		}
		p.Revisions = append(p.Revisions, row.revision)
	})
	if err == nil {
		err = bad
	}
	slices.SortFunc(p.Revisions, byLabel)
	return p, true, err
}

// planProduct says what a change makes of what is stored, or why it cannot be. It writes nothing.
func (w *writer) planProduct(ctx context.Context, path string, c *ProductChange) (*productPlan, error) {
	stored, found, err := w.product(ctx, c.PartNumber)
	if err != nil {
		return nil, fmt.Errorf("read product %q: %w", c.PartNumber, err)
	}
	plan := &productPlan{isNew: !found, changed: !found}
	if found {
		plan.product = *stored
	} else {
		plan.product = wats.Product{PartNumber: c.PartNumber, ID: c.ID}
		if err := w.freeProductID(ctx, &plan.product); err != nil {
			return nil, err
		}
	}
	p := &plan.product
	if found && !c.ID.IsZero() && c.ID != p.ID {
		return nil, conflict("product %q has the ID %s, not %s", p.PartNumber, p.ID, c.ID)
	}
	if err := checkVersion(c.RowVersion, p.RowVersion, "product %q", p.PartNumber); err != nil {
		return nil, err
	}
	if err := w.planCategory(ctx, path, plan, c); err != nil {
		return nil, err
	}
	for _, changed := range [...]bool{
		set(&p.Name, c.Name), set(&p.Description, c.Description), set(&p.NonSerial, c.NonSerial), set(&p.State, c.State), set(&p.XMLData, c.XMLData),
	} {
		plan.changed = plan.changed || changed
	}
	tags, changed := mergeSettings(p.Tags, c.Tags)
	p.Tags, plan.changed = tags, plan.changed || changed
	return plan, w.planRevisions(ctx, plan, c.Revisions)
}

// freeProductID gives a new product an ID, its own if it brings one that no other has.
func (w *writer) freeProductID(ctx context.Context, p *wats.Product) error {
	if p.ID.IsZero() {
		p.ID = report.NewID()
		return nil
	}
	var other string
	found, err := w.get(ctx, []any{&other}, `SELECT part_number FROM product WHERE id = $1`, p.ID[:])
	if err == nil && found {
		err = conflict("product %q is not there, and %s is the ID of product %q: a part number cannot be changed", p.PartNumber, p.ID, other)
	}
	return err
}

// checkVersion refuses a change of something that somebody else has changed meanwhile, or removed.
func checkVersion(given, stored report.Optional[int], format string, args ...any) error {
	switch {
	case !given.Present, stored.Present && given.Value == stored.Value:
		return nil
	case !stored.Present:
		return conflict(format+" has been removed meanwhile", args...)
	}
	return conflict(format+" has been changed meanwhile: version %d was read, version %d is stored. Read it again and repeat the change",
		append(args, given.Value, stored.Value)...)
}

// planCategory finds the category that a change names. Clients send back both ID and name that they read, and change one: that one counts.
func (w *writer) planCategory(ctx context.Context, path string, plan *productPlan, c *ProductChange) error {
	p := &plan.product
	newID := !c.CategoryID.IsZero() && c.CategoryID != p.CategoryID
	newName := c.CategoryName.Present && c.CategoryName.Value != p.CategoryName
	id, name := report.ID{}, ""
	switch {
	case newID:
		id = c.CategoryID
		found, err := w.get(ctx, []any{&name}, `SELECT name FROM product_category WHERE id = $1`, id[:])
		if err != nil {
			return err
		}
		if !found {
			return violation(path+".productCategoryId", "reference", "there is no product category %s", id)
		}
		if newName && c.CategoryName.Value != "" && c.CategoryName.Value != name {
			return violation(path+".productCategoryName", "reference", "product category %s is called %q, not %q: give one of ID and name", id, name, c.CategoryName.Value)
		}
	case newName && c.CategoryName.Value != "":
		var column []byte
		name = c.CategoryName.Value
		found, err := w.get(ctx, []any{&column}, `SELECT id FROM product_category WHERE name = $1`, name)
		if err != nil {
			return err
		}
		if !found {
			return violation(path+".productCategoryName", "reference", "there is no product category %q: add it first, by PUT /api/internal/Product/PutProductCategories", name)
		}
		id = toID(column)
	case !newName:
		return nil
	}
	p.CategoryID, p.CategoryName, plan.changed = id, name, true
	return nil
}

func violation(path, rule, format string, args ...any) error {
	return &report.InvalidError{Violations: report.Findings{{Path: path, Rule: rule, Message: fmt.Sprintf(format, args...)}}}
}

// planRevisions adds the revisions of a change of the product to the plan.
func (w *writer) planRevisions(ctx context.Context, plan *productPlan, changes []RevisionChange) error {
	p := &plan.product
	p.Revisions = slices.Clone(p.Revisions)
	for i := range changes {
		c := &changes[i]
		at, found := slices.BinarySearchFunc(p.Revisions, wats.ProductRevision{Revision: c.Revision}, byLabel)
		r := wats.ProductRevision{Revision: c.Revision, PartNumber: p.PartNumber, ProductID: p.ID}
		if found {
			r = p.Revisions[at]
		}
		made, err := w.planRevision(ctx, r, !found, c)
		if err != nil {
			return err
		}
		plan.revisions = append(plan.revisions, made)
		if !found {
			p.Revisions = slices.Insert(p.Revisions, at, made.revision)
		}
	}
	return nil
}

// planOwnRevision says what a change of a revision by itself makes of what is stored.
func (w *writer) planOwnRevision(ctx context.Context, c *RevisionChange) (*revisionPlan, error) {
	r := wats.ProductRevision{Revision: c.Revision}
	var id []byte
	found, err := w.get(ctx, []any{&id, &r.PartNumber}, `SELECT id, part_number FROM product WHERE part_number = $1`, c.PartNumber)
	if c.PartNumber == "" {
		found, err = w.get(ctx, []any{&id, &r.PartNumber}, `SELECT id, part_number FROM product WHERE id = $1`, c.ProductID[:])
	}
	r.ProductID = toID(id)
	switch {
	case err != nil:
		return nil, err
	case !found && c.PartNumber == "":
		return nil, missing("there is no product with the ID %s", c.ProductID)
	case !found:
		return nil, missing("there is no product %q", c.PartNumber)
	case !c.ProductID.IsZero() && c.ProductID != r.ProductID:
		return nil, conflict("product %q has the ID %s, not %s", r.PartNumber, r.ProductID, c.ProductID)
	}
	var into revisionTarget
	found, err = w.get(ctx, into.fields(), revisionSQL, r.PartNumber, c.Revision)
	if err != nil {
		return nil, err
	}
	if found {
		if err := into.finish(); err != nil {
			return nil, err
		}
		r = into.revision
	}
	return w.planRevision(ctx, r, !found, c)
}

// planRevision says what a change makes of r, the stored revision or an empty new one.
func (w *writer) planRevision(ctx context.Context, r wats.ProductRevision, isNew bool, c *RevisionChange) (*revisionPlan, error) {
	plan := &revisionPlan{revision: r, isNew: isNew, changed: isNew}
	made := &plan.revision
	switch {
	case isNew && c.ID.IsZero():
		made.ID = report.NewID()
	case isNew:
		made.ID = c.ID
		if err := w.freeRevisionID(ctx, made); err != nil {
			return nil, err
		}
	case !c.ID.IsZero() && c.ID != r.ID:
		return nil, conflict("revision %q of product %q has the ID %s, not %s", r.Revision, r.PartNumber, r.ID, c.ID)
	}
	if err := checkVersion(c.RowVersion, r.RowVersion, "revision %q of product %q", r.Revision, r.PartNumber); err != nil {
		return nil, err
	}
	for _, changed := range [...]bool{
		set(&made.Name, c.Name), set(&made.Description, c.Description), set(&made.State, c.State), set(&made.XMLData, c.XMLData),
	} {
		plan.changed = plan.changed || changed
	}
	tags, changed := mergeSettings(made.Tags, c.Tags)
	made.Tags, plan.changed = tags, plan.changed || changed
	return plan, nil
}

func (w *writer) freeRevisionID(ctx context.Context, r *wats.ProductRevision) error {
	var part, label string
	found, err := w.get(ctx, []any{&part, &label},
		`SELECT p.part_number, r.revision FROM product_revision r JOIN product p ON p.id = r.product WHERE r.id = $1`, r.ID[:])
	if err == nil && found {
		err = conflict("product %q has no revision %q, and %s is the ID of revision %q of %q: a label cannot be changed",
			r.PartNumber, r.Revision, r.ID, label, part)
	}
	return err
}

// saveProduct stores what a plan says, and completes its product.
func (w *writer) saveProduct(ctx context.Context, plan *productPlan) error {
	p := &plan.product
	category := idOrNull(p.CategoryID)
	switch {
	case plan.isNew:
		p.RowVersion = report.Some(1)
		if _, err := w.exec(ctx, `INSERT INTO product (id, part_number, name, description, non_serial, state, category, tags, xml_data)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			p.ID[:], p.PartNumber, p.Name, p.Description, bit(p.NonSerial), p.State.Number(), category, encodeSettings(p.Tags), p.XMLData); err != nil {
			return err
		}
	case plan.changed:
		p.RowVersion.Value++
		if _, err := w.exec(ctx, `UPDATE product SET name = $1, description = $2, non_serial = $3, state = $4, category = $5, tags = $6, xml_data = $7,
			row_version = $8 WHERE id = $9`,
			p.Name, p.Description, bit(p.NonSerial), p.State.Number(), category, encodeSettings(p.Tags), p.XMLData, p.RowVersion.Value, p.ID[:]); err != nil {
			return err
		}
	}
	for _, r := range plan.revisions {
		if err := w.saveRevision(ctx, r); err != nil {
			return fmt.Errorf("revision %q: %w", r.revision.Revision, err)
		}
		if at, found := slices.BinarySearchFunc(p.Revisions, r.revision, byLabel); found {
			p.Revisions[at] = r.revision
		}
	}
	return nil
}

func (w *writer) saveRevision(ctx context.Context, plan *revisionPlan) error {
	r := &plan.revision
	var err error
	switch {
	case plan.isNew:
		r.RowVersion = report.Some(1)
		_, err = w.exec(ctx, `INSERT INTO product_revision (id, product, revision, name, description, state, tags, xml_data)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			r.ID[:], r.ProductID[:], r.Revision, r.Name, r.Description, r.State.Number(), encodeSettings(r.Tags), r.XMLData)
	case plan.changed:
		r.RowVersion.Value++
		_, err = w.exec(ctx, `UPDATE product_revision SET name = $1, description = $2, state = $3, tags = $4, xml_data = $5, row_version = $6 WHERE id = $7`,
			r.Name, r.Description, r.State.Number(), encodeSettings(r.Tags), r.XMLData, r.RowVersion.Value, r.ID[:])
	}
	return err
}

// idOrNull returns the bytes of an ID, nil for the zero ID.
func idOrNull(id report.ID) []byte {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

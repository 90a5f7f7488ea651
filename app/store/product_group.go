package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// ProductGroups returns every group with its filters, by name.
func (s *Store) ProductGroups(ctx context.Context) ([]wats.ProductGroup, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT id, name, filters FROM product_group`)
	if err != nil {
		return nil, fmt.Errorf("list product groups: %w", err)
	}
	all, err := collect(rows, func(g *wats.ProductGroup) error {
		var filters string
		if err := rows.Scan(&g.ID, &g.Name, &filters); err != nil {
			return err
		}
		var err error
		g.Filters, err = decodeFilters(filters)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list product groups: %w", err)
	}
	slices.SortFunc(all, func(a, b wats.ProductGroup) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// GroupsOf returns the groups that a product belongs to by its part number, whatever its revision. [ErrNotFound] when there is no such product.
func (s *Store) GroupsOf(ctx context.Context, partNumber string) ([]wats.ProductGroup, error) {
	if _, err := s.Product(ctx, partNumber); err != nil {
		return nil, err
	}
	all, err := s.ProductGroups(ctx)
	return slices.DeleteFunc(all, func(g wats.ProductGroup) bool { return !inGroup(g, partNumber, nil) }), err
}

// inGroup reports whether a product belongs to a group; with a revision, whether that one does.
func inGroup(g wats.ProductGroup, partNumber string, revision *string) bool {
	return slices.ContainsFunc(g.Filters, func(f wats.ProductGroupFilter) bool {
		return matchFilter(f.PartNumber, partNumber) && (revision == nil || matchFilter(f.Revision, *revision))
	})
}

// matchFilter reports whether text has the form of a pattern with * and % for any text, ? and _ for one character. "" is any text.
func matchFilter(pattern, text string) bool {
	return pattern == "" || matchWild(strings.NewReplacer("*", "%", "?", "_").Replace(pattern), text)
}

func decodeFilters(column string) ([]wats.ProductGroupFilter, error) {
	filters := []wats.ProductGroupFilter{}
	if column == "" {
		return filters, nil
	}
	if err := json.Unmarshal([]byte(column), &filters); err != nil {
		return nil, fmt.Errorf("stored filters are damaged: %w", err)
	}
	return filters, nil
}

// SaveProductGroup changes the group of g.ID, or creates or changes that of g.Name where the ID is 0. Filters that are nil stay.
// It returns a [RuleError] when there is no group of that ID, or another one has the name.
func (s *Store) SaveProductGroup(ctx context.Context, g wats.ProductGroup) (*wats.ProductGroup, error) {
	saved := g
	err := s.queue.do(ctx, bytesOfProduct, func(ctx context.Context, w *writer) error {
		saved = g
		named, id, err := w.idOfGroup(ctx, g.Name)
		if err != nil {
			return err
		}
		var filters string
		switch {
		case g.ID == 0:
			saved.ID = id
		case named && id != g.ID:
			return conflict("product group %d cannot be called %q: group %d is", g.ID, g.Name, id)
		}
		if saved.ID != 0 {
			found, err := w.get(ctx, []any{&filters}, `SELECT filters FROM product_group WHERE id = $1`, saved.ID)
			if err != nil {
				return err
			}
			if !found {
				return missing("there is no product group %d", saved.ID)
			}
		}
		if g.Filters != nil {
			text, _ := json.Marshal(g.Filters) // texts only: cannot fail
			filters = string(text)
		} else if saved.Filters, err = decodeFilters(filters); err != nil {
			return err
		}
		if saved.ID == 0 {
			return w.insert(ctx, &saved.ID, `INSERT INTO product_group (name, filters) VALUES ($1, $2) RETURNING id`, g.Name, filters)
		}
		_, err = w.exec(ctx, `UPDATE product_group SET name = $1, filters = $2 WHERE id = $3`, g.Name, filters, saved.ID)
		return err
	})
	return &saved, err
}

func (w *writer) idOfGroup(ctx context.Context, name string) (found bool, id int, err error) {
	found, err = w.get(ctx, []any{&id}, `SELECT id FROM product_group WHERE name = $1`, name)
	return found, id, err
}

// ProductCategories returns every category by name.
func (s *Store) ProductCategories(ctx context.Context) ([]wats.ProductCategory, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT id, name, description FROM product_category`)
	if err != nil {
		return nil, fmt.Errorf("list product categories: %w", err)
	}
	all, err := collect(rows, func(c *wats.ProductCategory) error {
		var id []byte
		err := rows.Scan(&id, &c.Name, &c.Description)
		c.ID = toID(id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list product categories: %w", err)
	}
	slices.SortFunc(all, func(a, b wats.ProductCategory) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// SaveProductCategories creates or changes categories by ID, and by name where that is zero, all or none. Those left out stay.
// It returns a [RuleError] that matches [ErrConflict] when two would have the same name.
func (s *Store) SaveProductCategories(ctx context.Context, categories []wats.ProductCategory) error {
	return s.queue.do(ctx, bytesOfProduct*len(categories), func(ctx context.Context, w *writer) error {
		byID, byName, err := w.categories(ctx)
		if err != nil {
			return err
		}
		given := slices.Clone(categories)
		for i := range given {
			c := &given[i]
			if c.ID.IsZero() {
				c.ID = byName[c.Name]
			}
			if c.ID.IsZero() {
				c.ID = report.NewID()
			}
			if old, known := byID[c.ID]; known {
				delete(byName, old)
			}
			byID[c.ID] = c.Name
		}
		for _, c := range given {
			if other, taken := byName[c.Name]; taken && other != c.ID {
				return conflict("product category %s cannot be called %q: category %s is", c.ID, c.Name, other)
			}
			byName[c.Name] = c.ID
		}
		return w.saveCategories(ctx, given)
	})
}

func (w *writer) categories(ctx context.Context) (byID map[report.ID]string, byName map[string]report.ID, err error) {
	byID, byName = map[report.ID]string{}, map[string]report.ID{}
	var id []byte
	var name string
	err = w.each(ctx, `SELECT id, name FROM product_category`, nil, []any{&id, &name}, func() {
		byID[toID(id)], byName[name] = name, toID(id)
	})
	return byID, byName, err
}

// saveCategories writes in two steps, so that two categories can exchange their names.
func (w *writer) saveCategories(ctx context.Context, categories []wats.ProductCategory) error {
	for _, c := range categories {
		if _, err := w.exec(ctx, `UPDATE product_category SET name = $1 WHERE id = $2 AND name <> $3`, c.ID.String(), c.ID[:], c.Name); err != nil {
			return err
		}
	}
	for _, c := range categories {
		if _, err := w.exec(ctx, `INSERT INTO product_category (id, name, description) VALUES ($1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description`, c.ID[:], c.Name, c.Description); err != nil {
			return fmt.Errorf("save product category %q: %w", c.Name, err)
		}
	}
	return nil
}

// Vendors returns every vendor by name.
func (s *Store) Vendors(ctx context.Context) ([]wats.Vendor, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT id, name, extra FROM vendor`)
	if err != nil {
		return nil, fmt.Errorf("list vendors: %w", err)
	}
	all, err := collect(rows, func(v *wats.Vendor) error {
		var extra string
		if err := rows.Scan(&v.ID, &v.Name, &extra); err != nil || extra == "" {
			return err
		}
		return json.Unmarshal([]byte(extra), &v.Extra)
	})
	if err != nil {
		return nil, fmt.Errorf("list vendors: %w", err)
	}
	slices.SortFunc(all, func(a, b wats.Vendor) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// SaveVendor changes the vendor of v.ID, or creates or changes that of v.Name where the ID is "". Of the members that only clients know, those
// that are absent or null stay. It returns a [RuleError] when there is no vendor of that ID, or another one has the name.
func (s *Store) SaveVendor(ctx context.Context, v wats.Vendor) (*wats.Vendor, error) {
	var saved wats.Vendor
	err := s.queue.do(ctx, bytesOfProduct, func(ctx context.Context, w *writer) error {
		saved = v
		var id, column string
		named, err := w.get(ctx, []any{&id}, `SELECT id FROM vendor WHERE name = $1`, v.Name)
		switch {
		case err != nil:
			return err
		case named && v.ID == "":
			saved.ID = id
		case named && v.ID != id:
			return conflict("vendor %s cannot be called %q: vendor %s is", v.ID, v.Name, id)
		}
		found, err := w.get(ctx, []any{&column}, `SELECT extra FROM vendor WHERE id = $1`, saved.ID)
		switch {
		case err != nil:
			return err
		case !found && v.ID != "":
			return missing("there is no vendor %q", v.ID)
		case !found:
			saved.ID = report.NewID().String()
		}
		if saved.Extra, err = mergeExtra(column, v.Extra); err != nil {
			return err
		}
		column = ""
		if len(saved.Extra) > 0 {
			text, err := json.Marshal(saved.Extra)
			if err != nil {
				return err
			}
			column = string(text)
		}
		if err := w.renameVendor(ctx, saved); err != nil {
			return err
		}
		_, err = w.exec(ctx, `INSERT INTO vendor (id, name, extra) VALUES ($1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, extra = excluded.extra`, saved.ID, saved.Name, column)
		return err
	})
	return &saved, err
}

// mergeExtra returns stored members with the given ones; null changes nothing.
func mergeExtra(column string, given wats.Extra) (wats.Extra, error) {
	merged := wats.Extra{}
	if column != "" {
		if err := json.Unmarshal([]byte(column), &merged); err != nil {
			return nil, fmt.Errorf("stored members are damaged: %w", err)
		}
	}
	for name, value := range given {
		if string(value) != "null" {
			merged[name] = value
		}
	}
	if len(merged) == 0 {
		return nil, nil
	}
	return merged, nil
}

// renameVendor gives the bills of materials the new name of a vendor.
func (w *writer) renameVendor(ctx context.Context, v wats.Vendor) error {
	var old string
	found, err := w.get(ctx, []any{&old}, `SELECT name FROM vendor WHERE id = $1`, v.ID)
	if err != nil || !found || old == v.Name {
		return err
	}
	_, err = w.exec(ctx, `UPDATE bom_item SET vendor = $1 WHERE vendor = $2`, v.Name, old)
	return err
}

// DeleteVendor deletes a vendor. It returns a [RuleError] when there is none, or a BOM names it.
func (s *Store) DeleteVendor(ctx context.Context, id string) error {
	return s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		var name string
		found, err := w.get(ctx, []any{&name}, `SELECT name FROM vendor WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if !found {
			return missing("there is no vendor %q", id)
		}
		if err := w.refuseUsedVendor(ctx, name); err != nil {
			return err
		}
		_, err = w.exec(ctx, `DELETE FROM vendor WHERE id = $1`, id)
		return err
	})
}

// refuseUsedVendor says where a vendor is named, if it is.
func (w *writer) refuseUsedVendor(ctx context.Context, name string) error {
	var lines int
	var part, revision string
	found, err := w.get(ctx, []any{&part, &revision, &lines}, `SELECT p.part_number, r.revision,
		(SELECT count(*) FROM bom_item WHERE vendor = $1)
		FROM bom_item b JOIN product_revision r ON r.id = b.revision JOIN product p ON p.id = r.product
		WHERE b.vendor = $2 ORDER BY p.part_number, r.revision LIMIT 1`, name, name)
	if err != nil || !found {
		return err
	}
	return conflict("vendor %q is in use: %d lines of bills of materials name it, the first in revision %q of product %q", name, lines, revision, part)
}

// SaveProductTags changes tags of a product. It returns a [RuleError] that matches [ErrNotFound] when there is no
// such product.
func (s *Store) SaveProductTags(ctx context.Context, partNumber string, tags []wats.Setting) error {
	return s.queue.do(ctx, bytesOfProduct, func(ctx context.Context, w *writer) error {
		plan, err := w.planProduct(ctx, "$", &ProductChange{PartNumber: partNumber, Tags: tags})
		if err != nil {
			return err
		}
		if plan.isNew {
			return missing("there is no product %q", partNumber)
		}
		return w.saveProduct(ctx, plan)
	})
}

// SaveRevisionTags changes tags of a revision. It returns a [RuleError] that matches [ErrNotFound] when there is no such revision.
func (s *Store) SaveRevisionTags(ctx context.Context, partNumber, revision string, tags []wats.Setting) error {
	return s.queue.do(ctx, bytesOfProduct, func(ctx context.Context, w *writer) error {
		plan, err := w.planOwnRevision(ctx, &RevisionChange{PartNumber: partNumber, Revision: revision, Tags: tags})
		if err != nil {
			return err
		}
		if plan.isNew {
			return missing("product %q has no revision %q", partNumber, revision)
		}
		return w.saveRevision(ctx, plan)
	})
}

package store

import (
	"context"
	"fmt"

	"github.com/gowats/gowats/report"
)

// partRevision is a product and one of its revisions, "" for none.
type partRevision struct{ part, revision string }

// arrivals is the writer's memory of what reports have made, or found there: nothing of it is ever removed while reports name it.
// It saves the look into the database for almost every report.
type arrivals struct {
	products map[partRevision]bool
	levels   map[string]bool
}

const maxArrivals = 100_000 // entries of each kind, some 20 MB; then it starts over

// remember adds key to a set.
func remember[K comparable](set map[K]bool, key K) map[K]bool {
	if set == nil || len(set) >= maxArrivals {
		set = map[K]bool{}
	}
	set[key] = true
	return set
}

// addProduct makes the product and the revision that a report is about, where they are not there yet. A blank revision is none.
// It reports whether the product is new.
func (w *writer) addProduct(ctx context.Context, part, revision string) (isNew bool, err error) {
	key := partRevision{part, revision}
	if w.arrivals.products[key] {
		return false, nil
	}
	id, isNew, err := w.productID(ctx, part)
	if err == nil && revision != "" {
		made := report.NewID()
		_, err = w.exec(ctx, `INSERT INTO product_revision (id, product, revision) VALUES ($1, $2, $3) ON CONFLICT (product, revision) DO NOTHING`,
			made[:], id, revision)
	}
	if err != nil {
		return false, fmt.Errorf("add product %q: %w", part, err)
	}
	w.arrivals.products = remember(w.arrivals.products, key)
	return isNew, nil
}

// productID returns the ID of a product, which it makes under its part number if it is not there.
func (w *writer) productID(ctx context.Context, part string) (id []byte, isNew bool, err error) {
	found, err := w.get(ctx, []any{&id}, `SELECT id FROM product WHERE part_number = $1`, part)
	if err != nil || found {
		return id, false, err
	}
	made := report.NewID()
	added, err := w.exec(ctx, `INSERT INTO product (id, part_number, name) VALUES ($1, $2, $3) ON CONFLICT (part_number) DO NOTHING`,
		made[:], part, part)
	if err != nil || added == 1 {
		return made[:], true, err
	}
	_, err = w.get(ctx, []any{&id}, `SELECT id FROM product WHERE part_number = $1`, part) // another process was faster
	return id, false, err
}

// addLevel makes the level that a report's station stands on. A blank location is none.
func (w *writer) addLevel(ctx context.Context, location string) error {
	if location == "" || w.arrivals.levels[location] {
		return nil
	}
	if _, err := w.exec(ctx, `INSERT INTO level (name) VALUES ($1) ON CONFLICT (name) DO NOTHING`, location); err != nil {
		return fmt.Errorf("add level %q: %w", location, err)
	}
	w.arrivals.levels = remember(w.arrivals.levels, location)
	return nil
}

// addOlderProducts makes the products of reports that were stored before there were products, once.
func (s *Store) addOlderProducts(ctx context.Context) error {
	var products, reports int
	err := s.reads.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM (SELECT 1 FROM product LIMIT 1) p), (SELECT count(*) FROM (SELECT 1 FROM report LIMIT 1) r)`).
		Scan(&products, &reports)
	if err != nil || products > 0 || reports == 0 {
		return err
	}
	rows, err := s.reads.QueryContext(ctx, `SELECT DISTINCT part_number, revision FROM report WHERE superseded = 0`)
	if err != nil {
		return fmt.Errorf("list the products of older reports: %w", err)
	}
	older, err := collect(rows, func(p *partRevision) error { return rows.Scan(&p.part, &p.revision) })
	if err != nil {
		return fmt.Errorf("list the products of older reports: %w", err)
	}
	err = s.queue.do(ctx, len(older)*bytesOfProduct, func(ctx context.Context, w *writer) error {
		for _, p := range older {
			if _, err := w.addProduct(ctx, p.part, p.revision); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.log.InfoContext(ctx, "products of older reports added", "revisions", len(older))
	}
	return err
}

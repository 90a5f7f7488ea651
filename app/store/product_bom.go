package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

const bytesOfBOMItem = 300 // about

// BOM returns the bill of materials of a revision, without items where it has none. [ErrNotFound] when there is no such revision.
func (s *Store) BOM(ctx context.Context, partNumber, revision string) (*wats.BOM, error) {
	bom := &wats.BOM{PartNumber: partNumber, Revision: revision}
	var id []byte
	err := s.reads.QueryRowContext(ctx, `SELECT r.id, r.bom_description FROM product_revision r JOIN product p ON p.id = r.product
		WHERE p.part_number = $1 AND r.revision = $2`, partNumber, revision).Scan(&id, &bom.Description)
	if errors.Is(err, ErrNotFound) {
		return nil, missing("product %q has no revision %q", partNumber, revision)
	}
	if err == nil {
		bom.Items, err = s.bomItems(ctx, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read the bill of materials of revision %q of product %q: %w", revision, partNumber, err)
	}
	return bom, nil
}

func (s *Store) bomItems(ctx context.Context, revision []byte) ([]wats.BOMItem, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT id, revision, component_ref, part_number, part_revision, description, quantity,
		manufacturer, manufacturer_pn, vendor, vendor_pn FROM bom_item WHERE revision = $1 ORDER BY position`, revision)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(b *wats.BOMItem) error {
		var id, of []byte
		err := rows.Scan(&id, &of, &b.ComponentRef, &b.PartNumber, &b.PartRevision, &b.Description, &b.Quantity,
			&b.Manufacturer, &b.ManufacturerPN, &b.Vendor, &b.VendorPN)
		b.ID, b.RevisionID = toID(id), toID(of)
		return err
	})
}

// SaveBOM replaces the bill of materials of a revision; its description only where one is given. Items keep the IDs of this revision that they
// bring. It returns a [RuleError] that matches [ErrNotFound] when there is no such revision.
func (s *Store) SaveBOM(ctx context.Context, partNumber, revision string, description report.Optional[string], items []wats.BOMItem) error {
	return s.queue.do(ctx, bytesOfBOMItem*len(items), func(ctx context.Context, w *writer) error {
		var id []byte
		found, err := w.get(ctx, []any{&id}, `SELECT r.id FROM product_revision r JOIN product p ON p.id = r.product
			WHERE p.part_number = $1 AND r.revision = $2`, partNumber, revision)
		if err != nil {
			return err
		}
		if !found {
			return missing("product %q has no revision %q", partNumber, revision)
		}
		if err := w.replaceBOM(ctx, id, items); err != nil {
			return fmt.Errorf("save the bill of materials of revision %q of product %q: %w", revision, partNumber, err)
		}
		if description.Present {
			_, err = w.exec(ctx, `UPDATE product_revision SET bom_description = $1 WHERE id = $2`, description.Value, id)
		}
		return err
	})
}

func (w *writer) replaceBOM(ctx context.Context, revision []byte, items []wats.BOMItem) error {
	free := map[report.ID]bool{} // the IDs of the items there are, each for one of the new ones
	var id []byte
	err := w.each(ctx, `SELECT id FROM bom_item WHERE revision = $1`, []any{revision}, []any{&id}, func() { free[toID(id)] = true })
	if err != nil {
		return err
	}
	if _, err := w.exec(ctx, `DELETE FROM bom_item WHERE revision = $1`, revision); err != nil {
		return err
	}
	for i, b := range items {
		id := b.ID
		if !free[id] {
			id = report.NewID()
		}
		delete(free, id)
		if _, err := w.exec(ctx, `INSERT INTO bom_item (id, revision, position, component_ref, part_number, part_revision, description, quantity,
			manufacturer, manufacturer_pn, vendor, vendor_pn) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			id[:], revision, i, b.ComponentRef, b.PartNumber, b.PartRevision, b.Description, b.Quantity,
			b.Manufacturer, b.ManufacturerPN, b.Vendor, b.VendorPN); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return nil
}

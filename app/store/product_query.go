package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/odata"
)

const categoryNameSQL = `COALESCE((SELECT c.name FROM product_category c WHERE c.id = p.category), '')`

// productListing is the list of all products.
func productListing() listing {
	return listing{
		columns: productColumns,
		from:    `product p`,
		where:   `1=1`,
		schema: odata.Schema{
			{Name: "partNumber", SQL: "p.part_number"},
			{Name: "name", SQL: "p.name"},
			{Name: "description", SQL: "p.description"},
			{Name: "productCategoryName", SQL: categoryNameSQL},
			{Name: "category", SQL: categoryNameSQL},
			{Name: "productCategoryId", Type: odata.GUID, SQL: "p.category", Nullable: true},
			{Name: "nonSerial", Type: odata.Bool, SQL: "p.non_serial"},
			{Name: "state", Type: odata.Int, SQL: "p.state"},
			{Name: "productId", Type: odata.GUID, SQL: "p.id"},
			{Name: "revisions", Type: odata.List, SQL: "p.id", Select: "SELECT product FROM product_revision", Of: odata.Schema{
				{Name: "revision", SQL: "revision"}, {Name: "name", SQL: "name"}, {Name: "description", SQL: "description"},
				{Name: "state", Type: odata.Int, SQL: "state"},
			}},
		},
		order: "partNumber",
		ties:  odata.Schema{{SQL: "p.part_number"}},
	}
}

// Products yields the products that q selects, without revisions and tags, by part number unless q says otherwise, in flat memory. A bad query is
// a [*QueryError]. An error is yielded once, last.
func (s *Store) Products(ctx context.Context, q ListQuery) iter.Seq2[*wats.Product, error] {
	statement, args, err := s.selectSQL(productListing(), q)
	if err != nil {
		return func(yield func(*wats.Product, error) bool) { yield(nil, err) }
	}
	return eachRow(ctx, s, statement, args, func(rows *sql.Rows, p *wats.Product) error {
		var into productTarget
		if err := rows.Scan(into.fields()...); err != nil {
			return err
		}
		err := into.finish()
		*p = into.product
		p.Tags = nil
		return err
	})
}

// CountProducts returns how many products a filter selects.
func (s *Store) CountProducts(ctx context.Context, filter string) (int, error) {
	n, err := s.count(ctx, productListing(), filter)
	if err != nil {
		return 0, fmt.Errorf("count products: %w", err)
	}
	return n, nil
}

// DeleteProduct removes a product with its revisions, bills of materials and templates. It returns a [RuleError] when there is none, or something
// names it.
func (s *Store) DeleteProduct(ctx context.Context, partNumber string) error {
	return s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		p, found, err := w.product(ctx, partNumber)
		if err != nil {
			return err
		}
		if !found {
			return missing("there is no product %q", partNumber)
		}
		user, err := w.userOfProduct(ctx, p)
		if err != nil {
			return err
		}
		if user != "" {
			return conflict("product %q is in use: %s. Make it inactive instead", partNumber, user)
		}
		w.arrivals = arrivals{}
		for _, statement := range [...]string{
			`DELETE FROM product_relation WHERE parent IN (SELECT id FROM product_revision WHERE product = $1)`,
			`DELETE FROM bom_item WHERE revision IN (SELECT id FROM product_revision WHERE product = $1)`,
			`DELETE FROM product_revision WHERE product = $1`,
			`DELETE FROM product WHERE id = $1`,
		} {
			if _, err := w.exec(ctx, statement, p.ID[:]); err != nil {
				return fmt.Errorf("delete product %q: %w", partNumber, err)
			}
		}
		return nil
	})
}

// userOfProduct says what names a product, "" when nothing does.
func (w *writer) userOfProduct(ctx context.Context, p *wats.Product) (string, error) {
	var first, second string
	for _, user := range [...]struct {
		query string
		key   any
		text  string
	}{
		{`SELECT serial_number, revision FROM report WHERE part_number = $1 AND superseded = 0 LIMIT 1`, p.PartNumber,
			"reports name it, such as one of unit %q in revision %q"},
		{`SELECT serial_number, revision FROM unit WHERE part_number = $1 LIMIT 1`, p.PartNumber, "there are units of it, such as %q in revision %q"},
		{`SELECT o.order_number, i.revision FROM production_order_item i JOIN production_order o ON o.id = i.production_order WHERE i.part_number = $1 LIMIT 1`,
			p.PartNumber, "orders name it, such as %q for revision %q"},
		{`SELECT p.part_number, r.revision FROM product_relation x JOIN product_revision c ON c.id = x.child JOIN product_revision r ON r.id = x.parent
			JOIN product p ON p.id = r.product WHERE c.product = $1 AND r.product <> c.product LIMIT 1`, p.ID[:],
			"others are built from it, such as %q in revision %q"},
	} {
		found, err := w.get(ctx, []any{&first, &second}, user.query, user.key)
		if err != nil {
			return "", err
		}
		if found {
			return fmt.Sprintf(user.text, first, second), nil
		}
	}
	return "", nil
}

package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// ProductChange is a product as a request writes it. What is absent, or null, stays as it is; for a new product it is empty.
type ProductChange struct {
	PartNumber   string                            `json:"partNumber"`
	ID           report.ID                         `json:"productId"`
	Name         report.Optional[string]           `json:"name"`
	Description  report.Optional[string]           `json:"description"`
	NonSerial    report.Optional[bool]             `json:"nonSerial"`
	State        report.Optional[wats.ActiveState] `json:"state"`
	CategoryID   report.ID                         `json:"productCategoryId"`
	CategoryName report.Optional[string]           `json:"productCategoryName"`
	XMLData      report.Optional[string]           `json:"xmlData"`
	Revisions    []RevisionChange                  `json:"revisions"`
	Tags         []wats.Setting                    `json:"tags"`
	RowVersion   report.Optional[int]              `json:"rowVersion"`
}

// RevisionChange is a revision as a request writes it, like [ProductChange].
type RevisionChange struct {
	Revision    string                            `json:"revision"`
	PartNumber  string                            `json:"partNumber"`
	ID          report.ID                         `json:"productRevisionId"`
	ProductID   report.ID                         `json:"productId"`
	Name        report.Optional[string]           `json:"name"`
	Description report.Optional[string]           `json:"description"`
	State       report.Optional[wats.ActiveState] `json:"state"`
	XMLData     report.Optional[string]           `json:"xmlData"`
	Tags        []wats.Setting                    `json:"tags"`
	RowVersion  report.Optional[int]              `json:"rowVersion"`
}

// Product returns the product that c describes by itself, to be checked.
func (c *ProductChange) Product() wats.Product {
	p := wats.Product{
		PartNumber: c.PartNumber, ID: c.ID, Name: c.Name.Value, Description: c.Description.Value, NonSerial: c.NonSerial.Value,
		State: c.State.Value, CategoryID: c.CategoryID, CategoryName: c.CategoryName.Value, XMLData: c.XMLData.Value, Tags: c.Tags,
	}
	for i := range c.Revisions {
		p.Revisions = append(p.Revisions, c.Revisions[i].ProductRevision())
	}
	return p
}

// ProductRevision returns the revision that c describes by itself, to be checked.
func (c *RevisionChange) ProductRevision() wats.ProductRevision {
	return wats.ProductRevision{
		Revision: c.Revision, PartNumber: c.PartNumber, ID: c.ID, ProductID: c.ProductID, Name: c.Name.Value, Description: c.Description.Value,
		State: c.State.Value, XMLData: c.XMLData.Value, Tags: c.Tags,
	}
}

const productColumns = `p.id, p.part_number, p.name, p.description, p.non_serial, p.state, p.category,
	(SELECT c.name FROM product_category c WHERE c.id = p.category), p.tags, p.xml_data, p.row_version`

// productTarget takes the columns of a product.
type productTarget struct {
	product      wats.Product
	id, category []byte
	categoryName *string
	state        int
	tags         string
	version      int
}

func (t *productTarget) fields() []any {
	p := &t.product
	return []any{&t.id, &p.PartNumber, &p.Name, &p.Description, &p.NonSerial, &t.state, &t.category, &t.categoryName, &t.tags, &p.XMLData, &t.version}
}

func (t *productTarget) finish() (err error) {
	p := &t.product
	p.ID, p.CategoryID, p.State, p.RowVersion = toID(t.id), toID(t.category), wats.ActiveStateOf(t.state), report.Some(t.version)
	if t.categoryName != nil {
		p.CategoryName = *t.categoryName
	}
	p.Tags, err = decodeSettings(t.tags)
	return err
}

const revisionColumns = `r.id, r.product, p.part_number, r.revision, r.name, r.description, r.state, r.tags, r.xml_data, r.row_version`

// revisionTarget takes the columns of a revision.
type revisionTarget struct {
	revision    wats.ProductRevision
	id, product []byte
	state       int
	tags        string
	version     int
}

func (t *revisionTarget) fields() []any {
	r := &t.revision
	return []any{&t.id, &t.product, &r.PartNumber, &r.Revision, &r.Name, &r.Description, &t.state, &t.tags, &r.XMLData, &t.version}
}

func (t *revisionTarget) finish() (err error) {
	r := &t.revision
	r.ID, r.ProductID, r.State, r.RowVersion = toID(t.id), toID(t.product), wats.ActiveStateOf(t.state), report.Some(t.version)
	r.Tags, err = decodeSettings(t.tags)
	return err
}

const (
	productSQL   = `SELECT ` + productColumns + ` FROM product p WHERE p.part_number = $1`
	revisionsSQL = `SELECT ` + revisionColumns + ` FROM product_revision r JOIN product p ON p.id = r.product WHERE p.part_number = $1`
	revisionSQL  = revisionsSQL + ` AND r.revision = $2`
)

func byLabel(a, b wats.ProductRevision) int { return cmp.Compare(a.Revision, b.Revision) }

// Product returns a product with its revisions and tags. [ErrNotFound] when there is none.
func (s *Store) Product(ctx context.Context, partNumber string) (*wats.Product, error) {
	var into productTarget
	err := s.reads.QueryRowContext(ctx, productSQL, partNumber).Scan(into.fields()...)
	if errors.Is(err, ErrNotFound) {
		return nil, missing("there is no product %q", partNumber)
	}
	if err == nil {
		err = into.finish()
	}
	if err == nil {
		into.product.Revisions, err = s.revisions(ctx, partNumber)
	}
	if err != nil {
		return nil, fmt.Errorf("read product %q: %w", partNumber, err)
	}
	return &into.product, nil
}

// Revisions returns the revisions of a product by label. [ErrNotFound] when there is no such product.
func (s *Store) Revisions(ctx context.Context, partNumber string) ([]wats.ProductRevision, error) {
	p, err := s.Product(ctx, partNumber)
	if err != nil {
		return nil, err
	}
	return p.Revisions, nil
}

func (s *Store) revisions(ctx context.Context, partNumber string) ([]wats.ProductRevision, error) {
	rows, err := s.reads.QueryContext(ctx, revisionsSQL, partNumber)
	if err != nil {
		return nil, err
	}
	all, err := collect(rows, func(r *wats.ProductRevision) error {
		var into revisionTarget
		if err := rows.Scan(into.fields()...); err != nil {
			return err
		}
		err := into.finish()
		*r = into.revision
		return err
	})
	slices.SortFunc(all, byLabel)
	return all, err
}

// Revision returns one revision of a product. [ErrNotFound] when there is none.
func (s *Store) Revision(ctx context.Context, partNumber, revision string) (*wats.ProductRevision, error) {
	var into revisionTarget
	err := s.reads.QueryRowContext(ctx, revisionSQL, partNumber, revision).Scan(into.fields()...)
	if errors.Is(err, ErrNotFound) {
		return nil, missing("product %q has no revision %q", partNumber, revision)
	}
	if err == nil {
		err = into.finish()
	}
	if err != nil {
		return nil, fmt.Errorf("read revision %q of product %q: %w", revision, partNumber, err)
	}
	return &into.revision, nil
}

// ProductViews yields every product by part number, in flat memory. An error is yielded once, last.
func (s *Store) ProductViews(ctx context.Context) iter.Seq2[*wats.ProductView, error] {
	return eachRow(ctx, s, `SELECT p.part_number, p.name, p.non_serial, p.state,
		COALESCE((SELECT c.name FROM product_category c WHERE c.id = p.category), '')
		FROM product p ORDER BY p.part_number`, nil, func(rows *sql.Rows, v *wats.ProductView) error {
		var state int
		err := rows.Scan(&v.PartNumber, &v.Name, &v.NonSerial, &state, &v.CategoryName)
		v.State = wats.ActiveStateOf(state)
		return err
	})
}

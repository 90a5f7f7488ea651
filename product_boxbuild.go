package wats

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gowats/gowats/report"
)

// ProductRelation is a row of a box build template: a unit of the parent revision is built from so many units of the child.
//
// Route: POST /api/internal/Product/PostProductRevisionRelation.
type ProductRelation struct {
	ID              report.ID `json:"ProductRevisionRelationId,omitzero" alias:"RelationId"`
	ParentID        report.ID `json:"ParentProductRevisionId,omitzero"`
	ChildID         report.ID `json:"ProductRevisionId,omitzero" alias:"ChildProductRevisionId"`
	Quantity        int       `json:"Quantity"`   // 1–1,000,000; read as 1 where a server leaves it out
	ItemNumber      string    `json:"ItemNumber"` // position of the part; tells rows of equal parent and child apart
	RevisionMask    string    `json:"RevisionMask"`
	ChildPartNumber string    `json:"ChildPartNumber,omitzero"` // as the server knows it
	ChildRevision   string    `json:"ChildRevision,omitzero"`   // as the server knows it

	Extra Extra `json:"-"`
}

// UnmarshalJSON takes every spelling that servers use, and keeps what it does not know in Extra.
func (r *ProductRelation) UnmarshalJSON(data []byte) error {
	type plain ProductRelation
	r.Quantity = 1
	return decodeKeeping(data, (*plain)(r), &r.Extra)
}

// MarshalJSON writes Extra too.
func (r ProductRelation) MarshalJSON() ([]byte, error) {
	type plain ProductRelation
	return encodeWith(plain(r), r.Extra)
}

// Accepts reports whether a unit of the child's part number and this revision may be built in: one that the mask lets pass, or exactly the
// child's where there is no mask.
func (r *ProductRelation) Accepts(revision string) bool {
	if strings.TrimSpace(r.RevisionMask) == "" {
		return revision == r.ChildRevision
	}
	return MatchRevisionMask(r.RevisionMask, revision)
}

// MatchRevisionMask reports whether a revision is one of a mask: labels between commas, each with an optional % at its end for any ending.
// 1.0,2.% lets 1.0, 2. and 2.7 pass. Blanks around a label do not count.
func MatchRevisionMask(mask, revision string) bool {
	for label := range strings.SplitSeq(mask, ",") {
		label = strings.TrimSpace(label)
		start, open := strings.CutSuffix(label, "%")
		if label == revision && label != "" || open && strings.HasPrefix(revision, start) {
			return true
		}
	}
	return false
}

const maxRelationQuantity = 1_000_000

// Validate returns all that is wrong with r before it is written, but for its ID.
func (r *ProductRelation) Validate() report.Findings {
	var c checks
	if r.ParentID.IsZero() {
		c.addf("$.ParentProductRevisionId", "required", "ParentProductRevisionId is required")
	}
	if r.ChildID.IsZero() {
		c.addf("$.ProductRevisionId", "required", "ProductRevisionId, which is the child, is required")
	}
	if r.Quantity < 1 || r.Quantity > maxRelationQuantity {
		c.addf("$.Quantity", "range", "Quantity must lie between 1 and %d, is %d", maxRelationQuantity, r.Quantity)
	}
	c.text("$.ItemNumber", r.ItemNumber, maxProductName)
	c.text("$.RevisionMask", r.RevisionMask, maxProductText)
	if strings.TrimSpace(r.RevisionMask) != "" {
		for label := range strings.SplitSeq(r.RevisionMask, ",") {
			switch label = strings.TrimSpace(label); {
			case label == "":
				c.addf("$.RevisionMask", "syntax", "RevisionMask has nothing between two commas")
			case strings.Contains(label[:len(label)-1], "%"):
				c.addf("$.RevisionMask", "syntax", "RevisionMask may have %% at the end of a label only, not inside %q", label)
			}
		}
	}
	return c.found
}

// ProductTreeRow is a row of a product's tree: the product itself, then what it is built from, each followed by what that is built from.
//
// Route: GET /api/internal/Product/GetProductInfo.
type ProductTreeRow struct {
	Level        int       `json:"hlevel"` // 0: the product itself
	RelationID   report.ID `json:"ProductRevisionRelationId,omitzero"`
	ParentID     report.ID `json:"ParentProductRevisionId,omitzero"`
	RevisionID   report.ID `json:"ProductRevisionId,omitzero"`
	PartNumber   string    `json:"PartNumber"`
	Revision     string    `json:"Revision"`
	Quantity     int       `json:"Quantity"` // in one unit of the parent; read as 1 where a server leaves it out
	ItemNumber   string    `json:"ItemNumber,omitzero"`
	RevisionMask string    `json:"RevisionMask,omitzero"`
}

// UnmarshalJSON reads a missing or null quantity as 1.
func (r *ProductTreeRow) UnmarshalJSON(data []byte) error {
	type plain ProductTreeRow
	r.Quantity = 1
	return json.Unmarshal(data, (*plain)(r))
}

// Tree returns the tree of a revision, flat and in order of depth first; nil when the server knows no such revision but tells so by an empty answer.
//
// Route: GET /api/internal/Product/GetProductInfo.
func (s *ProductService) Tree(ctx context.Context, partNumber, revision string) ([]ProductTreeRow, error) {
	return list[ProductTreeRow](ctx, s.client, bomRequest(http.MethodGet, "GetProductInfo", partNumber, revision))
}

// BoxBuild returns the box build template of a revision: what its units are built from, but not what those are built from; nil when it has none.
// It reads the tree.
//
// Route: GET /api/internal/Product/GetProductInfo.
func (s *ProductService) BoxBuild(ctx context.Context, partNumber, revision string) ([]ProductRelation, error) {
	rows, err := s.Tree(ctx, partNumber, revision)
	if err != nil {
		return nil, err
	}
	var root report.ID
	var template []ProductRelation
	for _, row := range rows {
		switch {
		case row.Level == 0:
			root = row.RevisionID
		case row.RelationID.IsZero(), row.ParentID != root && !root.IsZero(), root.IsZero() && row.Level > 1:
		default:
			template = append(template, ProductRelation{
				ID: row.RelationID, ParentID: row.ParentID, ChildID: row.RevisionID, Quantity: row.Quantity, ItemNumber: row.ItemNumber,
				RevisionMask: row.RevisionMask, ChildPartNumber: row.PartNumber, ChildRevision: row.Revision,
			})
		}
	}
	return template, nil
}

// newRelation is the body of a new row: what is empty is left out.
type newRelation struct {
	ParentID     report.ID `json:"ParentProductRevisionId"`
	ChildID      report.ID `json:"ProductRevisionId"`
	Quantity     int       `json:"Quantity"`
	ItemNumber   string    `json:"ItemNumber,omitzero"`
	RevisionMask string    `json:"RevisionMask,omitzero"`
}

// AddRelation adds a row to the box build template of r.ParentID and returns it as stored; nil when the server tells nothing of it.
// It returns [ErrConflict] when there is such a row, or the child is built from the parent.
//
// Route: POST /api/internal/Product/PostProductRevisionRelation.
func (s *ProductService) AddRelation(ctx context.Context, r ProductRelation) (*ProductRelation, error) {
	if err := refuseInvalid("box build row", r.Validate()); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPost, "api", "internal", "Product", "PostProductRevisionRelation")
	if err := req.json(newRelation{r.ParentID, r.ChildID, r.Quantity, r.ItemNumber, r.RevisionMask}); err != nil {
		return nil, err
	}
	ans, err := s.client.do(ctx, req)
	if err != nil || ans.isEmpty() {
		return nil, err
	}
	if !bytes.HasPrefix(bytes.TrimSpace(ans.body), []byte("[")) {
		return single[ProductRelation](s.client, req, ans)
	}
	var found *ProductRelation // the last: of equal rows the newest
	for row, err := range elements[ProductRelation](ans.body) {
		if err != nil {
			return nil, s.client.unreadable(req, ans, err)
		}
		if !row.ID.IsZero() && row.ParentID == r.ParentID && row.ChildID == r.ChildID {
			found = row
		}
	}
	if found == nil {
		return nil, s.client.unreadable(req, ans, errors.New("the new row is not among those in the answer"))
	}
	return found, nil
}

// UpdateRelation changes the row of r.ID and returns it as stored; nil when the server tells nothing of it. It returns [ErrNotFound] when there
// is no such row.
//
// Route: PUT /api/internal/Product/PutProductRevisionRelation.
func (s *ProductService) UpdateRelation(ctx context.Context, r ProductRelation) (*ProductRelation, error) {
	found := r.Validate()
	if r.ID.IsZero() {
		found = append(found, report.Finding{Path: "$.ProductRevisionRelationId", Rule: "required", Message: "ProductRevisionRelationId is required"})
	}
	if err := refuseInvalid("box build row", found); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPut, "api", "internal", "Product", "PutProductRevisionRelation")
	if err := req.json(r); err != nil {
		return nil, err
	}
	return maybe[ProductRelation](ctx, s.client, req)
}

// DeleteRelation removes a row. It returns [ErrNotFound] when there is none.
//
// Route: DELETE /api/internal/Product/DeleteProductRevisionRelation.
func (s *ProductService) DeleteRelation(ctx context.Context, id report.ID) error {
	if id.IsZero() {
		return fmt.Errorf("delete box build row: %w: the ID is zero", ErrInvalid)
	}
	req := newRequest(http.MethodDelete, "api", "internal", "Product", "DeleteProductRevisionRelation")
	req.query.Set("productRevisionRelationId", id.String())
	return tell(ctx, s.client, req)
}

// Internal returns a product as the pages of a server see it. A WATS server may tell more than [ProductService.Get]: see Extra.
//
// Route: GET /api/internal/Product/GetProductByPN.
func (s *ProductService) Internal(ctx context.Context, partNumber string) (*Product, error) {
	req := newRequest(http.MethodGet, "api", "internal", "Product", "GetProductByPN")
	req.query.Set("PN", partNumber)
	return maybe[Product](ctx, s.client, req)
}

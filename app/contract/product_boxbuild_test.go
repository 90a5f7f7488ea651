package contract_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// revisionOf saves a product with one revision and returns that.
func revisionOf(t *testing.T, c *wats.Client, part, label string) wats.ProductRevision {
	t.Helper()
	return saveProduct(t, c, wats.Product{PartNumber: part, Revisions: []wats.ProductRevision{{Revision: label}}}).Revisions[0]
}

// treeOf returns the rows of a tree as level, part, revision and quantity.
func treeOf(t *testing.T, c *wats.Client, part, revision string) string {
	t.Helper()
	rows, err := c.Product.Tree(t.Context(), part, revision)
	if err != nil {
		t.Fatalf("Tree(%s, %s): %v", part, revision, err)
	}
	var all []string
	for _, r := range rows {
		all = append(all, fmt.Sprintf("%d %s/%s %d", r.Level, r.PartNumber, r.Revision, r.Quantity))
	}
	return strings.Join(all, ", ")
}

func TestBoxBuild(t *testing.T) {
	c := startServer(t).client(t)
	box, board, chip := revisionOf(t, c, "BOX", "1"), revisionOf(t, c, "BOARD", "A"), revisionOf(t, c, "CHIP", "x")
	add := func(parent, child wats.ProductRevision, quantity int, item, mask string) *wats.ProductRelation {
		t.Helper()
		r, err := c.Product.AddRelation(t.Context(), wats.ProductRelation{
			ParentID: parent.ID, ChildID: child.ID, Quantity: quantity, ItemNumber: item, RevisionMask: mask})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	second := add(box, board, 2, "20", "A,B%")
	add(box, chip, 1, "10", "")
	inBoard := add(board, chip, 4, "", "")
	if second.ID.IsZero() || second.ChildPartNumber != "BOARD" || second.ChildRevision != "A" || second.ItemNumber != "20" {
		t.Errorf("AddRelation: got %+v, want the row with ID and child", second)
	}
	if got, want := treeOf(t, c, "BOX", "1"), "0 BOX/1 1, 1 CHIP/x 1, 1 BOARD/A 2, 2 CHIP/x 4"; got != want {
		t.Errorf("Tree: got %s, want %s", got, want)
	}
	template, err := c.Product.BoxBuild(t.Context(), "BOX", "1")
	if err != nil || len(template) != 2 || template[1].ID != second.ID || template[1].RevisionMask != "A,B%" || template[1].ParentID != box.ID || !template[1].Accepts("B2") {
		t.Errorf("BoxBuild: got %+v, %v; want two rows, not that of the board", template, err)
	}

	changed := template[1]
	changed.Quantity, changed.RevisionMask = 3, ""
	saved, err := c.Product.UpdateRelation(t.Context(), changed)
	if err != nil || saved.Quantity != 3 || saved.RevisionMask != "" || saved.ItemNumber != "20" || saved.ID != second.ID {
		t.Errorf("UpdateRelation: got %+v, %v", saved, err)
	}
	if err := c.Product.DeleteRelation(t.Context(), inBoard.ID); err != nil {
		t.Error(err)
	}
	if got, want := treeOf(t, c, "BOX", "1"), "0 BOX/1 1, 1 CHIP/x 1, 1 BOARD/A 3"; got != want {
		t.Errorf("Tree after the changes: got %s, want %s", got, want)
	}
	if got := treeOf(t, c, "CHIP", "x"); got != "0 CHIP/x 1" {
		t.Errorf("Tree of a part: got %s", got)
	}
}

func TestBoxBuildRefusals(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	box, board, chip := revisionOf(t, c, "BOX", "1"), revisionOf(t, c, "BOARD", "A"), revisionOf(t, c, "CHIP", "x")
	row := func(parent, child wats.ProductRevision) wats.ProductRelation {
		return wats.ProductRelation{ParentID: parent.ID, ChildID: child.ID, Quantity: 1}
	}
	for _, r := range []wats.ProductRelation{row(box, board), row(board, chip)} {
		if _, err := c.Product.AddRelation(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for what, r := range map[string]wats.ProductRelation{"the row again": row(box, board), "a part of itself": row(box, box), "a loop": row(chip, box), "a short loop": row(board, box)} {
		if _, err := c.Product.AddRelation(t.Context(), r); !errors.Is(err, wats.ErrConflict) {
			t.Errorf("%s: got %v, want ErrConflict", what, err)
		}
	}
	template, err := c.Product.BoxBuild(t.Context(), "BOX", "1")
	if err != nil || len(template) != 1 {
		t.Fatalf("BoxBuild: got %v, %v; want one row", template, err)
	}
	loop := template[0]
	loop.ParentID, loop.ChildID = chip.ID, box.ID // the row itself is no part of the loop any more, but board and chip have none to the box
	if _, err := c.Product.UpdateRelation(t.Context(), loop); err != nil {
		t.Errorf("a row turned around where that makes no loop: %v", err)
	}
	unknown := row(wats.ProductRevision{ID: report.NewID()}, wats.ProductRevision{ID: report.NewID()})
	_, err = c.Product.AddRelation(t.Context(), unknown)
	if want := []string{"$.ParentProductRevisionId reference", "$.ProductRevisionId reference"}; !slices.Equal(violations(err), want) {
		t.Errorf("unknown revisions: got %v, want %v", err, want)
	}
	loop.ID = report.NewID()
	if _, err := c.Product.UpdateRelation(t.Context(), loop); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("UpdateRelation of no row: got %v, want ErrNotFound", err)
	}
	if err := c.Product.DeleteRelation(t.Context(), loop.ID); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("DeleteRelation of no row: got %v, want ErrNotFound", err)
	}
	if _, err := c.Product.Tree(t.Context(), "BOX", "2"); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Tree of no revision: got %v, want ErrNotFound", err)
	}
}

// A part that is built in everywhere makes a tree grow beyond all bounds.
func TestProductTreeIsBounded(t *testing.T) {
	c := startServer(t).client(t)
	levels := make([]wats.ProductRevision, 15)
	for i := range levels {
		levels[i] = revisionOf(t, c, fmt.Sprint("L", i), "1")
		for item := range 2 {
			if i == 0 {
				break
			}
			r := wats.ProductRelation{ParentID: levels[i].ID, ChildID: levels[i-1].ID, Quantity: 1, ItemNumber: fmt.Sprint(item)}
			if _, err := c.Product.AddRelation(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if rows, err := c.Product.Tree(t.Context(), "L10", "1"); err != nil || len(rows) != 2047 {
		t.Errorf("tree of 11 levels: got %d rows, %v; want 2047", len(rows), err)
	}
	if _, err := c.Product.Tree(t.Context(), "L14", "1"); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("tree of 15 levels: got %v, want ErrConflict", err)
	}
}

func TestInternalProduct(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	saved := saveProduct(t, c, wats.Product{PartNumber: "P", Name: "n", Revisions: []wats.ProductRevision{{Revision: "A", Name: "first"}}})
	p, err := c.Product.Internal(t.Context(), "P")
	if err != nil || p.ID != saved.ID || p.Name != "n" || len(p.Revisions) != 1 || p.Revisions[0].Name != "first" || len(p.Extra) != 0 {
		t.Errorf("Internal: got %+v, %v; want %+v", p, err, saved)
	}
	if got := b.body(t, "/api/internal/Product/GetProductByPN?PN=P"); !strings.Contains(got, `"PartNumber":"P"`) {
		t.Errorf("GetProductByPN: got %s, want members with capitals", got)
	}
	if _, err := c.Product.Internal(t.Context(), "Q"); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Internal of no product: got %v, want ErrNotFound", err)
	}
}

package contract_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// saveProduct saves a product that must be taken.
func saveProduct(t *testing.T, c *wats.Client, p wats.Product) *wats.Product {
	t.Helper()
	saved, err := c.Product.Save(t.Context(), p)
	if err != nil {
		t.Fatalf("save product %q: %v", p.PartNumber, err)
	}
	return saved
}

// violations returns the paths and rules that an error holds.
func violations(err error) (all []string) {
	if invalid, ok := errors.AsType[*report.InvalidError](err); ok {
		for _, v := range invalid.Violations {
			all = append(all, v.Path+" "+v.Rule)
		}
	}
	return all
}

func TestProductSaveAndGet(t *testing.T) {
	c := startServer(t).client(t)
	saved := saveProduct(t, c, wats.Product{
		PartNumber: "PCBA/1 ä%", Name: "Main board", Description: "two sides", NonSerial: true, State: wats.Inactive, XMLData: "<a/>",
		Revisions: []wats.ProductRevision{{Revision: "B", Name: "second"}, {Revision: "A", State: wats.Inactive, Tags: []wats.Setting{{Key: "k", Value: "v"}}}},
		Tags:      []wats.Setting{{Key: "Line", Value: "4", Change: wats.AddSetting}, {Key: "Area", Value: ""}},
	})
	got, err := c.Product.Get(t.Context(), "PCBA/1 ä%")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(saved, got); diff != "" {
		t.Errorf("what Get returns differs from what Save returned (-saved +got):\n%s", diff)
	}
	want := &wats.Product{
		PartNumber: "PCBA/1 ä%", ID: got.ID, Name: "Main board", Description: "two sides", NonSerial: true, State: wats.Inactive, XMLData: "<a/>",
		Revisions: []wats.ProductRevision{
			{Revision: "A", PartNumber: "PCBA/1 ä%", ID: got.Revisions[0].ID, ProductID: got.ID, State: wats.Inactive,
				Tags: []wats.Setting{{Key: "k", Value: "v"}}, RowVersion: report.Some(1)},
			{Revision: "B", PartNumber: "PCBA/1 ä%", ID: got.Revisions[1].ID, ProductID: got.ID, Name: "second", Tags: []wats.Setting{}, RowVersion: report.Some(1)},
		},
		Tags:       []wats.Setting{{Key: "Area"}, {Key: "Line", Value: "4"}},
		RowVersion: report.Some(1),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Get differs from what was saved (-want +got):\n%s", diff)
	}
	if got.ID.IsZero() || got.Revisions[0].ID.IsZero() || got.Revisions[0].ID == got.Revisions[1].ID {
		t.Errorf("the IDs are not what they must be: %s, %s, %s", got.ID, got.Revisions[0].ID, got.Revisions[1].ID)
	}
	if _, err := c.Product.Get(t.Context(), "PCBA/1"); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Get of another part number: got %v, want ErrNotFound", err)
	}
}

func TestProductSaveKeepsWhatIsLeftOut(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	first := saveProduct(t, c, wats.Product{
		PartNumber: "PCBA-1", Name: "Board", Description: "long", Tags: []wats.Setting{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}},
		Revisions: []wats.ProductRevision{{Revision: "A", Name: "first"}},
	})
	// What another client sends: null and absent members clear nothing.
	if got := b.put(t, "/api/Product", `{"partNumber":"PCBA-1","name":null,"description":null,"revisions":[],"tags":null,"nonSerial":true}`); got != http.StatusOK {
		t.Fatalf("PUT with nulls: got %d, want 200", got)
	}
	got, err := c.Product.Get(t.Context(), "PCBA-1")
	if err != nil {
		t.Fatal(err)
	}
	want := *first
	want.NonSerial, want.RowVersion = true, report.Some(2)
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("after a write with nulls (-want +got):\n%s", diff)
	}

	changed := *got
	changed.Name, changed.Revisions = "", []wats.ProductRevision{{Revision: "B"}}
	changed.Tags = []wats.Setting{{Key: "a", Change: wats.RemoveSetting}, {Key: "c", Value: "3", Change: wats.AddSetting}}
	now := saveProduct(t, c, changed)
	labels := []string{now.Revisions[0].Revision, now.Revisions[1].Revision}
	if now.Name != "" || now.Description != "long" || !slices.Equal(labels, []string{"A", "B"}) || now.Revisions[0].Name != "first" {
		t.Errorf("a text is emptied and a revision added: got %+v", now)
	}
	if diff := cmp.Diff([]wats.Setting{{Key: "b", Value: "2"}, {Key: "c", Value: "3"}}, now.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestProductConcurrentEdits(t *testing.T) {
	c := startServer(t).client(t)
	read := saveProduct(t, c, wats.Product{PartNumber: "PCBA-1", Revisions: []wats.ProductRevision{{Revision: "A"}}})

	mine, theirs := *read, *read
	theirs.Name = "theirs"
	saveProduct(t, c, theirs)
	mine.Name = "mine"
	if _, err := c.Product.Save(t.Context(), mine); !errors.Is(err, wats.ErrConflict) || !strings.Contains(err.Error(), "changed meanwhile") {
		t.Errorf("stale version: got %v, want ErrConflict that says why", err)
	}
	mine.RowVersion = report.Optional[int]{}
	if saved, err := c.Product.Save(t.Context(), mine); err != nil || saved.RowVersion.Value != 3 || saved.Name != "mine" {
		t.Errorf("without version: got %+v, %v; want it stored as version 3", saved, err)
	}
	if saved, err := c.Product.Save(t.Context(), mine); err != nil || saved.RowVersion.Value != 3 {
		t.Errorf("saved again without a change: got %+v, %v; want version 3 still", saved, err)
	}

	revision := read.Revisions[0]
	revision.Description = "new"
	saved, err := c.Product.SaveRevision(t.Context(), revision)
	if err != nil || saved.RowVersion.Value != 2 {
		t.Fatalf("SaveRevision: got %+v, %v; want version 2", saved, err)
	}
	if _, err := c.Product.SaveRevision(t.Context(), revision); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("stale version of a revision: got %v, want ErrConflict", err)
	}
	stale := *read // its revision is stale
	stale.RowVersion = report.Optional[int]{}
	if _, err := c.Product.Save(t.Context(), stale); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("product with a stale revision: got %v, want ErrConflict", err)
	}
	stale.ID = report.NewID()
	if _, err := c.Product.Save(t.Context(), stale); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("another ID: got %v, want ErrConflict", err)
	}
	if _, err := c.Product.Save(t.Context(), wats.Product{PartNumber: "PCBA-2", ID: read.ID}); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("the ID of another product: got %v, want ErrConflict", err)
	}
}

func TestProductRefusals(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	bad := wats.Product{
		PartNumber: " ", Name: strings.Repeat("n", 101), State: 7,
		Revisions: []wats.ProductRevision{{Revision: "A"}, {Revision: "A"}, {Revision: "B", PartNumber: "other"}},
		Tags:      []wats.Setting{{Key: ""}},
	}
	want := []string{"$.partNumber required", "$.name length", "$.state enum", "$.tags[0].key required", "$.revisions[1].revision unique", "$.revisions[2].partNumber reference"}
	if _, err := c.Product.Save(t.Context(), bad); !errors.Is(err, wats.ErrInvalid) || !slices.Equal(violations(err), want) {
		t.Errorf("Save: got %v with %v, want %v", err, violations(err), want)
	}
	for body, want := range map[string]int{
		``:                                   http.StatusBadRequest,
		`[]`:                                 http.StatusBadRequest,
		`{"partNumber":5}`:                   http.StatusBadRequest,
		`{"name":"x"}`:                       http.StatusBadRequest,
		`{"partNumber":"P","state":2}`:       http.StatusBadRequest,
		`{"partNumber":"P","productId":"x"}`: http.StatusBadRequest,
		`{"partNumber":"P","tags":[{}]}`:     http.StatusBadRequest,
		`{"partNumber":"P","productCategoryName":"Nobody"}`:                                      http.StatusBadRequest,
		`{"partNumber":"P","productCategoryId":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}`:          http.StatusBadRequest,
		`{"partNumber":"P","rowVersion":1}`:                                                      http.StatusConflict,
		`{"partNumber":"P","revisions":[{"revision":"A","rowVersion":3}]}`:                       http.StatusConflict,
		`{"partNumber":"Q","unknown":{"a":[1]},"tags":[{"key":"k","value":null,"change":null}]}`: http.StatusOK,
	} {
		if got := b.put(t, "/api/Product", body); got != want {
			t.Errorf("PUT /api/Product %s: got %d, want %d", body, got, want)
		}
	}
	if _, err := c.Product.SaveRevision(t.Context(), wats.ProductRevision{PartNumber: "nowhere", Revision: "A"}); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("revision of no product: got %v, want ErrNotFound", err)
	}
}

func TestProductsInBulk(t *testing.T) {
	c := startServer(t).client(t)
	var products []wats.Product
	for n := range 500 {
		products = append(products, wats.Product{PartNumber: fmt.Sprintf("P-%03d", n), Revisions: []wats.ProductRevision{{Revision: "1"}}})
	}
	saved, err := c.Product.SaveAll(t.Context(), products)
	if err != nil || len(saved) != 500 || saved[499].PartNumber != "P-499" || saved[499].ID.IsZero() {
		t.Fatalf("SaveAll: got %d products, %v; want 500 in order", len(saved), err)
	}
	// One that cannot be stored: nothing is.
	wrong := []wats.Product{{PartNumber: "P-000", Name: "changed"}, {PartNumber: "Q-1", CategoryName: "Nobody"}, {PartNumber: "Q-2", CategoryName: "Nothing"}}
	_, err = c.Product.SaveAll(t.Context(), wrong)
	if want := []string{"$[1].productCategoryName reference", "$[2].productCategoryName reference"}; !slices.Equal(violations(err), want) {
		t.Errorf("SaveAll with unknown categories: got %v, want %v", err, want)
	}
	if got, err := c.Product.Get(t.Context(), "P-000"); err != nil || got.Name != "" {
		t.Errorf("a product of a refused list: got %+v, %v; want it as before", got, err)
	}
	if _, err := c.Product.SaveAll(t.Context(), []wats.Product{{PartNumber: "Q-1"}, {PartNumber: "Q-1"}}); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("SaveAll with a part number twice: got %v, want ErrInvalid", err)
	}

	var revisions []wats.ProductRevision
	for n := range 3 {
		revisions = append(revisions, wats.ProductRevision{PartNumber: fmt.Sprintf("P-%03d", n), Revision: "2", Name: "second"})
	}
	revisions[2].PartNumber, revisions[2].ProductID = "", saved[2].ID
	stored, err := c.Product.SaveRevisions(t.Context(), revisions)
	if err != nil || len(stored) != 3 || stored[2].PartNumber != "P-002" || stored[2].ProductID != saved[2].ID {
		t.Errorf("SaveRevisions: got %+v, %v; want three, the last by the ID of its product", stored, err)
	}
	if _, err := c.Product.SaveRevisions(t.Context(), append(revisions, wats.ProductRevision{PartNumber: "P-002", Revision: "2"})); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("SaveRevisions with one twice: got %v, want ErrInvalid", err)
	}
	one, err := c.Product.Revision(t.Context(), "P-001", "2")
	if err != nil || one.Name != "second" || one.ProductID != saved[1].ID {
		t.Errorf("Revision: got %+v, %v", one, err)
	}
	if _, err := c.Product.Revision(t.Context(), "P-001", "3"); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Revision that is not there: got %v, want ErrNotFound", err)
	}

	n := 0
	for v, err := range c.Product.All(t.Context(), wats.ProductQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("P-%03d", n); v.PartNumber != want || v.State != wats.Active {
			t.Fatalf("product %d: got %+v, want %s", n, v, want)
		}
		n++
	}
	if n != 500 {
		t.Errorf("All gives %d products, want 500", n)
	}
}

func TestProductRoutesByPath(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	saveProduct(t, c, wats.Product{PartNumber: "A/B", Revisions: []wats.ProductRevision{{Revision: "Revisions"}, {Revision: "1/2"}}})
	for path, want := range map[string]string{
		"/api/Product/A%2FB/Revisions":             `"revision":"Revisions"`,
		"/api/product/A%2FB/1%2F2":                 `"revision":"1/2"`,
		"/api/Product?partNumber=A/B&revision=1/2": `"revision":"1/2"`,
	} {
		if got := b.body(t, path); !strings.Contains(got, want) {
			t.Errorf("GET %s: got %s, want it to hold %s", path, got, want)
		}
	}
}

func TestProductsOfReports(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	for i, change := range []func(*report.Report){
		func(*report.Report) {},
		func(r *report.Report) { r.Revision = "B" },
		func(r *report.Report) { r.PartNumber = "PCB-2" },
	} {
		r := testReport("SN-1", time.Now().Add(time.Duration(i-10)*time.Minute), report.Passed)
		change(r)
		if _, err := c.Report.Submit(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	p, err := c.Product.Get(t.Context(), "PCB-1")
	if err != nil || p.Name != "PCB-1" || p.State != wats.Active || len(p.Revisions) != 2 || p.Revisions[1].Revision != "B" {
		t.Errorf("product of two reports: got %+v, %v; want revisions A and B", p, err)
	}
	if p, err := c.Product.Get(t.Context(), "PCB-2"); err != nil || len(p.Revisions) != 1 {
		t.Errorf("product of another report: got %+v, %v; want one revision", p, err)
	}
}

package contract_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// parts returns the part numbers that a query lists, or its error.
func parts(t *testing.T, c *wats.Client, q wats.ProductQuery) string {
	t.Helper()
	var all []string
	for v, err := range c.Product.All(t.Context(), q) {
		if err != nil {
			return err.Error()
		}
		all = append(all, v.PartNumber)
	}
	return strings.Join(all, " ")
}

// withoutExtensions makes a server that is not gowats.
func withoutExtensions(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/gowats/") {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func TestProductQuery(t *testing.T) {
	gowats, other := startServer(t), startServer(t, withoutExtensions)
	for _, c := range []*wats.Client{gowats.client(t), other.client(t)} {
		if err := c.Product.SaveCategories(t.Context(), []wats.ProductCategory{{Name: "Boards"}}); err != nil {
			t.Fatal(err)
		}
		_, err := c.Product.SaveAll(t.Context(), []wats.Product{
			{PartNumber: "PCBA-2", Name: "two", CategoryName: "Boards"}, {PartNumber: "PCBA-1", Name: "one", CategoryName: "Boards", State: wats.Inactive},
			{PartNumber: "PCBA-1-PSU", NonSerial: true}, {PartNumber: "pcba-3"}, {PartNumber: "100%_'", Revisions: []wats.ProductRevision{{Revision: "B"}}}, {PartNumber: "ABA"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	inactive, active := report.Some(wats.Inactive), report.Some(wats.Active)
	for name, tc := range map[string]struct {
		query wats.ProductQuery
		want  string
	}{
		"all":                  {wats.ProductQuery{}, "100%_' ABA PCBA-1 PCBA-1-PSU PCBA-2 pcba-3"},
		"a part number":        {wats.ProductQuery{PartNumber: "PCBA-1"}, "PCBA-1"},
		"a beginning":          {wats.ProductQuery{PartNumber: "PCBA-*"}, "PCBA-1 PCBA-1-PSU PCBA-2"},
		"an end":               {wats.ProductQuery{PartNumber: "*-2"}, "PCBA-2"},
		"something in between": {wats.ProductQuery{PartNumber: "*BA-1*"}, "PCBA-1 PCBA-1-PSU"},
		"beginning and end":    {wats.ProductQuery{PartNumber: "P*U"}, "PCBA-1-PSU"},
		"* alone":              {wats.ProductQuery{PartNumber: "*", State: inactive}, "PCBA-1"},
		"characters of SQL":    {wats.ProductQuery{PartNumber: "100%_'"}, "100%_'"},
		"% and _ are text":     {wats.ProductQuery{PartNumber: "PCBA%*"}, ""},
		"state":                {wats.ProductQuery{State: active, PartNumber: "PCBA*"}, "PCBA-1-PSU PCBA-2"},
		"category":             {wats.ProductQuery{CategoryName: "Boa*"}, "PCBA-1 PCBA-2"},
		"top":                  {wats.ProductQuery{Top: 2}, "100%_' ABA"},
		"top and skip":         {wats.ProductQuery{Top: 2, Skip: 2}, "PCBA-1 PCBA-1-PSU"},
		"skip":                 {wats.ProductQuery{PartNumber: "PCBA-*", Skip: 1}, "PCBA-1-PSU PCBA-2"},
		"a negative top":       {wats.ProductQuery{Top: -1}, "query products: invalid: top -1 is negative"},
	} {
		if got := parts(t, gowats.client(t), tc.query); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
		if got := parts(t, other.client(t), tc.query); got != tc.want {
			t.Errorf("%s, from a server that is not gowats: got %q, want %q", name, got, tc.want)
		}
	}
	for name, tc := range map[string]struct {
		query wats.ProductQuery
		want  string
	}{
		"OData":                {wats.ProductQuery{Filter: "nonSerial eq true or revisions/any(r: r/revision eq 'B')"}, "100%_' PCBA-1-PSU"},
		"OData beside others":  {wats.ProductQuery{PartNumber: "PCBA*", Filter: "name eq 'two' or name eq 'one'", State: inactive}, "PCBA-1"},
		"another order":        {wats.ProductQuery{PartNumber: "PCBA-*", OrderBy: "name desc"}, "PCBA-2 PCBA-1 PCBA-1-PSU"},
		"another order, paged": {wats.ProductQuery{OrderBy: "partNumber desc", Top: 2, Skip: 1}, "PCBA-2 PCBA-1-PSU"},
	} {
		if got := parts(t, gowats.client(t), tc.query); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
		for _, err := range other.client(t).Product.All(t.Context(), tc.query) {
			if !errors.Is(err, wats.ErrUnsupported) || !strings.Contains(err.Error(), "/api/gowats/v1/Product/Query") {
				t.Errorf("%s, from a server that is not gowats: got %v, want ErrUnsupported that names the route", name, err)
			}
		}
	}
	page, err := gowats.client(t).Product.Query(t.Context(), wats.ProductQuery{PartNumber: "PCBA-*", Top: 1, Skip: 1})
	if err != nil || page.Total != 3 || len(page.Products) != 1 || page.Products[0].PartNumber != "PCBA-1-PSU" || !page.Products[0].NonSerial {
		t.Errorf("Query: got %+v, %v; want the second of three", page, err)
	}
	if page, err := gowats.client(t).Product.Query(t.Context(), wats.ProductQuery{Filter: "1 eq"}); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("Query of nonsense: got %+v, %v; want ErrInvalid", page, err)
	}
	if _, err := other.client(t).Product.Query(t.Context(), wats.ProductQuery{}); !errors.Is(err, wats.ErrUnsupported) {
		t.Errorf("Query of a server that is not gowats: got %v, want ErrUnsupported", err)
	}
	if status, body := gowats.do(t, http.MethodGet, "/api/gowats/v1/Product/Query?$top=1001", "application/json", ""); status != http.StatusBadRequest {
		t.Errorf("$top=1001: got %d %s, want 400", status, body)
	}
}

// Products that come while a loop runs neither double nor hide others.
func TestProductPagesByKey(t *testing.T) {
	c := startServer(t).client(t)
	var products []wats.Product
	for n := range 2500 {
		products = append(products, wats.Product{PartNumber: fmt.Sprintf("P-%04d", n)})
	}
	if _, err := c.Product.SaveAll(t.Context(), products); err != nil {
		t.Fatal(err)
	}
	n := 0
	for v, err := range c.Product.All(t.Context(), wats.ProductQuery{PartNumber: "P-*"}) {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("P-%04d", n); v.PartNumber != want {
			t.Fatalf("product %d: got %s, want %s", n, v.PartNumber, want)
		}
		n++
		if n == 500 || n == 1500 { // before what has been given
			saveProduct(t, c, wats.Product{PartNumber: fmt.Sprintf("P-0000-%d", n)})
		}
	}
	if n != len(products) {
		t.Errorf("got %d products, want %d", n, len(products))
	}
}

func TestDeleteProduct(t *testing.T) {
	b := startServer(t)
	c, admin := b.client(t), b.adminClient(t)
	box, board := revisionOf(t, c, "BOX", "1"), revisionOf(t, c, "BOARD", "A")
	if _, err := c.Product.AddRelation(t.Context(), wats.ProductRelation{ParentID: box.ID, ChildID: board.ID, Quantity: 1}); err != nil {
		t.Fatal(err)
	}
	if err := c.Product.SaveBOM(t.Context(), "BOX", "1", []wats.BOMItem{{PartNumber: "SCREW"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Report.Submit(t.Context(), testReport("SN-1", time.Now().Add(-time.Hour), report.Passed)); err != nil {
		t.Fatal(err)
	}
	if err := c.Product.Delete(t.Context(), "BOX"); !errors.Is(err, wats.ErrForbidden) {
		t.Errorf("by a station: got %v, want ErrForbidden", err)
	}
	for part, reason := range map[string]string{"BOARD": `"BOX" in revision "1"`, "PCB-1": `unit "SN-1"`} {
		if err := admin.Product.Delete(t.Context(), part); !errors.Is(err, wats.ErrConflict) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s, which is in use: got %v, want ErrConflict that tells %s", part, err, reason)
		}
	}
	for _, part := range []string{"BOX", "BOARD"} { // BOARD is not built in any more
		if err := admin.Product.Delete(t.Context(), part); err != nil {
			t.Errorf("%s: %v", part, err)
		}
		if _, err := c.Product.Get(t.Context(), part); !errors.Is(err, wats.ErrNotFound) {
			t.Errorf("Get of %s after its deletion: got %v, want ErrNotFound", part, err)
		}
	}
	if err := admin.Product.Delete(t.Context(), "BOX"); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("again: got %v, want ErrNotFound", err)
	}
}

func TestProductCache(t *testing.T) {
	b := startServer(t)
	var written []wats.Domain
	c := b.client(t, wats.WithToken(b.token), wats.WithCacheTTL(wats.DomainProduct, 24*time.Hour), wats.WithOnUpdate(func(d wats.Domain) { written = append(written, d) }))
	saveProduct(t, c, wats.Product{PartNumber: "P", Name: "old"})
	name := func() string {
		t.Helper()
		p, err := c.Product.Get(t.Context(), "P")
		if err != nil {
			t.Fatal(err)
		}
		return p.Name
	}
	name()
	if got := b.put(t, "/api/Product", `{"partNumber":"P","name":"by another"}`); got != http.StatusOK {
		t.Fatal(got)
	}
	if got := name(); got != "old" {
		t.Errorf("within a day of what another wrote: got %q, want what was kept", got)
	}
	for what, write := range map[string]func() error{
		"Save":     func() error { return second(c.Product.Save(t.Context(), wats.Product{PartNumber: "Q"})) },
		"SaveTags": func() error { return c.Product.SaveTags(t.Context(), "P", []wats.Setting{{Key: "k"}}) },
		"SaveRevision": func() error {
			return second(c.Product.SaveRevision(t.Context(), wats.ProductRevision{PartNumber: "P", Revision: "A"}))
		},
		"SaveBOM":   func() error { return c.Product.SaveBOM(t.Context(), "P", "A", nil) },
		"SaveGroup": func() error { return second(c.Product.SaveGroup(t.Context(), wats.ProductGroup{Name: "G"})) },
	} {
		name() // is kept again
		want := fmt.Sprint("changed before ", what)
		if got := b.put(t, "/api/Product", `{"partNumber":"P","name":"`+want+`"}`); got != http.StatusOK {
			t.Fatal(got)
		}
		written = nil
		if what == "SaveBOM" {
			saveProduct(t, c, wats.Product{PartNumber: "P", Name: want, Revisions: []wats.ProductRevision{{Revision: "A"}}})
			written = nil
		}
		if err := write(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := name(); got != want {
			t.Errorf("after %s: got %q, want %q", what, got, want)
		}
		if fmt.Sprint(written) != "[product]" {
			t.Errorf("%s: the hook was told %v, want product once", what, written)
		}
	}
}

// TestProductListTakesOData: pywats-api 0.6 filters the public list of products.
func TestProductListTakesOData(t *testing.T) {
	b := startServer(t)
	products := []wats.Product{{PartNumber: "A1", Name: "first"}, {PartNumber: "A2", NonSerial: true}, {PartNumber: "B1"}}
	if _, err := b.client(t).Product.SaveAll(t.Context(), products); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"": `[{"partNumber":"A1","name":"first","category":"","nonSerial":false,"state":1},{"partNumber":"A2","name":"","category":"","nonSerial":true,"state":1},` +
			`{"partNumber":"B1","name":"","category":"","nonSerial":false,"state":1}]`,
		"?$filter=startswith(partNumber,'A')&$orderby=partNumber%20desc&$top=1": `[{"partNumber":"A2","name":"","category":"","nonSerial":true,"state":1}]`,
		"?%24skip=2": `[{"partNumber":"B1","name":"","category":"","nonSerial":false,"state":1}]`,
		"?$top=0":    `[]`,
	} {
		if got := strings.TrimSpace(string(b.call(t, http.MethodGet, "/api/Product/Query"+query, nil))); strings.ReplaceAll(got, "\n", "") != want {
			t.Errorf("GET /api/Product/Query%s: got %s, want %s", query, got, want)
		}
	}
}

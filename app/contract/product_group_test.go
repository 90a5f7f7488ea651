package contract_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func TestProductGroups(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	boards, err := c.Product.SaveGroup(t.Context(), wats.ProductGroup{Name: "Boards", Filters: []wats.ProductGroupFilter{{PartNumber: "PCBA-*"}, {PartNumber: "X-1?", Revision: "B"}}})
	if err != nil || boards.ID == 0 {
		t.Fatalf("SaveGroup: got %+v, %v; want it with an ID", boards, err)
	}
	all, err := c.Product.SaveGroup(t.Context(), wats.ProductGroup{Name: "All", Filters: []wats.ProductGroupFilter{{PartNumber: "%"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"PCBA-1", "X-10", "X-100"} {
		saveProduct(t, c, wats.Product{PartNumber: part})
	}
	for part, want := range map[string]string{"PCBA-1": "[All Boards]", "X-10": "[All Boards]", "X-100": "[All]"} {
		groups, err := c.Product.GroupsOf(t.Context(), part)
		var names []string
		for _, g := range groups {
			names = append(names, g.Name)
		}
		if fmt.Sprint(names) != want || err != nil {
			t.Errorf("GroupsOf(%s): got %v, %v; want %s", part, names, err, want)
		}
	}
	if _, err := c.Product.GroupsOf(t.Context(), "nowhere"); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("GroupsOf no product: got %v, want ErrNotFound", err)
	}

	renamed, err := c.Product.SaveGroup(t.Context(), wats.ProductGroup{ID: boards.ID, Name: "PCBs"})
	if err != nil || renamed.Name != "PCBs" || len(renamed.Filters) != 2 {
		t.Errorf("renamed: got %+v, %v; want its filters kept", renamed, err)
	}
	groups, err := c.Product.Groups(t.Context())
	want := []wats.ProductGroup{{ID: all.ID, Name: "All"}, {ID: boards.ID, Name: "PCBs"}}
	if diff := cmp.Diff(want, groups); diff != "" || err != nil {
		t.Errorf("Groups: %v (-want +got):\n%s", err, diff)
	}
	if emptied, err := c.Product.SaveGroup(t.Context(), wats.ProductGroup{Name: "All", Filters: []wats.ProductGroupFilter{}}); err != nil || emptied.ID != all.ID {
		t.Errorf("saved again by name: got %+v, %v; want the same group", emptied, err)
	}
	if groups, err := c.Product.GroupsOf(t.Context(), "X-100"); err != nil || len(groups) != 0 {
		t.Errorf("groups of a product without any: got %v, %v; want none", groups, err)
	}
	if _, err := c.Product.SaveGroup(t.Context(), wats.ProductGroup{ID: 999, Name: "New"}); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("unknown ID: got %v, want ErrNotFound", err)
	}
	if _, err := c.Product.SaveGroup(t.Context(), wats.ProductGroup{ID: all.ID, Name: "PCBs"}); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("the name of another: got %v, want ErrConflict", err)
	}
	if _, err := c.Product.SaveGroup(t.Context(), wats.ProductGroup{Name: ""}); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("no name: got %v, want ErrInvalid", err)
	}
}

func TestProductCategories(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	if err := c.Product.SaveCategories(t.Context(), []wats.ProductCategory{{Name: "Power", Description: "supplies"}, {Name: "Radio"}}); err != nil {
		t.Fatal(err)
	}
	categories, err := c.Product.Categories(t.Context())
	if err != nil || len(categories) != 2 || categories[0].Name != "Power" || categories[0].Description != "supplies" || categories[1].ID.IsZero() {
		t.Fatalf("Categories: got %+v, %v; want two by name", categories, err)
	}
	power, radio := categories[0], categories[1]

	p := saveProduct(t, c, wats.Product{PartNumber: "PSU-1", CategoryName: "Power"})
	if p.CategoryID != power.ID {
		t.Errorf("category by name: got %s, want %s", p.CategoryID, power.ID)
	}
	for what, change := range map[string]struct {
		id   report.ID
		name string
		want string
	}{
		"other name beside the old ID": {power.ID, "Radio", "Radio"},
		"other ID beside the old name": {radio.ID, "Power", "Radio"},
		"other ID alone":               {radio.ID, "", "Radio"},
		"both others":                  {radio.ID, "Radio", "Radio"},
		"no name":                      {power.ID, "", ""},
		"as it was":                    {power.ID, "Power", "Power"},
	} {
		saveProduct(t, c, wats.Product{PartNumber: "PSU-1", CategoryID: power.ID, CategoryName: "Power"})
		got, err := c.Product.Save(t.Context(), wats.Product{PartNumber: "PSU-1", CategoryID: change.id, CategoryName: change.name})
		if err != nil || got.CategoryName != change.want || got.CategoryID.IsZero() != (change.want == "") {
			t.Errorf("%s: got %q (%s), %v; want %q", what, got.CategoryName, got.CategoryID, err, change.want)
		}
	}
	_, err = c.Product.Save(t.Context(), wats.Product{PartNumber: "PSU-1", CategoryID: radio.ID, CategoryName: "Nobody"})
	if want := []string{"$.productCategoryName reference"}; !slices.Equal(violations(err), want) {
		t.Errorf("ID and name of two: got %v, want %v", err, want)
	}

	power.Name, radio.Name = radio.Name, power.Name
	if err := c.Product.SaveCategories(t.Context(), []wats.ProductCategory{power, radio}); err != nil {
		t.Errorf("two exchange their names: %v", err)
	}
	if got, err := c.Product.Get(t.Context(), "PSU-1"); err != nil || got.CategoryID == radio.ID && got.CategoryName != "Power" {
		t.Errorf("product of a renamed category: got %+v, %v", got, err)
	}
	if err := c.Product.SaveCategories(t.Context(), []wats.ProductCategory{{ID: radio.ID, Name: "Radio"}}); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("the name of another: got %v, want ErrConflict", err)
	}
	if err := c.Product.SaveCategories(t.Context(), []wats.ProductCategory{{Name: "A"}, {Name: "A"}, {Name: ""}}); len(violations(err)) != 2 {
		t.Errorf("a name twice and none: got %v, want two violations", err)
	}
	if status, body := b.do(t, http.MethodGet, "/api/Product/Query", "application/json", ""); status != http.StatusOK || len(body) < 20 {
		t.Errorf("list: got %d %s", status, body)
	}
}

func TestVendors(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	acme, err := c.Product.SaveVendor(t.Context(), wats.Vendor{Name: "Acme", Extra: wats.Extra{"city": json.RawMessage(`"Oslo"`), "rank": json.RawMessage(`1`)}})
	if err != nil || acme.ID == "" {
		t.Fatalf("SaveVendor: got %+v, %v; want it with an ID", acme, err)
	}
	acme.Extra = wats.Extra{"rank": json.RawMessage(`2`), "city": json.RawMessage(`null`)}
	if _, err := c.Product.SaveVendor(t.Context(), *acme); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Product.SaveVendor(t.Context(), wats.Vendor{Name: "Zeta"}); err != nil {
		t.Fatal(err)
	}
	vendors, err := c.Product.Vendors(t.Context())
	if err != nil || len(vendors) != 2 || vendors[0].ID != acme.ID || string(vendors[0].Extra["city"]) != `"Oslo"` || string(vendors[0].Extra["rank"]) != "2" {
		t.Errorf("Vendors: got %+v, %v; want Acme of Oslo with rank 2, and Zeta", vendors, err)
	}
	if _, err := c.Product.SaveVendor(t.Context(), wats.Vendor{ID: acme.ID, Name: "Zeta"}); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("the name of another: got %v, want ErrConflict", err)
	}
	if _, err := c.Product.SaveVendor(t.Context(), wats.Vendor{ID: "none", Name: "New"}); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("unknown ID: got %v, want ErrNotFound", err)
	}
	if err := c.Product.DeleteVendor(t.Context(), vendors[1].ID); err != nil {
		t.Errorf("DeleteVendor: %v", err)
	}
	if err := c.Product.DeleteVendor(t.Context(), vendors[1].ID); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("DeleteVendor again: got %v, want ErrNotFound", err)
	}
}

func TestProductTags(t *testing.T) {
	c := startServer(t).client(t)
	saveProduct(t, c, wats.Product{PartNumber: "P", Revisions: []wats.ProductRevision{{Revision: "A"}}})
	changes := []wats.Setting{{Key: "b", Value: "2", Change: wats.AddSetting}, {Key: "a", Value: "1", Change: wats.AddSetting}}
	if err := c.Product.SaveTags(t.Context(), "P", changes); err != nil {
		t.Fatal(err)
	}
	if err := c.Product.SaveTags(t.Context(), "P", []wats.Setting{{Key: "b", Change: wats.RemoveSetting}, {Key: "a", Value: "3", Change: wats.ChangeSetting}}); err != nil {
		t.Fatal(err)
	}
	if err := c.Product.SaveRevisionTags(t.Context(), "P", "A", changes); err != nil {
		t.Fatal(err)
	}
	if tags, err := c.Product.Tags(t.Context(), "P"); err != nil || len(tags) != 1 || tags[0] != (wats.Setting{Key: "a", Value: "3"}) {
		t.Errorf("Tags: got %v, %v; want a = 3", tags, err)
	}
	if tags, err := c.Product.RevisionTags(t.Context(), "P", "A"); err != nil || len(tags) != 2 || tags[1] != (wats.Setting{Key: "b", Value: "2"}) {
		t.Errorf("RevisionTags: got %v, %v; want a = 1 and b = 2", tags, err)
	}
	for what, err := range map[string]error{
		"product":  c.Product.SaveTags(t.Context(), "Q", changes),
		"revision": c.Product.SaveRevisionTags(t.Context(), "P", "B", changes),
	} {
		if !errors.Is(err, wats.ErrNotFound) {
			t.Errorf("tags of no %s: got %v, want ErrNotFound", what, err)
		}
	}
	if err := c.Product.SaveTags(t.Context(), "P", []wats.Setting{{Key: "x", Change: 5}}); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("an unknown change: got %v, want ErrInvalid", err)
	}
}

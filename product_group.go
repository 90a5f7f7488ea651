package wats

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gowats/gowats/report"
)

// ProductGroup is a named set of products, for filters and rules.
//
// Route: PUT /api/Product/Group.
type ProductGroup struct {
	ID      int                  `json:"productGroupId,omitzero"` // 0: not known yet
	Name    string               `json:"productGroupName"`        // unique
	Filters []ProductGroupFilter `json:"filters,omitzero"`        // what belongs to it; nil: as it is. Only gowats servers know it
}

// ProductGroupFilter selects products: those that match both patterns. In a pattern * and % stand for any text, ? and _ for one character.
type ProductGroupFilter struct {
	PartNumber string `json:"partNumber"`        // "": any
	Revision   string `json:"revision,omitzero"` // "": any
}

// ProductCategory is a kind of product.
//
// Route: GET /api/internal/Product/GetProductCategories.
type ProductCategory struct {
	ID          report.ID `json:"categoryId,omitzero"`
	Name        string    `json:"name"` // unique
	Description string    `json:"description"`
}

// Vendor sells parts.
//
// Route: GET /api/Product/Vendors.
type Vendor struct {
	ID    string `json:"vendorId,omitzero"` // "": not known yet
	Name  string `json:"name"`              // unique
	Extra Extra  `json:"-"`                 // other members; a gowats server keeps them
}

// UnmarshalJSON keeps what it does not know in Extra.
func (v *Vendor) UnmarshalJSON(data []byte) error {
	type plain Vendor
	return decodeKeeping(data, (*plain)(v), &v.Extra)
}

// MarshalJSON writes Extra too.
func (v Vendor) MarshalJSON() ([]byte, error) {
	type plain Vendor
	return encodeWith(plain(v), v.Extra)
}

const maxGroupFilters = 1000

// Validate returns all that is wrong with g before it is written.
func (g *ProductGroup) Validate() report.Findings {
	var c checks
	c.required("$.productGroupName", g.Name, maxProductName)
	if g.ID < 0 {
		c.addf("$.productGroupId", "range", "productGroupId must not be negative, is %d", g.ID)
	}
	if n := len(g.Filters); n > maxGroupFilters {
		c.addf("$.filters", "length", "%d filters are too many; at most %d", n, maxGroupFilters)
	}
	for i, f := range g.Filters {
		c.text(fmt.Sprintf("$.filters[%d].partNumber", i), f.PartNumber, maxProductName)
		c.text(fmt.Sprintf("$.filters[%d].revision", i), f.Revision, maxProductName)
	}
	return c.found
}

// ValidateCategories returns all that is wrong with categories that are to be written together.
func ValidateCategories(categories []ProductCategory) report.Findings {
	var c checks
	seen := map[string]bool{}
	for i, category := range categories {
		path := fmt.Sprintf("$[%d]", i)
		c.required(path+".name", category.Name, maxProductName)
		c.text(path+".description", category.Description, maxProductText)
		if seen[category.Name] {
			c.addf(path+".name", "unique", "name %q is there twice", category.Name)
		}
		seen[category.Name] = true
	}
	return c.found
}

// Validate returns all that is wrong with v before it is written.
func (v *Vendor) Validate() report.Findings {
	var c checks
	c.required("$.name", v.Name, maxProductName)
	c.text("$.vendorId", v.ID, maxProductName)
	return c.found
}

// Groups returns every product group by name; nil when there is none. Filters are not told: see [AnalyticsService.ProductGroups].
//
// Route: GET /api/Product/Groups.
func (s *ProductService) Groups(ctx context.Context) ([]ProductGroup, error) {
	return list[ProductGroup](ctx, s.client, newRequest(http.MethodGet, "api", "Product", "Groups"))
}

// GroupsOf returns the groups that a product belongs to; nil when there is none.
//
// Route: GET /api/internal/Product/GetGroupsForProduct.
func (s *ProductService) GroupsOf(ctx context.Context, partNumber string) ([]ProductGroup, error) {
	req := newRequest(http.MethodGet, "api", "internal", "Product", "GetGroupsForProduct")
	req.query.Set("partNumber", partNumber)
	return list[ProductGroup](ctx, s.client, req)
}

// SaveGroup creates the group of g.Name, or changes that of g.ID, and returns it as stored. It returns [ErrNotFound] when there is no
// group of that ID, and [ErrConflict] when another one has the name.
//
// Route: PUT /api/Product/Group.
func (s *ProductService) SaveGroup(ctx context.Context, g ProductGroup) (*ProductGroup, error) {
	if err := refuseInvalid(fmt.Sprintf("product group %q", g.Name), g.Validate()); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPut, "api", "Product", "Group")
	if err := req.json(g); err != nil {
		return nil, err
	}
	return one[ProductGroup](ctx, s.client, req)
}

// Categories returns every product category by name; nil when there is none.
//
// Route: GET /api/internal/Product/GetProductCategories.
func (s *ProductService) Categories(ctx context.Context) ([]ProductCategory, error) {
	return list[ProductCategory](ctx, s.client, newRequest(http.MethodGet, "api", "internal", "Product", "GetProductCategories"))
}

// SaveCategories creates or changes categories by their ID, and by name where that is zero. Those that are left out stay.
//
// Unverified: what a WATS server does with those left out; a recording would tell.
//
// Route: PUT /api/internal/Product/PutProductCategories.
func (s *ProductService) SaveCategories(ctx context.Context, categories []ProductCategory) error {
	if err := refuseInvalid("product categories", ValidateCategories(categories)); err != nil {
		return err
	}
	req := newRequest(http.MethodPut, "api", "internal", "Product", "PutProductCategories")
	if err := req.json(notNil(categories)); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}

// Vendors returns every vendor by name; nil when there is none.
//
// Route: GET /api/Product/Vendors.
func (s *ProductService) Vendors(ctx context.Context) ([]Vendor, error) {
	return list[Vendor](ctx, s.client, newRequest(http.MethodGet, "api", "Product", "Vendors"))
}

// SaveVendor creates the vendor of v.Name, or changes that of v.ID, and returns it as stored. It returns [ErrNotFound] when there is no
// vendor of that ID, and [ErrConflict] when another one has the name.
//
// Route: PUT /api/Product/Vendors.
func (s *ProductService) SaveVendor(ctx context.Context, v Vendor) (*Vendor, error) {
	if err := refuseInvalid(fmt.Sprintf("vendor %q", v.Name), v.Validate()); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPut, "api", "Product", "Vendors")
	if err := req.json(v); err != nil {
		return nil, err
	}
	return one[Vendor](ctx, s.client, req)
}

// DeleteVendor deletes a vendor. It returns [ErrNotFound] when there is none, and [ErrConflict] when a BOM names it.
//
// Route: DELETE /api/Product/Vendors/{vendorId}.
func (s *ProductService) DeleteVendor(ctx context.Context, id string) error {
	if id == "" {
		return fmt.Errorf("delete vendor: %w: the ID is empty", ErrInvalid)
	}
	return tell(ctx, s.client, newRequest(http.MethodDelete, "api", "Product", "Vendors", id))
}

// Tags returns the tags of a product by key; nil when there is none. They are those of [Product.Tags].
//
// Route: GET /api/internal/Product/GetProductTags.
func (s *ProductService) Tags(ctx context.Context, partNumber string) ([]Setting, error) {
	return list[Setting](ctx, s.client, tagsRequest(http.MethodGet, "GetProductTags", partNumber))
}

// SaveTags changes the tags of a product by what each says: see [ChangeType]. Those left out stay.
//
// Route: PUT /api/internal/Product/PutProductTags.
func (s *ProductService) SaveTags(ctx context.Context, partNumber string, tags []Setting) error {
	return s.saveTags(ctx, tagsRequest(http.MethodPut, "PutProductTags", partNumber), tags)
}

// RevisionTags returns the tags of a revision by key; nil when there is none.
//
// Route: GET /api/internal/Product/GetRevisionTags.
func (s *ProductService) RevisionTags(ctx context.Context, partNumber, revision string) ([]Setting, error) {
	req := tagsRequest(http.MethodGet, "GetRevisionTags", partNumber)
	req.query.Set("revision", revision)
	return list[Setting](ctx, s.client, req)
}

// SaveRevisionTags changes the tags of a revision by what each says: see [ChangeType]. Those left out stay.
//
// Route: PUT /api/internal/Product/PutRevisionTags.
func (s *ProductService) SaveRevisionTags(ctx context.Context, partNumber, revision string, tags []Setting) error {
	req := tagsRequest(http.MethodPut, "PutRevisionTags", partNumber)
	req.query.Set("revision", revision)
	return s.saveTags(ctx, req, tags)
}

func tagsRequest(method, name, partNumber string) *request {
	req := newRequest(method, "api", "internal", "Product", name)
	req.query.Set("partNumber", partNumber)
	return req
}

func (s *ProductService) saveTags(ctx context.Context, req *request, tags []Setting) error {
	if err := refuseInvalid("tags", ValidateSettings(tags)); err != nil {
		return err
	}
	if err := req.json(notNil(tags)); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}

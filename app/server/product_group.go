package server

import (
	"net/http"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
)

func productGroupRoutes() []route {
	return []route{
		{http.MethodGet, "/api/Product/Groups", auth.Read, noBody, (*server).productGroups},
		{http.MethodPut, "/api/Product/Group", auth.Write, smallBody, (*server).saveProductGroup},
		{http.MethodGet, "/api/internal/Product/GetGroupsForProduct", auth.Read, noBody, (*server).groupsOfProduct},
		{http.MethodGet, "/api/Product/Vendors", auth.Read, noBody, (*server).vendors},
		{http.MethodPut, "/api/Product/Vendors", auth.Write, smallBody, (*server).saveVendor},
		{http.MethodDelete, "/api/Product/Vendors/{vendorId}", auth.Write, noBody, (*server).deleteVendor},
		{http.MethodGet, "/api/internal/Product/GetProductCategories", auth.Read, noBody, (*server).productCategories},
		{http.MethodPut, "/api/internal/Product/PutProductCategories", auth.Write, smallBody, (*server).saveProductCategories},
		{http.MethodGet, "/api/internal/Product/GetProductTags", auth.Read, noBody, (*server).productTags},
		{http.MethodPut, "/api/internal/Product/PutProductTags", auth.Write, smallBody, (*server).saveProductTags},
		{http.MethodGet, "/api/internal/Product/GetRevisionTags", auth.Read, noBody, (*server).revisionTags},
		{http.MethodPut, "/api/internal/Product/PutRevisionTags", auth.Write, smallBody, (*server).saveRevisionTags},
	}
}

// productGroups answers with every group, without filters.
//
// Route: GET /api/Product/Groups.
func (s *server) productGroups(w http.ResponseWriter, c *call) error {
	groups, err := s.store.ProductGroups(c.Context())
	if err != nil {
		return err
	}
	return answerGroups(w, groups, false)
}

// groupsOfProduct answers with the groups that a product belongs to.
//
// Route: GET /api/internal/Product/GetGroupsForProduct.
func (s *server) groupsOfProduct(w http.ResponseWriter, c *call) error {
	part, err := partOption(c)
	if err != nil {
		return err
	}
	groups, err := s.store.GroupsOf(c.Context(), part)
	if err != nil {
		return err
	}
	return answerGroups(w, groups, false)
}

// answerGroups answers with groups, with their filters if wanted.
func answerGroups(w http.ResponseWriter, groups []wats.ProductGroup, filters bool) error {
	rows := make([]wats.ProductGroup, len(groups))
	for i, g := range groups {
		rows[i] = g
		if !filters {
			rows[i].Filters = nil
		}
	}
	return answerJSON(w, rows)
}

// partOption reads the option that names a product.
func partOption(c *call) (string, error) {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return "", err
	}
	return o.required("partNumber")
}

// saveProductGroup creates or changes a group.
//
// Route: PUT /api/Product/Group.
func (s *server) saveProductGroup(w http.ResponseWriter, c *call) error {
	g, err := readJSON[wats.ProductGroup](s, w, c)
	if err != nil {
		return err
	}
	if err := g.Validate().Err(); err != nil {
		return err
	}
	saved, err := s.store.SaveProductGroup(c.Context(), g)
	if err != nil {
		return err
	}
	return answerJSON(w, saved)
}

// vendors answers with every vendor.
//
// Route: GET /api/Product/Vendors.
func (s *server) vendors(w http.ResponseWriter, c *call) error {
	vendors, err := s.store.Vendors(c.Context())
	if err != nil {
		return err
	}
	return answerJSON(w, append([]wats.Vendor{}, vendors...))
}

// saveVendor creates or changes a vendor.
//
// Route: PUT /api/Product/Vendors.
func (s *server) saveVendor(w http.ResponseWriter, c *call) error {
	v, err := readJSON[wats.Vendor](s, w, c)
	if err != nil {
		return err
	}
	if err := v.Validate().Err(); err != nil {
		return err
	}
	saved, err := s.store.SaveVendor(c.Context(), v)
	if err != nil {
		return err
	}
	return answerJSON(w, saved)
}

// deleteVendor deletes a vendor that no bill of materials names.
//
// Route: DELETE /api/Product/Vendors/{vendorId}.
func (s *server) deleteVendor(w http.ResponseWriter, c *call) error {
	if err := s.store.DeleteVendor(c.Context(), c.param("vendorId")); err != nil {
		return err
	}
	return answerJSON(w, true)
}

// productCategories answers with every category.
//
// Route: GET /api/internal/Product/GetProductCategories.
func (s *server) productCategories(w http.ResponseWriter, c *call) error {
	categories, err := s.store.ProductCategories(c.Context())
	if err != nil {
		return err
	}
	return answerJSON(w, append([]wats.ProductCategory{}, categories...))
}

// saveProductCategories creates or changes categories, all or none.
//
// Route: PUT /api/internal/Product/PutProductCategories.
func (s *server) saveProductCategories(w http.ResponseWriter, c *call) error {
	categories, err := readJSON[[]wats.ProductCategory](s, w, c)
	if err != nil {
		return err
	}
	if err := wats.ValidateCategories(categories).Err(); err != nil {
		return err
	}
	if err := s.store.SaveProductCategories(c.Context(), categories); err != nil {
		return err
	}
	return answerJSON(w, true)
}

// productTags answers with the tags of a product.
//
// Route: GET /api/internal/Product/GetProductTags.
func (s *server) productTags(w http.ResponseWriter, c *call) error {
	part, err := partOption(c)
	if err != nil {
		return err
	}
	p, err := s.store.Product(c.Context(), part)
	if err != nil {
		return err
	}
	return answerJSON(w, p.Tags)
}

// saveProductTags changes tags of a product by the change that each names.
//
// Route: PUT /api/internal/Product/PutProductTags.
func (s *server) saveProductTags(w http.ResponseWriter, c *call) error {
	part, err := partOption(c)
	if err != nil {
		return err
	}
	tags, err := s.readTags(w, c)
	if err != nil {
		return err
	}
	if err := s.store.SaveProductTags(c.Context(), part, tags); err != nil {
		return err
	}
	return answerJSON(w, true)
}

// revisionTags answers with the tags of a revision.
//
// Route: GET /api/internal/Product/GetRevisionTags.
func (s *server) revisionTags(w http.ResponseWriter, c *call) error {
	part, revision, err := revisionOptions(c)
	if err != nil {
		return err
	}
	r, err := s.store.Revision(c.Context(), part, revision)
	if err != nil {
		return err
	}
	return answerJSON(w, r.Tags)
}

// saveRevisionTags changes tags of a revision by the change that each names.
//
// Route: PUT /api/internal/Product/PutRevisionTags.
func (s *server) saveRevisionTags(w http.ResponseWriter, c *call) error {
	part, revision, err := revisionOptions(c)
	if err != nil {
		return err
	}
	tags, err := s.readTags(w, c)
	if err != nil {
		return err
	}
	if err := s.store.SaveRevisionTags(c.Context(), part, revision, tags); err != nil {
		return err
	}
	return answerJSON(w, true)
}

func (s *server) readTags(w http.ResponseWriter, c *call) ([]wats.Setting, error) {
	tags, err := readJSON[[]wats.Setting](s, w, c)
	if err != nil {
		return nil, err
	}
	return tags, wats.ValidateSettings(tags).Err()
}

package server

import (
	"net/http"
	"slices"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
)

const listBody = 16 << 20 // bytes: many objects at once

func productRoutes() []route {
	return slices.Concat(productMasterRoutes(), productGroupRoutes(), productBOMRoutes(), productBoxBuildRoutes())
}

func productMasterRoutes() []route {
	return []route{
		{http.MethodGet, "/api/Product/Query", auth.Read, noBody, (*server).products},
		{http.MethodGet, "/api/Product/{partNumber}", auth.Read, noBody, (*server).product},
		{http.MethodGet, "/api/Product", auth.Read, noBody, (*server).revisionByQuery},
		{http.MethodPut, "/api/Product", auth.Write, smallBody, (*server).saveProduct},
		{http.MethodPut, "/api/Product/Products", auth.Write, listBody, (*server).saveProducts},
		{http.MethodPut, "/api/Product/Revision", auth.Write, smallBody, (*server).saveRevision},
		{http.MethodPut, "/api/Product/Revisions", auth.Write, listBody, (*server).saveRevisions},
		{http.MethodGet, "/api/Product/{partNumber}/Revisions", auth.Read, noBody, (*server).revisions},
		{http.MethodGet, "/api/Product/{partNumber}/{revision}", auth.Read, noBody, (*server).revision},
		{http.MethodGet, "/api/gowats/v1/Product/Query", auth.Read, noBody, (*server).queryProducts},
		{http.MethodDelete, "/api/gowats/v1/Product/{partNumber}", auth.Admin, noBody, (*server).deleteProduct},
	}
}

// products answers with every product in a few words, or those that OData options select, row by row as the database gives them.
//
// Route: GET /api/Product/Query.
func (s *server) products(w http.ResponseWriter, c *call) error {
	q, none, err := listOptions(c)
	switch {
	case err != nil:
		return err
	case q == store.ListQuery{}:
		return answerList(w, s.store.ProductViews(c.Context()))
	}
	return answerRows(w, none, func(yield func(*wats.ProductView, error) bool) {
		for p, err := range s.store.Products(c.Context(), q) {
			var view *wats.ProductView
			if err == nil {
				view = &wats.ProductView{PartNumber: p.PartNumber, Name: p.Name, CategoryName: p.CategoryName, NonSerial: p.NonSerial, State: p.State}
			}
			if !yield(view, err) {
				return
			}
		}
	})
}

// product answers with one product, whole.
//
// Route: GET /api/Product/{partNumber}.
func (s *server) product(w http.ResponseWriter, c *call) error {
	p, err := s.store.Product(c.Context(), c.param("partNumber"))
	if err != nil {
		return err
	}
	return answerJSON(w, p)
}

// saveProduct creates or changes one product and answers with it as stored. Members that are absent or null stay as they are.
//
// Route: PUT /api/Product.
func (s *server) saveProduct(w http.ResponseWriter, c *call) error {
	change, err := readJSON[store.ProductChange](s, w, c)
	if err != nil {
		return err
	}
	p := change.Product()
	if err := p.Validate().Err(); err != nil {
		return err
	}
	saved, err := s.store.SaveProduct(c.Context(), change)
	if err != nil {
		return err
	}
	return answerJSON(w, saved)
}

// saveProducts creates or changes several products, all or none.
//
// Route: PUT /api/Product/Products.
func (s *server) saveProducts(w http.ResponseWriter, c *call) error {
	changes, err := readJSON[[]store.ProductChange](s, w, c)
	if err != nil {
		return err
	}
	products := make([]wats.Product, len(changes))
	for i := range changes {
		products[i] = changes[i].Product()
	}
	if err := wats.ValidateProducts(products).Err(); err != nil {
		return err
	}
	saved, err := s.store.SaveProducts(c.Context(), changes)
	if err != nil {
		return err
	}
	return answerJSON(w, append([]wats.Product{}, saved...)) // [] when there are none, not null
}

// revisionByQuery answers with one revision of a product.
//
// Route: GET /api/Product?partNumber=&revision=.
func (s *server) revisionByQuery(w http.ResponseWriter, c *call) error {
	part, revision, err := revisionOptions(c)
	if err != nil {
		return err
	}
	return s.answerRevision(w, c, part, revision)
}

// revisionOptions reads the options that name a revision.
func revisionOptions(c *call) (part, revision string, err error) {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return "", "", err
	}
	if part, err = o.required("partNumber"); err != nil {
		return "", "", err
	}
	revision, err = o.required("revision")
	return part, revision, err
}

// revision answers with one revision of a product.
//
// Route: GET /api/Product/{partNumber}/{revision}.
func (s *server) revision(w http.ResponseWriter, c *call) error {
	return s.answerRevision(w, c, c.param("partNumber"), c.param("revision"))
}

func (s *server) answerRevision(w http.ResponseWriter, c *call, part, revision string) error {
	r, err := s.store.Revision(c.Context(), part, revision)
	if err != nil {
		return err
	}
	return answerJSON(w, r)
}

// revisions answers with the revisions of a product.
//
// Route: GET /api/Product/{partNumber}/Revisions.
func (s *server) revisions(w http.ResponseWriter, c *call) error {
	all, err := s.store.Revisions(c.Context(), c.param("partNumber"))
	if err != nil {
		return err
	}
	return answerJSON(w, append([]wats.ProductRevision{}, all...))
}

// saveRevision creates or changes one revision of a product that is there.
//
// Route: PUT /api/Product/Revision.
func (s *server) saveRevision(w http.ResponseWriter, c *call) error {
	change, err := readJSON[store.RevisionChange](s, w, c)
	if err != nil {
		return err
	}
	r := change.ProductRevision()
	if err := r.Validate().Err(); err != nil {
		return err
	}
	saved, err := s.store.SaveRevision(c.Context(), change)
	if err != nil {
		return err
	}
	return answerJSON(w, saved)
}

// saveRevisions creates or changes several revisions, all or none.
//
// Route: PUT /api/Product/Revisions.
func (s *server) saveRevisions(w http.ResponseWriter, c *call) error {
	changes, err := readJSON[[]store.RevisionChange](s, w, c)
	if err != nil {
		return err
	}
	revisions := make([]wats.ProductRevision, len(changes))
	for i := range changes {
		revisions[i] = changes[i].ProductRevision()
	}
	if err := wats.ValidateRevisions(revisions).Err(); err != nil {
		return err
	}
	saved, err := s.store.SaveRevisions(c.Context(), changes)
	if err != nil {
		return err
	}
	return answerJSON(w, append([]wats.ProductRevision{}, saved...))
}

// productPage is a part of the products that a query selects, and how many there are.
type productPage struct {
	Total    int             `json:"total"`
	Products []*wats.Product `json:"products"`
}

// queryProducts answers with a page of the products that the OData options select, without revisions and tags, and with how many there are in all.
//
// Route: GET /api/gowats/v1/Product/Query.
func (s *server) queryProducts(w http.ResponseWriter, c *call) error {
	q, none, err := pageOptions(c)
	if err != nil {
		return err
	}
	page := productPage{Products: []*wats.Product{}}
	if page.Total, err = s.store.CountProducts(c.Context(), q.Filter); err != nil {
		return err
	}
	for p, err := range unless(none, s.store.Products(c.Context(), q)) {
		if err != nil {
			return err
		}
		page.Products = append(page.Products, p)
	}
	return answerJSON(w, page)
}

// deleteProduct removes a product that nothing names.
//
// Route: DELETE /api/gowats/v1/Product/{partNumber}.
func (s *server) deleteProduct(w http.ResponseWriter, c *call) error {
	if err := s.store.DeleteProduct(c.Context(), c.param("partNumber")); err != nil {
		return err
	}
	return answerJSON(w, true)
}

package server

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
)

func productBoxBuildRoutes() []route {
	return []route{
		{http.MethodGet, "/api/internal/Product/GetProductInfo", auth.Read, noBody, (*server).productTree},
		{http.MethodGet, "/api/internal/Product/GetProductByPN", auth.Read, noBody, (*server).productByPN},
		{http.MethodPost, "/api/internal/Product/PostProductRevisionRelation", auth.Write, smallBody, (*server).addRelation},
		{http.MethodPut, "/api/internal/Product/PutProductRevisionRelation", auth.Write, smallBody, (*server).updateRelation},
		{http.MethodDelete, "/api/internal/Product/DeleteProductRevisionRelation", auth.Write, noBody, (*server).deleteRelation},
	}
}

// productTree answers with a revision and all that it is built from, depth first.
//
// Route: GET /api/internal/Product/GetProductInfo.
func (s *server) productTree(w http.ResponseWriter, c *call) error {
	part, revision, err := revisionOptions(c)
	if err != nil {
		return err
	}
	rows, err := s.store.ProductTree(c.Context(), part, revision)
	if err != nil {
		return err
	}
	return answerJSON(w, rows)
}

// productByPN answers with one product. Its members begin with a capital, as those of the other answers about box builds do.
//
// Unverified: which members a WATS server gives; a recording would tell.
//
// Route: GET /api/internal/Product/GetProductByPN.
func (s *server) productByPN(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	part, err := o.required("PN")
	if err != nil {
		return err
	}
	p, err := s.store.Product(c.Context(), part)
	if err != nil {
		return err
	}
	object, err := capitalised(p)
	if err != nil {
		return err
	}
	revisions := make([]map[string]json.RawMessage, len(p.Revisions))
	for i := range p.Revisions {
		if revisions[i], err = capitalised(&p.Revisions[i]); err != nil {
			return err
		}
	}
	if object["Revisions"], err = json.Marshal(revisions); err != nil {
		return err
	}
	return answerJSON(w, object)
}

// capitalised returns the members of an object under names that begin with a capital.
func capitalised(object any) (map[string]json.RawMessage, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	renamed := make(map[string]json.RawMessage, len(members))
	for name, value := range members {
		renamed[strings.ToUpper(name[:1])+name[1:]] = value
	}
	return renamed, nil
}

// addRelation adds a row to a box build template.
//
// Route: POST /api/internal/Product/PostProductRevisionRelation.
func (s *server) addRelation(w http.ResponseWriter, c *call) error {
	change, err := readJSON[store.RelationChange](s, w, c)
	if err != nil {
		return err
	}
	saved, err := s.store.AddRelation(c.Context(), change)
	if err != nil {
		return err
	}
	return answerJSON(w, saved)
}

// updateRelation changes a row of a box build template. Members that are absent or null stay as they are.
//
// Route: PUT /api/internal/Product/PutProductRevisionRelation.
func (s *server) updateRelation(w http.ResponseWriter, c *call) error {
	change, err := readJSON[store.RelationChange](s, w, c)
	if err != nil {
		return err
	}
	if change.ID.IsZero() {
		return refuseOption("$.ProductRevisionRelationId", "required", "ProductRevisionRelationId is required")
	}
	saved, err := s.store.UpdateRelation(c.Context(), change)
	if err != nil {
		return err
	}
	return answerJSON(w, saved)
}

// deleteRelation removes a row of a box build template.
//
// Route: DELETE /api/internal/Product/DeleteProductRevisionRelation.
func (s *server) deleteRelation(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	if _, err := o.required("productRevisionRelationId"); err != nil {
		return err
	}
	id, err := o.guid("productRevisionRelationId")
	if err != nil {
		return err
	}
	if err := s.store.DeleteRelation(c.Context(), id); err != nil {
		return err
	}
	return answerJSON(w, true)
}

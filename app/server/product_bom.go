package server

import (
	"net/http"
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/report"
)

func productBOMRoutes() []route {
	return []route{
		{http.MethodPut, "/api/Product/BOM", auth.Write, listBody, (*server).saveWSBF},
		{http.MethodGet, "/api/Product/{partNumber}/{revision}/BOM", auth.Read, noBody, (*server).bomByPath},
		{http.MethodGet, "/api/internal/Product/Bom", auth.Read, noBody, (*server).bom},
		{http.MethodPut, "/api/internal/Product/BOM", auth.Write, listBody, (*server).saveBOM},
	}
}

// saveWSBF replaces the bill of materials of the revision that an XML document names.
//
// Route: PUT /api/Product/BOM.
func (s *server) saveWSBF(w http.ResponseWriter, c *call) error {
	body, free, err := s.bodies.read(w, c)
	if err != nil {
		return err
	}
	defer free()
	bom, err := wats.ParseWSBF(body)
	if err != nil {
		return err
	}
	if err := bom.Validate().Err(); err != nil {
		return err
	}
	if err := s.store.SaveBOM(c.Context(), bom.PartNumber, bom.Revision, report.Some(bom.Description), bom.Items); err != nil {
		return err
	}
	return answerJSON(w, true)
}

// bom answers with the lines of a bill of materials.
//
// Route: GET /api/internal/Product/Bom.
func (s *server) bom(w http.ResponseWriter, c *call) error {
	part, revision, err := revisionOptions(c)
	if err != nil {
		return err
	}
	bom, err := s.store.BOM(c.Context(), part, revision)
	if err != nil {
		return err
	}
	return answerJSON(w, append([]wats.BOMItem{}, bom.Items...))
}

// bomByPath answers with the lines of a bill of materials, or with the WSBF document where the client would rather have XML.
//
// Route: GET /api/Product/{partNumber}/{revision}/BOM.
func (s *server) bomByPath(w http.ResponseWriter, c *call) error {
	bom, err := s.store.BOM(c.Context(), c.param("partNumber"), c.param("revision"))
	if err != nil {
		return err
	}
	if accept := c.Header.Get("Accept"); strings.Contains(accept, "xml") && !strings.Contains(accept, "json") {
		writeBody(w, "application/xml; charset=utf-8", bom.WSBF())
		return nil
	}
	return answerJSON(w, append([]wats.BOMItem{}, bom.Items...))
}

// saveBOM replaces the lines of a bill of materials.
//
// Route: PUT /api/internal/Product/BOM.
func (s *server) saveBOM(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	if format := o.text("format"); format != "" && !strings.EqualFold(format, "json") {
		return refuseOption("format", "enum", "must be json, is %q; a WSBF document goes to /api/Product/BOM", shorten(format))
	}
	part, revision, err := revisionOptions(c)
	if err != nil {
		return err
	}
	items, err := readJSON[[]wats.BOMItem](s, w, c)
	if err != nil {
		return err
	}
	if err := wats.ValidateBOM(items).Err(); err != nil {
		return err
	}
	if err := s.store.SaveBOM(c.Context(), part, revision, report.Optional[string]{}, items); err != nil {
		return err
	}
	return answerJSON(w, true)
}

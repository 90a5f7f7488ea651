package wats

import (
	"context"
	"net/http"
	"strconv"

	"github.com/gowats/gowats/report"
)

// childRequest names a parent and a child as the public routes do.
func childRequest(action string, parent, child UnitKey) *request {
	req := newRequest(http.MethodPost, "api", "Production", action)
	req.query.Set("parentSerialNumber", parent.SerialNumber)
	req.query.Set("parentPartNumber", parent.PartNumber)
	req.query.Set("childSerialNumber", child.SerialNumber)
	req.query.Set("childPartNumber", child.PartNumber)
	return req
}

// AddChild builds a unit into another. The child must be in phase Finalized, be in no other unit, and be in the box build template of the parent's
// revision, where there must be room for it; a gowats server tells all that is against it as violations ([ErrInvalid]), another server may say
// [ErrNotFound].
//
// Route: POST /api/Production/AddChildUnit.
func (s *ProductionService) AddChild(ctx context.Context, parent, child UnitKey) error {
	return tell(ctx, s.client, childRequest("AddChildUnit", parent, child))
}

// RemoveChild takes a unit out of the one it is built into. [ErrNotFound] when it is not in there.
//
// Route: POST /api/Production/RemoveChildUnit.
func (s *ProductionService) RemoveChild(ctx context.Context, parent, child UnitKey) error {
	return tell(ctx, s.client, childRequest("RemoveChildUnit", parent, child))
}

// ChildCheck is what is checked beside the rules when a unit is built into another.
type ChildCheck struct {
	PartNumber string                // the child's must be this; "": any
	Revision   string                // mask that the child's must match, see [MatchRevisionMask]; "": any
	Phase      report.Optional[bool] // false: the child need not be in phase Finalized
	Culture    string                // of messages; default en-US. A gowats server knows no other
}

const usualCulture = "en-US"

// AddChildChecked is AddChild with more to check.
//
// Route: POST /api/internal/Production/AddChildUnit.
func (s *ProductionService) AddChildChecked(ctx context.Context, parent, child UnitKey, check ChildCheck) (*InternalResult, error) {
	req := s.unitRequest(http.MethodPost, "AddChildUnit", parent)
	req.query.Set("childSerialNumber", child.SerialNumber)
	req.query.Set("childPartNumber", child.PartNumber)
	req.query.Set("checkPartNumber", check.PartNumber)
	req.query.Set("checkRevision", check.Revision)
	req.query.Set("cultureCode", cultureOr(check.Culture))
	if check.Phase.Present {
		req.query.Set("checkPhase", strconv.FormatBool(check.Phase.Value))
	}
	return maybe[InternalResult](ctx, s.client, req)
}

func cultureOr(culture string) string {
	if culture == "" {
		return usualCulture
	}
	return culture
}

// RemoveChildTold is RemoveChild with an answer in words, in a culture ("": en-US).
//
// Route: POST /api/internal/Production/RemoveChildUnit.
func (s *ProductionService) RemoveChildTold(ctx context.Context, parent, child UnitKey, culture string) (*InternalResult, error) {
	req := s.unitRequest(http.MethodPost, "RemoveChildUnit", parent)
	req.query.Set("childSerialNumber", child.SerialNumber)
	req.query.Set("childPartNumber", child.PartNumber)
	req.query.Set("cultureCode", cultureOr(culture))
	return maybe[InternalResult](ctx, s.client, req)
}

// RemoveAllChildren takes every unit out of one, and returns how many they were, 0 where a server does not tell.
//
// Route: POST /api/internal/Production/RemoveAllChildUnits.
func (s *ProductionService) RemoveAllChildren(ctx context.Context, parent UnitKey) (int64, error) {
	req := s.unitRequest(http.MethodPost, "RemoveAllChildUnits", parent)
	req.query.Set("cultureCode", usualCulture)
	done, err := maybe[InternalResult](ctx, s.client, req)
	if err != nil || done == nil {
		return 0, err
	}
	return done.Count, nil
}

// ChildUnitCheck holds what is built into a unit against the box build template of its revision. The routes have no other description: the members are
// those of a gowats server.
//
// Route: GET /api/Production/CheckChildUnits.
type ChildUnitCheck struct {
	Complete     bool            `json:"complete"` // every item is there, and nothing else
	Message      string          `json:"message"`  // what is missing or too much, in words
	SerialNumber string          `json:"serialNumber"`
	PartNumber   string          `json:"partNumber"`
	Revision     string          `json:"revision"` // whose template it is
	Items        []ChildUnitItem `json:"items"`    // of the template, by item number
	Extra        []ChildUnit     `json:"extra"`    // built in, but not in the template or more than it has room for
}

// ChildUnitItem is one row of a template, and what is built in for it.
type ChildUnitItem struct {
	ItemNumber   string      `json:"itemNumber"`
	PartNumber   string      `json:"partNumber"`
	Revision     string      `json:"revision"`
	RevisionMask string      `json:"revisionMask"` // "": exactly the revision
	Quantity     int         `json:"quantity"`
	Missing      int         `json:"missing"` // of them
	Units        []ChildUnit `json:"units"`
}

// ChildUnit is a unit built into another.
type ChildUnit struct {
	SerialNumber string `json:"serialNumber"`
	PartNumber   string `json:"partNumber"`
	Revision     string `json:"revision"`
}

// CheckChildren holds what is built into a unit against the box build template of a revision; a gowats server takes that of the unit for "". [ErrNotFound] when there
// is no such unit.
//
// Route: GET /api/Production/CheckChildUnits.
func (s *ProductionService) CheckChildren(ctx context.Context, unit UnitKey, revision string) (*ChildUnitCheck, error) {
	req := newRequest(http.MethodGet, "api", "Production", "CheckChildUnits")
	req.query.Set("serialNumber", unit.SerialNumber)
	req.query.Set("partNumber", unit.PartNumber)
	req.query.Set("revision", revision)
	return one[ChildUnitCheck](ctx, s.client, req)
}

// CheckChildrenTold is CheckChildren for the revision that the unit has, with a message in a culture ("": en-US).
//
// Route: GET /api/internal/Production/CheckChildUnits.
func (s *ProductionService) CheckChildrenTold(ctx context.Context, unit UnitKey, culture string) (*ChildUnitCheck, error) {
	req := newRequest(http.MethodGet, "api", "internal", "Production", "CheckChildUnits")
	req.query.Set("ParentSerialNumber", unit.SerialNumber)
	req.query.Set("ParentPartNumber", unit.PartNumber)
	req.query.Set("CultureCode", cultureOr(culture))
	return one[ChildUnitCheck](ctx, s.client, req)
}

// Hierarchy returns the whole that a unit is built into, from the outermost unit down, each with what is built into it. [ErrNotFound] when there
// is no such unit.
//
// Route: GET /api/internal/Production/GetUnitHierarchy. Unverified: the answer of a WATS server.
func (s *ProductionService) Hierarchy(ctx context.Context, serialNumber, partNumber string) (*Unit, error) {
	return one[Unit](ctx, s.client, s.unitRequest(http.MethodGet, "GetUnitHierarchy", UnitKey{serialNumber, partNumber}))
}

// Contents returns a unit with all that is built into it, at any depth. [ErrNotFound] when there is no such unit, and at a gowats server when it
// is of another revision than asked for; "" is any.
//
// Route: GET /api/internal/Production/GetUnitContents. Unverified: the answer of a WATS server.
func (s *ProductionService) Contents(ctx context.Context, unit UnitKey, revision string) (*Unit, error) {
	req := s.unitRequest(http.MethodGet, "GetUnitContents", unit)
	req.query.Set("revision", revision)
	return one[Unit](ctx, s.client, req)
}

// ProductionSite is a place of production. The route has no other description: the members are those of a gowats server, and what another server
// sends beside them is in Extra.
type ProductionSite struct {
	ID   int    `json:"id,omitzero" alias:"siteId"`
	Name string `json:"name" alias:"siteName"` // a gowats server names the locations of stations

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps the members that ProductionSite does not know in Extra.
func (p *ProductionSite) UnmarshalJSON(data []byte) error {
	type plain ProductionSite
	return decodeKeeping(data, (*plain)(p), &p.Extra)
}

// Sites returns the places of production.
//
// Route: GET /api/internal/Production/GetSites.
func (s *ProductionService) Sites(ctx context.Context) ([]ProductionSite, error) {
	return list[ProductionSite](ctx, s.client, newRequest(http.MethodGet, "api", "internal", "Production", "GetSites"))
}

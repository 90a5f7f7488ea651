package server

import (
	"errors"
	"math"
	"net/http"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

func assetRoutes() []route {
	return []route{
		{http.MethodGet, "/api/Asset", auth.Read, noBody, (*server).assets},
		{http.MethodPut, "/api/Asset", auth.Write, smallBody, (*server).saveAsset},
		{http.MethodDelete, "/api/Asset", auth.Write, noBody, (*server).deleteAsset},
		{http.MethodGet, "/api/Asset/{idOrSerialNumber}", auth.Read, noBody, (*server).asset},
		{http.MethodGet, "/api/Asset/SubAssets", auth.Read, noBody, (*server).subAssets},
		{http.MethodGet, "/api/Asset/Types", auth.Read, noBody, (*server).assetTypes},
		{http.MethodPut, "/api/Asset/Types", auth.Write, smallBody, (*server).saveAssetType},

		{http.MethodGet, "/api/Asset/Status", auth.Read, noBody, (*server).assetStatus},
		{http.MethodGet, "/api/Asset/{serialNumber}/Status", auth.Read, noBody, (*server).assetStatusByPath},
		{http.MethodPut, "/api/Asset/State", auth.Write, noBody, (*server).setAssetState},
		{http.MethodPut, "/api/Asset/Count", auth.Write, noBody, (*server).countAsset},
		{http.MethodPost, "/api/Asset/ResetRunningCount", auth.Write, noBody, (*server).resetAssetCount},
		{http.MethodPut, "/api/Asset/SetRunningCount", auth.Admin, noBody, (*server).setAssetRunningCount},
		{http.MethodPut, "/api/Asset/SetTotalCount", auth.Admin, noBody, (*server).setAssetTotalCount},
		{http.MethodPost, "/api/Asset/Calibration", auth.Write, noBody, (*server).calibrateAsset},
		{http.MethodPost, "/api/Asset/Calibration/External", auth.Write, noBody, (*server).calibrateAssetExternal},
		{http.MethodPost, "/api/Asset/Maintenance", auth.Write, noBody, (*server).maintainAsset},
		{http.MethodPost, "/api/Asset/Maintenance/External", auth.Write, noBody, (*server).maintainAssetExternal},
		{http.MethodGet, "/api/Asset/{serialNumber}/Calibrations", auth.Read, noBody, (*server).assetCalibrations},
		{http.MethodGet, "/api/Asset/{serialNumber}/Maintenance", auth.Read, noBody, (*server).assetMaintenance},
		{http.MethodGet, "/api/Asset/Log", auth.Read, noBody, (*server).assetLog},
		{http.MethodPost, "/api/Asset/Message", auth.Write, smallBody, (*server).addAssetMessage},

		{http.MethodPost, "/api/internal/Blob/Asset", auth.Write, fileBody, (*server).uploadAssetFile},
		{http.MethodGet, "/api/internal/Blob/Asset", auth.Read, noBody, (*server).downloadAssetFile},
		{http.MethodGet, "/api/internal/Blob/Asset/List/{assetId}", auth.Read, noBody, (*server).assetFiles},
		{http.MethodDelete, "/api/internal/Blob/Assets", auth.Write, smallBody, (*server).deleteAssetFiles},
		{http.MethodPost, "/api/internal/Blob/Asset/{assetId}", auth.Write, fileBody, (*server).uploadAssetFileByPath},
		{http.MethodGet, "/api/internal/Blob/Asset/{assetId}/{fileName}", auth.Read, noBody, (*server).downloadAssetFileByPath},

		{http.MethodGet, "/api/gowats/v1/Asset/Query", auth.Read, noBody, (*server).queryAssets},
	}
}

// gather returns the refusals among errs as one that names everything; another error goes first. Nil when there is none.
func gather(errs ...error) error {
	var found report.Findings
	for _, err := range errs {
		var refused *refusal
		switch {
		case err == nil:
		case errors.As(err, &refused) && len(refused.body.Errors) > 0:
			found = append(found, refused.body.Errors...)
		default:
			return err
		}
	}
	if len(found) == 0 {
		return nil
	}
	return refuseAll(found)
}

// assetKey reads which asset the query names: by id, by serialNumber, or by both of it.
func assetKey(o options) (store.AssetKey, error) {
	id, err := o.guid("id")
	if err != nil {
		return store.AssetKey{}, err
	}
	key := store.AssetKey{ID: id, SerialNumber: o.text("serialNumber")}
	if key.Empty() {
		return key, refuseOption("id", "required", "is missing: give id or serialNumber")
	}
	return key, nil
}

// assets answers with the assets that the OData options select, row by row as the database gives them.
//
// Route: GET /api/Asset.
func (s *server) assets(w http.ResponseWriter, c *call) error {
	q, none, err := listOptions(c)
	if err != nil {
		return err
	}
	return answerList(w, unless(none, s.store.Assets(c.Context(), q)))
}

// listOptions reads the OData options of a list. None is true for $top=0.
func listOptions(c *call) (q store.ListQuery, none bool, err error) {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return q, false, err
	}
	return o.list()
}

// unless yields rows, or only their error when there are to be none.
func unless[T any](none bool, rows func(func(T, error) bool)) func(func(T, error) bool) {
	if !none {
		return rows
	}
	return func(yield func(T, error) bool) {
		for row, err := range rows {
			if err != nil {
				yield(row, err)
			}
			return
		}
	}
}

// asset answers with one asset, with its type, those directly below it and the newest of its log.
//
// Route: GET /api/Asset/{idOrSerialNumber}.
func (s *server) asset(w http.ResponseWriter, c *call) error {
	key := store.AssetKey{Either: c.param("idOrSerialNumber")}
	if key.Empty() {
		return refuseOption("idOrSerialNumber", "required", "is missing")
	}
	a, err := s.store.Asset(c.Context(), key)
	if err != nil {
		return err
	}
	return answerJSON(w, a)
}

// saveAsset creates or changes an asset and answers with it as stored. Members that are absent or null stay as they are.
//
// Route: PUT /api/Asset.
func (s *server) saveAsset(w http.ResponseWriter, c *call) error {
	e, err := readJSON[edited[wats.Asset]](s, w, c)
	if err != nil {
		return err
	}
	a, err := s.store.SaveAsset(c.Context(), store.AssetEdit{Asset: e.value, Apply: e.apply, User: c.id.User})
	if err != nil {
		return err
	}
	return answerJSON(w, a)
}

// deleteAsset removes an asset that nothing hangs below and no report has used.
//
// Route: DELETE /api/Asset.
func (s *server) deleteAsset(_ http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	key, err := assetKey(o)
	if err != nil {
		return err
	}
	return s.store.DeleteAsset(c.Context(), key)
}

// subAssets answers with the assets below another one: directly below it, unless level says otherwise.
//
// Route: GET /api/Asset/SubAssets.
func (s *server) subAssets(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	key, keyErr := assetKey(o)
	level, levelErr := o.integer("level", math.MaxInt32)
	if err := gather(keyErr, levelErr); err != nil {
		return err
	}
	return answerList(w, s.store.SubAssets(c.Context(), key, level.Or(1)))
}

// assetTypes answers with the types that the OData options select.
//
// Route: GET /api/Asset/Types.
func (s *server) assetTypes(w http.ResponseWriter, c *call) error {
	q, none, err := listOptions(c)
	if err != nil {
		return err
	}
	return answerList(w, unless(none, s.store.AssetTypes(c.Context(), q)))
}

// saveAssetType creates or changes a type and answers with it as stored. Members that are absent or null stay as they are.
//
// Route: PUT /api/Asset/Types.
func (s *server) saveAssetType(w http.ResponseWriter, c *call) error {
	e, err := readJSON[edited[wats.AssetType]](s, w, c)
	if err != nil {
		return err
	}
	t, err := s.store.SaveAssetType(c.Context(), store.AssetTypeEdit{Type: e.value, Apply: e.apply})
	if err != nil {
		return err
	}
	return answerJSON(w, t)
}

// assetPage is a part of the assets that a query selects, and how many there are.
type assetPage struct {
	Total  int           `json:"total"`
	Assets []*wats.Asset `json:"assets"`
}

const (
	pageRows    = 100 // unless $top says otherwise
	maxPageRows = 1000
)

// pageOptions reads the OData options of a list that is answered page by page.
func pageOptions(c *call) (q store.ListQuery, none bool, err error) {
	q, none, err = listOptions(c)
	switch {
	case err != nil:
		return q, false, err
	case q.Top > maxPageRows:
		return q, false, refuseOption("$top", "range", "must be at most %d, is %d", maxPageRows, q.Top)
	case q.Top == 0:
		q.Top = pageRows
	}
	return q, none, nil
}

// queryAssets answers with a page of the assets that the OData options select, and with how many there are in all.
//
// Route: GET /api/gowats/v1/Asset/Query.
func (s *server) queryAssets(w http.ResponseWriter, c *call) error {
	q, none, err := pageOptions(c)
	if err != nil {
		return err
	}
	page := assetPage{Assets: []*wats.Asset{}}
	if page.Total, err = s.store.CountAssets(c.Context(), q.Filter); err != nil {
		return err
	}
	for a, err := range unless(none, s.store.Assets(c.Context(), q)) {
		if err != nil {
			return err
		}
		page.Assets = append(page.Assets, a)
	}
	return answerJSON(w, page)
}

package server

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// assetStatus answers with how an asset stands to its limits. Its words are English, whatever translate and cultureCode ask for.
//
// Route: GET /api/Asset/Status.
func (s *server) assetStatus(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	key, keyErr := assetKey(o)
	_, boolErr := o.boolean("translate")
	if err := gather(keyErr, boolErr); err != nil {
		return err
	}
	return s.answerAssetStatus(w, c, key)
}

// assetStatusByPath is assetStatus with the asset in the path.
//
// Route: GET /api/Asset/{serialNumber}/Status.
func (s *server) assetStatusByPath(w http.ResponseWriter, c *call) error {
	return s.answerAssetStatus(w, c, store.AssetKey{Either: c.param("serialNumber")})
}

func (s *server) answerAssetStatus(w http.ResponseWriter, c *call, key store.AssetKey) error {
	status, err := s.store.AssetStatus(c.Context(), key)
	if err != nil {
		return err
	}
	return answerJSON(w, status)
}

// setAssetState says where an asset is.
//
// Route: PUT /api/Asset/State.
func (s *server) setAssetState(_ http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	key, keyErr := assetKey(o)
	_, missingErr := o.required("state")
	state, stateErr := o.integer("state", int(wats.AssetScrapped))
	if err := gather(keyErr, missingErr, stateErr); err != nil {
		return err
	}
	return s.store.SetAssetState(c.Context(), key, wats.AssetState(state.Value), c.id.User)
}

// countAsset counts uses: so many more by incrementBy, or up to totalCount.
//
// Route: PUT /api/Asset/Count.
func (s *server) countAsset(_ http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	key, keyErr := assetKey(o)
	total, totalErr := o.count("totalCount")
	uses, usesErr := o.integer("incrementBy", math.MaxInt32)
	children, childrenErr := o.boolean("incrementChildren")
	var choice error
	switch {
	case totalErr != nil || usesErr != nil:
	case total.Present == uses.Present:
		choice = refuseOption("incrementBy", "required", "give either incrementBy or totalCount")
	case total.Present && children.Value:
		choice = refuseOption("incrementChildren", "unsupported", "goes with incrementBy only: what is below has counts of its own")
	}
	if err := gather(keyErr, totalErr, usesErr, childrenErr, choice); err != nil {
		return err
	}
	if total.Present {
		return s.store.CountAssetTo(c.Context(), key, total.Value, c.id.User)
	}
	return s.store.IncrementAsset(c.Context(), key, int64(uses.Value), children.Value, c.id.User)
}

const maxCount = 1 << 53 // beyond it JSON numbers lose ones

// count returns an option that is a count.
func (o options) count(name string) (report.Optional[int64], error) {
	text := o.text(name)
	if text == "" {
		return report.Optional[int64]{}, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > maxCount {
		return report.Optional[int64]{}, refuseOption(name, "range", "must be a whole number from 0 to %d, is %q", int64(maxCount), shorten(text))
	}
	return report.Some(n), nil
}

// resetAssetCount sets the running count to 0.
//
// Route: POST /api/Asset/ResetRunningCount.
func (s *server) resetAssetCount(_ http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	key, keyErr := assetKey(o)
	comment, commentErr := o.comment()
	if err := gather(keyErr, commentErr); err != nil {
		return err
	}
	return s.store.ResetAssetCount(c.Context(), key, comment, c.id.User)
}

// comment returns the comment on a command, as a message to the log of an asset may be.
func (o options) comment() (string, error) {
	text := o.text("comment")
	if text == "" {
		return "", nil
	}
	found := wats.AssetMessage{AssetID: "-", Comment: text}.Validate()
	for i := range found {
		found[i].Path = "comment"
	}
	if len(found) > 0 {
		return "", refuseAll(found)
	}
	return text, nil
}

// setAssetRunningCount corrects the running count.
//
// Route: PUT /api/Asset/SetRunningCount.
func (s *server) setAssetRunningCount(_ http.ResponseWriter, c *call) error {
	key, n, err := assetCount(c, "runningCount")
	if err != nil {
		return err
	}
	return s.store.SetAssetRunningCount(c.Context(), key, n, c.id.User)
}

// setAssetTotalCount corrects the total count.
//
// Route: PUT /api/Asset/SetTotalCount.
func (s *server) setAssetTotalCount(_ http.ResponseWriter, c *call) error {
	key, n, err := assetCount(c, "totalCount")
	if err != nil {
		return err
	}
	return s.store.SetAssetTotalCount(c.Context(), key, n, c.id.User)
}

// assetCount reads an asset and a count that must be given.
func assetCount(c *call, name string) (store.AssetKey, int64, error) {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return store.AssetKey{}, 0, err
	}
	key, keyErr := assetKey(o)
	_, missingErr := o.required(name)
	n, countErr := o.count(name)
	return key, n.Value, gather(keyErr, missingErr, countErr)
}

// calibrateAsset records a calibration, now unless dateTime says otherwise.
//
// Route: POST /api/Asset/Calibration.
func (s *server) calibrateAsset(_ http.ResponseWriter, c *call) error {
	return s.serviceAsset(c, wats.AssetLogCalibration, false)
}

// calibrateAssetExternal records a calibration whose dates another system keeps.
//
// Route: POST /api/Asset/Calibration/External.
func (s *server) calibrateAssetExternal(_ http.ResponseWriter, c *call) error {
	return s.serviceAsset(c, wats.AssetLogCalibration, true)
}

// maintainAsset records maintenance, now unless dateTime says otherwise.
//
// Route: POST /api/Asset/Maintenance.
func (s *server) maintainAsset(_ http.ResponseWriter, c *call) error {
	return s.serviceAsset(c, wats.AssetLogMaintenance, false)
}

// maintainAssetExternal records maintenance whose dates another system keeps.
//
// Route: POST /api/Asset/Maintenance/External.
func (s *server) maintainAssetExternal(_ http.ResponseWriter, c *call) error {
	return s.serviceAsset(c, wats.AssetLogMaintenance, true)
}

func (s *server) serviceAsset(c *call, kind wats.AssetLogType, external bool) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	key, keyErr := assetKey(o)
	comment, commentErr := o.comment()
	var next time.Time
	var nextErr error
	from := "dateTime"
	if external {
		from = "fromDate"
		next, nextErr = o.time("toDate")
	}
	at, atErr := o.time(from)
	if err := gather(keyErr, commentErr, atErr, nextErr); err != nil {
		return err
	}
	return s.store.ServiceAsset(c.Context(), key, store.AssetService{
		Kind: kind, At: at, External: external, Next: next, Comment: comment, User: c.id.User})
}

// assetLog answers with the log entries that the OData options select, newest first unless they say otherwise.
//
// Route: GET /api/Asset/Log.
func (s *server) assetLog(w http.ResponseWriter, c *call) error {
	q, none, err := listOptions(c)
	if err != nil {
		return err
	}
	return answerList(w, unless(none, s.store.AssetLog(c.Context(), q)))
}

// assetCalibrations answers with the calibrations of an asset, newest first.
//
// Route: GET /api/Asset/{serialNumber}/Calibrations.
func (s *server) assetCalibrations(w http.ResponseWriter, c *call) error {
	return answerList(w, s.store.AssetLogOf(c.Context(), store.AssetKey{Either: c.param("serialNumber")}, wats.AssetLogCalibration))
}

// assetMaintenance answers with the maintenance of an asset, newest first.
//
// Route: GET /api/Asset/{serialNumber}/Maintenance.
func (s *server) assetMaintenance(w http.ResponseWriter, c *call) error {
	return answerList(w, s.store.AssetLogOf(c.Context(), store.AssetKey{Either: c.param("serialNumber")}, wats.AssetLogMaintenance))
}

// addAssetMessage adds a text to the log of an asset.
//
// Route: POST /api/Asset/Message.
func (s *server) addAssetMessage(w http.ResponseWriter, c *call) error {
	m, err := readJSON[wats.AssetMessage](s, w, c)
	if err != nil {
		return err
	}
	return s.store.AddAssetMessage(c.Context(), m, c.id.User)
}

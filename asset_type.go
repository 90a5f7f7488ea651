package wats

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gowats/gowats/report"
)

// What a limit or an interval of an [AssetType] may say instead of a number.
const (
	AssetUnlimited = -1 // nothing is due; so says 0, too, and an absent value
	AssetExternal  = -2 // an interval only: another system says when it is due
)

// AssetType is a kind of equipment, with the limits of its assets.
//
// Route: GET /api/Asset/Types.
type AssetType struct {
	ID                  report.ID                `json:"typeId,omitzero"` // the server's
	Name                string                   `json:"typeName"`
	RunningCountLimit   report.Optional[int64]   `json:"runningCountLimit,omitzero"`   // uses until the next reset
	TotalCountLimit     report.Optional[int64]   `json:"totalCountLimit,omitzero"`     // uses at all
	MaintenanceInterval report.Optional[float64] `json:"maintenanceInterval,omitzero"` // days
	CalibrationInterval report.Optional[float64] `json:"calibrationInterval,omitzero"` // days
	WarningThreshold    report.Optional[float64] `json:"warningThreshold,omitzero"`    // percent of each of these; absent and 0: there is no warning
	AlarmThreshold      report.Optional[float64] `json:"alarmThreshold,omitzero"`      // percent of each of these; absent and 0: 100
	IsReadonly          bool                     `json:"isReadonly"`
	Icon                string                   `json:"icon,omitzero"`

	RowVersion report.Optional[int] `json:"rowVersion,omitzero"` // of a gowats server: a write with an older one is refused by ErrConflict
	Extra      Extra                `json:"-"`                   // members that this SDK does not know; they are written back
}

// UnmarshalJSON reads a type and keeps the members it does not know in Extra.
func (t *AssetType) UnmarshalJSON(data []byte) error {
	type plain AssetType
	return decodeKeeping(data, (*plain)(t), &t.Extra)
}

// MarshalJSON writes Extra behind the members.
func (t AssetType) MarshalJSON() ([]byte, error) {
	type plain AssetType
	return encodeWith(plain(t), t.Extra)
}

const (
	maxIcon      = 1000      // characters
	maxThreshold = 1000      // percent
	maxInterval  = 100 * 366 // days
)

// Validate returns all that is wrong with a type that is to be written.
func (t AssetType) Validate() report.Findings {
	var c checks
	c.required("$.typeName", t.Name, maxAssetText)
	c.text("$.icon", t.Icon, maxIcon)
	c.limit("$.runningCountLimit", t.RunningCountLimit)
	c.limit("$.totalCountLimit", t.TotalCountLimit)
	c.interval("$.maintenanceInterval", t.MaintenanceInterval)
	c.interval("$.calibrationInterval", t.CalibrationInterval)
	c.threshold("$.warningThreshold", t.WarningThreshold)
	c.threshold("$.alarmThreshold", t.AlarmThreshold)
	return c.found
}

func (c *checks) limit(path string, n report.Optional[int64]) {
	if n.Present && (n.Value < AssetUnlimited || n.Value > maxCount) {
		c.addf(path, "range", "%s must be -1 (unlimited) to %d, is %d", memberOf(path), int64(maxCount), n.Value)
	}
}

func (c *checks) interval(path string, days report.Optional[float64]) {
	d := days.Value
	if days.Present && d != AssetUnlimited && d != AssetExternal && !(d >= 0 && d <= maxInterval) {
		c.addf(path, "range", "%s must be 0 to %d days, -1 (unlimited) or -2 (external), is %v", memberOf(path), maxInterval, d)
	}
}

func (c *checks) threshold(path string, percent report.Optional[float64]) {
	if percent.Present && !(percent.Value >= 0 && percent.Value <= maxThreshold) {
		c.addf(path, "range", "%s must be 0 to %d percent, is %v", memberOf(path), maxThreshold, percent.Value)
	}
}

// AssetTypeQuery restricts a list of types. The zero AssetTypeQuery means all.
type AssetTypeQuery struct {
	Filter string // OData expression
	Top    int    // at most so many; 0: all
}

// Types returns the types that match q in the server's order; nil when there are none. They are reference data: see [WithCacheTTL].
//
// Route: GET /api/Asset/Types.
func (s *AssetService) Types(ctx context.Context, q AssetTypeQuery) ([]AssetType, error) {
	if q.Top < 0 {
		return nil, fmt.Errorf("list asset types: %w: top %d is negative", ErrInvalid, q.Top)
	}
	req := newRequest(http.MethodGet, "api", "Asset", "Types")
	if q.Filter != "" {
		req.query.Set("$filter", q.Filter)
	}
	if q.Top > 0 {
		req.query.Set("$top", strconv.Itoa(q.Top))
	}
	return list[AssetType](ctx, s.client, req)
}

// SaveType stores a type and returns it as stored. Without an ID it is a new one, or at a gowats server the one of that name, so that the call may
// be repeated. A limit below that of RunningCountLimit in TotalCountLimit is raised to it by the server, as is AlarmThreshold to WarningThreshold.
//
// Route: PUT /api/Asset/Types. Source: support.wats.com article 4415922720018.
func (s *AssetService) SaveType(ctx context.Context, t AssetType) (*AssetType, error) {
	if err := refuseInvalid("asset type "+strconv.Quote(t.Name), t.Validate()); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPut, "api", "Asset", "Types")
	if err := req.json(t); err != nil {
		return nil, err
	}
	return one[AssetType](ctx, s.client, req)
}

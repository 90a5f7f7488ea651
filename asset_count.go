package wats

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gowats/gowats/report"
)

// AssetAlarm says how far the counts and dates of an asset are from their limits. It is not the asset's state: see [AssetState].
type AssetAlarm int

// The levels, by their number on the wire.
const (
	AssetOK AssetAlarm = iota
	AssetWarning
	AssetInAlarm
)

// String returns ok, warning or alarm.
func (a AssetAlarm) String() string {
	switch a {
	case AssetOK:
		return "ok"
	case AssetWarning:
		return "warning"
	case AssetInAlarm:
		return "alarm"
	}
	return fmt.Sprintf("alarm state %d", int(a))
}

// AssetStatus is how an asset stands to its limits now. Of the members all but the first three are those of a gowats server.
//
// Route: GET /api/Asset/Status.
type AssetStatus struct {
	Alarm        AssetAlarm             `json:"alarmState"`
	RunningCount report.Optional[int64] `json:"runningCount,omitzero"`
	TotalCount   report.Optional[int64] `json:"totalCount,omitzero"`

	RunningCountLimit      report.Optional[int64]   `json:"runningCountLimit,omitzero"` // absent: unlimited
	TotalCountLimit        report.Optional[int64]   `json:"totalCountLimit,omitzero"`
	RunningCountExceeded   bool                     `json:"runningCountExceeded,omitzero"`
	TotalCountExceeded     bool                     `json:"totalCountExceeded,omitzero"`
	DaysSinceCalibration   report.Optional[float64] `json:"daysSinceCalibration,omitzero"` // absent: it was never calibrated
	CalibrationDaysOverdue report.Optional[float64] `json:"calibrationDaysOverdue,omitzero"`
	DaysSinceMaintenance   report.Optional[float64] `json:"daysSinceMaintenance,omitzero"`
	MaintenanceDaysOverdue report.Optional[float64] `json:"maintenanceDaysOverdue,omitzero"`
	Bubbled                AssetAlarm               `json:"bubbledStatus,omitzero"` // the worst level of the asset and all below it
	Message                string                   `json:"message,omitzero"`       // what is near or over its limit, in words

	Extra Extra `json:"-"` // members that this SDK does not know
}

// UnmarshalJSON reads a status and keeps the members it does not know in Extra.
func (s *AssetStatus) UnmarshalJSON(data []byte) error {
	type plain AssetStatus
	return decodeKeeping(data, (*plain)(s), &s.Extra)
}

// MarshalJSON writes Extra behind the members.
func (s AssetStatus) MarshalJSON() ([]byte, error) {
	type plain AssetStatus
	return encodeWith(plain(s), s.Extra)
}

// Status returns how an asset stands to its limits. It is never taken from a cache. It returns [ErrNotFound] when there is no such asset.
//
// Route: GET /api/Asset/Status.
func (s *AssetService) Status(ctx context.Context, key AssetKey) (*AssetStatus, error) {
	return s.status(ctx, key, func(*request) {})
}

// StatusIn is Status with its words in the language of a culture code, such as nb-NO, as far as the server has it; with "" they are not
// translated. A gowats server speaks English.
//
// Route: GET /api/Asset/Status.
func (s *AssetService) StatusIn(ctx context.Context, key AssetKey, cultureCode string) (*AssetStatus, error) {
	return s.status(ctx, key, func(req *request) {
		if cultureCode == "" {
			req.query.Set("translate", "false")
		} else {
			req.query.Set("cultureCode", cultureCode)
		}
	})
}

func (s *AssetService) status(ctx context.Context, key AssetKey, more func(*request)) (*AssetStatus, error) {
	req := newRequest(http.MethodGet, "api", "Asset", "Status")
	if err := key.addTo(req); err != nil {
		return nil, err
	}
	more(req)
	req.opts |= NoCache
	return one[AssetStatus](ctx, s.client, req)
}

// command carries out a change that is told by the query alone.
func (s *AssetService) command(ctx context.Context, key AssetKey, req *request) error {
	if err := key.addTo(req); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}

// SetState says where an asset is.
//
// Route: PUT /api/Asset/State.
func (s *AssetService) SetState(ctx context.Context, key AssetKey, state AssetState) error {
	var c checks
	if c.assetState("state", state); len(c.found) > 0 {
		return refuseInvalid("state of "+key.String(), c.found)
	}
	req := newRequest(http.MethodPut, "api", "Asset", "State")
	req.query.Set("state", strconv.Itoa(int(state)))
	return s.command(ctx, key, req)
}

// Increment adds uses to both counts of an asset, and of all below it when withChildren is set. It is not repeated by itself, although it is a PUT:
// uses would be counted twice. After an error that leaves it open whether they were, read the asset.
//
// Route: PUT /api/Asset/Count.
func (s *AssetService) Increment(ctx context.Context, key AssetKey, uses int, withChildren bool) error {
	req, err := countRequest("Count", "incrementBy", int64(uses))
	if err != nil {
		return err
	}
	req.repeatable = false
	if withChildren {
		req.query.Set("incrementChildren", "true")
	}
	return s.command(ctx, key, req)
}

// CountTo says what the asset's own counter shows: both counts grow by what it has gone on since. A gowats server refuses less than was counted
// with [ErrConflict].
//
// Route: PUT /api/Asset/Count.
func (s *AssetService) CountTo(ctx context.Context, key AssetKey, totalCount int64) error {
	req, err := countRequest("Count", "totalCount", totalCount)
	if err != nil {
		return err
	}
	return s.command(ctx, key, req)
}

// ResetRunningCount sets the running count to 0. Once the total count has reached its limit a gowats server refuses it with [ErrConflict].
//
// Route: POST /api/Asset/ResetRunningCount.
func (s *AssetService) ResetRunningCount(ctx context.Context, key AssetKey, comment string) error {
	req := newRequest(http.MethodPost, "api", "Asset", "ResetRunningCount")
	return s.noted(ctx, key, req, comment)
}

// SetRunningCount corrects the running count. It needs WATS 25.3 and the permission to edit the total count; at a gowats server, the role admin.
//
// Route: PUT /api/Asset/SetRunningCount.
func (s *AssetService) SetRunningCount(ctx context.Context, key AssetKey, count int64) error {
	req, err := countRequest("SetRunningCount", "runningCount", count)
	if err != nil {
		return err
	}
	return s.command(ctx, key, req)
}

// SetTotalCount corrects the total count. It needs WATS 25.3 and the permission to edit the total count; at a gowats server, the role admin.
//
// Route: PUT /api/Asset/SetTotalCount.
func (s *AssetService) SetTotalCount(ctx context.Context, key AssetKey, count int64) error {
	req, err := countRequest("SetTotalCount", "totalCount", count)
	if err != nil {
		return err
	}
	return s.command(ctx, key, req)
}

func countRequest(command, name string, n int64) (*request, error) {
	req := newRequest(http.MethodPut, "api", "Asset", command)
	var c checks
	c.count(name, report.Some(n))
	req.query.Set(name, strconv.FormatInt(n, 10))
	return req, refuseInvalid(name, c.found)
}

// Calibrate records that an asset was calibrated at a time; the zero time is now, by the server's clock. When it is due next follows from the
// interval of its type. It is not repeated by itself.
//
// Route: POST /api/Asset/Calibration.
func (s *AssetService) Calibrate(ctx context.Context, key AssetKey, at time.Time, comment string) error {
	return s.service(ctx, key, "Calibration", at, comment)
}

// Maintain records that an asset was maintained at a time, as Calibrate does.
//
// Route: POST /api/Asset/Maintenance.
func (s *AssetService) Maintain(ctx context.Context, key AssetKey, at time.Time, comment string) error {
	return s.service(ctx, key, "Maintenance", at, comment)
}

func (s *AssetService) service(ctx context.Context, key AssetKey, kind string, at time.Time, comment string) error {
	req := newRequest(http.MethodPost, "api", "Asset", kind)
	setTime(req, "dateTime", at)
	return s.noted(ctx, key, req, comment)
}

// CalibrateExternal records a calibration whose dates another system keeps: when it was done and when it is due next. The zero time leaves one
// out. It needs WATS 25.3, and a type whose interval is [AssetExternal].
//
// Route: POST /api/Asset/Calibration/External.
func (s *AssetService) CalibrateExternal(ctx context.Context, key AssetKey, from, to time.Time, comment string) error {
	return s.serviceExternal(ctx, key, "Calibration", from, to, comment)
}

// MaintainExternal records maintenance whose dates another system keeps, as CalibrateExternal does.
//
// Route: POST /api/Asset/Maintenance/External.
func (s *AssetService) MaintainExternal(ctx context.Context, key AssetKey, from, to time.Time, comment string) error {
	return s.serviceExternal(ctx, key, "Maintenance", from, to, comment)
}

func (s *AssetService) serviceExternal(ctx context.Context, key AssetKey, kind string, from, to time.Time, comment string) error {
	var c checks
	if c.inOrder("toDate", "fromDate", Time{from}, Time{to}); len(c.found) > 0 {
		return refuseInvalid(kind+" of "+key.String(), c.found)
	}
	req := newRequest(http.MethodPost, "api", "Asset", kind, "External")
	setTime(req, "fromDate", from)
	setTime(req, "toDate", to)
	return s.noted(ctx, key, req, comment)
}

func setTime(req *request, name string, at time.Time) {
	if !at.IsZero() {
		req.query.Set(name, at.UTC().Format(time.RFC3339Nano))
	}
}

// noted carries out a command with a comment for the log.
func (s *AssetService) noted(ctx context.Context, key AssetKey, req *request, comment string) error {
	var c checks
	if c.text("comment", comment, maxAssetComment); len(c.found) > 0 {
		return refuseInvalid("comment on "+key.String(), c.found)
	}
	if comment != "" {
		req.query.Set("comment", comment)
	}
	return s.command(ctx, key, req)
}

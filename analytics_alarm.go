package wats

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gowats/gowats/report"
)

// AlarmType is what an alarm is about.
type AlarmType int

// The types, by their number on the wire.
const (
	AlarmOfReport        AlarmType = iota + 1
	AlarmOfYield                   // and of volume
	AlarmOfSerialNumbers           // few are left
	AlarmOfMeasurement
	AlarmOfAsset
)

// AlarmFilter selects alarms. The zero AlarmFilter means all. The type is no criterion of a server: select by [Alarm.Type] in the answer.
type AlarmFilter struct {
	ProductGroup string     `json:"productGroup,omitzero"`
	Level        string     `json:"level,omitzero"`
	DateFrom     *time.Time `json:"dateFrom,omitzero"` // included
	DateTo       *time.Time `json:"dateTo,omitzero"`   // included
	TopCount     int        `json:"topCount,omitzero"` // at most so many; 0: as many as the server likes
}

// Validate returns all that is wrong with f.
func (f *AlarmFilter) Validate() report.Findings {
	var c checks
	c.notNegative("$.topCount", f.TopCount)
	c.dates(f.DateFrom, f.DateTo)
	return c.found
}

// Alarm is an alarm or a notification that a server has sent. Which members are filled depends on Type. Unlike elsewhere, yields run from 0 to 1 and
// the process code is a text.
type Alarm struct {
	ID                  report.Optional[int64]     `json:"logId,omitzero"`
	Type                report.Optional[AlarmType] `json:"type,omitzero"`
	Name                string                     `json:"name,omitzero"`
	At                  Time                       `json:"logDate,omitzero"`
	TriggerID           report.Optional[int64]     `json:"triggerId,omitzero"`
	State               string                     `json:"state,omitzero"` // C: completed
	GroupingSet         string                     `json:"groupingSet,omitzero"`
	Calculations        string                     `json:"calculationsString,omitzero"`
	ClientGroupIDs      []int64                    `json:"clientGroupIds,omitzero"`
	ProductSelectionIDs []int64                    `json:"productSelectionIds,omitzero"`

	PartNumber   string    `json:"partNumber,omitzero"`
	ProductName  string    `json:"productName,omitzero"`
	Revision     string    `json:"revision,omitzero"`
	ProcessCode  string    `json:"processCode,omitzero"`
	ProcessName  string    `json:"processName,omitzero"`
	StationName  string    `json:"stationName,omitzero"`
	ReportID     report.ID `json:"reportGuid,omitzero"`
	SerialNumber string    `json:"serialNumber,omitzero"` // of the unit
	Operator     string    `json:"operator,omitzero"`
	Result       string    `json:"result,omitzero"`
	Start        Time      `json:"startUtc,omitzero"`

	FPY            report.Number        `json:"fpy,omitzero"` // 0–1, as all yields here
	SPY            report.Number        `json:"spy,omitzero"`
	TPY            report.Number        `json:"tpy,omitzero"`
	LPY            report.Number        `json:"lpy,omitzero"`
	TestYield      report.Number        `json:"testYield,omitzero"`
	FPYTrend       report.Number        `json:"fpyTrend,omitzero"` // change of the yield
	SPYTrend       report.Number        `json:"spyTrend,omitzero"`
	TPYTrend       report.Number        `json:"tpyTrend,omitzero"`
	LPYTrend       report.Number        `json:"lpyTrend,omitzero"`
	TestYieldTrend report.Number        `json:"testYieldTrend,omitzero"`
	UUTCount       report.Optional[int] `json:"uutCount,omitzero"` // tests
	UnitCount      report.Optional[int] `json:"unitCount,omitzero"`
	FPCount        report.Optional[int] `json:"fpCount,omitzero"`
	LPCount        report.Optional[int] `json:"lpCount,omitzero"`
	RetestCount    report.Optional[int] `json:"retestCount,omitzero"`

	SequenceCount   report.Optional[int] `json:"sequenceCount,omitzero"`
	SequentialMatch report.Optional[int] `json:"sequentialMatch,omitzero"`

	SerialNumberType string               `json:"serialNumberType,omitzero"`
	Free             report.Optional[int] `json:"free,omitzero"` // serial numbers
	Reserved         report.Optional[int] `json:"reserved,omitzero"`

	MeasurementPath string        `json:"measurementPath,omitzero"`
	Min             report.Number `json:"min,omitzero"` // in the unit of the measurement
	Max             report.Number `json:"max,omitzero"`
	Avg             report.Number `json:"avg,omitzero"`
	Stdev           report.Number `json:"stdev,omitzero"`
	Cp              report.Number `json:"cp,omitzero"` // capabilities, without unit
	Cpk             report.Number `json:"cpk,omitzero"`

	AssetName              string                `json:"assetname,omitzero"`
	AssetSerialNumber      string                `json:"serialnumber,omitzero"` // lower case on the wire: serialNumber is that of the unit
	AssetTypeID            string                `json:"typeid,omitzero"`
	AssetState             string                `json:"assetstate,omitzero"`
	BubbledStatus          string                `json:"bubbledstatus,omitzero"` // worst of the asset and its parts
	Tags                   string                `json:"tags,omitzero"`
	CalibrationDaysUnknown report.Optional[bool] `json:"isDaysSinceCalibrationUnknown,omitzero"`
	MaintenanceDaysUnknown report.Optional[bool] `json:"isDaysSinceMaintenanceUnknown,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (a *Alarm) UnmarshalJSON(data []byte) error {
	type plain Alarm
	if err := decodeKeeping(data, (*plain)(a), &a.Extra); err != nil {
		return err
	}
	const other = "assetSerialNumber" // no alias of serialnumber: that would meet serialNumber
	text, ok := a.Extra[other]
	if !ok {
		return nil
	}
	delete(a.Extra, other)
	if len(a.Extra) == 0 {
		a.Extra = nil
	}
	if a.AssetSerialNumber != "" {
		return nil
	}
	return json.Unmarshal(text, &a.AssetSerialNumber)
}

// Alarms returns the alarms and notifications that f selects; nil when there is none.
//
// Route: POST /api/internal/Trigger/GetAlarmAndNotificationLogs. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) Alarms(ctx context.Context, f AlarmFilter) ([]Alarm, error) {
	if err := refuseInvalid("filter", f.Validate()); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPost, "api", "internal", "Trigger", "GetAlarmAndNotificationLogs")
	req.reads, req.repeatable = true, true
	if f != (AlarmFilter{}) { // without any criterion the request has no body
		if err := req.json(f); err != nil {
			return nil, err
		}
	}
	return list[Alarm](ctx, s.client, req)
}

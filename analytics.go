package wats

import (
	"time"

	"github.com/gowats/gowats/report"
)

// DateGrouping is the length of a period.
type DateGrouping int

// The groupings, by their number on the wire.
const (
	NoGrouping DateGrouping = iota - 1
	ByYear
	ByQuarter
	ByMonth
	ByWeek // ISO weeks, from Monday
	ByDay
	ByHour
)

// YieldFilter says which units a yield is about, and how it is broken down.
//
// A unit belongs to the selection when its first run in the process matches the filter. Text members take several values
// separated by semicolons and the wildcards % (any text) and _ (one character).
//
// Route: POST /api/App/DynamicYield.
type YieldFilter struct {
	PartNumber           string                        `json:"partNumber,omitzero"`
	Revision             string                        `json:"revision,omitzero"`
	StationName          string                        `json:"stationName,omitzero"`
	TestOperation        string                        `json:"testOperation,omitzero"` // name, not code
	DateFrom             *time.Time                    `json:"dateFrom,omitzero"`      // start of the first run, included; default 30 days ago
	DateTo               *time.Time                    `json:"dateTo,omitzero"`        // included; default now
	DateGrouping         report.Optional[DateGrouping] `json:"dateGrouping,omitzero"`  // needed by the dimension period; default ByDay
	PeriodCount          int                           `json:"periodCount,omitzero"`   // number of last periods, instead of DateFrom
	IncludeCurrentPeriod report.Optional[bool]         `json:"includeCurrentPeriod,omitzero"`

	// Dimensions are names joined by semicolons, each with an optional " asc" or " desc":
	// partNumber;processCode;period. Names of figures (unitCount, fpCount, fpy) only sort.
	Dimensions string `json:"dimensions,omitzero"`
}

// YieldRow is the yield of one combination of the asked dimensions; only those are present.
type YieldRow struct {
	PartNumber    report.Optional[string] `json:"partNumber,omitzero"`
	ProcessCode   report.Optional[int]    `json:"processCode,omitzero"`
	TestOperation report.Optional[string] `json:"testOperation,omitzero"`
	Period        report.Optional[string] `json:"period,omitzero"` // 2026, 2026-Q4, 2026-11, 2026-W47, 2026-11-23, 2026-11-23T14 (UTC)

	UnitCount int     `json:"unitCount"` // units whose first run is in the selection
	FPCount   int     `json:"fpCount"`   // of these, passed in the first run
	FPY       float64 `json:"fpy"`       // percent, 0–100
}

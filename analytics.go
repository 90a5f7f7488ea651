package wats

import (
	"context"
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

// AnalyticsService reads figures about many units. All its methods only read, and are repeated like a GET, those that are a POST too.
//
// A gowats server answers DynamicYield and the lists of reports, levels and product groups; all other figures it answers with [ErrUnsupported] so far.
// Members of a row that this SDK does not know are in its Extra.
type AnalyticsService struct{ client *Client }

// DynamicYield returns a row for each combination of the asked dimensions, in the order they ask for; a single row without
// dimensions, and nil when nothing matches. IncludeCurrentPeriod, when absent, is sent as true
// together with DateGrouping or PeriodCount.
//
// Route: POST /api/App/DynamicYield. It only reads, so it is repeated like a GET.
func (s *AnalyticsService) DynamicYield(ctx context.Context, f YieldFilter) ([]YieldRow, error) {
	if (f.DateGrouping.Present || f.PeriodCount != 0) && !f.IncludeCurrentPeriod.Present {
		f.IncludeCurrentPeriod = report.Some(true)
	}
	req, err := figures(f, "App", "DynamicYield")
	if err != nil {
		return nil, err
	}
	if f.Dimensions != "" {
		req.query.Set("dimensions", f.Dimensions) // in the body as well: servers differ in where they look
	}
	return list[YieldRow](ctx, s.client, req)
}

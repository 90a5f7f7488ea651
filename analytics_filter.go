package wats

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/gowats/gowats/report"
)

// AnalyticsFilter selects reports and says how the figures about them are broken down. Which members a figure heeds is the server's matter. The
// zero AnalyticsFilter restricts nothing but what the server does by itself.
//
// Text members take several values separated by semicolons and the wildcards % (any text) and _ (one character).
//
// Source: the filter that all routes POST /api/App/… of the statistics share.
type AnalyticsFilter struct {
	ReportFilter // which reports: part, station, operation, dates, run, and at most how many rows

	AssetName            string                        `json:"assetName,omitzero"`
	MiscInfoDescription  string                        `json:"miscInfoDescription,omitzero"` // Unverified: which routes take it in place of MiscDescription
	MiscInfoString       string                        `json:"miscInfoString,omitzero"`      // as MiscInfoDescription, in place of MiscValue
	Yield                report.Optional[int]          `json:"yield,omitzero"`               // limit of the yield in percent, 0–100
	MinCount             int                           `json:"minCount,omitzero"`            // 0: no limit
	MaxCount             int                           `json:"maxCount,omitzero"`            // 0: no limit
	DateGrouping         report.Optional[DateGrouping] `json:"dateGrouping,omitzero"`        // length of the periods
	PeriodCount          int                           `json:"periodCount,omitzero"`         // number of last periods, instead of DateFrom; 0: not told
	IncludeCurrentPeriod report.Optional[bool]         `json:"includeCurrentPeriod,omitzero"`

	// Dimensions are names joined by semicolons, each with an optional " asc" or " desc", such as "partNumber;period desc". [AnalyticsService.DynamicYield]
	// and [AnalyticsService.DynamicRepair] break down by them.
	Dimensions string `json:"dimensions,omitzero"`
}

// Validate returns all that is wrong with f.
func (f *AnalyticsFilter) Validate() report.Findings {
	c := checks{f.ReportFilter.Validate(false)}
	if f.Yield.Present && (f.Yield.Value < 0 || f.Yield.Value > 100) {
		c.addf("$.yield", "range", "yield must lie between 0 and 100, is %d", f.Yield.Value)
	}
	c.notNegative("$.minCount", f.MinCount)
	c.notNegative("$.maxCount", f.MaxCount)
	if f.MaxCount > 0 && f.MinCount > f.MaxCount {
		c.addf("$.minCount", "range", "minCount %d exceeds maxCount %d", f.MinCount, f.MaxCount)
	}
	if g := f.DateGrouping; g.Present && (g.Value < NoGrouping || g.Value > ByHour) {
		c.addf("$.dateGrouping", "enum", "dateGrouping must be -1 (none) to 5 (hour), is %d", int(g.Value))
	}
	c.notNegative("$.periodCount", f.PeriodCount)
	return c.found
}

const maxQueryText = 1000 // characters of a text in a query

// dates checks a period that is open where a date is absent.
func (c *checks) dates(from, to *time.Time) {
	for _, date := range [...]struct {
		path string
		at   *time.Time
	}{{"$.dateFrom", from}, {"$.dateTo", to}} {
		if date.at != nil && (date.at.UTC().Year() < firstFilterYear || date.at.UTC().Year() > lastFilterYear) {
			c.addf(date.path, "range", "%s must lie between the years %d and %d", memberOf(date.path), firstFilterYear, lastFilterYear)
		}
	}
	if from != nil && to != nil && to.Before(*from) {
		c.addf("$.dateTo", "range", "dateTo %s is before dateFrom %s", to.Format(time.RFC3339), from.Format(time.RFC3339))
	}
}

// notNegative checks a number of things.
func (c *checks) notNegative(path string, n int) {
	if n < 0 {
		c.addf(path, "range", "%s must not be negative, is %d", memberOf(path), n)
	}
}

// simpleFigures returns the request GET of a route that also has a POST with the filter: f tells no more than it can.
func simpleFigures(route string, f ReportFilter) *request {
	req := newRequest(http.MethodGet, "api", "App", route)
	for name, text := range map[string]string{
		"productGroup": f.ProductGroup, "level": f.Level, "partNumber": f.PartNumber, "revision": f.Revision, "serialNumber": f.SerialNumber,
		"status": f.Status,
	} {
		if text != "" {
			req.query.Set(name, text)
		}
	}
	if f.TopCount > 0 {
		req.query.Set("topCount", strconv.Itoa(f.TopCount))
	}
	return req
}

// figures returns the request POST with f below /api. It only reads.
func figures(f any, segments ...string) (*request, error) {
	req := newRequest(http.MethodPost, append([]string{"api"}, segments...)...)
	req.reads, req.repeatable = true, true
	return req, req.json(f)
}

// askFigures returns the rows that the POST below /api answers f with.
func askFigures[T any](ctx context.Context, c *Client, f AnalyticsFilter, segments ...string) ([]T, error) {
	if err := refuseInvalid("filter", f.Validate()); err != nil {
		return nil, err
	}
	req, err := figures(f, segments...)
	if err != nil {
		return nil, err
	}
	return listOrOne[T](ctx, c, req)
}

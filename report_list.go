package wats

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// Level is a place of production, by which reports can be selected. On a gowats server it is a location that stations have told.
//
// Route: GET /api/App/Levels.
type Level struct {
	ID   int    `json:"levelId"`
	Name string `json:"levelName"`
}

// ReportFilter selects reports as the statistics do. The zero ReportFilter means those of the last 30 days.
//
// Text members take several values separated by semicolons and the wildcards % (any text) and _ (one character).
//
// Route: POST /api/App/UutReport.
type ReportFilter struct {
	SerialNumber      string     `json:"serialNumber,omitzero"`
	PartNumber        string     `json:"partNumber,omitzero"`
	Revision          string     `json:"revision,omitzero"`
	BatchNumber       string     `json:"batchNumber,omitzero"`
	StationName       string     `json:"stationName,omitzero"`
	TestOperation     string     `json:"testOperation,omitzero"` // name, not code; of a repair also that in which the unit failed
	Status            string     `json:"status,omitzero"`        // words, such as Failed;Error; "" and all: any
	MiscDescription   string     `json:"miscDescription,omitzero"`
	MiscValue         string     `json:"miscValue,omitzero"` // of that description, or of any
	AssetSerialNumber string     `json:"assetSerialNumber,omitzero"`
	ProductGroup      string     `json:"productGroup,omitzero"`
	Level             string     `json:"level,omitzero"`
	SequenceFile      string     `json:"swFilename,omitzero"`
	SequenceVersion   string     `json:"swVersion,omitzero"`
	Socket            string     `json:"socket,omitzero"`
	DateFrom          *time.Time `json:"dateFrom,omitzero"` // start, included; default 30 days ago
	DateTo            *time.Time `json:"dateTo,omitzero"`   // included; default now
	Run               int        `json:"run,omitzero"`      // 1, 2, 3; -1 the last of each unit in each operation; 0 and -2 all
	TopCount          int        `json:"topCount,omitzero"` // at most so many; 0: all
}

// The years that a filter may ask for: what nanoseconds since 1970 reach in 64 bits.
const (
	firstFilterYear = 1678
	lastFilterYear  = 2261
)

// Validate returns all that is wrong with f; with needsSerial, that it has no serial number too.
func (f *ReportFilter) Validate(needsSerial bool) report.Findings {
	var c checks
	if needsSerial && strings.Trim(f.SerialNumber, "; \t\r\n") == "" {
		c.addf("$.serialNumber", "required", "serialNumber is required")
	}
	if f.Run < -2 || f.Run > 3 {
		c.addf("$.run", "enum", "run must be 1, 2, 3, -1 (last) or -2 (all), is %d", f.Run)
	}
	c.notNegative("$.topCount", f.TopCount)
	c.dates(f.DateFrom, f.DateTo)
	if _, bad := ReportStatuses(f.Status); bad != "" {
		c.addf("$.status", "enum", "%.40q is none of Passed, Failed, Error, Terminated and all", bad)
	}
	return c.found
}

// ReportStatuses returns the statuses that a filter names, nil for any, and the first word that is none, "" when all are. Done and Skipped, which
// only steps have, are statuses that no report has.
func ReportStatuses(filter string) (statuses []report.Status, bad string) {
	for word := range strings.SplitSeq(filter, ";") {
		word = strings.TrimSpace(word)
		status, known := report.ParseStatus(word)
		switch {
		case word == "":
		case strings.EqualFold(word, "all"):
			return nil, ""
		case !known:
			return nil, word
		default:
			statuses = append(statuses, status)
		}
	}
	return statuses, ""
}

// Levels returns every level by name; nil when there is none.
//
// Route: GET /api/App/Levels.
func (s *AnalyticsService) Levels(ctx context.Context) ([]Level, error) {
	return list[Level](ctx, s.client, newRequest(http.MethodGet, "api", "App", "Levels"))
}

// ProductGroups returns every product group by name, with its filters if wanted; nil when there is none.
//
// Unverified: how a WATS server writes the filters; those of gowats are in [ProductGroup.Filters].
//
// Route: GET /api/App/ProductGroups.
func (s *AnalyticsService) ProductGroups(ctx context.Context, filters bool) ([]ProductGroup, error) {
	req := newRequest(http.MethodGet, "api", "App", "ProductGroups")
	if filters {
		req.query.Set("includeFilters", "true")
	}
	return list[ProductGroup](ctx, s.client, req)
}

// SerialNumberHistory returns the headers of the tests and repairs that f selects, newest first, of all times unless f says otherwise; nil when there
// is none. It needs f.SerialNumber.
//
// Route: POST /api/App/SerialNumberHistory. It only reads, so it is repeated like a GET.
func (s *AnalyticsService) SerialNumberHistory(ctx context.Context, f ReportFilter) ([]ReportHeader, error) {
	if err := refuseInvalid("filter", f.Validate(true)); err != nil {
		return nil, err
	}
	return s.headers(ctx, "SerialNumberHistory", f)
}

// TestReports returns the headers of the tests that f selects, newest first; nil when there is none. [ReportService.Headers] reads more than fits
// in memory.
//
// The POST only reads, so it is repeated like a GET; the GET is taken where f tells no more than that can.
//
// Routes: GET /api/App/UutReport; POST /api/App/UutReport.
func (s *AnalyticsService) TestReports(ctx context.Context, f ReportFilter) ([]ReportHeader, error) {
	if err := refuseInvalid("filter", f.Validate(false)); err != nil {
		return nil, err
	}
	simple := ReportFilter{
		ProductGroup: f.ProductGroup, Level: f.Level, PartNumber: f.PartNumber, Revision: f.Revision, SerialNumber: f.SerialNumber,
		Status: f.Status, TopCount: f.TopCount,
	}
	if !reflect.DeepEqual(simple, f) {
		return s.headers(ctx, "UutReport", f)
	}
	return list[ReportHeader](ctx, s.client, simpleFigures("UutReport", simple))
}

// RepairReports returns the headers of the repairs that f selects, newest first; nil when there is none.
//
// Route: POST /api/App/UurReport. It only reads, so it is repeated like a GET.
func (s *AnalyticsService) RepairReports(ctx context.Context, f ReportFilter) ([]ReportHeader, error) {
	if err := refuseInvalid("filter", f.Validate(false)); err != nil {
		return nil, err
	}
	return s.headers(ctx, "UurReport", f)
}

func (s *AnalyticsService) headers(ctx context.Context, route string, f ReportFilter) ([]ReportHeader, error) {
	req, err := figures(f, "App", route)
	if err != nil {
		return nil, err
	}
	return list[ReportHeader](ctx, s.client, req)
}

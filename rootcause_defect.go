package wats

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// DefectSource says who found a defect.
type DefectSource string

// The sources.
const (
	DefectRegistered DefectSource = "registered" // by RegisterDefect
	DefectOfRepair   DefectSource = "repair"     // a failure in a repair report
)

// Defect is one fault of a unit, under a fail code. It was found by a repair, or registered for a test.
//
// A registered defect that a repair of the same test finds, too, is one defect, that of the repair: the same category and code, and the same component
// unless none was registered. Failures of superseded repairs are none.
//
// Route: GET /api/gowats/v1/RootCause/Defects.
type Defect struct {
	ID           report.ID            `json:"defectId,omitzero"` // of the registration, also when a repair has found it since
	Source       DefectSource         `json:"source,omitzero"`
	ReportID     report.ID            `json:"reportId,omitzero"` // the test
	RepairID     report.ID            `json:"repairId,omitzero"` // the repair report
	FailureIndex report.Optional[int] `json:"failureIndex,omitzero"`

	SerialNumber      string               `json:"serialNumber,omitzero"` // of the unit
	PartNumber        string               `json:"partNumber,omitzero"`
	Revision          string               `json:"revision,omitzero"`
	StationName       string               `json:"stationName,omitzero"`       // where the test was; "" when the repair names no test that is stored
	RepairStationName string               `json:"repairStationName,omitzero"` // where the repair was
	ProcessCode       report.Optional[int] `json:"processCode,omitzero"`       // test operation
	RepairProcessCode int                  `json:"repairProcessCode,omitzero"` // repair operation whose catalogue has the code; default 500

	Category      string `json:"category,omitzero"`
	Code          string `json:"code,omitzero"`
	ComponentRef  string `json:"componentRef,omitzero"` // such as R12
	FunctionBlock string `json:"functionBlock,omitzero"`
	Description   string `json:"description,omitzero"`
	FailureMode   string `json:"failureMode,omitzero"` // how it shows, such as open or short
	Date          Time   `json:"date,omitzero"`        // start of the repair, or when it was registered
	User          string `json:"user,omitzero"`
}

// Validate returns all that is wrong with a defect that is to be registered. Whether its report and its code are there, a server knows.
func (d Defect) Validate() report.Findings {
	var c checks
	if d.ReportID.IsZero() {
		c.addf("$.reportId", "required", "reportId is required: it is the test that showed the defect")
	}
	c.required("$.code", d.Code, maxTicketText)
	c.text("$.category", d.Category, maxTicketText)
	c.text("$.componentRef", d.ComponentRef, maxTicketText)
	c.text("$.functionBlock", d.FunctionBlock, maxTicketText)
	c.text("$.description", d.Description, maxTicketContent)
	c.text("$.failureMode", d.FailureMode, maxTicketText)
	return c.found
}

// RegisterDefect registers a defect that a test has shown, and returns it with what the report says of the unit. It needs ReportID and a Code of the
// catalogue of the repair operation; Category where the code stands in several. An ID is made when there is none, so that the call may be repeated.
// Servers other than gowats do not have it: [ErrUnsupported].
//
// Route: POST /api/gowats/v1/RootCause/Defect.
func (s *RootCauseService) RegisterDefect(ctx context.Context, d Defect) (*Defect, error) {
	if err := refuseInvalid("defect of report "+d.ReportID.String(), d.Validate()); err != nil {
		return nil, err
	}
	if d.ID.IsZero() {
		d.ID = report.NewID()
	}
	req := newRequest(http.MethodPost, "api", "gowats", "v1", "RootCause", "Defect")
	if err := req.json(d); err != nil {
		return nil, err
	}
	req.repeatable = true // the same ID is the same defect
	return one[Defect](ctx, s.client, req)
}

// WithdrawDefect removes a defect that was registered by mistake. It returns [ErrNotFound] when there is none.
//
// Route: DELETE /api/gowats/v1/RootCause/Defect/{defectId}.
func (s *RootCauseService) WithdrawDefect(ctx context.Context, id report.ID) error {
	if id.IsZero() {
		return fmt.Errorf("withdraw defect: %w: the ID is zero", ErrInvalid)
	}
	return tell(ctx, s.client, newRequest(http.MethodDelete, "api", "gowats", "v1", "RootCause", "Defect", id.String()))
}

// DefectQuery restricts a list of defects. The zero DefectQuery means all, newest first.
type DefectQuery struct {
	Category     string // these texts may hold * for any text; else they match whole and with regard to case
	Code         string
	PartNumber   string
	SerialNumber string
	StationName  string // of the test
	ReportID     report.ID
	From, To     time.Time // date: From included, To not; zero: open
	Filter       string    // OData expression, in addition to the above
	OrderBy      string    // OData; default "date desc"
	Top          int       // at most so many; 0: all
}

// ODataFilter returns the query as the text of $filter, "" when it restricts nothing.
func (q DefectQuery) ODataFilter() string {
	var all conjunction
	all.addText("category", q.Category)
	all.addText("code", q.Code)
	all.addText("partNumber", q.PartNumber)
	all.addText("serialNumber", q.SerialNumber)
	all.addText("stationName", q.StationName)
	if !q.ReportID.IsZero() {
		all.add("reportId eq " + q.ReportID.String())
	}
	if !q.From.IsZero() {
		all.add("date ge " + q.From.UTC().Format(time.RFC3339Nano))
	}
	if !q.To.IsZero() {
		all.add("date lt " + q.To.UTC().Format(time.RFC3339Nano))
	}
	if strings.TrimSpace(q.Filter) != "" {
		all.add("(" + q.Filter + ")")
	}
	return strings.Join(all, " and ")
}

// Defects yields the defects that match q, newest first unless q says otherwise, page by page like [ReportService.Headers].
// Servers other than gowats do not have it: [ErrUnsupported].
//
// Route: GET /api/gowats/v1/RootCause/Defects.
func (s *RootCauseService) Defects(ctx context.Context, q DefectQuery) iter.Seq2[*Defect, error] {
	if q.Top < 0 {
		err := fmt.Errorf("list defects: %w: top %d is negative", ErrInvalid, q.Top)
		return func(yield func(*Defect, error) bool) { yield(nil, err) }
	}
	order := q.OrderBy
	if order == "" {
		order = "date desc"
	}
	return pages[Defect](ctx, s.client, func() *request {
		req := newRequest(http.MethodGet, "api", "gowats", "v1", "RootCause", "Defects")
		req.query.Set("$orderby", order)
		if filter := q.ODataFilter(); filter != "" {
			req.query.Set("$filter", filter)
		}
		return req
	}, q.Top)
}

// DefectStatisticsQuery says which defects are counted, and how they are grouped.
type DefectStatisticsQuery struct {
	From, To time.Time // date: From included, To not. Zero From: 30 days before To, or before now; zero To: open

	// GroupBy are names of what defects have in common in a row: code (with its category), category, partNumber, revision, stationName,
	// repairStationName, processCode, componentRef, source and period. Default code.
	GroupBy      []string
	DateGrouping DateGrouping // length of a period; used with period in GroupBy
	Filter       string       // OData expression over the members of [Defect]
}

// DefectStatistics are numbers of defects.
type DefectStatistics struct {
	From      Time                  `json:"from"`
	To        Time                  `json:"to,omitzero"` // zero: open
	Count     int                   `json:"count"`       // defects
	UnitCount int                   `json:"unitCount"`   // units that have them: a serial number and a part number
	Rows      []DefectStatisticsRow `json:"rows"`        // by period where asked for, then by Count, the highest first
}

// DefectStatisticsRow are the defects that have in common what was asked for; only those members are present.
type DefectStatisticsRow struct {
	Category          report.Optional[string]       `json:"category,omitzero"`
	Code              report.Optional[string]       `json:"code,omitzero"`
	PartNumber        report.Optional[string]       `json:"partNumber,omitzero"`
	Revision          report.Optional[string]       `json:"revision,omitzero"`
	StationName       report.Optional[string]       `json:"stationName,omitzero"`
	RepairStationName report.Optional[string]       `json:"repairStationName,omitzero"`
	ProcessCode       report.Optional[int]          `json:"processCode,omitzero"` // absent too where a repair names no test operation
	ComponentRef      report.Optional[string]       `json:"componentRef,omitzero"`
	Source            report.Optional[DefectSource] `json:"source,omitzero"`
	Period            report.Optional[string]       `json:"period,omitzero"` // as in [YieldRow]

	Count     int    `json:"count"`
	UnitCount int    `json:"unitCount"`
	Filter    string `json:"filter"` // DefectQuery.Filter that lists just the defects counted here
}

// DefectStatistics counts defects. Servers other than gowats do not have it: [ErrUnsupported].
//
// Route: GET /api/gowats/v1/RootCause/DefectStatistics.
func (s *RootCauseService) DefectStatistics(ctx context.Context, q DefectStatisticsQuery) (*DefectStatistics, error) {
	req := newRequest(http.MethodGet, "api", "gowats", "v1", "RootCause", "DefectStatistics")
	setTime(req, "dateFrom", q.From)
	setTime(req, "dateTo", q.To)
	if len(q.GroupBy) > 0 {
		req.query.Set("groupBy", strings.Join(q.GroupBy, ";"))
	}
	for _, name := range q.GroupBy {
		if strings.EqualFold(name, "period") {
			req.query.Set("dateGrouping", strconv.Itoa(int(q.DateGrouping)))
		}
	}
	if strings.TrimSpace(q.Filter) != "" {
		req.query.Set("$filter", q.Filter)
	}
	return one[DefectStatistics](ctx, s.client, req)
}

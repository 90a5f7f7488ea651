package wats

import (
	"context"
	"net/http"

	"github.com/gowats/gowats/report"
)

// RepairRow counts the repairs of one combination of the asked dimensions. Texts of dimensions that were not asked for are "".
type RepairRow struct {
	PartNumber          string `json:"partNumber,omitzero"`
	Revision            string `json:"revision,omitzero"`
	ProductGroup        string `json:"productGroup,omitzero"`
	ProductName         string `json:"productName,omitzero"`
	UnitType            string `json:"unitType,omitzero"`
	RepairOperation     string `json:"repairOperation,omitzero"` // name
	StationName         string `json:"stationName,omitzero"`     // of the repair, as all that does not begin with Test
	TestOperation       string `json:"testOperation,omitzero"`   // name
	Period              string `json:"period,omitzero"`
	Level               string `json:"level,omitzero"`
	Location            string `json:"location,omitzero"`
	Purpose             string `json:"purpose,omitzero"`
	Operator            string `json:"operator,omitzero"`
	MiscInfoDescription string `json:"miscInfoDescription,omitzero"`
	MiscInfoString      string `json:"miscInfoString,omitzero"`
	BatchNumber         string `json:"batchNumber,omitzero"`
	SequenceFile        string `json:"swFilename,omitzero"`
	SequenceVersion     string `json:"swVersion,omitzero"`

	RepairCategory       string `json:"repairCategory,omitzero"`
	RepairType           string `json:"repairType,omitzero"`
	RepairCode           string `json:"repairCode,omitzero"`
	FailCode             string `json:"failCode,omitzero"` // Unverified: whether any server fills it
	ComponentRef         string `json:"componentRef,omitzero"`
	ComponentNumber      string `json:"componentNumber,omitzero"`
	ComponentRevision    string `json:"componentRevision,omitzero"`
	ComponentVendor      string `json:"componentVendor,omitzero"`
	ComponentDescription string `json:"componentDescription,omitzero"`
	FunctionBlock        string `json:"functionBlock,omitzero"`
	ReferencedStep       string `json:"referencedStep,omitzero"`
	ReferencedStepPath   string `json:"referencedStepPath,omitzero"` // names of steps, separated by ¶

	TestPeriod      string `json:"testPeriod,omitzero"` // of the test that found the failure, as the others that begin with Test
	TestLevel       string `json:"testLevel,omitzero"`
	TestStationName string `json:"testStationName,omitzero"`
	TestLocation    string `json:"testLocation,omitzero"`
	TestPurpose     string `json:"testPurpose,omitzero"`
	TestOperator    string `json:"testOperator,omitzero"`

	RepairReportCount report.Optional[int] `json:"repairReportCount,omitzero"`
	RepairCount       report.Optional[int] `json:"repairCount,omitzero"`
	TotalCount        report.Optional[int] `json:"totalCount,omitzero"` // units
	RepairRate        report.Number        `json:"repairRate,omitzero"` // percent, 0–100

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (r *RepairRow) UnmarshalJSON(data []byte) error {
	type plain RepairRow
	return decodeKeeping(data, (*plain)(r), &r.Extra)
}

// RepairHistory is one failure that was repaired.
type RepairHistory struct {
	SerialNumber string    `json:"serialNumber,omitzero"`
	PartNumber   string    `json:"partNumber,omitzero"`
	Revision     string    `json:"revision,omitzero"`
	ReportID     report.ID `json:"reportId,omitzero"`
	RepairedAt   Time      `json:"repairDate,omitzero"`
	FailStepName string    `json:"failStepName,omitzero"`
	FailStepPath string    `json:"failStepPath,omitzero"` // names of steps, separated by ¶
	FailCode     string    `json:"failCode,omitzero"`
	RepairCode   string    `json:"repairCode,omitzero"`
	Symptom      string    `json:"symptom,omitzero"`
	Cause        string    `json:"cause,omitzero"`
	Action       string    `json:"action,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (r *RepairHistory) UnmarshalJSON(data []byte) error {
	type plain RepairHistory
	return decodeKeeping(data, (*plain)(r), &r.Extra)
}

// DynamicRepair returns a row for each combination of the dimensions that f asks for; nil when nothing matches. Beside the dimensions of a yield there
// are repairOperation, repairCode, repairCategory, repairType, the component… names, functionBlock, referencedStep, referencedStepPath and the test…
// names; repairReportCount and repairCount only sort. IncludeCurrentPeriod, when absent, is sent as true together with
// DateGrouping or PeriodCount. A WATS server calls it a preview.
//
// Route: POST /api/App/DynamicRepair. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) DynamicRepair(ctx context.Context, f AnalyticsFilter) ([]RepairRow, error) {
	if err := refuseInvalid("filter", f.Validate()); err != nil {
		return nil, err
	}
	if (f.DateGrouping.Present || f.PeriodCount != 0) && !f.IncludeCurrentPeriod.Present {
		f.IncludeCurrentPeriod = report.Some(true)
	}
	req, err := figures(f, "App", "DynamicRepair")
	if err != nil {
		return nil, err
	}
	if f.Dimensions != "" {
		req.query.Set("dimensions", f.Dimensions) // in the body as well, as in DynamicYield
	}
	return listOrOne[RepairRow](ctx, s.client, req)
}

// RelatedRepairHistory returns the repaired failures of a part number and revision, both of which it needs; nil when there is none.
//
// Route: GET /api/App/RelatedRepairHistory. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) RelatedRepairHistory(ctx context.Context, partNumber, revision string) ([]RepairHistory, error) {
	var c checks
	c.required("$.partNumber", partNumber, maxQueryText)
	c.required("$.revision", revision, maxQueryText)
	if err := refuseInvalid("query", c.found); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodGet, "api", "App", "RelatedRepairHistory")
	req.query.Set("partNumber", partNumber)
	req.query.Set("revision", revision)
	return listOrOne[RepairHistory](ctx, s.client, req)
}

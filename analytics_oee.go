package wats

import (
	"context"

	"github.com/gowats/gowats/report"
)

// OEE is overall equipment effectiveness: the product of availability, performance and quality. Figures that a server does not tell are absent.
type OEE struct {
	OEE          report.Number `json:"oee,omitzero"` // percent, 0–100, as the next three
	Availability report.Number `json:"availability,omitzero"`
	Performance  report.Number `json:"performance,omitzero"`
	Quality      report.Number `json:"quality,omitzero"`

	TotalTime       report.Number `json:"totalTime,omitzero"` // minutes, as all times here
	RunTime         report.Number `json:"runTime,omitzero"`
	DownTime        report.Number `json:"downTime,omitzero"`
	PlannedTime     report.Number `json:"plannedProductionTime,omitzero"`
	IdealCycleTime  report.Number `json:"idealCycleTime,omitzero"`
	ActualCycleTime report.Number `json:"actualCycleTime,omitzero"`

	TotalCount  report.Optional[int] `json:"totalCount,omitzero"` // units
	GoodCount   report.Optional[int] `json:"goodCount,omitzero"`
	RejectCount report.Optional[int] `json:"rejectCount,omitzero"`

	Period      string `json:"period,omitzero"`
	PartNumber  string `json:"partNumber,omitzero"`
	StationName string `json:"stationName,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (o *OEE) UnmarshalJSON(data []byte) error {
	type plain OEE
	return decodeKeeping(data, (*plain)(o), &o.Extra)
}

// OEEAnalysis returns the effectiveness of the equipment that f selects. An empty answer is [ErrNotFound], with [Lenient] nil and no error.
//
// Route: POST /api/App/OeeAnalysis. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) OEEAnalysis(ctx context.Context, f AnalyticsFilter) (*OEE, error) {
	if err := refuseInvalid("filter", f.Validate()); err != nil {
		return nil, err
	}
	req, err := figures(f, "App", "OeeAnalysis")
	if err != nil {
		return nil, err
	}
	return one[OEE](ctx, s.client, req)
}

package wats

import (
	"context"
	"reflect"

	"github.com/gowats/gowats/report"
)

// YieldRow is the yield of one combination of the asked dimensions; only those are present. All yields are percent, 0–100. First pass (FP) is the first
// run of a unit in a process.
//
// Unverified: SP and TP are the second and third run, LP the last; whether a unit that passed earlier counts in them.
type YieldRow struct {
	PartNumber    report.Optional[string] `json:"partNumber,omitzero"`
	Revision      report.Optional[string] `json:"revision,omitzero"`
	ProductName   report.Optional[string] `json:"productName,omitzero"`
	ProductGroup  report.Optional[string] `json:"productGroup,omitzero"`
	StationName   report.Optional[string] `json:"stationName,omitzero"`
	ProcessCode   report.Optional[int]    `json:"processCode,omitzero"`
	TestOperation report.Optional[string] `json:"testOperation,omitzero"`
	Period        report.Optional[string] `json:"period,omitzero"` // 2026, 2026-Q4, 2026-11, 2026-W47, 2026-11-23, 2026-11-23T14 (UTC)

	UnitCount int                      `json:"unitCount"` // units whose first run is in the selection
	FPCount   int                      `json:"fpCount"`   // of these, passed in the first run
	FPY       float64                  `json:"fpy"`
	SPCount   report.Optional[int]     `json:"spCount,omitzero"` // a gowats server tells only figures of the first run
	TPCount   report.Optional[int]     `json:"tpCount,omitzero"`
	LPCount   report.Optional[int]     `json:"lpCount,omitzero"`
	SPY       report.Optional[float64] `json:"spy,omitzero"`
	TPY       report.Optional[float64] `json:"tpy,omitzero"`
	LPY       report.Optional[float64] `json:"lpy,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (r *YieldRow) UnmarshalJSON(data []byte) error {
	type plain YieldRow
	return decodeKeeping(data, (*plain)(r), &r.Extra)
}

// VolumeYield returns yields with the number of units they are about, nil when nothing matches. The GET is taken where f tells no more than
// ProductGroup and Level.
//
// Routes: GET /api/App/VolumeYield; POST /api/App/VolumeYield. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) VolumeYield(ctx context.Context, f AnalyticsFilter) ([]YieldRow, error) {
	return s.yields(ctx, "VolumeYield", f)
}

// HighVolume returns the yields of what is made most, highest volume first; nil when nothing matches. The GET is taken where f tells no more than
// ProductGroup and Level.
//
// Routes: GET /api/App/HighVolume; POST /api/App/HighVolume. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) HighVolume(ctx context.Context, f AnalyticsFilter) ([]YieldRow, error) {
	return s.yields(ctx, "HighVolume", f)
}

// WorstYield returns the lowest yields, lowest first; nil when nothing matches. The GET is taken where f tells no more than ProductGroup and
// Level.
//
// Routes: GET /api/App/WorstYield; POST /api/App/WorstYield. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) WorstYield(ctx context.Context, f AnalyticsFilter) ([]YieldRow, error) {
	return s.yields(ctx, "WorstYield", f)
}

// HighVolumeByProductGroup returns a yield for each product group, highest volume first; nil when nothing matches.
//
// Route: POST /api/App/HighVolumeByProductGroup. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) HighVolumeByProductGroup(ctx context.Context, f AnalyticsFilter) ([]YieldRow, error) {
	return askFigures[YieldRow](ctx, s.client, f, "App", "HighVolumeByProductGroup")
}

// WorstYieldByProductGroup returns a yield for each product group, lowest first; nil when nothing matches.
//
// Route: POST /api/App/WorstYieldByProductGroup. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) WorstYieldByProductGroup(ctx context.Context, f AnalyticsFilter) ([]YieldRow, error) {
	return askFigures[YieldRow](ctx, s.client, f, "App", "WorstYieldByProductGroup")
}

// yields asks a route that also has a GET, by product group and level.
func (s *AnalyticsService) yields(ctx context.Context, route string, f AnalyticsFilter) ([]YieldRow, error) {
	simple := ReportFilter{ProductGroup: f.ProductGroup, Level: f.Level}
	if reflect.DeepEqual(AnalyticsFilter{ReportFilter: simple}, f) {
		return listOrOne[YieldRow](ctx, s.client, simpleFigures(route, simple))
	}
	return askFigures[YieldRow](ctx, s.client, f, "App", route)
}

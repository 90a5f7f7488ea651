package wats

import (
	"context"
	"net/http"
	"reflect"
	"strconv"

	"github.com/gowats/gowats/report"
)

// FailedStep is a step and how often it failed.
type FailedStep struct {
	StepName     string               `json:"stepName,omitzero"`
	StepPath     string               `json:"stepPath,omitzero"` // names of steps, separated by ¶
	StepGroup    string               `json:"stepGroup,omitzero"`
	StepType     string               `json:"stepType,omitzero"` // NumericLimit, PassFail, …: other words than a report has
	PartNumber   string               `json:"partNumber,omitzero"`
	Revision     string               `json:"revision,omitzero"`
	ProductGroup string               `json:"productGroup,omitzero"`
	FailCount    report.Optional[int] `json:"failCount,omitzero"`
	TotalCount   report.Optional[int] `json:"totalCount,omitzero"` // times it was carried out
	FailRate     report.Number        `json:"failRate,omitzero"`   // percent, 0–100
	FirstFail    Time                 `json:"firstFailDate,omitzero"`
	LastFail     Time                 `json:"lastFailDate,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (r *FailedStep) UnmarshalJSON(data []byte) error {
	type plain FailedStep
	return decodeKeeping(data, (*plain)(r), &r.Extra)
}

// StepFigures are the results of one step, and of one of its measurements when it has any. Members that end in WOF are computed without the
// measurements that failed. Figures that a server does not tell are absent.
type StepFigures struct {
	StepName  string `json:"stepName,omitzero"`
	StepPath  string `json:"stepPath,omitzero"` // names of steps, separated by ¶
	StepGroup string `json:"stepGroup,omitzero"`
	StepType  string `json:"stepType,omitzero"` // NumericLimit, PassFail, …: other words than a report has

	Count                 report.Optional[int] `json:"stepCount,omitzero"` // times it was carried out; the next tell with which result
	PassedCount           report.Optional[int] `json:"stepPassedCount,omitzero"`
	DoneCount             report.Optional[int] `json:"stepDoneCount,omitzero"`
	SkippedCount          report.Optional[int] `json:"stepSkippedCount,omitzero"`
	FailedCount           report.Optional[int] `json:"stepFailedCount,omitzero"`
	ErrorCount            report.Optional[int] `json:"stepErrorCount,omitzero"`
	TerminatedCount       report.Optional[int] `json:"stepTerminatedCount,omitzero"`
	OtherCount            report.Optional[int] `json:"stepOtherCount,omitzero"`
	NotPassedCount        report.Optional[int] `json:"stepFailedErrorTerminatedCount,omitzero"`
	CausedNotPassedCount  report.Optional[int] `json:"stepCausedUutFailedErrorTerminated,omitzero"` // of these, those that decided the result of the report
	CausedFailedCount     report.Optional[int] `json:"stepCausedUutFailed,omitzero"`
	CausedErrorCount      report.Optional[int] `json:"stepCausedUutError,omitzero"`
	CausedTerminatedCount report.Optional[int] `json:"stepCausedUutTerminated,omitzero"`

	TimeAvg report.Number `json:"stepTimeAvg,omitzero"` // Unverified: in seconds, as in reports
	TimeMax report.Number `json:"stepTimeMax,omitzero"`
	TimeMin report.Number `json:"stepTimeMin,omitzero"`

	MeasureName     string               `json:"measureName,omitzero"`
	MeasureCount    report.Optional[int] `json:"measureCount,omitzero"`
	MeasureCountWOF report.Optional[int] `json:"measureCountWof,omitzero"`
	CompOperator    string               `json:"compOperator,omitzero"` // GELE, EQ, …
	LimitLow        report.Number        `json:"limit1,omitzero"`       // in the unit of the measurement, as all that follows but the capabilities
	LimitLowWOF     report.Number        `json:"limit1Wof,omitzero"`
	LimitHigh       report.Number        `json:"limit2,omitzero"`
	LimitHighWOF    report.Number        `json:"limit2Wof,omitzero"`
	Min             report.Number        `json:"min,omitzero"`
	MinWOF          report.Number        `json:"minWof,omitzero"`
	Max             report.Number        `json:"max,omitzero"`
	MaxWOF          report.Number        `json:"maxWof,omitzero"`
	Avg             report.Number        `json:"avg,omitzero"`
	AvgWOF          report.Number        `json:"avgWof,omitzero"`
	Stdev           report.Number        `json:"stdev,omitzero"`
	StdevWOF        report.Number        `json:"stdevWof,omitzero"`
	Variance        report.Number        `json:"var,omitzero"` // in the square of the unit
	VarianceWOF     report.Number        `json:"varWof,omitzero"`
	SigmaHigh3      report.Number        `json:"sigmaHigh3,omitzero"` // Unverified: three standard deviations above the average
	SigmaHigh3WOF   report.Number        `json:"sigmaHigh3Wof,omitzero"`
	SigmaLow3       report.Number        `json:"sigmaLow3,omitzero"` // below it
	SigmaLow3WOF    report.Number        `json:"sigmaLow3Wof,omitzero"`
	Cpk             report.Number        `json:"cpk,omitzero"` // capabilities, without unit
	CpkWOF          report.Number        `json:"cpkWof,omitzero"`
	Cp              report.Number        `json:"cp,omitzero"`
	CpWOF           report.Number        `json:"cpWof,omitzero"`
	CpLower         report.Number        `json:"cpLower,omitzero"`
	CpLowerWOF      report.Number        `json:"cpLowerWof,omitzero"`
	CpUpper         report.Number        `json:"cpUpper,omitzero"`
	CpUpperWOF      report.Number        `json:"cpUpperWof,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (r *StepFigures) UnmarshalJSON(data []byte) error {
	type plain StepFigures
	return decodeKeeping(data, (*plain)(r), &r.Extra)
}

// StepStatus is the status of a step in one report, or how often it passed and failed: a server fills what it tells of.
type StepStatus struct {
	StepName     string               `json:"stepName,omitzero"`
	StepPath     string               `json:"stepPath,omitzero"` // names of steps, separated by ¶
	StepType     string               `json:"stepType,omitzero"`
	StepGroup    string               `json:"stepGroup,omitzero"`
	PartNumber   string               `json:"partNumber,omitzero"`
	Revision     string               `json:"revision,omitzero"`
	SerialNumber string               `json:"serialNumber,omitzero"`
	ReportID     report.ID            `json:"reportId,omitzero" alias:"id"`
	Start        Time                 `json:"startUtc,omitzero" alias:"timestamp"`
	Status       string               `json:"status,omitzero"`
	PassCount    report.Optional[int] `json:"passCount,omitzero"`
	FailCount    report.Optional[int] `json:"failCount,omitzero"`
	TotalCount   report.Optional[int] `json:"totalCount,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (r *StepStatus) UnmarshalJSON(data []byte) error {
	type plain StepStatus
	return decodeKeeping(data, (*plain)(r), &r.Extra)
}

// GroupPeriod says what the internal lists are about: a product group at a level, in the last days. All three are needed.
type GroupPeriod struct {
	ProductGroupID string // [ProductGroup.ID] in decimal
	LevelID        string // [Level.ID] in decimal
	Days           int    // 1 and more
}

func (p GroupPeriod) check(c *checks) {
	c.required("$.productGroupId", p.ProductGroupID, maxQueryText)
	c.required("$.levelId", p.LevelID, maxQueryText)
	if p.Days < 1 {
		c.addf("$.days", "range", "days must be at least 1, is %d", p.Days)
	}
}

func (p GroupPeriod) writeTo(req *request) {
	req.query.Set("productGroupId", p.ProductGroupID)
	req.query.Set("levelId", p.LevelID)
	req.query.Set("days", strconv.Itoa(p.Days))
}

// ListFilters are XML texts by which the internal lists select. The zero ListFilters selects everything.
//
// Unverified: what stands inside of <filters>; no public client fills it.
type ListFilters struct {
	Steps     string // <filters>…</filters>; "" is an empty one
	Sequences string // as Steps
}

func (f ListFilters) check(c *checks) {
	for _, x := range [...]struct{ path, text string }{{"$.stepFilters", f.Steps}, {"$.sequenceFilters", f.Sequences}} {
		if x.text == "" {
			continue
		}
		if err := checkXAML(x.text); err != nil {
			c.addf(x.path, "format", "%s must be XML: %v", memberOf(x.path), err)
		}
	}
}

func (f ListFilters) writeTo(req *request) {
	for name, text := range map[string]string{"stepFilters": f.Steps, "sequenceFilters": f.Sequences} {
		if text == "" {
			text = "<filters></filters>"
		}
		req.query.Set(name, text)
	}
}

// TopFailed returns the steps that failed most, most first, at most f.TopCount; nil when nothing matches. The GET is taken where f tells no more than
// ProductGroup, Level, PartNumber, Revision and TopCount.
//
// Routes: GET /api/App/TopFailed; POST /api/App/TopFailed. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) TopFailed(ctx context.Context, f AnalyticsFilter) ([]FailedStep, error) {
	simple := ReportFilter{
		ProductGroup: f.ProductGroup, Level: f.Level, PartNumber: f.PartNumber, Revision: f.Revision, TopCount: max(f.TopCount, 0),
	}
	if reflect.DeepEqual(AnalyticsFilter{ReportFilter: simple}, f) {
		return listOrOne[FailedStep](ctx, s.client, simpleFigures("TopFailed", simple))
	}
	return askFigures[FailedStep](ctx, s.client, f, "App", "TopFailed")
}

// TopFailedInternal is like [AnalyticsService.TopFailed] on the internal API of a WATS server.
//
// Route: POST /api/internal/App/TopFailed. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) TopFailedInternal(ctx context.Context, f AnalyticsFilter) ([]FailedStep, error) {
	return askFigures[FailedStep](ctx, s.client, f, "internal", "App", "TopFailed")
}

// TopFailedByGroup returns the steps of a part number in a process that failed most, most first; nil when there is none. It needs all but most: at
// most so many, 0 leaves it to the server, which takes 10. The process is a code, as text.
//
// Route: GET /api/internal/App/TopFailed. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) TopFailedByGroup(ctx context.Context, partNumber, processCode string, p GroupPeriod, most int) ([]FailedStep, error) {
	var c checks
	c.required("$.partNumber", partNumber, maxQueryText)
	c.required("$.processCode", processCode, maxQueryText)
	p.check(&c)
	c.notNegative("$.count", most)
	if err := refuseInvalid("query", c.found); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodGet, "api", "internal", "App", "TopFailed")
	req.query.Set("partNumber", partNumber)
	req.query.Set("processCode", processCode)
	p.writeTo(req)
	if most > 0 {
		req.query.Set("count", strconv.Itoa(most))
	}
	return listOrOne[FailedStep](ctx, s.client, req)
}

// TestStepAnalysis returns the figures of the steps in the reports that f selects, a row for each measurement of a step; nil when nothing matches. Give
// PartNumber and TestOperation, as public clients do, with Run 1 and MaxCount 10,000. A WATS server calls it a preview.
//
// Route: POST /api/App/TestStepAnalysis. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) TestStepAnalysis(ctx context.Context, f AnalyticsFilter) ([]StepFigures, error) {
	return askFigures[StepFigures](ctx, s.client, f, "App", "TestStepAnalysis")
}

// StepStatusList returns the statuses of steps in the reports that f selects; nil when nothing matches.
//
// Route: POST /api/internal/App/StepStatusList. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) StepStatusList(ctx context.Context, f AnalyticsFilter, x ListFilters) ([]StepStatus, error) {
	return internalList[StepStatus](ctx, s.client, "StepStatusList", f, x)
}

// StepStatusListByGroup returns the statuses of the steps of a product group; nil when there is none.
//
// Route: GET /api/internal/App/StepStatusList. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) StepStatusListByGroup(ctx context.Context, p GroupPeriod, x ListFilters) ([]StepStatus, error) {
	return internalListByGroup[StepStatus](ctx, s.client, "StepStatusList", p, x)
}

// internalList asks one of the lists of the internal API by a filter.
func internalList[T any](ctx context.Context, client *Client, route string, f AnalyticsFilter, x ListFilters) ([]T, error) {
	c := checks{f.Validate()}
	x.check(&c)
	if err := refuseInvalid("filter", c.found); err != nil {
		return nil, err
	}
	req, err := figures(f, "internal", "App", route)
	if err != nil {
		return nil, err
	}
	x.writeTo(req)
	return listOrOne[T](ctx, client, req)
}

// internalListByGroup asks one of the lists of the internal API by product group.
func internalListByGroup[T any](ctx context.Context, client *Client, route string, p GroupPeriod, x ListFilters) ([]T, error) {
	var c checks
	p.check(&c)
	x.check(&c)
	if err := refuseInvalid("query", c.found); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodGet, "api", "internal", "App", route)
	p.writeTo(req)
	x.writeTo(req)
	return listOrOne[T](ctx, client, req)
}

package wats

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/gowats/gowats/report"
)

// UnitFlowFilter selects units and says how their way through production is shown. The zero UnitFlowFilter restricts nothing.
type UnitFlowFilter struct {
	PartNumber    string                `json:"partNumber,omitzero"`
	Revision      string                `json:"revision,omitzero"`
	SerialNumber  string                `json:"serialNumber,omitzero"`
	SerialNumbers []string              `json:"serialNumbers,omitzero"` // [AnalyticsService.UnitFlowBySerialNumbers] needs them
	StationName   string                `json:"stationName,omitzero"`
	Location      string                `json:"location,omitzero"`
	Purpose       string                `json:"purpose,omitzero"`
	DateFrom      *time.Time            `json:"dateFrom,omitzero"` // included
	DateTo        *time.Time            `json:"dateTo,omitzero"`   // included
	ProcessCodes  []int                 `json:"processCodes,omitzero"`
	IncludePassed report.Optional[bool] `json:"includePassed,omitzero"`
	IncludeFailed report.Optional[bool] `json:"includeFailed,omitzero"`

	SplitBy          string                `json:"splitBy,omitzero"`   // such as stationName or location; [AnalyticsService.SplitUnitFlow] needs it
	UnitOrder        string                `json:"unitOrder,omitzero"` // such as startTime or serialNumber; [AnalyticsService.OrderUnitFlow] needs it
	ShowList         []string              `json:"showList,omitzero"`  // nodes to show
	HideList         []string              `json:"hideList,omitzero"`  // nodes to hide
	ExpandOperations report.Optional[bool] `json:"expandOperations,omitzero"`
}

// Validate returns all that is wrong with f.
func (f *UnitFlowFilter) Validate() report.Findings {
	var c checks
	f.check(&c)
	return c.found
}

func (f *UnitFlowFilter) check(c *checks) {
	c.dates(f.DateFrom, f.DateTo)
	for i, code := range f.ProcessCodes {
		if code < 0 || code > maxProcessCode {
			c.addf("$.processCodes["+strconv.Itoa(i)+"]", "range", "a process code must lie between 0 and %d, is %d", maxProcessCode, code)
		}
	}
	for i, serial := range f.SerialNumbers {
		c.required("$.serialNumbers["+strconv.Itoa(i)+"]", serial, maxQueryText)
	}
}

// UnitFlowID names a node or a link of a unit flow. Servers write it as a text or as a whole number; this is its text.
type UnitFlowID string

// UnmarshalJSON reads a text or a number; null is "".
func (id *UnitFlowID) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] != '"' && data[0] != 'n' {
		var number json.Number
		err := json.Unmarshal(data, &number)
		*id = UnitFlowID(number)
		return err
	}
	var text string
	err := json.Unmarshal(data, &text)
	*id = UnitFlowID(text)
	return err
}

// UnitFlowNode is a place that units pass: an operation, or a part of one after a split.
type UnitFlowNode struct {
	ID          UnitFlowID            `json:"id,omitzero"`
	ParentID    UnitFlowID            `json:"parentId,omitzero"`
	Name        string                `json:"name,omitzero"`
	ProcessCode report.Optional[int]  `json:"processCode,omitzero"`
	ProcessName string                `json:"processName,omitzero"`
	StationName string                `json:"stationName,omitzero"`
	Location    string                `json:"location,omitzero"`
	Purpose     string                `json:"purpose,omitzero"`
	UnitCount   report.Optional[int]  `json:"unitCount,omitzero"`
	PassCount   report.Optional[int]  `json:"passCount,omitzero"`
	FailCount   report.Optional[int]  `json:"failCount,omitzero"`
	Yield       report.Number         `json:"yieldPercent,omitzero" alias:"yield"` // percent, 0–100
	AvgTime     report.Number         `json:"avgTime,omitzero"`                    // Unverified: the unit
	IsExpanded  report.Optional[bool] `json:"isExpanded,omitzero"`
	IsVisible   report.Optional[bool] `json:"isVisible,omitzero"`
	Level       report.Optional[int]  `json:"level,omitzero"` // depth below nodes that are split

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (n *UnitFlowNode) UnmarshalJSON(data []byte) error {
	type plain UnitFlowNode
	return decodeKeeping(data, (*plain)(n), &n.Extra)
}

// UnitFlowLink is a way from one node to another.
type UnitFlowLink struct {
	ID         UnitFlowID            `json:"id,omitzero"`
	SourceID   UnitFlowID            `json:"sourceId,omitzero" alias:"source"`
	TargetID   UnitFlowID            `json:"targetId,omitzero" alias:"target"`
	SourceName string                `json:"sourceName,omitzero"`
	TargetName string                `json:"targetName,omitzero"`
	UnitCount  report.Optional[int]  `json:"unitCount,omitzero"`
	PassCount  report.Optional[int]  `json:"passCount,omitzero"`
	FailCount  report.Optional[int]  `json:"failCount,omitzero"`
	AvgTime    report.Number         `json:"avgTime,omitzero"` // Unverified: the unit
	IsVisible  report.Optional[bool] `json:"isVisible,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (l *UnitFlowLink) UnmarshalJSON(data []byte) error {
	type plain UnitFlowLink
	return decodeKeeping(data, (*plain)(l), &l.Extra)
}

// UnitFlowUnit is a unit and its way.
type UnitFlowUnit struct {
	SerialNumber string        `json:"serialNumber,omitzero"`
	PartNumber   string        `json:"partNumber,omitzero"`
	Revision     string        `json:"revision,omitzero"`
	Status       string        `json:"status,omitzero"`
	Start        Time          `json:"startTime,omitzero"`
	End          Time          `json:"endTime,omitzero"`
	TotalTime    report.Number `json:"totalTime,omitzero"` // Unverified: the unit
	NodePath     []string      `json:"nodePath,omitzero"`  // nodes in the order in which it passed them
	CurrentNode  string        `json:"currentNode,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (u *UnitFlowUnit) UnmarshalJSON(data []byte) error {
	type plain UnitFlowUnit
	return decodeKeeping(data, (*plain)(u), &u.Extra)
}

// UnitFlow is the way of units through production. Lists that a server does not tell are nil.
type UnitFlow struct {
	Nodes      []UnitFlowNode       `json:"nodes,omitzero"`
	Links      []UnitFlowLink       `json:"links,omitzero"`
	Units      []UnitFlowUnit       `json:"units,omitzero"`
	TotalUnits report.Optional[int] `json:"totalUnits,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (u *UnitFlow) UnmarshalJSON(data []byte) error {
	type plain UnitFlow
	return decodeKeeping(data, (*plain)(u), &u.Extra)
}

// UnitFlow returns the flow of the units that f selects, nil when the answer is empty. A server may remember f: [AnalyticsService.UnitFlowNodes],
// UnitFlowLinks and UnitFlowUnits tell of the current flow. So none of these calls is answered from the cache.
//
// Route: POST /api/internal/UnitFlow. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) UnitFlow(ctx context.Context, f UnitFlowFilter) (*UnitFlow, error) {
	return s.flow(ctx, f, checks{}, "UnitFlow")
}

// UnitFlowBySerialNumbers returns the flow of the units f.SerialNumbers, which it needs, nil when the answer is empty.
//
// Route: POST /api/internal/UnitFlow/SN. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) UnitFlowBySerialNumbers(ctx context.Context, f UnitFlowFilter) (*UnitFlow, error) {
	var c checks
	if len(f.SerialNumbers) == 0 {
		c.addf("$.serialNumbers", "required", "serialNumbers is required")
	}
	return s.flow(ctx, f, c, "UnitFlow", "SN")
}

// SplitUnitFlow returns the flow with its nodes split by f.SplitBy, which it needs, nil when the answer is empty.
//
// Route: POST /api/internal/UnitFlow/SplitBy. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) SplitUnitFlow(ctx context.Context, f UnitFlowFilter) (*UnitFlow, error) {
	var c checks
	c.required("$.splitBy", f.SplitBy, maxQueryText)
	return s.flow(ctx, f, c, "UnitFlow", "SplitBy")
}

// OrderUnitFlow returns the flow with its units ordered by f.UnitOrder, which it needs, nil when the answer is empty.
//
// Route: POST /api/internal/UnitFlow/UnitOrder. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) OrderUnitFlow(ctx context.Context, f UnitFlowFilter) (*UnitFlow, error) {
	var c checks
	c.required("$.unitOrder", f.UnitOrder, maxQueryText)
	return s.flow(ctx, f, c, "UnitFlow", "UnitOrder")
}

// UnitFlowLinks returns the links of the current flow, nil when there is none.
//
// Route: GET /api/internal/UnitFlow/Links. A gowats server answers [ErrUnsupported] so far. Unverified: to which earlier call the answer refers.
func (s *AnalyticsService) UnitFlowLinks(ctx context.Context) ([]UnitFlowLink, error) {
	return currentFlow[UnitFlowLink](ctx, s.client, "Links")
}

// UnitFlowNodes returns the nodes of the current flow, nil when there is none.
//
// Route: GET /api/internal/UnitFlow/Nodes. A gowats server answers [ErrUnsupported] so far. Unverified: to which earlier call the answer refers.
func (s *AnalyticsService) UnitFlowNodes(ctx context.Context) ([]UnitFlowNode, error) {
	return currentFlow[UnitFlowNode](ctx, s.client, "Nodes")
}

// UnitFlowUnits returns the units of the current flow, nil when there is none.
//
// Route: GET /api/internal/UnitFlow/Units. A gowats server answers [ErrUnsupported] so far. Unverified: to which earlier call the answer refers.
func (s *AnalyticsService) UnitFlowUnits(ctx context.Context) ([]UnitFlowUnit, error) {
	return currentFlow[UnitFlowUnit](ctx, s.client, "Units")
}

// flow asks for a flow by f, about which c holds what is already known to be wrong.
func (s *AnalyticsService) flow(ctx context.Context, f UnitFlowFilter, c checks, segments ...string) (*UnitFlow, error) {
	f.check(&c)
	if err := refuseInvalid("filter", c.found); err != nil {
		return nil, err
	}
	req, err := figures(f, append([]string{"internal"}, segments...)...)
	if err != nil {
		return nil, err
	}
	req.opts |= NoCache
	return maybe[UnitFlow](ctx, s.client, req)
}

func currentFlow[T any](ctx context.Context, c *Client, part string) ([]T, error) {
	req := newRequest(http.MethodGet, "api", "internal", "UnitFlow", part)
	req.opts |= NoCache
	return list[T](ctx, c, req)
}

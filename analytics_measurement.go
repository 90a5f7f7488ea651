package wats

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/gowats/gowats/report"
)

// Measurement is one measured value.
type Measurement struct {
	Path         string        `json:"measurementPath,omitzero"` // as the server names what was asked for; "" when it does not
	SerialNumber string        `json:"serialNumber,omitzero"`
	PartNumber   string        `json:"partNumber,omitzero"`
	Revision     string        `json:"revision,omitzero"`
	StepName     string        `json:"stepName,omitzero"`
	StepPath     string        `json:"stepPath,omitzero"` // names of steps, separated by ¶
	StationName  string        `json:"stationName,omitzero"`
	Value        report.Number `json:"value,omitzero"`       // in Unit
	StringValue  string        `json:"stringValue,omitzero"` // of a measurement that is a text
	Unit         string        `json:"unit,omitzero"`
	LimitLow     report.Number `json:"limit1,omitzero" alias:"limitLow"` // in Unit
	LimitHigh    report.Number `json:"limit2,omitzero" alias:"limitHigh"`
	Status       string        `json:"status,omitzero"`
	ReportID     report.ID     `json:"id,omitzero" alias:"reportId"`
	Start        Time          `json:"startUtc,omitzero" alias:"timestamp"` // of the report

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (m *Measurement) UnmarshalJSON(data []byte) error {
	type plain Measurement
	return decodeKeeping(data, (*plain)(m), &m.Extra)
}

// AggregatedMeasurement are the figures of one measurement over many reports. Those that a server does not tell are absent.
type AggregatedMeasurement struct {
	Path       string               `json:"measurementPath,omitzero"` // as the server names what was asked for; "" when it does not
	StepName   string               `json:"stepName,omitzero"`
	StepPath   string               `json:"stepPath,omitzero"` // names of steps, separated by ¶
	PartNumber string               `json:"partNumber,omitzero"`
	Revision   string               `json:"revision,omitzero"`
	Count      report.Optional[int] `json:"count,omitzero"`
	Unit       string               `json:"unit,omitzero"`
	Min        report.Number        `json:"min,omitzero"` // in Unit, as all that follows but the capabilities
	Max        report.Number        `json:"max,omitzero"`
	Avg        report.Number        `json:"avg,omitzero"`
	Stdev      report.Number        `json:"stdev,omitzero"`
	Variance   report.Number        `json:"var,omitzero" alias:"variance"` // in the square of Unit
	LimitLow   report.Number        `json:"limit1,omitzero" alias:"limitLow"`
	LimitHigh  report.Number        `json:"limit2,omitzero" alias:"limitHigh"`
	Cpk        report.Number        `json:"cpk,omitzero"` // capabilities, without unit
	Cp         report.Number        `json:"cp,omitzero"`
	CpLower    report.Number        `json:"cpLower,omitzero"`
	CpUpper    report.Number        `json:"cpUpper,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps what it does not know in Extra.
func (m *AggregatedMeasurement) UnmarshalJSON(data []byte) error {
	type plain AggregatedMeasurement
	return decodeKeeping(data, (*plain)(m), &m.Extra)
}

// Measurements returns the numeric measurements at a path in the reports that f selects; nil when nothing matches. It needs the path: the names of
// the steps from below the root, separated by slashes, and behind two colons the name of a measurement that is one of several of its step, as in
// "Power/Rails::3V3". Where a name holds a slash, separate by ¶ and ¶¶ instead: a path with a ¶ is sent as it is.
//
// A WATS server may time out unless f has PartNumber and TestOperation. It calls the route a preview.
//
// Route: POST /api/App/Measurements. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) Measurements(ctx context.Context, f AnalyticsFilter, path string) ([]Measurement, error) {
	return measured(ctx, s.client, "Measurements", f, path, func(m *Measurement, path string) { m.Path = path })
}

// AggregatedMeasurements returns the figures of the measurements at a path, as [AnalyticsService.Measurements] takes it, over the reports that f
// selects; nil when nothing matches.
//
// Route: POST /api/App/AggregatedMeasurements. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) AggregatedMeasurements(ctx context.Context, f AnalyticsFilter, path string) ([]AggregatedMeasurement, error) {
	return measured(ctx, s.client, "AggregatedMeasurements", f, path, func(m *AggregatedMeasurement, path string) { m.Path = path })
}

// MeasurementList returns the measurements in the reports that f selects; nil when nothing matches.
//
// Route: POST /api/internal/App/MeasurementList. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) MeasurementList(ctx context.Context, f AnalyticsFilter, x ListFilters) ([]Measurement, error) {
	return internalList[Measurement](ctx, s.client, "MeasurementList", f, x)
}

// MeasurementListByGroup returns the measurements of a product group; nil when there is none.
//
// Route: GET /api/internal/App/MeasurementList. A gowats server answers [ErrUnsupported] so far.
func (s *AnalyticsService) MeasurementListByGroup(ctx context.Context, p GroupPeriod, x ListFilters) ([]Measurement, error) {
	return internalListByGroup[Measurement](ctx, s.client, "MeasurementList", p, x)
}

// measured asks a route that answers rows in groups by path, or rows without groups. name tells a row the path of its group.
func measured[T any](ctx context.Context, client *Client, route string, f AnalyticsFilter, path string, name func(*T, string)) ([]T, error) {
	c := checks{f.Validate()}
	c.required("$.measurementPaths", path, maxQueryText)
	if err := refuseInvalid("filter", c.found); err != nil {
		return nil, err
	}
	req, err := figures(f, "App", route)
	if err != nil {
		return nil, err
	}
	req.query.Set("measurementPaths", wirePath(path))
	ans, err := client.do(ctx, req)
	if err != nil || ans.isEmpty() {
		return nil, err
	}
	rows, err := ungroup(ans.body, name)
	if err != nil {
		return nil, client.unreadable(req, ans, err)
	}
	return rows, nil
}

// ungroup decodes rows that may stand in groups.
func ungroup[T any](data []byte, name func(*T, string)) (rows []T, err error) {
	all, err := manyOrOne[json.RawMessage](data)
	if err != nil {
		return nil, err
	}
	for _, element := range all {
		var group struct {
			Path string          `json:"measurementPath"`
			Rows json.RawMessage `json:"measurements"`
		}
		if err := json.Unmarshal(element, &group); err != nil {
			return nil, err
		}
		switch string(group.Rows) {
		case "null": // a group without rows
			continue
		case "": // a row
			group.Rows = element
		}
		more, err := manyOrOne[T](group.Rows)
		if err != nil {
			return nil, err
		}
		for i := range more {
			name(&more[i], group.Path)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// wirePath returns a path as servers write it: ¶ between steps, ¶¶ before the measurement.
func wirePath(path string) string {
	if strings.Contains(path, "¶") {
		return path
	}
	return strings.ReplaceAll(strings.ReplaceAll(path, "::", "¶¶"), "/", "¶")
}

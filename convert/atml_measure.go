package convert

import (
	"github.com/gowats/gowats/report"
)

// measure turns the results of a step that has been read into its measurements and additional results.
//
// A result is a measurement when it has limits, says that it is one, or is the step type's own value. All of one step go into that step.
func (a *atmlReader) measure(d *atmlStep) {
	count, met := d.countMeasurements(), make(names)
	for i := range d.results {
		res := &d.results[i]
		switch {
		case res.added != nil:
			res.added.addTo(d.Step)
		case res.datum == nil:
			a.lose("a test result without data is not carried over")
		case !res.isMeasurement(d.Step):
			a.addResult(d, res)
		case !a.addMeasurement(d, res, count, met):
			a.lose("limits of a result of another kind than the first of its step are not carried over")
			a.addResult(d, res)
		}
	}
	d.results = nil
	if d.added == nil && len(d.Booleans) == 0 && len(d.Numeric) == 0 && len(d.Strings) == 0 {
		verdictOnly(d.Step)
	}
}

// countMeasurements returns how many results are measurements of the kind of the first one.
func (d *atmlStep) countMeasurements() int {
	count, kind := 0, ""
	for i := range d.results {
		res := &d.results[i]
		if res.datum == nil || res.datum.Type == typeObject || res.datum.Type == typeArray || !res.isMeasurement(d.Step) {
			continue
		}
		if count == 0 {
			kind = res.datum.Type
		}
		if res.datum.Type == kind {
			count++
		}
	}
	return count
}

// isMeasurement reports whether res is a measurement of s.
func (res *atmlResult) isMeasurement(s *report.Step) bool {
	if res.limits != nil || res.log || res.added != nil {
		return true
	}
	if res.datum == nil {
		return false
	}
	kind := s.Kind()
	switch res.own {
	case "Numeric":
		return res.datum.isNumber() && kind != report.KindString && kind != report.KindPassFail
	case "String":
		return res.datum.Type == typeString && kind != report.KindNumeric && kind != report.KindPassFail
	case "PassFail":
		return res.datum.Type == typeBoolean && kind != report.KindNumeric && kind != report.KindString
	}
	return kind == report.KindMultiPassFail && res.datum.Type == typeBoolean
}

// addResult adds a result that is no measurement.
func (a *atmlReader) addResult(d *atmlStep, res *atmlResult) {
	data := a.additional(res.name, res.datum)
	if text, ok := reportText(data); ok {
		d.ReportText = joinText(d.ReportText, text)
		return
	}
	d.AdditionalResults = append(d.AdditionalResults, data)
}

// measurementName returns the name of the measurement: none when it is the only one and the step type's own value.
func (res *atmlResult) measurementName(count int, met names) string {
	if count == 1 && res.own != "" {
		return ""
	}
	return met.unique(res.name)
}

// addMeasurement adds one of count measurements. It reports false when the step has measurements of another kind.
func (a *atmlReader) addMeasurement(d *atmlStep, res *atmlResult, count int, met names) bool {
	only := count == 1
	switch res.datum.Type {
	case typeNumber:
		if len(d.Strings) > 0 || len(d.Booleans) > 0 {
			return false
		}
		d.Numeric = append(d.Numeric, a.numeric(d, res, only, res.measurementName(count, met)))
	case typeBoolean:
		if len(d.Strings) > 0 || len(d.Numeric) > 0 {
			return false
		}
		d.Booleans = append(d.Booleans, boolean(res, res.measurementName(count, met)))
	case typeString:
		if len(d.Booleans) > 0 || len(d.Numeric) > 0 {
			return false
		}
		d.Strings = append(d.Strings, a.text(d, res, only, res.measurementName(count, met)))
	default:
		return false
	}
	return true
}

func (a *atmlReader) numeric(d *atmlStep, res *atmlResult, only bool, name string) report.NumericMeasurement {
	m := report.NumericMeasurement{Name: name, Value: testNumber(res.datum.Value), Unit: res.datum.unit, CompOp: report.LOG, Status: res.status}
	if res.limits != nil && !res.limits.number(&m) {
		a.lose("limits that are not understood are not carried over")
	}
	m.Status = measurement(m.Status)
	if m.Status == 0 {
		byLimits, told := m.CompOp.Judge(m.Value, m.Low, m.High)
		m.Status = measuredStatus(d.Status, only, byLimits, told)
	}
	return m
}

func (a *atmlReader) text(d *atmlStep, res *atmlResult, only bool, name string) report.StringMeasurement {
	m := report.StringMeasurement{Name: name, Value: res.datum.Value, CompOp: report.LOG, Status: res.status}
	if res.limits != nil && !res.limits.text(&m) {
		a.lose("limits that are not understood are not carried over")
	}
	m.Status = measurement(m.Status)
	if m.Status == 0 {
		byLimits, told := m.CompOp.JudgeText(m.Value, m.Limit)
		m.Status = measuredStatus(d.Status, only, byLimits, told)
	}
	return m
}

// boolean returns a pass-fail measurement: its value is its verdict, unless it has one.
func boolean(res *atmlResult, name string) report.BooleanMeasurement {
	m := report.BooleanMeasurement{Name: name, Status: measurement(res.status)}
	if m.Status == 0 {
		m.Status = report.Failed
		if testBool(res.datum.Value).Value {
			m.Status = report.Passed
		}
	}
	return m
}

// measurement returns a status of a measurement: Passed for Done, none for what a measurement cannot be.
func measurement(s report.Status) report.Status {
	switch s {
	case report.Done:
		return report.Passed
	case report.Passed, report.Failed, report.Skipped:
		return s
	}
	return 0
}

// verdictOnly gives a pass-fail test without a result the measurement that its outcome is. A test that did not run has none.
func verdictOnly(s *report.Step) {
	if s.Kind() != report.KindPassFail {
		return
	}
	switch status := measurement(s.Status); status {
	case report.Passed, report.Failed:
		s.Booleans = []report.BooleanMeasurement{{Status: status}}
	}
}

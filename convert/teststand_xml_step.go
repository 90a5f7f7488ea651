package convert

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/gowats/gowats/report"
)

// step turns a TEResult into a step.
func (u *testStandUnit) step(p *property) *report.Step {
	s := &report.Step{Status: u.status(p.text("Status"))}
	ts := p.find("TS")
	u.properties(s, ts)
	if call := ts.find("SequenceCall"); call != nil {
		s.Sequence = &report.Sequence{Path: call.text("SequenceFile"), Name: call.text("Sequence"), Version: call.text("SequenceFileVersion")}
		if s.Status == 0 {
			s.Status = u.status(call.text("Status"))
		}
		u.children(s, call)
	}
	u.children(s, ts.find("PostAction"))
	if e := p.find("Error"); e != nil {
		code, message := testInt(e.text("Code")), e.text("Msg")
		if code.Value != 0 || message != "" || testBool(e.text("Occurred")).Value {
			s.ErrorCode, s.ErrorMessage = code, message
		}
	}
	if q := p.find("ReportText"); q != nil {
		s.ReportText = q.Value
	}
	u.data(s, p)
	if len(s.Numeric) == 0 && len(s.Strings) == 0 && len(s.Booleans) == 0 {
		verdictOnly(s)
	}
	return s
}

// children adds the steps of a called sequence.
func (u *testStandUnit) children(s *report.Step, call *property) {
	for _, result := range call.find("ResultList").elements() {
		s.Steps = append(s.Steps, u.step(result))
	}
}

// properties sets what stands under TS.
func (u *testStandUnit) properties(s *report.Step, ts *property) {
	if ts == nil {
		return
	}
	loop := report.Loop{}
	for _, q := range ts.Props {
		text := strings.TrimSpace(q.Value)
		switch q.Name {
		case "StepName":
			s.Name = q.Value
		case "StepType":
			s.Type = text
		case "StepGroup":
			s.Group, _ = report.ParseGroup(text)
		case "StepId":
			s.TSGuid = text
		case "StartTime":
			if n := testNumber(text); n.IsNumeric() && !u.zero.IsZero() {
				s.Start = report.At(u.zero.Add(secondsOf(n)))
			}
		case "TotalTime":
			s.TotalTime = testNumber(text)
		case "StepCausedSequenceFailure":
			s.CausedSequenceFailure = testBool(text)
		case "InteractiveExeNum":
			s.InteractiveExeNum = testInt(text)
		case "NumLoops":
			loop.Count = testInt(text)
		case "NumPassed":
			loop.Passed = testInt(text)
		case "NumFailed":
			loop.Failed = testInt(text)
		case "EndingLoopIndex":
			loop.EndingIndex = testInt(text)
		case "LoopIndex":
			loop.Index = testInt(text)
		case "Id":
			s.ID = testInt(text)
		case "SequenceCall", "PostAction":
		default:
			u.loseProperty("TS", q)
		}
	}
	if loop.Count.Present || loop.Passed.Present || loop.Failed.Present || loop.EndingIndex.Present || loop.Index.Present {
		s.Loop = &loop
	}
}

// data turns what a result holds beside its head into measurements, by what it is, and the rest into additional results.
func (u *testStandUnit) data(s *report.Step, p *property) {
	if s.Status == report.Skipped {
		return
	}
	kind := s.Kind()
	limited := p.find("Comp") != nil || p.find("Limits") != nil
	for _, q := range p.Props {
		value := (*property)(q)
		switch {
		case q.Name == "Numeric" && q.Value != "" && (kind == report.KindNumeric || limited):
			s.Numeric = append(s.Numeric, u.number(s, value, p, "", true))
		case q.Name == "String" && (kind == report.KindString || limited):
			s.Strings = append(s.Strings, u.text(s, value, p, "", true))
		case q.Name == "PassFail" && q.Type == typeBoolean && (kind == report.KindPassFail || kind == report.KindGeneric && !limited):
			s.Booleans = append(s.Booleans, verdict(value, ""))
		case q.Name == "Measurement" && q.Array != nil:
			u.measurements(s, value)
		case q.Name == "ButtonHit":
			popup(s).Button = testInt(q.Value)
		case q.Name == "Response" && kind == report.KindMessagePopup:
			popup(s).Response = q.Value
		case q.Name == "ExitCode":
			s.CallExecutable = &report.CallExecutable{ExitCode: testNumber(q.Value)}
		case q.Name == "AdditionalResults":
			s.AdditionalResults = append(s.AdditionalResults, value.additional()...)
		case q.Name == "Common", q.Name == "Units", q.Name == "Limits", q.Name == "RawLimits", q.Name == "Comp", q.Name == "Error", q.Name == "Status",
			q.Name == "ReportText", q.Name == "TS", q.Name == "ThresholdType":
		default:
			s.AdditionalResults = append(s.AdditionalResults, additionalData(q))
		}
	}
	if common := p.find("Common"); common != nil && len(common.Props) > 0 {
		s.AdditionalResults = append(s.AdditionalResults, additionalData((*report.Property)(common)))
	}
}

func popup(s *report.Step) *report.MessagePopup {
	if s.MessagePopup == nil {
		s.MessagePopup = &report.MessagePopup{}
	}
	return s.MessagePopup
}

// measurements reads the array of a multiple test: each element has a name, data, and limits of its own.
func (u *testStandUnit) measurements(s *report.Step, list *property) {
	met := make(names)
	for i, m := range list.elements() {
		name := met.unique(cmp.Or(m.text("MeasName"), m.Name, fmt.Sprintf("Measurement %d", i)))
		data := m.find("Data")
		if data == nil {
			data = m.find("PassFail")
		}
		if data == nil {
			u.lose(u.line, "a measurement without data is not carried over")
			continue
		}
		switch {
		case data.Type == typeBoolean && len(s.Numeric)+len(s.Strings) == 0:
			s.Booleans = append(s.Booleans, verdict(data, name))
		case data.Type == typeString && len(s.Numeric)+len(s.Booleans) == 0:
			s.Strings = append(s.Strings, u.text(s, data, m, name, false))
		case data.Type != typeBoolean && data.Type != typeString && len(s.Strings)+len(s.Booleans) == 0:
			s.Numeric = append(s.Numeric, u.number(s, data, m, name, false))
		default:
			u.lose(u.line, "measurements of another kind than the first of their step are not carried over")
		}
	}
}

// number returns the measurement whose value is data and whose limits stand in p.
func (u *testStandUnit) number(s *report.Step, data, p *property, name string, only bool) report.NumericMeasurement {
	m := report.NumericMeasurement{Name: name, Value: testNumber(data.Value), Unit: p.text("Units"), CompOp: report.LOG}
	word := p.text("Comp")
	op, ok := report.ParseCompOp(word)
	if !ok && word != "" {
		u.lose(u.line, fmt.Sprintf("comparison %s is not known; the limits are kept, the operator is LOG", word))
	}
	m.Low, m.High = testNumber(p.text("Limits", "Low")), testNumber(p.text("Limits", "High"))
	switch {
	case !ok && word == "" && m.Low.Present() && m.High.Present():
		m.CompOp = report.GELE
	case ok:
		m.CompOp = op
	}
	switch {
	case m.CompOp == report.LOG && word == "LOG":
		m.Low, m.High = report.Number{}, report.Number{}
	case m.CompOp == report.EQT:
		raw := func(member string) report.Number {
			return testNumber(cmp.Or(p.text("RawLimits", member), p.text("Limits", member)))
		}
		kind := cmp.Or(p.text("Limits", "ThresholdType"), p.text("ThresholdType"), p.text("RawLimits", "ThresholdType"))
		if low, high, ok := tolerance(kind, raw("Nominal"), raw("Low"), raw("High")); ok {
			m.Low, m.High = low, high
		}
	case report.EQ <= m.CompOp && m.CompOp <= report.LE:
		if !m.Low.Present() { // one limit stands in Low, whichever it is
			m.Low = m.High
		}
		m.High = report.Number{}
	}
	if m.Status = measurement(u.status(p.ownStatus(only))); m.Status == 0 {
		byLimits, told := m.CompOp.Judge(m.Value, m.Low, m.High)
		m.Status = measuredStatus(s.Status, only, byLimits, told)
	}
	return m
}

// ownStatus returns the status of a measurement of a multiple test. That of a single one is its step's.
func (p *property) ownStatus(only bool) string {
	if only {
		return ""
	}
	return p.text("Status")
}

// text returns the measurement whose value is data and whose limit stands in p.
func (u *testStandUnit) text(s *report.Step, data, p *property, name string, only bool) report.StringMeasurement {
	m := report.StringMeasurement{Name: name, Value: data.Value, CompOp: report.LOG}
	limit := p.find("Limits", "String")
	if limit != nil {
		m.Limit, m.CompOp = limit.Value, report.CASESENSIT
	}
	switch word := p.text("Comp"); strings.ToLower(word) {
	case "":
	case "casesensitive", "casesensit":
		m.CompOp = report.CASESENSIT
	case "ignorecase":
		m.CompOp = report.IGNORECASE
	default:
		op, ok := report.ParseCompOp(word)
		if !ok {
			u.lose(u.line, fmt.Sprintf("comparison %s is not known; the operator is LOG", word))
			op = report.LOG
		}
		m.CompOp = op
	}
	if m.Status = measurement(u.status(p.ownStatus(only))); m.Status == 0 {
		byLimits, told := m.CompOp.JudgeText(m.Value, m.Limit)
		m.Status = measuredStatus(s.Status, only, byLimits, told)
	}
	return m
}

// verdict returns the pass-fail measurement that a Boolean is.
func verdict(p *property, name string) report.BooleanMeasurement {
	m := report.BooleanMeasurement{Name: name, Status: report.Failed}
	if testBool(p.Value).Value {
		m.Status = report.Passed
	}
	return m
}

package report

import (
	"math"
	"strings"
)

// stepValidator goes over the step tree of one report.
type stepValidator struct {
	*validator
	ids map[int]bool // step ids met
}

func (v *stepValidator) step(s *Step, depth int) {
	if depth > maxStepDepth {
		v.find("", Violation, "depth", "steps nest deeper than %d", maxStepDepth)
		return
	}
	v.own(s)
	for i, child := range s.Steps {
		mark := v.intoElement("steps", i)
		if child == nil {
			v.find("", Violation, "type", "the step is null")
		} else {
			v.step(child, depth+1)
		}
		v.leave(mark)
	}
}

// own checks all of a step but its children.
func (v *stepValidator) own(s *Step) {
	v.stepMembers(s)
	v.measurements(s)
	if s.Sequence != nil {
		v.sequence(s.Sequence)
	}
	if s.Chart != nil {
		v.chart(s.Chart)
	}
	if s.Attachment != nil {
		mark := v.into("attachment")
		v.attachment(s.Attachment)
		v.leave(mark)
	}
	if p := s.MessagePopup; p != nil {
		mark := v.into("messagePopup")
		v.prose("response", &p.Response, maxPopupResponse)
		v.integer("button", p.Button)
		v.leave(mark)
	}
	if c := s.CallExecutable; c != nil {
		mark := v.into("callExe")
		v.number("exitCode", c.ExitCode)
		v.leave(mark)
	}
	v.additionalData("additionalResults", s.AdditionalResults)
}

func (v *stepValidator) stepMembers(s *Step) {
	v.stepID(s)
	if s.Type == "" {
		v.missing("stepType", Warning, s.Extra)
	}
	v.text("stepType", &s.Type, maxStepName)
	v.required("name", &s.Name, maxStepName, s.Extra)
	v.stepStatus(s)
	v.integer("errorCode", s.ErrorCode)
	v.prose("errorMessage", &s.ErrorMessage, maxStepErrorMessage)
	v.time("start", s.Start)
	v.number("totTime", s.TotalTime)
	v.text("tsGuid", &s.TSGuid, maxTSGuid)
	v.integer("interactiveExeNum", s.InteractiveExeNum)
	v.prose("reportText", &s.ReportText, maxReportText)
	if l := s.Loop; l != nil {
		mark := v.into("loop")
		v.integer("idx", l.Index)
		v.integer("num", l.Count)
		v.integer("endingIndex", l.EndingIndex)
		v.integer("passed", l.Passed)
		v.integer("failed", l.Failed)
		v.leave(mark)
	}
}

func (v *stepValidator) stepID(s *Step) {
	v.integer("id", s.ID)
	if !s.ID.Present {
		return
	}
	if v.ids[s.ID.Value] {
		v.find("id", Warning, "unique", "id %d is given to more than one step; this one gets another id", s.ID.Value)
	}
	v.ids[s.ID.Value] = true
}

func (v *stepValidator) stepStatus(s *Step) {
	switch {
	case s.Status == 0:
		v.missing("status", Warning, s.Extra)
	case s.Status.String() == "":
		v.find("status", Violation, "enum", "status is %s; allowed are P, F, S, D, E, T and U", describeStatus(s.Status))
	case s.Status == Passed && s.hasFailedMeasurement():
		v.find("status", Warning, "status", "status is P but a measurement of the step failed")
	}
	if s.Group != 0 && s.Group.String() == "" {
		v.find("group", Violation, "enum", "group is %q; allowed are S, M and C", string(rune(s.Group)))
	}
}

func (s *Step) hasFailedMeasurement() bool {
	for i := range s.Numeric {
		if s.Numeric[i].Status == Failed {
			return true
		}
	}
	for i := range s.Strings {
		if s.Strings[i].Status == Failed {
			return true
		}
	}
	for i := range s.Booleans {
		if s.Booleans[i].Status == Failed {
			return true
		}
	}
	return false
}

func (v *stepValidator) measurements(s *Step) {
	kinds := 0
	for _, n := range [...]int{len(s.Numeric), len(s.Strings), len(s.Booleans)} {
		if n > 0 {
			kinds++
		}
	}
	if kinds > 1 {
		v.find("", Violation, "measurements", "the step has more than one of numericMeas, stringMeas and booleanMeas")
	}
	names := measurementNames{validator: v.validator, several: len(s.Numeric) > 1}
	for i := range s.Numeric {
		mark := v.intoElement("numericMeas", i)
		v.numeric(&s.Numeric[i])
		names.check(&s.Numeric[i].Name, s.Numeric[i].Extra)
		v.leave(mark)
	}
	names = measurementNames{validator: v.validator, several: len(s.Strings) > 1}
	for i := range s.Strings {
		mark := v.intoElement("stringMeas", i)
		v.stringMeasurement(&s.Strings[i])
		names.check(&s.Strings[i].Name, s.Strings[i].Extra)
		v.leave(mark)
	}
	names = measurementNames{validator: v.validator, several: len(s.Booleans) > 1}
	for i := range s.Booleans {
		mark := v.intoElement("booleanMeas", i)
		v.measurementStatus(s.Booleans[i].Status, Violation, s.Booleans[i].Extra)
		names.check(&s.Booleans[i].Name, s.Booleans[i].Extra)
		v.leave(mark)
	}
}

// measurementNames checks the names of the measurements of one step: with more than one, all are there and unique.
type measurementNames struct {
	*validator
	several bool
	met     map[string]int // names, and the last number that was appended to each
}

func (v *measurementNames) check(name *string, extra []Member) {
	if !v.several {
		v.text("name", name, maxMeasurementName)
		return
	}
	v.required("name", name, maxMeasurementName, extra)
	if v.met == nil {
		v.met = make(map[string]int)
	}
	if _, again := v.met[*name]; again && *name != "" {
		if v.mending {
			v.rename(name)
		} else {
			v.find("name", Violation, "unique", "the step has more than one measurement with the name %q", *name)
		}
	}
	v.met[*name] = 1
}

// measurementStatus checks a status. What a missing one means depends on whether the limits tell it.
func (v *stepValidator) measurementStatus(s Status, missing Severity, extra []Member) {
	switch s {
	case Passed, Failed, Skipped:
	case 0:
		v.missing("status", missing, extra)
	default:
		v.find("status", Violation, "enum", "status is %s; a measurement takes P, F and S", describeStatus(s))
	}
}

func (v *stepValidator) numeric(m *NumericMeasurement) {
	v.measurementStatus(m.Status, Warning, m.Extra)
	v.text("unit", &m.Unit, maxUnit)
	if !m.Value.Present() && m.Status != Skipped {
		v.missing("value", Violation, m.Extra)
	}
	v.number("value", m.Value)
	v.number("highLimit", m.High)
	v.number("lowLimit", m.Low)
	if m.CompOp == CASESENSIT || m.CompOp == IGNORECASE || m.CompOp > IGNORECASE {
		v.find("compOp", v.marked(), "limits", "compOp %s does not compare numbers; the status is kept", m.CompOp)
	}
	v.limits(m)
}

func (v *stepValidator) limits(m *NumericMeasurement) {
	low, high := m.CompOp.limitNeeds()
	if v.mending && low && !high && !m.Low.Present() && m.High.Present() {
		v.moveLimit(m)
	}
	switch {
	case v.writing && (low && isNaN(m.Low) || high && isNaN(m.High)):
		v.find("compOp", Violation, "limits", "a limit is NaN, which nothing passes")
	case low && high && m.Low.Float() > m.High.Float():
		v.find("lowLimit", v.marked(), "limits", "lowLimit %s is above highLimit %s", m.Low, m.High)
	case low && !high && !m.Low.Present() && m.High.Present():
		v.find("lowLimit", v.marked(), "limits", "compOp %s takes its limit from lowLimit, but only highLimit is given", m.CompOp)
	case low && !m.Low.Present():
		v.find("lowLimit", v.marked(), "limits", "compOp %s needs lowLimit; the status is kept", m.CompOp)
	case high && !m.High.Present():
		v.find("highLimit", v.marked(), "limits", "compOp %s needs highLimit; the status is kept", m.CompOp)
	}
}

func isNaN(n Number) bool { return n.Present() && math.IsNaN(n.Float()) }

func (v *stepValidator) stringMeasurement(m *StringMeasurement) {
	v.measurementStatus(m.Status, Warning, m.Extra)
	most := maxMeasurementText
	if v.writing && !v.mending {
		most = maxWrittenMeasurementText
	}
	v.prose("value", &m.Value, most)
	v.prose("limit", &m.Limit, most)
	if !m.CompOp.comparesTexts() {
		v.find("compOp", v.marked(), "limits", "compOp %s does not compare texts; the status is kept", m.CompOp)
	}
}

func (v *stepValidator) sequence(s *Sequence) {
	mark := v.into("seqCall")
	v.text("path", &s.Path, maxSequencePath)
	v.text("name", &s.Name, maxSequenceName)
	v.text("version", &s.Version, maxSequenceVersion)
	v.leave(mark)
}

func (v *stepValidator) chart(c *Chart) {
	mark := v.into("chart")
	v.text("chartType", &c.Type, maxChartType)
	if c.Type != "" && !knownChartType(c.Type) {
		v.find("chartType", v.marked(), "enum", "chartType is %q; it is drawn as Line", c.Type)
	}
	v.text("label", &c.Label, maxChartLabel)
	v.text("xLabel", &c.XLabel, maxChartLabel)
	v.text("xUnit", &c.XUnit, maxChartUnit)
	v.text("yLabel", &c.YLabel, maxChartLabel)
	v.text("yUnit", &c.YUnit, maxChartUnit)
	for i := range c.Series {
		s := &c.Series[i]
		mark := v.intoElement("series", i)
		v.text("dataType", &s.DataType, maxSeriesType)
		v.required("name", &s.Name, maxChartLabel, s.Extra)
		if x, y := points(s.XData), points(s.YData); s.XData != "" && x != y {
			v.find("xdata", Violation, "series", "xdata has %d points and ydata has %d", x, y)
		}
		v.leave(mark)
	}
	v.leave(mark)
}

// points returns how many numbers a series holds. One semicolon may stand behind the last one.
func points(data string) int {
	data = strings.TrimSuffix(data, ";")
	if data == "" {
		return 0
	}
	return 1 + strings.Count(data, ";")
}

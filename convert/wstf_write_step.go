package convert

import (
	"cmp"
	"strconv"

	"github.com/gowats/gowats/report"
)

// root writes what is inside of the main sequence, which itself has no row.
func (w *wstfWriter) root(s *report.Step) {
	w.at = w.at[:0]
	w.stepLosses(s)
	w.lose(s.Name != defaultRootName || s.TotalTime.Present() || s.ErrorCode.Present || s.ErrorMessage+s.ReportText != "" ||
		s.CausedSequenceFailure.Present, "name, time, texts and error of the main sequence")
	w.chart(s.Chart)
	w.sequenceBody(s)
}

// sequenceBody writes the measurements and the children of a sequence. A sequence has no row for measurements: a step inside of it has them.
func (w *wstfWriter) sequenceBody(s *report.Step) {
	if measurementCount(s) > 0 {
		w.lose(true, "measurements of a step with steps of its own are written as a step inside of it")
		w.measured(&report.Step{Name: s.Name, Status: s.Status, Numeric: s.Numeric, Strings: s.Strings, Booleans: s.Booleans}, true)
	}
	depth := len(w.at)
	w.at = append(w.at, 0)
	for i, child := range s.Steps {
		if child == nil {
			continue
		}
		w.at[depth] = i
		w.step(child, i+1 < len(s.Steps) && (s.Steps[i+1] == nil || stepName(s.Steps[i+1]) == stepName(child)))
	}
	w.at = w.at[:depth]
}

func measurementCount(s *report.Step) int { return len(s.Numeric) + len(s.Strings) + len(s.Booleans) }

// stepName returns the name of a step as its row has it. No row may be without one, since it would be taken for part of the row before.
func stepName(s *report.Step) string { return cleanCell(cmp.Or(s.Name, s.Type, wstfAction)) }

// step writes a step and those inside of it. Followed is true when a step of the same name may come next.
func (w *wstfWriter) step(s *report.Step, followed bool) {
	w.stepLosses(s)
	switch {
	case len(s.Steps) > 0 || s.Sequence != nil || s.Kind() == report.KindSequence:
		w.sequence(s)
		return
	case measurementCount(s) > 0:
		w.measured(s, followed)
	default:
		w.unmeasured(s)
	}
	w.chart(s.Chart)
}

// stepLosses names what a step has and a row has no column for.
func (w *wstfWriter) stepLosses(s *report.Step) {
	w.lose(s.ID.Present, "ids of steps")
	w.lose(s.Group == report.Setup || s.Group == report.Cleanup, "step groups: all steps are in Main")
	w.lose(s.Start.Present(), "starts of steps")
	w.lose(s.TotalTimeFormat+s.ErrorCodeFormat != "", "display formats of numbers")
	w.lose(s.TSGuid != "" || s.InteractiveExeNum.Present, "TestStand's ids of steps, and interactive runs")
	w.lose(s.Loop != nil, "loops: their passes stay as steps")
	w.lose(s.Attachment != nil, "attached files")
	w.lose(s.MessagePopup != nil, "answers to message pop-ups")
	w.lose(s.CallExecutable != nil, "exit codes of programs")
	w.lose(len(s.AdditionalResults) > 0, "additional results")
	w.lose(len(s.Extra) > 0, "members that are not known")
	w.lose(cleanCell(s.Name) != s.Name, wstfUnclean)
	w.lose(s.Name == "", "a step without a name is named after its type")
	w.lose(s.Status == 0, "a step without status is judged when it is read")
}

// typed notes that a step is of another type than the one its row is read as.
func (w *wstfWriter) typed(s *report.Step, readAs string) {
	w.lose(s.Type != readAs, "names of step types: the kind of a step stays")
}

// row returns the row of a step, without a measurement.
func (w *wstfWriter) row(word string, s *report.Step) []string {
	row := w.nameRow(word, s)
	row[wstfStepStatus] = s.Status.String()
	row[wstfStepTime] = s.TotalTime.String()
	row[wstfReportText] = s.ReportText
	row[wstfStepErrorCode] = integerText(s.ErrorCode)
	row[wstfStepErrorMessage] = s.ErrorMessage
	if s.CausedSequenceFailure.Present {
		row[wstfCausedFailure] = wstfFalse
		if s.CausedSequenceFailure.Value {
			row[wstfCausedFailure] = wstfTrue
		}
	}
	return row
}

// nameRow returns the row of a step with nothing but its name.
func (w *wstfWriter) nameRow(word string, s *report.Step) []string {
	row := make([]string, wstfColumnCount)
	row[wstfStepType] = word
	row[wstfStepName] = stepName(s)
	return row
}

func (w *wstfWriter) sequence(s *report.Step) {
	w.typed(s, wstfSequence)
	w.lose(s.Sequence == nil || s.Sequence.Path+s.Sequence.Version != "" || s.Sequence.Name != s.Name || len(s.Sequence.Extra) > 0,
		"path, name and version of the sequences below the main one")
	w.line(w.row(wstfSequence, s)...)
	w.chart(s.Chart)
	w.sequenceBody(s)
	end := w.nameRow(wstfEndSequence, s)
	end[wstfStepStatus] = s.Status.String()
	w.line(end...)
}

// unmeasured writes a step without a measurement.
func (w *wstfWriter) unmeasured(s *report.Step) {
	word, several := wstfAction, false
	switch s.Kind() {
	case report.KindNumeric, report.KindMultiNumeric:
		word, several = wstfNumeric, s.Kind() == report.KindMultiNumeric
	case report.KindString, report.KindMultiString:
		word, several = wstfString, s.Kind() == report.KindMultiString
	case report.KindPassFail, report.KindMultiPassFail:
		word, several = wstfPassFail, s.Kind() == report.KindMultiPassFail
	}
	switch {
	case word != wstfAction:
		w.typed(s, wstfType(word, several))
	case s.Chart != nil:
		w.typed(s, wstfChartType)
	default:
		w.typed(s, wstfActionType)
	}
	if several {
		w.line(w.row(wstfMultiple+word, s)...)
		w.line(w.nameRow(wstfEndMultiple+word, s)...)
		return
	}
	row := w.row(word, s)
	if word == wstfPassFail && (s.Status == report.Passed || s.Status == report.Failed) {
		row[wstfValue] = wstfNoValue
	}
	w.line(row...)
}

// wstfMeasurement is a measurement as a row has it.
type wstfMeasurement struct {
	name   string
	status report.Status
	left   report.Status                      // what a reader makes of its row when the row's status leaves the verdict open
	cells  [wstfUnit - wstfMeasureName]string // from Value to Unit
}

// measured writes the measurements of a step. A step has measurements of one kind; those of another become a step of their own.
func (w *wstfWriter) measured(s *report.Step, followed bool) {
	kinds := 0
	for _, some := range [...]bool{len(s.Numeric) > 0, len(s.Strings) > 0, len(s.Booleans) > 0} {
		if some {
			kinds++
		}
	}
	w.lose(kinds > 1, "a step with measurements of several kinds is written as one step for each kind")
	followed = followed || kinds > 1
	if len(s.Numeric) > 0 {
		w.tests(s, wstfNumeric, w.numerics(s.Numeric), followed)
	}
	if len(s.Strings) > 0 {
		w.tests(s, wstfString, w.strings(s.Strings), followed)
	}
	if len(s.Booleans) > 0 {
		w.tests(s, wstfPassFail, w.booleans(s.Booleans), followed)
	}
}

func (w *wstfWriter) numerics(from []report.NumericMeasurement) []wstfMeasurement {
	var list []wstfMeasurement
	for i := range from {
		m := &from[i]
		w.lose(m.ValueFormat+m.LowFormat+m.HighFormat != "", "display formats of numbers")
		w.lose(len(m.Extra) > 0, "members that are not known")
		w.lose(m.CompOp == report.NoCompOp, "an absent operator is LOG")
		low, high := m.Low.Present(), m.High.Present()
		w.lose(low && !high && lowHalf(m.CompOp) != m.CompOp || high && !low && (highHalf(m.CompOp) != m.CompOp || report.EQ <= m.CompOp && m.CompOp <= report.LE),
			"an operator that lacks a limit is read as the one-sided one it means")
		left, ok := m.CompOp.Judge(m.Value, m.Low, m.High)
		list = append(list, wstfMeasurement{
			m.Name, m.Status, measuredAs(0, left, ok),
			[...]string{m.Value.String(), m.Low.String(), m.High.String(), cmp.Or(m.CompOp, report.LOG).String(), m.Unit},
		})
	}
	return list
}

func (w *wstfWriter) strings(from []report.StringMeasurement) []wstfMeasurement {
	var list []wstfMeasurement
	for i := range from {
		m := &from[i]
		w.lose(len(m.Extra) > 0, "members that are not known")
		w.lose(m.CompOp == report.NoCompOp, "an absent operator is LOG")
		left, ok := m.CompOp.JudgeText(m.Value, m.Limit)
		list = append(list, wstfMeasurement{
			m.Name, m.Status, measuredAs(0, left, ok), [...]string{m.Value, m.Limit, "", cmp.Or(m.CompOp, report.LOG).String(), ""},
		})
	}
	return list
}

func (w *wstfWriter) booleans(from []report.BooleanMeasurement) []wstfMeasurement {
	var list []wstfMeasurement
	for i := range from {
		m := &from[i]
		w.lose(len(m.Extra) > 0, "members that are not known")
		value := wstfTrue
		switch m.Status {
		case report.Failed:
			value = wstfFalse
		case report.Skipped:
			value = wstfSkipped
		}
		left, ok := wstfBoolean(value)
		list = append(list, wstfMeasurement{m.Name, m.Status, measuredAs(0, left, ok), [...]string{value, "", "", "", ""}})
	}
	return list
}

// tests writes the measurements of one kind of a step.
func (w *wstfWriter) tests(s *report.Step, word string, list []wstfMeasurement, followed bool) {
	several := len(list) > 1 || list[0].name != ""
	w.typed(s, wstfType(word, several))
	if !several {
		m := list[0]
		row := w.row(word, s)
		copy(row[wstfValue:], m.cells[:])
		w.lose(measuredAs(s.Status, m.left, true) != m.status, "a status of a measurement that differs from that of its step")
		w.line(row...)
		return
	}
	// Rows of the same step follow each other, and their statuses together are that of the step. Where that is not so, rows of their own
	// begin and end the step.
	verdict := list[0].status
	for _, m := range list {
		verdict = together(verdict, m.status)
	}
	enclosed := followed || verdict != s.Status
	if enclosed {
		w.line(w.row(wstfMultiple+word, s)...)
	}
	given := names{}
	for i, m := range list {
		row := w.nameRow(word, s)
		if i == 0 && !enclosed {
			row = w.row(word, s)
		}
		name := given.unique(cmp.Or(m.name, "#"+strconv.Itoa(i+1)))
		w.lose(name != m.name, "a measurement of a multi test without a name, or with that of another, is given a number")
		w.lose(measuredAs(m.status, m.left, true) != m.status, "a measurement without status is judged when it is read")
		row[wstfMeasureName] = name
		row[wstfStepStatus] = m.status.String()
		copy(row[wstfValue:], m.cells[:])
		w.line(row...)
	}
	if enclosed {
		w.line(w.nameRow(wstfEndMultiple+word, s)...)
	}
}

// chart writes the chart of the step that was written last.
func (w *wstfWriter) chart(c *report.Chart) {
	if c == nil {
		return
	}
	w.lose(len(c.Extra) > 0, "members that are not known")
	w.line(wstfChart, c.Type, c.Label, c.YUnit, c.YLabel, c.XUnit, c.XLabel)
	for i := range c.Series {
		s := &c.Series[i]
		w.lose(len(s.Extra) > 0, "members that are not known")
		w.line(wstfSeries, s.Name, s.DataType, s.YData, s.XData)
	}
}

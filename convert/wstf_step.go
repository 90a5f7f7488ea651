package convert

import (
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// wstfColumn is a column of the step part.
type wstfColumn int

// The columns, in the order in which they are written.
const (
	wstfStepType wstfColumn = iota
	wstfStepName
	wstfMeasureName
	wstfValue
	wstfLow
	wstfHigh
	wstfCompOp
	wstfUnit
	wstfStepStatus
	wstfStepTime
	wstfReportText
	wstfStepErrorCode
	wstfStepErrorMessage
	wstfCausedFailure
	wstfColumnCount
)

func (c wstfColumn) String() string {
	return [...]string{
		"StepType", "StepName", "MeasureName", "Value", "LowLimit", "HighLimit", "CompOperator", "Unit", "Status", "StepExecutionTime",
		"StepReportText", "StepErrorCode", "StepErrorMessage", "CausedSequenceFailure",
	}[c]
}

// wstfColumns says in which cell of a row each column stands; −1 where it is missing.
type wstfColumns [wstfColumnCount]int

// wstfRow is a row of the step part.
type wstfRow struct {
	cells   []string
	columns *wstfColumns
}

// get returns a cell; those missing at the end of a short row are empty.
func (w wstfRow) get(c wstfColumn) string { return w.at(w.columns[c]) }

// at returns the cell at a position, from 0.
func (w wstfRow) at(i int) string {
	if i < 0 || i >= len(w.cells) {
		return ""
	}
	return w.cells[i]
}

// The words of the first column. Measuring rows have the words of wstfTest.
const (
	wstfSequence    = "SequenceCall"
	wstfEndSequence = "EndSequenceCall"
	wstfAction      = "ActionStep"
	wstfChart       = "Chart"
	wstfSeries      = "Series"
	wstfNumeric     = "NumericLimitTest"
	wstfString      = "StringValueTest"
	wstfPassFail    = "PassFailTest"
	wstfMultiple    = "Multiple" // before one of the three: a multi test
	wstfEndMultiple = "EndMultiple"
)

// columnRow reads the row that names the columns.
func (r *wstfReader) columnRow(line string) error {
	for c := range r.columns {
		r.columns[c] = -1
	}
	var unknown []string
	for i, cell := range r.cells(line) {
		cell = strings.TrimSpace(cell)
		known := cell == ""
		for c := range wstfColumnCount {
			if strings.EqualFold(cell, c.String()) && r.columns[c] < 0 {
				r.columns[c], known = i, true
			}
		}
		if !known {
			unknown = append(unknown, cell)
		}
	}
	if r.columns[wstfStepType] != 0 || r.columns[wstfStepName] < 0 {
		return r.fail("the step part begins without a row of column names, of which %s is the first", wstfStepType)
	}
	for _, name := range unknown {
		r.lose(r.where(), "the column %.100q is not known, or stands twice, and is passed over", name)
	}
	for c, i := range r.columns {
		if i < 0 {
			r.lose(r.where(), "the column %s is missing", wstfColumn(c))
		}
	}
	r.columnsKnown = true
	return nil
}

// stepLine reads a row of the step part.
func (r *wstfReader) stepLine(line string) error {
	if r.steps++; r.steps > maxUnitSteps {
		return r.fail("the unit that begins at line %d has more than %d step rows", r.began, maxUnitSteps)
	}
	row := wstfRow{r.cells(line), &r.columns}
	word := strings.TrimSpace(row.at(0))
	switch {
	case strings.EqualFold(word, wstfStatus):
		r.status = row.at(1)
		return nil
	case strings.EqualFold(word, wstfSequence):
		return r.openSequence(row)
	case strings.EqualFold(word, wstfEndSequence):
		return r.closeSequence(row)
	case strings.EqualFold(word, wstfAction):
		_, err := r.addStep(wstfActionType, row)
		return err
	case strings.EqualFold(word, wstfChart):
		return r.chart(row)
	case strings.EqualFold(word, wstfSeries):
		return r.series(row)
	}
	end, isEnd := cutPrefixFold(word, wstfEndMultiple)
	several, isSeveral := cutPrefixFold(word, wstfMultiple)
	switch {
	case isEnd:
		return r.endMulti(row, end)
	case isSeveral:
		word = several
	}
	for _, kind := range [...]string{wstfNumeric, wstfString, wstfPassFail} {
		if strings.EqualFold(word, kind) {
			return r.test(row, kind, isSeveral)
		}
	}
	return r.fail("the row begins with %.100q, which is no step type", row.at(0))
}

func cutPrefixFold(s, prefix string) (rest string, found bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// addStep adds a step to the sequence that is open.
func (r *wstfReader) addStep(stepType string, row wstfRow) (*report.Step, error) {
	s := &report.Step{Type: stepType, Group: report.Main, Name: row.get(wstfStepName)}
	if s.Name == "" {
		s.Name = strings.TrimSpace(row.at(0))
		r.lose(r.where(), "a step without a name is named after its type")
	}
	parent := r.open[len(r.open)-1]
	parent.Steps = append(parent.Steps, s)
	r.last, r.multi = s, wstfMulti{}
	status, err := r.stepStatus(row)
	s.Status = status
	r.details(s, row)
	return s, err
}

// stepStatus returns the status of a row; "" is absent.
func (r *wstfReader) stepStatus(row wstfRow) (report.Status, error) {
	word := strings.TrimSpace(row.get(wstfStepStatus))
	status, ok := report.ParseStatus(word)
	if !ok && word != "" {
		return 0, r.fail("%s is %.100q, which is no status", wstfStepStatus, word)
	}
	return status, nil
}

// details sets what a row says of its step as a whole, and leaves what it does not say.
func (r *wstfReader) details(s *report.Step, row wstfRow) {
	if n := number(row.get(wstfStepTime)); n.Present() {
		s.TotalTime = n
	}
	if text := row.get(wstfReportText); text != "" {
		s.ReportText = text
	}
	if code := r.integer(wstfStepErrorCode.String(), row.get(wstfStepErrorCode)); code.Present {
		s.ErrorCode = code
	}
	if text := row.get(wstfStepErrorMessage); text != "" {
		s.ErrorMessage = text
	}
	switch cell := strings.TrimSpace(row.get(wstfCausedFailure)); strings.ToLower(cell) {
	case "":
	case "true", "yes", "1":
		s.CausedSequenceFailure = report.Some(true)
	case "false", "no", "0":
		s.CausedSequenceFailure = report.Some(false)
	default:
		r.lose(r.where(), "%s is %.100q, which is neither True nor False", wstfCausedFailure, cell)
	}
}

// maxOpenSequences is how deep sequences may nest.
const maxOpenSequences = 500

func (r *wstfReader) openSequence(row wstfRow) error {
	if len(r.open) == maxOpenSequences {
		return r.fail("sequences are nested deeper than %d", maxOpenSequences)
	}
	s, err := r.addStep(wstfSequence, row)
	s.Steps, s.Sequence = []*report.Step{}, &report.Sequence{Name: s.Name}
	r.open = append(r.open, s)
	return err
}

// closeSequence ends a sequence. What the row says overrides what was said where it began.
func (r *wstfReader) closeSequence(row wstfRow) error {
	last := len(r.open) - 1
	if last == 0 {
		return r.fail("%s where no sequence is open", wstfEndSequence)
	}
	s := r.open[last]
	if name := row.get(wstfStepName); name != "" && strings.TrimSpace(name) != strings.TrimSpace(s.Name) {
		return r.fail("%s of %.100q where the end of %.100q is expected", wstfEndSequence, name, s.Name)
	}
	status, err := r.stepStatus(row)
	if status != 0 {
		s.Status = status
	}
	r.details(s, row)
	r.open, r.last, r.multi = r.open[:last], s, wstfMulti{}
	return err
}

// wstfMulti is a multi test to which rows may still be added.
type wstfMulti struct {
	step  *report.Step // nil when there is none
	kind  string
	names names
	given bool // the step has a status of its own
}

// joins reports whether a measurement belongs to m: one of the same kind with a name of its own and no other step name.
func (m *wstfMulti) joins(kind, step, measurement string) bool {
	return m.step != nil && m.kind == kind && measurement != "" && (step == "" || step == m.step.Name)
}

// test reads a measuring row. A row with a MeasureName is part of a multi test. Such a test may also begin with a row that has no
// measurement but the status of the step.
func (r *wstfReader) test(row wstfRow, kind string, several bool) error {
	name := row.get(wstfMeasureName)
	measured := wstfMeasured(row, kind)
	if several && kind == wstfPassFail && name+row.get(wstfValue) == "" {
		measured = false // the status is the step's
	}
	if several && measured && name == "" {
		name = "#" + strconv.Itoa(1+len(r.multi.names))
		r.lose(r.where(), "a measurement of a multi test without a name is given a number")
	}
	several = several || name != ""
	if r.multi.joins(kind, row.get(wstfStepName), name) {
		status, err := r.stepStatus(row)
		if !r.multi.given {
			r.multi.step.Status = together(r.multi.step.Status, status)
		}
		r.details(r.multi.step, row)
		r.measure(row, kind, name, status)
		return err
	}
	s, err := r.addStep(wstfType(kind, several), row)
	if several {
		r.multi = wstfMulti{s, kind, names{}, !measured}
	}
	if measured {
		r.measure(row, kind, name, s.Status)
	}
	return err
}

// wstfMeasured reports whether a row has a measurement: a skipped step, or the header of a loop, has none.
func wstfMeasured(row wstfRow, kind string) bool {
	columns := []wstfColumn{wstfMeasureName, wstfValue, wstfLow, wstfHigh, wstfCompOp, wstfUnit}
	if kind == wstfPassFail {
		switch status, _ := report.ParseStatus(strings.TrimSpace(row.get(wstfStepStatus))); status {
		case report.Passed, report.Failed:
			return row.get(wstfMeasureName) != "" || !strings.EqualFold(strings.TrimSpace(row.get(wstfValue)), wstfNoValue)
		}
		columns = columns[:2]
	}
	for _, c := range columns {
		if strings.TrimSpace(row.get(c)) != "" {
			return true
		}
	}
	return false
}

// The step types of rows without a measurement.
const (
	wstfActionType = "ET_A"
	wstfChartType  = "WATS_XYGMNLT"
)

// wstfType returns the step type of a kind of row.
func wstfType(kind string, several bool) string {
	single, multi := "ET_NLT", "ET_MNLT"
	switch kind {
	case wstfString:
		single, multi = "ET_SVT", "ET_MSVT"
	case wstfPassFail:
		single, multi = "ET_PFT", "ET_MPFT"
	}
	if several {
		return multi
	}
	return single
}

// together returns the status of a multi test of which two measurements have a and b. One that is not known yet counts for less than a
// failure, and for more than the others.
func together(a, b report.Status) report.Status {
	const order = "TEF\x00PDS"
	if strings.IndexByte(order, byte(b)) < strings.IndexByte(order, byte(a)) {
		return b
	}
	return a
}

// endMulti ends a multi test.
func (r *wstfReader) endMulti(row wstfRow, kind string) error {
	if r.multi.step == nil || !strings.EqualFold(kind, r.multi.kind) {
		return r.fail("%s where no such test is open", strings.TrimSpace(row.at(0)))
	}
	status, err := r.stepStatus(row)
	if status != 0 {
		r.multi.step.Status = status
	}
	r.details(r.multi.step, row)
	r.multi = wstfMulti{}
	return err
}

// measure adds the measurement of a row to the step opened last.
func (r *wstfReader) measure(row wstfRow, kind, name string, status report.Status) {
	if name != "" {
		if unique := r.multi.names.unique(name); unique != name {
			r.lose(r.where(), "a measurement has a name that stands in its step already, and is numbered")
			name = unique
		}
	}
	switch s := r.last; kind {
	case wstfNumeric:
		m := r.numeric(row)
		judged, ok := m.CompOp.Judge(m.Value, m.Low, m.High)
		m.Name, m.Status = name, measuredAs(status, judged, ok)
		s.Numeric = append(s.Numeric, m)
	case wstfString:
		m := r.text(row)
		judged, ok := m.CompOp.JudgeText(m.Value, m.Limit)
		m.Name, m.Status = name, measuredAs(status, judged, ok)
		s.Strings = append(s.Strings, m)
	default:
		judged, ok := wstfBoolean(row.get(wstfValue))
		s.Booleans = append(s.Booleans, report.BooleanMeasurement{Name: name, Status: measuredAs(status, judged, ok)})
	}
}

// measuredAs returns the status of a measurement in a row of that status. Measurements know Passed, Failed and Skipped only: with any
// other status, what the limits say counts.
func measuredAs(row, judged report.Status, ok bool) report.Status {
	switch {
	case row == report.Passed || row == report.Failed || row == report.Skipped:
		return row
	case ok:
		return judged
	case row == report.Error || row == report.Terminated:
		return report.Failed
	}
	return report.Passed
}

// What stands in the value column of a pass-fail row. The status counts; the value says what the status leaves open.
const (
	wstfTrue    = "True"
	wstfFalse   = "False"
	wstfSkipped = "Skipped"
	wstfNoValue = "None" // the step has a verdict, and no measurement
)

func wstfBoolean(cell string) (report.Status, bool) {
	switch cell = strings.TrimSpace(cell); {
	case strings.EqualFold(cell, wstfTrue) || cell == "1":
		return report.Passed, true
	case strings.EqualFold(cell, wstfFalse) || cell == "0":
		return report.Failed, true
	case strings.EqualFold(cell, wstfSkipped):
		return report.Skipped, true
	}
	return 0, false
}

// numeric reads the number of a row and its limits. Without an operator, the limits that are there tell it.
func (r *wstfReader) numeric(row wstfRow) report.NumericMeasurement {
	m := report.NumericMeasurement{
		Value: number(row.get(wstfValue)), Unit: row.get(wstfUnit),
		Low: number(row.get(wstfLow)), High: number(row.get(wstfHigh)),
	}
	low, high := m.Low.Present(), m.High.Present()
	op := r.operator(row)
	if op == report.NoCompOp {
		switch {
		case low && high:
			op = report.GELE
		case low:
			op = report.GE
		case high:
			op = report.LE
		default:
			op = report.LOG
		}
	}
	switch {
	case low == high: // both, or none
	case low:
		op = lowHalf(op)
	default:
		op = highHalf(op)
		if report.EQ <= op && op <= report.LE {
			m.Low, m.High = m.High, report.Number{} // one limit stands in Low, whichever it is
		}
	}
	m.CompOp = op
	return m
}

// lowHalf returns what an inside operator means when there is no high limit.
func lowHalf(op report.CompOp) report.CompOp {
	switch op {
	case report.GELE, report.GELT:
		return report.GE
	case report.GTLE, report.GTLT:
		return report.GT
	}
	return op
}

// highHalf returns what an inside operator means when there is no low limit.
func highHalf(op report.CompOp) report.CompOp {
	switch op {
	case report.GELE, report.GTLE:
		return report.LE
	case report.GELT, report.GTLT:
		return report.LT
	}
	return op
}

// text reads the text of a row. Its limit stands in the column of low limits.
func (r *wstfReader) text(row wstfRow) report.StringMeasurement {
	m := report.StringMeasurement{Value: row.get(wstfValue), Limit: row.get(wstfLow), CompOp: r.operator(row)}
	if m.Limit == "" {
		m.Limit = row.get(wstfHigh)
	}
	switch {
	case m.CompOp != report.NoCompOp:
	case m.Limit != "":
		m.CompOp = report.CASESENSIT
	default:
		m.CompOp = report.LOG
	}
	return m
}

// operator returns the operator of a row. One that is not known is LOG: the status that was given stands.
func (r *wstfReader) operator(row wstfRow) report.CompOp {
	word := strings.TrimSpace(row.get(wstfCompOp))
	op, ok := report.ParseCompOp(word)
	if !ok && word != "" {
		r.lose(r.where(), "%.100q is no comparison operator and is read as LOG", word)
		return report.LOG
	}
	return op
}

// chart reads a chart row by position: type, label, Y unit, Y label, X unit, X label.
func (r *wstfReader) chart(row wstfRow) error {
	if r.last.Chart != nil {
		return r.fail("a second %s in step %.100q", wstfChart, r.last.Name)
	}
	r.last.Chart = &report.Chart{
		Type: row.at(1), Label: row.at(2), YUnit: row.at(3), YLabel: row.at(4), XUnit: row.at(5), XLabel: row.at(6),
	}
	if r.last.Type == wstfActionType {
		r.last.Type = wstfChartType
	}
	return nil
}

// series reads a row by position: name, data type, Y data, X data.
func (r *wstfReader) series(row wstfRow) error {
	c := r.last.Chart
	if c == nil {
		return r.fail("a %s without a %s before it", wstfSeries, wstfChart)
	}
	c.Series = append(c.Series, report.Series{
		Name: row.at(1), DataType: row.at(2), YData: decimalPoints(row.at(3)), XData: decimalPoints(row.at(4)),
	})
	return nil
}

// decimalPoints returns numbers joined by semicolons, which may have a decimal comma, with decimal points.
func decimalPoints(data string) string { return strings.ReplaceAll(data, ",", ".") }

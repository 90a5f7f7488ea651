package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// StepBuilder is a step of a test report that is being built. Its adding methods (Sequence, Numeric, …) add a child and return it; the
// others set something of the step itself and return it again.
//
// A step without a given status is judged by [UUT.Report]. On what [StepBuilder.Loop] returned, the adding methods add passes.
type StepBuilder struct {
	u    *UUT
	step *Step
	loop *loop // when step is the header of one
}

// add adds a step. The caller fills it and then checks it.
func (s StepBuilder) add(stepType, name string) *Step {
	child := &Step{Type: stepType, Name: name, Group: Main}
	if s.loop != nil {
		s.loop.add(child)
	} else {
		s.step.Steps = append(s.step.Steps, child)
	}
	return child
}

// checked checks a new step.
func (s StepBuilder) checked(step *Step, problems ...string) StepBuilder {
	made := StepBuilder{u: s.u, step: step}
	made.check(func(v *stepValidator) {
		v.own(step)
		for _, problem := range problems {
			v.problem(problem)
		}
	})
	return made
}

func (v *stepValidator) problem(text string) {
	if text != "" {
		v.find("", Violation, "limits", "%s", text)
	}
}

// check runs the checks of one call on the step.
func (s StepBuilder) check(checks func(*stepValidator)) {
	h := &s.u.Head
	from := len(h.v.findings)
	h.v.path = h.v.path[:0]
	checks(&stepValidator{validator: &h.v})
	h.v.path = append(h.v.path[:0], '$')
	h.keep(from, s.path)
}

// members checks what every step has.
func (s StepBuilder) members() StepBuilder {
	s.check(func(v *stepValidator) { v.stepMembers(s.step) })
	return s
}

// path returns the JSON path of the step.
func (s StepBuilder) path() string {
	path, _ := pathTo(s.step, s.u.r.Test.Root, "$.root")
	return path
}

func pathTo(wanted, at *Step, path string) (string, bool) {
	if wanted == at {
		return path, true
	}
	for i, child := range at.Steps {
		if found, ok := pathTo(wanted, child, fmt.Sprintf("%s.steps[%d]", path, i)); ok {
			return found, true
		}
	}
	return path, false
}

// Sequence adds a call of a sequence, to which steps are added in turn.
func (s StepBuilder) Sequence(name string) StepBuilder {
	step := s.add(typeSequence, name)
	step.Sequence = &Sequence{Name: name}
	return s.checked(step)
}

// Calls sets which sequence the step called: the path of its file, its name and version.
func (s StepBuilder) Calls(path, name, version string) StepBuilder {
	s.step.Sequence = &Sequence{Path: path, Name: name, Version: version}
	s.check(func(v *stepValidator) { v.sequence(s.step.Sequence) })
	return s
}

// Numeric adds a test of one number. NaN passes no limit; without a limit the number is only recorded.
func (s StepBuilder) Numeric(name string, value float64, options ...NumericOption) StepBuilder {
	step := s.add(typeNumeric, name)
	step.Numeric = make([]NumericMeasurement, 1)
	return s.checked(step, step.Numeric[0].fill("", value, options))
}

func (m *NumericMeasurement) fill(name string, value float64, options []NumericOption) (problem string) {
	m.Name, m.Value = name, Num(value)
	for _, option := range options {
		if p := option.applyNumeric(m); p != "" {
			problem = p
		}
	}
	if m.CompOp == NoCompOp {
		m.CompOp = LOG
	}
	return problem
}

// String adds a test of one text.
func (s StepBuilder) String(name, value string, options ...StringOption) StepBuilder {
	step := s.add(typeString, name)
	step.Strings = make([]StringMeasurement, 1)
	return s.checked(step, step.Strings[0].fill("", value, options))
}

func (m *StringMeasurement) fill(name, value string, options []StringOption) (problem string) {
	m.Name, m.Value = name, value
	for _, option := range options {
		if p := option.applyString(m); p != "" {
			problem = p
		}
	}
	if m.CompOp == NoCompOp {
		m.CompOp = LOG
	}
	return problem
}

// PassFail adds a test with nothing but a verdict.
func (s StepBuilder) PassFail(name string, passed bool) StepBuilder {
	step := s.add(typePassFail, name)
	step.Booleans = []BooleanMeasurement{{Status: verdict(passed)}}
	return s.checked(step)
}

// Action adds a step that did something and measured nothing.
func (s StepBuilder) Action(name string) StepBuilder { return s.Generic(typeAction, name) }

// Generic adds a step of any type, such as [TypeFlowIf]. It has no measurement.
func (s StepBuilder) Generic(stepType, name string) StepBuilder {
	return s.checked(s.add(stepType, name))
}

// Attach adds a step that holds a file. Data is not copied. It may have 10 MiB unless [WithMaxAttachment] says otherwise.
func (s StepBuilder) Attach(name string, file Attachment) StepBuilder {
	step := s.add(typeAttachment, name)
	step.Attachment = &file
	made := StepBuilder{u: s.u, step: step}
	made.check(func(v *stepValidator) {
		v.stepMembers(step)
		mark := v.into("attachment")
		s.u.attachment(v.validator, step.Attachment)
		v.leave(mark)
	})
	return made
}

// MessagePopup adds what an operator answered: a text, and the button, counted from 1.
func (s StepBuilder) MessagePopup(name, response string, button int) StepBuilder {
	step := s.add(typeMessagePopup, name)
	step.MessagePopup = &MessagePopup{Response: response, Button: Some(button)}
	return s.checked(step)
}

// CallExecutable adds a call of a program.
func (s StepBuilder) CallExecutable(name string, exitCode int) StepBuilder {
	step := s.add(typeCallExecutable, name)
	step.CallExecutable = &CallExecutable{ExitCode: Num(float64(exitCode))}
	return s.checked(step)
}

// Status gives the step its status instead of leaving it to [UUT.Report]. The one measurement of a single test gets it too, when
// it is Passed, Failed or Skipped.
func (s StepBuilder) Status(status Status) StepBuilder {
	step := s.step
	step.Status = status
	if status == Passed || status == Failed || status == Skipped {
		switch step.kindOfContent() {
		case KindNumeric:
			step.Numeric[0].Status = status
		case KindString:
			step.Strings[0].Status = status
		case KindPassFail:
			step.Booleans[0].Status = status
		}
	}
	return s.members()
}

// KeepFailure makes a failure of the step not fail its parent. An error, or being terminated, still does.
func (s StepBuilder) KeepFailure() StepBuilder {
	if s.u.kept == nil {
		s.u.kept = make(map[*Step]bool)
	}
	s.u.kept[s.step] = true
	s.step.CausedSequenceFailure = Some(false)
	return s
}

// InGroup sets the group; the default is Main.
func (s StepBuilder) InGroup(g Group) StepBuilder {
	s.step.Group = g
	return s.members()
}

// Start sets when the step began.
func (s StepBuilder) Start(at time.Time) StepBuilder {
	s.step.Start = At(at)
	return s.members()
}

// Took sets how long the step took.
func (s StepBuilder) Took(d time.Duration) StepBuilder {
	s.check(func(v *stepValidator) { s.step.TotalTime = v.seconds("totTime", d) })
	return s
}

// ErrorCode sets the error that the step met. It does not change the status.
func (s StepBuilder) ErrorCode(code int, message string) StepBuilder {
	s.step.ErrorCode, s.step.ErrorMessage = Some(code), message
	return s.members()
}

// ReportText sets free text.
func (s StepBuilder) ReportText(text string) StepBuilder {
	s.step.ReportText = text
	return s.members()
}

// TSGuid sets TestStand's step id.
func (s StepBuilder) TSGuid(id string) StepBuilder {
	s.step.TSGuid = id
	return s.members()
}

// AdditionalResult adds a named property tree.
func (s StepBuilder) AdditionalResult(d AdditionalData) StepBuilder {
	s.step.AdditionalResults = append(s.step.AdditionalResults, d)
	s.check(func(v *stepValidator) { v.additionalData("additionalResults", s.step.AdditionalResults) })
	return s
}

// loop is a loop that is being built.
type loop struct {
	parent, header *Step
	passes         []*Step
}

// Loop adds the header of a loop. What is then added to it are its passes: they stand beside the header, which takes
// the type of the first one. The header is as bad as its worst pass unless it is given a status; it alone counts for the parent.
func (s StepBuilder) Loop(name string) StepBuilder {
	if s.loop != nil {
		s.check(func(v *stepValidator) {
			v.find("loop", Violation, "loop", "a pass of a loop cannot be a loop; a sequence as the pass can hold one")
		})
	}
	header := s.add("", name)
	header.Loop = &Loop{Count: Some(0), EndingIndex: Some(0)}
	made := s.checked(header)
	made.loop = &loop{parent: s.step, header: header}
	s.u.loops = append(s.u.loops, made.loop)
	return made
}

// add adds a pass behind the others.
func (l *loop) add(pass *Step) {
	n := len(l.passes)
	pass.Loop = &Loop{Index: Some(n)}
	if n == 0 {
		l.header.Type = pass.Type
	}
	l.passes = append(l.passes, pass)
	l.header.Loop.Count, l.header.Loop.EndingIndex = Some(n+1), Some(n+1)
	at := slices.Index(l.parent.Steps, l.header) + 1 + n
	l.parent.Steps = slices.Insert(l.parent.Steps, at, pass)
}

// count tells the header how its passes went.
func (l *loop) count() {
	passed, failed := 0, 0
	for _, pass := range l.passes {
		switch {
		case pass.Status.bad():
			failed++
		case pass.Status != Skipped:
			passed++
		}
	}
	l.header.Loop.Passed, l.header.Loop.Failed = Some(passed), Some(failed)
}

// MultiNumeric is a test of several numbers that is being built.
type MultiNumeric struct {
	StepBuilder
	names *measurementNames
}

// MultiNumeric adds a test of several numbers.
func (s StepBuilder) MultiNumeric(name string) MultiNumeric {
	return MultiNumeric{s.Generic(typeMultiNumeric, name), s.names()}
}

// names checks the names of the measurements of one multi test.
func (s StepBuilder) names() *measurementNames {
	return &measurementNames{validator: &s.u.v, several: true}
}

// Add adds a number. Its name is unique in the test.
func (m MultiNumeric) Add(name string, value float64, options ...NumericOption) MultiNumeric {
	m.step.Numeric = append(m.step.Numeric, NumericMeasurement{})
	i := len(m.step.Numeric) - 1
	added := &m.step.Numeric[i]
	problem := added.fill(name, value, options)
	m.check(func(v *stepValidator) {
		mark := v.intoElement("numericMeas", i)
		v.numeric(added)
		m.names.check(&added.Name, nil)
		v.problem(problem)
		v.leave(mark)
	})
	return m
}

// MultiString is a test of several texts that is being built.
type MultiString struct {
	StepBuilder
	names *measurementNames
}

// MultiString adds a test of several texts.
func (s StepBuilder) MultiString(name string) MultiString {
	return MultiString{s.Generic(typeMultiString, name), s.names()}
}

// Add adds a text. Its name is unique in the test.
func (m MultiString) Add(name, value string, options ...StringOption) MultiString {
	m.step.Strings = append(m.step.Strings, StringMeasurement{})
	i := len(m.step.Strings) - 1
	added := &m.step.Strings[i]
	problem := added.fill(name, value, options)
	m.check(func(v *stepValidator) {
		mark := v.intoElement("stringMeas", i)
		v.stringMeasurement(added)
		m.names.check(&added.Name, nil)
		v.problem(problem)
		v.leave(mark)
	})
	return m
}

// MultiPassFail is a test with several verdicts that is being built.
type MultiPassFail struct {
	StepBuilder
	names *measurementNames
}

// MultiPassFail adds a test with several verdicts.
func (s StepBuilder) MultiPassFail(name string) MultiPassFail {
	return MultiPassFail{s.Generic(typeMultiPassFail, name), s.names()}
}

// Add adds a verdict. Its name is unique in the test.
func (m MultiPassFail) Add(name string, passed bool) MultiPassFail {
	m.step.Booleans = append(m.step.Booleans, BooleanMeasurement{Name: name, Status: verdict(passed)})
	i := len(m.step.Booleans) - 1
	m.check(func(v *stepValidator) {
		mark := v.intoElement("booleanMeas", i)
		m.names.check(&m.step.Booleans[i].Name, nil)
		v.leave(mark)
	})
	return m
}

// Axis says what an axis of a chart shows, such as Frequency in Hz.
type Axis struct{ Label, Unit string }

// The kinds of charts. Source: support.wats.com article 360014879119.
const (
	ChartLine      = "Line"
	ChartLineLogX  = "LineLogX"
	ChartLineLogY  = "LineLogY"
	ChartLineLogXY = "LineLogXY"
)

// ChartBuilder is a chart that is being built.
type ChartBuilder struct{ StepBuilder }

// Chart adds a chart of a kind such as [ChartLine], with the name as its title.
func (s StepBuilder) Chart(name, kind string, x, y Axis) ChartBuilder {
	step := s.add(typeChart, name)
	step.Chart = &Chart{Type: kind, Label: name, XLabel: x.Label, XUnit: x.Unit, YLabel: y.Label, YUnit: y.Unit}
	return ChartBuilder{s.checked(step)}
}

// Series adds a curve of at most 10,000 points; a chart has at most 10. There are as many x as y; nil x are 0, 1, 2, …
func (c ChartBuilder) Series(name string, x, y []float64) ChartBuilder {
	chart := c.step.Chart
	chart.Series = append(chart.Series, Series{Name: name, DataType: "XYG", XData: joinNumbers(x), YData: joinNumbers(y)})
	c.check(func(v *stepValidator) {
		v.chart(chart)
		mark := v.into("chart")
		if n := len(chart.Series); n > maxSeries {
			v.find("series", Violation, "length", "series has %d curves; at most %d are allowed", n, maxSeries)
		}
		mark2 := v.intoElement("series", len(chart.Series)-1)
		if len(y) == 0 || len(y) > maxPoints {
			v.find("ydata", Violation, "length", "ydata has %d points; it must be 1 to %d", len(y), maxPoints)
		}
		v.leave(mark2)
		v.leave(mark)
	})
	return c
}

// joinNumbers writes numbers as a series holds them.
func joinNumbers(numbers []float64) string {
	var b strings.Builder
	var digits [32]byte
	for i, n := range numbers {
		if i > 0 {
			b.WriteByte(';')
		}
		b.Write(strconv.AppendFloat(digits[:0], n, 'g', -1, 64))
	}
	return b.String()
}

package convert

import (
	"cmp"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// atmlStep is a step while it is read.
type atmlStep struct {
	*report.Step
	results []atmlResult
	sort    string     // name of its element: Test, TestGroup, SessionAction or ResultSet
	added   *addedStep // what this package added when it wrote the file; nil: another program did
}

// step reads the step in the element that has just started.
func (a *atmlReader) step() (*atmlStep, error) {
	d := &atmlStep{Step: &report.Step{}, sort: a.x.name}
	took, err := a.stepAttributes(d)
	if err != nil {
		return nil, err
	}
	if err := a.x.children(func() error { return a.stepChild(d) }); err != nil {
		return nil, err
	}
	if d.added == nil {
		if !d.TotalTime.Present() {
			d.TotalTime = took
		}
		d.Type = cmp.Or(d.Type, defaultStepType(d.sort))
	} else {
		d.added.apply(d)
	}
	a.measure(d)
	return d, nil
}

// defaultStepType returns the type of a step that says none, as a writer other than TestStand leaves it.
func defaultStepType(element string) string {
	switch element {
	case "ResultSet", "TestGroup":
		return "SequenceCall"
	case "SessionAction":
		return "Action"
	}
	return ""
}

// stepAttributes reads the attributes of a step, and how many seconds lie between its start and end.
func (a *atmlReader) stepAttributes(d *atmlStep) (took report.Number, err error) {
	name := a.x.attr("name")
	d.Name = name
	if d.sort == "TestGroup" || d.sort == "ResultSet" {
		d.Sequence = splitSequence(name)
		d.Name = d.Sequence.Name
	}
	if caller, ok := strings.CutPrefix(a.x.attr("userDefinedType"), "SequenceCallStepName = "); ok { // 2.02
		d.Name = strings.Trim(caller, "'\"")
	}
	d.Name = cmp.Or(a.x.attr("callerName"), d.Name)
	d.TSGuid = a.x.attr("testReferenceID")
	d.ID = testInt(a.x.attr("ID"))
	start, err := a.time("startDateTime")
	if err != nil {
		return took, err
	}
	end, err := a.time("endDateTime")
	if err != nil || start.IsZero() {
		return took, err
	}
	if d.sort != "ResultSet" {
		d.Start = report.At(start)
	}
	if !end.IsZero() {
		took = seconds(end.Sub(start))
	}
	return took, nil
}

// splitSequence splits file#sequence. A file may have a # in its path.
func splitSequence(text string) *report.Sequence {
	if i := strings.LastIndexByte(text, '#'); i >= 0 {
		return &report.Sequence{Path: text[:i], Name: text[i+1:]}
	}
	return &report.Sequence{Name: text}
}

func seconds(d time.Duration) report.Number {
	return report.Num(float64(d.Nanoseconds()) / 1e9)
}

func (a *atmlReader) stepChild(d *atmlStep) (err error) {
	switch a.x.name {
	case "Test", "TestGroup", "SessionAction":
		child, err := a.step()
		if err == nil {
			d.Steps = append(d.Steps, child.Step)
		}
		return err
	case "Outcome", "ActionOutcome":
		d.Status = a.outcome()
	case "Extension":
		return a.stepExtension(d)
	case "TestResult":
		return a.result(d)
	case "Data":
		return a.stepData(d)
	case "Parameters":
		return a.parameters(d)
	case "Events":
		return a.events(d)
	default:
		a.loseElement()
	}
	return nil
}

// outcome reads the Outcome or ActionOutcome that has just started. Its qualifier says more than its value.
func (a *atmlReader) outcome() report.Status {
	value, qualifier := a.x.attr("value"), a.x.attr("qualifier")
	if s, ok := report.ParseStatus(qualifier); ok && len(qualifier) > 1 {
		return s
	}
	switch value {
	case "NotStarted":
		return report.Skipped
	case "Aborted":
		return report.Terminated
	}
	if s, ok := report.ParseStatus(value); ok && len(value) > 1 {
		return s
	}
	a.lose("an outcome " + strings.TrimSpace(value+" "+qualifier) + " is read as Done")
	return report.Done
}

// stepExtension reads the properties that TestStand adds to a step.
func (a *atmlReader) stepExtension(d *atmlStep) error {
	return a.x.children(func() error {
		switch a.x.name {
		case "TSStepProperties":
			return a.x.children(func() error { return a.stepProperty(d.Step) })
		case extStep:
			return a.addedStep(d)
		}
		a.loseElement()
		return nil
	})
}

func (a *atmlReader) stepProperty(s *report.Step) error {
	name := a.x.name
	switch name {
	case "LoopingProperties":
		s.Loop = &report.Loop{}
		return a.x.children(func() error { return a.loopProperty(s) })
	case "NumLoops", "NumPassed", "NumFailed", "EndingLoopIndex", "LoopIndex":
		if s.Loop == nil {
			s.Loop = &report.Loop{}
		}
		return a.loopProperty(s)
	case "StepType", "StepGroup", "TotalTime", "StepId", "StepCausedSequenceFailure", "InteractiveExeNum", "InteractiveExecutionNumber", "InteractiveExecutionId":
	default:
		a.loseElement()
		return nil
	}
	text, err := a.value()
	switch name {
	case "StepType":
		s.Type = text
	case "StepGroup":
		s.Group, _ = report.ParseGroup(text)
	case "TotalTime":
		s.TotalTime = testNumber(text)
	case "StepId":
		s.TSGuid = cmp.Or(s.TSGuid, text)
	case "StepCausedSequenceFailure":
		s.CausedSequenceFailure = testBool(text)
	default:
		s.InteractiveExeNum = testInt(text)
	}
	return err
}

func (a *atmlReader) loopProperty(s *report.Step) error {
	name := a.x.name
	text, err := a.value()
	n := testInt(text)
	switch name {
	case "NumLoops":
		s.Loop.Count = n
	case "NumPassed":
		s.Loop.Passed = n
	case "NumFailed":
		s.Loop.Failed = n
	case "EndingLoopIndex":
		s.Loop.EndingIndex = n
	case "LoopIndex":
		s.Loop.Index = n
	default:
		a.lose(name + " in LoopingProperties is not carried over")
	}
	return err
}

// stepData reads the Data of a step: its report text, and other additional results.
func (a *atmlReader) stepData(d *atmlStep) error {
	return a.x.children(func() error {
		if a.x.name != "Collection" {
			a.loseElement()
			return nil
		}
		data, err := a.items()
		for _, item := range data {
			if text, ok := reportText(item); ok {
				d.ReportText = joinText(d.ReportText, text)
				continue
			}
			d.AdditionalResults = append(d.AdditionalResults, item)
		}
		return err
	})
}

// reportText returns the text of the additional result that is a step's report text.
func reportText(data report.AdditionalData) (string, bool) {
	if data.Name != "ReportText" || len(data.Props) != 1 || data.Props[0].Type != typeString || data.Props[0].Name != data.Name {
		return "", false
	}
	return data.Props[0].Value, true
}

func joinText(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n" + b
}

// parameters reads the parameters of a step into one additional result, each as a property.
func (a *atmlReader) parameters(d *atmlStep) error {
	all := report.AdditionalData{Name: parametersName}
	err := a.x.children(func() error {
		if a.x.name != "Parameter" {
			a.loseElement()
			return nil
		}
		name := cmp.Or(a.x.attr("name"), a.x.attr("ID"))
		return a.x.children(func() error {
			if a.x.name != "Data" {
				a.loseElement()
				return nil
			}
			value, err := a.datum()
			if value != nil {
				all.Props = append(all.Props, a.named(name, value))
			}
			return err
		})
	})
	if len(all.Props) > 0 {
		d.AdditionalResults = append(d.AdditionalResults, all)
	}
	return err
}

// parametersName is the name of the additional result that holds a step's parameters.
const parametersName = "Parameters"

// events reads the error code and message of a step.
func (a *atmlReader) events(d *atmlStep) error {
	return a.x.children(func() error {
		if a.x.name != "Event" {
			a.loseElement()
			return nil
		}
		return a.event(d)
	})
}

// event reads one Event. TestStand writes two, with the IDs Error Code and Error Message.
func (a *atmlReader) event(d *atmlStep) error {
	id := strings.ToLower(cmp.Or(a.x.attr("ID"), a.x.attr("name")))
	code, message := a.x.attr("code"), a.x.attr("message")
	err := a.x.children(func() (err error) {
		switch a.x.name {
		case "Message":
			message, err = a.value()
		case "Code":
			code, err = a.value()
		case "Data":
			var v *atmlDatum
			if v, err = a.datum(); v != nil {
				if strings.Contains(id, "code") || v.isNumber() {
					code = v.Value
				} else {
					message = v.Value
				}
			}
		default:
			a.loseElement()
		}
		return err
	})
	if n := testInt(code); n.Present {
		d.ErrorCode = n
	} else if code != "" {
		a.lose("an error code that is no whole number is not carried over")
	}
	if message != "" && (d.ErrorMessage == "" || strings.Contains(id, "message")) {
		d.ErrorMessage = message
	}
	return err
}

package convert

import (
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// step writes a step with all below it.
func (w *atmlWriter) step(s *report.Step) {
	element := elementOf(s)
	w.start(element)
	w.nextID++
	id := w.nextID
	if s.ID.Present {
		id = s.ID.Value
	}
	w.attr("ID", strconv.Itoa(id))
	if element == "tr:TestGroup" {
		w.attr("name", sequenceText(s))
		w.optional("callerName", s.Name)
	} else {
		w.attr("name", s.Name)
	}
	if at, ok := s.Start.Time(time.UTC); ok {
		w.attr("startDateTime", at.Format(time.RFC3339Nano))
		w.attr("endDateTime", at.Add(secondsOf(s.TotalTime)).Format(time.RFC3339Nano))
	}
	w.optional("testReferenceID", s.TSGuid)
	w.stepBody(s, nil)
	w.end()
}

// elementOf returns the element that a step is written as.
func elementOf(s *report.Step) string {
	switch {
	case s.Sequence != nil || len(s.Steps) > 0:
		return "tr:TestGroup"
	case len(s.Numeric) > 0 || len(s.Strings) > 0 || len(s.Booleans) > 0:
		return "tr:Test"
	}
	switch s.Kind() {
	case report.KindGeneric, report.KindAction, report.KindFlow, report.KindMessagePopup, report.KindCallExecutable:
		return "tr:SessionAction"
	}
	return "tr:Test"
}

// stepBody writes what stands in the element of a step. Of the root, head is the report.
func (w *atmlWriter) stepBody(s *report.Step, head *report.Report) {
	outside := w.where
	w.where += stepPath(s, head)
	w.stepData(s)
	w.start("tr:Extension")
	w.stepProperties(s)
	w.addedStep(s, head)
	w.end()
	switch {
	case head != nil:
		w.outcome("tr:Outcome", head.Result)
		w.events(head.Test.ErrorCode, head.Test.ErrorMessage)
	case elementOf(s) == "tr:SessionAction":
		w.outcome("tr:ActionOutcome", s.Status)
		w.events(s.ErrorCode, s.ErrorMessage)
	default:
		w.outcome("tr:Outcome", s.Status)
		w.events(s.ErrorCode, s.ErrorMessage)
	}
	w.measurements(s)
	w.loseIf(s.CausedUUTFailure.Present, "causedUUTFailure, which a server adds, is not written")
	w.extra(s.Extra)
	for _, child := range s.Steps {
		if child == nil {
			w.lose("a step that is null is not written")
			continue
		}
		w.step(child)
	}
	w.where = outside
}

// stepPath returns how a step is named in the path of a loss.
func stepPath(s *report.Step, head *report.Report) string {
	if head != nil {
		return ".root"
	}
	return "/" + s.Name
}

// outcome writes a verdict. A status that is none of the known is left to GowatsStep.
func (w *atmlWriter) outcome(element string, s report.Status) {
	var value, qualifier string
	switch s {
	case report.Passed:
		value = "Passed"
	case report.Failed:
		value = "Failed"
	case report.Done:
		if value = "Done"; element != "tr:ActionOutcome" {
			value, qualifier = "Passed", "Done"
		}
	case report.Skipped:
		value, qualifier = "NotStarted", "Skipped"
	case report.Error:
		value, qualifier = "Aborted", "Error"
	case report.Terminated:
		value, qualifier = "Aborted", "Terminated"
	case report.Unknown:
		value, qualifier = "UserDefined", "Unknown"
	default:
		w.loseIf(s != 0, "a status that is no status is not written")
		return
	}
	w.start(element)
	w.attr("value", value)
	w.optional("qualifier", qualifier)
	w.end()
}

// events writes an error as TestStand does.
func (w *atmlWriter) events(code report.Optional[int], message string) {
	if !code.Present && message == "" {
		return
	}
	w.start("tr:Events")
	if code.Present {
		w.start("tr:Event")
		w.attr("ID", "Error Code")
		w.start("tr:Data")
		w.number("c:Datum", strconv.Itoa(code.Value), "")
		w.end()
		w.end()
	}
	if message != "" {
		w.start("tr:Event")
		w.attr("ID", "Error Message")
		w.start("tr:Data")
		w.string(message)
		w.end()
		w.end()
	}
	w.end()
}

// number writes a Datum of a number, in the unit given.
func (w *atmlWriter) number(element, value, unit string) {
	w.start(element)
	w.attr("value", value)
	w.attr("xsi:type", "ts:TS_double")
	w.optional("nonStandardUnit", unit)
	w.end()
}

// string writes a Datum of a text.
func (w *atmlWriter) string(text string) {
	w.start("c:Datum")
	w.attr("xsi:type", "ts:TS_string")
	w.textLeaf("c:Value", text)
	w.end()
}

func (w *atmlWriter) stepProperties(s *report.Step) {
	w.start("ts:TSStepProperties")
	w.textLeaf("ts:StepType", s.Type)
	if group := s.Group.String(); group != "" {
		w.textLeaf("ts:StepGroup", group)
	} else {
		w.loseIf(s.Group != 0, "a group that is no group is not written")
	}
	if s.TotalTime.Present() {
		w.leaf("ts:TotalTime", s.TotalTime.String())
	}
	if s.CausedSequenceFailure.Present {
		w.leaf("ts:StepCausedSequenceFailure", strconv.FormatBool(s.CausedSequenceFailure.Value))
	}
	if s.InteractiveExeNum.Present {
		w.leaf("ts:InteractiveExeNum", strconv.Itoa(s.InteractiveExeNum.Value))
	}
	if l := s.Loop; l != nil {
		w.start("ts:LoopingProperties")
		w.loopLeaf("ts:NumLoops", l.Count)
		w.loopLeaf("ts:NumPassed", l.Passed)
		w.loopLeaf("ts:NumFailed", l.Failed)
		w.loopLeaf("ts:EndingLoopIndex", l.EndingIndex)
		w.loopLeaf("ts:LoopIndex", l.Index)
		w.end()
		w.extra(l.Extra)
	}
	w.end()
}

func (w *atmlWriter) loopLeaf(name string, n report.Optional[int]) {
	if n.Present {
		w.leaf(name, strconv.Itoa(n.Value))
	}
}

// addedStep writes the GowatsStep of a step: what the rest would not give back.
func (w *atmlWriter) addedStep(s *report.Step, head *report.Report) {
	w.own(extStep)
	w.integer("id", s.ID)
	if head != nil || s.Name == "" {
		w.attr("name", s.Name)
	}
	if head != nil || s.Status == 0 {
		w.attr("status", s.Status.Letter())
	}
	if strings.TrimSpace(s.Type) != s.Type {
		w.attr("stepType", s.Type)
	}
	if at, naive, err := report.ParseTime(s.Start.String(), nil); head != nil || err != nil || naive || report.At(at) != s.Start {
		w.optional("start", s.Start.String())
	}
	if !testNumber(s.TotalTime.String()).Equal(s.TotalTime) {
		w.attr("totTime", s.TotalTime.String())
	}
	w.optional("totTimeFormat", s.TotalTimeFormat)
	w.integer("errorCode", s.ErrorCode)
	w.optional("errorCodeFormat", s.ErrorCodeFormat)
	w.optional("errorMessage", s.ErrorMessage)
	if head != nil {
		w.optional("tsGuid", s.TSGuid)
	}
	if q := s.Sequence; q != nil {
		w.own("Sequence")
		w.optional("path", q.Path)
		w.optional("name", q.Name)
		w.optional("version", q.Version)
		w.end()
		w.extra(q.Extra)
	}
	if p := s.MessagePopup; p != nil {
		w.own("MessagePopup")
		w.optional("response", p.Response)
		w.integer("button", p.Button)
		w.end()
		w.extra(p.Extra)
	}
	if c := s.CallExecutable; c != nil {
		w.own("CallExecutable")
		w.optional("exitCode", c.ExitCode.String())
		w.end()
		w.extra(c.Extra)
	}
	if s.Attachment != nil {
		w.attachment(s.Attachment)
	}
	if s.Chart != nil {
		w.chart(s.Chart)
	}
	w.end()
}

func (w *atmlWriter) chart(c *report.Chart) {
	w.own("Chart")
	w.optional("chartType", c.Type)
	w.optional("label", c.Label)
	w.optional("xLabel", c.XLabel)
	w.optional("xUnit", c.XUnit)
	w.optional("yLabel", c.YLabel)
	w.optional("yUnit", c.YUnit)
	for i := range c.Series {
		series := &c.Series[i]
		w.own("Series")
		w.optional("name", series.Name)
		w.optional("dataType", series.DataType)
		w.textLeaf("gw:XData", series.XData)
		w.textLeaf("gw:YData", series.YData)
		w.end()
		w.extra(series.Extra)
	}
	w.end()
	w.extra(c.Extra)
}

// stepData writes report text and additional results.
func (w *atmlWriter) stepData(s *report.Step) {
	if s.ReportText == "" && len(s.AdditionalResults) == 0 {
		return
	}
	w.start("tr:Data")
	w.start("c:Collection")
	if s.ReportText != "" {
		w.start("c:Item")
		w.attr("name", "ReportText")
		w.string(s.ReportText)
		w.end()
	}
	w.additionalData("additionalResults", s.AdditionalResults)
	w.end()
	w.end()
}

// additionalData writes data as items of a collection.
func (w *atmlWriter) additionalData(member string, data []report.AdditionalData) {
	for i := range data {
		d := &data[i]
		_, text := reportText(*d)
		w.loseIf(text && member == "additionalResults", "an additional result named ReportText is read back as report text")
		w.extra(d.Extra)
		w.start("c:Item")
		w.attr("name", d.Name)
		if len(d.Props) == 1 && d.Props[0] != nil && d.Props[0].Name == d.Name && d.Props[0].Type != typeObject {
			w.property(d.Props[0])
		} else {
			w.start("c:Collection")
			w.properties(d.Props)
			w.end()
		}
		w.end()
	}
}

func (w *atmlWriter) properties(list []*report.Property) {
	for _, p := range list {
		if p == nil {
			w.lose("a property that is null is not written")
			continue
		}
		w.start("c:Item")
		w.attr("name", p.Name)
		w.property(p)
		w.end()
	}
}

// property writes the value of a property: a collection, an array, or a datum.
func (w *atmlWriter) property(p *report.Property) {
	w.extra(p.Extra)
	w.loseIf(len(p.Props) > 0 && p.Type != typeObject, "members of a property that is no Obj are not written")
	w.loseIf(p.Array != nil && p.Type != typeArray, "elements of a property that is no Array are not written")
	switch p.Type {
	case typeObject:
		w.loseIf(p.Value != "", "the value of a property that is an Obj is not written")
		w.start("c:Collection")
		w.propertyAttributes("ts:TS_Collection", p)
		w.properties(p.Props)
		w.end()
		return
	case typeArray:
		w.loseIf(p.Value != "", "the value of a property that is an Array is not written")
		w.array(p)
		return
	}
	w.start("c:Datum")
	switch p.Type {
	case typeNumber:
		w.propertyAttributes("ts:TS_double", p)
		w.attr("value", p.Value)
	case typeBoolean:
		w.propertyAttributes("ts:TS_boolean", p)
		w.attr("value", p.Value)
	default:
		w.propertyAttributes("ts:TS_string", p)
		w.loseIf(p.Type == "", "a property without type is read back as String")
		if p.Type != typeString {
			w.optional("propertyType", p.Type)
		}
		w.textLeaf("c:Value", p.Value)
	}
	w.end()
}

func (w *atmlWriter) propertyAttributes(xsi string, p *report.Property) {
	w.attr("xsi:type", xsi)
	w.integer("flags", p.Flags)
	w.optional("comment", p.Comment)
	w.optional("numFormat", p.NumFormat)
}

func (w *atmlWriter) array(p *report.Property) {
	array := p.Array
	if array == nil {
		array = &report.PropertyArray{}
		w.lose("an array without content is read back as an empty one")
	}
	kind := "ts:TS_stringArray"
	switch array.Type {
	case typeNumber:
		kind = "ts:TS_doubleArray"
	case typeBoolean:
		kind = "ts:TS_booleanArray"
	}
	w.start("c:IndexedArray")
	if n := array.Dimension.Value; n > 0 && n < 100 {
		w.attr("dimensions", positionText(sizes(array, n)))
	} else {
		w.loseIf(array.Dimension.Present, "an impossible number of dimensions is not written")
	}
	w.propertyAttributes(kind, p)
	if array.Type != typeNumber && array.Type != typeBoolean && array.Type != typeString {
		w.optional("propertyType", array.Type)
		w.loseIf(array.Type == "", "an array without a type of its elements is read back as one of String")
	}
	w.extra(array.Extra)
	for _, e := range array.Indexes {
		if e == nil {
			w.lose("an element of an array that is null is not written")
			continue
		}
		w.arrayElement(e, array.Type)
	}
	w.end()
}

// sizes returns how large an array is in each of its n dimensions.
func sizes(array *report.PropertyArray, n int) []int {
	out := make([]int, n)
	for _, e := range array.Indexes {
		if e == nil {
			continue
		}
		for i := range min(n, len(e.Indexes)) {
			out[i] = max(out[i], e.Indexes[i]+1)
		}
	}
	return out
}

func (w *atmlWriter) arrayElement(e *report.PropertyElement, kind string) {
	w.start("ts:Element")
	position := e.Text
	if position == "" {
		position = positionText(e.Indexes)
	}
	w.loseIf(position != e.Text || positionText(indexes(position)) != positionText(e.Indexes), "the position of an element is read back in another form")
	w.attr("position", position)
	v := e.Value
	switch {
	case v == nil:
		w.lose("an element of an array without value is read back as an empty one")
	case v.Type != kind || v.Flags.Present || v.Comment != "" || v.NumFormat != "" || len(v.Props) > 0 || v.Array != nil || len(v.Extra) > 0:
		w.loseIf(v.Name != "", "names of elements of arrays are not written")
		w.property(v)
	case kind == typeNumber || kind == typeBoolean:
		w.loseIf(v.Name != "", "names of elements of arrays are not written")
		w.attr("value", v.Value)
	default:
		w.loseIf(v.Name != "", "names of elements of arrays are not written")
		w.textLeaf("c:Value", v.Value)
	}
	w.end()
}

package convert_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// maker makes reports as stations send them: any kind of step, in any order, with everything a report may have in some of them.
// They break no rule.
type maker struct {
	*rand.Rand
	id int // of the step made last
}

func newMaker(seed uint64) *maker { return &maker{Rand: rand.New(rand.NewPCG(seed, 7))} }

// sometimes reports true one time in n.
func (m *maker) sometimes(n int) bool { return m.IntN(n) == 0 }

func anyOf[T any](m *maker, list ...T) T { return list[m.IntN(len(list))] }

// text returns a text for people, empty at times.
func (m *maker) text() string {
	return anyOf(m, "", "plain", "Grüße, µV ± 5 %", "日本語 🙂", `<b> & "quotes" 'n' \`, " blanks around ", "two\nlines", "a\ttab", "1,5;2", "--UUT-End--")
}

func (m *maker) some() report.Optional[int] {
	return anyOf(m, report.Optional[int]{}, report.Some(0), report.Some(-1), report.Some(m.IntN(1000)))
}

// format returns a printf display hint.
func (m *maker) format() string { return anyOf(m, "", "", "%.3f", "0x%x") }

func (m *maker) number() report.Number {
	return anyOf(m, report.Num(0), report.Num(-1.5), report.Num(math.Float64frombits(0x3ff8000000000001)), report.Num(m.NormFloat64()*1e6),
		report.Num(math.NaN()), report.Num(math.Inf(1)), report.Num(math.Inf(-1)), report.ParseNumber("0.12345678901234567890123"), report.ParseNumber("1e400"))
}

// head fills what tests and repairs share.
func (m *maker) head() *report.Report {
	r := &report.Report{
		ID: report.NewID(), PartNumber: anyOf(m, "PCBA-1042", "11.2-b", "Ω"), SerialNumber: fmt.Sprint("SN", m.IntN(1e6)), Revision: anyOf(m, "", "A", "03  "),
		Process: report.Process{Code: report.Some(50), CodeFormat: m.format(), Name: anyOf(m, "", "PCBA test")},
		Result:  anyOf(m, report.Passed, report.Failed, report.Error, report.Terminated),
		Station: "ICT-07", Location: anyOf(m, "", "Oslo"), Purpose: anyOf(m, "", "Production"),
		Start: time.Unix(1.6e9+m.Int64N(1e8), anyOf(m, 0, m.Int64N(1e9))).In(time.FixedZone("", (m.IntN(97)-48)*900)),
	}
	for i := range m.IntN(3) {
		r.MiscInfos = append(r.MiscInfos, report.MiscInfo{
			Description: anyOf(m, "Firmware", "Comment", "operatorname", "--Step-Data-End--", " x ", "日本") + fmt.Sprint("", i),
			Text:        anyOf(m, "1.2.3", "µ"),
		})
	}
	if m.sometimes(3) {
		r.MiscInfos = append(r.MiscInfos, report.MiscInfo{
			ID: anyOf(m, "", "7"), Description: anyOf(m, "Comment", "UUTStatus", "Subunit"), Text: anyOf(m, "", "t"),
			Numeric: m.number(), NumericFormat: m.format(), Typedef: anyOf(m, "", "type"),
		})
	}
	if m.sometimes(3) {
		r.Assets = append(r.Assets, report.Asset{SerialNumber: "DMM-1", UsageCount: m.some(), UsageCountFormat: m.format()})
	}
	if m.sometimes(4) {
		r.Extra = []report.Member{{Name: "plantCode", Value: json.RawMessage(`"NO1"`)}, {Name: "shift", Value: json.RawMessage(`{"n":1}`)}}
	}
	if m.sometimes(4) {
		r.ProductName, r.Origin = "Widget", "station"
	}
	return r
}

// test returns a test report.
func (m *maker) test() *report.Report {
	r := m.head()
	for i := range m.IntN(3) {
		r.SubUnits = append(r.SubUnits, report.SubUnit{
			PartType: "PCBA", SerialNumber: fmt.Sprint("S", i), PartNumber: "P", Revision: anyOf(m, "", "B"), Position: m.some(), Index: anyOf(m, report.Optional[int]{}, report.Some(i)),
		})
	}
	if m.sometimes(3) {
		r.AdditionalData = append(r.AdditionalData, m.tree("Station"))
	}
	r.Test = &report.Test{
		Operator: anyOf(m, "oper", "Åse"), Comment: m.text(), ExecTime: anyOf(m, report.Number{}, report.Num(12.5)), FixtureID: anyOf(m, "", "F1"),
		SocketIndex: m.some(), SocketIndexFormat: m.format(), ErrorCode: m.some(), ErrorMessage: m.text(), BatchSerialNumber: anyOf(m, "", "B1"),
		BatchFailCount: m.some(), BatchLoopIndex: m.some(),
	}
	m.id = 0
	root := m.step("SequenceCall")
	root.Name, root.Group, root.Status = anyOf(m, "MainSequence Callback", "Main"), report.Main, anyOf(m, report.Passed, report.Failed)
	root.Sequence = &report.Sequence{Path: anyOf(m, `C:\seq\main.seq`, "main.seq"), Name: "main.seq", Version: anyOf(m, "1.0", "2.7.1")}
	root.Steps = m.steps(0)
	r.Test.Root = root
	return r
}

// repair returns a repair report.
func (m *maker) repair() *report.Report {
	r := m.head()
	r.Process.Code, r.Result = report.Some(500), report.Passed
	r.Repair = &report.Repair{
		Operator: "rita", Comment: m.text(), ExecTime: anyOf(m, report.Number{}, report.Num(90)), Process: report.Process{Code: report.Some(50), Name: anyOf(m, "", "PCBA test")},
		TestReport: anyOf(m, report.ID{}, report.NewID()), ConfirmDate: anyOf(m, report.Time{}, report.TimeText("2024-04-15T02:49:36.93+00:00")), Active: anyOf(m, report.Optional[bool]{}, report.Some(true)),
	}
	r.SubUnits = []report.SubUnit{{PartType: "Main", SerialNumber: r.SerialNumber, PartNumber: r.PartNumber, Revision: r.Revision, Index: report.Some(0)}}
	for i := range m.IntN(3) {
		r.SubUnits = append(r.SubUnits, report.SubUnit{
			PartType: "PCBA", SerialNumber: fmt.Sprint("S", i), PartNumber: "P", Index: report.Some(i + 1), ParentIndex: report.Some(m.IntN(i + 1)),
			Position: m.some(), ReplacedIndex: anyOf(m, report.Optional[int]{}, report.Some(0)),
		})
	}
	failures := 0
	for i := range r.SubUnits {
		for range m.IntN(3) {
			r.SubUnits[i].Failures = append(r.SubUnits[i].Failures, report.Failure{
				Category: "Component", Code: "Burned Component", Comment: m.text(), ComponentRef: anyOf(m, "", "R12"), FunctionBlock: anyOf(m, "", "PSU"),
				StepID: m.some(), ArticleNumber: anyOf(m, "", "10-33"), ArticleVendor: anyOf(m, "", "ACME"),
			})
			failures++
		}
	}
	if failures > 0 && m.sometimes(2) {
		r.BinaryData = append(r.BinaryData, report.Attachment{Name: "photo.png", ContentType: "image/png", Data: []byte("\x89PNG\x00\xff"), FailureIndex: report.Some(m.IntN(failures))})
	}
	return r
}

// stepTypes are the types of steps there are, and some that there are not.
func stepTypes() []string {
	return []string{
		"SequenceCall", "WATS_SeqCall", "ET_NLT", "NumericLimitTest", "ET_MNLT", "NI_MultipleNumericLimitTest", "ET_SVT", "StringValueTest", "ET_MSVT",
		"ET_PFT", "PassFailTest", "ET_MPFT", "ET_A", "Action", "Statement", "Label", "Goto", "DoWhile", "NI_Flow_If", "NI_Flow_End", "NI_Flow_For", "NI_Wait", "NI_IVIDmm",
		"WATS_XYGMNLT", "WATS_AttachFile", "MessagePopup", "CallExecutable", "NumericLimitTestWithOffset", "OurOwnType",
	}
}

// steps returns the children of a sequence.
func (m *maker) steps(depth int) []*report.Step {
	list := []*report.Step{}
	for range m.IntN(7 - depth) {
		kind := anyOf(m, stepTypes()...)
		if strings.HasSuffix(kind, "SeqCall") || kind == "SequenceCall" {
			if depth == 3 {
				continue
			}
		}
		s := m.filled(kind, depth)
		if m.sometimes(8) { // a loop: a header, and passes with the same name
			passes := m.IntN(3)
			s.Loop = &report.Loop{Count: report.Some(passes), EndingIndex: report.Some(passes), Passed: report.Some(passes), Failed: report.Some(0)}
			list = append(list, s)
			for i := range passes {
				pass := m.filled(kind, depth)
				pass.Name, pass.Loop = s.Name, &report.Loop{Index: report.Some(i)}
				list = append(list, pass)
			}
			continue
		}
		list = append(list, s)
		if m.sometimes(6) { // the same once more
			twin := m.filled(kind, depth)
			twin.Name = s.Name
			list = append(list, twin)
		}
	}
	return list
}

// step returns a step of a type, without what that type has.
func (m *maker) step(kind string) *report.Step {
	m.id += 1 + m.IntN(2)
	s := &report.Step{
		ID: report.Some(m.id), Group: anyOf(m, report.Setup, report.Main, report.Main, report.Cleanup), Type: kind,
		Name:      anyOf(m, "Measure rails", "Tune", "Ω", "a\tb", "--Header-Start--", "Chart", " x "),
		Status:    anyOf(m, report.Passed, report.Passed, report.Failed, report.Skipped, report.Done, report.Error, report.Terminated),
		TotalTime: anyOf(m, report.Number{}, report.Num(0.25), report.Num(1e-7)), TotalTimeFormat: m.format(),
		ReportText: m.text(),
	}
	if m.sometimes(5) {
		s.Start = report.TimeText("2024-04-15T02:49:36.93+02:00")
	}
	if m.sometimes(5) {
		s.ErrorCode, s.ErrorCodeFormat, s.ErrorMessage = m.some(), m.format(), m.text()
	}
	if m.sometimes(5) {
		s.TSGuid, s.InteractiveExeNum = "R7xHVTcr70G3", m.some()
	}
	if m.sometimes(5) {
		s.CausedSequenceFailure = report.Some(m.sometimes(2))
	}
	if m.sometimes(8) {
		s.CausedUUTFailure = report.Some(true)
	}
	if m.sometimes(8) {
		s.AdditionalResults = append(s.AdditionalResults, m.tree("Results"))
	}
	if m.sometimes(12) {
		s.Extra = []report.Member{{Name: "lane", Value: json.RawMessage("3")}}
	}
	return s
}

// filled returns a step of a type, with what that type has.
func (m *maker) filled(kind string, depth int) *report.Step {
	s := m.step(kind)
	count := 1
	if strings.Contains(kind, "ET_M") || strings.Contains(kind, "Multiple") {
		count = 1 + m.IntN(4)
	}
	named := strings.Contains(kind, "ET_M") || strings.Contains(kind, "Multiple")
	if m.sometimes(6) {
		count = 0 // as a skipped step has it, or a header of a loop
	}
	switch kind {
	case "SequenceCall", "WATS_SeqCall", "NI_Wait":
		if kind == "NI_Wait" && (depth == 3 || m.sometimes(2)) {
			break
		}
		s.Sequence = &report.Sequence{Path: anyOf(m, "", "sub.seq"), Name: anyOf(m, "", "Sub", s.Name), Version: anyOf(m, "", "1")}
		s.Steps = m.steps(depth + 1)
		if m.sometimes(10) {
			s.Numeric = m.numerics(1, false, s.Status)
		}
	case "WATS_XYGMNLT":
		s.Chart = m.chart()
		if m.sometimes(3) {
			s.Numeric = m.numerics(2, true, s.Status)
		}
	case "WATS_AttachFile":
		s.Attachment = &report.Attachment{Name: "log.txt", ContentType: anyOf(m, "", "text/plain"), Data: []byte("\x00\x01log"), Description: anyOf(m, "", "d")}
	case "MessagePopup":
		s.MessagePopup = &report.MessagePopup{Response: m.text(), Button: m.some()}
	case "CallExecutable":
		s.CallExecutable = &report.CallExecutable{ExitCode: report.Num(float64(m.IntN(3)))}
	case "ET_NLT", "NumericLimitTest", "ET_MNLT", "NI_MultipleNumericLimitTest", "NumericLimitTestWithOffset":
		s.Numeric = m.numerics(count, named, s.Status)
	case "ET_SVT", "StringValueTest", "ET_MSVT":
		for i := range count {
			s.Strings = append(s.Strings, report.StringMeasurement{
				Name: nameIf(named, i), Value: m.text(), Limit: m.text(), CompOp: anyOf(m, report.LOG, report.EQ, report.NE, report.CASESENSIT, report.IGNORECASE), Status: m.verdict(s.Status, named),
			})
		}
	case "ET_PFT", "PassFailTest", "ET_MPFT":
		for i := range count {
			s.Booleans = append(s.Booleans, report.BooleanMeasurement{Name: nameIf(named, i), Status: m.verdict(s.Status, named)})
		}
	}
	return s
}

func nameIf(named bool, i int) string {
	if !named {
		return ""
	}
	return fmt.Sprint("m ", i)
}

// verdict returns the status of a measurement: that of a single test's step mostly.
func (m *maker) verdict(step report.Status, named bool) report.Status {
	switch step {
	case report.Passed, report.Failed, report.Skipped:
		if !named && !m.sometimes(10) {
			return step
		}
	}
	return anyOf(m, report.Passed, report.Failed, report.Skipped)
}

func (m *maker) numerics(n int, named bool, step report.Status) (list []report.NumericMeasurement) {
	for i := range n {
		low, high := report.Num(-1), report.Num(m.Float64())
		x := report.NumericMeasurement{
			Name: nameIf(named, i), Value: m.number(), ValueFormat: m.format(), Unit: anyOf(m, "", "V", "µΩ"), Status: m.verdict(step, named),
			CompOp: report.LOG + report.CompOp(m.IntN(int(report.LTGT-report.LOG)+1)),
		}
		switch {
		case report.EQ <= x.CompOp && x.CompOp <= report.LE:
			x.Low, x.LowFormat = low, m.format()
		case x.CompOp > report.LE:
			x.Low, x.High, x.HighFormat = low, high, m.format()
		}
		list = append(list, x)
	}
	return list
}

func (m *maker) chart() *report.Chart {
	c := &report.Chart{
		Type: anyOf(m, "Line", "LineLogXY"), Label: "Gain", XLabel: "Frequency", XUnit: anyOf(m, "", "Hz"), YLabel: anyOf(m, "", "Gain"), YUnit: "dB",
	}
	for i := range m.IntN(3) {
		c.Series = append(c.Series, report.Series{Name: fmt.Sprint("s", i), DataType: "XYG", XData: anyOf(m, "", "1;2;3"), YData: "0.5;-1e-3;NaN"})
	}
	return c
}

// tree returns a property tree as TestStand writes them.
func (m *maker) tree(name string) report.AdditionalData {
	return report.AdditionalData{Name: name, Props: []*report.Property{
		{Name: "Rack", Type: "String", Value: "7", Flags: m.some(), Comment: anyOf(m, "", "c")},
		{Name: "Settings", Type: "Obj", Props: []*report.Property{{Name: "Gain", Type: "Number", Value: "1.5", NumFormat: "%.1f"}}},
		{Name: "Levels", Type: "Array", Array: &report.PropertyArray{Dimension: report.Some(1), Type: "Number", Indexes: []*report.PropertyElement{
			{Text: "[0]", Indexes: []int{0}, Value: &report.Property{Type: "Number", Value: "3"}},
		}}},
	}}
}

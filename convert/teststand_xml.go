package convert

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// The XML reports of TestStand are property trees: a document TSReport, or Report elements in a document Reports.
func testStandXML() Format {
	return Format{
		Name: "teststand-xml", Title: "TestStand XML report", Extensions: []string{".xml"}, ManyUnits: true,
		probe: probeTestStandXML,
		read:  readTestStandXML,
	}
}

// probeTestStandXML tells by the root. Reports is also the root of WSXF, whose reports have a serial number as attribute.
func probeTestStandXML(head []byte) float64 {
	x := newXMLScanner(bytes.NewReader(head))
	if _, err := x.next(); err != nil || x.namespace() != "" {
		return 0
	}
	switch x.name {
	case "TSReport":
		return 1
	case "Reports":
		if kind, err := x.next(); err != nil || kind != xmlStart || x.name != "Report" {
			return 0
		}
		if x.attr("UUTResult") != "" || x.attr("StepCount") != "" {
			return 1
		}
		if _, other := x.lookup("SN"); other {
			return 0
		}
		if kind, err := x.next(); err == nil && kind == xmlStart && x.name == "Prop" {
			return 0.9
		}
	}
	return 0
}

// testStandReader reads one file.
type testStandReader struct {
	*reading
	x *xmlScanner
}

// readTestStandXML yields one report for each TSReport or Report. A Report has no identity of its own: its ID is zero, and whoever has the
// whole file derives one.
func readTestStandXML(r *reading) iter.Seq2[*report.Report, error] {
	return func(yield func(*report.Report, error) bool) {
		t := testStandReader{reading: r, x: newXMLScanner(r.src)}
		if err := t.document(yield); err != nil && !errors.Is(err, errStopped) {
			yield(nil, r.stopped("TestStand XML", err))
		}
	}
}

func (t *testStandReader) document(yield func(*report.Report, error) bool) error {
	if _, err := t.x.next(); err != nil {
		return err
	}
	one := func() error {
		if strings.EqualFold(t.x.attr("Type"), "Batch") {
			t.lose(t.x.line, "a report on a batch only points to those of its units and is passed over")
			return nil
		}
		rep, err := t.report()
		if err == nil && !yield(rep, nil) {
			err = errStopped
		}
		return err
	}
	var err error
	switch name := t.x.name; name {
	case "TSReport":
		err = one()
	case "Reports":
		err = t.x.children(func() error {
			if t.x.name == "Report" {
				return one()
			}
			t.lose(t.x.line, t.x.name+" in Reports is not carried over")
			return nil
		})
	default:
		return t.x.fail("the root element %s does not belong to a TestStand XML report", name)
	}
	if err != nil {
		return err
	}
	if _, err := t.x.next(); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func (t *testStandReader) lose(line int, what string) {
	t.losses.add(fmt.Sprintf("line %d", line), what)
}

// testStandUnit is one report while it is read.
type testStandUnit struct {
	*testStandReader
	*report.Report
	line int // at which it began

	info      map[string]string // ReportInfo
	root      *property         // TEResult of the main sequence
	startDate *property
	startTime *property

	zero time.Time // when the times of steps began to count
}

// report reads the TSReport or Report that has just started.
func (t *testStandReader) report() (*report.Report, error) {
	u := testStandUnit{testStandReader: t, Report: newTest(t.opt), line: t.x.line, info: make(map[string]string)}
	result, linked := t.x.lookup("UUTResult")
	if err := t.x.children(u.child); err != nil {
		return nil, err
	}
	if err := u.head(result, linked); err != nil {
		return nil, fmt.Errorf("line %d: %w", u.line, err)
	}
	if u.root != nil {
		u.Test.Root = u.step(u.root)
		u.Test.ExecTime = u.Test.Root.TotalTime
	}
	if err := fillIn(u.Report, t.opt); err != nil {
		return nil, fmt.Errorf("line %d: %w", u.line, err)
	}
	return u.Report, nil
}

// child reads a child of TSReport or Report.
func (u *testStandUnit) child() error {
	switch u.x.name {
	case "ReportInfo":
		u.info[u.x.attr("key")] = strings.TrimSpace(u.x.attr("value"))
		return nil
	case "Prop":
	default:
		u.lose(u.x.line, u.x.name+" of the report is not carried over")
		return nil
	}
	name := u.x.attr("Name")
	switch {
	case u.x.attr("Type") == "TEResult" && u.root == nil:
	case name == "UUT", name == "StationInfo", name == "StartDate", name == "StartTime":
	case name == "ReportOptions":
		u.lose(u.x.line, "the settings of the report generator are not carried over")
		return nil
	default:
		u.lose(u.x.line, fmt.Sprintf("property %s of the report is not carried over", name))
		return nil
	}
	p, err := u.x.property()
	if err != nil {
		return err
	}
	switch name {
	case "UUT":
		u.unit(p)
	case "StationInfo":
		u.station(p)
	case "StartDate":
		u.startDate = p
	case "StartTime":
		u.startTime = p
	default:
		u.root = p
	}
	return nil
}

// head sets what ReportInfo and the result of the Report say, and the start.
func (u *testStandUnit) head(result string, linked bool) error {
	if text := u.info["ID"]; text != "" {
		id, err := report.ParseID(text)
		if err != nil {
			u.lose(u.line, fmt.Sprintf("the ID %q is no GUID and is not taken as the report's", text))
		}
		u.ID = id
	}
	u.SerialNumber = cmp.Or(u.info["SN"], u.SerialNumber)
	u.PartNumber = cmp.Or(u.info["PN"], u.PartNumber)
	u.Revision = cmp.Or(u.info["Rev"], u.Revision)
	if code := testInt(u.info["PCode"]); code.Present && code.Value != 0 {
		u.Process.Code = code
	}
	if linked {
		u.Result = headResult(u.status(result))
	}
	return u.times()
}

// times sets the start of the report and the zero of the times of its steps.
func (u *testStandUnit) times() error {
	var err error
	if text := u.info["Start"]; text != "" {
		if u.Start, _, err = report.ParseTime(text, u.opt.zone()); err != nil {
			return err
		}
	} else if u.startDate != nil && u.startTime != nil {
		if u.Start, err = startOf(u.startDate, u.startTime, u.opt.zone()); err != nil {
			return err
		}
	}
	first := testNumber(u.root.text("TS", "StartTime"))
	switch text := u.info["EngineStarted"]; {
	case text != "":
		if u.zero, _, err = report.ParseTime(text, u.opt.zone()); err != nil {
			return err
		}
		u.zero = u.zero.In(cmpLocation(u.Start, u.zero))
		if u.Start.IsZero() && first.IsNumeric() {
			u.Start = u.zero.Add(secondsOf(first))
		}
	case first.IsNumeric() && !u.Start.IsZero():
		u.zero = u.Start.Add(-secondsOf(first))
	}
	return nil
}

// cmpLocation returns the zone of the first of two times that is set.
func cmpLocation(a, b time.Time) *time.Location {
	if a.IsZero() {
		return b.Location()
	}
	return a.Location()
}

// secondsOf returns n seconds, and none when n is no number of a year's size.
func secondsOf(n report.Number) time.Duration {
	const most = 100 * 366 * 24 * 3600
	if v := n.Float(); v > -most && v < most {
		return time.Duration(v * 1e9).Round(100 * time.Nanosecond)
	}
	return 0
}

// startOf puts a date and a time of day together, which stand as numbers. A year of two digits is taken from the text.
func startOf(date, clock *property, zone *time.Location) (time.Time, error) {
	part := func(p *property, name string) int { return testInt(p.text(name)).Value }
	year := part(date, "Year")
	if year < 1000 {
		year = yearIn(date.text("Text") + " " + date.text("ShortText"))
	}
	at := time.Date(year, time.Month(part(date, "Month")), part(date, "MonthDay"), part(clock, "Hours"), part(clock, "Minutes"),
		part(clock, "Seconds"), part(clock, "Milliseconds")*int(time.Millisecond), zone)
	if year < 1970 || at.Year() != year || int(at.Month()) != part(date, "Month") || at.Day() != part(date, "MonthDay") {
		return time.Time{}, fmt.Errorf("StartDate %d-%02d-%02d is no date", year, part(date, "Month"), part(date, "MonthDay"))
	}
	return at, nil
}

// yearIn returns the first number of four digits in text, 0 when there is none.
func yearIn(text string) int {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(word) == 4 {
			return testInt(word).Value
		}
	}
	return 0
}

// station sets what StationInfo says.
func (u *testStandUnit) station(p *property) {
	u.Station = cmp.Or(p.text("StationID"), u.Station)
	u.Test.Operator = p.text("LoginName")
	u.Location = cmp.Or(p.text("Location"), u.Location)
	u.Purpose = cmp.Or(p.text("Purpose"), u.Purpose)
	u.AdditionalData = append(u.AdditionalData, p.find("AdditionalData").additional()...)
	for _, q := range p.Props {
		switch q.Name {
		case "StationID", "LoginName", "Location", "Purpose", "AdditionalData":
		default:
			u.loseProperty("StationInfo", q)
		}
	}
}

// unit sets what the property UUT says.
func (u *testStandUnit) unit(p *property) {
	t := u.Test
	for _, q := range p.Props {
		text, value := strings.TrimSpace(q.Value), (*property)(q)
		switch q.Name {
		case "SerialNumber":
			u.SerialNumber = text
		case "UUTPartNumber", "PartNumber":
			u.PartNumber = cmp.Or(u.PartNumber, text)
		case "UUTPartRevisionNumber":
			u.Revision = cmp.Or(text, u.Revision)
		case "UUTOperationType":
			if code := testInt(text); code.Present && code.Value != 0 {
				u.Process.Code = code
			}
		case "BatchSerialNumber":
			t.BatchSerialNumber = text
		case "TestSocketIndex":
			t.SocketIndex = testInt(text)
		case "BatchLoopIndex":
			t.BatchLoopIndex = testInt(text)
		case "BatchFailCount":
			t.BatchFailCount = testInt(text)
		case "Comment":
			t.Comment = q.Value
		case "UUT_Fixture_ID":
			t.FixtureID = text
		case "AdditionalData":
			u.AdditionalData = append(u.AdditionalData, value.additional()...)
		case "MiscUUTResult":
			u.miscResult(value)
		default:
			u.loseProperty("UUT", q)
		}
	}
}

// loseProperty notes that a property is not carried over, unless it is empty.
func (u *testStandUnit) loseProperty(parent string, p *report.Property) {
	if p.Value != "" || len(p.Props) > 0 || p.Array != nil && len(p.Array.Indexes) > 0 {
		u.lose(u.line, fmt.Sprintf("%s.%s is not carried over", parent, p.Name))
	}
}

// miscResult reads the misc infos and the sub-units.
//
// Unverified: the names of the members, of which there is no public sample with entries; they are matched by what they contain.
func (u *testStandUnit) miscResult(p *property) {
	for _, q := range p.find("Misc_UUT_Info").elements() {
		info := report.MiscInfo{Description: q.like("description", "name")}
		for _, member := range q.Props {
			switch {
			case member.Value == "" || member.Value == info.Description:
			case member.Type == typeNumber:
				info.Numeric = testNumber(member.Value)
			case info.Text == "":
				info.Text = member.Value
			}
		}
		u.MiscInfos = append(u.MiscInfos, info)
	}
	for _, q := range p.find("UUT_Part_Info").elements() {
		u.SubUnits = append(u.SubUnits, report.SubUnit{
			PartType: cmp.Or(q.like("parttype", "type"), "Unknown"), SerialNumber: q.like("serial", "sn"),
			PartNumber: q.like("partno", "partnumber", "pn"), Revision: q.like("rev", "partrev"),
		})
	}
	for _, q := range p.Props {
		if q.Name != "Misc_UUT_Info" && q.Name != "UUT_Part_Info" {
			u.loseProperty("MiscUUTResult", q)
		}
	}
}

// status reads a word; another one than the known is Done.
func (u *testStandUnit) status(word string) report.Status {
	word = strings.TrimSpace(word)
	if s, ok := report.ParseStatus(word); ok && len(word) > 1 {
		return s
	}
	if word == "" {
		return 0
	}
	u.lose(u.line, fmt.Sprintf("the status %s is read as Done", word))
	return report.Done
}

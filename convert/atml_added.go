package convert

import (
	"encoding/base64"
	"strconv"

	"github.com/gowats/gowats/report"
)

// What WATS knows and ATML has no room for is written into extensions of a namespace of our own, which other readers pass over.
const (
	extNamespace   = "urn:gowats:atml:1"
	extReport      = "GowatsReport"
	extStep        = "GowatsStep"
	extMeasurement = "GowatsMeasurement"
)

// The attributes of our elements. Texts stand as they are, absent ones are left out.

func (x *xmlScanner) number(local string) report.Number { return report.ParseNumber(x.attr(local)) }

func (x *xmlScanner) integer(local string) report.Optional[int] {
	if n, err := strconv.Atoi(x.attr(local)); err == nil {
		return report.Some(n)
	}
	return report.Optional[int]{}
}

func (x *xmlScanner) status(local string) report.Status {
	s, _ := report.ParseStatus(x.attr(local))
	return s
}

// addedReport reads the GowatsReport that has just started. It says all that the head of a report has.
func (a *atmlReader) addedReport(r *report.Report) error {
	x, t := a.x, r.Test
	r.SerialNumber, r.PartNumber, r.Revision = x.attr("serialNumber"), x.attr("partNumber"), x.attr("revision")
	r.Process = report.Process{Code: x.integer("processCode"), CodeFormat: x.attr("processCodeFormat"), Name: x.attr("processName")}
	r.Station, r.Location, r.Purpose = x.attr("station"), x.attr("location"), x.attr("purpose")
	r.Result = x.status("result")
	t.Operator, t.Comment, t.FixtureID = x.attr("operator"), x.attr("comment"), x.attr("fixtureId")
	t.ExecTime = x.number("execTime")
	t.SocketIndex, t.SocketIndexFormat = x.integer("testSocketIndex"), x.attr("testSocketIndexFormat")
	t.ErrorCode, t.ErrorCodeFormat, t.ErrorMessage = x.integer("errorCode"), x.attr("errorCodeFormat"), x.attr("errorMessage")
	t.BatchSerialNumber = x.attr("batchSN")
	t.BatchFailCount, t.BatchFailCountFormat = x.integer("batchFailCount"), x.attr("batchFailCountFormat")
	t.BatchLoopIndex, t.BatchLoopIndexFormat = x.integer("batchLoopIndex"), x.attr("batchLoopIndexFormat")
	return x.children(func() error {
		switch x.name {
		case "MiscInfo":
			r.MiscInfos = append(r.MiscInfos, report.MiscInfo{
				ID: x.attr("id"), Description: x.attr("description"), Text: x.attr("text"),
				Numeric: x.number("numeric"), NumericFormat: x.attr("numericFormat"), Typedef: x.attr("typedef"),
			})
		case "SubUnit":
			r.SubUnits = append(r.SubUnits, report.SubUnit{
				PartType: x.attr("partType"), SerialNumber: x.attr("serialNumber"), PartNumber: x.attr("partNumber"), Revision: x.attr("revision"),
				Index: x.integer("idx"), ParentIndex: x.integer("parentIdx"), Position: x.integer("position"), ReplacedIndex: x.integer("replacedIdx"),
			})
		case "Asset":
			r.Assets = append(r.Assets, report.Asset{
				SerialNumber: x.attr("serialNumber"), Type: x.attr("assetType"), PartNumber: x.attr("partNumber"),
				UsageCount: x.integer("usageCount"), UsageCountFormat: x.attr("usageCountFormat"),
				CalibrationDate: report.TimeText(x.attr("calibrationDate")), CalibrationDue: report.TimeText(x.attr("calibrationDue")),
			})
		case "Attachment":
			file, err := a.addedAttachment()
			r.BinaryData = append(r.BinaryData, file)
			return err
		default:
			a.loseElement()
		}
		return nil
	})
}

// addedAttachment reads an Attachment: base64 text.
func (a *atmlReader) addedAttachment() (report.Attachment, error) {
	file := report.Attachment{
		Name: a.x.attr("name"), ContentType: a.x.attr("contentType"), Description: a.x.attr("description"), FailureIndex: a.x.integer("failIdx"),
	}
	text, err := a.x.content()
	if err != nil {
		return file, err
	}
	if file.Data, err = base64.StdEncoding.DecodeString(text); err != nil {
		return file, a.x.fail("the data of attachment %q are no base64: %v", file.Name, err)
	}
	return file, nil
}

// addedStep is what GowatsStep says of a step. It stands before some of the elements that it overrules.
type addedStep struct {
	report.Step
	hasStatus, hasName bool
}

// addedStep reads the GowatsStep that has just started.
func (a *atmlReader) addedStep(d *atmlStep) error {
	x, s := a.x, &addedStep{}
	d.added = s
	s.ID = x.integer("id")
	s.Name, s.hasName = x.lookup("name")
	_, s.hasStatus = x.lookup("status")
	s.Status, s.Type, s.TSGuid = x.status("status"), x.attr("stepType"), x.attr("tsGuid")
	s.Start = report.TimeText(x.attr("start"))
	s.TotalTime, s.TotalTimeFormat = x.number("totTime"), x.attr("totTimeFormat")
	s.ErrorCode, s.ErrorCodeFormat, s.ErrorMessage = x.integer("errorCode"), x.attr("errorCodeFormat"), x.attr("errorMessage")
	return x.children(func() (err error) {
		switch x.name {
		case "Sequence":
			s.Sequence = &report.Sequence{Path: x.attr("path"), Name: x.attr("name"), Version: x.attr("version")}
		case "MessagePopup":
			s.MessagePopup = &report.MessagePopup{Response: x.attr("response"), Button: x.integer("button")}
		case "CallExecutable":
			s.CallExecutable = &report.CallExecutable{ExitCode: x.number("exitCode")}
		case "Attachment":
			var file report.Attachment
			file, err = a.addedAttachment()
			s.Attachment = &file
		case "Chart":
			s.Chart = &report.Chart{
				Type: x.attr("chartType"), Label: x.attr("label"),
				XLabel: x.attr("xLabel"), XUnit: x.attr("xUnit"), YLabel: x.attr("yLabel"), YUnit: x.attr("yUnit"),
			}
			err = a.addedSeries(s.Chart)
		default:
			a.loseElement()
		}
		return err
	})
}

func (a *atmlReader) addedSeries(c *report.Chart) error {
	return a.x.children(func() error {
		if a.x.name != "Series" {
			a.loseElement()
			return nil
		}
		series := report.Series{Name: a.x.attr("name"), DataType: a.x.attr("dataType")}
		err := a.x.children(func() (err error) {
			switch a.x.name {
			case "XData":
				series.XData, err = a.x.content()
			case "YData":
				series.YData, err = a.x.content()
			default:
				a.loseElement()
			}
			return err
		})
		c.Series = append(c.Series, series)
		return err
	})
}

// apply puts what GowatsStep said into the step, of which all else has been read.
func (s *addedStep) apply(d *atmlStep) {
	d.ID, d.Sequence = s.ID, s.Sequence
	d.ErrorCode, d.ErrorCodeFormat, d.ErrorMessage = s.ErrorCode, s.ErrorCodeFormat, s.ErrorMessage
	d.TotalTimeFormat = s.TotalTimeFormat
	d.Chart, d.Attachment, d.MessagePopup, d.CallExecutable = s.Chart, s.Attachment, s.MessagePopup, s.CallExecutable
	if s.hasName {
		d.Name = s.Name
	}
	if s.hasStatus {
		d.Status = s.Status
	}
	if s.Type != "" {
		d.Type = s.Type
	}
	if s.TSGuid != "" {
		d.TSGuid = s.TSGuid
	}
	if s.Start.Present() {
		d.Start = s.Start
	}
	if s.TotalTime.Present() {
		d.TotalTime = s.TotalTime
	}
}

// addedMeasurement is a whole measurement that GowatsMeasurement says, where ATML would not give it back. One member is set.
type addedMeasurement struct {
	numeric *report.NumericMeasurement
	text    *report.StringMeasurement
	boolean *report.BooleanMeasurement
}

// The kinds of GowatsMeasurement.
const (
	addedNumeric = "numeric"
	addedText    = "string"
)

// addedMeasurement reads the GowatsMeasurement that has just started.
func (a *atmlReader) addedMeasurement() *addedMeasurement {
	x := a.x
	op, _ := report.ParseCompOp(x.attr("compOp"))
	name, status := x.attr("name"), x.status("status")
	switch x.attr("kind") {
	case addedNumeric:
		return &addedMeasurement{numeric: &report.NumericMeasurement{
			Name: name, Value: x.number("value"), ValueFormat: x.attr("valueFormat"), Unit: x.attr("unit"), CompOp: op,
			Low: x.number("lowLimit"), LowFormat: x.attr("lowLimitFormat"), High: x.number("highLimit"), HighFormat: x.attr("highLimitFormat"),
			Status: status,
		}}
	case addedText:
		return &addedMeasurement{text: &report.StringMeasurement{Name: name, Value: x.attr("value"), CompOp: op, Limit: x.attr("limit"), Status: status}}
	}
	return &addedMeasurement{boolean: &report.BooleanMeasurement{Name: name, Status: status}}
}

func (m *addedMeasurement) addTo(s *report.Step) {
	switch {
	case m.numeric != nil:
		s.Numeric = append(s.Numeric, *m.numeric)
	case m.text != nil:
		s.Strings = append(s.Strings, *m.text)
	default:
		s.Booleans = append(s.Booleans, *m.boolean)
	}
}

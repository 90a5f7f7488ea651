package convert

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// writeWSXF writes a Reports document of any number of reports.
func writeWSXF(dst io.Writer, reports []*report.Report, _ WriteOptions) ([]Loss, error) {
	w := &wsxfWriter{}
	w.dst = append(w.dst, `<?xml version="1.0" encoding="utf-8"?>`...)
	w.start("Reports")
	w.attr("xmlns", wsxfNamespace)
	for _, r := range reports {
		w.measurements = -1
		if addedByServer(r) {
			w.lose("$", "%s", serverMembersLost)
		}
		w.report(r)
		if _, err := dst.Write(w.dst); err != nil {
			return nil, err
		}
		w.dst = w.dst[:0]
	}
	w.end()
	if w.lost > 0 {
		w.lose("document", "%d characters that XML cannot carry are written as U+FFFD", w.lost)
	}
	_, err := dst.Write(w.dst)
	return w.losses.all(), err
}

// wsxfWriter writes one report after the other.
type wsxfWriter struct {
	xmlWriter
	losses       lossList
	measurements int // MeasOrderNumber of the next one: over the whole report, all kinds together, from −1
}

func (w *wsxfWriter) lose(where, format string, args ...any) {
	w.losses.add(where, fmt.Sprintf(format, args...))
}

func (w *wsxfWriter) integer(name string, v report.Optional[int]) {
	if v.Present {
		w.attr(name, strconv.Itoa(v.Value))
	}
}

func (w *wsxfWriter) boolean(name string, v report.Optional[bool]) {
	if v.Present {
		w.attr(name, strconv.FormatBool(v.Value))
	}
}

// number writes a number as XML Schema does.
func (w *wsxfWriter) number(name string, v report.Number) {
	if v.Present() {
		w.attr(name, xmlNumber(v))
	}
}

// xmlNumber returns the text of a number in XML: that of Number, but for the infinities.
func xmlNumber(v report.Number) string {
	switch text := v.String(); text {
	case "+Inf":
		return "INF"
	case "-Inf":
		return "-INF"
	default:
		return text
	}
}

func (w *wsxfWriter) id(name string, id report.ID) {
	if !id.IsZero() {
		w.attr(name, strings.ToUpper(id.String()))
	}
}

// extra writes the members that the model has no field for: texts as attributes. Others have no place in WSXF.
func (w *wsxfWriter) extra(members []report.Member) {
	for _, m := range members {
		var text string
		if name, rest := cutName([]byte(m.Name)); len(name) == 0 || len(rest) > 0 || strings.Contains(m.Name, ":") ||
			json.Unmarshal(m.Value, &text) != nil || w.hasAttribute(m.Name) {
			w.lose(m.Name, "WSXF has no place for the member %s", m.Name)
			continue
		}
		w.optional(m.Name, text)
	}
}

// hasAttribute reports whether the tag that is open has an attribute of that name already.
func (w *wsxfWriter) hasAttribute(name string) bool {
	tag := w.dst[bytes.LastIndexByte(w.dst, '<'):]
	return bytes.Contains(tag, []byte(" "+name+"=\""))
}

func (w *wsxfWriter) report(r *report.Report) {
	w.start("Report")
	kind := "UUT"
	if r.IsRepair() {
		kind = "UUR"
	}
	w.attr("type", kind)
	w.id("ID", r.ID)
	if !r.Start.IsZero() {
		w.attr("Start", r.Start.Format(time.RFC3339Nano))
		w.attr("Start_utc", r.Start.UTC().Format(time.RFC3339Nano))
	}
	w.optional("Result", r.Result.String())
	w.attr("SN", r.SerialNumber)
	w.attr("PN", r.PartNumber)
	w.attr("Rev", r.Revision)
	w.attr("MachineName", r.Station)
	w.attr("Location", r.Location)
	w.attr("Purpose", r.Purpose)
	w.extra(r.Extra)
	if r.Repair != nil {
		w.uur(r.Repair)
	} else if r.Test != nil {
		w.uut(r.Test)
	}
	w.process(r.Process)
	for i := range r.MiscInfos {
		w.miscInfo(i, &r.MiscInfos[i])
	}
	for i := range r.SubUnits {
		w.subUnit(&r.SubUnits[i])
	}
	for i := range r.Assets {
		w.asset(&r.Assets[i])
	}
	w.failures(r.SubUnits)
	for i := range r.BinaryData {
		w.binary(i, &r.BinaryData[i])
	}
	for i := range r.AdditionalData {
		w.additionalData("AdditionalData", i, &r.AdditionalData[i])
	}
	if r.Test != nil && r.Test.Root != nil {
		w.step(0, r.Test.Root)
	}
	w.end()
}

func (w *wsxfWriter) uut(t *report.Test) {
	w.start("UUT")
	w.attr("UserLoginName", t.Operator)
	w.optional("BatchSN", t.BatchSerialNumber)
	w.integer("TestSocketIndex", t.SocketIndex)
	w.optional("TestSocketIndexFormat", t.SocketIndexFormat)
	w.number("ExecutionTime", t.ExecTime)
	w.optional("FixtureId", t.FixtureID)
	w.integer("ErrorCode", t.ErrorCode)
	w.optional("ErrorCodeFormat", t.ErrorCodeFormat)
	w.optional("ErrorMessage", t.ErrorMessage)
	w.integer("BatchFailCount", t.BatchFailCount)
	w.optional("BatchFailCountFormat", t.BatchFailCountFormat)
	w.integer("BatchLoopIndex", t.BatchLoopIndex)
	w.optional("BatchLoopIndexFormat", t.BatchLoopIndexFormat)
	w.extra(t.Extra)
	w.comment(t.Comment)
	w.end()
}

func (w *wsxfWriter) comment(text string) {
	if text != "" {
		w.start("Comment")
		w.text(text)
		w.end()
	}
}

func (w *wsxfWriter) uur(u *report.Repair) {
	w.start("UUR")
	w.attr("UserLoginName", u.Operator)
	w.optional("ConfirmDate", u.ConfirmDate.String())
	w.optional("FinalizeDate", u.FinalizeDate.String())
	w.number("ExecutionTime", u.ExecTime)
	w.boolean("Active", u.Active)
	w.id("Parent", u.Parent)
	w.id("ReferencedUUT", u.TestReport)
	w.extra(u.Extra)
	w.comment(u.Comment)
	w.process(u.Process)
	w.end()
}

func (w *wsxfWriter) process(p report.Process) {
	w.start("Process")
	w.integer("Code", p.Code)
	w.optional("CodeFormat", p.CodeFormat)
	w.optional("Name", p.Name)
	w.end()
}

func (w *wsxfWriter) miscInfo(i int, m *report.MiscInfo) {
	w.start("MiscInfo")
	w.optional("Id", m.ID)
	w.optional("Typedef", m.Typedef)
	w.attr("Description", m.Description)
	w.number("Numeric", m.Numeric)
	w.optional("NumericFormat", m.NumericFormat)
	w.attr("idx", strconv.Itoa(i))
	w.attr("order_no", strconv.Itoa(i))
	w.extra(m.Extra)
	if m.Text != "" {
		w.text(m.Text)
	}
	w.end()
}

func (w *wsxfWriter) subUnit(u *report.SubUnit) {
	w.start("ReportUnitHierarchy")
	w.optional("PartType", u.PartType)
	w.attr("PN", u.PartNumber)
	w.attr("SN", u.SerialNumber)
	w.optional("Rev", u.Revision)
	w.integer("Position", u.Position)
	w.integer("Idx", u.Index)
	w.integer("ParentIDX", u.ParentIndex)
	w.integer("ReplacedIDX", u.ReplacedIndex)
	w.extra(u.Extra)
	w.end()
}

func (w *wsxfWriter) asset(a *report.Asset) {
	w.start("Asset")
	w.attr("AssetSN", a.SerialNumber)
	w.integer("UsageCount", a.UsageCount)
	w.optional("UsageCountFormat", a.UsageCountFormat)
	w.optional("AssetType", a.Type)
	w.optional("PartNumber", a.PartNumber)
	w.optional("CalibrationDate", a.CalibrationDate.String())
	w.optional("CalibrationDue", a.CalibrationDue.String())
	w.extra(a.Extra)
	w.end()
}

// failures writes the failures of all units, each with the index of its unit.
func (w *wsxfWriter) failures(units []report.SubUnit) {
	n := 0
	given := make(map[int]bool, len(units))
	for i := range units {
		u := &units[i]
		if len(u.Failures) > 0 && (given[u.Index.Value] || !u.Index.Present && i > 0) {
			w.lose("$.subUnits", "the unit of a failure, since it has no index of its own")
		}
		given[u.Index.Value] = given[u.Index.Value] || u.Index.Present
		for j := range u.Failures {
			f := &u.Failures[j]
			w.start("Failures")
			w.attr("Idx", strconv.Itoa(n))
			w.integer("PartIdx", u.Index)
			w.optional("Category", f.Category)
			w.optional("Code", f.Code)
			w.optional("CompRef", f.ComponentRef)
			w.optional("FunctionBlock", f.FunctionBlock)
			w.integer("StepID", f.StepID)
			w.optional("ArticleNumber", f.ArticleNumber)
			w.optional("ArticleRevision", f.ArticleRevision)
			w.optional("ArticleVendor", f.ArticleVendor)
			w.optional("ArticleDescription", f.ArticleDescription)
			w.extra(f.Extra)
			w.comment(f.Comment)
			w.end()
			n++
		}
	}
}

func (w *wsxfWriter) binary(i int, file *report.Attachment) {
	w.start("Binary")
	w.attr("BinaryDataIndex", strconv.Itoa(i))
	w.integer("FailIdx", file.FailureIndex)
	w.start("Data")
	w.optional("ContentType", file.ContentType)
	w.attr("FileName", file.Name)
	w.attr("size", strconv.Itoa(len(file.Data)))
	w.optional("Description", file.Description)
	w.extra(file.Extra)
	w.base64(file.Data)
	w.end()
	w.end()
}

func (w *wsxfWriter) base64(data []byte) {
	if len(data) > 0 {
		w.closeTag()
		w.dst = base64.StdEncoding.AppendEncode(w.dst, data)
	}
}

func (w *wsxfWriter) step(index int, s *report.Step) {
	w.start("Step")
	w.integer("Id", s.ID)
	w.optional("Group", s.Group.String())
	w.attr("Name", s.Name)
	w.attr("StepType", s.Type)
	w.optional("Status", s.Status.String())
	w.optional("Start", s.Start.String())
	w.number("total_time", s.TotalTime)
	w.optional("total_timeFormat", s.TotalTimeFormat)
	w.attr("StepIndex", strconv.Itoa(index))
	w.optional("TSGuid", s.TSGuid)
	w.integer("StepErrorCode", s.ErrorCode)
	w.optional("StepErrorCodeFormat", s.ErrorCodeFormat)
	w.optional("StepErrorMessage", s.ErrorMessage)
	w.boolean("StepCausedSequenceFailure", s.CausedSequenceFailure)
	w.integer("InteractiveExeNum", s.InteractiveExeNum)
	w.extra(s.Extra)
	if s.ReportText != "" {
		w.start("ReportText")
		w.text(s.ReportText)
		w.end()
	}
	if s.Loop != nil {
		w.loop(s.Loop)
	}
	if q := s.Sequence; q != nil {
		w.start("SequenceCall")
		w.attr("Name", q.Name)
		w.attr("Version", q.Version)
		w.optional("Filepath", q.Path)
		w.attr("MeasIndex", "0")
		w.extra(q.Extra)
		w.end()
	}
	w.measured(s)
	if p := s.MessagePopup; p != nil {
		w.start("MessagePopup")
		w.integer("Button", p.Button)
		w.optional("Response", p.Response)
		w.attr("MeasIndex", "0")
		w.extra(p.Extra)
		w.end()
	}
	if c := s.CallExecutable; c != nil {
		w.start("Callexe")
		w.number("ExitCode", c.ExitCode)
		w.attr("MeasIndex", "0")
		w.extra(c.Extra)
		w.end()
	}
	if s.Chart != nil {
		w.chart(s.Chart)
	}
	if f := s.Attachment; f != nil {
		w.start("Attachment")
		w.attr("Name", f.Name)
		w.optional("ContentType", f.ContentType)
		w.attr("Size", strconv.Itoa(len(f.Data)))
		w.optional("Description", f.Description)
		w.extra(f.Extra)
		w.base64(f.Data)
		w.end()
	}
	for i := range s.AdditionalResults {
		w.additionalData("AdditionalResults", i, &s.AdditionalResults[i])
	}
	for i, child := range s.Steps {
		if child == nil {
			w.lose("steps", "a step that is null is not written")
			continue
		}
		w.step(i, child)
	}
	w.end()
}

func (w *wsxfWriter) loop(l *report.Loop) {
	w.start("Loop")
	w.integer("index", l.Index)
	w.integer("num", l.Count)
	w.integer("passed", l.Passed)
	w.integer("failed", l.Failed)
	w.integer("ending_index", l.EndingIndex)
	w.extra(l.Extra)
	w.end()
}

// measured writes the measurements of a step.
func (w *wsxfWriter) measured(s *report.Step) {
	for i := range s.Numeric {
		m := &s.Numeric[i]
		w.start("NumericLimit")
		w.optional("Name", m.Name)
		w.number("NumericValue", m.Value)
		w.optional("NumericValueFormat", m.ValueFormat)
		w.attr("Units", m.Unit)
		w.optional("CompOperator", m.CompOp.String())
		w.number("LowLimit", m.Low)
		w.optional("LowLimitFormat", m.LowFormat)
		w.number("HighLimit", m.High)
		w.optional("HighLimitFormat", m.HighFormat)
		w.measurementEnd(i, m.Status, m.Extra)
	}
	for i := range s.Booleans {
		m := &s.Booleans[i]
		w.start("PassFail")
		w.optional("Name", m.Name)
		w.measurementEnd(i, m.Status, m.Extra)
	}
	for i := range s.Strings {
		m := &s.Strings[i]
		w.start("StringValue")
		w.optional("Name", m.Name)
		w.attr("StringValue", m.Value)
		w.optional("StringLimit", m.Limit)
		w.optional("CompOperator", m.CompOp.String())
		w.measurementEnd(i, m.Status, m.Extra)
	}
}

func (w *wsxfWriter) measurementEnd(index int, status report.Status, extra []report.Member) {
	w.optional("Status", status.String())
	w.attr("MeasIndex", strconv.Itoa(index))
	w.attr("MeasOrderNumber", strconv.Itoa(w.measurements))
	w.measurements++
	w.extra(extra)
	w.end()
}

func (w *wsxfWriter) chart(c *report.Chart) {
	w.start("Chart")
	w.attr("idx", "0")
	w.attr("ChartType", c.Type)
	w.attr("Label", c.Label)
	w.attr("XLabel", c.XLabel)
	w.attr("XUnit", c.XUnit)
	w.attr("YLabel", c.YLabel)
	w.attr("YUnit", c.YUnit)
	w.extra(c.Extra)
	for i := range c.Series {
		s := &c.Series[i]
		w.start("Series")
		w.attr("Name", s.Name)
		w.attr("DataType", s.DataType)
		w.extra(s.Extra)
		w.data("ydata", s.YData)
		w.data("xdata", s.XData)
		w.end()
	}
	w.end()
}

func (w *wsxfWriter) data(name, text string) {
	if text != "" {
		w.start(name)
		w.text(text)
		w.end()
	}
}

func (w *wsxfWriter) additionalData(name string, i int, d *report.AdditionalData) {
	w.start(name)
	w.attr("Name", d.Name)
	w.attr("Idx", strconv.Itoa(i))
	w.extra(d.Extra)
	w.properties(d.Props)
	w.end()
}

func (w *wsxfWriter) properties(props []*report.Property) {
	if slices.Contains(props, nil) {
		w.lose("props", "an empty property is left out")
	}
	for _, p := range props {
		if p != nil {
			w.property(p)
		}
	}
}

func (w *wsxfWriter) property(p *report.Property) {
	w.start("Prop")
	w.attr("Name", p.Name)
	w.optional("Type", p.Type)
	w.integer("Flags", p.Flags)
	w.optional("Comment", p.Comment)
	w.optional("NumFormat", p.NumFormat)
	w.extra(p.Extra)
	w.data("Value", p.Value)
	w.properties(p.Props)
	if a := p.Array; a != nil {
		w.start("Array")
		w.integer("Dimension", a.Dimension)
		w.optional("Type", a.Type)
		w.extra(a.Extra)
		for _, e := range a.Indexes {
			if e == nil {
				w.lose("array", "an empty element is left out")
				continue
			}
			w.start("Index")
			w.optional("Text", e.Text)
			w.optional("Indexes", strings.Trim(fmt.Sprint(e.Indexes), "[]"))
			w.extra(e.Extra)
			if e.Value != nil {
				w.property(e.Value)
			}
			w.end()
		}
		w.end()
	}
	w.end()
}

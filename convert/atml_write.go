package convert

import (
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// defaultATMLVersion is the edition that is written when none is asked for.
const defaultATMLVersion = "6.01"

// writeATML writes reports as one document: editions 5.00 and 6.01 hold any number, 2.02 one. What ATML has no room for stands in
// extensions that readATML reads back and other readers pass over; what is lost even so is returned.
func writeATML(dst io.Writer, reports []*report.Report, opt WriteOptions) ([]Loss, error) {
	edition, err := editionToWrite(opt.ATMLVersion)
	if err != nil {
		return nil, err
	}
	if edition.collection == "" && len(reports) != 1 {
		return nil, fmt.Errorf("ATML %s holds one report, not %d; write each into a file of its own, or ATML %s", edition.version, len(reports), defaultATMLVersion)
	}
	for i, r := range reports {
		if r.Test == nil || r.Repair != nil {
			return nil, fmt.Errorf("report %d (serial number %q) is a repair report; ATML holds tests only", i, r.SerialNumber)
		}
	}
	w := atmlWriter{edition: edition}
	w.dst = append(w.dst, `<?xml version="1.0" encoding="utf-8"?>`+"\n"...)
	if edition.collection != "" {
		w.start("trc:TestResultsCollection")
		w.namespaces()
	}
	for i, r := range reports {
		w.where = fmt.Sprintf("reports[%d]", i)
		if len(reports) == 1 {
			w.where = "$"
		}
		w.report(r)
		if err := w.flush(dst); err != nil {
			return nil, err
		}
	}
	if edition.collection != "" {
		w.end()
	}
	w.dst = append(w.dst, '\n')
	return w.losses.all(), w.flush(dst)
}

func editionToWrite(version string) (atmlEdition, error) {
	var known []string
	for _, e := range atmlEditions() {
		if version == e.version || version == "" && e.version == defaultATMLVersion {
			return e, nil
		}
		known = append(known, e.version)
	}
	return atmlEdition{}, fmt.Errorf("ATML version %q cannot be written; known are %s", version, strings.Join(known, ", "))
}

// atmlWriter writes one document.
type atmlWriter struct {
	xmlWriter
	edition atmlEdition
	losses  lossList
	where   string // path of what is being written
	nextID  int    // of a step without one
}

func (w *atmlWriter) flush(dst io.Writer) error {
	if w.lost > 0 {
		w.lose("characters that XML does not allow are written as U+FFFD")
		w.lost = 0
	}
	w.closeTag()
	_, err := dst.Write(w.dst)
	w.dst = w.dst[:0]
	return err
}

func (w *atmlWriter) lose(what string) { w.losses.add(w.where, what) }

// loseIf notes a loss when there is something to lose.
func (w *atmlWriter) loseIf(lost bool, what string) {
	if lost {
		w.lose(what)
	}
}

func (w *atmlWriter) namespaces() {
	e := w.edition
	if e.collection != "" {
		w.attr("xmlns:trc", e.collection)
	}
	w.attr("xmlns:tr", e.results)
	w.attr("xmlns:c", e.common)
	w.attr("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
	w.attr("xmlns:ts", e.testStand)
	w.attr("xmlns:gw", extNamespace)
}

// own begins an element of our own namespace.
func (w *atmlWriter) own(name string) { w.start("gw:" + name) }

// leaf writes an element with the attribute value.
func (w *atmlWriter) leaf(name, value string) {
	w.start(name)
	w.attr("value", value)
	w.end()
}

// textLeaf writes an element with text.
func (w *atmlWriter) textLeaf(name, text string) {
	w.start(name)
	w.text(text)
	w.end()
}

// integer writes an attribute unless value is absent.
func (w *atmlWriter) integer(name string, value report.Optional[int]) {
	if value.Present {
		w.attr(name, strconv.Itoa(value.Value))
	}
}

func (w *atmlWriter) report(r *report.Report) {
	if w.edition.collection != "" {
		w.start("trc:TestResults")
	} else {
		w.start("tr:TestResults")
		w.namespaces()
	}
	if !r.ID.IsZero() {
		w.attr("uuid", r.ID.String())
	}
	w.start("tr:Personnel")
	w.start("tr:SystemOperator")
	w.attr("ID", r.Test.Operator)
	w.attr("name", r.Test.Operator)
	w.end()
	w.end()
	w.resultSet(r)
	w.start("tr:TestStation")
	w.textLeaf("c:SerialNumber", r.Station)
	w.end()
	w.unit(r)
	w.headExtension(r)
	w.end()
	w.loseHead(r)
}

func (w *atmlWriter) resultSet(r *report.Report) {
	w.start("tr:ResultSet")
	w.attr("ID", "0")
	root := r.Test.Root
	if root != nil && root.Sequence != nil {
		w.attr("name", sequenceText(root))
	}
	if !r.Start.IsZero() {
		w.attr("startDateTime", r.Start.Format(time.RFC3339Nano))
		w.attr("endDateTime", r.Start.Add(secondsOf(r.Test.ExecTime)).Format(time.RFC3339Nano))
	}
	if w.edition.collection == "" { // 2.02 has a group between
		w.outcome("tr:Outcome", r.Result)
		w.events(r.Test.ErrorCode, r.Test.ErrorMessage)
		if root != nil {
			w.step(root)
		}
	} else if root != nil {
		w.stepBody(root, r)
	}
	w.end()
}

// sequenceText returns file#sequence of a step that calls one.
func sequenceText(s *report.Step) string {
	if s.Sequence == nil {
		return s.Name
	}
	if s.Sequence.Path == "" && !strings.Contains(s.Sequence.Name, "#") {
		return s.Sequence.Name
	}
	return s.Sequence.Path + "#" + s.Sequence.Name
}

func (w *atmlWriter) unit(r *report.Report) {
	w.start("tr:UUT")
	if w.edition.collection != "" {
		w.attr("UutType", "Hardware")
	}
	w.start("c:Definition")
	if len(r.AdditionalData) > 0 {
		w.start("c:Extension")
		w.start("ts:TSCollection")
		w.additionalData("additionalData", r.AdditionalData)
		w.end()
		w.end()
	}
	w.start("c:Identification")
	w.textLeaf("c:ModelName", "UNKNOWN")
	w.start("c:IdentificationNumbers")
	w.start("c:IdentificationNumber")
	w.attr("number", r.PartNumber)
	w.attr("type", "Part")
	w.attr("qualifier", r.PartNumber)
	w.end()
	w.end()
	w.end()
	w.end()
	w.textLeaf("c:SerialNumber", r.SerialNumber)
	w.end()
}

func (w *atmlWriter) headExtension(r *report.Report) {
	t := r.Test
	w.start("tr:Extension")
	w.start("ts:TSResultSetProperties")
	if t.SocketIndex.Present {
		w.leaf("ts:TestSocketIndex", strconv.Itoa(t.SocketIndex.Value))
	}
	if t.BatchSerialNumber != "" {
		w.leaf("ts:BatchSerialNumber", t.BatchSerialNumber)
	}
	w.end()
	w.own(extReport)
	w.optional("serialNumber", r.SerialNumber)
	w.optional("partNumber", r.PartNumber)
	w.optional("revision", r.Revision)
	w.integer("processCode", r.Process.Code)
	w.optional("processCodeFormat", r.Process.CodeFormat)
	w.optional("processName", r.Process.Name)
	w.optional("station", r.Station)
	w.optional("location", r.Location)
	w.optional("purpose", r.Purpose)
	w.optional("result", r.Result.Letter())
	w.optional("operator", t.Operator)
	w.optional("comment", t.Comment)
	w.optional("fixtureId", t.FixtureID)
	w.optional("execTime", t.ExecTime.String())
	w.integer("testSocketIndex", t.SocketIndex)
	w.optional("testSocketIndexFormat", t.SocketIndexFormat)
	w.integer("errorCode", t.ErrorCode)
	w.optional("errorCodeFormat", t.ErrorCodeFormat)
	w.optional("errorMessage", t.ErrorMessage)
	w.optional("batchSN", t.BatchSerialNumber)
	w.integer("batchFailCount", t.BatchFailCount)
	w.optional("batchFailCountFormat", t.BatchFailCountFormat)
	w.integer("batchLoopIndex", t.BatchLoopIndex)
	w.optional("batchLoopIndexFormat", t.BatchLoopIndexFormat)
	w.headLists(r)
	w.end()
	w.end()
}

// headLists writes misc infos, sub-units, assets and files.
func (w *atmlWriter) headLists(r *report.Report) {
	for i := range r.MiscInfos {
		m := &r.MiscInfos[i]
		w.own("MiscInfo")
		w.optional("id", m.ID)
		w.optional("description", m.Description)
		w.optional("text", m.Text)
		w.optional("numeric", m.Numeric.String())
		w.optional("numericFormat", m.NumericFormat)
		w.optional("typedef", m.Typedef)
		w.end()
		w.extra(m.Extra)
	}
	for i := range r.SubUnits {
		u := &r.SubUnits[i]
		w.own("SubUnit")
		w.optional("partType", u.PartType)
		w.optional("serialNumber", u.SerialNumber)
		w.optional("partNumber", u.PartNumber)
		w.optional("revision", u.Revision)
		w.integer("idx", u.Index)
		w.integer("parentIdx", u.ParentIndex)
		w.integer("position", u.Position)
		w.integer("replacedIdx", u.ReplacedIndex)
		w.end()
		w.loseIf(len(u.Failures) > 0, "failures of sub-units are not written")
		w.extra(u.Extra)
	}
	for i := range r.Assets {
		a := &r.Assets[i]
		w.own("Asset")
		w.optional("serialNumber", a.SerialNumber)
		w.optional("assetType", a.Type)
		w.optional("partNumber", a.PartNumber)
		w.integer("usageCount", a.UsageCount)
		w.optional("usageCountFormat", a.UsageCountFormat)
		w.optional("calibrationDate", a.CalibrationDate.String())
		w.optional("calibrationDue", a.CalibrationDue.String())
		w.end()
		w.extra(a.Extra)
	}
	for i := range r.BinaryData {
		w.attachment(&r.BinaryData[i])
	}
}

func (w *atmlWriter) attachment(a *report.Attachment) {
	w.own("Attachment")
	w.optional("name", a.Name)
	w.optional("contentType", a.ContentType)
	w.optional("description", a.Description)
	w.integer("failIdx", a.FailureIndex)
	w.text(base64.StdEncoding.EncodeToString(a.Data))
	w.end()
	w.extra(a.Extra)
}

// extra notes that members without a field are not written.
func (w *atmlWriter) extra(members []report.Member) {
	for _, m := range members {
		w.lose("member " + m.Name + " is not known and is not written")
	}
}

// loseHead notes what the head of a report has and the file has not.
func (w *atmlWriter) loseHead(r *report.Report) {
	w.loseIf(r.ProductName != "", "productName, which a server adds, is not written")
	w.loseIf(r.Origin != "", "origin, which a server adds, is not written")
	w.loseIf(len(r.AssetStats) > 0, "assetStats, which a server adds, are not written")
	w.loseIf(len(r.Test.ReferencedBy) > 0, "referencedByUURs, which a server adds, are not written")
	w.loseIf(r.Test.CausedFailureStepID.Present, "stepIdCausedUUTFailure, which a server adds, is not written")
	w.extra(r.Extra)
	w.extra(r.Test.Extra)
}

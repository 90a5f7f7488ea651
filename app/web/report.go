package web

import (
	"cmp"
	"context"
	"errors"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

const (
	shownHistory    = 50
	shownWarnings   = 100
	shownProperties = 300 // of one property tree
)

// reportView is the data of report.html.
type reportView struct {
	Href, JSON    string
	Serial, Part  string
	Revision      string
	Process       string
	Result        report.Status
	Repair        bool
	Superseded    bool
	Newer         string // address of the report that took its place; "" when it is not known
	Received      string // UTC
	Facts         []fact
	Warnings      report.Findings
	WarningsLeft  int
	Cause         *cause     // nil when nothing failed
	Steps         *stepsView // tests only
	Parts         []partView // repairs only
	Misc          []miscView
	SubUnits      []report.SubUnit // tests only
	Assets        []assetView
	Files         []fileView
	Data          []dataView
	History       []listRow
	HistoryLeft   int
	HistoryAll    string
	TestReport    string // repairs only: address of the test report; "" when it is not here
	TestReportID  string
	RepairReports []choice // tests only: repairs that name this report
}

// fact is a name and a value of the head; Link makes the value lead somewhere.
type fact struct{ Name, Value, Link string }

// cause is the step that made the test fail.
type cause struct {
	Path   string // names from the root's children down
	Anchor string
	Detail string // what was measured, or the error
}

type miscView struct{ Name, Text, Number string }

type assetView struct{ Serial, Part, Type, Uses, Calibrated, Due string }

// fileView is an attachment to download.
type fileView struct {
	Href, Name, Size string
	Step             string // to which it belongs; "" for the whole report
	Image            bool
	Description      string
}

// dataView is a property tree, as rows.
type dataView struct {
	Name string
	Rows []propertyRow
	Left int // how many more there are
}

type propertyRow struct {
	Depth             int
	Name, Type, Value string
}

// reportDocument returns the report that the request names, or answers the request.
func (p *pages) reportDocument(w http.ResponseWriter, r *http.Request, text string) (*store.Document, bool) {
	id, err := report.ParseID(text)
	if err != nil {
		p.problem(w, r, http.StatusNotFound, "Not a report ID", "The address of a report ends with its ID, such as "+
			"/reports/7f9c24e8-3b12-4fef-91e0-2c8a5bd0f1a7. Look for the report in the list.")
		return nil, false
	}
	doc, err := p.store.Report(r.Context(), id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		p.problem(w, r, http.StatusNotFound, "No such report", "There is no report "+id.String()+
			" on this server. It may still be waiting on its station, or have gone to another server.")
		return nil, false
	case err != nil:
		p.failed(w, r, err)
		return nil, false
	}
	return doc, true
}

func (p *pages) report(w http.ResponseWriter, r *http.Request) {
	text, asJSON := strings.CutSuffix(r.PathValue("id"), ".json")
	doc, ok := p.reportDocument(w, r, text)
	if !ok {
		return
	}
	if asJSON {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(doc.Report.AppendWSJF(nil, report.WSJFOptions{ServerMembers: true})) // the browser went away: nobody to tell
		return
	}
	history, err := p.store.UnitHistory(r.Context(), doc.Report.SerialNumber, doc.Report.PartNumber)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	v := newReportView(doc, history, r.URL.Query().Get("steps") == "failed")
	if v.Repair {
		if err := p.findTestReport(r.Context(), v, doc.Report.Repair.TestReport); err != nil {
			p.failed(w, r, err)
			return
		}
	}
	p.render(w, r, http.StatusOK, "report", view{Title: v.Serial + " – " + v.Process, Nav: "reports", Body: v})
}

// findTestReport links to the report that a repair is about, when it is here.
func (p *pages) findTestReport(ctx context.Context, v *reportView, id report.ID) error {
	if id.IsZero() {
		return nil
	}
	v.TestReportID = id.String()
	_, err := p.store.Report(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		v.TestReport = reportURL(id)
	}
	return err
}

func newReportView(doc *store.Document, history []store.HistoryEntry, onlyBad bool) *reportView {
	r := doc.Report
	v := &reportView{
		Href: reportURL(r.ID), JSON: reportURL(r.ID) + ".json", Serial: r.SerialNumber, Part: r.PartNumber, Revision: r.Revision,
		Process: processName(cmp.Or(doc.Header.ProcessName, r.Process.Name), r.Process.Code.Value), Result: r.Result, Repair: r.IsRepair(),
		Superseded: doc.Superseded, Received: utc(doc.ReceivedAt),
	}
	warnings := doc.Warnings.Warnings()
	v.Warnings, v.WarningsLeft = warnings[:min(len(warnings), shownWarnings)], max(0, len(warnings)-shownWarnings)
	v.Facts = facts(doc)
	files := listFiles(r)
	v.Files = files.list
	if r.Test != nil {
		v.testParts(r, files, onlyBad)
	}
	if r.Repair != nil {
		v.Parts = partViews(r)
	} else {
		v.SubUnits = r.SubUnits
	}
	for _, m := range r.MiscInfos {
		v.Misc = append(v.Misc, miscView{m.Description, m.Text, m.Numeric.String()})
	}
	for _, a := range r.Assets {
		v.Assets = append(v.Assets, newAssetView(a))
	}
	for _, d := range r.AdditionalData {
		v.Data = append(v.Data, newDataView(d))
	}
	v.fillHistory(history, doc)
	return v
}

func (v *reportView) testParts(r *report.Report, files fileIndex, onlyBad bool) {
	for _, ref := range r.Test.ReferencedBy {
		if id, err := report.ParseID(ref.ID); err == nil {
			v.RepairReports = append(v.RepairReports, choice{Text: id.String(), Href: reportURL(id)})
		}
	}
	if r.Test.Root == nil {
		return
	}
	v.Steps = newStepsView(r.Test.Root, files, v.Href, onlyBad)
	if step, names := r.FailureCause(); step != nil {
		v.Cause = &cause{Path: strings.Join(names, " › "), Anchor: v.Steps.anchors[step], Detail: causeDetail(step)}
	}
}

// causeDetail says in one line what was wrong with a step.
func causeDetail(s *report.Step) string {
	if s.ErrorMessage != "" {
		return s.ErrorMessage
	}
	for i := range s.Numeric {
		if m := &s.Numeric[i]; isBad(m.Status) || len(s.Numeric) == 1 {
			return join(", expected ", join(" ", m.Name, m.Value.String(), m.Unit), numericLimits(m))
		}
	}
	for i := range s.Strings {
		if m := &s.Strings[i]; isBad(m.Status) || len(s.Strings) == 1 {
			return join(", expected ", join(" ", m.Name, strconv.Quote(m.Value)), stringLimit(m))
		}
	}
	for _, m := range s.Booleans {
		if isBad(m.Status) && m.Name != "" {
			return m.Name
		}
	}
	return ""
}

// facts are the members of the head that have a value.
func facts(doc *store.Document) []fact {
	r := doc.Report
	var out []fact
	add := func(name, value string) {
		if value != "" {
			out = append(out, fact{Name: name, Value: value})
		}
	}
	out = append(out, fact{"Product", join(" rev ", r.PartNumber, r.Revision), listQuery{Part: r.PartNumber}.URL()})
	add("Product name", r.ProductName)
	add("Process", join(" ", optional(r.Process.Code), cmp.Or(doc.Header.ProcessName, r.Process.Name)))
	if r.Repair != nil {
		add("Failed in", join(" ", optional(r.Repair.Process.Code), r.Repair.Process.Name))
	}
	out = append(out, fact{"Station", r.Station, listQuery{Station: r.Station}.URL()})
	add("Location", r.Location)
	add("Purpose", r.Purpose)
	add("Start (station)", local(r.Start))
	add("Start (UTC)", utc(r.Start))
	if t := r.Test; t != nil {
		add("Duration", duration(t.ExecTime))
		add("Operator", t.Operator)
		if t.Root != nil && t.Root.Sequence != nil {
			add("Sequence", join(" version ", baseName(t.Root.Sequence.Path), t.Root.Sequence.Version))
		}
		if doc.Header.Run.Present {
			add("Run in this process", strconv.Itoa(doc.Header.Run.Value))
		}
		add("Fixture", t.FixtureID)
		if t.SocketIndex.Present && t.SocketIndex.Value >= 0 {
			add("Socket", strconv.Itoa(t.SocketIndex.Value))
		}
		add("Batch", t.BatchSerialNumber)
		add("Batch failures", optional(t.BatchFailCount))
		add("Batch loop", optional(t.BatchLoopIndex))
		add("Error", join(": ", optional(t.ErrorCode), t.ErrorMessage))
		add("Comment", t.Comment)
	}
	if u := r.Repair; u != nil {
		add("Duration", duration(u.ExecTime))
		add("Operator", u.Operator)
		add("Confirmed", timeText(u.ConfirmDate))
		add("Finished", timeText(u.FinalizeDate))
		add("Comment", u.Comment)
	}
	return out
}

func optional(o report.Optional[int]) string {
	if !o.Present {
		return ""
	}
	return strconv.Itoa(o.Value)
}

// timeText returns a time as it was written when it has an offset or cannot be read, and says so when it has none.
func timeText(t report.Time) string {
	if !t.Present() {
		return ""
	}
	at, naive, err := report.ParseTime(t.String(), time.UTC)
	switch {
	case err != nil:
		return t.String()
	case naive:
		return at.Format(utcForm) + " (no zone given)"
	}
	if text := local(at); text != "" {
		return text
	}
	return utc(at) + " UTC"
}

// baseName returns the last part of a path of any system.
func baseName(file string) string {
	if file == "" {
		return ""
	}
	return path.Base(strings.ReplaceAll(file, `\`, "/"))
}

func newAssetView(a report.Asset) assetView {
	v := assetView{
		Serial: a.SerialNumber, Part: a.PartNumber, Type: a.Type,
		Calibrated: timeText(a.CalibrationDate), Due: timeText(a.CalibrationDue),
	}
	if a.UsageCount.Present {
		v.Uses = plural(a.UsageCount.Value, "time", "times")
	}
	return v
}

// fillHistory lists the newest reports of the unit, oldest first, and finds the one that took the place of this one.
func (v *reportView) fillHistory(history []store.HistoryEntry, doc *store.Document) {
	r := doc.Report
	v.HistoryAll = listQuery{Serial: r.SerialNumber, Part: r.PartNumber}.URL()
	v.HistoryLeft = max(0, len(history)-shownHistory)
	for i, h := range history {
		if doc.Superseded && !h.Superseded && h.ProcessCode == doc.Header.ProcessCode && h.StartUTC.Equal(doc.Header.StartUTC) {
			v.Newer = reportURL(h.ID)
		}
		if i >= v.HistoryLeft {
			row := newListRow(h.ReportHeader)
			row.Current, row.Superseded = h.ID == r.ID && h.Superseded == doc.Superseded, h.Superseded
			v.History = append(v.History, row)
		}
	}
}

// fileIndex numbers the attachments of a report: those of the report first, then those of its steps in document order.
type fileIndex struct {
	list    []fileView
	content []*report.Attachment
	number  map[*report.Attachment]int
}

func listFiles(r *report.Report) fileIndex {
	index := fileIndex{number: map[*report.Attachment]int{}}
	add := func(a *report.Attachment, step string) {
		n := len(index.content)
		index.number[a] = n
		index.content = append(index.content, a)
		index.list = append(index.list, fileView{
			Href: reportURL(r.ID) + "/attachments/" + strconv.Itoa(n), Name: a.Name, Size: size(len(a.Data)),
			Step: step, Image: imageType(a.Data) != "", Description: a.Description,
		})
	}
	for i := range r.BinaryData {
		add(&r.BinaryData[i], "")
	}
	if r.Test != nil && r.Test.Root != nil {
		for _, s := range r.Test.Root.Walk() {
			if s.Attachment != nil {
				add(s.Attachment, s.Name)
			}
		}
	}
	return index
}

// of returns the view of a step's attachment; nil of nil.
func (f fileIndex) of(a *report.Attachment) *fileView {
	if a == nil {
		return nil
	}
	return &f.list[f.number[a]]
}

func (p *pages) attachment(w http.ResponseWriter, r *http.Request) {
	doc, ok := p.reportDocument(w, r, r.PathValue("id"))
	if !ok {
		return
	}
	files := listFiles(doc.Report).content
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil || n < 0 || n >= len(files) {
		p.problem(w, r, http.StatusNotFound, "No such attachment", "The report has "+plural(len(files), "attachment", "attachments")+
			"; the address counts them from 0.")
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream") // whatever a report calls its file, a browser never opens it here
	if image := imageType(files[n].Data); image != "" {
		header.Set("Content-Type", image)
	}
	header.Set("Content-Disposition", disposition(files[n].Name))
	header.Set("Content-Length", strconv.Itoa(len(files[n].Data)))
	_, _ = w.Write(files[n].Data) // the browser went away: nobody to tell
}

// imageType returns the type of a picture that a browser can show and that holds no script; "" for all else.
func imageType(data []byte) string {
	switch kind := http.DetectContentType(data); kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return kind
	}
	return ""
}

// disposition makes a browser save an answer under name.
func disposition(name string) string {
	clean := strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || strings.ContainsRune(`/\:*?"<>|`, c) {
			return '_'
		}
		return c
	}, name)
	if clean == "" {
		clean = "attachment"
	}
	return mime.FormatMediaType("attachment", map[string]string{"filename": clean})
}

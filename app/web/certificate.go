package web

import (
	"bufio"
	"cmp"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// certificatePolicy allows a certificate its own style and nothing else.
const certificatePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

// CertificateWriter returns a function that writes the certificate of a report: one HTML file to print, on A4 and Letter alike, that
// needs no other file and runs nothing. It says what was tested or repaired, by whom and how it went, with every measurement.
func CertificateWriter() func(io.Writer, *store.Document) error {
	page := template.Must(template.New("certificate.html").Funcs(template.FuncMap{"badge": newBadge}).
		ParseFS(templateFiles, "templates/certificate.html", "templates/parts.html"))
	return func(w io.Writer, doc *store.Document) error { return page.Execute(w, newCertificateView(doc)) }
}

// certificateView is the data of certificate.html.
type certificateView struct {
	Title      string
	Serial     string
	ID         string
	Result     report.Status
	Repair     bool
	Superseded bool
	Received   string // UTC
	Facts      []fact
	Comment    string
	Failure    string // where the test failed, and how; "" when it did not
	Rows       []certificateRow
	Measured   int
	Failed     int // of the measurements
	Parts      []partView
	SubUnits   []report.SubUnit
	Misc       []miscView
	Assets     []assetView
}

// certificateRow is a measurement, a step that went wrong without one, or the heading of those that follow.
type certificateRow struct {
	Heading             string // names of the sequences down to the steps; "" in a row of its own
	Name, Value, Limits string
	Status              report.Status
	Bad                 bool
}

func newCertificateView(doc *store.Document) *certificateView {
	r := doc.Report
	v := &certificateView{
		Title: "Test certificate", Serial: r.SerialNumber, ID: r.ID.String(), Result: r.Result, Repair: r.IsRepair(),
		Superseded: doc.Superseded, Received: utc(doc.ReceivedAt), Facts: certificateFacts(doc),
	}
	for _, m := range r.MiscInfos {
		v.Misc = append(v.Misc, miscView{m.Description, m.Text, m.Numeric.String()})
	}
	for _, a := range r.Assets {
		v.Assets = append(v.Assets, newAssetView(a))
	}
	if r.Repair != nil {
		v.Title, v.Comment, v.Parts = "Repair certificate", r.Repair.Comment, partViews(r)
		return v
	}
	v.SubUnits = r.SubUnits
	if r.Test == nil {
		return v
	}
	v.Comment = r.Test.Comment
	if step, names := r.FailureCause(); step != nil {
		v.Failure = join(": ", strings.Join(names, " › "), causeDetail(step))
	}
	if r.Test.Root != nil {
		v.addSteps(nil, []*report.Step{r.Test.Root})
	}
	return v
}

// certificateFacts are the facts of the report's page, without those that a certificate does not need.
func certificateFacts(doc *store.Document) []fact {
	r := doc.Report
	out := []fact{{Name: "Serial number", Value: r.SerialNumber}, {Name: "Part number", Value: r.PartNumber}}
	add := func(name, value string) {
		if value != "" {
			out = append(out, fact{Name: name, Value: value})
		}
	}
	add("Revision", r.Revision)
	add("Product", r.ProductName)
	add("Process", join(" ", optional(r.Process.Code), cmp.Or(doc.Header.ProcessName, r.Process.Name)))
	if u := r.Repair; u != nil {
		add("Failed in", join(" ", optional(u.Process.Code), u.Process.Name))
		add("Operator", u.Operator)
		add("Confirmed", timeText(u.ConfirmDate))
		add("Finished", timeText(u.FinalizeDate))
		add("Duration", duration(u.ExecTime))
	}
	if t := r.Test; t != nil {
		add("Operator", t.Operator)
		add("Duration", duration(t.ExecTime))
		add("Batch", t.BatchSerialNumber)
		add("Fixture", t.FixtureID)
		if t.Root != nil && t.Root.Sequence != nil {
			add("Sequence", join(" version ", baseName(t.Root.Sequence.Path), t.Root.Sequence.Version))
		}
	}
	add("Station", r.Station)
	add("Location", r.Location)
	add("Purpose", r.Purpose)
	add("Start (station)", local(r.Start))
	add("Start (UTC)", utc(r.Start))
	if doc.Header.Run.Present {
		add("Run in this process", strconv.Itoa(doc.Header.Run.Value))
	}
	return out
}

// addSteps lists siblings in order. What is below one of them stands under a heading, and what follows it under theirs again.
func (v *certificateView) addSteps(above []string, siblings []*report.Step) {
	heading := headingOf(above)
	headed := heading == ""
	add := func(row certificateRow) {
		if !headed {
			v.Rows = append(v.Rows, certificateRow{Heading: heading})
			headed = true
		}
		v.Rows = append(v.Rows, row)
	}
	for _, s := range siblings {
		measured := len(s.Numeric) + len(s.Strings) + len(s.Booleans)
		v.Measured += measured
		for _, row := range certificateRows(s) {
			add(row)
			if row.Bad && measured > 0 {
				v.Failed++
			}
		}
		if len(s.Steps) > 0 {
			v.addSteps(append(above[:len(above):len(above)], stepTitle(s)), s.Steps)
			headed = heading == ""
		}
	}
}

// headingOf names the sequence that steps stand in by its way from the root, of which it shows the last part.
func headingOf(names []string) string {
	const shown = 4
	if len(names) > shown {
		return "… › " + strings.Join(names[len(names)-shown:], " › ")
	}
	return strings.Join(names, " › ")
}

// stepTitle names a step, and the pass of a loop that it is.
func stepTitle(s *report.Step) string {
	if isLoopPass(s) {
		return s.Name + " (" + loopText(s.Loop) + ")"
	}
	return s.Name
}

// certificateRows returns the measurements of a step; one that stands alone has the step's status. A step without any is left out,
// unless it is itself what went wrong.
func certificateRows(s *report.Step) []certificateRow {
	var line stepView
	line.measurements(s)
	title := stepTitle(s)
	if len(line.Measure) == 0 {
		hasMeasurement := len(s.Numeric)+len(s.Strings)+len(s.Booleans) > 0
		if !hasMeasurement && (!isBad(s.Status) || len(s.Steps) > 0) {
			return nil
		}
		status := loneStatus(s)
		row := certificateRow{Name: title, Value: line.Value, Limits: line.Limits, Status: status, Bad: isBad(status)}
		if row.Bad && row.Value == "" {
			row.Value = join(": ", optional(nonZero(s.ErrorCode)), s.ErrorMessage)
		}
		return []certificateRow{row}
	}
	var rows []certificateRow
	for _, m := range line.Measure {
		rows = append(rows, certificateRow{Name: join(": ", title, m.Name), Value: m.Value, Limits: m.Limits, Status: m.Status, Bad: m.Bad()})
	}
	return rows
}

// loneStatus is the status of a step with one measurement: what failed is shown even where the step was given as passed.
func loneStatus(s *report.Step) report.Status {
	status := report.Status(0)
	switch {
	case len(s.Numeric) > 0:
		status = s.Numeric[0].Status
	case len(s.Strings) > 0:
		status = s.Strings[0].Status
	case len(s.Booleans) > 0:
		status = s.Booleans[0].Status
	}
	if isBad(status) {
		return status
	}
	return s.Status
}

func (p *pages) certificatePage(w http.ResponseWriter, r *http.Request) {
	doc, ok := p.reportDocument(w, r, r.PathValue("id"))
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", certificatePolicy)
	buffer := bufio.NewWriterSize(w, 64<<10)
	err := p.certificate(buffer, doc)
	if err == nil {
		err = buffer.Flush()
	}
	if err != nil && r.Context().Err() == nil {
		p.opt.Logger.Error("send certificate", "path", r.URL.Path, "err", err)
	}
}

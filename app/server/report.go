package server

import (
	"errors"
	"iter"
	"net/http"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/report"
)

// maxLineage bounds the header Gowats-Lineage, in bytes.
const maxLineage = 4096

// submitWSJF stores one report. Everything that is wrong with it is told at once.
//
// Route: POST /api/Report/WSJF.
func (s *server) submitWSJF(w http.ResponseWriter, c *call) error {
	lineage, err := lineage(c)
	if err != nil {
		return err
	}
	body, free, err := s.bodies.read(w, c)
	if err != nil {
		return err
	}
	defer free()
	r, findings, err := convert.DecodeWSJF(body)
	if err != nil {
		return err
	}
	receipt, err := s.store.SubmitReport(c.Context(), store.Submission{Report: r, Findings: findings, User: c.id.User, Lineage: lineage})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, []byte(`[{"ID":"`+receipt.ID.String()+`"}]`))
	return nil
}

// lineage returns what the submitter tells about the origin of the report, "" when nothing.
func lineage(c *call) (string, error) {
	text := c.Header.Get("Gowats-Lineage")
	if len(text) > maxLineage {
		return "", refusef(http.StatusBadRequest, "the header Gowats-Lineage is longer than %d bytes", maxLineage)
	}
	return text, nil
}

// reportWSJF answers with one report, whole.
//
// Every detailLevel of the protocol (0–7) is taken and gives full detail; charts and attachments can be left out.
//
// Route: GET /api/Report/Wsjf/{id}.
func (s *server) reportWSJF(w http.ResponseWriter, c *call) error {
	options, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	if _, err := options.integer("detailLevel", 7); err != nil {
		return err
	}
	doc, err := s.document(c, options)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, doc.Report.AppendWSJF(nil, report.WSJFOptions{ServerMembers: true}))
	return nil
}

// document returns the report that the address names, without the charts and attachments that the options leave out.
func (s *server) document(c *call, options options) (*store.Document, error) {
	charts, err := options.boolean("includeChartdata")
	if err != nil {
		return nil, err
	}
	attachments, err := options.boolean("includeAttachments")
	if err != nil {
		return nil, err
	}
	doc, err := s.documentOf(c, c.param("id"))
	if err != nil {
		return nil, err
	}
	if !charts.Or(true) {
		dropCharts(doc.Report)
	}
	if !attachments.Or(true) {
		dropAttachments(doc.Report)
	}
	return doc, nil
}

// documentOf returns the report of an ID in a request.
func (s *server) documentOf(c *call, text string) (*store.Document, error) {
	id, err := report.ParseID(text)
	if err != nil {
		return nil, refuseOption("id", "type", "%v", err)
	}
	doc, err := s.store.Report(c.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, refusef(http.StatusNotFound, "there is no report %s", id)
	}
	return doc, err
}

// dropCharts leaves the curves out; that there was a chart, and its labels, stay.
func dropCharts(r *report.Report) {
	for step := range steps(r) {
		if step.Chart != nil {
			step.Chart.Series = nil
		}
	}
}

// dropAttachments leaves files out.
func dropAttachments(r *report.Report) {
	r.BinaryData = nil
	for step := range steps(r) {
		step.Attachment = nil
	}
}

// steps yields every step of a test report, and nothing of a repair.
func steps(r *report.Report) iter.Seq[*report.Step] {
	return func(yield func(*report.Step) bool) {
		if r.Test == nil || r.Test.Root == nil {
			return
		}
		for _, step := range r.Test.Root.Walk() {
			if !yield(step) {
				return
			}
		}
	}
}

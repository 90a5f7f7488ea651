package server

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/report"
)

// submitWSXF stores the one report of an XML document. Everything that is wrong with it is told at once: by line where the XML
// holds what cannot be kept, else by the path of the member in WSJF.
//
// The answer is an object with the ID under both spellings: clients of this route look for an object.
//
// Route: POST /api/Report/WSXF. Source: support.wats.com article 360013383500.
func (s *server) submitWSXF(w http.ResponseWriter, c *call) error {
	lineage, err := lineage(c)
	if err != nil {
		return err
	}
	body, free, err := s.bodies.read(w, c)
	if err != nil {
		return err
	}
	defer free()
	r, findings, err := convert.DecodeWSXF(body)
	if err != nil {
		return err
	}
	receipt, err := s.store.SubmitReport(c.Context(), store.Submission{Report: r, Findings: findings, User: c.id.User, Lineage: lineage})
	if err != nil {
		return err
	}
	id := receipt.ID.String()
	writeJSON(w, http.StatusOK, []byte(`{"ID":"`+id+`","id":"`+id+`"}`))
	return nil
}

// reportWSXF answers with one report in XML. The indexes that includeIndexes asks for are always there.
//
// Route: GET /api/Report/Wsxf/{id}.
func (s *server) reportWSXF(w http.ResponseWriter, c *call) error {
	options, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	if _, err := options.boolean("includeIndexes"); err != nil {
		return err
	}
	doc, err := s.document(c, options)
	if err != nil {
		return err
	}
	format, ok := convert.ByName("wsxf")
	if !ok {
		return errors.New("the program has no format wsxf")
	}
	addServerAttributes(doc.Report)
	var body bytes.Buffer
	if _, err := format.Write(&body, []*report.Report{doc.Report}, convert.WriteOptions{}); err != nil {
		return fmt.Errorf("encode report %s: %w", doc.Report.ID, err)
	}
	writeBody(w, "application/xml; charset=utf-8", body.Bytes())
	return nil
}

// addServerAttributes puts the cause of a failure, which only servers write, where the writer takes it for a free attribute.
func addServerAttributes(r *report.Report) {
	if r.Test == nil || !r.Test.CausedFailureStepID.Present {
		return
	}
	attribute := func(name, value string) report.Member {
		return report.Member{Name: name, Value: []byte(strconv.Quote(value))}
	}
	r.Test.Extra = append(r.Test.Extra, attribute("StepIdCausedUUTFailure", strconv.Itoa(r.Test.CausedFailureStepID.Value)))
	for step := range steps(r) {
		if step.CausedUUTFailure.Present {
			step.Extra = append(step.Extra, attribute("StepCausedUUTFailure", strconv.FormatBool(step.CausedUUTFailure.Value)))
		}
	}
}

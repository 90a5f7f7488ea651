package convert

import (
	"bytes"
	"errors"
	"time"

	"github.com/gowats/gowats/report"
)

// DecodeWSJF returns the report of a document that is submitted, without violations, and its warnings.
//
// The error is a [*report.SyntaxError] for what is no JSON object, and a [*report.InvalidError] with every violation.
func DecodeWSJF(body []byte) (*report.Report, report.Findings, error) {
	r, findings, err := report.DecodeWSJF(body)
	if err != nil {
		return nil, nil, err
	}
	findings = append(findings, r.Validate()...)
	return r, findings, findings.Err()
}

// DecodeWSXF returns the only report of a document that is submitted, without violations, and its warnings. The error is a [*report.InvalidError]
// with every violation: by line where the XML holds what cannot be kept, else by the path of the member in WSJF.
//
// What the model has no room for is a violation: a server must not lose silently what it was given. The rest is checked in
// WSJF, so that there is one gate for both forms.
func DecodeWSXF(body []byte) (*report.Report, report.Findings, error) {
	r, losses, err := onlyWSXF(body)
	if err != nil {
		return nil, nil, err
	}
	var violations report.Findings
	for _, l := range losses {
		violations = append(violations, report.Finding{Path: l.Where, Rule: "format", Message: l.What})
	}
	checked, findings, err := DecodeWSJF(r.AppendWSJF(nil, report.WSJFOptions{}))
	var invalid *report.InvalidError
	if err != nil && !errors.As(err, &invalid) {
		return nil, nil, err
	}
	if invalid != nil {
		violations = append(violations, invalid.Violations...)
	}
	return checked, findings, violations.Err()
}

// onlyWSXF reads the only report of a document; one without any is an error of the reader.
func onlyWSXF(body []byte) (*report.Report, []Loss, error) {
	reading := wsxf().Read(bytes.NewReader(body), ReadOptions{Zone: time.UTC})
	var only *report.Report
	for r, err := range reading.Reports() {
		switch {
		case err != nil:
			return nil, nil, invalid("$", "syntax", "the body is not a WSXF document: "+err.Error())
		case only != nil:
			return nil, nil, invalid("/Reports", "single", "the document holds more than one Report: send each in a document of its own")
		}
		only = r
	}
	return only, reading.Losses(), nil
}

func invalid(path, rule, message string) error {
	return &report.InvalidError{Violations: report.Findings{{Path: path, Rule: rule, Message: message}}}
}

package report

import (
	"fmt"
	"strings"
)

// Severity says what a finding means for the report.
type Severity uint8

// The severities.
const (
	Violation Severity = iota // a server refuses the report
	Warning                   // the report is stored, and marked
	Mended                    // was wrong, and has been changed: see [Report.Mend]
)

// Finding is one thing that is wrong or odd in a report.
type Finding struct {
	Path     string   `json:"path"`    // JSON path in the WSJF form: $.root.steps[3].numericMeas[0].compOp
	Rule     string   `json:"rule"`    // stable word: required type enum length range unique reference characters …
	Message  string   `json:"message"` // one sentence for a person
	Severity Severity `json:"-"`
	Call     string   `json:"-"` // file:line of the call to a builder; "" elsewhere
}

// Findings is a list of findings in document order.
type Findings []Finding

// Violations returns the findings for which a server refuses the report, in order; nil when there are none.
func (f Findings) Violations() Findings { return f.only(Violation) }

// Warnings returns the findings that only mark the report, in order; nil when there are none.
func (f Findings) Warnings() Findings { return f.only(Warning) }

// Mends returns what has been changed, in order; nil when nothing was.
func (f Findings) Mends() Findings { return f.only(Mended) }

func (f Findings) only(s Severity) Findings {
	var out Findings
	for _, finding := range f {
		if finding.Severity == s {
			out = append(out, finding)
		}
	}
	return out
}

// Err returns nil when there is no violation, else an [*InvalidError] with the violations.
func (f Findings) Err() error {
	if v := f.Violations(); len(v) > 0 {
		return &InvalidError{v}
	}
	return nil
}

// maxFindings is how many findings of one document are listed.
const maxFindings = 1000

// findingList collects findings up to maxFindings.
type findingList struct {
	findings Findings
	omitted  int
	worst    Severity // of what was omitted
}

// add adds a finding to the list, or counts it when the list is full.
func (l *findingList) add(severity Severity, path func() string, rule, format string, args []any) {
	if len(l.findings) == maxFindings {
		if l.omitted == 0 || severity == Violation {
			l.worst = severity
		}
		l.omitted++
		return
	}
	l.findings = append(l.findings, Finding{
		Path: path(), Rule: rule, Message: fmt.Sprintf(format, args...), Severity: severity,
	})
}

// all returns the findings, and one more that says how many were left out, if any.
func (l *findingList) all() Findings {
	if l.omitted == 0 {
		return l.findings
	}
	return append(l.findings, Finding{
		Path: "$", Rule: "findings", Severity: l.worst,
		Message: fmt.Sprintf("%d more findings are not listed", l.omitted),
	})
}

// InvalidError says why a report is refused.
type InvalidError struct {
	Violations Findings // at least one
}

func (e *InvalidError) Error() string {
	const shown = 3
	var b strings.Builder
	for i, v := range e.Violations {
		if i == shown {
			fmt.Fprintf(&b, "; and %d more", len(e.Violations)-shown)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		if v.Call != "" {
			b.WriteString(v.Call + ": ")
		}
		fmt.Fprintf(&b, "%s: %s", v.Path, v.Message)
	}
	return b.String()
}

// SyntaxError says where a document stops being readable. Nothing of it can be used.
type SyntaxError struct {
	Offset       int // bytes before the error
	Line, Column int // from 1; Column counts bytes
	Reason       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Reason)
}

package agent

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"iter"

	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/report"
)

// File is what a file holds.
type File struct {
	Format  string           // as package convert names it; "" when it is none that is known
	Reports []*report.Report // those that may be handed in
	ID      report.ID        // of the first report, be it good or not; zero when none could be read
	Losses  []convert.Loss   // what the file holds and the reports do not
}

// Decode reads the content of a file. The ID of a report is its own or, where it has none, one that belongs to the content, so that the
// same file gives the same reports again. The name is for messages.
//
// The error is a [*Refusal]; the reports of the file that are good are there all the same.
func Decode(name string, data []byte) (File, error) {
	format, err := formatOf(data)
	if err != nil {
		return File{}, err
	}
	f := File{Format: format.Name}
	refusal := &Refusal{}
	digest := sha256.Sum256(data)
	n := 0
	for r, err := range units(&f, format, name, data) {
		if err != nil {
			refusal.Reason = err.Error()
			break
		}
		if r.ID.IsZero() {
			r.ID = format.UnitID(digest, n)
		}
		if n == 0 {
			f.ID = r.ID
		}
		wrong := append(r.findings, r.Validate()...).Violations()
		if len(wrong) == 0 {
			f.Reports = append(f.Reports, r.Report)
		}
		refusal.add(n, r.Report, wrong)
		n++
	}
	switch {
	case len(refusal.Violations) == 0 && refusal.Reason == "":
		return f, nil
	case refusal.Reason != "" && len(f.Reports) > 0:
		refusal.Reason += fmt.Sprintf("; other reports of it are good: %d", len(f.Reports))
	case refusal.Reason == "" && n > 1:
		refusal.Reason = fmt.Sprintf("%d of %d reports break rules that every server holds to", n-len(f.Reports), n)
	case refusal.Reason == "":
		refusal.Reason = "the report breaks rules that every server holds to"
	}
	return f, refusal
}

// add adds what is wrong with the n-th report. From the second on, paths begin with its number and serial number.
func (e *Refusal) add(n int, r *report.Report, wrong report.Findings) {
	for _, w := range wrong {
		if n > 0 {
			w.Path = fmt.Sprintf("report %d (%s) %s", n+1, r.SerialNumber, w.Path)
		}
		e.Violations = append(e.Violations, w)
	}
}

// formatOf returns the format of a file, or a [*Refusal].
func formatOf(data []byte) (convert.Format, error) {
	if len(bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))) == 0 {
		return convert.Format{}, &Refusal{Reason: "the file is empty"}
	}
	if looksLikeJSON(data) { // whatever is wrong with it is best told as WSJF
		f, _ := convert.ByName("wsjf")
		return f, nil
	}
	f, _, ok := convert.Detect(data[:min(len(data), convert.ProbeSize)])
	if !ok {
		return f, &Refusal{Reason: "the file is not in a known format; known are WSJF, WSXF and WSTF, ATML, and the XML reports of TestStand"}
	}
	return f, nil
}

func looksLikeJSON(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))), []byte("{"))
}

// unit is a report of a file, with what its reader found in it.
type unit struct {
	*report.Report
	findings report.Findings
}

// units yields the reports of a file. WSJF is read with its findings, which name what a server would refuse.
func units(f *File, format convert.Format, name string, data []byte) iter.Seq2[unit, error] {
	return func(yield func(unit, error) bool) {
		if format.Name == "wsjf" && looksLikeJSON(data) {
			r, findings, err := report.DecodeWSJF(data)
			if err != nil {
				err = fmt.Errorf("the file is not readable as WSJF: %w", err)
			}
			yield(unit{r, findings}, err)
			return
		}
		reading := format.Read(bytes.NewReader(data), convert.ReadOptions{FileName: name})
		for r, err := range reading.Reports() {
			if err != nil {
				err = fmt.Errorf("the file is not readable: %w", err)
			}
			if !yield(unit{Report: r}, err) {
				break
			}
		}
		f.Losses = reading.Losses()
	}
}

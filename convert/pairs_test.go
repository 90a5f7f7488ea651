package convert_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/report"
)

// clone returns a deep copy of r, by way of WSJF.
func clone(t testing.TB, r *report.Report) *report.Report {
	t.Helper()
	c, findings, err := report.DecodeWSJF(r.AppendWSJF(nil, report.WSJFOptions{ServerMembers: true}))
	if err != nil || len(findings) > 0 {
		t.Fatalf("copy a report: %v, %v", err, findings)
	}
	return c
}

// whole returns the form of r by which reports are compared: WSJF with all there is in it.
func whole(t testing.TB, r *report.Report) string {
	t.Helper()
	return pruned(t, r.AppendWSJF(nil, report.WSJFOptions{ServerMembers: true}))
}

// through returns what is read back of r from a format.
func through(t testing.TB, format string, r *report.Report) (*report.Report, []convert.Loss) {
	t.Helper()
	back, losses := rewrite(t, format, r)
	if len(back) != 1 {
		t.Fatalf("%s: %d reports came back, want 1", format, len(back))
	}
	return back[0], losses
}

// alike fails unless two reports are the same, but for what the formats lose.
func alike(t *testing.T, what string, got, want *report.Report, except string, formats ...string) bool {
	t.Helper()
	got, want = clone(t, got), clone(t, want)
	level(got, except, formats...)
	level(want, except, formats...)
	g, w := whole(t, got), whole(t, want)
	if g != w {
		t.Errorf("%s:\n%s", what, firstDifference(g, w))
	}
	return g == w
}

const generated = 60 // reports of each type

// pairReports returns the reports that the pairs are tested with: generated ones and, where they are, real ones.
func pairReports(t *testing.T) map[string]*report.Report {
	t.Helper()
	all := map[string]*report.Report{}
	for seed := range uint64(generated) {
		m := newMaker(seed)
		all[fmt.Sprint("generated test ", seed)] = m.test()
		all[fmt.Sprint("generated repair ", seed)] = m.repair()
	}
	if os.Getenv("GOWATS_SAMPLES") == "" {
		t.Log("without real files, since GOWATS_SAMPLES is not set")
		return all
	}
	for _, path := range []string{"uut-wsjf-export.json", "v1_loaded.json", "uur_example.json", "uur_v1_loaded.json"} {
		reports, _ := readAll(t, "wsjf", sample(t, filepath.Join("wsjf", path)))
		all[path] = reports[0]
	}
	return all
}

func TestGeneratedReportsBreakNoRule(t *testing.T) {
	types := map[string]bool{}
	for seed := range uint64(generated) {
		m := newMaker(seed)
		for _, r := range []*report.Report{m.test(), m.repair()} {
			if v := r.Validate().Violations(); len(v) > 0 {
				t.Fatalf("report %d: %v", seed, v)
			}
			eachStep(r, func(s *report.Step) { types[s.Type] = true })
		}
	}
	for _, name := range stepTypes() {
		if !types[name] {
			t.Errorf("no step of type %s is made", name)
		}
	}
}

// A report that goes from one format to another and back is the same, but for what the table says is lost.
func TestPairsOfFormatsLoseWhatTheTableSays(t *testing.T) {
	reports := pairReports(t)
	for _, a := range written() {
		for _, b := range written() {
			t.Run(a+" to "+b, func(t *testing.T) {
				for name, r := range reports {
					if !holds(a, r) || !holds(b, r) {
						continue
					}
					before, _ := through(t, a, r)
					alike(t, name+" read back from "+a, before, r, "", a)
					between, _ := through(t, b, before)
					after, _ := through(t, a, between)
					if !alike(t, name, after, before, "", a, b) {
						return
					}
					if got, want := measuredIn(after), measuredIn(r); got != want {
						t.Fatalf("%s: %d measurements, want %d", name, got, want)
					}
				}
			})
		}
	}
}

// holds reports whether a format takes a report.
func holds(format string, r *report.Report) bool {
	return !r.IsRepair() || losses()[0].lost[format] == ""
}

func measuredIn(r *report.Report) int {
	if r.IsRepair() {
		return 0
	}
	return measured(r)
}

func TestRepairsAreRefusedWhereTheTableSaysSo(t *testing.T) {
	r := newMaker(1).repair()
	for _, format := range written() {
		f, _ := convert.ByName(format)
		_, err := f.Write(io.Discard, []*report.Report{r}, convert.WriteOptions{})
		if refused := losses()[0].lost[format] != ""; refused != (err != nil) {
			t.Errorf("%s: Write of a repair = %v, the table says refused: %v", format, err, refused)
		}
	}
}

// Each loss in the table is one: there are reports that come back without it, and then Write or Read says so.
func TestTheTableOfLossesOverstatesNothing(t *testing.T) {
	for _, row := range losses() {
		if row.level == nil {
			continue
		}
		for format := range row.lost {
			t.Run(row.name+" in "+format, func(t *testing.T) {
				for seed := range uint64(generated) {
					r := newMaker(seed).test()
					level(r, row.name, format)
					back, losses := through(t, format, r)
					level(back, row.name, format)
					if whole(t, back) == whole(t, r) {
						continue
					}
					if len(losses) == 0 {
						t.Fatalf("report %d is another one, and no loss was named:\n%s", seed, firstDifference(whole(t, back), whole(t, r)))
					}
					return
				}
				t.Errorf("the table says that it is %q, but all reports came back whole", row.lost[format])
			})
		}
	}
}

const (
	tableBegin = "<!-- the table is written by: go test ./convert -run TableOfLosses -update -->\n"
	tableEnd   = "<!-- end of the table -->\n"
)

func TestTheTableOfLossesStandsInTheDocument(t *testing.T) {
	path := filepath.Join("..", "docs", "formats.md")
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := bytes.Cut(doc, []byte(tableBegin))
	_, tail, ended := bytes.Cut(rest, []byte(tableEnd))
	if !ok || !ended {
		t.Fatalf("%s has no table between the marks", path)
	}
	want := string(head) + tableBegin + lossTable() + tableEnd + string(tail)
	if string(doc) == want {
		return
	}
	if !*update {
		t.Fatalf("the table in %s is an old one; write it with -update:\n%s", path, firstDifference(string(doc), want))
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(errors.Unwrap(err))
	}
}

// lossTable returns the table as Markdown.
func lossTable() string {
	var b strings.Builder
	b.WriteString("| Data |")
	for _, format := range written() {
		b.WriteString(" " + strings.ToUpper(format) + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(written())) + "\n")
	for _, name := range everywhere() {
		b.WriteString("| " + name + " |" + strings.Repeat(" kept |", len(written())) + "\n")
	}
	for _, row := range losses() {
		b.WriteString("| " + row.name + " |")
		for _, format := range written() {
			if what := row.lost[format]; what != "" {
				b.WriteString(" " + what + " |")
			} else {
				b.WriteString(" kept |")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

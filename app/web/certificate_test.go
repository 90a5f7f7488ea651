package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// certificateOf returns the certificate of a report that is submitted first.
func certificateOf(t *testing.T, r *report.Report) string {
	t.Helper()
	s := openStore(t)
	submit(t, s, r)
	doc, err := s.Report(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	if err := CertificateWriter()(&page, doc); err != nil {
		t.Fatalf("write certificate: %v", err)
	}
	return page.String()
}

func TestCertificateTellsWhatWasMeasured(t *testing.T) {
	page := certificateOf(t, fullTest())
	for _, part := range []string{
		"Test certificate", `<span aria-hidden="true">✗</span> Failed`, "Failed at", "PCBA test", "1 min 16 s", "2026-11-23 12:04:05",
		`<tr class="bad"><td class="wrap">Rail `, `<td class="number wrap">12.5 V</td><td class="wrap">4.9 ≤ x ≤ 5.1</td>`,
		"Several: a", "Checks: y", "Measurements <span class=\"note\">6, 1 failed</span>", "Sub-units", "Equipment", "Misc info",
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the certificate lacks %q", part)
		}
	}
	for _, part := range []string{"<script", "<link", "<img", "src=", "href=", "Looped", "Not the current version"} {
		if strings.Contains(page, part) {
			t.Errorf("the certificate holds %q", part)
		}
	}
}

func TestCertificateOfARepair(t *testing.T) {
	page := certificateOf(t, fullRepair())
	for _, part := range []string{"Repair certificate", "Parts and failures", "The unit itself", "Failed in", "Confirmed"} {
		if !strings.Contains(page, part) {
			t.Errorf("the certificate lacks %q", part)
		}
	}
	for _, part := range []string{"<script", "Measurements", `class="verdict"`} {
		if strings.Contains(page, part) {
			t.Errorf("the certificate holds %q", part)
		}
	}
}

func TestCertificateOfAReportWithoutSteps(t *testing.T) {
	var page strings.Builder
	for _, doc := range []*store.Document{{Report: &report.Report{}}, {Report: &report.Report{Test: &report.Test{}}, Superseded: true}, {Report: &report.Report{Repair: &report.Repair{}}}} {
		if err := CertificateWriter()(&page, doc); err != nil {
			t.Errorf("write certificate of %+v: %v", doc.Report, err)
		}
	}
	for _, part := range []string{"The report holds no measurements.", "Not the current version.", "This repair names no parts."} {
		if !strings.Contains(page.String(), part) {
			t.Errorf("the certificates lack %q", part)
		}
	}
}

// nested returns a test of so many sequences inside each other, with one number in each.
func nested(depth int) *report.Report {
	r := fullTest()
	r.Result = report.Passed
	root := &report.Step{Type: "SequenceCall", Name: "root", Status: report.Passed, Group: report.Main, Sequence: &report.Sequence{Name: "r", Path: "r", Version: "1"}}
	r.Test.Root = root
	for i := range depth {
		inner := &report.Step{Type: "SequenceCall", Name: fmt.Sprint("level ", i), Status: report.Passed, Group: report.Main, Sequence: &report.Sequence{Name: "s", Path: "s", Version: "1"}}
		root.Steps = []*report.Step{inner, {Type: "ET_NLT", Name: "after", Status: report.Passed, Group: report.Main,
			Numeric: []report.NumericMeasurement{numeric(report.GE, "5", "1", "")}}}
		root = inner
	}
	return r
}

func TestCertificateShowsWhereStepsStand(t *testing.T) {
	page := certificateOf(t, nested(30))
	for _, part := range []string{
		">root</th>", ">root › level 0 › level 1</th>", ">… › level 25 › level 26 › level 27 › level 28</th>", "Measurements <span class=\"note\">30</span>",
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the certificate lacks %q", part)
		}
	}
}

func TestCertificatePage(t *testing.T) {
	s := openStore(t)
	r := fullTest()
	submit(t, s, r)
	site := openPages(s)
	got := get(t, site, reportURL(r.ID)+"/certificate")
	if got.Code != http.StatusOK || !strings.Contains(got.Body.String(), "Test certificate") {
		t.Fatalf("certificate: got %d %.200s", got.Code, got.Body)
	}
	if policy := got.Header().Get("Content-Security-Policy"); policy != certificatePolicy {
		t.Errorf("Content-Security-Policy: got %q, want %q", policy, certificatePolicy)
	}
	if got := get(t, site, reportURL(report.NewID())+"/certificate"); got.Code != http.StatusNotFound {
		t.Errorf("certificate of another report: got %d, want 404", got.Code)
	}
}

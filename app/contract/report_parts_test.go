package contract_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// reportWithParts has a part, a misc info, an asset and two files; one belongs to the step with ID 9.
func reportWithParts(serial string) *report.Report {
	r := testReport(serial, time.Now().Add(-time.Hour), report.Passed)
	r.SubUnits = []report.SubUnit{{PartType: "PCBA", SerialNumber: "SUB-" + serial, PartNumber: "PSU-1", Revision: "C"}}
	r.MiscInfos = []report.MiscInfo{{Description: "Lot", Text: "L-" + serial}}
	r.Assets = []report.Asset{{SerialNumber: "DMM-1"}}
	r.BinaryData = []report.Attachment{{Name: "log.txt", ContentType: "text/plain", Data: []byte("log of " + serial)}}
	r.Test.Root.Steps = append(r.Test.Root.Steps, &report.Step{
		ID: report.Some(9), Group: report.Main, Type: "WATS_AttachFile", Name: "picture", Status: report.Done,
		Attachment: &report.Attachment{Name: "dot.png", ContentType: "image/png", Data: []byte("\x89PNG")},
	})
	return r
}

func TestHeadersWithListsAndByThem(t *testing.T) {
	c := startServer(t).client(t)
	for _, serial := range []string{"1", "2", "3"} {
		if _, err := c.Report.Submit(t.Context(), reportWithParts(serial)); err != nil {
			t.Fatal(err)
		}
	}
	only := func(q wats.HeaderQuery) *wats.ReportHeader {
		t.Helper()
		var found []*wats.ReportHeader
		for h, err := range c.Report.Headers(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, h)
		}
		if len(found) != 1 {
			t.Fatalf("Headers(%+v): got %d, want 1", q, len(found))
		}
		return found[0]
	}
	all := wats.ExpandSubUnits | wats.ExpandMiscInfo | wats.ExpandAssets | wats.ExpandAttachments
	h := only(wats.HeaderQuery{SubUnitSerialNumber: "SUB-2", SubUnitPartNumber: "PSU-*", Expand: all})
	if h.SerialNumber != "2" || len(h.SubUnits) != 1 || h.SubUnits[0].Revision != "C" || len(h.MiscInfo) != 1 || h.MiscInfo[0].Value != "L-2" ||
		len(h.Assets) != 1 || len(h.Attachments) != 2 || h.Attachments[1].StepID != report.Some(9) || h.TestOperation != h.ProcessName {
		t.Errorf("header with all lists: got %+v", h)
	}
	if h := only(wats.HeaderQuery{SerialNumber: "3", Select: []string{"serialNumber", "result"}}); h.SerialNumber != "3" || h.Result != report.Passed || h.PartNumber != "" {
		t.Errorf("header of two members: got %+v", h)
	}
	byMisc, err := c.Report.HeadersByMiscInfo(t.Context(), "Lot", "L-1", 10)
	if err != nil || len(byMisc) != 1 || byMisc[0].SerialNumber != "1" {
		t.Errorf("HeadersByMiscInfo: got %+v, %v; want that of unit 1", byMisc, err)
	}
	if none, err := c.Report.HeadersByMiscInfo(t.Context(), "Lot", "L", 0); err != nil || len(none) != 0 {
		t.Errorf("HeadersByMiscInfo of a part of the value: got %+v, %v; want none", none, err)
	}
	for _, err := range c.Report.Headers(t.Context(), wats.HeaderQuery{Select: []string{"colour"}}) {
		if !errors.Is(err, wats.ErrInvalid) {
			t.Errorf("Headers of an unknown member: got %v, want ErrInvalid", err)
		}
	}
}

func TestAttachments(t *testing.T) {
	c := startServer(t).client(t)
	r := reportWithParts("1")
	if _, err := c.Report.Submit(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	headers, err := c.Report.HeadersByMiscInfo(t.Context(), "Lot", "L-1", 0)
	if err != nil || len(headers) != 1 || headers[0].Attachments != nil {
		t.Fatalf("HeadersByMiscInfo: got %+v, %v", headers, err)
	}
	var ids []int64
	for h, err := range c.Report.Headers(t.Context(), wats.HeaderQuery{Expand: wats.ExpandAttachments}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range h.Attachments {
			ids = append(ids, a.ID)
		}
	}
	read := func(get func(io.Writer) error) string {
		t.Helper()
		var w bytes.Buffer
		if err := get(&w); err != nil {
			t.Fatal(err)
		}
		return w.String()
	}
	if got := read(func(w io.Writer) error { return c.Report.Attachment(t.Context(), ids[0], w) }); got != "log of 1" {
		t.Errorf("Attachment: got %q", got)
	}
	if got := read(func(w io.Writer) error { return c.Report.StepAttachment(t.Context(), r.ID, 9, w) }); got != "\x89PNG" {
		t.Errorf("StepAttachment: got %q", got)
	}
	archive := read(func(w io.Writer) error { return c.Report.Attachments(t.Context(), r.ID, w) })
	z, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
	if err != nil || len(z.File) != 2 || z.File[0].Name != "log.txt" || z.File[1].Name != "dot.png" {
		t.Errorf("Attachments: got %v (%v), want log.txt and dot.png", z, err)
	}
	for name, err := range map[string]error{
		"Attachment":     c.Report.Attachment(t.Context(), 4711, io.Discard),
		"StepAttachment": c.Report.StepAttachment(t.Context(), r.ID, 8, io.Discard),
		"Attachments":    c.Report.Attachments(t.Context(), report.NewID(), io.Discard),
		"Certificate":    c.Report.Certificate(t.Context(), report.NewID(), io.Discard),
	} {
		if !errors.Is(err, wats.ErrNotFound) {
			t.Errorf("%s that is not there: got %v, want ErrNotFound", name, err)
		}
	}
	if got := read(func(w io.Writer) error { return c.Report.Certificate(t.Context(), r.ID, w) }); !strings.Contains(got, "Test certificate") || !strings.Contains(got, "3.3 V") {
		t.Errorf("Certificate: got %.300s", got)
	}
	bare, err := c.Report.Get(t.Context(), r.ID, wats.WithoutAttachments(), wats.WithDetail(0))
	if err != nil || bare.BinaryData != nil || len(bare.Test.Root.Steps) != 2 || bare.Test.Root.Steps[1].Attachment != nil {
		t.Errorf("Get without attachments: got %+v, %v", bare, err)
	}
}

func TestReportInXML(t *testing.T) {
	c := startServer(t).client(t)
	r := reportWithParts("1")
	if _, err := c.Report.Submit(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	doc, err := c.Report.GetWSXF(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	other := report.NewID()
	doc = bytes.Replace(doc, []byte(strings.ToUpper(r.ID.String())), []byte(other.String()), 1)
	doc = bytes.Replace(doc, []byte(`SN="1"`), []byte(`SN="2"`), 1)
	if _, err := c.Report.SubmitWSXF(t.Context(), other, doc); err != nil {
		t.Fatal(err)
	}
	want, err := c.Report.Get(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Report.Get(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	want.ID, want.SerialNumber = other, "2"
	if a, b := want.AppendWSJF(nil, report.WSJFOptions{}), got.AppendWSJF(nil, report.WSJFOptions{}); !bytes.Equal(a, b) {
		t.Errorf("by XML and back: got\n%s\nwant\n%s", b, a)
	}
	_, err = c.Report.SubmitWSXF(t.Context(), report.NewID(), []byte(`<Reports><Report SN="1" Result="Good"/></Reports>`))
	var invalid *report.InvalidError
	if !errors.Is(err, wats.ErrInvalid) || !errors.As(err, &invalid) || len(invalid.Violations) < 5 {
		t.Errorf("SubmitWSXF of a bad report: got %v, want ErrInvalid with all violations", err)
	}
}

// TestSampleInXMLIsTheSampleInJSON submits the real export in XML and wants the content of the real export in JSON, in both forms.
func TestSampleInXMLIsTheSampleInJSON(t *testing.T) {
	dir := os.Getenv("GOWATS_SAMPLES")
	if dir == "" {
		t.Skip("GOWATS_SAMPLES is not set: no real files to try")
	}
	fromXML, err := os.ReadFile(filepath.Join(dir, "wsxf", "uut-wsxf-export.xml"))
	if err != nil {
		t.Fatal(err)
	}
	fromJSON, err := os.ReadFile(filepath.Join(dir, "wsjf", "uut-wsjf-export.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := parse(t, fromJSON).(map[string]any)
	b := startServer(t)
	b.call(t, http.MethodPost, "/api/Report/WSXF", fromXML)
	first := b.call(t, http.MethodGet, fmt.Sprint("/api/Report/Wsjf/", want["id"]), nil)
	inXML := b.call(t, http.MethodGet, fmt.Sprint("/api/Report/Wsxf/", want["id"]), nil)
	b.call(t, http.MethodPost, "/api/Report/WSXF", inXML)
	again := b.call(t, http.MethodGet, fmt.Sprint("/api/Report/Wsjf/", want["id"]), nil)
	for name, doc := range map[string][]byte{"from the sample": first, "from our own XML": again} {
		var odd []string
		for _, difference := range compare("$", want, parse(t, doc)) {
			if !isKnownDifference(difference) {
				odd = append(odd, difference)
			}
		}
		if len(odd) > 0 {
			t.Errorf("%s: %d differences: %q", name, len(odd), odd[:min(len(odd), 20)])
		}
	}
	if !slices.Equal(first, again) {
		t.Error("XML that was read back changes the report")
	}
}

// isKnownDifference reports whether a difference is one between the two forms of the export: WSXF names the file of a sequence beside its
// path, which WSJF does not.
func isKnownDifference(difference string) bool {
	return strings.Contains(difference, ".seqCall.Filename: ")
}

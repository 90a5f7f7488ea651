package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/report"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// testNow is the clock of the tests.
var testNow = time.Date(2026, 11, 23, 15, 4, 5, 0, time.UTC)

func now() time.Time { return testNow }

const hostile = `<script>alert("1")</script>'&`

func openStore(t *testing.T) *store.Store {
	t.Helper()
	return storetest.Open(t, store.Options{Now: now})
}

func submit(t *testing.T, s *store.Store, r *report.Report) {
	t.Helper()
	if _, err := s.SubmitReport(t.Context(), store.Submission{Report: r, Findings: r.Validate(), User: "test"}); err != nil {
		t.Fatalf("submit report of %s: %v", r.SerialNumber, err)
	}
}

// filledStore holds a piece of the demonstration data, and the reports with everything.
func filledStore(t *testing.T) *store.Store {
	t.Helper()
	s := openStore(t)
	for i, r := range lastReports(150) {
		submit(t, s, r)
		if i == 10 {
			submit(t, s, fullTest())
			submit(t, s, fullRepair())
		}
	}
	return s
}

// lastReports returns the newest n reports of the demonstration.
func lastReports(n int) []*report.Report {
	var all []*report.Report
	for r := range demo.Reports(1, testNow) {
		all = append(all, r)
	}
	return all[len(all)-n:]
}

// fullTest is a failed test with every kind of content, and hostile texts wherever there is room for one.
func fullTest() *report.Report {
	at := testNow.Add(-3 * time.Hour).In(time.FixedZone("", 3600))
	points := strings.TrimSuffix(strings.Repeat("1;5;2;", 2000), ";")
	return &report.Report{
		ID: report.DeriveID([]byte("full test")), PartNumber: "PN " + hostile, SerialNumber: "SN " + hostile, Revision: hostile,
		Process: report.Process{Code: report.Some(50)}, Result: report.Failed,
		Station: hostile, Location: hostile, Purpose: hostile, Start: at,
		MiscInfos: []report.MiscInfo{{Description: hostile, Text: hostile, Numeric: report.Num(3.5)}},
		SubUnits:  []report.SubUnit{{PartType: hostile, SerialNumber: hostile, PartNumber: hostile, Revision: "1"}},
		Assets: []report.Asset{{
			SerialNumber: hostile, Type: hostile, UsageCount: report.Some(1), CalibrationDate: report.At(at), CalibrationDue: report.TimeText("2027-01-01T00:00:00"),
		}},
		AdditionalData: []report.AdditionalData{{Name: hostile, Props: manyProperties()}},
		Test: &report.Test{
			Operator: hostile, Comment: hostile, ExecTime: report.Num(75.5), FixtureID: hostile, SocketIndex: report.Some(2),
			ErrorCode: report.Some(-5), ErrorMessage: hostile, BatchSerialNumber: hostile,
			Root: &report.Step{
				Type: "SequenceCall", Name: "MainSequence Callback", Status: report.Failed,
				Sequence: &report.Sequence{Path: `C:\tests\` + hostile, Name: hostile, Version: "1.0"},
				Steps: []*report.Step{
					{Type: "ET_NLT", Name: "Rail " + hostile, Status: report.Failed, Group: report.Setup, TotalTime: report.Num(0.25), ReportText: hostile,
						ErrorCode: report.Some(7), ErrorMessage: hostile, CausedSequenceFailure: report.Some(true),
						Numeric: []report.NumericMeasurement{numeric(report.GELE, "12.5", "4.9", "5.1")}},
					{Type: "ET_MNLT", Name: "Several", Status: report.Passed, Numeric: []report.NumericMeasurement{
						named("a", numeric(report.LT, "1", "2", "")), named("b", numeric(report.LOG, "NaN", "", "")),
					}},
					{Type: "ET_SVT", Name: "Text", Status: report.Passed, Strings: []report.StringMeasurement{
						{Value: hostile, CompOp: report.IGNORECASE, Limit: hostile, Status: report.Passed},
					}},
					{Type: "ET_MPFT", Name: "Checks", Status: report.Passed, Booleans: []report.BooleanMeasurement{
						{Name: "x", Status: report.Passed}, {Name: "y", Status: report.Skipped},
					}},
					{Type: "Action", Name: "Looped", Status: report.Passed, Loop: &report.Loop{Count: report.Some(2), Passed: report.Some(2)}},
					{Type: "Action", Name: "Looped", Status: report.Passed, Loop: &report.Loop{Index: report.Some(0)}},
					{Type: "Action", Name: "Looped", Status: report.Passed, Loop: &report.Loop{Index: report.Some(1)}},
					{Type: "WATS_XYGMNLT", Name: "Curve", Status: report.Passed, Chart: &report.Chart{
						Type: "LineLogX", Label: hostile, XLabel: "Load", XUnit: "%", YLabel: "U", YUnit: "V",
						Series: []report.Series{{Name: hostile, DataType: "XYG", XData: "0.1;1;10", YData: "1;2;3"}, {Name: "long", DataType: "XYG", YData: points}},
					}},
					{Type: "WATS_AttachFile", Name: "Page", Status: report.Done, Attachment: &report.Attachment{
						Name: "evil/" + hostile + ".html", ContentType: "text/html", Data: []byte("<html>" + hostile),
					}},
					{Type: "WATS_AttachFile", Name: "Picture", Status: report.Done, Attachment: &report.Attachment{
						Name: "dot.png", ContentType: "image/png", Data: []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
					}},
					{Type: "MessagePopup", Name: "Ask", Status: report.Done, MessagePopup: &report.MessagePopup{Response: hostile, Button: report.Some(1)}},
					{Type: "CallExecutable", Name: "Run", Status: report.Done, CallExecutable: &report.CallExecutable{ExitCode: report.Num(3)}},
					{Type: "NI_Wait", Name: "Skipped", Status: report.Skipped, Start: report.At(at), AdditionalResults: []report.AdditionalData{{Name: hostile, Props: manyProperties()}}},
				},
			},
		},
	}
}

func manyProperties() []*report.Property {
	array := &report.PropertyArray{Type: "Number", Indexes: []*report.PropertyElement{
		nil, {Indexes: []int{1, 2}, Value: &report.Property{Type: "Number", Value: "1"}}, {Text: "[3]"},
	}}
	props := []*report.Property{nil, {Name: hostile, Type: "Obj", Props: []*report.Property{{Name: "list", Type: "Array", Array: array}}}}
	for i := range 400 {
		props = append(props, &report.Property{Name: fmt.Sprintf("p%d", i), Type: "String", Value: hostile})
	}
	return props
}

func numeric(op report.CompOp, value, low, high string) report.NumericMeasurement {
	return report.NumericMeasurement{
		Value: report.ParseNumber(value), Unit: "V", CompOp: op, Low: report.ParseNumber(low), High: report.ParseNumber(high), Status: report.Passed,
	}
}

func named(name string, m report.NumericMeasurement) report.NumericMeasurement {
	m.Name = name
	return m
}

// fullRepair is a repair of fullTest.
func fullRepair() *report.Report {
	test := fullTest()
	return &report.Report{
		ID: report.DeriveID([]byte("full repair")), PartNumber: test.PartNumber, SerialNumber: test.SerialNumber, Revision: test.Revision,
		Process: report.Process{Code: report.Some(500)}, Result: report.Passed, Station: "REPAIR", Start: test.Start.Add(time.Hour),
		SubUnits: []report.SubUnit{
			{PartType: "Main", SerialNumber: test.SerialNumber, PartNumber: test.PartNumber, Revision: test.Revision, Index: report.Some(0),
				Failures: []report.Failure{{
					Category: "Component", Code: "Burned Component", Comment: hostile, ComponentRef: "R12", FunctionBlock: hostile,
					StepID: report.Some(2), ArticleNumber: hostile, ArticleRevision: "2",
				}}},
			{PartType: "PCBA", SerialNumber: "old", PartNumber: "board", Index: report.Some(1), ParentIndex: report.Some(0)},
			{PartType: "PCBA", SerialNumber: "new", PartNumber: "board", Index: report.Some(2), ParentIndex: report.Some(0), ReplacedIndex: report.Some(1)},
		},
		BinaryData: []report.Attachment{{Name: "photo.txt", ContentType: "text/plain", Data: []byte("x"), Description: hostile}},
		Repair: &report.Repair{
			Operator: hostile, Comment: hostile, Process: report.Process{Code: report.Some(50)}, TestReport: test.ID,
			ConfirmDate: report.At(test.Start), FinalizeDate: report.TimeText("not a time"),
		},
	}
}

// openPages are the pages of s without sign-in.
func openPages(s *store.Store) http.Handler {
	return New(s, auth.New(s), Options{Open: true, Now: now, Inbox: "/data/inbox", Version: "1.2.3"})
}

// get asks for a page and returns the answer; the path may hold anything an address can.
func get(t *testing.T, h http.Handler, target string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	r.Host = "127.0.0.1:8080"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

package report_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/gowats/gowats/report"
)

func TestStatusWords(t *testing.T) {
	for want, words := range map[report.Status][]string{
		report.Passed:     {"P", "p", "Passed", "PASS", "ok", "Success", "successful"},
		report.Failed:     {"F", "Failed", "fail", "Failure", "NG"},
		report.Skipped:    {"S", "Skipped", "skip"},
		report.Done:       {"D", "Done", "complete", "Completed"},
		report.Error:      {"E", "Error", "ERR"},
		report.Terminated: {"T", "Terminated", "term", "abort", "Aborted"},
		report.Unknown:    {"U", "Unknown"},
	} {
		for _, word := range words {
			if got, ok := report.ParseStatus(word); got != want || !ok {
				t.Errorf("ParseStatus(%q) = %v, %t; want %v", word, got, ok, want)
			}
		}
		if got, _ := report.ParseStatus(want.String()); got != want || want.Letter() != words[0] {
			t.Errorf("status %v has the letter %s and reads back as %v", want, want.Letter(), got)
		}
	}
	for _, word := range []string{"", "X", "1", "passed ", "\xd0"} {
		if got, ok := report.ParseStatus(word); ok {
			t.Errorf("ParseStatus(%q) = %v, want none", word, got)
		}
	}
	if none := report.Status(0); none.String() != "" || none.Letter() != "" {
		t.Errorf("no status is written %q, %q", none, none.Letter())
	}
}

func TestGroupAndOperatorWords(t *testing.T) {
	for want, words := range map[report.Group][]string{
		report.Setup: {"S", "s", "setup"}, report.Main: {"M", "MAIN"}, report.Cleanup: {"c", "CleanUp"},
	} {
		for _, word := range append(words, want.String()) {
			if got, ok := report.ParseGroup(word); got != want || !ok {
				t.Errorf("ParseGroup(%q) = %v, %t; want %v", word, got, ok, want)
			}
		}
	}
	for _, word := range []string{"", "X", "mains"} {
		if got, ok := report.ParseGroup(word); ok {
			t.Errorf("ParseGroup(%q) = %v, want none", word, got)
		}
	}
	for op := report.LOG; op <= report.IGNORECASE; op++ {
		if got, ok := report.ParseCompOp(op.String()); got != op || !ok {
			t.Errorf("ParseCompOp(%q) = %v, %t", op, got, ok)
		}
	}
	if got, ok := report.ParseCompOp("IgnoreCase"); got != report.IGNORECASE || !ok {
		t.Errorf("ParseCompOp(IgnoreCase) = %v, %t", got, ok)
	}
	if got := report.CompOp(200).String(); got != "" {
		t.Errorf("an operator that is none is written %q", got)
	}
}

func TestIDs(t *testing.T) {
	const text = "33a2d408-3fc8-480b-b554-6866c77fd91c"
	id, err := report.ParseID("{33A2D408-3FC8-480B-B554-6866C77FD91C}")
	if err != nil || id.String() != text {
		t.Errorf("ParseID = %v, %v; want %s", id, err, text)
	}
	for _, bad := range []string{"", text[1:], text + "0", "33a2d408x3fc8-480b-b554-6866c77fd91c", "g3a2d408-3fc8-480b-b554-6866c77fd91c", "{" + text} {
		if got, err := report.ParseID(bad); err == nil {
			t.Errorf("ParseID(%q) = %v, want an error", bad, got)
		}
	}
	if a, b := report.NewID(), report.NewID(); a == b || a.IsZero() || a.String()[14] != '4' {
		t.Errorf("NewID gives %v and %v, want different ones of version 4", a, b)
	}
	if a := report.DeriveID([]byte("x")); a != report.DeriveID([]byte("x")) || a == report.DeriveID([]byte("y")) || a.String()[14] != '5' {
		t.Errorf("DeriveID gives %v", a)
	}
	var got struct{ A, B report.ID }
	data, err := json.Marshal(struct{ A, B report.ID }{A: id})
	if err == nil {
		err = json.Unmarshal(data, &got)
	}
	if err != nil || string(data) != `{"A":"`+text+`","B":""}` || got.A != id || !got.B.IsZero() {
		t.Errorf("an ID goes through JSON as %s to %+v, %v", data, got, err)
	}
}

func TestNumbers(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		value      float64
		numeric    bool
		want       string
	}{
		{"absent", "", math.NaN(), false, ""},
		{"a decimal", "3.30", 3.3, true, "3.3"},
		{"more digits than a float64 has", "9007199254740993", 9007199254740992, true, "9007199254740993"},
		{"beyond a float64", "-1e400", math.Inf(-1), true, "-1e400"},
		{"NaN", "nan", math.NaN(), true, "NaN"},
		{"infinity", "-INF", math.Inf(-1), true, "-Inf"},
		{"a decimal comma", "1,5", math.NaN(), false, "1,5"},
		{"hexadecimal", "0x10", math.NaN(), false, "0x10"},
	} {
		n := report.ParseNumber(tt.text)
		if got := n.Float(); !report.Num(got).Equal(report.Num(tt.value)) || n.IsNumeric() != tt.numeric || n.String() != tt.want {
			t.Errorf("%s: ParseNumber(%q) is %v, numeric %t, %q; want %v, %t, %q", tt.name, tt.text, got, n.IsNumeric(), n, tt.value, tt.numeric, tt.want)
		}
	}
	if report.Num(1).Equal(report.Num(2)) || report.Num(0).Equal(report.Number{}) || report.ParseNumber("a").Equal(report.ParseNumber("b")) {
		t.Error("different numbers are equal")
	}
}

func TestOptionalAndTime(t *testing.T) {
	if report.Some(0).Or(5) != 0 || (report.Optional[int]{}).Or(5) != 5 {
		t.Error("Or takes the fallback for a present zero, or not for an absent value")
	}
	at := time.Date(2026, 1, 30, 22, 1, 41, 500, time.FixedZone("", 3600))
	if got, ok := report.At(at).Time(time.UTC); !ok || !got.Equal(at) || !report.At(at).Present() {
		t.Errorf("At(%s) is %s, %t", at, got, ok)
	}
	if _, ok := report.TimeText("soon").Time(time.UTC); ok || (report.Time{}).Present() {
		t.Error("a text that is no date-time has an instant, or the zero Time is present")
	}
}

func TestFindingsAreTakenApartBySeverity(t *testing.T) {
	all := report.Findings{{Path: "$.a"}, {Path: "$.b", Severity: report.Warning}, {Path: "$.c"}}
	if v, w := all.Violations(), all.Warnings(); len(v) != 2 || len(w) != 1 || w[0].Path != "$.b" {
		t.Errorf("violations are %v, warnings %v", v, w)
	}
	_, _, err := report.DecodeWSJF([]byte("{\n]"))
	if want := `line 2, column 1: ']' where the name of a member in quotes is expected`; err == nil || err.Error() != want {
		t.Errorf("the error reads %q, want %q", err, want)
	}
}

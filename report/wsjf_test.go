package report_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/gowats/gowats/report"
)

func TestRealFilesAreReadWithoutFindings(t *testing.T) {
	want := map[string]struct{ steps, measurements, loops, charts int }{
		"uut-wsjf-export.json": {186, 146, 46, 2},
		"v1_loaded.json":       {77, 32, 0, 0},
		"uur_example.json":     {},
		"uur_v1_loaded.json":   {},
	}
	for name, data := range samples(t) {
		r, findings := decode(t, string(data))
		if findings = append(findings, r.Validate()...); len(findings) > 0 {
			t.Errorf("%s has the findings %+v, want none", name, findings)
		}
		got := want[name]
		got.steps, got.measurements, got.loops, got.charts = 0, 0, 0, 0
		if r.Test != nil {
			for _, s := range r.Test.Root.Walk() {
				got.steps++
				got.measurements += len(s.Numeric) + len(s.Strings) + len(s.Booleans)
				if s.Loop != nil {
					got.loops++
				}
				if s.Chart != nil {
					got.charts++
				}
			}
		}
		if got != want[name] {
			t.Errorf("%s has %+v, want %+v", name, got, want[name])
		}
	}
}

// TestRealFilesSurviveMemberByMember holds the file against what is written, with encoding/json as the judge.
func TestRealFilesSurviveMemberByMember(t *testing.T) {
	outputOnly := map[string]bool{
		"origin": true, "productName": true, "assetStats": true, "referencedByUURs": true, "causedUUTFailure": true,
		"stepIdCausedUUTFailure": true, "refStepName": true,
	}
	derived := map[string]bool{"start": true, "startUTC": true} // of the report; compared as instants elsewhere
	for name, data := range samples(t) {
		r, _ := decode(t, string(data))
		for _, withServer := range []bool{true, false} {
			written := r.AppendWSJF(nil, report.WSJFOptions{ServerMembers: withServer})
			file, ours := generic(t, data), generic(t, written)
			for member := range derived {
				delete(file, member)
				delete(ours, member)
			}
			if !withServer {
				drop(file, outputOnly)
			}
			if !reflect.DeepEqual(prune(file), prune(ours)) {
				t.Errorf("%s written with ServerMembers %t has other members than the file:\n%v\n%v", name, withServer, prune(ours), prune(file))
			}
		}
	}
}

func generic(t *testing.T, data []byte) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	var document map[string]any
	if err := decoder.Decode(&document); err != nil {
		t.Fatal(err)
	}
	return document
}

// drop takes members out at every level.
func drop(value any, names map[string]bool) {
	switch v := value.(type) {
	case map[string]any:
		for name, child := range v {
			if names[name] {
				delete(v, name)
			}
			drop(child, names)
		}
	case []any:
		for _, child := range v {
			drop(child, names)
		}
	}
}

// prune takes out what is as good as missing: nulls and empty texts. Offsets of date-times have two spellings.
func prune(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, child := range v {
			if child == nil || child == "" {
				delete(v, name)
				continue
			}
			v[name] = prune(child)
		}
	case []any:
		for i, child := range v {
			v[i] = prune(child)
		}
	}
	return value
}

func TestRealFilesKeepTheirStart(t *testing.T) {
	for name, data := range samples(t) {
		r, _ := decode(t, string(data))
		again, _ := decode(t, encode(r))
		if !again.Start.Equal(r.Start) || r.Start.IsZero() {
			t.Errorf("%s starts at %s, and after writing at %s", name, r.Start, again.Start)
		}
	}
}

func TestWhatIsWrittenReadsBackEqual(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(1, 2))}
	for i := range 3000 {
		r := g.report()
		document := encode(r)
		if !json.Valid([]byte(document)) {
			t.Fatalf("report %d is written as invalid JSON: %s", i, document)
		}
		again, findings := decode(t, document)
		for _, f := range findings {
			if f.Rule != "required" { // such as an empty start
				t.Fatalf("report %d: finding %+v in %s", i, f, document)
			}
		}
		wantSame(t, "report read back", again, r)
		if second := encode(again); second != document {
			t.Fatalf("report %d is written differently the second time:\n%s\n%s", i, second, document)
		}
		if t.Failed() {
			t.Fatalf("report %d: %s", i, document)
		}
	}
}

func TestWithoutServerMembersOnlyThoseAreMissing(t *testing.T) {
	r, _ := decode(t, `{"type":"T","productName":"p","origin":"o","assetStats":[],"uut":{"stepIdCausedUUTFailure":2,"refUURs":[]},
		"root":{"name":"n","causedUUTFailure":true,"causedSeqFailure":true}}`)
	got := string(r.AppendWSJF([]byte("prefix "), report.WSJFOptions{}))
	want := `prefix {"type":"T","pn":"","sn":"","rev":"","machineName":"","location":"","purpose":"",` +
		`"root":{"name":"n","causedSeqFailure":true},"uut":{"user":""}}`
	if got != want {
		t.Errorf("AppendWSJF =\n%s, want\n%s", got, want)
	}
}

func TestWritingMendsWhatJSONCannotHold(t *testing.T) {
	r := &report.Report{
		Test:         &report.Test{},
		SerialNumber: "a\xffb\x00\x7f\"\\\u2028",
		Extra: []report.Member{
			{Name: "bad\xfe", Value: json.RawMessage("{")},
			{Name: "none"},
			{Name: "nan", Value: json.RawMessage("NaN")},
			{Name: "ok", Value: json.RawMessage(" [1]\n")},
		},
	}
	document := encode(r)
	var got map[string]any
	if err := json.Unmarshal([]byte(document), &got); err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	for name, want := range map[string]any{
		"sn": "a\ufffdb\x00\x7f\"\\\u2028", "bad\ufffd": "{", "none": "", "nan": "NaN", "ok": []any{1.0},
	} {
		if !reflect.DeepEqual(got[name], want) {
			t.Errorf("member %q is %#v, want %#v", name, got[name], want)
		}
	}
}

func TestNumbersAreWrittenAsRead(t *testing.T) {
	for _, tt := range []struct{ read, want string }{
		{"500", "500.0"},
		{"500.0", "500.0"},
		{"5e2", "500.0"},
		{"0.1", "0.1"},
		{"-0.0", "-0.0"},
		{"1e400", "1e400"},
		{"1e-400", "1e-400"},
		{"9007199254740993", "9007199254740993"},
		{"0.12345678901234567890123", "0.12345678901234567890123"},
		{"0.30000000000000004", "0.30000000000000004"},
		{"0.10000000000000001", "0.10000000000000001"},
		{"1E-05", "0.00001"},
		{"1e-7", "1e-07"},
		{"123456789012345678000", "123456789012345678000"},
		{"100000000000000000000", "100000000000000000000.0"},
		{"1e22", "1e+22"},
		{"NaN", `"NaN"`},
		{"Infinity", `"Infinity"`},
		{"-Infinity", `"-Infinity"`},
		{`"NaN"`, `"NaN"`},
		{`"INF"`, `"Infinity"`},
		{`"-INF"`, `"-Infinity"`},
		{`"12.5"`, "12.5"},
		{`"1,5"`, `"1,5"`},
	} {
		r, findings := decode(t, `{"type":"T","uut":{"execTime":`+tt.read+`}}`)
		if len(findings) > 0 {
			t.Errorf("%s has the findings %+v, want none", tt.read, findings)
		}
		if got := encode(r); !strings.Contains(got, `"execTime":`+tt.want+`,`) {
			t.Errorf("%s is written as %s, want %s", tt.read, got, tt.want)
		}
	}
}

func TestReportIsAJSONValue(t *testing.T) {
	r, _ := decode(t, `{"type":"T","id":"33a2d408-3fc8-480b-b554-6866c77fd91c","sn":"1","uut":{}}`)
	data, err := json.Marshal(map[string]any{"report": r})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Report *report.Report }
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	wantSame(t, "report through encoding/json", got.Report, r)
	if err := got.Report.UnmarshalJSON([]byte("[]")); err == nil {
		t.Error("UnmarshalJSON([]) gives no error")
	}
}

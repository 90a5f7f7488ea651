package convert_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/report"
)

// throughATML returns what is read back of reports that are written as ATML, and what was lost on the way.
func throughATML(t testing.TB, version string, reports ...*report.Report) ([]*report.Report, []convert.Loss) {
	t.Helper()
	f, _ := convert.ByName("atml")
	var doc bytes.Buffer
	losses, err := f.Write(&doc, reports, convert.WriteOptions{ATMLVersion: version})
	if err != nil {
		t.Fatalf("write ATML: %v", err)
	}
	out := readTestStand(t, "atml", doc.Bytes())
	if out.err != nil {
		t.Fatalf("read ATML back: %v", out.err)
	}
	return out.reports, append(losses, out.losses...)
}

func TestATMLKeepsWhatItReads(t *testing.T) {
	for _, tt := range []struct{ name, format, sample string }{
		{"a report of a server", "wsjf", "wsjf/uut-wsjf-export.json"},
		{"a report of a client", "wsjf", "wsjf/v1_loaded.json"},
		{"ATML of a station", "atml", stationFile},
		{"TestStand XML", "teststand-xml", "teststand-xml/TsWithoutWats.xml"},
	} {
		for _, version := range []string{"", "6.01", "5.00", "2.02"} {
			t.Run(tt.name+" in edition "+version, func(t *testing.T) {
				r := sampleReport(t, tt.format, sample(t, tt.sample))
				back, losses := throughATML(t, version, r)
				for _, l := range losses {
					if !strings.Contains(l.What, "which a server adds") {
						t.Errorf("lost: %v", l)
					}
				}
				if got, want := withoutEmpty(t, back[0]), withoutEmpty(t, r); got != want {
					t.Errorf("the reports differ:\n%s", firstDifference(got, want))
				}
			})
		}
	}
}

// sampleReport reads a file; WSJF by the model itself.
func sampleReport(t *testing.T, format string, doc []byte) *report.Report {
	t.Helper()
	if format != "wsjf" {
		return one(t, format, doc)
	}
	r, _, err := report.DecodeWSJF(doc)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestATMLHoldsSeveralReports(t *testing.T) {
	doc := func(sn string) *report.Report {
		return &report.Report{
			SerialNumber: sn, PartNumber: "P", Station: "S", Start: time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC), Result: report.Passed,
			Test: &report.Test{Root: &report.Step{Name: "Main", Type: "SequenceCall", Status: report.Passed}},
		}
	}
	back, _ := throughATML(t, "", doc("1"), doc("2"))
	if len(back) != 2 || back[1].SerialNumber != "2" {
		t.Errorf("%d reports came back, want 2", len(back))
	}
	f, _ := convert.ByName("atml")
	for _, tt := range []struct {
		name    string
		version string
		reports []*report.Report
		want    string
	}{
		{"edition 2.02 holds one", "2.02", []*report.Report{doc("1"), doc("2")}, "ATML 2.02 holds one report, not 2; write each into a file of its own, or ATML 6.01"},
		{"an unknown edition", "7", []*report.Report{doc("1")}, `ATML version "7" cannot be written; known are 2.02, 5.00, 6.01`},
		{"a repair", "", []*report.Report{{SerialNumber: "9", Repair: &report.Repair{}}}, `report 0 (serial number "9") is a repair report; ATML holds tests only`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if _, err := f.Write(&out, tt.reports, convert.WriteOptions{ATMLVersion: tt.version}); err == nil || err.Error() != tt.want || out.Len() > 0 {
				t.Errorf("Write = %v with %d bytes, want %s", err, out.Len(), tt.want)
			}
		})
	}
}

func TestATMLNamesWhatItLoses(t *testing.T) {
	r := &report.Report{
		SerialNumber: "1", PartNumber: "P", Station: "S", ProductName: "x", Extra: []report.Member{{Name: "more", Value: json.RawMessage("1")}},
		Test: &report.Test{Root: &report.Step{Name: "a\x01b", Steps: []*report.Step{nil}}},
	}
	f, _ := convert.ByName("atml")
	losses, err := f.Write(&bytes.Buffer{}, []*report.Report{r}, convert.WriteOptions{})
	want := "[$.root: a step that is null is not written $: productName, which a server adds, is not written $: member more is not known and is not written" +
		" $: characters that XML does not allow are written as U+FFFD (2 times)]"
	if got := fmt.Sprint(losses); err != nil || strings.Replace(got, " (2 times)", "", 1) != strings.Replace(want, " (2 times)", "", 1) {
		t.Errorf("losses = %v, %v\nwant %s", got, err, want)
	}
}

// Any report is read back as it was, but for what is named.
func TestATMLKeepsAnyReport(t *testing.T) {
	const seed = 20240506
	for i := range 400 {
		g := filler{rand.New(rand.NewPCG(seed, uint64(i)))}
		r := &report.Report{Test: &report.Test{Root: &report.Step{}}}
		g.fill(reflect.ValueOf(r).Elem(), 0)
		r.Repair, r.AssetStats, r.ProductName, r.Origin = nil, nil, "", ""
		for j := range r.SubUnits {
			r.SubUnits[j].Failures = nil
		}
		r.Test.ReferencedBy, r.Test.CausedFailureStepID = nil, report.Optional[int]{}
		for _, s := range r.Test.Root.Walk() {
			s.CausedUUTFailure = report.Optional[bool]{}
			g.name(s)
		}
		for _, version := range []string{"6.01", "2.02"} {
			back, losses := throughATML(t, version, r)
			if len(losses) > 0 {
				t.Errorf("report %d in %s: losses = %v, want none", i, version, losses)
			}
			if got, want := withoutEmpty(t, back[0]), withoutEmpty(t, r); got != want {
				t.Fatalf("report %d in %s differs:\n%s", i, version, firstDifference(got, want))
			}
		}
	}
}

// filler makes reports of any values, by reflection, so that a new field is not forgotten.
type filler struct{ *rand.Rand }

func (g filler) fill(v reflect.Value, depth int) {
	switch v.Interface().(type) {
	case report.ID:
		v.Set(reflect.ValueOf(report.DeriveID(fmt.Append(nil, g.Uint64()))))
	case report.Status:
		v.Set(reflect.ValueOf([]report.Status{0, report.Passed, report.Failed, report.Skipped, report.Done, report.Error, report.Terminated, report.Unknown}[g.IntN(8)]))
	case report.Group:
		v.Set(reflect.ValueOf([]report.Group{0, report.Setup, report.Main, report.Cleanup}[g.IntN(4)]))
	case report.CompOp:
		v.Set(reflect.ValueOf(report.CompOp(g.IntN(int(report.IGNORECASE) + 1))))
	case report.Number:
		v.Set(reflect.ValueOf(report.ParseNumber([]string{"", "1", "-0.5", "1e300", "NaN", "-Infinity", "0.12345678901234567890123", "1,5", "0x1F", "n/a"}[g.IntN(10)])))
	case report.Time:
		v.Set(reflect.ValueOf(report.TimeText([]string{"", "2024-04-15T02:49:36.93+00:00", "2024-04-15T02:49:36", "2024-04-15 02:49:36.1234567Z", "never"}[g.IntN(5)])))
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(g.Int64N(4e9), g.Int64N(1e9)).In(time.FixedZone("", (g.IntN(100)-50)*900))))
	case report.Optional[int]:
		v.Set(reflect.ValueOf([]report.Optional[int]{{}, report.Some(0), report.Some(-1), report.Some(int(int32(g.Uint32())))}[g.IntN(4)]))
	case report.Optional[bool]:
		v.Set(reflect.ValueOf([]report.Optional[bool]{{}, report.Some(true), report.Some(false)}[g.IntN(3)]))
	case []report.Member, []*report.Property, *report.PropertyArray: // members are lost; trees are made whole
		if v.Type() == reflect.TypeFor[[]*report.Property]() {
			v.Set(reflect.ValueOf(g.properties(depth)))
		}
	case []byte:
		v.SetBytes([]byte("\x00\xff\x10data")[:g.IntN(6)])
	case string:
		v.SetString([]string{"", "a", "b#c", " x ", "\n", "µ € 🙂", "<&>\"'", "line\r\nfeed\ttab", "Numeric", "PassFail"}[g.IntN(10)])
	default:
		g.fillParts(v, depth)
	}
}

func (g filler) fillParts(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			g.fill(v.Field(i), depth)
		}
	case reflect.Pointer:
		if depth <= 1 || g.IntN(depth+1) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			g.fill(v.Elem(), depth+1)
		}
	case reflect.Slice:
		n := max(0, g.IntN(5)-depth/2)
		if n == 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			e := v.Index(i)
			if e.Kind() == reflect.Pointer {
				e.Set(reflect.New(e.Type().Elem()))
				e = e.Elem()
			}
			g.fill(e, depth+1)
		}
	}
}

// properties makes members of a property tree that says all of them.
func (g filler) properties(depth int) []*report.Property {
	var out []*report.Property
	for range max(0, g.IntN(4)-depth/3) {
		p := &report.Property{Type: []string{"Number", "String", "Boolean", "Obj", "Array", "Reference"}[g.IntN(6)]}
		for _, text := range []*string{&p.Name, &p.Comment, &p.NumFormat} {
			g.fill(reflect.ValueOf(text).Elem(), depth)
		}
		g.fill(reflect.ValueOf(&p.Flags).Elem(), depth)
		switch p.Type {
		case "Obj":
			p.Props = g.properties(depth + 1)
		case "Array":
			p.Array = &report.PropertyArray{Dimension: report.Some(1), Type: []string{"Number", "String", "Obj"}[g.IntN(3)]}
			for i := range g.IntN(3) {
				e := &report.PropertyElement{Text: fmt.Sprintf("[%d]", i), Indexes: []int{i}, Value: &report.Property{Type: p.Array.Type}}
				if p.Array.Type == "Obj" {
					e.Value.Props = g.properties(depth + 1)
				} else {
					e.Value.Value = fmt.Sprint(g.IntN(100))
				}
				p.Array.Indexes = append(p.Array.Indexes, e)
			}
		default:
			g.fill(reflect.ValueOf(&p.Value).Elem(), depth)
		}
		out = append(out, p)
	}
	return out
}

// name gives additional results names that are not those of report text.
func (g filler) name(s *report.Step) {
	for i := range s.AdditionalResults {
		if s.AdditionalResults[i].Name == "ReportText" {
			s.AdditionalResults[i].Name = "other"
		}
	}
}

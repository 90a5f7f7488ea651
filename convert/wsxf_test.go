package convert_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/report"
)

// sample returns a real tester file, or skips the test where there are none on this machine.
func sample(t testing.TB, path string) []byte {
	t.Helper()
	dir := os.Getenv("GOWATS_SAMPLES")
	if dir == "" {
		t.Skip("GOWATS_SAMPLES does not name the folder of real tester files")
	}
	data, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readAll returns the reports and losses of a file that must be readable.
func readAll(t testing.TB, format string, data []byte) ([]*report.Report, []convert.Loss) {
	t.Helper()
	f, ok := convert.ByName(format)
	if !ok {
		t.Fatalf("no format %q", format)
	}
	reading := f.Read(bytes.NewReader(data), convert.ReadOptions{})
	var all []*report.Report
	for r, err := range reading.Reports() {
		if err != nil {
			t.Fatalf("read %s: %v", format, err)
		}
		all = append(all, r)
	}
	return all, reading.Losses()
}

// rewrite returns what is read back of reports that are written in a format.
func rewrite(t testing.TB, format string, reports ...*report.Report) ([]*report.Report, []convert.Loss) {
	t.Helper()
	f, _ := convert.ByName(format)
	var file bytes.Buffer
	losses, err := f.Write(&file, reports, convert.WriteOptions{})
	if err != nil {
		t.Fatalf("write %s: %v", format, err)
	}
	if got, _, _ := convert.Detect(file.Bytes()[:min(file.Len(), convert.ProbeSize)]); got.Name != format {
		t.Errorf("Detect takes what was written as %s for %q", format, got.Name)
	}
	back, more := readAll(t, format, file.Bytes())
	return back, append(losses, more...)
}

// firstDifference shows where two texts part.
func firstDifference(got, want string) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	from := max(0, i-80)
	return "got  …" + got[from:min(len(got), i+80)] + "\nwant …" + want[from:min(len(want), i+80)]
}

func TestTheSameReportExportedBothWaysIsTheSame(t *testing.T) {
	fromJSON, _ := readAll(t, "wsjf", sample(t, "wsjf/uut-wsjf-export.json"))
	fromXML, losses := readAll(t, "wsxf", sample(t, "wsxf/uut-wsxf-export.xml"))
	if len(losses) > 0 {
		t.Errorf("losses = %v, want none", losses)
	}
	if len(fromXML) != 1 {
		t.Fatalf("%d reports, want 1", len(fromXML))
	}
	x := fromXML[0]
	steps, measurements, loops, charts := 0, 0, 0, 0
	for _, s := range x.Test.Root.Walk() {
		steps++
		measurements += len(s.Numeric) + len(s.Strings) + len(s.Booleans)
		if s.Loop != nil {
			loops++
		}
		if s.Chart != nil {
			charts++
		}
		// WSXF gives the file of a sequence beside its path; WSJF has no place for it.
		if s.Sequence != nil {
			s.Sequence.Extra = nil
		}
	}
	if steps != 186 || measurements != 146 || loops != 46 || charts != 2 {
		t.Errorf("%d steps, %d measurements, %d loop entries, %d charts; want 186, 146, 46, 2", steps, measurements, loops, charts)
	}
	if got, want := withoutEmpty(t, x), withoutEmpty(t, fromJSON[0]); got != want {
		t.Errorf("the reports differ:\n%s", firstDifference(got, want))
	}
}

func TestWSXFKeepsWhatItReads(t *testing.T) {
	for _, path := range []string{"wsjf/uut-wsjf-export.json", "wsjf/v1_loaded.json", "wsjf/uur_example.json", "wsjf/uur_v1_loaded.json"} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			reports, _ := readAll(t, "wsjf", sample(t, path))
			back, losses := rewrite(t, "wsxf", reports...)
			for _, loss := range losses {
				if loss.What != "what a server adds to a report is not written" {
					t.Errorf("lost: %v", loss)
				}
			}
			if got, want := withoutEmpty(t, back[0]), withoutEmpty(t, reports[0]); got != want {
				t.Errorf("the reports differ:\n%s", firstDifference(got, want))
			}
		})
	}
}

// withoutEmpty returns the WSJF form of r without nulls, empty texts and empty lists, which XML cannot tell from nothing.
func withoutEmpty(t testing.TB, r *report.Report) string {
	t.Helper()
	return pruned(t, r.AppendWSJF(nil, report.WSJFOptions{}))
}

func pruned(t testing.TB, wsjf []byte) string {
	t.Helper()
	var doc any
	dec := json.NewDecoder(bytes.NewReader(wsjf))
	dec.UseNumber() // all digits count
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(prune(doc))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if v[name] = prune(member); v[name] == nil {
				delete(v, name)
			}
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i := range v {
			v[i] = prune(v[i])
		}
	case string:
		if v == "" {
			return nil
		}
	}
	return v
}

func TestWSXFHoldsManyReports(t *testing.T) {
	one, _ := readAll(t, "wsxf", sample(t, "wsxf/uut-wsxf-export.xml"))
	back, _ := rewrite(t, "wsxf", one[0], one[0], one[0])
	if len(back) != 3 {
		t.Errorf("%d reports read back, want 3", len(back))
	}
}

func TestWSXFThatBreaksOffKeepsTheReportsBefore(t *testing.T) {
	doc := `<Reports><Report type="UUT" SN="1" PN="P"/><Report type="UUT" SN="2" PN="P"><UUT`
	f, _ := convert.ByName("wsxf")
	var got []string
	for r, err := range f.Read(strings.NewReader(doc), convert.ReadOptions{}).Reports() {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, r.SerialNumber)
	}
	want := "1|read WSXF: line 1, column 81: the file ends inside <Report>"
	if strings.Join(got, "|") != want {
		t.Errorf("read %q, want %q", strings.Join(got, "|"), want)
	}
}

package convert_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/report"
)

var update = flag.Bool("update", false, "write the want files of testdata anew")

// stationZone is where the stations of the tests stand.
func stationZone() *time.Location { return time.FixedZone("", 2*60*60) }

// outcome is what came of reading a file.
type outcome struct {
	reports []*report.Report
	losses  []convert.Loss
	err     error
}

func readTestStand(t testing.TB, format string, doc []byte) outcome {
	t.Helper()
	f, ok := convert.ByName(format)
	if !ok {
		t.Fatalf("no format %q", format)
	}
	var out outcome
	reading := f.Read(bytes.NewReader(doc), convert.ReadOptions{Zone: stationZone()})
	for r, err := range reading.Reports() {
		if err != nil {
			out.err = err
			break
		}
		out.reports = append(out.reports, r)
	}
	out.losses = reading.Losses()
	return out
}

// golden returns the reports as they stand in want.json.
func golden(t testing.TB, reports []*report.Report) []byte {
	t.Helper()
	var doc bytes.Buffer
	for i, r := range reports {
		if i > 0 {
			doc.WriteString(",\n")
		}
		if err := json.Indent(&doc, r.AppendWSJF(nil, report.WSJFOptions{}), "", "\t"); err != nil {
			t.Fatal(err)
		}
	}
	return []byte("[" + doc.String() + "]\n")
}

// wantErr returns what stands in want.err: the error, and what was lost.
func wantErr(out outcome) []byte {
	var b strings.Builder
	if out.err != nil {
		fmt.Fprintf(&b, "error: %v\n", out.err)
	}
	for _, l := range out.losses {
		fmt.Fprintf(&b, "lost: %v\n", l)
	}
	return []byte(b.String())
}

// Each folder of testdata/<format> is a case: the file input.*, the reports in it as want.json, and in want.err the error and the losses. A file
// with an error may have reports before it.
func TestCases(t *testing.T) {
	for _, f := range convert.Formats() {
		inputs, err := filepath.Glob(filepath.Join("testdata", f.Name, "*", "input.*"))
		if err != nil || len(inputs) == 0 {
			t.Fatalf("no cases of %s (%v)", f.Name, err)
		}
		for _, input := range inputs {
			folder := filepath.Dir(input)
			t.Run(f.Name+"/"+filepath.Base(folder), func(t *testing.T) {
				doc, err := os.ReadFile(input)
				if err != nil {
					t.Fatal(err)
				}
				out := readTestStand(t, f.Name, doc)
				compareGolden(t, filepath.Join(folder, "want.json"), golden(t, out.reports))
				compareGolden(t, filepath.Join(folder, "want.err"), wantErr(out))
			})
		}
	}
}

// compareGolden holds got against a file. A file that is not there is an empty one.
func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if len(got) == 0 {
			_ = os.Remove(path) // it need not be there
			return
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs:\n%s", path, firstDifference(string(got), string(want)))
	}
}

// stationFile is the ATML file of a real station among the samples.
const stationFile = "atml/Report_EoLT_FC[EB03240FFFF1122223001048][7][11.08.2022][09 56 36].xml"

// one returns the only report of a file that must be readable.
func one(t *testing.T, format string, doc []byte) *report.Report {
	t.Helper()
	out := readTestStand(t, format, doc)
	if out.err != nil || len(out.reports) != 1 {
		t.Fatalf("read %s: %d reports, error %v; want 1 and none", format, len(out.reports), out.err)
	}
	return out.reports[0]
}

// count is what a report holds, in numbers.
type count struct {
	steps, groups, numbers, texts, verdicts int
	operators                               map[report.CompOp]int
	statuses                                map[report.Status]int
	types                                   map[string]int
}

func countOf(r *report.Report) count {
	c := count{operators: map[report.CompOp]int{}, statuses: map[report.Status]int{}, types: map[string]int{}}
	for _, s := range r.Test.Root.Walk() {
		c.steps++
		c.statuses[s.Status]++
		c.types[s.Type]++
		c.numbers += len(s.Numeric)
		c.texts += len(s.Strings)
		c.verdicts += len(s.Booleans)
		if s.Sequence != nil {
			c.groups++
		}
		for i := range s.Numeric {
			c.operators[s.Numeric[i].CompOp]++
		}
		for i := range s.Strings {
			c.operators[s.Strings[i].CompOp]++
		}
	}
	return c
}

func TestATMLOfARealStation(t *testing.T) {
	r := one(t, "atml", sample(t, stationFile))
	got := fmt.Sprintln(r.ID, r.SerialNumber, r.PartNumber, r.Result, r.Station, r.Start.Format(time.RFC3339Nano), r.Test.ExecTime, r.Test.SocketIndex.Value, r.Test.Operator,
		r.Process.Code.Value, r.Test.Root.Name, r.Test.Root.Sequence.Path)
	want := fmt.Sprintln("c283b7fe-198a-11ed-8dee-00802f335b81 EB03240FFFF1122223001048 EB03240 Passed E07FCC04-0300 2022-08-11T17:31:07.758+02:00 69.047 7 administrator",
		10, "MainSequence", `C:\EOLT_FrontCamera\TestStandFiles\Sequence Main\Main Dynamic Parallel.seq`)
	if got != want {
		t.Errorf("head = %swant %s", got, want)
	}
	c := countOf(r)
	if c.steps != 1+296+277+21 || c.groups != 1+21 {
		t.Errorf("%d steps, %d of them call a sequence; want 595 and 22", c.steps, c.groups)
	}
	if c.numbers != 179 || c.texts != 14 || c.verdicts != 75 {
		t.Errorf("%d numbers, %d texts, %d verdicts; want 179, 14, 75", c.numbers, c.texts, c.verdicts)
	}
	if c.operators[report.GELE] != 178 || c.operators[report.EQ] != 1 || c.operators[report.CASESENSIT] != 10 || c.operators[report.IGNORECASE] != 4 {
		t.Errorf("operators = %v, want 178 GELE, 1 EQ of a number and 10 of texts, 4 IGNORECASE", c.operators)
	}
	if c.statuses[report.Done] != 277+3 || c.statuses[report.Passed] != 315 {
		t.Errorf("statuses = %v, want 280 Done, 315 Passed", c.statuses)
	}
	if c.types["NumericLimitTestWithOffset"] != 166 || c.types["PassFailTest"] != 75 {
		t.Errorf("types = %v, want 166 NumericLimitTestWithOffset, 75 PassFailTest", c.types)
	}
	if v := r.Validate().Violations(); len(v) > 0 {
		t.Errorf("violations: %v", v)
	}
}

func TestTestStandXMLWithWATS(t *testing.T) {
	r := one(t, "teststand-xml", sample(t, "teststand-xml/TSWithWats.xml"))
	got := fmt.Sprintln(r.ID, r.SerialNumber, r.PartNumber, r.Revision, r.Process.Code.Value, r.Result, r.Station, r.Start.Format(time.RFC3339Nano), r.Test.Root.Start)
	want := "f4fb0a29-93b1-4f7f-ada7-672b382774ab 12345 PN1 1.0 60 Passed VIC-PCBA-003 2022-06-23T10:55:04.37+02:00 2022-06-23T10:55:04.3925775+02:00\n"
	if got != want {
		t.Errorf("head = %swant %s", got, want)
	}
	if c := countOf(r); c.steps != 2 || c.verdicts != 1 {
		t.Errorf("%d steps with %d verdicts, want 2 and 1", c.steps, c.verdicts)
	}
}

func TestTestStandXMLWithoutWATS(t *testing.T) {
	r := one(t, "teststand-xml", sample(t, "teststand-xml/TsWithoutWats.xml"))
	got := fmt.Sprintln(r.ID.IsZero(), r.SerialNumber, r.PartNumber, r.Process.Code.Value, r.Result, r.Station, r.Start.Format(time.RFC3339Nano), r.Test.Root.Sequence.Name)
	want := "true 2342343 NA 10 Passed TS-2021-BETA 2022-07-01T15:47:48.927+02:00 MainSequence\n"
	if got != want {
		t.Errorf("head = %swant %s", got, want)
	}
	c := countOf(r)
	if c.steps != 18 || c.groups != 2 || c.numbers != 2 || c.verdicts != 7 {
		t.Errorf("%d steps, %d sequences, %d numbers, %d verdicts; want 18, 2, 2, 7", c.steps, c.groups, c.numbers, c.verdicts)
	}
	if c.operators[report.GTLT] != 1 || c.operators[report.GT] != 1 {
		t.Errorf("operators = %v, want GTLT and GT", c.operators)
	}
}

func TestReadOptionsFillInWhatAFileDoesNotSay(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("testdata", "atml", "without-a-station", "input.xml"))
	if err != nil {
		t.Fatal(err)
	}
	f, _ := convert.ByName("atml")
	opt := convert.ReadOptions{
		ProcessCode: 50, PartNumber: "other", Revision: "B", Operator: "other", Station: "ST-9", Location: "Oslo", Purpose: "Production", SequenceVersion: "7",
		Zone: time.FixedZone("", -5*60*60), FileName: "a.xml",
	}
	for r, err := range f.Read(bytes.NewReader(doc), opt).Reports() {
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintln(r.Process.Code.Value, r.PartNumber, r.Revision, r.Test.Operator, r.Station, r.Location, r.Purpose, r.Test.Root.Sequence.Version, r.Start.Format(time.RFC3339))
		if want := "50 PN-7 B Ola ST-9 Oslo Production 7 2024-05-06T07:08:09-05:00\n"; got != want {
			t.Errorf("read with options: %swant %s", got, want)
		}
	}
	for _, err := range f.Read(strings.NewReader("<a/>"), opt).Reports() {
		if want := `read ATML file "a.xml": line 1, column 5: the root element a of namespace "" does not belong to ATML test results`; err == nil || err.Error() != want {
			t.Errorf("read of another file: %v, want %s", err, want)
		}
	}
}

func TestReadingStopsWhenTheCallerDoes(t *testing.T) {
	for format, folder := range map[string]string{"atml": "runs-of-one-file-have-distinct-starts", "teststand-xml": "year-of-two-digits"} {
		doc, err := os.ReadFile(filepath.Join("testdata", format, folder, "input.xml"))
		if err != nil {
			t.Fatal(err)
		}
		f, _ := convert.ByName(format)
		n := 0
		for range f.Read(bytes.NewReader(doc), convert.ReadOptions{}).Reports() {
			n++
			break
		}
		if n != 1 {
			t.Errorf("%s: %d reports, want 1", format, n)
		}
	}
}

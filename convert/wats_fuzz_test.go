package convert_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/report"
)

// settles fails unless a report that was written and read is the same when it is written and read again, and the same as the one before
// when nothing was lost.
func settles(t *testing.T, format string, first *report.Report) {
	t.Helper()
	f, _ := convert.ByName(format)
	forms := []string{whole(t, first)}
	lossless := true
	for r, round := first, 0; round < 2; round++ {
		var file bytes.Buffer
		losses, err := f.Write(&file, []*report.Report{r}, convert.WriteOptions{})
		if err != nil {
			t.Fatalf("write %s: %v", format, err)
		}
		out := readTestStand(t, format, file.Bytes())
		if out.err != nil || len(out.reports) != 1 {
			t.Fatalf("what was written as %s is read as %d reports, %v:\n%.2000s", format, len(out.reports), out.err, file.Bytes())
		}
		if round == 0 {
			lossless = len(losses)+len(out.losses) == 0
		}
		r = out.reports[0]
		forms = append(forms, whole(t, r))
	}
	if lossless && forms[1] != forms[0] {
		t.Errorf("%s lost without a word:\n%s", format, firstDifference(forms[1], forms[0]))
	}
	if forms[2] != forms[1] {
		t.Errorf("%s read back once and twice differ:\n%s", format, firstDifference(forms[2], forms[1]))
	}
}

func FuzzReadWSXF(f *testing.F) {
	seeds(f, "wsxf", "wsxf/*.xml")
	f.Fuzz(func(t *testing.T, doc []byte) {
		out := checkReading(t, "wsxf", doc)
		if len(out.reports) > 0 && len(doc) < 1<<16 {
			settles(t, "wsxf", out.reports[0])
		}
	})
}

func FuzzReadWSTF(f *testing.F) {
	seeds(f, "wstf", "wstf/*.txt")
	f.Fuzz(func(t *testing.T, doc []byte) {
		out := checkReading(t, "wstf", doc)
		if len(out.reports) > 0 && len(doc) < 1<<16 {
			settles(t, "wstf", out.reports[0])
		}
	})
}

func TestGeneratedReportsSettle(t *testing.T) {
	for _, format := range written() {
		for seed := range uint64(generated) {
			settles(t, format, newMaker(seed).test())
		}
	}
}

// A file of a WATS format that ends anywhere gives the units that were complete, and an error that says where.
func TestWATSFilesMayEndAnywhere(t *testing.T) {
	for _, tt := range []struct{ format, file, unitEnd string }{
		{"wsxf", "input.xml", "</Report>"},
		{"wstf", "input.txt", "--UUT-End--"},
	} {
		t.Run(tt.format, func(t *testing.T) {
			doc, err := os.ReadFile(filepath.Join("testdata", tt.format, "units-that-began-at-the-same-time", tt.file))
			if err != nil {
				t.Fatal(err)
			}
			for end := 1; end < len(bytes.TrimSpace(doc))-1; end += 7 {
				out := readTestStand(t, tt.format, doc[:end])
				complete := bytes.Count(doc[:end], []byte(tt.unitEnd))
				if len(out.reports) < complete || len(out.reports) > complete+1 {
					t.Fatalf("the first %d bytes: %d reports, want %d", end, len(out.reports), complete)
				}
				if between := tt.format == "wstf" && bytes.Count(doc[:end], []byte("--Header-Start--")) == complete; out.err == nil && !between {
					t.Fatalf("the first %d bytes: no error", end)
				}
			}
		})
	}
}

// What is larger than any report is refused before it fills the memory.
func TestHostileFilesAreRefused(t *testing.T) {
	const wsxf = `<Reports><Report type="UUT" SN="1" PN="P"`
	const wstf = "--Header-Start--\nSerialNumber\t1\nStationName\tS\nStartDateTime\t2026-01-01T00:00:00\n--Step-Data-Start--\nStepType\tStepName\n"
	for _, tt := range []struct {
		name, format string
		head, body   string
		times        int
		want         string
	}{
		{"an attribute of 2 MiB", "wsxf", wsxf + ` x="`, "aaaaaaaa", 1 << 18, "a tag is longer than"},
		{"many attributes", "wsxf", wsxf, "", 1001, "more than 1000 attributes"},
		{"many elements", "wsxf", wsxf + ">", "<a/>", 2_000_001, "a unit has more than 2000000 elements"},
		{"a text without end", "wsxf", wsxf + "><UUT><Comment>", "aaaaaaaaaaaaaaaa", 7 << 20, "without \"<\""},
		{"a line of 17 MiB", "wstf", "--Header-Start--\nComment\t", "aaaaaaaa", 17 << 17, "the line is longer than"},
		{"many rows", "wstf", wstf, "ActionStep\ta\n", 500_001, "more than 500000 step rows"},
		{"a document of 65 MiB", "wsjf", `{"type":"T","uut":{"comment":"`, "aaaaaaaa", 65 << 17, "larger than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if testing.Short() && tt.times > 1<<18 {
				t.Skip("reads many MiB")
			}
			n := 0
			src := io.MultiReader(strings.NewReader(tt.head), readerFunc(func(p []byte) (int, error) {
				if n == tt.times {
					return 0, io.EOF
				}
				n++
				if tt.body == "" {
					return copy(p, fmt.Appendf(nil, ` a%d=""`, n)), nil
				}
				parts := min(len(p)/len(tt.body), tt.times-n+1)
				n += parts - 1
				return copy(p, strings.Repeat(tt.body, parts)), nil
			}), strings.NewReader(">"))
			f, _ := convert.ByName(tt.format)
			var last error
			for _, err := range f.Read(src, convert.ReadOptions{}).Reports() {
				last = err
			}
			if last == nil || !strings.Contains(last.Error(), tt.want) {
				t.Errorf("error = %v, want %q", last, tt.want)
			}
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestDetectKnowsRealFiles(t *testing.T) {
	dir := os.Getenv("GOWATS_SAMPLES")
	if dir == "" {
		t.Skip("GOWATS_SAMPLES does not name the folder of real tester files")
	}
	known := map[string]bool{}
	for _, f := range convert.Formats() {
		known[f.Name] = true
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || filepath.Dir(path) == filepath.Clean(dir) {
			return err
		}
		folder, _, _ := strings.Cut(strings.TrimPrefix(path, filepath.Clean(dir)+string(filepath.Separator)), string(filepath.Separator))
		want := ""
		if known[folder] {
			want = folder
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		f, sure, ok := convert.Detect(data[:min(len(data), convert.ProbeSize)])
		if ok != (want != "") || ok && f.Name != want {
			t.Errorf("Detect(%s) = %q with %v, %v; want %q", filepath.Base(path), f.Name, sure, ok, want)
		}
		return nil
	})
	if err != nil || files < 20 {
		t.Errorf("%d files, %v", files, err)
	}
}

// manyReports is a WSXF file of at least size bytes, which is made as it is read.
func manyReports(t testing.TB, size int) (src io.Reader, count int) {
	t.Helper()
	reports, _ := readAll(t, "wsxf", wsxfFile(t))
	f, _ := convert.ByName("wsxf")
	var one bytes.Buffer
	if _, err := f.Write(&one, reports, convert.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	from, to := bytes.Index(one.Bytes(), []byte("<Report ")), bytes.LastIndex(one.Bytes(), []byte("</Reports>"))
	body := one.Bytes()[from:to]
	parts := []io.Reader{strings.NewReader(`<Reports>`)}
	for made := 0; made < size; made += len(body) {
		parts = append(parts, bytes.NewReader(body))
		count++
	}
	return io.MultiReader(append(parts, strings.NewReader(`</Reports>`))...), count
}

// wsxfFile returns a real file, or where there is none a generated one of the same size.
func wsxfFile(t testing.TB) []byte {
	t.Helper()
	if os.Getenv("GOWATS_SAMPLES") != "" {
		return sample(t, "wsxf/uut-wsxf-export.xml")
	}
	f, _ := convert.ByName("wsxf")
	var doc bytes.Buffer
	r := newMaker(1).test()
	for seed := uint64(2); seed < 20; seed++ {
		r.Test.Root.Steps = append(r.Test.Root.Steps, newMaker(seed).test().Test.Root)
	}
	if _, err := f.Write(&doc, []*report.Report{r}, convert.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return doc.Bytes()
}

func TestWSXFMemoryIsBoundedByOneReport(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 100 MiB")
	}
	const size, most = 100 << 20, 64 << 20
	src, want := manyReports(t, size)
	f, _ := convert.ByName("wsxf")
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	count, peak := 0, uint64(0)
	for _, err := range f.Read(src, convert.ReadOptions{}).Reports() {
		if err != nil {
			t.Fatal(err)
		}
		count++
		if count%16 == 0 {
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc-min(before.HeapAlloc, now.HeapAlloc))
		}
	}
	if count != want || peak > most {
		t.Errorf("%d reports, heap grew to %d MiB; want %d, at most %d MiB", count, peak>>20, want, most>>20)
	}
	t.Logf("%d reports, heap at most %.1f MiB", count, float64(peak)/(1<<20))
}

func BenchmarkReadWSXF(b *testing.B) {
	doc := wsxfFile(b)
	f, _ := convert.ByName("wsxf")
	b.Run("reports", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range f.Read(bytes.NewReader(doc), convert.ReadOptions{}).Reports() {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("tokens of encoding-xml", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		b.ReportAllocs()
		for b.Loop() {
			dec := xml.NewDecoder(bytes.NewReader(doc))
			for {
				if _, err := dec.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

func BenchmarkReadWSTF(b *testing.B) {
	reports, _ := readAll(b, "wsxf", wsxfFile(b))
	f, _ := convert.ByName("wstf")
	var doc bytes.Buffer
	if _, err := f.Write(&doc, reports, convert.WriteOptions{}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(doc.Len()))
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range f.Read(bytes.NewReader(doc.Bytes()), convert.ReadOptions{}).Reports() {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	reports, _ := readAll(b, "wsxf", wsxfFile(b))
	for _, format := range []string{"wsjf", "wsxf", "wstf"} {
		b.Run(format, func(b *testing.B) {
			f, _ := convert.ByName(format)
			var doc bytes.Buffer
			b.ReportAllocs()
			for b.Loop() {
				doc.Reset()
				if _, err := f.Write(&doc, reports, convert.WriteOptions{}); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(doc.Len()))
		})
	}
	b.Run("encoding-xml", func(b *testing.B) { // the same elements, as a peer
		var tokens []xml.Token
		for dec := xml.NewDecoder(bytes.NewReader(wsxfFile(b))); ; {
			token, err := dec.RawToken()
			if err != nil {
				break
			}
			if _, isProlog := token.(xml.ProcInst); !isProlog {
				tokens = append(tokens, xml.CopyToken(token))
			}
		}
		var doc bytes.Buffer
		b.ReportAllocs()
		for b.Loop() {
			doc.Reset()
			enc := xml.NewEncoder(&doc)
			for _, token := range tokens {
				if err := enc.EncodeToken(token); err != nil {
					b.Fatal(err)
				}
			}
			if err := enc.Flush(); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(doc.Len()))
	})
}

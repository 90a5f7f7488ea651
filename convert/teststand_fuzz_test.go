package convert_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/report"
)

// seeds adds the cases of a format, and the real files where they are.
func seeds(f *testing.F, format, samples string) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", format, "*", "input.*"))
	if err != nil {
		f.Fatal(err)
	}
	if dir := os.Getenv("GOWATS_SAMPLES"); dir != "" {
		more, err := filepath.Glob(filepath.Join(dir, samples))
		if err != nil {
			f.Fatal(err)
		}
		paths = append(paths, more...)
	}
	for _, path := range paths {
		doc, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc)
	}
}

// checkReading reads doc at once and byte by byte: the same comes of it, nothing panics, and what was read can be written as WSJF and checked.
func checkReading(t *testing.T, format string, doc []byte) outcome {
	t.Helper()
	out := readTestStand(t, format, doc)
	for _, r := range out.reports {
		if (r.Test == nil) == (r.Repair == nil) {
			t.Fatal("a report that is not one of test and repair")
		}
		r.Validate()
		if text := r.AppendWSJF(nil, report.WSJFOptions{}); len(text) == 0 {
			t.Fatal("a report without WSJF")
		}
	}
	if len(out.losses) > 1001 {
		t.Errorf("%d losses are listed", len(out.losses))
	}
	if len(doc) > 1<<14 {
		return out
	}
	f, _ := convert.ByName(format)
	n := 0
	for r, err := range f.Read(iotest.OneByteReader(bytes.NewReader(doc)), convert.ReadOptions{Zone: stationZone()}).Reports() {
		if fmt.Sprint(err) != fmt.Sprint(out.err) && (err != nil || n >= len(out.reports)) {
			t.Errorf("byte by byte: error %v; at once: %v", err, out.err)
		}
		if err == nil && n < len(out.reports) && !bytes.Equal(r.AppendWSJF(nil, report.WSJFOptions{}), out.reports[n].AppendWSJF(nil, report.WSJFOptions{})) {
			t.Errorf("byte by byte report %d is another one", n)
		}
		n++
	}
	return out
}

func FuzzReadATML(f *testing.F) {
	seeds(f, "atml", "atml/*.xml")
	f.Fuzz(func(t *testing.T, doc []byte) {
		out := checkReading(t, "atml", doc)
		if len(out.reports) != 1 || len(doc) > 1<<16 {
			return
		}
		// What is read once is read back from what is written of it.
		back, losses := throughATML(t, "", out.reports[0])
		if len(losses) > 0 {
			return
		}
		if got, want := withoutEmpty(t, back[0]), withoutEmpty(t, out.reports[0]); got != want {
			t.Errorf("written and read back:\n%s", firstDifference(got, want))
		}
	})
}

func FuzzReadTestStandXML(f *testing.F) {
	seeds(f, "teststand-xml", "teststand-xml/*.xml")
	f.Fuzz(func(t *testing.T, doc []byte) { checkReading(t, "teststand-xml", doc) })
}

// A file that ends anywhere gives the units that were complete, and an error that says where.
func TestTestStandFilesMayEndAnywhere(t *testing.T) {
	for _, tt := range []struct{ format, folder, unitEnd string }{
		{"atml", "runs-of-one-file-have-distinct-starts", "</trc:TestResults>"},
		{"teststand-xml", "year-of-two-digits", "</Report>"},
	} {
		t.Run(tt.format, func(t *testing.T) {
			doc, err := os.ReadFile(filepath.Join("testdata", tt.format, tt.folder, "input.xml"))
			if err != nil {
				t.Fatal(err)
			}
			for end := 0; end < len(bytes.TrimSpace(doc)); end += 7 {
				out := readTestStand(t, tt.format, doc[:end])
				if want := bytes.Count(doc[:end], []byte(tt.unitEnd)); len(out.reports) != want || out.err == nil || !strings.Contains(out.err.Error(), "line ") {
					t.Fatalf("the first %d bytes: %d reports, error %v; want %d and an error with a line", end, len(out.reports), out.err, want)
				}
			}
		})
	}
}

// unitStream is an ATML file of many units, which is made as it is read.
type unitStream struct {
	size  int // bytes at least
	made  int
	units int
	left  []byte
	body  []byte // of one unit, with SERIAL in place of the serial number
	done  bool
}

func newUnitStream(t testing.TB, size int) *unitStream {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("testdata", "atml", "limits-of-every-kind", "input.xml"))
	if err != nil {
		t.Fatal(err)
	}
	begin := bytes.Index(doc, []byte("<trc:TestResults uuid"))
	end := bytes.Index(doc, []byte("</trc:TestResultsCollection>"))
	steps := doc[begin:end]
	from, to := bytes.Index(steps, []byte("<tr:Test ID")), bytes.Index(steps, []byte("</tr:ResultSet>"))
	var body bytes.Buffer
	body.Write(steps[:from])
	for body.Len() < 1<<20 {
		body.Write(steps[from:to])
	}
	body.Write(steps[to:])
	return &unitStream{size: size, left: doc[:begin], body: bytes.Replace(body.Bytes(), []byte("SN1"), []byte("SERIAL"), 1)}
}

func (s *unitStream) Read(p []byte) (int, error) {
	if len(s.left) == 0 {
		switch {
		case s.done:
			return 0, io.EOF
		case s.made >= s.size:
			s.left, s.done = []byte("</trc:TestResultsCollection>"), true
		default:
			s.units++
			s.left = bytes.Replace(s.body, []byte("SERIAL"), fmt.Appendf(nil, "SN%d", s.units), 1)
		}
	}
	n := copy(p, s.left)
	s.left, s.made = s.left[n:], s.made+n
	return n, nil
}

func TestATMLMemoryIsBoundedByOneUnit(t *testing.T) {
	const size, most = 100 << 20, 64 << 20
	if testing.Short() {
		t.Skip("reads 100 MiB")
	}
	src := newUnitStream(t, size)
	f, _ := convert.ByName("atml")
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	units, peak := 0, uint64(0)
	for r, err := range f.Read(src, convert.ReadOptions{Zone: stationZone()}).Reports() {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("SN%d", units+1); r.SerialNumber != want {
			t.Fatalf("unit %d has the serial number %s, want %s", units, r.SerialNumber, want)
		}
		units++
		runtime.ReadMemStats(&now)
		peak = max(peak, now.HeapAlloc-min(before.HeapAlloc, now.HeapAlloc))
	}
	if units != src.units || src.made < size {
		t.Errorf("%d units of %d bytes were read, want %d of %d", units, src.made, src.units, size)
	}
	if peak > most {
		t.Errorf("the heap grew to %d MiB, want at most %d", peak>>20, most>>20)
	}
	t.Logf("%d units, %d MiB read, heap at most %.1f MiB, %.1f MiB from the system", units, src.made>>20, float64(peak)/(1<<20), float64(now.Sys)/(1<<20))
}

func BenchmarkReadATML(b *testing.B) {
	doc := sample(b, stationFile)
	f, _ := convert.ByName("atml")
	b.Run("reports", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range f.Read(bytes.NewReader(doc), convert.ReadOptions{Zone: stationZone()}).Reports() {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("tokens of encoding-xml", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		for b.Loop() {
			dec := xml.NewDecoder(bytes.NewReader(doc))
			dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
			for {
				if _, err := dec.Token(); err != nil {
					break
				}
			}
		}
	})
}

func BenchmarkWriteATML(b *testing.B) {
	out := readTestStand(b, "atml", sample(b, stationFile))
	f, _ := convert.ByName("atml")
	var doc bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		doc.Reset()
		if _, err := f.Write(&doc, out.reports, convert.WriteOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(doc.Len()))
}

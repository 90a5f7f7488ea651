package convert

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// events returns what the scanner finds, one line each, and the error that ended it.
func events(src io.Reader) ([]string, error) {
	x := newXMLScanner(src)
	var out []string
	for {
		kind, err := x.next()
		if err != nil {
			return out, err
		}
		switch kind {
		case xmlStart:
			line := "<" + x.name
			for _, a := range x.attrs {
				line += fmt.Sprintf(" %s=%q", a.name, a.value)
			}
			out = append(out, line)
		case xmlEnd:
			out = append(out, "/"+x.name)
		case xmlText:
			// Neighbouring texts are one: where a comment or CDATA cuts them is not of interest.
			if n := len(out); n > 0 && strings.HasPrefix(out[n-1], "#") {
				out[n-1] += string(x.text)
			} else {
				out = append(out, "#"+string(x.text))
			}
		}
	}
}

// referenceEvents is events by encoding/xml.
func referenceEvents(src string) ([]string, error) {
	dec := xml.NewDecoder(strings.NewReader(src))
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	var out []string
	for {
		token, err := dec.RawToken()
		if err != nil {
			return out, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			line := "<" + token.Name.Local
			for _, a := range token.Attr {
				line += fmt.Sprintf(" %s=%q", a.Name.Local, a.Value)
			}
			out = append(out, line)
		case xml.EndElement:
			out = append(out, "/"+token.Name.Local)
		case xml.CharData:
			if strings.Trim(string(token), " \t\r\n") == "" {
				continue
			}
			if n := len(out); n > 0 && strings.HasPrefix(out[n-1], "#") {
				out[n-1] += string(token)
			} else {
				out = append(out, "#"+string(token))
			}
		}
	}
}

func TestXMLScannerReadsWhatTestersWrite(t *testing.T) {
	for _, tt := range []struct {
		name, doc, want string
	}{
		{"an empty element has a start and an end", `<a/>`, "<a|/a"},
		{"blanks around = and either quote", `<a x = '1' y="2" />`, `<a x="1" y="2"|/a`},
		{"the local name counts", `<p:a p:x="1" xmlns:p="urn:p"></p:a>`, `<a x="1" p="urn:p"|/a`},
		{"references", `<a x="&lt;&#65;&#x42;&quot;">&amp;&gt;&apos;</a>`, `<a x="<AB\""|#&>'|/a`},
		{"a > inside of an attribute", `<a x=">"/>`, `<a x=">"|/a`},
		{"comments and instructions are passed over, wherever they stand", `<?xml version="1.0"?><?xml:stylesheet x?><!-- <b> --><a>1<!-- - -->2</a><!---->`, "<a|#12|/a"},
		{"CDATA is text", `<a><![CDATA[<&]]]]><![CDATA[>]]></a>`, "<a|#<&]]>|/a"},
		{"line ends are one character", "<a x=\"1\r\n2\">3\r4</a>", `<a x="1\n2"|` + "#3\n4|/a"},
		{"a document type without entities", `<!DOCTYPE a SYSTEM "a.dtd"><a/>`, "<a|/a"},
		{"UTF-8 whatever is declared", `<?xml version="1.0" encoding="iso-8859-1"?><a>µΩ</a>`, "<a|#µΩ|/a"},
		{"Windows-1252 where it is no UTF-8", "<?xml version=\"1.0\" encoding=\"utf-8\"?><a>\xb5 \x80</a>", "<a|#µ €|/a"},
		{"a byte order mark", "\xef\xbb\xbf<a>µ</a>", "<a|#µ|/a"},
		{"UTF-16, low byte first", "\xff\xfe" + utf16Text("<a>µ𝛀</a>", false), "<a|#µ𝛀|/a"},
		{"UTF-16, high byte first, without a mark", utf16Text("<a>µ𝛀</a>", true), "<a|#µ𝛀|/a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, src := range []io.Reader{strings.NewReader(tt.doc), iotest.OneByteReader(strings.NewReader(tt.doc))} {
				got, err := events(src)
				if !errors.Is(err, io.EOF) {
					t.Fatalf("events ended with %v, want io.EOF", err)
				}
				if strings.Join(got, "|") != tt.want {
					t.Errorf("events = %s, want %s", strings.Join(got, "|"), tt.want)
				}
			}
		})
	}
}

func utf16Text(s string, bigEndian bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		lo, hi := byte(u), byte(u>>8)
		if bigEndian {
			lo, hi = hi, lo
		}
		b.WriteByte(lo)
		b.WriteByte(hi)
	}
	return b.String()
}

func TestXMLScannerSaysWhereADocumentBreaks(t *testing.T) {
	for _, tt := range []struct {
		name, doc, want string
	}{
		{"nothing", "", "line 1, column 1: no XML element found"},
		{"cut inside an element", "<a>\n<b>1", "line 2, column 5: the file ends inside <b>"},
		{"cut inside a tag", "<a>\n<b x='1", "line 2, column 8: the file ends inside <a>"},
		{"the wrong end", "<a>\n</b>", `line 2, column 1: </b> where </a> was expected`},
		{"a second root", "<a/><b/>", "line 1, column 5: a second root element"},
		{"text outside", "x<a/>", "line 1, column 1: text outside of the root element"},
		{"entities of its own", `<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>`, "line 1, column 1: the document declares its own entities, which is not accepted"},
		{"an unknown entity", "<a>&b;</a>", "line 1, column 4: unknown reference &b;"},
		{"a control character", "<a>\x01</a>", "line 1, column 4: control character 0x01"},
		{"an attribute twice", `<a x="1" x="2"/>`, `line 1, column 1: attribute "x" stands twice`},
		{"too deep", strings.Repeat("<a>", maxXMLDepth+1), fmt.Sprintf("line 1, column %d: elements are nested deeper than %d", 3*maxXMLDepth+1, maxXMLDepth)},
		{"a gigantic attribute", `<a x="` + strings.Repeat("x", maxXMLTag+1) + `"/>`, fmt.Sprintf("line 1, column 1: a tag is longer than %d bytes", maxXMLTag)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := events(strings.NewReader(tt.doc))
			if err == nil || err.Error() != tt.want {
				t.Errorf("events ended with %v, want %s", err, tt.want)
			}
		})
	}
}

func TestXMLScannerAgreesWithEncodingXML(t *testing.T) {
	for _, path := range sampleFiles(t, "*/*.xml") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := events(strings.NewReader(string(data)))
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", filepath.Base(path), err)
			continue
		}
		want, _ := referenceEvents(strings.TrimPrefix(string(data), "\xef\xbb\xbf"))
		if len(got) != len(want) {
			t.Errorf("%s: %d events, encoding/xml has %d", filepath.Base(path), len(got), len(want))
		}
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Errorf("%s: event %d = %q, encoding/xml has %q", filepath.Base(path), i, got[i], want[i])
				break
			}
		}
	}
}

// sampleFiles returns the real tester files that match, or skips the test where there are none on this machine.
func sampleFiles(t testing.TB, pattern string) []string {
	t.Helper()
	dir := os.Getenv("GOWATS_SAMPLES")
	if dir == "" {
		t.Skip("GOWATS_SAMPLES does not name the folder of real tester files")
	}
	paths, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no file matches %s in GOWATS_SAMPLES (%v)", pattern, err)
	}
	return paths
}

func FuzzXMLScanner(f *testing.F) {
	for _, seed := range []string{
		`<a/>`, `<?xml version="1.0" encoding="iso-8859-1"?><a x='1' y = "2"><b>text</b><!-- c --><![CDATA[<]]></a>`,
		`<a>&#65;&lt;</a>`, `<!DOCTYPE a><a/>`, "<a>\xb5</a>", "\xff\xfe<\x00a\x00/\x00>\x00", `<a><b></a>`, `<p:a xmlns:p="u"/>`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		whole, err := events(strings.NewReader(doc))
		bytewise, errBytewise := events(iotest.OneByteReader(strings.NewReader(doc)))
		if strings.Join(whole, "|") != strings.Join(bytewise, "|") || fmt.Sprint(err) != fmt.Sprint(errBytewise) {
			t.Errorf("read at once: %q, %v\nbyte by byte: %q, %v", whole, err, bytewise, errBytewise)
		}
		if !errors.Is(err, io.EOF) || asciiPrefix([]byte(doc)) < len(doc) || strings.Contains(doc, "<!DOCTYPE") || strings.ContainsRune(doc, 0) {
			return
		}
		want, errWant := referenceEvents(doc)
		if !errors.Is(errWant, io.EOF) {
			return // encoding/xml is stricter about names and declarations
		}
		if strings.Join(whole, "|") != strings.Join(want, "|") {
			t.Errorf("events = %q, encoding/xml has %q", whole, want)
		}
	})
}

func BenchmarkXMLScanner(b *testing.B) {
	data, err := os.ReadFile(sampleFiles(b, "atml/*.xml")[0])
	if err != nil {
		b.Fatal(err)
	}
	b.Run("own", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			x := newXMLScanner(strings.NewReader(string(data)))
			for {
				if _, err := x.next(); err != nil {
					break
				}
			}
		}
	})
	b.Run("encoding-xml", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			dec := xml.NewDecoder(strings.NewReader(string(data)))
			dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
			for {
				if _, err := dec.RawToken(); err != nil {
					break
				}
			}
		}
	})
}

package queue

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParseName(f *testing.F) {
	for _, text := range []string{
		"5-0b2f7c1e-9f6a-4a0e-8d63-5b7f1f0a9c11.json", "10-0b2f7c1e-9f6a-4a0e-8d63-5b7f1f0a9c11.2.xml", "1-0b2f7c1e-9f6a-4a0e-8d63-5b7f1f0a9c11.9999.json",
		"5-0B2F7C1E-9f6a-4a0e-8d63-5b7f1f0a9c11.json", "05-0b2f7c1e-9f6a-4a0e-8d63-5b7f1f0a9c11.json", "0-0b2f7c1e-9f6a-4a0e-8d63-5b7f1f0a9c11.json",
		"5-0b2f7c1e-9f6a-4a0e-8d63-5b7f1f0a9c11.1.json", "5-0b2f7c1e-9f6a-4a0e-8d63-5b7f1f0a9c11..json", "5-.json", "-.json", ".json", "", "notes.txt",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parseName(text)
		if err != nil {
			return
		}
		if n.String() != text {
			t.Errorf("parseName(%q): is written as %q", text, n)
		}
		if n.priority < highest || n.priority > lowest || n.version < 1 || n.version > maxVersion || n.kind != WSJF && n.kind != WSXF {
			t.Errorf("parseName(%q): got %+v", text, n)
		}
		if strings.ContainsAny(text, `/\:`) {
			t.Errorf("parseName(%q): leads out of the folder", text)
		}
	})
}

func FuzzParseNote(f *testing.F) {
	f.Add([]byte(`{"lineage":"x","attempts":2,"class":"transient","next":"2026-01-03T12:00:00Z","error":"500"}`))
	f.Add([]byte(`{"attempts":-1}`))
	f.Add([]byte(`{"attempts":1e99}`))
	f.Add([]byte(`{"next":"yesterday"}`))
	f.Add([]byte("\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := parseNote(data)
		if err != nil {
			return
		}
		written := n.encode()
		if len(written) > maxNote {
			t.Fatalf("note of %d bytes, the most that is read is %d", len(written), maxNote)
		}
		again, err := parseNote(written)
		if err != nil {
			t.Fatalf("parseNote of what encode wrote: %v\n%s", err, written)
		}
		if !bytes.Equal(again.encode(), written) {
			t.Errorf("note changes when it is read and written:\n%s\n%s", written, again.encode())
		}
	})
}

func TestCutKeepsCharactersWhole(t *testing.T) {
	for n := maxWords - 4; n <= maxWords+4; n++ {
		text := cut(strings.Repeat("x", n) + "é€𝄞" + strings.Repeat("y", 9))
		if !utf8.ValidString(text) || len(text) > maxWords+len("…") {
			t.Errorf("cut of %d bytes and more: %d bytes, ending in %q", n, len(text), text[len(text)-8:])
		}
	}
}

package convert

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// lookahead is how much text decides about an encoding that nothing declares.
const lookahead = 64 << 10

// textReader turns a text file of a tester into UTF-8 as it is read.
//
// A byte order mark decides. Without one the bytes up to the first 64 KiB after the first non-ASCII one decide, whatever the file declares:
// valid UTF-8 is UTF-8, anything else is Windows-1252. Testers declare iso-8859-1 and write either.
type textReader struct {
	src    io.Reader
	raw    []byte // read, not converted: raw[next:]
	next   int
	srcErr error

	mode      textMode
	out       []byte // converted, not delivered; part of raw or of converted
	converted []byte
}

type textMode uint8

const (
	textUnknown textMode = iota // ASCII so far
	textUTF8
	text1252
	textUTF16LE
	textUTF16BE
)

func newTextReader(src io.Reader) *textReader { return &textReader{src: src} }

// Read delivers converted text. It fails only as src does.
func (t *textReader) Read(p []byte) (int, error) {
	for len(t.out) == 0 {
		if err := t.convert(len(p)); err != nil {
			return 0, err
		}
	}
	n := copy(p, t.out)
	t.out = t.out[n:]
	return n, nil
}

// fill reads until at least want bytes are there or src ends.
func (t *textReader) fill(want int) {
	if len(t.raw)-t.next >= want || t.srcErr != nil {
		return
	}
	t.raw = append(t.raw[:0], t.raw[t.next:]...)
	t.next = 0
	for len(t.raw) < want && t.srcErr == nil {
		t.raw = growBy(t.raw, lookahead)
		n, err := t.src.Read(t.raw[len(t.raw):cap(t.raw)])
		t.raw, t.srcErr = t.raw[:len(t.raw)+n], err
	}
}

// growBy returns b with room for n more bytes.
func growBy(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	return append(make([]byte, 0, 2*len(b)+n), b...)
}

// convert makes at least one byte of output, or returns why there is none.
func (t *textReader) convert(size int) error {
	first := t.raw == nil
	t.fill(4)
	if first {
		t.mark()
	}
	if t.next == len(t.raw) {
		return t.end()
	}
	if t.mode == textUnknown && t.raw[t.next] >= utf8.RuneSelf {
		t.decide()
	}
	pending := t.raw[t.next:min(len(t.raw), t.next+max(size, 4))]
	if t.mode == textUnknown {
		pending = pending[:asciiPrefix(pending)]
	}
	switch t.mode {
	case text1252:
		t.converted = t.converted[:0]
		for _, b := range pending {
			t.converted = utf8.AppendRune(t.converted, from1252(b))
		}
		t.out = t.converted
	case textUTF16LE, textUTF16BE:
		pending = pending[:t.convert16(pending)]
	case textUnknown, textUTF8:
		t.out = pending
	}
	t.next += len(pending)
	return nil
}

func (t *textReader) end() error {
	if t.srcErr == nil || errors.Is(t.srcErr, io.EOF) {
		return io.EOF
	}
	return t.srcErr
}

// mark takes off a byte order mark and sets the mode by it, or by UTF-16 without one.
func (t *textReader) mark() {
	switch head := t.raw; {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		t.mode, t.next = textUTF8, 3
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		t.mode, t.next = textUTF16LE, 2
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		t.mode, t.next = textUTF16BE, 2
	case len(head) >= 4 && head[0] != 0 && head[1] == 0 && head[3] == 0:
		t.mode = textUTF16LE
	case len(head) >= 4 && head[0] == 0 && head[1] != 0 && head[2] == 0:
		t.mode = textUTF16BE
	}
}

// decide sets the mode at the first byte that is not ASCII.
func (t *textReader) decide() {
	t.fill(lookahead)
	window := t.raw[t.next:]
	if len(window) > lookahead {
		window = window[:lookahead]
	}
	if t.srcErr == nil || len(t.raw)-t.next > lookahead { // the window may cut a character
		for cut := 1; cut < utf8.UTFMax && cut <= len(window); cut++ {
			if tail := window[len(window)-cut:]; utf8.RuneStart(tail[0]) {
				if !utf8.FullRune(tail) {
					window = window[:len(window)-cut]
				}
				break
			}
		}
	}
	t.mode = text1252
	if utf8.Valid(window) {
		t.mode = textUTF8
	}
}

// convert16 converts whole UTF-16 characters and returns how many bytes they took. A character cut by the end of the file is U+FFFD.
func (t *textReader) convert16(pending []byte) int {
	unit := func(i int) rune {
		if t.mode == textUTF16LE {
			return rune(pending[i]) | rune(pending[i+1])<<8
		}
		return rune(pending[i])<<8 | rune(pending[i+1])
	}
	t.converted = t.converted[:0]
	n := 0
	for n+1 < len(pending) {
		r, size := unit(n), 2
		if utf16.IsSurrogate(r) {
			if n+3 < len(pending) {
				if both := utf16.DecodeRune(r, unit(n+2)); both != utf8.RuneError {
					r, size = both, 4
				}
			} else if n > 0 {
				break // its other half may come with the next piece, which starts here
			}
		}
		t.converted = utf8.AppendRune(t.converted, r) // a lone half becomes U+FFFD
		n += size
	}
	if n == 0 {
		t.converted = utf8.AppendRune(t.converted, utf8.RuneError)
		n = len(pending)
	}
	t.out = t.converted
	return n
}

// asciiPrefix returns how many bytes at the start of b are ASCII.
func asciiPrefix(b []byte) int {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return i
		}
	}
	return len(b)
}

// from1252 returns the character of a Windows-1252 byte. The five bytes without one stand for the C1 controls of that number.
func from1252(b byte) rune {
	if b < 0x80 || b > 0x9f {
		return rune(b)
	}
	return [...]rune{
		'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
		0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
	}[b-0x80]
}

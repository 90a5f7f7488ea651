package report

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxNesting is how deep objects and lists of a document may nest.
const maxNesting = 256

// scanner reads the tokens of one JSON text (RFC 8259), which may also have bare NaN, Infinity and -Infinity for numbers.
// After the first error it stands at the end of the text, so that every loop over members and elements ends.
type scanner struct {
	src   string
	pos   int
	depth int
	err   *SyntaxError

	bare          []span // bare words skipped since it was last emptied
	loneSurrogate bool   // a text read since it was last cleared had half of a surrogate pair
}

type span struct{ start, end int }

// fail records the first error, at offset, and ends the reading.
func (s *scanner) fail(offset int, format string, args ...any) {
	if s.err == nil {
		before := s.src[:offset]
		s.err = &SyntaxError{
			Offset: offset,
			Line:   1 + strings.Count(before, "\n"),
			Column: offset - strings.LastIndexByte(before, '\n'),
			Reason: fmt.Sprintf(format, args...),
		}
	}
	s.pos = len(s.src)
}

// expected fails because the next byte is not what.
func (s *scanner) expected(what string) {
	if s.pos >= len(s.src) {
		s.fail(len(s.src), "the document ends where %s is expected", what)
		return
	}
	r, _ := utf8.DecodeRuneInString(s.src[s.pos:])
	s.fail(s.pos, "%q where %s is expected", r, what)
}

// space skips white space and returns the next byte, 0 at the end.
func (s *scanner) space() byte {
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		if c > ' ' || (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
			return c
		}
		s.pos++
	}
	return 0
}

// enter steps over the bracket that opens an object or list.
func (s *scanner) enter() {
	s.pos++
	if s.depth++; s.depth > maxNesting {
		s.fail(s.pos-1, "objects and lists nest deeper than %d", maxNesting)
	}
}

// more goes to the next member or element of the innermost object or list and reports whether there is one; else it steps over
// the closing bracket. first says that none was read yet.
func (s *scanner) more(first bool, closing byte) bool {
	c := s.space()
	switch {
	case c == closing && s.pos < len(s.src):
		s.pos++
		s.depth--
		return false
	case first:
	case c == ',':
		s.pos++
		s.space()
	default:
		s.expected(`"," or "` + string(rune(closing)) + `"`)
		return false
	}
	if s.pos >= len(s.src) {
		s.expected("a value")
		return false
	}
	return true
}

// key reads the name of a member and goes to its value.
func (s *scanner) key() string {
	start, end, escaped := s.skipKey()
	if !escaped {
		return s.src[start:end]
	}
	return s.unescape(s.src[start:end])
}

// skipKey goes from the name of a member to its value and returns where the name stands.
func (s *scanner) skipKey() (start, end int, escaped bool) {
	if s.src[s.pos] != '"' {
		s.expected("the name of a member in quotes")
		return 0, 0, false
	}
	start, end, escaped = s.quoted()
	if s.space() != ':' {
		s.expected(`":"`)
		return 0, 0, false
	}
	s.pos++
	if s.space(); s.pos >= len(s.src) {
		s.expected("a value")
	}
	return start, end, escaped
}

// plain marks the bytes that stand for themselves in a text: ASCII but for controls, quote and backslash.
var plain = func() (table [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// text reads the text at whose opening quote the scanner stands.
func (s *scanner) text() string {
	start, end, escaped := s.quoted()
	if !escaped {
		return s.src[start:end]
	}
	return s.unescape(s.src[start:end])
}

// quoted skips a text and returns where its content stands. It fails for control characters, bad escapes and invalid UTF-8.
func (s *scanner) quoted() (start, end int, escaped bool) {
	src := s.src
	start = s.pos + 1
	i := start
	for i < len(src) && plain[src[i]] {
		i++
	}
	if i < len(src) && src[i] == '"' {
		s.pos = i + 1
		return start, i, false
	}
	return s.quotedFrom(start, i)
}

// quotedFrom does the rest of quoted for a text with escapes or beyond ASCII, from offset i on.
func (s *scanner) quotedFrom(start, i int) (_, end int, escaped bool) {
	ascii := true
	for ; i < len(s.src); i++ {
		c := s.src[i]
		switch {
		case plain[c]:
		case c == '"':
			if !ascii && !s.validUTF8(start, i) {
				return 0, 0, false
			}
			s.pos = i + 1
			return start, i, escaped
		case c == '\\':
			n := escapeLength(s.src[i:])
			if n == 0 {
				s.fail(i, "a backslash that starts no escape")
				return 0, 0, false
			}
			escaped = true
			i += n - 1
		case c < ' ':
			s.fail(i, "control character U+%04X in a text", c)
			return 0, 0, false
		default:
			ascii = false
		}
	}
	s.fail(len(s.src), "the document ends within a text")
	return 0, 0, false
}

func (s *scanner) validUTF8(start, end int) bool {
	if utf8.ValidString(s.src[start:end]) {
		return true
	}
	for i := start; i < end; {
		r, n := utf8.DecodeRuneInString(s.src[i:end])
		if r == utf8.RuneError && n == 1 {
			s.fail(i, "byte 0x%02X is not UTF-8", s.src[i])
			break
		}
		i += n
	}
	return false
}

// escapeLength returns the length of the escape at the start of text, 0 when it is none.
func escapeLength(text string) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(text) < 6 {
			return 0
		}
		for _, c := range []byte(text[2:6]) {
			if nibble(c) > 15 {
				return 0
			}
		}
		return 6
	}
	return 0
}

// unescape resolves the escapes of text, which are well formed. Half of a surrogate pair becomes U+FFFD.
func (s *scanner) unescape(text string) string {
	out := make([]byte, 0, len(text))
	for {
		i := strings.IndexByte(text, '\\')
		if i < 0 {
			return string(append(out, text...))
		}
		out = append(out, text[:i]...)
		text = text[i:]
		if text[1] != 'u' {
			out = append(out, unescaped(text[1]))
			text = text[2:]
			continue
		}
		r := codeUnit(text)
		text = text[6:]
		if utf16.IsSurrogate(r) {
			low := rune(0)
			if strings.HasPrefix(text, `\u`) {
				low = codeUnit(text)
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				text = text[6:]
			} else {
				s.loneSurrogate = true
			}
		}
		out = utf8.AppendRune(out, r)
	}
}

// unescaped returns what a backslash and c stand for.
func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// codeUnit returns the value of the escape \uXXXX at the start of text.
func codeUnit(text string) rune {
	return rune(nibble(text[2]))<<12 | rune(nibble(text[3]))<<8 | rune(nibble(text[4]))<<4 | rune(nibble(text[5]))
}

// word steps over w, and fails when something else stands there.
func (s *scanner) word(w string) {
	if !strings.HasPrefix(s.src[s.pos:], w) {
		s.expected("a value")
		return
	}
	s.pos += len(w)
}

// bareWord returns the word for a number that JSON has no form for, when the scanner stands on one, else "".
func (s *scanner) bareWord() string {
	for _, w := range [...]string{"NaN", "Infinity", "-Infinity"} {
		if strings.HasPrefix(s.src[s.pos:], w) {
			return w
		}
	}
	return ""
}

// numberText reads a number or a bare word and returns its text; exact is its value when ok.
func (s *scanner) numberText() (text string, exact float64, ok bool) {
	d, n := scanNumber(s.src[s.pos:])
	if n == 0 {
		w := s.bareWord()
		if w == "" {
			s.expected("a value")
		}
		s.pos += len(w)
		return w, 0, false
	}
	text = s.src[s.pos : s.pos+n]
	s.pos += n
	exact, ok = d.exact()
	return text, exact, ok
}

// skip reads over one value.
func (s *scanner) skip() {
	switch c := s.src[s.pos]; c {
	case '"':
		s.quoted()
	case '{':
		s.enter()
		for first := true; s.more(first, '}'); first = false {
			if s.skipKey(); s.err == nil {
				s.skip()
			}
		}
	case '[':
		s.enter()
		for first := true; s.more(first, ']'); first = false {
			s.skip()
		}
	case 't':
		s.word("true")
	case 'f':
		s.word("false")
	case 'n':
		s.word("null")
	default:
		if w := s.bareWord(); w != "" {
			s.bare = append(s.bare, span{s.pos, s.pos + len(w)})
		}
		s.numberText()
	}
}

// validJSON reports whether text is one JSON value that DecodeWSJF keeps as it is.
func validJSON(text string) bool {
	s := scanner{src: text}
	if s.space(); s.pos >= len(text) {
		return false
	}
	s.skip()
	s.space()
	return s.err == nil && s.pos == len(text) && len(s.bare) == 0
}

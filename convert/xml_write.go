package convert

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// xmlWriter appends an XML document to a buffer. Elements without content are written as <name/>.
type xmlWriter struct {
	dst     []byte
	open    []string
	pending bool // a start tag is not closed yet
	lost    int  // characters that XML cannot carry, written as U+FFFD
}

// start begins an element. Attributes may follow until text or another element does.
func (w *xmlWriter) start(name string) {
	w.closeTag()
	w.dst = append(w.dst, '<')
	w.dst = append(w.dst, name...)
	w.open = append(w.open, name)
	w.pending = true
}

// attr writes an attribute of the element that was started last.
func (w *xmlWriter) attr(name, value string) {
	w.dst = append(w.dst, ' ')
	w.dst = append(w.dst, name...)
	w.dst = append(w.dst, '=', '"')
	w.escape(value, true)
	w.dst = append(w.dst, '"')
}

// optional writes an attribute unless value is "".
func (w *xmlWriter) optional(name, value string) {
	if value != "" {
		w.attr(name, value)
	}
}

// text writes text into the element that is open. Of white space only, the first character is a reference, since a reader would pass
// it over.
func (w *xmlWriter) text(s string) {
	if s == "" {
		return
	}
	w.closeTag()
	if strings.Trim(s, " \t\r\n") == "" {
		w.dst = append(w.dst, "&#"...)
		w.dst = strconv.AppendInt(w.dst, int64(s[0]), 10)
		w.dst = append(w.dst, ';')
		s = s[1:]
	}
	w.escape(s, false)
}

// end ends the element that is open.
func (w *xmlWriter) end() {
	last := len(w.open) - 1
	name := w.open[last]
	w.open = w.open[:last]
	if w.pending {
		w.dst = append(w.dst, '/', '>')
		w.pending = false
		return
	}
	w.dst = append(w.dst, '<', '/')
	w.dst = append(w.dst, name...)
	w.dst = append(w.dst, '>')
}

func (w *xmlWriter) closeTag() {
	if w.pending {
		w.dst = append(w.dst, '>')
		w.pending = false
	}
}

// escape writes s so that a reader gets it back to the character: in attributes tabs and line ends, everywhere carriage returns,
// are references, since a reader would normalize them.
func (w *xmlWriter) escape(s string, inAttribute bool) {
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if '?' <= c && c < utf8.RuneSelf || '(' <= c && c <= ';' || c == ' ' { // most characters
			i++
			continue
		}
		size, repl := 1, ""
		switch {
		case c == '&':
			repl = "&amp;"
		case c == '<':
			repl = "&lt;"
		case c == '>':
			repl = "&gt;"
		case c == '"' && inAttribute:
			repl = "&quot;"
		case c == '\r':
			repl = "&#xD;"
		case c == '\n' && inAttribute:
			repl = "&#xA;"
		case c == '\t' && inAttribute:
			repl = "&#x9;"
		case c < ' ' && c != '\n' && c != '\t':
			repl = "\uFFFD"
			w.lost++
		case c >= utf8.RuneSelf:
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && size == 1 || !isXMLChar(r) {
				repl = "\uFFFD"
				w.lost++
			}
		}
		if repl != "" {
			w.dst = append(w.dst, s[from:i]...)
			w.dst = append(w.dst, repl...)
			from = i + size
		}
		i += size
	}
	w.dst = append(w.dst, s[from:]...)
}

package convert

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Bounds of an XML document. What is larger is hostile or no report.
const (
	maxXMLDepth      = 1000
	maxXMLAttributes = 1000
	maxXMLTag        = 1 << 20   // bytes of one tag with its attributes
	maxXMLText       = 96 << 20  // bytes of one text: an attachment of 64 MiB in base64
	maxXMLElements   = 2_000_000 // of one child of the root, which is one unit
)

// xmlKind is what xmlScanner.next found.
type xmlKind uint8

const (
	xmlStart xmlKind = iota + 1 // an element begins: name, attrs
	xmlEnd                      // an element ends: name
	xmlText                     // text, or a CDATA section, of an element
)

// xmlAttr is one attribute of a start tag. Values are without references, line ends are \n.
type xmlAttr struct {
	prefix, name string
	value        string
}

// xmlScanner reads XML as a stream: the elements, their attributes by local name, and text. Comments and processing instructions are
// passed over, wherever they stand. It knows the five entities of XML and no others: a document that declares some is refused.
//
// Names are matched by their local part by its users, since testers and their versions differ in namespaces.
type xmlScanner struct {
	src    io.Reader
	srcErr error
	buf    []byte // read, not scanned: buf[pos:]
	pos    int

	line, lineStart int // number of the current line, and offset of its first byte
	offset          int // of buf[0]

	name   string // of the element that starts or ends
	attrs  []xmlAttr
	text   []byte   // until next is called again
	open   []string // names with prefix of the elements that are open
	closes bool     // the start tag was an empty element: its end comes next
	rooted bool     // the root was there

	elements  int // of the child of the root that is being read
	unitStart int // offset at which it began

	names   map[string]string // every name seen, so that each is allocated once
	scratch []byte
}

// newXMLScanner reads src, in any encoding that textReader knows.
func newXMLScanner(src io.Reader) *xmlScanner {
	return &xmlScanner{src: newTextReader(src), line: 1, names: map[string]string{}}
}

// syntaxError is an error at the current place of a document.
type syntaxError struct {
	line, column int // from 1; column counts bytes of the UTF-8 form
	reason       string
}

func (e *syntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.line, e.column, e.reason)
}

func (x *xmlScanner) fail(format string, args ...any) error {
	return &syntaxError{x.line, x.offset + x.pos - x.lineStart + 1, fmt.Sprintf(format, args...)}
}

// next moves to the next start, end or text. Text of white space only is passed over. After the root's end it returns io.EOF.
func (x *xmlScanner) next() (xmlKind, error) {
	if x.closes {
		x.closes = false
		return x.pop()
	}
	for {
		if !x.have(1) {
			return 0, x.endOfFile()
		}
		if x.buf[x.pos] != '<' {
			found, err := x.scanText()
			if err != nil {
				return 0, err
			}
			if found {
				return xmlText, nil
			}
			continue
		}
		kind, err := x.scanMarkup()
		if kind != 0 || err != nil {
			return kind, err
		}
	}
}

func (x *xmlScanner) endOfFile() error {
	switch {
	case x.srcErr != nil && !errors.Is(x.srcErr, io.EOF):
		return x.srcErr
	case len(x.open) > 0:
		return x.fail("the file ends inside <%s>", x.open[len(x.open)-1])
	case !x.rooted:
		return x.fail("no XML element found")
	}
	return io.EOF
}

// scanMarkup reads what begins with <. It returns no kind for what is passed over.
func (x *xmlScanner) scanMarkup() (xmlKind, error) {
	if !x.have(2) {
		return 0, x.fail("the file ends inside a tag")
	}
	switch c := x.buf[x.pos+1]; {
	case c == '/':
		return x.scanEnd()
	case c == '?':
		return 0, x.skipPast("<?", "?>")
	case c != '!':
		return x.scanStart()
	case x.starts("<!--"):
		return 0, x.skipPast("<!--", "-->")
	case x.starts("<![CDATA["):
		return x.scanCDATA()
	case x.starts("<!DOCTYPE"):
		end, err := x.find(">", maxXMLTag)
		if err != nil {
			return 0, err
		}
		if bytes.IndexByte(x.buf[x.pos:end], '[') >= 0 {
			return 0, x.fail("the document declares its own entities, which is not accepted")
		}
		x.advance(end + 1)
		return 0, nil
	}
	return 0, x.fail("unknown markup after <!")
}

// scanStart reads a start tag.
func (x *xmlScanner) scanStart() (xmlKind, error) {
	end, err := x.findTagEnd()
	if err != nil {
		return 0, err
	}
	if len(x.open) == 0 && x.rooted {
		return 0, x.fail("a second root element")
	}
	if len(x.open) == maxXMLDepth {
		return 0, x.fail("elements are nested deeper than %d", maxXMLDepth)
	}
	tag := x.buf[x.pos+1 : end]
	if x.closes = len(tag) > 0 && tag[len(tag)-1] == '/'; x.closes {
		tag = tag[:len(tag)-1]
	}
	if err := x.checkUnit(); err != nil {
		x.closes = false
		return 0, err
	}
	name, rest := cutName(tag)
	if name == nil {
		x.closes = false
		return 0, x.fail("a tag without a name")
	}
	if err := x.scanAttributes(rest); err != nil {
		x.closes = false
		return 0, err
	}
	full := x.intern(name)
	x.open = append(x.open, full)
	_, x.name = splitName(full)
	x.rooted = true
	x.advance(end + 1)
	return xmlStart, nil
}

// checkUnit refuses an element that makes its unit larger than one may be.
func (x *xmlScanner) checkUnit() error {
	if len(x.open) <= 1 {
		x.elements, x.unitStart = 0, x.offset+x.pos
	}
	x.elements++
	switch {
	case x.elements > maxXMLElements:
		return x.fail("a unit has more than %d elements", maxXMLElements)
	case x.offset+x.pos-x.unitStart > maxUnitBytes:
		return x.fail("a unit is larger than %d bytes", maxUnitBytes)
	}
	return nil
}

// scanAttributes reads the part of a start tag behind the name.
func (x *xmlScanner) scanAttributes(rest []byte) error {
	x.attrs = x.attrs[:0]
	for {
		trimmed := trimBlanks(rest)
		if len(trimmed) == 0 {
			return nil
		}
		if len(trimmed) == len(rest) {
			return x.fail("no space before an attribute of <%s>", clip(rest))
		}
		name, after := cutName(trimmed)
		after = trimBlanks(after)
		if name == nil || len(after) == 0 || after[0] != '=' {
			return x.fail("attribute %q has no value", clip(trimmed))
		}
		after = trimBlanks(after[1:])
		if len(after) == 0 || after[0] != '"' && after[0] != '\'' {
			return x.fail("the value of attribute %q is not in quotes", name)
		}
		end := bytes.IndexByte(after[1:], after[0])
		if end < 0 {
			return x.fail("the value of attribute %q does not end", name)
		}
		value, err := x.resolve(after[1 : 1+end])
		if err != nil {
			return err
		}
		if bytes.IndexByte(after[1:1+end], '<') >= 0 {
			return x.fail("attribute %q holds a <", name)
		}
		full := x.intern(name)
		prefix, local := splitName(full)
		for _, a := range x.attrs {
			if a.name == local && a.prefix == prefix {
				return x.fail("attribute %q stands twice", name)
			}
		}
		if len(x.attrs) == maxXMLAttributes {
			return x.fail("more than %d attributes in one tag", maxXMLAttributes)
		}
		x.attrs = append(x.attrs, xmlAttr{prefix, local, string(value)})
		rest = after[2+end:]
	}
}

// scanEnd reads an end tag.
func (x *xmlScanner) scanEnd() (xmlKind, error) {
	end, err := x.find(">", maxXMLTag)
	if err != nil {
		return 0, err
	}
	name := bytes.TrimRight(x.buf[x.pos+2:end], " \t\r\n")
	if len(x.open) == 0 {
		return 0, x.fail("</%s> ends nothing", clip(name))
	}
	if want := x.open[len(x.open)-1]; string(name) != want {
		return 0, x.fail("</%s> where </%s> was expected", clip(name), want)
	}
	x.advance(end + 1)
	return x.pop()
}

func (x *xmlScanner) pop() (xmlKind, error) {
	last := len(x.open) - 1
	_, x.name = splitName(x.open[last])
	x.open = x.open[:last]
	return xmlEnd, nil
}

// scanText reads up to the next <. It reports false when there was white space only.
func (x *xmlScanner) scanText() (bool, error) {
	end, err := x.find("<", maxXMLText)
	if err != nil {
		if len(x.open) > 0 || len(bytes.TrimSpace(x.buf[x.pos:])) > 0 {
			return false, err
		}
		end = len(x.buf)
	}
	raw := x.buf[x.pos:end]
	if len(trimBlanks(raw)) == 0 {
		x.advance(end)
		return false, nil
	}
	if len(x.open) == 0 {
		return false, x.fail("text outside of the root element")
	}
	if x.text, err = x.resolve(raw); err != nil {
		return false, err
	}
	x.text = x.keep(x.text)
	x.advance(end)
	return true, nil
}

func (x *xmlScanner) scanCDATA() (xmlKind, error) {
	if len(x.open) == 0 {
		return 0, x.fail("text outside of the root element")
	}
	x.advance(x.pos + len("<![CDATA["))
	end, err := x.find("]]>", maxXMLText)
	if err != nil {
		return 0, err
	}
	raw := x.buf[x.pos:end]
	if err := x.check(raw); err != nil {
		return 0, err
	}
	x.text = x.keep(normalizeLines(raw))
	x.advance(end + 3)
	return xmlText, nil
}

// keep copies b out of the window, which moves before the caller reads it.
func (x *xmlScanner) keep(b []byte) []byte {
	x.scratch = append(x.scratch[:0], b...)
	return x.scratch
}

// resolve checks the characters of raw and replaces references and line ends. The result may share raw's memory.
func (x *xmlScanner) resolve(raw []byte) ([]byte, error) {
	if err := x.check(raw); err != nil {
		return nil, err
	}
	raw = normalizeLines(raw)
	amp := bytes.IndexByte(raw, '&')
	if amp < 0 {
		return raw, nil
	}
	out := append(make([]byte, 0, len(raw)), raw[:amp]...)
	for raw = raw[amp:]; len(raw) > 0; {
		if raw[0] != '&' {
			next := bytes.IndexByte(raw, '&')
			if next < 0 {
				next = len(raw)
			}
			out, raw = append(out, raw[:next]...), raw[next:]
			continue
		}
		end := bytes.IndexByte(raw[:min(len(raw), 16)], ';')
		if end < 0 {
			return nil, x.fail("& without a reference; it is written &amp;")
		}
		r, err := x.reference(raw[1:end])
		if err != nil {
			return nil, err
		}
		out, raw = utf8.AppendRune(out, r), raw[end+1:]
	}
	return out, nil
}

// reference returns the character that &name; stands for.
func (x *xmlScanner) reference(name []byte) (rune, error) {
	switch string(name) {
	case "lt":
		return '<', nil
	case "gt":
		return '>', nil
	case "amp":
		return '&', nil
	case "quot":
		return '"', nil
	case "apos":
		return '\'', nil
	}
	if digits, ok := bytes.CutPrefix(name, []byte("#")); ok {
		base := 10
		if hex, ok := bytes.CutPrefix(digits, []byte("x")); ok {
			digits, base = hex, 16
		}
		if n, err := strconv.ParseUint(string(digits), base, 32); err == nil && isXMLChar(rune(n)) && n <= utf8.MaxRune {
			return rune(n), nil
		}
	}
	return 0, x.fail("unknown reference &%s;", clip(name))
}

// check refuses bytes that are no UTF-8, and characters that XML does not allow.
func (x *xmlScanner) check(b []byte) error {
	for i := 0; i < len(b); {
		if c := b[i]; ' ' <= c && c < utf8.RuneSelf {
			i++
			continue
		} else if c < utf8.RuneSelf {
			if c != '\t' && c != '\n' && c != '\r' {
				return x.fail("control character %#02x", c)
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return x.fail("byte %#02x is not UTF-8", b[i])
		}
		if !isXMLChar(r) {
			return x.fail("character %U is not allowed in XML", r)
		}
		i += size
	}
	return nil
}

func isXMLChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || ' ' <= r && r <= 0xd7ff || 0xe000 <= r && r <= 0xfffd || 0x10000 <= r && r <= utf8.MaxRune
}

// normalizeLines turns \r\n and \r into \n, in place of nothing when there is no \r.
func normalizeLines(b []byte) []byte {
	if bytes.IndexByte(b, '\r') < 0 {
		return b
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
}

// findTagEnd returns where the > of the tag at pos stands, outside of quotes.
func (x *xmlScanner) findTagEnd() (int, error) {
	quote := byte(0)
	for i := 1; ; {
		for _, c := range x.buf[x.pos+i : min(len(x.buf), x.pos+maxXMLTag+1)] {
			switch {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '>':
				return x.pos + i, nil
			case c == '<':
				return 0, x.fail("a tag holds a <")
			}
			i++
		}
		if i > maxXMLTag {
			return 0, x.fail("a tag is longer than %d bytes", maxXMLTag)
		}
		if !x.have(i + 1) {
			return 0, x.cut("a tag")
		}
	}
}

// find returns where token next stands in the buffer, reading on as needed, at most limit bytes.
func (x *xmlScanner) find(token string, limit int) (int, error) {
	for from := 0; ; {
		if i := bytes.Index(x.buf[x.pos+from:], []byte(token)); i >= 0 {
			return x.pos + from + i, nil
		}
		have := len(x.buf) - x.pos
		if have > limit {
			return 0, x.fail("more than %d bytes without %q", limit, token)
		}
		from = max(0, have-len(token)+1)
		if !x.have(have + 1) {
			return 0, x.cut(strconv.Quote(token))
		}
	}
}

// cut says that the file, or what could be read of it, ended before what was looked for.
func (x *xmlScanner) cut(what string) error {
	if x.srcErr != nil && !errors.Is(x.srcErr, io.EOF) {
		return x.srcErr
	}
	x.advance(len(x.buf))
	if len(x.open) > 0 {
		return x.fail("the file ends inside <%s>", x.open[len(x.open)-1])
	}
	return x.fail("the file ends before %s", what)
}

func (x *xmlScanner) skipPast(open, token string) error {
	x.advance(x.pos + len(open))
	for {
		if i := bytes.Index(x.buf[x.pos:], []byte(token)); i >= 0 {
			x.advance(x.pos + i + len(token))
			return nil
		}
		x.advance(max(x.pos, len(x.buf)-len(token)+1))
		if !x.have(len(x.buf) - x.pos + 1) {
			return x.cut(strconv.Quote(token))
		}
	}
}

func (x *xmlScanner) starts(prefix string) bool {
	return x.have(len(prefix)) && string(x.buf[x.pos:x.pos+len(prefix)]) == prefix
}

// have reports whether n bytes from pos on are in the buffer, reading when they are not.
func (x *xmlScanner) have(n int) bool {
	for len(x.buf)-x.pos < n {
		if x.srcErr != nil {
			return false
		}
		if x.pos > 0 {
			x.offset += x.pos
			x.buf = x.buf[:copy(x.buf, x.buf[x.pos:])]
			x.pos = 0
		}
		x.buf = growBy(x.buf, lookahead)
		var got int
		got, x.srcErr = x.src.Read(x.buf[len(x.buf):cap(x.buf)])
		x.buf = x.buf[:len(x.buf)+got]
	}
	return true
}

// advance moves to index to of the buffer, counting lines.
func (x *xmlScanner) advance(to int) {
	passed := x.buf[x.pos:to]
	if n := bytes.Count(passed, []byte("\n")); n > 0 {
		x.line += n
		x.lineStart = x.offset + x.pos + bytes.LastIndexByte(passed, '\n') + 1
	}
	x.pos = to
}

// intern returns b as a string, the same one each time.
func (x *xmlScanner) intern(b []byte) string {
	if s, ok := x.names[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(x.names) < 10_000 { // a document of ever new names gains nothing
		x.names[s] = s
	}
	return s
}

// trimBlanks returns b without the white space it begins with.
func trimBlanks(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	return b
}

// cutName splits a name off b. The name is nil when b does not begin with one.
func cutName(b []byte) (name, rest []byte) {
	i := 0
	for i < len(b) && isNameByte(b[i]) {
		i++
	}
	if i == 0 || b[0] == ':' || b[i-1] == ':' || b[0] == '-' || b[0] == '.' || '0' <= b[0] && b[0] <= '9' {
		return nil, b
	}
	return b[:i], b[i:]
}

func isNameByte(c byte) bool {
	return c >= utf8.RuneSelf || c == '_' || c == ':' || c == '-' || c == '.' ||
		'0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

func splitName(full string) (prefix, local string) {
	for i := range len(full) {
		if full[i] == ':' {
			return full[:i], full[i+1:]
		}
	}
	return "", full
}

// clip shortens what is quoted in a message.
func clip(b []byte) []byte { return b[:min(len(b), 40)] }

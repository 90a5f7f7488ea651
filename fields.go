package wats

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Structured fields (RFC 8941), as far as signatures and digests have them: dictionaries of items and inner lists, with strings, integers,
// tokens, byte sequences and booleans. Other than the RFC, what is given twice is refused.

// Bounds of what is read from others.
const (
	maxField   = 8 << 10 // bytes
	maxMembers = 32      // of a dictionary, of a list, or parameters of one thing
)

type fieldKind byte

const (
	fieldString fieldKind = iota
	fieldToken
	fieldBytes // text holds them as they are
	fieldInteger
	fieldBoolean // number is 0 or 1
)

// bare is a value without parameters.
type bare struct {
	kind   fieldKind
	text   string
	number int64
}

type parameter struct {
	name  string
	value bare
}

// item is a value with its parameters, in order.
type item struct {
	bare
	parameters []parameter
}

// field is a member of a dictionary: an inner list, or one item.
type field struct {
	name   string
	isList bool
	list   []item
	item   // of a list only the parameters
}

func textItem(text string) item { return item{bare: bare{kind: fieldString, text: text}} }

// parameter returns the value of that name, if it is of that kind.
func (i item) parameter(name string, kind fieldKind) (bare, bool) {
	for _, p := range i.parameters {
		if p.name == name {
			return p.value, p.value.kind == kind
		}
	}
	return bare{}, false
}

func (i *item) add(name string, value bare) {
	i.parameters = append(i.parameters, parameter{name, value})
}

func (b bare) append(to []byte) []byte {
	switch b.kind {
	case fieldString:
		to = append(to, '"')
		for _, c := range []byte(b.text) {
			if c == '"' || c == '\\' {
				to = append(to, '\\')
			}
			to = append(to, c)
		}
		return append(to, '"')
	case fieldBytes:
		to = append(to, ':')
		to = base64.StdEncoding.AppendEncode(to, []byte(b.text))
		return append(to, ':')
	case fieldInteger:
		return strconv.AppendInt(to, b.number, 10)
	case fieldBoolean:
		return append(to, '?', '0'+byte(b.number))
	default:
		return append(to, b.text...)
	}
}

func (i item) append(to []byte) []byte { return i.appendParameters(i.bare.append(to)) }

func (i item) appendParameters(to []byte) []byte {
	isTrue := bare{kind: fieldBoolean, number: 1}
	for _, p := range i.parameters {
		to = append(to, ';')
		to = append(to, p.name...)
		if p.value != isTrue {
			to = p.value.append(append(to, '='))
		}
	}
	return to
}

// appendValue writes f without its name.
func (f field) appendValue(to []byte) []byte {
	if !f.isList {
		return f.item.append(to)
	}
	to = append(to, '(')
	for i, one := range f.list {
		if i > 0 {
			to = append(to, ' ')
		}
		to = one.append(to)
	}
	return f.appendParameters(append(to, ')'))
}

// String is the field as a dictionary of one member.
func (f field) String() string { return string(f.appendValue([]byte(f.name + "="))) }

// parseFields reads a dictionary from all lines of a header.
func parseFields(lines []string) ([]field, error) {
	text := strings.Trim(strings.Join(lines, ", "), " ")
	if len(text) > maxField {
		return nil, fmt.Errorf("exceeds %d bytes", maxField)
	}
	p := &fieldParser{rest: text}
	var list []field
	for p.rest != "" {
		f, err := p.field()
		if err != nil {
			return nil, fmt.Errorf("at byte %d: %w", len(text)-len(p.rest), err)
		}
		for _, other := range list {
			if other.name == f.name {
				return nil, fmt.Errorf("%s is given twice", f.name)
			}
		}
		if list = append(list, f); len(list) > maxMembers {
			return nil, errTooMany
		}
		p.skip(" \t")
		if p.rest == "" {
			break
		}
		if !p.take(',') {
			return nil, errors.New("want a comma between members")
		}
		if p.skip(" \t"); p.rest == "" {
			return nil, errors.New("ends with a comma")
		}
	}
	return list, nil
}

var errTooMany = fmt.Errorf("has more than %d members", maxMembers)

type fieldParser struct{ rest string }

func (p *fieldParser) skip(blanks string) { p.rest = strings.TrimLeft(p.rest, blanks) }

func (p *fieldParser) take(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// span takes the bytes up to the first that is not among those meant.
func (p *fieldParser) span(meant func(c byte) bool) string {
	n := 0
	for n < len(p.rest) && meant(p.rest[n]) {
		n++
	}
	text := p.rest[:n]
	p.rest = p.rest[n:]
	return text
}

func (p *fieldParser) field() (f field, err error) {
	if f.name, err = p.key(); err != nil {
		return f, err
	}
	switch {
	case !p.take('='):
		f.bare = bare{kind: fieldBoolean, number: 1}
	case p.take('('):
		f.isList = true
		if f.list, err = p.list(); err != nil {
			return f, err
		}
	default:
		if f.bare, err = p.bare(); err != nil {
			return f, err
		}
	}
	f.parameters, err = p.parameters()
	return f, err
}

// list reads on behind the opening parenthesis.
func (p *fieldParser) list() ([]item, error) {
	var list []item
	for {
		p.skip(" ")
		if p.take(')') {
			return list, nil
		}
		value, err := p.bare()
		if err != nil {
			return nil, err
		}
		parameters, err := p.parameters()
		if err != nil {
			return nil, err
		}
		if list = append(list, item{value, parameters}); len(list) > maxMembers {
			return nil, errTooMany
		}
		if p.rest == "" || p.rest[0] != ' ' && p.rest[0] != ')' {
			return nil, errors.New("want a blank or ) in a list")
		}
	}
}

func (p *fieldParser) parameters() ([]parameter, error) {
	var list []parameter
	for p.take(';') {
		p.skip(" ")
		name, err := p.key()
		if err != nil {
			return nil, err
		}
		value := bare{kind: fieldBoolean, number: 1}
		if p.take('=') {
			if value, err = p.bare(); err != nil {
				return nil, err
			}
		}
		for _, other := range list {
			if other.name == name {
				return nil, fmt.Errorf("parameter %s is given twice", name)
			}
		}
		if list = append(list, parameter{name, value}); len(list) > maxMembers {
			return nil, errTooMany
		}
	}
	return list, nil
}

func (p *fieldParser) key() (string, error) {
	if p.rest == "" || !isLower(p.rest[0]) && p.rest[0] != '*' {
		return "", errors.New("want a name in lower case")
	}
	return p.span(func(c byte) bool { return isLower(c) || isDigit(c) || strings.IndexByte("_-.*", c) >= 0 }), nil
}

func (p *fieldParser) bare() (bare, error) {
	if p.rest == "" {
		return bare{}, errors.New("want a value")
	}
	switch c := p.rest[0]; {
	case c == '"':
		return p.text()
	case c == ':':
		return p.bytes()
	case c == '-', isDigit(c):
		return p.integer()
	case c == '?':
		return p.boolean()
	case c == '*', isLower(c | 0x20):
		return bare{kind: fieldToken, text: p.span(isTokenByte)}, nil
	}
	return bare{}, errors.New("want a string, a number, a token or bytes")
}

func (p *fieldParser) text() (bare, error) {
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			return bare{kind: fieldString, text: b.String()}, nil
		case c < ' ', c > '~':
			return bare{}, errors.New("a string holds what is not visible ASCII")
		case c == '\\':
			if i++; i == len(p.rest) || p.rest[i] != '"' && p.rest[i] != '\\' {
				return bare{}, errors.New("a string holds an unknown escape")
			}
			b.WriteByte(p.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return bare{}, errors.New("a string does not end")
}

func (p *fieldParser) bytes() (bare, error) {
	code, rest, ended := strings.Cut(p.rest[1:], ":")
	data, err := base64.StdEncoding.Strict().DecodeString(code)
	if !ended || err != nil || strings.ContainsAny(code, "\r\n") {
		return bare{}, errors.New("bytes are not in base64 between colons")
	}
	p.rest = rest
	return bare{kind: fieldBytes, text: string(data)}, nil
}

func (p *fieldParser) integer() (bare, error) {
	const mostDigits = 15
	sign := ""
	if p.take('-') {
		sign = "-"
	}
	digits := p.span(isDigit)
	n, err := strconv.ParseInt(sign+digits, 10, 64)
	if err != nil || len(digits) > mostDigits || strings.HasPrefix(p.rest, ".") {
		return bare{}, errors.New("want an integer of at most 15 digits")
	}
	return bare{kind: fieldInteger, number: n}, nil
}

func (p *fieldParser) boolean() (bare, error) {
	p.take('?')
	switch {
	case p.take('0'):
		return bare{kind: fieldBoolean}, nil
	case p.take('1'):
		return bare{kind: fieldBoolean, number: 1}, nil
	}
	return bare{}, errors.New("want ?0 or ?1")
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isTokenByte(c byte) bool {
	return isLower(c|0x20) || isDigit(c) || strings.IndexByte("!#$%&'*+-.^_`|~:/", c) >= 0
}

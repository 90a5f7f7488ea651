package report

import (
	"encoding/base64"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// WSJFOptions says how AppendWSJF writes.
type WSJFOptions struct {
	ServerMembers bool // also write the members that only servers write, such as causedUUTFailure
}

// AppendWSJF appends r as one WSJF document to dst. The form is canonical: equal reports give equal bytes.
//
// Members stand in the order of a server's export, Extra last. Absent members and empty texts are left out, but for those that a
// server wants to see at all times, such as rev. The start is written with its offset (to the minute) and as startUTC. NaN and the
// infinities are texts. The result is valid JSON whatever r holds: invalid UTF-8 becomes U+FFFD, and an Extra value that is
// no JSON becomes a text.
func (r *Report) AppendWSJF(dst []byte, opt WSJFOptions) []byte {
	e := encoder{buf: dst, server: opt.ServerMembers}
	e.report(r)
	return e.buf
}

// MarshalJSON returns r as WSJF, with the members that only servers write.
func (r *Report) MarshalJSON() ([]byte, error) {
	return r.AppendWSJF(nil, WSJFOptions{ServerMembers: true}), nil
}

// encoder writes one WSJF document.
type encoder struct {
	buf    []byte
	server bool
}

// open starts an object or list, which close ends.
func (e *encoder) open(bracket byte) { e.buf = append(e.buf, bracket) }

func (e *encoder) close(bracket byte) { e.buf = append(e.buf, bracket) }

// comma parts a member or element from the one before.
func (e *encoder) comma() {
	if last := e.buf[len(e.buf)-1]; last != '{' && last != '[' {
		e.buf = append(e.buf, ',')
	}
}

// key writes the name of a member. It is given with quotes and colon, as it stands in the document.
func (e *encoder) key(quoted string) {
	e.comma()
	e.buf = append(e.buf, quoted...)
}

// end writes extra and closes an object.
func (e *encoder) end(extra []Member) {
	for i := range extra {
		e.comma()
		e.buf = appendText(e.buf, extra[i].Name)
		e.buf = append(e.buf, ':')
		if value := string(extra[i].Value); validJSON(value) {
			e.buf = append(e.buf, value...)
		} else {
			e.buf = appendText(e.buf, value)
		}
	}
	e.close('}')
}

func (e *encoder) text(key, value string) {
	if value != "" {
		e.key(key)
		e.buf = appendText(e.buf, value)
	}
}

// always writes a text even when it is empty, unless extra has a member in its place.
func (e *encoder) always(key, value string, extra []Member) {
	if value == "" && hasMember(extra, memberName(key)) {
		return
	}
	e.key(key)
	e.buf = appendText(e.buf, value)
}

// memberName returns the name in a key as it is given to encoder.key.
func memberName(key string) string { return key[1 : len(key)-2] }

func (e *encoder) integer(key string, value Optional[int]) {
	if value.Present {
		e.key(key)
		e.buf = strconv.AppendInt(e.buf, int64(value.Value), 10)
	}
}

func (e *encoder) boolean(key string, value Optional[bool]) {
	if value.Present {
		e.key(key)
		e.buf = strconv.AppendBool(e.buf, value.Value)
	}
}

func (e *encoder) number(key string, value Number) {
	if value.present {
		e.key(key)
		e.buf = appendNumber(e.buf, value)
	}
}

// letter writes a status or a group.
func (e *encoder) letter(key string, value byte) {
	if value != 0 {
		e.key(key)
		e.buf = appendText(e.buf, string(rune(value)))
	}
}

func (e *encoder) id(key string, value ID) {
	if !value.IsZero() {
		e.key(key)
		e.buf = append(e.buf, '"')
		e.buf = value.append(e.buf)
		e.buf = append(e.buf, '"')
	}
}

func (e *encoder) base64(key string, value []byte) {
	if len(value) > 0 {
		e.key(key)
		e.buf = append(e.buf, '"')
		e.buf = base64.StdEncoding.AppendEncode(e.buf, value)
		e.buf = append(e.buf, '"')
	}
}

// encodeList writes a list that is not nil.
func encodeList[T any](e *encoder, key string, items []T, encode func(*encoder, *T)) {
	if items == nil {
		return
	}
	e.key(key)
	e.open('[')
	for i := range items {
		e.comma()
		encode(e, &items[i])
	}
	e.close(']')
}

// encodePointers writes a list of objects that may be null.
func encodePointers[T any](e *encoder, key string, items []*T, encode func(*encoder, *T)) {
	if items == nil {
		return
	}
	e.key(key)
	e.open('[')
	for _, item := range items {
		e.comma()
		if item == nil {
			e.buf = append(e.buf, "null"...)
			continue
		}
		encode(e, item)
	}
	e.close(']')
}

// appendText appends text in quotes.
func appendText(dst []byte, text string) []byte {
	dst = append(dst, '"')
	done := 0 // what stands before it is written
	for i := 0; i < len(text); {
		c := text[i]
		if plain[c] {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			dst = append(dst, text[done:i]...)
			dst = appendEscape(dst, c)
			i++
			done = i
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, text[done:i]...)
			dst = append(dst, "\ufffd"...)
			done = i + 1
		}
		i += n
	}
	dst = append(dst, text[done:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// appendNumber appends the literal of n where it has one, else the shortest decimal that reads back as its value.
// A whole number ends in .0, as servers write it.
func appendNumber(dst []byte, n Number) []byte {
	const (
		wholeBelow = 1e15 // integers below it are written without help of strconv's float code
		plainFrom  = 1e-6
		plainBelow = 1e21
	)
	v := n.value
	magnitude := math.Abs(v)
	switch {
	case n.literal != "":
		if isJSONNumber(n.literal) {
			return append(dst, n.literal...)
		}
		return appendText(dst, n.literal)
	case math.IsNaN(v):
		return append(dst, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(dst, `"-Infinity"`...)
	case v == 0 && math.Signbit(v):
		return append(dst, "-0.0"...)
	case v == math.Trunc(v) && magnitude < wholeBelow:
		return append(strconv.AppendInt(dst, int64(v), 10), ".0"...)
	case plainFrom <= magnitude && magnitude < plainBelow:
		dst = strconv.AppendFloat(dst, v, 'f', -1, 64)
		if v == math.Trunc(v) {
			dst = append(dst, ".0"...)
		}
		return dst
	}
	return strconv.AppendFloat(dst, v, 'e', -1, 64)
}

// start writes the start of the report, with its offset and in UTC.
func (e *encoder) start(at time.Time, extra []Member) {
	if at.IsZero() {
		return
	}
	if _, offset := at.Zone(); offset%60 != 0 {
		at = at.In(fixedZone(offset / 60 * 60))
	}
	e.moment(`"start":`, at, extra)
	e.moment(`"startUTC":`, at.UTC(), extra)
}

func (e *encoder) moment(key string, at time.Time, extra []Member) {
	if hasMember(extra, memberName(key)) {
		return
	}
	e.key(key)
	e.buf = append(e.buf, '"')
	e.buf = at.AppendFormat(e.buf, time.RFC3339Nano)
	e.buf = append(e.buf, '"')
}

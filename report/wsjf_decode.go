package report

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// DecodeWSJF reads one WSJF document.
//
// It fails with a [*SyntaxError] only when data is not one JSON object in UTF-8 (a byte order mark is skipped), nests deeper than
// 256, or consists mostly of empty or malformed members. Beyond JSON it takes bare NaN, Infinity and -Infinity for numbers.
//
// Members of a wrong type, unknown statuses or operators and the like are findings; the offending member is kept in Extra, so that
// nothing is lost. A list of objects that has another kind of element is kept so as a whole; a null element is left out.
// When an object names a member twice, the last one counts and the finding has the rule "duplicate". At most 1000 findings are
// listed; one more says how many were left out.
//
// A numeric member with a text that is no number ("1,5") is no finding here: the text is kept in the [Number], and
// [Report.Validate] tells of it. Half of a surrogate pair in a text becomes U+FFFD, with a warning.
//
// The type member decides between test and repair, and without it the presence of uur. Exactly one of Test and Repair is set.
// The start is startUTC at the offset of start; with one of them missing, the other one.
//
// The report shares memory with a copy of data, never with data itself.
// Source: support.wats.com article 360014879119.
func DecodeWSJF(data []byte) (*Report, Findings, error) {
	d := decoder{scanner: scanner{src: string(data)}}
	d.budget = budgetBase + budgetPerByte*len(data)
	if strings.HasPrefix(d.src, byteOrderMark) {
		d.pos = len(byteOrderMark)
	}
	if d.space() != '{' {
		d.expected(`"{"`)
		return nil, nil, d.err
	}
	r := new(Report)
	d.report(r)
	if d.space(); d.err == nil && d.pos < len(d.src) {
		d.fail(d.pos, "more text after the end of the report")
	}
	if d.err != nil {
		return nil, nil, d.err
	}
	return r, d.all(), nil
}

// UnmarshalJSON reads what [DecodeWSJF] reads. It fails for a syntax error only; the findings are dropped.
func (r *Report) UnmarshalJSON(data []byte) error {
	decoded, _, err := DecodeWSJF(data)
	if err != nil {
		return err
	}
	*r = *decoded
	return nil
}

const byteOrderMark = "\ufeff"

const (
	// A document may cost this much memory and repeated reading, so that a hostile one cannot take more than a multiple of its size.
	// Real reports cost less than ten bytes per byte.
	budgetBase    = 4 << 20
	budgetPerByte = 24
)

// decoder reads one WSJF document. It goes over the text once; what is rejected is gone over a second time.
type decoder struct {
	scanner
	budget int // what may still be spent

	findingList
	path []pathElement
	keys []string // names met so far in the open objects, for finding duplicates

	steps    []Step // slab: storage of steps not yet used
	children []*Step
	measures []NumericMeasurement
}

// pathElement is one part of a JSON path: a member, or an element when index ≥ 0.
type pathElement struct {
	name  string
	index int
}

// spend ends the reading when the document has used up what it may cost.
func (d *decoder) spend(n int) {
	if d.budget -= n; d.budget < 0 {
		d.fail(d.pos, "too many empty or malformed members")
	}
}

// find notes what is wrong with the member called name of the innermost open object, or with that object itself when name is "".
func (d *decoder) find(name string, severity Severity, rule, format string, args ...any) {
	d.add(severity, func() string { return d.pathTo(name) }, rule, format, args)
}

// pathTo returns the path of a member of the innermost open object, or of that object itself when name is "".
func (d *decoder) pathTo(name string) string {
	path := []byte{'$'}
	for _, e := range d.path {
		path = appendPath(path, e)
	}
	if name != "" {
		path = appendPath(path, pathElement{name, -1})
	}
	return string(path)
}

func appendPath(path []byte, e pathElement) []byte {
	switch {
	case e.index >= 0:
		path = append(path, '[')
		path = strconv.AppendInt(path, int64(e.index), 10)
		return append(path, ']')
	case isPlainName(e.name):
		path = append(path, '.')
		return append(path, e.name...)
	}
	path = append(path, '[')
	path = appendText(path, e.name)
	return append(path, ']')
}

func isPlainName(name string) bool {
	for _, c := range []byte(name) {
		if !plain[c] || strings.IndexByte(" .[]'", c) >= 0 {
			return false
		}
	}
	return name != ""
}

// object is the state of reading one object.
type object struct {
	extra *[]Member
	alias func(string) string // gives the usual spelling of a member's name; nil when there is but one

	name string // of the member at hand, as written
	key  string // the same in its usual spelling
	at   int    // where its value starts

	started  bool
	repeated bool
	met      uint64          // one bit per hash of a name met
	firstKey int             // where in decoder.keys the names of this object start
	many     map[string]bool // the names, when there are many
}

// manyKeys is how many names are compared one by one.
const manyKeys = 64

// open starts the reading of the object at whose bracket the decoder stands. Members without a field go to extra.
func (d *decoder) open(extra *[]Member) object {
	d.enter()
	return object{extra: extra, firstKey: len(d.keys)}
}

// next goes to the value of the next member and reports whether there is one.
func (d *decoder) next(o *object) bool {
	if !d.more(!o.started, '}') {
		d.close(o)
		return false
	}
	o.started = true
	o.name = d.scanner.key()
	if d.err != nil {
		return false
	}
	d.warnSurrogate(o)
	o.at, o.key = d.pos, o.name
	if o.alias != nil {
		o.key = o.alias(o.name)
	}
	if d.src[d.pos] != 'n' && d.meet(o) { // a null is as good as missing
		d.find(o.name, Violation, "duplicate", "%s is given more than once; the last one counts", o.name)
		// What stands in extra under this name is dropped when the object closes: see keepLast.
		o.repeated = true
		*o.extra = append(*o.extra, Member{Name: o.key})
	}
	return true
}

// meet notes the name of the member at hand and reports whether it was met before in o.
func (d *decoder) meet(o *object) bool {
	hash := uint(len(o.key))
	if o.key != "" {
		hash += uint(o.key[0])*5 + uint(o.key[len(o.key)-1])*11
	}
	bit := uint64(1) << (hash % 64)
	known := o.met&bit != 0 && d.isKnown(o)
	o.met |= bit
	if known {
		return true
	}
	d.keys = append(d.keys, o.key)
	if o.many != nil {
		o.many[o.key] = true
	}
	return false
}

func (d *decoder) isKnown(o *object) bool {
	keys := d.keys[o.firstKey:]
	if len(keys) > manyKeys {
		if o.many == nil {
			o.many = make(map[string]bool, 2*len(keys))
			for _, k := range keys {
				o.many[k] = true
			}
		}
		return o.many[o.key]
	}
	for _, k := range keys {
		if k == o.key {
			return true
		}
	}
	return false
}

func (d *decoder) close(o *object) {
	d.keys = d.keys[:o.firstKey]
	if o.repeated {
		*o.extra = keepLast(*o.extra)
	}
}

// keepLast returns the last one of the members of each name. A member without value stands for one that went into a field.
func keepLast(members []Member) []Member {
	last := make(map[string]int, len(members))
	for i, m := range members {
		if m.Value == nil || string(m.Value) != "null" {
			last[m.Name] = i
		}
	}
	var kept []Member
	for i, m := range members {
		if at, ok := last[m.Name]; m.Value != nil && (!ok || at == i) {
			kept = append(kept, m)
		}
	}
	return kept
}

// keep puts the value of the member at hand into extra as it stands, and goes past it.
func (d *decoder) keep(o *object) {
	d.pos, d.bare = o.at, d.bare[:0]
	d.skip()
	if d.err != nil {
		return
	}
	d.spend(d.pos - o.at + 64)
	*o.extra = append(*o.extra, Member{Name: o.key, Value: d.raw(o.at, d.pos)})
}

// raw returns a part of the document as JSON: bare words in quotes, the rest as it stands.
func (d *decoder) raw(start, end int) json.RawMessage {
	raw := make([]byte, 0, end-start+2*len(d.bare))
	for _, w := range d.bare {
		raw = append(raw, d.src[start:w.start]...)
		raw = append(raw, '"')
		raw = append(raw, d.src[w.start:w.end]...)
		raw = append(raw, '"')
		start = w.end
	}
	return append(raw, d.src[start:end]...)
}

// reject keeps the member at hand as it stands, and says why it did not go into its field.
func (d *decoder) reject(o *object, rule, format string, args ...any) {
	d.keep(o)
	if d.err == nil {
		d.find(o.name, Violation, rule, format, args...)
	}
}

// rejectType rejects a value that is not of the kind wanted.
func (d *decoder) rejectType(o *object, wanted string) {
	d.keep(o)
	if d.err == nil {
		d.find(o.name, Violation, "type", "%s is %s; %s is expected", o.name, describe(d.src[o.at:d.pos]), wanted)
	}
}

// describe returns a few words for a person about a JSON value.
func describe(raw string) string {
	const shown = 40
	switch {
	case raw[0] == '{':
		return "an object"
	case raw[0] == '[':
		return "a list"
	case len(raw) > shown:
		return strings.ToValidUTF8(raw[:shown], "") + "…"
	}
	return raw
}

// isNull steps over a null.
func (d *decoder) isNull() bool {
	if d.src[d.pos] != 'n' {
		return false
	}
	d.word("null")
	return true
}

// quote reads a text; any other value is rejected, and "" returned. A bare NaN or the like is taken as if in quotes, since that is
// how it would be kept.
func (d *decoder) quote(o *object, wanted string) string {
	if d.src[d.pos] == '"' {
		text := d.scanner.text()
		d.warnSurrogate(o)
		return text
	}
	w := d.bareWord()
	if w == "" {
		d.rejectType(o, wanted)
		return ""
	}
	d.pos += len(w)
	d.find(o.name, Warning, "type", "%s is %s without quotes; %s is expected", o.name, w, wanted)
	return w
}

func (d *decoder) text(o *object, to *string) {
	if !d.isNull() {
		*to = d.quote(o, "a text")
	}
}

func (d *decoder) warnSurrogate(o *object) {
	if d.loneSurrogate {
		d.loneSurrogate = false
		d.find(o.name, Warning, "characters", "%s has half of a surrogate pair, which is no character; it is replaced by U+FFFD", o.name)
	}
}

func (d *decoder) number(o *object, to *Number) {
	switch c := d.src[d.pos]; {
	case isDigit(c):
		*to = d.plainNumber()
	case c == '"':
		*to = ParseNumber(d.quote(o, "a number"))
	case d.isNull():
	case d.bareWord() != "":
		*to = d.plainNumber()
	default:
		*to = Number{}
		d.rejectType(o, "a number")
	}
}

func isDigit(c byte) bool { return c == '-' || '0' <= c && c <= '9' }

func (d *decoder) plainNumber() Number {
	text, v, ok := d.numberText()
	if ok {
		return Num(v)
	}
	return ParseNumber(text)
}

// integer reads a whole number of 32 bits, also when it is written as 5.0 or "5". An empty text is as good as missing.
func (d *decoder) integer(o *object, to *Optional[int]) {
	if d.isNull() {
		return
	}
	*to = Optional[int]{}
	if strings.HasPrefix(d.src[d.pos:], `""`) {
		d.pos += len(`""`)
		return
	}
	n, ok := d.wholeNumber(o)
	switch {
	case d.err != nil:
	case !ok:
		d.rejectType(o, "a whole number")
	case !isInt32(n):
		d.reject(o, "range", "%s is outside %d to %d", o.name, math.MinInt32, math.MaxInt32)
	default:
		*to = Some(int(n))
	}
}

func isInt32(n int64) bool { return math.MinInt32 <= n && n <= math.MaxInt32 }

// wholeNumber reads a number that may stand in quotes. It reports false when the value is no whole number. Of a number beyond
// 32 bits it tells no more than that.
func (d *decoder) wholeNumber(o *object) (n int64, ok bool) {
	switch c := d.src[d.pos]; {
	case c == '"':
		text := strings.TrimSpace(d.quote(o, "a whole number"))
		if n, err := strconv.ParseInt(text, 10, 32); err == nil {
			return n, true
		}
		if isJSONNumber(text) {
			return whole(ParseNumber(text))
		}
	case isDigit(c):
		return whole(d.plainNumber())
	}
	return 0, false
}

// whole returns v as an integer, when it is one; math.MaxInt64 stands for all that are far beyond 32 bits.
func whole(v Number) (n int64, ok bool) {
	f := v.Float()
	switch {
	case math.Abs(f) > math.MaxUint32:
		return math.MaxInt64, true
	case v.literal != "" || f != math.Trunc(f):
		return 0, false
	}
	return int64(f), true
}

func (d *decoder) boolean(o *object, to *Optional[bool]) {
	switch d.src[d.pos] {
	case 't':
		d.word("true")
		*to = Some(true)
	case 'f':
		d.word("false")
		*to = Some(false)
	case 'n':
		d.word("null")
	default:
		*to = Optional[bool]{}
		d.rejectType(o, "true or false")
	}
}

// enum reads a word. parse reports false for a word that is not one of allowed.
func enum[T any](d *decoder, o *object, to *T, parse func(string) (T, bool), allowed func() string) {
	if d.isNull() {
		return
	}
	var none T
	*to = none
	word := d.quote(o, "a word")
	if word == "" {
		return
	}
	v, ok := parse(word)
	if !ok {
		d.reject(o, "enum", "%s is %s; allowed are %s", o.name, describe(d.src[o.at:d.pos]), allowed())
		return
	}
	*to = v
}

func (d *decoder) status(o *object, to *Status) {
	enum(d, o, to, ParseStatus, func() string { return "P, F, S, D, E, T and U" })
}

func (d *decoder) group(o *object, to *Group) {
	enum(d, o, to, ParseGroup, func() string { return "S, M and C" })
}

func (d *decoder) compOp(o *object, to *CompOp) {
	enum(d, o, to, ParseCompOp, func() string { return strings.Join(compOpNames[LOG:], ", ") })
}

func (d *decoder) guid(o *object, to *ID) {
	if d.isNull() {
		return
	}
	*to = ID{}
	text := d.quote(o, "a GUID")
	if text == "" {
		return
	}
	id, err := ParseID(text)
	if err != nil {
		d.reject(o, "guid", "%s is %s; a GUID such as 33a2d408-3fc8-480b-b554-6866c77fd91c is expected", o.name, describe(d.src[o.at:d.pos]))
		return
	}
	*to = id
}

// dateTime reads a date-time, naive when it has no offset, and its text. The text is "" when there is none.
func (d *decoder) dateTime(o *object) (text string, t time.Time, naive bool) {
	text = d.quote(o, "a date-time")
	if text == "" {
		return "", time.Time{}, false
	}
	t, naive, err := ParseTime(text, time.UTC)
	if err != nil {
		d.reject(o, "date-time", "%s: %v", o.name, err)
		return "", time.Time{}, false
	}
	return text, t, naive
}

func (d *decoder) time(o *object, to *Time) {
	if !d.isNull() {
		to.text, _, _ = d.dateTime(o)
	}
}

func (d *decoder) base64(o *object, to *[]byte) {
	if d.isNull() {
		return
	}
	*to = nil
	text := d.quote(o, "a text in base64")
	if text == "" {
		return
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		d.reject(o, "base64", "%s is not base64: %v", o.name, err)
		return
	}
	if len(data) > 0 {
		*to = data
	}
}

// isA reports whether the value of the member at hand starts with bracket; it rejects any other value.
func (d *decoder) isA(o *object, bracket byte, wanted string) bool {
	if d.src[d.pos] == bracket {
		return true
	}
	d.rejectType(o, wanted)
	return false
}

// member reads an object into a new T.
func member[T any](d *decoder, o *object, to **T, decode func(*decoder, *T)) {
	if d.isNull() {
		return
	}
	*to = nil
	if !d.isA(o, '{', "an object") {
		return
	}
	d.path = append(d.path, pathElement{o.name, -1})
	v := new(T)
	decode(d, v)
	*to = v
	d.path = d.path[:len(d.path)-1]
}

// list reads a list of objects into a new slice.
func list[T any](d *decoder, o *object, to *[]T, decode func(*decoder, *T)) {
	if d.isNull() {
		return
	}
	*to = nil
	items := []T{}
	if d.elements(o, func() {
		items = append(items, *new(T))
		decode(d, &items[len(items)-1])
	}, nil) {
		*to = items
	}
}

// listOrNull reads a list of objects whose elements may also be null.
func listOrNull[T any](d *decoder, o *object, to *[]*T, decode func(*decoder, *T)) {
	if d.isNull() {
		return
	}
	*to = nil
	items := []*T{}
	if d.elements(o, func() {
		item := new(T)
		items = append(items, item)
		decode(d, item)
	}, func() { items = append(items, nil) }) {
		*to = items
	}
}

// elementCost is what one element of a list of objects is taken to need in memory.
const elementCost = 256

// elements reads a list of objects, calling read at each, and null, if given, at each null. It reports false, and the member is
// rejected, when the list holds anything else. Without null, null elements are left out, with a finding.
func (d *decoder) elements(o *object, read, null func()) bool {
	if !d.isA(o, '[', "a list") {
		return false
	}
	d.enter()
	d.path = append(d.path, pathElement{o.name, -1}, pathElement{})
	good := true
	for first := true; d.more(first, ']'); first = false {
		d.spend(elementCost)
		start := d.pos
		switch {
		case d.err != nil:
		case d.src[start] == '{':
			read()
		case d.src[start] == 'n' && null != nil:
			d.word("null")
			null()
		default:
			good = good && d.src[start] == 'n'
			if d.skip(); d.err == nil {
				d.find("", Violation, "type", "the element is %s; an object is expected", describe(d.src[start:d.pos]))
			}
		}
		d.path[len(d.path)-1].index++
	}
	d.path = d.path[:len(d.path)-2]
	if !good && d.err == nil {
		d.keep(o)
	}
	return good && d.err == nil
}

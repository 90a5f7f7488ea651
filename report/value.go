package report

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// Optional is a value that may be absent. The zero Optional is absent; Some makes a present one.
type Optional[T any] struct {
	Value   T // the zero T when absent
	Present bool
}

// Some returns v as a present Optional.
func Some[T any](v T) Optional[T] { return Optional[T]{Value: v, Present: true} }

// Or returns the value, or fallback when it is absent.
func (o Optional[T]) Or(fallback T) T {
	if o.Present {
		return o.Value
	}
	return fallback
}

// IsZero reports whether o is absent; encoding/json leaves such members out under omitzero.
func (o Optional[T]) IsZero() bool { return !o.Present }

// MarshalJSON returns the value's JSON, null when absent.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if !o.Present {
		return []byte("null"), nil
	}
	return json.Marshal(o.Value)
}

// UnmarshalJSON reads the value; null makes o absent.
func (o *Optional[T]) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*o = Optional[T]{}
		return nil
	}
	o.Present = true
	return json.Unmarshal(data, &o.Value)
}

// Number is a numeric member that may be absent, and that is written as exactly as it was read.
//
// It holds a float64 and, only where that does not give back what was read, the literal: a decimal of more digits than a float64 has,
// or a text that is no number ("1,5"). NaN and the infinities are numbers; WSJF carries them as the texts
// "NaN", "Infinity" and "-Infinity".
type Number struct {
	value   float64
	literal string // "" when value alone gives it back
	present bool
}

// Num returns v as a present Number. NaN and the infinities are allowed.
func Num(v float64) Number { return Number{value: v, present: true} }

// ParseNumber reads a decimal number, or one of the words NaN, INF, Inf, Infinity with an optional sign, in any case.
// It never fails: any other text is kept as it is, and then Float is NaN and IsNumeric false. "" is absent.
func ParseNumber(text string) Number {
	if text == "" {
		return Number{}
	}
	v, err := strconv.ParseFloat(text, 64)
	switch {
	case !isJSONNumber(text):
		if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
			return Num(v)
		}
		return Number{value: math.NaN(), literal: text, present: true}
	case err != nil || !sameDecimal(text, v): // out of range, or more digits than a float64 holds
		return Number{value: v, literal: text, present: true}
	}
	return Num(v)
}

// Present reports whether there is a value at all, be it NaN or a text.
func (n Number) Present() bool { return n.present }

// IsNumeric reports whether n is present and a number; NaN and the infinities are.
func (n Number) IsNumeric() bool {
	return n.present && (n.literal == "" || isJSONNumber(n.literal))
}

// Float returns the value as a float64, rounded to nearest when the literal has more digits. NaN when absent or not numeric.
func (n Number) Float() float64 {
	if !n.present {
		return math.NaN()
	}
	return n.value
}

// String returns the shortest decimal that reads back as the same number, the literal where that is more exact,
// and "" when absent.
func (n Number) String() string {
	switch {
	case !n.present:
		return ""
	case n.literal != "":
		return n.literal
	}
	return strconv.FormatFloat(n.value, 'g', -1, 64)
}

// Equal reports whether a and b are both absent, or the same number (NaN equals NaN), or the same text.
func (n Number) Equal(other Number) bool {
	if n.present != other.present || n.literal != other.literal {
		return false
	}
	return n.value == other.value || (math.IsNaN(n.value) && math.IsNaN(other.value))
}

// IsZero reports whether n is absent; encoding/json leaves such members out under omitzero.
func (n Number) IsZero() bool { return !n.present }

// MarshalJSON writes n as WSJF has it: a number as exactly as it was read, what is none as a text; null when absent.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.present {
		return []byte("null"), nil
	}
	return appendNumber(nil, n), nil
}

// UnmarshalJSON reads a number, or a text as [ParseNumber] does; null makes n absent.
func (n *Number) UnmarshalJSON(data []byte) error {
	text := string(data)
	if text == "null" {
		text = ""
	} else if !isJSONNumber(text) {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	}
	*n = ParseNumber(text)
	return nil
}

// Time is a date-time member that may be absent. It keeps the text as read, so that fraction digits and the offset,
// or their lack, survive. The zero Time is absent.
type Time struct{ text string }

// At returns t with its offset and up to nine fraction digits.
func At(t time.Time) Time { return Time{t.Format(time.RFC3339Nano)} }

// TimeText returns text, an ISO 8601 date-time, as a Time. It does not check it; Time.Time does.
func TimeText(text string) Time { return Time{text} }

// Present reports whether there is a text.
func (t Time) Present() bool { return t.text != "" }

// String returns the text as read, "" when absent.
func (t Time) String() string { return t.text }

// Time returns the instant, and false when t is absent or no date-time. A text without offset is taken to be in zone.
func (t Time) Time(zone *time.Location) (time.Time, bool) {
	at, _, err := ParseTime(t.text, zone)
	return at, err == nil
}

// Member is one member of a JSON object that the model has no field for.
type Member struct {
	Name  string
	Value json.RawMessage // valid JSON, as it stood in the document
}

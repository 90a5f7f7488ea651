package report

import (
	"math"
	"strconv"
)

// powersOfTen are the powers of ten that a float64 holds exactly.
var powersOfTen = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// maxExactDigits is how many decimal digits a float64 always gives back.
const maxExactDigits = 15

// decimal is a JSON number taken apart: ±mantissa × 10^exponent.
type decimal struct {
	mantissa uint64 // meaningful when digits ≤ maxExactDigits
	exponent int
	digits   int // significant digits, without leading zeros
	negative bool
}

// scanNumber reads the JSON number (RFC 8259 §6) at the start of text and returns it with its length, 0 when there is none.
func scanNumber(text string) (d decimal, length int) {
	i := 0
	if i < len(text) && text[i] == '-' {
		d.negative = true
		i++
	}
	whole := d.scanDigits(text[i:])
	if whole == 0 || (whole > 1 && text[i] == '0') {
		return d, 0
	}
	i += whole
	if i < len(text) && text[i] == '.' {
		fraction := d.scanDigits(text[i+1:])
		if fraction == 0 {
			return d, 0
		}
		d.exponent = -fraction
		i += 1 + fraction
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		length := d.scanExponent(text[i+1:])
		if length == 0 {
			return d, 0
		}
		i += 1 + length
	}
	return d, i
}

// scanDigits adds the digits at the start of text to the mantissa and returns how many there are.
func (d *decimal) scanDigits(text string) int {
	i := 0
	for ; i < len(text); i++ {
		digit := text[i] - '0'
		if digit > 9 {
			break
		}
		if d.digits > 0 || digit != 0 {
			d.digits++
		}
		if d.digits <= maxExactDigits {
			d.mantissa = d.mantissa*10 + uint64(digit)
		}
	}
	return i
}

// scanExponent adds the signed exponent at the start of text and returns its length.
func (d *decimal) scanExponent(text string) int {
	i, sign := 0, 1
	if i < len(text) && (text[i] == '+' || text[i] == '-') {
		if text[i] == '-' {
			sign = -1
		}
		i++
	}
	start, exponent := i, 0
	for ; i < len(text) && '0' <= text[i] && text[i] <= '9'; i++ {
		if exponent < 1e8 { // far outside a float64 either way
			exponent = exponent*10 + int(text[i]-'0')
		}
	}
	if i == start {
		return 0
	}
	d.exponent += sign * exponent
	return i
}

// exact returns the value when one correctly rounded operation gives it, and the value then gives the decimal back.
func (d decimal) exact() (v float64, ok bool) {
	if d.digits > maxExactDigits || d.exponent < -22 || d.exponent > 22 {
		return 0, false
	}
	v = float64(d.mantissa)
	if d.exponent < 0 {
		v /= powersOfTen[-d.exponent]
	} else {
		v *= powersOfTen[d.exponent]
	}
	if d.negative {
		v = -v
	}
	return v, true
}

func isJSONNumber(text string) bool {
	_, length := scanNumber(text)
	return length > 0 && length == len(text)
}

// sameDecimal reports whether the shortest decimal that reads back as v is the JSON number text, however it is written.
func sameDecimal(text string, v float64) bool {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return false
	}
	var buf [32]byte
	shortest := string(strconv.AppendFloat(buf[:0], v, 'e', -1, 64))
	a, b := digitReader{text: text}, digitReader{text: shortest}
	if a.skipZeros(); a.done() {
		return v == 0
	}
	b.skipZeros()
	if a.magnitude() != b.magnitude() {
		return false
	}
	for {
		x, y := a.next(), b.next()
		if x != y {
			return false
		}
		if a.done() && b.done() {
			return true
		}
	}
}

// digitReader gives the digits of a JSON number one by one, without sign, point and exponent.
type digitReader struct {
	text string
	pos  int
}

// done reports whether all digits were given.
func (r *digitReader) done() bool {
	return r.pos >= len(r.text) || r.text[r.pos]|0x20 == 'e'
}

// next returns the next digit, '0' after the last one.
func (r *digitReader) next() byte {
	if r.done() {
		return '0'
	}
	c := r.text[r.pos]
	r.pos++
	r.skipPoint()
	return c
}

func (r *digitReader) skipPoint() {
	if r.pos < len(r.text) && r.text[r.pos] == '.' {
		r.pos++
	}
}

// skipZeros goes to the first digit that counts.
func (r *digitReader) skipZeros() {
	if r.pos < len(r.text) && r.text[r.pos] == '-' {
		r.pos++
	}
	for !r.done() && r.text[r.pos] == '0' {
		r.next()
	}
}

// magnitude returns the decimal exponent of the digit that comes next.
func (r *digitReader) magnitude() int {
	point, end := -1, len(r.text)
	for i := r.pos; i < end; i++ {
		switch r.text[i] {
		case '.':
			point = i
		case 'e', 'E':
			end = i
		}
	}
	var d decimal
	if end < len(r.text) {
		d.scanExponent(r.text[end+1:])
	}
	switch {
	case point >= 0: // 120.5: the point is still ahead
		return d.exponent + point - r.pos - 1
	case r.pointBehind() >= 0: // 0.0012
		return d.exponent - (r.pos - r.pointBehind())
	}
	return d.exponent + end - r.pos - 1
}

// pointBehind returns where the point was passed, -1 when it was not.
func (r *digitReader) pointBehind() int {
	for i := r.pos - 1; i >= 0; i-- {
		if r.text[i] == '.' {
			return i
		}
	}
	return -1
}

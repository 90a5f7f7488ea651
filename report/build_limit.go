package report

import "math"

// NumericOption says more about a number: a [Limit], a [Unit], a [Formats], or a [Status] that was given by the tester.
type NumericOption interface {
	// applyNumeric sets its part of m and returns what is wrong with it.
	applyNumeric(m *NumericMeasurement) (problem string)
}

// StringOption says more about a text: an [Expected], or a [Status] that was given by the tester.
type StringOption interface {
	applyString(m *StringMeasurement) (problem string)
}

// Unit is the unit of a number and its limits, such as V or mm.
type Unit string

// Formats are printf formats by which a number and its limits are shown; "" is none.
type Formats struct{ Value, Low, High string }

// Limit is what a number is compared with. The zero Limit compares with nothing.
type Limit struct {
	op        CompOp
	low, high Number
	given     int // how many limits
}

// Compare returns the limit of an operator: none for LOG, one for EQ to LE, two (low, high) for EQT to LTGT.
func Compare(op CompOp, limits ...float64) Limit {
	l := Limit{op: op, given: len(limits)}
	if len(limits) > 0 {
		l.low = Num(limits[0])
	}
	if len(limits) > 1 {
		l.high = Num(limits[1])
	}
	return l
}

// Between passes from low to high, both included (GELE).
func Between(low, high float64) Limit { return Compare(GELE, low, high) }

// Outside passes below low and above high (LTGT).
func Outside(low, high float64) Limit { return Compare(LTGT, low, high) }

// AtLeast passes from limit on (GE).
func AtLeast(limit float64) Limit { return Compare(GE, limit) }

// AtMost passes up to limit (LE).
func AtMost(limit float64) Limit { return Compare(LE, limit) }

// Above passes only above limit (GT).
func Above(limit float64) Limit { return Compare(GT, limit) }

// Below passes only below limit (LT).
func Below(limit float64) Limit { return Compare(LT, limit) }

// Equal passes limit alone (EQ).
func Equal(limit float64) Limit { return Compare(EQ, limit) }

// NotEqual passes everything but limit (NE).
func NotEqual(limit float64) Limit { return Compare(NE, limit) }

// Within passes nominal ± delta (EQT).
func Within(nominal, delta float64) Limit { return Compare(EQT, nominal-delta, nominal+delta) }

// WithinPercent passes nominal ± percent of it (EQT).
func WithinPercent(nominal, percent float64) Limit {
	return Within(nominal, math.Abs(nominal)*percent/100)
}

// WithinPPM passes nominal ± so many millionths of it (EQT).
func WithinPPM(nominal, ppm float64) Limit { return Within(nominal, math.Abs(nominal)*ppm/1e6) }

// MinMax returns the limit that a tester's least and greatest value mean, either of which may be nil: GELE for both, also when they are
// equal, GE, LE, or LOG for none.
func MinMax(least, most *float64) Limit {
	switch {
	case least != nil && most != nil:
		return Between(*least, *most)
	case least != nil:
		return AtLeast(*least)
	case most != nil:
		return AtMost(*most)
	}
	return Compare(LOG)
}

func (l Limit) applyNumeric(m *NumericMeasurement) (problem string) {
	if m.CompOp != NoCompOp {
		problem = "more than one limit is given; one operator takes both, such as Between"
	}
	m.CompOp, m.Low, m.High = l.op, l.low, l.high
	want := 0
	low, high := l.op.limitNeeds()
	if low {
		want++
	}
	if high {
		want++
	}
	if l.given > want {
		problem = "compOp " + l.op.String() + " is given more limits than it takes"
	}
	return problem
}

func (u Unit) applyNumeric(m *NumericMeasurement) string {
	m.Unit = string(u)
	return ""
}

func (f Formats) applyNumeric(m *NumericMeasurement) string {
	m.ValueFormat, m.LowFormat, m.HighFormat = f.Value, f.Low, f.High
	return ""
}

func (s Status) applyNumeric(m *NumericMeasurement) string {
	m.Status = s
	return ""
}

func (s Status) applyString(m *StringMeasurement) string {
	m.Status = s
	return ""
}

// Expected is what a text is compared with.
type Expected struct {
	op    CompOp
	limit string
}

// Expect passes exactly this text.
func Expect(text string) Expected { return Expected{EQ, text} }

// ExpectFold passes this text in upper or lower case.
func ExpectFold(text string) Expected { return Expected{IGNORECASE, text} }

// ExpectOp compares with a text by EQ, NE, GT, GE, LT, LE, CASESENSIT or IGNORECASE.
func ExpectOp(op CompOp, text string) Expected { return Expected{op, text} }

func (e Expected) applyString(m *StringMeasurement) (problem string) {
	if m.CompOp != NoCompOp {
		problem = "more than one expected text is given"
	}
	m.CompOp, m.Limit = e.op, e.limit
	return problem
}

package convert

import (
	"cmp"
	"strings"

	"github.com/gowats/gowats/report"
)

// atmlResult is a TestResult while its step is read.
type atmlResult struct {
	name   string
	own    string // Numeric, String or PassFail when it is the step type's own value
	datum  *atmlDatum
	limits *atmlLimits // nil when it has none
	log    bool        // it says that it is a measurement without limits
	status report.Status
	added  *addedMeasurement // nil when ATML says all
}

// atmlLimits are the limits of a TestResult as they stand.
type atmlLimits struct {
	operator  string // of a pair: AND or OR
	pair      []atmlLimit
	single    *atmlLimit
	expected  *atmlLimit
	nominal   bool   // the pair has a nominal value
	threshold string // kind of tolerance
	raw       [3]report.Number
}

// atmlLimit is one limit.
type atmlLimit struct {
	comparator string
	value      string
}

// The values in atmlLimits.raw.
const (
	rawNominal = iota
	rawLow
	rawHigh
)

// result reads the TestResult that has just started.
func (a *atmlReader) result(d *atmlStep) error {
	var res atmlResult
	id := a.x.attr("ID")
	res.name = cmp.Or(a.x.attr("name"), id)
	for _, own := range [...]string{"Numeric", "String", "PassFail"} {
		if res.name == own || id == own { // 2.02 tells by the ID
			res.own = own
		}
	}
	err := a.x.children(func() (err error) {
		switch a.x.name {
		case "TestData":
			res.datum, err = a.datum()
		case "TestLimits":
			res.limits = &atmlLimits{}
			err = a.x.children(func() error {
				if a.x.name != "Limits" {
					a.loseElement()
					return nil
				}
				return a.x.children(func() error { return a.limit(&res) })
			})
		case "Outcome":
			res.status = a.outcome()
		case "Extension":
			err = a.x.children(func() error { return a.resultExtension(&res) })
		default:
			a.loseElement()
		}
		return err
	})
	d.results = append(d.results, res)
	return err
}

// resultExtension reads what an Extension of a TestResult or of Limits holds.
func (a *atmlReader) resultExtension(res *atmlResult) error {
	switch a.x.name {
	case "TSLimitProperties":
		limits := res.limits
		if limits == nil {
			limits = &atmlLimits{}
		}
		return a.x.children(func() error { return a.limitProperty(limits, &res.log) })
	case extMeasurement:
		res.added = a.addedMeasurement()
		return nil
	}
	a.loseElement()
	return nil
}

// limitProperty reads what TestStand adds to limits; log becomes true when there are none on purpose.
func (a *atmlReader) limitProperty(l *atmlLimits, log *bool) (err error) {
	switch a.x.name {
	case "ThresholdType":
		l.threshold, err = a.value()
	case "IsComparisonTypeLog", "IsTestMeasurement":
		var text string
		text, err = a.value()
		*log = testBool(text).Value
	case "RawLimits":
		return a.x.children(func() error {
			var i int
			switch a.x.name {
			case "Nominal":
				i = rawNominal
			case "Low":
				i = rawLow
			case "High":
				i = rawHigh
			default:
				a.loseElement()
				return nil
			}
			text, err := a.value()
			l.raw[i] = testNumber(text)
			return err
		})
	default:
		a.loseElement()
	}
	return err
}

// limit reads one child of Limits.
func (a *atmlReader) limit(res *atmlResult) error {
	l := res.limits
	switch a.x.name {
	case "LimitPair":
		l.operator = a.x.attr("operator")
		return a.x.children(func() error {
			switch a.x.name {
			case "Limit":
				one, err := a.limitValue()
				l.pair = append(l.pair, one)
				return err
			case "Nominal":
				l.nominal = true
				return nil
			}
			a.loseElement()
			return nil
		})
	case "SingleLimit":
		one, err := a.limitValue()
		l.single = &one
		return err
	case "Expected":
		one, err := a.limitValue()
		l.expected = &one
		return err
	case "Extension":
		return a.x.children(func() error { return a.resultExtension(res) })
	}
	a.loseElement()
	return nil
}

// limitValue reads a comparator and the value it stands for.
func (a *atmlReader) limitValue() (atmlLimit, error) {
	l := atmlLimit{comparator: strings.ToUpper(strings.TrimSpace(a.x.attr("comparator")))}
	d, err := a.datum()
	if d != nil {
		l.value = d.Value
	}
	return l, err
}

// number sets operator and limits of m. It reports false when they are not understood.
func (l *atmlLimits) number(m *report.NumericMeasurement) bool {
	m.CompOp = report.LOG
	if lo, hi, ok := tolerance(l.threshold, l.raw[rawNominal], l.raw[rawLow], l.raw[rawHigh]); ok {
		m.CompOp, m.Low, m.High = report.EQT, lo, hi
		return true
	}
	one := l.single
	switch {
	case len(l.pair) == 2:
		return l.numberPair(m)
	case len(l.pair) == 1:
		one = &l.pair[0]
	case one == nil:
		one = l.expected
	}
	if one == nil || one.comparator == "" {
		return one == nil && len(l.pair) == 0 || one != nil && one.value == ""
	}
	comparator := one.comparator
	if comparator == "CIEQ" {
		comparator = "EQ"
	}
	op, ok := report.ParseCompOp(comparator)
	if !ok || op < report.EQ || op > report.LE {
		return false
	}
	m.CompOp, m.Low = op, testNumber(one.value)
	return true
}

// numberPair sets what two limits mean. Their order in the file says nothing: of AND the comparator G… is the low limit, of OR the high one.
func (l *atmlLimits) numberPair(m *report.NumericMeasurement) bool {
	low, high := l.pair[0], l.pair[1]
	outside := strings.EqualFold(strings.TrimSpace(l.operator), "OR")
	if strings.HasPrefix(low.comparator, "L") != outside {
		low, high = high, low
	}
	op, ok := report.ParseCompOp(low.comparator + high.comparator)
	if !ok || op < report.GELE || op > report.LTGT || (op >= report.LEGE) != outside {
		return false
	}
	if m.CompOp = op; l.nominal {
		m.CompOp = report.EQT
	}
	m.Low, m.High = testNumber(low.value), testNumber(high.value)
	return true
}

// text sets operator and limit of m. It reports false when they are not understood.
func (l *atmlLimits) text(m *report.StringMeasurement) bool {
	m.CompOp = report.LOG
	one := l.expected
	if one == nil {
		one = l.single
	}
	if one == nil {
		return len(l.pair) == 0
	}
	switch one.comparator {
	case "EQ":
		m.CompOp = report.CASESENSIT
	case "CIEQ":
		m.CompOp = report.IGNORECASE
	case "NE", "GT", "GE", "LT", "LE":
		m.CompOp, _ = report.ParseCompOp(one.comparator)
	default:
		return one.value == ""
	}
	m.Limit = one.value
	return true
}

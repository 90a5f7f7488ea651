package convert

import (
	"strconv"

	"github.com/gowats/gowats/report"
)

// measurements writes each measurement of a step as a TestResult.
func (w *atmlWriter) measurements(s *report.Step) {
	count := len(s.Numeric) + len(s.Strings) + len(s.Booleans)
	met := make(map[string]bool)
	next := func(name string) measurementPlace {
		place := measurementPlace{index: len(met), alone: count == 1, mixed: len(s.Numeric) < count && len(s.Strings) < count, again: met[name]}
		met[name] = true
		return place
	}
	for i := range s.Numeric {
		w.numeric(s, &s.Numeric[i], next(s.Numeric[i].Name))
	}
	for i := range s.Strings {
		w.textMeasurement(s, &s.Strings[i], next(s.Strings[i].Name))
	}
	for i := range s.Booleans {
		w.boolean(s, &s.Booleans[i], next(s.Booleans[i].Name))
	}
}

// measurementPlace says where among the measurements of its step one stands.
type measurementPlace struct {
	index int
	alone bool
	mixed bool // the step has measurements of several kinds
	again bool // one before it has the same name
}

// plain reports whether a measurement of that name and status is read back with both.
func (p measurementPlace) plain(name string, status report.Status) bool {
	switch {
	case p.mixed || p.again || !plainStatus(status):
		return false
	case name == "":
		return p.alone
	}
	return name != "Numeric" && name != "String" && name != "PassFail"
}

// result begins a TestResult: name is that of the measurement, or the step type's own when that has none.
func (w *atmlWriter) result(s *report.Step, name, own string, index int, status report.Status) {
	if name == "" {
		name = own
	}
	w.start("tr:TestResult")
	id := "tr-" + strconv.Itoa(s.ID.Value) + "-" + strconv.Itoa(index)
	if w.edition.collection == "" { // 2.02 tells by the ID
		id = name
	}
	w.attr("ID", id)
	w.attr("name", name)
	w.outcome("tr:Outcome", status)
}

func plainStatus(s report.Status) bool {
	return s == report.Passed || s == report.Failed || s == report.Skipped
}

func (w *atmlWriter) numeric(s *report.Step, m *report.NumericMeasurement, place measurementPlace) {
	w.extra(m.Extra)
	w.result(s, m.Name, "Numeric", place.index, m.Status)
	if m.Value.Present() {
		w.start("tr:TestData")
		w.number("c:Datum", m.Value.String(), m.Unit)
		w.end()
	}
	exact := w.limits(m) && place.plain(m.Name, m.Status) && m.Value.Present() && plainNumber(m.Value) &&
		m.ValueFormat == "" && m.LowFormat == "" && m.HighFormat == ""
	if !exact || m.CompOp == report.LOG {
		w.start("tr:Extension")
		if m.CompOp == report.LOG {
			w.logged()
		}
		if !exact {
			w.addedNumeric(m)
		}
		w.end()
	}
	w.end()
}

func plainNumber(n report.Number) bool { return testNumber(n.String()).Equal(n) }

// logged says that a measurement has no limits.
func (w *atmlWriter) logged() {
	w.start("ts:TSLimitProperties")
	w.leaf("ts:IsComparisonTypeLog", "true")
	w.end()
}

func (w *atmlWriter) addedNumeric(m *report.NumericMeasurement) {
	w.own(extMeasurement)
	w.attr("kind", addedNumeric)
	w.optional("name", m.Name)
	w.optional("value", m.Value.String())
	w.optional("valueFormat", m.ValueFormat)
	w.optional("unit", m.Unit)
	w.optional("compOp", m.CompOp.String())
	w.optional("lowLimit", m.Low.String())
	w.optional("lowLimitFormat", m.LowFormat)
	w.optional("highLimit", m.High.String())
	w.optional("highLimitFormat", m.HighFormat)
	w.optional("status", m.Status.Letter())
	w.end()
}

// limits writes the limits of m as far as ATML has a form for them, and reports whether they are read back as they are.
func (w *atmlWriter) limits(m *report.NumericMeasurement) bool {
	if !m.Low.Present() && !m.High.Present() || m.CompOp < report.EQ || m.CompOp > report.LTGT {
		return m.CompOp == report.LOG && !m.Low.Present() && !m.High.Present()
	}
	w.start("tr:TestLimits")
	w.start("tr:Limits")
	defer w.end()
	defer w.end()
	switch op := m.CompOp; {
	case op == report.EQ || op == report.NE:
		w.limit("c:Expected", op.String(), m.Low, m.Unit)
		return m.Low.Present() && plainNumber(m.Low) && !m.High.Present()
	case report.EQ <= op && op <= report.LE:
		w.limit("c:SingleLimit", op.String(), m.Low, m.Unit)
		return m.Low.Present() && plainNumber(m.Low) && !m.High.Present()
	case op == report.EQT:
		w.pair("AND", "GE", "LE", m)
		return false
	case report.GELE <= op && op <= report.GTLT:
		w.pair("AND", op.String()[:2], op.String()[2:], m)
	default:
		w.pair("OR", op.String()[:2], op.String()[2:], m)
	}
	return m.Low.Present() && m.High.Present() && plainNumber(m.Low) && plainNumber(m.High)
}

func (w *atmlWriter) pair(operator, low, high string, m *report.NumericMeasurement) {
	w.start("c:LimitPair")
	w.attr("operator", operator)
	w.limit("c:Limit", low, m.Low, m.Unit)
	w.limit("c:Limit", high, m.High, m.Unit)
	w.end()
}

func (w *atmlWriter) limit(element, comparator string, value report.Number, unit string) {
	if !value.Present() {
		return
	}
	w.start(element)
	w.attr("comparator", comparator)
	w.number("c:Datum", value.String(), unit)
	w.end()
}

func (w *atmlWriter) textMeasurement(s *report.Step, m *report.StringMeasurement, place measurementPlace) {
	w.extra(m.Extra)
	w.result(s, m.Name, "String", place.index, m.Status)
	w.start("tr:TestData")
	w.string(m.Value)
	w.end()
	comparator := ""
	switch m.CompOp {
	case report.CASESENSIT, report.EQ:
		comparator = "EQ"
	case report.IGNORECASE:
		comparator = "CIEQ"
	case report.NE, report.GT, report.GE, report.LT, report.LE:
		comparator = m.CompOp.String()
	}
	if comparator != "" {
		w.start("tr:TestLimits")
		w.start("tr:Limits")
		w.start("c:Expected")
		w.attr("comparator", comparator)
		w.string(m.Limit)
		w.end()
		w.end()
		w.end()
	}
	exact := m.CompOp != report.EQ && (comparator != "" || m.CompOp == report.LOG && m.Limit == "") && place.plain(m.Name, m.Status)
	if !exact || m.CompOp == report.LOG {
		w.start("tr:Extension")
		if m.CompOp == report.LOG {
			w.logged()
		}
		if !exact {
			w.own(extMeasurement)
			w.attr("kind", addedText)
			w.optional("name", m.Name)
			w.optional("value", m.Value)
			w.optional("compOp", m.CompOp.String())
			w.optional("limit", m.Limit)
			w.optional("status", m.Status.Letter())
			w.end()
		}
		w.end()
	}
	w.end()
}

func (w *atmlWriter) boolean(s *report.Step, m *report.BooleanMeasurement, place measurementPlace) {
	w.extra(m.Extra)
	w.result(s, m.Name, "PassFail", place.index, m.Status)
	w.start("tr:TestData")
	w.start("c:Datum")
	w.attr("value", strconv.FormatBool(m.Status == report.Passed))
	w.attr("xsi:type", "ts:TS_boolean")
	w.end()
	w.end()
	if m.Name != "" || !place.plain("", m.Status) || s.Kind() != report.KindPassFail {
		w.start("tr:Extension")
		w.own(extMeasurement)
		w.attr("kind", "boolean")
		w.optional("name", m.Name)
		w.optional("status", m.Status.Letter())
		w.end()
		w.end()
	}
	w.end()
}

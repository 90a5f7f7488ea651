package odata

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// SQL returns f as a condition with the placeholders $first, $first+1, … and their values in order.
func (f *Filter) SQL(d Dialect, first int) (condition string, args []any) {
	w := sqlWriter{dialect: d, first: first}
	f.root.appendSQL(&w)
	return w.text.String(), w.args
}

type sqlWriter struct {
	dialect Dialect
	first   int
	text    strings.Builder
	args    []any
}

func (w *sqlWriter) write(parts ...string) {
	for _, part := range parts {
		w.text.WriteString(part)
	}
}

// param adds a value and returns its placeholder.
func (w *sqlWriter) param(value any) string {
	w.args = append(w.args, value)
	return "$" + strconv.Itoa(w.first+len(w.args)-1)
}

func (j junction) appendSQL(w *sqlWriter) {
	between := " AND "
	if j.or {
		between = " OR "
	}
	w.write("(")
	for i, term := range j.terms {
		if i > 0 {
			w.write(between)
		}
		term.appendSQL(w)
	}
	w.write(")")
}

func (n negation) appendSQL(w *sqlWriter) {
	w.write("NOT (")
	n.term.appendSQL(w)
	w.write(")")
}

func (c constant) appendSQL(w *sqlWriter) {
	if c {
		w.write("1=1")
	} else {
		w.write("1=0")
	}
}

func (c comparison) appendSQL(w *sqlWriter) {
	operator, _ := sqlOperator(c.op)
	switch {
	case c.value != nil && !c.member.Nullable:
		w.write(c.expr, operator, w.param(c.value))
	case c.value != nil && c.op == "ne":
		w.write("(", c.expr, " IS NULL OR ", c.expr, operator, w.param(c.value), ")")
	case c.value != nil:
		w.write("(", c.expr, " IS NOT NULL AND ", c.expr, operator, w.param(c.value), ")")
	case c.member.Type == Text:
		w.write(c.expr, operator, "''")
	case !c.member.Nullable:
		constant(c.op == "ne").appendSQL(w)
	case c.op == "eq":
		w.write(c.expr, " IS NULL")
	default:
		w.write(c.expr, " IS NOT NULL")
	}
}

func (a anyElement) appendSQL(w *sqlWriter) {
	w.write(a.list.SQL, " IN (", a.list.Select)
	if a.condition != nil {
		w.write(" WHERE ")
		a.condition.appendSQL(w)
	}
	w.write(")")
}

func (m membership) appendSQL(w *sqlWriter) {
	if m.member.Nullable {
		w.write("(", m.expr, " IS NOT NULL AND ")
		defer w.write(")")
	}
	w.write(m.expr, " IN (")
	for i, value := range m.values {
		if i > 0 {
			w.write(",")
		}
		w.write(w.param(value))
	}
	w.write(")")
}

// appendSQL compares pieces of the stored text, so that no character of it or of part has a meaning.
func (m match) appendSQL(w *sqlWriter) {
	switch m.function {
	case "contains":
		w.write(w.dialect.Position, "(", m.expr, ",", w.param(m.part), ")>0")
	case "startswith":
		length := w.param(utf8.RuneCountInString(m.part))
		w.write("substr(", m.expr, ",1,", length, ")=", w.param(m.part))
	default:
		length := w.param(utf8.RuneCountInString(m.part))
		w.write("(length(", m.expr, ")>=", length, " AND substr(", m.expr, ",length(", m.expr, ")-", length, "+1)=", w.param(m.part), ")")
	}
}

func sqlOperator(op string) (string, bool) {
	switch op {
	case "eq":
		return "=", true
	case "ne":
		return "<>", true
	case "gt":
		return ">", true
	case "ge":
		return ">=", true
	case "lt":
		return "<", true
	case "le":
		return "<=", true
	}
	return "", false
}

// mirrored returns the operator that gives the same with its sides exchanged.
func mirrored(op string) string {
	switch op {
	case "gt":
		return "lt"
	case "ge":
		return "le"
	case "lt":
		return "gt"
	case "le":
		return "ge"
	}
	return op
}

package odata

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Filter is a checked $filter.
type Filter struct{ root node }

// ParseFilter reads a $filter. It fails with an [*Error].
func ParseFilter(text string, schema Schema) (*Filter, error) {
	p, err := newParser(text, schema)
	if err != nil {
		return nil, err
	}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.token.kind != endToken {
		return nil, p.unexpected("and, or, or the end" + p.zoneHint())
	}
	return &Filter{root}, nil
}

// node is a boolean expression.
type node interface {
	appendSQL(w *sqlWriter)
}

// junction is true when all (and) or any (or) of its terms are.
type junction struct {
	or    bool
	terms []node
}

type negation struct{ term node }

type constant bool

// comparison holds the member's expression against a value.
type comparison struct {
	member *Member
	expr   string // member.SQL, perhaps inside lower() or upper()
	op     string // eq ne gt ge lt le
	value  any    // nil: null
}

// membership is true when the member's expression equals one of the values.
type membership struct {
	member *Member
	expr   string
	values []any
}

// anyElement is true when the list has an element for which the condition holds; any element when condition is nil.
type anyElement struct {
	list      *Member
	condition node
}

// match looks for part in the member's expression.
type match struct {
	expr     string
	function string // contains, startswith or endswith
	part     string
}

// parser is a recursive-descent parser that looks one token ahead.
type parser struct {
	lexer
	schema   Schema
	variable string // inside any(…): what an element is called; its members, and no others, are then in schema
	token    token  // not yet consumed
	previous token
	depth    int
	terms    int
}

func newParser(text string, schema Schema) (*parser, error) {
	p := &parser{lexer: lexer{text: text}, schema: schema}
	if len(text) > maxBytes {
		return nil, &Error{1, fmt.Sprintf("%d bytes are too many; at most %d", len(text), maxBytes)}
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, &Error{1, "not UTF-8 text"}
	}
	return p, p.advance()
}

func (p *parser) advance() (err error) {
	p.previous = p.token
	p.token, err = p.next()
	return err
}

func (p *parser) unexpected(wanted string) error {
	return p.fail(p.token.pos, "expected %s, found %s", wanted, p.token)
}

// zoneHint explains the commonest cause of a number after a date-time: a + that was not encoded in the address.
func (p *parser) zoneHint() string {
	if p.token.kind == wordToken && strings.Contains(p.token.text, ":") && strings.Contains(p.previous.text, ":") {
		return " (in an address, the + of a time zone is written %2B)"
	}
	return ""
}

// sign consumes the given sign.
func (p *parser) sign(sign string) error {
	if !p.token.isSign(sign) {
		return p.unexpected(fmt.Sprintf("%q", sign))
	}
	return p.advance()
}

// enter counts a level of nesting; leave must follow.
func (p *parser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return p.fail(p.token.pos, "nested deeper than %d levels", maxDepth)
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

func (p *parser) countTerm() error {
	if p.terms++; p.terms > maxTerms {
		return p.fail(p.token.pos, "more than %d values", maxTerms)
	}
	return nil
}

func (p *parser) or() (node, error) { return p.junction("or", p.and) }

func (p *parser) and() (node, error) { return p.junction("and", p.unary) }

func (p *parser) junction(keyword string, operand func() (node, error)) (node, error) {
	first, err := operand()
	if err != nil || !p.token.is(keyword) {
		return first, err
	}
	terms := []node{first}
	for p.token.is(keyword) {
		if err := p.advance(); err != nil {
			return nil, err
		}
		term, err := operand()
		if err != nil {
			return nil, err
		}
		terms = append(terms, term)
	}
	return junction{or: keyword == "or", terms: terms}, nil
}

func (p *parser) unary() (node, error) {
	if !p.token.is("not") {
		return p.primary()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.advance(); err != nil {
		return nil, err
	}
	term, err := p.unary()
	return negation{term}, err
}

func (p *parser) primary() (node, error) {
	switch {
	case p.token.isSign("("):
		return p.group()
	case p.token.is("true"), p.token.is("false"):
		value := p.token.is("true")
		if err := p.countTerm(); err != nil {
			return nil, err
		}
		return constant(value), p.advance()
	case p.token.is("contains"), p.token.is("startswith"), p.token.is("endswith"):
		return p.match()
	}
	if list, ok := p.listOfAny(); ok {
		return p.any(list)
	}
	return p.comparison()
}

// listOfAny returns the name of the list when the token is name/any and a parenthesis follows.
func (p *parser) listOfAny() (name string, ok bool) {
	if p.token.kind != wordToken || !p.sees('(') {
		return "", false
	}
	end := len(p.token.text) - len("/any")
	if end < 0 || !strings.EqualFold(p.token.text[end:], "/any") {
		return "", false
	}
	return p.token.text[:end], true
}

// any reads list/any(), or list/any(x: condition) in which x/member is a member of an element.
//
// The condition sees the element only, so that the elements are looked up once and not for every row.
func (p *parser) any(name string) (node, error) {
	at := p.token.pos
	list, ok := p.schema.find(name)
	switch {
	case p.variable != "":
		return nil, p.fail(at, "any(…) does not stand inside any(…)")
	case !ok:
		return nil, p.fail(at, "%s", p.schema.unknown(name))
	case list.Type != List:
		return nil, p.fail(at, "%s is no list, so there is no any(…) of it", list.Name)
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.advance(); err != nil { // to the parenthesis
		return nil, err
	}
	if err := p.countTerm(); err != nil {
		return nil, err
	}
	variable, err := p.lambda()
	if err != nil {
		return nil, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	found := anyElement{list: list}
	if variable != "" {
		outer := p.schema
		p.schema, p.variable = list.Of, variable
		found.condition, err = p.or()
		p.schema, p.variable = outer, ""
		if err != nil {
			return nil, err
		}
	}
	if !p.token.isSign(")") {
		return nil, p.unexpected(`and, or, or ")"` + p.zoneHint())
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	return p.heldAgainstBool(found)
}

func (p *parser) group() (node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.advance(); err != nil {
		return nil, err
	}
	inner, err := p.or()
	if err != nil {
		return nil, err
	}
	if !p.token.isSign(")") {
		return nil, p.unexpected(`and, or, or ")"` + p.zoneHint())
	}
	return inner, p.advance()
}

// match reads contains(member, 'text'), perhaps held against true or false.
func (p *parser) match() (node, error) {
	m := match{function: strings.ToLower(p.token.text)}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.sign("("); err != nil {
		return nil, err
	}
	in, err := p.operand()
	if err != nil {
		return nil, err
	}
	if in.member == nil || in.member.Type != Text {
		return nil, p.fail(in.pos, "%s looks into a text member, found %s", m.function, in)
	}
	m.expr = in.expr
	if err := p.sign(","); err != nil {
		return nil, err
	}
	part, err := p.operand()
	if err != nil {
		return nil, err
	}
	if part.member != nil || part.literal.kind != quotedToken {
		return nil, p.fail(part.pos, "%s looks for a text in quotes, found %s", m.function, part)
	}
	m.part = part.literal.text
	if err := p.countTerm(); err != nil {
		return nil, err
	}
	if err := p.sign(")"); err != nil {
		return nil, err
	}
	return p.heldAgainstBool(m)
}

// heldAgainstBool reads the optional "eq true" that some clients write after a function.
func (p *parser) heldAgainstBool(n node) (node, error) {
	if !p.token.is("eq") && !p.token.is("ne") {
		return n, nil
	}
	negated := p.token.is("ne")
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch {
	case p.token.is("true"):
	case p.token.is("false"):
		negated = !negated
	default:
		return nil, p.unexpected("true or false")
	}
	if negated {
		n = negation{n}
	}
	return n, p.advance()
}

// comparison reads "member op value", "value op member" or "member in (value, …)".
func (p *parser) comparison() (node, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	if p.token.is("in") {
		return p.membership(left)
	}
	op := strings.ToLower(p.token.text)
	if _, ok := sqlOperator(op); !ok || p.token.kind != wordToken {
		return nil, p.unexpected("eq, ne, gt, ge, lt, le or in after " + left.String())
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	if left.member == nil {
		left, right, op = right, left, mirrored(op)
	}
	if left.member == nil || right.member != nil {
		return nil, p.fail(right.pos, "a member is compared with a value: one of each, found %s and %s", left, right)
	}
	return p.compare(left, op, right)
}

func (p *parser) compare(o operand, op string, with operand) (node, error) {
	m := o.member
	equality := op == "eq" || op == "ne"
	if !equality && (m.Type == Enum || m.Type == GUID || m.Type == Bool) {
		return nil, p.fail(o.pos, "%s is compared by eq, ne and in only", m.Name)
	}
	if err := p.countTerm(); err != nil {
		return nil, err
	}
	if with.literal.is("null") {
		if !equality {
			return nil, p.fail(with.pos, "null is compared by eq and ne only")
		}
		return comparison{m, o.expr, op, nil}, nil
	}
	value, err := p.value(m, with.literal)
	return comparison{m, o.expr, op, value}, err
}

// membership reads what follows the member in "member in (value, …)".
func (p *parser) membership(o operand) (node, error) {
	if o.member == nil {
		return nil, p.fail(o.pos, "in looks for a member among values, found %s", o)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.sign("("); err != nil {
		return nil, err
	}
	m := membership{member: o.member, expr: o.expr}
	for {
		each, err := p.operand()
		if err != nil {
			return nil, err
		}
		if each.member != nil {
			return nil, p.fail(each.pos, "expected a value, found %s", each)
		}
		value, err := p.value(o.member, each.literal)
		if err != nil {
			return nil, err
		}
		if err := p.countTerm(); err != nil {
			return nil, err
		}
		m.values = append(m.values, value)
		if p.token.isSign(")") {
			return m, p.advance()
		}
		if !p.token.isSign(",") {
			return nil, p.unexpected(`"," or ")"`)
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

// operand is a member, perhaps with its case folded, or a literal.
type operand struct {
	member  *Member // nil: a literal
	expr    string
	literal token
	pos     int
}

// String names o in a message.
func (o operand) String() string {
	if o.member != nil {
		return o.member.Name
	}
	return o.literal.String()
}

func (p *parser) operand() (operand, error) {
	t := p.token
	if t.kind != wordToken && t.kind != quotedToken {
		return operand{}, p.unexpected("a member or a value")
	}
	if t.is("tolower") || t.is("toupper") {
		return p.fold()
	}
	if err := p.advance(); err != nil {
		return operand{}, err
	}
	if isLiteral(t) {
		return operand{literal: t, pos: t.pos}, nil
	}
	name, err := p.memberName(t)
	if err != nil {
		return operand{}, err
	}
	m, ok := p.schema.find(name)
	switch {
	case !ok:
		return operand{}, p.fail(t.pos, "%s", p.schema.unknown(name))
	case m.Type == List:
		return operand{}, p.fail(t.pos, "%[1]s is a list: write %[1]s/any(x: x/%[2]s eq …)", m.Name, m.Of[0].Name)
	}
	return operand{member: m, expr: m.SQL, pos: t.pos}, nil
}

// memberName returns the name of the member that t stands for: inside any(…) it comes after the variable.
func (p *parser) memberName(t token) (string, error) {
	variable, name, isPath := strings.Cut(t.text, "/")
	switch {
	case isPath && p.variable != "" && variable == p.variable:
		return name, nil
	case isPath && p.token.isSign("("):
		return "", p.fail(t.pos, "there is no function %.60q; of lists there is any", t.text)
	case isPath:
		return "", p.fail(t.pos, "%.60q: a path leads only from the variable of any(…) to a member", t.text)
	case p.token.isSign("("):
		return "", p.fail(t.pos, "there is no function %.60q; there are contains, startswith, endswith, tolower, toupper and any", t.text)
	case p.variable != "":
		return "", p.fail(t.pos, "inside any(…) members begin with its variable: %s/%.60s", p.variable, t.text)
	}
	return t.text, nil
}

// fold reads tolower(…) or toupper(…). Letters beyond ASCII keep their case, as in both databases.
func (p *parser) fold() (operand, error) {
	function := p.token
	if err := p.enter(); err != nil {
		return operand{}, err
	}
	defer p.leave()
	if err := p.advance(); err != nil {
		return operand{}, err
	}
	if err := p.sign("("); err != nil {
		return operand{}, err
	}
	o, err := p.operand()
	if err != nil {
		return operand{}, err
	}
	switch {
	case o.member != nil && o.member.Type == Text && function.is("tolower"):
		o.expr = "lower(" + o.expr + ")"
	case o.member != nil && o.member.Type == Text:
		o.expr = "upper(" + o.expr + ")"
	case o.member == nil && o.literal.kind == quotedToken:
		o.literal.text = foldASCII(o.literal.text, function.is("tolower"))
	default:
		return operand{}, p.fail(o.pos, "%s folds a text, found %s", strings.ToLower(function.text), o)
	}
	return o, p.sign(")")
}

func foldASCII(text string, lower bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case lower && 'A' <= r && r <= 'Z':
			return r + ('a' - 'A')
		case !lower && 'a' <= r && r <= 'z':
			return r - ('a' - 'A')
		}
		return r
	}, text)
}

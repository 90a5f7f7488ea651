package odata

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	endToken    tokenKind = iota
	wordToken             // a name, keyword, number, date-time or GUID
	quotedToken           // a text in single quotes
	signToken             // ( ) or ,
)

type token struct {
	kind tokenKind
	text string // of a quoted one what is between the quotes, undoubled
	pos  int    // bytes before it
}

func (t token) is(keyword string) bool {
	return t.kind == wordToken && strings.EqualFold(t.text, keyword)
}

func (t token) isSign(sign string) bool { return t.kind == signToken && t.text == sign }

// String names t in a message.
func (t token) String() string {
	switch t.kind {
	case endToken:
		return "the end"
	case quotedToken:
		return fmt.Sprintf("the text '%.40s'", t.text)
	}
	return fmt.Sprintf("%.40q", t.text)
}

// lexer cuts an option's text into tokens.
type lexer struct {
	text string
	pos  int
}

func (l *lexer) skipSpace() {
	for l.pos < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.pos]) >= 0 {
		l.pos++
	}
}

func (l *lexer) next() (token, error) {
	l.skipSpace()
	start := l.pos
	if start == len(l.text) {
		return token{endToken, "", start}, nil
	}
	switch c := l.text[start]; {
	case c == '\'':
		return l.quoted()
	case c == '(' || c == ')' || c == ',':
		l.pos++
		return token{signToken, l.text[start:l.pos], start}, nil
	case isWordByte(c):
		for l.pos < len(l.text) && isWordByte(l.text[l.pos]) {
			l.pos++
		}
		return token{wordToken, l.text[start:l.pos], start}, nil
	}
	r, _ := utf8.DecodeRuneInString(l.text[start:])
	hint := ""
	switch r {
	case '=', '!', '<', '>', '&', '|':
		hint = "; the operators are words: eq ne gt ge lt le and or not"
	case '"', '’', '‘':
		hint = "; texts stand in single quotes: '…'"
	}
	return token{}, l.fail(start, "%q is not part of the language%s", r, hint)
}

// sees reports whether c comes next, after the token that was read last.
func (l *lexer) sees(c byte) bool {
	l.skipSpace()
	return l.pos < len(l.text) && l.text[l.pos] == c
}

// lambda reads the beginning of a lambda expression, such as "s:", and returns the variable; "" when there is no expression.
// It is apart from tokens, because a colon is also a part of date-times.
func (l *lexer) lambda() (variable string, err error) {
	if l.sees(')') {
		return "", nil
	}
	const longest = 60
	start := l.pos
	for l.pos < len(l.text) && isNameByte(l.text[l.pos]) {
		l.pos++
	}
	variable = l.text[start:l.pos]
	if variable == "" || len(variable) > longest || '0' <= variable[0] && variable[0] <= '9' || !l.sees(':') {
		return "", l.fail(start, "expected a variable and a colon, as in any(s: s/member eq 'text')")
	}
	l.pos++
	return variable, nil
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

// quoted reads a text in single quotes, in which a quote is written twice.
func (l *lexer) quoted() (token, error) {
	start := l.pos
	var b strings.Builder
	for rest := l.text[start+1:]; ; {
		i := strings.IndexByte(rest, '\'')
		if i < 0 {
			return token{}, l.fail(start, "the text that begins here has no closing quote; a quote inside a text is written twice")
		}
		b.WriteString(rest[:i])
		rest = rest[i+1:]
		if !strings.HasPrefix(rest, "'") {
			l.pos = len(l.text) - len(rest)
			return token{quotedToken, b.String(), start}, nil
		}
		b.WriteByte('\'')
		rest = rest[1:]
	}
}

func (l *lexer) fail(pos int, format string, args ...any) error {
	return &Error{Position: utf8.RuneCountInString(l.text[:pos]) + 1, Reason: fmt.Sprintf(format, args...)}
}

func isWordByte(c byte) bool {
	return isNameByte(c) || strings.IndexByte(".:+-/", c) >= 0
}

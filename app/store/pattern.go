package store

import (
	"strings"
	"unicode/utf8"
)

// patterns are the alternatives of a text filter: texts, and texts with % (any text) and _ (one character).
type patterns struct {
	exact []string
	wild  []string
}

// parsePatterns splits a filter at its semicolons. Blanks around an alternative do not count, nor do empty ones.
func parsePatterns(filter string) patterns {
	var p patterns
	for text := range strings.SplitSeq(filter, ";") {
		switch text = strings.TrimSpace(text); {
		case text == "":
		case strings.ContainsAny(text, "%_"):
			p.wild = append(p.wild, text)
		default:
			p.exact = append(p.exact, text)
		}
	}
	return p
}

// any reports whether p lets every text pass, for want of an alternative.
func (p patterns) any() bool { return len(p.exact) == 0 && len(p.wild) == 0 }

func (p patterns) match(text string) bool {
	if p.any() {
		return true
	}
	for _, exact := range p.exact {
		if text == exact {
			return true
		}
	}
	for _, wild := range p.wild {
		if matchWild(wild, text) {
			return true
		}
	}
	return false
}

// matchWild reports whether text as a whole has the form of pattern. It takes at most len(pattern)·len(text) steps.
func matchWild(pattern, text string) bool {
	p, t := 0, 0
	star, resume := -1, 0 // the last % and where in text to go on behind it
	for t < len(text) {
		_, width := utf8.DecodeRuneInString(text[t:])
		switch {
		case p < len(pattern) && pattern[p] == '%':
			star, resume = p, t
			p++
		case p < len(pattern) && pattern[p] == '_':
			p++
			t += width
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0:
			_, width = utf8.DecodeRuneInString(text[resume:])
			resume += width
			p, t = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "%") == ""
}

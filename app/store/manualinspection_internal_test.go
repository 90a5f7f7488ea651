package store

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPatternsThatMayMatchTheSame(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"PCB-1", "PCB-1", true}, {"PCB-1", "PCB-2", false}, {"PCB-%", "PCB-1", true}, {"PCB-%", "%-1", true}, {"PCB-%", "ASM-%", false},
		{"PCB-_", "PCB-12", false}, {"PCB-_", "PCB-1", true}, {"%", "anything", true}, {"%", "", true}, {"", "x", false}, {"a%b", "a_b", true}, {"a_", "%a", true}, {"a_", "b%", false},
	} {
		if got := overlap(test.a, test.b); got != test.want || overlap(test.b, test.a) != got {
			t.Errorf("overlap(%q, %q): got %v, want %v both ways", test.a, test.b, got, test.want)
		}
	}
}

// Whatever text two patterns both match, they overlap.
func TestOverlapMissesNoText(t *testing.T) {
	matches := func(pattern, text string) bool {
		expression := strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(pattern))
		return regexp.MustCompile("^" + expression + "$").MatchString(text)
	}
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab%_]{0,6}`)
		a, b, text := pattern.Draw(t, "a"), pattern.Draw(t, "b"), rapid.StringMatching(`[ab]{0,8}`).Draw(t, "text")
		if matches(a, text) && matches(b, text) && !overlap(a, b) {
			t.Fatalf("%q matches %q and %q, which are said not to overlap", text, a, b)
		}
	})
}

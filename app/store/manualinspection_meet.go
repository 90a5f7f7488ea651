package store

import (
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// meet reports whether there may be a unit that both relations match.
func meet(a, b *wats.InspectionRelation) bool {
	return sameEntity(a.EntityKey, b.EntityKey) && a.Status.Or(1) == 1 && b.Status.Or(1) == 1 &&
		overlap(strings.ToLower(a.EntityValue), strings.ToLower(b.EntityValue)) &&
		anyShared(a.Processes, b.Processes, func(p wats.InspectionProcess) report.ID { return p.ProcessID }) &&
		anyShared(a.Sites, b.Sites, func(s wats.InspectionSite) report.ID { return s.SiteID })
}

// sameEntity compares the names of fields: clients write partnumber, PartNumber and Part number.
func sameEntity(a, b string) bool {
	plain := func(text string) string { return strings.ToLower(strings.ReplaceAll(text, " ", "")) }
	return plain(a) == plain(b)
}

// anyShared reports whether two restrictions have something in common; an empty one restricts nothing.
func anyShared[T any](a, b []T, id func(T) report.ID) bool {
	if len(a) == 0 || len(b) == 0 {
		return true
	}
	for _, x := range a {
		for _, y := range b {
			if id(x) == id(y) {
				return true
			}
		}
	}
	return false
}

// overlap reports whether some text matches both patterns, in which % is any text and _ any character.
//
// It walks over both at once: reach[j] says whether what is before the current character of a, and the first j characters of b, match a text.
func overlap(a, b string) bool {
	bs := []rune(b)
	reach := make([]bool, len(bs)+1)
	reach[0] = true
	spread(reach, bs)
	for _, x := range a {
		next := make([]bool, len(bs)+1)
		for j := range next {
			switch {
			case x == '%':
				next[j] = reach[j] || j > 0 && next[j-1]
			case j > 0 && reach[j-1] && bs[j-1] != '%' && (x == bs[j-1] || x == '_' || bs[j-1] == '_'):
				next[j] = true
			case j > 0 && bs[j-1] == '%' && reach[j]: // the % of b takes x
				next[j] = true
			}
		}
		spread(next, bs)
		reach = next
	}
	return reach[len(bs)]
}

// spread carries what is reached over the % of a pattern, which may stand for nothing.
func spread(reach []bool, pattern []rune) {
	for j, r := range pattern {
		if r == '%' && reach[j] {
			reach[j+1] = true
		}
	}
}

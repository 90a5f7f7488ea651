package store

import (
	"fmt"
	"testing"

	"github.com/gowats/gowats"
)

// TestUnitsMoveToMakeRoom: an item for any revision must not be filled by a unit that another item would take, too.
func TestUnitsMoveToMakeRoom(t *testing.T) {
	template := []wats.ProductRelation{
		{ChildPartNumber: "P", Quantity: 1, RevisionMask: "%"},
		{ChildPartNumber: "P", Quantity: 1, RevisionMask: "A,B"},
		{ChildPartNumber: "P", Quantity: 1, ChildRevision: "A"},
		{ChildPartNumber: "Q", Quantity: 2, ChildRevision: "1"},
	}
	for _, tc := range []struct {
		name  string
		units string // a revision of P each
		extra int
	}{
		{"each has its own", "CBA", 0},
		{"the strictest comes first", "ABC", 0},
		{"two move on", "AAC", 0},
		{"two that fit one item only", "CD", 1},
		{"one more than there is room for", "ABCA", 1},
		{"none", "", 0},
	} {
		var units []wats.ChildUnit
		for i, revision := range tc.units {
			units = append(units, wats.ChildUnit{SerialNumber: fmt.Sprint(i), PartNumber: "P", Revision: string(revision)})
		}
		f := fit(template, units)
		if len(f.extra) != tc.extra {
			t.Errorf("%s: %d units have no room, want %d", tc.name, len(f.extra), tc.extra)
		}
		for item, of := range f.of {
			if len(of) > template[item].Quantity {
				t.Errorf("%s: item %d has %d units", tc.name, item, len(of))
			}
			for _, unit := range of {
				if !accepts(&template[item], units[unit]) {
					t.Errorf("%s: item %d has unit %+v", tc.name, item, units[unit])
				}
			}
		}
	}
}

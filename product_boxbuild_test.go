package wats_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func TestMatchRevisionMask(t *testing.T) {
	for _, tc := range []struct {
		mask, revision string
		want           bool
	}{
		{"1.0,2.%", "1.0", true},
		{"1.0,2.%", "1.1", false},
		{"1.0,2.%", "2.", true},
		{"1.0,2.%", "2.7.1", true},
		{"1.0,2.%", "2", false},
		{"%", "", true},
		{"%", "anything", true},
		{" A , B ", "B", true},
		{"a", "A", false},
		{"", "", false},
		{",", "", false},
		{"1_%", "1x", false}, // _ is text
	} {
		if got := wats.MatchRevisionMask(tc.mask, tc.revision); got != tc.want {
			t.Errorf("mask %q with %q: got %v, want %v", tc.mask, tc.revision, got, tc.want)
		}
	}
	exact := wats.ProductRelation{ChildRevision: "B"}
	if !exact.Accepts("B") || exact.Accepts("C") || exact.Accepts("") {
		t.Error("a row without mask does not let exactly the child's revision pass")
	}
}

func TestProductRelationValidate(t *testing.T) {
	r := wats.ProductRelation{Quantity: 0, RevisionMask: "1.%.2,,3"}
	want := "[$.ParentProductRevisionId $.ProductRevisionId $.Quantity $.RevisionMask $.RevisionMask]"
	if got := fmt.Sprint(paths(r.Validate())); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	r = wats.ProductRelation{ParentID: report.NewID(), ChildID: report.NewID(), Quantity: 1, RevisionMask: "%, 2.%"}
	if found := r.Validate(); len(found) > 0 {
		t.Errorf("a good row: got %v", found)
	}
}

func TestProductRelationSpellings(t *testing.T) {
	const parent, child, row = "6ba7b810-9dad-11d1-80b4-00c04fd430c1", "6ba7b810-9dad-11d1-80b4-00c04fd430c2", "6ba7b810-9dad-11d1-80b4-00c04fd430c3"
	for _, text := range []string{
		`{"ProductRevisionRelationId":"` + row + `","ParentProductRevisionId":"` + parent + `","ProductRevisionId":"` + child + `","ItemNumber":null}`,
		`{"relationId":"` + row + `","parentProductRevisionId":"` + parent + `","childProductRevisionId":"` + child + `","quantity":1,"revisionMask":null}`,
	} {
		var r wats.ProductRelation
		if err := json.Unmarshal([]byte(text), &r); err != nil || r.ID.String() != row || r.ParentID.String() != parent || r.ChildID.String() != child || r.Quantity != 1 {
			t.Errorf("%s: got %+v, %v", text, r, err)
		}
	}
}

package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gowats/gowats"
)

func TestMergeSettings(t *testing.T) {
	stored := []wats.Setting{{Key: "a", Value: "1"}, {Key: "c", Value: "3"}}
	for name, tc := range map[string]struct {
		changes []wats.Setting
		want    []wats.Setting
		changed bool
	}{
		"nothing":               {nil, stored, false},
		"add":                   {[]wats.Setting{{Key: "b", Value: "2", Change: wats.AddSetting}}, []wats.Setting{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}, {Key: "c", Value: "3"}}, true},
		"add what is there":     {[]wats.Setting{{Key: "a", Value: "9", Change: wats.AddSetting}}, []wats.Setting{{Key: "a", Value: "9"}, {Key: "c", Value: "3"}}, true},
		"change":                {[]wats.Setting{{Key: "c", Value: "", Change: wats.ChangeSetting}}, []wats.Setting{{Key: "a", Value: "1"}, {Key: "c"}}, true},
		"the same value":        {[]wats.Setting{{Key: "c", Value: "3"}}, stored, false},
		"remove":                {[]wats.Setting{{Key: "a", Change: wats.RemoveSetting}}, []wats.Setting{{Key: "c", Value: "3"}}, true},
		"remove what is not so": {[]wats.Setting{{Key: "x", Change: wats.RemoveSetting}}, stored, false},
		"keys differ in case":   {[]wats.Setting{{Key: "A", Value: "0"}}, []wats.Setting{{Key: "A", Value: "0"}, {Key: "a", Value: "1"}, {Key: "c", Value: "3"}}, true},
	} {
		got, changed := mergeSettings(stored, tc.changes)
		if diff := cmp.Diff(tc.want, got); diff != "" || changed != tc.changed {
			t.Errorf("%s: changed %v, want %v; difference (-want +got):\n%s", name, changed, tc.changed, diff)
		}
		back, err := decodeSettings(encodeSettings(got))
		if err != nil || len(back) != len(got) {
			t.Errorf("%s: after storing: %v, %v", name, back, err)
		}
	}
	if stored[0].Value != "1" || len(stored) != 2 {
		t.Errorf("the tags given have been changed: %v", stored)
	}
}

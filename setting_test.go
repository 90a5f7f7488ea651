package wats_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gowats/gowats"
)

func TestValidateSettings(t *testing.T) {
	found := wats.ValidateSettings([]wats.Setting{
		{Key: "Line", Value: "4", Change: wats.AddSetting},
		{Key: " "},
		{Key: "Line"},
		{Key: "Odd", Change: 4},
		{Key: strings.Repeat("k", 101), Value: "a\x00b"},
	})
	want := []string{"$[1].key required", "$[2].key unique", "$[3].change enum", "$[4].key length", "$[4].value characters"}
	for i, f := range found {
		if i >= len(want) || f.Path+" "+f.Rule != want[i] {
			t.Errorf("finding %d: got %s %s", i, f.Path, f.Rule)
		}
	}
	if len(found) != len(want) {
		t.Errorf("got %d findings, want %d", len(found), len(want))
	}
}

func TestSettingOnTheWire(t *testing.T) {
	var s wats.Setting
	if err := json.Unmarshal([]byte(`{"key":"Line","value":null,"change":null}`), &s); err != nil || s != (wats.Setting{Key: "Line"}) {
		t.Errorf("null value: got %+v, %v", s, err)
	}
	got, err := json.Marshal(wats.Setting{Key: "Line", Change: wats.RemoveSetting})
	if want := `{"key":"Line","value":"","change":3}`; string(got) != want || err != nil {
		t.Errorf("removal: got %s, %v; want %s", got, err, want)
	}
}

package wats_test

import (
	"encoding/json"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// TestUnitCarriesItsProcessAsText: the Python client refuses a unit whose process is a number.
func TestUnitCarriesItsProcessAsText(t *testing.T) {
	none := report.Optional[int]{}
	for text, want := range map[string]report.Optional[int]{
		`{"processCode":"100"}`: report.Some(100), `{"processCode":100}`: report.Some(100), `{"PROCESSCODE":" 7 "}`: report.Some(7),
		`{"processCode":null}`: none, `{"processCode":""}`: none, `{}`: none,
	} {
		var u wats.Unit
		if err := json.Unmarshal([]byte(text), &u); err != nil || u.ProcessCode != want || u.Extra != nil {
			t.Errorf("unit %s: got process %v, extra %s, %v; want %v", text, u.ProcessCode, u.Extra, err, want)
		}
	}
	var u wats.Unit
	if err := json.Unmarshal([]byte(`{"processCode":"ten"}`), &u); err == nil {
		t.Errorf("unit with process ten: got %v, want an error", u.ProcessCode)
	}
	const whole = `{"serialNumber":"1","partNumber":"P","tags":[],"subUnits":[],"processCode":"100","odd":[1]}`
	if err := json.Unmarshal([]byte(whole), &u); err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(u); err != nil || string(got) != whole {
		t.Errorf("unit read and written: got %s, %v; want %s", got, err, whole)
	}
	u.ProcessCode = none
	if got, _ := json.Marshal(u); string(got) != `{"serialNumber":"1","partNumber":"P","tags":[],"subUnits":[],"odd":[1]}` {
		t.Errorf("unit without process: got %s", got)
	}
}

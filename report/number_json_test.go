package report_test

import (
	"encoding/json"
	"testing"

	"github.com/gowats/gowats/report"
)

func TestNumberAsAMemberOfAnyJSON(t *testing.T) {
	type row struct {
		Value report.Number `json:"value,omitzero"`
	}
	for text, want := range map[string]string{
		`{"value":1.25}`:                     `{"value":1.25}`,
		`{"value":3}`:                        `{"value":3.0}`,
		`{"value":0.1000000000000000055511}`: `{"value":0.1000000000000000055511}`,
		`{"value":"NaN"}`:                    `{"value":"NaN"}`,
		`{"value":"-Infinity"}`:              `{"value":"-Infinity"}`,
		`{"value":"1,5"}`:                    `{"value":"1,5"}`,
		`{"value":null}`:                     `{}`,
		`{"value":""}`:                       `{}`,
		`{}`:                                 `{}`,
	} {
		var r row
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := json.Marshal(r); err != nil || string(got) != want {
			t.Errorf("%s: written again as %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{`{"value":true}`, `{"value":[1]}`, `{"value":{}}`} {
		if err := json.Unmarshal([]byte(text), new(row)); err == nil {
			t.Errorf("%s: got no error", text)
		}
	}
	if got, err := json.Marshal([]report.Number{{}, report.Num(2)}); err != nil || string(got) != "[null,2.0]" {
		t.Errorf("an absent number in a list: got %s, %v; want null", got, err)
	}
}

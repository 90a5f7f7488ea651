package wats_test

import (
	"encoding/json"
	"testing"

	"github.com/gowats/gowats"
)

func TestTimeOnTheWire(t *testing.T) {
	for in, out := range map[string]string{
		`"2026-11-23T10:00:00"`:               `"2026-11-23T10:00:00Z"`,
		`"2026-11-23T10:00:00.1234567+01:00"`: `"2026-11-23T09:00:00.1234567Z"`,
		`null`:                                `null`,
		`""`:                                  `null`,
	} {
		var at wats.Time
		if err := json.Unmarshal([]byte(in), &at); err != nil {
			t.Errorf("read %s: %v", in, err)
			continue
		}
		if got, err := json.Marshal(at); string(got) != out || err != nil {
			t.Errorf("%s is written as %s, %v; want %s", in, got, err, out)
		}
	}
	for _, in := range []string{`"yesterday"`, `12`} {
		if err := json.Unmarshal([]byte(in), new(wats.Time)); err == nil {
			t.Errorf("read %s: got no error", in)
		}
	}
}

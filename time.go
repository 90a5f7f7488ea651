package wats

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gowats/gowats/report"
)

// Time is a date-time in the answers of a server. One without offset is UTC; null and "" are the zero Time, which is left out of what is sent.
type Time struct{ time.Time }

// MarshalJSON writes UTC with as many fraction digits as needed, null for the zero Time.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(t.UTC().Format(time.RFC3339Nano))
}

// UnmarshalJSON reads an ISO 8601 date-time.
func (t *Time) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	if text == "" {
		*t = Time{}
		return nil
	}
	at, _, err := report.ParseTime(text, time.UTC)
	if err != nil {
		return fmt.Errorf("%.40q is no date-time: %w", text, err)
	}
	t.Time = at.UTC()
	return nil
}

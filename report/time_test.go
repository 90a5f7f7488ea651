package report_test

import (
	"testing"
	"time"

	"github.com/gowats/gowats/report"
)

func TestParseTime(t *testing.T) {
	oslo := time.FixedZone("", 3600)
	for _, tt := range []struct {
		name, text, want string
		naive            bool
	}{
		{"seven fraction digits", "2026-01-30T22:01:41.4707353+01:00", "2026-01-30T22:01:41.4707353+01:00", false},
		{"nine fraction digits", "2026-01-30T22:01:41.123456789Z", "2026-01-30T22:01:41.123456789Z", false},
		{"a decimal comma", "2026-01-30T22:01:41,5Z", "2026-01-30T22:01:41.5Z", false},
		{"no seconds", "2026-01-30T22:01Z", "2026-01-30T22:01:00Z", false},
		{"a blank between date and time", "2026-01-30 22:01:41Z", "2026-01-30T22:01:41Z", false},
		{"small letters", "2026-01-30t22:01:41z", "2026-01-30T22:01:41Z", false},
		{"an offset without colon", "2026-01-30T22:01:41-0330", "2026-01-30T22:01:41-03:30", false},
		{"an offset of hours", "2026-01-30T22:01:41+14", "2026-01-30T22:01:41+14:00", false},
		{"no offset", "2026-01-30T22:01:41", "2026-01-30T22:01:41+01:00", true},
		{"a leap day", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z", false},
		{"a leap second", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, naive, err := report.ParseTime(tt.text, oslo)
			if err != nil || naive != tt.naive || got.Format(time.RFC3339Nano) != tt.want {
				t.Errorf("ParseTime(%q) = %v, %t, %v; want %s, %t", tt.text, got, naive, err, tt.want, tt.naive)
			}
		})
	}
	for _, text := range []string{
		"", "2026", "2026-01-30", "2026-01-30T", "2026-1-30T22:01:41Z", "2026-13-30T22:01:41Z", "2026-00-30T22:01:41Z", "2026-01-32T22:01:41Z",
		"2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-30T24:01:41Z",
		"2026-01-30T22:60:41Z", "2026-01-30T22:01:61Z", "2026-01-30T22:01:4", "2026-01-30T22:01:41.", "2026-01-30T22:01:41.Z",
		"2026-01-30T22:01:41.1234567890Z", "2026-01-30T22:01:41+1", "2026-01-30T22:01:41+01:0", "2026-01-30T22:01:41+19:00",
		"2026-01-30T22:01:41+01:60", "2026-01-30T22:01:41 Z", "2026-01-30T22:01:41Zx", "2026-01-30X22:01:41Z", "+026-01-30T22:01:41Z",
		"30.01.2026 22:01:41", "2026/01/30T22:01:41Z", "20x6-01-30T22:01:41Z", "2026-01-30T22:01:41+xx:00",
	} {
		if got, _, err := report.ParseTime(text, time.UTC); err == nil {
			t.Errorf("ParseTime(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseTimeWithoutZoneMeansUTC(t *testing.T) {
	got, naive, err := report.ParseTime("2026-01-30T22:01:41", nil)
	if want := time.Date(2026, 1, 30, 22, 1, 41, 0, time.UTC); err != nil || !naive || got != want {
		t.Errorf("ParseTime = %v, %t, %v; want %v", got, naive, err, want)
	}
}

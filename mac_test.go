package wats_test

import (
	"fmt"
	"testing"

	"github.com/gowats/gowats"
)

func TestMACAddresses(t *testing.T) {
	for _, text := range []string{"00-1B-63-84-45-E6", "00:1b:63:84:45:e6", "001b.6384.45e6", "001B638445E6", "00 1B 63 84 45 E6"} {
		if n, err := wats.ParseMAC(text); n != 0x001B638445E6 || err != nil {
			t.Errorf("ParseMAC(%q): %#x, %v; want 0x1b638445e6", text, n, err)
		}
	}
	for _, text := range []string{"", "00-1B-63-84-45", "00-1B-63-84-45-E6-7", "00-1B-63-84-45-G6", "-001B638445E6", "001B638445E6-", "0-01B638445E6", "00-1B-63-84-45-E6FF"} {
		if n, err := wats.ParseMAC(text); err == nil {
			t.Errorf("ParseMAC(%q): %#x, want an error", text, n)
		}
	}
	for n, want := range map[uint64]string{0: "00:00:00:00:00:00", 1<<48 - 1: "FF:FF:FF:FF:FF:FF", 0xA0B: "00:00:00:00:0A:0B"} {
		if got, err := wats.FormatMAC(n, ":"); got != want || err != nil {
			t.Errorf("FormatMAC(%d): %q, %v; want %q", n, got, err, want)
		}
	}
	if got, err := wats.FormatMAC(1<<48, ":"); err == nil {
		t.Errorf("FormatMAC beyond the last: %q, want an error", got)
	}
}

func ExampleParseMAC() {
	n, err := wats.ParseMAC("00-1B-63-84-45-FF")
	if err != nil {
		panic(err)
	}
	next, err := wats.FormatMAC(n+1, ":")
	fmt.Println(next, err)
	// Output: 00:1B:63:84:46:00 <nil>
}

package wats

import (
	"fmt"
	"strings"
)

const macDigits = 12

// ParseMAC returns the number of a MAC address (EUI-48): 00-1B-63-84-45-E6, 00:1b:63:84:45:e6, 001b.6384.45e6, 001B638445E6. Addresses in sequence
// have numbers in sequence.
func ParseMAC(text string) (uint64, error) {
	var number uint64
	digits := 0
	for i := range len(text) {
		c := text[i]
		var digit byte
		switch {
		case '0' <= c && c <= '9':
			digit = c - '0'
		case 'a' <= c && c <= 'f':
			digit = c - 'a' + 10
		case 'A' <= c && c <= 'F':
			digit = c - 'A' + 10
		case strings.IndexByte(":-. ", c) >= 0 && digits > 0 && digits%2 == 0 && digits < macDigits:
			continue
		default:
			return 0, fmt.Errorf("%.40q is no MAC address such as 00-1B-63-84-45-E6: %q stands at character %d", text, c, i+1)
		}
		if digits++; digits <= macDigits {
			number = number<<4 | uint64(digit)
		}
	}
	if digits != macDigits {
		return 0, fmt.Errorf("%.40q is no MAC address such as 00-1B-63-84-45-E6: it has %d hexadecimal digits, not %d", text, digits, macDigits)
	}
	return number, nil
}

// FormatMAC returns the MAC address of a number, six pairs of digits with separator between them: FormatMAC(n, "-") is 00-1B-63-84-45-E6. Digits are
// in upper case. A number beyond FF-FF-FF-FF-FF-FF is an error.
func FormatMAC(number uint64, separator string) (string, error) {
	if number >= 1<<48 {
		return "", fmt.Errorf("%d is beyond the last MAC address", number)
	}
	digits := fmt.Sprintf("%012X", number)
	pairs := make([]string, 0, macDigits/2)
	for i := 0; i < macDigits; i += 2 {
		pairs = append(pairs, digits[i:i+2])
	}
	return strings.Join(pairs, separator), nil
}

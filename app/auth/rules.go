package auth

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxNameLength     = 100  // characters
	minPasswordLength = 8    // characters
	maxPasswordBytes  = 1000 // longer ones are refused before any work is done on them
)

// checkName holds a name (what says which) against the rule. A colon would end it in RFC 7617's user:password.
func checkName(what, name string) error {
	switch {
	case !utf8.ValidString(name), name != strings.TrimSpace(name), name == "", utf8.RuneCountInString(name) > maxNameLength,
		strings.Contains(name, ":"), strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%s %q: must be 1 to %d characters without colon, control characters and outer blanks", what, name, maxNameLength)
	}
	return nil
}

// checkPassword holds a password against the rule. The error does not repeat it.
func checkPassword(password string) error {
	switch {
	case utf8.RuneCountInString(password) < minPasswordLength:
		return fmt.Errorf("password: must be at least %d characters", minPasswordLength)
	case len(password) > maxPasswordBytes:
		return fmt.Errorf("password: must be at most %d bytes", maxPasswordBytes)
	case !utf8.ValidString(password), strings.ContainsFunc(password, unicode.IsControl):
		return fmt.Errorf("password: must be valid UTF-8 without control characters")
	case strings.HasPrefix(password, tokenPrefix):
		return fmt.Errorf("password: must not begin with %s, as API tokens do", tokenPrefix)
	}
	return nil
}

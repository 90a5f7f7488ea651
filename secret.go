package wats

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that shows in no printed form, not even of a struct that holds it: see [Token]. The zero Secret is "".
type Secret struct{ reveal func() string }

// NewSecret keeps text.
func NewSecret(text string) Secret { return Secret{func() string { return text }} }

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Format writes [secret], whatever the verb.
func (s Secret) Format(w fmt.State, _ rune) {
	_, _ = io.WriteString(w, redacted) // fmt.State never fails
}

// LogValue is [secret].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON writes [secret].
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// UnmarshalJSON keeps a text.
func (s *Secret) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	*s = NewSecret(text)
	return nil
}

package store

import (
	"errors"
	"fmt"
)

// ErrConflict is returned when what is stored stands in the way: the thing is in use, or somebody else changed it meanwhile.
var ErrConflict = errors.New("conflict")

// RuleError is a request refused because of what is stored. Its text is for the one who asked; nothing has been changed.
type RuleError struct {
	kind    error // ErrNotFound or ErrConflict
	message string
}

func (e *RuleError) Error() string { return e.message }

// Unwrap returns ErrNotFound or ErrConflict.
func (e *RuleError) Unwrap() error { return e.kind }

// missing says that something is not there. It matches [ErrNotFound].
func missing(format string, args ...any) error {
	return &RuleError{ErrNotFound, fmt.Sprintf(format, args...)}
}

// conflict says what stands in the way. It matches [ErrConflict].
func conflict(format string, args ...any) error {
	return &RuleError{ErrConflict, fmt.Sprintf(format, args...)}
}

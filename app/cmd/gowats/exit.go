package main

import (
	"context"
	"errors"

	"github.com/gowats/gowats"
)

// The exit codes, a contract with scripts.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitInterrupted = 3

	exitInstalled      = 10 // of a service, these five
	exitNotInstalled   = 11
	exitNotInstallable = 12
	exitNotUninstalled = 13
	exitNotPermitted   = 14

	exitConfiguration = 20
	exitNoConfig      = 21
	exitInvalidConfig = 22

	exitNotStarted = 30 // of a service, these four
	exitNotStopped = 31
	exitNotRunning = 32
	exitNotInTime  = 33

	exitNetwork     = 40
	exitUnreachable = 41
	exitAuth        = 42
	exitSomeFailed  = 50
)

// codedError is an error with an exit code of its own.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

// withCode gives err an exit code.
func withCode(code int, err error) error { return &codedError{code, err} }

// exitCode returns the code that tells scripts what err was about.
func exitCode(ctx context.Context, err error) int {
	var coded *codedError
	switch {
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, wats.ErrUnauthorized), errors.Is(err, wats.ErrForbidden):
		return exitAuth
	case errors.Is(err, wats.ErrOffline), errors.Is(err, wats.ErrCircuitOpen):
		return exitUnreachable
	case errors.Is(err, wats.ErrTimeout):
		return exitNetwork
	}
	return exitError
}

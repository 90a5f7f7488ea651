package secret

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"
)

// keyringPatience is how long the operating system's keyring is waited for: its user may have to type a password.
const keyringPatience = time.Minute

// ring keeps short texts for the user of this process, in the keyring of the operating system. Its errors match [ErrKeyring].
type ring struct {
	reachable func() error // returns why there is none to ask
	read      func(service, account string) (string, error)
	write     func(service, account, text string) error
}

func osRing() ring { return ring{reachable, keyring.Get, keyring.Set} }

func (r ring) get(ctx context.Context, service, account string) (string, error) {
	text, err := r.ask(ctx, func() (string, error) { return r.read(service, account) })
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return "", fmt.Errorf("%w: it holds no entry %q of %q; run as the user who stored the secrets, or remove %s and store them again",
			ErrKeyring, account, service, sealedName)
	case err != nil:
		return "", err
	}
	return text, nil
}

func (r ring) set(ctx context.Context, service, account, text string) error {
	_, err := r.ask(ctx, func() (string, error) { return "", r.write(service, account, text) })
	return err
}

// ask calls the keyring and does not wait for it longer than it has patience: the keyring's own calls know no context.
func (r ring) ask(ctx context.Context, call func() (string, error)) (string, error) {
	const remedy = "; unlock it (sign in to the desktop), or allow a key file or a passphrase"
	if err := r.reachable(); err != nil {
		return "", fmt.Errorf("%w: %w%s", ErrKeyring, err, remedy)
	}
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1) // so that a late answer blocks nobody
	go func() {
		text, err := call()
		done <- result{text, err}
	}()
	patience := time.NewTimer(keyringPatience)
	defer patience.Stop()
	select {
	case told := <-done:
		if told.err != nil && !errors.Is(told.err, keyring.ErrNotFound) {
			return "", fmt.Errorf("%w: %w%s", ErrKeyring, told.err, remedy)
		}
		return told.text, told.err
	case <-patience.C:
		return "", fmt.Errorf("%w: no answer within %v%s", ErrKeyring, keyringPatience, remedy)
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %w", ErrKeyring, ctx.Err())
	}
}

package secret

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"
)

// ring keeps short texts for the user of this process. Its errors match [ErrKeyring].
type ring interface {
	get(ctx context.Context, service, account string) (string, error)
	set(ctx context.Context, service, account, text string) error
}

// keyringPatience is how long the operating system's keyring is waited for: its user may have to type a password.
const keyringPatience = time.Minute

// osRing is the keyring of the operating system.
type osRing struct{}

func (osRing) get(ctx context.Context, service, account string) (string, error) {
	text, err := ask(ctx, func() (string, error) { return keyring.Get(service, account) })
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return "", fmt.Errorf("%w: it holds no entry %q of %q; run as the user who stored the secrets, or remove %s and store them again",
			ErrKeyring, account, service, sealedName)
	case err != nil:
		return "", err
	}
	return text, nil
}

func (osRing) set(ctx context.Context, service, account, text string) error {
	_, err := ask(ctx, func() (string, error) { return "", keyring.Set(service, account, text) })
	return err
}

// ask calls the keyring and does not wait for it longer than it has patience: the keyring's own calls know no context.
func ask(ctx context.Context, call func() (string, error)) (string, error) {
	const remedy = "; unlock it (sign in to the desktop), or allow a key file or a passphrase"
	if err := reachable(); err != nil {
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
	case r := <-done:
		if r.err != nil && !errors.Is(r.err, keyring.ErrNotFound) {
			return "", fmt.Errorf("%w: %w%s", ErrKeyring, r.err, remedy)
		}
		return r.text, r.err
	case <-patience.C:
		return "", fmt.Errorf("%w: no answer within %v%s", ErrKeyring, keyringPatience, remedy)
	case <-ctx.Done():
		return "", fmt.Errorf("%w: %w", ErrKeyring, ctx.Err())
	}
}

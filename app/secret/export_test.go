package secret

import "context"

// OpenOn is Open on a machine of that ID, "" for none.
func OpenOn(ctx context.Context, o Options, id string) (*Store, error) {
	return open(ctx, o, host{osRing(), func() string { return id }})
}

// OpenWith is Open where a keyring is there, as on Windows and macOS, and answers what read and write do.
func OpenWith(ctx context.Context, o Options, read func(service, account string) (string, error), write func(service, account, text string) error) (*Store, error) {
	return open(ctx, o, host{ring{func() error { return nil }, read, write}, func() string { return "" }})
}

// KeyringPatience is how long a keyring is waited for.
const KeyringPatience = keyringPatience

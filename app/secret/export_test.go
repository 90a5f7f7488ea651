package secret

import "context"

// OpenOn is Open on a machine of that ID, "" for none.
func OpenOn(ctx context.Context, o Options, id string) (*Store, error) {
	return open(ctx, o, host{ring: osRing{}, machineID: func() string { return id }})
}

// OpenWith is Open with a keyring whose answers are those of get and set.
func OpenWith(ctx context.Context, o Options, get func() (string, error), set func(text string) error) (*Store, error) {
	return open(ctx, o, host{ring: fakeRing{get, set}, machineID: func() string { return "" }})
}

type fakeRing struct {
	getText func() (string, error)
	setText func(string) error
}

func (r fakeRing) get(ctx context.Context, _, _ string) (string, error) { return ask(ctx, r.getText) }

func (r fakeRing) set(ctx context.Context, _, _, text string) error {
	_, err := ask(ctx, func() (string, error) { return "", r.setText(text) })
	return err
}

// KeyringPatience is how long a keyring is waited for.
const KeyringPatience = keyringPatience

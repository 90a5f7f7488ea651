package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/gowats/gowats/app/store"
)

// tokenPrefix lets people and secret scanners recognise a token, and tells it from a password.
const tokenPrefix = "gw_"

// secretSize is the number of random bytes in a token and in a session: beyond guessing, so a plain hash protects them.
const secretSize = 32

const tokenLength = len(tokenPrefix) + (secretSize*8+5)/6

// IssueToken makes an API token (gw_…) for an existing user and returns its secret, which is shown this once.
// name says what the token is for. It returns [store.ErrNotFound] when there is no such user.
func (a *Service) IssueToken(ctx context.Context, user, name string) (string, error) {
	if err := checkName("token name", name); err != nil {
		return "", err
	}
	owner, err := a.store.User(ctx, user)
	if err != nil {
		return "", fmt.Errorf("issue a token to %q: %w", user, err)
	}
	secret := tokenPrefix + newSecret()
	token := store.Token{Hash: sha256.Sum256([]byte(secret)), User: owner.Name, Name: name, CreatedAt: a.now()}
	if err := a.store.CreateToken(ctx, token); err != nil {
		return "", fmt.Errorf("issue a token to %q: %w", user, err)
	}
	return secret, nil
}

// token checks the secret of an API token. It is looked up by its hash, so no comparison takes time that tells of the secret.
func (a *Service) token(ctx context.Context, secret string) (Identity, error) {
	if len(secret) != tokenLength {
		return Identity{}, ErrDenied
	}
	key := a.verified.key("token", "", secret)
	if id, ok := a.verified.get(key); ok {
		return id, nil
	}
	user, err := a.store.UserByToken(ctx, sha256.Sum256([]byte(secret)))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Identity{}, ErrDenied
	case err != nil:
		return Identity{}, fmt.Errorf("look up the token: %w", err)
	}
	id := Identity{User: user.Name, Role: Role(user.Role)}
	a.verified.put(key, id)
	return id, nil
}

// newSecret returns fresh random bytes as text that is safe in headers and cookies.
func newSecret() string { return base64.RawURLEncoding.EncodeToString(randomBytes(secretSize)) }

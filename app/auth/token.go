package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

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
	return a.issue(ctx, store.Token{User: user, Name: name})
}

// IssueTokenUntil is IssueToken for a token that ends. Role is Provision for one that is good for SCIM alone, "" for all that the user may.
func (a *Service) IssueTokenUntil(ctx context.Context, user, name string, role Role, ends time.Time) (string, error) {
	if role != "" && role != Provision {
		return "", fmt.Errorf("issue a token to %q: role %q is not %s", user, role, Provision)
	}
	return a.issue(ctx, store.Token{User: user, Name: name, Scope: string(role), ExpiresAt: ends})
}

func (a *Service) issue(ctx context.Context, t store.Token) (string, error) {
	if err := checkName("token name", t.Name); err != nil {
		return "", err
	}
	owner, err := a.store.User(ctx, t.User)
	if err != nil {
		return "", fmt.Errorf("issue a token to %q: %w", t.User, err)
	}
	secret := tokenPrefix + newSecret()
	t.Hash, t.User, t.CreatedAt = sha256.Sum256([]byte(secret)), owner.Name, a.now()
	if err := a.store.CreateToken(ctx, t); err != nil {
		return "", fmt.Errorf("issue a token to %q: %w", owner.Name, err)
	}
	return secret, nil
}

// Token returns what is known of the token with that secret, or an error that matches [store.ErrNotFound].
func (a *Service) Token(ctx context.Context, secret string) (store.Token, error) {
	_, token, err := a.store.UserByToken(ctx, sha256.Sum256([]byte(secret)))
	return token, err
}

// token checks the secret of an API token. It is looked up by its hash, so no comparison takes time that tells of the secret.
func (a *Service) token(ctx context.Context, secret string) (Identity, error) {
	if len(secret) != tokenLength {
		return Identity{}, ErrDenied
	}
	if err := a.notice(ctx, false); err != nil {
		return Identity{}, err
	}
	key := a.verified.key("token", "", secret)
	if id, ok := a.verified.get(key); ok {
		return id, nil
	}
	seen := a.verified.generation()
	user, token, err := a.store.UserByToken(ctx, sha256.Sum256([]byte(secret)))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Identity{}, ErrDenied
	case err != nil:
		return Identity{}, fmt.Errorf("look up the token: %w", err)
	case user.Disabled, !token.ExpiresAt.IsZero() && !a.now().Before(token.ExpiresAt):
		return Identity{}, ErrDenied
	}
	id := Identity{User: user.Name, Role: Role(user.Role)}
	if token.Scope != "" {
		if id.Role != Admin { // who made it may no longer do so
			return Identity{}, ErrDenied
		}
		id.Role = Role(token.Scope)
	}
	a.verified.put(key, id, seen, token.ExpiresAt)
	return id, nil
}

// newSecret returns fresh random bytes as text that is safe in headers and cookies.
func newSecret() string { return base64.RawURLEncoding.EncodeToString(randomBytes(secretSize)) }

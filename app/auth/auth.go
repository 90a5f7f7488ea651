// Package auth says who a request is from: users, passwords, API tokens, sessions and roles.
package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gowats/gowats/app/store"
)

// ErrDenied is returned for a wrong name, password or token, without telling which.
var ErrDenied = errors.New("wrong user name, password or token")

// Role is what an account may do. Each role includes those before it.
type Role string

// The roles.
const (
	Read  Role = "read"  // see everything
	Write Role = "write" // submit reports
	Admin Role = "admin" // manage accounts and settings

	Provision Role = "scim" // of tokens only: manage accounts by SCIM, and nothing else
)

// rank orders the roles from 1; 0 for a word that is no role.
func (r Role) rank() int {
	switch r {
	case Read:
		return 1
	case Write:
		return 2
	case Admin:
		return 3
	}
	return 0
}

// Identity is who made a request.
type Identity struct {
	User string // as the account spells it
	Role Role
}

// May reports whether the identity has at least the role need. Nobody has a need that is no role.
func (i Identity) May(need Role) bool {
	if need == Provision {
		return i.Role == Provision || i.Role == Admin
	}
	return need.rank() > 0 && i.Role.rank() >= need.rank()
}

// Service checks credentials against the store. It is safe for concurrent use.
//
// A credential that was right is taken as right for five minutes more, so that a request costs neither key stretching nor a
// query. A change of an account or a token ends that: at once when it is made by this Service, within a second when another process makes it.
type Service struct {
	store    *store.Store
	changes  changes
	hasher   *hasher
	verified *memory   // credentials that were right a short while ago
	sessions *sessions // of browsers
	now      func() time.Time
}

// New returns a Service over s.
func New(s *store.Store) *Service { return newService(s, time.Now) }

func newService(s *store.Store, now func() time.Time) *Service {
	return &Service{store: s, hasher: newHasher(), verified: newMemory(now), sessions: newSessions(now), now: now}
}

// CreateUser makes an account. It returns [store.ErrExists] when the name is taken, and an error that tells the rule for a bad name or password.
func (a *Service) CreateUser(ctx context.Context, name, password string, role Role) error {
	if err := errors.Join(checkName("user name", name), checkPassword(password)); err != nil {
		return err
	}
	if role.rank() == 0 {
		return fmt.Errorf("role %q: must be read, write or admin", role)
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return fmt.Errorf("hash the password of %q: %w", name, err)
	}
	user := store.User{Name: name, PasswordHash: hash, Role: string(role), CreatedAt: a.now()}
	if err := a.store.CreateUser(ctx, user); err != nil {
		return fmt.Errorf("create user %q: %w", name, err)
	}
	return nil
}

// Bootstrap makes the first administrator when there is no account at all, and reports whether it did.
// credentials is user:password.
func (a *Service) Bootstrap(ctx context.Context, credentials string) (bool, error) {
	n, err := a.store.CountUsers(ctx)
	if err != nil {
		return false, fmt.Errorf("count accounts: %w", err)
	}
	if n > 0 {
		return false, nil
	}
	name, password, ok := strings.Cut(credentials, ":")
	if !ok {
		return false, errors.New("first administrator: must be given as user:password")
	}
	switch err := a.CreateUser(ctx, name, password, Admin); {
	case errors.Is(err, store.ErrExists): // another process on the same database was faster
		return false, nil
	case err != nil:
		return false, fmt.Errorf("first administrator: %w", err)
	}
	return true, nil
}

// Password checks a name and a password. Success is remembered for some minutes (keyed by a hash), so that a request costs no key stretching.
// It returns [ErrDenied], or the store's error.
func (a *Service) Password(ctx context.Context, name, password string) (Identity, error) {
	if len(password) > maxPasswordBytes {
		return Identity{}, ErrDenied
	}
	if err := a.notice(ctx, false); err != nil {
		return Identity{}, err
	}
	key := a.verified.key("password", name, password)
	if id, ok := a.verified.get(key); ok {
		return id, nil
	}
	seen := a.verified.generation()
	user, err := a.store.User(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Identity{}, fmt.Errorf("look up the user: %w", err)
	}
	release, err := a.hasher.acquire(ctx)
	if err != nil {
		return Identity{}, err
	}
	defer release()
	if id, ok := a.verified.get(key); ok { // a request beside this one was waited for and has done the work
		return id, nil
	}
	if matches := a.hasher.matches(user.PasswordHash, password); !matches || user.Disabled { // as slow for a user that does not exist
		return Identity{}, ErrDenied
	}
	id := Identity{User: user.Name, Role: Role(user.Role)}
	a.verified.put(key, id, seen, time.Time{})
	return id, nil
}

// Header checks the value of an Authorization header: Basic with base64 of user:password, or Basic or Bearer with a gowats token.
// Basic base64(user:gw_…) is taken too. It returns [ErrDenied], or the store's error.
//
// Source: RFC 7617 (Basic), RFC 6750 (Bearer).
func (a *Service) Header(ctx context.Context, authorization string) (Identity, error) {
	scheme, credential, _ := strings.Cut(authorization, " ")
	credential = strings.Trim(credential, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return a.token(ctx, credential)
	case !strings.EqualFold(scheme, "Basic"):
		return Identity{}, ErrDenied
	case strings.HasPrefix(credential, tokenPrefix): // never base64: that has no underscore
		return a.token(ctx, credential)
	}
	plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(credential, "="))
	if err != nil {
		return Identity{}, ErrDenied
	}
	name, password, ok := strings.Cut(string(plain), ":")
	switch {
	case !ok:
		return Identity{}, ErrDenied
	case strings.HasPrefix(password, tokenPrefix):
		return a.token(ctx, password)
	}
	return a.Password(ctx, name, password)
}

// Package auth says who a request is from: users, passwords, API tokens, sessions and roles.
package auth

import (
	"context"
	"errors"

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
)

// Identity is who made a request.
type Identity struct {
	User string
	Role Role
}

// May reports whether the identity has at least the role need.
func (i Identity) May(need Role) bool { panic("stub") }

// Service checks credentials against the store. It is safe for concurrent use.
type Service struct{}

// New returns a Service over s.
func New(s *store.Store) *Service { panic("stub") }

// CreateUser makes an account. It returns [store.ErrExists] when the name is taken, and an error that tells the rule for a bad name or password.
func (a *Service) CreateUser(ctx context.Context, name, password string, role Role) error {
	panic("stub")
}

// Bootstrap makes the first administrator when there is no account at all, and reports whether it did.
// credentials is user:password.
func (a *Service) Bootstrap(ctx context.Context, credentials string) (bool, error) { panic("stub") }

// IssueToken makes an API token (gw_…) for an existing user and returns its secret, which is shown this once.
func (a *Service) IssueToken(ctx context.Context, user, name string) (string, error) { panic("stub") }

// Password checks a name and a password. Success is remembered for some minutes (keyed by a hash), so that a request costs no key stretching.
func (a *Service) Password(ctx context.Context, name, password string) (Identity, error) {
	panic("stub")
}

// Header checks the value of an Authorization header: Basic with base64 of user:password, or Basic or Bearer with a gowats token.
// Basic base64(user:gw_…) is taken too. It returns [ErrDenied], or the store's error.
func (a *Service) Header(ctx context.Context, authorization string) (Identity, error) { panic("stub") }

// StartSession returns the secret of a new browser session of id; it ends after 12 hours without use, and with the process.
func (a *Service) StartSession(id Identity) string { panic("stub") }

// Session returns the identity of a session secret, or [ErrDenied].
func (a *Service) Session(secret string) (Identity, error) { panic("stub") }

// EndSession forgets a session.
func (a *Service) EndSession(secret string) { panic("stub") }

package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

const noticeEvery = time.Second // a change by another process is noticed after that

// changes is what is known of changes of accounts and tokens.
type changes struct {
	mu      sync.Mutex
	asked   time.Time
	counter int64
}

// notice looks whether accounts or tokens have changed, by whichever process, and forgets what was found right before. It asks once a second, or always
// when a change was made here.
func (a *Service) notice(ctx context.Context, changed bool) error {
	c := &a.changes
	c.mu.Lock()
	defer c.mu.Unlock()
	now := a.now()
	if since := now.Sub(c.asked); !changed && since >= 0 && since < noticeEvery {
		return nil
	}
	counter, err := a.store.AccountChanges(ctx)
	if err != nil {
		return err
	}
	if counter != c.counter {
		a.verified.clear()
		if err := a.sessions.recheck(func(user string) (Identity, bool, error) { return a.current(ctx, user) }); err != nil {
			return err
		}
	}
	c.asked, c.counter = now, counter
	return nil
}

// current returns what a user is now, false when he may not sign in any more.
func (a *Service) current(ctx context.Context, user string) (Identity, bool, error) {
	u, err := a.store.User(ctx, user)
	if errors.Is(err, store.ErrNotFound) {
		return Identity{}, false, nil
	}
	return Identity{User: u.Name, Role: Role(u.Role)}, err == nil && !u.Disabled, err
}

// AddAccount makes an account of u, with a password unless that is "". It returns it as stored, and [store.ErrExists] when the name is taken. A bad name or
// password is told as [*report.InvalidError] by the paths of SCIM.
func (a *Service) AddAccount(ctx context.Context, u store.User, password string) (store.User, error) {
	if err := a.checkAccount(u, password); err != nil {
		return store.User{}, err
	}
	if password != "" {
		hash, err := a.hasher.hash(ctx, password)
		if err != nil {
			return store.User{}, fmt.Errorf("hash the password of %q: %w", u.Name, err)
		}
		u.PasswordHash = hash
	}
	u.CreatedAt = a.now()
	if err := a.store.CreateUser(ctx, u); err != nil {
		return store.User{}, err
	}
	if err := a.notice(ctx, true); err != nil {
		return store.User{}, err
	}
	return a.store.User(ctx, u.Name)
}

func (a *Service) checkAccount(u store.User, password string) error {
	var found report.Findings
	if err := checkName("userName", u.Name); err != nil {
		found = append(found, report.Finding{Path: "$.userName", Rule: "characters", Message: err.Error()})
	}
	if Role(u.Role).rank() == 0 {
		found = append(found, report.Finding{Path: "$.roles", Rule: "enum", Message: fmt.Sprintf("role %q must be read, write or admin", u.Role)})
	}
	if password != "" {
		if err := checkPassword(password); err != nil {
			found = append(found, report.Finding{Path: "$.password", Rule: "password", Message: err.Error()})
		}
	}
	if len(found) > 0 {
		return &report.InvalidError{Violations: found}
	}
	return nil
}

// ChangeAccount changes an account by change, as [store.Store.ChangeUser] does; a password that is not "" takes the place of the old one. Who may no longer
// sign in is out at once.
func (a *Service) ChangeAccount(ctx context.Context, id report.ID, password string, change func(*store.User) error) (store.User, error) {
	hash := ""
	if password != "" {
		if err := checkPassword(password); err != nil {
			return store.User{}, &report.InvalidError{Violations: report.Findings{{Path: "$.password", Rule: "password", Message: err.Error()}}}
		}
		var err error
		if hash, err = a.hasher.hash(ctx, password); err != nil {
			return store.User{}, fmt.Errorf("hash a password: %w", err)
		}
	}
	old, u, err := a.store.ChangeUser(ctx, id, func(u *store.User) error {
		if hash != "" {
			u.PasswordHash = hash
		}
		if err := change(u); err != nil {
			return err
		}
		return a.checkAccount(*u, "")
	})
	if err != nil {
		return store.User{}, err
	}
	if old.Name != u.Name {
		a.sessions.rename(old.Name, u.Name)
	}
	return u, a.notice(ctx, true)
}

// RemoveAccount removes an account with its tokens and sessions.
func (a *Service) RemoveAccount(ctx context.Context, id report.ID) error {
	if _, err := a.store.DeleteUser(ctx, id); err != nil {
		return err
	}
	return a.notice(ctx, true)
}

// WithdrawToken removes the token of that ID; a user's own, or anybody's for "".
func (a *Service) WithdrawToken(ctx context.Context, id, user string) error {
	if err := a.store.DeleteToken(ctx, id, user); err != nil {
		return err
	}
	return a.notice(ctx, true)
}

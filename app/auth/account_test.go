package auth_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
)

// credentials of one account, each of which was used.
type credentials struct {
	auth           *auth.Service
	user           store.User
	token, session string
}

// check uses every credential and wants the same of each.
func (c *credentials) check(t *testing.T, when string, want error, role auth.Role) {
	t.Helper()
	for name, use := range map[string]func(context.Context) (auth.Identity, error){
		"password": func(ctx context.Context) (auth.Identity, error) { return c.auth.Password(ctx, c.user.Name, password) },
		"token":    func(ctx context.Context) (auth.Identity, error) { return c.auth.Header(ctx, "Bearer "+c.token) },
		"session":  func(ctx context.Context) (auth.Identity, error) { return c.auth.Session(ctx, c.session) },
	} {
		got, err := use(t.Context())
		if !errors.Is(err, want) || err == nil && got.Role != role {
			t.Errorf("%s, by %s: got %+v, %v; want role %q, %v", when, name, got, err, role, want)
		}
	}
}

func newCredentials(t *testing.T, s *store.Store, name string) *credentials {
	t.Helper()
	c := &credentials{auth: auth.New(s)}
	var err error
	if c.user, err = c.auth.AddAccount(t.Context(), store.User{Name: name, Role: string(auth.Write)}, password); err != nil {
		t.Fatal(err)
	}
	if c.token, err = c.auth.IssueToken(t.Context(), name, "test"); err != nil {
		t.Fatal(err)
	}
	if c.session, err = c.auth.StartSession(t.Context(), auth.Identity{User: name, Role: auth.Write}); err != nil {
		t.Fatal(err)
	}
	c.check(t, "at first", nil, auth.Write)
	return c
}

func (c *credentials) change(t *testing.T, change func(*store.User)) {
	t.Helper()
	u, err := c.auth.ChangeAccount(t.Context(), c.user.ID, "", func(u *store.User) error { change(u); return nil })
	if err != nil {
		t.Fatal(err)
	}
	c.user = u
}

func TestAChangeOfAnAccountCountsAtOnce(t *testing.T) {
	s := storetest.Open(t, store.Options{})
	c := newCredentials(t, s, "Ann")
	c.change(t, func(u *store.User) { u.Role = string(auth.Read) })
	c.check(t, "with another role", nil, auth.Read)
	c.change(t, func(u *store.User) { u.Name = "Anna" })
	c.check(t, "under another name", nil, auth.Read)
	c.change(t, func(u *store.User) { u.Disabled = true })
	c.check(t, "disabled", auth.ErrDenied, "")
	if _, err := c.auth.StartSession(t.Context(), auth.Identity{User: "Anna", Role: auth.Read}); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("StartSession of a disabled account: got %v, want ErrDenied", err)
	}
	c.change(t, func(u *store.User) { u.Disabled = false })
	if _, err := c.auth.Header(t.Context(), "Bearer "+c.token); err != nil {
		t.Errorf("token of an account that is enabled again: got %v", err)
	}
	if err := c.auth.RemoveAccount(t.Context(), c.user.ID); err != nil {
		t.Fatal(err)
	}
	c.check(t, "removed", auth.ErrDenied, "")
}

func TestAWithdrawnTokenIsRefusedAtOnce(t *testing.T) {
	s := storetest.Open(t, store.Options{})
	c := newCredentials(t, s, "Ann")
	all, err := s.Tokens(t.Context(), "ann")
	if err != nil || len(all) != 1 {
		t.Fatalf("Tokens: got %+v, %v; want one", all, err)
	}
	if err := c.auth.WithdrawToken(t.Context(), all[0].ID(), "ben"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("WithdrawToken of somebody else: got %v, want ErrNotFound", err)
	}
	if err := c.auth.WithdrawToken(t.Context(), all[0].ID(), "ann"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.auth.Header(t.Context(), "Bearer "+c.token); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("a token that was withdrawn: got %v, want ErrDenied", err)
	}
}

func TestTokensEndAndKeepToTheirScope(t *testing.T) {
	s := storetest.Open(t, store.Options{})
	a := auth.New(s)
	admin, err := a.AddAccount(t.Context(), store.User{Name: "root", Role: string(auth.Admin)}, "")
	if err != nil {
		t.Fatal(err)
	}
	ended, err := a.IssueTokenUntil(t.Context(), "root", "old", "", time.Now().Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Header(t.Context(), "Bearer "+ended); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("a token that has ended: got %v, want ErrDenied", err)
	}
	scoped, err := a.IssueTokenUntil(t.Context(), "root", "scim", auth.Provision, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	id, err := a.Header(t.Context(), "Bearer "+scoped)
	if err != nil || !id.May(auth.Provision) || id.May(auth.Read) || id.May(auth.Admin) {
		t.Errorf("a token for provisioning: got %+v, %v; want it to be good for that alone", id, err)
	}
	if _, err := a.AddAccount(t.Context(), store.User{Name: "other", Role: string(auth.Admin)}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := a.ChangeAccount(t.Context(), admin.ID, "", func(u *store.User) error { u.Role = string(auth.Write); return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Header(t.Context(), "Bearer "+scoped); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("a token for provisioning of one who is no administrator any more: got %v, want ErrDenied", err)
	}
}

func TestTheLastAdministratorStays(t *testing.T) {
	s := storetest.Open(t, store.Options{})
	a := auth.New(s)
	root, err := a.AddAccount(t.Context(), store.User{Name: "root", Role: string(auth.Admin)}, password)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*store.User) error{
		"disabled": func(u *store.User) error { u.Disabled = true; return nil },
		"demoted":  func(u *store.User) error { u.Role = "read"; return nil },
	} {
		if _, err := a.ChangeAccount(t.Context(), root.ID, "", change); !errors.Is(err, store.ErrConflict) {
			t.Errorf("the last administrator %s: got %v, want ErrConflict", name, err)
		}
	}
	if err := a.RemoveAccount(t.Context(), root.ID); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the last administrator removed: got %v, want ErrConflict", err)
	}
}

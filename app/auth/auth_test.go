package auth_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const password = "correct horse"

// start returns a service over a new database that has the user Ann, who may write.
func start(t *testing.T) (*auth.Service, *store.Store) {
	t.Helper()
	s := openStore(t)
	a := auth.New(s)
	if err := a.CreateUser(t.Context(), "Ann", password, auth.Write); err != nil {
		t.Fatal(err)
	}
	return a, s
}

func openStore(t *testing.T) *store.Store {
	t.Helper()
	return storetest.Open(t, store.Options{})
}

func basic(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }

func TestHeader(t *testing.T) {
	a, _ := start(t)
	token, err := a.IssueToken(t.Context(), "ann", "line 4")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(token, "gw_") || len(token) != 46 {
		t.Errorf("token: got %q, want gw_ and 32 bytes in base64url", token)
	}
	for _, tc := range []struct {
		name, header string
		good         bool
	}{
		{"user and password", basic("Ann:" + password), true},
		{"user name in another case", basic("ANN:" + password), true},
		{"base64 without padding", strings.TrimRight(basic("Ann:"+password), "="), true},
		{"scheme in another case, more blanks", "BASIC   " + strings.TrimPrefix(basic("Ann:"+password), "Basic "), true},
		{"token as Bearer", "Bearer " + token, true},
		{"token as Basic", "Basic " + token, true},
		{"token as password of anybody", basic("somebody:" + token), true},
		{"token as password of nobody", basic(":" + token), true},
		{"nothing", "", false},
		{"password in another case", basic("Ann:Correct Horse"), false},
		{"empty password", basic("Ann:"), false},
		{"password with more behind it", basic("Ann:" + password + ":"), false},
		{"very long password", basic("Ann:" + strings.Repeat("x", 5000)), false},
		{"unknown user", basic("Ben:" + password), false},
		{"token of other case", "Bearer " + strings.ToUpper(token), false},
		{"token that was never issued", "Bearer gw_" + strings.Repeat("A", 43), false},
		{"token prefix alone", "Bearer gw_", false},
		{"token without scheme", token, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, try := range []string{"first", "second"} { // the second is from memory
				id, err := a.Header(t.Context(), tc.header)
				switch {
				case tc.good && (err != nil || id != auth.Identity{User: "Ann", Role: auth.Write}):
					t.Errorf("%s Header: got %v, %v; want Ann, who may write", try, id, err)
				case !tc.good && (!errors.Is(err, auth.ErrDenied) || id != auth.Identity{}):
					t.Errorf("%s Header: got %v, %v; want ErrDenied", try, id, err)
				}
			}
		})
	}
}

func TestRememberedCredentialsNeedNoStore(t *testing.T) {
	a, s := start(t)
	token, err := a.IssueToken(t.Context(), "Ann", "line 4")
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{basic("Ann:" + password), "Bearer " + token} {
		if _, err := a.Header(t.Context(), header); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{basic("Ann:" + password), "Bearer " + token} {
		if _, err := a.Header(t.Context(), header); err != nil {
			t.Errorf("Header from memory: got %v, want no error", err)
		}
	}
	for _, header := range []string{basic("Ann:" + password + "x"), "Bearer gw_" + strings.Repeat("A", 43)} {
		if _, err := a.Header(t.Context(), header); err == nil || errors.Is(err, auth.ErrDenied) {
			t.Errorf("Header without a store: got %v, want the store's error", err)
		}
	}
}

func TestCreateUser(t *testing.T) {
	a, s := start(t)
	if err := a.CreateUser(t.Context(), "ANN", password, auth.Read); !errors.Is(err, store.ErrExists) {
		t.Errorf("a name that is taken: got %v, want ErrExists", err)
	}
	for name, err := range map[string]error{
		"bad name":     a.CreateUser(t.Context(), "a:b", password, auth.Read),
		"bad password": a.CreateUser(t.Context(), "ben", "short", auth.Read),
		"bad role":     a.CreateUser(t.Context(), "ben", password, "root"),
	} {
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if n, err := s.CountUsers(t.Context()); n != 1 || err != nil {
		t.Errorf("accounts: got %d, %v; want 1", n, err)
	}
	user, err := s.User(t.Context(), "ann")
	if err != nil || strings.Contains(user.PasswordHash, password) || user.PasswordHash == "" {
		t.Errorf("stored account: got %+v, %v; want a hash", user, err)
	}
}

func TestIssueTokenRefuses(t *testing.T) {
	a, _ := start(t)
	if _, err := a.IssueToken(t.Context(), "Ben", "x"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("for an unknown user: got %v, want ErrNotFound", err)
	}
	if _, err := a.IssueToken(t.Context(), "Ann", ""); err == nil {
		t.Error("without a name: got no error")
	}
}

func TestBootstrap(t *testing.T) {
	a := auth.New(openStore(t))
	for _, bad := range []string{"", "ann", "ann:short", ":" + password} {
		if made, err := a.Bootstrap(t.Context(), bad); made || err == nil {
			t.Errorf("Bootstrap(%q): got %v, %v; want an error", bad, made, err)
		}
	}
	if made, err := a.Bootstrap(t.Context(), "ann:with:colons"); !made || err != nil {
		t.Errorf("first Bootstrap: got %v, %v; want true", made, err)
	}
	if made, err := a.Bootstrap(t.Context(), "ben:"+password); made || err != nil {
		t.Errorf("second Bootstrap: got %v, %v; want false", made, err)
	}
	if id, err := a.Password(t.Context(), "ann", "with:colons"); err != nil || id.Role != auth.Admin {
		t.Errorf("Password: got %v, %v; want an administrator", id, err)
	}
}

func TestPasswordEndsWithItsContext(t *testing.T) {
	a, _ := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Password(ctx, "Ann", password); !errors.Is(err, context.Canceled) {
		t.Errorf("Password: got %v, want the context's error", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	a, _ := start(t)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			try, want := password, error(nil)
			if i%8 == 0 {
				try, want = "wrong horse", auth.ErrDenied
			}
			if _, err := a.Password(t.Context(), "Ann", try); !errors.Is(err, want) {
				t.Errorf("Password: got %v, want %v", err, want)
			}
			secret, err := a.StartSession(t.Context(), auth.Identity{User: "Ann", Role: auth.Write})
			if err != nil {
				t.Errorf("StartSession: got %v", err)
			}
			if _, err := a.Session(t.Context(), secret); err != nil {
				t.Errorf("Session: got %v", err)
			}
			a.EndSession(secret)
		})
	}
	wg.Wait()
}

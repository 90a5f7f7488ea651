package wats_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gowats/gowats"
)

// issuer gives the tokens token-1, token-2, …, each valid for life; 0: of unknown end.
type issuer struct {
	life   time.Duration
	wait   time.Duration // that it takes
	issued atomic.Int64
	err    atomic.Pointer[error] // instead of a token
}

func (i *issuer) token(context.Context) (wats.Token, error) {
	n := i.issued.Add(1)
	time.Sleep(i.wait) // in a bubble
	if err := i.err.Load(); err != nil {
		return wats.Token{}, *err
	}
	t := wats.BearerToken(fmt.Sprint("token-", n))
	if i.life > 0 {
		t.Expires = time.Now().Add(i.life)
	}
	return t, nil
}

// guard is a server that takes the tokens of accepted alone.
type guard struct {
	accepted func(token string) bool
	requestLog
}

func (g *guard) transport() wats.Option {
	return wats.WithTransport(direct(func(w http.ResponseWriter, r *http.Request) {
		g.add(r)
		if !g.accepted(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(200, `"1.0"`)(w, r)
	}))
}

func anyToken(string) bool { return true }

func TestTokenIsRenewedShortlyBeforeItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour}
		server := &guard{accepted: anyToken}
		client := newClient(t, "http://plant.example", wats.WithTokenSource(source.token), server.transport())
		for _, c := range []struct {
			after time.Duration
			want  int64
		}{{0, 1}, {58 * time.Minute, 1}, {61 * time.Second, 2}, {0, 2}, {2 * time.Hour, 3}} {
			time.Sleep(c.after)
			if _, err := client.Version(t.Context()); err != nil || source.issued.Load() != c.want {
				t.Errorf("after %v: %v, %d tokens issued, want %d", c.after, err, source.issued.Load(), c.want)
			}
		}
	})
}

func TestManyCallsRenewATokenOnce(t *testing.T) {
	for name, c := range map[string]struct {
		life    time.Duration
		refuses string // the token that the server takes no more
	}{
		"expired by its own date":               {life: time.Minute},
		"refused by the server":                 {life: time.Hour, refuses: "token-1"},
		"of unknown end, refused by the server": {refuses: "token-1"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := &issuer{life: c.life, wait: time.Second}
				var refusing atomic.Bool
				server := &guard{accepted: func(token string) bool { return !refusing.Load() || token != c.refuses }}
				client := newClient(t, "http://plant.example", wats.WithTokenSource(source.token), server.transport(), once)
				if _, err := client.Version(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Minute)
				refusing.Store(true)
				if c.life == 0 {
					source.issued.Store(0) // the source is asked before every try: the calls share token-1, too
				}
				var wg sync.WaitGroup
				var failed atomic.Int64
				for range 1000 {
					wg.Go(func() {
						if _, err := client.Version(t.Context()); err != nil {
							failed.Add(1)
						}
					})
				}
				wg.Wait()
				if n := source.issued.Load(); n != 2 || failed.Load() != 0 {
					t.Errorf("1000 calls: %d failed, %d tokens issued in all, want 0 and 2", failed.Load(), n)
				}
			})
		})
	}
}

func TestFailureToRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		locked := errors.New("keyring is locked")
		source := &issuer{life: 10 * time.Minute}
		server := &guard{accepted: anyToken}
		client := newClient(t, "http://plant.example", wats.WithTokenSource(source.token), server.transport(), once)
		if _, err := client.Version(t.Context()); err != nil {
			t.Fatal(err)
		}
		source.err.Store(&locked)

		time.Sleep(9*time.Minute + 30*time.Second)
		for range 10 {
			if _, err := client.Version(t.Context()); err != nil {
				t.Errorf("with a token that has not expired: %v", err)
			}
		}
		if n := source.issued.Load(); n != 2 {
			t.Errorf("a failing source was asked %d times within a moment, want once", n-1)
		}
		time.Sleep(time.Minute)
		_, err := client.Version(t.Context())
		checkErrors(t, err, []error{wats.ErrUnauthorized, locked}, []error{wats.ErrOffline, wats.ErrTimeout})
		if e, ok := errors.AsType[*wats.TokenError](err); !ok || e.Method != http.MethodGet || e.Path != "/api/App/Version" {
			t.Errorf("Version() = %v, want a TokenError of the request", err)
		}
		source.err.Store(nil)
		if _, err := client.Version(t.Context()); err != nil {
			t.Errorf("after the source is well again: %v", err)
		}
	})
}

func TestFailureToRenewAfter401TellsBoth(t *testing.T) {
	locked := errors.New("keyring is locked")
	source := &issuer{life: time.Hour}
	server := &guard{accepted: func(string) bool { source.err.Store(&locked); return false }}
	client := newClient(t, "http://plant.example", wats.WithTokenSource(source.token), server.transport(), fast)
	_, err := client.Version(t.Context())
	checkErrors(t, err, []error{wats.ErrUnauthorized, locked}, nil)
	if e, ok := errors.AsType[*wats.APIError](err); !ok || e.Status != http.StatusUnauthorized || server.len() != 1 {
		t.Errorf("Version() = %v after %d requests, want the 401 after one", err, server.len())
	}
}

func TestExpiredTokenOfASourceIsRefused(t *testing.T) {
	client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") },
		wats.WithTokenSource(func(context.Context) (wats.Token, error) {
			token := wats.BearerToken("old")
			token.Expires = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).AddDate(-10, 0, 0)
			return token, nil
		}))
	if _, err := client.Version(t.Context()); err == nil || !strings.Contains(err.Error(), "expired at 2016-01-02T03:04:05Z") {
		t.Errorf("Version() = %v, want when the token expired", err)
	}
}

func TestWaitForATokenEnds(t *testing.T) {
	for name, c := range map[string]struct {
		deadline time.Duration
		is, not  error
		took     time.Duration
	}{
		"with the caller's context":         {3 * time.Second, context.DeadlineExceeded, wats.ErrUnauthorized, 3 * time.Second},
		"with the time that a try may take": {time.Hour, wats.ErrUnauthorized, context.DeadlineExceeded, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), c.deadline)
				defer cancel()
				server := &guard{accepted: anyToken}
				client := newClient(t, "http://plant.example", server.transport(), wats.WithTokenSource(func(ctx context.Context) (wats.Token, error) {
					<-ctx.Done()
					return wats.Token{}, ctx.Err()
				}))
				began := time.Now()
				_, err := client.Version(ctx)
				checkErrors(t, err, []error{c.is}, []error{c.not})
				if took := time.Since(began); took != c.took {
					t.Errorf("Version took %v, want %v", took, c.took)
				}
				time.Sleep(time.Minute) // within which the source has to end
			})
		})
	}
}

func TestEnvToken(t *testing.T) {
	for name, c := range map[string]struct{ gowats, wats, want string }{
		"of gowats":             {"one", "", "Basic one"},
		"of WATS":               {"", "two", "Basic two"},
		"of gowats before WATS": {" one\n", "two", "Basic one"},
		"a bearer token":        {"Bearer three", "", "Bearer three"},
		"none":                  {"", " ", "neither GOWATS_TOKEN nor WATS_AUTH_TOKEN"},
		"two words":             {"hunter2 hunter2", "", "GOWATS_TOKEN: the token holds a blank"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOWATS_TOKEN", c.gowats)
			t.Setenv("WATS_AUTH_TOKEN", c.wats)
			checkSource(t, wats.EnvToken(), c.want)
		})
	}
}

func TestFileToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	source := wats.FileToken(path)
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	checkSource(t, source, "token: ") // no such file, whatever the system calls that
	write("one\n", 0o600)
	checkSource(t, source, "Basic one")
	write("two\r\n", 0o600)
	checkSource(t, source, "Basic two")
	write("Bearer three", 0o600)
	checkSource(t, source, "Bearer three")
	write(" \n", 0o600)
	checkSource(t, source, "the token is empty")
	write(strings.Repeat("x", 64<<10+1), 0o600)
	checkSource(t, source, "exceeds 65536 bytes")
	checkSource(t, wats.FileToken(filepath.Dir(path)), "is not a file")
	if runtime.GOOS == "windows" {
		return
	}
	for mode, want := range map[os.FileMode]string{
		0o400: "Basic hunter2", 0o640: "Basic hunter2", 0o644: "chmod 600", 0o604: "chmod 600", 0o660: "chmod 600", 0o602: "chmod 600",
	} {
		write("", 0o600)
		write("hunter2", mode)
		checkSource(t, source, want)
		write("", 0o600)
	}
}

// checkSource checks the header that a client of source sends, or the text of the error.
func checkSource(t *testing.T, source wats.TokenSource, want string) {
	t.Helper()
	var server requestLog
	client := newClient(t, "http://plant.example", wats.WithTokenSource(source), wats.WithTransport(direct(func(w http.ResponseWriter, r *http.Request) {
		server.add(r)
		answer(200, `"1.0"`)(w, r)
	})))
	_, err := client.Version(t.Context())
	if err != nil {
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("source: %v, want %q without the secret", err, want)
		}
		return
	}
	if got := server.all[0].Header.Get("Authorization"); got != want {
		t.Errorf("header = %q, want %q", got, want)
	}
}

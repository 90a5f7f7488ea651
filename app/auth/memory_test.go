package auth

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
)

// fakeClock is a clock that stands until it is moved.
type fakeClock struct{ at time.Time }

func newFakeClock() *fakeClock {
	return &fakeClock{time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) now() time.Time          { return c.at }
func (c *fakeClock) advance(d time.Duration) { c.at = c.at.Add(d) }

func TestMemoryForgetsAfterFiveMinutes(t *testing.T) {
	clock := newFakeClock()
	m := newMemory(clock.now)
	key := m.key("password", "ann", "correct horse")
	m.put(key, Identity{"ann", Read}, m.generation(), time.Time{})

	clock.advance(rememberFor - time.Nanosecond)
	if _, ok := m.get(key); !ok {
		t.Error("get just before the end: not found, want found")
	}
	clock.advance(time.Nanosecond)
	if _, ok := m.get(key); ok {
		t.Error("get after the end: found, want forgotten")
	}
}

func TestMemoryTakesNothingFromBeforeItWasCleared(t *testing.T) {
	m := newMemory(newFakeClock().now)
	key, seen := m.key("password", "ann", "correct horse"), m.generation()
	m.clear()
	m.put(key, Identity{"ann", Read}, seen, time.Time{})
	if _, ok := m.get(key); ok {
		t.Error("a credential that was checked before the memory was cleared: found, want forgotten")
	}
}

func TestMemoryForgetsATokenWhenItEnds(t *testing.T) {
	clock := newFakeClock()
	m := newMemory(clock.now)
	key := m.key("token", "", "gw_x")
	m.put(key, Identity{"ann", Read}, m.generation(), clock.at.Add(time.Minute))
	clock.advance(time.Minute)
	if _, ok := m.get(key); ok {
		t.Error("a token after its end: found, want forgotten")
	}
}

func TestMemoryStaysBounded(t *testing.T) {
	clock := newFakeClock()
	m := newMemory(clock.now)
	for i := range maxRemembered + 100 {
		m.put(m.key("password", "ann", fmt.Sprint(i)), Identity{"ann", Read}, m.generation(), time.Time{})
	}
	if got := len(m.entries); got > maxRemembered {
		t.Errorf("after %d credentials: %d remembered, want at most %d", maxRemembered+100, got, maxRemembered)
	}
	clock.advance(rememberFor)
	m.put(m.key("password", "ben", "x"), Identity{"ben", Read}, m.generation(), time.Time{})
	if got := len(m.entries); got != 1 {
		t.Errorf("one credential after all others expired: %d remembered, want 1", got)
	}
}

func TestMemoryKeysDifferByEveryPart(t *testing.T) {
	m := newMemory(newFakeClock().now)
	seen := map[memoryKey][]string{}
	for _, parts := range [][]string{
		{"password", "ann", "secret"}, {"token", "ann", "secret"}, {"password", "anns", "ecret"},
		{"password", "an", "nsecret"}, {"password", "", "annsecret"}, {"password", "annsecret", ""},
	} {
		key := m.key(parts[0], parts[1], parts[2])
		if before, ok := seen[key]; ok {
			t.Errorf("key of %q is that of %q, want another", parts, before)
		}
		seen[key] = parts
	}
	if other := newMemory(newFakeClock().now); m.key("token", "", "x") == other.key("token", "", "x") {
		t.Error("two processes have the same key for a credential, want different ones")
	}
}

func TestSessions(t *testing.T) {
	ann := Identity{"ann", Write}
	start := func() (*sessions, *fakeClock, string) {
		clock := newFakeClock()
		a := newSessions(clock.now)
		return a, clock, a.add(ann)
	}
	check := func(t *testing.T, a *sessions, secret string, want Identity, wantErr error) {
		t.Helper()
		if got, err := a.find(secret); got != want || !errors.Is(err, wantErr) {
			t.Errorf("find: got %v, %v; want %v, %v", got, err, want, wantErr)
		}
	}
	t.Run("a session gives its identity", func(t *testing.T) {
		a, _, secret := start()
		check(t, a, secret, ann, nil)
	})
	t.Run("an unknown secret is denied", func(t *testing.T) {
		a, _, secret := start()
		check(t, a, secret+"x", Identity{}, ErrDenied)
		check(t, a, "", Identity{}, ErrDenied)
	})
	t.Run("use keeps a session alive", func(t *testing.T) {
		a, clock, secret := start()
		for range 3 {
			clock.advance(sessionIdle - time.Second)
			check(t, a, secret, ann, nil)
		}
	})
	t.Run("a session ends after twelve hours without use", func(t *testing.T) {
		a, clock, secret := start()
		clock.advance(12 * time.Hour)
		check(t, a, secret, Identity{}, ErrDenied)
	})
	t.Run("an ended session is denied and may be ended again", func(t *testing.T) {
		a, _, secret := start()
		a.end(secret)
		a.end(secret)
		check(t, a, secret, Identity{}, ErrDenied)
	})
	t.Run("beyond the bound the longest unused session ends", func(t *testing.T) {
		a, clock, first := start()
		clock.advance(time.Second)
		second := a.add(ann)
		for range maxSessions - 2 {
			clock.advance(time.Millisecond)
			a.add(ann)
		}
		check(t, a, first, ann, nil) // used: now second is the one
		a.add(ann)
		check(t, a, first, ann, nil)
		check(t, a, second, Identity{}, ErrDenied)
		if got := len(a.byHash); got != maxSessions {
			t.Errorf("%d sessions held, want %d", got, maxSessions)
		}
	})
}

func TestAnotherProcessIsNoticedWithinASecond(t *testing.T) {
	s, clock := storetest.Open(t, store.Options{}), newFakeClock()
	here, there := newService(s, clock.now), newService(s, clock.now)
	ann, err := there.AddAccount(t.Context(), store.User{Name: "ann", Role: string(Write)}, "")
	if err != nil {
		t.Fatal(err)
	}
	token, err := here.IssueToken(t.Context(), "ann", "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := here.Header(t.Context(), "Bearer "+token); err != nil {
		t.Fatal(err)
	}
	if _, err := there.ChangeAccount(t.Context(), ann.ID, "", func(u *store.User) error { u.Disabled = true; return nil }); err != nil {
		t.Fatal(err)
	}
	clock.advance(noticeEvery)
	if _, err := here.Header(t.Context(), "Bearer "+token); !errors.Is(err, ErrDenied) {
		t.Errorf("a second after another process has disabled the account: got %v, want ErrDenied", err)
	}
}

package auth

import (
	"errors"
	"fmt"
	"testing"
	"time"
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
	m.put(key, Identity{"ann", Read})

	clock.advance(rememberFor - time.Nanosecond)
	if _, ok := m.get(key); !ok {
		t.Error("get just before the end: not found, want found")
	}
	clock.advance(time.Nanosecond)
	if _, ok := m.get(key); ok {
		t.Error("get after the end: found, want forgotten")
	}
}

func TestMemoryStaysBounded(t *testing.T) {
	clock := newFakeClock()
	m := newMemory(clock.now)
	for i := range maxRemembered + 100 {
		m.put(m.key("password", "ann", fmt.Sprint(i)), Identity{"ann", Read})
	}
	if got := len(m.entries); got > maxRemembered {
		t.Errorf("after %d credentials: %d remembered, want at most %d", maxRemembered+100, got, maxRemembered)
	}
	clock.advance(rememberFor)
	m.put(m.key("password", "ben", "x"), Identity{"ben", Read})
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
	start := func() (*Service, *fakeClock, string) {
		clock := newFakeClock()
		a := newService(nil, clock.now)
		return a, clock, a.StartSession(ann)
	}
	check := func(t *testing.T, a *Service, secret string, want Identity, wantErr error) {
		t.Helper()
		if got, err := a.Session(secret); got != want || !errors.Is(err, wantErr) {
			t.Errorf("Session: got %v, %v; want %v, %v", got, err, want, wantErr)
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
		a.EndSession(secret)
		a.EndSession(secret)
		check(t, a, secret, Identity{}, ErrDenied)
	})
	t.Run("beyond the bound the longest unused session ends", func(t *testing.T) {
		a, clock, first := start()
		clock.advance(time.Second)
		second := a.StartSession(ann)
		for range maxSessions - 2 {
			clock.advance(time.Millisecond)
			a.StartSession(ann)
		}
		check(t, a, first, ann, nil) // used: now second is the one
		a.StartSession(ann)
		check(t, a, first, ann, nil)
		check(t, a, second, Identity{}, ErrDenied)
		if got := len(a.sessions.byHash); got != maxSessions {
			t.Errorf("%d sessions held, want %d", got, maxSessions)
		}
	})
}

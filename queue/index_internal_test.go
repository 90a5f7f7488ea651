package queue

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 3, 12, 0, 0, 0, time.UTC)

// testName returns the name of item number n.
func testName(n, version, priority int) name {
	return name{id: ID{byte(n), byte(n >> 8), byte(n >> 16)}, version: uint16(version), priority: uint8(priority), kind: WSJF}
}

// addAt adds item n, put so long after noon.
func (x *index) addAt(n, version, priority int, after time.Duration) {
	x.add(testName(n, version, priority), 1, noon.Add(after).UnixNano())
}

// drain claims and finishes all, and returns the first bytes of their IDs.
func (x *index) drain(now time.Time) (order []int) {
	for {
		i := x.claim(now)
		if i == none {
			return order
		}
		order = append(order, int(x.entries[i].id[0]))
		x.finish(i)
	}
}

func TestOrderIsByPriorityThenAge(t *testing.T) {
	x := newIndex()
	x.addAt(1, 1, 5, 2*time.Second)
	x.addAt(2, 1, 5, 1*time.Second)
	x.addAt(3, 1, 1, 4*time.Second)
	x.addAt(4, 1, 10, 0)
	x.addAt(5, 1, 4, 3*time.Second)
	if got, want := x.drain(noon.Add(time.Minute)), []int{3, 5, 2, 1, 4}; !slices.Equal(got, want) {
		t.Errorf("order is %v, want %v", got, want)
	}
	if x.reports != 0 || x.bytes != 0 || len(x.byID) != 0 {
		t.Errorf("after all left, %d reports, %d bytes, %d IDs are counted", x.reports, x.bytes, len(x.byID))
	}
}

func TestAgeingRaisesTheOldButNotToTheTop(t *testing.T) {
	for name, tc := range map[string]struct {
		age  time.Duration // of the item of priority 10
		want []int
	}{
		"not yet five minutes":       {4 * time.Minute, []int{1, 2, 3, 10}},
		"as old as priority 3 needs": {35 * time.Minute, []int{1, 2, 10, 3}},
		"as old as priority 2 needs": {40 * time.Minute, []int{1, 10, 2, 3}},
		"a day":                      {24 * time.Hour, []int{1, 10, 2, 3}},
		"from the future":            {-time.Hour, []int{1, 2, 3, 10}},
	} {
		t.Run(name, func(t *testing.T) {
			x := newIndex()
			for _, p := range []int{1, 2, 3} {
				x.addAt(p, 1, p, 0)
			}
			x.addAt(10, 1, 10, -tc.age)
			if got := x.drain(noon); !slices.Equal(got, tc.want) {
				t.Errorf("order is %v, want %v", got, tc.want)
			}
		})
	}
}

func TestOneIDIsSentInTheOrderItWasPut(t *testing.T) {
	x := newIndex()
	x.addAt(1, 1, 9, 0)
	x.addAt(1, 2, 1, time.Second)
	x.addAt(1, 3, 5, 2*time.Second)
	x.addAt(2, 1, 10, 0)
	first := x.claim(noon)
	if e := x.entries[first]; e.version != 1 {
		t.Fatalf("version %d is sent first, want 1", e.version)
	}
	other := x.claim(noon)
	if e := x.entries[other]; e.id[0] != 2 {
		t.Fatalf("while version 1 is being sent, %v version %d is claimed", e.id, e.version)
	}
	if i := x.claim(noon); i != none {
		t.Fatalf("version %d is claimed while an older one is being sent", x.entries[i].version)
	}
	x.postpone(first, noon.Add(time.Minute))
	if i := x.claim(noon); i != none {
		t.Fatalf("version %d is claimed while an older one waits", x.entries[i].version)
	}
	for version := range 3 {
		i := x.claim(noon.Add(time.Minute))
		if i == none || int(x.entries[i].version) != version+1 {
			t.Fatalf("want version %d, got place %d", version+1, i)
		}
		x.finish(i)
	}
}

// TestIndexAgainstAPlainList does random things to an index and to a list of what should be in it.
func TestIndexAgainstAPlainList(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	x := newIndex()
	now := noon
	there := map[name]bool{}
	claims := map[int32]name{}
	for range 20_000 {
		n := testName(r.IntN(50), 1+r.IntN(3), 1+r.IntN(10))
		switch r.IntN(7) {
		case 0, 1:
			if got := x.add(n, 10, now.UnixNano()); got == there[n] {
				t.Fatalf("add(%v): got %v, there is one: %v", n, got, there[n])
			}
			there[n] = true
		case 2, 3:
			i := x.claim(now)
			if i == none {
				break
			}
			c := x.entries[i].name()
			if !there[c] {
				t.Fatalf("claim: %v is not there", c)
			}
			for j, o := range claims {
				if j == i || o.id == c.id {
					t.Fatalf("claim: %v while %v is claimed", c, o)
				}
			}
			claims[i] = c
		case 4:
			for i, c := range claims {
				switch r.IntN(3) {
				case 0:
					x.finish(i)
					delete(there, c)
				case 1:
					x.release(i)
				default:
					x.postpone(i, now.Add(time.Duration(r.IntN(100))*time.Second))
				}
				delete(claims, i)
				break
			}
		case 5:
			i := x.find(n)
			if (i != none) != there[n] {
				t.Fatalf("find(%v): got %d, there is one: %v", n, i, there[n])
			}
			if _, claimed := claims[i]; i != none && !claimed {
				x.forget(i)
				delete(there, n)
			}
		case 6:
			now = now.Add(time.Duration(r.IntN(60)-5) * time.Second)
			if r.IntN(20) == 0 {
				x.hurry()
			}
		}
		if x.reports != len(there) || x.bytes != int64(10*len(there)) {
			t.Fatalf("%d reports of %d bytes are counted, want %d", x.reports, x.bytes, len(there))
		}
	}
	for i, c := range claims {
		x.finish(i)
		delete(there, c)
	}
	if got := len(x.drain(now.Add(time.Hour))); got != len(there) {
		t.Errorf("%d were left to be sent, want %d", got, len(there))
	}
	if len(x.free) != len(x.entries) {
		t.Errorf("%d of %d places are free at the end", len(x.free), len(x.entries))
	}
}

func TestGate(t *testing.T) {
	offline := Result{Class: Offline, Words: "refused"}
	var g gate
	a, _, _ := g.admit(noon)
	b, _, _ := g.admit(noon)
	if !g.close(a, offline, 0, noon) || g.close(b, offline, 0, noon) {
		t.Error("of two failures side by side the first one is news, and only that")
	}
	if g.failures != 1 {
		t.Errorf("%d failures are counted, want 1", g.failures)
	}
	if _, wait, ok := g.admit(noon); ok || wait != offlineFirst/2 {
		t.Errorf("admit: wait %v, %v, want %v, false", wait, ok, offlineFirst/2)
	}
	later := noon.Add(time.Second)
	probe, _, ok := g.admit(later)
	if !ok || !probe.probe {
		t.Fatal("after the wait no report is let through to see")
	}
	if _, _, ok := g.admit(later); ok {
		t.Error("two are let through to see")
	}
	if g.close(probe, offline, 0, later) || g.until != later.Add(offlineFirst) {
		t.Errorf("the wait after the second failure is %v, want %v", g.until.Sub(later), offlineFirst)
	}
	if _, _, ok := g.admit(noon.Add(-365 * 24 * time.Hour)); !ok {
		t.Error("a clock that was set back a year holds reports back for a year")
	}
	if !g.open() || g.open() {
		t.Error("open does not tell whether it was closed")
	}
	probe, _, _ = g.admit(noon)
	g.close(probe, Result{Class: Auth, After: 24 * time.Hour}, 0, noon)
	if g.until != noon.Add(longestWish) {
		t.Errorf("a server that wishes a day gets %v, want %v", g.until.Sub(noon), longestWish)
	}
}

func TestBackoff(t *testing.T) {
	for n, want := range map[int]time.Duration{1: 5 * time.Second, 2: 10 * time.Second, 6: 160 * time.Second, 7: 5 * time.Minute, 1 << 20: 5 * time.Minute} {
		low, high := backoff(n, retryFirst, retryLongest, 0), backoff(n, retryFirst, retryLongest, 0.999999)
		if low != want/2 || high < want*99/100 || high > want {
			t.Errorf("after failure %d the wait is %v to %v, want %v to %v", n, low, high, want/2, want)
		}
	}
}

package queue

import "time"

// How long all reports wait when the server cannot be reached, or does not let the uploader in, before one is sent to see: doubled each time.
const (
	offlineFirst   = time.Second
	offlineLongest = 30 * time.Second
	authFirst      = 15 * time.Second
	authLongest    = 5 * time.Minute
	longestWish    = time.Hour // that a server may ask for
)

// patience is how many times in a row an item may be the one sent to see, in vain, before another one is sent: it may itself be what the server does not bear. It is put off
// then, beyond the wait of all, and longer each time that others get through: by doubtFirst, then doubled.
const (
	patience     = 5
	doubtFirst   = time.Second
	doubtLongest = 30 * time.Second
)

// gate is what holds back all reports. The zero gate is open. It knows only what it is told: no clock.
type gate struct {
	class    Class // why it is closed: Offline or Auth; "": it is open
	words    string
	advice   string
	failures int       // in a row, those side by side counted once
	until    time.Time // when one report may pass to see
	probing  bool      // it is under way
	epoch    int       // how often the gate changed
}

// pass is given to a report that is let through.
type pass struct {
	epoch int
	probe bool
}

// admit lets a report through. When it does not, wait says for how long nothing changes by itself; 0: until the probe under way is back.
func (g *gate) admit(now time.Time) (p pass, wait time.Duration, ok bool) {
	if g.class == "" {
		return pass{epoch: g.epoch}, 0, true
	}
	if g.probing {
		return pass{}, 0, false
	}
	if wait = g.until.Sub(now); wait > 0 && wait <= longestWish {
		return pass{}, wait, false
	}
	g.probing = true
	return pass{epoch: g.epoch, probe: true}, 0, true
}

// open lets all through. It reports whether the gate was closed.
func (g *gate) open() bool {
	was := g.class != ""
	*g = gate{epoch: g.epoch + 1}
	return was
}

// close holds back all reports, because the one of p came to class. It reports whether the reason is new.
// Spread, in [0, 1), keeps stations apart that lost their server at the same time.
func (g *gate) close(p pass, r Result, spread float64, now time.Time) bool {
	if p.epoch != g.epoch && g.class == r.Class {
		return false // was under way when the gate closed: says nothing new
	}
	changed := g.class != r.Class
	if changed {
		g.failures = 0
	}
	g.class, g.words, g.advice = r.Class, r.Words, r.Advice
	g.failures++
	g.epoch++
	g.probing = false
	first, longest := offlineFirst, offlineLongest
	if r.Class == Auth {
		first, longest = authFirst, authLongest
	}
	delay := backoff(g.failures, first, longest, spread)
	if r.After > 0 {
		delay = min(r.After, longestWish)
	}
	g.until = now.Add(delay)
	return changed
}

// giveUp takes back a pass that led to nothing.
func (g *gate) giveUp(p pass) {
	if p.probe && p.epoch == g.epoch {
		g.probing = false
	}
}

// backoff returns the wait after the nth failure: between half and the whole of first·2ⁿ⁻¹, at most longest.
func backoff(n int, first, longest time.Duration, spread float64) time.Duration {
	const doublings = 30
	whole := longest
	if shift := min(n-1, doublings); first <= longest>>shift {
		whole = first << shift
	}
	return whole/2 + time.Duration(spread*float64(whole/2))
}

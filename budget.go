package wats

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Repetitions that are always allowed, whatever the calls before: so many at once, and one more each second.
const budgetFloor = 10

// budget keeps the repetitions of a client a small share of its calls, so that many failing calls do not become a multiple of requests
// to a server that has trouble anyway.
type budget struct {
	ratio float64 // repetitions earned by a call
	floor float64 // balance that comes back with time alone

	balance atomic.Uint64 // bits of a float64; without a lock, since every call earns

	mu   sync.Mutex
	last time.Time // of a repetition
}

func newBudget(p RetryPolicy) *budget {
	floor := float64(max(budgetFloor, p.MaxAttempts-1)) // a single call may always use all its attempts
	b := &budget{ratio: p.Budget, floor: floor}
	b.balance.Store(math.Float64bits(floor))
	return b
}

// update changes the balance, unless change returns what it was given.
func (b *budget) update(change func(balance float64) float64) {
	for {
		bits := b.balance.Load()
		before := math.Float64frombits(bits)
		after := change(before)
		if after == before || b.balance.CompareAndSwap(bits, math.Float64bits(after)) {
			return
		}
	}
}

// earn counts a call.
func (b *budget) earn() {
	const most = 100 // what quiet hours save up for a storm
	b.update(func(balance float64) float64 { return max(balance, min(balance+b.ratio, b.floor+most)) })
}

// spend reports whether one more repetition is allowed, and counts it.
func (b *budget) spend(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	back := 0.0
	if !b.last.IsZero() {
		back = max(0, now.Sub(b.last).Seconds())
	}
	b.last = now
	allowed := false
	b.update(func(balance float64) float64 {
		balance = max(balance, min(b.floor, balance+back))
		if allowed = balance >= 1; allowed {
			balance--
		}
		return balance
	})
	return allowed
}

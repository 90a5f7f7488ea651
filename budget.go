package wats

import (
	"sync"
	"time"
)

// Repetitions that are always allowed, whatever the calls before: so many at once, and one more each second.
const budgetFloor = 10

// budget keeps the repetitions of a client a small share of its calls, so that many failing calls do not become a multiple of requests
// to a server that has trouble anyway.
type budget struct {
	ratio float64 // repetitions earned by a call
	floor float64 // balance that comes back with time alone

	mu      sync.Mutex
	balance float64
	last    time.Time
}

func newBudget(p RetryPolicy) *budget {
	floor := float64(max(budgetFloor, p.MaxAttempts-1)) // a single call may always use all its attempts
	return &budget{ratio: p.Budget, floor: floor, balance: floor}
}

// earn counts a call.
func (b *budget) earn() {
	const most = 100 // what quiet hours save up for a storm
	b.mu.Lock()
	defer b.mu.Unlock()
	b.balance = max(b.balance, min(b.balance+b.ratio, b.floor+most))
}

// spend reports whether one more repetition is allowed, and counts it.
func (b *budget) spend(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.last.IsZero() && b.balance < b.floor {
		b.balance = min(b.floor, b.balance+max(0, now.Sub(b.last).Seconds()))
	}
	b.last = now
	if b.balance < 1 {
		return false
	}
	b.balance--
	return true
}

package store_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/report"
)

// items yields the given lines of a file.
func items(all ...store.SerialItem) iter.Seq2[store.SerialItem, error] {
	return func(yield func(store.SerialItem, error) bool) {
		for _, item := range all {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// addPool makes a type of plain numbers, with so many free ones from S0000001 on.
func addPool(t testing.TB, s *store.Store, name string, total int) {
	t.Helper()
	if _, err := s.SaveSerialNumberType(t.Context(), wats.SerialNumberType{Name: name}); err != nil {
		t.Fatal(err)
	}
	done, err := s.ImportSerialNumbers(t.Context(), name, items(store.SerialItem{Number: "S0000001", Follow: int64(total - 1)}), "ann")
	if err != nil || done.Imported != int64(total) {
		t.Fatalf("import: %+v, %v", done, err)
	}
}

// TestNumbersAreTakenOnce: 50 clients, of two processes where the database is for several, take 10,000 numbers; each is given once, in order, and to whom is kept.
func TestNumbersAreTakenOnce(t *testing.T) {
	const total, clients = 10_000, 50
	address := storetest.Address(t)
	stores := []*store.Store{storetest.OpenAt(t, address, store.Options{})}
	if storetest.OnPostgreSQL() { // else the database is of one process
		stores = append(stores, storetest.OpenAt(t, address, store.Options{}))
	}
	addPool(t, stores[0], "Board", total)
	taken := make([][]string, clients)
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			s, random := stores[client%len(stores)], rand.New(rand.NewPCG(1, uint64(client)))
			for {
				ask := wats.SerialTake{Type: "Board", Quantity: 1 + random.IntN(3), SerialNumber: fmt.Sprint("U", client), StationName: fmt.Sprint("ST", client)}
				got, err := s.TakeSerialNumbers(t.Context(), ask, "ann")
				switch {
				case errors.Is(err, store.ErrNotFound) && ask.Quantity == 1:
					return
				case err != nil && !errors.Is(err, store.ErrNotFound):
					t.Errorf("client %d: %v", client, err)
					return
				}
				taken[client] = append(taken[client], got...)
			}
		})
	}
	wg.Wait()
	owner := map[string]int{}
	for client, numbers := range taken {
		if !slices.IsSorted(numbers) {
			t.Errorf("client %d got its numbers out of order", client)
		}
		for _, n := range numbers {
			if other, twice := owner[n]; twice {
				t.Errorf("%s was given to client %d and to client %d", n, other, client)
			}
			owner[n] = client
		}
	}
	if len(owner) != total {
		t.Errorf("%d different numbers were taken, want %d", len(owner), total)
	}
	for n, err := range stores[0].SerialNumbers(t.Context(), store.SerialQuery{Type: "Board"}) {
		if err != nil {
			t.Fatal(err)
		}
		client := owner[n.Number]
		if n.State != wats.SerialTaken || n.SerialNumber != fmt.Sprint("U", client) || n.StationName != fmt.Sprint("ST", client) {
			t.Errorf("%s is %+v, want it taken by client %d", n.Number, n, client)
		}
	}
}

// poolNumber is what a model of a pool knows of one.
type poolNumber struct {
	state       wats.SerialState
	reservation report.ID
}

// TestPoolAgainstAModel does thousands of random things with a pool and with a map, and compares them.
func TestPoolAgainstAModel(t *testing.T) {
	const numbers, steps = 300, 3000
	s := openStore(t)
	if _, err := s.SaveSerialNumberType(t.Context(), wats.SerialNumberType{Name: "X"}); err != nil {
		t.Fatal(err)
	}
	m := model{store: s, random: rand.New(rand.NewPCG(7, 7)), all: map[int]poolNumber{}}
	for step := range steps {
		what := m.step(t, numbers)
		if t.Failed() {
			t.Fatalf("in step %d: %s", step, what)
		}
		if step%50 == 0 || step == steps-1 {
			m.compare(t, what)
		}
	}
}

type model struct {
	store  *store.Store
	random *rand.Rand
	all    map[int]poolNumber
	held   []report.ID
}

func numberText(n int) string { return fmt.Sprintf("A%04d", n) }

// free returns the free numbers in order.
func (m *model) free() (free []int) {
	for n, is := range m.all {
		if is.state == wats.SerialFree {
			free = append(free, n)
		}
	}
	slices.Sort(free)
	return free
}

func (m *model) step(t *testing.T, most int) (what string) {
	ctx := t.Context()
	lowest := m.random.IntN(most)
	highest := min(most-1, lowest+m.random.IntN(20))
	quantity := 1 + m.random.IntN(8)
	between := []wats.SerialNumberRange{{Type: "X", From: numberText(lowest), To: numberText(highest)}}
	switch m.random.IntN(7) {
	case 0, 1:
		what = fmt.Sprintf("import %d to %d", lowest, highest)
		_, err := m.store.ImportSerialNumbers(ctx, "X", items(store.SerialItem{Number: numberText(lowest), Follow: int64(highest - lowest)}), "")
		m.expect(t, what, err, true)
		for n := lowest; n <= highest; n++ {
			if m.all[n].state == "" {
				m.all[n] = poolNumber{state: wats.SerialFree}
			}
		}
	case 2:
		what = fmt.Sprintf("take %d", quantity)
		free := m.free()
		got, err := m.store.TakeSerialNumbers(ctx, wats.SerialTake{Type: "X", Quantity: quantity}, "")
		m.expect(t, what, err, len(free) >= quantity)
		for i, n := range got {
			if n != numberText(free[i]) {
				t.Errorf("%s: %q, want %d and on", what, got, free)
			}
			m.all[free[i]] = poolNumber{state: wats.SerialTaken}
		}
	case 3:
		what = fmt.Sprintf("reserve %d in sequence from %d", quantity, lowest)
		first, found := sequence(m.free(), lowest, quantity)
		id := report.NewID()
		_, err := m.store.ReserveSerialNumbers(ctx, wats.SerialReserve{ID: id, Type: "X", Quantity: quantity, InSequence: true, From: numberText(lowest)}, "")
		m.expect(t, what, err, found)
		if err == nil {
			m.held = append(m.held, id)
			for n := first; n < first+quantity; n++ {
				m.all[n] = poolNumber{wats.SerialReserved, id}
			}
		}
	case 4:
		if len(m.held) == 0 {
			return ""
		}
		id := m.held[m.random.IntN(len(m.held))]
		for n, is := range m.all {
			if is.reservation == id && is.state == wats.SerialReserved && n%3 == 0 {
				what = fmt.Sprintf("use %d", n)
				m.expect(t, what, m.store.UseSerialNumbers(ctx, id, []wats.SerialUse{{Number: numberText(n)}}, ""), true)
				m.all[n] = poolNumber{state: wats.SerialTaken}
			}
		}
		if m.random.IntN(2) == 0 {
			what = fmt.Sprintf("cancel %s", id)
			_, err := m.store.CancelReservation(ctx, id)
			m.expect(t, what, err, true)
			m.change(wats.SerialReserved, func(n int) bool { return m.all[n].reservation == id }, poolNumber{state: wats.SerialFree})
		}
	case 5:
		what = fmt.Sprintf("free %d to %d", lowest, highest)
		_, err := m.store.FreeSerialNumbers(ctx, between)
		m.expect(t, what, err, true)
		m.change(wats.SerialReserved, func(n int) bool { return lowest <= n && n <= highest }, poolNumber{state: wats.SerialFree})
	case 6:
		what = fmt.Sprintf("delete %d to %d", lowest, highest)
		_, err := m.store.DeleteFreeSerialNumbers(ctx, between)
		m.expect(t, what, err, true)
		m.change(wats.SerialFree, func(n int) bool { return lowest <= n && n <= highest }, poolNumber{})
	}
	return what
}

// sequence returns the first of so many numbers that follow each other, none before from.
func sequence(free []int, from, quantity int) (first int, found bool) {
	run := 0
	for i, n := range free {
		if n < from {
			continue
		}
		if run > 0 && free[i-1] == n-1 {
			run++
		} else {
			run = 1
		}
		if run == quantity {
			return n - quantity + 1, true
		}
	}
	return 0, false
}

func (m *model) change(from wats.SerialState, where func(int) bool, to poolNumber) {
	for n, is := range m.all {
		switch {
		case is.state != from || !where(n):
		case to.state == "":
			delete(m.all, n)
		default:
			m.all[n] = to
		}
	}
}

func (m *model) expect(t *testing.T, what string, err error, works bool) {
	t.Helper()
	if works != (err == nil) || err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%s: %v, want that it works: %t", what, err, works)
	}
}

// compare holds every number of the pool against the model, and the pool to what must always hold in it.
func (m *model) compare(t *testing.T, after string) {
	t.Helper()
	seen := map[string]bool{}
	for n, err := range m.store.SerialNumbers(context.WithoutCancel(t.Context()), store.SerialQuery{Type: "X"}) {
		if err != nil {
			t.Fatal(err)
		}
		var digits int
		if _, err := fmt.Sscanf(n.Number, "A%d", &digits); err != nil || seen[n.Number] {
			t.Fatalf("after %s: %s is there twice, or no number: %v", after, n.Number, err)
		}
		seen[n.Number] = true
		want := m.all[digits]
		if n.State != want.state || n.State == wats.SerialReserved && n.ReservationID != want.reservation {
			t.Errorf("after %s: %s is %s in %s, want %s in %s", after, n.Number, n.State, n.ReservationID, want.state, want.reservation)
		}
	}
	if len(seen) != len(m.all) {
		t.Errorf("after %s: the pool has %d numbers, want %d", after, len(seen), len(m.all))
	}
	// Free numbers that follow each other are one range.
	last := ""
	for r, err := range m.store.SerialNumberRanges(t.Context(), "X") {
		if err != nil {
			t.Fatal(err)
		}
		var first int
		if _, err := fmt.Sscanf(r.From, "A%d", &first); err != nil {
			t.Fatal(err)
		}
		if r.State == wats.SerialFree && last == numberText(first-1) {
			t.Errorf("after %s: two free ranges meet at %s", after, r.From)
		}
		last = r.To
	}
}

// TestNumbersOfManyForms: a number is its text again, and the text after it is the next.
func TestNumbersOfManyForms(t *testing.T) {
	s := openStore(t)
	ctx := t.Context()
	for i, tc := range []struct {
		kind  wats.SerialNumberType
		first string
		want  []string
	}{
		{wats.SerialNumberType{}, "A9", []string{"A9"}}, // A10 would be of another width
		{wats.SerialNumberType{}, "A09", []string{"A09", "A10"}},
		{wats.SerialNumberType{}, "999999999999999999999999999998", []string{"999999999999999999999999999998", "999999999999999999999999999999"}},
		{wats.SerialNumberType{}, "12-A", []string{"12-A"}},
		{wats.SerialNumberType{}, "æ0", []string{"æ0", "æ1"}},
		{wats.SerialNumberType{Identifier: wats.MACAddress}, "00:1b:63:84:45:ff", []string{"00-1B-63-84-45-FF", "00-1B-63-84-46-00"}},
		{wats.SerialNumberType{Identifier: wats.MACAddress, Format: "xxxx.xxxx.xxxx"}, "FF-FF-FF-FF-FF-FE", []string{"ffff.ffff.fffe", "ffff.ffff.ffff"}},
		{wats.SerialNumberType{Identifier: wats.IMEI, Pattern: `\d{15}`}, "490154203237518", []string{"490154203237518", "490154203237519"}},
	} {
		tc.kind.Name = fmt.Sprint("T", i)
		if _, err := s.SaveSerialNumberType(ctx, tc.kind); err != nil {
			t.Fatal(err)
		}
		done, err := s.ImportSerialNumbers(ctx, tc.kind.Name, items(store.SerialItem{Number: tc.first, Follow: int64(len(tc.want) - 1)}), "")
		if err != nil || done.Imported != int64(len(tc.want)) {
			t.Errorf("import of %s and %d that follow: %+v, %v", tc.first, len(tc.want)-1, done, err)
			continue
		}
		if got, err := s.TakeSerialNumbers(ctx, wats.SerialTake{Type: tc.kind.Name, Quantity: len(tc.want)}, ""); err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("taking what follows %s: %q, %v; want %q", tc.first, got, err, tc.want)
		}
		over := store.SerialItem{Number: tc.first, Follow: int64(len(tc.want)) + 1<<50}
		var invalid *report.InvalidError
		if _, err := s.ImportSerialNumbers(ctx, tc.kind.Name, items(over), ""); !errors.As(err, &invalid) {
			t.Errorf("import of %s and more than can follow: %v, want a violation", tc.first, err)
		}
	}
}

package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/gowats/gowats"
)

// TestKilledServerGivesNoNumberTwice kills the server while 50 clients take and reserve numbers. What a client has got is taken afterwards,
// every request is there as a whole or not at all, and no number is given again.
func TestKilledServerGivesNoNumberTwice(t *testing.T) {
	const total, each, rounds = 20_000, 3, 3
	folder := t.TempDir()
	p := start(t, "server", "--listen", "127.0.0.1:0", "--data", folder)
	if _, err := p.client().Production.SaveSerialNumberType(t.Context(), wats.SerialNumberType{Name: "Board"}); err != nil {
		t.Fatal(err)
	}
	file := fmt.Appendf(nil, "id,seq\nS00001,%d\n", total-1)
	if _, err := p.client().Production.ImportSerialNumbers(t.Context(), "Board", wats.SerialCSV, file); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{} // what was acknowledged, and for which unit
	for round := range rounds {
		for number, unit := range takeAndKill(t, p, round, each) {
			if other, twice := got[number]; twice {
				t.Errorf("%s was given to %s and to %s", number, other, unit)
			}
			got[number] = unit
		}
		p = start(t, "server", "--listen", "127.0.0.1:0", "--data", folder)
		checkPool(t, p.client(), got, total, each)
		t.Logf("round %d: %d numbers acknowledged", round, len(got))
	}
	p.stop()
}

// takeAndKill lets 50 clients take numbers, each always so many, kills the server under them, and returns what they got, with the unit it is for.
func takeAndKill(t *testing.T, p *process, round, each int) map[string]string {
	t.Helper()
	const clients, killAfter = 50, 300
	c := p.client()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	var count atomic.Int64
	got := map[string]string{}
	var work errgroup.Group
	for client := range clients {
		work.Go(func() error {
			for n := 0; ; n++ {
				unit := fmt.Sprintf("U%d-%d-%d", round, client, n)
				if n%5 == 4 { // some stay reserved
					if _, err := c.Production.ReserveSerialNumbers(ctx, wats.SerialReserve{Type: "Board", Quantity: each, StationName: unit}); err != nil {
						return err
					}
					continue
				}
				numbers, err := c.Production.TakeSerialNumbers(ctx, wats.SerialTake{Type: "Board", Quantity: each, SerialNumber: unit})
				if err != nil {
					return err
				}
				mu.Lock()
				for _, number := range numbers {
					got[number] = unit
				}
				mu.Unlock()
				if count.Add(1) == killAfter {
					p.kill()
				}
			}
		})
	}
	if err := work.Wait(); err == nil {
		t.Fatal("no client met the dead server")
	}
	return got
}

// checkPool holds the pool to what clients have got.
func checkPool(t *testing.T, c *wats.Client, got map[string]string, total, each int) {
	t.Helper()
	records, err := c.Production.SerialNumbersByRange(t.Context(), "Board", "S00001", fmt.Sprintf("S%05d", total))
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != total {
		t.Errorf("the pool has %d numbers, want %d: none is lost and none is there twice", len(records), total)
	}
	units, reservations := map[string]int{}, map[string]int{}
	for _, r := range records {
		switch r.State {
		case wats.SerialTaken:
			units[r.SerialNumber]++
		case wats.SerialReserved:
			reservations[r.ReservationID.String()]++
		}
		if unit, acknowledged := got[r.Number]; acknowledged && (r.State != wats.SerialTaken || r.SerialNumber != unit) {
			t.Errorf("%s was given to %s, and is %s for %q", r.Number, unit, r.State, r.SerialNumber)
		}
	}
	for name, counts := range map[string]map[string]int{"taken for unit": units, "reserved in": reservations} {
		for key, n := range counts {
			if n != each {
				t.Errorf("%d numbers are %s %s, want %d: a request is whole or not there", n, name, key, each)
			}
		}
	}
	unit := fmt.Sprint("after ", len(got))
	next, err := c.Production.TakeSerialNumbers(t.Context(), wats.SerialTake{Type: "Board", Quantity: each, SerialNumber: unit})
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range next {
		if before, twice := got[number]; twice {
			t.Errorf("%s was given to %s before the crash and to %s after it", number, before, unit)
		}
		got[number] = unit
	}
}

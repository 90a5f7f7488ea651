package server_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// BenchmarkUnits makes single calls through SDK, loopback and server while 100,000 units are stored, and reports the median of each kind. It also reads all
// of them as one list, and reports how far the heap grew.
func BenchmarkUnits(b *testing.B) {
	const total = 100_000
	bench := startServer(b, server.Options{})
	ctx := b.Context()
	fillUnits(b, bench.store, total)
	c := benchClient(b, bench)
	key := func(n int) (serial, part string) {
		n = n * 7919 % total
		return unitSerial(n), unitPart(n)
	}
	fresh := 0
	for _, call := range []struct {
		name string
		do   func(n int) error
	}{
		{"get", func(n int) error { s, p := key(n); _, err := c.Production.Get(ctx, s, p); return err }},
		{"get by serial number", func(n int) error { s, _ := key(n); _, err := c.Production.GetBySerial(ctx, s, ""); return err }},
		{"info", func(n int) error { s, p := key(n); _, err := c.Production.Info(ctx, s, p); return err }},
		{"verify", func(n int) error { s, p := key(n); _, err := c.Production.Verify(ctx, s, p, ""); return err }},
		{"hierarchy", func(n int) error { s, p := key(n); _, err := c.Production.Hierarchy(ctx, s, p); return err }},
		{"put", func(n int) error {
			s, p := key(n)
			_, err := c.Production.Save(ctx, wats.Unit{SerialNumber: s, PartNumber: p, CurrentLocation: fmt.Sprint("Line ", n)})
			return err
		}},
		{"put new", func(int) error {
			fresh++
			_, err := c.Production.Save(ctx, wats.Unit{SerialNumber: fmt.Sprint("N", fresh), PartNumber: "NEW", Revision: "A"})
			return err
		}},
		{"set phase", func(n int) error { s, p := key(n); return c.Production.SetPhase(ctx, s, p, wats.PhaseFinalized, "") }},
		{"set process", func(n int) error { s, p := key(n); return c.Production.SetProcess(ctx, s, p, report.Some(31), "") }},
	} {
		b.Run(call.name, func(b *testing.B) {
			var times []time.Duration
			for n := 0; b.Loop(); n++ {
				began := time.Now()
				if err := call.do(n); err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(began))
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms/median")
		})
	}
	b.Run("list all", func(b *testing.B) {
		for b.Loop() {
			n, most := 0, int64(0)
			before := heapInUse()
			for _, err := range c.Production.Units(ctx, wats.UnitQuery{PartNumber: "P*"}) {
				if err != nil {
					b.Fatal(err)
				}
				if n++; n%20_000 == 0 {
					most = max(most, heapInUse()-before)
				}
			}
			if n != total {
				b.Fatalf("%d units, want %d", n, total)
			}
			b.ReportMetric(float64(most)/(1<<20), "MiB-heap")
		}
	})
}

func unitSerial(n int) string { return fmt.Sprintf("SN%06d", n) }

func unitPart(n int) string { return fmt.Sprintf("P%03d", n%500) }

func fillUnits(b *testing.B, s *store.Store, total int) {
	b.Helper()
	for from := 0; from < total; from += wats.MaxUnits {
		var units []wats.Unit
		for n := from; n < min(total, from+wats.MaxUnits); n++ {
			units = append(units, wats.Unit{SerialNumber: unitSerial(n), PartNumber: unitPart(n), Revision: "A", BatchNumber: fmt.Sprint("B", n/100)})
		}
		saved, err := s.SaveUnits(b.Context(), units, store.Author{})
		if err != nil || saved.Failed > 0 {
			b.Fatalf("SaveUnits: %d failed, %v", saved.Failed, err)
		}
	}
}

func benchClient(b *testing.B, bench *bench) *wats.Client {
	b.Helper()
	c, err := wats.NewClient(bench.url, wats.WithBearer(bench.tokens[auth.Write]), wats.WithoutRateLimit())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	return c
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkTakeSerialNumbers lets 50 clients take 10,000 numbers one by one, and reports the time for all of them.
func BenchmarkTakeSerialNumbers(b *testing.B) {
	const total, clients = 10_000, 50
	bench := startServer(b, server.Options{})
	c := benchClient(b, bench)
	for round := 0; b.Loop(); round++ {
		b.StopTimer()
		name := fmt.Sprint("T", round)
		if _, err := c.Production.SaveSerialNumberType(b.Context(), wats.SerialNumberType{Name: name}); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Production.ImportSerialNumbers(b.Context(), name, wats.SerialCSV, fmt.Appendf(nil, "id,seq\nS000001,%d\n", total-1)); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		began := time.Now()
		taken := takeAll(b.Context(), b, c, name, total, clients)
		b.ReportMetric(time.Since(began).Seconds(), "s/10000-numbers")
		if len(taken) != total {
			b.Fatalf("%d different numbers, want %d", len(taken), total)
		}
	}
}

// takeAll returns how often each number was taken.
func takeAll(ctx context.Context, b *testing.B, c *wats.Client, name string, total, clients int) map[string]int {
	var mu sync.Mutex
	taken := map[string]int{}
	var next atomic.Int64
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			for next.Add(1) <= int64(total) {
				numbers, err := c.Production.TakeSerialNumbers(ctx, wats.SerialTake{Type: name, Quantity: 1, SerialNumber: fmt.Sprint("U", client)})
				if err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				taken[numbers[0]]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return taken
}

package contract_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/gowats/gowats"
)

// BenchmarkUnits lists all units over loopback, first 1,000 of them and then 100,000: units a second, the ratio of the two, and the most
// memory of server and client together that a list takes.
func BenchmarkUnits(b *testing.B) {
	c := benchClient(b)
	fill := func(from, to int) {
		const most = 10_000
		for at := from; at < to; at += most {
			var units []wats.Unit
			for i := at; i < min(to, at+most); i++ {
				units = append(units, wats.Unit{SerialNumber: fmt.Sprintf("SN%06d", i), PartNumber: fmt.Sprint("PCB-", i%50), Revision: "A", PhaseID: wats.PhaseFinalized,
					Tags: []wats.Setting{{Key: "Line", Value: fmt.Sprint(i % 5)}}})
			}
			if _, err := c.Production.SaveAll(b.Context(), units); err != nil {
				b.Fatal(err)
			}
		}
	}
	const few, many = 1_000, 100_000
	list := func(want int) (perSecond float64, heap uint64) {
		var before, now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		n, began := 0, time.Now()
		for _, err := range c.Production.Units(b.Context(), wats.UnitQuery{}) {
			if err != nil {
				b.Fatal(err)
			}
			if n++; n%10_000 == 0 {
				runtime.ReadMemStats(&now)
				heap = max(heap, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
			}
		}
		if n != want {
			b.Fatalf("listed %d units, want %d", n, want)
		}
		return float64(n) / time.Since(began).Seconds(), heap
	}
	fill(0, few)
	list(few)
	small, _ := list(few)
	fill(few, many)
	var large float64
	var heap uint64
	for b.Loop() {
		rate, peak := list(many)
		large, heap = max(large, rate), max(heap, peak)
	}
	b.ReportMetric(large, "units/s")
	b.ReportMetric(large/small, "ratio")
	b.ReportMetric(float64(heap)/(1<<20), "heap-MiB")
}

package store_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// BenchmarkSubmitReport submits reports of 31 steps from 64 goroutines per core. It reports how many are durable per second, and
// the ratio to how often the same disk takes 4 KiB and a sync one after the other.
func BenchmarkSubmitReport(b *testing.B) {
	syncs := syncsPerSecond(b)
	s := openStore(b)
	var n atomic.Int64
	b.SetParallelism(64)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.SubmitReport(b.Context(), store.Submission{Report: benchReport(int(n.Add(1)))}); err != nil {
				b.Error(err)
				return
			}
		}
	})
	perSecond := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(perSecond, "reports/s")
	b.ReportMetric(perSecond/syncs, "reports/sync")
}

func benchReport(n int) *report.Report {
	r := test(0, serial(fmt.Sprintf("SN%08d", n/2)), part(fmt.Sprintf("PCBA-%d", n%20)), later(time.Duration(n)*time.Second))
	binary.BigEndian.PutUint64(r.ID[8:], uint64(n))
	binary.BigEndian.PutUint32(r.ID[:], uint32(n)*2654435761) // IDs arrive in no order
	r.Test.Root.Steps = nil
	for i := range 30 {
		r.Test.Root.Steps = append(r.Test.Root.Steps, &report.Step{
			Group: report.Main, Type: "ET_NLT", Name: fmt.Sprintf("Voltage at test point %d", i), Status: report.Passed,
			TotalTime: report.Num(0.001 * float64((n*i)%97)),
			Numeric: []report.NumericMeasurement{{
				Value: report.Num(3.3 + 0.0001*float64((n*31+i*17)%1000)), Unit: "V", CompOp: report.GELE,
				Low: report.Num(3.2), High: report.Num(3.5), Status: report.Passed,
			}},
		})
	}
	return r
}

func syncsPerSecond(b *testing.B) float64 {
	f, err := os.Create(filepath.Join(b.TempDir(), "probe"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	const writes = 200
	block := make([]byte, 4096)
	began := time.Now()
	for range writes {
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	return writes / time.Since(began).Seconds()
}

// BenchmarkHeaders lists 10,000 headers bare and with all their lists, and finds few of them by a part.
func BenchmarkHeaders(b *testing.B) {
	s := openStore(b)
	const n = 10_000
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			for i := g; i < n; i += 64 {
				r := benchReport(i)
				parts(fmt.Sprint(i % 1000))(r)
				submit(b, s, r)
			}
		})
	}
	wg.Wait()
	for _, c := range []struct {
		name string
		q    store.HeaderQuery
		want int
	}{
		{"bare", store.HeaderQuery{}, n},
		{"with all lists", store.HeaderQuery{Expand: everything}, n},
		{"by a sub-unit", store.HeaderQuery{Filter: "subUnits/any(s: s/serialNumber eq 'SUB-7')"}, n / 1000},
		{"by a misc info", store.HeaderQuery{Misc: wats.HeaderMiscInfo{Description: "Lot", Value: "7"}}, n / 1000},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := len(headers(b, s, c.q)); got != c.want {
					b.Fatalf("%d headers, want %d", got, c.want)
				}
			}
		})
	}
}

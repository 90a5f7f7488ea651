package contract_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/report"
)

const benchAssets = 10_000

// BenchmarkAssets measures calls of the SDK over loopback, with 10,000 assets stored: the median beside the mean. A put waits for the disk:
// compare with the time of one sync there.
func BenchmarkAssets(b *testing.B) {
	c := benchClient(b)
	kind, err := c.Asset.SaveType(b.Context(), wats.AssetType{Name: "Fixture", TotalCountLimit: report.Some[int64](1 << 40), CalibrationInterval: report.Some(365.0)})
	if err != nil {
		b.Fatal(err)
	}
	fillAssets(b, c, kind.ID)

	n := 0
	next := func() wats.AssetKey {
		n++
		return wats.AssetBySerial(fmt.Sprintf("FIX-%05d", n*7919%benchAssets))
	}
	edited, err := c.Asset.Get(b.Context(), wats.AssetBySerial("FIX-00001"))
	if err != nil {
		b.Fatal(err)
	}
	for _, call := range []struct {
		name string
		do   func() error
	}{
		{"get", func() error { _, err := c.Asset.Get(b.Context(), next()); return err }},
		{"status", func() error { _, err := c.Asset.Status(b.Context(), next()); return err }},
		{"sub-assets", func() error { _, err := c.Asset.SubAssets(b.Context(), wats.AssetBySerial("FIX-00000"), 0); return err }},
		{"by tag", func() error {
			_, err := c.Asset.GetByTag(b.Context(), "Inventory", fmt.Sprint(n%benchAssets))
			n++
			return err
		}},
		{"page of 100 with total", func() error { _, err := c.Asset.Query(b.Context(), wats.AssetQuery{Location: "Hall 3"}); return err }},
		{"put", func() error {
			n++
			edited.Location = fmt.Sprint("place ", n)
			saved, err := c.Asset.Update(b.Context(), *edited)
			edited = saved
			return err
		}},
		{"state", func() error { return c.Asset.SetState(b.Context(), next(), wats.AssetState(n%6+1)) }},
		{"increment", func() error { return c.Asset.Increment(b.Context(), next(), 1, false) }},
		{"calibrate", func() error { return c.Asset.Calibrate(b.Context(), next(), time.Time{}, "") }},
		{"submit a report with 2 assets", func() error {
			r := testReport(fmt.Sprint("SN-", n), time.Now(), report.Passed)
			r.Assets = []report.Asset{{SerialNumber: fmt.Sprintf("FIX-%05d", n%benchAssets)}, {SerialNumber: "FIX-00002"}}
			n++
			_, err := c.Report.Submit(b.Context(), r)
			return err
		}},
	} {
		b.Run(call.name, func(b *testing.B) { median(b, call.do) })
	}
}

// benchClient returns an administrator's client of a server on a loopback port.
func benchClient(b *testing.B) *wats.Client {
	b.Helper()
	s := storetest.Open(b, store.Options{})
	a := auth.New(s)
	if err := a.CreateUser(b.Context(), user, password, auth.Admin); err != nil {
		b.Fatal(err)
	}
	token, err := a.IssueToken(b.Context(), user, "bench")
	if err != nil {
		b.Fatal(err)
	}
	listening := httptest.NewServer(server.New(s, a, server.Options{}))
	b.Cleanup(listening.Close)
	c, err := wats.NewClient(listening.URL, wats.WithToken(token))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	return c
}

// median runs do and reports the median of its times.
func median(b *testing.B, do func() error) {
	b.Helper()
	var times []time.Duration
	for b.Loop() {
		began := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "median-ms")
}

// fillAssets stores 10,000 assets, ten of them below the first.
func fillAssets(b *testing.B, c *wats.Client, kind report.ID) {
	b.Helper()
	put := func(i int) {
		a := wats.Asset{SerialNumber: fmt.Sprintf("FIX-%05d", i), TypeID: kind, Name: "Bed of nails", Location: fmt.Sprint("Hall ", i%7),
			Tags: []wats.Setting{{Key: "Inventory", Value: fmt.Sprint(i)}, {Key: "Line", Value: fmt.Sprint(i % 5)}}}
		if i > 0 && i <= 10 {
			a.ParentSerialNumber = "FIX-00000"
		}
		if _, err := c.Asset.Create(b.Context(), a); err != nil {
			b.Error(err)
		}
	}
	put(0)
	var wg sync.WaitGroup
	const goroutines = 32
	for g := range goroutines {
		wg.Go(func() {
			for i := g + 1; i < benchAssets; i += goroutines {
				put(i)
			}
		})
	}
	wg.Wait()
}

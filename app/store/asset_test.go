package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/report"
)

// newType saves a type without limits, changed by the given functions.
func newType(t testing.TB, s *store.Store, name string, changes ...func(*wats.AssetType)) wats.AssetType {
	t.Helper()
	kind := wats.AssetType{Name: name}
	for _, change := range changes {
		change(&kind)
	}
	saved, err := s.SaveAssetType(t.Context(), store.AssetTypeEdit{Type: kind, Apply: func(k *wats.AssetType) error {
		kind.ID = k.ID
		*k = kind
		return nil
	}})
	if err != nil {
		t.Fatalf("SaveAssetType(%q): %v", name, err)
	}
	return *saved
}

// newAsset saves an asset in operation, changed by the given functions.
func newAsset(t testing.TB, s *store.Store, kind wats.AssetType, serial string, changes ...func(*wats.Asset)) *wats.Asset {
	t.Helper()
	a := wats.Asset{SerialNumber: serial, TypeID: kind.ID, State: wats.AssetInOperation}
	for _, change := range changes {
		change(&a)
	}
	saved, err := s.SaveAsset(t.Context(), store.AssetEdit{Asset: a, User: "ola"})
	if err != nil {
		t.Fatalf("SaveAsset(%q): %v", serial, err)
	}
	return saved
}

func bySerial(serial string) store.AssetKey { return store.AssetKey{SerialNumber: serial} }

func counts(t testing.TB, s *store.Store, serial string) (running, total int64) {
	t.Helper()
	a, err := s.Asset(t.Context(), bySerial(serial))
	if err != nil {
		t.Fatal(err)
	}
	return a.RunningCount.Value, a.TotalCount.Value
}

// uses makes a report name assets with how often it used them; a count below zero is left out.
func uses(counts map[string]int) func(*report.Report) {
	return func(r *report.Report) {
		r.Assets = nil
		for serial, n := range counts {
			used := report.Asset{SerialNumber: serial}
			if n >= 0 {
				used.UsageCount = report.Some(n)
			}
			r.Assets = append(r.Assets, used)
		}
	}
}

func TestReportsCountUses(t *testing.T) {
	s := openStore(t)
	kind := newType(t, s, "Fixture")
	newAsset(t, s, kind, "F1")
	newAsset(t, s, kind, "F2")
	check := func(after string, want1, want2 int64) {
		t.Helper()
		_, one := counts(t, s, "F1")
		_, two := counts(t, s, "F2")
		if one != want1 || two != want2 {
			t.Errorf("after %s: F1 counts %d and F2 %d, want %d and %d", after, one, two, want1, want2)
		}
	}
	submit(t, s, test(1, uses(map[string]int{"F1": 3, "F2": -1, "nobody": 9})))
	check("a report of 3 uses, and of one without a number", 3, 1)
	submit(t, s, test(1, uses(map[string]int{"F1": 3, "F2": -1, "nobody": 9})))
	check("the same report again", 3, 1)
	submit(t, s, test(1, uses(map[string]int{"F1": 5}), comment("corrected")))
	check("a newer version that uses F1 more and F2 not at all", 5, 0)
	submit(t, s, test(2, uses(map[string]int{"F2": 2})))
	check("another report of the same test run", 0, 2)
	submit(t, s, test(3, later(time.Minute), func(r *report.Report) {
		r.Assets = []report.Asset{{SerialNumber: "F1"}, {SerialNumber: "F1", UsageCount: report.Some(4)}, {SerialNumber: "F2", UsageCount: report.Some(-7)}}
	}))
	check("a report that names F1 twice, and a count below zero", 5, 2)
	submit(t, s, repair(4, "Component", "Burned Component", uses(map[string]int{"F2": 1})))
	check("a repair", 5, 3)
}

func TestNewAssetTakesEarlierUses(t *testing.T) {
	s := openStore(t)
	kind := newType(t, s, "Fixture")
	submit(t, s, test(1, uses(map[string]int{"F": 3}), later(-time.Hour)))
	submit(t, s, test(1, uses(map[string]int{"F": 4}), later(-time.Hour)))
	submit(t, s, test(2, uses(map[string]int{"F": -1}), later(-time.Minute)))
	a := newAsset(t, s, kind, "F")
	if a.TotalCount.Value != 5 || a.RunningCount.Value != 5 || !a.FirstSeen.Equal(noon.Add(-time.Hour)) || !a.LastSeen.Equal(noon) {
		t.Errorf("an asset that reports named before: got %+v; want 5 uses since an hour before noon", a)
	}
	submit(t, s, test(1, uses(map[string]int{"F": 1}), later(-time.Hour)))
	if _, total := counts(t, s, "F"); total != 2 {
		t.Errorf("after one of these reports was corrected to 1 use: total %d, want 2", total)
	}
	submit(t, s, test(3, later(time.Minute), uses(map[string]int{"G": 7})))
	g := newAsset(t, s, kind, "G", func(a *wats.Asset) { a.TotalCount = report.Some[int64](1000) })
	if g.TotalCount.Value != 1000 || g.RunningCount.Value != 7 {
		t.Errorf("an asset that says its total itself: got %d and %d, want 1000 and 7", g.TotalCount.Value, g.RunningCount.Value)
	}
	submit(t, s, test(3, later(time.Minute), uses(map[string]int{"G": 1})))
	if running, total := counts(t, s, "G"); running != 1 || total != 1000 {
		t.Errorf("after the report was corrected to 1 use: got %d and %d, want 1 and 1000", running, total)
	}
}

// TestCountsSetAnew: what was counted before a count is set anew is no part of it, nor is a correction of that.
func TestCountsSetAnew(t *testing.T) {
	s := openStore(t)
	newAsset(t, s, newType(t, s, "Fixture"), "F")
	check := func(after string, wantRunning, wantTotal int64) {
		t.Helper()
		if running, total := counts(t, s, "F"); running != wantRunning || total != wantTotal {
			t.Errorf("after %s: counts %d and %d, want %d and %d", after, running, total, wantRunning, wantTotal)
		}
	}
	submit(t, s, test(1, uses(map[string]int{"F": 5})))
	if err := s.ResetAssetCount(t.Context(), bySerial("F"), "", "ola"); err != nil {
		t.Fatal(err)
	}
	check("a reset", 0, 5)
	submit(t, s, test(1, uses(map[string]int{"F": 9})))
	check("a correction of a report from before the reset", 0, 9)
	if err := s.SetAssetTotalCount(t.Context(), bySerial("F"), 100, "ola"); err != nil {
		t.Fatal(err)
	}
	submit(t, s, test(1))
	check("a correction to no use at all, with the total set anew meanwhile", 0, 100)
	submit(t, s, test(2, later(time.Minute), uses(map[string]int{"F": 2})))
	check("a new report", 2, 102)
}

// TestUsesUnderConcurrency: whatever arrives at once and in whichever order, the total is what the current reports say and commands have added.
func TestUsesUnderConcurrency(t *testing.T) {
	const goroutines, rounds, reports, assets = 8, 60, 25, 3
	address := storetest.Address(t)
	stores := []*store.Store{openAt(t, address)}
	if store.IsPostgreSQL(address) {
		stores = append(stores, openAt(t, address)) // as another process would
	}
	s := stores[0]
	kind := newType(t, s, "Fixture")
	for i := range assets {
		newAsset(t, s, kind, fmt.Sprint("F", i))
	}
	added := make([]int64, assets)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for g := range goroutines {
		random := rand.New(rand.NewPCG(1, uint64(g)))
		wg.Go(func() {
			own := stores[g%len(stores)]
			for range rounds {
				n := random.IntN(assets)
				switch random.IntN(10) {
				case 0:
					if err := own.IncrementAsset(t.Context(), bySerial(fmt.Sprint("F", n)), int64(n+1), false, "ola"); err != nil {
						t.Error(err)
					}
					mu.Lock()
					added[n] += int64(n + 1)
					mu.Unlock()
				case 1:
					if err := own.ResetAssetCount(t.Context(), bySerial(fmt.Sprint("F", n)), "", "ola"); err != nil {
						t.Error(err)
					}
				default:
					k := random.IntN(reports)
					r := test(100*k+random.IntN(3), later(time.Duration(k/2)*time.Second), uses(map[string]int{
						fmt.Sprint("F", n): random.IntN(4), fmt.Sprint("F", random.IntN(assets)): random.IntN(3)}))
					if _, err := own.SubmitReport(t.Context(), store.Submission{Report: r}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	want := slices.Clone(added)
	for h, err := range s.Headers(t.Context(), store.HeaderQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		doc, err := s.Report(t.Context(), h.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, used := range doc.Report.Assets {
			want[used.SerialNumber[1]-'0'] += int64(used.UsageCount.Value)
		}
	}
	for i := range assets {
		running, total := counts(t, s, fmt.Sprint("F", i))
		if total != want[i] || running > total || running < 0 {
			t.Errorf("F%d counts %d and %d, want a total of %d and not more running", i, running, total, want[i])
		}
	}
}

// TestIncrementsUnderConcurrency: none is lost, none is doubled.
func TestIncrementsUnderConcurrency(t *testing.T) {
	address := storetest.Address(t)
	stores := []*store.Store{openAt(t, address)}
	if store.IsPostgreSQL(address) {
		stores = append(stores, openAt(t, address))
	}
	s := stores[0]
	kind := newType(t, s, "Fixture")
	parent := newAsset(t, s, kind, "P")
	newAsset(t, s, kind, "C", func(a *wats.Asset) { a.ParentID = parent.ID })
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for n := range 25 {
				if err := stores[g%len(stores)].IncrementAsset(t.Context(), bySerial("P"), int64(n%3), g%2 == 0, "ola"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if _, total := counts(t, s, "P"); total != 16*24 {
		t.Errorf("the parent counts %d, want %d", total, 16*24)
	}
	if _, total := counts(t, s, "C"); total != 8*24 {
		t.Errorf("the child counts %d, want %d", total, 8*24)
	}
}

// TestAssetStats: a report tells how its assets stood when it arrived, whatever becomes of them.
func TestAssetStats(t *testing.T) {
	s := openStore(t)
	kind := newType(t, s, "Meter", func(k *wats.AssetType) {
		k.RunningCountLimit, k.CalibrationInterval = report.Some[int64](4), report.Some(10.0)
	})
	newAsset(t, s, kind, "M", func(a *wats.Asset) { a.LastCalibration = wats.Time{Time: noon.AddDate(0, 0, -12)} })
	submit(t, s, test(1, uses(map[string]int{"M": 4, "unknown": 1})))
	submit(t, s, test(2, later(time.Hour), uses(map[string]int{"M": 2})))
	if err := s.ServiceAsset(t.Context(), bySerial("M"), store.AssetService{Kind: wats.AssetLogCalibration}); err != nil {
		t.Fatal(err)
	}
	doc, err := s.Report(t.Context(), id(1))
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.Report.AssetStats) != 1 || doc.Report.AssetStats[0].SerialNumber != "M" {
		t.Fatalf("AssetStats: got %+v, want that of M", doc.Report.AssetStats)
	}
	got := map[string]any{}
	for _, m := range doc.Report.AssetStats[0].Extra {
		var v any
		if err := json.Unmarshal(m.Value, &v); err != nil {
			t.Fatal(err)
		}
		got[m.Name] = v
	}
	want := map[string]any{
		"runningCount": 4.0, "runningCountExceeded": true, "totalCount": 4.0, "totalCountExceeded": false, "daysSinceCalibration": 12.0,
		"isDaysSinceCalibrationUnknown": false, "calibrationDaysOverdue": 2.0, "isDaysMaintenanceUnknown": true,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("members of AssetStats:\n got %v\nwant %v", got, want)
	}
	list := headers(t, s, store.HeaderQuery{OrderBy: "start", Expand: store.Expansion{Assets: true}})
	first := list[0].Assets[slices.IndexFunc(list[0].Assets, func(a wats.HeaderAsset) bool { return a.SerialNumber == "M" })]
	if first != (wats.HeaderAsset{SerialNumber: "M", RunningCount: report.Some(4), TotalCount: report.Some(4),
		DaysSinceCalibration: report.Some(12.0), CalibrationDaysOverdue: report.Some(2.0)}) || list[1].Assets[0].TotalCount.Value != 6 {
		t.Errorf("assets in headers: got %+v and %+v", list[0].Assets, list[1].Assets)
	}
}

// TestAlarmInSQLIsTheAlarmInGo: the filter alarmState finds what AssetStatus says.
func TestAlarmInSQLIsTheAlarmInGo(t *testing.T) {
	s := openStore(t)
	random := rand.New(rand.NewPCG(7, 7))
	some := func(values ...float64) report.Optional[float64] {
		if n := random.IntN(len(values) + 1); n < len(values) {
			return report.Some(values[n])
		}
		return report.Optional[float64]{}
	}
	someCount := func(values ...float64) report.Optional[int64] {
		v := some(values...)
		return report.Optional[int64]{Value: int64(v.Value), Present: v.Present}
	}
	date := func() wats.Time {
		if random.IntN(3) == 0 {
			return wats.Time{}
		}
		return wats.Time{Time: noon.Add(time.Duration(random.IntN(40)-30) * 12 * time.Hour)}
	}
	for i := range 300 {
		kind := newType(t, s, fmt.Sprint("T", i), func(k *wats.AssetType) {
			k.RunningCountLimit, k.TotalCountLimit = someCount(-1, 0, 5, 10), someCount(-1, 0, 10, 20)
			k.CalibrationInterval, k.MaintenanceInterval = some(-2, -1, 0, 5, 10.5), some(-2, -1, 0, 3)
			k.WarningThreshold, k.AlarmThreshold = some(0, 50, 80), some(0, 90, 100, 120)
		})
		newAsset(t, s, kind, fmt.Sprint("A", i), func(a *wats.Asset) {
			a.LastCalibration, a.NextCalibration, a.LastMaintenance, a.NextMaintenance = date(), date(), date(), date()
			if a.NextCalibration.Before(a.LastCalibration.Time) {
				a.NextCalibration = wats.Time{}
			}
			if a.NextMaintenance.Before(a.LastMaintenance.Time) {
				a.NextMaintenance = wats.Time{}
			}
			a.RunningCount, a.TotalCount = report.Some(random.Int64N(12)), report.Some(random.Int64N(22))
			if random.IntN(10) == 0 {
				a.State = wats.AssetScrapped
			}
		})
	}
	seen := map[wats.AssetAlarm]int{}
	for alarm := wats.AssetOK; alarm <= wats.AssetInAlarm; alarm++ {
		for a, err := range s.Assets(t.Context(), store.ListQuery{Filter: fmt.Sprintf("alarmState eq %d", int(alarm))}) {
			if err != nil {
				t.Fatal(err)
			}
			seen[alarm]++
			if a.Alarm != report.Some(alarm) {
				t.Errorf("asset %+v of type %+v: the filter says %v", a, a.Type, alarm)
			}
			if status, err := s.AssetStatus(t.Context(), bySerial(a.SerialNumber)); err != nil || status.Alarm != alarm || (status.Message == "") != (alarm == 0) && a.State != wats.AssetScrapped {
				t.Errorf("status of %s: got %+v, %v; want alarm %v", a.SerialNumber, status, err, alarm)
			}
		}
	}
	if seen[0]+seen[1]+seen[2] != 300 || min(seen[0], seen[1], seen[2]) < 10 {
		t.Errorf("the filters find %v of 300 assets", seen)
	}
}

func TestIntervalOfATypeMovesDates(t *testing.T) {
	s := openStore(t)
	days := func(n float64) func(*wats.AssetType) {
		return func(k *wats.AssetType) { k.CalibrationInterval = report.Some(n) }
	}
	kind := newType(t, s, "Meter", days(10))
	other := newType(t, s, "Other", days(wats.AssetExternal))
	a := newAsset(t, s, kind, "M", func(a *wats.Asset) { a.LastCalibration = wats.Time{Time: noon} })
	next := func() time.Time {
		t.Helper()
		a, err := s.Asset(t.Context(), bySerial("M"))
		if err != nil {
			t.Fatal(err)
		}
		return a.NextCalibration.Time
	}
	if got := a.NextCalibration; !got.Equal(noon.AddDate(0, 0, 10)) {
		t.Errorf("interval of 10 days: due %v", got)
	}
	newType(t, s, "Meter", days(20))
	if got := next(); !got.Equal(noon.AddDate(0, 0, 20)) {
		t.Errorf("interval changed to 20 days: due %v", got)
	}
	move := func(to report.ID) {
		t.Helper()
		if _, err := s.SaveAsset(t.Context(), store.AssetEdit{Asset: *a, Apply: func(a *wats.Asset) error { a.TypeID = to; return nil }}); err != nil {
			t.Fatal(err)
		}
	}
	move(other.ID)
	if got := next(); !got.Equal(noon.AddDate(0, 0, 20)) {
		t.Errorf("another system is to keep the dates from now on: due %v", got)
	}
	newType(t, s, "Other", days(wats.AssetUnlimited))
	if got := next(); !got.IsZero() {
		t.Errorf("interval changed to unlimited: due %v", got)
	}
	newType(t, s, "Meter", days(1.5))
	move(kind.ID)
	if got := next(); !got.Equal(noon.Add(36 * time.Hour)) {
		t.Errorf("back at the first type, now with an interval of a day and a half: due %v", got)
	}
}

func TestChainsOfAssetsAreBounded(t *testing.T) {
	s := openStore(t)
	kind := newType(t, s, "Fixture")
	for i := range 40 {
		a := wats.Asset{SerialNumber: fmt.Sprint("A", i), TypeID: kind.ID}
		if i > 0 {
			a.ParentSerialNumber = fmt.Sprint("A", i-1)
		}
		_, err := s.SaveAsset(t.Context(), store.AssetEdit{Asset: a})
		var invalid *report.InvalidError
		switch {
		case i < 32 && err != nil:
			t.Fatalf("asset %d below the others: %v", i, err)
		case i == 32 && (!errors.As(err, &invalid) || invalid.Violations[0].Rule != "depth"):
			t.Fatalf("asset %d below the others: got %v, want a refusal for the depth", i, err)
		case i == 32:
			return
		}
	}
}

func TestAssetEditsExcludeEachOther(t *testing.T) {
	s := openStore(t)
	a := newAsset(t, s, newType(t, s, "Fixture"), "F")
	const editors = 8
	var taken, refused int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range editors {
		wg.Go(func() {
			_, err := s.SaveAsset(context.WithoutCancel(t.Context()), store.AssetEdit{Asset: *a, Apply: func(stored *wats.Asset) error {
				stored.RowVersion, stored.Location = a.RowVersion, fmt.Sprint("place ", i)
				return nil
			}})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				taken++
			case errors.Is(err, store.ErrConflict):
				refused++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if taken != 1 || refused != editors-1 {
		t.Errorf("of %d edits of the same version %d were taken and %d refused, want 1 and %d", editors, taken, refused, editors-1)
	}
}

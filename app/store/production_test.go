package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

var sn1 = wats.UnitKey{SerialNumber: "SN1", PartNumber: "PCBA-1"}

func unitInfo(t testing.TB, s *store.Store, key wats.UnitKey) *wats.UnitInfo {
	t.Helper()
	info, err := s.UnitInfo(t.Context(), key)
	if err != nil {
		t.Fatalf("UnitInfo(%s): %v", key, err)
	}
	return info
}

// batch puts the unit of a test into a batch.
func batch(number string) func(*report.Report) {
	return func(r *report.Report) { r.Test.BatchSerialNumber = number }
}

func TestReportsTellOfTheirUnit(t *testing.T) {
	s := openStore(t)
	ctx := t.Context()
	if _, err := s.UnitInfo(ctx, sn1); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("UnitInfo before the first report: %v, want ErrNotFound", err)
	}
	check := func(what string, process int, since, first time.Time, rev, lot string) {
		t.Helper()
		i := unitInfo(t, s, sn1)
		if i.ProcessCode != report.Some(process) || !i.ProcessSince.Equal(since) || !i.FirstSeen.Equal(first) || i.Revision != rev || i.BatchNumber != lot {
			t.Errorf("after %s: process %v since %v, first seen %v, revision %q, batch %q; want %d since %v, first %v, %q, %q", what,
				i.ProcessCode, i.ProcessSince, i.FirstSeen, i.Revision, i.BatchNumber, process, since, first, rev, lot)
		}
	}
	submit(t, s, test(1))
	check("the first test", 31, noon, noon, "A", "")
	submit(t, s, test(2, process(100, ""), later(time.Hour), revision("B"), batch("LOT-1")))
	check("a later test", 100, noon.Add(time.Hour), noon, "B", "LOT-1")
	submit(t, s, test(3, process(10, ""), later(-time.Hour), revision("0"), batch("LOT-0")))
	check("a test that arrives late", 100, noon.Add(time.Hour), noon.Add(-time.Hour), "B", "LOT-1")
	submit(t, s, test(4, process(50, ""), later(2*time.Hour), revision("")))
	check("a test without revision", 50, noon.Add(2*time.Hour), noon.Add(-time.Hour), "B", "LOT-1")
	submit(t, s, repair(5, "Component", "Wrong Component", later(3*time.Hour), revision("B")))
	check("a repair", 500, noon.Add(3*time.Hour), noon.Add(-time.Hour), "B", "LOT-1")
	submit(t, s, repair(5, "Component", "Wrong Component", later(3*time.Hour), revision("B")))
	check("the same repair again", 500, noon.Add(3*time.Hour), noon.Add(-time.Hour), "B", "LOT-1")
	submit(t, s, test(6, part("PCBA-2"), later(9*time.Hour)))
	check("a test of another part", 500, noon.Add(3*time.Hour), noon.Add(-time.Hour), "B", "LOT-1")
	if all := units(t, s, store.ListQuery{}); len(all) != 2 {
		t.Errorf("%d units, want 2", len(all))
	}
}

// TestProcessSetByHandHoldsUntilALaterReport: what was said at noon outlives a report of the morning that arrives afterwards.
func TestProcessSetByHandHoldsUntilALaterReport(t *testing.T) {
	s := openStore(t)
	submit(t, s, test(1, later(-time.Hour)))
	if err := s.SetUnitProcess(t.Context(), sn1, report.Some(210), store.Author{User: "ann"}); err != nil {
		t.Fatal(err)
	}
	submit(t, s, test(2, process(50, ""), later(-time.Minute)))
	if i := unitInfo(t, s, sn1); i.ProcessCode != report.Some(210) || !i.ProcessSince.Equal(noon) {
		t.Errorf("after an earlier report: %+v, want process 210 since noon", i)
	}
	submit(t, s, test(3, process(60, ""), later(time.Minute)))
	if i := unitInfo(t, s, sn1); i.ProcessCode != report.Some(60) {
		t.Errorf("after a later report: %+v, want process 60", i)
	}
}

func units(t testing.TB, s *store.Store, q store.ListQuery) []*wats.Unit {
	t.Helper()
	var all []*wats.Unit
	for u, err := range s.Units(t.Context(), q) {
		if err != nil {
			t.Fatalf("Units(%+v): %v", q, err)
		}
		all = append(all, u)
	}
	return all
}

func saveUnit(t testing.TB, s *store.Store, u wats.Unit) *wats.Unit {
	t.Helper()
	saved, err := s.SaveUnits(t.Context(), []wats.Unit{u}, store.Author{User: "ann"})
	if err != nil || saved.Failed > 0 {
		t.Fatalf("SaveUnits(%+v): %+v, %v", u, saved, err)
	}
	return &saved.Stored[0]
}

func TestUnitThatStaysAsItIsKeepsItsVersion(t *testing.T) {
	s := openStore(t)
	first := saveUnit(t, s, wats.Unit{SerialNumber: "SN1", PartNumber: "PCBA-1", Revision: "A", Tags: []wats.Setting{{Key: "k", Value: "v"}}})
	if again := saveUnit(t, s, *first); again.RowVersion != first.RowVersion {
		t.Errorf("written back unchanged: version %v, want %v", again.RowVersion, first.RowVersion)
	}
	changed := *first
	changed.Tags = []wats.Setting{{Key: "k", Change: wats.RemoveSetting}}
	if u := saveUnit(t, s, changed); len(u.Tags) != 0 || u.RowVersion == first.RowVersion {
		t.Errorf("with its tag removed: %+v", u)
	}
	history, err := s.UnitStateHistory(context.WithoutCancel(t.Context()), sn1)
	if err != nil || len(history) != 1 {
		t.Errorf("history: %+v, %v; want that it was made", history, err)
	}
}

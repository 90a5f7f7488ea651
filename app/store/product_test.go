package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/report"
)

func revision(label string) func(*report.Report) {
	return func(r *report.Report) { r.Revision = label }
}

func labels(t *testing.T, s *store.Store, part string) (all []string) {
	t.Helper()
	revisions, err := s.Revisions(t.Context(), part)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range revisions {
		all = append(all, r.Revision)
	}
	return all
}

func TestReportsMakeProducts(t *testing.T) {
	s := openStore(t)
	submit(t, s, test(1))
	submit(t, s, test(2, serial("SN2"), revision("B")))
	submit(t, s, repair(3, "Component", "Wrong Component", part("PCBA-2"), revision("")))
	if got := fmt.Sprint(labels(t, s, "PCBA-1"), labels(t, s, "PCBA-2")); got != "[A B] []" {
		t.Errorf("revisions: got %s, want [A B] and none", got)
	}
	if _, err := s.SaveProduct(t.Context(), store.ProductChange{PartNumber: "PCBA-1", Name: report.Some("Main board")}); err != nil {
		t.Fatal(err)
	}
	submit(t, s, test(4, serial("SN4"), revision("C")))
	if p, err := s.Product(t.Context(), "PCBA-1"); err != nil || p.Name != "Main board" || len(p.Revisions) != 3 {
		t.Errorf("after a report of a product that has been named: got %+v, %v; want its name kept and revision C added", p, err)
	}
	if _, err := s.SubmitReport(t.Context(), store.Submission{Report: repair(5, "Nothing", "Nowhere", part("PCBA-3"))}); err == nil {
		t.Fatal("a repair of an unknown category has been stored")
	}
	if _, err := s.Product(t.Context(), "PCBA-3"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("product of a refused report: got %v, want ErrNotFound", err)
	}
}

func TestProductsOfOlderReports(t *testing.T) {
	address := storetest.Address(t)
	s := storetest.OpenAt(t, address, store.Options{ManualProducts: true})
	for n := range 30 {
		submit(t, s, test(n, part(fmt.Sprintf("PCBA-%d", n%10)), revision(fmt.Sprint(n%3)), serial(fmt.Sprint(n))))
	}
	if _, err := s.Product(t.Context(), "PCBA-1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("product of a report that makes none: got %v, want ErrNotFound", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = storetest.OpenAt(t, address, store.Options{})
	if got := fmt.Sprint(labels(t, s, "PCBA-1"), labels(t, s, "PCBA-9")); got != "[0 1 2] [0 1 2]" {
		t.Errorf("revisions after opening: got %s, want [0 1 2] twice", got)
	}
}

func TestConcurrentProductChanges(t *testing.T) {
	const goroutines, each = 8, 10
	s := openStore(t)
	if _, err := s.SaveProduct(t.Context(), store.ProductChange{PartNumber: "COUNTER", Name: report.Some("0")}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for n := range each {
				change := store.ProductChange{PartNumber: "PCBA-1", Tags: []wats.Setting{{Key: fmt.Sprintf("%d-%d", g, n), Value: "x", Change: wats.AddSetting}},
					Revisions: []store.RevisionChange{{Revision: fmt.Sprint(n)}}}
				if _, err := s.SaveProduct(t.Context(), change); err != nil {
					t.Errorf("SaveProduct: %v", err)
				}
				if err := countUp(t, s); err != nil {
					t.Errorf("count up: %v", err)
				}
			}
		})
	}
	wg.Wait()
	p, err := s.Product(t.Context(), "PCBA-1")
	if err != nil || len(p.Tags) != goroutines*each || len(p.Revisions) != each {
		t.Errorf("got %d tags and %d revisions, %v; want %d and %d", len(p.Tags), len(p.Revisions), err, goroutines*each, each)
	}
	p, err = s.Product(t.Context(), "COUNTER")
	if want := goroutines * each; err != nil || p.RowVersion.Value != want+1 || p.Name != fmt.Sprint(want) {
		t.Errorf("counter: got %q in version %d, %v; want %d, and one version more", p.Name, p.RowVersion.Value, err, want)
	}
}

// countUp adds one to a number that all edit, by reading it and writing it with the version read until nobody was faster.
func countUp(t *testing.T, s *store.Store) error {
	for {
		p, err := s.Product(t.Context(), "COUNTER")
		if err != nil {
			return err
		}
		var n int
		if _, err := fmt.Sscan(p.Name, &n); err != nil {
			return err
		}
		change := store.ProductChange{PartNumber: "COUNTER", Name: report.Some(fmt.Sprint(n + 1)), RowVersion: p.RowVersion}
		if _, err = s.SaveProduct(t.Context(), change); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

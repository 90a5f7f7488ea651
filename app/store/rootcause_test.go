package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/report"
)

func countDefects(t testing.TB, s *store.Store) (n int) {
	t.Helper()
	for _, err := range s.Defects(t.Context(), store.ListQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// TestOlderRepairsGetTheirFailures takes the failures away, as a database has it that is older than their table.
func TestOlderRepairsGetTheirFailures(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gowats.db")
	s := openAt(t, path)
	const n = 230 // more than are listed at once
	for i := range n {
		submit(t, s, repair(i, "component", "SOLDER defect", serial(fmt.Sprint(i))))
	}
	submit(t, s, test(n))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{`DELETE FROM report_failure`, `UPDATE report SET parts_listed = 1`} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	statistics, err := s.DefectStatistics(t.Context(), store.DefectStatisticsQuery{})
	if err != nil || len(statistics.Rows) != 1 || statistics.Rows[0].Count != n || statistics.Rows[0].Code.Value != "Solder Defect" {
		t.Errorf("statistics of older repairs: got %+v, %v; want %d solder defects", statistics, err, n)
	}
}

func TestSupersededRepairsCountNowhere(t *testing.T) {
	s := openStore(t)
	submit(t, s, repair(1, "Component", "Solder Defect"))
	submit(t, s, repair(1, "Component", "Burned Component"))
	submit(t, s, repair(1, "Component", "Burned Component"))
	if got := countDefects(t, s); got != 1 {
		t.Errorf("a repair in two versions, one of them twice: got %d defects, want 1", got)
	}
}

func newTicket(t testing.TB, s *store.Store, k wats.Ticket) *wats.Ticket {
	t.Helper()
	made, err := s.CreateTicket(t.Context(), store.TicketEdit{Ticket: k, User: "ola"})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestTicketsUnderConcurrency: numbers are given once, and no comment is lost.
func TestTicketsUnderConcurrency(t *testing.T) {
	address := storetest.Address(t)
	stores := []*store.Store{openAt(t, address)}
	if store.IsPostgreSQL(address) {
		stores = append(stores, openAt(t, address))
	}
	s := stores[0]
	k := newTicket(t, s, wats.Ticket{Subject: "shared"})
	numbers := map[int64]bool{k.Number: true}
	var mu sync.Mutex
	var wg sync.WaitGroup
	const goroutines, rounds = 8, 15
	for g := range goroutines {
		own := stores[g%len(stores)]
		wg.Go(func() {
			for i := range rounds {
				made, err := own.CreateTicket(t.Context(), store.TicketEdit{Ticket: wats.Ticket{Subject: "own"}})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if numbers[made.Number] {
					t.Errorf("number %d is given twice", made.Number)
				}
				numbers[made.Number] = true
				mu.Unlock()
				_, err = own.UpdateTicket(t.Context(), store.TicketEdit{Ticket: wats.Ticket{ID: k.ID}, User: "kari", Apply: func(k *wats.Ticket) error {
					k.Update = &wats.TicketUpdate{Content: fmt.Sprint(g, "-", i)}
					return nil
				}})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := s.Ticket(t.Context(), k.ID)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, u := range got.History {
		seen[u.Content] = true
	}
	if len(got.History) != goroutines*rounds || len(seen) != goroutines*rounds {
		t.Errorf("the history has %d entries, %d different; want %d", len(got.History), len(seen), goroutines*rounds)
	}
}

// TestLooseFilesGo: a file that no ticket refers to can be referred to for a day, and is gone after that.
func TestLooseFilesGo(t *testing.T) {
	var mu sync.Mutex
	now := noon
	s := storetest.Open(t, store.Options{Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}})
	pass := func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
	}
	save := func() report.ID {
		t.Helper()
		id, err := s.SaveTicketFile(t.Context(), "a.txt", strings.NewReader("abc"), 10, "ola")
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	used, loose := save(), save()
	refer := func(id report.ID) error {
		_, err := s.CreateTicket(t.Context(), store.TicketEdit{Ticket: wats.Ticket{Subject: "S",
			Update: &wats.TicketUpdate{Attachments: []wats.TicketAttachment{{ID: id}}}}})
		return err
	}
	pass(23 * time.Hour)
	if err := refer(used); err != nil {
		t.Errorf("refer to a file of 23 hours: %v", err)
	}
	pass(2 * time.Hour)
	save() // which sweeps
	if err := refer(loose); err == nil {
		t.Error("refer to a file of 25 hours: it is still there")
	}
	if _, err := s.TicketFile(t.Context(), loose); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("TicketFile of a loose file after a day: got %v, want ErrNotFound", err)
	}
	var content strings.Builder
	f, err := s.TicketFile(t.Context(), used)
	if err == nil {
		err = s.ReadTicketFile(context.Background(), f, &content)
	}
	if err != nil || content.String() != "abc" {
		t.Errorf("the file that a ticket refers to: got %q, %v", content.String(), err)
	}
}

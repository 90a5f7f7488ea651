package store_test

import (
	"database/sql"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/report"
)

// TestTwoStoresOnOneDatabase runs what several server processes do on one PostgreSQL. A rule that must hold across processes has a case here.
func TestTwoStoresOnOneDatabase(t *testing.T) {
	storetest.NeedsPostgreSQL(t)
	for name, try := range map[string]func(t *testing.T, a, b *store.Store){
		"the same reports through both at once":  submitThroughBoth,
		"what one adds to the catalogue":         catalogThroughBoth,
		"the same account through both at once":  accountThroughBoth,
		"readers beside a writer that is busy":   readBesideWriter,
		"a name that one gives to an operation":  nameThroughBoth,
		"an error of one is none of the other's": failThroughOne,
	} {
		t.Run(name, func(t *testing.T) {
			address := storetest.Address(t)
			try(t, openAt(t, address), openAt(t, address))
		})
	}
}

// both runs f for each store at the same time.
func both(a, b *store.Store, f func(s *store.Store)) {
	var wg sync.WaitGroup
	for _, s := range []*store.Store{a, b} {
		wg.Go(func() { f(s) })
	}
	wg.Wait()
}

func submitThroughBoth(t *testing.T, a, b *store.Store) {
	const units, runs = 8, 12
	var reports []*report.Report
	for u := range units {
		for r := range runs {
			reports = append(reports, test(u*runs+r, serial(id(u).String()), process(31+r%2, ""), later(time.Duration(r)*time.Minute)))
		}
	}
	both(a, b, func(s *store.Store) {
		order := rand.Perm(len(reports))
		submitAll(t, s, len(reports), func(n int) *report.Report { return reports[order[n]] })
	})
	all := headers(t, a, store.HeaderQuery{OrderBy: "serialNumber,start"})
	if len(all) != len(reports) {
		t.Fatalf("%d reports, want %d", len(all), len(reports))
	}
	for i, h := range all {
		r := reports[slices.IndexFunc(reports, func(r *report.Report) bool { return r.ID == h.ID })]
		if want := 1 + i%runs/2; h.Run.Value != want || h.ReceiveCount != 2 || !h.StartUTC.Equal(r.Start) {
			t.Errorf("report %d of unit %s: run %d received %d times, want run %d received twice", i%runs, h.SerialNumber, h.Run.Value, h.ReceiveCount, want)
		}
	}
	if diff := cmp.Diff(all, headers(t, b, store.HeaderQuery{OrderBy: "serialNumber,start"})); diff != "" {
		t.Errorf("headers of the two stores differ:\n%s", diff)
	}
}

func catalogThroughBoth(t *testing.T, a, b *store.Store) {
	submit(t, a, test(1)) // both have the catalogue in memory
	submit(t, b, test(2, serial("SN2")))
	submit(t, a, test(3, process(4711, "Flying probe")))
	if _, err := b.SubmitReport(t.Context(), store.Submission{Report: repair(4, "Component", "Missing Component", process(4711, ""))}); err == nil {
		t.Error("a test operation that the other store added is taken as a repair operation")
	}
	submit(t, b, repair(5, "Component", "Missing Component", process(4712, "Field repair")))
	submit(t, a, repair(6, "Component", "Missing Component", process(4712, "")))
	of := func(s *store.Store) []wats.ProcessInfo {
		all, err := s.Processes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if diff := cmp.Diff(of(a), of(b)); diff != "" {
		t.Errorf("processes of the two stores differ:\n%s", diff)
	}
}

func nameThroughBoth(t *testing.T, a, b *store.Store) {
	submit(t, a, test(1, process(4711, "")))
	submit(t, b, test(2, serial("SN2"), process(4711, "Flying probe")))
	submit(t, a, test(3, serial("SN3"), process(4711, "Other"))) // the name is taken by now: a warning
	doc, err := a.Report(t.Context(), id(3))
	if err != nil || len(doc.Warnings) != 1 || doc.Header.ProcessName != "Flying probe" {
		t.Errorf("report behind the naming: %+v, %v; want the name Flying probe and one warning", doc, err)
	}
}

func accountThroughBoth(t *testing.T, a, b *store.Store) {
	var mu sync.Mutex
	made := 0
	both(a, b, func(s *store.Store) {
		if err := s.CreateUser(t.Context(), store.User{Name: "Ann", Role: "admin", CreatedAt: noon}); err == nil {
			mu.Lock()
			made++
			mu.Unlock()
		}
	})
	if made != 1 {
		t.Errorf("%d stores have made the account, want one", made)
	}
}

func readBesideWriter(t *testing.T, a, b *store.Store) {
	submit(t, a, test(1))
	both(a, b, func(s *store.Store) {
		for n := range 20 {
			if s == a {
				submit(t, a, test(100+n, serial(id(n).String())))
			} else if h := headers(t, b, store.HeaderQuery{Filter: "serialNumber eq 'SN1'"}); len(h) != 1 {
				t.Errorf("%d headers beside the writer, want 1", len(h))
			}
		}
	})
}

func failThroughOne(t *testing.T, a, b *store.Store) {
	both(a, b, func(s *store.Store) {
		for n := range 20 {
			if s == a {
				submit(t, a, test(n, serial(id(n).String())))
			} else if err := b.Do(t.Context(), addTwice); err == nil {
				t.Error("a row that is there already was added")
			}
		}
	})
	if n, err := a.CountHeaders(t.Context(), store.HeaderQuery{}); err != nil || n != 20 {
		t.Errorf("%d reports, %v; want 20", n, err)
	}
}

func TestStoresMayOpenAnEmptyDatabaseAtOnce(t *testing.T) {
	storetest.NeedsPostgreSQL(t)
	address := storetest.Unprepared(t)
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			s, err := store.Open(t.Context(), address, store.Options{})
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			submit(t, s, test(n, serial(id(n).String())))
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	wg.Wait()
	if n, err := openAt(t, address).CountHeaders(t.Context(), store.HeaderQuery{}); err != nil || n != 4 {
		t.Errorf("%d reports, %v; want 4", n, err)
	}
}

// TestReopened has what one process has stored read by the next.
func TestReopened(t *testing.T) {
	address := storetest.Address(t)
	s := openAt(t, address)
	submit(t, s, test(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if outcome := submit(t, openAt(t, address), test(1)); outcome != store.Repeated {
		t.Errorf("outcome after reopening %v, want Repeated", outcome)
	}
}

func TestKeysComeAfterThoseThatAMigrationGave(t *testing.T) {
	address := storetest.Unprepared(t)
	first := fstest.MapFS{"00001_first.sql": {Data: []byte(`-- +goose Up
		CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
		CREATE TABLE other (code INTEGER PRIMARY KEY);
		INSERT INTO thing (id, name) VALUES (1, 'one'), (50, 'fifty');`)}}
	second := fstest.MapFS{"00001_first.sql": first["00001_first.sql"], "00002_second.sql": {Data: []byte(`-- +goose Up
		INSERT INTO thing (id, name) VALUES (60, 'sixty');`)}}
	db := storetest.Database(t, address)
	for _, c := range []struct {
		files fs.FS
		want  int
	}{{first, 51}, {first, 52}, {second, 61}} {
		if err := store.Migrate(t.Context(), address, c.files); err != nil {
			t.Fatal(err)
		}
		if id := rawCount(t, db, `INSERT INTO thing (name) VALUES ('next') RETURNING id`); id != c.want {
			t.Errorf("next key: %d, want %d", id, c.want)
		}
	}
}

// TestTextsAreOrderedAndFoldedTheSame has letters that databases order and fold by the customs of a country, unless told not to.
func TestTextsAreOrderedAndFoldedTheSame(t *testing.T) {
	s := openStore(t)
	stations := []string{"ICT Z", "ICT a", "ICT Å", "ict å", "ICT É", "ICT_b", "ICT Æ-Øl"} // in no order
	for n, name := range stations {
		submit(t, s, test(n, serial(id(n).String()), station(name)))
	}
	names := func(q store.HeaderQuery) (all []string) {
		for _, h := range headers(t, s, q) {
			all = append(all, h.StationName)
		}
		return all
	}
	sorted := slices.Sorted(slices.Values(stations)) // by bytes
	if got := names(store.HeaderQuery{OrderBy: "stationName"}); !slices.Equal(got, sorted) {
		t.Errorf("in order: %q, want %q", got, sorted)
	}
	for filter, want := range map[string][]string{
		"tolower(stationName) eq tolower('ICT Å')":       {"ICT Å"}, // what is beyond ASCII keeps its case
		"toupper(stationName) eq 'ICT å'":                {"ict å"},
		"tolower(stationName) eq 'ict æ-øl'":             nil,
		"contains(tolower(stationName), tolower('ØL'))":  {"ICT Æ-Øl"},
		"contains(stationName, 'å')":                     {"ict å"},
		"stationName gt 'ICT a' and stationName lt 'a'":  {"ICT_b", "ICT Å", "ICT Æ-Øl", "ICT É"},
		"startswith(stationName,'ICT_')":                 {"ICT_b"},
		"endswith(tolower(stationName), tolower('-øL'))": nil,
	} {
		got := names(store.HeaderQuery{Filter: filter, OrderBy: "stationName"})
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
}

// TestTextThatCannotBeStored holds that both databases refuse the same.
func TestTextThatCannotBeStored(t *testing.T) {
	s := openStore(t)
	if _, err := s.SubmitReport(t.Context(), store.Submission{Report: test(1, station("ICT\x001"))}); !isText(err) {
		t.Errorf("SubmitReport with U+0000: %v, want ErrText", err)
	}
	if _, err := s.UnitHistory(t.Context(), "SN\x001", ""); !isText(err) {
		t.Errorf("UnitHistory with U+0000: %v, want ErrText", err)
	}
	if _, err := s.UnitHistory(t.Context(), "\xff", ""); !isText(err) {
		t.Errorf("UnitHistory with a byte that is not UTF-8: %v, want ErrText", err)
	}
	if n := len(headers(t, s, store.HeaderQuery{})); n != 0 {
		t.Errorf("%d reports, want none", n)
	}
}

// TestAcknowledgedMeansSynced reads the settings of the writing connection.
func TestAcknowledgedMeansSynced(t *testing.T) {
	storetest.NeedsPostgreSQL(t)
	address := storetest.Address(t)
	db := storetest.Database(t, address)
	var database string
	if err := db.QueryRow(`SELECT current_database()`).Scan(&database); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`ALTER DATABASE ` + database + ` SET synchronous_commit = off`); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, address)
	setting := ""
	if err := s.Do(t.Context(), readSetting("synchronous_commit", &setting)); err != nil || setting != "on" {
		t.Errorf("synchronous_commit of the writer: %q, %v; want on", setting, err)
	}
}

// rawCount counts with a statement of the test's own.
func rawCount(t *testing.T, db *sql.DB, statement string) (n int) {
	t.Helper()
	if err := db.QueryRow(statement).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
)

// TestFullDiskOfTheDatabase fills the file of SQLite; on PostgreSQL, whose disk is not a test's to fill, the server says that it is full.
func TestFullDiskOfTheDatabase(t *testing.T) {
	s := storetest.Open(t, store.Options{})
	submit(t, s, test(1))
	var pages int
	fill := func(ctx context.Context, w *store.Writer) error {
		if storetest.OnPostgreSQL() {
			return w.Exec(ctx, `DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$`)
		}
		if err := w.Get(ctx, &pages, `PRAGMA max_page_count = 1`); err != nil { // as many as there are
			return err
		}
		return w.Exec(ctx, `CREATE TABLE filler AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
			SELECT randomblob(4096) AS filler FROM n`)
	}
	if err := s.Do(t.Context(), fill); !errors.Is(err, store.ErrNoSpace) || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a write to a full disk: %v, want ErrNoSpace", err)
	}
	if n := len(headers(t, s, store.HeaderQuery{})); n != 1 {
		t.Errorf("%d reports can be read from a full disk, want 1", n)
	}
	room := func(ctx context.Context, w *store.Writer) error {
		if storetest.OnPostgreSQL() {
			return nil
		}
		return w.Get(ctx, &pages, `PRAGMA max_page_count = 1000000`)
	}
	if err := s.Do(t.Context(), room); err != nil {
		t.Fatal(err)
	}
	submit(t, s, test(2, serial("SN2")))
}

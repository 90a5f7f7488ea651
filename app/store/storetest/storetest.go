// Package storetest gives tests a store of their own: on PostgreSQL when the environment GOWATS_TEST_POSTGRES has the address of a server
// in which databases may be made, else on SQLite.
package storetest

import (
	"path/filepath"
	"testing"

	"github.com/gowats/gowats/app/store"
)

// Open returns an empty store, which the test's cleanup closes.
func Open(t testing.TB, opt store.Options) *store.Store {
	t.Helper()
	return OpenAt(t, Address(t), opt)
}

// OpenAt opens the store at that address, which the test's cleanup closes. Several may be open at one address of PostgreSQL.
func OpenAt(t testing.TB, address string, opt store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), address, opt)
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return s
}

// Address returns where no store has been yet, for [store.Open]: another place with each call. It is gone when the test ends.
func Address(t testing.TB) string {
	t.Helper()
	if server() == "" {
		return filepath.Join(t.TempDir(), "gowats.db")
	}
	from, err := template()
	if err != nil {
		t.Fatalf("prepare a database on the server of %s: %v", variable, err)
	}
	return makeDatabase(t, from)
}

// Unprepared returns an address as Address does, of a database without tables.
func Unprepared(t testing.TB) string {
	t.Helper()
	if server() == "" {
		return Address(t)
	}
	return makeDatabase(t, "template0 "+locale)
}

// OnPostgreSQL reports whether tests run on PostgreSQL.
func OnPostgreSQL() bool { return server() != "" }

// NeedsPostgreSQL skips a test that shows nothing on SQLite.
func NeedsPostgreSQL(t testing.TB) {
	t.Helper()
	if !OnPostgreSQL() {
		t.Skipf("SKIPPED: PostgreSQL; set %s to the address of a server in which databases may be made, such as postgres://postgres@127.0.0.1:5432/postgres", variable)
	}
}

// NeedsSQLite skips a test that is about SQLite, and says why it is.
func NeedsSQLite(t testing.TB, why string) {
	t.Helper()
	if OnPostgreSQL() {
		t.Skipf("on SQLite only: %s", why)
	}
}

// Package storetest gives tests a store of their own, on the database that the tests run on.
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

// Address returns where no store has been yet, for [store.Open]: another place with each call.
func Address(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "gowats.db")
}

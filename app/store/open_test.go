package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/report"
)

func TestWhatIsStoredIsThereAfterReopening(t *testing.T) {
	storetest.NeedsSQLite(t, "its file has an odd name")
	path := filepath.Join(t.TempDir(), "odd name #1 100%?.db")
	s := openAt(t, path)
	submit(t, s, test(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is not where it was asked for: %v", err)
	}
	again := openAt(t, path)
	if outcome := submit(t, again, test(1)); outcome != store.Repeated {
		t.Errorf("outcome after reopening %v, want Repeated", outcome)
	}
}

// TestCommittedReportsSurviveACrash copies the files as a crash would leave them, with the store still open.
func TestCommittedReportsSurviveACrash(t *testing.T) {
	storetest.NeedsSQLite(t, "it copies the files")
	dir, crashed := t.TempDir(), t.TempDir()
	s := openAt(t, filepath.Join(dir, "gowats.db"))
	for n := range 20 {
		submit(t, s, test(n, serial(id(n).String())))
		if err := os.CopyFS(filepath.Join(crashed, id(n).String()), os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 20 {
		path := filepath.Join(crashed, id(n).String(), "gowats.db")
		if err := os.Remove(path + "-shm"); err != nil { // memory, gone with the power
			t.Fatal(err)
		}
		after := openAt(t, path)
		if got, err := after.CountHeaders(t.Context(), store.HeaderQuery{}); err != nil || got != n+1 {
			t.Errorf("after a crash behind report %d: %d reports, %v; want %d", n, got, err, n+1)
		}
	}
}

func TestDatabaseIsPrivate(t *testing.T) {
	storetest.NeedsSQLite(t, "it looks at the files")
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no file modes")
	}
	dir := t.TempDir()
	s := openAt(t, filepath.Join(dir, "gowats.db"))
	submit(t, s, test(1))
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", e.Name(), info.Mode().Perm())
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	address := storetest.Address(t)
	if err := openAt(t, address).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.Database(t, address).Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9000, CAST(1 AS BOOLEAN))`); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), address, store.Options{})
	if err == nil || !strings.Contains(err.Error(), "its schema has version 9000, this program knows versions up to ") ||
		!strings.Contains(err.Error(), ": use the newer gowats") {
		t.Errorf("Open of a newer database: %v", err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	storetest.NeedsSQLite(t, "it opens files")
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"a folder": dir, "no folder": filepath.Join(dir, "none", "gowats.db"), "another file": text} {
		if _, err := store.Open(t.Context(), path, store.Options{}); err == nil || !strings.Contains(err.Error(), "open database "+path) {
			t.Errorf("Open of %s: %v, want an error that names the file", name, err)
		}
	}
}

func TestManySubmitAtOnce(t *testing.T) {
	s := openStore(t)
	const goroutines, each = 64, 4
	shared := test(1_000_000, serial("shared"))
	var stored atomic.Int64
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				own := test(g*each+i, serial("own"), later(time.Duration(g*each+i)*time.Millisecond))
				for _, r := range []*report.Report{own, shared} {
					receipt, err := s.SubmitReport(t.Context(), store.Submission{Report: r})
					if err != nil {
						t.Errorf("SubmitReport: %v", err)
						return
					}
					if receipt.Outcome == store.Stored {
						stored.Add(1)
					}
				}
			}
		})
	}
	wg.Wait()
	if want := int64(goroutines*each + 1); stored.Load() != want {
		t.Errorf("%d reports were new, want %d", stored.Load(), want)
	}
	for i, h := range headers(t, s, store.HeaderQuery{Filter: "serialNumber eq 'own'", OrderBy: "start"}) {
		if h.Run.Value != i+1 {
			t.Fatalf("run %d of the unit has number %d", i+1, h.Run.Value)
		}
	}
	if h := headers(t, s, store.HeaderQuery{Filter: "serialNumber eq 'shared'"}); len(h) != 1 || h[0].ReceiveCount != goroutines*each {
		t.Errorf("the shared report: %+v, want one received %d times", h, goroutines*each)
	}
}

func TestBadReportDoesNotSpoilTheOthers(t *testing.T) {
	s := openStore(t)
	var wg sync.WaitGroup
	for n := range 64 {
		wg.Go(func() {
			r, wantErr := test(n, serial(id(n).String())), false
			if n%4 == 0 {
				r, wantErr = repair(n, "Magic", ""), true
			}
			if _, err := s.SubmitReport(t.Context(), store.Submission{Report: r}); (err != nil) != wantErr {
				t.Errorf("SubmitReport(%d): %v, want error %t", n, err, wantErr)
			}
		})
	}
	wg.Wait()
	if got, err := s.CountHeaders(t.Context(), store.HeaderQuery{}); err != nil || got != 48 {
		t.Errorf("%d reports, %v; want 48", got, err)
	}
}

func TestEndedContextEndsTheWait(t *testing.T) {
	s := openStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.SubmitReport(ctx, store.Submission{Report: test(1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("SubmitReport with an ended context: %v, want context.Canceled", err)
	}
	for _, err := range s.Headers(ctx, store.HeaderQuery{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Headers with an ended context: %v, want context.Canceled", err)
		}
	}
	submit(t, s, test(2)) // the writer goes on
}

func TestCloseWhileSubmitting(t *testing.T) {
	address := storetest.Address(t)
	s := openAt(t, address)
	var stored atomic.Int64
	var wg sync.WaitGroup
	started := make(chan struct{}, 16)
	for g := range 16 {
		wg.Go(func() {
			for i := 0; ; i++ {
				_, err := s.SubmitReport(t.Context(), store.Submission{Report: test(g*1_000_000+i, serial(id(g*1_000_000+i).String()))})
				switch {
				case errors.Is(err, store.ErrClosed):
					return
				case err != nil:
					t.Errorf("SubmitReport while closing: %v", err)
					return
				}
				stored.Add(1)
				if i == 3 {
					started <- struct{}{}
				}
			}
		})
	}
	for range 16 {
		<-started
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	wg.Wait()
	if got, err := openAt(t, address).CountHeaders(t.Context(), store.HeaderQuery{}); err != nil || int64(got) != stored.Load() {
		t.Errorf("%d reports, %v; %d were acknowledged", got, err, stored.Load())
	}
	if _, err := s.Report(t.Context(), id(0)); err == nil {
		t.Error("Report after Close: no error")
	}
}

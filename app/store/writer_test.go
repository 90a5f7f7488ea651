package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
)

// oneBatch keeps the writer busy until all the given jobs wait, then lets it go on, and returns their errors.
func oneBatch(t *testing.T, s *store.Store, jobs ...func(context.Context, *store.Writer) error) []error {
	t.Helper()
	errs := make([]error, len(jobs))
	var wg sync.WaitGroup
	release := make(chan struct{})
	wg.Go(func() {
		err := s.Do(t.Context(), func(context.Context, *store.Writer) error { <-release; return nil })
		if err != nil {
			t.Error(err)
		}
	})
	synctest.Wait() // the writer is busy
	for i, job := range jobs {
		wg.Go(func() { errs[i] = s.Do(t.Context(), job) })
	}
	synctest.Wait() // the jobs wait
	close(release)
	wg.Wait()
	return errs
}

// addProcess returns a job that adds an operation.
func addProcess(code int) func(context.Context, *store.Writer) error {
	return func(ctx context.Context, w *store.Writer) error { return w.AddProcess(ctx, code) }
}

// countProcesses returns how many operations were added.
func countProcesses(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	all, err := s.Processes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.Code > 1000 {
			n++
		}
	}
	return n
}

func TestFailedJobTakesNothingAlong(t *testing.T) {
	address := storetest.Address(t)
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		s := storetest.OpenAt(t, address, store.Options{})
		errs := oneBatch(t, s,
			addProcess(1001),
			func(ctx context.Context, w *store.Writer) error { // writes, then fails
				return errors.Join(addProcess(1002)(ctx, w), boom)
			},
			func(context.Context, *store.Writer) error { return boom }, // fails before it writes
			addProcess(1003),
		)
		for i, want := range []error{nil, boom, boom, nil} {
			if !errors.Is(errs[i], want) {
				t.Errorf("job %d: %v, want %v", i, errs[i], want)
			}
		}
		if n := countProcesses(t, s); n != 2 {
			t.Errorf("%d processes were added, want 2", n)
		}
	})
}

// TestFailedStatementSpoilsOnlyItsJob has jobs that go on after a statement failed, which one of the databases cannot.
func TestFailedStatementSpoilsOnlyItsJob(t *testing.T) {
	address := storetest.Address(t)
	synctest.Test(t, func(t *testing.T) {
		s := storetest.OpenAt(t, address, store.Options{})
		const twice = `INSERT INTO process (code, name, kind) VALUES (10, 'there already', 'test')`
		errs := oneBatch(t, s,
			addProcess(1001),
			func(ctx context.Context, w *store.Writer) error { // takes no notice
				_ = w.Exec(ctx, twice)
				return addProcess(1002)(ctx, w)
			},
			func(ctx context.Context, w *store.Writer) error { // a statement that cannot be prepared
				_ = w.Exec(ctx, `INSERT INTO nothing (code) VALUES (1)`)
				return nil
			},
			func(ctx context.Context, w *store.Writer) error { return w.Exec(ctx, twice) },
			addProcess(1003),
		)
		for i, want := range []bool{true, false, false, false, true} {
			if (errs[i] == nil) != want {
				t.Errorf("job %d: %v, want success %t", i, errs[i], want)
			}
		}
		if n := countProcesses(t, s); n != 2 {
			t.Errorf("%d processes were added, want 2", n)
		}
	})
}

func TestWaitingJobsShareOneTransaction(t *testing.T) {
	address := storetest.Address(t)
	synctest.Test(t, func(t *testing.T) {
		s := storetest.OpenAt(t, address, store.Options{})
		var jobs []func(context.Context, *store.Writer) error
		for i := range 20 {
			jobs = append(jobs, func(ctx context.Context, w *store.Writer) error {
				if n := countProcesses(t, s); n != 0 {
					t.Errorf("before the last job %d are committed, want none", n)
				}
				return addProcess(1001+i)(ctx, w)
			})
		}
		oneBatch(t, s, jobs...)
		if n := countProcesses(t, s); n != len(jobs) {
			t.Errorf("%d processes were added, want %d", n, len(jobs))
		}
	})
}

func TestJobOfACallerWhoLeftIsNotRun(t *testing.T) {
	s := openStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // handed over or not, as it happens
		if err := s.Do(ctx, addProcess(1001)); !errors.Is(err, context.Canceled) {
			t.Errorf("do with an ended context: %v, want context.Canceled", err)
		}
	}
	if n := countProcesses(t, s); n != 0 {
		t.Errorf("%d processes were added, want none", n)
	}
}

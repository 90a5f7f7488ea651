package store

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
)

func openForWriter(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "gowats.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// oneBatch keeps the writer busy until all the given jobs wait, then lets it go on, and returns their errors.
func oneBatch(t *testing.T, s *Store, jobs ...func(context.Context, *writer) error) []error {
	t.Helper()
	errs := make([]error, len(jobs))
	var wg sync.WaitGroup
	release := make(chan struct{})
	wg.Go(func() {
		err := s.queue.do(t.Context(), 0, func(context.Context, *writer) error { <-release; return nil })
		if err != nil {
			t.Error(err)
		}
	})
	synctest.Wait() // the writer is busy
	for i, job := range jobs {
		wg.Go(func() { errs[i] = s.queue.do(t.Context(), 0, job) })
	}
	synctest.Wait() // the jobs wait
	close(release)
	wg.Wait()
	return errs
}

func addProcess(code int) func(context.Context, *writer) error {
	return func(ctx context.Context, w *writer) error { return w.createOperation(ctx, code, "", testKind) }
}

func countProcesses(t *testing.T, s *Store) (n int) {
	t.Helper()
	if err := s.reads.QueryRowContext(t.Context(), `SELECT count(*) FROM process WHERE code > 1000`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFailedJobTakesNothingAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		s := openForWriter(t)
		defer s.Close()
		errs := oneBatch(t, s,
			addProcess(1001),
			func(ctx context.Context, w *writer) error { // writes, then fails
				return errors.Join(addProcess(1002)(ctx, w), boom)
			},
			func(context.Context, *writer) error { return boom }, // fails before it writes
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

func TestWaitingJobsShareOneTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openForWriter(t)
		defer s.Close()
		var jobs []func(context.Context, *writer) error
		for i := range 20 {
			jobs = append(jobs, func(ctx context.Context, w *writer) error {
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
	s := openForWriter(t)
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // handed over or not, as it happens
		if err := s.queue.do(ctx, 0, addProcess(1001)); !errors.Is(err, context.Canceled) {
			t.Errorf("do with an ended context: %v, want context.Canceled", err)
		}
	}
	if n := countProcesses(t, s); n != 0 {
		t.Errorf("%d processes were added, want none", n)
	}
}

func TestBatchIsBounded(t *testing.T) {
	for _, c := range []struct {
		name string
		size int // of each of 1,000 jobs
		want int
	}{
		{"by jobs", 1, maxBatchJobs},
		{"by bytes", maxBatchBytes / 2, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			jobs := make(chan *job, 1000)
			for range cap(jobs) {
				jobs <- &job{size: c.size}
			}
			if got := len(gather([]*job{<-jobs}, jobs)); got != c.want {
				t.Errorf("gather took %d jobs, want %d", got, c.want)
			}
		})
	}
}

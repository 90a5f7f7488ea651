package store

import (
	"context"
	"errors"
	"io/fs"
	"testing"
)

// OpenForTest opens a store on the database that tests run on, for tests inside the package.
var OpenForTest func(testing.TB) *Store

func openForWriter(t testing.TB) *Store {
	t.Helper()
	return OpenForTest(t)
}

// Writer lets tests write jobs of their own.
type Writer = writer

// Do runs a job.
func (s *Store) Do(ctx context.Context, job func(context.Context, *Writer) error) error {
	return s.queue.do(ctx, 0, job)
}

// AddProcess adds a test operation.
func (w *writer) AddProcess(ctx context.Context, code int) error {
	return w.createOperation(ctx, code, "", testKind)
}

// Exec runs a statement of the test's own.
func (w *writer) Exec(ctx context.Context, text string, args ...any) error {
	_, err := w.exec(ctx, text, args...)
	return err
}

// Get reads one value with a statement of the test's own.
func (w *writer) Get(ctx context.Context, dest any, text string, args ...any) error {
	_, err := w.get(ctx, []any{dest}, text, args...)
	return err
}

// CountBlobs returns how many blobs there are, in whatever state.
func (s *Store) CountBlobs(ctx context.Context) (n int, err error) {
	err = s.reads.QueryRowContext(ctx, `SELECT count(*) FROM blob`).Scan(&n)
	return n, err
}

// Migrate brings a database to the version of other migrations than those of the program.
func Migrate(ctx context.Context, address string, files fs.FS) error {
	d, err := dialectOf(address)
	if err != nil {
		return err
	}
	db, err := d.open(forWriting, d.writers)
	if err != nil {
		return err
	}
	return errors.Join(migrate(ctx, db, d, files), db.Close())
}

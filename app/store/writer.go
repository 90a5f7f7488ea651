package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
)

const (
	maxBatchJobs  = 256
	maxBatchBytes = 64 << 20 // beyond it a batch takes no further job
)

// job is one write on its way to the writer.
type job struct {
	ctx  context.Context
	size int // about how many bytes it writes
	run  func(*writer) error
	done chan error // takes one error without blocking
}

// queue hands jobs to the writer. It holds none itself: callers wait until they are taken.
type queue struct {
	jobs   chan *job
	closed chan struct{} // the writer has ended
	writer *writer

	mu      sync.RWMutex // held for reading while handing in
	closing bool
}

func startQueue(ctx context.Context, db *sql.DB, d dialect) (*queue, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	q := &queue{jobs: make(chan *job), closed: make(chan struct{})}
	q.writer = &writer{conn: conn, begin: d.begin, statements: map[string]*sql.Stmt{}}
	go func() {
		defer close(q.closed)
		q.writer.loop(q.jobs)
	}()
	return q, nil
}

// do runs a write and returns when it is committed and synced, or failed. When ctx ends before that the write may still happen.
func (q *queue) do(ctx context.Context, size int, run func(*writer) error) error {
	j := &job{ctx: ctx, size: size, run: run, done: make(chan error, 1)}
	if err := q.hand(j); err != nil {
		return err
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (q *queue) hand(j *job) error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closing {
		return ErrClosed
	}
	select {
	case q.jobs <- j:
		return nil
	case <-j.ctx.Done():
		return j.ctx.Err()
	}
}

// close lets the writer finish what was handed in, then ends it.
func (q *queue) close() error {
	q.mu.Lock()
	q.closing = true
	q.mu.Unlock()
	close(q.jobs)
	<-q.closed
	return q.writer.close()
}

// writer owns the one connection that writes.
type writer struct {
	conn       *sql.Conn
	begin      string
	statements map[string]*sql.Stmt // by text; every text is a constant of this package
	wrote      bool                 // by the job under way
	catalog    *catalog             // nil: to be read
}

func (w *writer) loop(jobs <-chan *job) {
	batch := make([]*job, 0, maxBatchJobs)
	for j := range jobs {
		batch = gather(append(batch[:0], j), jobs)
		w.commit(batch)
		clear(batch)
	}
}

// gather adds the jobs that wait already. It does not wait for more: those who come during the commit make the next batch.
func gather(batch []*job, jobs <-chan *job) []*job {
	size := batch[0].size
	for len(batch) < maxBatchJobs && size < maxBatchBytes {
		select {
		case j, ok := <-jobs:
			if !ok {
				return batch
			}
			batch = append(batch, j)
			size += j.size
		default:
			return batch
		}
	}
	return batch
}

// commit runs the batch in one transaction and answers its jobs. When one job spoils the transaction each is run in its own.
func (w *writer) commit(batch []*job) {
	errs, err := w.attempt(batch)
	if err != nil && len(batch) > 1 {
		for i := range batch {
			w.commit(batch[i : i+1])
		}
		return
	}
	for i, j := range batch {
		if err != nil {
			j.done <- err
		} else {
			j.done <- errs[i]
		}
	}
}

// attempt returns the errors of jobs that failed before they wrote anything, or the error for which all was rolled back.
func (w *writer) attempt(batch []*job) (errs []error, err error) {
	if err := w.control(w.begin); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			w.rollback()
		}
	}()
	errs = make([]error, len(batch))
	for i, j := range batch {
		if errs[i] = j.ctx.Err(); errs[i] != nil {
			continue
		}
		w.wrote = false
		if errs[i] = j.run(w); errs[i] != nil && w.wrote {
			return nil, errs[i]
		}
	}
	if err := w.control("COMMIT"); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	return errs, nil
}

// rollback undoes the transaction, if the database has not done so itself, and forgets what was read in it.
func (w *writer) rollback() {
	_ = w.control("ROLLBACK") // fails only when there is no transaction any more; then there is nothing to undo
	w.catalog = nil
}

func (w *writer) control(text string) error {
	_, err := w.conn.ExecContext(context.Background(), text)
	return err
}

// statement returns text prepared. The context of callers stays outside: a statement is short, and others share its transaction.
func (w *writer) statement(text string) (*sql.Stmt, error) {
	if s, ok := w.statements[text]; ok {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), text)
	if err == nil {
		w.statements[text] = s
	}
	return s, err
}

// exec changes rows and returns how many.
func (w *writer) exec(text string, args ...any) (int64, error) {
	s, err := w.statement(text)
	if err != nil {
		return 0, err
	}
	w.wrote = true
	result, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// insert adds one row and stores what the RETURNING clause gives in dest.
func (w *writer) insert(dest any, text string, args ...any) error {
	w.wrote = true
	_, err := w.get([]any{dest}, text, args...)
	return err
}

// get reads the first row into dest, and reports whether there is one.
func (w *writer) get(dest []any, text string, args ...any) (bool, error) {
	s, err := w.statement(text)
	if err != nil {
		return false, err
	}
	switch err := s.QueryRowContext(context.Background(), args...).Scan(dest...); err {
	case nil:
		return true, nil
	case sql.ErrNoRows:
		return false, nil
	default:
		return false, err
	}
}

func (w *writer) close() error {
	for _, s := range w.statements {
		_ = s.Close() // the connection, and so the statement, ends next
	}
	return w.conn.Close()
}

// each calls f after reading every row into dest.
func (w *writer) each(text string, dest []any, f func()) error {
	rows, err := w.conn.QueryContext(context.Background(), text)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		f()
	}
	return rows.Err()
}

package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

const (
	maxBatchJobs  = 256
	maxBatchBytes = 64 << 20 // beyond it a batch takes no further job
)

// job is one write on its way to the writer.
type job struct {
	left <-chan struct{} // closed when the caller no longer waits
	size int             // about how many bytes it writes
	run  func(context.Context, *writer) error
	done chan error // takes one error without blocking
}

// errLeft answers a job whose caller has gone.
var errLeft = errors.New("the caller has gone")

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
	db.SetMaxIdleConns(0) // when the connection is lost the next one is new
	q := &queue{jobs: make(chan *job), closed: make(chan struct{})}
	ctx = context.WithoutCancel(ctx) // ending Open's context does not end the store
	q.writer = &writer{db: db, dialect: d, name: rand.Text(), conn: conn, statements: map[string]*sql.Stmt{}}
	go func() {
		defer close(q.closed)
		q.writer.loop(ctx, q.jobs)
	}()
	return q, nil
}

// do runs a write and returns when it is committed and synced, or failed. When ctx ends before that the write may still happen.
func (q *queue) do(ctx context.Context, size int, run func(context.Context, *writer) error) error {
	j := &job{left: ctx.Done(), size: size, run: run, done: make(chan error, 1)}
	if err := q.hand(ctx, j); err != nil {
		return err
	}
	select {
	case err := <-j.done:
		if errors.Is(err, errLeft) {
			return ctx.Err()
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (q *queue) hand(ctx context.Context, j *job) error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closing {
		return ErrClosed
	}
	select {
	case q.jobs <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
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

// writer owns the one connection that writes. The context that its methods take is that of the store, not of a caller:
// a statement is short, and others share its transaction.
type writer struct {
	db         *sql.DB
	dialect    dialect
	name       string               // among the writers of all processes
	conn       *sql.Conn            // nil: it was lost
	statements map[string]*sql.Stmt // by text; every text is a constant of this package

	wrote   bool  // the job under way has
	failure error // why the transaction under way cannot be committed, nil when it can
	lost    bool  // the connection cannot be used any more

	// What is in memory of the database; forget drops it.
	catalog  *catalog // nil: to be read
	arrivals arrivals
}

func (w *writer) loop(ctx context.Context, jobs <-chan *job) {
	batch := make([]*job, 0, maxBatchJobs)
	for j := range jobs {
		batch = gather(append(batch[:0], j), jobs)
		w.commit(ctx, batch)
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
func (w *writer) commit(ctx context.Context, batch []*job) {
	errs, err := w.attempt(ctx, batch)
	if err != nil && len(batch) > 1 && !errors.Is(err, ErrUnavailable) {
		for i := range batch {
			w.commit(ctx, batch[i:i+1])
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
func (w *writer) attempt(ctx context.Context, batch []*job) (errs []error, err error) {
	if w.dialect.limit > 0 {
		limited, cancel := context.WithTimeout(ctx, w.dialect.limit)
		defer cancel()
		ctx = limited
	}
	if err := w.begin(ctx); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			w.rollback(ctx)
		}
	}()
	errs = make([]error, len(batch))
	for i, j := range batch {
		select {
		case <-j.left:
			errs[i] = errLeft
			continue
		default:
		}
		w.wrote = false
		errs[i] = j.run(ctx, w)
		switch {
		case w.lost:
			return nil, w.failure
		case errs[i] != nil && (w.wrote || w.failure != nil):
			return nil, errs[i]
		case w.failure != nil: // the job went on, but the database did not
			return nil, fmt.Errorf("a statement failed: %w", w.failure)
		}
	}
	if err := w.checked(w.dialect.commit(ctx, w.conn)); err != nil {
		if w.lost {
			err = fmt.Errorf("%w: %w", ErrUncertain, err)
		}
		return nil, fmt.Errorf("commit: %w", err)
	}
	return errs, nil
}

// begin begins a transaction. A connection that was lost while nobody wrote is made anew.
func (w *writer) begin(ctx context.Context) error {
	fresh := w.conn == nil
	err := w.tryBegin(ctx)
	if err != nil && w.lost && !fresh {
		err = w.tryBegin(ctx)
	}
	return err
}

func (w *writer) tryBegin(ctx context.Context) (err error) {
	w.failure, w.lost = nil, false
	if w.conn == nil {
		conn, err := w.db.Conn(ctx)
		if err != nil {
			return unavailable(err)
		}
		w.conn = conn
	}
	if err = w.control(ctx, w.dialect.begin); err == nil {
		err = w.takeTurn(ctx)
	}
	if err != nil {
		w.rollback(ctx)
	}
	return err
}

// takeTurn forgets what is in memory of the database when another process has written since this one did.
func (w *writer) takeTurn(ctx context.Context) error {
	var last string
	if _, err := w.get(ctx, []any{&last}, `SELECT writer FROM last_writer`); err != nil {
		return err
	}
	if last == w.name {
		return nil
	}
	w.forget()
	_, err := w.exec(ctx, `UPDATE last_writer SET writer = $1`, w.name)
	return err
}

// rollback undoes the transaction, if the database has not done so itself, and forgets what was read and made in it.
func (w *writer) rollback(ctx context.Context) {
	w.forget()
	if !w.lost {
		_ = w.control(ctx, "ROLLBACK") // fails only when there is no transaction any more; then there is nothing to undo
	}
	if w.lost {
		_ = w.disconnect() // the other end is not there
	}
}

// forget drops what is in memory of the database.
func (w *writer) forget() { w.catalog, w.arrivals = nil, arrivals{} }

func (w *writer) control(ctx context.Context, text string) error {
	_, err := w.conn.ExecContext(ctx, text)
	return w.checked(err)
}

// checked takes note of an error of the database.
func (w *writer) checked(err error) error {
	if err == nil {
		return nil
	}
	if w.dialect.gone(err) || !w.dialect.alive(w.conn) {
		w.lost = true
		err = unavailable(err)
	} else if w.dialect.full(err) {
		err = noSpace(err)
	}
	if w.failure == nil {
		w.failure = err
	}
	return err
}

// statement returns text prepared. It stays so until close.
func (w *writer) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := w.statements[text]; ok {
		return s, nil
	}
	s, err := w.conn.PrepareContext(ctx, text)
	if err == nil {
		w.statements[text] = s
	}
	return s, w.checked(err)
}

// exec changes rows and returns how many.
func (w *writer) exec(ctx context.Context, text string, args ...any) (int64, error) {
	args, err := arguments(args)
	if err != nil {
		return 0, err
	}
	s, err := w.statement(ctx, text) // kept for the next time
	if err != nil {
		return 0, err
	}
	w.wrote = true
	result, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, w.checked(err)
	}
	return result.RowsAffected()
}

// insert adds one row and stores what the RETURNING clause gives in dest.
func (w *writer) insert(ctx context.Context, dest any, text string, args ...any) error {
	w.wrote = true
	_, err := w.get(ctx, []any{dest}, text, args...)
	return err
}

// get reads the first row into dest, and reports whether there is one.
func (w *writer) get(ctx context.Context, dest []any, text string, args ...any) (bool, error) {
	args, err := arguments(args)
	if err != nil {
		return false, err
	}
	s, err := w.statement(ctx, text) // kept for the next time
	if err != nil {
		return false, err
	}
	switch err := s.QueryRowContext(ctx, args...).Scan(dest...); err {
	case nil:
		return true, nil
	case sql.ErrNoRows:
		return false, nil
	default:
		return false, w.checked(err)
	}
}

func (w *writer) close() error {
	if w.conn == nil {
		return nil
	}
	return w.disconnect()
}

func (w *writer) disconnect() error {
	for _, s := range w.statements {
		_ = s.Close() // the connection, and so the statement, ends next
	}
	clear(w.statements)
	conn := w.conn
	w.conn = nil
	return conn.Close()
}

// each calls f after reading every row into dest. F must not use w: the rows occupy its connection.
func (w *writer) each(ctx context.Context, text string, args, dest []any, f func()) error {
	args, err := arguments(args)
	if err != nil {
		return err
	}
	s, err := w.statement(ctx, text) // kept for the next time
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return w.checked(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		f()
	}
	return w.checked(rows.Err())
}

// Package store keeps reports, processes and users in SQLite or PostgreSQL, and holds the rules that need rows.
// Each operation is one transaction.
//
// All writes pass through one goroutine, which puts whatever is waiting into one transaction, so that many callers share one
// sync of the disk. Reads run beside it and see what was committed when they began.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

// ErrNotFound is returned when the thing asked for is not there.
var ErrNotFound = errors.New("not found")

// ErrExists is returned when a thing of that name is there already.
var ErrExists = errors.New("exists already")

// ErrClosed is returned by reads and writes after Close.
var ErrClosed = errors.New("the store is closed")

// QueryError says what is wrong with a query.
type QueryError struct {
	Option string // $filter, $orderby, dimensions, …
	Reason string
}

func (e *QueryError) Error() string { return fmt.Sprintf("%s: %s", e.Option, e.Reason) }

// Store is an open database. It is safe for concurrent use.
type Store struct {
	log     *slog.Logger
	now     func() time.Time
	dialect dialect

	reads   *pool // statements that end by themselves
	cursors *pool // rows that a caller ranges over; apart, so that a caller who asks for more meanwhile never waits for itself

	writes *sql.DB
	queue  *queue

	encoder *zstd.Encoder
	decoder *zstd.Decoder

	closeOnce sync.Once
	closeErr  error
}

// Options of Open. The zero Options are good.
type Options struct {
	Logger *slog.Logger     // default: silent
	Now    func() time.Time // default: time.Now
}

const (
	maxReads   = 8
	maxCursors = 32

	maxBody = 1 << 30 // bytes of one report, decompressed
)

// Open opens the SQLite file of that path, making it if it is not there, and brings its schema up to date.
// A file made is readable by its owner only. A database written by a newer program is refused.
func Open(ctx context.Context, path string, opt Options) (*Store, error) {
	s := &Store{log: opt.Logger, now: opt.Now, dialect: sqliteDialect()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.open(ctx, path); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), s.close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) (err error) {
	if s.encoder, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true)); err != nil {
		return err
	}
	if s.decoder, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBody)); err != nil {
		return err
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	if err := makePrivate(path); err != nil {
		return err
	}
	if err := s.openPools(path); err != nil {
		return err
	}
	if err := migrate(ctx, s.writes, s.dialect); err != nil {
		return err
	}
	if s.queue, err = startQueue(ctx, s.writes, s.dialect); err != nil {
		return err
	}
	return s.listOlderParts(ctx)
}

// makePrivate makes the file, if it is not there, so that only its owner may read it. SQLite gives its side files the same mode.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (s *Store) openPools(path string) (err error) {
	if s.writes, err = s.dialect.open(path, forWriting, 1); err != nil {
		return err
	}
	reads, err := s.dialect.open(path, forReading, maxReads)
	if err != nil {
		return err
	}
	s.reads = &pool{db: reads}
	cursors, err := s.dialect.open(path, forReading, maxCursors)
	if err != nil {
		return err
	}
	s.cursors = &pool{db: cursors}
	return nil
}

// Close finishes the writes that were handed in and closes the database. Calls after it fail. It may be called twice.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		s.closeErr = s.close()
	})
	return s.closeErr
}

// close closes what is open, the writing connection last: it then is the only one, and folds the log into the data file.
func (s *Store) close() (err error) {
	if s.queue != nil {
		err = s.queue.close()
	}
	err = errors.Join(err, s.cursors.close(), s.reads.close())
	if s.writes != nil {
		err = errors.Join(err, s.writes.Close())
	}
	return err
}

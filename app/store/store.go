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
	"io/fs"
	"log/slog"
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

// ErrUnavailable is returned when the database cannot be reached, or went away while it was asked. Nothing was written then, unless
// the error is an [ErrUncertain] too. The next call tries anew.
var ErrUnavailable = errors.New("the database cannot be reached")

// ErrUncertain is returned, together with [ErrUnavailable], when the database went away while it committed.
var ErrUncertain = errors.New("it is not known whether the change is stored")

// ErrText is returned for a text that cannot be stored, and so cannot be looked for: it has the character U+0000 or is not UTF-8.
var ErrText = errors.New("a text has the character U+0000 or is not UTF-8")

// Store is an open database. It is safe for concurrent use.
type Store struct {
	log     *slog.Logger
	now     func() time.Time
	dialect dialect

	manualProducts bool

	reads   *pool // statements that end by themselves
	cursors *pool // rows that a caller ranges over; apart, so that a caller who asks for more meanwhile never waits for itself

	writes *sql.DB
	queue  *queue

	freeSpace func() (int64, error)
	unpacking chan struct{} // holds one entry for each archive that is looked through

	encoder *zstd.Encoder
	decoder *zstd.Decoder

	closeOnce sync.Once
	closeErr  error
}

// Options of Open. The zero Options are good.
type Options struct {
	Logger *slog.Logger     // default: silent
	Now    func() time.Time // default: time.Now

	// ManualProducts says that only requests make products. By default a report also makes the product and the revision that it is about.
	ManualProducts bool

	FreeSpace func() (int64, error) // bytes free on the disk that the database is on. Without it packages may fill that
}

const (
	maxReads = 8

	maxBody = 1 << 30 // bytes of one report, decompressed

	unpackingAtOnce = 2 // archives
)

// Open opens the database at an address and brings its schema up to date. A database written by a newer program is refused.
//
// The address is the path of an SQLite file, which is made if it is not there, readable by its owner only; or
// postgres://user:password@host:port/database for PostgreSQL 15 or newer, which several programs may have open at the same time. There the
// database has to exist. What the address does not give comes from the usual PG… environment and password file. Errors show no password.
func Open(ctx context.Context, address string, opt Options) (*Store, error) {
	d, err := dialectOf(address)
	if err != nil {
		return nil, err
	}
	s := &Store{
		log: opt.Logger, now: opt.Now, dialect: d, manualProducts: opt.ManualProducts,
		freeSpace: opt.FreeSpace, unpacking: make(chan struct{}, unpackingAtOnce),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", d.name, d.explain(err)), s.close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) (err error) {
	if s.encoder, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true)); err != nil {
		return err
	}
	if s.decoder, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBody)); err != nil {
		return err
	}
	if err := s.openPools(); err != nil {
		return err
	}
	if err := s.dialect.prepare(ctx, s.writes, s.log); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if err := migrate(ctx, s.writes, s.dialect, files); err != nil {
		return err
	}
	if s.queue, err = startQueue(ctx, s.writes, s.dialect); err != nil {
		return err
	}
	if err := s.completeUsers(ctx); err != nil {
		return err
	}
	if err := s.listOlderParts(ctx); err != nil || s.manualProducts {
		return err
	}
	return s.addOlderProducts(ctx)
}

func (s *Store) openPools() (err error) {
	if s.writes, err = s.dialect.open(forWriting, s.dialect.writers); err != nil {
		return err
	}
	reads, err := s.dialect.open(forReading, maxReads)
	if err != nil {
		return err
	}
	s.reads = &pool{db: reads, gone: s.dialect.gone, full: s.dialect.full}
	cursors, err := s.dialect.open(forReading, s.dialect.cursors)
	if err != nil {
		return err
	}
	s.cursors = &pool{db: cursors, gone: s.dialect.gone, full: s.dialect.full}
	return nil
}

// Name returns where the database is, for people: the path of its file, or its address without a password.
func (s *Store) Name() string { return s.dialect.name }

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

package queue

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrFull is matched by what Put returns when the spool takes no more: see [FullError].
var ErrFull = errors.New("spool full")

// FullError says why a spool takes no more. It matches [ErrFull].
type FullError struct {
	Dir   string
	What  string // "reports", "bytes" or "disk"
	Limit int64  // see [Limits]
	Err   error  // of the disk; nil when a limit was reached
}

func (e *FullError) Error() string {
	text := fmt.Sprintf("spool %s is full: ", e.Dir)
	switch {
	case e.Err != nil:
		return text + e.Err.Error() + ": make room on this volume"
	case e.What == "disk":
		return text + fmt.Sprintf("less than %d bytes would be left free on its volume: make room there", e.Limit)
	}
	return text + fmt.Sprintf("it holds the most %s it may, %d: see that they are sent, or raise the limit", e.What, e.Limit)
}

// Is reports whether target is [ErrFull].
func (e *FullError) Is(target error) bool { return target == ErrFull }

// Unwrap returns the error of the disk.
func (e *FullError) Unwrap() error { return e.Err }

// Full returns true: by this a caller who does not know this package can tell.
func (e *FullError) Full() bool { return true }

const (
	recountAfter = 10 * time.Second // what other processes put is counted
	recountFull  = time.Second      // the same, before a report is refused
)

// usage counts what waits in a spool.
type usage struct {
	mu      sync.Mutex
	counted time.Time // zero: never
	shards  [allShards]shardUsage
	reports int // as counted, and put by this process since
	bytes   int64
	full    bool // the last report was refused: told to the log once
}

type shardUsage struct {
	seen    sight
	reports int
	bytes   int64
}

// sight is what a look at a folder shows. A folder that was changed shortly before it was looked at may change again without showing it.
type sight struct {
	modified time.Time // zero: never looked at
	fresh    bool
}

// coarsest is the step in which the coarsest file system counts time.
const coarsest = 2 * time.Second

// looked returns what is to be kept of a look at a folder, and whether it must be read again.
func (s sight) looked(info fs.FileInfo, now time.Time) (sight, bool) {
	modified := info.ModTime()
	next := sight{modified, now.Sub(modified) < coarsest} // or in the future, by a clock that was wrong
	return next, s.fresh || !s.modified.Equal(modified)
}

// reserve makes room for a report in the count.
func (q *Queue) reserve(size int64) error {
	err := q.checkDisk(size)
	if err == nil {
		err = q.count(size)
	}
	q.tellFull(err)
	return err
}

func (q *Queue) checkDisk(size int64) error {
	free, err := q.fs.Free(q.dir)
	if err != nil {
		return fmt.Errorf("ask for free disk: %w", err)
	}
	if free-size < q.limits.MinFree {
		return &FullError{Dir: q.dir, What: "disk", Limit: q.limits.MinFree}
	}
	return nil
}

func (q *Queue) count(size int64) error {
	u := &q.usage
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := q.recount(recountAfter); err != nil {
		return err
	}
	err := q.exceeded(size)
	if err != nil {
		if err := q.recount(recountFull); err != nil {
			return err
		}
		err = q.exceeded(size)
	}
	if err != nil {
		return err
	}
	u.reports++
	u.bytes += size
	return nil
}

// exceeded returns the limit that one more report of this size would exceed. The caller holds the lock.
func (q *Queue) exceeded(size int64) error {
	switch {
	case q.usage.reports+1 > q.limits.Reports:
		return &FullError{Dir: q.dir, What: "reports", Limit: int64(q.limits.Reports)}
	case q.usage.bytes+size > q.limits.Bytes:
		return &FullError{Dir: q.dir, What: "bytes", Limit: q.limits.Bytes}
	}
	return nil
}

// release takes a report out of the count: it was not put, or has left.
func (q *Queue) release(size int64) {
	q.usage.mu.Lock()
	defer q.usage.mu.Unlock()
	q.usage.reports--
	q.usage.bytes -= size
}

// recount counts what waits, unless that was done lately. While this Queue sends reports, it knows; else it reads the folders that have changed.
// The caller holds the lock.
func (q *Queue) recount(after time.Duration) error {
	u := &q.usage
	if up := q.uploader(); up != nil {
		u.reports, u.bytes = up.load()
		u.counted = time.Time{}
		return nil
	}
	now := q.now()
	if age := now.Sub(u.counted); age >= 0 && age <= after {
		return nil
	}
	u.reports, u.bytes = 0, 0
	for i := range q.shards {
		s := &u.shards[i]
		if err := q.recountShard(s, byte(i), now); err != nil {
			return fmt.Errorf("count what waits: %w", err)
		}
		u.reports += s.reports
		u.bytes += s.bytes
	}
	u.counted = now
	return nil
}

func (q *Queue) recountShard(s *shardUsage, first byte, now time.Time) error {
	dir := filepath.Join(q.dir, readyDir, shardName(first))
	info, err := q.fs.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		*s = shardUsage{}
		return nil
	}
	if err != nil {
		return err
	}
	seen, changed := s.seen.looked(info, now)
	if !changed {
		s.seen = seen
		return nil
	}
	entries, err := q.fs.ReadDir(dir)
	if err != nil {
		return err
	}
	*s = shardUsage{seen: seen}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), stateEnding) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // sent meanwhile
		}
		s.reports++
		s.bytes += info.Size()
	}
	return nil
}

// asFull makes a FullError of what a disk without room says.
func (q *Queue) asFull(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, errQuota) {
		full := &FullError{Dir: q.dir, What: "disk", Limit: q.limits.MinFree, Err: err}
		q.tellFull(full)
		return full
	}
	return err
}

// tellFull logs when the spool becomes full, and when it takes reports again.
func (q *Queue) tellFull(err error) {
	full := errors.Is(err, ErrFull)
	if err != nil && !full {
		return
	}
	u := &q.usage
	u.mu.Lock()
	before := u.full
	u.full = full
	u.mu.Unlock()
	switch {
	case full && !before:
		q.log.Error("spool takes no more reports", "err", err)
	case before && !full:
		q.log.Info("spool takes reports again", "path", q.dir)
	}
}

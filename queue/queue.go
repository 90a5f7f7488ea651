// Package queue keeps reports on disk until a server has them: the spool.
//
// A spool is a folder of plain files, one per report, that a person can look at:
//
//	tmp/                  being written
//	ready/5f/5-5f….json   waiting, or being sent; the first digit is the priority
//	dead/5f/5-5f….json    refused by the server, or damaged; beside it, in ….json.state, why, and what to do
//	sent/5f/5-5f….json    the server has it; deleted after the retention time
//	lock                  held by the one uploader
//	spool.json            the format of all this
//
// The ending is that of the document, .json for WSJF and .xml for WSXF. Beside a file may stand one more, with .state added to its name: attempts,
// time of the next, last error, and where the report comes from.
//
// Any number of goroutines and processes may put reports into a spool. [Queue.Put] returns when file and folder are synced, so a report that
// was put survives a crash and a power loss. One process at a time sends them: [Queue.Run] or [Queue.Process] holds the lock. Which reports are being sent only that
// process knows, in its memory; a crash leaves them waiting. They are sent again then, under the same ID, which a server takes once.
//
// All else works without the lock, from any process: [Queue.List], [Queue.Show], [Queue.Retry], [Queue.Drop], [Queue.Export], [Queue.Verify] and [Queue.Stats].
package queue

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gowats/gowats/internal/fsx"
)

// The folders of a spool.
const (
	tmpDir   = "tmp"
	readyDir = string(Ready)
	deadDir  = string(Dead)
	sentDir  = string(Sent)
	lockFile = "lock"

	formatFile = "spool.json"
)

const (
	allShards = 256 // one for each first byte of an ID

	dirMode  = 0o770 // less what the umask takes, so that a group can share a spool
	fileMode = 0o660

	// MaxDocument is the size of the largest document, in bytes: what servers take.
	MaxDocument = 64 << 20

	// staleAfter is the age at which a file that is being written has been left behind: a Put takes seconds.
	staleAfter = time.Hour
)

// Queue is a spool. It is safe for concurrent use. It holds nothing open, so there is nothing to close.
type Queue struct {
	dir       string
	fs        fsx.FS
	log       *slog.Logger
	now       func() time.Time
	random    func() float64 // in [0, 1)
	limits    Limits
	retention Retention
	shards    int // see System
	usage     usage

	mu     sync.Mutex
	up     *uploader // while Run or Process is under way
	paused bool      // by Pause
}

// An Option changes a default of [Open]. Of two that say the same thing the last one holds.
type Option func(*Queue) error

// Limits say when a spool is full: then [Queue.Put] refuses, and nothing is dropped. A zero member means the default.
//
// What other processes put is counted with a delay of up to ten seconds.
type Limits struct {
	Reports int   // waiting; default 100,000
	Bytes   int64 // of waiting reports; default 10 GiB
	MinFree int64 // bytes left free on the volume; default 1 GiB
}

func (l Limits) withDefaults() Limits {
	if l.Reports == 0 {
		l.Reports = 100_000
	}
	if l.Bytes == 0 {
		l.Bytes = 10 << 30
	}
	if l.MinFree == 0 {
		l.MinFree = 1 << 30
	}
	return l
}

// WithLimits says when the spool is full. Default: see [Limits].
func WithLimits(l Limits) Option {
	return func(q *Queue) error {
		if l.Reports < 0 || l.Bytes < 0 || l.MinFree < 0 {
			return fmt.Errorf("limits %+v: one is negative", l)
		}
		q.limits = l.withDefaults()
		return nil
	}
}

// Retention says how long reports are kept that the server has.
type Retention struct {
	Age   time.Duration // since the acknowledgement; 0: they are not kept
	Bytes int64         // of all of them, the oldest go first; 0: no limit
}

// WithRetention says how long sent reports are kept. Default: 7 days, at most 1 GiB.
func WithRetention(r Retention) Option {
	return func(q *Queue) error {
		if r.Age < 0 || r.Bytes < 0 {
			return fmt.Errorf("retention %+v: one is negative", r)
		}
		q.retention = r
		return nil
	}
}

// WithLogger logs what an operator wants to know: the spool is full, the server refuses a report or does not let the uploader in, an item is damaged. Default: silent.
func WithLogger(log *slog.Logger) Option {
	return func(q *Queue) error {
		if log == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		q.log = log
		return nil
	}
}

// System is what a spool stands on: tests take the place of the operating system with it. What a zero member stands for is the real one.
type System struct {
	Disk   fsx.FS
	Now    func() time.Time
	Shards int // how many of the 256 folders a state has; reports whose ID begins with a byte beyond find none
}

// WithSystem is for tests of what a crash leaves, and of clocks that jump.
func WithSystem(s System) Option {
	return func(q *Queue) error {
		if s.Shards < 0 || s.Shards > allShards {
			return fmt.Errorf("%d shards are not in 0–%d", s.Shards, allShards)
		}
		q.fs, q.shards = s.Disk, cmp.Or(s.Shards, allShards)
		if s.Now != nil {
			q.now = s.Now
		}
		return nil
	}
}

// Open opens the spool in the folder dir and makes it when it is not there. It reads nothing, so it is as fast for a spool of 100,000 reports.
func Open(dir string, opts ...Option) (*Queue, error) {
	if dir == "" {
		return nil, errors.New("open spool: no folder is given")
	}
	q := &Queue{
		dir: filepath.Clean(dir), now: time.Now, random: rand.Float64, shards: allShards, log: slog.New(slog.DiscardHandler),
		limits: Limits{}.withDefaults(), retention: Retention{Age: 7 * 24 * time.Hour, Bytes: 1 << 30},
	}
	for i, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("open spool %s: option %d is nil", dir, i+1)
		}
		if err := opt(q); err != nil {
			return nil, fmt.Errorf("open spool %s: %w", dir, err)
		}
	}
	if err := q.makeFolders(); err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	return q, nil
}

// Dir returns the folder of the spool.
func (q *Queue) Dir() string { return q.dir }

// format is the version of what is in the folder of a spool.
const format = 1

// marker is what stands in formatFile.
type marker struct {
	Format int `json:"format"`
}

// makeFolders makes the folders of a new spool. The file that says its format is written last: where it is, the folders are durable.
func (q *Queue) makeFolders() error {
	path := filepath.Join(q.dir, formatFile)
	data, err := q.fs.ReadFile(path, maxNote)
	if err == nil {
		var m marker
		if err := json.Unmarshal(data, &m); err != nil || m.Format < 1 {
			return fmt.Errorf("%s says no format: restore it, {\"format\":%d}, or move the folder away", path, format)
		}
		if m.Format > format {
			return fmt.Errorf("%s is of format %d, this program knows %d: use a newer version", q.dir, m.Format, format)
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeAll(q.fs, q.dir); err != nil {
		return err
	}
	folders := []string{tmpDir, readyDir, deadDir, sentDir}
	for i := range q.shards {
		folders = append(folders, filepath.Join(readyDir, shardName(byte(i))))
	}
	for _, name := range folders {
		if err := q.fs.Mkdir(filepath.Join(q.dir, name), dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := errors.Join(q.fs.SyncDir(filepath.Join(q.dir, readyDir)), q.fs.SyncDir(q.dir)); err != nil {
		return err
	}
	// Another process may have made the folder just now. Where this user may not look above it, an administrator made it.
	if err := q.fs.SyncDir(filepath.Dir(q.dir)); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return q.fs.WriteFileAtomic(path, fmt.Appendf(nil, "{\"format\":%d}\n", format), fileMode)
}

// makeAll makes the folder dir and those above it, durably.
func makeAll(disk fsx.FS, dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return fmt.Errorf("%s is no folder", dir)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeAll(disk, parent); err != nil {
			return err
		}
	}
	if err := disk.Mkdir(dir, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return disk.SyncDir(parent)
}

// shard returns the folder of a state that holds the items of id.
func (q *Queue) shard(state State, id ID) string {
	return filepath.Join(q.dir, string(state), shardName(id[0]))
}

// path returns where an item of this name is in a state.
func (q *Queue) path(state State, n name) string {
	return filepath.Join(q.shard(state, n.id), n.String())
}

// makeShard makes the folder of a state that holds the items of id, durably.
func (q *Queue) makeShard(state State, id ID) error {
	if err := q.fs.Mkdir(q.shard(state, id), dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return q.fs.SyncDir(filepath.Join(q.dir, string(state)))
}

// move renames a file into the folder of a state, which it makes when needed.
func (q *Queue) move(rename func(path, to string) error, path string, state State, n name) error {
	to := q.path(state, n)
	err := rename(path, to)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, missing := q.fs.Lstat(path); missing != nil {
		return err
	}
	if err := q.makeShard(state, n.id); err != nil {
		return err
	}
	return rename(path, to)
}

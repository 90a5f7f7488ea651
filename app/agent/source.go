package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/internal/fsx"
	"github.com/gowats/gowats/queue"
)

const (
	lockName = ".gowats.lock" // in a watched folder: held by the one agent that watches it
	batch    = 1000           // sources taken from one look into the folder
	maxSeen  = 200_000        // sources seen in one look; more wait for the next
	maxDepth = 32             // of folders in the folder
	eventGap = 50 * time.Millisecond
	tidyGap  = time.Hour // between two looks for done sources to delete
)

// source is one converter at work. What only its own loop touches needs no lock.
type source struct {
	config.Converter
	agent  *Agent
	dir    string // the three folders, absolute
	done   string
	failed string

	unlock  func() error // nil while the folder is not ours
	missing int          // looks in a row that failed
	tidied  time.Time

	mu      sync.Mutex
	tracker tracker
	known   map[string]record // what the ledger has; nil until it is read
	full    outage
	durable map[string]bool // folders whose names are known to be synced
	status  ConverterStatus

	moving  sync.Mutex
	arrived map[string]bool // folders with moved sources whose names there are not known to be synced
}

// outage is the time during which no report can be made safe.
type outage struct {
	attempt int // failed ones in a row; 0: there is no outage
	until   time.Time
}

func newSource(a *Agent, c config.Converter) *source {
	s := &source{Converter: c, agent: a, dir: within(a.Data, c.Folder), durable: map[string]bool{}, arrived: map[string]bool{}}
	s.done, s.failed = within(s.dir, c.Done), within(s.dir, c.Error)
	s.tracker = newTracker(s.settle)
	s.status = ConverterStatus{Name: c.Name, Kind: c.Kind, Folder: s.dir, State: Starting, Since: a.Now()}
	return s
}

// within returns path below dir, or path itself when it is absolute.
func within(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, filepath.FromSlash(path))
}

// settle returns how long a source must not have changed to be complete.
func (s *source) settle(of sight) time.Duration {
	if s.Kind == config.FolderKind && s.Marker == "" {
		return s.Quiet
	}
	return s.Settle
}

// run looks into the folder until ctx ends.
func (s *source) run(ctx context.Context) {
	changes := make(chan struct{}, 1)
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { s.watch(ctx, changes) })
	if s.Kind == config.ScheduleKind {
		beside.Go(func() { s.schedule(ctx, changes) })
	}
	defer s.release()
	for {
		next := s.look(ctx)
		if !wait(ctx, next, changes) {
			return
		}
	}
}

// wait returns true when it is time for the next look, and false when ctx has ended.
func wait(ctx context.Context, next time.Duration, changes <-chan struct{}) bool {
	timer := time.NewTimer(next)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-changes:
			timer.Reset(min(next, eventGap)) // several changes make one look
			changes = nil
		}
	}
}

// look handles what is complete in the folder and returns how long to wait for the next look.
func (s *source) look(ctx context.Context) time.Duration {
	seen, err := s.see(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.become(Waiting, err)
		}
		s.missing++
		return min(s.Rescan, backoff(s.missing))
	}
	s.missing = 0
	if err := s.prune(ctx, seen); err != nil {
		s.become(Waiting, err)
		return s.Rescan
	}
	ready, next := s.due(seen)
	s.handle(ctx, ready[:min(len(ready), batch)])
	s.tidy()
	switch {
	case len(ready) > batch:
		return 0
	case next <= 0:
		return s.Rescan
	}
	return min(next, s.Rescan)
}

// see makes the folder ours and returns what is in it.
func (s *source) see(ctx context.Context) (map[string]sight, error) {
	if s.known == nil {
		known, err := s.agent.ledger.all(ctx, s.Name)
		if err != nil {
			return nil, err
		}
		s.known = known
	}
	if err := s.claim(); err != nil {
		return nil, err
	}
	seen, err := s.list()
	if err != nil {
		s.release()
		return nil, fmt.Errorf("read folder %s: %w", s.dir, err)
	}
	return seen, nil
}

// claim makes sure that no other agent watches the folder. A folder in the data folder is made; elsewhere one that is not there may
// be a share that is not connected, and a folder made in its place would hide that.
func (s *source) claim() error {
	if s.unlock != nil {
		return nil
	}
	if strings.HasPrefix(s.dir, filepath.Clean(s.agent.Data)+string(filepath.Separator)) {
		if err := os.MkdirAll(s.dir, 0o755); err != nil {
			return err
		}
	}
	if _, err := os.Stat(s.dir); err != nil {
		return fmt.Errorf("folder %s: %w", s.dir, err)
	}
	unlock, err := s.agent.Disk.Lock(filepath.Join(s.dir, lockName))
	switch {
	case errors.Is(err, fsx.ErrLocked):
		return fmt.Errorf("folder %s is watched by another gowats: stop that one, or watch another folder", s.dir)
	case err != nil: // not every share has locks
		s.agent.Logger.Debug("folder is watched without a lock", "path", s.dir, "err", err)
		unlock = func() error { return nil }
	}
	s.unlock = unlock
	return nil
}

func (s *source) release() {
	if s.unlock == nil {
		return
	}
	if err := s.unlock(); err != nil {
		s.agent.Logger.Debug("lock of a folder", "path", s.dir, "err", err)
	}
	s.unlock = nil
}

// list returns the sources in the folder.
func (s *source) list() (map[string]sight, error) {
	if s.Kind == config.FolderKind {
		return s.listFolders()
	}
	seen := map[string]sight{}
	return seen, s.listFiles(s.dir, "", 0, seen)
}

// listFiles adds the files of a folder, whose names begin with prefix, and those of the folders in it where these are wanted.
func (s *source) listFiles(dir, prefix string, depth int, seen map[string]sight) error {
	entries, err := s.agent.Disk.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := prefix + e.Name()
		at := filepath.Join(dir, e.Name())
		switch {
		case len(seen) >= maxSeen:
			return nil
		case e.IsDir() && s.Nested && depth < maxDepth && at != s.done && at != s.failed && !isTemporary(e.Name()):
			if err := s.listFiles(at, name+"/", depth+1, seen); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		case e.Type().IsRegular() && !isTemporary(e.Name()) && s.isOurs(e.Name()) && at != filepath.Join(s.dir, lockName):
			info, err := e.Info()
			switch {
			case errors.Is(err, fs.ErrNotExist): // taken away meanwhile
			case err != nil:
				return err
			default:
				seen[name] = sightOf(info)
			}
		}
	}
	return nil
}

// isOurs reports whether a name matches one of the patterns.
func (s *source) isOurs(name string) bool {
	if len(s.Patterns) == 0 {
		return true
	}
	return slices.ContainsFunc(s.Patterns, func(pattern string) bool {
		ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(name))
		return ok && err == nil // package config has tried the patterns
	})
}

// prune forgets what the ledger has of sources that have left the folder.
func (s *source) prune(ctx context.Context, seen map[string]sight) error {
	for name, r := range s.records() {
		if _, there := seen[name]; there {
			continue
		}
		if err := s.syncMove(r); err != nil {
			return err
		}
		if err := s.forget(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// syncMove makes sure that a source which is not there any more has arrived where it was moved to: the sync after the move may have failed. That the
// old name is gone comes last.
func (s *source) syncMove(r record) error {
	if err := s.syncTarget(r.target); err != nil {
		return err
	}
	err := s.syncLeft(filepath.Dir(filepath.Join(s.dir, filepath.FromSlash(r.name))))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// syncTarget makes the name of a source that was put away durable, with the folders that were made for it.
func (s *source) syncTarget(target string) error {
	if target == "" {
		return nil
	}
	top := filepath.Dir(s.done)
	if !strings.HasPrefix(target, top) {
		top = filepath.Dir(s.failed)
	}
	for dir := filepath.Dir(target); ; dir = filepath.Dir(dir) {
		if err := s.syncLeft(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if dir == top || dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func (s *source) records() map[string]record {
	s.mu.Lock()
	defer s.mu.Unlock()
	copied := make(map[string]record, len(s.known))
	for name, r := range s.known {
		copied[name] = r
	}
	return copied
}

func (s *source) record(name string) (record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.known[name]
	return r, ok
}

// remember puts a record into the ledger.
func (s *source) remember(ctx context.Context, r record) error {
	if err := s.agent.ledger.put(context.WithoutCancel(ctx), s.Name, r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[r.name] = r
	return nil
}

// forget takes a source out of the ledger, if it is there.
func (s *source) forget(ctx context.Context, name string) error {
	if _, known := s.record(name); !known {
		return nil
	}
	if err := s.agent.ledger.forget(context.WithoutCancel(ctx), s.Name, name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, name)
	return nil
}

// due returns the sources that are complete, and how long until another one may be.
func (s *source) due(seen map[string]sight) (ready []string, next time.Duration) {
	now := s.agent.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	ready, next = s.tracker.look(now, seen)
	ready = slices.DeleteFunc(ready, func(name string) bool {
		r, known := s.known[name]
		kept := known && s.After == config.KeepAction && r.spooled && r.sight.equals(seen[name])
		if kept {
			s.tracker.ignore(name)
		}
		return kept
	})
	s.status.Waiting = len(seen)
	if paused := s.full.until.Sub(now); paused > 0 {
		return nil, paused
	}
	return ready, next
}

// equals reports whether two looks show the same content.
func (s sight) equals(other sight) bool {
	return s.size == other.size && s.modified == other.modified && s.files == other.files
}

// handle handles the sources of those names, a few at a time. It returns when all are done with.
func (s *source) handle(ctx context.Context, names []string) {
	line := make(chan string)
	var working sync.WaitGroup
	for range min(s.Parallel, len(names)) {
		working.Go(func() {
			for name := range line {
				s.handleOne(ctx, name)
			}
		})
	}
	for _, name := range names {
		if s.isFull() || !s.agent.pool.take(ctx, s.Priority) {
			break
		}
		line <- name
	}
	close(line)
	working.Wait()
	if ctx.Err() == nil && !s.isFull() {
		s.become(Watching, nil)
	}
}

func (s *source) isFull() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.full.until.After(s.agent.Now())
}

// handleOne handles one source in a turn of the pool, which it ends. What the source is not to blame for leaves it in place for another attempt.
func (s *source) handleOne(ctx context.Context, name string) {
	defer s.agent.pool.give()
	err := s.process(ctx, name)
	var late *deadlineError
	if errors.As(err, &late) && s.attempts(name) >= lateTries {
		err = s.setAside(ctx, name, result{}, refusef("%v, in %d attempts; raise it and drop the file again", late, lateTries))
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) || ctx.Err() != nil {
		return
	}
	if errors.Is(err, queue.ErrFull) {
		s.pause(err)
		return
	}
	s.postpone(name, err)
}

const lateTries = 3 // before a file that takes too long is refused

func (s *source) attempts(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.tracker.files[name]; e != nil {
		return e.attempt + 1
	}
	return 1
}

// pause stops the converter for a while: no report can be made safe.
func (s *source) pause(err error) {
	s.mu.Lock()
	now := s.agent.Now()
	if s.full.until.After(now) {
		s.mu.Unlock()
		return // another worker has met the same
	}
	s.full.attempt++
	s.full.until = now.Add(backoff(s.full.attempt))
	s.mu.Unlock()
	s.become(Paused, err)
}

// postpone leaves a source for a later attempt. It tells so at the first attempt only.
func (s *source) postpone(name string, err error) {
	delay := time.Duration(0)
	var suspended *suspension
	if errors.As(err, &suspended) {
		delay = s.Suspend.Every
	}
	s.mu.Lock()
	attempt, delay := s.tracker.postpone(name, s.agent.Now(), delay)
	s.mu.Unlock()
	if attempt == 1 {
		s.agent.Logger.Warn("source stays where it is; will try again", "converter", s.Name, "path", filepath.Join(s.dir, name), "delay", delay, "err", err)
	}
}

// become tells a new state, once.
func (s *source) become(state State, why error) {
	reason := ""
	if why != nil {
		reason = why.Error()
	}
	s.mu.Lock()
	before := s.status.State
	s.status.State, s.status.Reason = state, reason
	if before != state {
		s.status.Since = s.agent.Now()
	}
	if state == Watching {
		s.full = outage{}
	}
	s.mu.Unlock()
	switch {
	case before == state:
	case state == Watching:
		s.agent.Logger.Info("folder is watched", "converter", s.Name, "path", s.dir)
	case state == Waiting:
		s.agent.Logger.Warn("folder cannot be watched; will try again", "converter", s.Name, "path", s.dir, "err", why)
	case state == Paused:
		s.agent.Logger.Error("reports cannot be made safe; sources stay where they are until they can", "converter", s.Name, "err", why)
	}
}

func (s *source) snapshot() ConverterStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

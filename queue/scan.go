package queue

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const adviceOdd = "the file was put there by hand, or its name is damaged: submit it again by the gowats command, then delete it"

// mend brings a spool in order after a crash, and reads what waits.
func (u *uploader) mend() error {
	for i := range u.q.shards {
		if _, err := u.scan(byte(i)); err != nil {
			return fmt.Errorf("read what waits: %w", err)
		}
	}
	u.sweepDir(filepath.Join(u.q.dir, tmpDir))
	for i := range u.q.shards {
		if err := u.mendDead(byte(i)); err != nil {
			return fmt.Errorf("read what was set aside: %w", err)
		}
	}
	return nil
}

// watch looks for what other processes put, and clears what is no longer needed, until ctx ends.
func (u *uploader) watch(ctx context.Context) {
	poll := time.NewTimer(u.options.Poll)
	defer poll.Stop()
	keep := time.NewTimer(keepFirst)
	defer keep.Stop()
	away := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-keep.C:
			u.sweep()
			u.prune(ctx)
			keep.Reset(keepEvery)
		case <-poll.C:
			began := time.Now()
			err := u.look(ctx)
			if lost := err != nil; lost != away {
				away = lost
				u.tellFolder(err)
			}
			poll.Reset(max(u.options.Poll, workPerPoll*time.Since(began)))
		}
	}
}

func (u *uploader) tellFolder(err error) {
	if err != nil {
		u.q.log.Error("spool cannot be read; will try again", "path", u.q.dir, "err", err)
		return
	}
	u.q.log.Info("spool can be read again", "path", u.q.dir)
}

// look is rescan when there may be something to find: every report that is put passes through tmp/ and changes its time. What is dropped does not, so every so often
// rescan is called anyway.
func (u *uploader) look(ctx context.Context) error {
	info, err := u.q.fs.Lstat(filepath.Join(u.q.dir, tmpDir))
	if err != nil {
		return err
	}
	sight, changed := u.tmp.looked(info, u.q.now())
	u.looks++
	if !changed && u.looks%looksPerScan != 0 {
		u.tmp = sight
		return nil
	}
	if err := u.rescan(ctx); err != nil {
		return err
	}
	u.tmp = sight
	return nil
}

// rescan looks for what other processes have put, dropped or retried. It reads only folders that have changed.
func (u *uploader) rescan(ctx context.Context) error {
	found := false
	for i := range u.q.shards {
		select {
		case <-ctx.Done():
			return nil
		default:
		}
		news, err := u.scan(byte(i))
		if err != nil {
			return err
		}
		found = found || news
	}
	if found {
		u.signal()
	}
	return nil
}

// seen is an item in a folder, and what a look at its file shows.
type seen struct {
	name   name
	size   int64
	queued int64
}

// scan reads the folder of one shard if it has changed. It reports whether there is something to do that was not there before.
func (u *uploader) scan(first byte) (bool, error) {
	dir := u.q.shardPath(Ready, first)
	info, err := u.q.fs.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	shard := &u.index.shards[first] // its sight is of this goroutine alone
	sight, changed := shard.seen.looked(info, u.q.now())
	if !changed {
		shard.seen = sight
		return false, nil
	}
	entries, err := u.q.fs.ReadDir(dir)
	if err != nil {
		return false, err
	}
	names, odd := sortOut(first, entries)
	found := u.merge(first, u.lookAt(dir, names), len(names))
	u.mendReady(dir, odd)
	shard.seen = sight
	return found || u.recall(first), nil
}

// sortOut tells items from files that are neither item nor note. Hidden files are left alone.
func sortOut(first byte, entries []fs.DirEntry) (names []name, odd []string) {
	for _, e := range entries {
		text := e.Name()
		switch n, err := parseName(text); {
		case strings.HasPrefix(text, "."), strings.HasSuffix(text, stateEnding), e.IsDir():
		case err != nil || n.id[0] != first:
			odd = append(odd, text)
		default:
			names = append(names, n)
		}
	}
	return names, odd
}

// lookAt looks at the files of items that are not known yet.
func (u *uploader) lookAt(dir string, names []name) []seen {
	u.mu.Lock()
	unknown := make([]name, 0, len(names)/8)
	for _, n := range names {
		if u.index.find(n) == none {
			unknown = append(unknown, n)
		}
	}
	u.mu.Unlock()
	found := make([]seen, 0, len(unknown))
	for _, n := range unknown {
		info, err := u.q.fs.Lstat(filepath.Join(dir, n.String()))
		switch {
		case err == nil:
			found = append(found, seen{n, info.Size(), info.ModTime().UnixNano()})
		case !errors.Is(err, fs.ErrNotExist):
			found = append(found, seen{name: n}) // is met by who sends it, before others of its ID
		}
	}
	return found
}

// merge takes in what was found, and takes out what is no longer there. Listed is how many items the folder held.
func (u *uploader) merge(first byte, found []seen, listed int) bool {
	u.mu.Lock()
	news := false
	for _, s := range found {
		news = u.index.add(s.name, s.size, s.queued) || news
	}
	var doubtful []name
	if u.index.shards[first].reports > listed {
		doubtful = u.index.namesOf(first)
	}
	u.mu.Unlock()
	for _, n := range doubtful {
		if _, err := u.q.fs.Lstat(u.q.path(Ready, n)); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		u.mu.Lock()
		if i := u.index.find(n); i != none {
			u.index.forget(i)
		}
		u.mu.Unlock()
	}
	return news
}

// recall looks whether items that are delayed were made due by another process. It reports whether one was.
func (u *uploader) recall(first byte) bool {
	u.mu.Lock()
	var delayed []name
	for _, i := range u.index.later.list {
		if e := &u.index.entries[i]; e.id[0] == first && e.progress != gone && e.read {
			delayed = append(delayed, e.name())
		}
	}
	u.mu.Unlock()
	found := false
	for _, n := range delayed {
		beside, err := u.q.readNote(u.q.path(Ready, n))
		if err != nil || beside.Attempts == 0 || !beside.Next.IsZero() {
			continue // no note: it could not be written, and what is in memory holds
		}
		u.mu.Lock()
		found = u.index.advance(u.index.find(n)) || found
		u.mu.Unlock()
	}
	return found
}

// mendReady sets aside what is no item. What fails is tried with the next change of the folder.
func (u *uploader) mendReady(dir string, odd []string) {
	for _, text := range odd {
		if err := u.q.setAside(filepath.Join(dir, text), text); err != nil {
			u.q.log.Warn("file in the spool is no report and cannot be set aside", "path", filepath.Join(dir, text), "err", err)
			continue
		}
		u.q.log.Error("file in the spool is no report: set aside", "path", filepath.Join(dir, text))
	}
}

// setAside moves a file whose name is no item's into dead/, under the first free name like it.
func (q *Queue) setAside(path, text string) error {
	shard := filepath.Base(filepath.Dir(path))
	first, _ := parseShard(shard)
	dir := q.shardPath(Dead, first)
	if err := q.makeShard(Dead, ID{first}); err != nil {
		return err
	}
	const most = 10_000
	for i := 1; i < most; i++ {
		to := filepath.Join(dir, text)
		if i > 1 {
			to += "-" + strconv.Itoa(i)
		}
		err := q.fs.RenameNew(path, to)
		switch {
		case errors.Is(err, fs.ErrExist):
			continue
		case err != nil:
			return err
		}
		return errors.Join(
			q.writeNote(to, note{Class: Damaged, Last: q.now().UTC(), Error: errName.Error(), Advice: adviceOdd}), q.fs.SyncDir(dir))
	}
	return fmt.Errorf("%d files of that name are there already", most)
}

// mendDead takes out of dead/ what waits in ready/ too: a crash came between, and an item is in one place.
func (u *uploader) mendDead(first byte) error {
	dir := u.q.shardPath(Dead, first)
	entries, err := u.q.fs.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		n, err := parseName(e.Name())
		if err != nil || !u.waits(n.id) {
			continue
		}
		document, err := u.q.fs.ReadFile(path, MaxDocument)
		if err != nil {
			continue // it is in dead/, where it harms nobody
		}
		_, err = u.q.twin(Ready, n, document)
		if err == nil {
			err = u.q.exhume(n)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// waits reports whether an item of this ID is in ready/.
func (u *uploader) waits(id ID) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, ok := u.index.byID[id]
	return ok
}

// sweep removes what a crash has left: files half written, and notes without their item. What may still be in work is left alone.
func (u *uploader) sweep() {
	u.sweepDir(filepath.Join(u.q.dir, tmpDir))
	for i := range u.q.shards {
		u.sweepDir(u.q.shardPath(Ready, byte(i)))
		u.sweepDir(u.q.shardPath(Dead, byte(i)))
	}
	now := u.q.now()
	maps.DeleteFunc(u.ahead, func(_ string, met time.Time) bool { return now.Sub(met) > 2*staleAfter }) // gone by itself
}

func (u *uploader) sweepDir(dir string) {
	entries, err := u.q.fs.ReadDir(dir)
	if err != nil {
		return // not made yet; anything worse is met by who reads what waits
	}
	there := make(map[string]bool, len(entries))
	for _, e := range entries {
		there[e.Name()] = true
	}
	for _, e := range entries {
		text := e.Name()
		if item, isNote := strings.CutSuffix(text, stateEnding); isNote && !there[item] || strings.HasSuffix(item, ".tmp") {
			u.removeStale(filepath.Join(dir, text))
		}
	}
}

// removeStale removes a file that nobody has changed for an hour. One whose time is in the future, by a clock that was wrong, has its hour from when it is met first.
func (u *uploader) removeStale(path string) {
	info, err := u.q.fs.Lstat(path)
	if err != nil {
		return
	}
	now := u.q.now()
	since := info.ModTime()
	if since.After(now) {
		if u.ahead[path].IsZero() {
			u.ahead[path] = now
		}
		since = u.ahead[path]
	}
	if now.Sub(since) < staleAfter {
		return
	}
	delete(u.ahead, path)
	if err := u.q.fs.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		u.q.log.Warn("file left behind cannot be removed", "path", path, "err", err)
	}
}

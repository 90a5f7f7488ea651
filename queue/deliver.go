package queue

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// How long one report waits after a failure of its own.
const (
	retryFirst   = 5 * time.Second
	retryLongest = 5 * time.Minute
	maxUnread    = 3 // tries to read a file that the disk does not give
)

const (
	adviceDamaged  = "the file is kept as it is: restore the report from its source and submit it again, then drop this one"
	adviceRejected = "correct the report or the server's setting, then retry; or drop it"
)

// deliver sends one item and does what its result asks for. The item is no longer claimed then.
func (u *uploader) deliver(ctx context.Context, c claim) {
	if c.entry.accepted {
		u.accept(c, note{})
		return
	}
	path := u.q.path(Ready, c.entry.name())
	it, beside := Item{}, note{}
	var err error
	c.info, err = u.q.fs.Lstat(path)
	if err == nil {
		it, beside, err = u.read(c, path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		u.vanish(c)
		return
	case err != nil:
		u.unreadable(c, beside, err)
		return
	}
	if reason := damage(it.Type, it.Document); reason != "" {
		u.bury(c, beside, Result{Class: Damaged, Words: reason, Advice: adviceDamaged})
		return
	}
	if wait := beside.Next.Sub(u.q.now()); !c.entry.read && wait > 0 && wait <= longestWish {
		u.settle(c, func() {
			u.learn(c.place, beside)
			u.index.postpone(c.place, beside.Next)
		})
		return
	}
	if err := u.revive(c, it.Document); err != nil {
		u.q.log.Warn("report that waits again cannot be taken out of those set aside; will try again", "report_id", it.ID.String(), "err", err)
		u.settle(c, func() { u.index.postpone(c.place, u.q.now().Add(retryFirst)) })
		return
	}
	u.conclude(ctx, c, beside, u.send(ctx, it))
}

// revive takes what holds this document out of dead/: it was put, or retried, after it had been set aside.
func (u *uploader) revive(c claim, document []byte) error {
	dead, err := u.q.twin(Dead, c.entry.name(), document)
	if err != nil {
		return ignoreMissing(err)
	}
	return u.q.exhume(dead)
}

// exhume removes an item from dead/ that waits in ready/ too. Who put it there may not have got so far as to sync the folder.
func (q *Queue) exhume(dead name) error {
	if err := q.fs.SyncDir(q.shard(Ready, dead.id)); err != nil {
		return err
	}
	return q.discard(q.path(Dead, dead))
}

// read reads an item and what stands beside it. A note that makes no sense is taken for none.
func (u *uploader) read(c claim, path string) (Item, note, error) {
	n := c.entry.name()
	beside, err := u.q.readNote(path)
	if err != nil {
		u.q.log.Warn("state of a report cannot be read: it counts as new", "report_id", n.id.String(), "path", path+stateEnding, "err", err)
		beside = note{}
	}
	beside.Attempts = max(beside.Attempts, int(c.entry.attempts))
	document, err := u.q.fs.ReadFile(path, MaxDocument)
	return Item{
		ID: n.id, Type: n.kind, Priority: int(n.priority), Lineage: beside.Lineage, Document: document,
		Queued: time.Unix(0, c.entry.queued).UTC(), Attempts: beside.Attempts,
	}, beside, err
}

// conclude does what the result of a try asks for.
func (u *uploader) conclude(ctx context.Context, c claim, beside note, r Result) {
	switch r.Class {
	case Accepted:
		u.accept(c, beside)
		return
	case Rejected:
		if r.Advice == "" {
			r.Advice = adviceRejected
		}
		u.bury(c, beside, r)
		return
	}
	if ctx.Err() != nil { // cut short: says nothing
		u.settle(c, func() { u.index.release(c.place) })
		return
	}
	switch r.Class {
	case Offline, Auth:
		u.hold(c, r)
	case Transient:
		u.postpone(c, beside, r)
	default:
		u.postpone(c, beside, Result{Class: Transient, Words: fmt.Sprintf("the send function returned the unknown class %q", r.Class)})
	}
}

// settle ends a claim by what change does to the index.
func (u *uploader) settle(c claim, change func()) {
	u.mu.Lock()
	change()
	u.sending--
	u.gate.giveUp(c.pass)
	u.mu.Unlock()
	u.signal()
}

// learn keeps in the index what stands beside an item.
func (u *uploader) learn(place int32, beside note) {
	e := &u.index.entries[place]
	e.read, e.holds, e.strikes = true, 0, 0
	e.attempts = uint16(min(beside.Attempts, 1<<16-1))
}

// answered opens the gate: the server takes reports.
func (u *uploader) answered() {
	if u.gate.open() {
		u.index.blame()
		u.q.log.Info("server takes reports again", "path", u.q.dir)
	}
}

// vanish is what happens to an item whose file is not there any more, or is another one: it was dropped, and something put under its name perhaps.
func (u *uploader) vanish(c claim) {
	n := c.entry.name()
	info, err := u.q.fs.Lstat(u.q.path(Ready, n))
	u.settle(c, func() {
		u.index.finish(c.place)
		if err == nil {
			u.index.add(n, info.Size(), info.ModTime().UnixNano())
		}
	})
}

// accept moves an item that the server has to sent/. The folders are not synced: what a crash brings back is sent again, which a server takes once.
func (u *uploader) accept(c claim, beside note) {
	n := c.entry.name()
	err := u.q.unchanged(c)
	if err == nil {
		err = u.q.file(n, beside)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		u.vanish(c)
	case err != nil:
		u.q.log.Warn("report is sent but stays in the folder of those that wait; will try again", "report_id", n.id.String(), "err", err)
		u.settle(c, func() {
			u.answered()
			u.index.entries[c.place].accepted = true
			u.accepted[c.place] = c.info
			u.index.postpone(c.place, u.q.now().Add(retryFirst))
		})
		return
	default:
		u.settle(c, func() { u.index.finish(c.place) })
	}
	u.mu.Lock()
	u.answered()
	u.counts.sent++
	u.mu.Unlock()
	u.options.Handled(Handled{ID: n.id, Queued: time.Unix(0, c.entry.queued).UTC(), Class: Accepted})
}

// unchanged returns fs.ErrNotExist when the file of an item is not the one that was sent: that was dropped, and another put under its name.
func (q *Queue) unchanged(c claim) error {
	if c.info == nil { // the disk did not show it, so nothing was sent
		return nil
	}
	info, err := q.fs.Lstat(q.path(Ready, c.entry.name()))
	if err != nil {
		return err
	}
	if !os.SameFile(info, c.info) || info.Size() != c.info.Size() || !info.ModTime().Equal(c.info.ModTime()) {
		return fs.ErrNotExist
	}
	return nil
}

// file moves an item and its note to sent/, or removes them when those are not kept. It has done so when the item is gone from ready/; what else fails is told to the log.
func (q *Queue) file(n name, beside note) error {
	path, to := q.path(Ready, n), q.path(Sent, n)
	if q.retention.Age == 0 {
		if err := q.fs.Remove(path); err != nil {
			return err
		}
		q.tellRest(n, q.removeNote(path))
		return nil
	}
	if err := q.move(q.fs.Rename, path, Sent, n); err != nil {
		return err
	}
	q.tellRest(n, q.fs.Chtimes(to, q.now()))
	if beside != (note{}) {
		q.tellRest(n, q.fs.Rename(path+stateEnding, to+stateEnding))
	}
	return nil
}

// tellRest logs what went wrong after a report was out of danger.
func (q *Queue) tellRest(n name, err error) {
	if err = ignoreMissing(err); err != nil {
		q.log.Warn("report is in its place, but not all beside it is in order", "report_id", n.id.String(), "err", err)
	}
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// bury moves an item to dead/, with the reason beside it.
func (u *uploader) bury(c claim, beside note, r Result) {
	n := c.entry.name()
	beside.Class, beside.Error, beside.Advice = r.Class, r.Words, r.Advice
	beside.Last, beside.Next = u.q.now().UTC(), time.Time{}
	if r.Class == Rejected {
		beside.Attempts++
	}
	err := u.q.unchanged(c)
	if err == nil {
		err = u.q.inter(n, beside)
	}
	if errors.Is(err, fs.ErrNotExist) {
		u.vanish(c)
		return
	}
	if err != nil {
		u.q.log.Warn("report cannot be set aside; will try again", "report_id", n.id.String(), "err", err)
		u.settle(c, func() {
			if r.Class == Rejected {
				u.answered()
			}
			u.index.postpone(c.place, u.q.now().Add(retryFirst))
		})
		return
	}
	u.q.log.Error("report set aside", "report_id", n.id.String(), "class", string(r.Class), "err", cut(r.Words))
	u.settle(c, func() {
		if r.Class == Rejected {
			u.answered()
		}
		u.counts.dead++
		u.index.finish(c.place)
	})
	u.options.Handled(Handled{ID: n.id, Queued: time.Unix(0, c.entry.queued).UTC(), Class: r.Class, Words: r.Words})
}

// inter moves an item from ready/ to dead/. It leaves ready/ only when a copy is durable in dead/, for not every disk does the two halves of a rename between
// folders at once. The note goes first and is durable then, so that there is never an item in dead/ without a reason.
func (q *Queue) inter(n name, beside note) error {
	path := q.path(Ready, n)
	document, unread := q.fs.ReadFile(path, MaxDocument)
	if errors.Is(unread, fs.ErrNotExist) {
		return unread
	}
	to, err := q.graveOf(n, document, unread == nil)
	if err != nil {
		return err
	}
	if err := q.makeShard(Dead, n.id); err != nil {
		return err
	}
	if err := q.writeNote(q.path(Dead, to), beside); err != nil {
		return err
	}
	if err := q.fs.SyncDir(q.shard(Dead, n.id)); err != nil {
		return err
	}
	if unread != nil { // what cannot be read cannot be copied
		err = q.fs.Rename(path, q.path(Dead, to))
	} else {
		err = q.fs.ReplaceFile(q.path(Dead, to), document, fileMode)
	}
	if err != nil {
		return err
	}
	if err := q.fs.SyncDir(q.shard(Dead, n.id)); err != nil {
		return err
	}
	if unread == nil {
		if err := q.fs.Remove(path); err != nil {
			return err
		}
	}
	q.tellRest(n, q.removeNote(path))
	return nil
}

// graveOf returns the name that the item n gets in dead/: that of an item with the same document, as far as that is known, else the first that is free.
func (q *Queue) graveOf(n name, document []byte, known bool) (name, error) {
	if known {
		twin, err := q.twin(Dead, n, document)
		if !errors.Is(err, fs.ErrNotExist) {
			return twin, err
		}
	}
	for ; n.version < maxVersion; n.version++ {
		if _, err := q.fs.Lstat(q.path(Dead, n)); err != nil {
			return n, ignoreMissing(err)
		}
	}
	return n, fmt.Errorf("%d documents of this ID are in %s already", maxVersion, Dead)
}

// hold keeps back all reports, because one met a server that does not answer or does not let us in.
func (u *uploader) hold(c claim, r Result) {
	r.Words, r.Advice = cut(r.Words), cut(r.Advice)
	now := u.q.now()
	u.mu.Lock()
	changed := u.gate.close(c.pass, r, u.q.random(), now)
	until := u.gate.until
	u.mu.Unlock()
	u.settle(c, func() {
		e := &u.index.entries[c.place]
		e.holds = min(e.holds+1, patience)
		if e.holds < patience {
			u.index.release(c.place)
			return
		}
		u.index.postpone(c.place, until.Add(backoff(int(e.strikes)+1, doubtFirst, doubtLongest, 1)))
	})
	if changed {
		level := slog.LevelWarn
		if r.Class == Auth {
			level = slog.LevelError
		}
		u.q.log.Log(context.Background(), level, "reports wait", "path", u.q.dir, "class", string(r.Class), "delay", until.Sub(now), "err", r.Words)
	}
}

// postpone makes one item wait after a failure of its own.
func (u *uploader) postpone(c claim, beside note, r Result) {
	n, now := c.entry.name(), u.q.now()
	beside.Attempts++
	delay := backoff(beside.Attempts, retryFirst, retryLongest, u.q.random())
	if r.After > 0 {
		delay = min(r.After, longestWish)
	}
	beside.Class, beside.Error, beside.Advice, beside.Last, beside.Next = r.Class, r.Words, r.Advice, now.UTC(), now.Add(delay).UTC()
	if err := u.q.writeNote(u.q.path(Ready, n), beside); err != nil {
		u.q.log.Warn("state of a report not kept", "report_id", n.id.String(), "err", err)
	}
	u.q.log.Warn("report not sent, will be tried again", "report_id", n.id.String(), "attempt", beside.Attempts, "delay", delay, "err", cut(r.Words))
	u.settle(c, func() {
		if c.pass.probe {
			u.answered()
		}
		u.counts.failed++
		u.learn(c.place, beside)
		u.index.postpone(c.place, beside.Next)
	})
}

// unreadable is what happens to an item that the disk does not give: it is tried again, and then set aside.
func (u *uploader) unreadable(c claim, beside note, err error) {
	if c.entry.unread+1 < maxUnread {
		u.q.log.Warn("report cannot be read; will try again", "report_id", c.entry.id.String(), "err", err)
		u.settle(c, func() {
			u.index.entries[c.place].unread++
			u.index.postpone(c.place, u.q.now().Add(retryFirst))
		})
		return
	}
	u.bury(c, beside, Result{Class: Damaged, Words: "cannot be read: " + err.Error(), Advice: adviceDamaged})
}

// shardPath returns the folder of a state of the shard that begins with first.
func (q *Queue) shardPath(state State, first byte) string {
	return filepath.Join(q.dir, string(state), shardName(first))
}

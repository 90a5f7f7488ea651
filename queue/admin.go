package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrNotFound is matched by what Show, Retry, Drop and Export return when the spool holds no report of the ID.
var ErrNotFound = errors.New("not in the spool")

// Info describes an item, or a file in dead/ that is none.
type Info struct {
	ID       ID // zero for a file that is no report
	State    State
	Name     string // of the file
	Path     string
	Type     Type
	Priority int
	Size     int64     // bytes
	Changed  time.Time // in ready/: when it was put; else: when it got where it is

	Lineage  string
	Attempts int       // failed tries
	Class    Class     // of the last try; "": none failed
	Last     time.Time // of the last failed try
	Next     time.Time // not tried before; zero: as soon as its turn comes
	Error    string    // why the last try failed, or why it is in dead/
	Advice   string    // what a person can do
}

// List yields what is in these states, in all when none is named, without order; it holds one folder of 256 at a time. An error, such as that of ctx, is given once, as the last.
// What moves meanwhile may be missed or come twice.
func (q *Queue) List(ctx context.Context, states ...State) iter.Seq2[Info, error] {
	if len(states) == 0 {
		states = []State{Ready, Dead, Sent}
	}
	return func(yield func(Info, error) bool) {
		for _, state := range states {
			for i := range q.shards {
				items, err := q.listShard(ctx, state, byte(i))
				if err != nil {
					yield(Info{}, fmt.Errorf("list %s of the spool: %w", state, err))
					return
				}
				for _, item := range items {
					if !yield(item, nil) {
						return
					}
				}
			}
		}
	}
}

// listShard describes what is in one folder.
func (q *Queue) listShard(ctx context.Context, state State, first byte) ([]Info, error) {
	entries, err := q.readShard(ctx, state, first)
	if err != nil {
		return nil, err
	}
	var items []Info
	for _, e := range entries {
		if item, ok := q.describe(state, first, e); ok {
			items = append(items, item)
		}
	}
	if state == Dead && len(items) > 0 {
		return q.withoutWaiting(ctx, first, items)
	}
	return items, nil
}

// withoutWaiting leaves out of the items in dead/ those that wait again.
func (q *Queue) withoutWaiting(ctx context.Context, first byte, items []Info) ([]Info, error) {
	entries, err := q.readShard(ctx, Ready, first)
	if err != nil {
		return nil, err
	}
	waiting := map[ID]bool{}
	for _, e := range entries {
		if n, err := parseName(e.Name()); err == nil {
			waiting[n.id] = true
		}
	}
	return slices.DeleteFunc(items, func(item Info) bool {
		n, err := parseName(item.Name)
		if err != nil || !waiting[n.id] {
			return false
		}
		document, err := q.Document(item)
		if err != nil {
			return false
		}
		_, err = q.twin(Ready, n, document)
		return err == nil
	}), nil
}

func (q *Queue) readShard(ctx context.Context, state State, first byte) ([]fs.DirEntry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := q.fs.ReadDir(q.shardPath(state, first))
	return entries, ignoreMissing(err)
}

// describe describes a file; false when it is a note, is being written, or has gone.
func (q *Queue) describe(state State, first byte, e fs.DirEntry) (Info, bool) {
	item := Info{State: state, Name: e.Name(), Path: filepath.Join(q.shardPath(state, first), e.Name())}
	if e.IsDir() || strings.HasPrefix(item.Name, ".") || strings.HasSuffix(item.Name, stateEnding) {
		return item, false
	}
	n, err := parseName(item.Name)
	switch {
	case err == nil:
		item.ID, item.Type, item.Priority = n.id, n.kind, int(n.priority)
	case state != Dead:
		return item, false
	}
	info, err := e.Info()
	if err != nil {
		return item, false
	}
	item.Size, item.Changed = info.Size(), info.ModTime().UTC()
	beside, err := q.readNote(item.Path)
	if err != nil {
		item.Error = err.Error()
		return item, true
	}
	item.Lineage, item.Attempts, item.Class, item.Last = beside.Lineage, beside.Attempts, beside.Class, beside.Last
	item.Next, item.Error, item.Advice = beside.Next, beside.Error, beside.Advice
	return item, true
}

// Show describes the items of id, in the order ready, dead, sent, the oldest first. It returns [ErrNotFound] when there is none.
func (q *Queue) Show(ctx context.Context, id ID) ([]Info, error) {
	var found []Info
	for _, state := range [...]State{Ready, Dead, Sent} {
		items, err := q.listShard(ctx, state, id[0])
		if err != nil {
			return nil, fmt.Errorf("show report %s: %w", id, err)
		}
		items = slices.DeleteFunc(items, func(item Info) bool { return item.ID != id })
		slices.SortStableFunc(items, func(a, b Info) int {
			return cmp.Or(a.Changed.Compare(b.Changed), cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
		})
		found = append(found, items...)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("report %s: %w", id, ErrNotFound)
	}
	return found, nil
}

// Document returns the document of an item. It returns fs.ErrNotExist when the item has moved: show it again.
func (q *Queue) Document(item Info) ([]byte, error) { return q.fs.ReadFile(item.Path, MaxDocument) }

// Retry lets the items of id that are in dead/ wait again, and those that wait for their time be tried now. It returns how many there are; what it keeps of their
// history is the attempts and the last error. An uploader in another process sees it within ten times its poll time. It returns [ErrNotFound] when there is none.
func (q *Queue) Retry(ctx context.Context, id ID) (int, error) {
	return q.each(ctx, "retry", id, func(item Info) error {
		n, err := parseName(item.Name)
		if err != nil {
			return err
		}
		if item.State == Dead {
			return q.resurrect(n, item)
		}
		beside, err := q.readNote(item.Path)
		if err != nil || beside.Next.IsZero() {
			return err
		}
		beside.Next = time.Time{}
		return q.writeNote(item.Path, beside)
	})
}

// each calls do for the items of id in ready/ and dead/.
func (q *Queue) each(ctx context.Context, what string, id ID, do func(Info) error) (done int, err error) {
	items, err := q.Show(ctx, id)
	if err != nil {
		return 0, err
	}
	for _, item := range items {
		if item.State == Sent {
			continue
		}
		if err := do(item); err != nil {
			return done, fmt.Errorf("%s %s: %w", what, item.Path, err)
		}
		done++
	}
	if done == 0 {
		return 0, fmt.Errorf("report %s: %w: the server has it", id, ErrNotFound)
	}
	return done, nil
}

// resurrect puts an item of dead/ into ready/ again. It stays in dead/, where it is listed no more, until it is sent: only who sends it can tell it from one that was
// just refused again.
func (q *Queue) resurrect(n name, item Info) error {
	document, err := q.fs.ReadFile(item.Path, MaxDocument)
	if err != nil {
		return err
	}
	beside, err := q.readNote(item.Path)
	if err != nil {
		beside = note{}
	}
	beside.Class, beside.Next = "", time.Time{}
	_, err = q.store(Item{ID: n.id, Type: n.kind, Priority: int(n.priority), Document: document}, beside)
	return q.asFull(err)
}

// Drop deletes the items of id in ready/ and dead/ for good, and returns how many. One that is being sent may still reach the server. It returns [ErrNotFound] when there is none.
func (q *Queue) Drop(ctx context.Context, id ID) (int, error) {
	return q.each(ctx, "drop", id, func(item Info) error { return q.discard(item.Path) })
}

// Export copies the documents of id, from whatever state, into the folder dir, and returns where they are. A file that is there is left alone: a number is
// added to the name. It returns [ErrNotFound] when there is none.
func (q *Queue) Export(ctx context.Context, id ID, dir string) ([]string, error) {
	items, err := q.Show(ctx, id)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, item := range items {
		document, err := q.Document(item)
		if err != nil {
			return paths, fmt.Errorf("export %s: %w", item.Path, err)
		}
		path, err := q.exportTo(dir, id.String(), item.Type.ending(), document)
		if err != nil {
			return paths, fmt.Errorf("export %s: %w", item.Path, err)
		}
		paths = append(paths, path)
	}
	return paths, q.fs.SyncDir(dir)
}

func (q *Queue) exportTo(dir, stem, ending string, document []byte) (string, error) {
	const most = 10_000
	path := filepath.Join(dir, stem+ending)
	for i := 2; i < most; i++ {
		err := q.fs.WriteNew(path, document, fileMode, q.now())
		if !errors.Is(err, fs.ErrExist) {
			return path, err
		}
		path = filepath.Join(dir, stem+"-"+strconv.Itoa(i)+ending)
	}
	return "", fmt.Errorf("%d files of that name are there already", most)
}

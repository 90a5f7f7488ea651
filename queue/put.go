package queue

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"
)

// Item is a report in a spool.
type Item struct {
	ID       ID
	Type     Type   // default WSJF
	Priority int    // 1 (first) to 10; default 5
	Lineage  string // where the report comes from, for the header Gowats-Lineage: printable ASCII, at most 4096 bytes; "" for none
	Document []byte // at most MaxDocument

	// Set by the queue, ignored by Put.

	Queued   time.Time // when it was put
	Attempts int       // failed tries to send it
}

// ErrInvalid is matched by what Put returns for an item that cannot be a report: without ID or document, of an unknown type or priority.
var ErrInvalid = errors.New("not a report that can be queued")

func (it *Item) complete() error {
	if it.Type == "" {
		it.Type = WSJF
	}
	if it.Priority == 0 {
		it.Priority = defaultPriority
	}
	var wrong []error
	if it.ID == (ID{}) {
		wrong = append(wrong, errors.New("it has no ID"))
	}
	if it.Type != WSJF && it.Type != WSXF {
		wrong = append(wrong, fmt.Errorf("its type %.20q is neither %s nor %s", it.Type, WSJF, WSXF))
	}
	if it.Priority < highest || it.Priority > lowest {
		wrong = append(wrong, fmt.Errorf("its priority %d is not in %d–%d", it.Priority, highest, lowest))
	}
	if len(it.Lineage) > maxLineage || strings.ContainsFunc(it.Lineage, func(r rune) bool { return r < ' ' || r > '~' }) {
		wrong = append(wrong, fmt.Errorf("its lineage is not printable ASCII of at most %d bytes", maxLineage))
	}
	switch reason := damage(it.Type, it.Document); {
	case len(it.Document) > MaxDocument:
		wrong = append(wrong, fmt.Errorf("it has %d bytes, the most is %d: leave out or shrink attachments and charts", len(it.Document), MaxDocument))
	case reason != "":
		wrong = append(wrong, errors.New(reason))
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%w: %w", ErrInvalid, errors.Join(wrong...))
	}
	return nil
}

// damage says what shows that a document is not whole, "" when nothing does. It looks for what a disk does to a file (cut short, emptied, filled with
// zeros) and is as fast as that needs; whether the document makes sense is for the server to say, and for [Queue.Verify].
func damage(kind Type, document []byte) string {
	first, last := byte('{'), byte('}')
	if kind == WSXF {
		first, last = '<', '>'
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(document, []byte("\xef\xbb\xbf")))
	switch {
	case len(text) == 0:
		return "the document is empty"
	case bytes.IndexByte(text, 0) >= 0:
		return "the document holds zero bytes"
	case text[0] != first || text[len(text)-1] != last:
		return fmt.Sprintf("the document does not begin with %q and end with %q", first, last)
	}
	return ""
}

// Put stores a report durably: when it returns nil, the report is sent at some time, or found in dead/ with a reason.
//
// After an error it is open whether the report is queued, and putting it again is safe: the same document under the same ID and priority is queued once.
// Another document under the ID of one that waits is an item of its own and is sent after that one; neither takes the other's place. (When they are put by two processes
// within the poll time of the uploader, either may be first.) A report that was sent
// before is sent again. One that is in dead/ leaves it when that is done.
//
// It returns an error that matches [ErrFull] when the spool is full, and [ErrInvalid] for what is no report. Ctx counts before the disk is touched, not after.
func (q *Queue) Put(ctx context.Context, it Item) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := it.complete(); err != nil {
		return fmt.Errorf("put report %s: %w", it.ID, err)
	}
	size := int64(len(it.Document))
	if err := q.reserve(size); err != nil {
		return fmt.Errorf("put report %s: %w", it.ID, err)
	}
	queued, err := q.store(it, note{Lineage: it.Lineage})
	if err != nil || !queued {
		q.release(size)
	}
	if err != nil {
		return fmt.Errorf("put report %s: %w", it.ID, q.asFull(err))
	}
	return nil
}

// PutReport is [Queue.Put] in plain words, so that a Queue is a spool of package wats. Kind is wsjf or wsxf; "" and 0 mean the defaults.
func (q *Queue) PutReport(ctx context.Context, id [16]byte, kind string, priority int, document []byte) error {
	return q.Put(ctx, Item{ID: id, Type: Type(kind), Priority: priority, Document: document})
}

// store makes the file of it durable, with a note beside it unless that is zero. Queued is false when it waits already.
func (q *Queue) store(it Item, beside note) (queued bool, err error) {
	n := name{id: it.ID, version: 1, priority: uint8(it.Priority), kind: it.Type}
	now := q.now()
	temporary := filepath.Join(q.dir, tmpDir, n.String()+"."+rand.Text()+".tmp")
	if err := q.fs.WriteNew(temporary, it.Document, fileMode, now); err != nil {
		return false, err
	}
	noted := beside != (note{})
	if noted {
		if err := q.fs.WriteNew(temporary+stateEnding, beside.encode(), fileMode, now); err != nil {
			return false, errors.Join(err, q.fs.Remove(temporary))
		}
	}
	queued, err = q.settle(temporary, &n, it.Document)
	if noted {
		err = errors.Join(err, q.settleNote(temporary+stateEnding, n, err == nil))
	}
	if !queued {
		err = errors.Join(err, q.fs.Remove(temporary))
	}
	if err == nil {
		err = q.fs.SyncDir(q.shard(Ready, n.id)) // also for one that waits already: who put it may not have got so far
	}
	if err == nil && queued {
		q.arrived(n, int64(len(it.Document)), now)
	}
	return queued, err
}

// settle gives a file the name n, or that of the first free version. Queued is false when a file of this content has it.
func (q *Queue) settle(temporary string, n *name, document []byte) (queued bool, err error) {
	const tries = 2 * maxVersion
	for range tries {
		err := q.move(q.fs.RenameNew, temporary, Ready, *n)
		if !errors.Is(err, fs.ErrExist) {
			return err == nil, err
		}
		same, err := q.holds(q.path(Ready, *n), document)
		switch {
		case errors.Is(err, fs.ErrNotExist): // sent meanwhile: the name is free
		case err != nil:
			return false, err
		case same:
			return false, nil
		case n.version == maxVersion:
			return false, fmt.Errorf("%d documents of this ID wait already", maxVersion)
		default:
			n.version++
		}
	}
	return false, errors.New("its name is taken and freed again and again")
}

// settleNote puts a note beside the item n unless there is one, or removes it when there is no item.
func (q *Queue) settleNote(temporary string, n name, stored bool) error {
	path := q.path(Ready, n) + stateEnding
	if _, err := q.fs.Lstat(path); !stored || err == nil {
		return q.fs.Remove(temporary)
	}
	return q.fs.Rename(temporary, path)
}

// holds reports whether the file at path has this content.
func (q *Queue) holds(path string, document []byte) (bool, error) {
	info, err := q.fs.Lstat(path)
	if err != nil || info.Size() != int64(len(document)) {
		return false, err
	}
	content, err := q.fs.ReadFile(path, MaxDocument)
	return err == nil && bytes.Equal(content, document), err
}

// twin returns the item of a state that has the ID and type of n and holds this document, whatever its priority and version. It returns fs.ErrNotExist when there is none.
func (q *Queue) twin(state State, n name, document []byte) (name, error) {
	entries, err := q.fs.ReadDir(q.shard(state, n.id))
	if err != nil {
		return name{}, err
	}
	for _, e := range entries {
		other, err := parseName(e.Name())
		if err != nil || other.id != n.id || other.kind != n.kind {
			continue
		}
		same, err := q.holds(q.path(state, other), document)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return name{}, err
		}
		if same {
			return other, nil
		}
	}
	return name{}, fs.ErrNotExist
}

// discard removes an item, durably, and then its note: there is never an item in dead/ without a reason. It is no error when it is not there.
func (q *Queue) discard(path string) error {
	if err := q.fs.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := q.fs.SyncDir(filepath.Dir(path)); err != nil {
		return err
	}
	return q.removeNote(path)
}

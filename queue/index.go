package queue

import (
	"math"
	"time"
)

// ageing is how long an item waits for each priority it gains. It never gets above fastest this way.
const (
	ageing  = 5 * time.Minute
	fastest = 2
)

// progress is what becomes of an entry.
type progress uint8

const (
	waiting progress = iota // in a line
	delayed                 // in the heap of those that wait for their time
	claimed                 // being sent
	blocked                 // behind another one of the same ID
	gone                    // its file is not there; still in a line or heap
	unused                  // free to be used again
)

// entry is what is known of one item in ready/. There may be 100,000: keep it small.
type entry struct {
	id       ID
	queued   int64 // nanoseconds since 1970
	due      int64 // the same; not tried before
	size     uint32
	next     int32 // entry of the same ID, -1: none
	version  uint16
	attempts uint16 // failed, as far as known
	priority uint8
	unread   uint8 // times the disk did not give the file
	holds    uint8 // times in a row it was the one that made all wait, at most patience
	strikes  uint8 // times that others got through after that
	xml      bool
	read     bool // what stands beside the file is known
	accepted bool // the server has it, but the file could not be moved
	progress progress
}

func (e *entry) name() name {
	n := name{id: e.id, version: e.version, priority: e.priority, kind: WSJF}
	if e.xml {
		n.kind = WSXF
	}
	return n
}

func (e *entry) isOlder(o *entry) bool {
	switch {
	case e.queued != o.queued:
		return e.queued < o.queued
	case e.version != o.version:
		return e.version < o.version
	case e.priority != o.priority:
		return e.priority < o.priority
	}
	return e.xml && !o.xml
}

const none int32 = -1

// index is the order in which the items of a spool are sent. It knows only what it is told: no disk, no clock. Entries are numbers of places.
type index struct {
	entries []entry
	free    []int32               // places unused
	byID    map[ID]int32          // first of those of the ID, linked by next
	lines   [lowest]places        // by priority, oldest first
	later   places                // by due
	shards  [allShards]shardIndex // by first byte of the ID
	reports int
	bytes   int64
}

type shardIndex struct {
	seen    sight
	reports int
}

func newIndex() *index {
	x := &index{byID: map[ID]int32{}}
	for i := range x.lines {
		x.lines[i] = places{x: x, before: (*entry).isOlder}
	}
	x.later = places{x: x, before: func(a, b *entry) bool { return a.due < b.due }}
	return x
}

// find returns the place of the item of this name.
func (x *index) find(n name) int32 {
	i, ok := x.byID[n.id]
	if !ok {
		return none
	}
	for ; i != none; i = x.entries[i].next {
		if e := &x.entries[i]; e.version == n.version && e.priority == n.priority && e.xml == (n.kind == WSXF) {
			return i
		}
	}
	return none
}

// add takes an item in unless it is there. It reports whether it is new.
func (x *index) add(n name, size, queued int64) bool {
	if x.find(n) != none {
		return false
	}
	size = min(size, math.MaxUint32)
	var i int32
	if last := len(x.free) - 1; last >= 0 {
		i, x.free = x.free[last], x.free[:last]
	} else {
		i = int32(len(x.entries))
		x.entries = append(x.entries, entry{})
	}
	next, ok := x.byID[n.id]
	if !ok {
		next = none
	}
	x.byID[n.id] = i
	x.entries[i] = entry{
		id: n.id, queued: queued, size: uint32(size), next: next, version: n.version, priority: n.priority, xml: n.kind == WSXF,
	}
	x.reports++
	x.bytes += size
	x.shards[n.id[0]].reports++
	x.enqueue(i)
	return true
}

// enqueue puts an entry in its line.
func (x *index) enqueue(i int32) {
	e := &x.entries[i]
	e.progress = waiting
	x.lines[e.priority-1].push(i)
}

// claim returns the entry to be sent now, which is claimed then; none when there is no such. The priority counts, then age.
func (x *index) claim(now time.Time) int32 {
	at := now.UnixNano()
	x.ripen(at)
	for {
		best := x.first(at)
		if best == nil {
			return none
		}
		i := best.pop()
		e := &x.entries[i]
		switch {
		case e.progress == gone:
			x.recycle(i)
		case x.mustWait(i):
			e.progress = blocked
		default:
			e.progress = claimed
			return i
		}
	}
}

// ripen puts what was delayed until now in line.
func (x *index) ripen(at int64) {
	for len(x.later.list) > 0 {
		i := x.later.list[0]
		e := &x.entries[i]
		if e.progress != gone && e.due > at {
			return
		}
		x.later.pop()
		if e.progress == gone {
			x.recycle(i)
			continue
		}
		x.enqueue(i)
	}
}

// first returns the line whose first entry is sent first.
func (x *index) first(at int64) *places {
	var best *places
	var bestRank int
	var bestQueued int64
	for p := range x.lines {
		l := &x.lines[p]
		if len(l.list) == 0 {
			continue
		}
		queued := x.entries[l.list[0]].queued
		rank := rank(p+1, at-queued)
		if best == nil || rank < bestRank || rank == bestRank && queued < bestQueued {
			best, bestRank, bestQueued = l, rank, queued
		}
	}
	return best
}

// rank is the priority of an item that has waited so many nanoseconds.
func rank(priority int, age int64) int {
	if priority <= fastest || age <= 0 {
		return priority
	}
	return int(max(fastest, int64(priority)-age/int64(ageing)))
}

// mustWait reports whether an item of the same ID was put before this one, or is being sent.
func (x *index) mustWait(i int32) bool {
	e := &x.entries[i]
	for o := x.byID[e.id]; o != none; o = x.entries[o].next {
		if o != i && (x.entries[o].progress == claimed || x.entries[o].isOlder(e)) {
			return true
		}
	}
	return false
}

// unblock puts those in line again that wait for others of this ID.
func (x *index) unblock(id ID) {
	o, ok := x.byID[id]
	if !ok {
		return
	}
	for ; o != none; o = x.entries[o].next {
		if x.entries[o].progress == blocked {
			x.enqueue(o)
		}
	}
}

// nextDue returns when the next delayed entry is due.
func (x *index) nextDue() (at time.Time, ok bool) {
	if len(x.later.list) == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, x.entries[x.later.list[0]].due), true
}

// inLine reports whether an entry is in line, as far as is known without looking whether it is still there.
func (x *index) inLine() bool {
	for p := range x.lines {
		if len(x.lines[p].list) > 0 {
			return true
		}
	}
	return false
}

// release makes a claimed entry wait again, at once.
func (x *index) release(i int32) {
	x.enqueue(i)
	x.unblock(x.entries[i].id)
}

// postpone makes a claimed entry wait until due.
func (x *index) postpone(i int32, due time.Time) {
	e := &x.entries[i]
	e.due, e.progress = due.UnixNano(), delayed
	x.later.push(i)
	x.unblock(e.id)
}

// advance makes a delayed entry due now. It reports whether it was delayed.
func (x *index) advance(i int32) bool {
	if i == none || x.entries[i].progress != delayed {
		return false
	}
	x.entries[i].due = 0
	for at, place := range x.later.list {
		if place == i {
			x.later.up(at)
		}
	}
	return true
}

// blame is told that others get through: it counts this against those that were put off because they made all wait, and makes those due now
// of which it is the first time.
func (x *index) blame() {
	for _, i := range x.later.list {
		e := &x.entries[i]
		if e.holds < patience || e.strikes == math.MaxUint8 {
			continue
		}
		e.strikes++
		if e.strikes == 1 {
			e.due = 0
		}
	}
	for at := len(x.later.list)/2 - 1; at >= 0; at-- {
		x.later.down(at)
	}
}

// hurry makes all that are delayed due now.
func (x *index) hurry() {
	for _, i := range x.later.list { // all equal is a heap
		x.entries[i].due = 0
	}
}

// finish takes a claimed entry out: it has left ready/.
func (x *index) finish(i int32) {
	x.unlink(i)
	x.recycle(i)
}

// forget takes out an entry whose file has left ready/ without our doing. One that is claimed is left to who claimed it.
func (x *index) forget(i int32) {
	e := &x.entries[i]
	switch e.progress {
	case claimed, gone, unused:
		return
	case blocked:
		x.finish(i)
		return
	}
	x.unlink(i)
	e.progress = gone // recycled when its turn comes
}

// unlink takes an entry out of all that finds it, and frees those behind it.
func (x *index) unlink(i int32) {
	e := &x.entries[i]
	if first := x.byID[e.id]; first == i {
		if e.next == none {
			delete(x.byID, e.id)
		} else {
			x.byID[e.id] = e.next
		}
	} else {
		before := first
		for x.entries[before].next != i {
			before = x.entries[before].next
		}
		x.entries[before].next = e.next
	}
	x.reports--
	x.bytes -= int64(e.size)
	x.shards[e.id[0]].reports--
	x.unblock(e.id)
}

func (x *index) recycle(i int32) {
	x.entries[i].progress = unused
	x.free = append(x.free, i)
}

// namesOf returns the items of one shard.
func (x *index) namesOf(first byte) []name {
	var names []name
	for i := range x.entries {
		if e := &x.entries[i]; e.id[0] == first && e.progress != gone && e.progress != unused {
			names = append(names, e.name())
		}
	}
	return names
}

// oldest returns when the item that waits longest was put.
func (x *index) oldest() (time.Time, bool) {
	oldest := int64(math.MaxInt64)
	for i := range x.entries {
		if e := &x.entries[i]; e.progress != unused && e.progress != gone {
			oldest = min(oldest, e.queued)
		}
	}
	return time.Unix(0, oldest), oldest != math.MaxInt64
}

// places is a heap of entries.
type places struct {
	x      *index
	before func(a, b *entry) bool
	list   []int32
}

func (h *places) less(a, b int) bool {
	return h.before(&h.x.entries[h.list[a]], &h.x.entries[h.list[b]])
}

func (h *places) push(i int32) {
	h.list = append(h.list, i)
	h.up(len(h.list) - 1)
}

// pop takes the first out.
func (h *places) pop() int32 {
	last := len(h.list) - 1
	h.list[0], h.list[last] = h.list[last], h.list[0]
	i := h.list[last]
	h.list = h.list[:last]
	h.down(0)
	return i
}

func (h *places) up(at int) {
	for at > 0 {
		parent := (at - 1) / 2
		if !h.less(at, parent) {
			return
		}
		h.list[at], h.list[parent] = h.list[parent], h.list[at]
		at = parent
	}
}

func (h *places) down(at int) {
	for {
		child := 2*at + 1
		if child >= len(h.list) {
			return
		}
		if right := child + 1; right < len(h.list) && h.less(right, child) {
			child = right
		}
		if !h.less(child, at) {
			return
		}
		h.list[at], h.list[child] = h.list[child], h.list[at]
		at = child
	}
}

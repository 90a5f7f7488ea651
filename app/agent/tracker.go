package agent

import (
	"io/fs"
	"slices"
	"strings"
	"time"
)

const (
	emptyGrace   = time.Minute // a file without content is complete only after that
	firstDelay   = time.Second
	longestDelay = time.Minute
)

// sight is what one look at a source shows. Of a folder it is the sum of its files.
type sight struct {
	size     int64
	modified int64 // nanoseconds since 1970, the latest
	files    int
	marked   bool // a folder: its marker is there
}

func sightOf(info fs.FileInfo) sight {
	return sight{size: info.Size(), modified: info.ModTime().UnixNano(), files: 1}
}

// entry is what is known of one source.
type entry struct {
	sight
	since     time.Time // when it was first seen like this
	attempt   int       // failed ones in this state
	notBefore time.Time // of the next attempt
	ignored   bool      // nothing is to be done with it until it changes
}

// tracker tells which sources have stopped changing. It knows only what it is told: no disk, no clock.
type tracker struct {
	settle func(sight) time.Duration // how long a source must not have changed
	files  map[string]*entry         // by name; what has left the folder is forgotten
}

func newTracker(settle func(sight) time.Duration) tracker {
	return tracker{settle: settle, files: map[string]*entry{}}
}

// look takes in what was seen at the time now. It returns the names that are ready, longest unchanged first, and
// how long until another one may be; 0 when none waits.
func (t *tracker) look(now time.Time, seen map[string]sight) (ready []string, next time.Duration) {
	for name := range t.files {
		if _, there := seen[name]; !there {
			delete(t.files, name)
		}
	}
	for name, s := range seen {
		e := t.files[name]
		if e == nil || e.sight != s {
			e = &entry{sight: s, since: now}
			t.files[name] = e
		}
		if e.ignored {
			continue
		}
		wait := t.readyAt(e).Sub(now)
		switch {
		case wait <= 0:
			ready = append(ready, name)
		case next == 0 || wait < next:
			next = wait
		}
	}
	slices.SortFunc(ready, func(a, b string) int {
		x, y := t.files[a], t.files[b]
		if c := x.since.Compare(y.since); c != 0 {
			return c
		}
		if x.modified != y.modified {
			return int(max(-1, min(1, x.modified-y.modified)))
		}
		return strings.Compare(a, b)
	})
	return ready, next
}

func (t *tracker) readyAt(e *entry) time.Time {
	at := e.since.Add(t.settle(e.sight))
	if e.size == 0 {
		at = e.since.Add(emptyGrace)
	}
	if e.notBefore.After(at) {
		return e.notBefore
	}
	return at
}

// ignore leaves a source alone until it changes.
func (t *tracker) ignore(name string) {
	if e := t.files[name]; e != nil {
		e.ignored = true
	}
}

// postpone notes a failed attempt and returns how many there have been since the source last changed, and the delay until the next, which
// grows unless it is given.
func (t *tracker) postpone(name string, now time.Time, delay time.Duration) (attempt int, _ time.Duration) {
	e := t.files[name]
	if e == nil {
		return 0, 0
	}
	e.attempt++
	if delay == 0 {
		delay = backoff(e.attempt)
	}
	e.notBefore = now.Add(delay)
	return e.attempt, delay
}

// backoff returns how long to wait after the nth failed attempt: 1 s, 2 s, 4 s … at most a minute.
func backoff(n int) time.Duration {
	const doublings = 6
	return min(firstDelay<<min(n-1, doublings), longestDelay)
}

// isTemporary reports whether a file of that name is not meant for the agent: hidden, or still being written by a program that will rename it.
func isTemporary(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") || strings.HasSuffix(name, "~") {
		return true
	}
	lower := strings.ToLower(name)
	for _, ext := range [...]string{".tmp", ".temp", ".part", ".partial", ".crdownload", ".filepart"} {
		if strings.HasSuffix(lower, ext) {
			return true
		}
	}
	return false
}

package agent

import (
	"io/fs"
	"slices"
	"strings"
	"time"
)

// sight is what one look at a file shows.
type sight struct {
	size     int64
	modified int64 // nanoseconds since 1970
}

func sightOf(info fs.FileInfo) sight { return sight{info.Size(), info.ModTime().UnixNano()} }

// entry is what is known of one file in the inbox.
type entry struct {
	sight
	since     time.Time // when it was first seen like this
	attempt   int       // failed ones in this state
	notBefore time.Time // of the next attempt
}

// tracker tells which files have stopped changing. It knows only what it is told: no disk, no clock.
type tracker struct {
	settle time.Duration
	files  map[string]*entry // by name; what has left the inbox is forgotten
}

func newTracker(settle time.Duration) tracker {
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
		wait := t.readyAt(e).Sub(now)
		switch {
		case wait <= 0:
			ready = append(ready, name)
		case next == 0 || wait < next:
			next = wait
		}
	}
	slices.SortFunc(ready, func(a, b string) int {
		if c := t.files[a].since.Compare(t.files[b].since); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return ready, next
}

func (t *tracker) readyAt(e *entry) time.Time {
	at := e.since.Add(t.settle)
	if e.size == 0 {
		at = e.since.Add(emptyGrace)
	}
	if e.notBefore.After(at) {
		return e.notBefore
	}
	return at
}

// postpone notes a failed attempt and returns how many there have been since the file last changed, and the delay until the next.
func (t *tracker) postpone(name string, now time.Time) (attempt int, delay time.Duration) {
	e := t.files[name]
	if e == nil {
		return 0, 0
	}
	e.attempt++
	delay = backoff(e.attempt)
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

package queue

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/gowats/gowats/internal/fsx"
)

// Send tries once to bring a report to the server and says what came of it. It is called from several goroutines at once; the document is its own.
// It returns soon when ctx ends.
type Send func(ctx context.Context, it Item) Result

// Result is what came of one try to send a report.
type Result struct {
	Class  Class
	After  time.Duration // not to be tried again before, as the server wishes, at most an hour; 0: the queue decides
	Words  string        // what happened, in the server's words as far as it had any; kept to 4000 bytes
	Advice string        // what a person can do
}

// RunOptions change how reports are sent. The zero value is good.
type RunOptions struct {
	Workers int // reports under way at once, 1 to 64; default 4

	// Poll is how often is looked for reports that other processes put, and every tenth time for those they dropped or let be tried again. Default 1 s, and never so
	// often that it takes more than a fiftieth of the time.
	Poll time.Duration

	// Handled is told each report that has left ready/, from several goroutines at once. Default: nobody.
	Handled func(Handled)
}

// Handled says what became of a report.
type Handled struct {
	ID     ID
	Queued time.Time
	Class  Class  // Accepted, Rejected or Damaged
	Words  string // see Result; "" when accepted
}

const (
	defaultWorkers = 4
	maxWorkers     = 64
	defaultPoll    = time.Second
	keepFirst      = time.Minute // sent/ and tmp/ are cleared: not before what waits has got under way
	keepEvery      = time.Hour
	looksPerScan   = 10 // looks for what others put, to one for what they dropped
	workPerPoll    = 50 // times as long as a look took, the next one waits
)

func (o *RunOptions) complete() error {
	if o.Workers == 0 {
		o.Workers = defaultWorkers
	}
	if o.Poll == 0 {
		o.Poll = defaultPoll
	}
	if o.Handled == nil {
		o.Handled = func(Handled) {}
	}
	switch {
	case o.Workers < 1 || o.Workers > maxWorkers:
		return fmt.Errorf("%d workers are not in 1–%d", o.Workers, maxWorkers)
	case o.Poll < 0:
		return fmt.Errorf("poll %v is negative", o.Poll)
	}
	return nil
}

// ErrBusy is returned by Run and Process while the reports of the spool are sent already, by another process or another call.
var ErrBusy = errors.New("the reports of this spool are being sent already")

// HeldError says that reports stay where they are, and why.
type HeldError struct {
	Class  Class // Offline, Auth, or "" when Pause was called
	Words  string
	Advice string
}

func (e *HeldError) Error() string {
	switch {
	case e.Class == "":
		return "sending is paused"
	case e.Advice == "":
		return fmt.Sprintf("reports wait (%s): %s", e.Class, e.Words)
	}
	return fmt.Sprintf("reports wait (%s): %s: %s", e.Class, e.Words, e.Advice)
}

// uploader sends the reports of a spool. There is one while Run or Process is under way.
type uploader struct {
	q       *Queue
	send    Send
	options RunOptions
	started time.Time
	wake    chan struct{} // something has changed

	// Of one goroutine alone:

	ahead map[string]time.Time // files left behind whose time is in the future, and when they were met
	tmp   sight                // of tmp/
	looks int                  // for what other processes do

	mu       sync.Mutex
	index    *index
	accepted map[int32]fs.FileInfo // by place: files of reports that the server has, which could not be moved
	gate     gate
	sending  int
	counts   counts
}

// counts is what happened since Run began.
type counts struct{ sent, dead, failed int }

// claim is an item that is being sent.
type claim struct {
	place int32
	entry entry
	pass  pass
	info  fs.FileInfo // of the file as it was sent
}

// uploader returns who sends the reports of this spool, nil when that is nobody in this process.
func (q *Queue) uploader() *uploader {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.up
}

// Run sends the reports of the spool until ctx ends, and then returns nil; all that it started has ended then. Those with the smallest priority come first, and among
// them those that have waited longest; every five minutes of waiting count as one priority, up to the second.
//
// It returns [ErrBusy] when they are being sent already, and an error when the folder cannot be read at the beginning. Whatever
// goes wrong later is tried again.
func (q *Queue) Run(ctx context.Context, send Send, o RunOptions) error {
	u, release, err := q.begin(send, o)
	if err != nil {
		return fmt.Errorf("send the reports of %s: %w", q.dir, err)
	}
	defer release()
	var working sync.WaitGroup
	defer working.Wait()
	working.Go(func() { u.watch(ctx) })
	slots := make(chan struct{}, u.options.Workers)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		c, ok := u.next(ctx)
		if !ok {
			return nil
		}
		working.Go(func() {
			defer func() { <-slots }()
			u.deliver(ctx, c)
		})
	}
}

// Summary says what Process did.
type Summary struct {
	Sent, Dead int
	Left       int // still in ready/
}

// Process sends what can be sent now, four reports at a time, and returns when nothing is left but what has to wait. It returns a [*HeldError] when the server cannot be reached or does not
// let the uploader in, [ErrBusy] when the reports are being sent already, and the error of ctx.
func (q *Queue) Process(ctx context.Context, send Send) (Summary, error) {
	u, release, err := q.begin(send, RunOptions{})
	if err != nil {
		return Summary{}, fmt.Errorf("send the reports of %s: %w", q.dir, err)
	}
	defer release()
	var working sync.WaitGroup
	slots := make(chan struct{}, u.options.Workers)
	for ctx.Err() == nil {
		slots <- struct{}{} // the work under way ends, also when ctx does
		c, ok := u.claim()
		if !ok {
			<-slots
			if u.isIdle() {
				break
			}
			select { // what is under way may let others go
			case <-u.wake:
			case <-ctx.Done():
			}
			continue
		}
		working.Go(func() {
			defer func() { <-slots }()
			u.deliver(ctx, c)
		})
	}
	working.Wait()
	return u.summary(ctx)
}

func (u *uploader) isIdle() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.sending == 0
}

func (u *uploader) summary(ctx context.Context) (Summary, error) {
	paused := u.q.isPaused()
	u.mu.Lock()
	defer u.mu.Unlock()
	s := Summary{Sent: u.counts.sent, Dead: u.counts.dead, Left: u.index.reports}
	switch {
	case ctx.Err() != nil:
		return s, ctx.Err()
	case s.Left > 0 && paused:
		return s, &HeldError{}
	case s.Left > 0 && u.gate.class != "":
		return s, &HeldError{Class: u.gate.class, Words: u.gate.words, Advice: u.gate.advice}
	}
	return s, nil
}

// begin takes the lock, mends the spool and reads it.
func (q *Queue) begin(send Send, o RunOptions) (*uploader, func(), error) {
	if send == nil {
		return nil, nil, errors.New("there is no function to send them")
	}
	if err := o.complete(); err != nil {
		return nil, nil, err
	}
	unlock, err := q.fs.Lock(filepath.Join(q.dir, lockFile))
	if errors.Is(err, fsx.ErrLocked) {
		return nil, nil, ErrBusy
	}
	if err != nil {
		return nil, nil, err
	}
	u := &uploader{
		q: q, send: send, options: o, started: q.now(), wake: make(chan struct{}, 1), ahead: map[string]time.Time{}, index: newIndex(), accepted: map[int32]fs.FileInfo{},
	}
	q.setUploader(u) // before the folders are read: what is put meanwhile is not missed
	end := func() {
		q.setUploader(nil)
		if err := unlock(); err != nil {
			q.log.Warn("lock of the spool not released", "path", q.dir, "err", err)
		}
	}
	if err := u.mend(); err != nil {
		end()
		return nil, nil, err
	}
	return u, end, nil
}

func (q *Queue) setUploader(u *uploader) {
	q.usage.mu.Lock()
	q.usage.counted = time.Time{} // what was counted before is old
	q.usage.mu.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.up = u
}

// next waits for an item to send. It returns false when ctx ends.
func (u *uploader) next(ctx context.Context) (claim, bool) {
	for {
		if ctx.Err() != nil {
			return claim{}, false
		}
		c, ok := u.claim()
		if ok {
			return c, true
		}
		timer := time.NewTimer(u.pause())
		select {
		case <-ctx.Done():
		case <-u.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// claim takes the item to send now.
func (u *uploader) claim() (claim, bool) {
	if u.q.isPaused() {
		return claim{}, false
	}
	now := u.q.now()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.index.reports == 0 {
		return claim{}, false
	}
	p, _, ok := u.gate.admit(now)
	if !ok {
		return claim{}, false
	}
	i := u.index.claim(now)
	if i == none {
		u.gate.giveUp(p)
		return claim{}, false
	}
	u.sending++
	info := u.accepted[i]
	delete(u.accepted, i)
	return claim{place: i, entry: u.index.entries[i], pass: p, info: info}, true
}

// pause returns how long nothing can be sent unless something happens that is signalled.
func (u *uploader) pause() time.Duration {
	const longest = time.Minute // also when the clock jumps
	if u.q.isPaused() {
		return longest
	}
	now := u.q.now()
	u.mu.Lock()
	defer u.mu.Unlock()
	wait := longest
	if due, ok := u.index.nextDue(); ok {
		wait = due.Sub(now)
	}
	if u.index.inLine() {
		wait = 0
	}
	switch {
	case u.gate.probing:
		wait = longest
	case u.gate.class != "":
		wait = max(wait, u.gate.until.Sub(now))
	}
	return min(max(wait, time.Millisecond), longest)
}

// signal wakes who waits for something to do.
func (u *uploader) signal() {
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

// load returns what is in ready/.
func (u *uploader) load() (reports int, bytes int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.index.reports, u.index.bytes
}

// arrived tells the uploader of a report that was put by this Queue.
func (q *Queue) arrived(n name, size int64, queued time.Time) {
	u := q.uploader()
	if u == nil {
		return // it is found in the folder
	}
	u.mu.Lock()
	u.index.add(n, size, queued.UnixNano())
	u.mu.Unlock()
	u.signal()
}

// Pause holds back all reports until [Queue.Resume]; those under way are finished. It holds for this Queue, not for other processes, and may be called before Run.
func (q *Queue) Pause() { q.setPaused(true) }

// Resume ends [Queue.Pause], and any wait for the server or for the time of a next try: all that waits is tried now. Call it also when the credential or
// the address has changed.
func (q *Queue) Resume() {
	q.setPaused(false)
	u := q.uploader()
	if u == nil {
		return
	}
	u.mu.Lock()
	u.gate.open()
	u.index.hurry()
	u.mu.Unlock()
	u.signal()
}

func (q *Queue) setPaused(paused bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.paused = paused
}

func (q *Queue) isPaused() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.paused
}

// Package agent watches an inbox folder and hands in the reports that are dropped there.
//
// A file may be in any format that package convert reads, and hold several reports. It is taken when it has stopped changing. Accepted, it moves to the folder Done in the inbox; refused, to the folder Error with a text
// beside it that says what is wrong with it. While the server cannot be reached, or does not let the agent in, files stay where they are.
package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gowats/gowats/report"
)

// The folders in the inbox.
const (
	DoneFolder  = "Done"  // what the server took
	ErrorFolder = "Error" // what was refused, with its reason in <name>.error.txt
)

// Config of an Agent. Inbox and Submit are required, the zero value of the rest is good.
type Config struct {
	Inbox string // made when it is not there

	// Submit hands in one report and returns when the server has it. Its errors are those of the SDK.
	// It is called from several goroutines at once.
	Submit func(context.Context, *report.Report) error

	// Handled is told each file that has left the inbox, from several goroutines at once. Default: nobody.
	Handled func(Result)

	Logger *slog.Logger     // default: silent
	Now    func() time.Time // default: time.Now
	Rescan time.Duration    // between two looks into the inbox; default 2 s
	Settle time.Duration    // a file that has not changed for so long is complete; default 300 ms
}

// Result says what became of a file.
type Result struct {
	Name string    // in the inbox
	Path string    // where the file is now
	ID   report.ID // of the first report; zero when none could be read
	Err  error     // why it was refused; nil when the server took it
}

// Agent watches one inbox. Make it with New.
type Agent struct {
	Config
	tracker tracker

	mu     sync.Mutex // guards what follows, and the tracker's entries
	outage outage
}

// outage is the time during which the server takes nothing.
type outage struct {
	attempt int // failed ones in a row; 0: there is no outage
	until   time.Time
}

const (
	workers        = 4
	batch          = 1000 // files taken from one look into the folder
	eventGap       = 50 * time.Millisecond
	emptyGrace     = time.Minute // a file without content is complete only after that
	firstDelay     = time.Second
	longestDelay   = time.Minute
	submitDeadline = 2 * time.Minute
)

// New returns an agent for the inbox of c. It fails when c lacks what is required; the disk is first touched by Run.
func New(c Config) (*Agent, error) {
	if c.Inbox == "" || c.Submit == nil {
		return nil, errors.New("agent: Inbox and Submit are required")
	}
	if c.Handled == nil {
		c.Handled = func(Result) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rescan <= 0 {
		c.Rescan = 2 * time.Second
	}
	if c.Settle <= 0 {
		c.Settle = 300 * time.Millisecond
	}
	return &Agent{Config: c, tracker: newTracker(c.Settle)}, nil
}

// Run watches the inbox until ctx ends, and then returns nil. It fails when the inbox and its folders cannot be made;
// whatever goes wrong later is retried.
func (a *Agent) Run(ctx context.Context) error {
	if err := a.makeFolders(); err != nil {
		return fmt.Errorf("prepare inbox: %w", err)
	}
	changes := make(chan struct{}, 1)
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { a.watch(ctx, changes) })

	away := false
	for {
		next, err := a.look(ctx)
		if lost := err != nil; lost != away && ctx.Err() == nil {
			away = lost
			a.logFolder(err)
		}
		if !a.wait(ctx, next, changes) {
			return nil
		}
	}
}

func (a *Agent) makeFolders() error {
	for _, dir := range []string{a.Inbox, filepath.Join(a.Inbox, DoneFolder), filepath.Join(a.Inbox, ErrorFolder)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return nil
}

func (a *Agent) logFolder(err error) {
	if err != nil {
		a.Logger.Warn("inbox cannot be read; will try again", "path", a.Inbox, "err", err)
		return
	}
	a.Logger.Info("inbox can be read again", "path", a.Inbox)
}

// wait returns true when it is time for the next look, and false when ctx has ended.
func (a *Agent) wait(ctx context.Context, next time.Duration, changes <-chan struct{}) bool {
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

// look hands in what is complete in the inbox and returns how long to wait for the next look.
func (a *Agent) look(ctx context.Context) (time.Duration, error) {
	seen, err := a.list()
	if err != nil {
		return a.Rescan, err
	}
	now := a.Now()
	a.mu.Lock()
	ready, next := a.tracker.look(now, seen)
	if paused := a.outage.until.Sub(now); paused > 0 {
		ready, next = nil, paused
	}
	a.mu.Unlock()
	a.handle(ctx, ready[:min(len(ready), batch)])
	switch {
	case len(ready) > batch:
		return 0, nil
	case next <= 0:
		return a.Rescan, nil
	}
	return min(next, a.Rescan), nil
}

// list returns the files in the inbox that may be reports.
func (a *Agent) list() (map[string]sight, error) {
	entries, err := os.ReadDir(a.Inbox)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]sight, len(entries))
	for _, e := range entries {
		if !e.Type().IsRegular() || isTemporary(e.Name()) {
			continue
		}
		info, err := e.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist): // taken away meanwhile
		case err != nil:
			return nil, err
		default:
			seen[e.Name()] = sightOf(info)
		}
	}
	return seen, nil
}

// handle hands in the files of those names, a few at a time. It returns when all are done with.
func (a *Agent) handle(ctx context.Context, names []string) {
	queue := make(chan string)
	var working sync.WaitGroup
	for range min(workers, len(names)) {
		working.Go(func() {
			for name := range queue {
				a.handleOne(ctx, name)
			}
		})
	}
	for _, name := range names {
		if ctx.Err() != nil || a.inOutage() {
			break
		}
		queue <- name
	}
	close(queue)
	working.Wait()
}

func (a *Agent) inOutage() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.outage.until.After(a.Now())
}

// Package agent turns the files of testers into reports in the spool.
//
// It watches folders, waits until what is dropped there is complete, reads it with the formats of package convert, and puts the reports into the
// spool. Only then does the source move: to Done when all its reports are safe, to Error with a text beside it that says why when it is refused.
// What neither the file nor its tester is to blame for (a full disk, a folder that has gone) leaves it where it is, for another attempt.
//
// The same file gives the same reports with the same IDs, so a crash anywhere neither loses nor doubles one.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/internal/fsx"
	"github.com/gowats/gowats/queue"
	"github.com/gowats/gowats/report"
)

// Config of an Agent. Data, Converters and Put are required, the zero value of the rest is good.
type Config struct {
	Data       string // folder of the ledger; folders of converters are relative to it
	Converters []config.Converter
	Station    config.Station                           // for reports that name none; no name: that of the machine
	StationOf  func(path string) (config.Station, bool) // of files by their path; default: none
	Version    string                                   // of the program, for the lineage of reports

	// Put makes a report safe. It is called from several goroutines at once. An error leaves the source where it is.
	Put func(context.Context, queue.Item) error

	// Handled is told each source that is done with, from several goroutines at once. Default: nobody.
	Handled func(Result)

	Logger *slog.Logger     // default: silent
	Now    func() time.Time // default: time.Now
	Disk   fsx.FS           // default: that of the operating system
}

// Result says what became of a source.
type Result struct {
	Converter string
	Name      string    // in the folder, with / between folders
	Path      string    // where it is now; "" when it was removed
	ID        report.ID // of the first report; zero when none could be read
	Reports   int       // that are in the spool
	Err       error     // why it was refused; nil when all its reports are in the spool
}

// Agent runs converters. Make it with New. It is safe for concurrent use.
type Agent struct {
	Config
	sources []*source
	pool    *pool
	ledger  *ledger
}

const ledgerFile = "ledger.db"

// New returns an agent. It fails when c lacks what is required; the disk is first touched by Run.
func New(c Config) (*Agent, error) {
	if c.Data == "" || c.Put == nil {
		return nil, errors.New("agent: Data and Put are required")
	}
	if c.Handled == nil {
		c.Handled = func(Result) {}
	}
	if c.StationOf == nil {
		c.StationOf = func(string) (config.Station, bool) { return config.Station{}, false }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Station.Name == "" {
		name, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("find the name of this machine, to be that of the station: %w; set station.name", err)
		}
		c.Station.Name = name
	}
	a := &Agent{Config: c, pool: newPool(min(4, runtime.NumCPU()), c.Now)}
	for _, conv := range c.Converters {
		if _, known := convert.ByName(conv.Format); !known && conv.Format != "" && conv.Format != autoFormat {
			return nil, fmt.Errorf("converter %s: there is no format %q; gowats convert --list names them", conv.Name, conv.Format)
		}
		if !conv.Disabled {
			a.sources = append(a.sources, newSource(a, conv))
		}
	}
	return a, nil
}

// Run runs all converters until ctx ends, and then returns nil. One that cannot do its work says so in Status and tries again; it does not
// keep the others from theirs. Run fails when the ledger cannot be opened.
func (a *Agent) Run(ctx context.Context) (err error) {
	if a.ledger, err = openLedger(context.WithoutCancel(ctx), a.Disk, filepath.Join(a.Data, ledgerFile)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.ledger.close()) }()
	var running sync.WaitGroup
	for _, s := range a.sources {
		running.Go(func() { s.run(ctx) })
	}
	running.Wait()
	return nil
}

// State is what a converter is doing.
type State string

// The states of a converter.
const (
	Starting State = "starting"
	Watching State = "watching" // all is well
	Waiting  State = "waiting"  // its folder is not there, or another program has it; it is tried again
	Paused   State = "paused"   // reports cannot be made safe: the spool or the disk is full; it is tried again
)

// ConverterStatus says how a converter does.
type ConverterStatus struct {
	Name     string      `json:"name"`
	Kind     config.Kind `json:"kind"`
	Folder   string      `json:"folder"`
	State    State       `json:"state"`
	Reason   string      `json:"reason,omitempty"`   // of a state that is not watching
	Since    time.Time   `json:"since"`              // in this state
	Waiting  int         `json:"waiting"`            // sources seen at the last look
	Done     int         `json:"done"`               // sources since the start
	Refused  int         `json:"refused"`            // sources since the start
	Reports  int         `json:"reports"`            // since the start
	Activity time.Time   `json:"activity,omitzero"`  // when the last source was done with
	Error    string      `json:"error,omitempty"`    // the last refusal
	NextRun  time.Time   `json:"next_run,omitzero"`  // of a schedule
	LastRun  string      `json:"last_run,omitempty"` // how the last run of a schedule ended
}

// Status returns the state of every converter that is not disabled, in the order of the configuration.
func (a *Agent) Status() []ConverterStatus {
	all := make([]ConverterStatus, len(a.sources))
	for i, s := range a.sources {
		all[i] = s.snapshot()
	}
	return all
}

// stationOf returns the station of reports that name none. A converter's own comes before that of the path and that of the machine.
func (a *Agent) stationOf(c config.Converter, path string) config.Station {
	s, _ := a.StationOf(path)
	for _, from := range []config.Station{s, a.Station} {
		c.Station.Name = cmpOr(c.Station.Name, from.Name)
		c.Station.Location = cmpOr(c.Station.Location, from.Location)
		c.Station.Purpose = cmpOr(c.Station.Purpose, from.Purpose)
	}
	return c.Station
}

// pool gives a bounded number of turns, to the highest priority first. A turn that waits rises one level every five minutes, up to the second.
type pool struct {
	now  func() time.Time
	mu   sync.Mutex
	free int
	line []*turn
}

type turn struct {
	priority int
	since    time.Time
	given    chan struct{}
}

const risesAfter = 5 * time.Minute

func newPool(size int, now func() time.Time) *pool { return &pool{now: now, free: size} }

// take waits for a turn; false means that ctx ended before.
func (p *pool) take(ctx context.Context, priority int) bool {
	p.mu.Lock()
	if p.free > 0 {
		p.free--
		p.mu.Unlock()
		return true
	}
	t := &turn{priority, p.now(), make(chan struct{})}
	p.line = append(p.line, t)
	p.mu.Unlock()
	select {
	case <-t.given:
		return true
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		if i := slices.Index(p.line, t); i >= 0 {
			p.line = slices.Delete(p.line, i, i+1)
		} else {
			p.giveLocked() // it was given meanwhile
		}
		return false
	}
}

// give ends a turn.
func (p *pool) give() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.giveLocked()
}

func (p *pool) giveLocked() {
	if len(p.line) == 0 {
		p.free++
		return
	}
	now := p.now()
	best := 0
	for i, t := range p.line {
		if t.level(now) < p.line[best].level(now) {
			best = i
		}
	}
	close(p.line[best].given)
	p.line = slices.Delete(p.line, best, best+1)
}

func (t *turn) level(now time.Time) int {
	return max(min(2, t.priority), t.priority-int(now.Sub(t.since)/risesAfter))
}

func cmpOr(text, fallback string) string {
	if strings.TrimSpace(text) == "" {
		return fallback
	}
	return text
}

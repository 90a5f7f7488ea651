// Package fsxtest provides disks that fail, for tests of what must survive that.
//
// A Disk works on a real folder, so that the code under test sees real files. Beside it, in memory, it keeps what would be on the disk after a power loss:
// the content of files as it was last synced, and the names in folders as those were last synced. [Disk.PowerLoss] makes the folder so.
package fsxtest

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gowats/gowats/internal/fsx"
)

// Fault is what goes wrong at a step.
type Fault uint8

// The faults.
const (
	None        Fault = iota
	StopBefore        // the process ends before the step
	StopAfter         // the process ends after the step
	StopTorn          // the process ends in the middle of a write; before any other step
	NoSpace           // the step fails for lack of room; a write gets half of its data to the disk
	IOError           // the step fails and does nothing
	IOErrorDone       // the step fails and is done nevertheless
)

// ErrStopped is what every step returns after the process has ended: nothing is done any more.
var ErrStopped = errors.New("the process has ended")

// Disk is a folder that fails as told. It is safe for concurrent use.
type Disk struct {
	// Plan says what goes wrong at a step, which is number n from 1. It is called before the step, by one goroutine at a time.
	Plan func(n int, s fsx.Step) Fault

	// Turn is called before each step, without a lock held: a test lets goroutines take turns here, or makes them wait. Nil: nothing is done.
	Turn func(s fsx.Step)

	mu      sync.Mutex
	root    string
	random  *rand.Rand
	steps   int
	stopped bool
	live    map[string]*node // by path: what the operating system shows
	durable map[string]*node // by path: what the disk holds
}

// node is a file or folder, whatever its name.
type node struct {
	dir     bool
	dirty   bool // written to since it was synced
	content []byte
	changed time.Time // for a file that is removed
}

// New returns a disk that works on the folder root and below. What is there is on the disk.
func New(root string, random *rand.Rand) (*Disk, error) {
	d := &Disk{root: root, random: random, live: map[string]*node{}}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		n := &node{dir: e.IsDir()}
		if !n.dir {
			if n.content, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		d.live[path] = n
		return nil
	})
	d.durable = maps.Clone(d.live)
	return d, err
}

// FS returns the disk for the code under test.
func (d *Disk) FS() fsx.FS { return fsx.FS{Hook: d.hook} }

// Steps returns how many steps there were since New or PowerLoss.
func (d *Disk) Steps() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.steps
}

// Stop ends the process: every further step fails and does nothing.
func (d *Disk) Stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopped = true
}

// Stopped reports whether the process has ended.
func (d *Disk) Stopped() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stopped
}

// hook carries out one step, or not.
func (d *Disk) hook(s *fsx.Step, do func() error) error {
	if d.Turn != nil {
		d.Turn(*s)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped {
		return ErrStopped
	}
	d.steps++
	fault := None
	if d.Plan != nil {
		fault = d.Plan(d.steps, *s)
	}
	switch fault {
	case StopTorn:
		d.tear(s, do)
		fallthrough
	case StopBefore:
		d.stopped = true
		return ErrStopped
	case NoSpace:
		d.tear(s, do)
		return &fs.PathError{Op: string(s.Op), Path: s.Path, Err: syscall.ENOSPC}
	case IOError:
		return &fs.PathError{Op: string(s.Op), Path: s.Path, Err: syscall.EIO}
	}
	err := d.do(s, do)
	switch {
	case fault == StopAfter:
		d.stopped = true
		return ErrStopped
	case fault == IOErrorDone && err == nil:
		return &fs.PathError{Op: string(s.Op), Path: s.Path, Err: syscall.EIO}
	}
	return err
}

// tear does half of a write, and nothing of any other step.
func (d *Disk) tear(s *fsx.Step, do func() error) {
	if s.Op == fsx.OpWrite {
		s.Data = s.Data[:len(s.Data)/2]
		_ = d.do(s, do) // the caller gets the fault
	}
}

// do carries a step out and keeps in mind what it did.
func (d *Disk) do(s *fsx.Step, do func() error) error {
	var removed *node
	if s.Op == fsx.OpRemove {
		removed = d.live[s.Path]
		d.remember(removed, s.Path)
	}
	if s.Op == fsx.OpRename {
		d.remember(d.live[s.To], s.To)
	}
	switch s.Op { // what a sync does the model knows; the disk below need not be waited for
	case fsx.OpSync:
		return d.sync(s.Path)
	case fsx.OpSyncDir:
		if _, err := os.Lstat(s.Path); err != nil {
			return err
		}
		d.syncDir(s.Path)
		return nil
	}
	if err := do(); err != nil {
		return err
	}
	switch s.Op {
	case fsx.OpMkdir:
		d.live[s.Path] = &node{dir: true}
	case fsx.OpCreate, fsx.OpLock:
		if d.live[s.Path] == nil {
			d.live[s.Path] = &node{dirty: true}
		}
	case fsx.OpWrite:
		d.live[s.Path].dirty = true
	case fsx.OpRename, fsx.OpLink:
		d.live[s.To] = d.live[s.Path]
		delete(d.live, s.Path)
	case fsx.OpRemove:
		delete(d.live, s.Path)
	}
	return nil
}

// remember keeps what a file holds that is about to lose its name.
func (d *Disk) remember(n *node, path string) {
	if n == nil || n.dir {
		return
	}
	if info, err := os.Lstat(path); err == nil {
		n.changed = info.ModTime()
	}
	if content, err := os.ReadFile(path); err == nil && n.dirty {
		n.content = content // may be on the disk or not
	}
}

func (d *Disk) sync(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	n := d.live[path]
	n.content, n.dirty = content, false
	return nil
}

func (d *Disk) syncDir(dir string) {
	for path := range d.durable {
		if filepath.Dir(path) == dir && d.live[path] == nil {
			delete(d.durable, path)
		}
	}
	for path, n := range d.live {
		if filepath.Dir(path) == dir {
			d.durable[path] = n
		}
	}
}

// PowerLoss makes the folder what a power loss leaves of it, after which the next process may begin. What was not synced is kept or lost, each by chance; a rename
// that was not synced has happened, or not, or left both names. The content of a file that was not synced is whole, cut short, empty, or zeros.
//
// All goroutines that use the disk must have ended.
func (d *Disk) PowerLoss() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := d.leftOver()
	contents := map[string][]byte{}
	for _, path := range sorted(left) {
		n := left[path]
		if n.dir {
			continue
		}
		if n.dirty && d.live[path] == n {
			var err error
			if n.content, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		contents[path] = n.content
		if n.dirty {
			contents[path] = d.damage(n.content)
		}
	}
	if err := d.layOut(left, contents); err != nil {
		return err
	}
	fresh := map[*node]*node{}
	for path, n := range left {
		if fresh[n] == nil {
			fresh[n] = &node{dir: n.dir, content: contents[path]}
		}
		left[path] = fresh[n]
	}
	d.live, d.durable = left, maps.Clone(left)
	d.stopped, d.steps = false, 0
	return nil
}

// leftOver returns the names that are left after a power loss.
func (d *Disk) leftOver() map[string]*node {
	keep := d.random.Float64() // of what is in doubt
	if d.random.IntN(3) == 0 {
		keep = float64(d.random.IntN(2)) // all, or nothing
	}
	left := map[string]*node{}
	both := maps.Clone(d.durable)
	maps.Copy(both, d.live)
	for _, path := range sorted(both) { // folders come before what is in them
		parent := filepath.Dir(path)
		if parent != d.root && left[parent] == nil {
			continue
		}
		n := d.durable[path]
		if d.random.Float64() < keep {
			n = d.live[path]
		}
		if n != nil {
			left[path] = n
		}
	}
	// A rename loses no file: one that still has a name in the system has one on the disk, if it ever had.
	for _, path := range sorted(d.durable) {
		n := d.durable[path]
		if !slices.Contains(slices.Collect(maps.Values(d.live)), n) || slices.Contains(slices.Collect(maps.Values(left)), n) {
			continue
		}
		if parent := filepath.Dir(path); left[path] == nil && (parent == d.root || left[parent] != nil) {
			left[path] = n
		}
	}
	return left
}

// damage returns what is left of a content that was not synced.
func (d *Disk) damage(content []byte) []byte {
	cut := d.random.IntN(len(content) + 1)
	switch d.random.IntN(4) {
	case 0:
		return content
	case 1:
		return nil
	case 2:
		return content[:cut]
	}
	return slices.Concat(content[:cut], make([]byte, len(content)-cut))
}

// layOut makes the folder hold these names and contents.
func (d *Disk) layOut(left map[string]*node, contents map[string][]byte) error {
	changed := map[*node]time.Time{}
	for path, n := range d.live {
		if info, err := os.Lstat(path); err == nil {
			changed[n] = info.ModTime()
		}
	}
	for _, path := range slices.Backward(sorted(d.live)) { // folders after what is in them
		same := left[path] == d.live[path] && (left[path].dir || !left[path].dirty)
		if same {
			continue
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	for _, path := range sorted(left) {
		if _, err := os.Lstat(path); err == nil {
			continue
		}
		n := left[path]
		if n.dir {
			if err := os.Mkdir(path, 0o755); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(path, contents[path], 0o644); err != nil {
			return err
		}
		at, ok := changed[n]
		if !ok {
			at = n.changed
		}
		if err := os.Chtimes(path, time.Time{}, at); err != nil {
			return err
		}
	}
	return nil
}

// Describe lists what the operating system shows, for the text of a failed test.
func (d *Disk) Describe() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b bytes.Buffer
	for _, path := range sorted(d.live) {
		if !d.live[path].dir {
			b.WriteString(strings.TrimPrefix(path, d.root) + "\n")
		}
	}
	return b.String()
}

func sorted(nodes map[string]*node) []string { return slices.Sorted(maps.Keys(nodes)) }

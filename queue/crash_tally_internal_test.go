package queue

import (
	"fmt"
	"os"
	"testing"

	"github.com/gowats/gowats/internal/fsx"
)

// memoryDir returns a folder in memory where there is one: the disk is modelled, so a real one only costs time.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "queue")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// tally counts what happened, so that a test that tests nothing shows.
type tally struct {
	crashes, puts, sent, dead, refused, faults int
	stopped                                    map[fsx.Op]int // crashes by step
}

func newTally() tally { return tally{stopped: map[fsx.Op]int{}} }

func (c *tally) add(o tally) {
	c.crashes += o.crashes
	c.puts += o.puts
	c.sent += o.sent
	c.dead += o.dead
	c.refused += o.refused
	c.faults += o.faults
	for op, n := range o.stopped {
		c.stopped[op] += n
	}
}

func (c tally) String() string {
	return fmt.Sprintf("%d crashes (%v), %d other faults, %d reports put, %d puts failed, %d sent, %d dead",
		c.crashes, c.stopped, c.faults, c.puts, c.refused, c.sent, c.dead)
}

// check fails when something did not happen that must have.
func (c tally) check(t *testing.T) {
	t.Helper()
	for _, op := range changing {
		if c.stopped[op] == 0 {
			t.Errorf("no crash at a step %q", op)
		}
	}
	if c.puts == 0 || c.sent == 0 || c.dead == 0 || c.refused == 0 || c.faults == 0 {
		t.Errorf("something never happened: %v", c)
	}
}

// changing are the steps of a spool that change the disk, or who may.
var changing = []fsx.Op{
	fsx.OpMkdir, fsx.OpCreate, fsx.OpWrite, fsx.OpSync, fsx.OpRename, fsx.OpLink, fsx.OpSyncDir, fsx.OpRemove, fsx.OpChtimes, fsx.OpLock,
}

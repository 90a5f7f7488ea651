package queue

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// Status is what a Queue that sends reports is doing.
type Status struct {
	Running bool // Run or Process is under way; else the rest but Paused and Full is zero

	Reports int       // in ready/
	Bytes   int64     // of those
	Oldest  time.Time // when the one that waits longest was put; zero: none waits
	Delayed int       // waiting for their next try
	Sending int

	Paused bool      // by Pause
	Held   Class     // why all wait: Offline or Auth; "": they do not
	Words  string    // of the server
	Advice string    // what a person can do
	Until  time.Time // when one is sent to see
	Full   bool      // the last Put of this Queue was refused because the spool is full

	Sent, Dead, Failed int // since Run began; failed tries of single reports
}

// Status returns what q is doing. It reads no disk. See [Queue.Stats] for what is in the spool.
func (q *Queue) Status() Status {
	s := Status{Paused: q.isPaused()}
	q.usage.mu.Lock()
	s.Full = q.usage.full
	q.usage.mu.Unlock()
	u := q.uploader()
	if u == nil {
		return s
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	s.Running = true
	s.Reports, s.Bytes = u.index.reports, u.index.bytes
	if oldest, ok := u.index.oldest(); ok {
		s.Oldest = oldest.UTC()
	}
	s.Delayed, s.Sending = len(u.index.later.list), u.sending
	s.Held, s.Words, s.Advice, s.Until = u.gate.class, u.gate.words, u.gate.advice, u.gate.until
	s.Sent, s.Dead, s.Failed = u.counts.sent, u.counts.dead, u.counts.failed
	return s
}

// Stats is what a spool holds.
type Stats struct {
	Ready, Dead, Sent Count
	Free              int64 // bytes on the volume
	Limits            Limits
}

// Count is what one state holds.
type Count struct {
	Reports int
	Bytes   int64     // without what stands beside them
	Oldest  time.Time // zero: there is none
}

// Stats counts what is in the spool, by a look at each file.
func (q *Queue) Stats(ctx context.Context) (Stats, error) {
	s := Stats{Limits: q.limits}
	var err error
	if s.Free, err = q.fs.Free(q.dir); err != nil {
		return Stats{}, fmt.Errorf("count the spool: %w", err)
	}
	for state, count := range map[State]*Count{Ready: &s.Ready, Dead: &s.Dead, Sent: &s.Sent} {
		for i := range q.shards {
			entries, err := q.readShard(ctx, state, byte(i))
			if err != nil {
				return Stats{}, fmt.Errorf("count the spool: %w", err)
			}
			for _, e := range entries {
				count.add(e)
			}
		}
	}
	return s, nil
}

func (c *Count) add(e fs.DirEntry) {
	if e.IsDir() || strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), stateEnding) {
		return
	}
	info, err := e.Info()
	if err != nil {
		return // has moved
	}
	c.Reports++
	c.Bytes += info.Size()
	if at := info.ModTime().UTC(); c.Oldest.IsZero() || at.Before(c.Oldest) {
		c.Oldest = at
	}
}

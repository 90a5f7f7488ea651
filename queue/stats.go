package queue

import "time"

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

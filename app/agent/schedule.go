package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/gowats/gowats/app/config"
)

const (
	maxOutput = 4 << 10 // bytes that are kept of what a program prints
	killGrace = 5 * time.Second
)

// schedule runs the program of the converter when it is due, until ctx ends. One run at a time: what comes due meanwhile is left out. The program
// works in the watched folder and writes its files there.
func (s *source) schedule(ctx context.Context, changes chan<- struct{}) {
	cron, err := config.ParseCron(s.Cron)
	if s.Cron != "" && err != nil { // package config has tried it
		s.become(Waiting, err)
		return
	}
	next := func(after time.Time) time.Time {
		if s.Cron != "" {
			return cron.Next(after)
		}
		return after.Add(s.Every)
	}
	due := next(s.agent.Now())
	if s.AtStart {
		due = s.agent.Now()
	}
	for {
		s.count(func(c *ConverterStatus) { c.NextRun = due })
		if due.IsZero() || !sleepUntil(ctx, s.agent.Now, due) {
			return
		}
		began := s.agent.Now()
		err := s.runProgram(ctx)
		if ctx.Err() != nil {
			return
		}
		s.tellRun(began, err)
		due = next(s.agent.Now())
		select {
		case changes <- struct{}{}:
		default: // a look is due already
		}
	}
}

// sleepUntil waits, and notices within a minute that the clock was set. False means that ctx ended.
func sleepUntil(ctx context.Context, now func() time.Time, due time.Time) bool {
	for {
		left := due.Sub(now())
		if left <= 0 {
			return ctx.Err() == nil
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(min(left, time.Minute)):
		}
	}
}

func (s *source) tellRun(began time.Time, err error) {
	took := s.agent.Now().Sub(began).Round(time.Millisecond)
	ended := fmt.Sprintf("good, in %v", took)
	if err != nil {
		ended = fmt.Sprintf("failed after %v: %v", took, err)
		s.agent.Logger.Warn("scheduled program has failed", "converter", s.Name, "err", err)
	} else {
		s.agent.Logger.Info("scheduled program has run", "converter", s.Name, "duration", took)
	}
	s.count(func(c *ConverterStatus) { c.LastRun = ended })
}

// runProgram runs the program to its end, or kills it and all it started when its time is over.
func (s *source) runProgram(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, s.Command[0], s.Command[1:]...)
	cmd.Dir, cmd.WaitDelay = s.dir, killGrace
	cmd.Env = append(os.Environ(), "GOWATS_CONVERTER="+s.Name, "GOWATS_FOLDER="+s.dir)
	output := &tail{}
	cmd.Stdout, cmd.Stderr = output, output
	ownGroup(cmd)
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case limited.Err() != nil && ctx.Err() == nil:
		return fmt.Errorf("%s did not end within %v and was killed%s", s.Command[0], s.Timeout, output)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%s: %w%s", s.Command[0], exit, output)
	}
	return fmt.Errorf("start %s: %w", s.Command[0], err)
}

// tail keeps the end of what is written to it.
type tail struct{ kept bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	t.kept.Write(p)
	if more := t.kept.Len() - maxOutput; more > 0 {
		t.kept.Next(more)
	}
	return len(p), nil
}

// String is the end of the output as a part of a sentence.
func (t *tail) String() string {
	text := bytes.TrimSpace(bytes.ToValidUTF8(t.kept.Bytes(), []byte("?")))
	if len(text) == 0 {
		return ""
	}
	return fmt.Sprintf("; it printed %q", text)
}

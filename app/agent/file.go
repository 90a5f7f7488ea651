package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/internal/fsx"
	"github.com/gowats/gowats/report"
)

// maxFileSize is the largest file that is read: what servers take in one report.
const maxFileSize = 64 << 20

// Refusal is an error that lies in the file: trying again would change nothing.
type Refusal struct {
	Reason     string
	Violations report.Findings // every one; empty when the reason says it all
}

func (e *Refusal) Error() string { return e.Reason }

// handleOne hands in one file and moves it where it belongs. What the file is not to blame for leaves it in place for another attempt:
// the reports of it that the server has already are the same ones then.
func (a *Agent) handleOne(ctx context.Context, name string) {
	path := filepath.Join(a.Inbox, name)
	data, read, err := readFile(path)
	var f File
	if err == nil {
		f, err = Decode(name, data)
	}
	err = a.submitAll(ctx, f.Reports, err)
	var refused *Refusal
	switch {
	case err == nil:
		err = a.done(path, read, f)
	case errors.As(err, &refused):
		err = a.setAside(path, read, f.ID, refused)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && ctx.Err() == nil {
		a.postpone(name, err)
	}
}

// submitAll hands in the good reports of a file that has the error given. A refusal does not keep the other reports back; the first one is
// returned, unless there is an error that is worth another attempt.
func (a *Agent) submitAll(ctx context.Context, reports []*report.Report, err error) error {
	for _, r := range reports {
		submitted := a.submit(ctx, r)
		var refused *Refusal
		if submitted != nil && !errors.As(submitted, &refused) {
			return submitted
		}
		if err == nil {
			err = submitted
		}
	}
	return err
}

// readFile returns the content of a file, and how the file looked at that time.
func readFile(path string) ([]byte, sight, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, sight{}, err
	}
	defer f.Close() // only read: there is nothing to lose
	info, err := f.Stat()
	if err != nil {
		return nil, sight{}, err
	}
	data, err := ReadAll(f)
	return data, sightOf(info), err
}

// ReadAll reads the content of a file up to the size that servers take, 64 MiB; above it the error is a [*Refusal].
func ReadAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileSize+1))
	if err == nil && len(data) > maxFileSize {
		return nil, &Refusal{Reason: fmt.Sprintf("the file is larger than %d MiB, the most that is read", maxFileSize>>20)}
	}
	return data, err
}

// submit hands in r. An outage begins or ends with the answer.
func (a *Agent) submit(ctx context.Context, r *report.Report) error {
	ctx, cancel := context.WithTimeout(ctx, submitDeadline)
	defer cancel()
	err := a.Submit(ctx, r)
	var answer *wats.APIError
	switch {
	case errors.Is(err, wats.ErrInvalid), errors.Is(err, wats.ErrTooLarge):
		a.outageEnds()
		refused := &Refusal{Reason: fmt.Sprintf("the server refused the report: %v", err)}
		if errors.As(err, &answer) {
			refused.Violations = answer.Violations
		}
		return refused
	case err == nil:
		a.outageEnds()
	}
	return err
}

// concernsAll reports whether err would meet every other report too.
func concernsAll(err error) bool {
	for _, kind := range []error{wats.ErrOffline, wats.ErrTimeout, wats.ErrUnauthorized, wats.ErrForbidden, wats.ErrRateLimited, wats.ErrCircuitOpen} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// postpone leaves the file for a later attempt. It tells so once per file and once per outage.
func (a *Agent) postpone(name string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.Now()
	if concernsAll(err) {
		if a.outage.until.After(now) {
			return // another worker has met the same
		}
		a.outage.attempt++
		delay := backoff(a.outage.attempt)
		a.outage.until = now.Add(delay)
		if a.outage.attempt == 1 {
			a.Logger.Warn("server takes no reports; files stay in the inbox until it does", "err", err)
		}
		return
	}
	if attempt, delay := a.tracker.postpone(name, now); attempt == 1 {
		a.Logger.Warn("file stays in the inbox; will try again", "path", filepath.Join(a.Inbox, name), "delay", delay, "err", err)
	}
}

func (a *Agent) outageEnds() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.outage.attempt > 0 {
		a.Logger.Info("server takes reports again")
	}
	a.outage = outage{}
}

// done puts away a file whose reports the server has.
func (a *Agent) done(path string, read sight, f File) error {
	now, err := a.putAway(path, read, DoneFolder)
	if err != nil {
		return err
	}
	a.Logger.Info("file handed in", "path", now, "format", f.Format, "reports", len(f.Reports), "report_id", f.ID)
	for _, loss := range f.Losses {
		a.Logger.Warn("not all of the file is in its reports", "path", now, "where", loss.Where, "what", loss.What)
	}
	a.Handled(Result{Name: filepath.Base(path), Path: now, ID: f.ID})
	return nil
}

// setAside puts away a file that is refused, and writes beside it why.
func (a *Agent) setAside(path string, read sight, id report.ID, why *Refusal) error {
	now, err := a.putAway(path, read, ErrorFolder)
	if err != nil {
		return err
	}
	text := explain(filepath.Base(path), a.Inbox, a.Now(), why)
	if err := fsx.WriteFileAtomic(now+".error.txt", []byte(text), 0o644); err != nil {
		a.Logger.Error("reason of a refusal is only told here", "path", now, "reason", why.Reason, "err", err)
	}
	a.Logger.Warn("file refused", "path", now, "err", why)
	a.Handled(Result{Name: filepath.Base(path), Path: now, ID: id, Err: why})
	return nil
}

var errChanged = errors.New("the file has changed since it was read")

// putAway moves the file into a folder of the inbox, unless it is no longer the one that was read.
func (a *Agent) putAway(path string, read sight, folder string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if sightOf(info) != read {
		return "", errChanged
	}
	dir := filepath.Join(a.Inbox, folder)
	if err := os.MkdirAll(dir, 0o755); err != nil { // somebody may have tidied up
		return "", err
	}
	return fsx.MoveFile(path, dir)
}

// explain returns the text that stands beside a refused file, for the person who finds it.
func explain(name, inbox string, now time.Time, why *Refusal) string {
	var b strings.Builder
	fmt.Fprintf(&b, "This file was not taken.\n\nFile:  %s\nTime:  %s\nWhy:   %s\n", name, now.Format(time.RFC3339), why.Reason)
	if len(why.Violations) > 0 {
		b.WriteString("\nWhat is wrong, and where in the file:\n")
	}
	for i, v := range why.Violations {
		fmt.Fprintf(&b, "%4d. %s: %s\n", i+1, v.Path, v.Message)
	}
	fmt.Fprintf(&b, "\nWhat to do: mend the file, or the program that wrote it, and drop the file into %s again.\n", inbox)
	return b.String()
}

package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct{ bar *progressbar.ProgressBar }

// startProgress shows a bar for total things on w.
func startProgress(w io.Writer, total int, what string) progress {
	if !isTerminal(w) {
		return progress{progressbar.DefaultSilent(int64(total))}
	}
	return progress{progressbar.NewOptions(total,
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())}
}

// The errors of these are those of writing to a terminal, of which nobody could be told.

func (p progress) Add(n int) { _ = p.bar.Add(n) }
func (p progress) Clear()    { _ = p.bar.Clear() }
func (p progress) Finish()   { _ = p.bar.Finish() }

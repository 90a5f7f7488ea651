package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/agent"
	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/queue"
	"github.com/gowats/gowats/report"
)

func newSubmit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "submit FILE... | -",
		Short: "Hand in report files",
		Long: `Hand in the reports in files of testers; - reads one file from standard input. The format of each file is found out: see
gowats convert --list. What a file holds and a report has no place for is told on standard error.

Handing in the same file again changes nothing: a report without an ID of its own gets one that belongs to the file's content.
For each report one line says what became of it, in the order of the files; everything that is wrong with one is listed. The good
reports of a file are handed in, also when others of it are bad.
With --spool a report that cannot be brought to the server now is kept safe in that folder, which is made where it is not there, and counts as done: an agent on
the folder sends it, or gowats queue drain.
With --json the lines are objects. When some failed and others did not, the exit code is 50; when all failed, it is that
of the last failure, 1 for a bad file.
` + serverHelp,
		Example: `  gowats submit run.json
  gowats submit logs/*.json --concurrency 32
  gowats submit results.atml.xml panel.txt
  gowats submit - < run.json
  gowats submit run.json --spool waiting && gowats queue drain --spool waiting`,
		Args: cobra.MinimumNArgs(1),
		RunE: submitFiles,
	}
	cmd.Flags().Int("concurrency", 8, "files handed in at a time, 1 to 256")
	cmd.Flags().Bool("json", false, "print one JSON object per file")
	cmd.Flags().String("spool", "", "folder that takes what the server cannot be given now (default none)")
	addServerFlags(cmd)
	return cmd
}

// submission is what became of one report, or of a file that is bad.
type submission struct {
	File       string          `json:"file"`
	ID         report.ID       `json:"id,omitzero"`
	Result     report.Status   `json:"result,omitzero"`  // of the test
	Accepted   bool            `json:"accepted"`         // by the server
	Queued     bool            `json:"queued,omitempty"` // in the spool
	Error      string          `json:"error,omitempty"`
	Violations report.Findings `json:"violations,omitempty"`

	err    error
	losses []convert.Loss // of the whole file, with its first submission
}

func submitFiles(cmd *cobra.Command, files []string) error {
	concurrency, err := cmd.Flags().GetInt("concurrency")
	if err != nil || concurrency < 1 || concurrency > 256 {
		return withCode(exitUsage, fmt.Errorf("--concurrency %d is not 1 to 256", concurrency))
	}
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	var options []wats.Option
	if folder := flagText(cmd, "spool"); folder != "" {
		q, err := queue.Open(folder)
		if err != nil {
			return err
		}
		options = append(options, wats.WithSpool(q, wats.SpoolFallback))
	}
	client, err := connect(cmd, options...)
	if err != nil {
		return err
	}
	defer client.Close()

	progress := startProgress(cmd.ErrOrStderr(), len(files), "reports")
	defer progress.Finish()
	failed, accepted := 0, false // files; any report, by server or spool
	var last error
	for ofFile := range submitAll(cmd.Context(), client, files, cmd.InOrStdin(), concurrency) {
		progress.Clear()
		bad := false
		for _, s := range ofFile {
			tellLosses(cmd.ErrOrStderr(), s.File, s.losses)
			if err := s.print(cmd.OutOrStdout(), asJSON); err != nil {
				return err
			}
			accepted = accepted || s.Accepted || s.Queued
			if s.err != nil {
				last, bad = s.err, true
			}
		}
		if bad {
			failed++
		}
		progress.Add(1)
	}
	switch {
	case failed == 0:
		return nil
	case accepted || failed < len(files):
		return withCode(exitSomeFailed, fmt.Errorf("%d of %d files were not handed in", failed, len(files)))
	}
	return withCode(exitCode(cmd.Context(), last), fmt.Errorf("none of %d files was handed in", len(files)))
}

// tellLosses says on standard error what of a file is not in its reports.
func tellLosses(w io.Writer, file string, losses []convert.Loss) {
	for _, loss := range losses {
		fmt.Fprintf(w, "%s: %s\n", file, loss)
	}
}

// submitAll hands in the files, several at a time, and yields what became of each in their order.
func submitAll(ctx context.Context, client *wats.Client, files []string, stdin io.Reader, concurrency int) iter.Seq[[]submission] {
	return func(yield func([]submission) bool) {
		ctx, cancel := context.WithCancel(ctx)
		results := make([]chan []submission, len(files))
		for i := range results {
			results[i] = make(chan []submission, 1)
		}
		var working errgroup.Group
		working.SetLimit(concurrency + 1)     // one of them hands out the work
		defer func() { _ = working.Wait() }() // the work reports its errors itself
		defer cancel()
		working.Go(func() error {
			for i, file := range files {
				working.Go(func() error {
					results[i] <- submitFile(ctx, client, file, stdin)
					return nil
				})
			}
			return nil
		})
		for _, result := range results {
			if !yield(<-result) {
				return
			}
		}
	}
}

// submitFile hands in the reports of a file one after the other, and says what became of each, and of the file when it is bad.
func submitFile(ctx context.Context, client *wats.Client, file string, stdin io.Reader) []submission {
	data, err := readFile(file, stdin)
	var f agent.File
	if err == nil {
		f, err = agent.Decode(filepath.Base(file), data)
	}
	var all []submission
	for _, r := range f.Reports {
		s := submission{File: file, ID: r.ID, Result: r.Result}
		_, failed := client.Report.Submit(ctx, r)
		if queued, is := errors.AsType[*wats.QueuedError](failed); is {
			s.Queued, s.Error, failed = true, queued.Cause.Error(), nil
		}
		s.Accepted = failed == nil && !s.Queued
		s.fail(failed)
		all = append(all, s)
		if failed != nil && !errors.Is(failed, wats.ErrInvalid) {
			break // the other reports would meet the same
		}
	}
	if err != nil {
		s := submission{File: file}
		if len(f.Reports) == 0 {
			s.ID = f.ID
		}
		s.fail(err)
		all = append(all, s)
	}
	all[0].losses = f.Losses // a file without reports is an error
	return all
}

// fail notes why a report was not handed in, if it was not.
func (s *submission) fail(err error) {
	if err == nil {
		return
	}
	s.err, s.Error = err, err.Error()
	if refused, is := errors.AsType[*agent.Refusal](err); is {
		s.Violations = refused.Violations
	} else if invalid, is := errors.AsType[*report.InvalidError](err); is {
		s.Violations = invalid.Violations
	}
}

// readFile reads one file, or standard input for the name -.
func readFile(file string, stdin io.Reader) ([]byte, error) {
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close() // only read: there is nothing to lose
		stdin = f
	}
	return agent.ReadAll(stdin)
}

func (s *submission) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(s)
	}
	var b strings.Builder
	switch {
	case s.Accepted:
		fmt.Fprintf(&b, "%s  %-10s  %s\n", s.ID, s.Result, s.File)
	case s.Queued:
		fmt.Fprintf(&b, "%s  %-10s  %s: in the spool, not at the server: %s\n", s.ID, s.Result, s.File, s.Error)
	case len(s.Violations) > 0:
		fmt.Fprintf(&b, "not handed in: %s: %d rules are broken\n", s.File, len(s.Violations))
		for _, v := range s.Violations {
			fmt.Fprintf(&b, "    %s: %s\n", v.Path, v.Message)
		}
	default:
		fmt.Fprintf(&b, "not handed in: %s: %s\n", s.File, s.Error)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/agent"
	"github.com/gowats/gowats/report"
)

func newSubmit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "submit FILE... | -",
		Short: "Hand in report files",
		Long: `Hand in reports in WSJF, the WATS standard JSON format; - reads one from standard input.

Handing in the same file again changes nothing: a report without an ID of its own gets one that belongs to the file's content.
For each file one line says what became of it, in the order of the files; everything that is wrong with one is listed.
With --json the lines are objects. When some files failed and others did not, the exit code is 50; when all failed, it is that
of the last failure, 1 for a bad file.
` + serverHelp,
		Example: `  gowats submit run.json
  gowats submit logs/*.json --concurrency 32
  gowats submit - < run.json`,
		Args: cobra.MinimumNArgs(1),
		RunE: submitFiles,
	}
	cmd.Flags().Int("concurrency", 8, "files handed in at a time, 1 to 256")
	cmd.Flags().Bool("json", false, "print one JSON object per file")
	addServerFlags(cmd)
	return cmd
}

// submission is what became of one file.
type submission struct {
	File       string          `json:"file"`
	ID         report.ID       `json:"id,omitzero"`
	Result     report.Status   `json:"result,omitzero"` // of the test
	Accepted   bool            `json:"accepted"`
	Error      string          `json:"error,omitempty"`
	Violations report.Findings `json:"violations,omitempty"`

	err error
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
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()

	progress := startProgress(cmd.ErrOrStderr(), len(files), "reports")
	defer progress.Finish()
	var failed []error
	for s := range submitAll(cmd.Context(), client, files, cmd.InOrStdin(), concurrency) {
		progress.Clear()
		if err := s.print(cmd.OutOrStdout(), asJSON); err != nil {
			return err
		}
		if s.err != nil {
			failed = append(failed, s.err)
		}
		progress.Add(1)
	}
	switch {
	case len(failed) == 0:
		return nil
	case len(failed) < len(files):
		return withCode(exitSomeFailed, fmt.Errorf("%d of %d files were not handed in", len(failed), len(files)))
	}
	last := failed[len(failed)-1]
	return withCode(exitCode(cmd.Context(), last), fmt.Errorf("none of %d files was handed in", len(files)))
}

// submitAll hands in the files, several at a time, and yields what became of each in their order.
func submitAll(ctx context.Context, client *wats.Client, files []string, stdin io.Reader, concurrency int) func(func(submission) bool) {
	return func(yield func(submission) bool) {
		ctx, cancel := context.WithCancel(ctx)
		results := make([]chan submission, len(files))
		for i := range results {
			results[i] = make(chan submission, 1)
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

func submitFile(ctx context.Context, client *wats.Client, file string, stdin io.Reader) submission {
	s := submission{File: file}
	r, err := readReport(file, stdin)
	if r != nil {
		s.ID, s.Result = r.ID, r.Result
	}
	if err == nil {
		_, err = client.Report.Submit(ctx, r)
	}
	if err == nil {
		s.Accepted = true
		return s
	}
	s.err, s.Error = err, err.Error()
	if refused, is := errors.AsType[*agent.Refusal](err); is {
		s.Violations = refused.Violations
	} else if invalid, is := errors.AsType[*report.InvalidError](err); is {
		s.Violations = invalid.Violations
	}
	return s
}

// readReport reads one file, or standard input for the name -.
func readReport(file string, stdin io.Reader) (*report.Report, error) {
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close() // only read: there is nothing to lose
		stdin = f
	}
	data, err := agent.ReadAll(stdin)
	if err != nil {
		return nil, err
	}
	return agent.Decode(data)
}

func (s *submission) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(s)
	}
	var b strings.Builder
	switch {
	case s.Accepted:
		fmt.Fprintf(&b, "%s  %-10s  %s\n", s.ID, s.Result, s.File)
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

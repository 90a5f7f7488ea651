package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats/app/agent"
	"github.com/gowats/gowats/queue"
)

func newQueue() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "queue",
		Short: "Look at the reports that wait, and at those the server refused",
		Long: `Look at the spool: the reports that wait to be sent (ready), those that the server refused or that are damaged (dead), and those that
it has taken (sent, kept for some days). All of it works while the agent runs, except drain.

The spool is --spool, else that of the agent (--config, --instance), else that of gowats up (--data).`,
		Example: `  gowats queue list
  gowats queue show 0190b6a2-7c1e-7c3e-9d52-4d1f6e3b8a10
  gowats queue retry --all      try again what the server refused, once the cause is mended`,
	}
	list := &cobra.Command{
		Use: "list", Short: "List reports and why they wait", Args: cobra.NoArgs, RunE: queueList,
		Example: "  gowats queue list --state dead\n  gowats queue list --top 0 --format csv > waiting.csv",
	}
	list.Flags().StringSlice("state", []string{"ready", "dead"}, "ready, dead or sent; several joined by commas")
	list.Flags().Int("top", 100, "at most so many; 0 for all")
	addFormatFlags(list)
	show := &cobra.Command{Use: "show ID", Short: "Tell all about a report", Args: cobra.ExactArgs(1), RunE: queueShow}
	show.Flags().Bool("document", false, "print the report itself, as it is sent")
	show.Flags().Bool("json", false, "as JSON")
	retry := &cobra.Command{Use: "retry [ID…]", Short: "Send refused reports again, or those that wait for their time now", RunE: queueRetry}
	retry.Flags().Bool("all", false, "every report in dead")
	drop := &cobra.Command{Use: "drop ID…", Short: "Delete reports for good", Args: cobra.MinimumNArgs(1), RunE: queueDrop}
	drop.Flags().Bool("yes", false, "do not ask: the reports are lost")
	export := &cobra.Command{Use: "export ID…", Short: "Copy reports into a folder", Args: cobra.MinimumNArgs(1), RunE: queueExport}
	export.Flags().String("out", ".", "folder to copy to")
	drain := &cobra.Command{Use: "drain", Short: "Send what waits, and end", Args: cobra.NoArgs, RunE: queueDrain,
		Long: "Send what waits to the server, and end when nothing is left but what has to wait. While an agent or gowats up runs on the spool, that one sends." + serverHelp}
	drain.Flags().Duration("timeout", 0, "end after so long; 0: no limit")
	addServerFlags(drain)
	verify := &cobra.Command{Use: "verify", Short: "Look whether every file of the spool is whole", Args: cobra.NoArgs, RunE: queueVerify}
	for _, c := range []*cobra.Command{list, show, retry, drop, export, drain, verify} {
		c.Flags().String("spool", "", "folder of the spool")
		addConfigFlags(c)
		cmd.AddCommand(c)
	}
	return cmd
}

// openSpool opens the spool that the flags name. One that is not there is not made.
func openSpool(cmd *cobra.Command) (*queue.Queue, error) {
	folder, err := findSpool(cmd)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(folder); err != nil {
		return nil, withCode(exitConfiguration, fmt.Errorf("there is no spool: %w; name one with --spool", err))
	}
	return queue.Open(folder)
}

func findSpool(cmd *cobra.Command) (string, error) {
	if folder := flagText(cmd, "spool"); folder != "" {
		return folder, nil
	}
	if data := flagText(cmd, "data"); data != "" {
		return filepath.Join(data, spoolFolder), nil
	}
	file := configFileOf(cmd)
	text, err := file.read()
	if err != nil {
		return "", err
	}
	if text == nil && file.instance == "" {
		folder, err := userFolder()
		return filepath.Join(folder, spoolFolder), err
	}
	loaded, err := file.load(text)
	if err != nil {
		return "", err
	}
	folder, err := file.folder(loaded)
	return filepath.Join(folder, spoolFolder), err
}

// spooled is a row of queue list.
type spooled struct {
	ID       string    `json:"id"`
	State    string    `json:"state"`
	Priority int       `json:"priority"`
	Type     string    `json:"type"`
	Size     int64     `json:"size"` // bytes
	Since    time.Time `json:"since"`
	Attempts int       `json:"attempts"`
	Class    string    `json:"class,omitempty"`
	Next     time.Time `json:"next,omitzero"`
	Error    string    `json:"error,omitempty"`
	Advice   string    `json:"advice,omitempty"`
	Lineage  string    `json:"lineage,omitempty"`
	Path     string    `json:"path"`
}

func spooledOf(i queue.Info) spooled {
	id := i.ID.String()
	if i.ID == (queue.ID{}) {
		id = i.Name
	}
	return spooled{id, string(i.State), i.Priority, string(i.Type), i.Size, i.Changed, i.Attempts, string(i.Class), i.Next, i.Error, i.Advice, i.Lineage, i.Path}
}

func spooledColumns() []column[spooled] {
	return []column[spooled]{
		{"state", func(s spooled) string { return s.State }},
		{"priority", func(s spooled) string { return strconv.Itoa(s.Priority) }},
		{"since", func(s spooled) string { return s.Since.Local().Format(time.DateTime) }},
		{"bytes", func(s spooled) string { return strconv.FormatInt(s.Size, 10) }},
		{"tries", func(s spooled) string { return strconv.Itoa(s.Attempts) }},
		{"id", func(s spooled) string { return s.ID }},
		{"why", func(s spooled) string { return s.Error }},
	}
}

func queueList(cmd *cobra.Command, _ []string) error {
	format, err := formatOf(cmd)
	if err != nil {
		return err
	}
	words, err := cmd.Flags().GetStringSlice("state")
	if err != nil {
		return err
	}
	var states []queue.State
	for _, word := range words {
		state := queue.State(word)
		if !slices.Contains([]queue.State{queue.Ready, queue.Dead, queue.Sent}, state) {
			return withCode(exitUsage, fmt.Errorf("--state %q is none of ready, dead and sent", word))
		}
		states = append(states, state)
	}
	top, err := cmd.Flags().GetInt("top")
	if err != nil || top < 0 {
		return withCode(exitUsage, fmt.Errorf("--top %d is below zero", top))
	}
	q, err := openSpool(cmd)
	if err != nil {
		return err
	}
	return writeList(cmd.OutOrStdout(), format, spooledColumns(), firstRows(q.List(cmd.Context(), states...), top))
}

// firstRows yields at most top items, all when top is 0, as rows.
func firstRows(items iter.Seq2[queue.Info, error], top int) iter.Seq2[spooled, error] {
	return func(yield func(spooled, error) bool) {
		n := 0
		for item, err := range items {
			if !yield(spooledOf(item), err) {
				return
			}
			if n++; n == top {
				return
			}
		}
	}
}

func queueShow(cmd *cobra.Command, args []string) error {
	q, id, err := spoolAndID(cmd, args[0])
	if err != nil {
		return err
	}
	items, err := q.Show(cmd.Context(), id)
	if err != nil {
		return err
	}
	document, err := cmd.Flags().GetBool("document")
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if document {
		body, err := q.Document(items[0])
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\n", body)
		return err
	}
	var rows []spooled
	for _, item := range items {
		rows = append(rows, spooledOf(item))
	}
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(out, rows)
	}
	for _, s := range rows {
		s.print(func(name, text string) {
			if text != "" {
				fmt.Fprintf(out, "%-9s %s\n", name, text)
			}
		})
	}
	return nil
}

// print tells every member that has something to say.
func (s spooled) print(line func(name, text string)) {
	line("report", s.ID)
	line("state", s.State)
	line("file", s.Path)
	line("priority", strconv.Itoa(s.Priority))
	line("size", fmt.Sprintf("%d bytes of %s", s.Size, s.Type))
	line("since", s.Since.Local().Format(time.DateTime))
	if s.Attempts > 0 {
		line("tries", strconv.Itoa(s.Attempts))
	}
	if !s.Next.IsZero() {
		line("next try", s.Next.Local().Format(time.DateTime))
	}
	line("why", s.Error)
	line("to do", s.Advice)
	line("from", s.Lineage)
}

func spoolAndID(cmd *cobra.Command, text string) (*queue.Queue, queue.ID, error) {
	id, err := queue.ParseID(text)
	if err != nil {
		return nil, id, withCode(exitUsage, fmt.Errorf("%q is no report ID; gowats queue list shows them", text))
	}
	q, err := openSpool(cmd)
	return q, id, err
}

// eachID carries out one thing for every ID and tells what it did. It goes on after an error.
func eachID(cmd *cobra.Command, ids []string, do func(*queue.Queue, queue.ID) (string, error)) error {
	failed := 0
	for _, text := range ids {
		q, id, err := spoolAndID(cmd, text)
		done := ""
		if err == nil {
			done, err = do(q, id)
		}
		if err != nil {
			failed++
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %v\n", text, err)
			continue
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", text, done)
	}
	switch {
	case failed == 0:
		return nil
	case failed < len(ids):
		return withCode(exitSomeFailed, fmt.Errorf("%d of %d failed", failed, len(ids)))
	}
	return fmt.Errorf("none of %d was found", len(ids))
}

func queueRetry(cmd *cobra.Command, args []string) error {
	all, err := cmd.Flags().GetBool("all")
	if err != nil {
		return err
	}
	if all == (len(args) > 0) {
		return withCode(exitUsage, errors.New("name the reports, or give --all"))
	}
	if all {
		q, err := openSpool(cmd)
		if err != nil {
			return err
		}
		for item, err := range q.List(cmd.Context(), queue.Dead) {
			if err != nil {
				return err
			}
			if item.ID != (queue.ID{}) {
				args = append(args, item.ID.String())
			}
		}
		slices.Sort(args)
		args = slices.Compact(args)
	}
	return eachID(cmd, args, func(q *queue.Queue, id queue.ID) (string, error) {
		_, err := q.Retry(cmd.Context(), id)
		return "waits to be sent", err
	})
}

func queueDrop(cmd *cobra.Command, args []string) error {
	sure, err := cmd.Flags().GetBool("yes")
	if err != nil {
		return err
	}
	if !sure {
		return withCode(exitUsage, fmt.Errorf("this deletes %d reports for good; keep a copy with gowats queue export, then repeat it with --yes", len(args)))
	}
	return eachID(cmd, args, func(q *queue.Queue, id queue.ID) (string, error) {
		_, err := q.Drop(cmd.Context(), id)
		return "deleted", err
	})
}

func queueExport(cmd *cobra.Command, args []string) error {
	folder := flagText(cmd, "out")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return eachID(cmd, args, func(q *queue.Queue, id queue.ID) (string, error) {
		files, err := q.Export(cmd.Context(), id, folder)
		return fmt.Sprint(files), err
	})
}

func queueDrain(cmd *cobra.Command, _ []string) error {
	timeout, err := cmd.Flags().GetDuration("timeout")
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	q, err := openSpool(cmd)
	if err != nil {
		return err
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	sum, err := q.Process(ctx, agent.SendTo(client))
	fmt.Fprintf(cmd.OutOrStdout(), "%d sent, %d refused, %d left\n", sum.Sent, sum.Dead, sum.Left)
	var held *queue.HeldError
	switch {
	case errors.As(err, &held) && held.Class == queue.Auth:
		return withCode(exitAuth, err)
	case errors.As(err, &held):
		return withCode(exitUnreachable, err)
	case errors.Is(err, queue.ErrBusy):
		return fmt.Errorf("%w: the agent or gowats up sends them", err)
	case err == nil && sum.Dead > 0:
		return withCode(exitSomeFailed, fmt.Errorf("the server refused %d reports; gowats queue list --state dead tells why", sum.Dead))
	}
	return err
}

func queueVerify(cmd *cobra.Command, _ []string) error {
	q, err := openSpool(cmd)
	if err != nil {
		return err
	}
	problems := 0
	for p, err := range q.Verify(cmd.Context()) {
		if err != nil {
			return err
		}
		problems++
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %s; %s\n", p.Path, p.Text, p.Fix)
	}
	stats, err := q.Stats(cmd.Context())
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%d reports wait, %d are dead, %d are sent\n", stats.Ready.Reports, stats.Dead.Reports, stats.Sent.Reports)
	if problems > 0 {
		return withCode(exitSomeFailed, fmt.Errorf("%d files are not as they should be", problems))
	}
	return nil
}

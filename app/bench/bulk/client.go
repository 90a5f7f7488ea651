package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/report"
)

// outcome is what a client process tells, ours and the Python one alike.
type outcome struct {
	Items   int     `json:"items"`   // reports or headers
	Seconds float64 `json:"seconds"` // from the first request to the last answer
}

// task is what a client process is to do.
type task struct {
	what        string // prebuilt, build, headers or stream
	items       int
	concurrency int
}

// runClient is the process that is measured: it carries out one task and prints its outcome.
func runClient(args []string, w io.Writer) error {
	var t task
	flags := flag.NewFlagSet("client", flag.ContinueOnError)
	url := flags.String("url", "", "address of the server")
	flags.StringVar(&t.what, "task", "prebuilt", "prebuilt, build, headers or stream")
	flags.IntVar(&t.items, "n", 1000, "reports or headers")
	flags.IntVar(&t.concurrency, "c", 50, "requests under way")
	if err := flags.Parse(args); err != nil {
		return err
	}
	client, err := wats.NewClient(*url, wats.WithToken("dXNlcjpwYXNzd29yZA=="), wats.WithoutRateLimit())
	if err != nil {
		return err
	}
	defer client.Close()
	do, err := t.prepare(client)
	if err != nil {
		return err
	}
	began := time.Now()
	done, err := do(context.Background())
	if err != nil {
		return err
	}
	if done != t.items {
		return fmt.Errorf("%s: %d items, want %d", t.what, done, t.items)
	}
	return json.NewEncoder(w).Encode(outcome{done, time.Since(began).Seconds()})
}

// prepare returns what is to be timed: a function that returns how many items it did.
func (t task) prepare(client *wats.Client) (func(context.Context) (int, error), error) {
	switch t.what {
	case "prebuilt":
		made := prebuilt()
		return t.submit(client, func(n int) *report.Report { return again(made[n%len(made)]) }), nil
	case "build":
		first := time.Now()
		return t.submit(client, func(n int) *report.Report { return demo.InCircuit(n, first) }), nil
	case "headers":
		return func(ctx context.Context) (int, error) {
			return count(client.Report.Headers(ctx, wats.HeaderQuery{Top: t.items}))
		}, nil
	case "stream":
		return func(ctx context.Context) (int, error) {
			return count(client.Report.Stream(ctx, wats.HeaderQuery{Top: t.items}, wats.Concurrency(t.concurrency)))
		}, nil
	}
	return nil, fmt.Errorf("no task is called %q", t.what)
}

func (t task) submit(client *wats.Client, nth func(int) *report.Report) func(context.Context) (int, error) {
	reports := func(yield func(*report.Report) bool) {
		for n := range t.items {
			if !yield(nth(n)) {
				return
			}
		}
	}
	return func(ctx context.Context) (int, error) {
		done := 0
		for res := range client.Report.SubmitAll(ctx, reports, wats.Concurrency(t.concurrency)) {
			if res.Err != nil {
				return done, res.Err
			}
			done++
		}
		return done, nil
	}
}

// prebuilt returns reports of 31 steps. They are few, so that the memory measured is that of the client.
func prebuilt() []*report.Report {
	made := make([]*report.Report, 100)
	first := time.Now()
	for i := range made {
		made[i] = demo.InCircuit(i, first)
	}
	return made
}

// again returns r under another ID.
func again(r *report.Report) *report.Report {
	copied := *r
	copied.ID = report.NewID()
	return &copied
}

func count[T any](rows iter.Seq2[T, error]) (int, error) {
	n := 0
	for _, err := range rows {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Command load measures how fast a gowats server takes reports.
//
//	go run ./app/bench/load -n 5000 -c 64
//
// It starts a real server process on a temporary data folder, hands in n in-circuit reports of 31 steps through the SDK, c at a time, and
// checks that the server has every one of them, once. What it prints is held against a bare loop that writes and syncs the
// same bytes to the same disk. With -database it does so twice, with SQLite and with PostgreSQL. It ends by itself and leaves nothing behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/report"
)

const maxReports = 100_000 // they are made beforehand and kept in memory, 30 kB each

type settings struct {
	reports, concurrency int
	server, tokenFile    string
	binary, folder       string
	database             string // "": in the data folder
}

func main() {
	var s settings
	flag.IntVar(&s.reports, "n", 5000, "reports to hand in, 1 to 100000")
	flag.IntVar(&s.concurrency, "c", 64, "reports under way at a time, 1 to 1000")
	flag.StringVar(&s.server, "server", "", "address of a running server, instead of one started for this")
	flag.StringVar(&s.tokenFile, "token-file", "", "file with the token for -server")
	flag.StringVar(&s.binary, "gowats", "", "gowats binary to measure (default: built from this source)")
	flag.StringVar(&s.folder, "dir", "", "folder on the disk to measure (default: the system's temporary one)")
	flag.StringVar(&s.database, "database", "", "address of an empty PostgreSQL database, to be measured beside SQLite")
	flag.Parse()
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	if err := run(ctx, s, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings, w io.Writer) (err error) {
	if s.reports < 1 || s.reports > maxReports || s.concurrency < 1 || s.concurrency > 1000 || flag.NArg() > 0 {
		return errors.New("-n is 1 to 100000, -c is 1 to 1000, and there are no arguments")
	}
	if s.database != "" && s.server != "" {
		return errors.New("-database is for a server started here, not for that of -server")
	}
	folder, err := os.MkdirTemp(s.folder, "gowats-load-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if s.binary == "" && s.server == "" {
		if s.binary, err = build(ctx, folder); err != nil {
			return err
		}
	}
	database := s.database
	s.database = ""
	own, err := measure(ctx, s, folder, w)
	if err != nil || database == "" {
		return err
	}
	s.database = database
	fmt.Fprintln(w, "\nthe same on PostgreSQL:")
	other, err := measure(ctx, s, folder, w)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "throughput         %.2f times that of SQLite\n", other.perSecond()/own.perSecond())
	return err
}

// measure measures one server and prints the figures.
func measure(ctx context.Context, s settings, folder string, w io.Writer) (f figures, err error) {
	server, err := findServer(ctx, s, folder)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	client, err := wats.NewClient(server.url, server.login)
	if err != nil {
		return f, err
	}
	defer client.Close()
	if f, err = load(ctx, s, client, server, folder); err != nil {
		return f, err
	}
	return f, f.print(w)
}

// load makes the reports, hands them in and checks that they are there.
func load(ctx context.Context, s settings, client *wats.Client, server *server, folder string) (f figures, err error) {
	first := time.Now().Add(-time.Duration(s.reports) * time.Second).Truncate(time.Second)
	reports := make([]*report.Report, s.reports)
	for i := range reports {
		reports[i] = demo.InCircuit(i, first)
	}
	if _, err := client.Version(ctx); err != nil { // connects, and fails early
		return f, err
	}
	own, theirs := cpuOf(os.Getpid()), cpuOf(server.pid)
	began := time.Now()
	latencies, err := submitAll(ctx, client, reports, s.concurrency)
	if err != nil {
		return f, err
	}
	f = figures{
		reports: s.reports, steps: s.reports * 31, elapsed: time.Since(began), latencies: latencies,
		clientCPU: since(own, cpuOf(os.Getpid())), serverCPU: since(theirs, cpuOf(server.pid)), peakMemory: peakMemoryOf(server.pid),
	}
	if err := verify(ctx, client, reports, first); err != nil {
		return f, err
	}
	document := reports[0].AppendWSJF(nil, report.WSJFOptions{})
	f.bytes = len(document)
	f.syncs, err = bareSyncs(folder, document)
	return f, err
}

// submitAll hands in the reports and returns how long each took, sorted.
func submitAll(ctx context.Context, client *wats.Client, reports []*report.Report, concurrency int) ([]time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	latencies := make([]time.Duration, len(reports))
	var next atomic.Int64
	var working sync.WaitGroup
	for range concurrency {
		working.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(reports) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				began := time.Now()
				if _, err := client.Report.Submit(ctx, reports[i]); err != nil {
					cancel(err)
				}
				latencies[i] = time.Since(began)
			}
		})
	}
	working.Wait()
	slices.Sort(latencies)
	return latencies, context.Cause(ctx)
}

// verify fails unless the server has every report exactly once.
func verify(ctx context.Context, client *wats.Client, reports []*report.Report, first time.Time) error {
	seen := make(map[report.ID]int, len(reports))
	query := wats.HeaderQuery{PartNumber: reports[0].PartNumber, From: first, To: first.Add(time.Duration(len(reports)) * time.Second)}
	for h, err := range client.Report.Headers(ctx, query) {
		if err != nil {
			return fmt.Errorf("check what the server has: %w", err)
		}
		seen[h.ID]++
	}
	wrong := 0
	for _, r := range reports {
		if seen[r.ID] != 1 {
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d acknowledged reports are missing or there more than once", wrong, len(reports))
	}
	return nil
}

// Command bulk measures the bulk calls of the SDK against a server that does nothing but wait, and against the published Python client.
//
//	go run ./app/bench/bulk
//
// Server and clients are processes of their own, on this machine: a quiet one gives better figures. Each figure stands beside what it is
// held against. The Python client (pywats-api) is installed from its registry into a temporary folder; without python3 or registry that part is
// left out, which is said. It ends by itself and leaves nothing behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

type settings struct {
	rounds int
	python string
	server string // binary of delayserver
	folder string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "client" {
		exit(runClient(os.Args[2:], os.Stdout))
	}
	var s settings
	flag.IntVar(&s.rounds, "rounds", 3, "times each measurement is taken, 1 to 100; the median is told")
	flag.StringVar(&s.python, "python", "python3", "interpreter for the Python client; empty: leave it out")
	flag.Parse()
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	exit(run(ctx, s))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bulk:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context, s settings) (err error) {
	if s.rounds < 1 || s.rounds > 100 || flag.NArg() > 0 {
		return errors.New("-rounds is 1 to 100, and there are no arguments")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	if s.folder, err = os.MkdirTemp("", "gowats-bulk-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.folder)) }()
	if s.server, err = buildServer(ctx, s.folder); err != nil {
		return err
	}
	fmt.Printf("%s/%s, %d processors, %s, median of %d\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), s.rounds)
	ours, err := measureOwn(ctx, s)
	if err != nil {
		return err
	}
	return comparePython(ctx, s, ours)
}

// buildServer compiles delayserver into folder.
func buildServer(ctx context.Context, folder string) (string, error) {
	binary := filepath.Join(folder, "delayserver")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/gowats/gowats/app/bench/delayserver")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build delayserver: %w\n%s", err, out)
	}
	return binary, nil
}

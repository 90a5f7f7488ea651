package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/gowats/gowats"
)

// server is what is measured.
type server struct {
	url   string
	login wats.Option
	pid   int // 0 when it was not started here
	stop  func() error
}

// findServer returns the server of -server, or starts one in folder.
func findServer(ctx context.Context, s settings, folder string) (*server, error) {
	if s.server == "" {
		return startServer(ctx, s, folder)
	}
	token, err := os.ReadFile(s.tokenFile)
	if err != nil {
		return nil, fmt.Errorf("-server needs -token-file: %w", err)
	}
	return &server{url: s.server, login: wats.WithToken(strings.TrimSpace(string(token))), stop: func() error { return nil }}, nil
}

// startServer runs gowats server on an empty data folder and returns when it listens.
func startServer(ctx context.Context, s settings, folder string) (*server, error) {
	data, err := os.MkdirTemp(folder, "data-")
	if err != nil {
		return nil, err
	}
	const user = "load"
	password := rand.Text()
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, s.binary, "server", "--data", data, "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "GOWATS_BOOTSTRAP="+user+":"+password, "GOWATS_DATABASE="+s.database)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second // then it is killed
	talk, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("start %s: %w", s.binary, err)
	}
	lines := bufio.NewReader(talk)
	url, said := readURL(lines)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, lines) // until the server ends
	}()
	stop := func() error {
		cancel()
		<-drained
		if err := cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("stop server: %w", err)
		}
		return nil
	}
	if url == "" {
		return nil, errors.Join(fmt.Errorf("the server did not start; it said: %s", said), stop())
	}
	return &server{url: url, login: wats.WithBasicAuth(user, password), pid: cmd.Process.Pid, stop: stop}, nil
}

// readURL returns the address that a starting server tells, or all it said instead.
func readURL(r *bufio.Reader) (url, said string) {
	for {
		line, err := r.ReadString('\n')
		if rest, found := strings.CutPrefix(line, "server "); found {
			return strings.TrimSpace(rest), ""
		}
		if said += line; err != nil {
			return "", said
		}
	}
}

// build compiles gowats into folder, as for a release.
func build(ctx context.Context, folder string) (string, error) {
	binary := filepath.Join(folder, "gowats")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/gowats/gowats/app/cmd/gowats")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build gowats: %w\n%s", err, out)
	}
	return binary, nil
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// counts is what the server tells: see delayserver.
type counts struct {
	Connections    int64 `json:"connections"`
	MaxConnections int64 `json:"maxConnections"`
}

// measurement is what one client process took.
type measurement struct {
	outcome
	counts
	peak int64 // bytes of memory, 0 where the system does not tell
}

// measure starts a server of the given delay and runs command with its address as the last argument.
func measure(ctx context.Context, s settings, delay time.Duration, command ...string) (m measurement, err error) {
	url, stop, err := startServer(ctx, s.server, delay)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var out, talk bytes.Buffer
	cmd := exec.CommandContext(ctx, command[0], append(command[1:], url)...) // it is ours
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		return m, fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, talk.Bytes())
	}
	if err := json.Unmarshal(out.Bytes(), &m.outcome); err != nil {
		return m, fmt.Errorf("%s printed %q: %w", strings.Join(command, " "), out.Bytes(), err)
	}
	m.peak = peakMemory(cmd.ProcessState)
	m.counts, err = readCounts(ctx, url)
	return m, err
}

// startServer runs delayserver and returns when it listens.
func startServer(ctx context.Context, binary string, delay time.Duration) (url string, stop func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, binary, "-delay", delay.String(), "-headers", "1000000")
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second // then it is killed
	talk, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return "", nil, fmt.Errorf("start delayserver: %w", err)
	}
	line, err := bufio.NewReader(talk).ReadString('\n') // the only one
	stop = func() error {
		cancel()
		if err := cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("stop delayserver: %w", err)
		}
		return nil
	}
	url, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !found {
		return "", nil, errors.Join(fmt.Errorf("delayserver said %q", line), err, stop())
	}
	return url, stop, nil
}

func readCounts(ctx context.Context, url string) (c counts, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/counts", nil)
	if err != nil {
		return c, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return c, err
	}
	defer func() { _ = res.Body.Close() }()
	err = json.NewDecoder(res.Body).Decode(&c)
	c.Connections-- // this one
	return c, err
}

package main

import (
	"context"
	_ "embed" // the script
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

const pythonPackage = "pywats-api==0.6.0rc1"

//go:embed pywats_bench.py
var pythonScript []byte

// comparePython runs the tasks with the Python client and prints how many times faster ours is.
func comparePython(ctx context.Context, s settings, ours rates) error {
	interpreter, err := installPython(ctx, s)
	if err != nil {
		fmt.Printf("\n!! SKIPPED: the Python client: %v\n", err)
		return nil
	}
	script := filepath.Join(s.folder, "pywats_bench.py")
	if err := os.WriteFile(script, pythonScript, 0o600); err != nil {
		return err
	}
	fmt.Printf("\n%s, %d at a time, no delay, on this machine\n", pythonPackage, concurrency)
	for _, c := range []struct {
		task   string
		items  int
		target string
	}{
		{"prebuilt", 2000, " (target: at least 10)"},
		{"build", 2000, ""},
		{"headers", 20_000, ""},
	} {
		var all []float64
		for range s.rounds {
			m, err := measure(ctx, s, 0, interpreter, script, c.task, strconv.Itoa(c.items), strconv.Itoa(concurrency))
			if err != nil {
				return err
			}
			all = append(all, m.rate())
		}
		slices.Sort(all)
		theirs := all[len(all)/2]
		fmt.Printf("  %-10s %8.0f/s; ours %8.0f/s, %.1f times that%s\n", c.task, theirs, ours[c.task], ours[c.task]/theirs, c.target)
	}
	return nil
}

// installPython makes an environment with the Python client and returns its interpreter.
func installPython(ctx context.Context, s settings) (string, error) {
	if s.python == "" {
		return "", errors.New("not wanted")
	}
	folder := filepath.Join(s.folder, "python")
	interpreter := filepath.Join(folder, "bin", "python")
	if runtime.GOOS == "windows" {
		interpreter = filepath.Join(folder, "Scripts", "python.exe")
	}
	for _, command := range [][]string{
		{s.python, "-m", "venv", folder},
		{interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", pythonPackage},
	} {
		out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput() // a flag of a tool for developers
		if err != nil {
			return "", fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, out)
		}
	}
	return interpreter, nil
}

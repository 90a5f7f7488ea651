package main

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/report"
)

// TestScripts runs the command lines in testdata/script against one server that holds three reports.
func TestScripts(t *testing.T) {
	p := start(t, "server", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	c := p.client()
	first := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	submitEach(t, c, []*report.Report{demo.InCircuit(1, first), demo.InCircuit(2, first), demo.InCircuit(3, first)})
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("LOCALAPPDATA", env.WorkDir)
			env.Setenv("GOWATS_URL", p.url)
			env.Setenv("GOWATS_TOKEN", "dGVzdGVyOmEtZ29vZC1wYXNzd29yZA==") // bootstrap in WATS form
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits is the script command "exits CODE gowats ARGS...": it fails unless the command ends with that code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("exits: %v", err)
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		failed, is := errors.AsType[*exec.ExitError](err)
		if !is {
			ts.Fatalf("run %q: %v", args[1:], err)
		}
		code = failed.ExitCode()
	}
	if code != want {
		ts.Fatalf("%s: exit code %d, want %d", strings.Join(args[1:], " "), code, want)
	}
}

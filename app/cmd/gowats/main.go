// Command gowats is the whole product in one binary: server, agent and the commands around them. Run gowats --help.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats"
)

func main() {
	// The first signal ends the work in hand in good order; the second, no longer caught, ends the process.
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, release)
	os.Exit(run(ctx, os.Args[1:]))
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string) int {
	root := newRoot()
	root.SetArgs(args)
	started := false // false: the command line itself is wrong
	parse := root.PersistentPreRunE
	root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		if err := parse(cmd, args); err != nil {
			return err
		}
		started = true
		return nil
	}
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(root.ErrOrStderr(), "gowats:", err)
	if hint := wats.Hint(err); hint != "" && !strings.Contains(err.Error(), hint) { // most errors say it themselves
		fmt.Fprintln(root.ErrOrStderr(), "hint:  ", hint)
	}
	if !started {
		fmt.Fprintf(root.ErrOrStderr(), "Run \"%s --help\" to see how it is used.\n", cmd.CommandPath())
		return exitUsage
	}
	return exitCode(ctx, err)
}

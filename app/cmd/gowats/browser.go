package main

import (
	"context"
	"os/exec"
	"runtime"
)

// openBrowser opens address in the person's browser. It does not wait for it.
func openBrowser(address string) error {
	open := []string{"xdg-open"}
	switch runtime.GOOS {
	case "windows":
		open = []string{"rundll32", "url.dll,FileProtocolHandler"}
	case "darwin":
		open = []string{"open"}
	}
	// The browser outlives this program: no context ends it.
	cmd := exec.CommandContext(context.Background(), open[0], append(open[1:], address)...)
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

//go:build unix

package agent

import (
	"os"
	"os/exec"
	"syscall"
)

// openSource opens a file to read.
func openSource(path string) (*os.File, error) { return os.Open(path) }

// ownGroup puts the program into a process group of its own, which is killed whole.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

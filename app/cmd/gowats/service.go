package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats/app/service"
)

func newService() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "service",
		Short: "Install and control the agent as a service of the operating system",
		Long: `Install and control the agent as a service: of systemd on Linux, of Windows, of launchd on macOS. It starts with the machine, and again
after a fault. Several on one machine have an --instance name each: gowats-agent@line4.

Exit codes: 10 installed already, 11 not installed, 12 not installed for another reason, 13 not uninstalled, 14 not permitted, 30 not started,
31 not stopped, 32 not running, 33 not within the time.`,
		Example: `  gowats config init && gowats config set server.url https://plant.example
  sudo gowats service install && sudo gowats service start
  gowats service status`,
	}
	install := serviceCommand("install", "Install the service by the settings, to start with the machine", serviceInstall)
	install.Flags().String("user", "", "account that it runs under; it must reach the watched folders, which shares on a network often need")
	install.Flags().Bool("print", false, "print the file for the service manager, and install nothing")
	logs := serviceCommand("logs", "Print what the service logged last", serviceLogs)
	logs.Flags().Int("lines", 100, "at most so many")
	logs.Flags().Bool("follow", false, "go on printing")
	status := serviceCommand("status", "Say whether it runs, and how it does", serviceStatus)
	status.Flags().Bool("json", false, "as JSON")
	cmd.AddCommand(install,
		serviceCommand("uninstall", "Stop the service and take it out; its data stay", serviceUninstall),
		serviceCommand("start", "Start the service", serviceStart),
		serviceCommand("stop", "Stop the service; what is under way is finished first", serviceStop),
		serviceCommand("restart", "Stop and start the service", serviceRestart),
		status, logs)
	return cmd
}

// serviceCommand makes a subcommand that works on the service of the flags.
func serviceCommand(name, short string, run func(*cobra.Command, *service.Manager) error) *cobra.Command {
	c := &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs}
	addConfigFlags(c)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		m, err := serviceOf(cmd)
		if err != nil {
			return err
		}
		return run(cmd, m)
	}
	return c
}

// serviceOf returns the manager of the service that the flags name.
func serviceOf(cmd *cobra.Command) (*service.Manager, error) {
	s, err := serviceSpec(cmd)
	if err != nil {
		return nil, err
	}
	m, err := service.New(s)
	if err != nil {
		return nil, withCode(exitNotInstallable, err)
	}
	return m, nil
}

// serviceSpec describes the service by the settings. Its command line names the file, so that it does not depend on what is usual.
func serviceSpec(cmd *cobra.Command) (s service.Spec, err error) {
	file := configFileOf(cmd)
	text, err := file.read()
	if err != nil {
		return s, err
	}
	loaded, err := file.load(text)
	if err != nil {
		return s, err
	}
	if file.path, err = filepath.Abs(file.path); err != nil {
		return s, withCode(exitConfiguration, err)
	}
	s = service.Spec{Kind: service.Agent, Instance: file.instance, Arguments: []string{"agent", "run", "--config", file.path}, Readable: []string{file.path}}
	if file.instance != "" {
		s.Arguments = append(s.Arguments, "--instance", file.instance)
	}
	if s.Executable, err = os.Executable(); err != nil {
		return s, err
	}
	if s.Data, err = file.folder(loaded); err != nil {
		return s, err
	}
	for _, c := range loaded.Converters {
		if filepath.IsAbs(c.Folder) {
			s.Writable = append(s.Writable, c.Folder)
		}
	}
	if loaded.Log.File != "" {
		s.Writable = append(s.Writable, filepath.Dir(loaded.Log.File))
	}
	if token := tokenFile(loaded); token != "" {
		s.Readable = append(s.Readable, token)
	}
	if cmd.Flags().Lookup("user") != nil {
		s.User = flagText(cmd, "user")
	}
	return s, nil
}

// serviceError gives an error of a service manager its exit code; other is that of what has no better one.
func serviceError(err error, other int) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, service.ErrPermission):
		return withCode(exitNotPermitted, err)
	case errors.Is(err, service.ErrInstalled):
		return withCode(exitInstalled, err)
	case errors.Is(err, service.ErrNotInstalled):
		return withCode(exitNotInstalled, err)
	}
	return withCode(other, err)
}

func serviceInstall(cmd *cobra.Command, m *service.Manager) error {
	only, err := cmd.Flags().GetBool("print")
	if err != nil {
		return err
	}
	s, err := serviceSpec(cmd)
	if err != nil {
		return err
	}
	if only {
		text := s.Unit()
		if runtime.GOOS == "darwin" {
			text = s.Plist()
		}
		_, err := fmt.Fprint(cmd.OutOrStdout(), text)
		return err
	}
	if err := m.Install(); err != nil {
		return serviceError(err, exitNotInstallable)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "installed %s (%s)\n", s.Name(), m.Platform())
	fmt.Fprintf(cmd.ErrOrStderr(), "Next: gowats service start%s\n", configHint(cmd))
	return nil
}

func serviceUninstall(cmd *cobra.Command, m *service.Manager) error {
	s, err := serviceSpec(cmd)
	if err != nil {
		return err
	}
	if err := m.Uninstall(); err != nil {
		return serviceError(err, exitNotUninstalled)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "uninstalled %s; its data stay in %s\n", s.Name(), s.Data)
	return err
}

const serviceTime = 30 * time.Second // for a service to do what it is told

func serviceStart(cmd *cobra.Command, m *service.Manager) error {
	if err := m.Start(); err != nil {
		return serviceError(err, exitNotStarted)
	}
	return serviceBecomes(cmd, m, service.Running)
}

func serviceStop(cmd *cobra.Command, m *service.Manager) error {
	if err := m.Stop(); err != nil {
		return serviceError(err, exitNotStopped)
	}
	return serviceBecomes(cmd, m, service.Stopped)
}

func serviceRestart(cmd *cobra.Command, m *service.Manager) error {
	if err := m.Restart(); err != nil {
		return serviceError(err, exitNotStarted)
	}
	return serviceBecomes(cmd, m, service.Running)
}

// serviceBecomes waits until the service is in a state.
func serviceBecomes(cmd *cobra.Command, m *service.Manager, want service.Status) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < serviceTime; {
		status, err := m.Status()
		if err != nil {
			return serviceError(err, exitNotStarted)
		}
		if status == want {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), status)
			return err
		}
		select {
		case <-cmd.Context().Done():
			return cmd.Context().Err()
		case <-tick.C:
		}
	}
	return withCode(exitNotInTime, fmt.Errorf("the service is not %s after %v; gowats service logs tells more", want, serviceTime))
}

func serviceStatus(cmd *cobra.Command, m *service.Manager) error {
	status, err := m.Status()
	if err != nil {
		return serviceError(err, exitNotRunning)
	}
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	if asJSON {
		err = writeJSON(cmd.OutOrStdout(), map[string]string{"status": string(status), "manager": m.Platform()})
	} else {
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s (%s)\n", status, m.Platform())
	}
	if err == nil && status != service.Running {
		err = withCode(exitNotRunning, errors.New("the service does not run; gowats service start starts it"))
	}
	return err
}

func serviceLogs(cmd *cobra.Command, _ *service.Manager) error {
	loaded, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	lines, err := cmd.Flags().GetInt("lines")
	if err != nil || lines < 1 {
		return withCode(exitUsage, fmt.Errorf("--lines %d is below one", lines))
	}
	follow, err := cmd.Flags().GetBool("follow")
	if err != nil {
		return err
	}
	s, err := serviceSpec(cmd)
	if err != nil {
		return err
	}
	program, err := logProgram(runtime.GOOS, s.Name(), loaded.Log.File, lines, follow)
	if err != nil {
		return err
	}
	show := exec.CommandContext(cmd.Context(), program[0], program[1:]...)
	show.Stdout, show.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
	if err := show.Run(); err != nil {
		return fmt.Errorf("%s: %w", program[0], err)
	}
	return nil
}

// logProgram returns what prints the log of a service on a system: of its file where there is one, else of the journal.
func logProgram(system, name, file string, lines int, follow bool) ([]string, error) {
	n := fmt.Sprint(lines)
	if file == "" && system == "darwin" {
		file = "/Library/Logs/" + name + ".log"
	}
	var program []string
	var flag string
	switch {
	case file == "" && system == "windows":
		return nil, errors.New("the service writes to the event log: look there, or set log.file")
	case file == "":
		program, flag = []string{"journalctl", "--no-pager", "-u", name, "-n", n}, "-f"
	case system == "windows":
		program, flag = []string{"powershell", "-NoProfile", "-Command", "Get-Content", "-LiteralPath", file, "-Tail", n}, "-Wait"
	default:
		return slices.Concat([]string{"tail", "-n", n}, when(follow, "-F"), []string{"--", file}), nil
	}
	return append(program, when(follow, flag)...), nil
}

// when returns the words if yes.
func when(yes bool, words ...string) []string {
	if yes {
		return words
	}
	return nil
}

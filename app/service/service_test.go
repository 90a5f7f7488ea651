package service

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kardianos/service"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testSpec() Spec {
	return Spec{
		Kind: Agent, Instance: "line4", Executable: "/usr/bin/gowats", Arguments: []string{"agent", "run", "--config", "/etc/gowats/line 4.yaml"},
		Data: "/var/lib/gowats/line4", Writable: []string{"/srv/testers/100%", "/srv/a b", "/srv/a b"},
	}
}

func TestUnit(t *testing.T) {
	unit := testSpec().Unit()
	for _, want := range []string{
		"Description=gowats agent line4\n", "Type=notify\n", "WatchdogSec=60\n", "CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_FOWNER CAP_CHOWN\n", "ProtectHome=yes\n", "ProtectSystem=strict\n",
		`ExecStart=/usr/bin/gowats agent run --config "/etc/gowats/line 4.yaml"` + "\n",
		"ReadWritePaths=-\"/srv/a b\"\nReadWritePaths=-/srv/testers/100%%\n\n",
	} {
		if !strings.Contains(unit, want) {
			t.Errorf("the unit lacks %q:\n%s", want, unit)
		}
	}
	s := testSpec()
	s.User, s.Data = "tester", "/home/tester/gowats"
	unit = s.Unit()
	for _, want := range []string{"User=tester\n", "CapabilityBoundingSet=\n", "ProtectHome=read-only\n", "ReadWritePaths=-/home/tester/gowats\n"} {
		if !strings.Contains(unit, want) {
			t.Errorf("the unit lacks %q:\n%s", want, unit)
		}
	}
}

func TestSystemdTakesTheUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed (Debian: systemd)")
	}
	for _, kind := range []Kind{Agent, Server} {
		s := testSpec()
		s.Kind = kind
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		s.Executable = self // it looks whether the program is there
		file := filepath.Join(t.TempDir(), s.Name()+".service")
		if err := os.WriteFile(file, []byte(s.Unit()), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", "--recursive-errors=no", file).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("systemd-analyze verify of %s: %v\n%s", s.Name(), err, out)
		}
	}
}

func TestPlistIsXMLAndHoldsEveryWord(t *testing.T) {
	s := testSpec()
	s.Arguments = append(s.Arguments, "<&>")
	s.User = "tester"
	dec := xml.NewDecoder(strings.NewReader(s.Plist()))
	var texts []string
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, s.Plist())
		}
		if text, ok := token.(xml.CharData); ok && strings.TrimSpace(string(text)) != "" {
			texts = append(texts, string(text))
		}
	}
	joined := strings.Join(texts, "|")
	if !strings.Contains(joined, "gowats-agent@line4|ProgramArguments|/usr/bin/gowats|agent|run|--config|/etc/gowats/line 4.yaml|<&>|UserName|tester") {
		t.Errorf("got %s", joined)
	}
}

func TestSpecsThatWouldBreakFilesAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Spec){
		"instance with a path":   func(s *Spec) { s.Instance = "../x" },
		"relative data":          func(s *Spec) { s.Data = "data" },
		"line break in a path":   func(s *Spec) { s.Writable = []string{"/srv\nExecStart=/bin/sh"} },
		"line break in a user":   func(s *Spec) { s.User = "x\ny" },
		"kind that is none":      func(s *Spec) { s.Kind = "tray" },
		"line break in argument": func(s *Spec) { s.Arguments = []string{"a\nb"} },
	} {
		s := testSpec()
		change(&s)
		if err := s.check(); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if s := testSpec(); s.check() != nil && runtime.GOOS != "windows" {
		t.Errorf("good spec: %v", s.check())
	}
}

func TestAccounts(t *testing.T) {
	s := testSpec()
	if got := s.account("windows"); got != `NT SERVICE\gowats-agent@line4` {
		t.Errorf("on Windows: got %q", got)
	}
	if got := s.account("linux"); got != "" {
		t.Errorf("on Linux: got %q", got)
	}
	s.User = `PLANT\tester`
	if got := s.account("windows"); got != `PLANT\tester` {
		t.Errorf("a named account: got %q", got)
	}
}

// osService stands for a service manager; it fails as told.
type osService struct {
	service.Service
	status service.Status
	err    error
	calls  []string
}

func (s *osService) Install() error   { s.calls = append(s.calls, "install"); return s.err }
func (s *osService) Uninstall() error { s.calls = append(s.calls, "uninstall"); return s.err }
func (s *osService) Start() error     { s.calls = append(s.calls, "start"); return s.err }
func (s *osService) Stop() error      { s.calls = append(s.calls, "stop"); return s.err }
func (s *osService) Restart() error   { s.calls = append(s.calls, "restart"); return s.err }

func (s *osService) Status() (service.Status, error) { return s.status, s.err }

func TestErrorsOfServiceManagersAreKnown(t *testing.T) {
	for text, want := range map[string]error{
		"Init already exists: /etc/systemd/system/gowats-agent.service": ErrInstalled,
		"service gowats-agent already exists":                           ErrInstalled,
		"Access is denied.":                                             ErrPermission,
		"open /etc/systemd/system/x.service: permission denied":         ErrPermission,
		"Unit gowats-agent.service could not be found.":                 ErrNotInstalled,
		"The specified service does not exist as an installed service.": ErrNotInstalled,
	} {
		m := &Manager{testSpec(), &osService{err: errors.New(text)}}
		if err := m.Start(); !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: got %v, want %v", text, err, want)
		}
	}
}

func TestUninstallStopsFirst(t *testing.T) {
	s := &osService{status: service.StatusRunning}
	m := &Manager{testSpec(), s}
	if err := m.Uninstall(); err != nil || strings.Join(s.calls, " ") != "stop uninstall" {
		t.Errorf("Uninstall: %v, calls %v", err, s.calls)
	}
	s.status, s.calls = service.StatusStopped, nil
	if err := m.Uninstall(); err != nil || strings.Join(s.calls, " ") != "uninstall" {
		t.Errorf("Uninstall of a stopped one: %v, calls %v", err, s.calls)
	}
	if got, err := m.Status(); got != Stopped || err != nil {
		t.Errorf("Status: got %v, %v", got, err)
	}
}

func TestProgramUnderAServiceManager(t *testing.T) {
	s := &osService{}
	p := newProgram(t.Context(), func(ctx context.Context) error { <-ctx.Done(); return nil })
	if err := errors.Join(p.Start(s), p.Stop(s)); err != nil || len(s.calls) > 0 {
		t.Errorf("start and stop: %v, calls %v", err, s.calls)
	}
	failed := errors.New("disk gone")
	p = newProgram(t.Context(), func(context.Context) error { return failed })
	if err := p.Start(s); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(s); !errors.Is(err, failed) {
		t.Errorf("work that fails: got %v", err)
	}
}

func TestSystemdIsToldOfLifeAndEnd(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("systemd is a matter of Linux")
	}
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	next := func() string {
		t.Helper()
		buffer := make([]byte, 100)
		n, err := l.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		return string(buffer[:n])
	}
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "30000")
	t.Setenv("WATCHDOG_PID", "")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- Run(ctx, testSpec(), func() bool { return true }, func(ctx context.Context) error { <-ctx.Done(); return nil })
	}()
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if got := next(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for got := ""; got != "STOPPING=1"; {
		if got = next(); got != "WATCHDOG=1" && got != "STOPPING=1" {
			t.Fatalf("got %q", got)
		}
	}
}

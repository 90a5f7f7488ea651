package secret_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/gowats/gowats/app/secret"
)

func TestWithoutASessionBusNoneIsStarted(t *testing.T) {
	if matches, _ := filepath.Glob("/run/user/*/bus"); len(matches) > 0 {
		t.Skip("this user has a session bus")
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("PATH", "") // nor could it be
	_, err := secret.Open(t.Context(), secret.Options{Folder: t.TempDir()})
	if !errors.Is(err, secret.ErrKeyring) || !strings.Contains(err.Error(), "no session bus") {
		t.Errorf("Open: %v, want ErrKeyring that says why", err)
	}
}

const inSession = "SECRET_TEST_SESSION"

// busConfig is a session bus that starts no service by itself: the usual one, asked for the keyring before the test's own daemon has its
// name, would start a second daemon, which outlives the session.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`

// TestSecretService stores and finds a key in the Secret Service of a real gnome-keyring, in a session of its own.
func TestSecretService(t *testing.T) {
	if os.Getenv(inSession) != "" {
		t.Skip("this is the session")
	}
	for _, program := range []string{"dbus-run-session", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed (Debian: dbus-daemon, gnome-keyring)", program)
		}
	}
	home := t.TempDir()
	bus := filepath.Join(home, "bus.conf")
	if err := os.WriteFile(bus, []byte(busConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, stage := range []string{"unlocked", "unlocked again", "locked"} {
		cmd := exec.CommandContext(t.Context(), "dbus-run-session", "--config-file="+bus, "--", os.Args[0], "-test.v", "-test.run=^TestInSession$")
		cmd.Env = append(os.Environ(), inSession+"="+stage, "HOME="+home, "XDG_DATA_HOME="+home+"/share", "XDG_CONFIG_HOME="+home+"/config",
			"XDG_RUNTIME_DIR="+home, "DISPLAY=", "WAYLAND_DISPLAY=")
		cmd.WaitDelay = 10 * time.Second // what a session left running holds its output open
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("session %q: %v\n%s", stage, err, out)
		}
		t.Logf("session %q:\n%s", stage, out)
	}
}

// TestInSession runs in the sessions that TestSecretService starts, one after the other, with the same home folder.
func TestInSession(t *testing.T) {
	stage := os.Getenv(inSession)
	if stage == "" {
		t.Skip("no session of its own: see TestSecretService")
	}
	daemon := exec.Command("gnome-keyring-daemon", "--daemonize", "--components=secrets") // ends with the session
	if stage != "locked" {
		daemon.Args = append(daemon.Args, "--unlock")
		daemon.Stdin = strings.NewReader("password of the keyring")
	}
	if err := daemon.Run(); err != nil {
		t.Fatalf("start the keyring: %v", err)
	}
	waitForName(t, "org.freedesktop.secrets")

	folder := filepath.Join(os.Getenv("HOME"), "data")
	s, err := secret.Open(t.Context(), secret.Options{Folder: folder, Policy: secret.KeyringOrFile})
	if stage == "locked" {
		if !errors.Is(err, secret.ErrKeyring) {
			t.Errorf("Open while the keyring is locked: %v, want ErrKeyring", err)
		}
		t.Logf("Open while the keyring is locked: %v", err)
		return
	}
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if s.Backend() != secret.Keyring {
		t.Fatalf("Backend = %q, want keyring", s.Backend())
	}
	if stage == "unlocked" {
		set(t, s, "token", token)
	}
	wantValue(t, s, "token", token)
}

// waitForName returns once somebody on the session bus has name.
func waitForName(t *testing.T, name string) {
	t.Helper()
	bus, err := dbus.ConnectSessionBus(dbus.WithContext(t.Context()))
	if err != nil {
		t.Fatalf("connect to the session bus: %v", err)
	}
	defer bus.Close()
	changes := make(chan *dbus.Signal, 16)
	bus.Signal(changes)
	if err := bus.AddMatchSignal(dbus.WithMatchInterface("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged")); err != nil {
		t.Fatalf("watch the names on the bus: %v", err)
	}
	deadline := time.After(30 * time.Second)
	for {
		var owned bool
		if err := bus.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, name).Store(&owned); err != nil {
			t.Fatalf("ask for the owner of %s: %v", name, err)
		}
		if owned {
			return
		}
		select {
		case <-changes:
		case <-deadline:
			t.Fatalf("nobody has the name %s after 30 s", name)
		}
	}
}

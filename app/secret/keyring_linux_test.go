package secret_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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
	for _, stage := range []string{"unlocked", "unlocked again", "locked"} {
		cmd := exec.CommandContext(t.Context(), "dbus-run-session", "--", os.Args[0], "-test.v", "-test.run=^TestInSession$")
		cmd.Env = append(os.Environ(), inSession+"="+stage, "HOME="+home, "XDG_DATA_HOME="+home+"/share", "XDG_CONFIG_HOME="+home+"/config",
			"XDG_RUNTIME_DIR="+home, "DISPLAY=", "WAYLAND_DISPLAY=")
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

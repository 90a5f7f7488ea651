package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestServiceIsDescribedByTheSettings(t *testing.T) {
	b := &bench{t: t, folder: t.TempDir()}
	b.settings("data: DIR/data\nserver: {url: https://plant.example, token: 'file:DIR/token'}\nconverters: [{name: a, folder: DIR/in}, {name: b, folder: own}]\n")
	code, unit, talk := output(t, environment(t), "service", "install", "--print", "--config", b.path("gowats.yaml"), "--instance", "line4")
	if code != 0 {
		t.Fatalf("code %d: %s", code, talk)
	}
	for _, want := range []string{
		"Description=gowats agent line4", "agent run --config " + filepath.ToSlash(b.path("gowats.yaml")) + " --instance line4\n",
		"ReadWritePaths=-" + b.path("data") + "\n", "ReadWritePaths=-" + b.path("in") + "\n",
	} {
		if !strings.Contains(unit, want) {
			t.Errorf("the unit lacks %q:\n%s", want, unit)
		}
	}
}

func TestLogOfAServiceIsFoundOnEverySystem(t *testing.T) {
	for name, test := range map[string]struct {
		system, file string
		follow       bool
		want         []string
	}{
		"journal":              {"linux", "", false, []string{"journalctl", "--no-pager", "-u", "gowats-agent", "-n", "5"}},
		"journal that goes on": {"linux", "", true, []string{"journalctl", "--no-pager", "-u", "gowats-agent", "-n", "5", "-f"}},
		"file":                 {"linux", "/log", true, []string{"tail", "-n", "5", "-F", "--", "/log"}},
		"launchd":              {"darwin", "", false, []string{"tail", "-n", "5", "--", "/Library/Logs/gowats-agent.log"}},
		"file on Windows":      {"windows", `C:\log`, true, []string{"powershell", "-NoProfile", "-Command", "Get-Content", "-LiteralPath", `C:\log`, "-Tail", "5", "-Wait"}},
	} {
		if got, err := logProgram(test.system, "gowats-agent", test.file, 5, test.follow); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, test.want)
		}
	}
	if _, err := logProgram("windows", "gowats-agent", "", 5, false); err == nil || !strings.Contains(err.Error(), "event log") {
		t.Errorf("Windows without a file: got %v", err)
	}
}

func TestLogFileIsRotated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs", "agent.log")
	r, err := openRotated(path, 100, 2)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 59) + "\n"
	for range 5 {
		if _, err := r.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if want := []string{path, path + ".1", path + ".2"}; err != nil || !slices.Equal(files, want) {
		t.Errorf("got %q, %v; want %q", files, err, want)
	}
	if _, err := r.Write([]byte(line)); err != nil {
		t.Errorf("a line after Close: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

package fsx_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/gowats/gowats/internal/fsx"
)

func TestWriteFileAtomicReplacesContentAndMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "client.json")
	for _, content := range []string{"old and long", "new"} {
		if err := fsx.WriteFileAtomic(path, []byte(content), 0o600); err != nil {
			t.Fatalf("WriteFileAtomic(%q): %v", content, err)
		}
		if got := read(t, path); got != content {
			t.Errorf("WriteFileAtomic(%q) left %q", content, got)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v, want 0600", info.Mode().Perm())
	}
	if names := list(t, filepath.Dir(path)); len(names) != 1 {
		t.Errorf("folder holds %q, want only the file", names)
	}
}

func TestWriteFileAtomicLeavesNothingBehindAfterAnError(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "taken")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := fsx.WriteFileAtomic(path, []byte("x"), 0o600); err == nil {
		t.Fatal("WriteFileAtomic over a folder: no error")
	}
	if names := list(t, dir); len(names) != 1 {
		t.Errorf("folder holds %q, want only the folder that was there", names)
	}
}

func TestMoveFileNumbersNamesThatAreTaken(t *testing.T) {
	dir := t.TempDir()
	done := filepath.Join(dir, "Done")
	if err := os.Mkdir(done, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "run.1.json")
	for i, want := range []string{"run.1.json", "run.1-2.json", "run.1-3.json"} {
		content := string(rune('a' + i))
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := fsx.MoveFile(path, done)
		if err != nil || got != filepath.Join(done, want) {
			t.Fatalf("MoveFile: got %q, %v, want name %s", got, err, want)
		}
		if read(t, got) != content {
			t.Errorf("MoveFile changed the content of %s", got)
		}
	}
	if names := list(t, dir); len(names) != 1 {
		t.Errorf("after moving the folder holds %q", names)
	}
}

func TestMoveFileThatIsNotThereLeavesNoTrace(t *testing.T) {
	dir, done := t.TempDir(), t.TempDir()
	_, err := fsx.MoveFile(filepath.Join(dir, "gone.json"), done)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("MoveFile of a missing file: got %v, want os.ErrNotExist", err)
	}
	if names := list(t, done); len(names) != 0 {
		t.Errorf("target folder holds %q, want nothing", names)
	}
}

func TestLockIsTakenOnceAndAgainAfterRelease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := fsx.Lock(path)
	if err != nil {
		t.Fatalf("Lock: %v", err)
	}
	if _, err := fsx.Lock(path); !errors.Is(err, fsx.ErrLocked) {
		t.Errorf("second Lock: got %v, want ErrLocked", err)
	}
	if err := release(); err != nil {
		t.Fatalf("release: %v", err)
	}
	release, err = fsx.Lock(path)
	if err != nil {
		t.Fatalf("Lock after release: %v", err)
	}
	if err := release(); err != nil {
		t.Errorf("release: %v", err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

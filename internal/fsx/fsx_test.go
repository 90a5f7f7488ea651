package fsx_test

import (
	"errors"
	"io"
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

func TestMoveNewNeverOverwrites(t *testing.T) {
	dir, done := t.TempDir(), t.TempDir()
	path, target := filepath.Join(dir, "run.json"), filepath.Join(done, "run.json")
	for i, content := range []string{"a", "b"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := (fsx.FS{}).MoveNew(path, target); (err != nil) != (i > 0) || i > 0 && !errors.Is(err, os.ErrExist) {
			t.Errorf("MoveNew, call %d: got %v", i+1, err)
		}
	}
	if read(t, target) != "a" || read(t, path) != "b" {
		t.Error("the file that was there, or the one that was to be moved, has changed")
	}
	if err := (fsx.FS{}).MoveNew(filepath.Join(dir, "gone.json"), filepath.Join(done, "gone.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("MoveNew of a missing file: got %v, want os.ErrNotExist", err)
	}
	if names := list(t, done); len(names) != 1 {
		t.Errorf("target folder holds %q", names)
	}
}

func TestWriteNewFromNeverOverwrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.zip")
	write := func(text string) error {
		return fsx.FS{}.WriteNewFrom(path, 0o600, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	}
	if err := write("one"); err != nil {
		t.Fatal(err)
	}
	if err := write("two"); !errors.Is(err, os.ErrExist) {
		t.Errorf("WriteNewFrom over a file: got %v, want os.ErrExist", err)
	}
	if names := list(t, filepath.Dir(path)); read(t, path) != "one" || len(names) != 1 {
		t.Errorf("the folder holds %q, the file %q", names, read(t, path))
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

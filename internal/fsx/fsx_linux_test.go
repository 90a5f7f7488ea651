package fsx_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gowats/gowats/internal/fsx"
)

func TestMoveNewCopiesBetweenVolumes(t *testing.T) {
	const memory = "/dev/shm" // tmpfs on every usual Linux: another volume than the temporary folder
	away, err := os.MkdirTemp(memory, "fsx")
	if err != nil {
		t.Skipf("no second volume to test with: %v", err)
	}
	defer os.RemoveAll(away) // nothing to learn from an error
	path := filepath.Join(t.TempDir(), "big.json")
	content := string(make([]byte, 1<<20))
	if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(away, "big.json")
	if err := (fsx.FS{}).MoveNew(path, target); err != nil {
		t.Fatalf("MoveNew between volumes: %v", err)
	}
	if read(t, target) != content {
		t.Error("MoveNew between volumes changed the content")
	}
	if names := list(t, filepath.Dir(path)); len(names) != 0 {
		t.Errorf("source folder still holds %q", names)
	}
	if names := list(t, away); len(names) != 1 {
		t.Errorf("target folder holds %q, want one file", names)
	}
}

package fsx_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gowats/gowats/internal/fsx"
)

var noon = time.Date(2026, 1, 3, 12, 0, 0, 0, time.UTC)

func TestWriteNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	disk := fsx.FS{}
	if err := disk.WriteNew(path, []byte("a"), 0o600, noon); err != nil {
		t.Fatalf("WriteNew: %v", err)
	}
	info, err := disk.Lstat(path)
	if err != nil || read(t, path) != "a" || !info.ModTime().Equal(noon) {
		t.Errorf("WriteNew left %q of %v, %v", read(t, path), info.ModTime(), err)
	}
	if err := disk.WriteNew(path, []byte("b"), 0o600, noon); !errors.Is(err, fs.ErrExist) || read(t, path) != "a" {
		t.Errorf("WriteNew of a file that is there: got %v, want fs.ErrExist", err)
	}
}

func TestRenameNewOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	disk := fsx.FS{}
	to := filepath.Join(dir, "to")
	const files = 20
	var won atomic.Int32
	var all sync.WaitGroup
	for n := range files { // all want the same name
		path := filepath.Join(dir, string(rune('a'+n)))
		if err := disk.WriteNew(path, []byte{byte('a' + n)}, 0o600, noon); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			switch err := disk.RenameNew(path, to); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, fs.ErrExist):
				t.Errorf("RenameNew: got %v, want fs.ErrExist", err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || len(list(t, dir)) != files {
		t.Errorf("%d got the name, and %d files are left; want 1 and %d", won.Load(), len(list(t, dir)), files)
	}
	if err := disk.RenameNew(filepath.Join(dir, "gone"), filepath.Join(dir, "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("RenameNew of what is not there: got %v, want fs.ErrNotExist", err)
	}
}

func TestReadFileHasALimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := (fsx.FS{}).ReadFile(path, 10); err != nil || string(data) != "0123456789" {
		t.Errorf("ReadFile at the limit: %q, %v", data, err)
	}
	if _, err := (fsx.FS{}).ReadFile(path, 9); !errors.Is(err, fsx.ErrTooLarge) {
		t.Errorf("ReadFile above the limit: got %v, want ErrTooLarge", err)
	}
}

func TestFree(t *testing.T) {
	free, err := fsx.FS{}.Free(t.TempDir())
	if err != nil || free <= 0 {
		t.Errorf("Free: %d, %v, want some room", free, err)
	}
	if _, err := (fsx.FS{}).Free(filepath.Join(t.TempDir(), "gone")); err == nil {
		t.Error("Free of what is not there: no error")
	}
}

// TestEveryStepGoesThroughTheHook also holds the order of steps: content is synced before it gets its name, the folder after.
func TestEveryStepGoesThroughTheHook(t *testing.T) {
	var steps []string
	disk := fsx.FS{Hook: func(s *fsx.Step, do func() error) error {
		err := do()
		text := string(s.Op) + " " + filepath.Base(s.Path)
		if s.To != "" {
			text += " " + filepath.Base(s.To)
		}
		steps = append(steps, text)
		return err
	}}
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, tc := range map[string]struct {
		do   func() error
		want []string
	}{
		"WriteFileAtomic": {
			func() error { return disk.WriteFileAtomic(in("a"), []byte("a"), 0o600) },
			[]string{"create .a.*.tmp", "write .a.*.tmp", "sync .a.*.tmp", "rename .a.*.tmp a", "sync dir " + filepath.Base(dir)},
		},
		"WriteNew": {
			func() error { return disk.WriteNew(in("b"), []byte("b"), 0o600, noon) },
			[]string{"create b", "write b", "chtimes b", "sync b"},
		},
		"Lock": {
			func() error {
				release, err := disk.Lock(in("lock"))
				if err != nil {
					return err
				}
				return release()
			},
			[]string{"lock lock"},
		},
		"others": {
			func() error {
				_, free := disk.Free(dir)
				_, stat := disk.Lstat(dir)
				_, readDir := disk.ReadDir(dir)
				return errors.Join(disk.Mkdir(in("sub"), 0o700), disk.Remove(in("sub")), free, stat, readDir)
			},
			[]string{"free " + filepath.Base(dir), "stat " + filepath.Base(dir), "readdir " + filepath.Base(dir), "mkdir sub", "remove sub"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			steps = nil
			if err := tc.do(); err != nil {
				t.Fatal(err)
			}
			for i, s := range steps { // the random part of temporary names
				fields := strings.Fields(s)
				for j, f := range fields {
					if strings.HasPrefix(f, ".a.") {
						fields[j] = ".a.*.tmp"
					}
				}
				steps[i] = strings.Join(fields, " ")
			}
			if !slices.Equal(steps, tc.want) {
				t.Errorf("steps are %q, want %q", steps, tc.want)
			}
		})
	}
}

func TestHookKeepsAStepBack(t *testing.T) {
	refusal := errors.New("no")
	for _, op := range []fsx.Op{fsx.OpCreate, fsx.OpWrite, fsx.OpSync, fsx.OpRename} {
		t.Run(string(op), func(t *testing.T) {
			dir := t.TempDir()
			disk := fsx.FS{Hook: func(s *fsx.Step, do func() error) error {
				if s.Op == op {
					return refusal
				}
				return do()
			}}
			if err := disk.WriteFileAtomic(filepath.Join(dir, "a"), []byte("a"), 0o600); !errors.Is(err, refusal) {
				t.Errorf("WriteFileAtomic: got %v, want the error of the hook", err)
			}
			if names := list(t, dir); len(names) != 0 {
				t.Errorf("folder holds %q, want nothing", names)
			}
		})
	}
}

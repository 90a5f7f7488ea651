package fsxtest_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/gowats/gowats/internal/fsx"
	"github.com/gowats/gowats/internal/fsx/fsxtest"
)

var at = time.Date(2026, 1, 3, 12, 0, 0, 0, time.UTC)

// outcomes does something to a fresh disk, cuts the power, and returns how often each content was left in the folder, over many seeds.
func outcomes(t *testing.T, do func(t *testing.T, disk fsx.FS, dir string)) map[string]int {
	t.Helper()
	found := map[string]int{}
	root := t.TempDir()
	for seed := range uint64(150) {
		dir := filepath.Join(root, strconv.FormatUint(seed, 10))
		check(t, os.Mkdir(dir, 0o700))
		if err := os.WriteFile(filepath.Join(dir, "old"), []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := fsxtest.New(dir, rand.New(rand.NewPCG(seed, 0)))
		if err != nil {
			t.Fatal(err)
		}
		do(t, d.FS(), dir)
		d.Stop()
		if err := d.PowerLoss(); err != nil {
			t.Fatalf("PowerLoss: %v", err)
		}
		found[state(t, dir)]++
	}
	return found
}

// state tells the files in a folder and below, with their contents.
func state(t *testing.T, dir string) string {
	t.Helper()
	text := ""
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		text += path[len(dir)+1:] + "=" + string(data) + " "
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func expect(t *testing.T, got map[string]int, want ...string) {
	t.Helper()
	for _, w := range want {
		if got[w] == 0 {
			t.Errorf("never left: %q", w)
		}
		delete(got, w)
	}
	for g, n := range got {
		t.Errorf("left %d times, which cannot be: %q", n, g)
	}
}

func write(t *testing.T, disk fsx.FS, path, text string) {
	t.Helper()
	if err := disk.WriteNew(path, []byte(text), 0o600, at); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSyncedFileAndFolderStay(t *testing.T) {
	expect(t, outcomes(t, func(t *testing.T, disk fsx.FS, dir string) {
		write(t, disk, filepath.Join(dir, "new"), "new")
		check(t, disk.SyncDir(dir))
	}), "new=new old=old ")
}

func TestNameIsInDoubtUntilItsFolderIsSynced(t *testing.T) {
	expect(t, outcomes(t, func(t *testing.T, disk fsx.FS, dir string) {
		write(t, disk, filepath.Join(dir, "new"), "new")
	}), "new=new old=old ", "old=old ")
}

func TestRenameIsInDoubtButLosesNothing(t *testing.T) {
	expect(t, outcomes(t, func(t *testing.T, disk fsx.FS, dir string) {
		check(t, disk.Rename(filepath.Join(dir, "old"), filepath.Join(dir, "new")))
	}), "old=old ", "new=old ", "new=old old=old ")
}

func TestRenameOverAFileLeavesOneOfBoth(t *testing.T) {
	expect(t, outcomes(t, func(t *testing.T, disk fsx.FS, dir string) {
		write(t, disk, filepath.Join(dir, "tmp"), "new")
		check(t, disk.SyncDir(dir))
		check(t, disk.Rename(filepath.Join(dir, "tmp"), filepath.Join(dir, "old")))
	}), "old=old tmp=new ", "old=new ", "old=new tmp=new ")
}

func TestRemovedFileMayComeBack(t *testing.T) {
	expect(t, outcomes(t, func(t *testing.T, disk fsx.FS, dir string) {
		check(t, disk.Remove(filepath.Join(dir, "old")))
	}), "old=old ", "")
}

func TestFolderThatIsNotSyncedTakesItsFilesWithIt(t *testing.T) {
	expect(t, outcomes(t, func(t *testing.T, disk fsx.FS, dir string) {
		sub := filepath.Join(dir, "sub")
		check(t, disk.Mkdir(sub, 0o700))
		write(t, disk, filepath.Join(sub, "a"), "a")
		check(t, disk.SyncDir(sub))
	}), "old=old ", "old=old sub/a=a ")
}

func TestContentThatIsNotSyncedIsInDoubt(t *testing.T) {
	got := outcomes(t, func(t *testing.T, disk fsx.FS, dir string) {
		d := disk
		d.Hook = func(s *fsx.Step, do func() error) error {
			if s.Op == fsx.OpSync {
				return nil // a disk that lies
			}
			return disk.Hook(s, do)
		}
		write(t, d, filepath.Join(dir, "new"), "ab")
		check(t, disk.SyncDir(dir))
	})
	expect(t, got, "new=ab old=old ", "new= old=old ", "new=a old=old ", "new=a\x00 old=old ", "new=\x00\x00 old=old ")
}

func TestFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		fault fsxtest.Fault
		want  error
		left  string
	}{
		"stop before":        {fsxtest.StopBefore, fsxtest.ErrStopped, "new= "},
		"stop after":         {fsxtest.StopAfter, fsxtest.ErrStopped, "new=content "},
		"stop in the middle": {fsxtest.StopTorn, fsxtest.ErrStopped, "new=con "},
		"no space":           {fsxtest.NoSpace, syscall.ENOSPC, ""},
		"error":              {fsxtest.IOError, syscall.EIO, ""},
		"error though done":  {fsxtest.IOErrorDone, syscall.EIO, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d, err := fsxtest.New(dir, rand.New(rand.NewPCG(1, 1)))
			if err != nil {
				t.Fatal(err)
			}
			turns := 0
			d.Turn = func(fsx.Step) { turns++ }
			d.Plan = func(_ int, s fsx.Step) fsxtest.Fault {
				if s.Op == fsx.OpWrite {
					return tc.fault
				}
				return fsxtest.None
			}
			err = d.FS().WriteNew(filepath.Join(dir, "new"), []byte("content"), 0o600, at)
			if !errors.Is(err, tc.want) {
				t.Errorf("WriteNew: got %v, want %v", err, tc.want)
			}
			if got := state(t, dir); got != tc.left {
				t.Errorf("left %q, want %q", got, tc.left)
			}
			if stopped := tc.want == fsxtest.ErrStopped; d.Stopped() != stopped || turns != 3 {
				t.Errorf("stopped is %v after %d turns, want %v after 3", d.Stopped(), turns, stopped)
			}
		})
	}
}

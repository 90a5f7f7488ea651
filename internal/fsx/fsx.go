// Package fsx holds the rules for writing and moving files so that a crash at any moment leaves the old state or the new one.
package fsx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFileAtomic is [FS.WriteFileAtomic] on the disk of the operating system.
func WriteFileAtomic(path string, data []byte, perm fs.FileMode) error {
	return FS{}.WriteFileAtomic(path, data, perm)
}

// Lock is [FS.Lock] on the disk of the operating system.
func Lock(path string) (release func() error, err error) { return FS{}.Lock(path) }

// SyncDir is [FS.SyncDir] on the disk of the operating system.
func SyncDir(dir string) error { return FS{}.SyncDir(dir) }

// WriteFileAtomic makes data the content of the file at path, durably: a reader sees the old content or the new, also after a crash.
// The file gets exactly the mode perm. Next to it stands, while it is being written, a file whose name begins with a dot and ends in .tmp.
func (f FS) WriteFileAtomic(path string, data []byte, perm fs.FileMode) error {
	if err := f.ReplaceFile(path, data, perm); err != nil {
		return err
	}
	return f.SyncDir(filepath.Dir(path))
}

// ReplaceFile is [FS.WriteFileAtomic] without syncing the folder: after a crash the file is whole, with the old content or the new.
func (f FS) ReplaceFile(path string, data []byte, perm fs.FileMode) error {
	temporary, err := f.writeTemporary(path, perm, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := f.Rename(temporary, path); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), f.Remove(temporary))
	}
	return nil
}

// WriteNewFrom makes the file path, which must not be there, with the content that fill writes, of any size, durably. When something has the name it
// returns an error that matches fs.ErrExist and changes nothing.
func (f FS) WriteNewFrom(path string, perm fs.FileMode, fill func(io.Writer) error) error {
	if err := f.writeNewFrom(path, perm, fill); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return f.SyncDir(filepath.Dir(path))
}

func (f FS) writeNewFrom(path string, perm fs.FileMode, fill func(io.Writer) error) error {
	temporary, err := f.writeTemporary(path, perm, fill)
	if err != nil {
		return err
	}
	if err := f.RenameNew(temporary, path); err != nil {
		return errors.Join(err, f.Remove(temporary))
	}
	return nil
}

// writeTemporary fills a new file in the folder of path, syncs it, and returns its name. After an error there is no such file.
func (f FS) writeTemporary(path string, perm fs.FileMode, fill func(io.Writer) error) (name string, err error) {
	pattern := Step{Op: OpCreate, Path: filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")}
	file, err := f.create(pattern, func(s *Step) (*os.File, error) {
		return os.CreateTemp(filepath.Dir(s.Path), filepath.Base(s.Path))
	})
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Remove(file.Name()))
		}
	}()
	err = fill(fileWriter{f, file})
	if err == nil {
		err = file.Chmod(perm)
	}
	if err == nil {
		err = f.sync(file)
	}
	return file.Name(), errors.Join(err, file.Close())
}

// MoveNew gives the file at path the name target, which nothing may have. It is durable once the folder of target is synced, and then that of path: in this order, since
// that the old name is gone must not last before the new one does. Between volumes the file is copied, synced and only then removed; a crash in between
// leaves both. When something has the name it returns an error that matches fs.ErrExist and changes nothing.
func (f FS) MoveNew(path, target string) error {
	err := f.RenameNew(path, target)
	if err != nil && betweenVolumes(err) {
		err = f.copyNew(path, target)
	}
	if err != nil {
		return fmt.Errorf("move %s to %s: %w", path, target, err)
	}
	return nil
}

// copyNew moves a file by copying it.
func (f FS) copyNew(path, target string) error {
	source, err := os.Open(path)
	if err != nil {
		return err
	}
	defer source.Close() // only read: there is nothing to lose
	info, err := source.Stat()
	if err != nil {
		return err
	}
	err = f.writeNewFrom(target, info.Mode().Perm(), func(w io.Writer) error {
		_, err := io.Copy(w, source)
		return err
	})
	if err != nil {
		return err
	}
	if err := f.SyncDir(filepath.Dir(target)); err != nil {
		return err
	}
	return f.Remove(path)
}

// ErrLocked is returned by Lock while another process, or another call, holds the lock.
var ErrLocked = errors.New("locked by another process")

// Lock takes the lock whose file is path, which is made when it is not there and stays. The lock ends with release, or with the process.
// It returns an error that matches [ErrLocked] when the lock is taken; it does not wait.
func (f FS) Lock(path string) (release func() error, err error) {
	var file *os.File
	err = f.run(Step{Op: OpLock, Path: path}, func(s *Step) error {
		file, err = openLocked(s.Path)
		return err
	})
	if err != nil {
		if file != nil {
			_ = file.Close() // the hook's error counts
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return file.Close, nil
}

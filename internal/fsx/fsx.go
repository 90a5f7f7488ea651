// Package fsx holds the rules for writing and moving files so that a crash at any moment leaves the old state or the new one.
package fsx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// WriteFileAtomic is [FS.WriteFileAtomic] on the disk of the operating system.
func WriteFileAtomic(path string, data []byte, perm fs.FileMode) error {
	return FS{}.WriteFileAtomic(path, data, perm)
}

// MoveFile is [FS.MoveFile] on the disk of the operating system.
func MoveFile(path, dir string) (string, error) { return FS{}.MoveFile(path, dir) }

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
	return f.replaceFrom(path, perm, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteFileFrom is [FS.WriteFileAtomic] for content that fill writes, of any size.
func (f FS) WriteFileFrom(path string, perm fs.FileMode, fill func(io.Writer) error) error {
	if err := f.replaceFrom(path, perm, fill); err != nil {
		return err
	}
	return f.SyncDir(filepath.Dir(path))
}

func (f FS) replaceFrom(path string, perm fs.FileMode, fill func(io.Writer) error) error {
	temporary, err := f.writeTemporary(path, perm, fill)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := f.Rename(temporary, path); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), f.Remove(temporary))
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

// MoveFile moves the file at path into the folder dir and returns where it is now. It never overwrites: when the name is taken, a number is
// added to it (log.json, log-2.json). Both folders are synced. Between volumes the file is copied, synced and only then removed.
func (f FS) MoveFile(path, dir string) (string, error) {
	target, err := f.reserve(filepath.Join(dir, filepath.Base(path)))
	if err != nil {
		return "", fmt.Errorf("move %s to %s: %w", path, dir, err)
	}
	if err := f.replace(path, target); err != nil {
		return "", errors.Join(fmt.Errorf("move %s to %s: %w", path, dir, err), f.Remove(target))
	}
	return target, errors.Join(f.SyncDir(dir), f.SyncDir(filepath.Dir(path)))
}

// reserve makes an empty file of that name, or of the first free name like it.
func (f FS) reserve(path string) (string, error) {
	const limit = 100_000
	ext := filepath.Ext(path)
	stem := strings.TrimSuffix(path, ext)
	for n := 1; n < limit; n++ {
		name := path
		if n > 1 {
			name = fmt.Sprintf("%s-%d%s", stem, n, ext)
		}
		file, err := f.create(Step{Op: OpCreate, Path: name}, func(s *Step) (*os.File, error) {
			return os.OpenFile(s.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		})
		if err == nil {
			return name, file.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("%d files of that name are there already", limit-1)
}

// replace moves the file at path over target.
func (f FS) replace(path, target string) error {
	err := f.Rename(path, target)
	if err == nil || !betweenVolumes(err) {
		return err
	}
	if err := f.copyFile(path, target); err != nil {
		return err
	}
	if err := f.SyncDir(filepath.Dir(target)); err != nil {
		return err
	}
	return f.Remove(path)
}

func (f FS) copyFile(path, target string) error {
	source, err := os.Open(path)
	if err != nil {
		return err
	}
	defer source.Close() // only read: there is nothing to lose
	info, err := source.Stat()
	if err != nil {
		return err
	}
	temporary, err := f.writeTemporary(target, info.Mode().Perm(), func(w io.Writer) error {
		_, err := io.Copy(w, source)
		return err
	})
	if err != nil {
		return err
	}
	if err := f.Rename(temporary, target); err != nil {
		return errors.Join(err, f.Remove(temporary))
	}
	return nil
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

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

// WriteFileAtomic makes data the content of the file at path, durably: a reader sees the old content or the new, also after a crash.
// The file gets exactly the mode perm. Next to it stands, while it is being written, a file whose name begins with a dot and ends in .tmp.
func WriteFileAtomic(path string, data []byte, perm fs.FileMode) error {
	temporary, err := writeTemporary(path, perm, func(f *os.File) error {
		_, err := f.Write(data)
		return err
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(temporary))
	}
	return SyncDir(filepath.Dir(path))
}

// writeTemporary fills a new file in the folder of path, syncs it, and returns its name. After an error there is no such file.
func writeTemporary(path string, perm fs.FileMode, fill func(*os.File) error) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = fill(f)
	if err == nil {
		err = f.Chmod(perm)
	}
	if err == nil {
		err = f.Sync()
	}
	return f.Name(), errors.Join(err, f.Close())
}

// MoveFile moves the file at path into the folder dir and returns where it is now. It never overwrites: when the name is taken, a number is
// added to it (log.json, log-2.json). Both folders are synced. Between volumes the file is copied, synced and only then removed.
func MoveFile(path, dir string) (string, error) {
	target, err := reserve(filepath.Join(dir, filepath.Base(path)))
	if err != nil {
		return "", fmt.Errorf("move %s to %s: %w", path, dir, err)
	}
	if err := replace(path, target); err != nil {
		return "", errors.Join(fmt.Errorf("move %s to %s: %w", path, dir, err), os.Remove(target))
	}
	return target, errors.Join(SyncDir(dir), SyncDir(filepath.Dir(path)))
}

// reserve makes an empty file of that name, or of the first free name like it.
func reserve(path string) (string, error) {
	const limit = 100_000
	ext := filepath.Ext(path)
	stem := strings.TrimSuffix(path, ext)
	for n := 1; n < limit; n++ {
		name := path
		if n > 1 {
			name = fmt.Sprintf("%s-%d%s", stem, n, ext)
		}
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err == nil {
			return name, f.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("%d files of that name are there already", limit-1)
}

// replace moves the file at path over target.
func replace(path, target string) error {
	err := os.Rename(path, target)
	if err == nil || !betweenVolumes(err) {
		return err
	}
	if err := copyFile(path, target); err != nil {
		return err
	}
	if err := SyncDir(filepath.Dir(target)); err != nil {
		return err
	}
	return os.Remove(path)
}

func copyFile(path, target string) error {
	source, err := os.Open(path)
	if err != nil {
		return err
	}
	defer source.Close() // only read: there is nothing to lose
	info, err := source.Stat()
	if err != nil {
		return err
	}
	temporary, err := writeTemporary(target, info.Mode().Perm(), func(f *os.File) error {
		_, err := io.Copy(f, source)
		return err
	})
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, target); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return nil
}

// ErrLocked is returned by Lock while another process, or another call, holds the lock.
var ErrLocked = errors.New("locked by another process")

// Lock takes the lock whose file is path, which is made when it is not there and stays. The lock ends with release, or with the process.
// It returns an error that matches [ErrLocked] when the lock is taken; it does not wait.
func Lock(path string) (release func() error, err error) {
	f, err := openLocked(path)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f.Close, nil
}

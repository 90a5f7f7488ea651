package agent

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gowats/gowats/app/config"
)

var errChanged = errors.New("it has changed since it was read")

// putAway does with a source whose reports are safe what its converter says.
func (s *source) putAway(ctx context.Context, name string, r record, out result) error {
	seen, err := s.sightOf(name)
	if err != nil {
		return err
	}
	if !seen.equals(r.sight) {
		return errChanged
	}
	path, now := filepath.Join(s.dir, filepath.FromSlash(name)), ""
	switch s.After {
	case config.KeepAction:
		s.mu.Lock()
		s.tracker.ignore(name)
		s.mu.Unlock()
		now = path
	case config.DeleteAction:
		err = s.remove(path)
	case config.ZipAction:
		now, err = s.pack(path, s.folderFor(s.done, name))
	default:
		now, err = s.move(path, s.folderFor(s.done, name))
	}
	if err != nil {
		return err
	}
	if s.After != config.KeepAction {
		if err := s.forget(ctx, name); err != nil {
			return err
		}
	}
	s.count(func(c *ConverterStatus) { c.Done++; c.Reports += r.reports })
	s.agent.Logger.Info("source done", "converter", s.Name, "path", path, "format", out.format, "reports", r.reports, "mends", out.mends, "report_id", r.first)
	for _, loss := range out.losses {
		s.agent.Logger.Warn("not all of the file is in its reports", "path", path, "where", loss.Where, "what", loss.What)
	}
	s.agent.Handled(Result{Converter: s.Name, Name: name, Path: now, ID: r.first, Reports: r.reports})
	return nil
}

// setAside moves a refused source into the folder Error and writes beside it why.
func (s *source) setAside(ctx context.Context, name string, out result, why *Refusal) error {
	if out.seen != (sight{}) {
		seen, err := s.sightOf(name)
		if err != nil {
			return err
		}
		if !seen.equals(out.seen) {
			return errChanged
		}
	}
	now, err := s.move(filepath.Join(s.dir, filepath.FromSlash(name)), s.folderFor(s.failed, name))
	if err != nil {
		return err
	}
	if err := s.forget(ctx, name); err != nil {
		return err
	}
	text := explain(name, s.dir, s.agent.Now(), out, why)
	if err := s.agent.Disk.WriteFileAtomic(now+".error.txt", []byte(text), 0o644); err != nil {
		s.agent.Logger.Error("reason of a refusal is only told here", "path", now, "reason", why.Reason, "err", err)
	}
	s.count(func(c *ConverterStatus) { c.Refused++; c.Reports += out.good; c.Error = name + ": " + why.Reason })
	s.agent.Logger.Warn("source refused", "converter", s.Name, "path", now, "reports", out.good, "err", why)
	s.agent.Handled(Result{Converter: s.Name, Name: name, Path: now, ID: out.first, Reports: out.good, Err: why})
	return nil
}

// explain returns the text that stands beside a refused source, for the person who finds it.
func explain(name, dir string, now time.Time, out result, why *Refusal) string {
	var b strings.Builder
	fmt.Fprintf(&b, "This file was not taken.\n\nFile:  %s\nTime:  %s\nWhy:   %s\n", name, now.Format(time.RFC3339), why.Reason)
	if out.good > 0 {
		fmt.Fprintf(&b, "Taken: %d reports of it, which are good\n", out.good)
	}
	if len(why.Violations) > 0 {
		b.WriteString("\nWhat is wrong, and where in the file:\n")
	}
	for i, v := range why.Violations {
		fmt.Fprintf(&b, "%4d. %s: %s\n", i+1, v.Path, v.Message)
	}
	fmt.Fprintf(&b, "\nWhat to do: mend the file, or the program that wrote it, and drop the file into %s again.\n", dir)
	return b.String()
}

func (s *source) count(f func(*ConverterStatus)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Activity = s.agent.Now()
	f(&s.status)
}

// folderFor returns the folder below root for a source: nested ones keep their folders.
func (s *source) folderFor(root, name string) string {
	return filepath.Join(root, filepath.Dir(filepath.FromSlash(name)))
}

// move moves a source into a folder, which is made when it is not there, and returns where it is now.
func (s *source) move(path, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { // somebody may have tidied up
		return "", err
	}
	if s.Kind != config.FolderKind {
		return s.agent.Disk.MoveFile(path, dir)
	}
	target, err := vacant(filepath.Join(dir, filepath.Base(path)))
	if err != nil {
		return "", err
	}
	if err := s.agent.Disk.Rename(path, target); err != nil {
		return "", fmt.Errorf("move folder %s to %s, which must be on the same volume: %w", path, dir, err)
	}
	return target, errors.Join(s.agent.Disk.SyncDir(dir), s.agent.Disk.SyncDir(filepath.Dir(path)))
}

// vacant returns path, or the first name like it that nothing has.
func vacant(path string) (string, error) {
	const limit = 100_000
	ext := filepath.Ext(path)
	stem := strings.TrimSuffix(path, ext)
	for n := 1; n < limit; n++ {
		name := path
		if n > 1 {
			name = fmt.Sprintf("%s-%d%s", stem, n, ext)
		}
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name, nil
		} else if err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("%d things are called %s already", limit-1, filepath.Base(path))
}

// remove deletes a source durably. A folder loses its files first, the marker before all: what a crash leaves of it is not taken for complete.
func (s *source) remove(path string) error {
	disk := s.agent.Disk
	if s.Kind != config.FolderKind {
		if err := disk.Remove(path); err != nil {
			return err
		}
		return disk.SyncDir(filepath.Dir(path))
	}
	hidden := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".deleted")
	if err := disk.Rename(path, hidden); err != nil {
		return err
	}
	if err := disk.SyncDir(filepath.Dir(path)); err != nil {
		return err
	}
	return os.RemoveAll(hidden)
}

// pack makes a ZIP archive of a source in a folder and removes the source when the archive is whole and synced. It returns where the archive is.
func (s *source) pack(path, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	target, err := vacant(filepath.Join(dir, filepath.Base(path)+".zip"))
	if err != nil {
		return "", err
	}
	if err := s.agent.Disk.WriteFileFrom(target, 0o644, func(w io.Writer) error { return writeZip(w, path) }); err != nil {
		return "", err
	}
	if err := checkZip(target); err != nil {
		return "", errors.Join(fmt.Errorf("read archive %s back: %w", target, err), s.agent.Disk.Remove(target))
	}
	return target, s.remove(path)
}

// writeZip packs a file, or all files of a folder.
func writeZip(w io.Writer, path string) error {
	z := zip.NewWriter(w)
	root := filepath.Dir(path)
	err := filepath.WalkDir(path, func(at string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(root, at)
		if err != nil {
			return err
		}
		return addToZip(z, at, filepath.ToSlash(rel))
	})
	return errors.Join(err, z.Close())
}

func addToZip(z *zip.Writer, path, name string) error {
	src, err := os.Open(path)
	if err != nil {
		return err
	}
	defer src.Close() // only read: there is nothing to lose
	info, err := src.Stat()
	if err != nil {
		return err
	}
	dst, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: info.ModTime()})
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return err
}

// checkZip reads an archive to its end, which compares every checksum.
func checkZip(path string) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer z.Close() // only read: there is nothing to lose
	for _, f := range z.File {
		r, err := f.Open()
		if err == nil {
			_, err = io.Copy(io.Discard, r)
			err = errors.Join(err, r.Close())
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

// tidy deletes done sources that have been kept long enough, now and then.
func (s *source) tidy() {
	now := s.agent.Now()
	if s.Retain == 0 || now.Sub(s.tidied) < tidyGap {
		return
	}
	s.tidied = now
	entries, err := os.ReadDir(s.done)
	for _, e := range entries {
		info, infoErr := e.Info()
		if infoErr != nil || now.Sub(info.ModTime()) < s.Retain {
			continue
		}
		err = errors.Join(err, os.RemoveAll(filepath.Join(s.done, e.Name())))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.agent.Logger.Warn("done sources could not all be deleted", "converter", s.Name, "path", s.done, "err", err)
	}
}

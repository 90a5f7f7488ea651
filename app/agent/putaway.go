package agent

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gowats/gowats/app/config"
)

var (
	errChanged = errors.New("it has changed since it was read")
	errTaken   = errors.New("another file has taken the name that it was to get")
)

// putAway does with a source whose reports are safe what its converter says.
func (s *source) putAway(ctx context.Context, name string, r record, out result) error {
	seen, err := s.sightOf(name)
	if err != nil {
		return err
	}
	if !seen.equals(r.sight) {
		return errChanged
	}
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	switch s.After {
	case config.KeepAction:
		s.mu.Lock()
		s.tracker.ignore(name)
		s.mu.Unlock()
	case config.DeleteAction:
		err = s.remove(path)
	case config.ZipAction:
		err = s.pack(path, r.target)
	default:
		err = s.move(path, r.target)
	}
	if errors.Is(err, fs.ErrExist) { // the name was free when it was chosen
		if r.target, err = s.targetOf(name); err == nil {
			err = errors.Join(s.remember(ctx, r), errTaken)
		}
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
	s.agent.Handled(Result{Converter: s.Name, Name: name, Path: s.placeOf(path, r), ID: r.first, Reports: r.reports})
	return nil
}

// placeOf returns where a source is after it was put away, "" when it was removed.
func (s *source) placeOf(path string, r record) string {
	if s.After == config.KeepAction {
		return path
	}
	return r.target
}

// targetOf chooses where a source is put away, "" where it is not.
func (s *source) targetOf(name string) (string, error) {
	ending := ""
	switch s.After {
	case config.KeepAction, config.DeleteAction:
		return "", nil
	case config.ZipAction:
		ending = ".zip"
	}
	return vacant(filepath.Join(s.folderFor(s.done, name), filepath.Base(filepath.FromSlash(name))+ending))
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
	r, err := s.refuse(ctx, name, out)
	if err != nil {
		return err
	}
	// The reason comes first: a file in the folder is never without.
	now := r.target
	if err := s.makeFolder(filepath.Dir(now)); err != nil {
		return err
	}
	text := explain(name, s.dir, s.agent.Now(), out, why)
	if err := s.agent.Disk.WriteFileAtomic(now+".error.txt", []byte(text), 0o644); err != nil {
		return err
	}
	err = s.move(filepath.Join(s.dir, filepath.FromSlash(name)), now)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if forgotten := s.forget(ctx, name); err != nil || forgotten != nil { // a name that is taken is chosen anew
		return errors.Join(err, forgotten)
	}
	s.count(func(c *ConverterStatus) { c.Refused++; c.Reports += out.good; c.Error = name + ": " + why.Reason })
	s.agent.Logger.Warn("source refused", "converter", s.Name, "path", now, "format", out.format, "reports", out.good, "report_id", out.first, "err", why)
	s.agent.Handled(Result{Converter: s.Name, Name: name, Path: now, ID: out.first, Reports: out.good, Err: why})
	return nil
}

// refuse chooses where a refused source goes and remembers it, unless that was done before a crash.
func (s *source) refuse(ctx context.Context, name string, out result) (r record, err error) {
	r, known := s.record(name)
	if known && r.refused {
		return r, nil
	}
	r = record{name: name, sight: out.seen, sha256: out.sha256, refused: true}
	if r.target, err = vacant(filepath.Join(s.folderFor(s.failed, name), filepath.Base(filepath.FromSlash(name)))); err != nil {
		return r, err
	}
	return r, s.remember(ctx, r)
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

// move gives a source its new name, whose folder is made when it is not there. It never overwrites. When a crash left the source under both names, only
// the old one is left to be removed.
func (s *source) move(path, target string) error {
	if err := s.makeFolder(filepath.Dir(target)); err != nil {
		return err
	}
	if s.Kind == config.FolderKind {
		if err := s.rename(s.agent.Disk.RenameNew, path, target); err != nil {
			return fmt.Errorf("move folder %s to %s, which must be on the same volume: %w", path, target, err)
		}
		return s.syncLeft(filepath.Dir(path))
	}
	err := s.rename(s.agent.Disk.MoveNew, path, target)
	switch {
	case err == nil:
		return s.syncLeft(filepath.Dir(path))
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	same, readErr := sameContent(path, target)
	if readErr != nil || !same {
		return errors.Join(err, readErr)
	}
	if err := s.syncTarget(target); err != nil {
		return err
	}
	return s.remove(path)
}

// rename moves a source, and remembers that its new name is not on the disk yet: also after an error, since the move may have been done nevertheless.
func (s *source) rename(move func(path, target string) error, path, target string) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	s.arrived[filepath.Dir(target)] = true
	return move(path, target)
}

// syncLeft syncs a folder that sources have left: first the folders where they went, also those of other sources, since a name that is gone for good must be there
// under another one.
func (s *source) syncLeft(dir string) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	for _, target := range slices.Sorted(maps.Keys(s.arrived)) {
		if err := s.agent.Disk.SyncDir(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		delete(s.arrived, target)
	}
	return s.agent.Disk.SyncDir(dir)
}

// makeFolder makes a folder and those above it durably, as far as they are not there. One that is there may have been made just before a crash, or its
// sync may have failed, so the first use of each syncs it.
func (s *source) makeFolder(dir string) error {
	s.mu.Lock()
	durable := s.durable[dir]
	s.mu.Unlock()
	_, err := s.agent.Disk.Lstat(dir)
	switch {
	case err == nil && durable, err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err != nil:
		if err := s.makeFolder(filepath.Dir(dir)); err != nil {
			return err
		}
		if err := s.agent.Disk.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := s.syncLeft(filepath.Dir(dir)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.durable[dir] = true
	return nil
}

// sameContent reports whether two files hold the same bytes.
func sameContent(a, b string) (bool, error) {
	digestOf := func(path string) (sum [sha256.Size]byte, err error) {
		f, err := os.Open(path)
		if err != nil {
			return sum, err
		}
		defer f.Close() // only read: there is nothing to lose
		digest := sha256.New()
		_, err = io.Copy(digest, f)
		return [sha256.Size]byte(digest.Sum(nil)), err
	}
	first, err := digestOf(a)
	if err != nil {
		return false, err
	}
	second, err := digestOf(b)
	return first == second, err
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
		return s.syncLeft(filepath.Dir(path))
	}
	hidden := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".deleted")
	if err := disk.Rename(path, hidden); err != nil {
		return err
	}
	if err := s.syncLeft(filepath.Dir(path)); err != nil {
		return err
	}
	return os.RemoveAll(hidden)
}

// pack makes a ZIP archive of a source and removes the source when the archive is whole and synced. When a crash came in between, the archive is
// there and only the source is left to be removed.
func (s *source) pack(path, target string) error {
	if err := s.makeFolder(filepath.Dir(target)); err != nil {
		return err
	}
	err := s.agent.Disk.WriteNewFrom(target, 0o644, func(w io.Writer) error { return writeZip(w, path) })
	was := errors.Is(err, fs.ErrExist)
	if err != nil && !was {
		return err
	}
	switch wrong := checkZip(target, path); {
	case wrong == nil:
		if err := s.syncTarget(target); err != nil {
			return err
		}
		return s.remove(path)
	case was:
		return fmt.Errorf("%w: it is no archive of %s: %w", fs.ErrExist, path, wrong)
	default:
		return errors.Join(fmt.Errorf("read archive %s back: %w", target, wrong), s.agent.Disk.Remove(target))
	}
}

// writeZip packs a file, or all files of a folder.
func writeZip(w io.Writer, path string) error {
	z := zip.NewWriter(w)
	err := eachPacked(path, func(at, name string) error { return addToZip(z, at, name) })
	return errors.Join(err, z.Close())
}

// eachPacked calls f for a file, or for every file of a folder, with its name in an archive.
func eachPacked(path string, f func(at, name string) error) error {
	root := filepath.Dir(path)
	return filepath.WalkDir(path, func(at string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(root, at)
		if err != nil {
			return err
		}
		return f(at, filepath.ToSlash(rel))
	})
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

// checkZip returns nil when an archive holds just the files of a source, each whole.
func checkZip(archive, path string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer func() { _ = z.Close() }() // only read: there is nothing to lose
	packed := map[string]*zip.File{}
	for _, f := range z.File {
		packed[f.Name] = f
	}
	files := 0
	err = eachPacked(path, func(at, name string) error {
		files++
		f := packed[name]
		if f == nil {
			return fmt.Errorf("%s is missing", name)
		}
		return samePacked(f, at)
	})
	if err == nil && files != len(z.File) {
		err = fmt.Errorf("it holds %d files, not %d", len(z.File), files)
	}
	return err
}

// samePacked compares a packed file, read to its end, with the file itself.
func samePacked(f *zip.File, path string) error {
	packed, err := f.Open()
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, packed) // compares the checksum
	if err := errors.Join(err, packed.Close()); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() // only read: there is nothing to lose
	sum := crc32.NewIEEE()
	n, err := io.Copy(sum, file)
	if err == nil && (uint64(n) != f.UncompressedSize64 || sum.Sum32() != f.CRC32) {
		err = fmt.Errorf("%s is not the file that was packed", f.Name)
	}
	return err
}

// tidy deletes done sources that have been kept long enough, and what a crash has left half written, now and then.
func (s *source) tidy() {
	now := s.agent.Now()
	if now.Sub(s.tidied) < tidyGap {
		return
	}
	s.tidied = now
	for _, dir := range []string{s.done, s.failed} {
		entries, err := os.ReadDir(dir)
		for _, e := range entries {
			info, infoErr := e.Info()
			if infoErr == nil && s.isOver(dir, info, now) {
				err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
			}
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.agent.Logger.Warn("folder could not be tidied", "converter", s.Name, "path", dir, "err", err)
		}
	}
}

// isOver reports whether nobody needs a file in the folders Done and Error any more.
func (s *source) isOver(dir string, info fs.FileInfo, now time.Time) bool {
	age := now.Sub(info.ModTime())
	if leftOver := strings.HasPrefix(info.Name(), ".") && strings.HasSuffix(info.Name(), ".tmp"); leftOver {
		return age > tidyGap
	}
	return dir == s.done && s.Retain > 0 && age >= s.Retain
}

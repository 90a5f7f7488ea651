package agent

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/queue"
	"github.com/gowats/gowats/report"
)

// result is what became of a source that was read.
type result struct {
	tally
	seen   sight // as it was when it was read
	sha256 [sha256.Size]byte
	format string
	losses []convert.Loss
	mends  int
}

// process reads one source, makes its reports safe, and puts it away.
func (s *source) process(ctx context.Context, name string) error {
	var refused *Refusal
	err := s.companion(ctx, name)
	if errors.As(err, &refused) {
		return s.setAside(ctx, name, result{}, refused)
	}
	if err != nil {
		return err
	}
	seen, err := s.sightOf(name)
	if err != nil {
		return err
	}
	if r, known := s.record(name); known && r.spooled && r.sight.equals(seen) {
		return s.putAway(ctx, name, r, result{}) // a crash came between
	}
	out, err := s.convert(ctx, name)
	switch {
	case errors.As(err, &refused):
		return s.setAside(ctx, name, out, refused)
	case err != nil:
		return err
	}
	r := record{name: name, sight: out.seen, sha256: out.sha256, spooled: true, reports: out.good, first: out.first}
	if r.target, err = s.targetOf(name); err != nil {
		return err
	}
	if err := s.remember(ctx, r); err != nil {
		return err
	}
	return s.putAway(ctx, name, r, out)
}

// sightOf looks at a source.
func (s *source) sightOf(name string) (sight, error) {
	if s.Kind == config.FolderKind {
		return s.sightOfFolder(name)
	}
	info, err := os.Lstat(filepath.Join(s.dir, filepath.FromSlash(name)))
	if err != nil {
		return sight{}, err
	}
	return sightOf(info), nil
}

// convert makes the good reports of a source safe. The error is a [*Refusal] where the source is bad, a [*deadlineError] where it took too long.
func (s *source) convert(ctx context.Context, name string) (out result, err error) {
	limited, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			s.agent.Logger.Error("reading a source has failed in this program", "converter", s.Name, "path", filepath.Join(s.dir, name), "panic", v, "stack", string(debug.Stack()))
			err = refusef("this program failed on the file: %v; keep the file and report the fault", v)
		}
		if err != nil && limited.Err() != nil && ctx.Err() == nil {
			err = &deadlineError{s.Timeout}
		}
	}()
	if s.Kind == config.FolderKind {
		return s.convertFolder(limited, name)
	}
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	if err := s.convertFile(limited, path, name, &out); err != nil {
		return out, err
	}
	return out, out.refusal()
}

// convertFile adds the reports of a file to out. An error is no refusal, unless no report of the file could be read.
func (s *source) convertFile(ctx context.Context, path, name string, out *result) error {
	f, err := openSource(path)
	if err != nil {
		return err
	}
	defer f.Close() // only read: there is nothing to lose
	info, err := f.Stat()
	if err != nil {
		return err
	}
	out.seen = sightOf(info)
	r, err := Open(ctx, filepath.Base(name), f, ReadOptions{
		Format: s.Format, Station: s.agent.stationOf(s.Converter, path), Mode: modeOf(s.Mode), Repair: s.Repair})
	if err != nil {
		return err
	}
	out.format, out.sha256 = r.Format.Name, r.SHA256
	lineage := s.lineage(name, r)
	for u, err := range r.Units(ctx) {
		var refused *Refusal
		if errors.As(err, &refused) {
			out.stopped(err)
			break
		}
		if err != nil {
			return err
		}
		out.mends += len(u.Mends)
		if !out.add(u) {
			continue
		}
		if err := s.agent.Put(ctx, queue.Item{ID: queue.ID(u.Report.ID), Type: queue.WSJF, Priority: s.Priority, Lineage: lineage,
			Document: u.Report.AppendWSJF(nil, report.WSJFOptions{})}); err != nil {
			return fmt.Errorf("make report %s safe: %w", u.Report.ID, err)
		}
	}
	out.losses = append(out.losses, r.Losses()...)
	return nil
}

func modeOf(word string) report.Mode {
	if word == "active" {
		return report.Active
	}
	return report.Import
}

// lineage says where the reports of a file come from, in printable ASCII.
func (s *source) lineage(name string, r *Reading) string {
	const longest = 500 // bytes of the file's name
	if len(name) > longest {
		name = name[:longest]
	}
	text, err := json.Marshal(map[string]string{
		"file": strings.Trim(strconv.QuoteToASCII(name), `"`), "sha256": fmt.Sprintf("%x", r.SHA256), "format": r.Format.Name, "converter": s.Name,
		"version": s.agent.Version,
	})
	if err != nil { // texts always have a JSON form
		return ""
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, string(text))
}

// suspension says that a source waits for its companion.
type suspension struct{ missing string }

func (e *suspension) Error() string { return "it waits for " + e.missing }

// companion returns a [*suspension] while the companion of a source is not there, and a [*Refusal] when it has waited long enough.
func (s *source) companion(ctx context.Context, name string) error {
	if s.Suspend.Companion == "" {
		return nil
	}
	base := filepath.Base(filepath.FromSlash(name))
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	wanted := strings.NewReplacer("{stem}", stem, "{name}", base).Replace(s.Suspend.Companion)
	if wanted == base {
		return nil // it is the companion of others
	}
	_, err := os.Stat(filepath.Join(s.dir, filepath.Dir(filepath.FromSlash(name)), wanted))
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	r, _ := s.record(name)
	r.name = name
	r.tries++
	if r.tries > s.Suspend.Tries {
		return refusef("timed out waiting for %s: it did not come in %d looks, %v apart", wanted, s.Suspend.Tries, s.Suspend.Every)
	}
	if err := s.remember(ctx, r); err != nil {
		return err
	}
	return &suspension{wanted}
}

// sightOfFolder, listFolders and convertFolder are for folders that are one source each.

// listFolders returns the folders that are complete but for time: with the marker, where there is to be one, and enough files.
func (s *source) listFolders() (map[string]sight, error) {
	entries, err := s.agent.Disk.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	seen := map[string]sight{}
	for _, e := range entries {
		at := filepath.Join(s.dir, e.Name())
		if !e.IsDir() || isTemporary(e.Name()) || !s.isOurs(e.Name()) || at == s.done || at == s.failed || len(seen) >= maxSeen {
			continue
		}
		sum, err := s.sightOfFolder(e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if sum.files >= max(1, s.MinFiles) && (s.Marker == "" || sum.marked) {
			seen[e.Name()] = sum
		}
	}
	return seen, nil
}

func (s *source) sightOfFolder(name string) (sum sight, err error) {
	err = s.eachFile(name, func(rel string, info fs.FileInfo) error {
		if rel == s.Marker {
			sum.marked = true
			return nil
		}
		sum.files++
		sum.size += info.Size()
		sum.modified = max(sum.modified, info.ModTime().UnixNano())
		return nil
	})
	return sum, err
}

const maxFolderFiles = 100_000

// eachFile calls f for every regular file in a folder, in the order of their names.
func (s *source) eachFile(name string, f func(rel string, info fs.FileInfo) error) error {
	root, n := filepath.Join(s.dir, name), 0
	return filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		if n++; n > maxFolderFiles {
			return refusef("the folder holds more than %d files", maxFolderFiles)
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return f(filepath.ToSlash(rel), info)
	})
}

// convertFolder reads every file of a folder that is in a known format; the others are companions and stay with it.
func (s *source) convertFolder(ctx context.Context, name string) (out result, err error) {
	seen, err := s.sightOfFolder(name)
	if err != nil {
		return out, err
	}
	digest := sha256.New()
	var first *Refusal
	err = s.eachFile(name, func(rel string, info fs.FileInfo) error {
		if rel == s.Marker || isTemporary(filepath.Base(rel)) || info.Size() == 0 {
			return nil
		}
		err := s.convertFile(ctx, filepath.Join(s.dir, name, filepath.FromSlash(rel)), name+"/"+rel, &out)
		if errors.As(err, &first) {
			return nil // a companion
		}
		_, _ = io.WriteString(digest, rel+"\x00"+string(out.sha256[:])) // a hash never fails
		return err
	})
	if err != nil {
		return out, err
	}
	out.seen = seen
	digest.Sum(out.sha256[:0])
	if out.units == 0 && out.reason == "" {
		if first == nil {
			first = refusef("it holds no file")
		}
		return out, refusef("no file of the folder is a report: of the last one, %v", first)
	}
	return out, out.refusal()
}

package agent

import (
	"context"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/gowats/gowats/app/config"
)

const maxWatched = 1000 // folders of one converter that tell of changes; the others are only looked into

// watch sends to changes when something happens in the folder, until ctx ends. It only makes the agent faster: what it misses, or
// cannot watch at all, the next look finds.
func (s *source) watch(ctx context.Context, changes chan<- struct{}) {
	for ctx.Err() == nil {
		if err := s.watchOnce(ctx, changes); err != nil {
			s.agent.Logger.Debug("folder does not tell of changes, and is only looked into", "path", s.dir, "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(s.Rescan):
		}
	}
}

// watchOnce watches until ctx ends, or the folder does.
func (s *source) watchOnce(ctx context.Context, changes chan<- struct{}) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close() // nothing is written: an error changes nothing
	if err := w.Add(s.dir); err != nil {
		return err
	}
	s.watchBelow(w, s.dir)
	for len(w.WatchList()) > 0 {
		select {
		case <-ctx.Done():
			return nil
		case event, open := <-w.Events:
			if !open {
				return nil
			}
			if event.Has(fsnotify.Create) {
				s.watchBelow(w, event.Name)
			}
		case err, open := <-w.Errors: // an overflow too: the next look makes up for what was missed
			if !open {
				return nil
			}
			s.agent.Logger.Debug("watching a folder", "path", s.dir, "err", err)
		}
		select {
		case changes <- struct{}{}:
		default: // a look is due already
		}
	}
	return nil
}

// watchBelow watches the folders below dir, where those count.
func (s *source) watchBelow(w *fsnotify.Watcher, dir string) {
	if !s.Nested && s.Kind != config.FolderKind {
		return
	}
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error { // what fails is found by the next look
		switch {
		case err != nil:
			return nil //nolint:nilerr // a folder that cannot be read tells of nothing
		case !e.IsDir():
			return nil
		case path == s.done || path == s.failed || len(w.WatchList()) >= maxWatched:
			return filepath.SkipDir
		}
		return w.Add(path)
	})
}

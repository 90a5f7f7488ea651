package agent

import (
	"context"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watch sends to changes when something happens in the inbox, until ctx ends. It only makes the agent faster: what it misses, or
// cannot watch at all, the next look finds.
func (a *Agent) watch(ctx context.Context, changes chan<- struct{}) {
	const retry = 30 * time.Second
	for ctx.Err() == nil {
		if err := a.watchOnce(ctx, changes); err != nil {
			a.Logger.Debug("inbox is not watched, only looked into", "path", a.Inbox, "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(retry):
		}
	}
}

// watchOnce watches until ctx ends, or the inbox does.
func (a *Agent) watchOnce(ctx context.Context, changes chan<- struct{}) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close() // nothing is written: an error changes nothing
	if err := w.Add(a.Inbox); err != nil {
		return err
	}
	for len(w.WatchList()) > 0 {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-w.Events:
			if !open {
				return nil
			}
		case err, open := <-w.Errors: // an overflow too: the next look makes up for what was missed
			if !open {
				return nil
			}
			a.Logger.Debug("watching the inbox", "path", a.Inbox, "err", err)
		}
		select {
		case changes <- struct{}{}:
		default: // a look is due already
		}
	}
	return nil
}

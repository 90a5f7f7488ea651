package queue

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"
)

// prune deletes sent reports that are older than the retention, and the oldest of the others when they are too many bytes. The
// hour in which a report was sent is exact enough, so that memory does not grow with their number.
func (u *uploader) prune(ctx context.Context) {
	now := u.q.now()
	var hours [24 * 31]int64 // bytes by age; the last holds all that is older
	var total int64
	u.eachSent(ctx, func(_ string, info fs.FileInfo) {
		hours[hourOf(now, info, len(hours))] += info.Size()
		total += info.Size()
	})
	keep := u.q.retention.Age
	if most := u.q.retention.Bytes; most > 0 && total > most {
		for h := len(hours) - 1; h >= 0 && total > most; h-- {
			total -= hours[h]
			keep = min(keep, time.Duration(h)*time.Hour)
		}
	}
	u.eachSent(ctx, func(path string, info fs.FileInfo) {
		if now.Sub(info.ModTime()) < keep {
			return
		}
		if err := u.q.fs.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			u.q.log.Warn("sent report cannot be deleted", "path", path, "err", err)
		}
	})
}

func hourOf(now time.Time, info fs.FileInfo, most int) int {
	return max(0, min(int(now.Sub(info.ModTime())/time.Hour), most-1))
}

// eachSent calls do for each file in sent/, notes too, until ctx ends.
func (u *uploader) eachSent(ctx context.Context, do func(path string, info fs.FileInfo)) {
	for i := range u.q.shards {
		if ctx.Err() != nil {
			return
		}
		dir := u.q.shardPath(Sent, byte(i))
		entries, err := u.q.fs.ReadDir(dir)
		if err != nil {
			continue // not made yet
		}
		for _, e := range entries {
			if info, err := e.Info(); err == nil && !info.IsDir() {
				do(filepath.Join(dir, e.Name()), info)
			}
		}
	}
}

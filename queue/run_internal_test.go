package queue

import (
	"testing"
	"time"
)

func TestPauseBetweenLooks(t *testing.T) {
	for name, tc := range map[string]struct {
		set  func(u *uploader)
		want time.Duration
	}{
		"nothing waits":                  {func(*uploader) {}, time.Minute},
		"an item is in line":             {func(u *uploader) { u.index.addAt(1, 1, 5, 0) }, time.Millisecond},
		"an item waits for its time":     {delayItem(10 * time.Second), 10 * time.Second},
		"an item is overdue":             {delayItem(-10 * time.Second), time.Millisecond},
		"an item waits for hours":        {delayItem(10 * time.Hour), time.Minute},
		"paused, and an item is overdue": {func(u *uploader) { delayItem(-time.Second)(u); u.q.Pause() }, time.Minute},
		"server away": {func(u *uploader) {
			u.index.addAt(1, 1, 5, 0)
			u.gate.close(pass{}, Result{Class: Offline, After: 20 * time.Second}, 0, noon)
		}, 20 * time.Second},
		"server away, and the item waits longer": {func(u *uploader) {
			delayItem(30 * time.Second)(u)
			u.gate.close(pass{}, Result{Class: Offline, After: 20 * time.Second}, 0, noon)
		}, 30 * time.Second},
		"server away, and the item is overdue": {func(u *uploader) {
			delayItem(-30 * time.Second)(u)
			u.gate.close(pass{}, Result{Class: Offline, After: 20 * time.Second}, 0, noon)
		}, 20 * time.Second},
		"one is sent to see": {func(u *uploader) {
			u.index.addAt(1, 1, 5, 0)
			u.gate.close(pass{}, Result{Class: Offline, After: time.Second}, 0, noon.Add(-time.Hour))
			u.gate.admit(noon)
		}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			u := &uploader{q: &Queue{now: func() time.Time { return noon }}, index: newIndex()}
			tc.set(u)
			if got := u.pause(); got != tc.want {
				t.Errorf("pause: got %v, want %v", got, tc.want)
			}
		})
	}
}

// delayItem adds an item that is due so long after noon.
func delayItem(after time.Duration) func(*uploader) {
	return func(u *uploader) {
		u.index.addAt(1, 1, 5, 0)
		u.index.postpone(u.index.claim(noon), noon.Add(after))
	}
}

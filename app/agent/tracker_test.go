package agent

import (
	"slices"
	"testing"
	"time"
)

func TestTrackerTellsWhatHasStoppedChanging(t *testing.T) {
	const settle = 300 * time.Millisecond
	type look struct {
		at    time.Duration // since the first look
		seen  map[string]sight
		ready []string
		next  time.Duration
	}
	one := func(size int64) map[string]sight { return map[string]sight{"a": {size: size}} }
	cases := map[string][]look{
		"a new file is not ready, however old": {{0, one(5), nil, settle}},
		"unchanged for the settle time is ready": {
			{0, one(5), nil, settle},
			{settle, one(5), []string{"a"}, 0},
		},
		"a file that grows waits again": {
			{0, one(5), nil, settle},
			{settle, one(6), nil, settle},
			{2*settle - 1, one(6), nil, 1},
			{2 * settle, one(6), []string{"a"}, 0},
		},
		"the same size at another time is a change": {
			{0, one(5), nil, settle},
			{settle, map[string]sight{"a": {size: 5, modified: 1}}, nil, settle},
		},
		"a file that left and came back is new": {
			{0, one(5), nil, settle},
			{settle, nil, nil, 0},
			{2 * settle, one(5), nil, settle},
		},
		"an empty file gets a minute": {
			{0, one(0), nil, time.Minute},
			{settle, one(0), nil, time.Minute - settle},
			{time.Minute, one(0), []string{"a"}, 0},
		},
		"the longest unchanged comes first": {
			{0, map[string]sight{"z": {size: 1}}, nil, settle},
			{1, map[string]sight{"z": {size: 1}, "a": {size: 1}, "b": {size: 1}}, nil, settle - 1},
			{2 * settle, map[string]sight{"z": {size: 1}, "a": {size: 1}, "b": {size: 1}}, []string{"z", "a", "b"}, 0},
		},
	}
	start := time.Unix(1_800_000_000, 0)
	for name, looks := range cases {
		t.Run(name, func(t *testing.T) {
			tr := newTracker(func(sight) time.Duration { return settle })
			for i, l := range looks {
				ready, next := tr.look(start.Add(l.at), l.seen)
				if !slices.Equal(ready, l.ready) || next != l.next {
					t.Errorf("look %d: got %q, %v, want %q, %v", i, ready, next, l.ready, l.next)
				}
			}
		})
	}
}

func TestPostponedFileWaitsLongerEachTime(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	tr := newTracker(func(sight) time.Duration { return time.Millisecond })
	seen := map[string]sight{"a": {size: 1}}
	tr.look(now, seen)
	for i, seconds := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
		want := time.Duration(seconds) * time.Second
		if attempt, delay := tr.postpone("a", now, 0); attempt != i+1 || delay != want {
			t.Errorf("postpone: got attempt %d and delay %v, want %d and %v", attempt, delay, i+1, want)
		}
		if ready, next := tr.look(now, seen); len(ready) > 0 || next != want {
			t.Errorf("look after postpone: got %q and next %v, want nothing and %v", ready, next, want)
		}
		now = now.Add(want)
	}
	seen["a"] = sight{size: 2}
	tr.look(now, seen)
	if ready, _ := tr.look(now.Add(time.Millisecond), seen); len(ready) != 1 {
		t.Error("a changed file does not wait for the attempt of the old one")
	}
}

func TestTemporaryNames(t *testing.T) {
	for name, want := range map[string]bool{
		"run.json": false, "run.tmp.json": false, "part": false,
		".run.json": true, "~run.json": true, "run.json~": true, "run.TMP": true, "run.json.part": true, "run.crdownload": true,
	} {
		if got := isTemporary(name); got != want {
			t.Errorf("isTemporary(%q) = %v, want %v", name, got, want)
		}
	}
}

package store

import (
	"context"
	"fmt"

	"github.com/gowats/gowats/report"
)

// runKey is a unit in a process: what runs are counted in.
type runKey struct {
	serial, part string
	process      int
}

func (k runKey) String() string {
	return fmt.Sprintf("unit %s of %s in process %d", k.serial, k.part, k.process)
}

// instant orders the runs of a unit: by start, and by ID where that is equal.
type instant struct {
	ns int64
	id report.ID
}

const millisecond = 1_000_000 // nanoseconds

// floor returns the start of the millisecond that i lies in. Two tests of a unit that start in the same one are the same run.
func (i instant) floor() int64 {
	rest := i.ns % millisecond
	if rest < 0 {
		rest += millisecond
	}
	return i.ns - rest
}

// takeRun returns the number of the run that starts at the given instant and makes room for it. A current report of the same run
// is superseded, and uses is told what that had used.
//
// The reports of a unit mostly arrive in order; then one look at the last run is all it takes.
func (w *writer) takeRun(ctx context.Context, k runKey, at instant, uses replacedUses) (run int, replaced bool, err error) {
	var last instant
	found, err := w.get(ctx, []any{&run, &last.ns},
		`SELECT run, start_ns FROM report WHERE serial_number = $1 AND part_number = $2 AND process_code = $3 AND run IS NOT NULL
		ORDER BY start_ns DESC, id DESC LIMIT 1`, k.serial, k.part, k.process)
	switch {
	case err != nil:
		return 0, false, err
	case !found:
		return 1, false, nil
	case last.ns < at.floor():
		return run + 1, false, nil
	}
	replaced, err = w.supersedeRun(ctx, k, at, uses)
	if err != nil {
		return 0, false, err
	}
	run, err = w.runsBefore(ctx, k, at)
	if err != nil {
		return 0, false, err
	}
	return run + 1, replaced, w.shiftRuns(ctx, k, at, +1)
}

// supersedeRun supersedes the current report of the test run that starts in the same millisecond, if there is one.
func (w *writer) supersedeRun(ctx context.Context, k runKey, at instant, uses replacedUses) (bool, error) {
	old := version{key: k}
	var id []byte
	found, err := w.get(ctx, []any{&old.seq, &id, &old.start.ns, &old.run},
		`SELECT seq, id, start_ns, run FROM report WHERE serial_number = $1 AND part_number = $2 AND process_code = $3
		AND run IS NOT NULL AND start_ns BETWEEN $4 AND $5`,
		k.serial, k.part, k.process, at.floor(), at.floor()+millisecond-1)
	if err != nil || !found {
		return false, err
	}
	copy(old.start.id[:], id)
	return true, w.supersede(ctx, old, uses)
}

// runsBefore returns the number of the last run before the given instant, 0 when there is none.
func (w *writer) runsBefore(ctx context.Context, k runKey, at instant) (run int, err error) {
	_, err = w.get(ctx, []any{&run},
		`SELECT run FROM report WHERE serial_number = $1 AND part_number = $2 AND process_code = $3 AND run IS NOT NULL
		AND (start_ns, id) < ($4, $5) ORDER BY start_ns DESC, id DESC LIMIT 1`,
		k.serial, k.part, k.process, at.ns, at.id[:])
	return run, err
}

// shiftRuns adds by to the numbers of the runs after the given instant.
func (w *writer) shiftRuns(ctx context.Context, k runKey, after instant, by int) error {
	_, err := w.exec(ctx,
		`UPDATE report SET run = run + $1 WHERE serial_number = $2 AND part_number = $3 AND process_code = $4 AND run IS NOT NULL
		AND (start_ns, id) > ($5, $6)`,
		by, k.serial, k.part, k.process, after.ns, after.id[:])
	return err
}

package store

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

const (
	maxSerialLines = 1_000_000 // of a file
	maxSerialRuns  = 50_000    // that a file may add: each is a row of the pool, in one transaction
)

// SerialItem is one line of a file of serial numbers.
type SerialItem struct {
	Path         string // where it stands: line 3
	Type         string // "": not told
	Number       string
	Follow       int64 // how many numbers in sequence follow
	IsTaken      bool
	Taken        time.Time // zero: not told
	Serial, Part string    // taken for these
	Station      string
	Wrong        report.Findings // what cannot be read
}

// ImportSerialNumbers adds numbers to the pool of a type, which the first item names when typeName is "". Those that are there already are rejected, and
// the rest is added: as taken where they say so, else as free. Numbers that the type does not allow are violations, of which all are told, and then
// nothing is added. [ErrNotFound] when there is no such type, [ErrTooLarge] when the items are too many. An error that items yield ends it.
func (s *Store) ImportSerialNumbers(ctx context.Context, typeName string, items iter.Seq2[SerialItem, error], user string) (*wats.SerialImport, error) {
	in := serialImport{name: typeName, free: map[serialRow][]span{}, taken: map[serialRow][]span{}, details: map[serialNumber]SerialItem{}}
	for item, err := range items {
		if err == nil {
			err = in.add(ctx, s, item)
		}
		if err != nil {
			return nil, fmt.Errorf("import serial numbers: %w", err)
		}
	}
	no, err := in.finish()
	if err != nil {
		return nil, fmt.Errorf("import serial numbers: %w", err)
	}
	now := s.now()
	early, names := no.count, len(no.texts)
	err = s.queue.do(ctx, in.runs*serialSize, func(ctx context.Context, w *writer) error {
		no.count, no.texts = early, no.texts[:names] // a second try begins anew
		t, err := w.serialType(ctx, in.of.Name)
		if err != nil {
			return err
		}
		if t.SerialNumberType != in.of.SerialNumberType {
			return conflict("serial number type %q has been changed meanwhile: import the file again", t.Name)
		}
		return in.store(ctx, serialPool{w, t}, no, user, now)
	})
	if err != nil {
		return nil, fmt.Errorf("import serial numbers: %w", err)
	}
	slices.Sort(no.texts)
	return &wats.SerialImport{Imported: in.total - no.count, RejectedCount: no.count, Rejected: no.texts}, nil
}

// serialImport is a file of serial numbers as it comes in.
type serialImport struct {
	name    string
	of      *serialType // nil: not known yet
	allowed func(string) bool
	lines   int
	runs    int
	total   int64
	free    map[serialRow][]span
	taken   map[serialRow][]span
	details map[serialNumber]SerialItem // of what is taken
	found   report.Findings
}

func (in *serialImport) add(ctx context.Context, s *Store, item SerialItem) error {
	if in.lines++; in.lines > maxSerialLines {
		return fmt.Errorf("more than %d lines: split the file: %w", maxSerialLines, ErrTooLarge)
	}
	if in.of == nil {
		if err := in.find(ctx, s, item); err != nil {
			return err
		}
	}
	if len(item.Wrong) > 0 {
		in.refuse(item.Wrong...)
		return nil
	}
	refuse := func(rule, format string, args ...any) {
		in.refuse(report.Finding{Path: item.Path, Rule: rule, Message: fmt.Sprintf(format, args...)})
	}
	if item.Type != "" && !strings.EqualFold(item.Type, in.of.Name) {
		refuse("type", "a file has numbers of one type: this is %q, not %q", item.Type, in.of.Name)
		return nil
	}
	first, err := in.of.parse(item.Number)
	switch {
	case item.Number == "":
		refuse("required", "there is no serial number")
	case len(item.Number) > 100:
		refuse("length", "a serial number exceeds 100 characters: it has %d", len(item.Number))
	case err != nil:
		refuse("format", "%v", err)
	case item.Follow < 0 || item.Follow > in.of.last(first.serialRow)-first.value:
		refuse("range", "%d numbers cannot follow %q", item.Follow, item.Number)
	case !in.allowed(in.of.text(first.serialRow, first.value)) || !in.allowed(in.of.text(first.serialRow, first.value+item.Follow)):
		refuse("pattern", "serial number %q does not match %s", item.Number, in.of.Pattern)
	case item.IsTaken && item.Follow > 0:
		refuse("range", "taken numbers stand one by one")
	case item.IsTaken:
		in.taken[first.serialRow] = append(in.taken[first.serialRow], span{first.value, first.value})
		in.details[first] = item
		in.total++
	default:
		in.addFree(first, item.Follow)
	}
	if len(in.free) > maxSerialRuns || len(in.details) > maxSerialRuns {
		return in.tooMany()
	}
	return nil
}

// refuse notes why the file is refused, as far as there is room.
func (in *serialImport) refuse(why ...report.Finding) {
	const most = 1000
	if len(in.found) < most {
		in.found = append(in.found, why...)
	}
}

func (in *serialImport) tooMany() error {
	return fmt.Errorf("more than %d numbers or runs of numbers in sequence: split the file: %w", maxSerialRuns, ErrTooLarge)
}

// addFree lengthens the run before where the number follows it, as it mostly does.
func (in *serialImport) addFree(first serialNumber, follow int64) {
	in.total += follow + 1
	runs := in.free[first.serialRow]
	if n := len(runs); n > 0 && runs[n-1].highest+1 == first.value {
		runs[n-1].highest = first.value + follow
		return
	}
	in.free[first.serialRow] = append(runs, span{first.value, first.value + follow})
}

// find reads the type.
func (in *serialImport) find(ctx context.Context, s *Store, item SerialItem) (err error) {
	if in.name == "" {
		in.name = item.Type
	}
	if in.name == "" {
		return refuseMember("typeName", "required", "typeName is missing: give the type of the numbers here or in the file")
	}
	if in.of, err = s.serialType(ctx, in.name); err != nil {
		return err
	}
	in.allowed, err = in.of.matcher()
	return err
}

// finish puts the numbers in order. Those that are in the file twice are rejected.
func (in *serialImport) finish() (*rejects, error) {
	if len(in.found) > 0 {
		return nil, in.found.Err()
	}
	if in.of == nil {
		return nil, refuseMember("$", "required", "the file has no serial numbers")
	}
	no := &rejects{of: in.of, texts: []string{}}
	for _, rows := range [...]map[serialRow][]span{in.taken, in.free} {
		for at, spans := range rows {
			runs, twice := mergeSpans(spans)
			rows[at] = runs
			no.add(at, twice)
			in.runs += len(runs)
		}
	}
	if in.runs > maxSerialRuns {
		return nil, in.tooMany()
	}
	return no, nil
}

func (in *serialImport) store(ctx context.Context, p serialPool, no *rejects, user string, now time.Time) error {
	for at, runs := range in.taken {
		pieces, err := p.newTo(ctx, at, runs, no)
		if err != nil {
			return err
		}
		for _, n := range pieces {
			for v := n.lowest; v <= n.highest; v++ {
				if err := in.storeTaken(ctx, p, serialNumber{at, v}, user, now); err != nil {
					return err
				}
			}
		}
	}
	for at, runs := range in.free {
		if err := p.add(ctx, at, slices.Clone(runs), no); err != nil {
			return err
		}
	}
	return nil
}

func (in *serialImport) storeTaken(ctx context.Context, p serialPool, n serialNumber, user string, now time.Time) error {
	item := in.details[n]
	t := take{quantity: 1, at: item.Taken, refSerial: item.Serial, refPart: item.Part, station: item.Station, user: user}
	if t.at.IsZero() {
		t.at = now
	}
	id, err := p.insertTake(ctx, t)
	if err != nil {
		return err
	}
	return p.insertTaken(ctx, id, n.serialRow, n.value)
}

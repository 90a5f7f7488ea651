package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/report"
)

// maxDocument is the largest report that is read, in bytes: what servers take.
const maxDocument = 64 << 20

// Refusal is an error that lies in the file: trying again would change nothing.
type Refusal struct {
	Reason     string
	Violations report.Findings // every one; empty when the reason says it all
}

func (e *Refusal) Error() string { return e.Reason }

func refusef(format string, args ...any) *Refusal {
	return &Refusal{Reason: fmt.Sprintf(format, args...)}
}

// autoFormat is the name that stands for the format that the content tells.
const autoFormat = "auto"

// ReadOptions say how a file is read. The zero ReadOptions are good.
type ReadOptions struct {
	Format  string         // as package convert names it; "" or auto: by content
	Station config.Station // for reports that name none
	Mode    report.Mode    // how statuses are judged
	Repair  bool           // mend what can be mended
}

// Unit is one report of a file. One that is wrong is not to be handed in.
type Unit struct {
	Report   *report.Report
	Wrong    report.Findings // the violations
	Warnings report.Findings
	Mends    report.Findings
}

// Reading is a file being read. It is not safe for concurrent use.
type Reading struct {
	Format convert.Format
	SHA256 [sha256.Size]byte // of the whole file

	name    string
	src     io.ReadSeeker
	opt     ReadOptions
	reading *convert.Reading
}

// Open looks at a file and finds its format. It reads the file once, for its hash, which the IDs of reports without one are made of: the same
// file gives the same reports again. The name is for messages. That ctx ends is noticed between two pieces of the file.
//
// A file that cannot be a report is a [*Refusal].
func Open(ctx context.Context, name string, src io.ReadSeeker, opt ReadOptions) (*Reading, error) {
	r := &Reading{name: name, src: src, opt: opt}
	head := make([]byte, convert.ProbeSize)
	digest := sha256.New()
	n, err := io.ReadFull(io.TeeReader(contextReader{ctx, src}, digest), head)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // it is smaller than that
	case err != nil:
		return nil, err
	}
	if r.Format, err = formatOf(head[:n], opt.Format); err != nil {
		return nil, err
	}
	if _, err := io.Copy(digest, contextReader{ctx, src}); err != nil {
		return nil, err
	}
	digest.Sum(r.SHA256[:0])
	_, err = src.Seek(0, io.SeekStart)
	return r, err
}

// formatOf returns the format of a file that begins with head, or a [*Refusal].
func formatOf(head []byte, name string) (convert.Format, error) {
	if len(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))) == 0 {
		return convert.Format{}, refusef("the file is empty")
	}
	if name != "" && name != autoFormat {
		f, ok := convert.ByName(name)
		if !ok {
			return f, fmt.Errorf("there is no format %q", name)
		}
		return f, nil
	}
	if looksLikeJSON(head) { // whatever is wrong with it is best told as WSJF
		f, _ := convert.ByName("wsjf")
		return f, nil
	}
	f, _, ok := convert.Detect(head)
	if !ok {
		return f, refusef("the file is not in a known format; known are WSJF, WSXF and WSTF, ATML, and the XML reports of TestStand")
	}
	return f, nil
}

func looksLikeJSON(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))), []byte("{"))
}

// Units yields the reports of the file one by one, as it goes; it can be ranged over once. An error ends it: a [*Refusal] for what cannot be read,
// the error of ctx, or that of the disk. Reports before it are good.
func (r *Reading) Units(ctx context.Context) iter.Seq2[Unit, error] {
	return func(yield func(Unit, error) bool) {
		n := 0
		for u, err := range r.reports(ctx) {
			if err != nil {
				yield(Unit{}, err)
				return
			}
			if u.Report.ID.IsZero() {
				u.Report.ID = r.Format.UnitID(r.SHA256, n)
			}
			n++
			r.finish(&u)
			if !yield(u, nil) {
				return
			}
		}
	}
}

// Losses returns what is in the file and not in its reports, when Units has ended.
func (r *Reading) Losses() []convert.Loss {
	if r.reading == nil {
		return nil
	}
	return r.reading.Losses()
}

// reports yields the reports as they stand in the file. WSJF is read with its findings, which name what a server would refuse.
func (r *Reading) reports(ctx context.Context) iter.Seq2[Unit, error] {
	src := contextReader{ctx, r.src}
	if r.Format.Name == "wsjf" {
		return func(yield func(Unit, error) bool) { yield(readWSJF(src)) }
	}
	s := r.opt.Station
	r.reading = r.Format.Read(src, convert.ReadOptions{FileName: r.name, Station: s.Name, Location: s.Location, Purpose: s.Purpose})
	return func(yield func(Unit, error) bool) {
		for rep, err := range r.reading.Reports() {
			if err != nil {
				yield(Unit{}, unreadable(ctx, err))
				return
			}
			if !yield(Unit{Report: rep}, nil) {
				return
			}
		}
	}
}

func readWSJF(src io.Reader) (Unit, error) {
	data, err := ReadAll(src)
	if err != nil {
		return Unit{}, err
	}
	rep, findings, err := report.DecodeWSJF(data)
	if err != nil {
		return Unit{}, refusef("the file is not readable as WSJF: %v", err)
	}
	return Unit{Report: rep, Wrong: findings.Violations(), Warnings: findings.Warnings()}, nil
}

// ReadAll reads a file that is one document, up to the size that servers take, 64 MiB; above it the error is a [*Refusal].
func ReadAll(src io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(src, maxDocument+1))
	if err == nil && len(data) > maxDocument {
		return nil, refusef("the file is larger than %d MiB, the most that is read", maxDocument>>20)
	}
	return data, err
}

// unreadable returns the error of a reader: a refusal, unless the disk or ctx is to blame.
func unreadable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := errors.AsType[*diskError](err); ok {
		return err
	}
	return refusef("the file is not readable: %v", err)
}

// finish completes, mends, judges and checks a report.
func (r *Reading) finish(u *Unit) {
	rep, s := u.Report, r.opt.Station
	for member, text := range map[*string]string{&rep.Station: s.Name, &rep.Location: s.Location, &rep.Purpose: s.Purpose} {
		if *member == "" {
			*member = text
		}
	}
	if r.opt.Repair {
		u.Mends = rep.Mend().Mends()
	}
	u.Warnings = append(u.Warnings, rep.Judge(r.opt.Mode)...)
	found := rep.Validate()
	u.Wrong = append(u.Wrong, found.Violations()...)
	u.Warnings = append(u.Warnings, found.Warnings()...)
}

// diskError is an error of reading the file, not of what it holds.
type diskError struct{ err error }

func (e *diskError) Error() string { return e.err.Error() }
func (e *diskError) Unwrap() error { return e.err }

// contextReader reads until ctx ends.
type contextReader struct {
	ctx context.Context //nolint:containedctx // a reader has no other way to be told; it lives as long as one call
	src io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.src.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &diskError{err}
	}
	return n, err
}

// File is what a file holds.
type File struct {
	Format  string           // as package convert names it; "" when it is none that is known
	Reports []*report.Report // those that may be handed in
	ID      report.ID        // of the first report, be it good or not; zero when none could be read
	Losses  []convert.Loss   // what the file holds and the reports do not
}

// Decode reads the content of a file as [Open] does, all of it at once. The error is a [*Refusal]; the reports of the file that are good are
// there all the same.
func Decode(name string, data []byte) (File, error) {
	ctx := context.Background() // nothing waits
	r, err := Open(ctx, name, bytes.NewReader(data), ReadOptions{})
	if err != nil {
		return File{}, err
	}
	f := File{Format: r.Format.Name}
	var t tally
	for u, err := range r.Units(ctx) {
		if err != nil {
			t.stopped(err)
			break
		}
		if t.add(u) {
			f.Reports = append(f.Reports, u.Report)
		}
	}
	f.ID, f.Losses = t.first, r.Losses()
	return f, t.refusal()
}

// tally counts the reports of a file and collects what is wrong with them.
type tally struct {
	first      report.ID
	units      int
	good       int
	reason     string // why reading ended early
	violations report.Findings
}

const maxViolations = 1000 // of one file that are told

// add counts a unit, and reports whether it is good. From the second on, paths begin with its number and serial number.
func (t *tally) add(u Unit) bool {
	if t.units == 0 {
		t.first = u.Report.ID
	}
	t.units++
	for _, w := range u.Wrong[:min(len(u.Wrong), maxViolations-min(maxViolations, len(t.violations)))] {
		if t.units > 1 {
			w.Path = fmt.Sprintf("report %d (%s) %s", t.units, u.Report.SerialNumber, w.Path)
		}
		t.violations = append(t.violations, w)
	}
	if len(u.Wrong) > 0 {
		return false
	}
	t.good++
	return true
}

// stopped notes that no more can be read.
func (t *tally) stopped(err error) { t.reason = err.Error() }

// refusal returns what is wrong with the file, nil when it is good.
func (t *tally) refusal() error {
	reason := t.reason
	switch {
	case reason == "" && t.good == t.units:
		return nil
	case reason != "" && t.good > 0:
		reason += fmt.Sprintf("; other reports of it are good: %d", t.good)
	case reason == "" && t.units > 1:
		reason = fmt.Sprintf("%d of %d reports break rules that every server holds to", t.units-t.good, t.units)
	case reason == "":
		reason = "the report breaks rules that every server holds to"
	}
	return &Refusal{Reason: reason, Violations: t.violations}
}

// deadlineError says that a conversion took too long.
type deadlineError struct{ after time.Duration }

func (e *deadlineError) Error() string {
	return fmt.Sprintf("the file was not read within %v, the timeout of its converter", e.after)
}

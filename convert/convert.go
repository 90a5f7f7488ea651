package convert

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/gowats/gowats/report"
)

// ErrReadOnly is returned by Format.Write for a format that can only be read.
var ErrReadOnly = errors.New("this format can only be read")

// Format is one kind of tester file.
type Format struct {
	Name       string   // short and stable: wsjf, wsxf, wstf, atml, teststand-xml
	Title      string   // for people
	Extensions []string // usual ones, with the dot, in lower case
	ManyUnits  bool     // one file may hold several reports

	probe func(head []byte) float64 // how sure it is, from 0 to 1
	read  func(*reading) iter.Seq2[*report.Report, error]
	write func(io.Writer, []*report.Report, WriteOptions) ([]Loss, error) // nil when the format can only be read
}

// Formats returns every format, the most specific first.
func Formats() []Format {
	return []Format{wsjf(), wsxf(), atml(), testStandXML(), wstf()}
}

// ByName returns the format of that name.
func ByName(name string) (Format, bool) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// ProbeSize is how many bytes of a file Detect wants.
const ProbeSize = 64 << 10

// Detect returns the format that the beginning of a file belongs to, and how sure that is, from above 0 to 1. It returns false when no format
// claims it with at least one half.
func Detect(head []byte) (Format, float64, bool) {
	var best Format
	sure := 0.0
	for _, f := range Formats() {
		if p := f.probe(head); p > sure {
			best, sure = f, p
		}
	}
	return best, sure, sure >= 0.5
}

// ReadOptions fill in what a file does not say. A value of the file wins. The zero ReadOptions are good.
//
// The defaults are those of the formats of testers; WSJF and WSXF, which say all, are filled with what is given here only.
type ReadOptions struct {
	ProcessCode     int    // operation type code; default 10
	PartNumber      string // default NA, where a format may lack it
	Revision        string
	Operator        string // default oper
	Station         string // default: none, and then a file without one is an error
	Location        string
	Purpose         string
	SequenceName    string
	SequenceVersion string         // default 1.0
	Zone            *time.Location // of times without an offset; default time.Local
	FileName        string         // for messages
}

// WriteOptions say how a file is written. The zero WriteOptions are good.
type WriteOptions struct {
	ATMLVersion string // 5.00 or 6.01; default 6.01
}

// Loss is something that could not be carried over.
type Loss struct {
	Where string // JSON path of a member, or the line of a file
	What  string // one sentence
}

func (l Loss) String() string { return fmt.Sprintf("%s: %s", l.Where, l.What) }

// Reading is one file being read. It is not safe for concurrent use.
type Reading struct {
	format Format
	reading
}

// reading is what the readers of formats work with.
type reading struct {
	src    io.Reader
	opt    ReadOptions
	losses lossList
}

// Read begins to read src, which is not closed.
func (f Format) Read(src io.Reader, opt ReadOptions) *Reading {
	return &Reading{format: f, reading: reading{src: src, opt: opt}}
}

// Reports yields the reports one by one, as the file goes; it can be ranged over once. What cannot be read ends it with an error that
// says where; the reports before it are good. A file without any report is an error. A report that has
// no ID in the file has the zero ID: [Format.UnitID] makes one for whoever knows the whole file.
//
// Units of one file that began in the same millisecond would be taken for runs of one unit: the later ones are moved by 1 ms each, which
// is told as a loss.
func (r *Reading) Reports() iter.Seq2[*report.Report, error] {
	return func(yield func(*report.Report, error) bool) {
		begun, units := make(starts), 0
		for rep, err := range r.format.read(&r.reading) {
			if err != nil {
				yield(nil, err)
				return
			}
			units++
			r.opt.fill(rep)
			r.keepApart(rep, begun)
			if !yield(rep, nil) {
				return
			}
		}
		if units == 0 {
			yield(nil, r.stopped(r.format.Title, errors.New("the file holds no report")))
		}
	}
}

// keepApart moves the start of a unit that began when another one of the file did.
func (r *Reading) keepApart(rep *report.Report, begun starts) {
	if rep.Start.IsZero() {
		return
	}
	if at := begun.distinct(rep.Start); !at.Equal(rep.Start) {
		r.losses.add("start of unit "+rep.SerialNumber, "the start is moved to a millisecond at which no other unit of the file began")
		rep.Start = at
	}
}

// fill sets what the options say and the file does not.
func (o *ReadOptions) fill(r *report.Report) {
	if o.ProcessCode != 0 && !r.Process.Code.Present && r.Process.Name == "" {
		r.Process.Code = report.Some(o.ProcessCode)
	}
	r.PartNumber = cmp.Or(r.PartNumber, o.PartNumber)
	r.Revision = cmp.Or(r.Revision, o.Revision)
	r.Station = cmp.Or(r.Station, o.Station)
	r.Location = cmp.Or(r.Location, o.Location)
	r.Purpose = cmp.Or(r.Purpose, o.Purpose)
	if r.Test == nil {
		return
	}
	r.Test.Operator = cmp.Or(r.Test.Operator, o.Operator)
	if root := r.Test.Root; root != nil && root.Sequence != nil {
		root.Sequence.Name = cmp.Or(root.Sequence.Name, o.SequenceName)
		root.Sequence.Version = cmp.Or(root.Sequence.Version, o.SequenceVersion)
	}
}

// starts are the milliseconds at which the units of one file began. Each leads to the next one that may be free.
type starts map[int64]int64

// distinct returns at, or the first millisecond after it at which no other unit of the file began.
func (s starts) distinct(at time.Time) time.Time {
	first := at.UnixMilli()
	free := first
	for next, taken := s[free]; taken; next, taken = s[free] {
		free = next
	}
	s[free], s[first] = free+1, free+1
	return at.Add(time.Duration(free-first) * time.Millisecond)
}

// Losses returns what was in the file and not in the reports, when Reports has ended: each kind once, with how often it was met, and
// at most 1000 of them.
func (r *Reading) Losses() []Loss { return r.losses.all() }

// CanWrite reports whether Write works.
func (f Format) CanWrite() bool { return f.write != nil }

// Write writes reports as one file and returns what the format has no room for.
// A format that holds one report only refuses several. It returns [ErrReadOnly] where CanWrite is false.
func (f Format) Write(dst io.Writer, reports []*report.Report, opt WriteOptions) ([]Loss, error) {
	if f.write == nil {
		return nil, ErrReadOnly
	}
	return f.write(dst, reports, opt)
}

// UnitID returns the ID of the n-th report (from 0) of a file that gives it none: the same file gives the same IDs on every machine. The digest is the
// SHA-256 of the file.
func (f Format) UnitID(digest [sha256.Size]byte, n int) report.ID {
	return report.DeriveID(fmt.Appendf(nil, "%s %x %d", f.Name, digest, n))
}

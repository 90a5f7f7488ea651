package convert

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gowats/gowats/report"
)

// The lines that structure a WSTF file. Source: support.wats.com article 207424623.
const (
	wstfHeader   = "--Header-Start--"
	wstfSteps    = "--Step-Data-Start--"
	wstfStepsEnd = "--Step-Data-End--"
	wstfEnd      = "--UUT-End--"
)

// Bounds of a text file. What is larger is hostile or no report.
const (
	maxLine      = 16 << 20
	maxCells     = 256
	maxUnitBytes = 256 << 20
	maxUnitSteps = 500_000
)

// maxUnitErrors is how many unreadable units of one file are told one by one.
const maxUnitErrors = 20

func wstf() Format {
	return Format{
		Name: "wstf", Title: "WATS standard text format", Extensions: []string{".txt"}, ManyUnits: true,
		probe: probeWSTF,
		read:  readWSTF,
		write: writeWSTF,
	}
}

func probeWSTF(head []byte) float64 {
	text, err := io.ReadAll(newTextReader(bytes.NewReader(head)))
	switch {
	case err != nil || !bytes.Contains(text, []byte(wstfHeader)):
		return 0
	case bytes.Contains(text, []byte(wstfSteps)):
		return 1
	}
	return 0.8
}

// readWSTF yields one report per unit. The units of a file do not depend on each other: one that cannot be read is passed over, those
// behind it are read, and the error comes last.
//
// A unit whose end marker is missing is given as far as it goes, and is an error too.
func readWSTF(in *reading) iter.Seq2[*report.Report, error] {
	return func(yield func(*report.Report, error) bool) {
		lines := bufio.NewScanner(newTextReader(in.src))
		lines.Buffer(nil, maxLine)
		r := &wstfReader{reading: in, lines: lines}
		for {
			rep, err := r.unit()
			if rep != nil && !yield(rep, nil) {
				return
			}
			if err != nil && !errors.Is(err, io.EOF) {
				r.failed.add(err)
			}
			if r.ended {
				break
			}
		}
		if err := r.failed.err(); err != nil {
			yield(nil, in.stopped("WSTF", err))
		}
	}
}

// unitErrors collects what is wrong with the units of one file.
type unitErrors struct {
	listed  []error
	omitted int
}

func (e *unitErrors) add(err error) {
	if len(e.listed) == maxUnitErrors {
		e.omitted++
		return
	}
	e.listed = append(e.listed, err)
}

// err returns nil when there is none.
func (e *unitErrors) err() error {
	if e.omitted > 0 {
		return fmt.Errorf("%w\nand %d more", errors.Join(e.listed...), e.omitted)
	}
	return errors.Join(e.listed...)
}

// wstfReader reads one unit after the other.
type wstfReader struct {
	*reading
	lines  *bufio.Scanner
	line   int
	ended  bool // there are no more lines
	begun  bool // the header of the next unit was read already
	failed unitErrors

	rep          *report.Report
	began        int         // line of the header
	size         int         // bytes of the unit so far
	steps        int         // rows of the unit so far
	inSteps      bool        // between the marks of the step part
	columns      wstfColumns // of the step rows
	columnsKnown bool
	open         []*report.Step // the sequences that are open, the root first
	last         *report.Step   // the step opened last, to which charts belong
	multi        wstfMulti      // the multi test that following rows may join
	status       string         // UUTStatus, the last one given
	local, utc   string         // StartDateTime, UTCStartDateTime
	active       bool           // ConverterMode is Active
}

// next returns the next line without its end.
func (r *wstfReader) next() (string, error) {
	if !r.lines.Scan() {
		r.ended = true
		switch err := r.lines.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			r.line++
			return "", r.fail("the line is longer than %d bytes", maxLine)
		case err != nil:
			return "", r.fail("%w", err)
		}
		return "", io.EOF
	}
	r.line++
	line := strings.TrimRight(r.lines.Text(), "\r")
	r.size += len(line) + 1
	if !utf8.ValidString(line) {
		r.lose(r.where(), "bytes that are no UTF-8 are read as U+FFFD")
		line = strings.ToValidUTF8(line, "\uFFFD")
	}
	return line, nil
}

func (r *wstfReader) where() string { return "line " + strconv.Itoa(r.line) }

func (r *wstfReader) fail(format string, args ...any) error {
	return fmt.Errorf("line %d: %w", r.line, fmt.Errorf(format, args...))
}

// wstfMark returns the mark that line is, "" when it is none. Blanks behind the first hyphens occur.
func wstfMark(line string) string {
	trimmed := strings.TrimSpace(line)
	if !strings.HasPrefix(trimmed, "--") {
		return ""
	}
	mark := "--" + strings.TrimLeft(trimmed[2:], " ")
	for _, known := range [...]string{wstfHeader, wstfSteps, wstfStepsEnd, wstfEnd} {
		if strings.EqualFold(mark, known) {
			return known
		}
	}
	return ""
}

// unit reads up to the end of the next unit. It returns io.EOF when there is none. After an error it has read to where the next may begin.
func (r *wstfReader) unit() (*report.Report, error) {
	if err := r.toHeader(); err != nil {
		return nil, err
	}
	r.begin()
	for {
		line, err := r.next()
		mark := wstfMark(line)
		switch {
		case errors.Is(err, io.EOF):
			return r.cutOff(r.fail("the file ends before %s of the unit that begins at line %d", wstfEnd, r.began))
		case err != nil:
			return nil, err
		case mark == wstfHeader:
			r.begun = true
			return r.cutOff(r.fail("a unit begins before the one of line %d ended with %s", r.began, wstfEnd))
		case mark == wstfEnd:
			return r.finish()
		case strings.TrimSpace(line) == "":
			continue
		case mark != "":
			r.inSteps, r.columnsKnown = mark == wstfSteps, false
			continue
		}
		if err := r.content(line); err != nil {
			r.skipUnit()
			return nil, err
		}
	}
}

// content reads a line that is no mark.
func (r *wstfReader) content(line string) error {
	switch {
	case r.size > maxUnitBytes:
		return r.fail("the unit that begins at line %d is larger than %d bytes", r.began, maxUnitBytes)
	case !r.inSteps:
		return r.headerLine(line)
	case !r.columnsKnown:
		return r.columnRow(line)
	}
	return r.stepLine(line)
}

// toHeader reads up to the mark that begins a unit.
func (r *wstfReader) toHeader() error {
	for !r.begun {
		line, err := r.next()
		if err != nil {
			return err
		}
		r.begun = wstfMark(line) == wstfHeader
		if !r.begun && strings.TrimSpace(line) != "" {
			r.lose(r.where(), "text outside of a unit is passed over")
		}
	}
	r.begun = false
	return nil
}

// skipUnit reads up to the end of the unit at hand, or to where the next begins.
func (r *wstfReader) skipUnit() {
	for {
		line, err := r.next()
		if err != nil {
			return // there is no more, which unit finds out again
		}
		switch wstfMark(line) {
		case wstfHeader:
			r.begun = true
			return
		case wstfEnd:
			return
		}
	}
}

func (r *wstfReader) begin() {
	root := &report.Step{
		Name: defaultRootName, Type: "SequenceCall", Group: report.Main, Steps: []*report.Step{},
		Sequence: &report.Sequence{},
	}
	r.rep = newTest(r.opt)
	r.rep.Test.Root = root
	r.began, r.size, r.steps = r.line, 0, 0
	r.inSteps, r.columnsKnown = false, false
	r.open, r.last, r.multi = []*report.Step{root}, root, wstfMulti{}
	r.status, r.local, r.utc, r.active = "", "", "", false
}

// cutOff completes a unit whose end is missing, and returns what is wrong with it. Without a verdict of its own it was Terminated: that
// its steps passed says nothing of those that are missing.
func (r *wstfReader) cutOff(cut error) (*report.Report, error) {
	if r.status == "" {
		r.status = report.Terminated.String()
		r.lose(r.where(), "the unit is cut off before a UUTStatus and is taken as Terminated")
	}
	rep, err := r.finish()
	if err != nil {
		return nil, fmt.Errorf("%w; %w", cut, err)
	}
	return rep, cut
}

// finish completes the unit at hand.
func (r *wstfReader) finish() (*report.Report, error) {
	rep := r.rep
	for _, open := range r.open[1:] {
		r.lose(r.where(), "the sequence %q does not end", open.Name)
	}
	start, err := r.startOf(strings.TrimSpace(r.local), strings.TrimSpace(r.utc))
	if err != nil {
		return nil, fmt.Errorf("line %d: the start: %w", r.began, err)
	}
	rep.Start = start
	if r.status != "" {
		status, ok := report.ParseStatus(strings.TrimSpace(r.status))
		if !ok {
			return nil, fmt.Errorf("line %d: UUTStatus is %q, which is no status", r.began, r.status)
		}
		rep.Result = headResult(status)
	}
	mode := report.Import
	if r.active {
		mode = report.Active
	}
	for _, f := range rep.Judge(mode) {
		r.lose(f.Path, "%s", f.Message)
	}
	if err := fillIn(rep, r.opt); err != nil {
		return nil, fmt.Errorf("line %d: %w", r.began, err)
	}
	return rep, nil
}

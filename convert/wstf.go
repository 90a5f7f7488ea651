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

	"github.com/gowats/gowats/report"
)

// The lines that structure a WSTF file. Source: the WATS standard text format of support.wats.com article 207424623.
const (
	wstfHeader   = "--Header-Start--"
	wstfSteps    = "--Step-Data-Start--"
	wstfStepsEnd = "--Step-Data-End--"
	wstfEnd      = "--UUT-End--"
)

// maxLine is the longest line of a text format.
const maxLine = 16 << 20

func wstf() Format {
	return Format{
		Name: "wstf", Title: "WATS standard text format", Extensions: []string{".txt"}, ManyUnits: true,
		probe: probeWSTF,
		read:  readWSTF,
		write: writeWSTF,
	}
}

func probeWSTF(head []byte) float64 {
	switch {
	case !bytes.Contains(head, []byte(wstfHeader)):
		return 0
	case bytes.Contains(head, []byte(wstfSteps)):
		return 1
	}
	return 0.8
}

func readWSTF(in *reading) iter.Seq2[*report.Report, error] {
	return func(yield func(*report.Report, error) bool) {
		lines := bufio.NewScanner(newTextReader(in.src))
		lines.Buffer(nil, maxLine)
		r := &wstfReader{reading: in, lines: lines}
		for {
			rep, err := r.unit()
			if errors.Is(err, io.EOF) {
				return
			}
			// A unit that is cut off is given with its error: what is there is worth keeping.
			if !yield(rep, err) || err != nil {
				return
			}
		}
	}
}

// wstfReader reads one unit after the other.
type wstfReader struct {
	*reading
	lines *bufio.Scanner
	line  int

	rep     *report.Report
	columns map[string]int  // of the step rows, by name
	open    []*report.Step  // the sequences that are open, the root first
	multi   *report.Step    // the multi test that following rows may join
	last    *report.Step    // the step opened last, to which charts belong
	chart   *report.Chart   // to which series belong
	status  string          // UUTStatus, the last one given
	active  bool            // ConverterMode is Active
	local   string          // StartDateTime
	utc     string          // UTCStartDateTime
	missing map[string]bool // statuses that are to be found, by step
}

// next returns the next line without its end.
func (r *wstfReader) next() (string, error) {
	if !r.lines.Scan() {
		if err := r.lines.Err(); err != nil {
			return "", r.fail("%v", err)
		}
		return "", io.EOF
	}
	r.line++
	return strings.TrimRight(r.lines.Text(), "\r"), nil
}

func (r *wstfReader) where() string { return "line " + strconv.Itoa(r.line) }

func (r *wstfReader) fail(format string, args ...any) error {
	return fmt.Errorf("line %d: %w", r.line, fmt.Errorf(format, args...))
}

// unit reads up to the end of the next unit. It returns io.EOF when there is none.
func (r *wstfReader) unit() (*report.Report, error) {
	for {
		line, err := r.next()
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(line) == wstfHeader {
			break
		}
		if strings.TrimSpace(line) != "" {
			r.lose(r.where(), "the text before %s is passed over", wstfHeader)
		}
	}
	r.begin()
	section := r.headerLine
	for {
		line, err := r.next()
		if errors.Is(err, io.EOF) {
			err = r.fail("the file ends before %s", wstfEnd)
		}
		if err != nil {
			rep, _ := r.finish()
			return rep, err
		}
		switch mark := strings.ReplaceAll(strings.TrimSpace(line), "-- ", "--"); mark {
		case "":
			continue
		case wstfHeader:
			rep, _ := r.finish()
			return rep, r.fail("a unit begins before the last one ended with %s", wstfEnd)
		case wstfSteps:
			if r.columns, err = r.columnRow(); err != nil {
				rep, _ := r.finish()
				return rep, err
			}
			section = r.stepLine
			continue
		case wstfStepsEnd:
			section = r.headerLine
			continue
		case wstfEnd:
			return r.finish()
		}
		if err := section(line); err != nil {
			rep, _ := r.finish()
			return rep, err
		}
	}
}

func (r *wstfReader) begin() {
	root := &report.Step{
		Name: "MainSequence Callback", Type: "SequenceCall", Group: report.Main, Steps: []*report.Step{},
		Sequence: &report.Sequence{Name: r.opt.SequenceName, Version: or(r.opt.SequenceVersion, "1.0")},
	}
	r.rep = &report.Report{
		Revision: r.opt.Revision, Station: r.opt.Station, Location: r.opt.Location, Purpose: r.opt.Purpose,
		PartNumber: r.opt.PartNumber,
		Process:    report.Process{Code: report.Some(orInt(r.opt.ProcessCode, defaultProcessCode))},
		Test:       &report.Test{Operator: or(r.opt.Operator, defaultOperator), Root: root},
	}
	r.open = []*report.Step{root}
	r.multi, r.last, r.chart, r.columns = nil, nil, nil, nil
	r.status, r.local, r.utc, r.active = "", "", "", false
}

// finish completes the unit at hand.
func (r *wstfReader) finish() (*report.Report, error) {
	rep := r.rep
	root := rep.Test.Root
	start, err := r.startOf(r.local, r.utc)
	if err != nil {
		return rep, r.fail("the start: %w", err)
	}
	rep.Start = start
	for _, open := range r.open[1:] {
		r.lose(r.where(), "the sequence %q does not end", open.Name)
	}
	if r.status != "" {
		status, ok := report.ParseStatus(r.status)
		if !ok {
			return rep, r.fail("UUTStatus is %q, which is no status", r.status)
		}
		rep.Result = status
	}
	mode := report.Import
	if r.active {
		mode = report.Active
	}
	for _, f := range rep.Judge(mode) {
		r.lose(f.Path, "%s", f.Message)
	}
	return rep, nil
}

// headerLine reads a line of the header or the footer.
func (r *wstfReader) headerLine(line string) error {
	cells := strings.Split(line, "\t")
	key := strings.TrimSpace(cells[0])
	if strings.EqualFold(key, "Subunit") {
		return r.subunit(cells)
	}
	if len(cells) < 2 {
		return r.fail("%q has no value; key and value are separated by a tab", key)
	}
	value := strings.TrimSpace(cells[1])
	t := r.rep.Test
	switch strings.ToLower(key) {
	case "serialnumber":
		r.rep.SerialNumber = value
	case "partnumber":
		r.rep.PartNumber = value
	case "revision":
		r.rep.Revision = value
	case "operationtypecode":
		code, err := strconv.Atoi(value)
		if err != nil {
			return r.fail("OperationTypeCode is %q, which is no process code", value)
		}
		r.rep.Process.Code = report.Some(code)
	case "operationtypename":
		r.rep.Process.Name = value
	case "stationname":
		r.rep.Station = value
	case "location":
		r.rep.Location = value
	case "purpose":
		r.rep.Purpose = value
	case "startdatetime":
		r.local = value
	case "utcstartdatetime":
		r.utc = value
	case "operatorname":
		t.Operator = value
	case "executiontime":
		t.ExecTime = report.ParseNumber(value)
	case "comment":
		t.Comment = value
	case "fixtureid":
		t.FixtureID = value
	case "testsocketindex":
		t.SocketIndex = r.integer(key, value)
	case "batchserialnumber":
		t.BatchSerialNumber = value
	case "batchfailcount":
		t.BatchFailCount = r.integer(key, value)
	case "batchloopindex":
		t.BatchLoopIndex = r.integer(key, value)
	case "errorcode":
		t.ErrorCode = r.integer(key, value)
	case "errormessage":
		t.ErrorMessage = value
	case "uutstatus":
		r.status = value
	case "softwarename":
		t.Root.Sequence.Name = value
		t.Root.Sequence.Path = value
	case "softwareversion":
		t.Root.Sequence.Version = value
	case "convertermode":
		r.active = strings.EqualFold(value, "Active")
	default:
		r.rep.MiscInfos = append(r.rep.MiscInfos, report.MiscInfo{Description: key, Text: value})
	}
	return nil
}

func (r *wstfReader) integer(name, text string) report.Optional[int] {
	if text == "" {
		return report.Optional[int]{}
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		r.lose(r.where(), "%s is %q, which is no integer", name, text)
		return report.Optional[int]{}
	}
	return report.Some(n)
}

// subunit reads: Subunit, part type, part number, serial number, revision.
func (r *wstfReader) subunit(cells []string) error {
	if len(cells) < 4 {
		return r.fail("a Subunit has %d columns; description, part number, serial number and revision are expected", len(cells)-1)
	}
	cells = append(cells, "")
	r.rep.SubUnits = append(r.rep.SubUnits, report.SubUnit{
		PartType: strings.TrimSpace(cells[1]), PartNumber: strings.TrimSpace(cells[2]),
		SerialNumber: strings.TrimSpace(cells[3]), Revision: strings.TrimSpace(cells[4]),
	})
	return nil
}

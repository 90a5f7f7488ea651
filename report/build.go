package report

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// UUT builds a test report. Make one with [NewUUT], add steps to its [UUT.Root], and end with [UUT.Report].
//
// Every call checks what it was given. A wrong argument is a violation that names the call, the member and the rule; the first one
// is told by Err from then on, and Report returns them all and no report. Building goes on meanwhile, so that a test program
// need not check every call. Blanks around texts are removed, and listed among the findings.
//
// A builder is for one goroutine; several builders share nothing.
type UUT struct {
	Head
	loops []*loop
	kept  map[*Step]bool // steps whose failure does not fail their parent
}

// Head is what the builders of test and repair reports have in common.
type Head struct {
	r             *Report
	v             validator // keeps what was found
	mode          Mode
	maxAttachment int
	failCodes     map[string][]string
	result        Status // as given
}

// Option sets what is known of a report before it starts, or how it is built. Of two that set the same the last one wins.
type Option func(*Head)

// WithID sets the ID; the default is a random one.
func WithID(id ID) Option { return func(h *Head) { h.r.ID = id } }

// WithRevision sets the revision of the unit.
func WithRevision(revision string) Option { return func(h *Head) { h.r.Revision = revision } }

// WithStation sets where the unit was tested or repaired; purpose is such as Production or Engineering. A report must name its station when
// it is submitted: without this option a client that knows its station fills it in.
func WithStation(name, location, purpose string) Option {
	return func(h *Head) { h.r.Station, h.r.Location, h.r.Purpose = name, location, purpose }
}

// WithOperator sets who tested or repaired.
func WithOperator(name string) Option {
	return func(h *Head) {
		if h.r.IsRepair() {
			h.r.Repair.Operator = name
			return
		}
		h.r.Test.Operator = name
	}
}

// WithStart sets the start, which should have the offset of the station; the default is now.
func WithStart(start time.Time) Option { return func(h *Head) { h.r.Start = start.Round(0) } }

// WithProcessName sets the name of the process; a server compares it with regard to case. The default is none: the code is enough.
func WithProcessName(name string) Option { return func(h *Head) { h.r.Process.Name = name } }

// WithMode says where statuses come from. The default is Active: see [Report.Judge].
func WithMode(mode Mode) Option { return func(h *Head) { h.mode = mode } }

// WithMending mends what [Report.Mend] would instead of refusing it; [Head.Findings] lists every mend.
func WithMending() Option { return func(h *Head) { h.v.mending = true } }

// WithWildcards allows the characters * % ? [ ] ^ ! / \ in serial and part numbers. Filters take them for patterns, so the default is
// to refuse them. The prefix SUPPRESS: allows them in one value and is removed.
func WithWildcards() Option { return func(h *Head) { h.v.wildcards = true } }

// defaultMaxAttachment is how many bytes an attachment may have unless the caller says otherwise.
const defaultMaxAttachment = 10 << 20

// WithMaxAttachment sets how many bytes an attachment may have; the default is 10 MiB.
func WithMaxAttachment(bytes int) Option { return func(h *Head) { h.maxAttachment = bytes } }

// NewUUT starts a report of a test of the unit with these numbers in a test operation, such as 31.
func NewUUT(partNumber, serialNumber string, processCode int, options ...Option) *UUT {
	root := &Step{
		Type: typeSequence, Name: "MainSequence Callback", Group: Main, Sequence: &Sequence{Name: "MainSequence"},
	}
	u := &UUT{Head: newHead(partNumber, serialNumber, processCode)}
	u.r.Test = &Test{Root: root}
	u.set(options)
	u.check(func(v *validator) {
		v.subject(u.r)
		v.occasion(u.r)
		v.testHead(u.r.Test)
	})
	return u
}

func newHead(partNumber, serialNumber string, processCode int) Head {
	return Head{
		r: &Report{
			ID: NewID(), PartNumber: partNumber, SerialNumber: serialNumber, Process: Process{Code: Some(processCode)},
			Start: time.Now().Round(0), // without monotonic clock
		},
		v:             validator{path: []byte{'$'}, writing: true},
		mode:          Active,
		maxAttachment: defaultMaxAttachment,
	}
}

func (h *Head) set(options []Option) {
	for _, option := range options {
		option(h)
	}
}

// check runs the checks of one call and keeps what they found.
func (h *Head) check(checks func(*validator)) {
	from := len(h.v.findings)
	checks(&h.v)
	h.keep(from, nil)
}

// keep goes over the findings from index from on, which one call gave, and keeps those that are new.
// Paths are relative to the object at where, unless it is nil.
func (h *Head) keep(from int, where func() string) {
	if len(h.v.findings) == from {
		return
	}
	call := caller()
	kept := h.v.findings[:from]
	for _, f := range h.v.findings[from:] {
		if where != nil {
			f.Path = where() + f.Path
		}
		if f.Call = call; !kept.has(f) {
			kept = append(kept, f)
		}
	}
	h.v.findings = kept
}

// has reports whether f lists the rule broken at the same place as other.
func (f Findings) has(other Finding) bool {
	return slices.ContainsFunc(f, func(one Finding) bool {
		return one.Path == other.Path && one.Rule == other.Rule && one.Severity == other.Severity
	})
}

// caller returns file, line and name of the call into this package.
func caller() string {
	const this = "github.com/gowats/gowats/report."
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	called := ""
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, this) {
			return fmt.Sprintf("%s:%d: %s", filepath.Base(frame.File), frame.Line, called)
		}
		if !more {
			return called
		}
		called = frame.Function[strings.LastIndexByte(frame.Function, '.')+1:]
	}
}

// Err returns nil, or an [*InvalidError] with all violations so far.
func (h *Head) Err() error { return h.v.all().Err() }

// Findings returns the violations and mends so far and, after Report, the warnings.
func (h *Head) Findings() Findings { return slices.Clone(h.v.all()) }

// Comment sets the comment on the whole report.
func (h *Head) Comment(text string) {
	if h.r.IsRepair() {
		h.r.Repair.Comment = text
	} else {
		h.r.Test.Comment = text
	}
	h.check(h.checkKind)
}

// Took sets how long the test or repair took.
func (h *Head) Took(d time.Duration) {
	h.check(func(v *validator) {
		mark := v.into(h.kind())
		if h.r.IsRepair() {
			h.r.Repair.ExecTime = v.seconds("execTime", d)
		} else {
			h.r.Test.ExecTime = v.seconds("execTime", d)
		}
		v.leave(mark)
	})
}

func (h *Head) kind() string {
	if h.r.IsRepair() {
		return "uur"
	}
	return "uut"
}

// checkKind checks what only a test or only a repair has.
func (h *Head) checkKind(v *validator) {
	if h.r.IsRepair() {
		v.repair(h.r)
		return
	}
	v.testHead(h.r.Test)
}

func (v *validator) seconds(member string, d time.Duration) Number {
	if d < 0 {
		v.find(member, Violation, "range", "%s is %s; it must not be negative", member, d)
	}
	return Num(d.Seconds())
}

// Result sets the verdict on the unit: Passed, Failed, Error or Terminated. It is not needed where steps tell it. In Active mode
// the report is at least as bad as its steps, and Passed over a failed step is a violation.
func (h *Head) Result(s Status) {
	h.r.Result, h.result = s, s
	h.check(func(v *validator) { v.result(h.r) })
}

// Misc adds a misc info: a description with a text, a number, or both.
func (h *Head) Misc(m MiscInfo) {
	h.r.MiscInfos = append(h.r.MiscInfos, m)
	i := len(h.r.MiscInfos) - 1
	h.check(func(v *validator) {
		mark := v.intoElement("miscInfos", i)
		v.miscInfo(&h.r.MiscInfos[i])
		v.leave(mark)
	})
}

// Asset adds a piece of equipment that was used.
func (h *Head) Asset(a Asset) {
	h.r.Assets = append(h.r.Assets, a)
	i := len(h.r.Assets) - 1
	h.check(func(v *validator) {
		mark := v.intoElement("assets", i)
		v.asset(&h.r.Assets[i])
		v.leave(mark)
	})
}

// AdditionalData adds a named property tree.
func (h *Head) AdditionalData(d AdditionalData) {
	h.r.AdditionalData = append(h.r.AdditionalData, d)
	h.check(func(v *validator) { v.additionalData("additionalData", h.r.AdditionalData) })
}

// attachment checks a file.
func (h *Head) attachment(v *validator, a *Attachment) {
	v.attachment(a)
	if len(a.Data) > h.maxAttachment {
		v.find("data", Violation, "length", "data has %d bytes; at most %d are allowed", len(a.Data), h.maxAttachment)
	}
}

// Root returns the main sequence.
func (u *UUT) Root() StepBuilder { return StepBuilder{u: u, step: u.r.Test.Root} }

// Fixture sets the fixture the unit was tested in.
func (u *UUT) Fixture(id string) {
	u.r.Test.FixtureID = id
	u.check(u.checkKind)
}

// Socket sets the test socket, from 0; −1 means none.
func (u *UUT) Socket(index int) {
	u.r.Test.SocketIndex = Some(index)
	u.check(u.checkKind)
}

// Batch sets the serial number of the batch the unit belongs to.
func (u *UUT) Batch(serialNumber string) {
	u.r.Test.BatchSerialNumber = serialNumber
	u.check(func(v *validator) { v.batch(u.r.Test) })
}

// ErrorCode sets the error that ended the test. It does not change the result.
func (u *UUT) ErrorCode(code int, message string) {
	u.r.Test.ErrorCode, u.r.Test.ErrorMessage = Some(code), message
	u.check(u.checkKind)
}

// SubUnit adds a part that has a serial number of its own. A blank PartType becomes Unknown.
func (u *UUT) SubUnit(part SubUnit) {
	u.check(func(v *validator) { u.addSubUnit(v, part) })
}

func (h *Head) addSubUnit(v *validator, part SubUnit) {
	if strings.TrimSpace(part.PartType) == "" {
		part.PartType = "Unknown"
	}
	part.Failures = slices.Clone(part.Failures)
	h.r.SubUnits = append(h.r.SubUnits, part)
	i := len(h.r.SubUnits) - 1
	mark := v.intoElement("subUnits", i)
	v.subUnit(&h.r.SubUnits[i], h.r.IsRepair())
	v.leave(mark)
}

// Report ends building: it gives the steps their IDs, judges, and checks the whole. The report belongs to the caller.
//
// The error is an [*InvalidError] with every violation; the report is nil then. The builder must not be used afterwards but for
// its Findings.
func (u *UUT) Report() (*Report, error) {
	u.r.AssignStepIDs()
	judged := u.r.judge(u.mode, u.kept)
	for _, l := range u.loops {
		l.count()
	}
	return u.finish(judged)
}

// finish checks the whole report.
func (h *Head) finish(judged Findings) (*Report, error) {
	if root := h.root(); h.mode == Active && h.result == Passed && root != nil && root.Status.bad() {
		h.check(func(v *validator) {
			v.find("result", Violation, "status", "result was set to P but root has the status %s", describeStatus(root.Status))
		})
	}
	for _, f := range append(judged, h.r.Validate()...) {
		leftToClient := f.Path == "$.machineName" && f.Rule == "required"
		if !leftToClient && !h.v.findings.has(f) {
			h.v.findings = append(h.v.findings, f)
		}
	}
	if err := h.Err(); err != nil {
		return nil, err
	}
	return h.r, nil
}

// root returns the main sequence of a test, nil for a repair.
func (h *Head) root() *Step {
	if h.r.Test == nil {
		return nil
	}
	return h.r.Test.Root
}

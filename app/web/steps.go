package web

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/gowats/gowats/report"
)

const (
	openSteps = 300 // up to so many steps the tree stands open
	maxNest   = 40  // levels below stand beside each other, so that no report can make a page too deep for a browser
)

// stepsView is the step tree of a test.
type stepsView struct {
	Rows      []*stepView
	Total     string // number of steps
	Bad       int    // of these, failed, in error or terminated
	BadText   string
	OnlyBad   bool
	AllLink   string
	BadLink   string
	Many      bool // it does not stand open as a whole
	anchors   map[*report.Step]string
	files     fileIndex
	onlyBad   bool
	stepCount int
}

// stepView is a line of the step tree, and what opens under it.
type stepView struct {
	Anchor  string
	Depth   int
	Name    string
	Kind    string // type as written
	Called  string // sequence that was called
	Group   string // Setup or Cleanup; "" for Main
	Loop    string // how a loop went, or which pass it is
	Status  report.Status
	Time    string
	Value   string
	Limits  string
	Bad     bool // it, or one below it
	Source  bool // it, but none below it: here is what to look at
	Open    bool
	Measure []measureView // of a test with several
	Extra   *extraView    // nil when there is nothing more to tell
	Steps   []*stepView
}

// HasMore reports whether the line opens.
func (s *stepView) HasMore() bool { return len(s.Measure) > 0 || s.Extra != nil || len(s.Steps) > 0 }

// measureView is one of several measurements of a step.
type measureView struct {
	Depth               int
	Name, Value, Limits string
	Status              report.Status
}

// Bad reports whether the measurement failed.
func (m measureView) Bad() bool { return isBad(m.Status) }

// extraView is what a step has beside measurements.
type extraView struct {
	Depth      int
	Error      string
	Text       string
	Answer     string // of a message popup
	Exit       string // code of a program
	Started    string
	Attachment *fileView
	Chart      *chartView
	Data       []dataView
}

func newStepsView(root *report.Step, files fileIndex, href string, onlyBad bool) *stepsView {
	v := &stepsView{
		OnlyBad: onlyBad, AllLink: href + "#steps", BadLink: href + "?steps=failed#steps",
		anchors: map[*report.Step]string{}, files: files, onlyBad: onlyBad,
	}
	taken := map[int]bool{}
	for _, s := range root.Walk() {
		v.stepCount++
		if isBad(s.Status) {
			v.Bad++
		}
		v.anchors[s] = "n" + strconv.Itoa(v.stepCount)
		if s.ID.Present && !taken[s.ID.Value] {
			taken[s.ID.Value] = true
			v.anchors[s] = stepAnchor(s.ID.Value)
		}
	}
	v.Total, v.BadText = plural(v.stepCount, "step", "steps"), count(v.Bad)
	v.Many = v.stepCount > openSteps
	v.Rows = v.build([]*report.Step{root}, 0)
	return v
}

// stepAnchor is where a repair's failure points to.
func stepAnchor(id int) string { return "step-" + strconv.Itoa(id) }

// build returns the lines of siblings. Passes of a loop go under its header, which stands before them.
func (v *stepsView) build(siblings []*report.Step, depth int) []*stepView {
	var lines []*stepView
	for i := 0; i < len(siblings); i++ {
		line := v.line(siblings[i], depth)
		below := siblings[i].Steps
		if isLoopHeader(siblings[i]) {
			for i+1 < len(siblings) && isLoopPass(siblings[i+1]) {
				i++
				below = append(below[:len(below):len(below)], siblings[i])
			}
		}
		nested := v.build(below, depth+1)
		badBelow := slices.ContainsFunc(nested, func(n *stepView) bool { return n.Bad })
		line.Source, line.Bad = line.Bad && !badBelow, line.Bad || badBelow
		if v.onlyBad && !line.Bad {
			continue
		}
		line.Open = line.Bad || depth == 0 || !v.Many && (len(nested) > 0 || line.opensItself())
		lines = append(lines, line)
		if depth < maxNest {
			line.Steps = nested
		} else {
			lines = append(lines, nested...)
		}
	}
	return lines
}

func isLoopHeader(s *report.Step) bool {
	return s.Loop != nil && s.Loop.Count.Present && !s.Loop.Index.Present
}

func isLoopPass(s *report.Step) bool { return s.Loop != nil && s.Loop.Index.Present }

// opensItself reports whether what the line holds should be seen at once.
func (s *stepView) opensItself() bool {
	return len(s.Measure) > 0 || s.Extra != nil && (s.Extra.Chart != nil || s.Extra.Attachment != nil && s.Extra.Attachment.Image)
}

func (v *stepsView) line(s *report.Step, depth int) *stepView {
	line := &stepView{
		Anchor: v.anchors[s], Depth: depth, Name: s.Name, Kind: s.Type, Called: calledText(s), Loop: loopText(s.Loop), Status: s.Status,
		Time: duration(s.TotalTime), Bad: isBad(s.Status), Extra: v.extra(s, depth),
	}
	if s.Group == report.Setup || s.Group == report.Cleanup {
		line.Group = s.Group.String()
	}
	line.measurements(s)
	for _, m := range line.Measure {
		line.Bad = line.Bad || m.Bad()
	}
	return line
}

// measurements puts a single measurement into the line, and several under it.
func (s *stepView) measurements(step *report.Step) {
	var all []measureView
	for i := range step.Numeric {
		m := &step.Numeric[i]
		all = append(all, measureView{s.Depth + 1, m.Name, join(" ", m.Value.String(), m.Unit), numericLimits(m), m.Status})
	}
	for i := range step.Strings {
		m := &step.Strings[i]
		all = append(all, measureView{s.Depth + 1, m.Name, strconv.Quote(m.Value), stringLimit(m), m.Status})
	}
	for _, m := range step.Booleans {
		all = append(all, measureView{Depth: s.Depth + 1, Name: m.Name, Status: m.Status})
	}
	if len(all) == 1 && all[0].Name == "" {
		s.Value, s.Limits = all[0].Value, all[0].Limits
		return
	}
	s.Measure = all
}

// calledText names the called sequence by its file, and by its name where the step has another one.
func calledText(s *report.Step) string {
	q := s.Sequence
	if q == nil {
		return ""
	}
	name := q.Name
	if name == s.Name {
		name = ""
	}
	return join(" ", baseName(q.Path), q.Version, name)
}

func loopText(l *report.Loop) string {
	switch {
	case l == nil:
		return ""
	case l.Index.Present:
		return "pass " + strconv.Itoa(l.Index.Value+1)
	}
	return join(", ", "loop", counted(l.Count, "passes"), counted(l.Passed, "passed"), counted(l.Failed, "failed"))
}

func counted(n report.Optional[int], what string) string {
	if !n.Present {
		return ""
	}
	return strconv.Itoa(n.Value) + " " + what
}

// extra returns nil when s has nothing beside its measurements.
func (v *stepsView) extra(s *report.Step, depth int) *extraView {
	e := extraView{Error: join(": ", optional(nonZero(s.ErrorCode)), s.ErrorMessage), Text: s.ReportText, Attachment: v.files.of(s.Attachment)}
	if m := s.MessagePopup; m != nil {
		e.Answer = join(", ", strconv.Quote(m.Response), prefixed("button ", optional(m.Button)))
	}
	if c := s.CallExecutable; c != nil {
		e.Exit = c.ExitCode.String()
	}
	if s.Chart != nil {
		e.Chart = newChartView(s.Chart)
	}
	for _, d := range s.AdditionalResults {
		e.Data = append(e.Data, newDataView(d))
	}
	if e.Error == "" && e.Text == "" && e.Answer == "" && e.Exit == "" &&
		e.Attachment == nil && e.Chart == nil && len(e.Data) == 0 {
		return nil
	}
	e.Depth, e.Started = depth, timeText(s.Start)
	return &e
}

// nonZero drops the code that every step without an error has.
func nonZero(code report.Optional[int]) report.Optional[int] {
	if code.Value == 0 {
		return report.Optional[int]{}
	}
	return code
}

// partView is a part of a repaired unit with the faults found in it.
type partView struct {
	report.SubUnit
	Title    string // "The unit" or the type of part
	Replaces string // the part it replaced
	Faults   []faultView
}

// faultView is a fault found in a repair.
type faultView struct {
	report.Failure
	Step   string // failing step of the test report
	Anchor string // of that step
	Bought string // article in one line
}

func partViews(r *report.Report) []partView {
	byIndex := map[int]*report.SubUnit{}
	for i := range r.SubUnits {
		if u := &r.SubUnits[i]; u.Index.Present {
			byIndex[u.Index.Value] = u
		}
	}
	var parts []partView
	for _, u := range r.SubUnits {
		p := partView{SubUnit: u, Title: u.PartType}
		if u.Index.Present && u.Index.Value == 0 {
			p.Title = "The unit itself"
		}
		if old := byIndex[u.ReplacedIndex.Value]; u.ReplacedIndex.Present && old != nil {
			p.Replaces = join(" ", old.PartNumber, old.SerialNumber)
		}
		for _, f := range u.Failures {
			p.Faults = append(p.Faults, newFaultView(f))
		}
		parts = append(parts, p)
	}
	return parts
}

func newFaultView(f report.Failure) faultView {
	v := faultView{Failure: f, Step: f.StepName}
	if f.StepID.Present {
		v.Anchor = stepAnchor(f.StepID.Value)
		if v.Step == "" {
			v.Step = fmt.Sprintf("step %d", f.StepID.Value)
		}
	}
	v.Bought = join(" ", f.ArticleNumber, prefixed("rev ", f.ArticleRevision), f.ArticleVendor, f.ArticleDescription)
	return v
}

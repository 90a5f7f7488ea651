package report

import (
	"cmp"
	"strings"
)

// Mode says where the statuses of a report come from.
type Mode uint8

// The modes.
const (
	Import Mode = iota // the tester's statuses are kept; a missing one is judged
	Active             // statuses are computed from values and limits, and go up the tree
)

// Judge holds value against the limits that op needs and returns Passed or Failed. It reports false when it cannot tell: the value or a
// limit is absent or no number, or op does not compare numbers.
//
// NaN passes no limit, neither as a value nor as a limit. An operator with one limit takes it from low; where only high is given, it is
// the limit meant.
func (op CompOp) Judge(value, low, high Number) (Status, bool) {
	if !value.IsNumeric() {
		return 0, false
	}
	needsLow, needsHigh := op.limitNeeds()
	if needsLow && !needsHigh && !low.Present() {
		low = high
	}
	switch {
	case op == NoCompOp || op == LOG:
		return Passed, true
	case !needsLow || !low.IsNumeric() || needsHigh && !high.IsNumeric():
		return 0, false
	}
	return verdict(op.passes(value.Float(), low.Float(), high.Float())), true
}

func verdict(passed bool) Status {
	if passed {
		return Passed
	}
	return Failed
}

// passes compares as the operator's name says; every comparison with NaN is false.
func (op CompOp) passes(v, low, high float64) bool {
	switch op {
	case EQ:
		return v == low
	case NE:
		return v < low || v > low
	case GT:
		return v > low
	case GE:
		return v >= low
	case LT:
		return v < low
	case LE:
		return v <= low
	case EQT, GELE:
		return v >= low && v <= high
	case GELT:
		return v >= low && v < high
	case GTLE:
		return v > low && v <= high
	case GTLT:
		return v > low && v < high
	case LEGE:
		return v <= low || v >= high
	case LEGT:
		return v <= low || v > high
	case LTGE:
		return v < low || v >= high
	case LTGT:
		return v < low || v > high
	}
	return false
}

// JudgeText holds value against limit and returns Passed or Failed, and false when op does not compare texts.
// GT, GE, LT and LE compare byte by byte. An absent limit is the empty text.
func (op CompOp) JudgeText(value, limit string) (Status, bool) {
	switch op {
	case NoCompOp, LOG:
		return Passed, true
	case EQ, CASESENSIT:
		return verdict(value == limit), true
	case IGNORECASE:
		return verdict(strings.EqualFold(value, limit)), true
	case NE:
		return verdict(value != limit), true
	case GT:
		return verdict(value > limit), true
	case GE:
		return verdict(value >= limit), true
	case LT:
		return verdict(value < limit), true
	case LE:
		return verdict(value <= limit), true
	}
	return 0, false
}

// Judge gives the measurements, the steps and the report the statuses they lack, and in Active mode carries failures up the tree.
// It returns warnings: statuses that contradict their limits, and a result that was changed. Statuses that contradict each other are
// told by [Report.Validate]. It may be called again.
//
// In both modes a measurement without status is judged by its limits, when these are there; a step without status by its measurements,
// then by its children, else it is Done (a sequence: Passed); a report without result takes that of its root. Of a loop without status
// the passes count. The result of a repair is Passed unless given.
//
// Import changes nothing else. In Active mode a step fails when a measurement of it failed, and a step and the report are as bad as
// the worst below them: Terminated, then Error, Failed, Passed. Skipped and Done never change the parent, nor do the passes of
// a loop: its header does. The first step in each sequence that made it fail gets CausedSequenceFailure, and the one of these that made
// the report fail CausedUUTFailure.
func (r *Report) Judge(mode Mode) Findings { return r.judge(mode, nil) }

// judge is Judge for a report in which the failures of some steps do not go up.
func (r *Report) judge(mode Mode, kept map[*Step]bool) Findings {
	switch {
	case r.IsRepair() && r.Result == 0:
		r.Result = Passed
		return nil
	case r.Test == nil || r.Test.Root == nil:
		return nil
	}
	j := judge{validator: validator{path: []byte{'$'}}, mode: mode, kept: kept}
	mark := j.into("root")
	j.step(r.Test.Root, 0)
	j.leave(mark)
	j.result(r)
	if mode == Active {
		r.markCause()
	}
	return j.all()
}

// judge goes over the step tree of one report.
type judge struct {
	validator
	mode Mode
	kept map[*Step]bool // steps whose failure does not fail their parent
}

// result sets the verdict on the unit.
func (j *judge) result(r *Report) {
	verdict := worse(Passed, r.Test.Root.Status)
	switch {
	case r.Result == 0:
		r.Result = verdict
	case j.mode == Active && worse(r.Result, verdict) != r.Result:
		j.find("result", Warning, "status", "result was %s but root has the status %s; result was changed to that",
			describeStatus(r.Result), describeStatus(verdict))
		r.Result = verdict
	}
}

// worse returns b when it is worse than a, and else a. Only Failed, Error and Terminated are worse than anything.
func worse(a, b Status) Status {
	if b.badness() > a.badness() {
		return b
	}
	return a
}

func (s Status) badness() int { return strings.IndexByte("FET", byte(s)) + 1 }

// worsePass is worse for the passes of a loop: of these one that passed counts too.
func worsePass(all, next Status) Status {
	if all == 0 && next == Passed {
		return Passed
	}
	return worse(all, next)
}

// step judges s and what is below it. For the header of a loop, passes is the worst status of its passes.
func (j *judge) step(s *Step, passes Status) {
	j.steps(s)
	measured := j.measurements(s)
	var below Status
	if s.Status == 0 || j.mode == Active {
		below = j.children(s)
	}
	switch {
	case s.Status == 0 || s.Status == Unknown && j.mode == Active:
		if measured == 0 {
			measured = passes
		}
		s.Status = worse(worse(judged(s, measured), below), passes)
	case j.mode == Active:
		s.Status = worse(worse(s.Status, measured), below)
	}
}

// judged returns the status of a step that was given none, as far as its own measurements tell it.
func judged(s *Step, measured Status) Status {
	switch {
	case measured != 0:
		return measured
	case len(s.Steps) > 0 || s.Kind() == KindSequence:
		return Passed
	}
	return Done
}

// steps judges the children of s, the header of a loop after its passes.
func (j *judge) steps(s *Step) {
	header, passes := -1, Status(0)
	judgeHeader := func() {
		if header >= 0 {
			mark := j.intoElement("steps", header)
			j.step(s.Steps[header], passes)
			j.leave(mark)
		}
		header, passes = -1, 0
	}
	for i, child := range s.Steps {
		isPass := child.isPass()
		if !isPass {
			judgeHeader()
		}
		switch {
		case child == nil:
		case child.Loop != nil && !isPass:
			header = i
		default:
			mark := j.intoElement("steps", i)
			j.step(child, 0)
			j.leave(mark)
			passes = worsePass(passes, child.Status)
		}
	}
	judgeHeader()
}

// isPass reports whether s is a pass of a loop; the header is the last step before that is none.
func (s *Step) isPass() bool { return s != nil && s.Loop != nil && s.Loop.Index.Present }

// children returns the worst status that goes up from the children of s, and in Active mode marks the first that does.
func (j *judge) children(s *Step) (worst Status) {
	var cause *Step
	inLoop := false // a header came, and only passes since
	for _, child := range s.Steps {
		if child.isPass() && inLoop {
			continue
		}
		if inLoop = child != nil && child.Loop != nil && !child.isPass(); child == nil {
			continue
		}
		if child.Status.bad() && (child.Status != Failed || !j.kept[child]) {
			cause = cmp.Or(cause, child)
			worst = worse(worst, child.Status)
		}
	}
	if j.mode == Active {
		s.setCause(cause)
	}
	return worst
}

// setCause marks cause, and no other child of s, as what made s fail.
func (s *Step) setCause(cause *Step) {
	for _, child := range s.Steps {
		switch {
		case child == nil:
		case child == cause:
			child.CausedSequenceFailure = Some(true)
		case child.CausedSequenceFailure.Value:
			child.CausedSequenceFailure = Some(false)
		}
	}
}

// markCause marks the step that made the report fail: from the root down along the marks of the sequences.
func (r *Report) markCause() {
	for _, s := range r.Test.Root.Walk() {
		s.CausedUUTFailure = Optional[bool]{}
	}
	r.Test.CausedFailureStepID = Optional[int]{}
	cause := r.Test.Root
	if !cause.Status.bad() {
		return
	}
	for next := cause; next != nil; next = next.cause() {
		cause = next
	}
	cause.CausedUUTFailure = Some(true)
	r.Test.CausedFailureStepID = cause.ID
}

// cause returns the child that is marked as what made s fail.
func (s *Step) cause() *Step {
	for _, child := range s.Steps {
		if child != nil && child.CausedSequenceFailure.Value {
			return child
		}
	}
	return nil
}

// measurements gives the measurements of s the statuses they lack. It returns Failed when one failed, else Passed when one passed,
// else Skipped when there are any.
func (j *judge) measurements(s *Step) (all Status) {
	for i := range s.Numeric {
		m := &s.Numeric[i]
		mark := j.intoElement("numericMeas", i)
		status, ok := m.CompOp.Judge(m.Value, m.Low, m.High)
		if j.contradicts(s, &m.Status, status, ok) && m.CompOp > LOG {
			j.find("status", Warning, "status", "status is %s, but the value %s against %s %s %s is %s",
				m.Status.Letter(), m.Value, m.CompOp, m.Low, m.High, status.Letter())
		}
		j.leave(mark)
		all = join(all, m.Status)
	}
	for i := range s.Strings {
		m := &s.Strings[i]
		mark := j.intoElement("stringMeas", i)
		status, ok := m.CompOp.JudgeText(m.Value, m.Limit)
		if j.contradicts(s, &m.Status, status, ok) && m.CompOp > LOG {
			j.find("status", Warning, "status", "status is %s, but the value %.100q against %s %.100q is %s",
				m.Status.Letter(), m.Value, m.CompOp, m.Limit, status.Letter())
		}
		j.leave(mark)
		all = join(all, m.Status)
	}
	for i := range s.Booleans {
		if m := &s.Booleans[i]; m.Status == 0 && len(s.Booleans) == 1 && strings.IndexByte("PFS", byte(s.Status)) >= 0 {
			m.Status = s.Status
		}
		all = join(all, s.Booleans[i].Status)
	}
	return all
}

// contradicts gives a measurement of s that has no status the one by its limits, and reports whether the status it has is another.
func (j *judge) contradicts(s *Step, given *Status, byLimits Status, ok bool) bool {
	switch {
	case *given == 0 && s.Status == Skipped:
		*given = Skipped
	case *given == 0 && ok:
		*given = byLimits
	}
	return ok && (*given == Passed || *given == Failed) && *given != byLimits
}

// join returns the status of several measurements together.
func join(all, next Status) Status {
	switch {
	case all == Failed || next == Failed:
		return Failed
	case all == Passed || next == Passed:
		return Passed
	}
	return max(all, next) // Skipped or none
}

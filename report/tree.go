package report

import (
	"cmp"
	"iter"
	"strings"
)

// Walk yields every step below and including s in document order, with its depth: 0 for s.
func (s *Step) Walk() iter.Seq2[int, *Step] {
	return func(yield func(int, *Step) bool) {
		s.walk(0, yield)
	}
}

func (s *Step) walk(depth int, yield func(int, *Step) bool) bool {
	if s == nil {
		return true
	}
	if !yield(depth, s) {
		return false
	}
	for _, child := range s.Steps {
		if !child.walk(depth+1, yield) {
			return false
		}
	}
	return true
}

// AssignStepIDs gives every step of a test report an ID that is unique in it: IDs given are kept, missing and repeated ones are
// replaced by unused numbers in document order. Without any ID the steps are 1, 2, 3, …
func (r *Report) AssignStepIDs() {
	if r.Test == nil {
		return
	}
	var (
		used    = make(map[int]bool)
		without []*Step
	)
	for _, s := range r.Test.Root.Walk() {
		if !s.ID.Present || used[s.ID.Value] {
			without = append(without, s)
			continue
		}
		used[s.ID.Value] = true
	}
	id := 0
	for _, s := range without {
		for id++; used[id]; id++ {
		}
		s.ID = Some(id)
	}
}

// FailureCause returns the step that made the test fail and the names from the root's children down to it.
// Nil when the report passed or is no test.
//
// In each sequence, from the root on, it takes the first step that failed and has CausedSequenceFailure set, else the first with
// an error or terminated, else the first failed one. A sequence without such a step is the cause itself.
func (r *Report) FailureCause() (*Step, []string) {
	if r.Test == nil || r.Test.Root == nil || r.passed() {
		return nil, nil
	}
	cause := r.Test.Root
	var path []string
	for next := cause.failingChild(); next != nil; next = cause.failingChild() {
		cause = next
		path = append(path, cause.Name)
	}
	return cause, path
}

// passed reports the verdict of a test; without one, the root's status counts.
func (r *Report) passed() bool {
	if r.Result == 0 {
		return !r.Test.Root.Status.bad()
	}
	return r.Result == Passed
}

// bad reports whether s makes a sequence not pass.
func (s Status) bad() bool { return s == Failed || s == Error || s == Terminated }

func (s *Step) failingChild() *Step {
	var broken, failed *Step
	for _, child := range s.Steps {
		switch {
		case child == nil || !child.Status.bad():
		case child.CausedSequenceFailure.Value:
			return child
		case child.Status != Failed:
			broken = cmp.Or(broken, child)
		default:
			failed = cmp.Or(failed, child)
		}
	}
	return cmp.Or(broken, failed)
}

// Kind is what a step does, whatever its type is called.
type Kind uint8

// The kinds.
const (
	KindGeneric        Kind = iota // NI_Wait and the other types of TestStand without data, and custom types without data
	KindSequence                   // SequenceCall, WATS_SeqCall
	KindNumeric                    // ET_NLT, NumericLimitTest
	KindMultiNumeric               // ET_MNLT, NI_MultipleNumericLimitTest
	KindString                     // ET_SVT, StringValueTest
	KindMultiString                // ET_MSVT
	KindPassFail                   // ET_PFT, PassFailTest
	KindMultiPassFail              // ET_MPFT
	KindAction                     // ET_A, Action, Statement
	KindFlow                       // NI_Flow_…, Goto, Label, DoWhile
	KindChart                      // WATS_XYGMNLT, Chart
	KindAttachment                 // WATS_AttachFile
	KindMessagePopup               // MessagePopup
	KindCallExecutable             // CallExecutable
)

// Kind returns the kind of s: by its type, compared without case, else by its content.
func (s *Step) Kind() Kind {
	if kind, ok := kindOfType(s.Type); ok {
		return kind
	}
	return s.kindOfContent()
}

// kindOfType returns the kind of a type that says what the step does.
func kindOfType(name string) (Kind, bool) {
	var buf [len("ni_multiplenumericlimittest")]byte // the longest name
	n := len(name)
	if n > len(buf) {
		n = 0
	}
	for i := range n {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		buf[i] = c
	}
	switch string(buf[:n]) {
	case "sequencecall", "wats_seqcall":
		return KindSequence, true
	case "et_nlt", "numericlimittest":
		return KindNumeric, true
	case "et_mnlt", "ni_multiplenumericlimittest", "multinumericlimittest":
		return KindMultiNumeric, true
	case "et_svt", "stringvaluetest":
		return KindString, true
	case "et_msvt", "multistringtest":
		return KindMultiString, true
	case "et_pft", "passfailtest":
		return KindPassFail, true
	case "et_mpft", "multibooleantest":
		return KindMultiPassFail, true
	case "et_a", "action", "statement":
		return KindAction, true
	case "goto", "label", "dowhile":
		return KindFlow, true
	case "wats_xygmnlt", "chart":
		return KindChart, true
	case "wats_attachfile":
		return KindAttachment, true
	case "messagepopup":
		return KindMessagePopup, true
	case "callexecutable":
		return KindCallExecutable, true
	}
	return KindFlow, strings.HasPrefix(string(buf[:n]), "ni_flow_")
}

func (s *Step) kindOfContent() Kind {
	switch {
	case len(s.Numeric) > 0:
		return several(len(s.Numeric), s.Numeric[0].Name, KindNumeric, KindMultiNumeric)
	case len(s.Strings) > 0:
		return several(len(s.Strings), s.Strings[0].Name, KindString, KindMultiString)
	case len(s.Booleans) > 0:
		return several(len(s.Booleans), s.Booleans[0].Name, KindPassFail, KindMultiPassFail)
	case s.Chart != nil:
		return KindChart
	case s.Attachment != nil:
		return KindAttachment
	case s.MessagePopup != nil:
		return KindMessagePopup
	case s.CallExecutable != nil:
		return KindCallExecutable
	case s.Sequence != nil || len(s.Steps) > 0:
		return KindSequence
	}
	return KindGeneric
}

// several returns multi for more than one measurement, or one with a name.
func several(n int, name string, single, multi Kind) Kind {
	if n > 1 || name != "" {
		return multi
	}
	return single
}

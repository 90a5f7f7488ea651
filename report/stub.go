package report

import (
	"iter"
	"time"
)

// ParseTime reads an ISO 8601 date-time with up to nine fraction digits. A text without offset is taken to be in zone, and naive is true.
func ParseTime(text string, zone *time.Location) (t time.Time, naive bool, err error) {
	panic("stub")
}

func isJSONNumber(text string) bool           { panic("stub") }
func sameDecimal(text string, v float64) bool { panic("stub") }

// DecodeWSJF reads one WSJF document.
//
// It fails with a [*SyntaxError] only when data is not one JSON object. Members of a wrong type, unknown
// statuses or operators and the like are findings; the offending member is kept in Extra, so that nothing is lost.
// The report shares memory with a copy of data, never with data itself.
func DecodeWSJF(data []byte) (*Report, Findings, error) { panic("stub") }

// WSJFOptions says how AppendWSJF writes.
type WSJFOptions struct {
	ServerMembers bool // also write the members that only servers write, such as causedUUTFailure
}

// AppendWSJF appends r as one WSJF document to dst. The form is canonical: equal reports give equal bytes.
func (r *Report) AppendWSJF(dst []byte, opt WSJFOptions) []byte { panic("stub") }

// Validate returns what in r a server refuses or marks, in document order.
func (r *Report) Validate() Findings { panic("stub") }

// AssignStepIDs gives every step of a test report an ID that is unique in it: IDs given are kept, missing and repeated ones are
// replaced by unused numbers in document order. Without any ID the steps are 1, 2, 3, …
func (r *Report) AssignStepIDs() { panic("stub") }

// FailureCause returns the step that made the test fail and the names from the root's children down to it.
// Nil when the report passed or is no test.
func (r *Report) FailureCause() (*Step, []string) { panic("stub") }

// Walk yields every step below and including s in document order, with its depth: 0 for s.
func (s *Step) Walk() iter.Seq2[int, *Step] { panic("stub") }

// Kind is what a step does, whatever its type is called.
type Kind uint8

// The kinds.
const (
	KindGeneric        Kind = iota // a custom type without data
	KindSequence                   // SequenceCall, WATS_SeqCall
	KindNumeric                    // ET_NLT, NumericLimitTest
	KindMultiNumeric               // ET_MNLT, NI_MultipleNumericLimitTest
	KindString                     // ET_SVT, StringValueTest
	KindMultiString                // ET_MSVT
	KindPassFail                   // ET_PFT, PassFailTest
	KindMultiPassFail              // ET_MPFT
	KindAction                     // ET_A, Action
	KindFlow                       // NI_Flow_…, Goto, Label, DoWhile
	KindChart                      // WATS_XYGMNLT
	KindAttachment                 // WATS_AttachFile
	KindMessagePopup               // MessagePopup
	KindCallExecutable             // CallExecutable
)

// Kind returns the kind of s: by its type, compared without case, else by its content.
func (s *Step) Kind() Kind { panic("stub") }

package report

import "strings"

// Status is the verdict on a report, a step or a measurement. The zero Status is absent.
//
// Reports take Passed, Failed, Error and Terminated; steps take all; measurements take Passed, Failed and Skipped.
type Status byte

// The statuses, by their letter in WSJF.
const (
	Passed     Status = 'P'
	Failed     Status = 'F'
	Skipped    Status = 'S' // not executed
	Done       Status = 'D' // executed, nothing to judge
	Error      Status = 'E' // could not be executed
	Terminated Status = 'T' // stopped from outside
	Unknown    Status = 'U' // read only
)

// ParseStatus reads a letter, a word (Passed) or one of the usual variants (pass, ok, fail, ng, err, abort, …),
// in any case. It reports false for anything else, "" included.
func ParseStatus(text string) (Status, bool) {
	if len(text) == 1 {
		switch s := Status(text[0] &^ 0x20); s { // &^ 0x20 turns a lower-case letter into upper case
		case Passed, Failed, Skipped, Done, Error, Terminated, Unknown:
			return s, true
		}
		return 0, false
	}
	switch strings.ToLower(text) {
	case "passed", "pass", "ok", "success", "successful":
		return Passed, true
	case "failed", "fail", "failure", "ng":
		return Failed, true
	case "skipped", "skip":
		return Skipped, true
	case "done", "complete", "completed":
		return Done, true
	case "error", "err":
		return Error, true
	case "terminated", "term", "abort", "aborted":
		return Terminated, true
	case "unknown":
		return Unknown, true
	}
	return 0, false
}

// String returns the word (Passed), "" when absent.
func (s Status) String() string {
	switch s {
	case Passed:
		return "Passed"
	case Failed:
		return "Failed"
	case Skipped:
		return "Skipped"
	case Done:
		return "Done"
	case Error:
		return "Error"
	case Terminated:
		return "Terminated"
	case Unknown:
		return "Unknown"
	}
	return ""
}

// Letter returns the letter (P), "" when absent.
func (s Status) Letter() string {
	if s == 0 {
		return ""
	}
	return string(rune(s))
}

// MarshalText returns the word, as report headers carry it.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what ParseStatus reads; "" is absent, any other text is Unknown.
func (s *Status) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*s = 0
		return nil
	}
	parsed, ok := ParseStatus(string(text))
	if !ok {
		parsed = Unknown
	}
	*s = parsed
	return nil
}

// Group is the part of a sequence a step belongs to. The zero Group is absent and means Main.
type Group byte

// The groups, by their letter in WSJF.
const (
	Setup   Group = 'S'
	Main    Group = 'M'
	Cleanup Group = 'C'
)

// ParseGroup reads a letter or a word (Setup, Main, Cleanup) in any case.
func ParseGroup(text string) (Group, bool) {
	if len(text) == 1 {
		switch g := Group(text[0] &^ 0x20); g { // as in ParseStatus
		case Setup, Main, Cleanup:
			return g, true
		}
		return 0, false
	}
	switch strings.ToLower(text) {
	case "setup":
		return Setup, true
	case "main":
		return Main, true
	case "cleanup":
		return Cleanup, true
	}
	return 0, false
}

// String returns the word, "" when absent.
func (g Group) String() string {
	switch g {
	case Setup:
		return "Setup"
	case Main:
		return "Main"
	case Cleanup:
		return "Cleanup"
	}
	return ""
}

// CompOp is a comparison operator: how a value is held against its limits. The zero CompOp is absent and means LOG.
type CompOp uint8

// The operators. Of a pair such as GELE the first half holds against the low limit, the second against the high one.
const (
	NoCompOp   CompOp = iota
	LOG               // no limit, recorded only
	EQ                // one limit, in Low, also for LT and LE
	NE                //
	GT                //
	GE                //
	LT                //
	LE                //
	EQT               // between Low and High, which a writer computed from nominal and tolerance
	GELE              // inside; E: the limit itself passes
	GELT              //
	GTLE              //
	GTLT              //
	LEGE              // outside: (≤ or <) Low, or (≥ or >) High
	LEGT              //
	LTGE              //
	LTGT              //
	CASESENSIT        // texts, equal
	IGNORECASE        // texts, equal without regard to case
)

var compOpNames = [...]string{
	"", "LOG", "EQ", "NE", "GT", "GE", "LT", "LE", "EQT", "GELE", "GELT", "GTLE", "GTLT", "LEGE", "LEGT", "LTGE", "LTGT",
	"CASESENSIT", "IGNORECASE",
}

// ParseCompOp reads an operator in any case. It reports false for anything else, "" included.
func ParseCompOp(text string) (CompOp, bool) {
	for op := LOG; op <= IGNORECASE; op++ { // writers agree on capitals
		if text == compOpNames[op] {
			return op, true
		}
	}
	for op := LOG; op <= IGNORECASE; op++ {
		if strings.EqualFold(text, compOpNames[op]) {
			return op, true
		}
	}
	return NoCompOp, false
}

// String returns the operator in capitals, "" when absent.
func (op CompOp) String() string {
	if int(op) < len(compOpNames) {
		return compOpNames[op]
	}
	return ""
}

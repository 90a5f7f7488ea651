package report

// Step is one entry of the step tree: what ran, how long, and what it measured.
//
// At most one of Numeric, Strings and Booleans has entries. One entry without a name makes a single test; a name, or more than
// one entry, makes a multi test. A looped step is a header entry followed by one sibling per pass: see [Loop].
type Step struct {
	ID                    Optional[int] // unique in the report; a repair's failures point to it
	Group                 Group
	Type                  string // stepType as written; Kind gives its meaning
	Name                  string // 1–100; may repeat among siblings
	Status                Status
	Start                 Time
	TotalTime             Number // totTime: seconds
	TotalTimeFormat       string
	ErrorCode             Optional[int]
	ErrorCodeFormat       string
	ErrorMessage          string         // 0–200
	ReportText            string         // 0–100,000
	TSGuid                string         // TestStand's step id: 0–30
	CausedSequenceFailure Optional[bool] // causedSeqFailure
	CausedUUTFailure      Optional[bool] // output only
	InteractiveExeNum     Optional[int]
	Loop                  *Loop

	// Steps are the children in order of execution; nil when the member is absent. Any kind of step may have them.
	Steps    []*Step
	Sequence *Sequence // the sequence that was called; a sequence call may lack it

	Numeric  []NumericMeasurement
	Strings  []StringMeasurement
	Booleans []BooleanMeasurement

	Chart             *Chart
	Attachment        *Attachment
	MessagePopup      *MessagePopup
	CallExecutable    *CallExecutable
	AdditionalResults []AdditionalData

	Extra []Member
}

// Sequence names the sequence that a step called.
type Sequence struct {
	Path    string // of the sequence file: 0–500
	Name    string // 0–200
	Version string // 0–30

	Extra []Member
}

// Loop says which part a step plays in a loop. The header has Count and no Index; each pass has an Index from 0.
type Loop struct {
	Index       Optional[int] // idx, or i
	Count       Optional[int] // num, or n: number of passes
	EndingIndex Optional[int]
	Passed      Optional[int]
	Failed      Optional[int]

	Extra []Member
}

// NumericMeasurement is one number and the limits it was judged by.
type NumericMeasurement struct {
	Name        string // 1–100 in a multi test, "" in a single one
	Value       Number // in Unit
	ValueFormat string
	Unit        string // as the tester wrote it: 0–20
	CompOp      CompOp
	Low         Number // also for one-sided LT and LE: see CompOp
	LowFormat   string
	High        Number
	HighFormat  string
	Status      Status

	Extra []Member
}

// StringMeasurement is one text and the text it was held against.
type StringMeasurement struct {
	Name   string
	Value  string // 0–5000
	CompOp CompOp
	Limit  string // 0–5000
	Status Status

	Extra []Member
}

// BooleanMeasurement is one pass-fail verdict. There is no value; the status is the value.
type BooleanMeasurement struct {
	Name   string
	Status Status

	Extra []Member
}

// Chart is a set of curves.
type Chart struct {
	Type          string // chartType: Line, LineLogX, LineLogY or LineLogXY
	Label         string // 0–100
	XLabel, XUnit string // 0–100, 0–50
	YLabel, YUnit string // 0–100, 0–50
	Series        []Series

	Extra []Member
}

// Series is one curve. XData and YData are numbers with a decimal point, joined by semicolons, as WSJF carries them.
type Series struct {
	Name     string // 1–100
	DataType string // XYG
	XData    string // "" means 0, 1, 2, …
	YData    string

	Extra []Member
}

// MessagePopup is what an operator answered.
type MessagePopup struct {
	Response string // 0–100
	Button   Optional[int]

	Extra []Member
}

// CallExecutable is the outcome of a program that was run.
type CallExecutable struct {
	ExitCode Number

	Extra []Member
}

// AdditionalData is a named property tree, as TestStand writes them.
type AdditionalData struct {
	Name  string // 1–200
	Props []*Property

	Extra []Member
}

// Property is a node of a property tree. Elements of a list of properties may be nil.
type Property struct {
	Name      string
	Type      string // Number, String, Boolean, Obj, Array, …
	Flags     Optional[int]
	Value     string
	Comment   string
	NumFormat string
	Props     []*Property    // when Type is Obj
	Array     *PropertyArray // when Type is Array

	Extra []Member
}

// PropertyArray is the content of a property of type Array.
type PropertyArray struct {
	Dimension Optional[int]
	Type      string
	Indexes   []*PropertyElement // may contain nil

	Extra []Member
}

// PropertyElement is one element of a PropertyArray.
type PropertyElement struct {
	Text    string
	Indexes []int // one per dimension
	Value   *Property

	Extra []Member
}

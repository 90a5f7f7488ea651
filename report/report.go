package report

import (
	"time"
)

// Report is one test report (UUT) or repair report (UUR): exactly one of Test and Repair is set.
//
// Lengths are in Unicode characters. Source of members and lengths: support.wats.com article 360014879119.
type Report struct {
	ID           ID     // chosen by the client; the same ID sent twice is one report
	PartNumber   string // pn: 1–100
	SerialNumber string // sn: 1–100
	Revision     string // rev: 0–100
	ProductName  string // output only

	// Process is the test operation of a UUT, the repair operation of a UUR.
	Process Process
	Result  Status // verdict on the unit; of a UUR it is carried, never used

	Station  string // machineName: 1–100
	Location string // 0–100
	Purpose  string // 0–100, such as Production or Engineering
	Origin   string // output only: identifier of the submitting client

	// Start is when the test or repair began, with the offset of the station's local time.
	// With serial number, part number and process it identifies a test run.
	Start time.Time

	MiscInfos      []MiscInfo
	SubUnits       []SubUnit
	Assets         []Asset
	AssetStats     []AssetStats // output only
	AdditionalData []AdditionalData
	BinaryData     []Attachment // files of the whole report

	Test   *Test
	Repair *Repair

	Extra []Member
}

// IsRepair reports whether r is a repair report (UUR).
func (r *Report) IsRepair() bool { return r.Repair != nil }

// Process names an operation. The code is its identity, the name is for people.
type Process struct {
	Code       Optional[int] // −32768–32767
	CodeFormat string        // display hint
	Name       string        // compared with regard to case when given
}

// Test is what only a test report has.
type Test struct {
	Operator             string        // user: 0–100
	Comment              string        // 0–5000
	ExecTime             Number        // seconds
	FixtureID            string        // 0–100
	SocketIndex          Optional[int] // testSocketIndex; −1 means none
	SocketIndexFormat    string        // display hint, as all members named …Format
	ErrorCode            Optional[int]
	ErrorCodeFormat      string
	ErrorMessage         string // 0–500
	BatchSerialNumber    string // batchSN: 0–100
	BatchFailCount       Optional[int]
	BatchFailCountFormat string
	BatchLoopIndex       Optional[int]
	BatchLoopIndexFormat string
	CausedFailureStepID  Optional[int]     // stepIdCausedUUTFailure, output only
	ReferencedBy         []RepairReference // output only: repairs of this test's unit that name this report

	// Root is the main sequence. Nil only in a report that a server would refuse.
	Root *Step

	Extra []Member
}

// RepairReference points to a repair report.
type RepairReference struct {
	ID    string // GUID
	Start Time
	Extra []Member
}

// Repair is what only a repair report has. Its failures stand at the sub-units.
type Repair struct {
	Operator     string  // user: 0–100
	Comment      string  // 0–5000
	ExecTime     Number  // seconds
	Process      Process // the TEST operation in which the unit failed
	TestReport   ID      // refUUT: the failed test report; zero when none
	ConfirmDate  Time
	FinalizeDate Time
	Active       Optional[bool]
	Parent       ID // the repair of which this is a part; zero when none

	Extra []Member
}

// MiscInfo is a free key with a text, a number, or both.
type MiscInfo struct {
	ID            string
	Description   string // the key: 1–100
	Text          string // 0–100
	Numeric       Number
	NumericFormat string
	Typedef       string // 0–30

	Extra []Member
}

// SubUnit is a part of the unit with a serial number of its own. In a repair report Index 0 is the unit itself.
type SubUnit struct {
	PartType      string // 1–50, such as PCBA; Unknown when not known
	SerialNumber  string // 1–100
	PartNumber    string // 1–100
	Revision      string // 0–100
	Index         Optional[int]
	ParentIndex   Optional[int] // Index of the unit this one is part of
	Position      Optional[int]
	ReplacedIndex Optional[int] // on a new part: Index of the part it replaced
	Failures      []Failure     // repair only

	Extra []Member
}

// Failure is one fault found in a repair. Category and Code name two levels of the repair operation's fail code catalogue.
type Failure struct {
	Category                          string
	Code                              string
	Comment                           string
	ComponentRef                      string        // comRef: 0–50, such as R12
	FunctionBlock                     string        // funcBlock: 0–100
	StepID                            Optional[int] // refStepId: ID of the step in the referenced test report; 0 is a value
	StepName                          string        // refStepName, output only
	ArticleNumber, ArticleRevision    string        // 0–100
	ArticleVendor, ArticleDescription string        // 0–500

	Extra []Member
}

// Asset is a piece of equipment that was used.
type Asset struct {
	SerialNumber     string // sn: 1–100
	Type             string // assetType: 0–100
	PartNumber       string // 0–100
	UsageCount       Optional[int]
	UsageCountFormat string
	CalibrationDate  Time
	CalibrationDue   Time

	Extra []Member
}

// AssetStats is what a server knows of an asset at the time of the report. Output only.
type AssetStats struct {
	SerialNumber string
	Extra        []Member // the counters, as the server wrote them
}

// Attachment is a file, of a step or of the whole report.
type Attachment struct {
	Name         string // file name: 1–256
	ContentType  string // MIME type: 0–100
	Data         []byte
	Description  string        // 0–500
	FailureIndex Optional[int] // repair only: the failure it belongs to

	Extra []Member
}

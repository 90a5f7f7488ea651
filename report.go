package wats

import (
	"time"

	"github.com/gowats/gowats/report"
)

// ReportType tells test reports from repair reports, by the letter that queries use.
type ReportType string

// The report types. In an answer the type is T or R: see ReportHeader.
const (
	UUT ReportType = "U" // test of a unit
	UUR ReportType = "R" // repair of a unit
)

// ReportHeader is the summary of one report. Members a server did not send are zero or absent.
//
// Route: GET /api/Report/Query/Header.
type ReportHeader struct {
	ID              report.ID     `json:"uuid"`
	ReportType      string        `json:"reportType"` // T test, R repair
	SerialNumber    string        `json:"serialNumber"`
	PartNumber      string        `json:"partNumber"`
	Revision        string        `json:"revision"`
	BatchNumber     string        `json:"batchNumber,omitzero"`
	StationName     string        `json:"stationName"`
	Location        string        `json:"location"`
	Purpose         string        `json:"purpose"`
	ProcessCode     int           `json:"processCode"` // test operation of a UUT, repair operation of a UUR
	ProcessName     string        `json:"processName"`
	Result          report.Status `json:"result"` // Passed, Failed, Error or Terminated
	StartUTC        time.Time     `json:"startUtc"`
	Operator        string        `json:"operator"`
	Comment         string        `json:"comment,omitzero"`
	SequenceFile    string        `json:"swFilename,omitzero"` // name of the sequence file, without folder
	SequenceVersion string        `json:"swVersion,omitzero"`
	FixtureID       string        `json:"fixtureId,omitzero"`

	ExecutionTime   report.Optional[float64] `json:"executionTime,omitzero"` // seconds
	TestSocketIndex report.Optional[int]     `json:"testSocketIndex,omitzero"`
	ErrorCode       report.Optional[int]     `json:"errorCode,omitzero"`
	ErrorMessage    string                   `json:"errorMessage,omitzero"`
	Run             report.Optional[int]     `json:"run,omitzero"`         // from 1: which test of the unit in the process, by start
	PassedInRun     report.Optional[int]     `json:"passedInRun,omitzero"` // first run that passed; absent while none did
	ReceiveCount    int                      `json:"receiveCount,omitzero"`
	ReportSize      int                      `json:"reportSize,omitzero"` // kilobytes

	CausedUUTFailure     string    `json:"causedUutFailure,omitzero"`     // name of the step that failed the unit
	CausedUUTFailurePath string    `json:"causedUutFailurePath,omitzero"` // names from the root's children down, joined by ¶
	ReferencedUUT        report.ID `json:"referencedUut,omitzero"`        // repair only: the test report
}

// HeaderQuery restricts a list of headers. The zero HeaderQuery means every test report, newest first.
type HeaderQuery struct {
	Type         ReportType // default UUT
	SerialNumber string     // these texts may hold * for any text: PCBA-*; else they match whole and with regard to case
	PartNumber   string
	Revision     string
	StationName  string
	BatchNumber  string
	Operator     string
	ProcessCode  report.Optional[int]
	Result       report.Status // zero: any
	From, To     time.Time     // start: From included, To not; zero: open
	Filter       string        // OData expression, in addition to the above
	OrderBy      string        // OData; default "start desc"
	Top          int           // at most so many; 0: all
}

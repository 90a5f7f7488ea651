package wats

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"sync"
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

	TestOperation string `json:"testOperation,omitzero"` // ProcessName, under the name it had before

	// What HeaderQuery.Expand asks for; nil when not asked for. In a repair's JSON their names begin with uur: uurSubUnits.
	SubUnits    []HeaderSubUnit    `json:"subUnits,omitzero"`
	MiscInfo    []HeaderMiscInfo   `json:"miscInfo,omitzero"`
	Assets      []HeaderAsset      `json:"assets,omitzero"`
	Attachments []HeaderAttachment `json:"attachments,omitzero"`
}

// HeaderSubUnit is a part of the unit in a header.
type HeaderSubUnit struct {
	SerialNumber string `json:"serialNumber"`
	PartNumber   string `json:"partNumber"`
	Revision     string `json:"revision"`
	PartType     string `json:"partType"`
}

// HeaderMiscInfo is a misc info in a header.
type HeaderMiscInfo struct {
	Description string `json:"description"`
	Value       string `json:"value"` // the text, or the number where there is none
}

// HeaderAsset is a piece of equipment in a header. A server sends the figures it keeps.
type HeaderAsset struct {
	SerialNumber           string                   `json:"serialNumber"`
	RunningCount           report.Optional[int]     `json:"runningCount,omitzero"` // uses since the last calibration or maintenance
	TotalCount             report.Optional[int]     `json:"totalCount,omitzero"`
	DaysSinceCalibration   report.Optional[float64] `json:"daysSinceCalibration,omitzero"`
	CalibrationDaysOverdue report.Optional[float64] `json:"calibrationDaysOverdue,omitzero"`
}

// HeaderAttachment describes a file of a report, without its content.
type HeaderAttachment struct {
	ID          int64                `json:"attachmentId"` // for ReportService.Attachment; it never changes
	FileName    string               `json:"fileName"`
	ContentType string               `json:"mimeType"`
	Size        int64                `json:"size"` // bytes
	Description string               `json:"description"`
	StepID      report.Optional[int] `json:"stepId,omitzero"` // the step it belongs to; absent: the whole report. Only gowats servers send it
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

	// Only reports with a part of this serial and part number. Both together mean one part that has both.
	SubUnitSerialNumber, SubUnitPartNumber string

	Filter  string    // OData expression, in addition to the above
	OrderBy string    // OData; default "start desc"
	Top     int       // at most so many; 0: all
	Expand  Expansion // lists to be given with each header; default none
	Select  []string  // members by their JSON names; the others, but not the lists of Expand, are left zero. Default all
}

// Expansion is a set of lists that headers are given with, joined by |.
type Expansion uint8

// The lists.
const (
	ExpandSubUnits Expansion = 1 << iota
	ExpandMiscInfo
	ExpandAssets
	ExpandAttachments
)

// Receipt says that a server has a report.
type Receipt struct {
	ID     report.ID // the report's identifier on the server
	Queued bool      // it is in the spool, not at the server: see WithSpool
}

// ReportService submits and reads reports.
type ReportService struct{ client *Client }

// station is what reports that leave it blank are completed by.
type station struct{ name, location, purpose string }

const maxStationText = 100 // characters

// complete returns r with an ID and with blank station members filled. R itself is not changed.
func (s station) complete(r *report.Report) *report.Report {
	completed := *r
	if completed.ID.IsZero() {
		completed.ID = report.NewID()
	}
	fill := func(member *string, text string) {
		if strings.TrimSpace(*member) == "" {
			*member = text
		}
	}
	fill(&completed.Station, s.name)
	fill(&completed.Location, s.location)
	fill(&completed.Purpose, s.purpose)
	return &completed
}

// Submit stores r, completed by [WithStation]; r itself is not changed.
//
// Submitting the same report again changes nothing, so a lost answer is repeated safely. This needs an ID: one is made
// for a report without, and the receipt tells it even when Submit fails; give r that ID before trying again.
//
// A report with violations is not sent: the error matches [ErrInvalid] and holds them as [*report.InvalidError], as does
// the server's refusal. Another ID in the acknowledgement than was sent is an error. With [WithSpool], a report that cannot be brought to the server now is
// queued: the receipt says so, and the error matches [ErrQueued].
//
// Route: POST /api/Report/WSJF. Source: support.wats.com article 360014879119.
func (s *ReportService) Submit(ctx context.Context, r *report.Report) (Receipt, error) {
	if r == nil {
		return Receipt{}, fmt.Errorf("report not submitted: %w: it is nil", ErrInvalid)
	}
	completed := s.client.station.complete(r)
	rc := Receipt{ID: completed.ID}
	if err := completed.Validate().Err(); err != nil {
		return rc, fmt.Errorf("report %s of unit %q not submitted: %w: %w", rc.ID, r.SerialNumber, ErrInvalid, err)
	}
	return s.SubmitWSJF(ctx, rc.ID, s.client.encoder.encode(completed))
}

// encoder encodes reports in memory that is used again. The zero encoder is ready; it is safe for concurrent use.
type encoder struct{ buffers sync.Pool }

// encode returns a document of its own, in memory of just its size. The document is not put back: a transport may read a body even after
// it has returned, and to find out when it is done costs as much as new memory does.
func (e *encoder) encode(r *report.Report) []byte {
	const largest = 1 << 20 // kept for the next report
	buffer, ok := e.buffers.Get().(*[]byte)
	if !ok {
		buffer = new([]byte)
	}
	*buffer = r.AppendWSJF((*buffer)[:0], report.WSJFOptions{})
	document := bytes.Clone(*buffer)
	if cap(*buffer) <= largest {
		e.buffers.Put(buffer)
	}
	return document
}

// SubmitWSJF stores a report that is encoded already, unchanged and unchecked. Id is the one in the document; it must not be zero.
// The receipt holds it even when SubmitWSJF fails. See [ReportService.Submit] for the rest.
func (s *ReportService) SubmitWSJF(ctx context.Context, id report.ID, document []byte) (Receipt, error) {
	return s.submit(ctx, kindWSJF, id, document)
}

// SubmitWSXF stores the one report of an XML document, unchanged and unchecked. Id is the one in the document; it must not be zero.
// The receipt holds it even when SubmitWSXF fails. See [ReportService.Submit] for the rest.
//
// Route: POST /api/Report/WSXF. Source: support.wats.com article 360013383500.
func (s *ReportService) SubmitWSXF(ctx context.Context, id report.ID, document []byte) (Receipt, error) {
	return s.submit(ctx, kindWSXF, id, document)
}

// submit brings a report to the server, or into the spool.
func (s *ReportService) submit(ctx context.Context, kind string, id report.ID, document []byte) (Receipt, error) {
	spool := s.client.spool
	if spool.mode == SpoolAlways && !id.IsZero() {
		if err := ctx.Err(); err != nil {
			return Receipt{ID: id}, fmt.Errorf("queue report %s: %w", id, err)
		}
		return spool.put(ctx, id, kind, document, nil)
	}
	req, err := submitRequest(kind)
	if err == nil {
		err = s.send(ctx, req, id, document)
	}
	switch {
	case err == nil:
		return Receipt{ID: id}, nil
	case spool.mode == SpoolFallback && !errors.Is(err, ErrInvalid) && isUnreached(ctx, err):
		return spool.put(ctx, id, kind, document, err)
	}
	return Receipt{ID: id}, fmt.Errorf("submit report %s: %w", id, err)
}

// submitRequest returns a request that brings a document of this kind, which it lacks yet.
func submitRequest(kind string) (*request, error) {
	switch kind {
	case kindWSJF:
		return newRequest(http.MethodPost, "api", "Report", "WSJF"), nil
	case kindWSXF:
		req := newRequest(http.MethodPost, "api", "Report", "WSXF")
		req.header.Set("Content-Type", "application/xml")
		return req, nil
	}
	return nil, fmt.Errorf("%w: kind %.20q is neither %s nor %s", ErrInvalid, kind, kindWSJF, kindWSXF)
}

// send brings a report to the server.
func (s *ReportService) send(ctx context.Context, req *request, id report.ID, document []byte) error {
	if id.IsZero() {
		return fmt.Errorf("%w: it has no ID to repeat it by", ErrInvalid)
	}
	req.body = document
	req.repeatable = true // the same ID is the same report
	ans, err := s.client.do(ctx, req)
	if err != nil {
		return err
	}
	return s.acknowledged(req, ans, id)
}

// acknowledged returns nil when ans is the acknowledgement of the report sent. An answer that names no report is one.
func (s *ReportService) acknowledged(req *request, ans *answer, sent report.ID) error {
	if ans.isEmpty() {
		return nil
	}
	text, err := parseAcknowledgement(ans.body)
	if err != nil {
		return s.client.unreadable(req, ans, err)
	}
	if text == "" {
		return nil
	}
	id, err := report.ParseID(text)
	if err == nil && id != sent {
		err = fmt.Errorf("the answer acknowledges report %s, not the one sent", id)
	}
	if err != nil {
		return s.client.unreadable(req, ans, err)
	}
	return nil
}

// parseAcknowledgement returns the identifier in the answer to a submit, which is an array of one object, an object or a text;
// "" when it holds none.
func parseAcknowledgement(body []byte) (string, error) {
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil {
		switch len(list) {
		case 0:
			return "", nil
		case 1:
			body = list[0]
		default:
			return "", fmt.Errorf("the answer acknowledges %d reports, one was sent", len(list))
		}
	}
	var text string
	if json.Unmarshal(body, &text) == nil {
		return text, nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil {
		return "", fmt.Errorf("want the identifier of the report: %w", err)
	}
	for _, name := range [...]string{"ID", "id", "uuid"} {
		if json.Unmarshal(object[name], &text) == nil && text != "" {
			return text, nil
		}
	}
	return "", nil
}

// A GetOption leaves out a part of a report that is fetched. Do not submit such a report: it would take the place of the whole one.
type GetOption struct{ name, value string }

// WithoutAttachments leaves the files out.
func WithoutAttachments() GetOption { return GetOption{"includeAttachments", "false"} }

// WithoutCharts leaves the points of curves out.
func WithoutCharts() GetOption { return GetOption{"includeChartdata", "false"} }

// WithDetail asks for less or more detail, from 0 to 7; WSXF does not know it. What each level holds, a server decides; a gowats server
// always gives all.
func WithDetail(level int) GetOption { return GetOption{"detailLevel", strconv.Itoa(level)} }

// getRequest asks for a report in a form, wsjf or wsxf.
func getRequest(form string, id report.ID, opts []GetOption) (*request, error) {
	if id.IsZero() {
		return nil, fmt.Errorf("get report: %w: the ID is zero", ErrInvalid)
	}
	req := newRequest(http.MethodGet, "api", "Report", form, id.String())
	for _, o := range opts {
		req.query.Set(o.name, o.value)
	}
	return req, nil
}

// GetWSXF returns the report of this ID as an XML document, as the server wrote it. It returns [ErrNotFound] when there is none, nil and
// no error with [Lenient].
//
// Route: GET /api/Report/Wsxf/{id}.
func (s *ReportService) GetWSXF(ctx context.Context, id report.ID, opts ...GetOption) ([]byte, error) {
	req, err := getRequest("Wsxf", id, opts)
	if err != nil {
		return nil, err
	}
	ans, err := s.client.do(ctx, req)
	switch {
	case err != nil:
		return nil, s.client.absent(err)
	case ans.isEmpty():
		return nil, s.client.absent(s.client.missing(req, ans))
	}
	return ans.body, nil
}

// Get returns the report of this ID, whole unless an option leaves something out. What it holds that this SDK does not know is kept: see package report.
// It returns [ErrNotFound] when there is none, nil and no error with [Lenient]; a server may need a moment to show a report just submitted.
//
// Route: GET /api/Report/Wsjf/{id}.
func (s *ReportService) Get(ctx context.Context, id report.ID, opts ...GetOption) (*report.Report, error) {
	req, err := getRequest("Wsjf", id, opts)
	if err != nil {
		return nil, err
	}
	ans, err := s.client.do(ctx, req)
	switch {
	case err != nil:
		return nil, s.client.absent(err)
	case ans.isEmpty():
		return nil, s.client.absent(s.client.missing(req, ans))
	}
	r, _, err := report.DecodeWSJF(ans.body) // findings are about what was odd when it was stored: Validate tells them again
	if err != nil {
		return nil, s.client.unreadable(req, ans, err)
	}
	return r, nil
}

// Headers yields the summaries of the reports that match q, newest first unless q says otherwise. It asks for pages as needed
// and holds one at a time; a failure is given once, as the last, with a nil header. It can be ranged over again.
//
// Reports that arrive, or are deleted, during the loop shift the pages: one at a border may come twice or not at all. Where
// this matters, set q.To to a past instant.
//
// Route: GET /api/Report/Query/Header.
func (s *ReportService) Headers(ctx context.Context, q HeaderQuery) iter.Seq2[*ReportHeader, error] {
	if q.Type == "" {
		q.Type = UUT
	}
	if q.OrderBy == "" {
		q.OrderBy = "start desc"
	}
	if err := q.check(); err != nil {
		return func(yield func(*ReportHeader, error) bool) { yield(nil, err) }
	}
	return pages[ReportHeader](ctx, s.client, func() *request {
		req := newRequest(http.MethodGet, "api", "Report", "Query", "Header")
		req.query.Set("reportType", string(q.Type))
		req.query.Set("$orderby", q.OrderBy)
		for option, text := range map[string]string{
			"$filter": q.ODataFilter(), "$expand": q.expand(), "$select": strings.Join(q.Select, ","),
		} {
			if text != "" {
				req.query.Set(option, text)
			}
		}
		return req
	}, q.Top)
}

func (q HeaderQuery) check() error {
	switch {
	case q.Type != UUT && q.Type != UUR:
		return fmt.Errorf("query report headers: %w: type %q is neither UUT nor UUR", ErrInvalid, q.Type)
	case q.Top < 0:
		return fmt.Errorf("query report headers: %w: top %d is negative", ErrInvalid, q.Top)
	case q.Expand > ExpandSubUnits|ExpandMiscInfo|ExpandAssets|ExpandAttachments:
		return fmt.Errorf("query report headers: %w: expansion %b has unknown lists", ErrInvalid, q.Expand)
	}
	return nil
}

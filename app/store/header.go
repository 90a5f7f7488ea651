package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/odata"
	"github.com/gowats/gowats/report"
)

// Report types as column report.report_type has them, and headers on the wire.
const (
	testLetter   = "T"
	repairLetter = "R"
)

// HeaderQuery selects headers as the REST route does.
type HeaderQuery struct {
	Type    wats.ReportType // "": both
	Filter  string          // OData $filter
	OrderBy string          // OData $orderby; default "start desc"
	Top     int             // at most so many; 0: all
	Skip    int
	Misc    wats.HeaderMiscInfo // only reports that have exactly this misc info; no restriction when its description is ""
	Expand  Expansion
}

// Headers yields the headers of current reports in a stable order, in flat memory: by the members asked for, then by start,
// then by ID, these two in the direction of the last member asked for.
//
// A filter names the members of a header as they are on the wire, in any case, and start, id and testOperation as other names of
// startUtc, uuid and processName, and any(…) over the lists that Expand gives. A bad query is a [*QueryError]. An error is yielded once, last.
func (s *Store) Headers(ctx context.Context, q HeaderQuery) iter.Seq2[*wats.ReportHeader, error] {
	return func(yield func(*wats.ReportHeader, error) bool) {
		statement, args, err := s.headerSelect(q)
		if err != nil {
			yield(nil, err)
			return
		}
		e := expander{store: s, want: q.Expand, yield: yield}
		if err = s.eachHeader(ctx, statement, args, func(t *headerTarget) (bool, error) { return e.add(ctx, t) }); err == nil {
			err = e.flush(ctx)
		}
		if err != nil {
			yield(nil, fmt.Errorf("list report headers: %w", err))
		}
	}
}

// eachHeader calls f for every row until it returns false or an error.
func (s *Store) eachHeader(ctx context.Context, statement string, args []any, f func(*headerTarget) (bool, error)) error {
	rows, err := s.cursors.QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		into := &headerTarget{header: new(wats.ReportHeader)}
		if err := rows.Scan(into.fields()...); err != nil {
			return err
		}
		into.finish()
		if more, err := f(into); !more || err != nil {
			return err
		}
	}
	return s.cursors.translate(rows.Err())
}

// CountHeaders returns how many headers q matches, without regard to Top and Skip.
func (s *Store) CountHeaders(ctx context.Context, q HeaderQuery) (int, error) {
	l, err := headerListing(q)
	if err != nil {
		return 0, err
	}
	n, err := s.count(ctx, l, q.Filter)
	if err != nil {
		return 0, fmt.Errorf("count report headers: %w", err)
	}
	return n, nil
}

// HistoryEntry is one report of a unit.
type HistoryEntry struct {
	*wats.ReportHeader
	Superseded bool // there is a newer version of the report or of its test run; it counts nowhere
}

const maxHistory = 10_000 // entries

// UnitHistory returns the headers of all reports of a unit, tests and repairs, superseded ones too, oldest first.
// Without a part number it returns those of all units of that serial number. Of more than 10,000 it returns the newest.
func (s *Store) UnitHistory(ctx context.Context, serialNumber, partNumber string) ([]HistoryEntry, error) {
	where, args := `r.serial_number = $1`, []any{serialNumber, maxHistory}
	if partNumber != "" {
		where += ` AND r.part_number = $3`
		args = append(args, partNumber)
	}
	rows, err := s.reads.QueryContext(ctx, `SELECT `+headerColumns+`, r.superseded
		FROM report r WHERE `+where+` ORDER BY r.start_ns DESC, r.seq DESC LIMIT $2`, args...)
	if err != nil {
		return nil, fmt.Errorf("list reports of unit %s: %w", serialNumber, err)
	}
	history, err := collect(rows, func(e *HistoryEntry) error {
		into := headerTarget{header: new(wats.ReportHeader)}
		err := rows.Scan(append(into.fields(), &e.Superseded)...)
		into.finish()
		e.ReportHeader = into.header
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list reports of unit %s: %w", serialNumber, err)
	}
	slices.Reverse(history)
	return history, nil
}

// passedInRunSQL is the number of the first run of r's unit in r's process that passed.
const passedInRunSQL = `(SELECT f.run FROM report f WHERE r.run IS NOT NULL AND f.serial_number = r.serial_number
	AND f.part_number = r.part_number AND f.process_code = r.process_code AND f.run IS NOT NULL AND f.result = 'P'
	ORDER BY f.start_ns, f.id LIMIT 1)`

// processNameSQL is no join, so that the order of an index of report always serves the order asked for.
const processNameSQL = `(SELECT p.name FROM process p WHERE p.code = r.process_code)`

const kilobytesSQL = `((r.content_size + 1023) / 1024)`

// headerColumns are the columns of a header over report r, in the order of headerTarget.fields.
const headerColumns = `r.id, r.report_type, r.serial_number, r.part_number, r.revision, r.batch_number, r.station_name, r.location,
	r.purpose, r.process_code, ` + processNameSQL + `, r.result, r.start_ns, r.operator, r.comment, r.sequence_file, r.sequence_version, r.fixture_id,
	r.execution_time, r.socket_index, r.error_code, r.error_message, r.run, ` + passedInRunSQL + `, r.receive_count, ` + kilobytesSQL + `,
	r.failure_step, r.failure_path, r.referenced_uut, r.seq`

// headerTarget takes the columns of a header.
type headerTarget struct {
	header                              *wats.ReportHeader
	seq                                 int64
	id, referenced                      []byte
	result                              string
	startNS                             int64
	executionTime                       *float64
	socket, errorCode, run, passedInRun *int
}

func (t *headerTarget) fields() []any {
	h := t.header
	return []any{
		&t.id, &h.ReportType, &h.SerialNumber, &h.PartNumber, &h.Revision, &h.BatchNumber, &h.StationName, &h.Location,
		&h.Purpose, &h.ProcessCode, &h.ProcessName, &t.result, &t.startNS, &h.Operator, &h.Comment, &h.SequenceFile, &h.SequenceVersion, &h.FixtureID,
		&t.executionTime, &t.socket, &t.errorCode, &h.ErrorMessage, &t.run, &t.passedInRun, &h.ReceiveCount, &h.ReportSize,
		&h.CausedUUTFailure, &h.CausedUUTFailurePath, &t.referenced, &t.seq,
	}
}

// finish fills the members of the header that are not what the column is.
func (t *headerTarget) finish() {
	h := t.header
	h.ID, h.ReferencedUUT = toID(t.id), toID(t.referenced)
	h.Result, _ = report.ParseStatus(t.result) // absent when the report had none
	h.StartUTC = time.Unix(0, t.startNS).UTC()
	h.TestOperation = h.ProcessName
	h.ExecutionTime = optional(t.executionTime)
	h.TestSocketIndex, h.ErrorCode = optional(t.socket), optional(t.errorCode)
	h.Run, h.PassedInRun = optional(t.run), optional(t.passedInRun)
}

func optional[T any](p *T) report.Optional[T] {
	if p == nil {
		return report.Optional[T]{}
	}
	return report.Some(*p)
}

// headerSchema are the members of a header that $filter and $orderby may name.
func headerSchema() odata.Schema {
	return odata.Schema{
		{Name: "uuid", Type: odata.GUID, SQL: "r.id"},
		{Name: "id", Type: odata.GUID, SQL: "r.id"},
		{Name: "reportType", Type: odata.Enum, SQL: "r.report_type", Word: typeWord, Words: "T (or U, UUT) and R (or UUR)"},
		{Name: "serialNumber", SQL: "r.serial_number"},
		{Name: "partNumber", SQL: "r.part_number"},
		{Name: "revision", SQL: "r.revision"},
		{Name: "batchNumber", SQL: "r.batch_number"},
		{Name: "stationName", SQL: "r.station_name"},
		{Name: "location", SQL: "r.location"},
		{Name: "purpose", SQL: "r.purpose"},
		{Name: "processCode", Type: odata.Int, SQL: "r.process_code"},
		{Name: "processName", SQL: processNameSQL},
		{Name: "testOperation", SQL: processNameSQL},
		{Name: "result", Type: odata.Enum, SQL: "r.result", Word: resultWord, Words: "Passed (or P), Failed (F), Error (E) and Terminated (T)"},
		{Name: "startUtc", Type: odata.Time, SQL: "r.start_ns"},
		{Name: "start", Type: odata.Time, SQL: "r.start_ns"},
		{Name: "operator", SQL: "r.operator"},
		{Name: "comment", SQL: "r.comment"},
		{Name: "swFilename", SQL: "r.sequence_file"},
		{Name: "swVersion", SQL: "r.sequence_version"},
		{Name: "fixtureId", SQL: "r.fixture_id"},
		{Name: "executionTime", Type: odata.Float, SQL: "r.execution_time", Nullable: true},
		{Name: "testSocketIndex", Type: odata.Int, SQL: "r.socket_index", Nullable: true},
		{Name: "errorCode", Type: odata.Int, SQL: "r.error_code", Nullable: true},
		{Name: "errorMessage", SQL: "r.error_message"},
		{Name: "run", Type: odata.Int, SQL: "r.run", Nullable: true},
		{Name: "passedInRun", Type: odata.Int, SQL: passedInRunSQL, Nullable: true},
		{Name: "receiveCount", Type: odata.Int, SQL: "r.receive_count"},
		{Name: "reportSize", Type: odata.Int, SQL: kilobytesSQL},
		{Name: "causedUutFailure", SQL: "r.failure_step"},
		{Name: "causedUutFailurePath", SQL: "r.failure_path"},
		{Name: "referencedUut", Type: odata.GUID, SQL: "r.referenced_uut", Nullable: true},

		list("subUnits", "report_sub_unit", subUnitSchema()),
		list("uurSubUnits", "report_sub_unit", subUnitSchema()),
		list("miscInfo", "report_misc_info", miscInfoSchema()),
		list("uurMiscInfo", "report_misc_info", miscInfoSchema()),
		list("assets", "report_asset", assetSchema()),
		list("uurAssets", "report_asset", assetSchema()),
		list("attachments", "report_attachment", attachmentSchema()),
		list("uurAttachments", "report_attachment", attachmentSchema()),
	}
}

// list is a member that any(…) looks into. The names of tests and of repairs mean the same.
func list(name, table string, of odata.Schema) odata.Member {
	return odata.Member{Name: name, Type: odata.List, SQL: "r.seq", Select: "SELECT seq FROM " + table, Of: of}
}

func subUnitSchema() odata.Schema {
	return odata.Schema{
		{Name: "serialNumber", SQL: "serial_number"}, {Name: "partNumber", SQL: "part_number"},
		{Name: "revision", SQL: "revision"}, {Name: "partType", SQL: "part_type"},
	}
}

func miscInfoSchema() odata.Schema {
	return odata.Schema{{Name: "description", SQL: "description"}, {Name: "value", SQL: "value"}}
}

func assetSchema() odata.Schema { return odata.Schema{{Name: "serialNumber", SQL: "serial_number"}} }

func attachmentSchema() odata.Schema {
	return odata.Schema{
		{Name: "attachmentId", Type: odata.Int, SQL: "id"}, {Name: "fileName", SQL: "name"}, {Name: "mimeType", SQL: "content_type"},
		{Name: "size", Type: odata.Int, SQL: "size"}, {Name: "description", SQL: "description"},
	}
}

func typeWord(word string) (any, bool) {
	switch strings.ToUpper(word) {
	case "T", "U", "UUT":
		return testLetter, true
	case "R", "UUR":
		return repairLetter, true
	}
	return nil, false
}

func resultWord(word string) (any, bool) {
	status, ok := report.ParseStatus(word)
	switch status {
	case report.Passed, report.Failed, report.Error, report.Terminated:
		return status.Letter(), ok
	}
	return nil, false
}

// headerSelect returns the statement of q and its parameters.
func (s *Store) headerSelect(q HeaderQuery) (string, []any, error) {
	l, err := headerListing(q)
	if err != nil {
		return "", nil, err
	}
	return s.selectSQL(l, ListQuery{q.Filter, q.OrderBy, q.Top, q.Skip})
}

// headerListing is the list of headers that q restricts. The words of its condition choose among the indexes of part of report.
func headerListing(q HeaderQuery) (listing, error) {
	l := listing{
		columns: headerColumns,
		from:    `report r`,
		where:   `r.superseded = 0`,
		schema:  headerSchema(),
		order:   "start desc",
		ties:    odata.Schema{{SQL: "r.start_ns"}, {SQL: "r.id"}},
	}
	switch q.Type {
	case "":
	case wats.UUT:
		l.where += ` AND r.report_type = 'T'`
	case wats.UUR:
		l.where += ` AND r.report_type = 'R'`
	default:
		return listing{}, &QueryError{"reportType", fmt.Sprintf("%q is neither U nor R", string(q.Type))}
	}
	if q.Misc.Description != "" {
		l.where += ` AND r.seq IN (SELECT seq FROM report_misc_info WHERE description = $1 AND value = $2)`
		l.args = []any{q.Misc.Description, q.Misc.Value}
	}
	return l, nil
}

func queryError(option string, err error) error {
	var bad *odata.Error
	if errors.As(err, &bad) {
		return &QueryError{option, bad.Error()}
	}
	return err
}

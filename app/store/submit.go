package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// Outcome says what became of a submitted report.
type Outcome uint8

// The outcomes.
const (
	Stored     Outcome = iota // new
	Repeated                  // the same ID with the same content was there: nothing stored
	Superseded                // an older version of it, or of the same test run, was there and is kept as superseded
)

// Submission is a report on its way into the store.
type Submission struct {
	Report   *report.Report  // decoded, without violations; not changed
	Findings report.Findings // of decoding and validating it; the warnings are kept with it
	User     string          // who submitted it
	Lineage  string          // origin of the report as told by the submitter, "" when not told
}

// Receipt says how a submission ended.
type Receipt struct {
	ID      report.ID
	Outcome Outcome
}

// futureTolerance is how far ahead a station's clock may be before its reports are marked.
const futureTolerance = 24 * time.Hour

// The years that nanoseconds since 1970 reach in 64 bits.
const (
	firstYear = 1678
	lastYear  = 2262
)

// SubmitReport stores a report. When it returns without error the report is committed and synced to disk.
// When ctx ends first the report may still be stored; submitting it again is safe.
//
// The same ID with the same content (compared in canonical encoding, with the step IDs assigned) is stored once. Many calls at
// once share one commit. The latest version of an ID decides what is a repetition, so that a late second try of a report that
// another one superseded meanwhile does not come back to the front.
//
// An operation that is not known is added under the name that the report gives it, or as "Process <code>".
//
// It returns a [*report.InvalidError] when the report names a repair category or code that is not in the catalogue, an operation
// of the wrong kind, or a start that does not lie between the years 1678 and 2262.
func (s *Store) SubmitReport(ctx context.Context, sub Submission) (Receipt, error) {
	a, err := s.prepare(sub)
	if err != nil {
		return Receipt{}, err
	}
	var outcome Outcome
	var added additions
	err = s.queue.do(ctx, len(a.body), func(ctx context.Context, w *writer) (err error) {
		outcome, added, err = w.accept(ctx, a)
		return err
	})
	if err != nil {
		return Receipt{}, fmt.Errorf("store report %s: %w", a.report.ID, err)
	}
	for _, code := range added.processes {
		s.log.InfoContext(ctx, "process added", "process_code", code, "report_id", a.report.ID)
	}
	if added.product {
		s.log.InfoContext(ctx, "product added", "part_number", a.report.PartNumber, "report_id", a.report.ID)
	}
	return Receipt{ID: a.report.ID, Outcome: outcome}, nil
}

// arrival is a report with all that can be computed without the database.
type arrival struct {
	report   *report.Report // with step IDs
	key      runKey         // of a test
	start    instant
	warnings report.Findings
	user     string
	lineage  string
	received time.Time
	hash     [sha256.Size]byte
	size     int    // bytes of the canonical encoding
	body     []byte // it, compressed

	makesProduct bool
}

// additions are what a report made on its arrival.
type additions struct {
	processes []int // codes
	product   bool
}

func (s *Store) prepare(sub Submission) (*arrival, error) {
	r := withStepIDs(sub.Report)
	now := s.now()
	if year := r.Start.UTC().Year(); year < firstYear || year >= lastYear {
		return nil, &report.InvalidError{Violations: report.Findings{{Path: "$.start", Rule: "range", Message: fmt.Sprintf(
			"Start must lie between the years %d and %d, not %s", firstYear, lastYear, r.Start.Format(time.RFC3339))}}}
	}
	a := &arrival{
		report:   r,
		start:    instant{r.Start.UnixNano(), r.ID},
		warnings: slices.Clip(sub.Findings.Warnings()),
		user:     sub.User,
		lineage:  sub.Lineage,
		received: now,

		makesProduct: !s.manualProducts,
	}
	a.key = runKey{r.SerialNumber, r.PartNumber, r.Process.Code.Value}
	if ahead := r.Start.Sub(now); ahead > futureTolerance {
		a.warnings = append(a.warnings, report.Finding{Path: "$.start", Rule: "future", Severity: report.Warning,
			Message: fmt.Sprintf("Start lies %d hours in the future: check the station's clock", int64(ahead.Hours()))})
	}
	content := r.AppendWSJF(nil, report.WSJFOptions{})
	a.hash, a.size = sha256.Sum256(content), len(content)
	a.body = s.encoder.EncodeAll(content, make([]byte, 0, len(content)/4))
	return a, nil
}

// withStepIDs returns r with IDs at all steps; r itself stays as it is.
func withStepIDs(r *report.Report) *report.Report {
	if r.Test == nil || r.Test.Root == nil {
		return r
	}
	clone, test := *r, *r.Test
	clone.Test, test.Root = &test, cloneSteps(test.Root)
	clone.AssignStepIDs()
	return &clone
}

func cloneSteps(s *report.Step) *report.Step {
	if s == nil {
		return nil
	}
	clone := *s
	clone.Steps = slices.Clone(s.Steps)
	for i, child := range clone.Steps {
		clone.Steps[i] = cloneSteps(child)
	}
	return &clone
}

// version is a stored report as the rules of arrival need it.
type version struct {
	seq     int64
	current bool
	hash    []byte
	key     runKey
	start   instant
	run     *int // nil: has none
}

// accept applies the rules of arrival, in the order: repetition, refusal, superseding, numbering. It writes nothing before it
// is sure to accept.
func (w *writer) accept(ctx context.Context, a *arrival) (Outcome, additions, error) {
	old, found, err := w.latestVersion(ctx, a.report.ID)
	if err != nil {
		return 0, additions{}, err
	}
	if found && string(old.hash) == string(a.hash[:]) {
		_, err := w.exec(ctx, `UPDATE report SET receive_count = receive_count + 1 WHERE seq = $1`, old.seq)
		return Repeated, additions{}, err
	}
	warnings, added, err := w.admit(ctx, a)
	if err != nil {
		return 0, additions{}, err
	}
	outcome := Stored
	if found {
		outcome = Superseded
	}
	replaced := replacedUses{}
	if found && old.current {
		if err := w.supersede(ctx, old, replaced); err != nil {
			return 0, additions{}, err
		}
	}
	var run *int
	if !a.report.IsRepair() {
		number, again, err := w.takeRun(ctx, a.key, a.start, replaced)
		if err != nil {
			return 0, additions{}, fmt.Errorf("number the runs of %s: %w", a.key, err)
		}
		if again {
			outcome = Superseded
		}
		run = &number
	}
	return outcome, added, w.insertReport(ctx, a, run, warnings, replaced)
}

// admit refuses what the catalogue does not allow, and adds what is new: operations, the product, the level. It returns the warnings to keep.
func (w *writer) admit(ctx context.Context, a *arrival) (warnings report.Findings, added additions, err error) {
	c, err := w.load(ctx)
	if err != nil {
		return nil, added, err
	}
	found := append(c.checkOperations(a.report), c.checkFailures(a.report)...)
	if err := found.Err(); err != nil {
		return nil, added, err
	}
	if added.processes, err = w.addOperations(ctx, c, a.report); err != nil {
		return nil, added, err
	}
	if a.makesProduct {
		if added.product, err = w.addProduct(ctx, a.report.PartNumber, a.report.Revision); err != nil {
			return nil, added, err
		}
	}
	return slices.Concat(a.warnings, found), added, w.addLevel(ctx, a.report.Location)
}

func (w *writer) latestVersion(ctx context.Context, id report.ID) (v version, found bool, err error) {
	found, err = w.get(ctx, []any{&v.seq, &v.current, &v.hash, &v.key.serial, &v.key.part, &v.key.process, &v.start.ns, &v.run},
		`SELECT seq, superseded = 0, content_hash, serial_number, part_number, process_code, start_ns, run
		FROM report WHERE id = $1 ORDER BY seq DESC LIMIT 1`, id[:])
	v.start.id = id
	return v, found, err
}

// supersede takes a current report out of everything that counts. Replaced is told what it had used.
func (w *writer) supersede(ctx context.Context, v version, replaced replacedUses) error {
	if err := w.uncount(ctx, v.seq, replaced); err != nil {
		return fmt.Errorf("take back uses of assets: %w", err)
	}
	if _, err := w.exec(ctx, `UPDATE report SET superseded = 1, run = NULL WHERE seq = $1`, v.seq); err != nil {
		return err
	}
	if v.run == nil {
		return nil
	}
	return w.shiftRuns(ctx, v.key, v.start, -1)
}

func (w *writer) insertReport(ctx context.Context, a *arrival, run *int, warnings report.Findings, replaced replacedUses) error {
	row := newRow(a)
	var seq int64
	err := w.insert(ctx, &seq, insertReportSQL,
		row.id, row.reportType, row.serialNumber, row.partNumber, row.revision, row.process, row.testProcess, row.startNS, row.result, run,
		row.station, row.location, row.purpose, row.operator, row.comment, row.batch, row.sequenceFile, row.sequenceVersion, row.fixture,
		row.executionTime, row.socket, row.errorCode, row.errorMessage, row.failureStep, row.failurePath, row.referencedUUT,
		a.hash[:], a.size, a.received.UnixNano(), a.user, a.lineage, encodeWarnings(warnings))
	if err != nil {
		return fmt.Errorf("insert header: %w", err)
	}
	if _, err := w.exec(ctx, `INSERT INTO report_body (seq, body) VALUES ($1, $2)`, seq, a.body); err != nil {
		return fmt.Errorf("insert body: %w", err)
	}
	if err := w.insertParts(ctx, seq, a.report); err != nil {
		return err
	}
	if err := w.countUses(ctx, seq, a, replaced); err != nil {
		return fmt.Errorf("count uses of assets: %w", err)
	}
	return w.seeUnit(ctx, a)
}

const insertReportSQL = `INSERT INTO report (
	id, report_type, serial_number, part_number, revision, process_code, test_process_code, start_ns, result, run,
	station_name, location, purpose, operator, comment, batch_number, sequence_file, sequence_version, fixture_id,
	execution_time, socket_index, error_code, error_message, failure_step, failure_path, referenced_uut,
	content_hash, content_size, received_ns, received_from, lineage, warnings, parts_listed)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
	$21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, 2) RETURNING seq`

// row is a report in columns. Pointers are nil, and blobs too, where the column is NULL.
type row struct {
	id                                             []byte
	reportType, serialNumber, partNumber, revision string
	process                                        int
	testProcess                                    *int
	startNS                                        int64
	result                                         string
	station, location, purpose                     string
	operator, comment                              string
	batch, sequenceFile, sequenceVersion, fixture  string
	executionTime                                  *float64
	socket, errorCode                              *int
	errorMessage, failureStep, failurePath         string
	referencedUUT                                  []byte
}

func newRow(a *arrival) row {
	r := a.report
	w := row{
		id: r.ID[:], reportType: testLetter, serialNumber: r.SerialNumber, partNumber: r.PartNumber, revision: r.Revision,
		process: r.Process.Code.Value, startNS: a.start.ns, result: r.Result.Letter(),
		station: r.Station, location: r.Location, purpose: r.Purpose,
	}
	if r.IsRepair() {
		w.addRepair(r.Repair)
	} else if r.Test != nil {
		w.addTest(r)
	}
	return w
}

func (w *row) addRepair(r *report.Repair) {
	w.reportType = repairLetter
	w.operator, w.comment, w.executionTime = r.Operator, r.Comment, finite(r.ExecTime)
	w.testProcess = pointer(r.Process.Code)
	if !r.TestReport.IsZero() {
		w.referencedUUT = r.TestReport[:]
	}
}

func (w *row) addTest(r *report.Report) {
	t := r.Test
	w.operator, w.comment, w.executionTime = t.Operator, t.Comment, finite(t.ExecTime)
	w.batch, w.fixture, w.errorMessage = t.BatchSerialNumber, t.FixtureID, t.ErrorMessage
	w.socket, w.errorCode = pointer(t.SocketIndex), pointer(t.ErrorCode)
	if t.Root != nil && t.Root.Sequence != nil {
		w.sequenceFile, w.sequenceVersion = baseName(t.Root.Sequence.Path), t.Root.Sequence.Version
	}
	if step, names := r.FailureCause(); step != nil {
		w.failureStep, w.failurePath = step.Name, strings.Join(names, "¶")
	}
}

func pointer(o report.Optional[int]) *int {
	if !o.Present {
		return nil
	}
	return &o.Value
}

// finite returns n where a database can hold and compare it.
func finite(n report.Number) *float64 {
	v := n.Float()
	if !n.IsNumeric() || math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// baseName returns what follows the last folder, in the way of any operating system.
func baseName(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }

func encodeWarnings(f report.Findings) string {
	if len(f) == 0 {
		return ""
	}
	text, _ := json.Marshal(f) // texts only: cannot fail
	return string(text)
}

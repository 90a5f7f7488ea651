package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// Kinds of operation, as column process.kind has them.
const (
	testKind   = "test"
	repairKind = "repair"
	wipKind    = "wip"
)

// Processes returns all operations by code.
func (s *Store) Processes(ctx context.Context) ([]wats.ProcessInfo, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT `+processColumns+` FROM process ORDER BY code`)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	return collect(rows, func(p *wats.ProcessInfo) error {
		var into processTarget
		err := rows.Scan(into.fields()...)
		into.finish()
		*p = into.process
		return err
	})
}

const processColumns = `code, name, description, kind, position, state, properties, row_version`

// processTarget takes the columns of an operation.
type processTarget struct {
	process        wats.ProcessInfo
	kind           string
	state, version int
}

func (t *processTarget) fields() []any {
	p := &t.process
	return []any{&p.Code, &p.Name, &p.Description, &t.kind, &p.ProcessIndex, &t.state, &p.Properties, &t.version}
}

func (t *processTarget) finish() {
	p := &t.process
	p.ID, p.State, p.RowVersion = processID(p.Code), wats.ActiveStateOf(t.state), report.Some(t.version)
	p.IsTestOperation, p.IsRepairOperation, p.IsWIPOperation = t.kind == testKind, t.kind == repairKind, t.kind == wipKind
}

// processID returns the ID of an operation. It is made of the code, which never changes, and is the same on every server.
func processID(code int) report.ID { return report.DeriveID(fmt.Appendf(nil, "process %d", code)) }

// collect reads all rows and closes them.
func collect[T any](rows *sql.Rows, scan func(*T) error) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		var one T
		if err := scan(&one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// operation is a row of process as the rules of arrival need it.
type operation struct {
	name string
	kind string
}

// failCode is a category and a code in lower case: they match without regard to case.
type failCode struct{ category, code string }

// failCodes is the catalogue of one repair operation. A category stands in it with an empty code too.
type failCodes map[failCode]bool

func (f failCodes) add(category, code string) {
	f[failCode{strings.ToLower(category), ""}] = true
	f[failCode{strings.ToLower(category), strings.ToLower(code)}] = true
}

func (f failCodes) has(category, code string) bool {
	return f[failCode{strings.ToLower(category), strings.ToLower(code)}]
}

// catalog is the writer's memory of operations and fail codes.
type catalog struct {
	operations map[int]operation
	failCodes  map[int]failCodes // by repair operation
	defaults   failCodes         // of a repair operation not there yet
	masks      map[int]mask      // by repair operation, where there is one
}

// mask is what the component references of a repair must match.
type mask struct {
	pattern     *regexp.Regexp
	description string // for people; ""
}

// load returns the catalogue, reading it when it is not in memory.
func (w *writer) load(ctx context.Context) (*catalog, error) {
	if w.catalog != nil {
		return w.catalog, nil
	}
	c := &catalog{operations: map[int]operation{}, failCodes: map[int]failCodes{}, defaults: failCodes{}, masks: map[int]mask{}}
	var code int
	var op operation
	err := w.each(ctx, `SELECT code, name, kind FROM process`, nil, []any{&code, &op.name, &op.kind}, func() {
		c.operations[code] = op
		c.failCodes[code] = failCodes{}
	})
	if err != nil {
		return nil, fmt.Errorf("read processes: %w", err)
	}
	var f failCode
	err = w.each(ctx, `SELECT f.process_code, f.category, f.code
		FROM fail_code f JOIN fail_category c ON c.process_code = f.process_code AND c.category = f.category
		WHERE f.selectable = 1 AND f.state = 1 AND c.selectable = 1 AND c.state = 1`, nil, []any{&code, &f.category, &f.code}, func() {
		c.failCodes[code].add(f.category, f.code)
	})
	if err != nil {
		return nil, fmt.Errorf("read fail codes: %w", err)
	}
	err = w.each(ctx, `SELECT category, code FROM fail_code_default`, nil, []any{&f.category, &f.code}, func() {
		c.defaults.add(f.category, f.code)
	})
	if err != nil {
		return nil, fmt.Errorf("read default fail codes: %w", err)
	}
	if err := w.loadMasks(ctx, c); err != nil {
		return nil, fmt.Errorf("read masks of component references: %w", err)
	}
	w.catalog = c
	return c, nil
}

func (w *writer) loadMasks(ctx context.Context, c *catalog) (err error) {
	var code int
	var text, description string
	var bad error
	err = w.each(ctx, `SELECT process_code, component_mask, component_mask_description FROM repair_operation WHERE component_mask <> ''`, nil,
		[]any{&code, &text, &description}, func() {
			pattern, err := regexp.Compile(text)
			if err != nil {
				bad = err
				return
			}
			c.masks[code] = mask{pattern, description}
		})
	return errors.Join(err, bad)
}

// createOperation adds an operation that a report named. A repair operation gets the default fail codes.
func (w *writer) createOperation(ctx context.Context, code int, name, kind string) error {
	_, err := w.exec(ctx, `INSERT INTO process (code, name, kind) VALUES ($1, $2, $3) ON CONFLICT (code) DO NOTHING`, code, name, kind)
	if err == nil && kind == repairKind {
		err = w.addDefaultFailCodes(ctx, code)
	}
	w.catalog = nil
	return err
}

func (w *writer) addDefaultFailCodes(ctx context.Context, code int) error {
	_, err := w.exec(ctx, `INSERT INTO fail_code (process_code, category, code, position)
		SELECT CAST($1 AS BIGINT), category, code, position FROM fail_code_default WHERE 1=1 ON CONFLICT DO NOTHING`, code)
	if err == nil {
		_, err = w.exec(ctx, `INSERT INTO fail_category (process_code, category, position)
			SELECT CAST($1 AS BIGINT), category, MIN(position) FROM fail_code_default WHERE 1=1 GROUP BY category ON CONFLICT DO NOTHING`, code)
	}
	return err
}

// nameOperation replaces the name that an operation got for want of a better one.
func (w *writer) nameOperation(ctx context.Context, code int, name string) error {
	_, err := w.exec(ctx, `UPDATE process SET name = $1 WHERE code = $2 AND name = $3`, name, code, placeholderName(code))
	w.catalog = nil
	return err
}

func placeholderName(code int) string { return fmt.Sprintf("Process %d", code) }

// named is an operation as a report names it.
type named struct {
	report.Process
	kind string
	path string // of the object in the report: "$" or "$.uur"
}

func namedOperations(r *report.Report) []named {
	if r.IsRepair() {
		return []named{{r.Process, repairKind, "$"}, {r.Repair.Process, testKind, "$.uur"}}
	}
	return []named{{r.Process, testKind, "$"}}
}

// checkOperations returns why the operations that r names cannot be used, and as a warning where only a name differs:
// the code is what counts, the name is for people.
func (c *catalog) checkOperations(r *report.Report) report.Findings {
	var found report.Findings
	for _, n := range namedOperations(r) {
		path := n.path + ".processCode"
		if !n.Code.Present {
			if n.path == "$" {
				found = append(found, report.Finding{Path: path, Rule: "required", Message: "Process code is required"})
			}
			continue
		}
		known, ok := c.operations[n.Code.Value]
		switch {
		case !ok:
		case known.kind != n.kind:
			found = append(found, report.Finding{Path: path, Rule: "enum", Message: fmt.Sprintf(
				"Process code must be a valid value: %d (%s) is a %s operation, and a %s operation is needed here",
				n.Code.Value, known.name, known.kind, n.kind)})
		case n.Name != "" && n.Name != known.name && known.name != placeholderName(n.Code.Value):
			found = append(found, report.Finding{Path: n.path + ".processName", Rule: "name", Severity: report.Warning, Message: fmt.Sprintf(
				"Process %d is called %q here, not %q", n.Code.Value, known.name, n.Name)})
		}
	}
	return found
}

// checkFailures returns the failures whose category or code is not in the catalogue of the repair operation, and the component references that
// it does not allow.
func (c *catalog) checkFailures(r *report.Report) report.Findings {
	if !r.IsRepair() {
		return nil
	}
	codes, known := c.failCodes[r.Process.Code.Value]
	if !known {
		codes = c.defaults
	}
	must, masked := c.masks[r.Process.Code.Value]
	var found report.Findings
	for i, unit := range r.SubUnits {
		for j, f := range unit.Failures {
			path := fmt.Sprintf("$.subUnits[%d].failures[%d]", i, j)
			if masked && f.ComponentRef != "" && !must.pattern.MatchString(f.ComponentRef) {
				found = append(found, report.Finding{Path: path + ".comRef", Rule: "pattern", Message: fmt.Sprintf(
					"Component reference must match %s (%s): %.60q does not", must.pattern, must.description, f.ComponentRef)})
			}
			switch {
			case f.Category == "" || !codes.has(f.Category, ""):
				found = append(found, report.Finding{Path: path + ".category", Rule: "enum", Message: fmt.Sprintf(
					"Category must be a valid value: repair operation %d has no category %q", r.Process.Code.Value, f.Category)})
			case f.Code == "" || !codes.has(f.Category, f.Code):
				found = append(found, report.Finding{Path: path + ".code", Rule: "enum", Message: fmt.Sprintf(
					"Code must be a valid value: category %q of repair operation %d has no code %q", f.Category, r.Process.Code.Value, f.Code)})
			}
		}
	}
	return found
}

// addOperations makes the operations that r names and that are not there yet, and returns their codes.
func (w *writer) addOperations(ctx context.Context, c *catalog, r *report.Report) (created []int, err error) {
	for _, n := range namedOperations(r) {
		if !n.Code.Present {
			continue
		}
		code := n.Code.Value
		known, ok := c.operations[code]
		switch {
		case !ok && n.Name == "":
			err = w.createOperation(ctx, code, placeholderName(code), n.kind)
		case !ok:
			err = w.createOperation(ctx, code, n.Name, n.kind)
		case n.Name != "" && n.Name != known.name && known.name == placeholderName(code):
			err = w.nameOperation(ctx, code, n.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("add process %d: %w", code, err)
		}
		if !ok {
			created = append(created, code)
		}
	}
	return created, nil
}

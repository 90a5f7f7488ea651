package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// Words of a verification.
const (
	verifyPassed     = "Passed"
	verifyFailed     = "Failed"
	verifyIncomplete = "Incomplete"
	verifyUntested   = "Not tested"
)

// VerifyUnit says whether a unit has passed the operations of the rule that fits it best, with a revision or else with its own; without a rule, those that it was
// tested in. [ErrNotFound] when there is no such unit.
func (s *Store) VerifyUnit(ctx context.Context, key wats.UnitKey, revision string) (*wats.UnitVerificationGrade, error) {
	info, err := s.UnitInfo(ctx, key)
	if err != nil {
		return nil, err
	}
	v := verification{operations: map[int]*verified{}}
	if err := s.readRuns(ctx, key, &v); err != nil {
		return nil, fmt.Errorf("verify %s: %w", key, err)
	}
	rule, err := s.ruleFor(ctx, key.PartNumber, cmp.Or(revision, info.Revision))
	if err != nil {
		return nil, fmt.Errorf("verify %s: %w", key, err)
	}
	if err := s.orderOperations(ctx, &v, rule); err != nil {
		return nil, fmt.Errorf("verify %s: %w", key, err)
	}
	return v.grade(), nil
}

// verified is what the runs of a unit in one operation tell.
type verified struct {
	wats.UnitVerification
	firstPassed, anyPassed, lastPassed bool
}

// verification is a unit's way through its operations.
type verification struct {
	operations map[int]*verified // by code: those the unit has runs in
	repairs    int               // of the unit, in whatever operation it failed
	required   []*verified       // in the order of production
}

// readRuns reads the runs and repairs of a unit.
func (s *Store) readRuns(ctx context.Context, key wats.UnitKey, v *verification) error {
	rows, err := s.reads.QueryContext(ctx, `SELECT process_code, result, start_ns, station_name FROM report
		WHERE serial_number = $1 AND part_number = $2 AND run IS NOT NULL ORDER BY process_code, run`, key.SerialNumber, key.PartNumber)
	if err != nil {
		return err
	}
	type run struct {
		process         int
		result, station string
		start           int64
	}
	runs, err := collect(rows, func(r *run) error { return rows.Scan(&r.process, &r.result, &r.start, &r.station) })
	if err != nil {
		return err
	}
	for _, r := range runs {
		o := v.operations[r.process]
		passed := r.result == report.Passed.Letter()
		if o == nil {
			o = &verified{UnitVerification: wats.UnitVerification{ProcessCode: r.process}, firstPassed: passed}
			v.operations[r.process] = o
		}
		status, _ := report.ParseStatus(r.result)
		o.Status, o.Start, o.StationName = status.String(), wireTime(&r.start), r.station
		o.lastPassed, o.anyPassed = passed, o.anyPassed || passed
		o.TotalCount++
		if !passed {
			o.NonPassedCount++
		}
	}
	return s.readRepairs(ctx, key, v)
}

func (s *Store) readRepairs(ctx context.Context, key wats.UnitKey, v *verification) error {
	rows, err := s.reads.QueryContext(ctx, `SELECT COALESCE(test_process_code, 0), count(*) FROM report
		WHERE serial_number = $1 AND part_number = $2 AND report_type = 'R' AND superseded = 0 GROUP BY test_process_code`, key.SerialNumber, key.PartNumber)
	if err != nil {
		return err
	}
	counts, err := collect(rows, func(c *[2]int) error { return rows.Scan(&c[0], &c[1]) })
	for _, c := range counts {
		v.repairs += c[1]
		if o := v.operations[c[0]]; o != nil {
			o.RepairCount = c[1]
		}
	}
	return err
}

// orderOperations names the operations that count, in the order of production: those of the rule, or those with runs where there is none.
func (s *Store) orderOperations(ctx context.Context, v *verification, rule *wats.VerificationRule) error {
	processes, err := s.Processes(ctx)
	if err != nil {
		return err
	}
	index := map[int]int{}
	if rule != nil {
		for _, p := range rule.Processes {
			index[p.ProcessCode] = p.ProcessIndex
		}
	}
	for _, p := range processes {
		o := v.operations[p.Code]
		at, isRequired := index[p.Code]
		if rule == nil {
			at, isRequired = p.ProcessIndex, o != nil
		}
		if !isRequired {
			continue
		}
		if o == nil {
			o = &verified{UnitVerification: wats.UnitVerification{ProcessCode: p.Code, Status: verifyUntested}}
		}
		o.ProcessName, o.ProcessIndex = p.Name, at
		v.required = append(v.required, o)
	}
	slices.SortStableFunc(v.required, func(a, b *verified) int { return cmp.Compare(a.ProcessIndex, b.ProcessIndex) }) // by code where that is equal
	return nil
}

// grade judges the operations together.
func (v *verification) grade() *wats.UnitVerificationGrade {
	some := len(v.required) > 0
	g := &wats.UnitVerificationGrade{
		InOrder: some, PassedFirstRun: some, PassedAnyRun: some, PassedLastRun: some, NoRepairs: v.repairs == 0, Results: []wats.UnitVerification{},
	}
	tested, failed := 0, 0
	for i, o := range v.required {
		g.Results = append(g.Results, o.UnitVerification)
		g.PassedFirstRun = g.PassedFirstRun && o.firstPassed
		g.PassedAnyRun = g.PassedAnyRun && o.anyPassed
		g.PassedLastRun = g.PassedLastRun && o.lastPassed
		g.InOrder = g.InOrder && o.TotalCount > 0 && v.followsAll(i)
		if o.TotalCount > 0 {
			tested++
			if !o.lastPassed {
				failed++
			}
		}
	}
	switch {
	case failed > 0:
		g.Status = verifyFailed
	case tested == 0:
		g.Status = verifyUntested
	case tested < len(v.required):
		g.Status = verifyIncomplete
	default:
		g.Status = verifyPassed
	}
	switch {
	case !g.PassedLastRun:
		g.Grade = "F"
	case !g.NoRepairs || !g.InOrder:
		g.Grade = "C"
	case !g.PassedFirstRun:
		g.Grade = "B"
	default:
		g.Grade = "A"
	}
	return g
}

// followsAll reports whether the last run of an operation began after those of all operations that come before it in production.
func (v *verification) followsAll(i int) bool {
	for _, before := range v.required[:i] {
		if before.ProcessIndex < v.required[i].ProcessIndex && before.Start.After(v.required[i].Start.Time) {
			return false
		}
	}
	return true
}

// ruleFor returns the rule that fits a part number and a revision best, nil when none does.
func (s *Store) ruleFor(ctx context.Context, partNumber, revision string) (best *wats.VerificationRule, err error) {
	rules, err := s.VerificationRules(ctx)
	if err != nil || len(rules) == 0 {
		return nil, err
	}
	groups, err := s.ProductGroups(ctx)
	if err != nil {
		return nil, err
	}
	for i := range rules {
		r := &rules[i]
		fits := r.PartNumber != "" && matchFilter(r.PartNumber, partNumber) && matchFilter(r.Revision, revision)
		for _, g := range groups {
			fits = fits || r.ProductGroup != "" && g.Name == r.ProductGroup && inGroup(g, partNumber, &revision)
		}
		if fits && (best == nil || compareRules(r, best) > 0) {
			best = r
		}
	}
	return best, nil
}

// compareRules is above 0 when a says more exactly than b which units it is for: part number and revision, part number, product group; then texts without
// wildcards, then those with more characters beside them; then the one made first.
func compareRules(a, b *wats.VerificationRule) int {
	kind := func(r *wats.VerificationRule) int {
		switch {
		case r.Revision != "":
			return 2
		case r.PartNumber != "":
			return 1
		}
		return 0
	}
	exact := func(r *wats.VerificationRule) int {
		wild := 0
		for _, text := range [...]string{r.PartNumber, r.Revision} {
			if strings.ContainsAny(text, "*%?_") {
				wild--
			}
		}
		return wild
	}
	literal := func(r *wats.VerificationRule) int {
		return len(strings.Map(func(c rune) rune {
			if strings.ContainsRune("*%?_", c) {
				return -1
			}
			return c
		}, r.PartNumber+r.Revision))
	}
	return cmp.Or(cmp.Compare(kind(a), kind(b)), cmp.Compare(exact(a), exact(b)), cmp.Compare(literal(a), literal(b)), cmp.Compare(b.ID, a.ID))
}

// VerificationRules returns all rules, in the order in which they were made.
func (s *Store) VerificationRules(ctx context.Context) ([]wats.VerificationRule, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT r.id, r.product_group, r.part_number, r.revision, p.process_code, p.position
		FROM verification_rule r JOIN verification_rule_process p ON p.rule = r.id ORDER BY r.id, p.position, p.process_code`)
	if err != nil {
		return nil, fmt.Errorf("list verification rules: %w", err)
	}
	rules := []wats.VerificationRule{}
	defer rows.Close()
	for rows.Next() {
		var r wats.VerificationRule
		var p wats.VerificationRuleProcess
		if err := rows.Scan(&r.ID, &r.ProductGroup, &r.PartNumber, &r.Revision, &p.ProcessCode, &p.ProcessIndex); err != nil {
			return nil, fmt.Errorf("list verification rules: %w", err)
		}
		if len(rules) == 0 || rules[len(rules)-1].ID != r.ID {
			rules = append(rules, r)
		}
		last := &rules[len(rules)-1]
		last.Processes = append(last.Processes, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list verification rules: %w", err)
	}
	return rules, nil
}

// SaveVerificationRule makes a rule, or changes the one for the same product group, part number and revision. It returns a [*report.InvalidError] with the operations that
// are not there or are no tests, and the product group when that is not there.
func (s *Store) SaveVerificationRule(ctx context.Context, r wats.VerificationRule) (*wats.VerificationRule, error) {
	err := s.queue.do(ctx, 1000, func(ctx context.Context, w *writer) error {
		if err := w.checkRule(ctx, r); err != nil {
			return err
		}
		err := w.insert(ctx, &r.ID, `INSERT INTO verification_rule (product_group, part_number, revision) VALUES ($1, $2, $3)
			ON CONFLICT (product_group, part_number, revision) DO UPDATE SET part_number = excluded.part_number RETURNING id`,
			r.ProductGroup, r.PartNumber, r.Revision)
		if err != nil {
			return err
		}
		if _, err := w.exec(ctx, `DELETE FROM verification_rule_process WHERE rule = $1`, r.ID); err != nil {
			return err
		}
		for _, p := range r.Processes {
			if _, err := w.exec(ctx, `INSERT INTO verification_rule_process (rule, process_code, position) VALUES ($1, $2, $3)`,
				r.ID, p.ProcessCode, p.ProcessIndex); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("save verification rule: %w", err)
	}
	return &r, nil
}

func (w *writer) checkRule(ctx context.Context, r wats.VerificationRule) error {
	var found report.Findings
	c, err := w.load(ctx)
	if err != nil {
		return err
	}
	for i, p := range r.Processes {
		if known, ok := c.operations[p.ProcessCode]; !ok || known.kind != testKind {
			found = append(found, report.Finding{Path: fmt.Sprintf("$.processes[%d].processCode", i), Rule: "enum", Message: fmt.Sprintf(
				"there is no test operation %d", p.ProcessCode)})
		}
	}
	if r.ProductGroup != "" {
		known, _, err := w.idOfGroup(ctx, r.ProductGroup)
		if err != nil {
			return err
		}
		if !known {
			found = append(found, report.Finding{Path: "$.productGroup", Rule: "reference", Message: fmt.Sprintf("there is no product group %q", r.ProductGroup)})
		}
	}
	return found.Err()
}

// DeleteVerificationRule removes a rule. [ErrNotFound] when there is none.
func (s *Store) DeleteVerificationRule(ctx context.Context, id int64) error {
	err := s.queue.do(ctx, 100, func(ctx context.Context, w *writer) error {
		var one int
		found, err := w.get(ctx, []any{&one}, `SELECT 1 FROM verification_rule WHERE id = $1`, id)
		if err == nil && !found {
			err = missing("there is no verification rule %d", id)
		}
		if err != nil {
			return err
		}
		if _, err := w.exec(ctx, `DELETE FROM verification_rule_process WHERE rule = $1`, id); err != nil {
			return err
		}
		_, err = w.exec(ctx, `DELETE FROM verification_rule WHERE id = $1`, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete verification rule: %w", err)
	}
	return nil
}

package store

import (
	"context"
	"fmt"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// ProcessChange is an operation as a request writes it. What is absent, or null, stays as it is; of a new one it is empty.
type ProcessChange struct {
	Code              int                               `json:"code"`
	Name              report.Optional[string]           `json:"name"`
	Description       report.Optional[string]           `json:"description"`
	IsTestOperation   report.Optional[bool]             `json:"isTestOperation"`
	IsRepairOperation report.Optional[bool]             `json:"isRepairOperation"`
	IsWIPOperation    report.Optional[bool]             `json:"isWipOperation"`
	ProcessIndex      report.Optional[int]              `json:"processIndex"`
	State             report.Optional[wats.ActiveState] `json:"state"`
	Properties        report.Optional[string]           `json:"Properties"`
	RowVersion        report.Optional[int]              `json:"rowVersion"`
}

// apply makes the change in p and reports whether that is another operation then.
func (c *ProcessChange) apply(p *wats.ProcessInfo) (changed bool) {
	for _, member := range [...]bool{
		set(&p.Name, c.Name), set(&p.Description, c.Description), set(&p.IsTestOperation, c.IsTestOperation), set(&p.IsRepairOperation, c.IsRepairOperation),
		set(&p.IsWIPOperation, c.IsWIPOperation), set(&p.ProcessIndex, c.ProcessIndex), set(&p.State, c.State), set(&p.Properties, c.Properties),
	} {
		changed = changed || member
	}
	return changed
}

// kindOf returns the kind of an operation that has exactly one.
func kindOf(p *wats.ProcessInfo) string {
	switch {
	case p.IsRepairOperation:
		return repairKind
	case p.IsWIPOperation:
		return wipKind
	}
	return testKind
}

// CreateProcess adds an operation and returns it as stored; a repair operation with the default fail codes. It returns a [*report.InvalidError] when
// something is wrong with it, and a [RuleError] that matches [ErrConflict] when there is one of that code or name.
func (s *Store) CreateProcess(ctx context.Context, c ProcessChange) (*wats.ProcessInfo, error) {
	made := wats.ProcessInfo{Code: c.Code, ID: processID(c.Code), RowVersion: report.Some(1)}
	c.apply(&made)
	if err := made.Validate().Err(); err != nil {
		return nil, err
	}
	err := s.queue.do(ctx, bytesOfProduct, func(ctx context.Context, w *writer) error {
		known, err := w.load(ctx)
		if err != nil {
			return err
		}
		if old, taken := known.operations[c.Code]; taken {
			return conflict("process %d is there already; it is called %q", c.Code, old.name)
		}
		if err := w.freeProcessName(ctx, c.Code, made.Name); err != nil {
			return err
		}
		if err := w.createOperation(ctx, made.Code, made.Name, kindOf(&made)); err != nil {
			return err
		}
		return w.updateProcess(ctx, &made)
	})
	return &made, err
}

// freeProcessName refuses a name that another operation has.
func (w *writer) freeProcessName(ctx context.Context, code int, name string) error {
	var other int
	found, err := w.get(ctx, []any{&other}, `SELECT code FROM process WHERE lower(name) = lower(CAST($1 AS TEXT)) AND code <> $2`, name, code)
	if err == nil && found {
		err = conflict("process %d cannot be called %q: process %d is", code, name, other)
	}
	return err
}

func (w *writer) updateProcess(ctx context.Context, p *wats.ProcessInfo) error {
	_, err := w.exec(ctx, `UPDATE process SET name = $1, description = $2, kind = $3, position = $4, state = $5, properties = $6, row_version = $7
		WHERE code = $8`, p.Name, p.Description, kindOf(p), p.ProcessIndex, p.State.Number(), p.Properties, p.RowVersion.Value, p.Code)
	w.catalog = nil
	return err
}

// process reads an operation. It returns a [RuleError] that matches [ErrNotFound] when there is none.
func (w *writer) process(ctx context.Context, code int) (*wats.ProcessInfo, error) {
	var into processTarget
	found, err := w.get(ctx, into.fields(), `SELECT `+processColumns+` FROM process WHERE code = $1`, code)
	if err == nil && !found {
		err = missing("there is no process %d", code)
	}
	into.finish()
	return &into.process, err
}

// UpdateProcess changes an operation and returns it as stored. It returns a [RuleError] when there is none, its row version is another one, another
// operation has the name, or it would change the kind of an operation that something names; a [*report.InvalidError] when something is wrong with it.
func (s *Store) UpdateProcess(ctx context.Context, c ProcessChange) (*wats.ProcessInfo, error) {
	var saved *wats.ProcessInfo
	err := s.queue.do(ctx, bytesOfProduct, func(ctx context.Context, w *writer) error {
		var err error
		if saved, err = w.process(ctx, c.Code); err != nil {
			return err
		}
		if err := checkVersion(c.RowVersion, saved.RowVersion, "process %d", c.Code); err != nil {
			return err
		}
		kind := kindOf(saved)
		if !c.apply(saved) {
			return nil
		}
		if err := saved.Validate().Err(); err != nil {
			return err
		}
		if err := w.freeProcessName(ctx, c.Code, saved.Name); err != nil {
			return err
		}
		if kindOf(saved) != kind {
			if err := w.changeKind(ctx, saved, kind); err != nil {
				return err
			}
		}
		saved.RowVersion.Value++
		return w.updateProcess(ctx, saved)
	})
	return saved, err
}

// changeKind gives an operation that nothing names the fail codes of its new kind.
func (w *writer) changeKind(ctx context.Context, p *wats.ProcessInfo, from string) error {
	user, err := w.userOfProcess(ctx, p.Code)
	if err != nil {
		return err
	}
	if user != "" {
		return conflict("process %d must stay a %s operation: %s", p.Code, from, user)
	}
	if from == repairKind {
		return w.dropRepair(ctx, p.Code)
	}
	if kindOf(p) == repairKind {
		return w.addDefaultFailCodes(ctx, p.Code)
	}
	return nil
}

// userOfProcess says what names an operation, "" when nothing does.
func (w *writer) userOfProcess(ctx context.Context, code int) (string, error) {
	var first, second string
	for _, user := range [...]struct{ query, text string }{
		{`SELECT part_number, serial_number FROM report WHERE process_code = $1 LIMIT 1`, "reports name it, such as one of unit %[2]q of %[1]q"},
		{`SELECT part_number, serial_number FROM report WHERE test_process_code = $1 LIMIT 1`, "repairs name it, such as one of unit %[2]q of %[1]q"},
		{`SELECT part_number, serial_number FROM unit WHERE process_code = $1 LIMIT 1`, "units are in it, such as %[2]q of %[1]q"},
		{`SELECT r.product_group, r.part_number FROM verification_rule_process p JOIN verification_rule r ON r.id = p.rule
			WHERE p.process_code = $1 LIMIT 1`, "a rule of unit verification names it, that of group %q and part number %q"},
	} {
		found, err := w.get(ctx, []any{&first, &second}, user.query, code)
		if err != nil {
			return "", err
		}
		if found {
			return fmt.Sprintf(user.text, first, second), nil
		}
	}
	return "", nil
}

// DeleteProcess removes an operation and its fail codes. It returns a [RuleError] when there is none, or something names it.
//
// Where nothing does, all reports are looked at, and writes wait meanwhile: about a second for a million.
func (s *Store) DeleteProcess(ctx context.Context, code int) error {
	return s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		if _, err := w.process(ctx, code); err != nil {
			return err
		}
		user, err := w.userOfProcess(ctx, code)
		if err != nil {
			return err
		}
		if user != "" {
			return conflict("process %d is in use: %s. Make it inactive instead", code, user)
		}
		if err := w.dropRepair(ctx, code); err != nil {
			return err
		}
		_, err = w.exec(ctx, `DELETE FROM process WHERE code = $1`, code)
		w.catalog = nil
		return err
	})
}

// dropRepair removes what belongs to a repair operation only.
func (w *writer) dropRepair(ctx context.Context, code int) error {
	for _, statement := range [...]string{
		`DELETE FROM fail_code WHERE process_code = $1`, `DELETE FROM fail_category WHERE process_code = $1`, `DELETE FROM repair_operation WHERE process_code = $1`,
	} {
		if _, err := w.exec(ctx, statement, code); err != nil {
			return err
		}
	}
	return nil
}

package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// RepairOperations returns how every repair operation is carried out, by code.
func (s *Store) RepairOperations(ctx context.Context) (map[int]*wats.RepairOperation, error) {
	all, err := s.repairOperations(ctx)
	if err == nil {
		err = s.addFailCodes(ctx, all)
	}
	if err != nil {
		return nil, fmt.Errorf("read repair operations: %w", err)
	}
	return all, nil
}

// repairOperations returns them without fail codes.
func (s *Store) repairOperations(ctx context.Context) (map[int]*wats.RepairOperation, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT p.code, p.name, r.description, r.uut_required, r.component_mask, r.component_mask_description,
		r.bom_constraint, r.bom_required, r.vendor_required, r.misc_infos, r.row_version
		FROM process p LEFT JOIN repair_operation r ON r.process_code = p.code WHERE p.kind = 'repair'`)
	if err != nil {
		return nil, err
	}
	all := map[int]*wats.RepairOperation{}
	_, err = collect(rows, func(*struct{}) error {
		var code int
		var name string
		var description, mask, maskDescription, constraint, misc *string
		var uut, bom, vendor, version *int
		if err := rows.Scan(&code, &name, &description, &uut, &mask, &maskDescription, &constraint, &bom, &vendor, &misc, &version); err != nil {
			return err
		}
		o := &wats.RepairOperation{Description: name, UUTRequired: 1, BOMRequired: 1, VendorRequired: 2, RowVersion: report.Some(0)}
		all[code] = o
		if version == nil { // nobody has said anything yet
			return nil
		}
		o.Description, o.UUTRequired, o.CompRefMask, o.CompRefMaskDescription = *description, *uut, *mask, *maskDescription
		o.BOMConstraint, o.BOMRequired, o.VendorRequired, o.RowVersion.Value = *constraint, *bom, *vendor, *version
		return json.Unmarshal([]byte(*misc), &o.MiscInfos)
	})
	return all, err
}

// failCodeTarget takes the columns that categories and codes share.
type failCodeTarget struct {
	code       wats.FailCode
	id         []byte
	selectable bool
	state      int
}

func (t *failCodeTarget) fields() []any {
	f := &t.code
	return []any{&t.id, &f.Description, &t.selectable, &f.SortOrder, &f.FailureType, &f.ImageConstraint, &t.state}
}

// finish completes the code; an ID that nobody has given is made of its name.
func (t *failCodeTarget) finish(process int, category string) {
	f := &t.code
	f.ID, f.Unselectable, f.Status = toID(t.id), !t.selectable, wats.ActiveStateOf(t.state)
	if f.ID.IsZero() {
		f.ID = report.DeriveID(fmt.Appendf(nil, "fail code %d\x00%s\x00%s", process, category, f.Description))
	}
}

// addFailCodes adds categories and codes in their order.
func (s *Store) addFailCodes(ctx context.Context, all map[int]*wats.RepairOperation) error {
	rows, err := s.reads.QueryContext(ctx, `SELECT process_code, id, category, selectable, position, failure_type, image_constraint, state
		FROM fail_category ORDER BY process_code, position, category`)
	if err != nil {
		return err
	}
	type key struct {
		process  int
		category string
	}
	places := map[key]int{}
	_, err = collect(rows, func(*struct{}) error {
		var code int
		var into failCodeTarget
		if err := rows.Scan(append([]any{&code}, into.fields()...)...); err != nil {
			return err
		}
		into.finish(code, "")
		if o := all[code]; o != nil {
			places[key{code, into.code.Description}] = len(o.Categories)
			o.Categories = append(o.Categories, into.code)
		}
		return nil
	})
	if err != nil {
		return err
	}
	rows, err = s.reads.QueryContext(ctx, `SELECT process_code, category, id, code, selectable, position, failure_type, image_constraint, state
		FROM fail_code ORDER BY process_code, position, code`)
	if err != nil {
		return err
	}
	_, err = collect(rows, func(*struct{}) error {
		var code int
		var category string
		var into failCodeTarget
		if err := rows.Scan(append([]any{&code, &category}, into.fields()...)...); err != nil {
			return err
		}
		into.finish(code, category)
		if at, known := places[key{code, category}]; known {
			of := &all[code].Categories[at]
			of.Codes = append(of.Codes, into.code)
		}
		return nil
	})
	return err
}

// RepairOperation returns how one repair operation is carried out. [ErrNotFound] when there is no such repair operation.
func (s *Store) RepairOperation(ctx context.Context, code int) (*wats.RepairOperation, error) {
	all, err := s.RepairOperations(ctx)
	if err != nil {
		return nil, err
	}
	if o := all[code]; o != nil {
		return o, nil
	}
	return nil, missing("there is no repair operation %d", code)
}

// ProcessCodeOf returns the code of the operation of an ID. [ErrNotFound] when there is none.
func (s *Store) ProcessCodeOf(ctx context.Context, id report.ID) (int, error) {
	all, err := s.Processes(ctx)
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		if p.ID == id {
			return p.Code, nil
		}
	}
	return 0, missing("there is no process with the ID %s", id)
}

// SaveRepairOperation replaces how a repair operation is carried out, with all its fail codes. It has been checked. It returns a [RuleError] when
// there is no such repair operation, or its row version is another one.
func (s *Store) SaveRepairOperation(ctx context.Context, code int, o wats.RepairOperation) (*wats.RepairOperation, error) {
	misc, err := json.Marshal(append([]json.RawMessage{}, o.MiscInfos...))
	if err != nil {
		return nil, violation("$.MiscInfos", "syntax", "MiscInfos are no JSON: %v", err)
	}
	err = s.queue.do(ctx, bytesOfProduct, func(ctx context.Context, w *writer) error {
		p, err := w.process(ctx, code)
		if errors.Is(err, ErrNotFound) || err == nil && !p.IsRepairOperation {
			return missing("there is no repair operation %d", code)
		}
		if err != nil {
			return err
		}
		version := report.Some(0)
		if _, err := w.get(ctx, []any{&version.Value}, `SELECT row_version FROM repair_operation WHERE process_code = $1`, code); err != nil {
			return err
		}
		if err := checkVersion(o.RowVersion, version, "repair operation %d", code); err != nil {
			return err
		}
		if err := w.dropRepair(ctx, code); err != nil {
			return err
		}
		if _, err := w.exec(ctx, `INSERT INTO repair_operation (process_code, description, uut_required, component_mask, component_mask_description,
			bom_constraint, bom_required, vendor_required, misc_infos, row_version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			code, o.Description, o.UUTRequired, o.CompRefMask, o.CompRefMaskDescription,
			o.BOMConstraint, o.BOMRequired, o.VendorRequired, string(misc), version.Value+1); err != nil {
			return err
		}
		w.catalog = nil
		return w.insertFailCodes(ctx, code, o.Categories)
	})
	if err != nil {
		return nil, err
	}
	return s.RepairOperation(ctx, code)
}

func (w *writer) insertFailCodes(ctx context.Context, process int, categories []wats.FailCode) error {
	for _, c := range categories {
		if _, err := w.exec(ctx, `INSERT INTO fail_category (process_code, category, position, id, selectable, failure_type, image_constraint, state)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			process, c.Description, c.SortOrder, idOrNull(c.ID), bit(!c.Unselectable), c.FailureType, c.ImageConstraint, c.Status.Number()); err != nil {
			return fmt.Errorf("category %q: %w", c.Description, err)
		}
		for _, f := range c.Codes {
			if _, err := w.exec(ctx, `INSERT INTO fail_code (process_code, category, code, position, id, selectable, failure_type, image_constraint, state)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, process, c.Description, f.Description, f.SortOrder, idOrNull(f.ID), bit(!f.Unselectable),
				f.FailureType, f.ImageConstraint, f.Status.Number()); err != nil {
				return fmt.Errorf("code %q of category %q: %w", f.Description, c.Description, err)
			}
		}
	}
	return nil
}

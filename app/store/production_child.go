package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// templateSQL gives the box build template of a part number and a revision, by item number.
const templateSQL = relationSQL + ` JOIN product_revision o ON o.id = x.parent JOIN product q ON q.id = o.product
	WHERE q.part_number = $1 AND o.revision = $2 ORDER BY x.item_number, x.seq`

// template returns the box build template of a unit's revision as the writer sees it; nil when there is none.
func (w *writer) template(ctx context.Context, partNumber, revision string) (template []wats.ProductRelation, err error) {
	var into relationTarget
	err = w.each(ctx, templateSQL, []any{partNumber, revision}, into.fields(), func() {
		into.finish()
		template = append(template, into.relation)
	})
	return template, err
}

// template is the template as readers see it.
func (s *Store) template(ctx context.Context, partNumber, revision string) ([]wats.ProductRelation, error) {
	rows, err := s.reads.QueryContext(ctx, templateSQL, partNumber, revision)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(r *wats.ProductRelation) error {
		var into relationTarget
		err := rows.Scan(into.fields()...)
		into.finish()
		*r = into.relation
		return err
	})
}

// fitting is which unit stands for which item of a template.
type fitting struct {
	template []wats.ProductRelation
	units    []wats.ChildUnit
	of       [][]int // units of each item
	extra    []int   // units that no item has room for
}

// fit gives every unit an item as far as that can be: a unit moves to another item when that makes room for one more.
func fit(template []wats.ProductRelation, units []wats.ChildUnit) *fitting {
	f := &fitting{template: template, units: units, of: make([][]int, len(template))}
	for i := range units {
		if !f.place(i, make([]bool, len(template))) {
			f.extra = append(f.extra, i)
		}
	}
	return f
}

// place finds room for a unit in an item that was not tried before.
func (f *fitting) place(unit int, tried []bool) bool {
	for item := range f.template {
		if tried[item] || !accepts(&f.template[item], f.units[unit]) {
			continue
		}
		tried[item] = true
		if len(f.of[item]) < f.template[item].Quantity {
			f.of[item] = append(f.of[item], unit)
			return true
		}
		for i, other := range f.of[item] {
			if f.place(other, tried) {
				f.of[item][i] = unit
				return true
			}
		}
	}
	return false
}

func accepts(r *wats.ProductRelation, unit wats.ChildUnit) bool {
	return r.ChildPartNumber == unit.PartNumber && r.Accepts(unit.Revision)
}

const childColumns = `SELECT serial_number, part_number, revision FROM unit WHERE parent = $1 ORDER BY id`

// children returns the units built directly into another, as the writer sees them.
func (w *writer) children(ctx context.Context, parent int64) (children []wats.ChildUnit, err error) {
	var u wats.ChildUnit
	err = w.each(ctx, childColumns, []any{parent}, []any{&u.SerialNumber, &u.PartNumber, &u.Revision}, func() { children = append(children, u) })
	return children, err
}

// ChildRules is what is checked when a unit is built into another, beside what always is.
type ChildRules struct {
	PartNumber string // the child's must be this; "": any
	Revision   string // mask that the child's must match; "": any
	AnyPhase   bool   // the child need not be finalized
}

// AddChildUnit builds a unit into another. It returns [ErrNotFound] when one of them is not there, and a [*report.InvalidError] with all that is against it.
func (s *Store) AddChildUnit(ctx context.Context, parentKey, childKey wats.UnitKey, rules ChildRules, by Author) error {
	now := s.now()
	err := s.queue.do(ctx, 300, func(ctx context.Context, w *writer) error {
		parent, err := w.knownUnit(ctx, parentKey)
		if err != nil {
			return err
		}
		child, err := w.knownUnit(ctx, childKey)
		if err != nil {
			return err
		}
		if err := w.checkChild(ctx, parent, child, rules); err != nil {
			return err
		}
		return w.setParent(ctx, child.id, &parent.id, parentKey, by, now)
	})
	if err != nil {
		return fmt.Errorf("build %s into %s: %w", childKey, parentKey, err)
	}
	return nil
}

// checkChild returns all that is against building a unit into another.
func (w *writer) checkChild(ctx context.Context, parent, child *storedUnit, rules ChildRules) error {
	var found report.Findings
	add := func(rule, format string, args ...any) {
		found = append(found, report.Finding{Path: "childSerialNumber", Rule: rule, Message: fmt.Sprintf(format, args...)})
	}
	unit := wats.ChildUnit{SerialNumber: child.unit.SerialNumber, PartNumber: child.unit.PartNumber, Revision: child.unit.Revision}
	if !rules.AnyPhase && child.unit.PhaseID != wats.PhaseFinalized {
		add("phase", "%s is in phase %s; only a finalized unit can be built in", child.unit.Key(), child.unit.Phase)
	}
	if child.parent != nil {
		add("parent", "%s is built into unit %s already", child.unit.Key(), child.unit.ParentSerialNumber)
	}
	if rules.PartNumber != "" && rules.PartNumber != unit.PartNumber {
		add("partNumber", "%s is not of part %s", child.unit.Key(), rules.PartNumber)
	}
	if rules.Revision != "" && !wats.MatchRevisionMask(rules.Revision, unit.Revision) {
		add("revision", "%s has revision %q, which is none of %s", child.unit.Key(), unit.Revision, rules.Revision)
	}
	inside, err := w.isInside(ctx, parent.id, child.id)
	if err != nil {
		return err
	}
	if inside {
		add("cycle", "%s is, or is inside, %s", parent.unit.Key(), child.unit.Key())
	}
	against, err := w.checkRoom(ctx, parent, unit)
	if err != nil {
		return err
	}
	if against != "" {
		add("template", "%s", against)
	}
	return found.Err()
}

// isInside reports whether a unit is another one, or is built into it at any depth.
func (w *writer) isInside(ctx context.Context, unit, other int64) (bool, error) {
	var one int
	return w.get(ctx, []any{&one}, `WITH RECURSIVE up (id) AS (
		SELECT id FROM unit WHERE id = $1 UNION SELECT u.parent FROM unit u JOIN up ON u.id = up.id WHERE u.parent IS NOT NULL)
		SELECT 1 FROM up WHERE id = $2`, unit, other)
}

// checkRoom returns why the box build template of a unit has no room for another, "" when it has.
func (w *writer) checkRoom(ctx context.Context, parent *storedUnit, unit wats.ChildUnit) (against string, err error) {
	template, err := w.template(ctx, parent.unit.PartNumber, parent.unit.Revision)
	if err != nil {
		return "", err
	}
	children, err := w.children(ctx, parent.id)
	if err != nil {
		return "", err
	}
	of := fmt.Sprintf("the box build template of %s revision %q", parent.unit.PartNumber, parent.unit.Revision)
	room := 0
	for i := range template {
		if accepts(&template[i], unit) {
			room += template[i].Quantity
		}
	}
	switch {
	case len(template) == 0:
		return of + " is empty or not there", nil
	case room == 0:
		return fmt.Sprintf("%s has no part %s revision %q", of, unit.PartNumber, unit.Revision), nil
	}
	f := fit(template, children)
	f.units = append(f.units, unit)
	if !f.place(len(children), make([]bool, len(template))) {
		return fmt.Sprintf("%s has room for %d of part %s, and they are there", of, room, unit.PartNumber), nil
	}
	return "", nil
}

// setParent moves a unit into another, or out of it for nil, and keeps that in its history.
func (w *writer) setParent(ctx context.Context, unit int64, parent *int64, key wats.UnitKey, by Author, now time.Time) error {
	if _, err := w.exec(ctx, `UPDATE unit SET parent = $1, row_version = row_version + 1 WHERE id = $2`, parent, unit); err != nil {
		return err
	}
	return w.addUnitChange(ctx, unit, unitChange{parent: report.Some(key)}, by, now)
}

// RemoveChildUnit takes a unit out of the one it is built into. [ErrNotFound] when one of them is not there, or the one is not in the other.
func (s *Store) RemoveChildUnit(ctx context.Context, parentKey, childKey wats.UnitKey, by Author) error {
	now := s.now()
	err := s.queue.do(ctx, 300, func(ctx context.Context, w *writer) error {
		parent, err := w.knownUnit(ctx, parentKey)
		if err != nil {
			return err
		}
		child, err := w.knownUnit(ctx, childKey)
		if err != nil {
			return err
		}
		if child.parent == nil || *child.parent != parent.id {
			return missing("%s is not built into %s", childKey, parentKey)
		}
		return w.setParent(ctx, child.id, nil, wats.UnitKey{}, by, now)
	})
	if err != nil {
		return fmt.Errorf("take %s out of %s: %w", childKey, parentKey, err)
	}
	return nil
}

// RemoveAllChildUnits takes every unit out of one, and returns how many they were. [ErrNotFound] when the unit is not there.
func (s *Store) RemoveAllChildUnits(ctx context.Context, parentKey wats.UnitKey, by Author) (count int64, err error) {
	now := s.now()
	err = s.queue.do(ctx, 300, func(ctx context.Context, w *writer) error {
		parent, err := w.knownUnit(ctx, parentKey)
		if err != nil {
			return err
		}
		var id int64
		var children []int64
		if err := w.each(ctx, `SELECT id FROM unit WHERE parent = $1 ORDER BY id`, []any{parent.id}, []any{&id}, func() { children = append(children, id) }); err != nil {
			return err
		}
		for _, child := range children {
			if err := w.setParent(ctx, child, nil, wats.UnitKey{}, by, now); err != nil {
				return err
			}
		}
		count = int64(len(children))
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("take all units out of %s: %w", parentKey, err)
	}
	return count, nil
}

// CheckChildUnits holds what is built directly into a unit against the box build template of a revision, that of the unit for "". [ErrNotFound] when there is
// no such unit.
func (s *Store) CheckChildUnits(ctx context.Context, key wats.UnitKey, revision string) (*wats.ChildUnitCheck, error) {
	unit, err := s.Unit(ctx, key)
	if err != nil {
		return nil, err
	}
	check := &wats.ChildUnitCheck{
		SerialNumber: key.SerialNumber, PartNumber: key.PartNumber, Revision: cmp.Or(revision, unit.Revision),
		Items: []wats.ChildUnitItem{}, Extra: []wats.ChildUnit{},
	}
	template, err := s.template(ctx, key.PartNumber, check.Revision)
	if err != nil {
		return nil, fmt.Errorf("read the box build template of %s: %w", key, err)
	}
	var children []wats.ChildUnit
	for _, u := range unit.SubUnits {
		children = append(children, wats.ChildUnit{SerialNumber: u.SerialNumber, PartNumber: u.PartNumber, Revision: u.Revision})
	}
	fit(template, children).tell(check)
	return check, nil
}

// tell fills a check.
func (f *fitting) tell(check *wats.ChildUnitCheck) {
	var words []string
	for i, r := range f.template {
		item := wats.ChildUnitItem{
			ItemNumber: r.ItemNumber, PartNumber: r.ChildPartNumber, Revision: r.ChildRevision, RevisionMask: r.RevisionMask,
			Quantity: r.Quantity, Missing: r.Quantity - len(f.of[i]), Units: []wats.ChildUnit{},
		}
		for _, unit := range f.of[i] {
			item.Units = append(item.Units, f.units[unit])
		}
		if item.Missing > 0 {
			words = append(words, fmt.Sprintf("%d of part %s missing", item.Missing, item.PartNumber))
		}
		check.Items = append(check.Items, item)
	}
	for _, unit := range f.extra {
		check.Extra = append(check.Extra, f.units[unit])
		words = append(words, fmt.Sprintf("unit %s of %s is not in the template", f.units[unit].SerialNumber, f.units[unit].PartNumber))
	}
	check.Complete = len(words) == 0
	check.Message = cmp.Or(strings.Join(words, "; "), "complete")
}

// maxHierarchy is how many units a whole may have.
const maxHierarchy = 10_000

// UnitHierarchy returns the whole that a unit is built into, from the outermost down. [ErrNotFound] when there is no such unit, [ErrConflict] when the
// whole has more than 10,000 units.
func (s *Store) UnitHierarchy(ctx context.Context, key wats.UnitKey) (*wats.Unit, error) {
	id, err := s.unitID(ctx, key)
	if err != nil {
		return nil, err
	}
	var top int64
	err = s.reads.QueryRowContext(ctx, `WITH RECURSIVE up (id, parent) AS (
		SELECT id, parent FROM unit WHERE id = $1 UNION SELECT u.id, u.parent FROM unit u JOIN up ON u.id = up.parent)
		SELECT id FROM up WHERE parent IS NULL`, id).Scan(&top)
	if err != nil {
		return nil, fmt.Errorf("read what %s is built into: %w", key, err)
	}
	return s.whole(ctx, top)
}

// UnitContents returns a unit with all that is built into it. [ErrNotFound] when there is no such unit, or it has another revision than asked for.
func (s *Store) UnitContents(ctx context.Context, key wats.UnitKey, revision string) (*wats.Unit, error) {
	id, err := s.unitID(ctx, key)
	if err != nil {
		return nil, err
	}
	unit, err := s.whole(ctx, id)
	if err == nil && revision != "" && unit.Revision != revision {
		return nil, missing("%s has revision %q, not %q", key, unit.Revision, revision)
	}
	return unit, err
}

// whole returns the unit of a row with all that is built into it.
func (s *Store) whole(ctx context.Context, top int64) (*wats.Unit, error) {
	rows, err := s.reads.QueryContext(ctx, `WITH RECURSIVE below (id) AS (
		SELECT id FROM unit WHERE id = $1 UNION SELECT u.id FROM unit u JOIN below b ON u.parent = b.id)
		SELECT `+unitColumns+`, u.parent FROM `+unitTables+` WHERE u.id IN (SELECT id FROM below) ORDER BY u.id LIMIT $2`, top, maxHierarchy+1)
	if err != nil {
		return nil, fmt.Errorf("read what is built in: %w", err)
	}
	units, err := collect(rows, func(u *storedUnit) error {
		if err := rows.Scan(append(u.fields(), &u.parent)...); err != nil {
			return err
		}
		return u.finish()
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("read what is built in: %w", err)
	case len(units) > maxHierarchy:
		return nil, conflict("more than %d units are built together", maxHierarchy)
	}
	below := map[int64][]*storedUnit{}
	var root *storedUnit
	for i := range units {
		if u := &units[i]; u.id == top {
			root = u
		} else if u.parent != nil {
			below[*u.parent] = append(below[*u.parent], u)
		}
	}
	if root == nil {
		return nil, errors.New("read what is built in: the unit is gone")
	}
	return assemble(root, below), nil
}

// assemble returns a unit with what is below it. There are no cycles: see isInside.
func assemble(u *storedUnit, below map[int64][]*storedUnit) *wats.Unit {
	for _, child := range below[u.id] {
		u.unit.SubUnits = append(u.unit.SubUnits, *assemble(child, below))
	}
	return &u.unit
}

// Sites returns the locations that reports name, by name.
func (s *Store) Sites(ctx context.Context) ([]wats.ProductionSite, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT id, name FROM level ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list sites: %w", err)
	}
	return collect(rows, func(p *wats.ProductionSite) error { return rows.Scan(&p.ID, &p.Name) })
}

package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// Author says who changes something, and why.
type Author struct {
	User    string
	Comment string
}

// UnitsSaved says what became of units to be written.
type UnitsSaved struct {
	Stored  []wats.Unit     // never nil
	Failed  int             // units not stored
	Refused report.Findings // why, by index in the list
}

// SaveUnits creates units, and changes those that are there, each as a whole or not at all. Of a unit that is there, members that are zero stay
// as they are. Not stored is a unit with violations, with a process, a phase or an order that is not there, with a parent other than its own, or with a stale
// row version (rule conflict).
func (s *Store) SaveUnits(ctx context.Context, units []wats.Unit, by Author) (saved UnitsSaved, err error) {
	const sizeOfUnit = 500 // bytes, about
	now := s.now()
	err = s.queue.do(ctx, len(units)*sizeOfUnit, func(ctx context.Context, w *writer) error {
		saved = UnitsSaved{Stored: make([]wats.Unit, 0, len(units))}
		for i := range units {
			unit, found, err := w.saveUnit(ctx, unitWrite{&units[i], fmt.Sprintf("$[%d]", i), by, now})
			switch {
			case err != nil:
				return fmt.Errorf("%s: %w", units[i].Key(), err)
			case len(found) > 0:
				saved.Refused = append(saved.Refused, found...)
				saved.Failed++
			default:
				saved.Stored = append(saved.Stored, *unit)
			}
		}
		return nil
	})
	if err != nil {
		return UnitsSaved{}, fmt.Errorf("save units: %w", err)
	}
	return saved, nil
}

// unitWrite is a unit on its way into the store.
type unitWrite struct {
	*wats.Unit
	path string // in the request
	by   Author
	at   time.Time
}

// saveUnit writes one unit. It writes nothing when it finds something wrong.
func (w *writer) saveUnit(ctx context.Context, u unitWrite) (*wats.Unit, report.Findings, error) {
	if found := u.Validate(); len(found) > 0 {
		return nil, below(u.path, found), nil
	}
	old, err := w.findUnit(ctx, u.Key())
	if err != nil {
		return nil, nil, err
	}
	order, found, err := w.checkUnit(ctx, u, old)
	if err != nil || len(found) > 0 {
		return nil, found, err
	}
	if old == nil {
		err = w.insertUnit(ctx, u, order)
	} else {
		err = w.updateUnit(ctx, u, old, order)
	}
	if err != nil {
		return nil, nil, err
	}
	written, err := w.knownUnit(ctx, u.Key())
	if err != nil {
		return nil, nil, err
	}
	return &written.unit, nil, nil
}

// below returns findings of an object with the place of that object in a request.
func below(path string, found report.Findings) report.Findings {
	for i := range found {
		found[i].Path = path + strings.TrimPrefix(found[i].Path, "$")
	}
	return found
}

// checkUnit holds a unit against what is stored. It returns the row of its order, nil when it names none.
func (w *writer) checkUnit(ctx context.Context, u unitWrite, old *storedUnit) (order *int64, found report.Findings, err error) {
	add := func(member, rule, format string, args ...any) {
		found = append(found, report.Finding{Path: u.path + "." + member, Rule: rule, Message: fmt.Sprintf(format, args...)})
	}
	parent := ""
	if old != nil {
		parent = old.unit.ParentSerialNumber
		if given := u.RowVersion; given.Present && given.Value != old.version {
			add("rowVersion", ConflictRule, "%s has been changed meanwhile: its version is %d, not %d; read it again", u.Key(), old.version, given.Value)
		}
	}
	if u.ParentSerialNumber != "" && u.ParentSerialNumber != parent {
		add("parentSerialNumber", "readonly", "a unit is put into its parent by POST /api/Production/AddChildUnit")
	}
	if u.ProcessCode.Present {
		if known, err := w.knowsProcess(ctx, u.ProcessCode.Value); err != nil {
			return nil, nil, err
		} else if !known {
			add("processCode", "enum", "there is no process %d", u.ProcessCode.Value)
		}
	}
	if u.OrderNumber != "" {
		var id int64
		known, err := w.get(ctx, []any{&id}, `SELECT id FROM production_order WHERE order_number = $1`, u.OrderNumber)
		if err != nil {
			return nil, nil, err
		}
		if order = &id; !known {
			add("orderNumber", "reference", "there is no production order %q", u.OrderNumber)
		}
	}
	return order, found, nil
}

// ConflictRule marks what is refused because somebody else changed it meanwhile.
const ConflictRule = "conflict"

func (w *writer) knowsProcess(ctx context.Context, code int) (bool, error) {
	c, err := w.load(ctx)
	if err != nil {
		return false, err
	}
	_, known := c.operations[code]
	return known, nil
}

func (w *writer) insertUnit(ctx context.Context, u unitWrite, order *int64) error {
	phase := u.PhaseID
	if phase == 0 {
		phase = wats.PhaseUnderProduction
	}
	tags, _ := mergeSettings(nil, u.Tags)
	var id int64
	err := w.insert(ctx, &id, `INSERT INTO unit (serial_number, part_number, revision, batch_number, location, phase, process_code, process_ns,
		production_order, serial_ns, tags, xml_data, created_ns) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id`,
		u.SerialNumber, u.PartNumber, u.Revision, u.BatchNumber, u.CurrentLocation, int(phase), pointer(u.ProcessCode), u.at.UnixNano(),
		order, nanoseconds(u.SerialDate.Time), encodeSettings(tags), u.XMLData, u.at.UnixNano())
	if err != nil {
		return err
	}
	return w.addUnitChange(ctx, id, unitChange{
		phase: phase, process: u.ProcessCode, revision: report.Some(u.Revision), location: u.CurrentLocation,
	}, u.by, u.at)
}

// updateUnit sets what is given and differs. A unit that stays as it is keeps its version.
func (w *writer) updateUnit(ctx context.Context, u unitWrite, old *storedUnit, order *int64) error {
	next, change := old.unit, unitChange{}
	changed := replace(&next.BatchNumber, u.BatchNumber)
	changed = replace(&next.XMLData, u.XMLData) || changed
	if replace(&next.Revision, u.Revision) {
		change.revision, changed = report.Some(u.Revision), true
	}
	if replace(&next.CurrentLocation, u.CurrentLocation) {
		change.location, changed = u.CurrentLocation, true
	}
	if replace(&next.PhaseID, u.PhaseID) {
		change.phase, changed = u.PhaseID, true
	}
	var processNS *int64
	if u.ProcessCode.Present && replace(&next.ProcessCode, u.ProcessCode) {
		change.process, changed = u.ProcessCode, true
		processNS = nanoseconds(u.at)
	}
	if at := u.SerialDate; !at.IsZero() && !at.Equal(next.SerialDate.Time) {
		next.SerialDate, changed = at, true
	}
	if order == nil || u.OrderNumber == old.unit.OrderNumber { // perhaps that of its batch
		order = old.order
	} else {
		changed = true
	}
	tags, retagged := mergeSettings(old.unit.Tags, u.Tags)
	if !changed && !retagged {
		return nil
	}
	_, err := w.exec(ctx, `UPDATE unit SET revision = $1, batch_number = $2, location = $3, xml_data = $4, phase = $5, process_code = $6,
		process_ns = COALESCE($7, process_ns), production_order = $8, serial_ns = $9, tags = $10, row_version = row_version + 1 WHERE id = $11`,
		next.Revision, next.BatchNumber, next.CurrentLocation, next.XMLData, int(next.PhaseID), pointer(next.ProcessCode),
		processNS, order, nanoseconds(next.SerialDate.Time), encodeSettings(tags), old.id)
	if err != nil || change == (unitChange{}) {
		return err
	}
	return w.addUnitChange(ctx, old.id, change, u.by, u.at)
}

// replace sets a member to a value that is not zero. It reports whether that makes a difference.
func replace[T comparable](member *T, value T) bool {
	var zero T
	if value == zero || value == *member {
		return false
	}
	*member = value
	return true
}

// CreateUnit makes a unit. It returns [ErrConflict] when it is there already, and a [*report.InvalidError] when it names what is not there.
func (s *Store) CreateUnit(ctx context.Context, unit wats.Unit, by Author) (created *wats.Unit, err error) {
	now := s.now()
	err = s.queue.do(ctx, 1000, func(ctx context.Context, w *writer) error {
		old, err := w.findUnit(ctx, unit.Key())
		if err != nil {
			return err
		}
		if old != nil {
			return conflict("%s is there already", unit.Key())
		}
		var found report.Findings
		created, found, err = w.saveUnit(ctx, unitWrite{&unit, "$", by, now})
		return errors.Join(err, found.Err())
	})
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", unit.Key(), err)
	}
	return created, nil
}

// SetUnitPhase puts a unit into a phase, given by number, name or code. It returns [ErrNotFound] without such a unit and a [*report.InvalidError]
// without such a phase.
func (s *Store) SetUnitPhase(ctx context.Context, key wats.UnitKey, phase string, by Author) error {
	now := s.now()
	err := s.queue.do(ctx, 200, func(ctx context.Context, w *writer) error {
		unit, err := w.knownUnit(ctx, key)
		if err != nil {
			return err
		}
		id, known, err := w.phaseNamed(ctx, phase)
		if err != nil {
			return err
		}
		if !known {
			return refuseMember("phase", "enum", "there is no phase %q", phase)
		}
		if _, err := w.exec(ctx, `UPDATE unit SET phase = $1, row_version = row_version + 1 WHERE id = $2`, int(id), unit.id); err != nil {
			return err
		}
		return w.addUnitChange(ctx, unit.id, unitChange{phase: id}, by, now)
	})
	if err != nil {
		return fmt.Errorf("set the phase of %s: %w", key, err)
	}
	return nil
}

// SetUnitProcess says in which operation a unit is, in none without a code. It returns [ErrNotFound] without such a unit and a
// [*report.InvalidError] without such an operation.
func (s *Store) SetUnitProcess(ctx context.Context, key wats.UnitKey, code report.Optional[int], by Author) error {
	now := s.now()
	err := s.queue.do(ctx, 200, func(ctx context.Context, w *writer) error {
		unit, err := w.knownUnit(ctx, key)
		if err != nil {
			return err
		}
		if code.Present {
			if known, err := w.knowsProcess(ctx, code.Value); err != nil {
				return err
			} else if !known {
				return refuseMember("processCode", "enum", "there is no process %d", code.Value)
			}
		}
		if _, err := w.exec(ctx, `UPDATE unit SET process_code = $1, process_ns = $2, row_version = row_version + 1 WHERE id = $3`,
			pointer(code), now.UnixNano(), unit.id); err != nil {
			return err
		}
		return w.addUnitChange(ctx, unit.id, unitChange{process: code, leaves: !code.Present}, by, now)
	})
	if err != nil {
		return fmt.Errorf("set the process of %s: %w", key, err)
	}
	return nil
}

// refuseMember refuses a request for one member or option.
func refuseMember(path, rule, format string, args ...any) error {
	return &report.InvalidError{Violations: report.Findings{{Path: path, Rule: rule, Message: fmt.Sprintf(format, args...)}}}
}

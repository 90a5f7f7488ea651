package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// serialFilter selects numbers.
type serialFilter struct {
	of            *serialType // nil: all types
	at            *serialRow  // with within; nil: all
	within        span
	state         wats.SerialState // "": all
	after, before time.Time        // taken in this time; zero: open
	reservation   []byte           // still reserved in it
	serial, part  string           // taken for these; "": any
}

// stretch is numbers in sequence of which the same has become.
type stretch struct {
	serialType
	serialRow
	span
	state               wats.SerialState
	takenNS, reservedNS *int64
	refSerial, refPart  string
	station             string
	reservation         []byte
}

// conditions collects conditions that all have to hold, with their parameters.
type conditions struct {
	all  []string
	args []any
}

// add takes a condition with one placeholder, written as ?.
func (c *conditions) add(condition string, arg any) {
	c.args = append(c.args, arg)
	c.all = append(c.all, strings.ReplaceAll(condition, "?", "$"+strconv.Itoa(len(c.args))))
}

func (c *conditions) text() string { return strings.Join(append([]string{"1 = 1"}, c.all...), " AND ") }

// parts returns the two statements that the numbers of f come from, each "" where it would give none, and their parameters.
func (f serialFilter) parts() (ranges, taken string, args []any) {
	onlyTaken := f.state == wats.SerialTaken || !f.after.IsZero() || !f.before.IsZero() || f.serial != "" || f.part != ""
	onlyRanges := f.state == wats.SerialFree || f.state == wats.SerialReserved || f.reservation != nil
	var c conditions
	both := func(lowest, highest, of string) {
		if f.of != nil {
			c.add(of+` = ?`, f.of.id)
		}
		if f.at != nil {
			c.add(`n.prefix = ?`, f.at.prefix)
			c.add(`n.width = ?`, f.at.width)
			c.add(highest+` >= ?`, f.within.lowest)
			c.add(lowest+` <= ?`, f.within.highest)
		}
	}
	if !onlyTaken {
		both("n.lowest", "n.highest", "n.type")
		if f.reservation != nil {
			c.add(`n.reservation = ?`, f.reservation)
		}
		ranges = ` FROM serial_range n JOIN serial_type s ON s.id = n.type LEFT JOIN serial_reservation v ON v.id = n.reservation WHERE ` + c.text()
		switch f.state {
		case wats.SerialFree:
			ranges += ` AND n.reservation IS NULL`
		case wats.SerialReserved:
			ranges += ` AND n.reservation IS NOT NULL`
		}
		c.all = nil
	}
	if !onlyRanges {
		both("n.value", "n.value", "n.type")
		if f.serial != "" {
			c.add(`t.ref_serial = ?`, f.serial)
		}
		if f.part != "" {
			c.add(`t.ref_part = ?`, f.part)
		}
		if f.serial != "" || f.part != "" {
			c.all = append(c.all, `(t.ref_serial <> '' OR t.ref_part <> '')`) // the index has no others
		}
		if !f.after.IsZero() {
			c.add(`t.taken_ns >= ?`, f.after.UnixNano())
		}
		if !f.before.IsZero() {
			c.add(`t.taken_ns < ?`, f.before.UnixNano())
		}
		taken = ` FROM serial_taken n JOIN serial_take t ON t.id = n.take JOIN serial_type s ON s.id = n.type WHERE ` + c.text()
	}
	return ranges, taken, c.args
}

const stretchTypeColumns = `s.id, s.name, s.description, s.format, s.pattern, s.identifier`

// stretches yields what f selects, by type and in the order of the numbers.
func (s *Store) stretches(ctx context.Context, f serialFilter) iter.Seq2[*stretch, error] {
	ranges, taken, args := f.parts()
	var selects []string
	if ranges != "" {
		selects = append(selects, `SELECT n.type, n.prefix, n.width, n.lowest, n.highest,
			CASE WHEN n.reservation IS NULL THEN 'free' ELSE 'reserved' END, CAST(NULL AS BIGINT), v.reserved_ns, '', '',
			COALESCE(v.station, ''), n.reservation, `+stretchTypeColumns+ranges)
	}
	if taken != "" {
		selects = append(selects, `SELECT n.type, n.prefix, n.width, n.value, n.value, 'taken', t.taken_ns, CAST(NULL AS BIGINT), t.ref_serial, t.ref_part,
			t.station, t.reservation, `+stretchTypeColumns+taken)
	}
	if len(selects) == 0 {
		return func(func(*stretch, error) bool) {}
	}
	return eachRow(ctx, s, strings.Join(selects, ` UNION ALL `)+` ORDER BY 1, 2, 3, 4`, args, func(rows *sql.Rows, n *stretch) error {
		var typeID int64
		err := rows.Scan(append([]any{&typeID, &n.prefix, &n.width, &n.lowest, &n.highest, &n.state, &n.takenNS, &n.reservedNS, &n.refSerial, &n.refPart,
			&n.station, &n.reservation}, n.serialType.fields()...)...)
		if f.at != nil {
			n.lowest, n.highest = max(n.lowest, f.within.lowest), min(n.highest, f.within.highest)
		}
		return err
	})
}

// serialRanges yields the free and reserved numbers that f selects as ranges.
func (s *Store) serialRanges(ctx context.Context, f serialFilter) iter.Seq2[*wats.SerialNumberRange, error] {
	return func(yield func(*wats.SerialNumberRange, error) bool) {
		for n, err := range s.stretches(ctx, f) {
			if err != nil {
				yield(nil, err)
				return
			}
			r := &wats.SerialNumberRange{
				Type: n.Name, From: n.text(n.serialRow, n.lowest), To: n.text(n.serialRow, n.highest), Count: n.count(), State: n.state,
				StationName: n.station, ReservationID: toID(n.reservation), Reserved: wireTime(n.reservedNS),
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// serialNumbers yields the numbers that f selects one by one.
func (s *Store) serialNumbers(ctx context.Context, f serialFilter) iter.Seq2[*wats.SerialNumberRecord, error] {
	return func(yield func(*wats.SerialNumberRecord, error) bool) {
		for n, err := range s.stretches(ctx, f) {
			if err != nil {
				yield(nil, err)
				return
			}
			for v := n.lowest; v <= n.highest; v++ {
				r := &wats.SerialNumberRecord{
					Number: n.text(n.serialRow, v), Type: n.Name, State: n.state, Taken: wireTime(n.takenNS), SerialNumber: n.refSerial,
					PartNumber: n.refPart, StationName: n.station, ReservationID: toID(n.reservation),
				}
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// SerialQuery selects numbers of a pool.
type SerialQuery struct {
	Type          string           // "": all types, for ranges only
	From, To      string           // both included; "" and "": all
	State         wats.SerialState // "": all
	After, Before time.Time        // taken in this time: After included, Before not; zero: open
	Serial, Part  string           // taken for these; "": any

	FromName, ToName string // of the options, for what is wrong with them
}

// filter checks q. [ErrNotFound] when there is no such type.
func (s *Store) serialFilter(ctx context.Context, q SerialQuery) (f serialFilter, err error) {
	f = serialFilter{state: q.State, after: q.After, before: q.Before, serial: q.Serial, part: q.Part}
	if q.Type == "" {
		return f, nil
	}
	if f.of, err = s.serialType(ctx, q.Type); err != nil {
		return f, err
	}
	from, to := q.From, q.To
	switch {
	case from == "" && to == "":
		return f, nil
	case to == "":
		number, err := f.of.parse(from)
		if err != nil {
			return f, refuseMember(q.FromName, "format", "%v", err)
		}
		f.at, f.within = &number.serialRow, span{number.value, f.of.last(number.serialRow)}
		return f, nil
	case from == "":
		number, err := f.of.parse(to)
		if err != nil {
			return f, refuseMember(q.ToName, "format", "%v", err)
		}
		f.at, f.within = &number.serialRow, span{0, number.value}
		return f, nil
	}
	at, within, found := f.of.parseRange(q.FromName, from, q.ToName, to)
	f.at, f.within = &at, within
	return f, found.Err()
}

// SerialNumbers yields numbers of a type in their order, free, reserved and taken ones.
func (s *Store) SerialNumbers(ctx context.Context, q SerialQuery) iter.Seq2[*wats.SerialNumberRecord, error] {
	f, err := s.serialFilter(ctx, q)
	if err != nil {
		return func(yield func(*wats.SerialNumberRecord, error) bool) { yield(nil, err) }
	}
	return s.serialNumbers(ctx, f)
}

// SerialNumberRanges yields the free and the reserved numbers of a type, or of all, as ranges in their order.
func (s *Store) SerialNumberRanges(ctx context.Context, typeName string) iter.Seq2[*wats.SerialNumberRange, error] {
	f, err := s.serialFilter(ctx, SerialQuery{Type: typeName})
	if err != nil {
		return func(yield func(*wats.SerialNumberRange, error) bool) { yield(nil, err) }
	}
	return func(yield func(*wats.SerialNumberRange, error) bool) {
		for _, state := range [...]wats.SerialState{wats.SerialFree, wats.SerialReserved} {
			f.state = state
			for r, err := range s.serialRanges(ctx, f) {
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

// CountSerialNumbers returns how many numbers q selects.
func (s *Store) CountSerialNumbers(ctx context.Context, q SerialQuery) (total int64, err error) {
	f, err := s.serialFilter(ctx, q)
	if err != nil {
		return 0, err
	}
	ranges, taken, args := f.parts()
	var sums []string
	if ranges != "" {
		lowest, highest := `n.lowest`, `n.highest`
		if f.at != nil { // numbers of ours, no text of a request
			lowest = fmt.Sprintf(`CASE WHEN n.lowest < %d THEN %[1]d ELSE n.lowest END`, f.within.lowest)
			highest = fmt.Sprintf(`CASE WHEN n.highest > %d THEN %[1]d ELSE n.highest END`, f.within.highest)
		}
		sums = append(sums, `(SELECT COALESCE(SUM(`+highest+` - `+lowest+` + 1), 0)`+ranges+`)`)
	}
	if taken != "" {
		sums = append(sums, `(SELECT count(*)`+taken+`)`)
	}
	if len(sums) == 0 {
		return 0, nil
	}
	err = s.reads.QueryRowContext(ctx, `SELECT CAST(`+strings.Join(sums, ` + `)+` AS BIGINT)`, args...).Scan(&total)
	if err != nil {
		return 0, fmt.Errorf("count serial numbers of type %q: %w", q.Type, err)
	}
	return total, nil
}

// SerialNumberStatistics returns how many numbers a type has; of all types together, and each by itself, for "".
func (s *Store) SerialNumberStatistics(ctx context.Context, typeName string) (*wats.SerialNumberStatistics, error) {
	where, args := `1 = 1`, []any(nil)
	if typeName != "" {
		t, err := s.serialType(ctx, typeName)
		if err != nil {
			return nil, err
		}
		where, args = `s.id = $1`, []any{t.id}
	}
	rows, err := s.reads.QueryContext(ctx, `SELECT s.name,
		CAST((SELECT COALESCE(SUM(n.highest - n.lowest + 1), 0) FROM serial_range n WHERE n.type = s.id AND n.reservation IS NULL) AS BIGINT),
		CAST((SELECT COALESCE(SUM(n.highest - n.lowest + 1), 0) FROM serial_range n WHERE n.type = s.id AND n.reservation IS NOT NULL) AS BIGINT),
		(SELECT count(*) FROM serial_taken n WHERE n.type = s.id)
		FROM serial_type s WHERE `+where+` ORDER BY s.name_key`, args...)
	if err != nil {
		return nil, fmt.Errorf("count serial numbers: %w", err)
	}
	types, err := collect(rows, func(n *wats.SerialNumberStatistics) error {
		err := rows.Scan(&n.Type, &n.Free, &n.Reserved, &n.Taken)
		n.Total = n.Free + n.Reserved + n.Taken
		return err
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("count serial numbers: %w", err)
	case typeName != "" && len(types) == 1:
		return &types[0], nil
	}
	all := wats.SerialNumberStatistics{Types: types}
	for _, n := range types {
		all.Free, all.Reserved, all.Taken, all.Total = all.Free+n.Free, all.Reserved+n.Reserved, all.Taken+n.Taken, all.Total+n.Total
	}
	return &all, nil
}

// FreeSerialNumbers puts the reserved numbers of ranges back into the pool, and returns how many. Others stay as they are.
func (s *Store) FreeSerialNumbers(ctx context.Context, ranges []wats.SerialNumberRange) (int64, error) {
	count, err := s.changeRanges(ctx, ranges, `reservation IS NOT NULL`, serialPool.release)
	if err != nil {
		return 0, fmt.Errorf("free serial numbers: %w", err)
	}
	return count, nil
}

// DeleteFreeSerialNumbers takes the free numbers of ranges out of the pool, and returns how many. Others stay as they are.
func (s *Store) DeleteFreeSerialNumbers(ctx context.Context, ranges []wats.SerialNumberRange) (int64, error) {
	count, err := s.changeRanges(ctx, ranges, `reservation IS NULL`, func(p serialPool, ctx context.Context, parts []serialRange) (count int64, err error) {
		for _, part := range parts {
			if err := p.cut(ctx, part); err != nil {
				return 0, err
			}
			count += part.count()
		}
		return count, nil
	})
	if err != nil {
		return 0, fmt.Errorf("delete serial numbers: %w", err)
	}
	return count, nil
}

// changeRanges does something with the numbers of ranges for which a condition holds. All ranges are checked before anything is done.
func (s *Store) changeRanges(ctx context.Context, ranges []wats.SerialNumberRange, where string,
	do func(serialPool, context.Context, []serialRange) (int64, error),
) (count int64, err error) {
	type order struct {
		serialPool
		serialRow
		span
	}
	err = s.queue.do(ctx, len(ranges)*serialSize, func(ctx context.Context, w *writer) error {
		var orders []order
		var found report.Findings
		for i, r := range ranges {
			t, err := w.serialType(ctx, r.Type)
			if err != nil {
				return err
			}
			at, within, wrong := t.parseRange(fmt.Sprintf("$[%d].from", i), r.From, fmt.Sprintf("$[%d].to", i), r.To)
			found = append(found, wrong...)
			orders = append(orders, order{serialPool{w, t}, at, within})
		}
		if err := found.Err(); err != nil {
			return err
		}
		count = 0
		for _, o := range orders {
			parts, err := o.ranges(ctx, where+` AND prefix = $2 AND width = $3 AND highest >= $4 AND lowest <= $5`,
				o.prefix, o.width, o.lowest, o.highest)
			if err != nil {
				return err
			}
			for i := range parts {
				parts[i].lowest, parts[i].highest = max(parts[i].lowest, o.lowest), min(parts[i].highest, o.highest)
			}
			n, err := do(o.serialPool, ctx, parts)
			if err != nil {
				return err
			}
			count += n
		}
		return nil
	})
	return count, err
}

package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// serialSize is about how many bytes one serial number takes.
const serialSize = 60

// TakeSerialNumbers takes free numbers in their order and returns them. No number is ever given twice, but for those that the request wants again.
// [ErrNotFound] when there is no such type or when it has not enough numbers: then none is taken.
func (s *Store) TakeSerialNumbers(ctx context.Context, t wats.SerialTake, user string) (numbers []string, err error) {
	now := s.now()
	err = s.queue.do(ctx, t.Quantity*serialSize, func(ctx context.Context, w *writer) error {
		p, from, err := w.poolFor(ctx, t.Type, t.From)
		if err != nil {
			return err
		}
		if t.Reuse {
			if numbers, err = p.takenBefore(ctx, t); err != nil || numbers != nil {
				return err
			}
		}
		parts, err := p.enough(ctx, t.Quantity, from, t.InSequence)
		if err != nil {
			return err
		}
		numbers, err = p.takeParts(ctx, parts, take{
			quantity: t.Quantity, at: now, refSerial: t.SerialNumber, refPart: t.PartNumber, station: t.StationName, user: user,
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("take serial numbers: %w", err)
	}
	return numbers, nil
}

// poolFor returns the pool of a type, and the number to begin with, nil for "".
func (w *writer) poolFor(ctx context.Context, typeName, from string) (serialPool, *serialNumber, error) {
	t, err := w.serialType(ctx, typeName)
	if err != nil || from == "" {
		return serialPool{w, t}, nil, err
	}
	number, err := t.parse(from)
	if err != nil {
		return serialPool{}, nil, refuseMember("$.fromSerialNumber", "format", "%v", err)
	}
	return serialPool{w, t}, &number, nil
}

// enough is free that wants all or nothing.
func (p serialPool) enough(ctx context.Context, quantity int, from *serialNumber, inSequence bool) ([]serialRange, error) {
	parts, err := p.free(ctx, int64(quantity), from, inSequence)
	if err != nil {
		return nil, err
	}
	var found int64
	for _, part := range parts {
		found += part.count()
	}
	switch {
	case found == int64(quantity):
		return parts, nil
	case inSequence:
		return nil, missing("no %d free serial numbers of type %s follow each other: import more", quantity, p.Name)
	case from != nil:
		return nil, missing("only %d of %d serial numbers of type %s are free from %s on: import more", found, quantity, p.Name, p.text(from.serialRow, from.value))
	}
	return nil, missing("no more serial numbers: only %d of %d of type %s are free; import more", found, quantity, p.Name)
}

// take is one request that took numbers.
type take struct {
	quantity                          int
	at                                time.Time
	refSerial, refPart, station, user string
	reservation                       []byte
}

// takeParts takes parts of ranges and returns their numbers.
func (p serialPool) takeParts(ctx context.Context, parts []serialRange, t take) ([]string, error) {
	id, err := p.insertTake(ctx, t)
	if err != nil {
		return nil, err
	}
	numbers := make([]string, 0, t.quantity)
	for _, part := range parts {
		if err := p.cut(ctx, part); err != nil {
			return nil, err
		}
		for v := part.lowest; v <= part.highest; v++ {
			if err := p.insertTaken(ctx, id, part.serialRow, v); err != nil {
				return nil, err
			}
			numbers = append(numbers, p.text(part.serialRow, v))
		}
	}
	return numbers, nil
}

func (p serialPool) insertTake(ctx context.Context, t take) (id int64, err error) {
	err = p.insert(ctx, &id, `INSERT INTO serial_take (type, quantity, taken_ns, ref_serial, ref_part, station, account, reservation)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`, p.id, t.quantity, t.at.UnixNano(), t.refSerial, t.refPart, t.station, t.user, t.reservation)
	return id, err
}

func (p serialPool) insertTaken(ctx context.Context, take int64, r serialRow, value int64) error {
	_, err := p.exec(ctx, `INSERT INTO serial_taken (type, prefix, width, value, take) VALUES ($1, $2, $3, $4, $5)`, p.id, r.prefix, r.width, value, take)
	return err
}

// takenBefore returns the numbers of the first request for the same references and the same quantity, nil when there was none.
func (p serialPool) takenBefore(ctx context.Context, t wats.SerialTake) ([]string, error) {
	var id int64
	found, err := p.get(ctx, []any{&id}, `SELECT id FROM serial_take WHERE ref_serial = $1 AND ref_part = $2 AND (ref_serial <> '' OR ref_part <> '')
		AND type = $3 AND quantity = $4 AND reservation IS NULL ORDER BY id LIMIT 1`, t.SerialNumber, t.PartNumber, p.id, t.Quantity)
	if err != nil || !found {
		return nil, err
	}
	var numbers []string
	var r serialRow
	var value int64
	err = p.each(ctx, `SELECT prefix, width, value FROM serial_taken WHERE take = $1 ORDER BY prefix, width, value`, []any{id},
		[]any{&r.prefix, &r.width, &value}, func() { numbers = append(numbers, p.text(r, value)) })
	return numbers, err
}

// ReserveSerialNumbers reserves free numbers in their order. The same ID again is the same reservation, as it is by then; [ErrConflict] when it asks for
// something else. [ErrNotFound] when there is no such type or when it has not enough numbers: then none is reserved.
func (s *Store) ReserveSerialNumbers(ctx context.Context, r wats.SerialReserve, user string) (*wats.SerialReservation, error) {
	now := s.now()
	err := s.queue.do(ctx, 200, func(ctx context.Context, w *writer) error {
		p, from, err := w.poolFor(ctx, r.Type, r.From)
		if err != nil {
			return err
		}
		var typeID int64
		var quantity int
		known, err := w.get(ctx, []any{&typeID, &quantity}, `SELECT type, quantity FROM serial_reservation WHERE id = $1`, r.ID[:])
		switch {
		case err != nil:
			return err
		case known && (typeID != p.id || quantity != r.Quantity):
			return conflict("reservation %s is there already, for other numbers: choose another id", r.ID)
		case known:
			return nil
		}
		parts, err := p.enough(ctx, r.Quantity, from, r.InSequence)
		if err != nil {
			return err
		}
		if _, err := w.exec(ctx, `INSERT INTO serial_reservation (id, type, station, quantity, reserved_ns, account) VALUES ($1, $2, $3, $4, $5, $6)`,
			r.ID[:], p.id, r.StationName, r.Quantity, now.UnixNano(), user); err != nil {
			return err
		}
		for _, part := range parts {
			if err := p.cut(ctx, part); err != nil {
				return err
			}
			if err := p.insertRange(ctx, part.serialRow, part.span, r.ID[:]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reserve serial numbers: %w", err)
	}
	return s.SerialReservation(ctx, r.ID)
}

// SerialReservation returns what is still reserved. [ErrNotFound] when there is no such reservation.
func (s *Store) SerialReservation(ctx context.Context, id report.ID) (*wats.SerialReservation, error) {
	r := wats.SerialReservation{ID: id}
	t := new(serialType)
	var reserved int64
	err := s.reads.QueryRowContext(ctx, `SELECT v.station, v.quantity, v.reserved_ns, v.canceled, t.id, t.name, t.description, t.format, t.pattern, t.identifier
		FROM serial_reservation v JOIN serial_type t ON t.id = v.type WHERE v.id = $1`, id[:]).Scan(
		append([]any{&r.StationName, &r.Quantity, &reserved, &r.Canceled}, t.fields()...)...)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, noReservation(id)
	case err != nil:
		return nil, fmt.Errorf("read reservation %s: %w", id, err)
	}
	r.Type, r.Reserved, r.Ranges = t.Name, wats.Time{Time: time.Unix(0, reserved).UTC()}, []wats.SerialNumberRange{}
	for part, err := range s.serialRanges(ctx, serialFilter{of: t, reservation: id[:]}) {
		if err != nil {
			return nil, fmt.Errorf("read reservation %s: %w", id, err)
		}
		r.Ranges = append(r.Ranges, *part)
	}
	return &r, nil
}

func noReservation(id report.ID) error { return missing("there is no reservation %s", id) }

// reservation returns the pool that something is reserved in, and the station.
func (w *writer) reservation(ctx context.Context, id report.ID) (p serialPool, station string, err error) {
	t := new(serialType)
	found, err := w.get(ctx, append([]any{&station}, t.fields()...), `SELECT v.station, t.id, t.name, t.description, t.format, t.pattern, t.identifier
		FROM serial_reservation v JOIN serial_type t ON t.id = v.type WHERE v.id = $1`, id[:])
	if err == nil && !found {
		err = noReservation(id)
	}
	t.finish()
	return serialPool{w, t}, station, err
}

// UseSerialNumbers takes numbers of a reservation that have been used: all or none. Those that were told before stay as they were told. A number that the
// reservation does not have is a violation, by its index.
func (s *Store) UseSerialNumbers(ctx context.Context, id report.ID, used []wats.SerialUse, user string) error {
	now := s.now()
	err := s.queue.do(ctx, len(used)*serialSize, func(ctx context.Context, w *writer) error {
		p, station, err := w.reservation(ctx, id)
		if err != nil {
			return err
		}
		parts, err := p.reserved(ctx, id, used)
		if err != nil {
			return err
		}
		for i, number := range parts {
			if number == nil {
				continue
			}
			part, err := p.holding(ctx, *number, id[:]) // anew: the numbers before may have cut the range
			if err != nil {
				return err
			}
			part.span = span{number.value, number.value}
			t := take{
				quantity: 1, at: now, refSerial: used[i].SerialNumber, refPart: used[i].PartNumber, station: station, user: user, reservation: id[:],
			}
			if !used[i].Taken.IsZero() {
				t.at = used[i].Taken.Time
			}
			if _, err := p.takeParts(ctx, []serialRange{*part}, t); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note used serial numbers of reservation %s: %w", id, err)
	}
	return nil
}

// reserved returns the numbers that are to be taken, nil for those that are already.
func (p serialPool) reserved(ctx context.Context, id report.ID, used []wats.SerialUse) ([]*serialNumber, error) {
	var found report.Findings
	numbers := make([]*serialNumber, len(used))
	seen := map[serialNumber]bool{}
	for i, u := range used {
		add := func(rule, format string, args ...any) {
			found = append(found, report.Finding{Path: fmt.Sprintf("$[%d].serialNumber", i), Rule: rule, Message: fmt.Sprintf(format, args...)})
		}
		number, err := p.parse(u.Number)
		if err != nil {
			add("format", "%v", err)
			continue
		}
		if seen[number] {
			add("unique", "serial number %q is told twice", u.Number)
			continue
		}
		seen[number] = true
		part, err := p.holding(ctx, number, id[:])
		if err != nil {
			return nil, err
		}
		if part != nil {
			numbers[i] = &number
			continue
		}
		isTaken, err := p.wasTaken(ctx, number, id)
		if err != nil {
			return nil, err
		}
		if !isTaken {
			add("reference", "serial number %q is not in reservation %s", u.Number, id)
		}
	}
	return numbers, found.Err()
}

// holding returns the range of a reservation that a number is in, nil for none.
func (p serialPool) holding(ctx context.Context, n serialNumber, reservation []byte) (*serialRange, error) {
	r := serialRange{serialRow: n.serialRow}
	var owner []byte
	found, err := p.get(ctx, []any{&r.id, &r.lowest, &r.highest, &owner}, `SELECT id, lowest, highest, reservation FROM serial_range
		WHERE type = $1 AND prefix = $2 AND width = $3 AND lowest <= $4 ORDER BY lowest DESC LIMIT 1`, p.id, n.prefix, n.width, n.value)
	if err != nil || !found || r.highest < n.value || !bytes.Equal(owner, reservation) {
		return nil, err
	}
	return &r, nil
}

// wasTaken reports whether a number was taken out of a reservation.
func (p serialPool) wasTaken(ctx context.Context, n serialNumber, reservation report.ID) (bool, error) {
	var one int
	return p.get(ctx, []any{&one}, `SELECT 1 FROM serial_taken n JOIN serial_take t ON t.id = n.take
		WHERE n.type = $1 AND n.prefix = $2 AND n.width = $3 AND n.value = $4 AND t.reservation = $5`, p.id, n.prefix, n.width, n.value, reservation[:])
}

// CancelReservation puts what is still reserved back into the pool, and returns how many numbers that are. [ErrNotFound] when there is no such reservation.
func (s *Store) CancelReservation(ctx context.Context, id report.ID) (count int64, err error) {
	err = s.queue.do(ctx, 200, func(ctx context.Context, w *writer) error {
		p, _, err := w.reservation(ctx, id)
		if err != nil {
			return err
		}
		ranges, err := p.ranges(ctx, `reservation = $2`, id[:])
		if err != nil {
			return err
		}
		if _, err := w.exec(ctx, `UPDATE serial_reservation SET canceled = 1 WHERE id = $1`, id[:]); err != nil {
			return err
		}
		count, err = p.release(ctx, ranges)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("cancel reservation %s: %w", id, err)
	}
	return count, nil
}

// ranges returns the ranges for which a condition holds, in the order of their numbers. $1 is the type.
func (p serialPool) ranges(ctx context.Context, where string, args ...any) ([]serialRange, error) {
	var r serialRange
	var found []serialRange
	err := p.each(ctx, `SELECT id, prefix, width, lowest, highest FROM serial_range WHERE type = $1 AND `+where+` ORDER BY prefix, width, lowest`,
		append([]any{p.id}, args...), []any{&r.id, &r.prefix, &r.width, &r.lowest, &r.highest}, func() { found = append(found, r) })
	return found, err
}

// release puts parts of reserved ranges back into the pool, and returns how many numbers that are.
func (p serialPool) release(ctx context.Context, parts []serialRange) (count int64, err error) {
	back := map[serialRow][]span{}
	for _, part := range parts {
		if err := p.cut(ctx, part); err != nil {
			return 0, err
		}
		back[part.serialRow] = append(back[part.serialRow], part.span)
		count += part.count()
	}
	for r, spans := range back {
		runs, _ := mergeSpans(spans)
		if err := p.add(ctx, r, runs, &rejects{of: p.serialType}); err != nil {
			return 0, err
		}
	}
	return count, nil
}

package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// serialPool is the numbers of one type, in the writer's hands. Its ranges never overlap each other nor what is taken.
type serialPool struct {
	*writer
	*serialType
}

// serialRange is a run of numbers of which the same has become.
type serialRange struct {
	id int64
	serialRow
	span
}

// free returns free ranges in the order of their numbers that together hold quantity numbers, each cut to what is wanted of it; fewer when there
// are not enough. From, if not nil, is the first number that may be among them; inSequence wants them all from one range.
func (p serialPool) free(ctx context.Context, quantity int64, from *serialNumber, inSequence bool) ([]serialRange, error) {
	const columns = `SELECT id, prefix, width, lowest, highest FROM serial_range WHERE type = $1 AND reservation IS NULL`
	text, args := columns+` AND highest - lowest >= $2 ORDER BY prefix, width, lowest LIMIT $3`, []any{p.id, int64(0), quantity}
	if from != nil {
		text = columns + ` AND highest - lowest >= $2 AND prefix = $4 AND width = $5 AND highest >= $6 AND (lowest >= $6 OR highest - $6 >= $2)
			ORDER BY lowest LIMIT $3`
		args = append(args, from.prefix, from.width, from.value)
	}
	if inSequence {
		args[1], args[2] = quantity-1, 1
	}
	var r serialRange
	var found []serialRange
	wanted := quantity
	err := p.each(ctx, text, args, []any{&r.id, &r.prefix, &r.width, &r.lowest, &r.highest}, func() {
		if from != nil {
			r.lowest = max(r.lowest, from.value)
		}
		r.highest = min(r.highest, r.lowest+wanted-1)
		if wanted > 0 {
			found = append(found, r)
		}
		wanted -= r.count()
	})
	return found, err
}

// cut takes a part out of a range, which is then no longer in it.
func (p serialPool) cut(ctx context.Context, part serialRange) error {
	var whole span
	var reservation []byte
	found, err := p.get(ctx, []any{&whole.lowest, &whole.highest, &reservation}, `SELECT lowest, highest, reservation FROM serial_range WHERE id = $1`, part.id)
	switch {
	case err != nil:
		return err
	case !found || part.lowest < whole.lowest || part.highest > whole.highest:
		return fmt.Errorf("serial numbers %s to %s are not in range %d", p.text(part.serialRow, part.lowest), p.text(part.serialRow, part.highest), part.id)
	}
	switch {
	case part.span == whole:
		_, err = p.exec(ctx, `DELETE FROM serial_range WHERE id = $1`, part.id)
		return err
	case part.lowest == whole.lowest:
		_, err = p.exec(ctx, `UPDATE serial_range SET lowest = $1 WHERE id = $2`, part.highest+1, part.id)
		return err
	}
	if _, err := p.exec(ctx, `UPDATE serial_range SET highest = $1 WHERE id = $2`, part.lowest-1, part.id); err != nil || part.highest == whole.highest {
		return err
	}
	return p.insertRange(ctx, part.serialRow, span{part.highest + 1, whole.highest}, reservation)
}

func (p serialPool) insertRange(ctx context.Context, r serialRow, s span, reservation []byte) error {
	_, err := p.exec(ctx, `INSERT INTO serial_range (type, prefix, width, lowest, highest, reservation) VALUES ($1, $2, $3, $4, $5, $6)`,
		p.id, r.prefix, r.width, s.lowest, s.highest, reservation)
	return err
}

// add puts numbers of one row into the pool as free, but those that it has already: these are rejected. The runs are in order and neither overlap
// nor touch each other. A free range next to a run becomes one with it, so that sequences stay long.
func (p serialPool) add(ctx context.Context, r serialRow, runs []span, no *rejects) error {
	pieces, err := p.newTo(ctx, r, runs, no)
	if err != nil {
		return err
	}
	var gone, heir int64 // the range that went into another last
	for _, n := range pieces {
		if n.before != 0 && n.before == gone {
			n.before = heir
		}
		switch {
		case n.before != 0 && n.after != 0:
			if err = p.join(ctx, n.before, n.after); err == nil {
				gone, heir = n.after, n.before
			}
		case n.before != 0:
			_, err = p.exec(ctx, `UPDATE serial_range SET highest = $1 WHERE id = $2`, n.highest, n.before)
		case n.after != 0:
			_, err = p.exec(ctx, `UPDATE serial_range SET lowest = $1 WHERE id = $2`, n.lowest, n.after)
		default:
			err = p.insertRange(ctx, r, n.span, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// join makes one range of two and of what lies between them.
func (p serialPool) join(ctx context.Context, before, after int64) error {
	var highest int64
	if _, err := p.get(ctx, []any{&highest}, `SELECT highest FROM serial_range WHERE id = $1`, after); err != nil {
		return err
	}
	if _, err := p.exec(ctx, `DELETE FROM serial_range WHERE id = $1`, after); err != nil {
		return err
	}
	_, err := p.exec(ctx, `UPDATE serial_range SET highest = $1 WHERE id = $2`, highest, before)
	return err
}

// newTo returns the pieces of runs that the pool does not have, in order, and rejects the rest.
func (p serialPool) newTo(ctx context.Context, r serialRow, runs []span, no *rejects) ([]piece, error) {
	if len(runs) == 0 {
		return nil, nil
	}
	numbers := span{runs[0].lowest, runs[len(runs)-1].highest}
	left := subtraction{rest: slices.Clone(runs)}
	var value int64
	err := p.each(ctx, `SELECT value FROM serial_taken WHERE type = $1 AND prefix = $2 AND width = $3 AND value BETWEEN $4 AND $5 ORDER BY value`,
		[]any{p.id, r.prefix, r.width, numbers.lowest, numbers.highest}, []any{&value},
		func() { no.add(r, left.subtract(span{value, value}, 0)) })
	if err != nil {
		return nil, err
	}
	var untaken []span
	for _, n := range left.pieces() {
		untaken = append(untaken, n.span)
	}
	left = subtraction{rest: untaken}
	var id int64
	var there span
	var isFree bool
	err = p.each(ctx, `SELECT id, lowest, highest, CASE WHEN reservation IS NULL THEN 1 ELSE 0 END FROM serial_range
		WHERE type = $1 AND prefix = $2 AND width = $3 AND highest >= $4 AND lowest <= $5 ORDER BY lowest`,
		[]any{p.id, r.prefix, r.width, numbers.lowest - 1, numbers.highest + 1}, []any{&id, &there.lowest, &there.highest, &isFree},
		func() {
			if !isFree {
				id = 0
			}
			no.add(r, left.subtract(there, id))
		})
	return left.pieces(), err
}

// piece is a run of numbers, and the free ranges next to it, 0 for none.
type piece struct {
	span
	before, after int64
}

// subtraction takes what is there out of runs of numbers, from the lowest to the highest.
type subtraction struct {
	rest   []span // not yet compared
	before int64  // free range next to the first of them, 0 for none
	done   []piece
}

// subtract takes out what there is from one number to another: the free range of that ID, or something else for 0. It returns the numbers that were both
// in a run and there.
func (s *subtraction) subtract(there span, id int64) (both []span) {
	for len(s.rest) > 0 {
		run := &s.rest[0]
		if run.lowest > there.highest {
			if run.lowest == there.highest+1 {
				s.before = id
			}
			return both
		}
		if run.lowest < there.lowest {
			n := piece{span{run.lowest, min(run.highest, there.lowest-1)}, s.before, 0}
			if n.highest == there.lowest-1 {
				n.after = id
			}
			s.done = append(s.done, n)
		}
		s.before = 0
		if run.highest >= there.lowest {
			both = append(both, span{max(run.lowest, there.lowest), min(run.highest, there.highest)})
		}
		if run.highest > there.highest {
			run.lowest, s.before = there.highest+1, id
			return both
		}
		s.rest = s.rest[1:]
	}
	return both
}

// pieces returns what is left.
func (s *subtraction) pieces() []piece {
	for _, run := range s.rest {
		s.done = append(s.done, piece{run, s.before, 0})
		s.before = 0
	}
	s.rest = nil
	return s.done
}

// mergeSpans returns runs in order that neither overlap nor touch each other, and what was in more than one span.
func mergeSpans(spans []span) (runs, twice []span) {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.lowest, b.lowest), cmp.Compare(a.highest, b.highest)) })
	for _, s := range spans {
		if len(runs) == 0 || s.lowest > runs[len(runs)-1].highest+1 {
			runs = append(runs, s)
			continue
		}
		last := &runs[len(runs)-1]
		if s.lowest <= last.highest {
			twice = append(twice, span{s.lowest, min(s.highest, last.highest)})
		}
		last.highest = max(last.highest, s.highest)
	}
	return runs, twice
}

const maxRejected = 1000 // numbers that are named

// rejects collects numbers that were not added.
type rejects struct {
	of    *serialType
	count int64
	texts []string // the first of them; never nil
}

func (r *rejects) add(at serialRow, spans []span) {
	for _, s := range spans {
		r.count += s.count()
		for v := s.lowest; v <= s.highest && len(r.texts) < maxRejected; v++ {
			r.texts = append(r.texts, r.of.text(at, v))
		}
	}
}

package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// serialType is a type of serial numbers as the rules of its pool need it.
type serialType struct {
	wats.SerialNumberType
	id int64
}

// serialRow is where the numbers of one prefix and one width stand in sequence.
type serialRow struct {
	prefix string
	width  int
}

// serialNumber is a number that can be counted on from: the value is that of its last digits.
type serialNumber struct {
	serialRow
	value int64
}

// span is a run of numbers of one row.
type span struct{ lowest, highest int64 }

func (s span) count() int64 { return s.highest - s.lowest + 1 }

const (
	macWidth       = 12 // hexadecimal digits
	maxSerialWidth = 18 // decimal digits: more do not fit 64 bits
	maxMAC         = int64(1)<<48 - 1
	usualMACFormat = "XX-XX-XX-XX-XX-XX"
)

// parse returns the number that text is. MAC addresses are one row; other numbers are counted by the digits at their end.
func (t *serialType) parse(text string) (serialNumber, error) {
	if t.Identifier == wats.MACAddress {
		value, err := wats.ParseMAC(text)
		return serialNumber{serialRow{"", macWidth}, int64(value)}, err
	}
	cut := len(text)
	for cut > 0 && len(text)-cut < maxSerialWidth && '0' <= text[cut-1] && text[cut-1] <= '9' {
		cut--
	}
	n := serialNumber{serialRow: serialRow{text[:cut], len(text) - cut}}
	if n.width == 0 {
		return n, nil
	}
	var err error
	n.value, err = strconv.ParseInt(text[cut:], 10, 64)
	return n, err
}

// text is the number of a row and a value, as it is handed out.
func (t *serialType) text(r serialRow, value int64) string {
	if t.Identifier != wats.MACAddress {
		if r.width == 0 {
			return r.prefix
		}
		return fmt.Sprintf("%s%0*d", r.prefix, r.width, value)
	}
	format := t.Format
	if format == "" {
		format = usualMACFormat
	}
	digits := fmt.Sprintf("%0*X", macWidth, value)
	next := 0
	return strings.Map(func(c rune) rune {
		if c != 'X' && c != 'x' || next == len(digits) {
			return c
		}
		digit := rune(digits[next])
		if next++; c == 'x' && digit >= 'A' {
			digit += 'a' - 'A'
		}
		return digit
	}, format)
}

// last returns the highest value that numbers of a row can have.
func (t *serialType) last(r serialRow) int64 {
	if t.Identifier == wats.MACAddress {
		return maxMAC
	}
	highest := int64(0)
	for range r.width {
		highest = highest*10 + 9
	}
	return highest
}

// matcher returns what says whether a number is allowed.
func (t *serialType) matcher() (func(text string) bool, error) {
	if t.Pattern == "" {
		return func(string) bool { return true }, nil
	}
	pattern, err := regexp.Compile(`^(?:` + t.Pattern + `)$`)
	if err != nil {
		return nil, fmt.Errorf("pattern of serial number type %q: %w", t.Name, err)
	}
	return pattern.MatchString, nil
}

const serialTypeColumns = `id, name, description, format, pattern, identifier`

func (t *serialType) fields() []any {
	return []any{&t.id, &t.Name, &t.Description, &t.Format, &t.Pattern, &t.Identifier}
}

func (t *serialType) finish() {
	t.IdentifierName = [...]string{"Serial number", "MAC address", "IMEI"}[t.Identifier]
}

// SerialNumberTypes returns the types of serial numbers, by name.
func (s *Store) SerialNumberTypes(ctx context.Context) ([]wats.SerialNumberType, error) {
	types, err := s.serialTypes(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]wats.SerialNumberType, 0, len(types))
	for _, t := range types {
		all = append(all, t.SerialNumberType)
	}
	return all, nil
}

func (s *Store) serialTypes(ctx context.Context) ([]serialType, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT `+serialTypeColumns+` FROM serial_type ORDER BY name_key`)
	if err != nil {
		return nil, fmt.Errorf("list serial number types: %w", err)
	}
	return collect(rows, func(t *serialType) error {
		err := rows.Scan(t.fields()...)
		t.finish()
		return err
	})
}

func noSerialType(name string) error { return missing("there is no serial number type %q", name) }

// serialType returns the type of a name in any case. [ErrNotFound] when there is none.
func (s *Store) serialType(ctx context.Context, name string) (*serialType, error) {
	t := new(serialType)
	err := s.reads.QueryRowContext(ctx, `SELECT `+serialTypeColumns+` FROM serial_type WHERE name_key = $1`, strings.ToLower(name)).Scan(t.fields()...)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, noSerialType(name)
	case err != nil:
		return nil, fmt.Errorf("read serial number type %q: %w", name, err)
	}
	t.finish()
	return t, nil
}

// serialType is the type as the writer sees it.
func (w *writer) serialType(ctx context.Context, name string) (*serialType, error) {
	t := new(serialType)
	found, err := w.get(ctx, t.fields(), `SELECT `+serialTypeColumns+` FROM serial_type WHERE name_key = $1`, strings.ToLower(name))
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, noSerialType(name)
	}
	t.finish()
	return t, nil
}

// SaveSerialNumberType creates a type, or changes the one of that name. The kind of its numbers cannot be changed while it has any: [ErrConflict].
func (s *Store) SaveSerialNumberType(ctx context.Context, given wats.SerialNumberType) (*wats.SerialNumberType, error) {
	t := serialType{SerialNumberType: given}
	err := s.queue.do(ctx, 1000, func(ctx context.Context, w *writer) error {
		old, err := w.serialType(ctx, given.Name)
		switch {
		case err != nil && !errors.Is(err, ErrNotFound):
			return err
		case err == nil && old.Identifier != given.Identifier:
			if used, err := w.hasSerialNumbers(ctx, old.id); err != nil || used {
				return errors.Join(err, conflict("serial number type %q has numbers that are %s: its kind cannot be changed", old.Name, old.IdentifierName))
			}
		}
		_, err = w.exec(ctx, `INSERT INTO serial_type (name_key, name, description, format, pattern, identifier) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (name_key) DO UPDATE SET name = excluded.name, description = excluded.description, format = excluded.format,
			pattern = excluded.pattern, identifier = excluded.identifier`,
			strings.ToLower(given.Name), given.Name, given.Description, given.Format, given.Pattern, int(given.Identifier))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("save serial number type %q: %w", given.Name, err)
	}
	t.finish()
	return &t.SerialNumberType, nil
}

// DeleteSerialNumberType removes a type. [ErrConflict] when it has numbers, [ErrNotFound] when it is not there.
func (s *Store) DeleteSerialNumberType(ctx context.Context, name string) error {
	err := s.queue.do(ctx, 100, func(ctx context.Context, w *writer) error {
		t, err := w.serialType(ctx, name)
		if err != nil {
			return err
		}
		if used, err := w.hasSerialNumbers(ctx, t.id); err != nil || used {
			return errors.Join(err, conflict("serial number type %q has numbers", t.Name))
		}
		if _, err := w.exec(ctx, `DELETE FROM serial_reservation WHERE type = $1`, t.id); err != nil {
			return err
		}
		_, err = w.exec(ctx, `DELETE FROM serial_type WHERE id = $1`, t.id)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete serial number type %q: %w", name, err)
	}
	return nil
}

func (w *writer) hasSerialNumbers(ctx context.Context, typeID int64) (bool, error) {
	var one int
	found, err := w.get(ctx, []any{&one}, `SELECT 1 FROM serial_range WHERE type = $1 UNION ALL SELECT 1 FROM serial_take WHERE type = $1 LIMIT 1`, typeID)
	return found, err
}

// parseRange returns the numbers from one text to another. What is wrong with them it tells by the names of the two; less is of the rule order.
func (t *serialType) parseRange(fromName, from, toName, to string) (serialRow, span, report.Findings) {
	var found report.Findings
	add := func(path, rule, format string, args ...any) {
		found = append(found, report.Finding{Path: path, Rule: rule, Message: fmt.Sprintf(format, args...)})
	}
	first, err := t.parse(from)
	if err != nil {
		add(fromName, "format", "%v", err)
	}
	last, err := t.parse(to)
	if err != nil {
		add(toName, "format", "%v", err)
	}
	switch {
	case len(found) > 0:
	case first.serialRow != last.serialRow:
		add(toName, "order", "%q and %q differ in more than the digits at their end: no numbers are between them", from, to)
	case first.value > last.value:
		add(toName, "order", "%q comes before %q", to, from)
	}
	return first.serialRow, span{first.value, last.value}, found
}

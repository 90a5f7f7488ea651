package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/gowats/gowats"
)

// Expansion says which lists a header is given beside its members.
type Expansion struct {
	SubUnits, MiscInfo, Assets, Attachments bool
}

// expandedAtOnce is how many headers have their lists read together.
const expandedAtOnce = 250

// expander passes headers on, with their lists.
type expander struct {
	store *Store
	want  Expansion
	yield func(*wats.ReportHeader, error) bool
	batch []*headerTarget // waiting for their lists
}

// add takes one header. It reports whether more are wanted.
func (e *expander) add(ctx context.Context, t *headerTarget) (more bool, err error) {
	if e.want == (Expansion{}) {
		return e.yield(t.header, nil), nil
	}
	if e.batch = append(e.batch, t); len(e.batch) < expandedAtOnce {
		return true, nil
	}
	return e.pass(ctx)
}

// flush passes on what still waits.
func (e *expander) flush(ctx context.Context) error {
	if len(e.batch) == 0 {
		return nil
	}
	_, err := e.pass(ctx)
	return err
}

// pass reads the lists of the batch, one statement for each, and passes the headers on.
func (e *expander) pass(ctx context.Context) (more bool, err error) {
	batch := e.batch
	e.batch = nil
	if err := e.store.expand(ctx, e.want, batch); err != nil {
		return false, err
	}
	for _, t := range batch {
		if !e.yield(t.header, nil) {
			return false, nil
		}
	}
	return true, nil
}

// expand fills the lists that are wanted: empty, not nil, where a report has none.
func (s *Store) expand(ctx context.Context, want Expansion, batch []*headerTarget) (err error) {
	l := lists{pool: s.reads, headers: map[int64]*wats.ReportHeader{}}
	places := make([]string, len(batch))
	for i, t := range batch {
		places[i] = "$" + strconv.Itoa(i+1)
		l.args = append(l.args, t.seq)
		l.headers[t.seq] = t.header
	}
	l.where = ` WHERE seq IN (` + strings.Join(places, ",") + `) ORDER BY seq, position`
	if want.SubUnits {
		err = fill(ctx, &l, `SELECT seq, serial_number, part_number, revision, part_type FROM report_sub_unit`,
			func(h *wats.ReportHeader) *[]wats.HeaderSubUnit { return &h.SubUnits },
			func(rows *sql.Rows, seq *int64, u *wats.HeaderSubUnit) error {
				return rows.Scan(seq, &u.SerialNumber, &u.PartNumber, &u.Revision, &u.PartType)
			})
	}
	if want.MiscInfo && err == nil {
		err = fill(ctx, &l, `SELECT seq, description, value FROM report_misc_info`,
			func(h *wats.ReportHeader) *[]wats.HeaderMiscInfo { return &h.MiscInfo },
			func(rows *sql.Rows, seq *int64, m *wats.HeaderMiscInfo) error {
				return rows.Scan(seq, &m.Description, &m.Value)
			})
	}
	if want.Assets && err == nil {
		err = fill(ctx, &l, assetsOfReportsSQL, func(h *wats.ReportHeader) *[]wats.HeaderAsset { return &h.Assets }, scanHeaderAsset)
	}
	if want.Attachments && err == nil {
		err = fill(ctx, &l, `SELECT seq, id, step_id, name, content_type, size, description FROM report_attachment`,
			func(h *wats.ReportHeader) *[]wats.HeaderAttachment { return &h.Attachments },
			func(rows *sql.Rows, seq *int64, a *wats.HeaderAttachment) error {
				var step *int
				err := rows.Scan(seq, &a.ID, &step, &a.FileName, &a.ContentType, &a.Size, &a.Description)
				a.StepID = optional(step)
				return err
			})
	}
	return err
}

// lists is what the lists of several headers are read with.
type lists struct {
	pool    *pool
	headers map[int64]*wats.ReportHeader // by seq
	where   string
	args    []any
}

// fill reads one list of every header. Scan reads a row into the number of its header and an element.
func fill[T any](ctx context.Context, l *lists, statement string, of func(*wats.ReportHeader) *[]T, scan func(*sql.Rows, *int64, *T) error) error {
	for _, h := range l.headers {
		*of(h) = []T{}
	}
	rows, err := l.pool.QueryContext(ctx, statement+l.where, l.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		var element T
		if err := scan(rows, &seq, &element); err != nil {
			return err
		}
		list := of(l.headers[seq])
		*list = append(*list, element)
	}
	return l.pool.translate(rows.Err())
}

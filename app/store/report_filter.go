package store

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/gowats/gowats"
)

// Levels returns every location that reports have told, by name.
func (s *Store) Levels(ctx context.Context) ([]wats.Level, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT id, name FROM level ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list levels: %w", err)
	}
	return collect(rows, func(l *wats.Level) error { return rows.Scan(&l.ID, &l.Name) })
}

// FilteredHeaders yields the headers of current reports that f selects, newest first, in flat memory; of a type "" those of tests and repairs, and of all
// times unless f says otherwise. The filter has been checked. An error is yielded once, last.
//
// Texts match with regard to case, but for wildcards in misc infos and assets.
func (s *Store) FilteredHeaders(ctx context.Context, kind wats.ReportType, f wats.ReportFilter) iter.Seq2[*wats.ReportHeader, error] {
	return func(yield func(*wats.ReportHeader, error) bool) {
		q, err := s.newFilterQuery(ctx, kind, f)
		if err == nil {
			err = q.each(ctx, s, yield)
		}
		if err != nil {
			yield(nil, fmt.Errorf("list report headers: %w", err))
		}
	}
}

// filterQuery is a ReportFilter as a statement, which lets too much pass only where there are wildcards, and what is left to look at in each row.
type filterQuery struct {
	listing listing
	none    bool // nothing can match
	keep    []func(*wats.ReportHeader) bool
	top     int
}

func (s *Store) newFilterQuery(ctx context.Context, kind wats.ReportType, f wats.ReportFilter) (*filterQuery, error) {
	l, err := headerListing(HeaderQuery{Type: kind})
	if err != nil {
		return nil, err
	}
	q := &filterQuery{listing: l, top: f.TopCount}
	for _, m := range [...]struct {
		filter, column string
		of             func(*wats.ReportHeader) string
	}{
		{f.SerialNumber, "r.serial_number", func(h *wats.ReportHeader) string { return h.SerialNumber }},
		{f.PartNumber, "r.part_number", func(h *wats.ReportHeader) string { return h.PartNumber }},
		{f.Revision, "r.revision", func(h *wats.ReportHeader) string { return h.Revision }},
		{f.BatchNumber, "r.batch_number", func(h *wats.ReportHeader) string { return h.BatchNumber }},
		{f.StationName, "r.station_name", func(h *wats.ReportHeader) string { return h.StationName }},
		{f.Level, "r.location", func(h *wats.ReportHeader) string { return h.Location }},
		{f.SequenceFile, "r.sequence_file", func(h *wats.ReportHeader) string { return h.SequenceFile }},
		{f.SequenceVersion, "r.sequence_version", func(h *wats.ReportHeader) string { return h.SequenceVersion }},
		{f.Socket, "COALESCE(CAST(r.socket_index AS TEXT), '')", socketText},
	} {
		q.addText(m.filter, m.column, m.of)
	}
	q.addPart("report_misc_info", [...]partFilter{{"description", f.MiscDescription}, {"value", f.MiscValue}})
	q.addPart("report_asset", [...]partFilter{{"serial_number", f.AssetSerialNumber}, {}})
	q.addStatus(f.Status)
	q.addRun(f.Run)
	if f.DateFrom != nil {
		q.where("r.start_ns >= ?", f.DateFrom.UnixNano())
	}
	if f.DateTo != nil {
		q.where("r.start_ns <= ?", f.DateTo.UnixNano())
	}
	if err := q.addOperation(ctx, s, f.TestOperation); err != nil {
		return nil, err
	}
	return q, q.addGroup(ctx, s, f.ProductGroup)
}

func socketText(h *wats.ReportHeader) string {
	if !h.TestSocketIndex.Present {
		return ""
	}
	return strconv.Itoa(h.TestSocketIndex.Value)
}

// where adds a condition, in which every ? stands for the next of the values.
func (q *filterQuery) where(condition string, values ...any) {
	var text strings.Builder
	for piece := range strings.SplitSeq(condition, "?") {
		if text.Len() > 0 {
			text.WriteString("$" + strconv.Itoa(len(q.listing.args)+1))
			q.listing.args = append(q.listing.args, values[0])
			values = values[1:]
		}
		text.WriteString(piece)
	}
	q.listing.where += " AND (" + text.String() + ")"
}

// marks returns so many question marks between commas.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// condition returns the condition under which a column may match, for where: exact texts exactly, wildcards without regard to case.
func (p patterns) condition(column string) (text string, values []any) {
	var terms []string
	if len(p.exact) > 0 {
		terms = append(terms, column+" IN ("+marks(len(p.exact))+")")
		for _, exact := range p.exact {
			values = append(values, exact)
		}
	}
	for _, wild := range p.wild {
		terms = append(terms, "lower("+column+`) LIKE lower(CAST(? AS TEXT)) ESCAPE '\'`)
		values = append(values, strings.ReplaceAll(wild, `\`, `\\`))
	}
	return strings.Join(terms, " OR "), values
}

// addText restricts a column by a text filter.
func (q *filterQuery) addText(filter, column string, of func(*wats.ReportHeader) string) {
	p := parsePatterns(filter)
	if p.any() {
		return
	}
	text, values := p.condition(column)
	q.where(text, values...)
	if len(p.wild) > 0 {
		q.keep = append(q.keep, func(h *wats.ReportHeader) bool { return p.match(of(h)) })
	}
}

// partFilter is a text filter for a column of a list beside the headers.
type partFilter struct{ column, filter string }

// addPart asks for an element of a list that matches both filters.
func (q *filterQuery) addPart(table string, filters [2]partFilter) {
	var terms []string
	var values []any
	for _, f := range filters {
		if p := parsePatterns(f.filter); !p.any() {
			text, more := p.condition(f.column)
			terms, values = append(terms, "("+text+")"), append(values, more...)
		}
	}
	if len(terms) > 0 {
		q.where("r.seq IN (SELECT seq FROM "+table+" WHERE "+strings.Join(terms, " AND ")+")", values...)
	}
}

func (q *filterQuery) addStatus(filter string) {
	statuses, _ := wats.ReportStatuses(filter) // it has been checked
	if len(statuses) == 0 {
		return
	}
	letters := make([]any, len(statuses))
	for i, s := range statuses {
		letters[i] = s.Letter()
	}
	q.where("r.result IN ("+marks(len(letters))+")", letters...)
}

func (q *filterQuery) addRun(run int) {
	switch {
	case run > 0:
		q.where("r.run = ?", run)
	case run == -1:
		q.where(`r.run = (SELECT MAX(l.run) FROM report l WHERE l.serial_number = r.serial_number AND l.part_number = r.part_number
			AND l.process_code = r.process_code AND l.run IS NOT NULL)`)
	}
}

// addOperation asks for the operations of a name, which are few.
func (q *filterQuery) addOperation(ctx context.Context, s *Store, filter string) error {
	p := parsePatterns(filter)
	if p.any() {
		return nil
	}
	all, err := s.Processes(ctx)
	if err != nil {
		return err
	}
	var codes []any
	for _, operation := range all {
		if p.match(operation.Name) {
			codes = append(codes, operation.Code)
		}
	}
	if q.none = len(codes) == 0; q.none {
		return nil
	}
	in := " IN (" + marks(len(codes)) + ")"
	q.where("r.process_code"+in+" OR r.test_process_code"+in, append(codes, codes...)...)
	return nil
}

// addGroup asks for products that belong to a group of a name.
func (q *filterQuery) addGroup(ctx context.Context, s *Store, filter string) error {
	p := parsePatterns(filter)
	if p.any() {
		return nil
	}
	all, err := s.ProductGroups(ctx)
	if err != nil {
		return err
	}
	var groups []wats.ProductGroup
	for _, g := range all {
		if p.match(g.Name) {
			groups = append(groups, g)
		}
	}
	q.none = q.none || len(groups) == 0
	q.keep = append(q.keep, func(h *wats.ReportHeader) bool {
		for _, g := range groups {
			if inGroup(g, h.PartNumber, &h.Revision) {
				return true
			}
		}
		return false
	})
	return nil
}

// each yields the headers that match.
func (q *filterQuery) each(ctx context.Context, s *Store, yield func(*wats.ReportHeader, error) bool) error {
	if q.none {
		return nil
	}
	statement, args, err := s.selectSQL(q.listing, ListQuery{})
	if err != nil {
		return err
	}
	given := 0
	return s.eachHeader(ctx, statement, args, func(t *headerTarget) (more bool, err error) {
		for _, keep := range q.keep {
			if !keep(t.header) {
				return true, nil
			}
		}
		given++
		return yield(t.header, nil) && (q.top == 0 || given < q.top), nil
	})
}

package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gowats/gowats/app/odata"
)

// ListQuery selects rows by the OData options of a request. The zero ListQuery means all rows in their usual order.
type ListQuery struct {
	Filter  string // $filter
	OrderBy string // $orderby
	Top     int    // at most so many; 0: all
	Skip    int
}

// listing is a SELECT that OData options can restrict and order.
type listing struct {
	columns string
	from    string
	where   string // a condition with the placeholders of args
	args    []any
	schema  odata.Schema // what $filter and $orderby may name
	order   string       // $orderby when there is none
	ties    odata.Schema // what orders rows that are equal by the members asked for
}

// selectSQL returns the statement of l restricted by q, and its parameters. A bad query is a [*QueryError].
func (s *Store) selectSQL(l listing, q ListQuery) (string, []any, error) {
	where, args, err := s.whereSQL(l, q.Filter)
	if err != nil {
		return "", nil, err
	}
	order, err := l.orderSQL(q.OrderBy)
	if err != nil {
		return "", nil, err
	}
	statement := `SELECT ` + l.columns + ` FROM ` + l.from + ` WHERE ` + where + ` ORDER BY ` + order
	switch {
	case q.Top < 0:
		return "", nil, &QueryError{"$top", fmt.Sprintf("%d is negative", q.Top)}
	case q.Skip < 0:
		return "", nil, &QueryError{"$skip", fmt.Sprintf("%d is negative", q.Skip)}
	case q.Top == 0 && q.Skip == 0:
		return statement, args, nil
	}
	top := int64(q.Top)
	if top == 0 {
		top = math.MaxInt64
	}
	n := len(args)
	statement += ` LIMIT $` + strconv.Itoa(n+1) + ` OFFSET $` + strconv.Itoa(n+2)
	return statement, append(args, top, q.Skip), nil
}

// count returns how many rows l has under a filter.
func (s *Store) count(ctx context.Context, l listing, filter string) (n int, err error) {
	where, args, err := s.whereSQL(l, filter)
	if err != nil {
		return 0, err
	}
	err = s.reads.QueryRowContext(ctx, `SELECT count(*) FROM `+l.from+` WHERE `+where, args...).Scan(&n)
	return n, err
}

// whereSQL returns the condition of l and of a filter, and their parameters.
func (s *Store) whereSQL(l listing, filter string) (string, []any, error) {
	if strings.TrimSpace(filter) == "" {
		return l.where, l.args, nil
	}
	f, err := odata.ParseFilter(filter, l.schema)
	if err != nil {
		return "", nil, queryError("$filter", err)
	}
	condition, more := f.SQL(s.dialect.odata, len(l.args)+1)
	return l.where + ` AND ` + condition, append(slices.Clip(l.args), more...), nil
}

// orderSQL returns the terms to order by: the members asked for, then the ties in the direction of the last of them.
func (l listing) orderSQL(orderBy string) (string, error) {
	if strings.TrimSpace(orderBy) == "" {
		orderBy = l.order
	}
	keys, err := odata.ParseOrderBy(orderBy, l.schema)
	if err != nil {
		return "", queryError("$orderby", err)
	}
	last := keys[len(keys)-1].Descending
	for _, m := range l.ties {
		if !slices.ContainsFunc(keys, func(k odata.Key) bool { return k.Member.SQL == m.SQL }) {
			keys = append(keys, odata.Key{Member: &m, Descending: last})
		}
	}
	terms := make([]string, len(keys))
	for i, key := range keys {
		terms[i] = key.SQL()
	}
	return strings.Join(terms, ", "), nil
}

// eachRow yields the rows of a statement as they come, in flat memory. An error is yielded once, last, with nil.
func eachRow[T any](ctx context.Context, s *Store, statement string, args []any, scan func(*sql.Rows, *T) error) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		rows, err := s.cursors.QueryContext(ctx, statement, args...)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			row := new(T)
			if err := scan(rows, row); err != nil {
				yield(nil, err)
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := s.cursors.translate(rows.Err()); err != nil {
			yield(nil, err)
		}
	}
}

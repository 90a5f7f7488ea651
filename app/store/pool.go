package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// pool is a set of connections for reading. After Close its reads fail with [ErrClosed].
type pool struct {
	db     *sql.DB
	gone   func(error) bool // whether an error means that the database cannot be reached
	full   func(error) bool // or that its disk is full
	closed atomic.Bool

	mu         sync.Mutex
	statements map[string]*sql.Stmt // of constant texts, by text
}

// prepared returns a statement whose text is a constant of this package. It is kept until the pool is closed: to parse the text of a short
// one takes longer than to run it.
func (p *pool) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.statements[text]; ok {
		return s, nil
	}
	s, err := p.db.PrepareContext(ctx, text) // kept: see above
	if p.gone(err) {
		p.renew()
		s, err = p.db.PrepareContext(ctx, text)
	}
	if err != nil {
		return nil, err
	}
	if p.statements == nil {
		p.statements = map[string]*sql.Stmt{}
	}
	p.statements[text] = s
	return s, nil
}

// queryConstant is QueryContext for a text that is a constant of this package.
func (p *pool) queryConstant(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	args, err := arguments(args)
	if err != nil {
		return nil, err
	}
	s, err := p.prepared(ctx, text)
	if err != nil {
		return nil, p.translate(err)
	}
	rows, err := s.QueryContext(ctx, args...)
	if p.gone(err) {
		p.renew()
		rows, err = s.QueryContext(ctx, args...)
	}
	return rows, p.translate(err)
}

// scanConstant reads the first row of a statement whose text is a constant of this package; [ErrNotFound] when there is none.
func (p *pool) scanConstant(ctx context.Context, dest []any, text string, args ...any) error {
	rows, err := p.queryConstant(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return p.translate(err)
		}
		return ErrNotFound
	}
	return p.translate(errors.Join(rows.Scan(dest...), rows.Close()))
}

func (p *pool) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	args, err := arguments(args)
	if err != nil {
		return nil, err
	}
	rows, err := p.db.QueryContext(ctx, text, args...)
	if p.gone(err) {
		p.renew()
		rows, err = p.db.QueryContext(ctx, text, args...)
	}
	return rows, p.translate(err)
}

// QueryRowContext returns the first row; Scan fails with [ErrNotFound] when there is none.
func (p *pool) QueryRowContext(ctx context.Context, text string, args ...any) poolRow {
	args, err := arguments(args)
	if err != nil {
		return poolRow{err: err}
	}
	row := p.db.QueryRowContext(ctx, text, args...)
	if p.gone(row.Err()) {
		p.renew()
		row = p.db.QueryRowContext(ctx, text, args...)
	}
	return poolRow{pool: p, row: row}
}

type poolRow struct {
	pool *pool
	row  *sql.Row
	err  error // instead of a row
}

func (r poolRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	return r.pool.translate(r.row.Scan(dest...))
}

// renew drops the idle connections: when one was lost, the others mostly were too. Those who ask next get new ones.
func (p *pool) renew() {
	p.db.SetMaxIdleConns(0)
	p.db.SetMaxIdleConns(idleConnections)
}

// translate gives the errors of database/sql the names of this package. That it is closed it tells by text only, hence the flag.
func (p *pool) translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case p.closed.Load():
		return ErrClosed
	case p.gone(err):
		return unavailable(err)
	case p.full(err):
		return noSpace(err)
	}
	return err
}

// unavailable returns an [ErrUnavailable] with its cause.
func unavailable(cause error) error { return fmt.Errorf("%w: %s", ErrUnavailable, oneLine(cause)) }

// oneLine returns the text of an error, which drivers tell in several lines.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// arguments returns the arguments of a statement as both databases take them: booleans as 0 or 1. It returns [ErrText] for a text that
// one of them does not take.
func arguments(args []any) ([]any, error) {
	converted := args
	for i, arg := range args {
		v := reflect.Indirect(reflect.ValueOf(arg))
		switch {
		case v.Kind() == reflect.String && (strings.ContainsRune(v.String(), 0) || !utf8.ValidString(v.String())):
			return nil, ErrText
		case v.Kind() == reflect.Bool:
			if &converted[0] == &args[0] {
				converted = slices.Clone(args)
			}
			converted[i] = 0
			if v.Bool() {
				converted[i] = 1
			}
		}
	}
	return converted, nil
}

// close waits for the reads under way. A nil pool is closed.
func (p *pool) close() error {
	if p == nil {
		return nil
	}
	p.closed.Store(true)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.statements {
		_ = s.Close() // the connections, and so the statement, end next
	}
	return p.db.Close()
}

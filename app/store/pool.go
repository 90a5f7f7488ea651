package store

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
)

// pool is a set of connections for reading. After Close its reads fail with [ErrClosed].
type pool struct {
	db     *sql.DB
	closed atomic.Bool
}

func (p *pool) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	rows, err := p.db.QueryContext(ctx, text, args...)
	return rows, p.translate(err)
}

// QueryRowContext returns the first row; Scan fails with [ErrNotFound] when there is none.
func (p *pool) QueryRowContext(ctx context.Context, text string, args ...any) poolRow {
	return poolRow{p, p.db.QueryRowContext(ctx, text, args...)}
}

type poolRow struct {
	pool *pool
	row  *sql.Row
}

func (r poolRow) Scan(dest ...any) error { return r.pool.translate(r.row.Scan(dest...)) }

// translate gives the errors of database/sql the names of this package. That it is closed it tells by text only, hence the flag.
func (p *pool) translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case p.closed.Load():
		return ErrClosed
	}
	return err
}

// close waits for the reads under way. A nil pool is closed.
func (p *pool) close() error {
	if p == nil {
		return nil
	}
	p.closed.Store(true)
	return p.db.Close()
}

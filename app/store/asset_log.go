package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/odata"
	"github.com/gowats/gowats/report"
)

const (
	assetLogColumns = `l.id, l.asset_id, a.serial_number, l.at_ns, l.account, l.type, l.comment`
	assetLogFrom    = `asset_log l JOIN asset a ON a.id = l.asset_id`
)

func scanAssetLog(rows *sql.Rows, e *wats.AssetLogEntry) error {
	var id []byte
	var at int64
	err := rows.Scan(&e.ID, &id, &e.SerialNumber, &at, &e.User, &e.Type, &e.Comment)
	e.AssetID, e.Date = toID(id), wats.Time{Time: time.Unix(0, at).UTC()}
	return err
}

// AssetLog yields the log entries that q selects, newest first unless it says otherwise. A bad query is a [*QueryError]. An error is yielded
// once, last.
func (s *Store) AssetLog(ctx context.Context, q ListQuery) iter.Seq2[*wats.AssetLogEntry, error] {
	return s.assetLog(ctx, q, `1=1`)
}

// AssetLogOf is AssetLog of one asset and one kind of entry.
func (s *Store) AssetLogOf(ctx context.Context, key AssetKey, kind wats.AssetLogType) iter.Seq2[*wats.AssetLogEntry, error] {
	a, err := s.bareAsset(ctx, key)
	if err != nil {
		return func(yield func(*wats.AssetLogEntry, error) bool) { yield(nil, err) }
	}
	return s.assetLog(ctx, ListQuery{}, `l.asset_id = $1 AND l.type = $2`, a.ID[:], int(kind))
}

func (s *Store) assetLog(ctx context.Context, q ListQuery, where string, args ...any) iter.Seq2[*wats.AssetLogEntry, error] {
	statement, args, err := s.selectSQL(listing{
		columns: assetLogColumns,
		from:    assetLogFrom,
		where:   where,
		args:    args,
		schema: odata.Schema{
			{Name: "logId", Type: odata.Int, SQL: "l.id"},
			{Name: "assetId", Type: odata.GUID, SQL: "l.asset_id"},
			{Name: "serialNumber", SQL: "a.serial_number"},
			{Name: "date", Type: odata.Time, SQL: "l.at_ns"},
			{Name: "user", SQL: "l.account"},
			{Name: "type", Type: odata.Int, SQL: "l.type"},
			{Name: "comment", SQL: "l.comment"},
		},
		order: "date desc",
		ties:  odata.Schema{{SQL: "l.at_ns"}, {SQL: "l.id"}},
	}, q)
	if err != nil {
		return func(yield func(*wats.AssetLogEntry, error) bool) { yield(nil, err) }
	}
	return eachRow(ctx, s, statement, args, scanAssetLog)
}

// AddAssetMessage adds a text to the log of an asset, in the name of its User or else of user. [ErrNotFound] when there is no such asset.
func (s *Store) AddAssetMessage(ctx context.Context, m wats.AssetMessage, user string) error {
	if err := m.Validate().Err(); err != nil {
		return err
	}
	if m.User != "" {
		user = m.User
	}
	err := s.changeAsset(ctx, AssetKey{Either: m.AssetID}, func(ctx context.Context, w *writer, a *wats.Asset) error {
		return w.logAsset(ctx, a.ID, assetEvent{s.now(), user, wats.AssetLogMessage, m.Comment})
	})
	if err != nil {
		return fmt.Errorf("add a message: %w", err)
	}
	return nil
}

// assetEvent is what a log entry tells.
type assetEvent struct {
	at      time.Time
	user    string
	kind    wats.AssetLogType
	comment string
}

func (w *writer) logAsset(ctx context.Context, id report.ID, e assetEvent) error {
	_, err := w.exec(ctx, `INSERT INTO asset_log (asset_id, at_ns, account, type, comment) VALUES ($1, $2, $3, $4, $5)`,
		id[:], e.at.UnixNano(), e.user, int(e.kind), e.comment)
	return err
}

// changeAsset runs f on one asset, as it stands then, in a transaction of its own.
func (s *Store) changeAsset(ctx context.Context, key AssetKey, f func(context.Context, *writer, *wats.Asset) error) error {
	return s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error {
		a, err := w.asset(ctx, key, s.now())
		if err != nil {
			return err
		}
		return f(ctx, w, a)
	})
}

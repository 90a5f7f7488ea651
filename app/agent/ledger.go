package agent

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/gowats/gowats/internal/fsx"
	"github.com/gowats/gowats/report"
)

// ledger remembers sources across a crash: which have all their reports in the spool and wait to be put away, which are to stay where they
// are, and how often one has waited for its companion. Every change is synced when its method returns. It is safe for concurrent use.
type ledger struct {
	db   *sql.DB
	path string
	disk fsx.FS // sees each change as one step
}

// ledgerVersion is kept as user_version of the database.
const ledgerVersion = 1

const ledgerSchema = `CREATE TABLE source (
	converter   TEXT    NOT NULL,
	name        TEXT    NOT NULL, -- in the folder of the converter
	size        INTEGER NOT NULL, -- as it was when it was read
	modified_ns INTEGER NOT NULL,
	files       INTEGER NOT NULL,
	sha256      BLOB    NOT NULL, -- of its content; of a folder: of the hashes of its files
	spooled     INTEGER NOT NULL, -- 1: all its reports are in the spool
	refused     INTEGER NOT NULL, -- 1: it is bad and goes to target with its reason
	reports     INTEGER NOT NULL, -- how many
	first_id    BLOB    NOT NULL,
	tries       INTEGER NOT NULL, -- how often it waited for a companion
	target      TEXT    NOT NULL, -- where it is put away, '' for nowhere
	PRIMARY KEY (converter, name)
) WITHOUT ROWID`

// openLedger opens the file of that path, making it if it is not there.
func openLedger(ctx context.Context, disk fsx.FS, path string) (*ledger, error) {
	l, err := connectLedger(ctx, disk, path)
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	return l, nil
}

func connectLedger(ctx context.Context, disk fsx.FS, path string) (*ledger, error) {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/data becomes /C:/data
	}
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(wal)", "synchronous(full)", "cache_size(-2000)"}}.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	l := &ledger{db, path, disk}
	if err := l.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return l, nil
}

func (l *ledger) migrate(ctx context.Context) error {
	var version int
	if err := l.db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	switch {
	case version > ledgerVersion:
		return fmt.Errorf("its layout has version %d, this program knows up to %d: use the newer gowats that wrote it", version, ledgerVersion)
	case version == ledgerVersion:
		return nil
	}
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, statement := range []string{ledgerSchema, fmt.Sprintf(`PRAGMA user_version = %d`, ledgerVersion)} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

func (l *ledger) close() error { return l.db.Close() }

// record is what the ledger knows of a source.
type record struct {
	name    string
	sight   sight
	sha256  [sha256.Size]byte
	spooled bool
	refused bool
	reports int
	first   report.ID
	tries   int
	target  string // absolute; chosen before the source is moved there, so that a crash in between is known
}

// all returns the records of a converter by name.
func (l *ledger) all(ctx context.Context, converter string) (map[string]record, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT name, size, modified_ns, files, sha256, spooled, refused, reports, first_id, tries, target
		FROM source WHERE converter = $1`, converter)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	defer rows.Close()
	known := map[string]record{}
	for rows.Next() {
		var r record
		var digest, first []byte
		if err := rows.Scan(&r.name, &r.sight.size, &r.sight.modified, &r.sight.files, &digest, &r.spooled, &r.refused, &r.reports, &first, &r.tries, &r.target); err != nil {
			return nil, fmt.Errorf("read the ledger: %w", err)
		}
		copy(r.sha256[:], digest)
		copy(r.first[:], first)
		known[r.name] = r
	}
	return known, rows.Err()
}

// put stores a record in place of the one of that name.
func (l *ledger) put(ctx context.Context, converter string, r record) error {
	err := l.change(ctx, `INSERT INTO source (converter, name, size, modified_ns, files, sha256, spooled, refused, reports, first_id, tries, target)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (converter, name) DO UPDATE SET size = excluded.size,
		modified_ns = excluded.modified_ns, files = excluded.files, sha256 = excluded.sha256, spooled = excluded.spooled, refused = excluded.refused,
		reports = excluded.reports, first_id = excluded.first_id, tries = excluded.tries, target = excluded.target`,
		converter, r.name, r.sight.size, r.sight.modified, r.sight.files, r.sha256[:], r.spooled, r.refused, r.reports, r.first[:], r.tries, r.target)
	if err != nil {
		return fmt.Errorf("write %s into the ledger: %w", r.name, err)
	}
	return nil
}

// forget removes the record of that name.
func (l *ledger) forget(ctx context.Context, converter, name string) error {
	if err := l.change(ctx, `DELETE FROM source WHERE converter = $1 AND name = $2`, converter, name); err != nil {
		return fmt.Errorf("take %s out of the ledger: %w", name, err)
	}
	return nil
}

func (l *ledger) change(ctx context.Context, statement string, args ...any) error {
	return l.disk.Commit(l.path, func() error {
		_, err := l.db.ExecContext(ctx, statement, args...)
		return err
	})
}

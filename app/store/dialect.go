package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/gowats/gowats/app/odata"
)

// dialect is all that differs between the databases.
type dialect struct {
	driver  string
	address func(path string, p purpose) string
	goose   goose.Dialect
	begin   string // begins a transaction that will write
	odata   odata.Dialect
}

// purpose is what a pool of connections is for.
type purpose uint8

const (
	forReading purpose = iota
	forWriting
)

func sqliteDialect() dialect {
	return dialect{
		driver:  "sqlite",
		address: sqliteAddress,
		goose:   goose.DialectSQLite3,
		begin:   "BEGIN IMMEDIATE",
		odata:   odata.Dialect{Position: "instr"},
	}
}

// sqliteAddress returns the URI of a file with the settings of a connection. Synchronous FULL syncs the log at every commit.
func sqliteAddress(path string, p purpose) string {
	pragmas := []string{"busy_timeout(10000)", "foreign_keys(1)", "temp_store(memory)"}
	if p == forWriting {
		pragmas = append(pragmas, "journal_mode(wal)", "synchronous(full)", "cache_size(-65536)", "wal_autocheckpoint(4000)",
			"journal_size_limit(67108864)")
	} else {
		pragmas = append(pragmas, "query_only(1)", "cache_size(-8192)")
	}
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/data becomes /C:/data
	}
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	return u.String()
}

func (d dialect) open(path string, p purpose, connections int) (*sql.DB, error) {
	db, err := sql.Open(d.driver, d.address(path, p))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema to the version of this program. Migrations only go forward.
func migrate(ctx context.Context, db *sql.DB, d dialect) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(d.goose, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if current > target {
		return fmt.Errorf("its schema has version %d, this program knows versions up to %d: use the newer gowats that wrote it", current, target)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring schema from version %d to %d: %w", current, target, err)
	}
	return nil
}

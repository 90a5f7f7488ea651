package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite" // and the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/gowats/gowats/app/odata"
)

// SQL is written once for both databases. What makes that possible:
//
//   - In migrations: INTEGER for whole numbers, TEXT, BYTEA, DOUBLE PRECISION. Booleans are INTEGER 0 or 1, times BIGINT nanoseconds since
//     1970 UTC, absent texts ''. In statements types have the names BIGINT, TEXT and DOUBLE PRECISION: CAST(… AS INTEGER) has 32 bits in one.
//   - A key that the database gives is INTEGER PRIMARY KEY, read back with RETURNING. A program that gives keys gives all of that table.
//   - Placeholders are $1, $2, … in the order of the arguments. Where the database cannot tell the type from the place, as alone in a
//     select list, it is CAST($1 AS …).
//   - No INSERT OR …, rowid, datetime(), GROUP_CONCAT, IFNULL, max(a, b), LIMIT -1. ON CONFLICT (…) DO NOTHING or DO UPDATE, the columns of
//     the row that is there with the name of the table. LIKE only with lower() on both sides and an ESCAPE.
//   - IS NOT DISTINCT FROM compares where both may be NULL. What may be NULL is ordered with NULLS FIRST or NULLS LAST.
//   - No comparison as a value: CASE WHEN … THEN 1 ELSE 0 END. A Go bool is a good argument, and a good target for an INTEGER.
//   - GROUP BY names all that is selected and not aggregated. sum() of whole numbers is CAST(sum(…) AS BIGINT).
//   - Texts are ordered and compared by their bytes; lower() and upper() of a column change A to Z only. Those of an argument may do
//     otherwise: fold it in Go.
//   - A statement that fails spoils the transaction, even if the job goes on.
//   - Texts with U+0000 or that are not UTF-8 are refused with [ErrText] before the database sees them.

// dialect is all that differs between the databases, for the one at an address.
type dialect struct {
	name    string // of the database, for people: without a password
	writers int    // connections for the writer, and while a store is opened
	cursors int    // connections for rows that a caller ranges over
	open    func(p purpose, connections int) (*sql.DB, error)

	prepare   func(ctx context.Context, db *sql.DB, log *slog.Logger) error     // checks that a store can be there
	goose     goose.Dialect                                                     //
	migration func(text string) string                                          // translates a migration
	migrating func(ctx context.Context, db *sql.DB, migrate func() error) error // calls migrate in one process at a time
	begin     string                                                            // begins a transaction that will write, and waits until it is the only one
	commit    func(context.Context, *sql.Conn) error
	limit     time.Duration        // of such a transaction, waiting included; 0: none
	alive     func(*sql.Conn) bool // whether the connection can be used on
	gone      func(error) bool     // whether err means that connection or server are gone
	full      func(error) bool     // whether err means that the disk of the database is full
	explain   func(error) error    // says why the database cannot be opened and, where that is known, what to do
	odata     odata.Dialect
}

// purpose is what a pool of connections is for.
type purpose uint8

const (
	forReading purpose = iota
	forWriting
)

// dialectOf returns the dialect of the database at an address: a URL of PostgreSQL or the path of a file.
func dialectOf(address string) (dialect, error) {
	if IsPostgreSQL(address) {
		return postgresDialect(address)
	}
	path, err := filepath.Abs(address)
	return sqliteDialect(path), err
}

// IsPostgreSQL reports whether an address is that of a PostgreSQL server, not the path of a file.
func IsPostgreSQL(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

func sqliteDialect(path string) dialect {
	return dialect{
		name:    path,
		writers: 1,
		cursors: 32,
		open: func(p purpose, connections int) (*sql.DB, error) {
			db, err := sql.Open("sqlite", sqliteAddress(path, p))
			if err == nil {
				db.SetMaxOpenConns(connections)
				db.SetMaxIdleConns(connections)
			}
			return db, err
		},
		prepare:   func(context.Context, *sql.DB, *slog.Logger) error { return makePrivate(path) },
		goose:     goose.DialectSQLite3,
		migration: func(text string) string { return text },
		migrating: func(_ context.Context, _ *sql.DB, migrate func() error) error { return migrate() },
		begin:     "BEGIN IMMEDIATE",
		commit: func(ctx context.Context, conn *sql.Conn) error {
			_, err := conn.ExecContext(ctx, "COMMIT")
			return err
		},
		alive:   func(*sql.Conn) bool { return true },
		gone:    func(error) bool { return false },
		full:    sqliteFull,
		explain: func(err error) error { return err },
		odata:   odata.Dialect{Position: "instr"},
	}
}

// makePrivate makes the file, if it is not there, so that only its owner may read it. SQLite gives its side files the same mode.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
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

// sqliteFull knows a disk that is full, or a file that may not grow.
func sqliteFull(err error) bool {
	failed, ok := errors.AsType[*sqlite.Error](err)
	return ok && failed.Code()&0xff == sqlite3.SQLITE_FULL
}

// Locks that processes at one PostgreSQL database hold against each other: "gowats" in ASCII, and the next number.
const (
	writerLock    = "113728441906291"
	migrationLock = "113728441906292"
)

const (
	oldestPostgres  = 150000           // server_version_num
	connectTimeout  = 5 * time.Second  // when the address gives none
	idleConnections = 4                // of a pool, kept open
	idleTime        = 10 * time.Minute // then it is closed
	writeLimit      = 2 * time.Minute
)

func postgresDialect(address string) (dialect, error) {
	config, err := parsePostgres(address)
	if err != nil {
		return dialect{}, err
	}
	return dialect{
		name:    postgresName(config),
		writers: 2,
		cursors: 20, // a server takes 100 connections unless told otherwise, and several processes may share it
		open: func(p purpose, connections int) (*sql.DB, error) {
			db := stdlib.OpenDB(*postgresConfig(config, p), stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
				if p == forReading {
					return nil
				}
				_, err := c.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`)
				return err
			}))
			db.SetMaxOpenConns(connections)
			db.SetMaxIdleConns(idleConnections)
			db.SetConnMaxIdleTime(idleTime)
			return db, nil
		},
		prepare:   preparePostgres,
		goose:     goose.DialectPostgres,
		migration: postgresMigration,
		migrating: migratingPostgres,
		begin:     "BEGIN; SELECT pg_advisory_xact_lock(" + writerLock + ")",
		commit:    commitPostgres,
		limit:     writeLimit,
		alive:     postgresAlive,
		gone:      postgresGone,
		full:      postgresFull,
		explain:   func(err error) error { return explainPostgres(err, config) },
		odata:     odata.Dialect{Position: "strpos"},
	}, nil
}

// parsePostgres reads an address. No part of the address gets into an error: it may hold a password.
func parsePostgres(address string) (*pgx.ConnConfig, error) {
	const form = "the address of a PostgreSQL database has the form postgres://user:password@host:5432/database?sslmode=require"
	if _, err := url.Parse(address); err != nil {
		return nil, errors.New(form + "; characters such as @ : / ? # % in a password are written as %40 %3A %2F %3F %23 %25")
	}
	config, err := pgx.ParseConfig(address)
	if err != nil {
		if cause := errors.Unwrap(err); cause != nil {
			return nil, errors.New(cause.Error() + ": " + form)
		}
		return nil, errors.New(form)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	return config, nil
}

func postgresName(c *pgx.ConnConfig) string {
	u := url.URL{Scheme: "postgres", User: url.User(c.User), Path: "/" + c.Database, Host: net.JoinHostPort(c.Host, fmt.Sprint(c.Port))}
	if filepath.IsAbs(c.Host) { // a folder with a socket
		u.Host, u.RawQuery = "", url.Values{"host": {c.Host}}.Encode()
	}
	return u.String()
}

// postgresConfig returns the settings of connections. A writer that is cut off or stands still lets the lock go.
func postgresConfig(base *pgx.ConnConfig, p purpose) *pgx.ConnConfig {
	c := base.Copy()
	c.RuntimeParams["application_name"] = "gowats"
	c.RuntimeParams["timezone"] = "UTC"
	c.RuntimeParams["jit"] = "off" // it costs more than it brings for statements of milliseconds
	if p == forReading {
		c.RuntimeParams["default_transaction_read_only"] = "on"
		return c
	}
	limit := fmt.Sprint(writeLimit.Milliseconds())
	c.RuntimeParams["idle_in_transaction_session_timeout"] = limit
	c.RuntimeParams["tcp_user_timeout"] = limit
	return c
}

// preparePostgres checks that the server and the database are such that the store can be there.
func preparePostgres(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	var version int
	var number, encoding, fsync string
	var standby bool
	var schema sql.NullString
	var mayCreate sql.NullBool
	err := db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'),
		current_setting('server_encoding'), current_setting('fsync'), pg_is_in_recovery(), current_schema(), has_schema_privilege(current_schema(), 'CREATE')`,
	).Scan(&version, &number, &encoding, &fsync, &standby, &schema, &mayCreate)
	switch {
	case err != nil:
		return err
	case version < oldestPostgres:
		return fmt.Errorf("the server is PostgreSQL %s: use version %d or newer", number, oldestPostgres/10000)
	case encoding != "UTF8":
		return fmt.Errorf("the database has the encoding %s: make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", encoding)
	case standby:
		return errors.New("the server is a standby, which only reads: name the primary")
	case !schema.Valid:
		return errors.New("the user has no schema to make tables in: CREATE SCHEMA, or set its search_path")
	case !mayCreate.Bool:
		return fmt.Errorf("the user may not make tables in schema %[1]s: make it the owner of the database (ALTER DATABASE … OWNER TO …), or GRANT CREATE ON SCHEMA %[1]s TO it", schema.String)
	case fsync != "on":
		log.WarnContext(ctx, "the PostgreSQL server runs with fsync = off: what is acknowledged may be lost when the power fails")
	}
	return nil
}

// migrationWords are what differs in migrations, and the texts and comments in which nothing may be changed.
var migrationWords = regexp.MustCompile(`'(?:[^']|'')*'|--[^\n]*|\bINTEGER PRIMARY KEY(?: AUTOINCREMENT)?\b|\bINTEGER\b|\bAS TEXT\b|\bTEXT\b|\s+WITHOUT ROWID\b`)

// postgresMigration translates a migration. Whole numbers have 64 bits, and texts are ordered by their bytes, as in SQLite.
// No process writes meanwhile, and keys that the database gives come after those that the migration gave.
func postgresMigration(text string) string {
	text = migrationWords.ReplaceAllStringFunc(text, func(word string) string {
		switch {
		case strings.HasPrefix(word, "INTEGER PRIMARY KEY"):
			return "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
		case word == "INTEGER":
			return "BIGINT"
		case word == "TEXT":
			return `TEXT COLLATE "C"`
		case strings.HasSuffix(word, "WITHOUT ROWID"):
			return ""
		}
		return word
	})
	const up = "-- +goose Up\n"
	return strings.Replace(text, up, up+"SELECT pg_advisory_xact_lock("+writerLock+");\n", 1) + afterMigration
}

const afterMigration = `
-- +goose StatementBegin
DO $$
DECLARE c record;
BEGIN
	FOR c IN SELECT t.relname, a.attname, pg_get_serial_sequence(quote_ident(t.relname), a.attname) AS counter
		FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attidentity <> ''
		WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace LOOP
		EXECUTE format('SELECT setval(%L, last) FROM (SELECT max(%I) AS last FROM %I) t WHERE last >= (SELECT last_value FROM %s)',
			c.counter, c.attname, c.relname, c.counter);
	END LOOP;
END $$;
-- +goose StatementEnd
`

// migratingPostgres holds a lock while migrate runs.
func migratingPostgres(ctx context.Context, db *sql.DB, migrate func() error) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock(`+migrationLock+`)`); err != nil {
		return err
	}
	defer func() {
		_, unlockErr := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(`+migrationLock+`)`)
		err = errors.Join(err, unlockErr)
	}()
	return migrate()
}

// commitPostgres fails where the server answers COMMIT with a rollback, which it does not call an error.
func commitPostgres(ctx context.Context, conn *sql.Conn) error {
	return conn.Raw(func(c any) error {
		p, ok := c.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the connection is a %T", c)
		}
		tag, err := p.Conn().Exec(ctx, "COMMIT")
		if err == nil && tag.String() != "COMMIT" {
			err = fmt.Errorf("the server answered COMMIT with %s", tag)
		}
		return err
	})
}

func postgresAlive(conn *sql.Conn) bool {
	err := conn.Raw(func(c any) error {
		if p, ok := c.(*stdlib.Conn); !ok || p.Conn().IsClosed() {
			return driver.ErrBadConn
		}
		return nil
	})
	return err == nil
}

// postgresGone knows a lost connection by what the server says (PostgreSQL manual, appendix A) or by what the network does.
func postgresGone(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	if _, unconnected := errors.AsType[*pgconn.ConnectError](err); unconnected {
		return true
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch refused.Code {
		case "57P01", "57P02", "57P03", "57P05", "25P03", "25P04", "53300": // shut down, crashed, starting, idle for too long, too many connections
			return true
		}
		return strings.HasPrefix(refused.Code, "08")
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	_, network := errors.AsType[*net.OpError](err)
	return network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err)
}

// postgresFull knows a full disk, of the tables, the log or temporary files (PostgreSQL manual, appendix A: disk_full).
func postgresFull(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == "53100"
}

// explainPostgres returns the one cause of a failed connection, which was tried in several ways, with what to do about it.
func explainPostgres(err error, c *pgx.ConnConfig) error {
	advice := advisePostgres(err, c)
	if _, several := errors.AsType[*pgconn.ConnectError](err); several {
		if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
			err = refused
		} else if network, ok := errors.AsType[*net.OpError](err); ok {
			err = network
		}
	}
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, advice)
}

// advisePostgres says what a person can do about a failed connection, "" when that is not known.
func advisePostgres(err error, c *pgx.ConnConfig) string {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch refused.Code {
		case "28P01", "28000":
			return fmt.Sprintf("check user and password (in the address, PGPASSWORD or the password file), and that pg_hba.conf lets user %s in from here", c.User)
		case "3D000":
			return fmt.Sprintf("make the database: createdb --owner %s %s", c.User, c.Database)
		case "42501":
			return fmt.Sprintf("make user %s the owner of database %s", c.User, c.Database)
		case "53300":
			return "the server has no connection left: close other programs or raise its max_connections"
		case "57P03":
			return "the server is starting or stopping: try again in a moment"
		}
		return ""
	}
	if _, unknown := errors.AsType[*net.DNSError](err); unknown {
		return fmt.Sprintf("check the host name %s", c.Host)
	}
	if postgresGone(err) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("check that a PostgreSQL server runs on host %s and listens on port %d, and that no firewall is between", c.Host, c.Port)
	}
	return ""
}

//go:embed migrations/*.sql
var migrations embed.FS

// translated is a folder of migrations in the words of one database.
type translated struct {
	fs.FS
	words func(string) string
}

func (t translated) Open(name string) (fs.File, error) {
	f, err := t.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return f, err
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return translatedFile{f, strings.NewReader(t.words(string(text)))}, nil
}

// translatedFile reads the text instead of the file.
type translatedFile struct {
	fs.File
	text *strings.Reader
}

func (f translatedFile) Read(p []byte) (int, error) { return f.text.Read(p) }

// migrate brings the schema to the version of files. Migrations only go forward.
func migrate(ctx context.Context, db *sql.DB, d dialect, files fs.FS) error {
	provider, err := goose.NewProvider(d.goose, db, translated{files, d.migration}, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	return d.migrating(ctx, db, func() error {
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
	})
}

package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/gowats/gowats/app/store"
)

const variable = "GOWATS_TEST_POSTGRES"

// Database opens the database at an address that [Address] gave, beside the store, for what a store does not do.
func Database(t testing.TB, address string) *sql.DB {
	t.Helper()
	driver := "sqlite"
	if store.IsPostgreSQL(address) {
		driver = "pgx"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatalf("open the database beside the store: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the database beside the store: %v", err)
		}
	})
	return db
}

// server returns the address of the server to make databases in, "" when there is none.
func server() string { return os.Getenv(variable) }

// What a test process has on the server: one database that a store has prepared, of which every test gets a copy.
var (
	template  = sync.OnceValues(makeTemplate)
	databases atomic.Int64 // made by this process
)

// databaseName returns another name with each call.
func databaseName() string {
	return fmt.Sprintf("gowats_test_%d_%d_%d", time.Now().UnixMilli(), os.Getpid(), databases.Add(1))
}

// locale is one in which texts do not sort by their bytes, and lower and upper case go beyond ASCII: it shows what relies on a database's own.
const locale = "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'nb'"

// makeDatabase makes a database for one test from a template.
func makeDatabase(t testing.TB, from string) string {
	t.Helper()
	name := databaseName()
	if err := onServer(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+from); err != nil {
		t.Fatalf("make a database on the server of %s: %v", variable, err)
	}
	t.Cleanup(func() {
		if err := onServer(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return address(name)
}

func makeTemplate() (name string, err error) {
	ctx := context.Background()
	name = databaseName()
	if err := onServer(ctx, "CREATE DATABASE "+name+" TEMPLATE template0 "+locale); err != nil {
		return "", err
	}
	s, err := store.Open(ctx, address(name), store.Options{})
	if err != nil {
		return "", err
	}
	return name, s.Close()
}

// address returns that of a database on the server.
func address(database string) string {
	u, err := url.Parse(server())
	if err != nil {
		return server() // whoever opens it says what is wrong
	}
	u.Path = "/" + database
	return u.String()
}

// onServer runs a statement that belongs to no database.
func onServer(ctx context.Context, statement string) (err error) {
	db, err := sql.Open("pgx", server())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// Cut makes the database at an address of PostgreSQL unreachable, and ends the sessions there are. The function it returns undoes that.
func Cut(t testing.TB, at string) (mend func()) {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatalf("cut the database off: %v", err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	run := func(statements ...string) {
		t.Helper()
		for _, statement := range statements {
			if err := onServer(t.Context(), statement); err != nil {
				t.Fatalf("cut the database off: %v", err)
			}
		}
	}
	run("ALTER DATABASE "+name+" ALLOW_CONNECTIONS false",
		"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '"+name+"'")
	return func() { run("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true") }
}

// Main is what TestMain calls in packages whose tests open stores: it runs the tests, drops what they have left on the server, and exits.
func Main(m *testing.M) {
	code := m.Run()
	Drop()
	os.Exit(code)
}

// Drop drops what the tests of this process have left on the server, for a TestMain that has more to do than [Main].
func Drop() {
	if databases.Load() == 0 {
		return
	}
	name, err := template()
	if err == nil {
		err = onServer(context.Background(), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "a database of the tests is left on the server: %v\n", err)
	}
}

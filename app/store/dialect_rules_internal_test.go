package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestStatementsKeepToBothDatabases looks for what one of the databases does not know, or understands in its own way, in every text of the
// package that is SQL. The rules stand in dialect.go, which is the place of exceptions.
func TestStatementsKeepToBothDatabases(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)\b(INSERT OR|REPLACE INTO|rowid|GROUP_CONCAT|string_agg|IFNULL|ILIKE|GLOB|REGEXP|strftime|julianday)\b` +
		`|\b(datetime|date|now|instr|strpos|printf|random|typeof|changes|last_insert_rowid|greatest|least)\(` +
		`|\b(max|min)\([^()]*,|\b(lower|upper)\(\$|LIMIT -1|\bAS (INTEGER|INT|REAL|BLOB|BOOLEAN)\)|::|\?\s*[,)]`)
	isSQL := regexp.MustCompile(`(?s)^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s.*\b(FROM|INTO|SET|SELECT)\b`)
	for _, bad := range []string{
		"INSERT OR IGNORE INTO process (code) VALUES (1)", "SELECT rowid FROM report", "SELECT max(run, 1) FROM report", "SELECT id FROM report LIMIT -1",
		"SELECT id FROM report WHERE lower(station_name) = lower($1)", "SELECT CAST($1 AS INTEGER) FROM report", "SELECT id::text FROM report",
		"UPDATE report SET received_ns = strftime('%s')", "SELECT ifnull(run, 0) FROM report", "SELECT id FROM report WHERE run IN (?, ?)",
	} {
		if !isSQL.MatchString(bad) || !forbidden.MatchString(bad) {
			t.Errorf("%q is not found", bad)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "dialect.go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			if isSQL.MatchString(text) {
				seen++
				if found := forbidden.FindString(text); found != "" {
					t.Errorf("%s: %q in %s", name, found, text)
				}
			}
			return true
		})
	}
	if seen < 50 {
		t.Errorf("only %d statements were found: the test does not know them any more", seen)
	}
}

// TestMigrationsKeepToBothDatabases allows the types that the dialects translate, and no others.
func TestMigrationsKeepToBothDatabases(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("migrations: %v, %v", files, err)
	}
	ignored := regexp.MustCompile(`'(?:[^']|'')*'|--[^\n]*`)
	column := regexp.MustCompile(`(?m)^\s+([a-z_0-9]+)\s+([A-Z]+(?: PRECISION)?)\b|ADD COLUMN ([a-z_0-9]+) ([A-Z]+(?: PRECISION)?)\b`)
	for _, name := range files {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range column.FindAllStringSubmatch(ignored.ReplaceAllString(string(text), "''"), -1) {
			switch kind := found[2] + found[4]; kind {
			case "INTEGER", "BIGINT", "TEXT", "BYTEA", "DOUBLE PRECISION":
			default:
				t.Errorf("%s: column %s%s has the type %s", name, found[1], found[3], kind)
			}
		}
	}
}

package odata_test

import (
	"errors"
	"regexp"
	"strconv"
	"testing"

	"github.com/gowats/gowats/app/odata"
)

var (
	placeholder = regexp.MustCompile(`\$(\d+)`)

	// ours is SQL of which every word is from the schema or from this package.
	ours = regexp.MustCompile(`^(\b(sn|pn|run|code|secs|ns|id|res|n|sub|quantity|SELECT|FROM|WHERE|lower|upper|instr|substr|length|AND|OR|NOT|IN|IS|NULL|NULLS|` +
		`FIRST|LAST|DESC|0|1)\b|\$\d+|[ (),=<>+-]|'')*$`)
)

// checkPlaceholders fails when sql and args do not name the same parameters, or when sql holds anything from the input.
func checkPlaceholders(t *testing.T, sql string, args []any) {
	t.Helper()
	seen := map[int]bool{}
	for _, m := range placeholder.FindAllStringSubmatch(sql, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil || n < 1 || n > len(args) {
			t.Fatalf("placeholder %s among %d parameters: %s", m[0], len(args), sql)
		}
		seen[n] = true
	}
	if len(seen) != len(args) {
		t.Fatalf("%d placeholders for %d parameters: %s", len(seen), len(args), sql)
	}
	if !ours.MatchString(sql) {
		t.Fatalf("SQL holds something from the input: %s", sql)
	}
}

func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{
		`serialNumber eq 'O''Neil' and (run ge 1 or not contains(tolower(partNumber),'x'))`,
		`start ge 2026-01-01T00:00:00Z and start le '2026-01-31' and uuid ne 6ba7b810-9dad-11d1-80b4-00c04fd430c8`,
		`result in ('Passed','F') or executionTime lt -1.5e-3 or run eq null`,
		`endswith(toupper(serialNumber),'Ä') eq false`, `((true))`, `subUnits/any(s: s/partNumber eq 'x')`, `not subUnits/any()`,
		`subUnits/any(s:s/quantity in (1,2) and (contains(s/partNumber,'a') or s/quantity eq null))`, `'`, `(`, `not not`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := odata.ParseFilter(text, schema())
		if err != nil {
			checkError(t, err, text)
			return
		}
		sql, args := filter.SQL(sqlite, 1)
		checkPlaceholders(t, sql, args)
	})
}

func FuzzParseOrderBy(f *testing.F) {
	for _, seed := range []string{`start desc`, `run, partNumber asc,uuid`, `,`, `x`, `start desc desc`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := odata.ParseOrderBy(text, schema())
		if err != nil {
			checkError(t, err, text)
			return
		}
		if len(keys) == 0 {
			t.Fatal("no keys and no error")
		}
		for _, key := range keys {
			checkPlaceholders(t, key.SQL(), nil)
		}
	})
}

func checkError(t *testing.T, err error, text string) {
	t.Helper()
	var bad *odata.Error
	if !errors.As(err, &bad) || bad.Position < 1 || bad.Position > len(text)+1 || len(err.Error()) > 500 {
		t.Fatalf("error %v (%T) for a text of %d bytes", err, err, len(text))
	}
}

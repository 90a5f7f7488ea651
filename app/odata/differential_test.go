package odata_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gowats/gowats/app/odata"
	"github.com/gowats/gowats/app/store/storetest"
)

// item is a row of the table that filters are tried on. Few values each, so that they meet.
type item struct {
	sn, pn string
	run    *int64
	code   int64
	secs   *float64
	ns     int64
	id     []byte
	res    string
	subs   []element
}

// element is an element of the list that a row has in a table of its own.
type element struct {
	pn       string
	quantity *int64
}

// condition is a filter and, written apart from the package under test, what it means.
type condition struct {
	text  string
	holds func(item) bool
}

var words = []string{"", "A", "a", "AB", "b%", "_", "Äb", "äB", "ÆØÅ", "O'Neil", "aab"}

func drawItem(t *rapid.T) item {
	i := item{
		sn: rapid.SampledFrom(words).Draw(t, "sn"), pn: rapid.SampledFrom(words).Draw(t, "pn"),
		code: int64(rapid.IntRange(-2, 2).Draw(t, "code")), ns: int64(rapid.IntRange(-2, 2).Draw(t, "hours")) * int64(time.Hour),
		id: bytes.Repeat([]byte{byte(rapid.IntRange(0, 2).Draw(t, "id"))}, 16), res: rapid.SampledFrom([]string{"P", "F"}).Draw(t, "res"),
	}
	if rapid.Bool().Draw(t, "hasRun") {
		n := int64(rapid.IntRange(-1, 2).Draw(t, "run"))
		i.run = &n
	}
	if rapid.Bool().Draw(t, "hasSecs") {
		x := float64(rapid.IntRange(-2, 4).Draw(t, "secs")) / 2
		i.secs = &x
	}
	i.subs = rapid.SliceOfN(rapid.Custom(drawElement), 0, 3).Draw(t, "subs")
	return i
}

func drawElement(t *rapid.T) element {
	e := element{pn: rapid.SampledFrom(words).Draw(t, "pn")}
	if rapid.Bool().Draw(t, "hasQuantity") {
		n := int64(rapid.IntRange(0, 2).Draw(t, "quantity"))
		e.quantity = &n
	}
	return e
}

// drawAny draws a condition on elements: what one of them must fulfil, or that there is one.
func drawAny(t *rapid.T) condition {
	if rapid.IntRange(0, 4).Draw(t, "bare") == 0 {
		return condition{"subUnits/any()", func(i item) bool { return len(i.subs) > 0 }}
	}
	variable := rapid.SampledFrom([]string{"s", "x1", "_a"}).Draw(t, "variable")
	text, holds := drawElementCondition(t, variable, 2)
	return condition{"subUnits/any(" + variable + ":" + text + ")", func(i item) bool { return slices.ContainsFunc(i.subs, holds) }}
}

func drawElementCondition(t *rapid.T, variable string, depth int) (string, func(element) bool) {
	op, ok := drawOp(t)
	switch kind := rapid.IntRange(0, 2+depth).Draw(t, "kind"); kind {
	case 0:
		value := rapid.SampledFrom(words).Draw(t, "value")
		return " " + variable + "/partNumber " + op + " " + quote(value), func(e element) bool { return ok(strings.Compare(e.pn, value)) }
	case 1:
		part := rapid.SampledFrom(words).Draw(t, "part")
		return fmt.Sprintf("contains(%s/partNumber,%s)", variable, quote(part)), func(e element) bool { return strings.Contains(e.pn, part) }
	case 2:
		value := int64(rapid.IntRange(0, 2).Draw(t, "value"))
		return fmt.Sprintf("%s/quantity %s %d", variable, op, value), func(e element) bool {
			if e.quantity == nil {
				return op == "ne"
			}
			return ok(int(*e.quantity - value))
		}
	}
	a, holdsA := drawElementCondition(t, variable, depth-1)
	b, holdsB := drawElementCondition(t, variable, depth-1)
	if op == "eq" {
		return "not (" + a + ")", func(e element) bool { return !holdsA(e) }
	}
	if op < "le" {
		return "(" + a + ") and (" + b + ")", func(e element) bool { return holdsA(e) && holdsB(e) }
	}
	return "(" + a + ") or (" + b + ")", func(e element) bool { return holdsA(e) || holdsB(e) }
}

func drawCondition(t *rapid.T, depth int) condition {
	if depth == 0 || rapid.IntRange(0, 2).Draw(t, "leaf") == 0 {
		return rapid.SampledFrom([]func(*rapid.T) condition{
			drawText, drawRun, drawSecs, drawCode, drawStart, drawResult, drawID, drawMatch, drawIn, drawAny,
		}).Draw(t, "kind")(t)
	}
	a := drawCondition(t, depth-1)
	switch rapid.IntRange(0, 2).Draw(t, "join") {
	case 0:
		return condition{"not (" + a.text + ")", func(i item) bool { return !a.holds(i) }}
	case 1:
		b := drawCondition(t, depth-1)
		return condition{"(" + a.text + ") AND (" + b.text + ")", func(i item) bool { return a.holds(i) && b.holds(i) }}
	}
	b := drawCondition(t, depth-1)
	return condition{"(" + a.text + ") or (" + b.text + ")", func(i item) bool { return a.holds(i) || b.holds(i) }}
}

func drawOp(t *rapid.T) (string, func(cmp int) bool) {
	op := rapid.SampledFrom([]string{"eq", "ne", "lt", "le", "gt", "ge"}).Draw(t, "op")
	return op, func(c int) bool {
		return map[string]bool{"eq": c == 0, "ne": c != 0, "lt": c < 0, "le": c <= 0, "gt": c > 0, "ge": c >= 0}[op]
	}
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func drawText(t *rapid.T) condition {
	op, ok := drawOp(t)
	value := rapid.SampledFrom(words).Draw(t, "value")
	return condition{"serialNumber " + op + " " + quote(value), func(i item) bool { return ok(strings.Compare(i.sn, value)) }}
}

func drawRun(t *rapid.T) condition {
	op, ok := drawOp(t)
	if op == "eq" && rapid.Bool().Draw(t, "null") {
		return condition{"run eq null", func(i item) bool { return i.run == nil }}
	}
	value := int64(rapid.IntRange(-1, 2).Draw(t, "value"))
	return condition{fmt.Sprintf("run %s %d", op, value), func(i item) bool {
		if i.run == nil {
			return op == "ne"
		}
		return ok(int(*i.run - value))
	}}
}

func drawSecs(t *rapid.T) condition {
	op, ok := drawOp(t)
	value := float64(rapid.IntRange(-2, 4).Draw(t, "value")) / 2
	return condition{fmt.Sprintf("executionTime %s %g", op, value), func(i item) bool {
		if i.secs == nil {
			return op == "ne"
		}
		return ok(int(2 * (*i.secs - value)))
	}}
}

func drawCode(t *rapid.T) condition {
	op, ok := drawOp(t)
	value := int64(rapid.IntRange(-2, 2).Draw(t, "value"))
	return condition{fmt.Sprintf("%d %s processCode", value, op), func(i item) bool { return ok(int(value - i.code)) }}
}

func drawStart(t *rapid.T) condition {
	op, ok := drawOp(t)
	value := time.Unix(int64(rapid.IntRange(-2, 2).Draw(t, "hours"))*3600, 0).In(time.FixedZone("", 3600*rapid.IntRange(-3, 3).Draw(t, "zone")))
	return condition{"start " + op + " " + value.Format(time.RFC3339), func(i item) bool { return ok(int((i.ns - value.UnixNano()) / int64(time.Hour))) }}
}

func drawResult(t *rapid.T) condition {
	word := rapid.SampledFrom([]string{"P", "passed", "Failed"}).Draw(t, "word")
	return condition{"result ne " + quote(word), func(i item) bool { return i.res != strings.ToUpper(word[:1]) }}
}

func drawID(t *rapid.T) condition {
	n := rapid.IntRange(0, 2).Draw(t, "id")
	text := strings.ReplaceAll("00000000-0000-0000-0000-000000000000", "00", fmt.Sprintf("%02x", n))
	return condition{"uuid eq " + text, func(i item) bool { return i.id[0] == byte(n) }}
}

func drawMatch(t *rapid.T) condition {
	part := rapid.SampledFrom(words).Draw(t, "part")
	function := rapid.SampledFrom([]string{"contains", "startswith", "endswith"}).Draw(t, "function")
	is := map[string]func(string, string) bool{"contains": strings.Contains, "startswith": strings.HasPrefix, "endswith": strings.HasSuffix}[function]
	if rapid.Bool().Draw(t, "fold") {
		lower := func(s string) string { // ASCII only
			return string(bytes.Map(func(r rune) rune {
				if 'A' <= r && r <= 'Z' {
					return r | 0x20
				}
				return r
			}, []byte(s)))
		}
		return condition{fmt.Sprintf("%s(tolower(partNumber), tolower(%s))", function, quote(part)), func(i item) bool { return is(lower(i.pn), lower(part)) }}
	}
	return condition{fmt.Sprintf("%s(partNumber,%s)", function, quote(part)), func(i item) bool { return is(i.pn, part) }}
}

func drawIn(t *rapid.T) condition {
	values := rapid.SliceOfN(rapid.SampledFrom(words), 1, 3).Draw(t, "values")
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = quote(value)
	}
	return condition{"partNumber in (" + strings.Join(quoted, ", ") + ")", func(i item) bool { return slices.Contains(values, i.pn) }}
}

func TestMain(m *testing.M) { storetest.Main(m) }

// TestDatabaseAndMemoryAgree holds the SQL of random filters against an evaluator that shares nothing with the package.
func TestDatabaseAndMemoryAgree(t *testing.T) {
	address, dialect := ":memory:", sqlite
	if storetest.OnPostgreSQL() {
		address, dialect = storetest.Unprepared(t), postgres
	}
	db := storetest.Database(t, address)
	db.SetMaxOpenConns(1)
	tables := `CREATE TABLE item (n INTEGER, sn TEXT, pn TEXT, run INTEGER, code INTEGER, secs DOUBLE PRECISION, ns BIGINT, id BYTEA, res TEXT);
		CREATE TABLE sub (n INTEGER, pn TEXT, quantity INTEGER)`
	if storetest.OnPostgreSQL() {
		tables = strings.ReplaceAll(tables, "TEXT", `TEXT COLLATE "C"`)
	}
	if _, err := db.Exec(tables); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfN(rapid.Custom(drawItem), 1, 8).Draw(t, "items")
		c := drawCondition(t, 3)
		var want []int
		for n, i := range items {
			if c.holds(i) {
				want = append(want, n)
			}
		}
		filter, err := odata.ParseFilter(c.text, schema())
		if err != nil {
			t.Fatalf("ParseFilter(%s): %v", c.text, err)
		}
		condition, args := filter.SQL(dialect, 1)
		got, err := selectItems(db, items, condition, args)
		if err != nil {
			t.Fatalf("%s: %v", condition, err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s\n%s %v\nselects %v of %+v, want %v", c.text, condition, args, got, items, want)
		}
	})
}

func selectItems(db *sql.DB, items []item, condition string, args []any) ([]int, error) {
	if _, err := db.Exec(`DELETE FROM item; DELETE FROM sub`); err != nil {
		return nil, err
	}
	for n, i := range items {
		if _, err := db.Exec(`INSERT INTO item VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`, n, i.sn, i.pn, i.run, i.code, i.secs, i.ns, i.id, i.res); err != nil {
			return nil, err
		}
		for _, e := range i.subs {
			if _, err := db.Exec(`INSERT INTO sub VALUES ($1,$2,$3)`, n, e.pn, e.quantity); err != nil {
				return nil, err
			}
		}
	}
	rows, err := db.Query(`SELECT n FROM item WHERE `+condition+` ORDER BY n`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []int
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		found = append(found, n)
	}
	return found, rows.Err()
}

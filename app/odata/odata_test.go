package odata_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats/app/odata"
)

var (
	sqlite   = odata.Dialect{Position: "instr"}
	postgres = odata.Dialect{Position: "strpos"}
)

func schema() odata.Schema {
	return odata.Schema{
		{Name: "serialNumber", SQL: "sn"},
		{Name: "partNumber", SQL: "pn"},
		{Name: "run", Type: odata.Int, SQL: "run", Nullable: true},
		{Name: "processCode", Type: odata.Int, SQL: "code"},
		{Name: "executionTime", Type: odata.Float, SQL: "secs", Nullable: true},
		{Name: "startUtc", Type: odata.Time, SQL: "ns"},
		{Name: "start", Type: odata.Time, SQL: "ns"},
		{Name: "uuid", Type: odata.GUID, SQL: "id"},
		{Name: "result", Type: odata.Enum, SQL: "res", Word: resultWord, Words: "Passed and Failed"},
		{Name: "subUnits", Type: odata.List, SQL: "n", Select: "SELECT n FROM sub", Of: odata.Schema{
			{Name: "partNumber", SQL: "pn"},
			{Name: "quantity", Type: odata.Int, SQL: "quantity", Nullable: true},
		}},
	}
}

func resultWord(word string) (any, bool) {
	switch strings.ToLower(word) {
	case "p", "passed":
		return "P", true
	case "f", "failed":
		return "F", true
	}
	return nil, false
}

func ns(text string) int64 {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

var guid = []byte{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}

func TestFilterBecomesSQL(t *testing.T) {
	type args = []any
	for _, c := range []struct {
		name   string
		filter string
		sql    string
		args   args
	}{
		{"text", `serialNumber eq 'SN1'`, `sn=$1`, args{"SN1"}},
		{"names and keywords match in any case", `SERIALNUMBER EQ 'SN1' Or partnumber Ne 'x'`, `(sn=$1 OR pn<>$2)`, args{"SN1", "x"}},
		{"a quote in a text is doubled", `serialNumber eq 'O''Neil''s'`, `sn=$1`, args{"O'Neil's"}},
		{"a text is never SQL", `serialNumber eq ''' OR 1=1 --'`, `sn=$1`, args{"' OR 1=1 --"}},
		{"the empty text", `serialNumber eq ''`, `sn=$1`, args{""}},
		{"null is the absent text", `serialNumber ne null`, `sn<>''`, nil},
		{"null of a number", `run eq null and executionTime ne null`, `(run IS NULL AND secs IS NOT NULL)`, nil},
		{"null of what is always there", `startUtc eq null or processCode ne null`, `(1=0 OR 1=1)`, nil},
		{"the value may come first", `5 lt run`, `(run IS NOT NULL AND run>$1)`, args{int64(5)}},
		{"ne holds for a missing value", `run ne 1`, `(run IS NULL OR run<>$1)`, args{int64(1)}},
		{"all operators", `processCode gt -1 and processCode ge 2 and processCode lt 3 and processCode le 4`,
			`(code>$1 AND code>=$2 AND code<$3 AND code<=$4)`, args{int64(-1), int64(2), int64(3), int64(4)}},
		{"decimals", `executionTime le 1.5e3`, `(secs IS NOT NULL AND secs<=$1)`, args{1500.0}},
		{"and binds closer than or", `run eq null or run eq null and processCode eq 1`, `(run IS NULL OR (run IS NULL AND code=$1))`, args{int64(1)}},
		{"parentheses", `(run eq null or run ne null) and processCode eq 1`, `((run IS NULL OR run IS NOT NULL) AND code=$1)`, args{int64(1)}},
		{"not", `not (processCode eq 1) and not contains(partNumber,'x')`, `(NOT (code=$1) AND NOT (instr(pn,$2)>0))`, args{int64(1), "x"}},
		{"date-time with a zone", `start ge 2026-01-01T02:00:00+02:00`, `ns>=$1`, args{ns("2026-01-01T00:00:00Z")}},
		{"date-time without a zone is UTC", `start ge 2026-01-01T02:00:00.1234567`, `ns>=$1`, args{ns("2026-01-01T02:00:00.1234567Z")}},
		{"quoted date-time", `startUtc lt '2026-01-01T00:00Z'`, `ns<$1`, args{ns("2026-01-01T00:00:00Z")}},
		{"date", `start le 2026-01-31`, `ns<=$1`, args{ns("2026-01-31T00:00:00Z")}},
		{"a date before all that nanoseconds reach", `start ge 0001-01-01T00:00:00Z`, `ns>=$1`, args{int64(-1 << 63)}},
		{"GUID", `uuid eq 6BA7B810-9dad-11d1-80b4-00c04fd430c8`, `id=$1`, args{guid}},
		{"quoted GUID", `uuid ne '6ba7b810-9dad-11d1-80b4-00c04fd430c8'`, `id<>$1`, args{guid}},
		{"a word is stored as its letter", `result eq 'fAILED' or result ne 'p'`, `(res=$1 OR res<>$2)`, args{"F", "P"}},
		{"contains", `contains(partNumber,'100%_\')`, `instr(pn,$1)>0`, args{`100%_\`}},
		{"startswith counts characters", `startswith(partNumber,'Ä_')`, `substr(pn,1,$1)=$2`, args{2, "Ä_"}},
		{"endswith", `endswith(partNumber,'-1')`, `(length(pn)>=$1 AND substr(pn,length(pn)-$1+1)=$2)`, args{2, "-1"}},
		{"a function held against false", `contains(partNumber,'x') eq false`, `NOT (instr(pn,$1)>0)`, args{"x"}},
		{"folded case", `tolower(partNumber) eq tolower('ABC')`, `lower(pn)=$1`, args{"abc"}},
		{"folding inside a function", `contains(toupper(partNumber),'ABC')`, `instr(upper(pn),$1)>0`, args{"ABC"}},
		{"in", `serialNumber in ('a','b') and not (run in (1, 2))`, `(sn IN ($1,$2) AND NOT ((run IS NOT NULL AND run IN ($3,$4))))`,
			args{"a", "b", int64(1), int64(2)}},
		{"in with words", `result in ('Passed','F')`, `res IN ($1,$2)`, args{"P", "F"}},
		{"constants", `true and not false`, `(1=1 AND NOT (1=0))`, nil},
		{"any element that", `subUnits/any(s: s/partNumber eq 'x')`, `n IN (SELECT n FROM sub WHERE pn=$1)`, args{"x"}},
		{"any element without blanks, in any case", `SUBUNITS/ANY(x:x/PartNumber eq 'x'or x/quantity eq null)`,
			`n IN (SELECT n FROM sub WHERE (pn=$1 OR quantity IS NULL))`, args{"x"}},
		{"any element at all", `not subUnits/any( ) and run eq null`, `(NOT (n IN (SELECT n FROM sub)) AND run IS NULL)`, nil},
		{"a function of an element", `subUnits/any(s : startswith(tolower(s/partNumber),'a')) eq true`,
			`n IN (SELECT n FROM sub WHERE substr(lower(pn),1,$1)=$2)`, args{1, "a"}},
		{"several lists beside each other", `processCode eq 1 and (subUnits/any(s:s/quantity in (1,2)) or subUnits/any(t:t/partNumber ne 'x'))`,
			`(code=$1 AND (n IN (SELECT n FROM sub WHERE (quantity IS NOT NULL AND quantity IN ($2,$3))) OR n IN (SELECT n FROM sub WHERE pn<>$4)))`,
			args{int64(1), int64(1), int64(2), "x"}},
		{"no blanks needed around signs", `(serialNumber eq'a')and(partNumber eq'b')`, `(sn=$1 AND pn=$2)`, args{"a", "b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := odata.ParseFilter(c.filter, schema())
			if err != nil {
				t.Fatalf("ParseFilter(%q): %v", c.filter, err)
			}
			if sql, got := f.SQL(sqlite, 1); sql != c.sql || !reflect.DeepEqual(got, c.args) {
				t.Errorf("SQL of %q:\n got %s %#v\nwant %s %#v", c.filter, sql, got, c.sql, c.args)
			}
		})
	}
}

func TestPlaceholdersContinueWhereTheCallerStopped(t *testing.T) {
	f, err := odata.ParseFilter(`run eq 1`, schema())
	if err != nil {
		t.Fatal(err)
	}
	if sql, _ := f.SQL(sqlite, 4); sql != `(run IS NOT NULL AND run=$4)` {
		t.Errorf("SQL from $4: %s", sql)
	}
}

func TestBadFilterSaysWhatAndWhere(t *testing.T) {
	for _, c := range []struct{ name, filter, want string }{
		{"nothing", ``, `character 1: expected a member or a value, found the end`},
		{"unknown member", `serialNo eq 'x'`, `character 1: there is no member "serialNo"; did you mean serialNumber?`},
		{"member like no other", `q eq 1`, `character 1: there is no member "q"; there are serialNumber, partNumber, run, processCode, executionTime, startUtc, start, uuid, result, subUnits`},
		{"position counts characters", `partNumber eq 'Ä' or q eq 1`, `character 22: there is no member "q"; there are`},
		{"sign instead of a word", `run = 1`, `character 5: '=' is not part of the language; the operators are words: eq ne gt ge lt le and or not`},
		{"double quotes", `serialNumber eq "x"`, `character 17: '"' is not part of the language; texts stand in single quotes: '…'`},
		{"open quote", `serialNumber eq 'x`, `character 17: the text that begins here has no closing quote; a quote inside a text is written twice`},
		{"open parenthesis", `(run eq 1`, `character 10: expected and, or, or ")", found the end`},
		{"no operator", `run`, `character 4: expected eq, ne, gt, ge, lt, le or in after run, found the end`},
		{"no and", `run eq 1 run eq 2`, `character 10: expected and, or, or the end, found "run"`},
		{"text without quotes", `serialNumber eq 123`, `character 17: serialNumber is a text: write '123'`},
		{"number in quotes", `run eq '1'`, `character 8: run is a whole number without quotes, found the text '1'`},
		{"fraction of a run", `run eq 1.5`, `character 8: run is a whole number without quotes, found "1.5"`},
		{"no date-time", `start eq 2026-13-01`, `character 10: start is a date-time such as 2026-01-31T12:00:00Z or a date, found "2026-13-01"`},
		{"no GUID", `uuid eq 'x'`, `character 9: uuid is a GUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8, found the text 'x'`},
		{"unknown word", `result eq 'done'`, `character 11: result is one of Passed and Failed, in quotes, found the text 'done'`},
		{"words have no order", `result gt 'P'`, `character 1: result is compared by eq, ne and in only`},
		{"null has no order", `run gt null`, `character 8: null is compared by eq and ne only`},
		{"two members", `serialNumber eq partNumber`, `character 17: a member is compared with a value: one of each, found serialNumber and partNumber`},
		{"two values", `1 eq 1`, `character 1: a member is compared with a value: one of each, found "1" and "1"`},
		{"any of no list", `run/any(s: s/x eq 1)`, `character 1: run is no list, so there is no any(…) of it`},
		{"any of an unknown list", `subUnit/any(s: s/x eq 1)`, `character 1: there is no member "subUnit"; did you mean subUnits?`},
		{"any inside any", `subUnits/any(s: s/subUnits/any(t: t/x eq 1))`, `character 17: any(…) does not stand inside any(…)`},
		{"a list without any", `subUnits eq null`, `character 1: subUnits is a list: write subUnits/any(x: x/partNumber eq …)`},
		{"no variable", `subUnits/any(partNumber eq 'x')`, `character 14: expected a variable and a colon, as in any(s: s/member eq 'text')`},
		{"another variable", `subUnits/any(s: t/partNumber eq 'x')`, `character 17: "t/partNumber": a path leads only from the variable`},
		{"a member without the variable", `subUnits/any(s: partNumber eq 'x')`, `character 17: inside any(…) members begin with its variable: s/partNumber`},
		{"a variable outside", `subUnits/any(s: s/quantity eq 1) and s/quantity eq 1`, `character 38: "s/quantity": a path leads only from the variable`},
		{"an unknown member of an element", `subUnits/any(s: s/serial eq 1)`, `character 17: there is no member "serial"; there are partNumber, quantity`},
		{"an open any", `subUnits/any(s: s/quantity eq 1`, `character 32: expected and, or, or ")", found the end`},
		{"nothing inside any", `subUnits/any(s:)`, `character 16: expected a member or a value, found ")"`},
		{"another function of a list", `subUnits/all(s: s/quantity eq 1)`, `character 1: there is no function "subUnits/all"; of lists there is any`},
		{"any too deep", strings.Repeat("(", 50) + "subUnits/any(s:s/quantity eq 1)", `character 51: nested deeper than 50 levels`},
		{"too many anys", strings.Repeat("subUnits/any() or ", 500) + "run eq 1", `more than 500 values`},
		{"unknown function", `year(start) eq 2026`, `character 1: there is no function "year"; there are contains, startswith, endswith, tolower, toupper and any`},
		{"function of a number", `contains(run,'1')`, `character 10: contains looks into a text member, found run`},
		{"plus that became a blank", `start ge 2026-01-01T00:00:00 02:00`,
			`character 30: expected and, or, or the end (in an address, the + of a time zone is written %2B), found "02:00"`},
		{"not UTF-8", "run eq \xff", `character 1: not UTF-8 text`},
		{"too deep", strings.Repeat("(", 60) + "run eq 1" + strings.Repeat(")", 60), `character 51: nested deeper than 50 levels`},
		{"too many nots", strings.Repeat("not ", 60) + "run eq 1", `character 201: nested deeper than 50 levels`},
		{"too many values", strings.Repeat("run eq 1 or ", 500) + "run eq 1", `more than 500 values`},
		{"too long", strings.Repeat(" ", 33<<10), `character 1: 33792 bytes are too many; at most 32768`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := odata.ParseFilter(c.filter, schema())
			var bad *odata.Error
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("ParseFilter(%.60q):\n got %v\nwant %s", c.filter, err, c.want)
			}
		})
	}
}

func TestOrderByBecomesSQL(t *testing.T) {
	for _, c := range []struct{ name, orderBy, want string }{
		{"ascending unless told", `serialNumber`, `[sn]`},
		{"both directions", `startutc DESC, partNumber asc`, `[ns DESC pn]`},
		{"missing values first, and last the other way round", `run,executionTime desc`, `[run NULLS FIRST secs DESC NULLS LAST]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys, err := odata.ParseOrderBy(c.orderBy, schema())
			if err != nil {
				t.Fatal(err)
			}
			var sql []string
			for _, key := range keys {
				sql = append(sql, key.SQL())
			}
			if got := fmt.Sprint(sql); got != c.want {
				t.Errorf("ParseOrderBy(%q): %s, want %s", c.orderBy, got, c.want)
			}
		})
	}
}

func TestBadOrderBySaysWhatAndWhere(t *testing.T) {
	for _, c := range []struct{ name, orderBy, want string }{
		{"nothing", ``, `character 1: expected a member, found the end`},
		{"unknown member", `startTime`, `character 1: there is no member "startTime"; did you mean startUtc?`},
		{"unknown direction", `start down`, `character 7: expected asc, desc, "," or the end, found "down"`},
		{"open list", `start desc,`, `character 12: expected a member, found the end`},
		{"a list", `start, subUnits desc`, `character 8: subUnits is a list, which has no order`},
		{"too many", strings.Repeat("run,", 30) + "run", `more than 20 members`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := odata.ParseOrderBy(c.orderBy, schema())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("ParseOrderBy(%.60q):\n got %v\nwant %s", c.orderBy, err, c.want)
			}
		})
	}
}

func TestTrueAndFalse(t *testing.T) {
	flags := odata.Schema{{Name: "nonSerial", Type: odata.Bool, SQL: "flag"}}
	for filter, want := range map[string]string{
		"nonSerial eq true":             "flag=$1 [1]",
		"nonserial ne FALSE":            "flag<>$1 [0]",
		"not (nonSerial in (true))":     "NOT (flag IN ($1)) [1]",
		"nonSerial eq null and (false)": "(1=0 AND 1=0) []",
	} {
		f, err := odata.ParseFilter(filter, flags)
		if err != nil {
			t.Errorf("ParseFilter(%q): %v", filter, err)
			continue
		}
		sql, args := f.SQL(odata.Dialect{Position: "instr"}, 1)
		if got := fmt.Sprint(sql, " ", args); got != want {
			t.Errorf("SQL of %q: got %s, want %s", filter, got, want)
		}
	}
	for filter, reason := range map[string]string{
		"nonSerial eq 1": "true or false", "nonSerial eq 'true'": "true or false", "nonSerial gt true": "eq, ne and in only", "contains(nonSerial,'t')": "text member",
	} {
		if _, err := odata.ParseFilter(filter, flags); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("ParseFilter(%q): got %v, want an error that tells %q", filter, err, reason)
		}
	}
}

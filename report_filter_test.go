package wats_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func TestODataFilter(t *testing.T) {
	oslo := time.FixedZone("CET", 3600)
	for name, c := range map[string]struct {
		query wats.HeaderQuery
		want  string
	}{
		"no restriction":                       {wats.HeaderQuery{}, ""},
		"type, order and top are no filter":    {wats.HeaderQuery{Type: wats.UUR, OrderBy: "start asc", Top: 3}, ""},
		"a text":                               {wats.HeaderQuery{SerialNumber: "SN 1"}, "serialNumber eq 'SN 1'"},
		"quotes are doubled":                   {wats.HeaderQuery{Operator: "O'Neil' or 1 eq 1 or ''"}, "operator eq 'O''Neil'' or 1 eq 1 or '''''"},
		"a percent sign is a percent sign":     {wats.HeaderQuery{Revision: "50%_"}, "revision eq '50%_'"},
		"star at the end":                      {wats.HeaderQuery{PartNumber: "PCBA-*"}, "startswith(partNumber,'PCBA-')"},
		"star at the beginning":                {wats.HeaderQuery{PartNumber: "*-1042"}, "endswith(partNumber,'-1042')"},
		"star at both ends":                    {wats.HeaderQuery{StationName: "*ICT*"}, "contains(stationName,'ICT')"},
		"star inside":                          {wats.HeaderQuery{BatchNumber: "A*Z"}, "startswith(batchNumber,'A') and endswith(batchNumber,'Z')"},
		"several stars":                        {wats.HeaderQuery{BatchNumber: "A*M*N*Z"}, "startswith(batchNumber,'A') and contains(batchNumber,'M') and contains(batchNumber,'N') and endswith(batchNumber,'Z')"},
		"stars side by side are one":           {wats.HeaderQuery{PartNumber: "PCBA**"}, "startswith(partNumber,'PCBA')"},
		"a star alone restricts nothing":       {wats.HeaderQuery{PartNumber: "*"}, ""},
		"quotes beside a star":                 {wats.HeaderQuery{PartNumber: "7'*"}, "startswith(partNumber,'7''')"},
		"process 0 is a process":               {wats.HeaderQuery{ProcessCode: report.Some(0)}, "processCode eq 0"},
		"a result is a word":                   {wats.HeaderQuery{Result: report.Failed}, "result eq 'Failed'"},
		"a period, From included and To not":   {wats.HeaderQuery{From: time.Date(2026, 1, 1, 1, 0, 0, 0, oslo), To: time.Date(2026, 2, 1, 0, 0, 0, 5e8, time.UTC)}, "start ge 2026-01-01T00:00:00Z and start lt 2026-02-01T00:00:00.5Z"},
		"an expression stands in parentheses":  {wats.HeaderQuery{SerialNumber: "1", Filter: "run eq 1 or run eq 2"}, "serialNumber eq '1' and (run eq 1 or run eq 2)"},
		"an expression of blanks restricts no": {wats.HeaderQuery{Filter: "  "}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.query.ODataFilter(); got != c.want {
				t.Errorf("ODataFilter() =\n %s, want\n %s", got, c.want)
			}
		})
	}
}

// FuzzHeaderQuery holds ODataFilter to this: outside of literals stands nothing that the text brought, and the literals hold the text.
func FuzzHeaderQuery(f *testing.F) {
	for _, text := range []string{"", "SN-1", "O'Neil", "''", "PCBA-*", "*a*b*", "' or 1 eq 1 or '", "'*'", "\x00ø\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter := wats.HeaderQuery{SerialNumber: text}.ODataFilter()
		outside, literals := splitLiterals(t, filter)
		if want := strings.FieldsFunc(text, func(r rune) bool { return r == '*' }); strings.Join(literals, "*") != strings.Join(want, "*") {
			t.Fatalf("literals of %q = %q, want %q", filter, literals, want)
		}
		for _, known := range []string{"startswith(serialNumber,)", "endswith(serialNumber,)", "contains(serialNumber,)", "serialNumber eq ", " and "} {
			outside = strings.ReplaceAll(outside, known, "")
		}
		if outside != "" {
			t.Fatalf("%q has outside of literals: %q", filter, outside)
		}
	})
}

// splitLiterals takes an expression apart as OData does: a quote ends a literal unless another follows.
func splitLiterals(t *testing.T, filter string) (outside string, literals []string) {
	t.Helper()
	for filter != "" {
		before, rest, found := strings.Cut(filter, "'")
		outside += before
		if !found {
			break
		}
		var literal string
		for {
			piece, after, found := strings.Cut(rest, "'")
			if !found {
				t.Fatalf("literal %q does not end", literal+piece)
			}
			literal += piece
			rest = after
			if !strings.HasPrefix(rest, "'") {
				break
			}
			literal, rest = literal+"'", rest[1:]
		}
		literals = append(literals, literal)
		filter = rest
	}
	return outside, literals
}

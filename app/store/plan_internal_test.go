package store

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gowats/gowats"
)

// TestListsReadAnIndexInOrder holds the plans of the lists that pages ask for: a million reports must not be sorted to show a hundred.
func TestListsReadAnIndexInOrder(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "gowats.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct {
		name string
		q    HeaderQuery
		step string // of the plan
		sort bool
	}{
		{"newest of all", HeaderQuery{Top: 100}, "SCAN r USING INDEX report_by_start", false},
		{"newest tests", HeaderQuery{Type: wats.UUT, Top: 100}, "SCAN r USING INDEX report_by_start", false},
		{"newest repairs", HeaderQuery{Type: wats.UUR, Top: 100}, "SCAN r USING INDEX report_repairs", false},
		{"newest of a part", HeaderQuery{Type: wats.UUT, Filter: "partNumber eq 'x'"}, "SEARCH r USING INDEX report_by_part (part_number=?)", false},
		{"newest failures of a process", HeaderQuery{Type: wats.UUT, Filter: "result eq 'F' and processCode eq 31"}, "SCAN r USING INDEX report_by_start", false},
		{"newest of an operation", HeaderQuery{Type: wats.UUT, Filter: "processName eq 'ICT'"}, "SCAN r USING INDEX report_by_start", false},
		{"a day", HeaderQuery{Type: wats.UUT, Filter: "start ge 2026-01-01 and start lt 2026-01-02"}, "SEARCH r USING INDEX report_by_start (start_ns>? AND start_ns<?)", false},
		{"a unit", HeaderQuery{Type: wats.UUT, Filter: "serialNumber eq 'x'"}, "SEARCH r USING INDEX report_by_unit (serial_number=?)", true},
		{"an ID", HeaderQuery{Filter: "uuid eq 6ba7b810-9dad-11d1-80b4-00c04fd430c8"}, "SEARCH r USING INDEX report_by_id (id=?)", true},
		{"a part of the unit", HeaderQuery{Filter: "subUnits/any(s: s/serialNumber eq 'x')"},
			"SEARCH report_sub_unit USING INDEX report_sub_unit_by_serial (serial_number=?)", true},
		{"a misc info", HeaderQuery{Misc: wats.HeaderMiscInfo{Description: "a", Value: "b"}},
			"SEARCH report_misc_info USING INDEX report_misc_info_by_pair (description=? AND value=?)", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			statement, args, err := s.headerSelect(c.q)
			if err != nil {
				t.Fatal(err)
			}
			plan := explain(t, s, statement, args)
			sorts := slices.ContainsFunc(plan, func(step string) bool { return strings.Contains(step, "TEMP B-TREE") })
			if !slices.Contains(plan, c.step) || sorts != c.sort {
				t.Errorf("plan of %+v: %q, want %q and sorting %t", c.q, plan, c.step, c.sort)
			}
		})
	}
}

func TestYieldReadsOneIndex(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "gowats.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	q, err := newYieldQuery(wats.YieldFilter{Dimensions: "partNumber;processCode;period", StationName: "ICT-%", Revision: "A"}, s.now())
	if err != nil {
		t.Fatal(err)
	}
	statement, args := q.sql()
	const want = "SEARCH report USING COVERING INDEX report_first_runs (start_ns>? AND start_ns<?)"
	if plan := explain(t, s, statement, args); !slices.Contains(plan, want) {
		t.Errorf("plan of yield: %q, want %q", plan, want)
	}
}

// TestSubAssetsAreFoundByIndex holds that what is below an asset is found without a look at all the others.
func TestSubAssetsAreFoundByIndex(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "gowats.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, statement := range map[string]string{
		"the list":  subAssetsSQL,
		"the alarm": belowAlarmSQL(s.now()),
	} {
		plan := explain(t, s, statement, []any{make([]byte, 16), maxAssetDepth, 0}[:strings.Count(statement, "$3")+2])
		for _, step := range plan {
			if strings.HasPrefix(step, "SCAN ") && step != "SCAN b" {
				t.Errorf("%s: the plan has %q: %q", name, step, plan)
			}
		}
	}
}

func explain(t *testing.T, s *Store, statement string, args []any) []string {
	t.Helper()
	rows, err := s.reads.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

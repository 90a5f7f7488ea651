package store_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// fillForQueries stores five tests, 1–5, an hour apart, and the repair 6.
func fillForQueries(t *testing.T) *store.Store {
	s := openStore(t)
	submit(t, s, test(1, part("PCBA-1"), station("ICT-1"), failed))
	submit(t, s, test(2, part("PCBA-1"), station("ict-1"), later(time.Hour), func(r *report.Report) { r.Test.SocketIndex = report.Some(0) }))
	submit(t, s, test(3, part("PCBA-2"), serial("O'Neil 100%"), later(2*time.Hour), func(r *report.Report) { r.Test.BatchSerialNumber = "B1" }))
	submit(t, s, test(4, part("PCBA-2"), process(50, ""), later(3*time.Hour), func(r *report.Report) { r.Result = report.Error; r.Test.ErrorCode = report.Some(-5) }))
	submit(t, s, test(5, part("Box"), later(4*time.Hour), func(r *report.Report) { r.Test.ExecTime = report.Number{} }))
	submit(t, s, repair(6, "Component", "Solder Defect", later(5*time.Hour), func(r *report.Report) { r.Repair.TestReport = id(1) }))
	return s
}

func TestHeaderQueries(t *testing.T) {
	s := fillForQueries(t)
	for _, c := range []struct {
		name string
		q    store.HeaderQuery
		want []int
	}{
		{"newest first unless told", store.HeaderQuery{}, []int{6, 5, 4, 3, 2, 1}},
		{"tests only", store.HeaderQuery{Type: wats.UUT}, []int{5, 4, 3, 2, 1}},
		{"repairs only", store.HeaderQuery{Type: wats.UUR}, []int{6}},
		{"top and skip", store.HeaderQuery{Top: 2, Skip: 1}, []int{5, 4}},
		{"skip alone", store.HeaderQuery{Skip: 4}, []int{2, 1}},
		{"skip beyond the end", store.HeaderQuery{Skip: 10}, nil},
		{"ties go by start, in the direction asked for last", store.HeaderQuery{Type: wats.UUT, OrderBy: "partNumber"}, []int{5, 1, 2, 3, 4}},
		{"ties the other way", store.HeaderQuery{Type: wats.UUT, OrderBy: "partNumber desc"}, []int{4, 3, 2, 1, 5}},
		{"a missing value comes first", store.HeaderQuery{Type: wats.UUT, OrderBy: "executionTime"}, []int{5, 1, 2, 3, 4}},
		{"by start, upwards", store.HeaderQuery{OrderBy: "startUtc asc"}, []int{1, 2, 3, 4, 5, 6}},
		{"serial number with a quote", store.HeaderQuery{Filter: "serialNumber eq 'O''Neil 100%'"}, []int{3}},
		{"text matches with regard to case", store.HeaderQuery{Filter: "stationName eq 'ict-1'"}, []int{2}},
		{"a sign in a text is only a sign", store.HeaderQuery{Filter: "contains(serialNumber, '0%')"}, []int{3}},
		{"and no pattern", store.HeaderQuery{Filter: "contains(serialNumber, 'S%1')"}, nil},
		{"period", store.HeaderQuery{Filter: "start ge 2026-11-23T13:00:00Z and start lt 2026-11-23T16:00:00+01:00"}, []int{3, 2}},
		{"result by letter", store.HeaderQuery{Filter: "result eq 'e'"}, []int{4}},
		{"result by word", store.HeaderQuery{Filter: "result in ('Failed','Error')"}, []int{4, 1}},
		{"ID", store.HeaderQuery{Filter: "uuid eq " + id(4).String()}, []int{4}},
		{"other name of the ID", store.HeaderQuery{Filter: "id eq '" + strings.ToUpper(id(4).String()) + "'"}, []int{4}},
		{"zero is a value", store.HeaderQuery{Filter: "testSocketIndex eq 0"}, []int{2}},
		{"negative error code", store.HeaderQuery{Filter: "errorCode lt 0"}, []int{4}},
		{"run", store.HeaderQuery{Filter: "run eq 2"}, []int{2}},
		{"passed in a later run", store.HeaderQuery{Filter: "passedInRun gt 1"}, []int{2, 1}},
		{"never passed", store.HeaderQuery{Type: wats.UUT, Filter: "passedInRun eq null"}, []int{4}},
		{"process by name", store.HeaderQuery{Filter: "processName eq 'PCBA test' or testOperation eq 'Repair'"}, []int{6, 4}},
		{"repair of a test", store.HeaderQuery{Filter: "referencedUut eq " + id(1).String()}, []int{6}},
		{"report type", store.HeaderQuery{Filter: "reportType eq 'R'"}, []int{6}},
		{"cause of the failure", store.HeaderQuery{Filter: "causedUutFailure eq '3V3'"}, []int{1}},
		{"no batch", store.HeaderQuery{Type: wats.UUT, Filter: "batchNumber ne null"}, []int{3}},
		{"size", store.HeaderQuery{Filter: "reportSize gt 100"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []int
			for _, h := range headers(t, s, c.q) {
				got = append(got, number(h.ID))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("Headers(%+v): %v, want %v", c.q, got, c.want)
			}
			if c.q.Top > 0 || c.q.Skip > 0 {
				return
			}
			if n, err := s.CountHeaders(t.Context(), c.q); err != nil || n != len(c.want) {
				t.Errorf("CountHeaders(%+v): %d, %v; want %d", c.q, n, err, len(c.want))
			}
		})
	}
}

func TestEveryMemberOfAHeaderCanBeFilteredAndSorted(t *testing.T) {
	s := fillForQueries(t)
	for _, member := range []string{
		"uuid", "id", "reportType", "serialNumber", "partNumber", "revision", "batchNumber", "stationName", "location", "purpose", "processCode",
		"processName", "testOperation", "result", "startUtc", "start", "operator", "comment", "swFilename", "swVersion", "fixtureId", "executionTime",
		"testSocketIndex", "errorCode", "errorMessage", "run", "passedInRun", "receiveCount", "reportSize", "causedUutFailure",
		"causedUutFailurePath", "referencedUut",
	} {
		equal := len(headers(t, s, store.HeaderQuery{Filter: member + " eq null", OrderBy: member}))
		other := len(headers(t, s, store.HeaderQuery{Filter: member + " ne null", OrderBy: member + " desc"}))
		if equal+other != 6 {
			t.Errorf("%s: %d are null and %d are not, of 6", member, equal, other)
		}
	}
}

func TestBadHeaderQuery(t *testing.T) {
	s := openStore(t)
	for _, c := range []struct {
		name   string
		q      store.HeaderQuery
		option string
		reason string
	}{
		{"unknown member", store.HeaderQuery{Filter: "serial eq 'x'"}, "$filter", `character 1: there is no member "serial"`},
		{"word that is no result", store.HeaderQuery{Filter: "result eq 'Done'"}, "$filter", "Passed (or P), Failed (F), Error (E) and Terminated (T)"},
		{"unknown order", store.HeaderQuery{OrderBy: "start upwards"}, "$orderby", "character 7"},
		{"negative top", store.HeaderQuery{Top: -1}, "$top", "-1 is negative"},
		{"negative skip", store.HeaderQuery{Skip: -1}, "$skip", "-1 is negative"},
		{"unknown type", store.HeaderQuery{Type: "X"}, "reportType", `"X" is neither U nor R`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for h, err := range s.Headers(t.Context(), c.q) {
				var bad *store.QueryError
				if !errors.As(err, &bad) || bad.Option != c.option || !strings.Contains(bad.Reason, c.reason) {
					t.Errorf("Headers: %v, %v; want a QueryError of %s with %q", h, err, c.option, c.reason)
				}
			}
		})
	}
}

func TestPagesHaveNoGaps(t *testing.T) {
	s := openStore(t)
	const total, page = 10_000, 700
	submitAll(t, s, total, func(n int) *report.Report {
		return test(n, serial(id(n).String()), later(time.Duration(n/7)*time.Minute), func(r *report.Report) { r.Test.Root.Steps = nil })
	})
	var seen []int
	for skip := 0; ; skip += page {
		got := headers(t, s, store.HeaderQuery{Top: page, Skip: skip})
		for _, h := range got {
			seen = append(seen, number(h.ID))
		}
		if len(got) < page {
			break
		}
	}
	if len(seen) != total {
		t.Fatalf("%d headers in all pages, want %d", len(seen), total)
	}
	for i, n := range seen {
		if n != total-1-i {
			t.Fatalf("header %d of the pages is report %d, want %d", i, n, total-1-i)
		}
	}
}

func TestHeadersCanBeLeftEarlyAndNested(t *testing.T) {
	s := fillForQueries(t)
	for range 100 { // more often than there are connections
		for h, err := range s.Headers(t.Context(), store.HeaderQuery{}) {
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Report(t.Context(), h.ID); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
}

func TestUnitHistory(t *testing.T) {
	s := openStore(t)
	submit(t, s, test(1, failed))
	submit(t, s, test(2))
	submit(t, s, repair(3, "Component", "Solder Defect", later(time.Hour)))
	submit(t, s, test(4, part("PCBA-2"), later(-time.Hour)))
	submit(t, s, test(5, serial("SN2")))
	type entry struct {
		n          int
		superseded bool
	}
	for partNumber, want := range map[string][]entry{
		"PCBA-1": {{1, true}, {2, false}, {3, false}},
		"":       {{4, false}, {1, true}, {2, false}, {3, false}},
		"none":   nil,
	} {
		history, err := s.UnitHistory(t.Context(), "SN1", partNumber)
		if err != nil {
			t.Fatal(err)
		}
		var got []entry
		for _, h := range history {
			got = append(got, entry{number(h.ID), h.Superseded})
		}
		if !slices.Equal(got, want) {
			t.Errorf("UnitHistory(SN1, %q): %v, want %v", partNumber, got, want)
		}
	}
}

func TestUsersAndTokens(t *testing.T) {
	s, ctx := openStore(t), t.Context()
	ola := store.User{Name: "Ola", PasswordHash: "hash", Role: "admin", CreatedAt: noon}
	if err := s.CreateUser(ctx, ola); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateUser(ctx, store.User{Name: "OLA"}); !errors.Is(err, store.ErrExists) {
		t.Errorf("CreateUser of a name that is taken: %v, want ErrExists", err)
	}
	got, err := s.User(ctx, "oLA")
	ola.ID, ola.Number = got.ID, 1
	if err != nil || got.ID.IsZero() || !cmp.Equal(got, ola) {
		t.Errorf("User: %+v, %v; want %+v with an ID", got, err, ola)
	}
	if _, err := s.User(ctx, "kari"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("User that is not there: %v, want ErrNotFound", err)
	}
	if n, err := s.CountUsers(ctx); err != nil || n != 1 {
		t.Errorf("CountUsers: %d, %v; want 1", n, err)
	}
	token := store.Token{Hash: [32]byte{1}, User: "OLA", Name: "line 4", CreatedAt: noon}
	if err := s.CreateToken(ctx, token); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateToken(ctx, token); !errors.Is(err, store.ErrExists) {
		t.Errorf("CreateToken of a hash that is there: %v, want ErrExists", err)
	}
	if err := s.CreateToken(ctx, store.Token{Hash: [32]byte{2}, User: "kari"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("CreateToken for nobody: %v, want ErrNotFound", err)
	}
	if got, _, err := s.UserByToken(ctx, token.Hash); err != nil || got.Name != "Ola" {
		t.Errorf("UserByToken: %+v, %v; want Ola", got, err)
	}
	if _, _, err := s.UserByToken(ctx, [32]byte{3}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("UserByToken of an unknown token: %v, want ErrNotFound", err)
	}
}

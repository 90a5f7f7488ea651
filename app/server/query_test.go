package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
)

// header is what the tests look at in a row of the answer.
type header struct {
	UUID, SerialNumber, PartNumber, ReportType, Result string
	ProcessCode                                        int
	StartUTC                                           time.Time
}

func (b *bench) headers(t testing.TB, options url.Values) []header {
	t.Helper()
	got := b.get(t, "/api/Report/Query/Header?"+options.Encode())
	var rows []header
	if err := json.Unmarshal(got.body, &rows); err != nil || got.status != http.StatusOK || rows == nil {
		t.Fatalf("headers %v: got %d %.300s (%v), want an array", options, got.status, got.body, err)
	}
	return rows
}

// fill submits n tests: serial numbers SN-00000 and up, a second apart, alternating over parts, processes and results.
func (b *bench) fill(t testing.TB, n int, first time.Time) {
	t.Helper()
	var wg sync.WaitGroup
	next := make(chan int)
	for range 64 {
		wg.Go(func() {
			for i := range next {
				start := first.Add(time.Duration(i) * time.Second).Format(time.RFC3339Nano)
				b.mustSubmit(t, document(t, with(uut(), object{
					"sn": fmt.Sprintf("SN-%05d", i), "pn": "PCB-" + strconv.Itoa(i%5), "processCode": []int{100, 50}[i%2],
					"result": []string{"P", "P", "P", "F"}[i%4], "start": start, "startUTC": start,
				})))
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

func TestHeaders(t *testing.T) {
	const n = 10_000
	b := startServer(t, server.Options{})
	first := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b.fill(t, n, first)
	b.mustSubmit(t, document(t, uur()))

	for _, tc := range []struct {
		name, filter string
		want         int
	}{
		{"no filter", "", n},
		{"serial number", "serialNumber eq 'SN-00042'", 1},
		{"serial number that is not there", "serialNumber eq 'SN'", 0},
		{"a quote in the text", "serialNumber eq 'O''Neill'", 0},
		{"part", "partNumber eq 'PCB-3'", n / 5},
		{"process", "processCode eq 50", n / 2},
		{"result as word", "result eq 'Failed'", n / 4},
		{"result as letter", "result eq 'f'", n / 4},
		{"date", "start ge 2026-03-01T12:01:00Z and start lt 2026-03-01T12:02:00Z", 60},
		{"date without zone", "start ge 2026-03-01T12:01:00 and start lt 2026-03-01T12:02:00", 60},
		{"several", "partNumber eq 'PCB-1' and result eq 'P' and contains(serialNumber, '0001')", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			options := url.Values{"reportType": {"U"}}
			if tc.filter != "" {
				options.Set("$filter", tc.filter)
			}
			if got := b.headers(t, options); len(got) != tc.want {
				t.Errorf("%d headers, want %d", len(got), tc.want)
			}
		})
	}
	t.Run("pages hold every report once", func(t *testing.T) {
		seen := map[string]bool{}
		for skip := 0; ; skip += 999 {
			page := b.headers(t, url.Values{"$top": {"999"}, "$skip": {strconv.Itoa(skip)}})
			for _, h := range page {
				if seen[h.UUID] {
					t.Fatalf("report %s is on two pages", h.UUID)
				}
				seen[h.UUID] = true
			}
			if len(page) < 999 {
				break
			}
		}
		if len(seen) != n {
			t.Errorf("%d reports on all pages, want %d", len(seen), n)
		}
	})
	t.Run("newest first by default", func(t *testing.T) {
		if got := b.headers(t, url.Values{"$top": {"2"}}); len(got) != 2 || got[0].SerialNumber != "SN-09999" || got[1].SerialNumber != "SN-09998" {
			t.Errorf("got %v, want SN-09999 and SN-09998", got)
		}
	})
	t.Run("another order, and names in any form", func(t *testing.T) {
		for _, names := range [][3]string{{"$orderby", "$top", "$skip"}, {"OrderBy", "Top", "Skip"}, {"$ORDERBY", "$Top", "$skip"}} {
			got := b.headers(t, url.Values{names[0]: {"serialNumber asc"}, names[1]: {"1"}, names[2]: {"7"}})
			if len(got) != 1 || got[0].SerialNumber != "SN-00007" {
				t.Errorf("%v: got %v, want SN-00007", names, got)
			}
		}
	})
	t.Run("$top=0 is no row", func(t *testing.T) {
		if got := b.headers(t, url.Values{"$top": {"0"}}); len(got) != 0 {
			t.Errorf("%d headers, want 0", len(got))
		}
	})
	t.Run("repairs by their letter", func(t *testing.T) {
		if got := b.headers(t, url.Values{"reportType": {"R"}}); len(got) != 1 || got[0].ReportType != "R" {
			t.Errorf("got %v, want one repair", got)
		}
	})
	t.Run("a row has the members of the wire", func(t *testing.T) {
		got := b.headers(t, url.Values{"$filter": {"serialNumber eq 'SN-00003'"}})
		if len(got) != 1 || got[0].ReportType != "T" || got[0].Result != "Failed" || got[0].ProcessCode != 50 ||
			got[0].PartNumber != "PCB-3" || !got[0].StartUTC.Equal(first.Add(3*time.Second)) || got[0].UUID == "" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("an answer that breaks off cannot be taken for a whole one", func(t *testing.T) { checkBrokenStream(t, b) })
}

// brokenWriter ends the request's context as soon as the first bytes are sent.
type brokenWriter struct {
	http.ResponseWriter
	end context.CancelFunc
}

func (w *brokenWriter) Write(p []byte) (int, error) {
	defer w.end()
	return w.ResponseWriter.Write(p)
}

func checkBrokenStream(t *testing.T, b *bench) {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		b.handler.ServeHTTP(&brokenWriter{w, cancel}, r.WithContext(ctx))
	}))
	defer web.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL+"/api/Report/Query/Header", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+b.tokens[auth.Read])
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		if errors.Is(err, io.EOF) {
			return // cut before the status line got out
		}
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("read the answer: got %d bytes and no error, want a broken connection", len(body))
	}
}

func TestHeadersRefuse(t *testing.T) {
	b := startServer(t, server.Options{})
	for query, want := range map[string]string{
		"$top=-1":                  "$top range",
		"$top=many":                "$top range",
		"$skip=1.5":                "$skip range",
		"$top=1&%24top=2":          "$top unique",
		"reportType=X":             "reportType enum",
		"$expand=steps":            "$expand enum",
		"$select=colour":           "$select enum",
		"$count=true":              "$count unsupported",
		"$filter=serialNumber+eq":  "$filter query",
		"$filter=nonsense+eq+1":    "$filter query",
		"$filter=result+eq+'Good'": "$filter query",
		"$orderby=nonsense":        "$orderby query",
		"$orderby=start+upwards":   "$orderby query",
		"$filter=%zz":              "$filter syntax",
	} {
		t.Run(query, func(t *testing.T) {
			got := b.get(t, "/api/Report/Query/Header?"+query)
			checkStatus(t, got, http.StatusBadRequest)
			if found := got.errors(t); len(found) != 1 || found[0] != want {
				t.Errorf("got %q, want %q", found, want)
			}
		})
	}
}

func TestNoHeadersIsAnArray(t *testing.T) {
	b := startServer(t, server.Options{})
	if got := b.get(t, "/api/Report/Query/Header?reportType=U"); string(got.body) != "[]" {
		t.Errorf("got %s, want []", got.body)
	}
}

func TestProcesses(t *testing.T) {
	b := startServer(t, server.Options{})
	kinds := func(query string) []string {
		t.Helper()
		got := b.get(t, "/api/App/Processes"+query)
		var rows []struct {
			Code                                               int
			Name                                               string
			IsTestOperation, IsRepairOperation, IsWipOperation bool
		}
		if err := json.Unmarshal(got.body, &rows); err != nil || rows == nil {
			t.Fatalf("processes%s: got %d %s (%v), want an array", query, got.status, got.body, err)
		}
		found := map[string]bool{}
		for _, row := range rows {
			found["test"] = found["test"] || row.IsTestOperation
			found["repair"] = found["repair"] || row.IsRepairOperation
			found["wip"] = found["wip"] || row.IsWipOperation
		}
		maps.DeleteFunc(found, func(_ string, there bool) bool { return !there })
		return slices.Sorted(maps.Keys(found))
	}
	for query, want := range map[string][]string{
		"":                               {"repair", "test"},
		"?includeTestOperations=true":    {"test"},
		"?IncludeRepairOperations=True":  {"repair"},
		"?includeRepairOperations=false": {"test"},
		"?includeWipOperations=true":     nil,
		"?includeTestOperations=true&includeRepairOperations=true&includeInactiveProcesses=true": {"repair", "test"},
	} {
		if got := kinds(query); !slices.Equal(got, want) {
			t.Errorf("processes%s: got %v, want %v", query, got, want)
		}
	}
	checkStatus(t, b.get(t, "/api/App/Processes?includeTestOperations=maybe"), http.StatusBadRequest)
}

func TestDynamicYield(t *testing.T) {
	b := startServer(t, server.Options{})
	first := time.Now().Add(-2 * time.Hour).UTC().Truncate(time.Second)
	b.fill(t, 100, first)
	ask := func(t *testing.T, query, body string) []object {
		t.Helper()
		got := b.do(t, auth.Read, http.MethodPost, "/api/App/DynamicYield"+query, strings.NewReader(body))
		var rows []object
		if err := json.Unmarshal(got.body, &rows); err != nil || got.status != http.StatusOK || rows == nil {
			t.Fatalf("yield %s %s: got %d %s (%v), want rows", query, body, got.status, got.body, err)
		}
		return rows
	}
	for _, tc := range []struct {
		name, query, body string
		rows, units, good int // good: passed at first
	}{
		{"everything", "", "{}", 1, 100, 75},
		{"no body at all", "", "", 1, 100, 75},
		{"empty members are no restriction", "", `{"partNumber":"","revision":null,"run":null}`, 1, 100, 75},
		{"a part", "", `{"partNumber":"PCB-0"}`, 1, 20, 15},
		{"members in any case", "", `{"PartNumber":"PCB-0"}`, 1, 20, 15},
		{"parts", "?dimensions=partNumber", "{}", 5, 100, 75},
		{"semicolons need no escape", "?dimensions=partNumber;processCode", "{}", 10, 100, 75},
		{"dimensions in the body", "", `{"dimensions":"partNumber"}`, 5, 100, 75},
		{"dimensions of the query count", "?dimensions=partNumber", `{"dimensions":"processCode"}`, 5, 100, 75},
		{"from a time without zone", "", `{"dateFrom":"` + first.Add(50*time.Second).Format("2006-01-02T15:04:05") + `"}`, 1, 50, 37},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rows := ask(t, tc.query, tc.body)
			units, good := 0.0, 0.0
			for _, row := range rows {
				units += row["unitCount"].(float64)
				good += row["fpCount"].(float64)
			}
			if len(rows) != tc.rows || units != float64(tc.units) || good != float64(tc.good) {
				t.Errorf("got %d rows, %v units, %v good at first; want %d, %d, %d", len(rows), units, good, tc.rows, tc.units, tc.good)
			}
		})
	}
	t.Run("nothing matches", func(t *testing.T) {
		for _, row := range ask(t, "", `{"partNumber":"nothing"}`) {
			if row["unitCount"] != 0.0 {
				t.Errorf("got %v, want no units", row)
			}
		}
	})
	for body, want := range map[string][]string{
		`[]`:                               {"$ syntax"},
		`{"partNumber":`:                   {"$ syntax"},
		`{"partNumber":5}`:                 {"$.partNumber type"},
		`{"dateFrom":"soon"}`:              {"$.dateFrom type"},
		`{"dateGrouping":6}`:               {"$.dateGrouping range"},
		`{"periodCount":-1}`:               {"$.periodCount range"},
		`{"run":1,"level":"x","dateTo":7}`: {"$.dateTo type", "$.level unsupported", "$.run unsupported"},
		`{"dimensions":"nonsense"}`:        {"dimensions query"},
	} {
		t.Run("refuses "+body, func(t *testing.T) {
			got := b.do(t, auth.Read, http.MethodPost, "/api/App/DynamicYield", strings.NewReader(body))
			checkStatus(t, got, http.StatusBadRequest)
			if found := got.errors(t); !slices.Equal(found, want) {
				t.Errorf("got %q, want %q", found, want)
			}
		})
	}
}

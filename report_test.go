package wats_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func TestSubmitSendsTheReportAsWSJF(t *testing.T) {
	r := testReport("SN-1")
	var got requestLog
	client := serve(t, func(w http.ResponseWriter, req *http.Request) {
		got.add(req)
		answer(200, fmt.Sprintf(`[{"ID":%q}]`, r.ID))(w, req)
	})
	rc, err := client.Report.Submit(t.Context(), r)
	if err != nil || rc.ID != r.ID {
		t.Fatalf("Submit = %v, %v, want ID %s", rc, err, r.ID)
	}
	req := got.all[0]
	if req.Method != http.MethodPost || req.URL.Path != "/api/Report/WSJF" || req.ContentLength != int64(len(got.bodies[0])) {
		t.Errorf("request = %s %s of %d bytes", req.Method, req.URL.Path, req.ContentLength)
	}
	if want := string(r.AppendWSJF(nil, report.WSJFOptions{})); got.bodies[0] != want {
		t.Errorf("body =\n %s, want\n %s", got.bodies[0], want)
	}
}

func TestSubmitReadsEveryFormOfAcknowledgement(t *testing.T) {
	id := report.DeriveID([]byte("SN-1"))
	other := report.NewID()
	for name, c := range map[string]struct {
		answer string
		wantOK bool
	}{
		"array of one object":       {`[{"ID":"` + id.String() + `"}]`, true},
		"object with id":            {`{"id":"` + id.String() + `"}`, true},
		"object with uuid":          {`{"uuid":"` + id.String() + `"}`, true},
		"bare text":                 {`"` + id.String() + `"`, true},
		"array of one text":         {`["` + id.String() + `"]`, true},
		"capitals and braces":       {`[{"ID":"{` + strings.ToUpper(id.String()) + `}"}]`, true},
		"nothing":                   {"", true},
		"null":                      {"null", true},
		"empty array":               {"[ ]", true},
		"object that names none":    {`[{"state":"stored"}]`, true},
		"another report":            {`[{"ID":"` + other.String() + `"}]`, false},
		"two reports":               {`[{"ID":"` + id.String() + `"},{"ID":"` + other.String() + `"}]`, false},
		"no identifier":             {`"stored"`, false},
		"a sign-in page":            {"<html>sign in</html>", false},
		"JSON that breaks off":      {`[{"ID":"`, false},
		"a number where text is to": {`5`, false},
	} {
		t.Run(name, func(t *testing.T) {
			rc, err := serve(t, answer(200, c.answer)).Report.Submit(t.Context(), testReport("SN-1"))
			if (err == nil) != c.wantOK || rc.ID != id {
				t.Errorf("Submit = %v, %v, want success %v and ID %s", rc, err, c.wantOK, id)
			}
			if e, ok := errors.AsType[*wats.APIError](err); !c.wantOK && (!ok || e.Status != 200) {
				t.Errorf("err = %v, want an APIError of status 200", err)
			}
		})
	}
}

func TestSubmitFillsBlanksOfACopy(t *testing.T) {
	var got requestLog
	client := serve(t, func(_ http.ResponseWriter, r *http.Request) { got.add(r) }, wats.WithStation("FCT-01", "Bergen", "Debug"))

	r := testReport("SN-1")
	r.ID, r.Station, r.Location = report.ID{}, " ", ""
	rc, err := client.Report.Submit(t.Context(), r)
	if err != nil || rc.ID.IsZero() {
		t.Fatalf("Submit = %v, %v, want a new ID", rc, err)
	}
	if !r.ID.IsZero() || r.Station != " " || r.Location != "" {
		t.Errorf("Submit changed the caller's report: %s %q %q", r.ID, r.Station, r.Location)
	}
	sent, _, err := report.DecodeWSJF([]byte(got.bodies[0]))
	if err != nil {
		t.Fatal(err)
	}
	if sent.ID != rc.ID || sent.Station != "FCT-01" || sent.Location != "Bergen" || sent.Purpose != "Production" {
		t.Errorf("sent %s %q %q %q, want %s and blanks filled only", sent.ID, sent.Station, sent.Location, sent.Purpose, rc.ID)
	}
}

func TestSubmitTellsTheIDItTriedEvenWhenItFails(t *testing.T) {
	r := testReport("SN-1")
	r.ID = report.ID{}
	rc, err := serve(t, answer(500, ""), fast).Report.Submit(t.Context(), r)
	if !errors.Is(err, wats.ErrServer) || rc.ID.IsZero() || !strings.Contains(err.Error(), rc.ID.String()) {
		t.Errorf("Submit = %v, %v, want ErrServer that names the ID in the receipt", rc, err)
	}
}

func TestSubmitRefusesWhatAServerWould(t *testing.T) {
	client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	r := testReport("")
	_, err := client.Report.Submit(t.Context(), r)
	invalid, ok := errors.AsType[*report.InvalidError](err)
	if !ok || !errors.Is(err, wats.ErrInvalid) || len(invalid.Violations) == 0 || invalid.Violations[0].Path != "$.sn" {
		t.Errorf("Submit without serial number = %v, want ErrInvalid about $.sn", err)
	}
	if _, err := client.Report.Submit(t.Context(), nil); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("Submit of nil = %v, want ErrInvalid", err)
	}
	if _, err := client.Report.SubmitWSJF(t.Context(), report.ID{}, []byte("{}")); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("SubmitWSJF without ID = %v, want ErrInvalid", err)
	}
}

func TestGet(t *testing.T) {
	r := testReport("SN-1")
	document := string(r.AppendWSJF(nil, report.WSJFOptions{}))
	for name, c := range map[string]struct {
		status int
		body   string
		want   error // nil: the report
	}{
		"a report":             {200, document, nil},
		"no such report":       {404, `{"Message":"no such report"}`, wats.ErrNotFound},
		"nothing":              {200, "", wats.ErrNotFound},
		"null":                 {200, "null", wats.ErrNotFound},
		"an empty object":      {200, " {} ", wats.ErrNotFound},
		"no content":           {204, "", wats.ErrNotFound},
		"a document cut short": {200, document[:len(document)/2], new(wats.APIError)},
	} {
		t.Run(name, func(t *testing.T) {
			var got requestLog
			client := serve(t, func(w http.ResponseWriter, req *http.Request) { got.add(req); answer(c.status, c.body)(w, req) })
			back, err := client.Report.Get(t.Context(), r.ID)
			if want := "/api/Report/Wsjf/" + r.ID.String(); got.all[0].URL.Path != want {
				t.Errorf("path = %s, want %s", got.all[0].URL.Path, want)
			}
			switch e, isAPI := errors.AsType[*wats.APIError](err); {
			case c.want == nil:
				if err != nil || string(back.AppendWSJF(nil, report.WSJFOptions{})) != document {
					t.Errorf("Get = %v, %v, want the report as it was", back, err)
				}
			case !isAPI || e.Status != c.status || back != nil:
				t.Errorf("Get = %v, %v, want an APIError of status %d", back, err, c.status)
			case c.want == wats.ErrNotFound && !errors.Is(err, wats.ErrNotFound):
				t.Errorf("Get = %v, want ErrNotFound", err)
			}
		})
	}
	client := serve(t, answer(200, document))
	if _, err := client.Report.Get(t.Context(), report.ID{}); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("Get of the zero ID = %v, want ErrInvalid", err)
	}
}

// rows serves a list of so many headers by $top and $skip. It gives at most limit rows a page.
func rows(total, limit int, got *requestLog) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		got.add(r)
		top, _ := strconv.Atoi(r.URL.Query().Get("$top"))
		skip, _ := strconv.Atoi(r.URL.Query().Get("$skip"))
		var page []string
		for i := skip; i < min(skip+min(top, limit), total); i++ {
			page = append(page, header(i))
		}
		_, _ = io.WriteString(w, "["+strings.Join(page, ",")+"]")
	}
}

func TestHeadersPages(t *testing.T) {
	for name, c := range map[string]struct {
		total, limit, top, stopAfter int
		want, requests               int
	}{
		"all of 10,000 rows":                      {10_000, 1000, 0, 0, 10_000, 11},
		"a page that is not full":                 {2500, 1000, 0, 0, 2500, 4},
		"none":                                    {0, 1000, 0, 0, 0, 1},
		"Top within the first page":               {10_000, 1000, 10, 0, 10, 1},
		"Top at the end of a page":                {10_000, 1000, 2000, 0, 2000, 2},
		"Top beyond a page":                       {10_000, 1000, 2001, 0, 2001, 3},
		"Top above what there is":                 {30, 1000, 100, 0, 30, 2},
		"a server that gives 100 at a time":       {950, 100, 0, 0, 950, 11},
		"break in the first page asks no more":    {10_000, 1000, 0, 5, 5, 1},
		"break at the end of a page asks no more": {10_000, 1000, 0, 2000, 2000, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var got requestLog
			list := serve(t, rows(c.total, c.limit, &got)).Report.Headers(t.Context(), wats.HeaderQuery{Top: c.top})
			for round := range 2 { // a list can be ranged over again
				n := 0
				for h, err := range list {
					if err != nil {
						t.Fatal(err)
					}
					if want := fmt.Sprintf("SN-%05d", n); h.SerialNumber != want {
						t.Fatalf("row %d = %s, want %s", n, h.SerialNumber, want)
					}
					n++
					if n == c.stopAfter {
						break
					}
				}
				if n != c.want || got.len() != c.requests*(round+1) {
					t.Errorf("round %d: %d rows, %d requests in all, want %d and %d", round+1, n, got.len(), c.want, c.requests*(round+1))
				}
			}
		})
	}
}

func TestHeadersHoldOnePageAtATime(t *testing.T) {
	const total = 20_000
	client := serve(t, rows(total, 1000, new(requestLog)))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := 0
	for _, err := range client.Report.Headers(t.Context(), wats.HeaderQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == total-1 {
			runtime.GC()
			runtime.ReadMemStats(&after)
		}
	}
	// A header takes about 500 bytes: all of them 10 MB, a page half a megabyte, its text less.
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("heap grew by %d KiB", grown>>10)
	if grown > 3<<20 {
		t.Errorf("heap grew by %d KiB over %d rows, want what two pages take", grown>>10, n)
	}
}

func TestHeadersAsk(t *testing.T) {
	var got requestLog
	client := serve(t, rows(0, 0, &got))
	for _, q := range []wats.HeaderQuery{
		{},
		{Type: wats.UUR, SerialNumber: "A&B", OrderBy: "serialNumber asc", Top: 5},
	} {
		for range client.Report.Headers(t.Context(), q) {
			t.Error("a row of an empty list")
		}
	}
	for i, want := range []string{
		"%24orderby=start+desc&%24top=1000&reportType=U",
		"%24filter=serialNumber+eq+%27A%26B%27&%24orderby=serialNumber+asc&%24top=5&reportType=R",
	} {
		if r := got.all[i]; r.URL.Path != "/api/Report/Query/Header" || r.URL.RawQuery != want {
			t.Errorf("request %d = %s?%s, want query %s", i, r.URL.Path, r.URL.RawQuery, want)
		}
	}
}

func TestHeadersStopAtTheFirstError(t *testing.T) {
	page := "[" + header(0) + "," + header(1)
	for name, c := range map[string]struct {
		pages []http.HandlerFunc // the last one repeats
		rows  int
		want  string
	}{
		"refused":                        {[]http.HandlerFunc{answer(403, `{"Message":"no"}`)}, 0, "403 Forbidden"},
		"second page refused":            {[]http.HandlerFunc{answer(200, page+"]"), answer(500, "")}, 2, "500 Internal"},
		"damaged after two rows":         {[]http.HandlerFunc{answer(200, page+",{]")}, 2, "element 2"},
		"page cut short":                 {[]http.HandlerFunc{answer(200, page)}, 2, "end of the array"},
		"text after the array":           {[]http.HandlerFunc{answer(200, page+"]x")}, 2, "after the array"},
		"an object instead":              {[]http.HandlerFunc{answer(200, `{"value":[]}`)}, 0, "want a JSON array"},
		"a start that is no time":        {[]http.HandlerFunc{answer(200, `[{"startUtc":"soon"}]`)}, 0, "startUtc"},
		"a server that ignores $skip":    {[]http.HandlerFunc{answer(200, page+"]")}, 2, "does not know $skip"},
		"a sign-in page of a proxy, 200": {[]http.HandlerFunc{answer(200, "<html>")}, 0, "sign-in page"},
	} {
		t.Run(name, func(t *testing.T) {
			var got requestLog
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				c.pages[min(got.add(r), len(c.pages))-1](w, r)
			}, once)
			n, failures := 0, 0
			for h, err := range client.Report.Headers(t.Context(), wats.HeaderQuery{}) {
				switch {
				case err == nil && failures == 0:
					n++
				case err == nil || h != nil:
					t.Errorf("a row came with or after an error: %v, %v", h, err)
				default:
					failures++
					if !strings.Contains(err.Error(), c.want) {
						t.Errorf("err = %v, want it to say %q", err, c.want)
					}
				}
			}
			if n != c.rows || failures != 1 {
				t.Errorf("%d rows and %d errors, want %d and 1", n, failures, c.rows)
			}
		})
	}
}

func TestHeadersTakeTheWholeListFromAServerThatDoesNotPage(t *testing.T) {
	var got requestLog
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.add(r)
		var all []string
		for i := range 1500 {
			all = append(all, header(i))
		}
		_, _ = io.WriteString(w, "["+strings.Join(all, ",")+"]")
	})
	for top, want := range map[int]int{0: 1500, 20: 20} {
		n := 0
		for _, err := range client.Report.Headers(t.Context(), wats.HeaderQuery{Top: top}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != want {
			t.Errorf("Top %d gave %d rows, want %d", top, n, want)
		}
	}
	if got.len() != 2 {
		t.Errorf("%d requests, want one for each list", got.len())
	}
}

func TestHeadersEndWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range serve(t, rows(5000, 1000, new(requestLog))).Report.Headers(ctx, wats.HeaderQuery{}) {
		if err != nil {
			if !errors.Is(err, context.Canceled) || n != 1500 {
				t.Errorf("err = %v after %d rows, want context.Canceled after 1500", err, n)
			}
			return
		}
		if n++; n == 1500 {
			cancel()
		}
	}
	t.Error("the list ended without an error")
}

func TestHeadersRefuse(t *testing.T) {
	client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	for name, q := range map[string]wats.HeaderQuery{
		"a type that is none": {Type: "T"},
		"a negative Top":      {Top: -1},
	} {
		for _, err := range client.Report.Headers(t.Context(), q) {
			if !errors.Is(err, wats.ErrInvalid) {
				t.Errorf("%s: %v, want ErrInvalid", name, err)
			}
		}
	}
}

func TestHeaderIsReadAsServersWriteIt(t *testing.T) {
	const body = `[{"uuid":"6F9619FF-8B86-D011-B42D-00C04FC964FF","reportType":"R","result":"f","processCode":null,"startUtc":"2026-11-23T13:05:06.1234567",
		"executionTime":0,"run":null,"referencedUut":null,"subUnits":[],"newMember":{}},{"startUtc":"2026-11-23T14:05:06+01:00","result":"odd"},{"startUtc":null}]`
	var got []*wats.ReportHeader
	for h, err := range serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("$skip") {
			return
		}
		answer(200, body)(w, r)
	}).Report.Headers(t.Context(), wats.HeaderQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, h)
	}
	if len(got) != 3 {
		t.Fatalf("%d rows, want 3", len(got))
	}
	first := got[0]
	if first.ID.String() != "6f9619ff-8b86-d011-b42d-00c04fc964ff" || first.Result != report.Failed || !first.ExecutionTime.Present || first.Run.Present {
		t.Errorf("first header = %+v", first)
	}
	for i, want := range []time.Time{time.Date(2026, 11, 23, 13, 5, 6, 123456700, time.UTC), time.Date(2026, 11, 23, 13, 5, 6, 0, time.UTC), {}} {
		if start := got[i].StartUTC; start != want {
			t.Errorf("start of row %d = %v, want %v", i, start, want)
		}
	}
	if got[1].Result != report.Unknown {
		t.Errorf("result %q, want Unknown", got[1].Result)
	}
}

func TestNoGoroutineOutlivesItsCall(t *testing.T) {
	before := runtime.NumGoroutine()
	func() {
		server := httptest.NewServer(rows(5000, 1000, new(requestLog)))
		defer server.Close()
		client, err := wats.NewClient(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		for range client.Report.Headers(t.Context(), wats.HeaderQuery{}) {
			break
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _ = client.Version(ctx)
	}()
	noGoroutineLeft(t, before)
}

func TestSubmitRealReports(t *testing.T) {
	folder := os.Getenv("GOWATS_SAMPLES")
	if folder == "" {
		t.Skip("GOWATS_SAMPLES is not set: no real reports to submit")
	}
	files, err := filepath.Glob(filepath.Join(folder, "wsjf", "*.json"))
	if err != nil || len(files) == 0 {
		t.Skipf("no WSJF files in GOWATS_SAMPLES: %v", err)
	}
	var got requestLog
	client := serve(t, func(_ http.ResponseWriter, r *http.Request) { got.add(r) })
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, _, err := report.DecodeWSJF(data)
		if err != nil || len(r.Validate().Violations()) > 0 {
			continue // a sample of what is refused
		}
		n := got.len()
		if _, err := client.Report.Submit(t.Context(), r); err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		if sent := got.bodies[n]; sent != string(r.AppendWSJF(nil, report.WSJFOptions{})) && !r.ID.IsZero() {
			t.Errorf("%s: sent otherwise than encoded", filepath.Base(file))
		}
	}
	t.Logf("submitted %d of %d files", got.len(), len(files))
}

func TestProcessList(t *testing.T) {
	const body = `[{"code":50,"name":"PCBA test","isTestOperation":true,"processIndex":3,"state":1},{"code":500,"name":"Repair","isRepairOperation":true,"description":null}]`
	want := []wats.ProcessInfo{
		{Code: 50, Name: "PCBA test", IsTestOperation: true, ProcessIndex: 3},
		{Code: 500, Name: "Repair", IsRepairOperation: true},
	}
	var got requestLog
	client := serve(t, func(w http.ResponseWriter, r *http.Request) { got.add(r); answer(200, body)(w, r) })
	list, err := client.Process.List(t.Context())
	if err != nil || !slices.Equal(list, want) || got.all[0].URL.Path != "/api/App/Processes" {
		t.Errorf("List() = %+v, %v from %s, want %+v", list, err, got.all[0].URL.Path, want)
	}
}

func TestEmptyListsAreNoErrors(t *testing.T) {
	for _, body := range []string{"", "null", "[]", "{}", `""`, " [ ] "} {
		client := serve(t, answer(200, body))
		processes, err := client.Process.List(t.Context())
		yield, err2 := client.Analytics.DynamicYield(t.Context(), wats.YieldFilter{})
		if err != nil || err2 != nil || processes != nil || yield != nil {
			t.Errorf("answer %q: %v, %v and %v, %v, want nil lists", body, processes, err, yield, err2)
		}
		for h, err := range client.Report.Headers(t.Context(), wats.HeaderQuery{}) {
			t.Errorf("answer %q: header %v, %v", body, h, err)
		}
	}
}

func TestDynamicYield(t *testing.T) {
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		filter      wats.YieldFilter
		query, body string
	}{
		"no filter": {wats.YieldFilter{}, "", `{}`},
		"dimensions in query and body": {wats.YieldFilter{PartNumber: "PCBA-%", DateFrom: &from, Dimensions: "unitCount desc;period"},
			"dimensions=unitCount+desc%3Bperiod", `{"partNumber":"PCBA-%","dateFrom":"2026-11-01T00:00:00Z","dimensions":"unitCount desc;period"}`},
		"a grouping includes the current period": {wats.YieldFilter{DateGrouping: report.Some(wats.ByYear)}, "", `{"dateGrouping":0,"includeCurrentPeriod":true}`},
		"unless told otherwise":                  {wats.YieldFilter{PeriodCount: 7, IncludeCurrentPeriod: report.Some(false)}, "", `{"periodCount":7,"includeCurrentPeriod":false}`},
	} {
		t.Run(name, func(t *testing.T) {
			var got requestLog
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				got.add(r)
				answer(200, `[{"partNumber":"PCBA-1042","processCode":50,"unitCount":40,"fpCount":39,"fpy":97.5,"tpy":null}]`)(w, r)
			})
			list, err := client.Analytics.DynamicYield(t.Context(), c.filter)
			want := wats.YieldRow{PartNumber: report.Some("PCBA-1042"), ProcessCode: report.Some(50), UnitCount: 40, FPCount: 39, FPY: 97.5}
			if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], want) {
				t.Errorf("DynamicYield = %+v, %v, want %+v", list, err, want)
			}
			if r := got.all[0]; r.Method != http.MethodPost || r.URL.RawQuery != c.query || got.bodies[0] != c.body {
				t.Errorf("sent %s ?%s %s, want ?%s %s", r.Method, r.URL.RawQuery, got.bodies[0], c.query, c.body)
			}
		})
	}
}

func TestAnUnreadableListIsAnError(t *testing.T) {
	client := serve(t, answer(200, `[{"code":"fifty"}]`))
	list, err := client.Process.List(t.Context())
	if e, ok := errors.AsType[*wats.APIError](err); !ok || e.Status != 200 || list != nil {
		t.Errorf("List() = %v, %v, want an APIError of status 200", list, err)
	}
}

func TestAYieldFilterThatCannotBeWrittenIsInvalid(t *testing.T) {
	client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	far := time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, err := client.Analytics.DynamicYield(t.Context(), wats.YieldFilter{DateTo: &far}); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("DynamicYield to the year 10000 = %v, want ErrInvalid", err)
	}
}

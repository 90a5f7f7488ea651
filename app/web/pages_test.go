package web

import (
	"bytes"
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

var (
	hrefs    = regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	anchors  = regexp.MustCompile(` id="([^"]*)"`)
	totals   = regexp.MustCompile(`of ([\d\x{202f}]+) reports?<`)
	firstURL = regexp.MustCompile(`href="(/reports/[0-9a-f-]{36})"`)
)

// crawler follows the links of pages.
type crawler struct {
	t     *testing.T
	h     http.Handler
	pages map[string]string // by address without fragment
}

func (c *crawler) page(target string) string {
	c.t.Helper()
	if body, ok := c.pages[target]; ok {
		return body
	}
	w := get(c.t, c.h, target)
	if w.Code != http.StatusOK {
		c.t.Errorf("GET %s: status %d, want 200", target, w.Code)
	}
	c.pages[target] = w.Body.String()
	return c.pages[target]
}

// follow asks for target and for what it links to, depth links far, and checks that fragments have their place.
func (c *crawler) follow(target string, depth int) {
	c.t.Helper()
	for _, m := range hrefs.FindAllStringSubmatch(c.page(target), -1) {
		u, err := url.Parse(html.UnescapeString(m[1]))
		if err != nil || u.Host != "" || u.Scheme != "" {
			c.t.Errorf("%s links to %q, want an address of this site", target, m[1])
			continue
		}
		fragment := u.Fragment
		u.Fragment = ""
		next := u.String()
		if next == "" {
			next = target
		}
		_, seen := c.pages[next]
		body := c.page(next)
		if fragment != "" && !hasAnchor(body, fragment) {
			c.t.Errorf("%s links to %s#%s, which has no such place", target, next, fragment)
		}
		if !seen && depth > 1 && !strings.HasPrefix(next, "/assets/") {
			c.follow(next, depth-1)
		}
	}
}

func hasAnchor(body, id string) bool {
	for _, m := range anchors.FindAllStringSubmatch(body, -1) {
		if m[1] == id {
			return true
		}
	}
	return false
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	c := &crawler{t, openPages(filledStore(t)), map[string]string{}}
	c.follow("/", 2)
	c.follow("/reports", 2)
	c.follow(reportURL(fullTest().ID), 2)
	c.follow(reportURL(fullRepair().ID), 2)
	if len(c.pages) < 100 {
		t.Errorf("%d pages were found, want at least 100", len(c.pages))
	}
}

func TestFiguresOpenToTheirUnits(t *testing.T) {
	c := &crawler{t, openPages(filledStore(t)), map[string]string{}}
	body := c.page("/")
	cell := regexp.MustCompile(`<td class="number"><a href="([^"]*)">([\d\x{202f}]+)</a>`)
	card := regexp.MustCompile(`<a href="([^"]*)"><span class="name">(?:Units|Failed at first run|Reports today)</span> <strong>([\d\x{202f}]+)</strong>`)
	figures := append(cell.FindAllStringSubmatch(body, -1), card.FindAllStringSubmatch(body, -1)...)
	if len(figures) < 10 {
		t.Fatalf("the dashboard has %d figures that open, want at least 10", len(figures))
	}
	for _, f := range figures {
		total := totals.FindStringSubmatch(c.page(html.UnescapeString(f[1])))
		if total == nil || total[1] != f[2] {
			t.Errorf("figure %s opens to %s, which lists %q", f[2], f[1], total)
		}
	}
}

func TestHostileTextIsOnlyText(t *testing.T) {
	h := openPages(filledStore(t))
	for _, target := range []string{
		"/", "/reports", reportURL(fullTest().ID), reportURL(fullRepair().ID), reportURL(fullTest().ID) + "?steps=failed",
		"/reports?" + url.Values{"serial": {hostile}, "station": {hostile}, "from": {hostile}, "sort": {hostile}}.Encode(), "/" + url.PathEscape(hostile),
	} {
		body := get(t, h, target).Body.String()
		if strings.Contains(body, "<script>alert") {
			t.Errorf("GET %s: the page holds the script of a serial number", target)
		}
		if strings.Contains(body, "ZgotmplZ") {
			t.Errorf("GET %s: a template refused a value of its own page", target)
		}
		if regexp.MustCompile(`\son\w+=|\sstyle=|<style|javascript:`).MatchString(body) {
			t.Errorf("GET %s: the page has inline code or style, which its policy forbids", target)
		}
	}
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	s := filledStore(t)
	for name, h := range map[string]http.Handler{"open": openPages(s), "with sign-in": New(s, auth.New(s), Options{Now: now})} {
		for _, target := range []string{"/", "/reports", "/nowhere", "/login", "/assets/app.css", "/assets/nothing", reportURL(fullTest().ID) + ".json"} {
			header := get(t, h, target).Header()
			for key, want := range map[string]string{
				"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY",
			} {
				if got := header.Get(key); !strings.HasPrefix(got, want) {
					t.Errorf("%s: GET %s: %s = %q, want %q", name, target, key, got, want)
				}
			}
			if policy := header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
				t.Errorf("%s: GET %s: policy %q allows inline code or frames", name, target, policy)
			}
		}
	}
}

func TestOpenPagesAnswerOnlyToThisMachine(t *testing.T) {
	s := openStore(t)
	h := openPages(s)
	for name, c := range map[string]struct {
		method, host string
		header       http.Header
		want         int
	}{
		"by address":                               {"GET", "127.0.0.1:8080", nil, 200},
		"by name":                                  {"GET", "localhost:8080", nil, 200},
		"a foreign name that points here":          {"GET", "rebind.example:8080", nil, 403},
		"a change from a page of another site":     {"POST", "127.0.0.1:8080", http.Header{"Origin": {"https://evil.example"}}, 403},
		"a change the browser calls cross-site":    {"POST", "127.0.0.1:8080", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		"a change from another port":               {"POST", "127.0.0.1:8080", http.Header{"Origin": {"http://127.0.0.1:9999"}}, 403},
		"a change from this site":                  {"POST", "127.0.0.1:8080", http.Header{"Origin": {"http://127.0.0.1:8080"}}, 303},
		"reading from another site is a plain GET": {"GET", "127.0.0.1:8080", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			target := "/"
			if c.method == "POST" {
				target = "/logout"
			}
			r := httptest.NewRequestWithContext(t.Context(), c.method, target, nil)
			r.Host, r.Header = c.host, c.header.Clone()
			if r.Header == nil {
				r.Header = http.Header{}
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("%s with Host %s and %v: status %d, want %d", c.method, c.host, c.header, w.Code, c.want)
			}
		})
	}
}

func TestSignIn(t *testing.T) {
	s := filledStore(t)
	a := auth.New(s)
	if err := a.CreateUser(t.Context(), "anna", "correct horse battery", auth.Read); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(New(s, a, Options{Now: now}))
	defer server.Close()
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	var session *http.Cookie
	ask := func(method, target string, form url.Values, header ...string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+target, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		if session != nil {
			r.AddCookie(session)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		for _, c := range resp.Cookies() {
			session = c
		}
		return resp
	}
	expect := func(what string, resp *http.Response, status int, location string) {
		t.Helper()
		if resp.StatusCode != status || resp.Header.Get("Location") != location {
			t.Fatalf("%s: status %d to %q, want %d to %q", what, resp.StatusCode, resp.Header.Get("Location"), status, location)
		}
	}
	expect("a page without sign-in", ask("GET", "/reports?serial=A", nil), 303, "/login?next=%2Freports%3Fserial%3DA")
	refresh := ask("GET", "/", nil, "Hx-Request", "true")
	if expect("a script's request without sign-in", refresh, 401, ""); refresh.Header.Get("Hx-Refresh") != "true" {
		t.Errorf("Hx-Refresh = %q, want true", refresh.Header.Get("Hx-Refresh"))
	}
	expect("a wrong password", ask("POST", "/login", url.Values{"name": {"anna"}, "password": {"wrong"}}), 401, "")
	expect("an unknown name", ask("POST", "/login", url.Values{"name": {"bob"}, "password": {"wrong"}}), 401, "")
	if session != nil {
		t.Fatal("a refused sign-in gave a cookie")
	}
	good := url.Values{"name": {"anna"}, "password": {"correct horse battery"}, "next": {"//evil.example/"}}
	expect("sign-in from another site", ask("POST", "/login", good, "Origin", "https://evil.example"), 403, "")
	expect("sign-in that asks to go elsewhere", ask("POST", "/login", good), 303, "/")
	if session == nil || !session.HttpOnly || session.SameSite != http.SameSiteLaxMode || session.Secure || session.MaxAge != 0 {
		t.Fatalf("session cookie %+v, want HttpOnly, SameSite=Lax, not Secure over plain HTTP, until the browser closes", session)
	}
	expect("a page after sign-in", ask("GET", "/", nil), 200, "")
	old := session
	expect("sign-out", ask("POST", "/logout", url.Values{}), 303, "/login")
	session = old
	expect("a page with the old cookie", ask("GET", "/reports", nil), 303, "/login?next=%2Freports")
}

func TestSessionCookieIsSecureOverTLS(t *testing.T) {
	s := openStore(t)
	a := auth.New(s)
	if err := a.CreateUser(t.Context(), "anna", "correct horse battery", auth.Read); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(New(s, a, Options{Now: now}))
	defer server.Close()
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.PostForm(server.URL+"/login", url.Values{"name": {"anna"}, "password": {"correct horse battery"}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if cookies := resp.Cookies(); len(cookies) != 1 || !cookies[0].Secure {
		t.Errorf("cookies %v, want one that is Secure", cookies)
	}
}

func TestAttachmentsAreOnlySaved(t *testing.T) {
	h := openPages(filledStore(t))
	for number, want := range map[string]string{"0": "application/octet-stream", "1": "image/png"} {
		w := get(t, h, reportURL(fullTest().ID)+"/attachments/"+number)
		if w.Code != 200 || w.Header().Get("Content-Type") != want || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
			t.Errorf("attachment %s: status %d, type %q, disposition %q; want 200, %q, attachment", number, w.Code,
				w.Header().Get("Content-Type"), w.Header().Get("Content-Disposition"), want)
		}
	}
	if w := get(t, h, reportURL(fullTest().ID)+"/attachments/2"); w.Code != http.StatusNotFound {
		t.Errorf("attachment 2 of 2: status %d, want 404", w.Code)
	}
}

func TestReportAsJSONReadsBack(t *testing.T) {
	w := get(t, openPages(filledStore(t)), reportURL(fullTest().ID)+".json")
	r, findings, err := report.DecodeWSJF(w.Body.Bytes())
	if err != nil || r.SerialNumber != fullTest().SerialNumber {
		t.Errorf("report as JSON: %v %v", err, findings.Violations())
	}
}

func TestPagesSayWhatIsWrong(t *testing.T) {
	h := openPages(filledStore(t))
	for target, want := range map[string]struct {
		status int
		text   string
	}{
		"/nowhere":     {404, "Page not found"},
		"/reports/abc": {404, "Not a report ID"},
		"/reports/00000000-0000-4000-8000-000000000000": {404, "No such report"},
		"/?days=3":                       {400, "7, 28 or 90 days"},
		"/reports?process=ICT":           {400, "is not a code"},
		"/reports?from=yesterday":        {400, "is not a day"},
		"/reports?result=good":           {400, "is not one of"},
		"/reports?sort=color":            {400, "no column"},
		"/reports?page=0":                {400, "is not a number from 1"},
		"/reports?page=99":               {200, "page of the list is empty"},
		"/reports?serial=nosuch":         {200, "Look for them anywhere"},
		"/reports?serial=*nosuch*":       {200, "Take away a part of the filter"},
		"/reports?part=it%27s%20%22x%22": {200, "No report matches"},
	} {
		w := get(t, h, target)
		if body := html.UnescapeString(w.Body.String()); w.Code != want.status || !strings.Contains(body, want.text) {
			t.Errorf("GET %s: status %d, want %d and the words %q", target, w.Code, want.status, want.text)
		}
	}
}

func TestEmptyPagesSayWhatToDo(t *testing.T) {
	h := openPages(openStore(t))
	for _, target := range []string{"/", "/reports"} {
		body := get(t, h, target).Body.String()
		for _, want := range []string{"No reports yet", "/data/inbox", "gowats submit FILE"} {
			if !strings.Contains(body, want) {
				t.Errorf("GET %s of an empty store: the page lacks %q", target, want)
			}
		}
	}
	s := openStore(t)
	old := lastReports(1)[0]
	old.Start = testNow.AddDate(-1, 0, 0)
	submit(t, s, old)
	if body := get(t, openPages(s), "/").Body.String(); !strings.Contains(body, "2025-11-23 15:04:05 UTC") {
		t.Error("the dashboard of a range without units does not say when the newest report began")
	}
}

func TestStoreFailureIsAPageWithANumber(t *testing.T) {
	s := openStore(t)
	h := openPages(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"/", "/reports", reportURL(fullTest().ID)} {
		w := get(t, h, target)
		if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "look for the number below") || strings.Contains(w.Body.String(), "sql") {
			t.Errorf("GET %s of a closed store: status %d, want 500 with a number and without the cause", target, w.Code)
		}
	}
}

func TestSupersededReportLeadsToTheNewer(t *testing.T) {
	s := openStore(t)
	r := lastReports(1)[0]
	submit(t, s, r)
	newer := *r
	newer.ID = report.DeriveID([]byte("newer"))
	submit(t, s, &newer)
	body := get(t, openPages(s), reportURL(r.ID)).Body.String()
	if !strings.Contains(body, "An older version") || !strings.Contains(body, `href="`+reportURL(newer.ID)+`">The newer version`) {
		t.Error("the page of a superseded report does not lead to the newer one")
	}
}

func TestListPagesHoldEveryReportOnce(t *testing.T) {
	h := openPages(filledStore(t))
	for _, sort := range []string{"", "serial", "-part", "process", "station", "result", "start"} {
		seen := map[string]int{}
		for page := "/reports?sort=" + sort; page != ""; {
			body := get(t, h, page).Body.String()
			for _, m := range firstURL.FindAllStringSubmatch(body, -1) {
				seen[m[1]]++
			}
			page = ""
			if m := regexp.MustCompile(`rel="next" href="([^"]*)"`).FindStringSubmatch(body); m != nil {
				page = html.UnescapeString(m[1])
			}
		}
		if len(seen) != 152 {
			t.Errorf("the pages sorted by %q list %d reports, want 152", sort, len(seen))
		}
		for href, n := range seen {
			if n != 1 {
				t.Errorf("the pages sorted by %q list %s %d times", sort, href, n)
			}
		}
	}
}

func TestListQueryKeepsItsAddress(t *testing.T) {
	for _, address := range []string{
		"/reports", "/reports?page=3&part=PCBA-%2A&process=50&result=notpassed&run=first&sort=-serial&type=test",
		"/reports?from=2026-11-01&serial=a+b%26c&station=%25&to=2026-11-02",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		q, problems := parseListQuery(u.Query())
		if got := q.URL(); got != address || problems != nil {
			t.Errorf("parseListQuery(%s).URL() = %s, problems %q", address, got, problems)
		}
	}
}

func TestAssetsAreKeptForEverOnlyUnderTheirHash(t *testing.T) {
	h := openPages(openStore(t))
	a := loadAssets()
	for name := range a {
		w := get(t, h, a.url(name))
		if w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Header().Get("Etag") == "" {
			t.Errorf("GET %s: status %d, Cache-Control %q", a.url(name), w.Code, w.Header().Get("Cache-Control"))
		}
		if w := get(t, h, "/assets/"+name+"?v=old"); w.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("GET %s with an old hash: Cache-Control %q, want no-cache", name, w.Header().Get("Cache-Control"))
		}
	}
}

func TestAPageThatFailsEarlyIsAnErrorPage(t *testing.T) {
	s := openStore(t)
	p := &pages{store: s, opt: Options{Now: now, Logger: slog.New(slog.DiscardHandler)}, assets: loadAssets()}
	p.templates = parseTemplates(p.assets)
	w := httptest.NewRecorder()
	p.render(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), 200, "reports", view{Body: "no list view"})
	if w.Code != 500 || strings.Contains(w.Body.String(), "<h1>Reports") {
		t.Errorf("render of a wrong view: status %d, want 500 and nothing of the page", w.Code)
	}
}

// Every template is executed with an empty view and with a full one.
func TestTemplatesTakeEmptyAndFullViews(t *testing.T) {
	sets := parseTemplates(loadAssets())
	test, repair := &store.Document{Report: fullTest(), Superseded: true, ReceivedAt: testNow}, &store.Document{Report: fullRepair()}
	test.Warnings = manyWarnings()
	span := dateRange{Days: 7, first: testNow.Truncate(24*time.Hour).AddDate(0, 0, -6)}
	full := &dashboardView{
		Range: span, Choices: []choice{{"7 days", "/", true}}, Figures: []figure{{"Units", "1", "note", "/reports", "bad"}},
		Volume: &plot{YTicks: []string{"1", "0"}, Bars: []bar{{"0", "0", "1", "1", "passed"}}, Spots: []spot{{"0", "1", "title", "/reports"}}},
		Trends: []trend{{Plot: &plot{}, Days: []dayRow{{}}}}, Rows: []yieldRow{{}, {}}, RowsLeft: 3, Failures: []failureRow{{}}, Quiet: "x",
	}
	list := &listView{Problems: []string{"x"}, Rows: []listRow{{Repair: true}, {}}, Previous: "/reports", Next: "/reports"}
	list.choices(nil)
	for name, views := range map[string][]any{
		"dashboard": {&dashboardView{}, &dashboardView{Empty: true, Inbox: "x"}, full},
		"reports":   {&listView{}, &listView{Anything: true, Wider: "/reports"}, list},
		"report": {
			&reportView{}, newReportView(&store.Document{Report: &report.Report{}}, nil, false), newReportView(test, nil, false),
			newReportView(test, nil, true), newReportView(repair, nil, false), newReportView(&store.Document{Report: &report.Report{Repair: &report.Repair{}}}, nil, false),
		},
		"login":   {loginView{}, loginView{Next: "/", Name: "x", Problem: "x"}},
		"problem": {problemView{}, problemView{500, "x", "x", "x"}},
	} {
		for i, body := range views {
			for _, v := range []view{{Body: body}, {Title: "x", Nav: "reports", User: "x", Open: true, Version: "1", OwnSearch: true, Body: body}} {
				var out bytes.Buffer
				if err := sets[name].Execute(&out, v); err != nil {
					t.Errorf("template %s with view %d: %v", name, i, err)
				}
				if !strings.HasSuffix(strings.TrimSpace(out.String()), "</html>") {
					t.Errorf("template %s with view %d ends early", name, i)
				}
			}
		}
	}
}

func manyWarnings() report.Findings {
	var f report.Findings
	for range shownWarnings + 1 {
		f = append(f, report.Finding{Path: hostile, Message: hostile, Severity: report.Warning})
	}
	return f
}

func TestLateStatusReportsAClosedConnection(t *testing.T) {
	broken := errors.New("connection reset")
	late := &lateStatus{w: brokenWriter{httptest.NewRecorder(), broken}, status: 200}
	if _, err := late.Write([]byte("x")); !errors.Is(err, broken) || !late.sent {
		t.Errorf("Write to a broken connection: %v, sent %v; want the cause, true", err, late.sent)
	}
}

type brokenWriter struct {
	*httptest.ResponseRecorder
	err error
}

func (b brokenWriter) Write([]byte) (int, error) { return 0, b.err }

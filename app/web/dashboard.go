package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

const (
	shownRows     = 100 // products × processes in the table
	shownTrends   = 12  // of these, with a curve
	shownFailures = 10
)

// dashboardRanges are the lengths to choose from, in days.
var dashboardRanges = [...]int{7, 28, 90}

// dashboardView is the data of dashboard.html.
type dashboardView struct {
	URL     string // of the page itself, to renew it
	Updated string // UTC
	Range   dateRange
	Choices []choice

	Empty     bool   // there is no report at all
	Inbox     string // on an empty dashboard: where to drop files
	Quiet     string // no unit in the range: when the newest report began, UTC
	QuietLink string // to that report

	Figures      []figure
	Volume       *plot
	VolumeRows   []dayRow
	Trends       []trend
	Rows         []yieldRow
	RowsLeft     int // how many more there are
	Failures     []failureRow
	FailuresLink string
}

// choice is one of several links, of which one is current.
type choice struct {
	Text, Href string
	Current    bool
}

// figure is a number with the reports behind it.
type figure struct{ Name, Value, Note, Href, Class string }

// yieldRow is the yield of a product in a process.
type yieldRow struct {
	Part, Process            string
	Units, Passed, Failed    string
	FPY                      string
	PassedWidth              string // share of 1000, for the bar
	UnitsLink, FailedLink    string
	part                     string
	code, unitCount, fpCount int
}

// trend is the yield of a product in a process day by day.
type trend struct {
	yieldRow
	Plot *plot
	Days []dayRow
}

// dayRow is a day in figures.
type dayRow struct{ Day, Units, Passed, FPY, Href string }

// failureRow is a test that did not pass.
type failureRow struct {
	Href, Serial, Part, Process, Station, Step, Start string
	Result                                            report.Status
}

// dateRange is a number of whole UTC days that ends with today.
type dateRange struct {
	Days  int
	first time.Time
}

// From and To are the first and the last day.
func (d dateRange) From() string { return d.day(0) }
func (d dateRange) To() string   { return d.day(d.Days - 1) }

func (d dateRange) day(i int) string { return d.first.AddDate(0, 0, i).Format(dayForm) }

// query returns the first runs in the range, which is what yield counts.
func (d dateRange) query() listQuery {
	return listQuery{Type: "test", From: d.From(), To: d.To(), FirstRun: true}
}

// filter returns the same selection for the store, broken down by dimensions.
func (d dateRange) filter(dimensions string) wats.YieldFilter {
	to := d.first.AddDate(0, 0, d.Days).Add(-time.Nanosecond)
	return wats.YieldFilter{
		DateFrom: &d.first, DateTo: &to, DateGrouping: report.Some(wats.ByDay), Dimensions: dimensions,
	}
}

// parseRange reads the parameter days: one of dashboardRanges, 28 when absent.
func (p *pages) parseRange(text string) (dateRange, bool) {
	days := 28
	if text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || !slices.Contains(dashboardRanges[:], n) {
			return dateRange{}, false
		}
		days = n
	}
	return dateRange{Days: days, first: p.today().AddDate(0, 0, 1-days)}, true
}

func (p *pages) dashboard(w http.ResponseWriter, r *http.Request) {
	span, ok := p.parseRange(r.URL.Query().Get("days"))
	if !ok {
		p.problem(w, r, http.StatusBadRequest, "Unknown range", "The dashboard shows 7, 28 or 90 days: /?days=28.")
		return
	}
	v, err := p.dashboardView(r.Context(), span)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, "dashboard", view{Title: "Dashboard", Nav: "dashboard", Body: v})
}

func (p *pages) dashboardView(ctx context.Context, span dateRange) (*dashboardView, error) {
	v := &dashboardView{URL: rangeURL(span.Days), Updated: utc(p.opt.Now()), Range: span}
	for _, days := range dashboardRanges {
		v.Choices = append(v.Choices, choice{strconv.Itoa(days) + " days", rangeURL(days), days == span.Days})
	}
	newest, err := p.newest(ctx, store.HeaderQuery{Top: 1})
	if err != nil {
		return nil, err
	}
	if len(newest) == 0 {
		v.Empty, v.Inbox = true, p.opt.Inbox
		return v, nil
	}
	totals, err := p.store.Yield(ctx, span.filter("partNumber;processCode;testOperation"))
	if err != nil {
		return nil, err
	}
	days, err := p.store.Yield(ctx, span.filter("period"))
	if err != nil {
		return nil, err
	}
	if len(totals) == 0 {
		v.Quiet, v.QuietLink = utc(newest[0].StartUTC), reportURL(newest[0].ID)
	}
	rows := yieldRows(span, totals)
	v.Volume, v.VolumeRows = volumePlot(span, days)
	if v.Trends, err = p.trends(ctx, span, rows[:min(shownTrends, len(rows))]); err != nil {
		return nil, err
	}
	if v.Figures, err = p.figures(ctx, span, rows); err != nil {
		return nil, err
	}
	v.Rows, v.RowsLeft = rows[:min(shownRows, len(rows))], max(0, len(rows)-shownRows)
	v.Failures, err = p.failures(ctx)
	v.FailuresLink = listQuery{Type: "test", Result: "notpassed"}.URL()
	return v, err
}

func rangeURL(days int) string { return "/?days=" + strconv.Itoa(days) }

func reportURL(id report.ID) string { return "/reports/" + id.String() }

// newest returns the headers that q selects; Top of q bounds them.
func (p *pages) newest(ctx context.Context, q store.HeaderQuery) ([]*wats.ReportHeader, error) {
	var headers []*wats.ReportHeader
	for h, err := range p.store.Headers(ctx, q) {
		if err != nil {
			return nil, err
		}
		headers = append(headers, h)
	}
	return headers, nil
}

// yieldRows returns the products and processes with the most units first.
func yieldRows(span dateRange, totals []wats.YieldRow) []yieldRow {
	rows := make([]yieldRow, len(totals))
	for i, t := range totals {
		row := yieldRow{
			Part: t.PartNumber.Value, Process: processName(t.TestOperation.Value, t.ProcessCode.Value),
			Units: count(t.UnitCount), Passed: count(t.FPCount), Failed: count(t.UnitCount - t.FPCount),
			FPY: percent(t.FPCount, t.UnitCount), PassedWidth: unit(share(t.FPCount, t.UnitCount)),
			part: t.PartNumber.Value, code: t.ProcessCode.Value, unitCount: t.UnitCount, fpCount: t.FPCount,
		}
		q := row.query(span)
		row.UnitsLink = q.URL()
		q.Result = "notpassed"
		row.FailedLink = q.URL()
		rows[i] = row
	}
	slices.SortStableFunc(rows, func(a, b yieldRow) int {
		return cmp.Or(b.unitCount-a.unitCount, strings.Compare(a.part, b.part), a.code-b.code)
	})
	return rows
}

func (r *yieldRow) query(span dateRange) listQuery {
	q := span.query()
	q.Part, q.Process = r.part, strconv.Itoa(r.code)
	return q
}

func processName(name string, code int) string {
	if name == "" {
		return "Process " + strconv.Itoa(code)
	}
	return name
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// figures returns the numbers at the top.
func (p *pages) figures(ctx context.Context, span dateRange, rows []yieldRow) ([]figure, error) {
	units, passed := 0, 0
	for i := range rows {
		units, passed = units+rows[i].unitCount, passed+rows[i].fpCount
	}
	today := listQuery{From: span.To(), To: span.To()}
	reports, err := p.store.CountHeaders(ctx, today.headers())
	if err != nil {
		return nil, err
	}
	all := span.query()
	bad := all
	bad.Result = "notpassed"
	badClass := ""
	if passed < units {
		badClass = "bad"
	}
	return []figure{
		{"First-pass yield", percent(passed, units), count(passed) + " of " + plural(units, "unit", "units") + ", all processes", all.URL(), ""},
		{"Units", count(units), "first runs, once per process", all.URL(), ""},
		{"Failed at first run", count(units - passed), "failed, error or terminated", bad.URL(), badClass},
		{"Reports today", count(reports), "tests and repairs since 00:00 UTC", today.URL(), ""},
	}, nil
}

// failures returns the latest tests that did not pass, whatever the range.
func (p *pages) failures(ctx context.Context) ([]failureRow, error) {
	q := listQuery{Type: "test", Result: "notpassed", Page: 1}.headers()
	q.Top = shownFailures
	headers, err := p.newest(ctx, q)
	var rows []failureRow
	for _, h := range headers {
		rows = append(rows, failureRow{
			Href: reportURL(h.ID), Serial: h.SerialNumber, Part: h.PartNumber, Process: processName(h.ProcessName, h.ProcessCode),
			Station: h.StationName, Step: h.CausedUUTFailure, Start: utc(h.StartUTC), Result: h.Result,
		})
	}
	return rows, err
}

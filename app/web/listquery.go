package web

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

const (
	pageSize = 50
	maxPage  = 1_000_000
	dayForm  = "2006-01-02"
)

// listQuery is what the list of reports shows: its form and its address. The zero listQuery is all reports, newest first.
type listQuery struct {
	Type     string // test, repair or "" for both
	Serial   string // * stands for any text, here and in Part and Station
	Part     string
	Station  string
	Process  string // code
	Result   string // passed, failed, error, terminated, or notpassed for the last three
	From, To string // UTC days, both included
	FirstRun bool   // only the first test of a unit in a process, as yield counts
	Sort     string // a column's name, with a minus in front for descending; "" is -start
	Page     int    // from 1
}

// sortFields are the columns that sort, and the members they sort by.
var sortFields = map[string]string{
	"result": "result", "serial": "serialNumber", "part": "partNumber", "process": "processCode",
	"station": "stationName", "start": "start",
}

// parseListQuery reads an address. What cannot be read is left out and named in problems, one sentence each.
func parseListQuery(values url.Values) (q listQuery, problems []string) {
	get := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	choice := func(name string, allowed ...string) string {
		value := get(name)
		for _, a := range allowed {
			if value == a {
				return value
			}
		}
		if value != "" {
			refuse("%s %q is not one of %s.", name, value, strings.Join(allowed, ", "))
		}
		return ""
	}
	number := func(name string) string {
		value := get(name)
		if _, err := strconv.ParseInt(value, 10, 16); value != "" && err != nil {
			refuse("%s %q is not a code: codes are whole numbers such as 50.", name, value)
			return ""
		}
		return value
	}
	day := func(name string) string {
		value := get(name)
		if _, err := time.Parse(dayForm, value); value != "" && err != nil {
			refuse("%s %q is not a day such as 2026-11-23.", name, value)
			return ""
		}
		return value
	}
	q = listQuery{
		Type: choice("type", "test", "repair"), Serial: get("serial"), Part: get("part"), Station: get("station"),
		Process: number("process"), Result: choice("result", "passed", "failed", "error", "terminated", "notpassed"),
		From: day("from"), To: day("to"), FirstRun: choice("run", "first") != "", Sort: get("sort"), Page: 1,
	}
	if _, ok := sortFields[strings.TrimPrefix(q.Sort, "-")]; q.Sort != "" && !ok {
		refuse("sort %q is no column that sorts.", q.Sort)
		q.Sort = ""
	}
	if text := get("page"); text != "" {
		page, err := strconv.Atoi(text)
		if err != nil || page < 1 || page > maxPage {
			refuse("page %q is not a number from 1 to %d.", text, maxPage)
			page = 1
		}
		q.Page = page
	}
	return q, problems
}

// URL returns the address of the list. It is the same for equal queries.
func (q listQuery) URL() string {
	values := url.Values{}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	set("type", q.Type)
	set("serial", q.Serial)
	set("part", q.Part)
	set("station", q.Station)
	set("process", q.Process)
	set("result", q.Result)
	set("from", q.From)
	set("to", q.To)
	set("sort", q.Sort)
	if q.FirstRun {
		set("run", "first")
	}
	if q.Page > 1 {
		set("page", strconv.Itoa(q.Page))
	}
	if len(values) == 0 {
		return "/reports"
	}
	return "/reports?" + values.Encode()
}

// filtered reports whether q leaves any report out.
func (q listQuery) filtered() bool {
	return listQuery{Sort: q.Sort, Page: q.Page} != q
}

// headers returns the query for the store. The fields of q are good: parseListQuery or a page made them.
func (q listQuery) headers() store.HeaderQuery {
	h := wats.HeaderQuery{SerialNumber: q.Serial, PartNumber: q.Part, StationName: q.Station}
	if code, err := strconv.Atoi(q.Process); err == nil {
		h.ProcessCode = report.Some(code)
	}
	var more []string
	switch q.Result {
	case "":
	case "notpassed":
		more = append(more, "result ne 'Passed'")
	default:
		h.Result, _ = report.ParseStatus(q.Result)
	}
	if q.FirstRun {
		more = append(more, "run eq 1")
	}
	h.Filter = strings.Join(more, " and ")
	h.From, _ = time.Parse(dayForm, q.From) // "" gives the zero time: open
	if to, err := time.Parse(dayForm, q.To); err == nil {
		h.To = to.AddDate(0, 0, 1)
	}
	return store.HeaderQuery{
		Type:   map[string]wats.ReportType{"test": wats.UUT, "repair": wats.UUR}[q.Type],
		Filter: h.ODataFilter(), OrderBy: q.orderBy(), Top: pageSize, Skip: (q.Page - 1) * pageSize,
	}
}

func (q listQuery) orderBy() string {
	column, down := strings.CutPrefix(q.Sort, "-")
	switch {
	case column == "":
		return "start desc"
	case down:
		return sortFields[column] + " desc"
	}
	return sortFields[column]
}

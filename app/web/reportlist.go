package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// listView is the data of reports.html.
type listView struct {
	Query     listQuery
	Problems  []string
	Processes []option
	Results   []option
	Types     []option
	Columns   []column
	Rows      []listRow
	Total     string // "1 report", "1 234 reports"
	Shown     string // "51–100", "" when nothing is shown
	Previous  string // addresses of the pages beside this one; "" where there is none
	Next      string
	Wider     string // nothing found: address of a wider search, "" when there is none
	Anything  bool   // there is at least one report, found or not
	Inbox     string
}

// option is an entry of a select element.
type option struct {
	Value, Text string
	Selected    bool
}

// column is the head of a column. Href sorts by it; "" when it does not sort.
type column struct{ Text, Href, Order, Class string }

// listRow is a report in a list.
type listRow struct {
	Href, Serial, Part, Revision, Process, Station, Start string
	Duration, Run, Step                                   string
	Result                                                report.Status
	Repair                                                bool
	Current                                               bool // it is the report whose page this is
	Superseded                                            bool // an older version, which counts nowhere
}

func newListRow(h *wats.ReportHeader) listRow {
	row := listRow{
		Href: reportURL(h.ID), Serial: h.SerialNumber, Part: h.PartNumber, Revision: h.Revision,
		Process: processName(h.ProcessName, h.ProcessCode), Station: h.StationName, Start: utc(h.StartUTC),
		Step: h.CausedUUTFailure, Result: h.Result, Repair: h.ReportType == "R",
	}
	if h.ExecutionTime.Present {
		row.Duration = duration(report.Num(h.ExecutionTime.Value))
	}
	if h.Run.Present {
		row.Run = strconv.Itoa(h.Run.Value)
	}
	return row
}

func (p *pages) reportList(w http.ResponseWriter, r *http.Request) {
	q, problems := parseListQuery(r.URL.Query())
	v := &listView{Query: q, Problems: problems, Inbox: p.opt.Inbox}
	err := p.fillList(r, v)
	var refused *store.QueryError
	switch {
	case errors.As(err, &refused):
		v.Problems = append(v.Problems, "The filter cannot be used: "+refused.Reason+".")
	case err != nil:
		p.failed(w, r, err)
		return
	}
	status := http.StatusOK
	if len(v.Problems) > 0 {
		status = http.StatusBadRequest
	}
	w.Header().Set("Hx-Replace-Url", q.URL()) // the form's own address would name every empty field
	p.render(w, r, status, "reports", view{Title: "Reports", Nav: "reports", OwnSearch: true, Body: v})
}

func (p *pages) fillList(r *http.Request, v *listView) error {
	processes, err := p.store.Processes(r.Context())
	if err != nil {
		return err
	}
	v.choices(processes)
	if len(v.Problems) > 0 {
		return nil // a list without a part of its filter would be taken for the list with it
	}
	query := v.Query.headers()
	total, err := p.store.CountHeaders(r.Context(), query)
	if err != nil {
		return err
	}
	headers, err := p.newest(r.Context(), query)
	if err != nil {
		return err
	}
	for _, h := range headers {
		v.Rows = append(v.Rows, newListRow(h))
	}
	v.page(total)
	v.Anything = total > 0 || v.Query.filtered()
	return nil
}

// choices fills the parts of the form and the heads of the columns.
func (v *listView) choices(processes []wats.ProcessInfo) {
	q := v.Query
	known := q.Process == ""
	for _, p := range processes {
		code := strconv.Itoa(p.Code)
		known = known || code == q.Process
		v.Processes = append(v.Processes, option{code, code + " " + p.Name, code == q.Process})
	}
	if !known {
		v.Processes = append(v.Processes, option{q.Process, q.Process, true})
	}
	v.Types = options(q.Type, "", "Tests and repairs", "test", "Tests", "repair", "Repairs")
	v.Results = options(q.Result, "", "Any result", "notpassed", "Not passed", "passed", "Passed", "failed", "Failed",
		"error", "Error", "terminated", "Terminated")
	v.Columns = []column{
		q.column("Result", "result"), q.column("Serial number", "serial"), q.column("Product", "part"), q.column("Process", "process"),
		q.column("Station", "station"), q.column("Start (UTC)", "start"),
		{Text: "Duration", Class: "number"}, {Text: "Run", Class: "number"}, {Text: "Failing step"},
	}
}

// options returns the entries of a select element from pairs of value and text.
func options(selected string, pairs ...string) []option {
	var out []option
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, option{pairs[i], pairs[i+1], pairs[i] == selected})
	}
	return out
}

// column returns a column that sorts; by time it begins with the newest.
func (q listQuery) column(text, name string) column {
	current := q.Sort
	if current == "" {
		current = "-start"
	}
	next := q
	next.Page = 1
	c := column{Text: text}
	switch current {
	case name:
		c.Order, next.Sort = "ascending", "-"+name
	case "-" + name:
		c.Order, next.Sort = "descending", name
	default:
		next.Sort = name
		if name == "start" {
			next.Sort = "-start"
		}
	}
	if next.Sort == "-start" {
		next.Sort = ""
	}
	c.Href = next.URL()
	return c
}

// page fills what tells where in the list the rows stand.
func (v *listView) page(total int) {
	v.Total = plural(total, "report", "reports")
	first := (v.Query.Page - 1) * pageSize
	if len(v.Rows) > 0 {
		v.Shown = count(first+1) + "–" + count(first+len(v.Rows))
	}
	if v.Query.Page > 1 {
		previous := v.Query
		previous.Page = max(1, min(v.Query.Page-1, (total+pageSize-1)/pageSize))
		v.Previous = previous.URL()
	}
	if first+len(v.Rows) < total && len(v.Rows) > 0 {
		next := v.Query
		next.Page++
		v.Next = next.URL()
	}
	if total == 0 {
		v.Wider = v.Query.wider()
	}
}

// wider returns the address that looks for the texts anywhere, not only for whole ones; "" when that is asked for already.
func (q listQuery) wider() string {
	changed := false
	for _, text := range []*string{&q.Serial, &q.Part, &q.Station} {
		if *text != "" && !strings.Contains(*text, "*") {
			*text = "*" + *text + "*"
			changed = true
		}
	}
	if !changed {
		return ""
	}
	return q.URL()
}

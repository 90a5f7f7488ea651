package web

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"html/template"
	"net/http"

	"github.com/gowats/gowats/report"
)

//go:embed templates
var templateFiles embed.FS

// view is the data of layout.html, which stands around every page.
type view struct {
	Title string
	Nav   string // which entry of the navigation is the current one: dashboard, reports or ""
	Body  any    // data of the page's own template

	OwnSearch bool // the page has a field for serial numbers itself

	User    string // who is signed in; "" for nobody
	Open    bool
	Version string
}

// parseTemplates returns one set of templates per page: the layout, the shared parts and the page's own.
func parseTemplates(a assets) map[string]*template.Template {
	shared := template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"asset": a.url,
		"badge": newBadge,
	}).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
	sets := map[string]*template.Template{}
	for _, name := range []string{"dashboard", "reports", "report", "login", "problem"} {
		set := template.Must(shared.Clone())
		sets[name] = template.Must(set.ParseFS(templateFiles, "templates/"+name+".html"))
	}
	return sets
}

// render sends a page. It is streamed: a report of many steps is never whole in memory.
func (p *pages) render(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	v.User, v.Open, v.Version = identity(r.Context()).User, p.opt.Open, p.opt.Version
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	late := &lateStatus{w: w, status: status}
	buffer := bufio.NewWriterSize(late, 64<<10)
	err := p.templates[name].Execute(buffer, v)
	if err == nil {
		err = buffer.Flush()
	}
	switch {
	case err == nil || r.Context().Err() != nil: // all sent, or nobody is there any more
	case late.sent || name == "problem":
		p.opt.Logger.Error("send page", "path", r.URL.Path, "err", err)
	default:
		p.failed(w, r, err)
	}
}

// lateStatus sends the status with the first bytes of the body, so that a page that fails early can still be an error page.
type lateStatus struct {
	w      http.ResponseWriter
	status int
	sent   bool
}

func (l *lateStatus) Write(data []byte) (int, error) {
	if !l.sent {
		l.sent = true
		l.w.WriteHeader(l.status)
	}
	return l.w.Write(data)
}

// problemView is the data of problem.html.
type problemView struct {
	Status int
	Title  string
	Text   string // what is wrong and what to do
	Number string // under which the log has the cause; "" when there is none to look up
}

func (p *pages) problem(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	p.render(w, r, status, "problem", view{Title: title, Body: problemView{Status: status, Title: title, Text: text}})
}

func (p *pages) notFound(w http.ResponseWriter, r *http.Request) {
	p.problem(w, r, http.StatusNotFound, "Page not found", "There is no page at this address. Start from the dashboard or the list of reports.")
}

// failed logs err and sends a page that tells the number to look it up by; the cause may hold what a reader should not see.
func (p *pages) failed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the browser went away
	}
	number := report.NewID().String()[:8]
	p.opt.Logger.Error("make page", "path", r.URL.Path, "number", number, "err", err)
	p.render(w, r, http.StatusInternalServerError, "problem", view{Title: "Server error", Body: problemView{
		Status: http.StatusInternalServerError,
		Title:  "The page could not be made",
		Text:   "Reload the page. If this goes on, look for the number below in the server's log: the cause stands beside it.",
		Number: number,
	}})
}

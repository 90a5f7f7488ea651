// Package web is the server's pages: rendered here, with their assets embedded.
//
// The pages are read without scripts. With them the dashboard renews itself and the list of reports follows its filter.
package web

import (
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
)

// Options of New. The zero Options ask for sign-in.
type Options struct {
	Open    bool   // pages without sign-in, for loopback only: Host and Origin of each request are checked
	Inbox   string // folder that is watched, shown on the empty dashboard; "" when none
	Version string
	Logger  *slog.Logger     // default: silent
	Now     func() time.Time // default: time.Now
}

// pages answers the requests. Its fields do not change after New.
type pages struct {
	store     *store.Store
	auth      *auth.Service
	opt       Options
	assets    assets
	templates map[string]*template.Template

	certificate func(io.Writer, *store.Document) error
}

// New returns a handler for the pages and their assets: everything outside /api/.
func New(s *store.Store, a *auth.Service, opt Options) http.Handler {
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	p := &pages{store: s, auth: a, opt: opt, assets: loadAssets(), certificate: CertificateWriter()}
	p.templates = parseTemplates(p.assets)
	return p.guard(p.routes())
}

func (p *pages) routes() http.Handler {
	inside := http.NewServeMux()
	inside.HandleFunc("GET /{$}", p.dashboard)
	inside.HandleFunc("GET /reports", p.reportList)
	inside.HandleFunc("GET /reports/{id}", p.report)
	inside.HandleFunc("GET /reports/{id}/attachments/{number}", p.attachment)
	inside.HandleFunc("GET /reports/{id}/certificate", p.certificatePage)
	inside.HandleFunc("/", p.notFound)

	mux := http.NewServeMux()
	mux.Handle("GET /assets/{name...}", p.assets)
	mux.HandleFunc("GET /login", p.loginPage)
	mux.HandleFunc("POST /login", p.login)
	mux.HandleFunc("POST /logout", p.logout)
	mux.Handle("/", p.signedIn(inside))
	return mux
}

// today returns the first instant of the current UTC day.
func (p *pages) today() time.Time { return p.opt.Now().UTC().Truncate(24 * time.Hour) }

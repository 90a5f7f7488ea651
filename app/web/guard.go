package web

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/gowats/gowats/app/auth"
)

const contentPolicy = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; object-src 'none'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// guard sets the headers every answer has, and turns away what comes from another site.
func (p *pages) guard(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.problem(w, r, http.StatusForbidden, "Request from another site",
			"This request was sent by a page of another site and was not carried out. Open this page by its own address and try again.")
	}))
	next = crossOrigin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		if p.opt.Open && !isLoopback(r.Host) {
			p.problem(w, r, http.StatusForbidden, "Unknown host name", "Without sign-in these pages answer only to localhost, 127.0.0.1 and [::1]. "+
				"Use one of these in the address, or start the server with sign-in (--auth).")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLoopback reports whether a Host header names this machine. A site that points its own name at 127.0.0.1 does not.
func isLoopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
	return err == nil && address.IsLoopback()
}

type identityKey struct{}

// identity returns who is signed in; the zero Identity on open pages and on the sign-in page.
func identity(ctx context.Context) auth.Identity {
	id, _ := ctx.Value(identityKey{}).(auth.Identity)
	return id
}

// signedIn lets requests of a session pass, and sends others to the sign-in page.
func (p *pages) signedIn(next http.Handler) http.Handler {
	if p.opt.Open {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cookie, err := r.Cookie(sessionCookie); err == nil {
			if id, err := p.auth.Session(r.Context(), cookie.Value); err == nil && id.May(auth.Read) {
				next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), identityKey{}, id)))
				return
			}
		}
		if r.Header.Get("Hx-Request") != "" { // a redirect would put the sign-in page inside the page: reload it instead
			w.Header().Set("Hx-Refresh", "true")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, "/login?"+url.Values{"next": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
	})
}

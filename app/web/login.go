package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gowats/gowats/app/auth"
)

const (
	sessionCookie = "gowats_session"
	maxLoginBytes = 8 << 10
)

// loginView is the data of login.html.
type loginView struct {
	Next    string // local path to go to afterwards
	Name    string
	Problem string
}

func (p *pages) loginPage(w http.ResponseWriter, r *http.Request) {
	next := localPath(r.URL.Query().Get("next"))
	if p.opt.Open {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	p.render(w, r, http.StatusOK, "login", view{Title: "Sign in", Body: loginView{Next: next}})
}

func (p *pages) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxLoginBytes)
	if err := r.ParseForm(); err != nil {
		p.problem(w, r, http.StatusBadRequest, "Unreadable form", "The sign-in form could not be read. Go back and try again.")
		return
	}
	form := loginView{Next: localPath(r.PostForm.Get("next")), Name: r.PostForm.Get("name")}
	if p.opt.Open {
		http.Redirect(w, r, form.Next, http.StatusSeeOther)
		return
	}
	secret, err := p.signIn(r.Context(), form.Name, r.PostForm.Get("password"))
	switch {
	case errors.Is(err, auth.ErrDenied):
		form.Problem = "Wrong user name or password."
		p.render(w, r, http.StatusUnauthorized, "login", view{Title: "Sign in", Body: form})
		return
	case err != nil:
		p.failed(w, r, err)
		return
	}
	p.setSession(w, r, secret)
	http.Redirect(w, r, form.Next, http.StatusSeeOther)
}

// signIn returns the secret of a new session.
func (p *pages) signIn(ctx context.Context, name, password string) (string, error) {
	id, err := p.auth.Password(ctx, name, password)
	if err != nil {
		return "", err
	}
	return p.auth.StartSession(ctx, id)
}

func (p *pages) logout(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie); err == nil && !p.opt.Open {
		p.auth.EndSession(cookie.Value)
	}
	p.setSession(w, r, "")
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// setSession keeps secret in the browser until it closes; "" removes it.
func (p *pages) setSession(w http.ResponseWriter, r *http.Request, secret string) {
	cookie := &http.Cookie{
		Name: sessionCookie, Value: secret, Path: "/",
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	}
	if secret == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

// localPath returns target when it is a path of this site, else "/". Browsers read a backslash as a slash, so //host has four forms.
func localPath(target string) string {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil ||
		!strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") || strings.Contains(target, `\`) {
		return "/"
	}
	return target
}

// Package web is the server's pages: rendered here, with their assets embedded.
package web

import (
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

// New returns a handler for the pages and their assets: everything outside /api/.
func New(s *store.Store, a *auth.Service, opt Options) http.Handler { panic("stub") }

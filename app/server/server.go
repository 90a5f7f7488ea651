// Package server answers the WATS REST protocol over a store.
package server

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
)

// Options of New. The zero Options are good.
type Options struct {
	Version string           // of the product, told by GET /api/App/Version and the header Gowats-Server
	Logger  *slog.Logger     // default: silent
	Now     func() time.Time // default: time.Now
}

// New returns a handler for everything under /api/. Every route asks for credentials.
func New(s *store.Store, a *auth.Service, opt Options) http.Handler { panic("stub") }

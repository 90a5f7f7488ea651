package contract_test

import (
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/web"
)

const (
	serverVersion = "1.2.3-test"
	user          = "ann"
	password      = "correct horse"
)

// bench is a real server over a new database, with a user who may write.
type bench struct {
	url   string
	token string
	store *store.Store
}

func startServer(t *testing.T) *bench {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "gowats.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	a := auth.New(s)
	if err := a.CreateUser(t.Context(), user, password, auth.Write); err != nil {
		t.Fatal(err)
	}
	token, err := a.IssueToken(t.Context(), user, "test")
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.New(s, a, server.Options{Version: serverVersion, Certificate: web.CertificateWriter()}))
	t.Cleanup(web.Close)
	return &bench{url: web.URL, token: token, store: s}
}

func (b *bench) client(t *testing.T, opts ...wats.Option) *wats.Client {
	t.Helper()
	if len(opts) == 0 {
		opts = []wats.Option{wats.WithToken(b.token)}
	}
	c, err := wats.NewClient(b.url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

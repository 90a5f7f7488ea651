package contract_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
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

func startServer(t *testing.T, before ...func(http.Handler) http.Handler) *bench {
	t.Helper()
	s := storetest.Open(t, store.Options{})
	a := auth.New(s)
	if err := a.CreateUser(t.Context(), user, password, auth.Write); err != nil {
		t.Fatal(err)
	}
	token, err := a.IssueToken(t.Context(), user, "test")
	if err != nil {
		t.Fatal(err)
	}
	h := server.New(s, a, server.Options{Version: serverVersion, Certificate: web.CertificateWriter()})
	for _, b := range before {
		h = b(h)
	}
	listening := httptest.NewServer(checked(t, h))
	t.Cleanup(listening.Close)
	return &bench{url: listening.URL, token: token, store: s}
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

package wats_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func TestPackageOnTheWire(t *testing.T) {
	var p wats.Package
	const sent = `{"id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","NAME":"tool","status":2,"tags":null,"created":"2026-11-23T10:00:00","vendorOnly":{"a":1},
		"files":[{"id":"6ba7b811-9dad-11d1-80b4-00c04fd430c8","name":"a.txt","modified":"2026-11-23T10:00:00Z","x":true}]}`
	if err := json.Unmarshal([]byte(sent), &p); err != nil {
		t.Fatal(err)
	}
	if p.ID.IsZero() || p.Name != "tool" || p.Status != wats.PackageReleased || p.CreatedUTC.IsZero() || len(p.Files) != 1 || p.Files[0].Name != "a.txt" ||
		p.Files[0].ID.IsZero() || p.Files[0].ModifiedUTC.IsZero() {
		t.Errorf("got %+v", p)
	}
	back, err := json.Marshal(p)
	if err != nil || !strings.Contains(string(back), `"vendorOnly":{"a":1}`) || !strings.Contains(string(back), `"x":true`) || !strings.Contains(string(back), `"status":"Released"`) {
		t.Errorf("written back: %s, %v; want what nobody knows in it", back, err)
	}
	for text, want := range map[string]wats.PackageStatus{`"revoked"`: wats.PackageRevoked, `0`: wats.PackageDraft, `"Odd"`: "Odd", `null`: ""} {
		var s wats.PackageStatus
		if err := json.Unmarshal([]byte(text), &s); err != nil || s != want {
			t.Errorf("status %s: got %q, %v; want %q", text, s, err, want)
		}
	}
	var s wats.PackageStatus
	if err := json.Unmarshal([]byte(`7`), &s); err == nil {
		t.Errorf("status 7: got %q, want an error", s)
	}
}

func TestSoftwareCallsThatAreNotSent(t *testing.T) {
	var got requestLog
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { got.add(r) })
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"Get of nothing":           func() error { _, err := c.Software.Get(ctx, report.ID{}); return err },
		"GetByName of a blank":     func() error { _, err := c.Software.GetByName(ctx, " ", wats.PackageSelect{}); return err },
		"Create of nil":            func() error { _, err := c.Software.Create(ctx, nil); return err },
		"Create without a name":    func() error { _, err := c.Software.Create(ctx, &wats.Package{}); return err },
		"Update without an ID":     func() error { _, err := c.Software.Update(ctx, &wats.Package{Name: "x"}); return err },
		"SetStatus to what is not": func() error { return c.Software.SetStatus(ctx, report.NewID(), "Over") },
		"UploadZip of nothing":     func() error { return c.Software.UploadZip(ctx, report.NewID(), nil, 0, wats.UploadOptions{}) },
		"DeleteFiles of none":      func() error { return c.Software.DeleteFiles(ctx) },
		"History without tags":     func() error { _, err := c.Software.History(ctx, wats.PackageHistoryQuery{}); return err },
		"LogDownload of -1":        func() error { return c.Software.LogDownload(ctx, report.NewID(), -1) },
		"Download of nothing":      func() error { _, err := c.Software.Download(ctx, report.ID{}, nil, nil); return err },
		"a user without a name":    func() error { _, err := c.SCIM.Create(ctx, &wats.SCIMUser{}); return err },
		"a user without changes":   func() error { _, err := c.SCIM.Update(ctx, "x"); return err },
		"a token of -1 days":       func() error { _, err := c.SCIM.Token(ctx, -1); return err },
		"a token without a user":   func() error { _, err := c.SCIM.IssueToken(ctx, wats.TokenRequest{}); return err },
	} {
		if err := call(); !errors.Is(err, wats.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
	if got.len() > 0 {
		t.Errorf("%d requests were sent, want none", got.len())
	}
}

// TestGetsWithAnEffectAreAskedOnce: some routes are read by GET and do something all the same.
func TestGetsWithAnEffectAreAskedOnce(t *testing.T) {
	var got requestLog
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.add(r)
		w.WriteHeader(http.StatusServiceUnavailable)
	}, fast, wats.WithCacheTTL(wats.DomainSoftware, 1<<40), wats.WithCacheTTL(wats.DomainSCIM, 1<<40))
	for range 2 {
		if err := c.Software.LogDownload(t.Context(), report.NewID(), 1); !errors.Is(err, wats.ErrServer) {
			t.Errorf("LogDownload: got %v", err)
		}
		if _, err := c.SCIM.Token(t.Context(), 1); !errors.Is(err, wats.ErrServer) {
			t.Errorf("Token: got %v", err)
		}
	}
	if got.len() != 4 {
		t.Errorf("%d requests, want 4", got.len())
	}
}

func TestSCIMPagesOfAServerWithoutTotal(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("startIndex") {
		case "1":
			answer(200, `{"resources":[{"userName":"a"},{"userName":"b"}]}`)(w, r)
		case "3":
			answer(200, `{"Resources":[{"userName":"c"}]}`)(w, r)
		}
	})
	var names []string
	for u, err := range c.SCIM.All(t.Context(), wats.SCIMQuery{Count: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, u.UserName)
	}
	if !slices.Equal(names, []string{"a", "b", "c"}) {
		t.Errorf("got %v, want a, b, c", names)
	}
}

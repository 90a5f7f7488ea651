package contract_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/report"
)

// admin returns a client of an administrator, whose name is root.
func (b *bench) admin(t *testing.T) *wats.Client {
	t.Helper()
	a := auth.New(b.store)
	if err := a.CreateUser(t.Context(), "root", password, auth.Admin); err != nil {
		t.Fatal(err)
	}
	token, err := a.IssueToken(t.Context(), "root", "test")
	if err != nil {
		t.Fatal(err)
	}
	return b.client(t, wats.WithToken(token), wats.WithoutRateLimit())
}

func TestSCIMUsers(t *testing.T) {
	b := startServer(t)
	c := b.admin(t)
	given := &wats.SCIMUser{
		UserName: "kari@plant.example", DisplayName: "Kari", ExternalID: "ad-17", Password: wats.NewSecret("a long password"),
		Name:   &wats.SCIMName{Formatted: "Kari Nordmann", GivenName: "Kari", FamilyName: "Nordmann", Extra: wats.Extra{"middleName": json.RawMessage(`"Anne"`)}},
		Emails: []wats.SCIMEmail{{Value: "kari@plant.example", Type: "work", Primary: report.Some(true)}},
		Roles:  []wats.SCIMRole{{Value: "write"}, {Value: "shift leader"}},
		Extra:  wats.Extra{"title": json.RawMessage(`"Operator"`), "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": json.RawMessage(`{"department":"ICT"}`)},
	}
	made, err := c.SCIM.Create(t.Context(), given)
	if err != nil {
		t.Fatal(err)
	}
	want := *given
	want.Password, want.Schemas, want.ID, want.Active, want.Meta = wats.Secret{}, []string{wats.SCIMUserSchema}, made.ID, report.Some(true), made.Meta
	if diff := cmp.Diff(&want, made, cmp.Comparer(func(a, b wats.Secret) bool { return a.Reveal() == b.Reveal() })); diff != "" {
		t.Errorf("Create (-want +got):\n%s", diff)
	}
	if made.Meta["resourceType"] != "User" || made.Meta["created"] == nil {
		t.Errorf("Meta: got %v", made.Meta)
	}
	for name, get := range map[string]func() (*wats.SCIMUser, error){
		"Get":       func() (*wats.SCIMUser, error) { return c.SCIM.Get(t.Context(), made.ID) },
		"GetByName": func() (*wats.SCIMUser, error) { return c.SCIM.GetByName(t.Context(), "KARI@plant.example") },
	} {
		if got, err := get(); err != nil || got.ID != made.ID || got.ExternalID != "ad-17" || string(got.Extra["title"]) != `"Operator"` {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	kari := b.client(t, wats.WithBasicAuth("kari@plant.example", "a long password"))
	if _, err := kari.Software.List(t.Context()); err != nil {
		t.Errorf("the new user signs in: got %v", err)
	}
	if _, err := c.SCIM.Create(t.Context(), &wats.SCIMUser{UserName: "Kari@Plant.example"}); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("Create of a name that is taken: got %v, want ErrConflict", err)
	}

	changed, err := c.SCIM.Update(t.Context(), made.ID,
		wats.SCIMChange{Path: "displayName", Value: "Kari N."}, wats.SCIMChange{Path: "name.givenName", Value: "Karen"},
		wats.SCIMChange{Path: `emails[type eq "work"].value`, Value: "kn@plant.example"}, wats.SCIMChange{Path: "title", Value: nil},
		wats.SCIMChange{Path: "userName", Value: "karen"}, wats.SCIMChange{Path: "roles", Value: []string{"read"}})
	if err != nil {
		t.Fatal(err)
	}
	if changed.DisplayName != "Kari N." || changed.Name.GivenName != "Karen" || changed.Name.FamilyName != "Nordmann" || string(changed.Name.Extra["middleName"]) != `"Anne"` ||
		changed.Emails[0].Value != "kn@plant.example" || changed.Extra["title"] != nil || changed.UserName != "karen" || changed.ID != made.ID ||
		len(changed.Roles) != 1 || changed.Roles[0].Value != "read" {
		t.Errorf("Update: got %+v", changed)
	}
	karen := b.client(t, wats.WithBasicAuth("karen", "a long password"))
	if _, err := karen.Software.Create(t.Context(), &wats.Package{Name: "x"}); !errors.Is(err, wats.ErrForbidden) {
		t.Errorf("the user with the role read writes: got %v, want ErrForbidden", err)
	}
	token, err := auth.New(b.store).IssueToken(t.Context(), "karen", "test")
	if err != nil {
		t.Fatal(err)
	}
	byToken := b.client(t, wats.WithToken(token))
	if _, err := byToken.Software.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SCIM.Update(t.Context(), made.ID, wats.SCIMChange{Path: "active", Value: false}); err != nil {
		t.Fatal(err)
	}
	for name, user := range map[string]*wats.Client{"password": karen, "token": byToken} {
		if _, err := user.Software.List(t.Context()); !errors.Is(err, wats.ErrUnauthorized) {
			t.Errorf("the inactive user signs in by %s: got %v, want ErrUnauthorized", name, err)
		}
	}
	if _, err := c.SCIM.Update(t.Context(), made.ID, wats.SCIMChange{Path: "active", Value: "True"}, wats.SCIMChange{Path: "password", Value: "another password"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.client(t, wats.WithBasicAuth("karen", "another password")).Software.List(t.Context()); err != nil {
		t.Errorf("the user is active again and has another password: got %v", err)
	}
	if err := c.SCIM.Delete(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SCIM.Get(t.Context(), made.ID); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Get of a deleted user: got %v, want ErrNotFound", err)
	}
	if _, err := byToken.Software.List(t.Context()); !errors.Is(err, wats.ErrUnauthorized) {
		t.Errorf("the token of a deleted user: got %v, want ErrUnauthorized", err)
	}
}

func TestSCIMPages(t *testing.T) {
	b := startServer(t)
	c := b.admin(t) // there are ann and root
	for i := range 23 {
		if _, err := c.SCIM.Create(t.Context(), &wats.SCIMUser{UserName: fmt.Sprintf("user-%02d", i), ExternalID: fmt.Sprint(i), Active: report.Some(i%2 == 0)}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := c.SCIM.Page(t.Context(), wats.SCIMQuery{StartIndex: 24, Count: 10})
	if err != nil || page.TotalResults != 25 || page.ItemsPerPage != 2 || page.StartIndex != 24 || len(page.Resources) != 2 || page.Resources[1].UserName != "user-22" {
		t.Errorf("Page: got %+v, %v; want the last two of 25", page, err)
	}
	for filter, want := range map[string]int{"": 25, `userName eq "USER-03"`: 1, `externalId eq "7"`: 1, "active eq false": 11, `id eq "nobody"`: 0} {
		seen := map[string]bool{}
		for u, err := range c.SCIM.All(t.Context(), wats.SCIMQuery{Filter: filter, Count: 4}) {
			if err != nil {
				t.Fatal(err)
			}
			seen[u.UserName] = true
		}
		if len(seen) != want {
			t.Errorf("All with filter %q: got %d users, want %d", filter, len(seen), want)
		}
	}
	if _, err := c.SCIM.Page(t.Context(), wats.SCIMQuery{Filter: `userName co "a"`}); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("Page with another filter: got %v, want ErrInvalid", err)
	}
}

func TestSCIMRefusals(t *testing.T) {
	b := startServer(t)
	c := b.admin(t)
	root, err := c.SCIM.GetByName(t.Context(), "root")
	if err != nil {
		t.Fatal(err)
	}
	for name, changes := range map[string][]wats.SCIMChange{
		"$.Operations[0] value":      {{Path: "id", Value: "x"}},
		"$.Operations[1] value":      {{Path: "displayName", Value: "ok"}, {Path: "active", Value: 3}},
		"$.Operations[0] type":       {{Path: "password", Value: 5}},
		"$.password password":        {{Path: "password", Value: "short"}},
		"$.userName required":        {{Path: "userName", Value: " "}},
		"$.displayName length":       {{Path: "displayName", Value: strings.Repeat("x", 501)}},
		"$.Operations[0].value type": {{Path: "", Value: "x"}},
	} {
		if _, err := c.SCIM.Update(t.Context(), root.ID, changes...); !slices.Contains(violations(err), name) {
			t.Errorf("Update %+v: got %v (%v), want %s", changes, violations(err), err, name)
		}
	}
	after, err := c.SCIM.Get(t.Context(), root.ID)
	if err != nil || after.DisplayName != "" {
		t.Errorf("after refused changes: got %+v, %v; want nothing changed", after, err)
	}
	for name, changes := range map[string][]wats.SCIMChange{
		"inactive": {{Path: "active", Value: false}}, "demoted": {{Path: "roles", Value: []wats.SCIMRole{{Value: "read"}}}},
		"renamed to one that is taken": {{Path: "userName", Value: "ANN"}},
	} {
		if _, err := c.SCIM.Update(t.Context(), root.ID, changes...); !errors.Is(err, wats.ErrConflict) {
			t.Errorf("the last administrator is %s: got %v, want ErrConflict", name, err)
		}
	}
	if err := c.SCIM.Delete(t.Context(), root.ID); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("the last administrator is deleted: got %v, want ErrConflict", err)
	}
	if err := c.SCIM.Delete(t.Context(), "x"); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Delete of a bad ID: got %v, want ErrNotFound", err)
	}
	if _, err := b.client(t).SCIM.Page(t.Context(), wats.SCIMQuery{}); !errors.Is(err, wats.ErrForbidden) {
		t.Errorf("Page as one who may write: got %v, want ErrForbidden", err)
	}
}

func TestSCIMToken(t *testing.T) {
	b := startServer(t)
	c := b.admin(t)
	token, err := c.SCIM.Token(t.Context(), 7)
	if err != nil || token.DurationDays != 7 || time.Until(token.ExpiresUTC.Time) < 6*24*time.Hour || strings.Contains(fmt.Sprintf("%+v", token), token.Token.Reveal()) {
		t.Fatalf("Token: got %+v, %v", token, err)
	}
	directory := b.client(t, wats.WithBearer(token.Token.Reveal()))
	if page, err := directory.SCIM.Page(t.Context(), wats.SCIMQuery{}); err != nil || page.TotalResults != 2 {
		t.Errorf("Page by the token: got %+v, %v", page, err)
	}
	if _, err := directory.Software.List(t.Context()); !errors.Is(err, wats.ErrForbidden) {
		t.Errorf("List of packages by the token: got %v, want ErrForbidden", err)
	}
	if _, err := directory.SCIM.Token(t.Context(), 7); !errors.Is(err, wats.ErrForbidden) {
		t.Errorf("Token by the token: got %v, want ErrForbidden", err)
	}
}

func TestSCIMGroups(t *testing.T) {
	b := startServer(t)
	c := b.admin(t)
	token, err := c.SCIM.Token(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	b.token = token.Token.Reveal()
	var groups struct{ Resources []struct{ ID string } }
	if err := json.Unmarshal([]byte(b.body(t, "/api/SCIM/v2/Groups")), &groups); err != nil || len(groups.Resources) != 3 {
		t.Errorf("Groups: got %+v, %v; want three", groups, err)
	}
	if body := b.body(t, "/api/SCIM/v2/Groups/admin"); !strings.Contains(body, `"display":"root"`) {
		t.Errorf("group admin: got %s, want root in it", body)
	}
	if status, _ := b.do(t, http.MethodGet, "/api/SCIM/v2/Groups/x", "application/json", ""); status != http.StatusNotFound {
		t.Errorf("group x: got %d, want 404", status)
	}
}

func TestTokensOfUsers(t *testing.T) {
	b := startServer(t)
	c := b.admin(t)
	issued, err := c.SCIM.IssueToken(t.Context(), wats.TokenRequest{User: user, Name: "line 4", Days: 30})
	if err != nil || issued.User != user || issued.Token.Reveal() == "" || issued.ExpiresUTC.IsZero() {
		t.Fatalf("IssueToken: got %+v, %v", issued, err)
	}
	ann := b.client(t, wats.WithToken(issued.Token.Reveal()))
	if _, err := ann.Software.List(t.Context()); err != nil {
		t.Errorf("the token is used: got %v", err)
	}
	all, err := c.SCIM.Tokens(t.Context(), "")
	if err != nil || len(all) != 3 {
		t.Errorf("Tokens of all: got %+v, %v; want three", all, err)
	}
	if all, err = c.SCIM.Tokens(t.Context(), user); err != nil || len(all) != 2 || all[1].ID != issued.ID || all[1].Token.Reveal() != "" {
		t.Errorf("Tokens of %s: got %+v, %v; want two, without secrets", user, all, err)
	}
	if err := c.SCIM.WithdrawToken(t.Context(), issued.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := ann.Software.List(t.Context()); !errors.Is(err, wats.ErrUnauthorized) {
		t.Errorf("the token is used after it was withdrawn: got %v, want ErrUnauthorized", err)
	}
	if err := c.SCIM.WithdrawToken(t.Context(), issued.ID); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("WithdrawToken twice: got %v, want ErrNotFound", err)
	}
	if _, err := c.SCIM.IssueToken(t.Context(), wats.TokenRequest{User: "nobody", Name: "x"}); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("IssueToken for nobody: got %v, want ErrNotFound", err)
	}
	if _, err := ann.SCIM.Tokens(t.Context(), ""); err == nil {
		t.Error("Tokens as one who is no administrator: got no error")
	}
}

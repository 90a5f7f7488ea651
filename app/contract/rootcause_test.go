package contract_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
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

// newTicket creates a ticket that must be taken.
func newTicket(t *testing.T, c *wats.Client, k wats.Ticket) *wats.Ticket {
	t.Helper()
	made, err := c.RootCause.Create(t.Context(), k)
	if err != nil {
		t.Fatalf("create ticket %q: %v", k.Subject, err)
	}
	return made
}

// history returns the entries of a ticket as "kind user content".
func history(k *wats.Ticket) (all []string) {
	for _, u := range k.History {
		all = append(all, fmt.Sprint(int(u.Type.Value), " ", u.User, " ", u.Content))
	}
	return all
}

func TestTicketFlow(t *testing.T) {
	c := startServer(t).client(t)
	about := report.NewID()
	k := newTicket(t, c, wats.Ticket{
		Subject: "Cracked R12", ReportID: about, Team: "ICT", Tags: []wats.Setting{{Key: "Line", Value: "4"}},
		Update: &wats.TicketUpdate{Content: "Seen *three* times"},
	})
	want := &wats.Ticket{
		ID: k.ID, Number: 1, Owner: user, Subject: "Cracked R12", Status: wats.TicketOpen, Priority: report.Some(wats.MediumPriority), ReportID: about,
		Created: k.Created, Updated: k.Created, Team: "ICT", Tags: []wats.Setting{{Key: "Line", Value: "4"}}, RowVersion: report.Some(1),
		History: []wats.TicketUpdate{{ID: k.History[0].ID, At: k.Created, User: user, Content: "Seen *three* times", Type: report.Some(wats.TicketContent)}},
	}
	got, err := c.RootCause.Get(t.Context(), k.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Get (-want +got):\n%s", diff)
	}
	step := func(name string, next *wats.Ticket, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		k = next
	}
	if _, err := c.RootCause.SetStatus(t.Context(), *k, wats.TicketInProgress); !errors.Is(err, wats.ErrInvalid) || !strings.Contains(err.Error(), "without assignee") {
		t.Errorf("work on a ticket of nobody: got %v, want ErrInvalid", err)
	}
	next, err := c.RootCause.Assign(t.Context(), *k, "kari")
	step("Assign", next, err)
	next, err = c.RootCause.SetStatus(t.Context(), *k, wats.TicketInProgress)
	step("SetStatus", next, err)
	if err := c.RootCause.Archive(t.Context(), k.ID); !errors.Is(err, wats.ErrConflict) || !strings.Contains(err.Error(), "ticket 1 is in progress") {
		t.Errorf("Archive of what is not solved: got %v, want ErrConflict", err)
	}
	if _, err := c.RootCause.SetStatus(t.Context(), *k, wats.TicketArchived); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("SetStatus archived of what is not solved: got %v, want ErrConflict", err)
	}
	k.Progress, k.Priority = "Supplier asked", report.Some(wats.HighPriority)
	next, err = c.RootCause.Update(t.Context(), *k)
	step("Update", next, err)
	next, err = c.RootCause.Comment(t.Context(), *k, "Answer: bad reel")
	step("Comment", next, err)
	stale := *k
	next, err = c.RootCause.SetStatus(t.Context(), *k, wats.TicketSolved)
	step("SetStatus", next, err)
	if _, err := c.RootCause.Comment(t.Context(), stale, "too late"); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("Comment on what was changed meanwhile: got %v, want ErrConflict", err)
	}
	if err := c.RootCause.Archive(t.Context(), k.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.RootCause.Archive(t.Context(), k.ID); err != nil {
		t.Errorf("Archive of what is archived: %v", err)
	}
	got, err = c.RootCause.Get(t.Context(), k.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantHistory := []string{
		"0 ann Seen *three* times",
		`2 ann assignee: "" → "kari"`,
		`2 ann status: "open" → "in progress"`,
		"1 ann Supplier asked",
		`2 ann priority: "medium" → "high"`,
		"0 ann Answer: bad reel",
		`2 ann status: "in progress" → "solved"`,
		`2 ann status: "solved" → "archived"`,
	}
	if diff := cmp.Diff(wantHistory, history(got)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if got.Status != wats.TicketArchived || got.Assignee != "kari" || got.Progress != "Supplier asked" || got.Team != "ICT" {
		t.Errorf("Get at the end: got %+v", got)
	}
	next, err = c.RootCause.Assign(t.Context(), *got, "")
	if err != nil || next.Assignee != "" || next.Status != wats.TicketOpen {
		t.Errorf("Assign to nobody: got %+v, %v; want it open", next, err)
	}
}

// TestTicketOfWATS: a server that never tells the assignee, and takes a write without it for unassigned, is served by what the caller holds.
func TestTicketOfWATS(t *testing.T) {
	b := startServer(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Method == http.MethodPut && !bytes.Contains(body, []byte(`"assignee"`)) {
				body = append(bytes.TrimSuffix(body, []byte("}")), `,"assignee":""}`...)
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			next.ServeHTTP(&forgetful{ResponseWriter: w}, r)
		})
	})
	c := b.client(t)
	k := newTicket(t, c, wats.Ticket{Subject: "S"})
	k, err := c.RootCause.Assign(t.Context(), *k, "kari")
	if err != nil || k.Assignee != "kari" {
		t.Fatalf("Assign: got %+v, %v; want the assignee that was written", k, err)
	}
	if k, err = c.RootCause.SetStatus(t.Context(), *k, wats.TicketOnHold); err != nil || k.Status != wats.TicketOnHold {
		t.Fatalf("SetStatus: got %+v, %v", k, err)
	}
	if k, err = c.RootCause.Comment(t.Context(), *k, "waits"); err != nil || k.Assignee != "kari" {
		t.Errorf("Comment: got %+v, %v", k, err)
	}
}

// forgetful leaves the assignee out of answers.
type forgetful struct{ http.ResponseWriter }

func (f *forgetful) Write(p []byte) (int, error) {
	blank := bytes.Replace(p, []byte(`"assignee":"kari"`), []byte(`"assignee":null  `), 1)
	return f.ResponseWriter.Write(blank)
}

func TestTicketLists(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	a := auth.New(b.store)
	if err := a.CreateUser(t.Context(), "kari", password, auth.Read); err != nil {
		t.Fatal(err)
	}
	kari := b.client(t, wats.WithBasicAuth("kari", password))
	newTicket(t, c, wats.Ticket{Subject: "First", Tags: []wats.Setting{{Key: "Line", Value: "Blue"}}})
	newTicket(t, c, wats.Ticket{Subject: "Second", Assignee: "Kari", Status: wats.TicketOnHold})
	newTicket(t, c, wats.Ticket{Subject: "Third, 100% blue", Assignee: "ola", Owner: "kari", Status: wats.TicketSolved})
	subjects := func(c *wats.Client, q wats.TicketQuery) string {
		t.Helper()
		all, err := c.RootCause.List(t.Context(), q)
		if err != nil {
			t.Fatalf("List(%+v): %v", q, err)
		}
		var words []string
		for _, k := range all {
			words = append(words, strings.Trim(strings.Fields(k.Subject)[0], ","))
		}
		return strings.Join(words, " ")
	}
	for _, tc := range []struct {
		client *wats.Client
		query  wats.TicketQuery
		want   string
	}{
		{c, wats.TicketQuery{View: wats.AllTickets}, "Third Second First"},
		{c, wats.TicketQuery{View: wats.AllTickets, Status: wats.TicketOpen | wats.TicketSolved}, "Third First"},
		{c, wats.TicketQuery{View: wats.AllTickets, Search: "BLUE"}, "Third First"},
		{c, wats.TicketQuery{View: wats.AllTickets, Search: "0%"}, "Third"},
		{c, wats.TicketQuery{View: wats.AllTickets, Search: "line"}, "First"},
		{c, wats.TicketQuery{}, ""},
		{kari, wats.TicketQuery{}, "Second"},
		{kari, wats.TicketQuery{View: wats.FollowedTickets}, "Third"},
		{c, wats.TicketQuery{View: wats.FollowedTickets}, "Second First"},
	} {
		if got := subjects(tc.client, tc.query); got != tc.want {
			t.Errorf("List(%+v): got %q, want %q", tc.query, got, tc.want)
		}
	}
	if _, err := kari.RootCause.List(t.Context(), wats.TicketQuery{View: wats.AllTickets}); !errors.Is(err, wats.ErrForbidden) {
		t.Errorf("all tickets for who may only read: got %v, want ErrForbidden", err)
	}
	for path, want := range map[string][]string{
		"/api/RootCause/Tickets":                   {"status required", "view required"},
		"/api/RootCause/Tickets?status=64&view=3":  {"status range", "view range"},
		"/api/RootCause/Tickets?status=0&view=0":   {"status range"},
		"/api/RootCause/Ticket?ticketId=1":         {"ticketId type"},
		"/api/RootCause/Ticket":                    {"ticketId required"},
		"/api/RootCause/Attachment?attachmentId=x": {"attachmentId type"},
	} {
		if got := violations(b.refusal(t, http.MethodGet, path, "")); !slices.Equal(got, want) {
			t.Errorf("GET %s: got %q, want %q", path, got, want)
		}
	}
}

func TestTicketRefusals(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	k := newTicket(t, c, wats.Ticket{Subject: "S", Assignee: "kari"})
	id, nobody := k.ID.String(), report.NewID().String()
	for name, tc := range map[string]struct {
		method, path, body string
		want               []string
	}{
		"all at once": {"POST", "/api/RootCause/Ticket", `{"subject":" ","status":3,"priority":5,"team":"` + strings.Repeat("t", 201) + `","tags":[{"key":""}],
			"update":{"attachments":[{"attachmentId":"` + nobody + `"}]}}`,
			[]string{"$.subject required", "$.team length", "$.status enum", "$.priority enum", "$.tags[0].key required", "$.status assignee", "$.update.attachments[0].attachmentId reference"}},
		"solved by nobody":           {"POST", "/api/RootCause/Ticket", `{"subject":"x","status":8}`, []string{"$.status assignee"}},
		"archived at once":           {"POST", "/api/RootCause/Ticket", `{"subject":"x","status":32,"assignee":"a"}`, []string{"$.status enum"}},
		"a bad report":               {"POST", "/api/RootCause/Ticket", `{"subject":"x","reportUuid":"1"}`, []string{"$.reportUuid type"}},
		"no ID":                      {"PUT", "/api/RootCause/Ticket", `{"subject":"x"}`, []string{"$.ticketId required"}},
		"no subject":                 {"PUT", "/api/RootCause/Ticket", `{"ticketId":"` + id + `","subject":""}`, []string{"$.subject required"}},
		"taken away while worked on": {"PUT", "/api/RootCause/Ticket", `{"ticketId":"` + id + `","assignee":"","status":2}`, []string{"$.status assignee"}},
		"another ID in the path":     {"PUT", "/api/RootCause/Ticket/" + id, `{"ticketId":"` + nobody + `"}`, []string{"$.ticketId reference"}},
		"an empty comment":           {"POST", "/api/RootCause/Ticket/" + id + "/Comment", `{}`, []string{"$.content required"}},
		"a status that is none":      {"PUT", "/api/RootCause/Ticket/" + id + "/Status?status=3", ``, []string{"$.status enum"}},
		"archive nothing":            {"POST", "/api/RootCause/ArchiveTickets", `[]`, []string{"$ length"}},
		"archive what is no ID":      {"POST", "/api/RootCause/ArchiveTickets", `["1"]`, []string{"$[0] type"}},
	} {
		if got := violations(b.refusal(t, tc.method, tc.path, tc.body)); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
	for name, err := range map[string]error{
		"PUT":     b.refusal(t, "PUT", "/api/RootCause/Ticket", `{"ticketId":"`+nobody+`","subject":"x"}`),
		"archive": c.RootCause.Archive(t.Context(), k.ID, report.NewID()),
	} {
		if !errors.Is(err, wats.ErrNotFound) {
			t.Errorf("%s of no ticket: got %v, want ErrNotFound", name, err)
		}
	}
	if err := b.refusal(t, "POST", "/api/RootCause/Ticket", `{"ticketId":"`+id+`","subject":"again"}`); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("POST of an ID that is there: got %v, want ErrConflict", err)
	}
	got, err := c.RootCause.Get(t.Context(), k.ID)
	if err != nil || got.RowVersion != k.RowVersion || len(got.History) != 0 {
		t.Errorf("after refusals: got %+v, %v; want nothing changed", got, err)
	}
}

func TestTicketAttachments(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	big := bytes.Repeat([]byte("0123456789abcdef"), 40_000)
	up := func(name string, content []byte) wats.TicketAttachment {
		t.Helper()
		a, err := c.RootCause.UploadAttachment(t.Context(), name, bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatalf("UploadAttachment %s: %v", name, err)
		}
		return a
	}
	picture, log := up("å & 'b'.png", big), up("log.txt", []byte("log"))
	k := newTicket(t, c, wats.Ticket{Subject: "S", Update: &wats.TicketUpdate{Attachments: []wats.TicketAttachment{picture}}})
	k, err := c.RootCause.Comment(t.Context(), *k, "see", log)
	if err != nil {
		t.Fatal(err)
	}
	if len(k.History) != 2 || !slices.Equal(k.History[0].Attachments, []wats.TicketAttachment{picture}) || !slices.Equal(k.History[1].Attachments, []wats.TicketAttachment{log}) {
		t.Errorf("history with files: got %+v", k.History)
	}
	var w bytes.Buffer
	if err := c.RootCause.Attachment(t.Context(), k.History[0].Attachments[0], &w); err != nil || !bytes.Equal(w.Bytes(), big) {
		t.Errorf("Attachment: got %d bytes, %v; want %d", w.Len(), err, len(big))
	}
	if _, err := c.RootCause.Comment(t.Context(), *k, "again", log); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("Comment with a file of another update: got %v, want ErrInvalid", err)
	}
	if err := c.RootCause.Attachment(t.Context(), wats.TicketAttachment{ID: report.NewID()}, io.Discard); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Attachment that is not there: got %v, want ErrNotFound", err)
	}
	if _, err := c.RootCause.UploadAttachment(t.Context(), "huge", zeros{}, 64<<20+1); !errors.Is(err, wats.ErrTooLarge) {
		t.Errorf("UploadAttachment of more than 64 MiB: got %v, want ErrTooLarge", err)
	}
	for _, name := range []string{"../up", `a\b`, "..", "con.txt"} {
		if _, err := c.RootCause.UploadAttachment(t.Context(), name, strings.NewReader("x"), 1); !errors.Is(err, wats.ErrInvalid) {
			t.Errorf("UploadAttachment %q: got %v, want ErrInvalid", name, err)
		}
	}
	form := func(part, file, content string) (string, string) {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		p, err := w.CreateFormFile(part, file)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(p, content)
		_ = w.Close()
		return w.FormDataContentType(), body.String()
	}
	kind, whole := form("file", "a.txt", "abcdef")
	otherKind, other := form("picture", "a.txt", "abcdef")
	emptyKind, empty := form("file", "a.txt", "")
	for name, tc := range map[string]struct{ kind, body, want string }{
		"another part":  {otherKind, other, "file required"},
		"broken off":    {kind, whole[:len(whole)-30], "$ syntax"},
		"no form":       {kind, "abc", "file required"},
		"an empty file": {emptyKind, empty, "$ required"},
	} {
		err := b.sendAs(t, http.MethodPost, "/api/RootCause/Attachment", tc.kind, strings.NewReader(tc.body))
		if got := strings.Join(violations(err), ", "); got != tc.want {
			t.Errorf("%s: got %q (%v), want %q", name, got, err, tc.want)
		}
	}
	if err := b.sendAs(t, http.MethodPost, "/api/RootCause/Attachment", "application/json", strings.NewReader("{}")); err == nil || !strings.Contains(err.Error(), "multipart") {
		t.Errorf("a body that is no form: got %v, want a refusal that says so", err)
	}
}

// TestTicketRoutesByPath tries the addresses that no method of the SDK uses.
func TestTicketRoutesByPath(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	k := newTicket(t, c, wats.Ticket{Subject: "S", Assignee: "kari", Team: "ICT"})
	at := "/api/RootCause/Ticket/" + k.ID.String()
	b.call(t, http.MethodPut, at, []byte(`{"progress":"half"}`))
	b.call(t, http.MethodPost, at+"/Comment", []byte(`{"content":"words","updateId":"00000001-0000-4000-8000-000000000000"}`))
	b.call(t, http.MethodPost, at+"/Comment", []byte(`{"content":"words","updateId":"00000001-0000-4000-8000-000000000000"}`))
	b.call(t, http.MethodPut, at+"/Status?status=4", nil)
	if got := string(b.call(t, http.MethodGet, at, nil)); !strings.Contains(got, `"progress":"half"`) || !strings.Contains(got, `"status":4`) || strings.Count(got, "words") != 1 {
		t.Errorf("GET %s: got %s, want progress, status and the comment once", at, got)
	}
	if got := string(b.call(t, http.MethodGet, "/api/RootCause/Teams", nil)); got != `["ICT"]` {
		t.Errorf("GET Teams: got %s", got)
	}
	if got, err := c.RootCause.Get(t.Context(), k.ID); err != nil || got.Updated.Before(got.Created.Time) || time.Since(got.Updated.Time) > time.Hour {
		t.Errorf("Get: got %+v, %v", got, err)
	}
}

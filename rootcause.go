package wats

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// TicketStatus is where a ticket stands. A ticket has one; a query takes a sum of several.
type TicketStatus int

// The statuses, by their number on the wire.
const (
	TicketOpen TicketStatus = 1 << iota
	TicketInProgress
	TicketOnHold
	TicketSolved
	TicketClosed
	TicketArchived

	AnyTicketStatus = TicketArchived<<1 - 1
)

// String returns the status in words, such as "in progress"; several joined by |.
func (s TicketStatus) String() string {
	var words []string
	for i, word := range [...]string{"open", "in progress", "on hold", "solved", "closed", "archived"} {
		if s&(1<<i) != 0 {
			words = append(words, word)
		}
	}
	if s <= 0 || s > AnyTicketStatus {
		return fmt.Sprintf("status %d", int(s))
	}
	return strings.Join(words, "|")
}

// isOne reports whether s is exactly one of the statuses.
func (s TicketStatus) isOne() bool { return s > 0 && s <= TicketArchived && s&(s-1) == 0 }

// TicketPriority is how urgent a ticket is.
type TicketPriority int

// The priorities, by their number on the wire.
const (
	LowPriority TicketPriority = iota
	MediumPriority
	HighPriority
)

// String returns low, medium or high.
func (p TicketPriority) String() string {
	switch p {
	case LowPriority:
		return "low"
	case MediumPriority:
		return "medium"
	case HighPriority:
		return "high"
	}
	return fmt.Sprintf("priority %d", int(p))
}

// TicketUpdateType is the kind of an entry in the history of a ticket.
type TicketUpdateType int

// The kinds, by their number on the wire.
const (
	TicketContent      TicketUpdateType = iota // a comment, or files
	TicketProgress                             // the progress text has changed
	TicketProperties                           // status, assignee or another member has changed
	TicketNotification                         // a reminder or a mail
)

// TicketAttachment names a file of a ticket: see [RootCauseService.UploadAttachment].
type TicketAttachment struct {
	ID       report.ID `json:"attachmentId,omitzero"`
	FileName string    `json:"filename,omitzero"`
}

// TicketUpdate is an entry in the history of a ticket, or one to be added.
type TicketUpdate struct {
	ID          report.ID                         `json:"updateId,omitzero"`
	At          Time                              `json:"updateUtc,omitzero"`
	User        string                            `json:"updateUser,omitzero"`
	Content     string                            `json:"content,omitzero"` // Markdown
	Type        report.Optional[TicketUpdateType] `json:"updateType,omitzero"`
	Attachments []TicketAttachment                `json:"attachments,omitzero"`
}

// Ticket is work on the cause of failures. Members a server did not send are zero or absent.
//
// Empty texts are left out of what is written, and the server keeps what it has.
//
// Route: GET /api/RootCause/Ticket.
type Ticket struct {
	ID       report.ID                       `json:"ticketId,omitzero"`
	Number   int64                           `json:"ticketNumber,omitzero"` // running, from 1
	Progress string                          `json:"progress,omitzero"`
	Owner    string                          `json:"owner,omitzero"` // user; who made it, unless told
	Subject  string                          `json:"subject,omitzero"`
	Status   TicketStatus                    `json:"status,omitzero"`
	Priority report.Optional[TicketPriority] `json:"priority,omitzero"` // absent in a new one: medium
	ReportID report.ID                       `json:"reportUuid,omitzero"`
	Created  Time                            `json:"createdUtc,omitzero"`
	Updated  Time                            `json:"updatedUtc,omitzero"`
	Team     string                          `json:"team,omitzero"`
	Origin   string                          `json:"origin,omitzero"`
	Tags     []Setting                       `json:"tags,omitzero"`
	History  []TicketUpdate                  `json:"history,omitzero"` // oldest first; lists leave it out
	Update   *TicketUpdate                   `json:"update,omitzero"`  // the entry to add with a write; a comment is made so

	// Assignee is the user who works on it. WATS servers never tell it, and take a write without it for one that takes the ticket away from its
	// assignee: fill it before writing. The methods that return a written ticket fill it from what was written. A gowats server tells it, and
	// leaves it alone where it is not written.
	Assignee string `json:"assignee,omitzero"`

	RowVersion report.Optional[int] `json:"rowVersion,omitzero"` // of a gowats server: a write with an older one is refused by ErrConflict
	Extra      Extra                `json:"-"`                   // members that this SDK does not know; they are written back
}

// UnmarshalJSON reads a ticket and keeps the members it does not know in Extra.
func (t *Ticket) UnmarshalJSON(data []byte) error {
	type plain Ticket
	return decodeKeeping(data, (*plain)(t), &t.Extra)
}

// MarshalJSON writes Extra behind the members.
func (t Ticket) MarshalJSON() ([]byte, error) {
	type plain Ticket
	return encodeWith(plain(t), t.Extra)
}

// The most that texts of a ticket hold, in characters. WATS documents none.
const (
	maxTicketText    = 200
	maxTicketContent = 100_000
	maxTicketFiles   = 100
)

// Validate returns all that is wrong with a ticket that is to be written.
func (t Ticket) Validate() report.Findings {
	var c checks
	c.required("$.subject", t.Subject, maxTicketText)
	c.text("$.progress", t.Progress, maxTicketContent)
	for _, m := range [...]struct{ path, text string }{
		{"$.owner", t.Owner}, {"$.assignee", t.Assignee}, {"$.team", t.Team}, {"$.origin", t.Origin},
	} {
		c.text(m.path, m.text, maxTicketText)
	}
	if t.Status != 0 && !t.Status.isOne() {
		c.addf("$.status", "enum", "status must be 1 (open), 2 (in progress), 4 (on hold), 8 (solved), 16 (closed) or 32 (archived), is %d", int(t.Status))
	}
	if p := t.Priority; p.Present && (p.Value < LowPriority || p.Value > HighPriority) {
		c.addf("$.priority", "enum", "priority must be 0 (low), 1 (medium) or 2 (high), is %d", int(p.Value))
	}
	c.settings("$.tags", t.Tags)
	if t.Update != nil {
		c.text("$.update.content", t.Update.Content, maxTicketContent)
		if n := len(t.Update.Attachments); n > maxTicketFiles {
			c.addf("$.update.attachments", "length", "an update has at most %d files, not %d", maxTicketFiles, n)
		}
	}
	return c.found
}

// RootCauseService keeps tickets on the causes of failures, and the defects that repairs and people have found.
type RootCauseService struct{ client *Client }

// Get returns a ticket with its history. It returns [ErrNotFound] when there is none, nil and no error with [Lenient].
//
// Route: GET /api/RootCause/Ticket.
func (s *RootCauseService) Get(ctx context.Context, id report.ID) (*Ticket, error) {
	if id.IsZero() {
		return nil, fmt.Errorf("get ticket: %w: the ID is zero", ErrInvalid)
	}
	req := newRequest(http.MethodGet, "api", "RootCause", "Ticket")
	req.query.Set("ticketId", id.String())
	return one[Ticket](ctx, s.client, req)
}

// TicketView says which tickets a list is of.
type TicketView int

// The views, by their number on the wire.
const (
	AssignedTickets TicketView = iota // assigned to the user of the client
	FollowedTickets                   // followed by the user; at a gowats server, those the user owns or has written in
	AllTickets                        // all; needs a permission, at a gowats server the role write
)

// TicketQuery restricts a list of tickets. The zero TicketQuery means those of any status that are assigned to the user of the client.
type TicketQuery struct {
	Status TicketStatus // sum of those wanted; 0: any
	View   TicketView
	Search string // looked for in subject, tags and tag values
}

// List returns the tickets that match q without their histories; nil when there are none.
//
// Route: GET /api/RootCause/Tickets.
func (s *RootCauseService) List(ctx context.Context, q TicketQuery) ([]Ticket, error) {
	if q.Status == 0 {
		q.Status = AnyTicketStatus
	}
	switch {
	case q.Status < 0 || q.Status > AnyTicketStatus:
		return nil, fmt.Errorf("list tickets: %w: status %d is no sum of statuses", ErrInvalid, int(q.Status))
	case q.View < AssignedTickets || q.View > AllTickets:
		return nil, fmt.Errorf("list tickets: %w: view %d is none", ErrInvalid, int(q.View))
	}
	req := newRequest(http.MethodGet, "api", "RootCause", "Tickets")
	req.query.Set("status", strconv.Itoa(int(q.Status)))
	req.query.Set("view", strconv.Itoa(int(q.View)))
	if q.Search != "" {
		req.query.Set("searchString", q.Search)
	}
	return list[Ticket](ctx, s.client, req)
}

// Create makes a ticket and returns it as stored. It needs a subject. It is not repeated by itself: there would be two.
//
// Route: POST /api/RootCause/Ticket.
func (s *RootCauseService) Create(ctx context.Context, t Ticket) (*Ticket, error) {
	if !t.Priority.Present {
		t.Priority = report.Some(MediumPriority)
	}
	return s.write(ctx, http.MethodPost, t)
}

// Update writes a ticket that was read and changed, and returns it as stored. What it adds by t.Update would be there twice, so that a write with
// an Update is not repeated by itself. A ticket that somebody else changed meanwhile is refused with [ErrConflict] by a gowats server.
//
// A ticket without assignee can only be open, and only a solved one can be archived.
//
// Route: PUT /api/RootCause/Ticket.
func (s *RootCauseService) Update(ctx context.Context, t Ticket) (*Ticket, error) {
	if t.ID.IsZero() {
		return nil, fmt.Errorf("update ticket: %w: its ID is zero", ErrInvalid)
	}
	return s.write(ctx, http.MethodPut, t)
}

func (s *RootCauseService) write(ctx context.Context, method string, t Ticket) (*Ticket, error) {
	if err := refuseInvalid("ticket "+strconv.Quote(t.Subject), t.Validate()); err != nil {
		return nil, err
	}
	t.History = nil // the server's
	req := newRequest(method, "api", "RootCause", "Ticket")
	if err := req.json(t); err != nil {
		return nil, err
	}
	req.repeatable = method == http.MethodPut && t.Update == nil
	written, err := one[Ticket](ctx, s.client, req)
	if written != nil && written.Assignee == "" {
		written.Assignee = t.Assignee
	}
	return written, err
}

// Comment adds a text and files to a ticket, and returns it as stored. T is the ticket as read, with its Assignee: see [Ticket].
//
// Route: PUT /api/RootCause/Ticket.
func (s *RootCauseService) Comment(ctx context.Context, t Ticket, content string, files ...TicketAttachment) (*Ticket, error) {
	if strings.TrimSpace(content) == "" && len(files) == 0 {
		return nil, fmt.Errorf("comment on ticket %s: %w: there is neither a text nor a file", t.ID, ErrInvalid)
	}
	t.Update = &TicketUpdate{Content: content, Attachments: files}
	return s.Update(ctx, t)
}

// SetStatus changes the status of a ticket, and returns it as stored. T is the ticket as read, with its Assignee: see [Ticket].
//
// Route: PUT /api/RootCause/Ticket.
func (s *RootCauseService) SetStatus(ctx context.Context, t Ticket, status TicketStatus) (*Ticket, error) {
	t.Status, t.Update = status, nil
	return s.Update(ctx, t)
}

// Assign gives a ticket to a user, or to none when user is "", which also opens it: without assignee it cannot have another status.
// It returns the ticket as stored. T is the ticket as read.
//
// Route: PUT /api/RootCause/Ticket.
func (s *RootCauseService) Assign(ctx context.Context, t Ticket, user string) (*Ticket, error) {
	t.Assignee, t.Update = user, nil
	if user == "" {
		t.Status = TicketOpen
		t.Extra = t.Extra.with("assignee", `""`)
	}
	return s.Update(ctx, t)
}

// Archive archives solved tickets. A gowats server archives all of them or, with [ErrConflict], none.
//
// Route: POST /api/RootCause/ArchiveTickets.
func (s *RootCauseService) Archive(ctx context.Context, ids ...report.ID) error {
	if len(ids) == 0 {
		return fmt.Errorf("archive tickets: %w: there is no ID", ErrInvalid)
	}
	for _, id := range ids {
		if id.IsZero() {
			return fmt.Errorf("archive tickets: %w: an ID is zero", ErrInvalid)
		}
	}
	req := newRequest(http.MethodPost, "api", "RootCause", "ArchiveTickets")
	if err := req.json(ids); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}

package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// TicketEdit is a ticket as a request gives it.
type TicketEdit struct {
	Ticket wats.Ticket
	Apply  func(*wats.Ticket) error // sets the members that the request gives, and leaves the others
	User   string
}

// CreateTicket stores a new ticket and returns it as stored. It is open and of medium priority, and its owner is the user, unless it says otherwise.
//
// It returns a [*report.InvalidError] for what no ticket may be, a status other than open without an assignee included, and [ErrConflict] when there
// is a ticket of that ID.
func (s *Store) CreateTicket(ctx context.Context, e TicketEdit) (*wats.Ticket, error) {
	k := e.Ticket
	if k.ID.IsZero() {
		k.ID = report.NewID()
	}
	if k.Status == 0 {
		k.Status = wats.TicketOpen
	}
	if k.Owner == "" {
		k.Owner = e.User
	}
	k.Priority = report.Some(k.Priority.Or(wats.MediumPriority))
	k.Tags, _ = mergeSettings(nil, k.Tags)
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error { return w.createTicket(ctx, &k, e, s.now()) })
	if err != nil {
		return nil, fmt.Errorf("create ticket %q: %w", k.Subject, err)
	}
	return s.Ticket(ctx, k.ID)
}

func (w *writer) createTicket(ctx context.Context, k *wats.Ticket, e TicketEdit, now time.Time) error {
	found := append(k.Validate(), checkTicketState(k)...)
	if k.Status == wats.TicketArchived {
		add(&found, "$.status", "enum", "a new ticket cannot be archived")
	}
	if err := w.checkAttachments(ctx, k.Update, &found); err != nil {
		return err
	}
	if err := found.Err(); err != nil {
		return err
	}
	if _, there, err := w.ticket(ctx, k.ID); err != nil || there {
		if err == nil {
			err = conflict("there is a ticket %s already", k.ID)
		}
		return err
	}
	err := w.insert(ctx, &k.Number, `INSERT INTO ticket (id, subject, status, priority, progress, owner, assignee, team, origin, report_id, tags,
		created_ns, updated_ns, row_version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1) RETURNING number`,
		k.ID[:], k.Subject, int(k.Status), int(k.Priority.Value), k.Progress, k.Owner, k.Assignee, k.Team, k.Origin, idColumn(k.ReportID),
		encodeSettings(k.Tags), now.UnixNano(), now.UnixNano())
	if err != nil {
		return err
	}
	if err := w.indexTicketTags(ctx, k); err != nil {
		return err
	}
	return w.addContent(ctx, k, e.User, now)
}

// checkTicketState holds the rule that needs no rows: what nobody works on is open.
func checkTicketState(k *wats.Ticket) (found report.Findings) {
	if k.Assignee == "" && k.Status != wats.TicketOpen && k.Status != 0 {
		add(&found, "$.status", "assignee", "a ticket without assignee must be 1 (open): assign it, or open it")
	}
	return found
}

// checkAttachments adds to found the files of an update that are not there, or that belong to another.
func (w *writer) checkAttachments(ctx context.Context, u *wats.TicketUpdate, found *report.Findings) error {
	if u == nil {
		return nil
	}
	seen := map[report.ID]bool{}
	for i, a := range u.Attachments {
		var owner []byte
		known, err := w.get(ctx, []any{&owner}, `SELECT a.update_id FROM ticket_attachment a JOIN blob b ON b.id = a.blob WHERE a.id = $1`, a.ID[:])
		path := fmt.Sprintf("$.update.attachments[%d].attachmentId", i)
		switch {
		case err != nil:
			return err
		case !known:
			add(found, path, "reference", "there is no file %s; a file that no ticket refers to is removed after a day", a.ID)
		case owner != nil, seen[a.ID]:
			add(found, path, "unique", "file %s belongs to an update already", a.ID)
		}
		seen[a.ID] = true
	}
	return nil
}

func (w *writer) ticket(ctx context.Context, id report.ID) (k wats.Ticket, found bool, err error) {
	into := ticketTarget{ticket: &k}
	found, err = w.get(ctx, into.fields(), `SELECT `+ticketColumns+` FROM ticket t WHERE t.id = $1`, id[:])
	if err != nil || !found {
		return k, found, err
	}
	return k, true, into.finish()
}

func (w *writer) indexTicketTags(ctx context.Context, k *wats.Ticket) error {
	if _, err := w.exec(ctx, `DELETE FROM ticket_tag WHERE ticket = $1`, k.Number); err != nil {
		return err
	}
	for _, t := range k.Tags {
		if _, err := w.exec(ctx, `INSERT INTO ticket_tag (ticket, key, value) VALUES ($1, $2, $3)`, k.Number, t.Key, t.Value); err != nil {
			return err
		}
	}
	return nil
}

// addContent adds what k.Update says to the history. An update that has nothing to say adds nothing.
func (w *writer) addContent(ctx context.Context, k *wats.Ticket, user string, now time.Time) error {
	u := k.Update
	if u == nil || u.Content == "" && len(u.Attachments) == 0 {
		return nil
	}
	id := u.ID
	if id.IsZero() {
		id = report.NewID()
	}
	if err := w.addUpdate(ctx, k.Number, wats.TicketUpdate{ID: id, At: wats.Time{Time: now}, User: user, Content: u.Content}, wats.TicketContent); err != nil {
		return err
	}
	for _, a := range u.Attachments {
		var blob int64
		if _, err := w.get(ctx, []any{&blob}, `SELECT blob FROM ticket_attachment WHERE id = $1`, a.ID[:]); err != nil {
			return err
		}
		if err := w.ownBlob(ctx, blob); err != nil {
			return err
		}
		if _, err := w.exec(ctx, `UPDATE ticket_attachment SET update_id = $1 WHERE id = $2`, id[:], a.ID[:]); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) addUpdate(ctx context.Context, ticket int64, u wats.TicketUpdate, kind wats.TicketUpdateType) error {
	var position int
	if _, err := w.get(ctx, []any{&position}, `SELECT count(*) FROM ticket_update WHERE ticket = $1`, ticket); err != nil {
		return err
	}
	_, err := w.exec(ctx, `INSERT INTO ticket_update (id, ticket, position, at_ns, account, type, content) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		u.ID[:], ticket, position, u.At.UnixNano(), u.User, int(kind), u.Content)
	return err
}

// UpdateTicket changes a ticket and returns it as stored. What changed is told in its history: the text and files of Update as content, another
// progress as progress, all else as properties. An update whose ID is in the history already adds nothing.
//
// It returns [ErrNotFound] when there is no such ticket, a [*report.InvalidError] for what no ticket may be, and [ErrConflict] when it was changed
// since it was read, or is to be archived without being solved.
func (s *Store) UpdateTicket(ctx context.Context, e TicketEdit) (*wats.Ticket, error) {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error { return w.updateTicket(ctx, e, s.now()) })
	if err != nil {
		return nil, fmt.Errorf("update ticket: %w", err)
	}
	return s.Ticket(ctx, e.Ticket.ID)
}

func (w *writer) updateTicket(ctx context.Context, e TicketEdit, now time.Time) error {
	old, there, err := w.ticket(ctx, e.Ticket.ID)
	if err != nil {
		return err
	}
	if !there {
		return missing("there is no ticket %s", e.Ticket.ID)
	}
	k := old
	k.Tags, k.RowVersion = nil, report.Optional[int]{}
	if err := e.Apply(&k); err != nil {
		return err
	}
	k.ID, k.Number, k.Created, k.History = old.ID, old.Number, old.Created, nil
	if k.Status == 0 {
		k.Status = old.Status
	}
	if err := w.forgetKnownUpdate(ctx, &k); err != nil {
		return err
	}
	found := append(k.Validate(), checkTicketState(&k)...)
	if err := w.checkAttachments(ctx, k.Update, &found); err != nil {
		return err
	}
	if err := found.Err(); err != nil {
		return err
	}
	var retagged bool
	k.Tags, retagged = mergeSettings(old.Tags, k.Tags)
	properties := ticketChanges(&old, &k)
	if retagged {
		properties = append(properties, "tags")
	}
	hasContent := k.Update != nil && (k.Update.Content != "" || len(k.Update.Attachments) > 0)
	if len(properties) == 0 && k.Progress == old.Progress && !hasContent {
		return nil // also when it was read long ago: it may be a repetition
	}
	switch {
	case k.RowVersion.Present && k.RowVersion != old.RowVersion:
		return conflict("ticket %d was changed meanwhile: it has row version %d, not %d; read it again", old.Number, old.RowVersion.Value, k.RowVersion.Value)
	case k.Status == wats.TicketArchived && old.Status != wats.TicketArchived && old.Status != wats.TicketSolved:
		return conflict("ticket %d cannot be archived: it is %s, and only a solved one can", old.Number, old.Status)
	}
	return w.writeTicket(ctx, &old, &k, properties, e.User, now)
}

// forgetKnownUpdate drops an update that is in the history already: it comes a second time, after an answer that was lost.
func (w *writer) forgetKnownUpdate(ctx context.Context, k *wats.Ticket) error {
	if k.Update == nil || k.Update.ID.IsZero() {
		return nil
	}
	var ticket int64
	known, err := w.get(ctx, []any{&ticket}, `SELECT ticket FROM ticket_update WHERE id = $1`, k.Update.ID[:])
	switch {
	case err != nil || !known:
		return err
	case ticket != k.Number:
		return conflict("update %s belongs to another ticket", k.Update.ID)
	}
	k.Update = nil
	return nil
}

// ticketChanges says in words what is different, tags and progress apart.
func ticketChanges(old, k *wats.Ticket) (changes []string) {
	for _, c := range []struct{ name, from, to string }{
		{"subject", old.Subject, k.Subject},
		{"status", old.Status.String(), k.Status.String()},
		{"priority", old.Priority.Value.String(), k.Priority.Value.String()},
		{"assignee", old.Assignee, k.Assignee},
		{"owner", old.Owner, k.Owner},
		{"team", old.Team, k.Team},
		{"origin", old.Origin, k.Origin},
		{"report", old.ReportID.String(), k.ReportID.String()},
	} {
		if c.from != c.to {
			changes = append(changes, fmt.Sprintf("%s: %q → %q", c.name, c.from, c.to))
		}
	}
	return changes
}

func (w *writer) writeTicket(ctx context.Context, old, k *wats.Ticket, properties []string, user string, now time.Time) error {
	_, err := w.exec(ctx, `UPDATE ticket SET subject = $1, status = $2, priority = $3, progress = $4, owner = $5, assignee = $6, team = $7, origin = $8,
		report_id = $9, tags = $10, updated_ns = $11, row_version = row_version + 1 WHERE number = $12`,
		k.Subject, int(k.Status), int(k.Priority.Value), k.Progress, k.Owner, k.Assignee, k.Team, k.Origin, idColumn(k.ReportID),
		encodeSettings(k.Tags), now.UnixNano(), k.Number)
	if err != nil {
		return err
	}
	if err := w.indexTicketTags(ctx, k); err != nil {
		return err
	}
	if k.Progress != old.Progress {
		err := w.addUpdate(ctx, k.Number, wats.TicketUpdate{ID: report.NewID(), At: wats.Time{Time: now}, User: user, Content: k.Progress}, wats.TicketProgress)
		if err != nil {
			return err
		}
	}
	if len(properties) > 0 {
		err := w.addUpdate(ctx, k.Number, wats.TicketUpdate{ID: report.NewID(), At: wats.Time{Time: now}, User: user, Content: strings.Join(properties, "; ")},
			wats.TicketProperties)
		if err != nil {
			return err
		}
	}
	return w.addContent(ctx, k, user, now)
}

// ArchiveTickets archives solved tickets: all of them, or none. It returns [ErrNotFound] naming those that are not there, and [ErrConflict] naming
// those that are not solved. One that is archived already stays so.
func (s *Store) ArchiveTickets(ctx context.Context, ids []report.ID, user string) error {
	err := s.queue.do(ctx, 0, func(ctx context.Context, w *writer) error { return w.archiveTickets(ctx, ids, user, s.now()) })
	if err != nil {
		return fmt.Errorf("archive tickets: %w", err)
	}
	return nil
}

func (w *writer) archiveTickets(ctx context.Context, ids []report.ID, user string, now time.Time) error {
	var tickets []wats.Ticket
	var absent, unsolved []string
	for _, id := range ids {
		k, there, err := w.ticket(ctx, id)
		switch {
		case err != nil:
			return err
		case !there:
			absent = append(absent, id.String())
		case k.Status == wats.TicketArchived:
		case k.Status != wats.TicketSolved:
			unsolved = append(unsolved, fmt.Sprintf("%d is %s", k.Number, k.Status))
		default:
			tickets = append(tickets, k)
		}
	}
	switch {
	case len(absent) > 0:
		return missing("there is no ticket %s", strings.Join(absent, ", "))
	case len(unsolved) > 0:
		return conflict("only solved tickets can be archived: ticket %s", strings.Join(unsolved, ", ticket "))
	}
	for i := range tickets {
		old, k := tickets[i], tickets[i]
		k.Status = wats.TicketArchived
		if err := w.writeTicket(ctx, &old, &k, ticketChanges(&old, &k), user, now); err != nil {
			return err
		}
	}
	return nil
}

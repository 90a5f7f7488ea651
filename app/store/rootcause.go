package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

const ticketColumns = `t.number, t.id, t.subject, t.status, t.priority, t.progress, t.owner, t.assignee, t.team, t.origin, t.report_id, t.tags,
	t.created_ns, t.updated_ns, t.row_version`

// ticketTarget takes ticketColumns.
type ticketTarget struct {
	ticket               *wats.Ticket
	id, reportID         []byte
	priority, rowVersion int
	tags                 string
	created, updated     int64
}

func (t *ticketTarget) fields() []any {
	k := t.ticket
	return []any{&k.Number, &t.id, &k.Subject, &k.Status, &t.priority, &k.Progress, &k.Owner, &k.Assignee, &k.Team, &k.Origin, &t.reportID, &t.tags,
		&t.created, &t.updated, &t.rowVersion}
}

func (t *ticketTarget) finish() (err error) {
	k := t.ticket
	k.ID, k.ReportID = toID(t.id), toID(t.reportID)
	k.Priority, k.RowVersion = report.Some(wats.TicketPriority(t.priority)), report.Some(t.rowVersion)
	k.Created, k.Updated = wats.Time{Time: time.Unix(0, t.created).UTC()}, wats.Time{Time: time.Unix(0, t.updated).UTC()}
	k.Tags, err = decodeSettings(t.tags)
	return err
}

func scanTicket(rows *sql.Rows, k *wats.Ticket) error {
	into := ticketTarget{ticket: k}
	if err := rows.Scan(into.fields()...); err != nil {
		return err
	}
	return into.finish()
}

const maxTicketHistory = 10_000 // entries shown with a ticket, the newest

// Ticket returns a ticket with its history, oldest first. [ErrNotFound] when there is none.
func (s *Store) Ticket(ctx context.Context, id report.ID) (*wats.Ticket, error) {
	k := new(wats.Ticket)
	into := ticketTarget{ticket: k}
	err := s.reads.scanConstant(ctx, into.fields(), `SELECT `+ticketColumns+` FROM ticket t WHERE t.id = $1`, id[:])
	if err != nil {
		return nil, ticketError(id, err)
	}
	if err := into.finish(); err != nil {
		return nil, ticketError(id, err)
	}
	if err := s.addHistory(ctx, k); err != nil {
		return nil, ticketError(id, err)
	}
	return k, nil
}

func ticketError(id report.ID, err error) error {
	if errors.Is(err, ErrNotFound) {
		return missing("there is no ticket %s", id)
	}
	return fmt.Errorf("read ticket %s: %w", id, err)
}

func (s *Store) addHistory(ctx context.Context, k *wats.Ticket) error {
	k.History = []wats.TicketUpdate{}
	places := map[report.ID]int{}
	updates := eachRow(ctx, s, `SELECT u.id, u.at_ns, u.account, u.type, u.content FROM (SELECT * FROM ticket_update WHERE ticket = $1
		ORDER BY position DESC LIMIT $2) u ORDER BY u.position`, []any{k.Number, maxTicketHistory}, scanTicketUpdate)
	for u, err := range updates {
		if err != nil {
			return err
		}
		places[u.ID] = len(k.History)
		k.History = append(k.History, *u)
	}
	type file struct {
		wats.TicketAttachment
		update report.ID
	}
	files := eachRow(ctx, s, `SELECT a.id, a.name, a.update_id FROM ticket_attachment a JOIN ticket_update u ON u.id = a.update_id
		WHERE u.ticket = $1 ORDER BY u.position, a.created_ns, a.id`, []any{k.Number}, func(rows *sql.Rows, f *file) error {
		var id, update []byte
		err := rows.Scan(&id, &f.FileName, &update)
		f.ID, f.update = toID(id), toID(update)
		return err
	})
	for f, err := range files {
		if err != nil {
			return err
		}
		if at, shown := places[f.update]; shown {
			k.History[at].Attachments = append(k.History[at].Attachments, f.TicketAttachment)
		}
	}
	return nil
}

func scanTicketUpdate(rows *sql.Rows, u *wats.TicketUpdate) error {
	var id []byte
	var at int64
	var kind int
	err := rows.Scan(&id, &at, &u.User, &kind, &u.Content)
	u.ID, u.At, u.Type = toID(id), wats.Time{Time: time.Unix(0, at).UTC()}, report.Some(wats.TicketUpdateType(kind))
	return err
}

// TicketQuery selects tickets. The zero TicketQuery selects none: Status is a sum of those wanted.
type TicketQuery struct {
	Status wats.TicketStatus
	View   wats.TicketView
	User   string // whose tickets, unless View is AllTickets
	Search string // part of subject, of the key of a tag or of its value; in any case of the letters A to Z
}

// Tickets yields the tickets that q selects, newest first, without their histories. An error is yielded once, last.
func (s *Store) Tickets(ctx context.Context, q TicketQuery) iter.Seq2[*wats.Ticket, error] {
	where, args := `t.status IN (`, []any{}
	for bit := wats.TicketOpen; bit <= wats.TicketArchived; bit <<= 1 {
		if q.Status&bit != 0 {
			args = append(args, int(bit))
			where += fmt.Sprintf("$%d,", len(args))
		}
	}
	where += `-1)`
	switch q.View {
	case wats.AssignedTickets:
		args = append(args, nameKey(q.User))
		where += fmt.Sprintf(` AND lower(t.assignee) = $%d`, len(args))
	case wats.FollowedTickets:
		args = append(args, nameKey(q.User))
		where += fmt.Sprintf(` AND (lower(t.owner) = $%d OR t.number IN (SELECT ticket FROM ticket_update WHERE lower(account) = $%[1]d))`, len(args))
	}
	if q.Search != "" {
		args = append(args, nameKey(q.Search))
		find := func(column string) string {
			return fmt.Sprintf(`%s(lower(%s), $%d) > 0`, s.dialect.odata.Position, column, len(args))
		}
		where += ` AND (` + find("t.subject") + ` OR t.number IN (SELECT ticket FROM ticket_tag WHERE ` + find("key") + ` OR ` + find("value") + `))`
	}
	return eachRow(ctx, s, `SELECT `+ticketColumns+` FROM ticket t WHERE `+where+` ORDER BY t.number DESC`, args, scanTicket)
}

// TicketTeams returns the teams that tickets name, sorted.
func (s *Store) TicketTeams(ctx context.Context) ([]string, error) {
	rows, err := s.reads.QueryContext(ctx, `SELECT DISTINCT team FROM ticket WHERE team <> '' ORDER BY team LIMIT 1000`)
	if err != nil {
		return nil, fmt.Errorf("list teams: %w", err)
	}
	teams, err := collect(rows, func(team *string) error { return rows.Scan(team) })
	if err != nil {
		return nil, fmt.Errorf("list teams: %w", err)
	}
	return teams, nil
}

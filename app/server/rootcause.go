package server

import (
	"net/http"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

func rootCauseRoutes() []route {
	return []route{
		{http.MethodGet, "/api/RootCause/Ticket", auth.Read, noBody, (*server).ticket},
		{http.MethodPost, "/api/RootCause/Ticket", auth.Write, smallBody, (*server).createTicket},
		{http.MethodPut, "/api/RootCause/Ticket", auth.Write, smallBody, (*server).updateTicket},
		{http.MethodGet, "/api/RootCause/Tickets", auth.Read, noBody, (*server).tickets},
		{http.MethodPost, "/api/RootCause/ArchiveTickets", auth.Write, smallBody, (*server).archiveTickets},
		{http.MethodGet, "/api/RootCause/Attachment", auth.Read, noBody, (*server).ticketAttachment},
		{http.MethodPost, "/api/RootCause/Attachment", auth.Write, formBody, (*server).uploadTicketAttachment},

		{http.MethodGet, "/api/RootCause/Ticket/{ticketId}", auth.Read, noBody, (*server).ticketByPath},
		{http.MethodPut, "/api/RootCause/Ticket/{ticketId}", auth.Write, smallBody, (*server).updateTicketByPath},
		{http.MethodPost, "/api/RootCause/Ticket/{ticketId}/Comment", auth.Write, smallBody, (*server).commentTicket},
		{http.MethodPut, "/api/RootCause/Ticket/{ticketId}/Status", auth.Write, noBody, (*server).setTicketStatus},
		{http.MethodGet, "/api/RootCause/Teams", auth.Read, noBody, (*server).ticketTeams},

		{http.MethodPost, "/api/gowats/v1/RootCause/Defect", auth.Write, smallBody, (*server).registerDefect},
		{http.MethodDelete, "/api/gowats/v1/RootCause/Defect/{defectId}", auth.Write, noBody, (*server).withdrawDefect},
		{http.MethodGet, "/api/gowats/v1/RootCause/Defects", auth.Read, noBody, (*server).defects},
		{http.MethodGet, "/api/gowats/v1/RootCause/DefectStatistics", auth.Read, noBody, (*server).defectStatistics},
	}
}

// ticket answers with one ticket and its history.
//
// Route: GET /api/RootCause/Ticket.
func (s *server) ticket(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	_, missingErr := o.required("ticketId")
	id, idErr := o.guid("ticketId")
	if err := gather(missingErr, idErr); err != nil {
		return err
	}
	return s.answerTicket(w, c, id)
}

// ticketByPath is ticket with the ID in the path.
//
// Route: GET /api/RootCause/Ticket/{ticketId}.
func (s *server) ticketByPath(w http.ResponseWriter, c *call) error {
	id, err := c.guid("ticketId")
	if err != nil {
		return err
	}
	return s.answerTicket(w, c, id)
}

// guid returns a parameter of the path that must be a GUID.
func (c *call) guid(name string) (report.ID, error) {
	id, err := report.ParseID(c.param(name))
	if err != nil {
		return report.ID{}, refuseOption(name, "type", "%v", err)
	}
	return id, nil
}

func (s *server) answerTicket(w http.ResponseWriter, c *call, id report.ID) error {
	k, err := s.store.Ticket(c.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(w, k)
}

// createTicket makes a ticket and answers with it as stored.
//
// Route: POST /api/RootCause/Ticket.
func (s *server) createTicket(w http.ResponseWriter, c *call) error {
	k, err := readJSON[wats.Ticket](s, w, c)
	if err != nil {
		return err
	}
	stored, err := s.store.CreateTicket(c.Context(), store.TicketEdit{Ticket: k, User: c.id.User})
	if err != nil {
		return err
	}
	return answerJSON(w, stored)
}

// updateTicket changes a ticket and answers with it as stored. Members that are absent or null stay as they are, the assignee too.
//
// Route: PUT /api/RootCause/Ticket.
func (s *server) updateTicket(w http.ResponseWriter, c *call) error {
	e, err := readJSON[edited[wats.Ticket]](s, w, c)
	if err != nil {
		return err
	}
	if e.value.ID.IsZero() {
		return refuseAll(report.Findings{{Path: "$.ticketId", Rule: "required", Message: "ticketId is required: POST makes new tickets"}})
	}
	return s.answerTicketEdit(w, c, store.TicketEdit{Ticket: e.value, Apply: e.apply})
}

// updateTicketByPath is updateTicket with the ID in the path, which counts.
//
// Route: PUT /api/RootCause/Ticket/{ticketId}.
func (s *server) updateTicketByPath(w http.ResponseWriter, c *call) error {
	id, err := c.guid("ticketId")
	if err != nil {
		return err
	}
	e, err := readJSON[edited[wats.Ticket]](s, w, c)
	if err != nil {
		return err
	}
	if given := e.value.ID; !given.IsZero() && given != id {
		return refuseAll(report.Findings{{Path: "$.ticketId", Rule: "reference", Message: "ticketId is another than in the path"}})
	}
	return s.answerTicketEdit(w, c, store.TicketEdit{Ticket: wats.Ticket{ID: id}, Apply: e.apply})
}

func (s *server) answerTicketEdit(w http.ResponseWriter, c *call, e store.TicketEdit) error {
	e.User = c.id.User
	k, err := s.store.UpdateTicket(c.Context(), e)
	if err != nil {
		return err
	}
	return answerJSON(w, k)
}

// commentTicket adds a text and files to a ticket.
//
// Route: POST /api/RootCause/Ticket/{ticketId}/Comment.
func (s *server) commentTicket(w http.ResponseWriter, c *call) error {
	id, err := c.guid("ticketId")
	if err != nil {
		return err
	}
	u, err := readJSON[wats.TicketUpdate](s, w, c)
	if err != nil {
		return err
	}
	if u.Content == "" && len(u.Attachments) == 0 {
		return refuseAll(report.Findings{{Path: "$.content", Rule: "required", Message: "there is neither content nor an attachment"}})
	}
	return s.answerTicketEdit(w, c, store.TicketEdit{Ticket: wats.Ticket{ID: id}, Apply: func(k *wats.Ticket) error { k.Update = &u; return nil }})
}

// setTicketStatus changes the status of a ticket.
//
// Route: PUT /api/RootCause/Ticket/{ticketId}/Status.
func (s *server) setTicketStatus(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	id, idErr := c.guid("ticketId")
	_, missingErr := o.required("status")
	status, statusErr := o.integer("status", int(wats.TicketArchived))
	if err := gather(idErr, missingErr, statusErr); err != nil {
		return err
	}
	return s.answerTicketEdit(w, c, store.TicketEdit{Ticket: wats.Ticket{ID: id}, Apply: func(k *wats.Ticket) error {
		k.Status = wats.TicketStatus(status.Value)
		return nil
	}})
}

// tickets answers with the tickets that status, view and searchString select, newest first, without their histories.
//
// Route: GET /api/RootCause/Tickets.
func (s *server) tickets(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	_, noStatus := o.required("status")
	status, statusErr := o.integer("status", int(wats.AnyTicketStatus))
	_, noView := o.required("view")
	view, viewErr := o.integer("view", int(wats.AllTickets))
	if statusErr == nil && status.Present && status.Value == 0 {
		statusErr = refuseOption("status", "range", "must be a sum of statuses, 1 to %d", int(wats.AnyTicketStatus))
	}
	if err := gather(noStatus, statusErr, noView, viewErr); err != nil {
		return err
	}
	q := store.TicketQuery{
		Status: wats.TicketStatus(status.Value), View: wats.TicketView(view.Value), User: c.id.User, Search: o.text("searchString"),
	}
	if q.View == wats.AllTickets && !c.id.May(auth.Write) {
		return refusef(http.StatusForbidden, "to see all tickets needs the role %s; %s has the role %s", auth.Write, c.id.User, c.id.Role)
	}
	return answerList(w, s.store.Tickets(c.Context(), q))
}

const maxArchived = 1000 // tickets at once

// archiveTickets archives solved tickets, all or none, and answers with the first of them.
//
// Route: POST /api/RootCause/ArchiveTickets.
func (s *server) archiveTickets(w http.ResponseWriter, c *call) error {
	ids, err := readJSON[[]report.ID](s, w, c)
	if err != nil {
		return err
	}
	if len(ids) == 0 || len(ids) > maxArchived {
		return refuseAll(report.Findings{{Path: "$", Rule: "length", Message: "give 1 to 1000 ticket ids"}})
	}
	if err := s.store.ArchiveTickets(c.Context(), ids, c.id.User); err != nil {
		return err
	}
	return s.answerTicket(w, c, ids[0])
}

// ticketTeams answers with the teams that tickets name.
//
// Route: GET /api/RootCause/Teams.
func (s *server) ticketTeams(w http.ResponseWriter, c *call) error {
	teams, err := s.store.TicketTeams(c.Context())
	if err != nil {
		return err
	}
	return answerJSON(w, append([]string{}, teams...))
}

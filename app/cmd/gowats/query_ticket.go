package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats"
)

func newQueryTickets() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tickets",
		Short: "List root cause tickets, newest first",
		Long: `List root cause tickets, newest first.

To see all of them, which is the default, the user of the token needs a permission: see --view.
` + serverHelp,
		Example: `  gowats query tickets
  gowats query tickets --view assigned --status open,in-progress
  gowats query tickets --status any --search R12 --json`,
		Args: cobra.NoArgs,
		RunE: queryTickets,
	}
	f := cmd.Flags()
	f.String("status", "open,in-progress,on-hold", "any, or some of open, in-progress, on-hold, solved, closed and archived, between commas")
	f.String("view", "all", "assigned (to the user of the token), followed or all")
	f.String("search", "", "part of the subject, of a tag or of its value")
	f.Int("top", 100, "at most so many; 0 for all")
	addFormatFlags(cmd)
	addServerFlags(cmd)
	return cmd
}

func queryTickets(cmd *cobra.Command, _ []string) error {
	format, err := formatOf(cmd)
	if err != nil {
		return err
	}
	query, err := ticketQuery(cmd)
	if err != nil {
		return withCode(exitUsage, err)
	}
	top, err := topOf(cmd)
	if err != nil {
		return withCode(exitUsage, err)
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	tickets, err := client.RootCause.List(cmd.Context(), query)
	if err != nil {
		return err
	}
	return writeList(cmd.OutOrStdout(), format, ticketColumns(), sequence(tickets, top))
}

func ticketQuery(cmd *cobra.Command) (q wats.TicketQuery, err error) {
	q.Search = flagText(cmd, "search")
	for word := range strings.SplitSeq(flagText(cmd, "status"), ",") {
		status, known := ticketStatusOf(word)
		if !known {
			return q, fmt.Errorf("--status %q is neither any nor one of open, in-progress, on-hold, solved, closed and archived", word)
		}
		q.Status |= status
	}
	switch view := strings.ToLower(flagText(cmd, "view")); view {
	case "assigned":
		q.View = wats.AssignedTickets
	case "followed":
		q.View = wats.FollowedTickets
	case "all":
		q.View = wats.AllTickets
	default:
		return q, fmt.Errorf("--view %q is none of assigned, followed and all", view)
	}
	return q, nil
}

func ticketStatusOf(word string) (wats.TicketStatus, bool) {
	word = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(word)), "-", " ")
	if word == "any" {
		return wats.AnyTicketStatus, true
	}
	for status := wats.TicketOpen; status <= wats.TicketArchived; status <<= 1 {
		if status.String() == word {
			return status, true
		}
	}
	return 0, false
}

func ticketColumns() []column[*wats.Ticket] {
	type ticket = *wats.Ticket
	return []column[ticket]{
		{"number", func(k ticket) string { return fmt.Sprint(k.Number) }},
		{"status", func(k ticket) string { return k.Status.String() }},
		{"priority", func(k ticket) string { return optionalText(k.Priority) }},
		{"subject", func(k ticket) string { return k.Subject }},
		{"assignee", func(k ticket) string { return k.Assignee }},
		{"team", func(k ticket) string { return k.Team }},
		{"updated", func(k ticket) string { return k.Updated.Format(time.RFC3339) }},
		{"id", func(k ticket) string { return k.ID.String() }},
	}
}

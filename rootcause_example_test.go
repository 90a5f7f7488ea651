package wats_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gowats/gowats"
)

// ticketServer takes every ticket.
func ticketServer() *httptest.Server {
	const ticket = `{"ticketId":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","ticketNumber":7,"subject":"R12 cracks"`
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/RootCause/Ticket", answer(200, ticket+`,"status":1}`))
	mux.HandleFunc("PUT /api/RootCause/Ticket", answer(200, ticket+`,"status":2}`))
	mux.HandleFunc("POST /api/RootCause/Attachment", answer(200, `"6ba7b811-9dad-11d1-80b4-00c04fd430c8"`))
	return httptest.NewServer(mux)
}

func ExampleRootCauseService() {
	server := ticketServer()
	defer server.Close()
	c, err := wats.NewClient(server.URL, wats.WithToken("dXNlcjpwYXNzd29yZA=="))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()

	ticket, err := c.RootCause.Create(ctx, wats.Ticket{Subject: "R12 cracks", Assignee: "kari"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ticket, err = c.RootCause.SetStatus(ctx, *ticket, wats.TicketInProgress)
	if err != nil {
		fmt.Println(err)
		return
	}
	const log = "3 of 40 boards"
	file, err := c.RootCause.UploadAttachment(ctx, "count.txt", strings.NewReader(log), int64(len(log)))
	if err != nil {
		fmt.Println(err)
		return
	}
	ticket, err = c.RootCause.Comment(ctx, *ticket, "Only on line 4", file)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("ticket %d is %s, with %s\n", ticket.Number, ticket.Status, ticket.Assignee)
	// Output: ticket 7 is in progress, with kari
}

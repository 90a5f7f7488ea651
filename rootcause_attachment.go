package wats

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/gowats/gowats/report"
)

// UploadAttachment stores size bytes of src as a file for a ticket, and returns what refers to it: give it to [RootCauseService.Comment], or put it into
// Ticket.Update. A gowats server takes 64 MiB, [ErrTooLarge], and forgets a file that no ticket refers to within a day. It is not
// repeated by itself.
//
// Route: POST /api/RootCause/Attachment.
func (s *RootCauseService) UploadAttachment(ctx context.Context, name string, src io.ReaderAt, size int64) (TicketAttachment, error) {
	if strings.TrimSpace(name) == "" || size <= 0 {
		return TicketAttachment{}, fmt.Errorf("upload attachment %q: %w: the name is blank, or the file empty", name, ErrInvalid)
	}
	req := newRequest(http.MethodPost, "api", "RootCause", "Attachment")
	var err error
	if req.stream, err = formOf(req.header, name, src, size); err != nil {
		return TicketAttachment{}, fmt.Errorf("upload attachment %q: %w", name, err)
	}
	id, err := one[report.ID](ctx, s.client, req)
	if err != nil || id == nil {
		return TicketAttachment{}, err
	}
	return TicketAttachment{ID: *id, FileName: name}, nil
}

// formOf returns a form (RFC 7578) with one file, as a stream, and sets its type in header.
func formOf(header http.Header, name string, src io.ReaderAt, size int64) (*stream, error) {
	var frame bytes.Buffer
	w := multipart.NewWriter(&frame)
	if _, err := w.CreateFormFile("file", name); err != nil {
		return nil, err
	}
	begin := frame.Len()
	if err := w.Close(); err != nil {
		return nil, err
	}
	head, tail := frame.Bytes()[:begin], frame.Bytes()[begin:]
	header.Set("Content-Type", w.FormDataContentType())
	return &stream{size: int64(frame.Len()) + size, open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader(head), io.NewSectionReader(src, 0, size), bytes.NewReader(tail))), nil
	}}, nil
}

// Attachment writes a file of a ticket to w. It returns [ErrNotFound] when there is none.
//
// Route: GET /api/RootCause/Attachment.
func (s *RootCauseService) Attachment(ctx context.Context, a TicketAttachment, w io.Writer) error {
	if a.ID.IsZero() {
		return fmt.Errorf("get attachment: %w: its ID is zero", ErrInvalid)
	}
	req := newRequest(http.MethodGet, "api", "RootCause", "Attachment")
	req.query.Set("attachmentId", a.ID.String())
	if a.FileName != "" {
		req.query.Set("fileName", a.FileName)
	}
	req.header.Set("Accept", "application/octet-stream, application/json")
	req.to = w
	return tell(ctx, s.client, req)
}

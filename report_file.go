package wats

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/gowats/gowats/report"
)

// HeadersByMiscInfo returns the summaries of the tests and repairs that have a misc info, newest first as a rule: at most top, all for
// 0; nil when there are none. Description and value, which is the text or else the number, match whole.
//
// Route: GET /api/Report/Query/HeaderByMiscInfo.
func (s *ReportService) HeadersByMiscInfo(ctx context.Context, description, value string, top int) ([]ReportHeader, error) {
	if description == "" || value == "" || top < 0 {
		return nil, fmt.Errorf("query report headers by misc info %q = %q: %w: both must be given, and top must not be negative", description, value, ErrInvalid)
	}
	req := newRequest(http.MethodGet, "api", "Report", "Query", "HeaderByMiscInfo")
	req.query.Set("description", description)
	req.query.Set("stringValue", value)
	if top > 0 {
		req.query.Set("$top", strconv.Itoa(top))
	}
	return list[ReportHeader](ctx, s.client, req)
}

// Attachment writes the content of a file to w, as it comes. Id is that of a [HeaderAttachment]: see [ExpandAttachments].
// It returns [ErrNotFound] when there is none. When it fails, w may have got a part; then it is not repeated.
//
// Route: GET /api/Report/Attachment.
func (s *ReportService) Attachment(ctx context.Context, id int64, w io.Writer) error {
	req := newRequest(http.MethodGet, "api", "Report", "Attachment")
	req.query.Set("attachmentId", strconv.FormatInt(id, 10))
	return s.save(ctx, req, w)
}

// StepAttachment writes the file of one step of a report to w, as [ReportService.Attachment] does. Only gowats servers offer it: the
// protocol has a step ID there, but no report that it belongs to.
//
// Route: GET /api/Report/Attachment.
func (s *ReportService) StepAttachment(ctx context.Context, id report.ID, step int, w io.Writer) error {
	if id.IsZero() {
		return fmt.Errorf("get attachment of step %d: %w: the ID of the report is zero", step, ErrInvalid)
	}
	req := newRequest(http.MethodGet, "api", "Report", "Attachment")
	req.query.Set("stepId", strconv.Itoa(step))
	req.query.Set("reportId", id.String())
	return s.save(ctx, req, w)
}

// Attachments writes all files of a report to w as a ZIP archive, as [ReportService.Attachment] does. Check its names before unpacking it
// into a folder, unless the server is a gowats server.
//
// Route: GET /api/Report/Attachments/{id}.
func (s *ReportService) Attachments(ctx context.Context, id report.ID, w io.Writer) error {
	return s.saveOf(ctx, "Attachments", id, w)
}

// Certificate writes the certificate of a report to w, as [ReportService.Attachment] does. A gowats server gives an HTML page to print;
// what others give is theirs.
//
// Route: GET /api/Report/Certificate/{id}.
func (s *ReportService) Certificate(ctx context.Context, id report.ID, w io.Writer) error {
	return s.saveOf(ctx, "Certificate", id, w)
}

func (s *ReportService) saveOf(ctx context.Context, what string, id report.ID, w io.Writer) error {
	if id.IsZero() {
		return fmt.Errorf("get %s of report: %w: the ID is zero", what, ErrInvalid)
	}
	return s.save(ctx, newRequest(http.MethodGet, "api", "Report", what, id.String()), w)
}

func (s *ReportService) save(ctx context.Context, req *request, w io.Writer) error {
	req.to = w
	_, err := s.client.do(ctx, req)
	return err
}

package server

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
)

// certificate answers with the certificate of a report, a page to print.
//
// Route: GET /api/Report/Certificate/{id}.
func (s *server) certificate(w http.ResponseWriter, c *call) error {
	doc, err := s.documentOf(c, c.param("id"))
	switch {
	case err != nil:
		return err
	case s.certify == nil:
		return refusef(http.StatusNotImplemented, "this server makes no certificates")
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Disposition", disposition("inline", strings.NewReplacer("/", "_", `\`, "_").Replace("certificate "+doc.Report.SerialNumber)+".html"))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'")
	buffer := bufio.NewWriterSize(newPatientWriter(w), streamBuffer)
	if err = s.certify(buffer, doc); err == nil {
		err = buffer.Flush()
	}
	if err != nil {
		return fmt.Errorf("send the certificate of report %s: %w", doc.Report.ID, err)
	}
	return nil
}

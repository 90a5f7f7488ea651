package server_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

func TestCertificate(t *testing.T) {
	b := startServer(t, server.Options{Certificate: func(w io.Writer, doc *store.Document) error {
		if doc.Report.SerialNumber == "broken" {
			return errors.New("no ink")
		}
		_, err := fmt.Fprintf(w, "<h1>%s</h1>", doc.Report.SerialNumber)
		return err
	}})
	o := with(uut(), object{"sn": "SN/1"})
	b.mustSubmit(t, document(t, o))
	got := b.get(t, "/api/Report/Certificate/"+o["id"].(string))
	if got.status != http.StatusOK || string(got.body) != "<h1>SN/1</h1>" {
		t.Errorf("got %d %s, want the page", got.status, got.body)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Content-Disposition": `inline; filename="certificate SN_1.html"`, "Content-Security-Policy": "sandbox",
	} {
		if value := got.header.Get(name); !strings.HasPrefix(value, want) {
			t.Errorf("%s: got %q, want %q", name, value, want)
		}
	}
	if got := b.get(t, "/api/Report/Certificate/"+report.NewID().String()); got.status != http.StatusNotFound {
		t.Errorf("of another report: got %d, want 404", got.status)
	}
	broken := with(uut(), object{"sn": "broken"})
	b.mustSubmit(t, document(t, broken))
	checkStatus(t, b.get(t, "/api/Report/Certificate/"+broken["id"].(string)), http.StatusInternalServerError)
}

func TestServerWithoutCertificates(t *testing.T) {
	b := startServer(t, server.Options{})
	o := uut()
	b.mustSubmit(t, document(t, o))
	checkStatus(t, b.get(t, "/api/Report/Certificate/"+o["id"].(string)), http.StatusNotImplemented)
}

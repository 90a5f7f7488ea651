package server_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/report"
)

func file(name, kind, content string) object {
	return object{"name": name, "contentType": kind, "data": base64.StdEncoding.EncodeToString([]byte(content))}
}

func TestAttachment(t *testing.T) {
	b := startServer(t, server.Options{})
	withFile := step("picture", 3.3)
	delete(withFile, "numericMeas")
	withFile["stepType"], withFile["id"], withFile["attachment"] = "WATS_AttachFile", 7, file(`..\..\evil "x".html`, "text/html", "<script>1</script>")
	o := with(uut(), object{
		"root":       root(step("voltage", 3.3), withFile),
		"binaryData": []any{file("log.txt", "text/plain; charset=utf-8", "hello"), file("raw", "no type", "\x00\x01")},
	})
	b.mustSubmit(t, document(t, o))
	rows := b.rows(t, "/api/Report/Query/Header?$expand=attachments")
	listed := rows[0]["attachments"].([]any)
	byID := func(i int) string {
		return fmt.Sprint("/api/Report/Attachment?attachmentId=", listed[i].(object)["attachmentId"])
	}
	for _, tc := range []struct{ path, kind, name, content string }{
		{byID(0), "text/plain; charset=utf-8", "log.txt", "hello"},
		{byID(1), "application/octet-stream", "raw", "\x00\x01"},
		{byID(2), "text/html", "evil _x_.html", "<script>1</script>"},
		{fmt.Sprintf("/api/Report/Attachment?stepId=7&reportId=%s", o["id"]), "text/html", "evil _x_.html", "<script>1</script>"},
	} {
		got := b.get(t, tc.path)
		disposition, params, err := mime.ParseMediaType(got.header.Get("Content-Disposition"))
		if got.status != http.StatusOK || string(got.body) != tc.content || got.header.Get("Content-Type") != tc.kind {
			t.Errorf("%s: got %d %s %q, want %s %q", tc.path, got.status, got.header.Get("Content-Type"), got.body, tc.kind, tc.content)
		}
		if err != nil || disposition != "attachment" || params["filename"] != tc.name {
			t.Errorf("%s: Content-Disposition: got %q, want attachment %q", tc.path, got.header.Get("Content-Disposition"), tc.name)
		}
		if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") {
			t.Errorf("%s: Content-Security-Policy: got %q, want sandbox", tc.path, policy)
		}
	}
	for _, tc := range []struct {
		query  string
		status int
		want   []string
	}{
		{"", 400, []string{"attachmentId required"}},
		{"attachmentId=one", 400, []string{"attachmentId type"}},
		{"attachmentId=4711", 404, nil},
		{"stepId=7", 400, []string{"reportId required"}},
		{"stepId=x", 400, []string{"stepId type"}},
		{"stepId=7&reportId=x", 400, []string{"id type"}},
		{fmt.Sprintf("stepId=8&reportId=%s", o["id"]), 404, nil},
		{"stepId=7&reportId=" + report.NewID().String(), 404, nil},
	} {
		got := b.get(t, "/api/Report/Attachment?"+tc.query)
		if got.status != tc.status || !slices.Equal(got.errors(t), tc.want) {
			t.Errorf("?%s: got %d %s, want %d %q", tc.query, got.status, got.body, tc.status, tc.want)
		}
	}
}

// unzip returns the files of an archive in order, as name=content.
func unzip(t testing.TB, archive []byte) (files []string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range z.File {
		r, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, entry.Name+"="+string(content))
	}
	return files
}

func TestAttachmentsAsZIP(t *testing.T) {
	b := startServer(t, server.Options{})
	names := []string{
		"a.txt", "A.TXT", "a.txt", "/etc/passwd", `C:\windows\win.ini`, "..", "con.log", "tab\tname\u202e.txt", "größe.png", "a (2).txt", strings.Repeat("ä", 120) + ".csv",
	}
	want := []string{
		"a.txt=0", "A (2).TXT=1", "a (3).txt=2", "passwd=3", "win.ini=4", "attachment=5", "attachmentcon.log=6", "tab_name_.txt=7",
		"größe.png=8", "a (2) (2).txt=9", strings.Repeat("ä", 98) + ".csv=10",
	}
	var files []any
	for i, name := range names {
		files = append(files, file(name, "text/plain", fmt.Sprint(i)))
	}
	o := with(uut(), object{"binaryData": files})
	b.mustSubmit(t, document(t, o))
	got := b.get(t, "/api/Report/Attachments/"+o["id"].(string))
	if kind := got.header.Get("Content-Type"); got.status != http.StatusOK || kind != "application/zip" {
		t.Fatalf("got %d %s, want a ZIP archive", got.status, kind)
	}
	if files := unzip(t, got.body); !slices.Equal(files, want) {
		t.Errorf("files: got\n%q\nwant\n%q", files, want)
	}
	bare := uut()
	b.mustSubmit(t, document(t, bare))
	if files := unzip(t, b.get(t, "/api/Report/Attachments/"+bare["id"].(string)).body); len(files) != 0 {
		t.Errorf("files of a report without: got %q", files)
	}
	if got := b.get(t, "/api/Report/Attachments/"+report.NewID().String()); got.status != http.StatusNotFound {
		t.Errorf("of another report: got %d, want 404", got.status)
	}
}

package server

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// attachment answers with the content of one file: that of attachmentId, or that of a step of a report. A step's ID is unique in its
// report only, so that stepId needs reportId, an addition of this server, beside it.
//
// Route: GET /api/Report/Attachment.
func (s *server) attachment(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	file, err := s.findAttachment(c, o)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Disposition", disposition("attachment", file.Name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'") // whatever the file is, a browser runs nothing in it
	writeBody(w, contentType(file.ContentType), file.Data)
	return nil
}

func (s *server) findAttachment(c *call, o options) (*report.Attachment, error) {
	if text := o.text("attachmentId"); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, refuseOption("attachmentId", "type", "must be a number, as $expand=attachments of the headers tells it, is %q", shorten(text))
		}
		file, err := s.store.Attachment(c.Context(), id)
		if errors.Is(err, store.ErrNotFound) {
			return nil, refusef(http.StatusNotFound, "there is no attachment %d", id)
		}
		return file, err
	}
	step, err := strconv.Atoi(o.text("stepId"))
	switch {
	case o.text("stepId") == "":
		return nil, refuseOption("attachmentId", "required", "is missing: give attachmentId, or stepId and reportId")
	case err != nil:
		return nil, refuseOption("stepId", "type", "must be a whole number, is %q", shorten(o.text("stepId")))
	case o.text("reportId") == "":
		return nil, refuseOption("reportId", "required", "is missing: the ID of a step is unique in its report only, so give reportId beside stepId, or attachmentId")
	}
	doc, err := s.documentOf(c, o.text("reportId"))
	if err != nil {
		return nil, err
	}
	for file, of := range store.Attachments(doc.Report) {
		if of != nil && of.ID == report.Some(step) {
			return file, nil
		}
	}
	return nil, refusef(http.StatusNotFound, "step %d of report %s has no attachment", step, doc.Report.ID)
}

// attachments answers with all files of a report as a ZIP archive, an empty one when it has none.
//
// Route: GET /api/Report/Attachments/{id}.
func (s *server) attachments(w http.ResponseWriter, c *call) error {
	doc, err := s.documentOf(c, c.param("id"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", disposition("attachment", doc.Report.ID.String()+".zip"))
	buffer := bufio.NewWriterSize(newPatientWriter(w), streamBuffer)
	if err := writeZip(zip.NewWriter(buffer), doc.Report); err != nil {
		return fmt.Errorf("send the attachments of report %s: %w", doc.Report.ID, err)
	}
	if err := buffer.Flush(); err != nil {
		return fmt.Errorf("send the attachments of report %s: %w", doc.Report.ID, err)
	}
	return nil
}

// disposition says how a browser takes an answer, and under which name it saves it.
func disposition(how, name string) string {
	return mime.FormatMediaType(how, map[string]string{"filename": fileName(name)})
}

func writeZip(z *zip.Writer, r *report.Report) error {
	taken := map[string]int{}
	for file := range store.Attachments(r) {
		entry, err := z.CreateHeader(&zip.FileHeader{
			Name: vacantName(taken, fileName(file.Name)), Method: method(file.ContentType), Modified: r.Start.UTC().Truncate(time.Second),
		})
		if err != nil {
			return err
		}
		if _, err := entry.Write(file.Data); err != nil {
			return err
		}
	}
	return z.Close()
}

// method stores what is compressed already as it is.
func method(contentType string) uint16 {
	kind, _, _ := strings.Cut(contentType, "/")
	switch strings.ToLower(kind) {
	case "image", "video", "audio":
		return zip.Store
	}
	return zip.Deflate
}

// vacantName returns name, or "name (2)" and so on when it is taken. Upper and lower case are one, as on the disks of most stations.
// Taken holds the last number given to each name, so that a thousand equal names take a thousand steps.
func vacantName(taken map[string]int, name string) string {
	extension := path.Ext(name)
	base := strings.TrimSuffix(name, extension)
	key, unique := strings.ToLower(name), name
	for n := taken[key] + 1; taken[strings.ToLower(unique)] > 0; n++ {
		unique, taken[key] = fmt.Sprintf("%s (%d)%s", base, n, extension), n
	}
	taken[strings.ToLower(unique)] = max(1, taken[strings.ToLower(unique)])
	return unique
}

// fileName returns a name that is safe to save a file under, on any system: the last part of a path, without characters that mean
// something to a file system or a terminal.
func fileName(name string) string {
	const longest = 200 // bytes
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) || c == utf8.RuneError || strings.ContainsRune(`:*?"<>|`, c) {
			return '_'
		}
		return c
	}, name)
	name = strings.Trim(name, " .")
	if extension := path.Ext(name); len(name) > longest && len(extension) < 20 {
		name = cut(name, longest-len(extension)) + extension
	}
	name = cut(name, longest)
	if stem, _, _ := strings.Cut(name, "."); name == "" || isDevice(stem) {
		name = "attachment" + name
	}
	return name
}

// isDevice reports whether Windows takes the name for a device, whatever its extension.
func isDevice(stem string) bool {
	switch stem = strings.ToUpper(stem); stem {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '0' && stem[3] <= '9'
}

// contentType returns a type as the report tells it, when it is one.
func contentType(told string) string {
	const unknown = "application/octet-stream"
	kind, params, err := mime.ParseMediaType(told)
	if err != nil || !strings.Contains(kind, "/") {
		return unknown
	}
	if text := mime.FormatMediaType(kind, params); text != "" {
		return text
	}
	return unknown
}

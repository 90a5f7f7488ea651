package server

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// anyBody is the limit of bodies that are streamed to the disk: what is free there decides.
const anyBody = 1 << 50

const moveTime = time.Minute // within which some bytes of a file must move

// fileStream returns the body of a request as it comes, decompressed. It fails when nothing comes for a minute.
func (s *server) fileStream(w http.ResponseWriter, c *call) (src io.Reader, done func(), err error) {
	if c.ContentLength > 0 {
		if err := s.store.CheckRoom(c.ContentLength); err != nil {
			return nil, nil, err
		}
	}
	conn := http.NewResponseController(w)
	plain, release, err := s.bodies.decompress(&patientReader{c.Body, conn}, c.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, nil, bodyError(err, anyBody)
	}
	return &bodyReaderErrors{plain}, func() {
		release()
		_ = conn.SetReadDeadline(time.Time{}) // as in patientReader
	}, nil
}

// patientReader waits for a slow client, but not for ever.
type patientReader struct {
	src  io.Reader
	conn *http.ResponseController
}

func (p *patientReader) Read(data []byte) (int, error) {
	_ = p.conn.SetReadDeadline(time.Now().Add(moveTime)) // the error: not every ResponseWriter has deadlines; net/http's have
	return p.src.Read(data)
}

// bodyReaderErrors says of a body that cannot be read that it is the client's doing.
type bodyReaderErrors struct{ src io.Reader }

func (b *bodyReaderErrors) Read(data []byte) (int, error) {
	n, err := b.src.Read(data)
	switch {
	case err == nil, errors.Is(err, io.EOF):
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = refusef(http.StatusRequestTimeout, "nothing came for %v", moveTime)
	default:
		err = bodyError(err, anyBody)
	}
	return n, err
}

// uploadPackage gives a package the files of a zip.
//
// Route: POST /api/Software/Package/UploadZip/{packageId}.
func (s *server) uploadPackage(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("packageId")
	if err != nil {
		return err
	}
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	clean, err := o.boolean("cleanInstall")
	if err != nil {
		return err
	}
	if err := s.store.CheckDraft(c.Context(), id); err != nil { // before a byte is asked for
		return err
	}
	src, done, err := s.fileStream(w, c)
	if err != nil {
		return err
	}
	defer done()
	if err := s.store.UploadPackage(c.Context(), id, src, clean.Value, c.id.User); err != nil {
		return err
	}
	return answerDone(w)
}

// startUpload begins an upload that can be resumed.
//
// Route: POST /api/gowats/v1/Software/Upload.
func (s *server) startUpload(w http.ResponseWriter, c *call) error {
	body, err := readJSON[struct {
		Size report.Optional[int64] `json:"size"`
	}](s, w, c)
	if err != nil {
		return err
	}
	if !body.Size.Present || body.Size.Value < 0 {
		return refuseAll(report.Findings{{Path: "$.size", Rule: "range", Message: "size is required: the bytes that will come, 0 or more"}})
	}
	u, err := s.store.StartUpload(c.Context(), body.Size.Value, c.id.User)
	if err != nil {
		return err
	}
	return answerJSON(w, u)
}

// upload says how far an upload is.
//
// Route: GET /api/gowats/v1/Software/Upload/{uploadId}.
func (s *server) upload(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("uploadId")
	if err != nil {
		return err
	}
	u, err := s.store.Upload(c.Context(), id, c.id.User)
	if err != nil {
		return err
	}
	return answerJSON(w, u)
}

// appendUpload adds the body to an upload, from byte offset on. What of it came before a connection broke is kept.
//
// Route: PUT /api/gowats/v1/Software/Upload/{uploadId}?offset=.
func (s *server) appendUpload(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("uploadId")
	if err != nil {
		return err
	}
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	offset, err := o.size("offset")
	if err != nil {
		return err
	}
	src, done, err := s.fileStream(w, c)
	if err != nil {
		return err
	}
	defer done()
	u, err := s.store.AppendUpload(c.Context(), id, offset, src, c.id.User)
	if err != nil {
		return err
	}
	return answerJSON(w, u)
}

// cancelUpload forgets an upload.
//
// Route: DELETE /api/gowats/v1/Software/Upload/{uploadId}.
func (s *server) cancelUpload(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("uploadId")
	if err != nil {
		return err
	}
	if err := s.store.CancelUpload(c.Context(), id, c.id.User); err != nil {
		return err
	}
	return answerDone(w)
}

// finishUpload makes of an upload the files of a package, or a new package, in one transaction.
//
// Route: POST /api/gowats/v1/Software/Upload/{uploadId}/Package.
func (s *server) finishUpload(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("uploadId")
	if err != nil {
		return err
	}
	target, err := readJSON[wats.UploadTarget](s, w, c)
	if err != nil {
		return err
	}
	if err := target.Validate().Err(); err != nil {
		return err
	}
	p, err := s.store.FinishUpload(c.Context(), id, target, c.id.User)
	if err != nil {
		return err
	}
	return answerJSON(w, p)
}

// packageZip answers with all files of a package as one zip, or with a range of its bytes.
//
// Route: GET /api/gowats/v1/Software/Package/{packageId}/Zip.
func (s *server) packageZip(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("packageId")
	if err != nil {
		return err
	}
	content, err := s.store.PackageArchive(c.Context(), id)
	if err != nil {
		return err
	}
	return sendContent(w, c, content, "application/zip")
}

// softwareFileContent answers with a file, or with a range of its bytes.
//
// Route: GET /api/gowats/v1/Software/File/{fileId}/Content.
func (s *server) softwareFileContent(w http.ResponseWriter, c *call) error {
	id, err := c.pathID("fileId")
	if err != nil {
		return err
	}
	return s.sendSoftwareFile(w, c, id)
}

// softwareFileByQuery does the same by an option.
//
// Unverified: of this route only the address is known.
//
// Route: GET /api/Software/File?fileId=.
func (s *server) softwareFileByQuery(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	id, err := o.requiredID("fileId")
	if err != nil {
		return err
	}
	return s.sendSoftwareFile(w, c, id)
}

func (s *server) sendSoftwareFile(w http.ResponseWriter, c *call, id report.ID) error {
	content, err := s.store.PackageFileContent(c.Context(), id)
	if err != nil {
		return err
	}
	return sendContent(w, c, content, "application/octet-stream")
}

// sendContent answers with a file or, as RFC 9110 §14 has it, with ranges of it. Its digest (RFC 9530) and its ETag are those of the whole.
func sendContent(w http.ResponseWriter, c *call, content *store.Content, contentType string) error {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", disposition("attachment", content.Name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'") // whatever the file is, a browser runs nothing in it
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", strconv.Quote(hex.EncodeToString(content.SHA256[:])))
	h.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(content.SHA256[:])+":")
	src, out := &watchedContent{ReadSeeker: content}, &patientResponse{ResponseWriter: w, patient: newPatientWriter(w)}
	http.ServeContent(out, c.Request, "", content.Modified, src)
	switch {
	case src.err != nil:
		return fmt.Errorf("send %q: %w", content.Name, src.err)
	case out.refused == http.StatusPreconditionFailed:
		return refusef(out.refused, "%q was changed since", content.Name)
	case out.refused != 0:
		return refusef(out.refused, "%q has %d bytes: the range asked for is not there", content.Name, content.Size)
	}
	return nil
}

// watchedContent keeps the error of reading, which http.ServeContent does not tell.
type watchedContent struct {
	io.ReadSeeker
	err error
}

func (r *watchedContent) Read(p []byte) (int, error) {
	n, err := r.ReadSeeker.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// patientResponse sends a body by a patientWriter. It keeps back a refusal, which is answered as all others are.
type patientResponse struct {
	http.ResponseWriter
	patient *patientWriter
	refused int // status
}

func (r *patientResponse) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		r.refused = status
		return
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *patientResponse) Write(p []byte) (int, error) {
	if r.refused != 0 {
		return len(p), nil
	}
	return r.patient.Write(p)
}

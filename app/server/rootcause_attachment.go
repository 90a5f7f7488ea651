package server

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/gowats/gowats/report"
)

const (
	formBody = fileBody + 1<<20 // bytes: a form around a file
	maxParts = 16               // of a form, before the file
)

// uploadTicketAttachment stores the file of a form, to be referred to by a ticket within a day, and answers with its ID.
//
// Route: POST /api/RootCause/Attachment.
func (s *server) uploadTicketAttachment(w http.ResponseWriter, c *call) error {
	f, err := s.openForm(w, c)
	if err != nil {
		return err
	}
	defer f.done()
	id, err := s.store.SaveTicketFile(c.Context(), f.name, f, fileBody, c.id.User)
	if err != nil {
		return err
	}
	return answerJSON(w, id)
}

// openForm returns the file of a form in the body of a request. Done of it is to be called when it has been read.
func (s *server) openForm(w http.ResponseWriter, c *call) (*formFile, error) {
	kind, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, refusef(http.StatusUnsupportedMediaType, "Content-Type must be multipart/form-data with a boundary")
	}
	body, done, err := s.bodies.stream(w, c)
	if err != nil {
		return nil, err
	}
	part, name, err := filePart(multipart.NewReader(body, params["boundary"]))
	if err != nil {
		done()
		return nil, err
	}
	return &formFile{part, name, done}, nil
}

// filePart finds the part that is named file, and the name of the file.
func filePart(form *multipart.Reader) (*multipart.Part, string, error) {
	for range maxParts {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", formError(err)
		}
		if part.FormName() != "file" {
			continue
		}
		_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition")) // Part.FileName hides folders
		name := params["filename"]
		if err != nil || name == "" {
			return nil, "", refuseAll(report.Findings{{Path: "file", Rule: "required", Message: "the part named file has no file name"}})
		}
		if found := checkFileName("file", name); len(found) > 0 {
			return nil, "", refuseAll(found)
		}
		return part, name, nil
	}
	return nil, "", refuseAll(report.Findings{{Path: "file", Rule: "required", Message: "the form has no part named file"}})
}

// formError says what is wrong with a form; that its bytes do not come is said already.
func formError(err error) error {
	var refused *refusal
	if errors.As(err, &refused) {
		return err
	}
	return refuseAll(report.Findings{{Path: "$", Rule: "syntax", Message: fmt.Sprintf("the form cannot be read: %v", err)}})
}

// formFile is the file of a form. Errors of reading it have the words of an answer.
type formFile struct {
	part *multipart.Part
	name string
	done func()
}

// Read reads the file.
func (f *formFile) Read(p []byte) (int, error) {
	n, err := f.part.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = formError(err)
	}
	return n, err
}

// ticketAttachment answers with a file of a ticket.
//
// Route: GET /api/RootCause/Attachment.
func (s *server) ticketAttachment(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	_, missingErr := o.required("attachmentId")
	id, idErr := o.guid("attachmentId")
	if err := gather(missingErr, idErr); err != nil {
		return err
	}
	f, err := s.store.TicketFile(c.Context(), id)
	if err != nil {
		return err
	}
	announceFile(w, f.Name, f.Size)
	return s.store.ReadTicketFile(c.Context(), f, newPatientWriter(w))
}

package openapi

import (
	"bytes"
	"io"
	"net/http"
)

// keep is how many bytes of a body are kept to be checked; longer ones are checked for all but what they hold.
const keep = 16 << 20

// Watch passes requests on to next and calls seen with each request and its answer, when the answer is complete.
// Seen is called from several goroutines.
func Watch(next http.Handler, seen func(*Exchange)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := &copied{ReadCloser: r.Body}
		out := &copying{ResponseWriter: w, status: http.StatusOK}
		x := &Exchange{Method: r.Method, URL: r.URL, Header: r.Header.Clone(), AnswerAborted: true}
		defer func() {
			x.HasBody = r.ContentLength > 0 || in.kept.Len() > 0 || in.kept.isCut
			x.Body, x.BodyIsCut = in.kept.Bytes(), in.kept.isCut
			x.Status, x.AnswerHeader, x.Answer, x.AnswerIsCut = out.status, w.Header(), out.kept.Bytes(), out.kept.isCut
			seen(x)
		}()
		passed := r.WithContext(r.Context())
		passed.Body = in
		next.ServeHTTP(out, passed)
		x.AnswerAborted = false
	})
}

// buffer keeps the beginning of what is written to it.
type buffer struct {
	bytes.Buffer
	isCut bool
}

func (b *buffer) keep(p []byte) {
	if b.Len()+len(p) > keep {
		b.isCut = true
		b.Reset()
		return
	}
	if !b.isCut {
		b.Write(p)
	}
}

// copied is a request body of which a copy is kept.
type copied struct {
	io.ReadCloser
	kept buffer
}

func (c *copied) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.kept.keep(p[:n])
	return n, err
}

// copying is an answer of which a copy is kept.
type copying struct {
	http.ResponseWriter
	kept   buffer
	status int
	began  bool
}

func (c *copying) WriteHeader(status int) {
	if !c.began && status >= http.StatusOK {
		c.began, c.status = true, status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *copying) Write(p []byte) (int, error) {
	c.began = true
	c.kept.keep(p)
	return c.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach what is below.
func (c *copying) Unwrap() http.ResponseWriter { return c.ResponseWriter }

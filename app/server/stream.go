package server

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	streamBuffer = 32 << 10        // bytes
	sendTime     = 1 * time.Minute // within which a client must take one buffer
)

// arrayWriter answers with a JSON array of any length, holding one buffer of it at a time.
//
// Until the first buffer is full nothing is sent, so that an error up to there can still be answered properly.
type arrayWriter struct {
	buffer *bufio.Writer
	json   *json.Encoder
	rows   int
}

func newArrayWriter(w http.ResponseWriter) *arrayWriter {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	a := &arrayWriter{buffer: bufio.NewWriterSize(newPatientWriter(w), streamBuffer)}
	a.json = json.NewEncoder(a.buffer)
	a.json.SetEscapeHTML(false)
	return a
}

// add writes one row. An error means that the client does not read any more.
func (a *arrayWriter) add(row any) error {
	separator := byte(',')
	if a.rows == 0 {
		separator = '['
	}
	a.rows++
	_ = a.buffer.WriteByte(separator) // its error comes again with the next write
	if err := a.json.Encode(row); err != nil {
		return fmt.Errorf("send row %d: %w", a.rows, err)
	}
	return nil
}

// end writes what is left.
func (a *arrayWriter) end() error {
	if a.rows == 0 {
		_ = a.buffer.WriteByte('[')
	}
	_ = a.buffer.WriteByte(']')
	if err := a.buffer.Flush(); err != nil {
		return fmt.Errorf("send the rows: %w", err)
	}
	return nil
}

// patientWriter waits for a slow client, but not for ever: behind each row stands a database that is being read.
type patientWriter struct {
	w    http.ResponseWriter
	conn *http.ResponseController
}

func newPatientWriter(w http.ResponseWriter) *patientWriter {
	return &patientWriter{w, http.NewResponseController(w)}
}

func (p *patientWriter) Write(data []byte) (int, error) {
	_ = p.conn.SetWriteDeadline(time.Now().Add(sendTime)) // the error: not every ResponseWriter has deadlines; net/http's have
	return p.w.Write(data)
}

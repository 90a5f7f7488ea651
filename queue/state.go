package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"time"
)

// State is where an item is: the name of the folder that holds it.
type State string

// The states.
const (
	Ready State = "ready" // waiting, or being sent
	Dead  State = "dead"  // refused by the server, or damaged
	Sent  State = "sent"  // the server has it
)

// Class says what one try to send a report came to.
type Class string

// The classes.
const (
	Accepted Class = "sent" // the server has the report: it goes to sent/

	// Transient: this report failed, and may fare better later. It waits 5 s, 10 s, 20 s … at most 5 min, give or take; there is no last attempt.
	Transient Class = "transient"

	// Offline: the server cannot be reached, or wants less at a time. All reports wait, one is sent now and then to see. No attempt is counted.
	Offline Class = "offline"

	// Auth: the server does not let the uploader in, or is not the right one. All reports wait until [Queue.Resume]; one is sent now and then to see.
	// No attempt is counted.
	Auth Class = "auth"

	// Rejected: the server refuses the report, now and ever. It goes to dead/ with the server's words.
	Rejected Class = "rejected"

	// Damaged: the file is no report any more. Only the queue itself says so.
	Damaged Class = "damaged"
)

// note is what stands in the file beside an item, as JSON.
type note struct {
	Lineage  string    `json:"lineage,omitempty"`
	Attempts int       `json:"attempts,omitempty"` // failed ones
	Class    Class     `json:"class,omitempty"`    // of the last
	Last     time.Time `json:"last,omitzero"`      // of the last
	Next     time.Time `json:"next,omitzero"`      // not before
	Error    string    `json:"error,omitempty"`    // of the last, in the server's words as far as it had any
	Advice   string    `json:"advice,omitempty"`   // what a person can do
}

const (
	maxNote    = 64 << 10 // bytes
	maxWords   = 4000
	maxLineage = 4096 // what a gowats server takes
)

func (n note) encode() []byte {
	n.Error, n.Advice = cut(n.Error), cut(n.Advice)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	_ = enc.Encode(n) // has only what JSON can say
	return b.Bytes()
}

// cut shortens text to what a note may hold.
func cut(text string) string {
	if len(text) <= maxWords {
		return text
	}
	text = text[:maxWords]
	for len(text) > 0 && text[len(text)-1]&0xc0 == 0x80 { // not within a character
		text = text[:len(text)-1]
	}
	if n := len(text); n > 0 && text[n-1] >= 0xc0 {
		text = text[:n-1]
	}
	return text + "…"
}

func parseNote(data []byte) (note, error) {
	var n note
	if err := json.Unmarshal(data, &n); err != nil {
		return note{}, errors.New("read state: " + err.Error())
	}
	if n.Attempts < 0 || len(n.Lineage) > maxLineage {
		return note{}, errors.New("read state: attempts below zero, or too long a lineage")
	}
	return n, nil
}

// readNote reads the note beside an item; the zero note when there is none.
func (q *Queue) readNote(path string) (note, error) {
	data, err := q.fs.ReadFile(path+stateEnding, maxNote)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return note{}, nil
	case err != nil:
		return note{}, err
	}
	return parseNote(data)
}

// writeNote puts a note beside an item. A crash leaves the old one or the new one.
func (q *Queue) writeNote(path string, n note) error {
	return q.fs.ReplaceFile(path+stateEnding, n.encode(), fileMode)
}

// removeNote removes the note beside an item, if there is one.
func (q *Queue) removeNote(path string) error {
	if err := q.fs.Remove(path + stateEnding); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

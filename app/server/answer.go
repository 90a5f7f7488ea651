package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// retryAfterSeconds is what a client is told to wait when the server cannot serve it now.
const retryAfterSeconds = 5

// refusal is an error with an answer of its own.
type refusal struct {
	status int
	body   errorBody
}

// errorBody is the body of every answer that is not 2xx. Clients read Message; Errors holds all there is to say, by JSON path or option.
type errorBody struct {
	Message string          `json:"Message"`
	Errors  report.Findings `json:"errors,omitempty"`
}

func (r *refusal) Error() string { return r.body.Message }

func refusef(status int, format string, args ...any) *refusal {
	return &refusal{status, errorBody{Message: fmt.Sprintf(format, args...)}}
}

// refuseAll refuses a request for all of the findings, of which there is at least one. The message tells the first.
func refuseAll(findings report.Findings) *refusal {
	message := findings[0].Message
	if at := findings[0].Path; at != "$" { // the document as a whole
		message = at + ": " + message
	}
	if more := len(findings) - 1; more > 0 {
		message += fmt.Sprintf(" (and %d more, see errors)", more)
	}
	return &refusal{http.StatusBadRequest, errorBody{message, findings}}
}

// refuseOption refuses a request for an option of its query.
func refuseOption(option, rule, format string, args ...any) *refusal {
	return refuseAll(report.Findings{{Path: option, Rule: rule, Message: fmt.Sprintf(format, args...)}})
}

// panicError is a panic of a handler.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// refuse answers a request with what err says, and with no more than the caller should know.
func (s *server) refuse(w http.ResponseWriter, c *call, err error) {
	answer := translate(err)
	if answer == nil {
		answer = refusef(http.StatusInternalServerError, "the server has failed; its log tells more under request %s", c.requestID)
	}
	switch answer.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="gowats", charset="UTF-8"`)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfterSeconds))
	case http.StatusUnsupportedMediaType:
		w.Header().Set("Accept-Encoding", "gzip")
	}
	body, _ := json.Marshal(answer.body) // texts always have a JSON form
	writeJSON(w, answer.status, body)
}

// translate returns the answer that belongs to err, nil when it is a failure of the server itself.
func translate(err error) *refusal {
	var refused *refusal
	var invalid *report.InvalidError
	var syntax *report.SyntaxError
	var query *store.QueryError
	var rule *store.RuleError
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &invalid):
		return refuseAll(invalid.Violations)
	case errors.As(err, &syntax):
		return refuseAll(report.Findings{{Path: "$", Rule: "syntax", Message: "the body is not one JSON object: " + syntax.Error()}})
	case errors.As(err, &query):
		return refuseOption(query.Option, "query", "%s", query.Reason)
	case errors.As(err, &rule) && errors.Is(rule, store.ErrNotFound):
		return refusef(http.StatusNotFound, "%v", rule)
	case errors.As(err, &rule):
		return refusef(http.StatusConflict, "%v", rule)
	case errors.Is(err, store.ErrText):
		return refuseAll(report.Findings{{Path: "$", Rule: "text", Message: "a text has the character U+0000 or is not UTF-8, and cannot be stored or looked for: leave the character out"}})
	case errors.Is(err, store.ErrUncertain):
		return refusef(http.StatusServiceUnavailable, "the server lost its database while it wrote, and does not know whether the change is stored: look before you send the request again")
	case errors.Is(err, store.ErrUnavailable):
		return refusef(http.StatusServiceUnavailable, "the server cannot reach its database, and nothing was changed; send the request again later")
	case errors.Is(err, store.ErrNoSpace):
		return refusef(http.StatusInsufficientStorage, "%v", err)
	case errors.Is(err, store.ErrTooLarge):
		return refusef(http.StatusRequestEntityTooLarge, "%v", err)
	case errors.Is(err, store.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return refusef(http.StatusServiceUnavailable, "the server is stopping or too busy; send the request again later")
	}
	return nil
}

// writeJSON answers with a body that is JSON already. That the client has gone away while it is written is no failure of the server.
func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// writeBody answers 200 with a body of another kind.
func writeBody(w http.ResponseWriter, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the client may have gone away: no failure of the server
}

// answerJSON answers 200 with v.
func answerJSON(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	writeJSON(w, http.StatusOK, body)
	return nil
}

// answerList answers 200 with a JSON array of the rows as they come, in flat memory.
func answerList[T any](w http.ResponseWriter, rows iter.Seq2[T, error]) error {
	out := newArrayWriter(w)
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := out.add(row); err != nil {
			return err
		}
	}
	return out.end()
}

// answerRows is answerList for a list that may be asked for with $top=0: then it is empty, but what is wrong with the query is told.
func answerRows[T any](w http.ResponseWriter, none bool, rows iter.Seq2[T, error]) error {
	if !none {
		return answerList(w, rows)
	}
	for _, err := range rows {
		if err != nil {
			return err
		}
		break
	}
	return answerJSON(w, []T{})
}

// shorten cuts text that a client chose to what fits a message or a log line.
func shorten(text string) string {
	const maxLength = 200 // bytes
	if len(text) <= maxLength {
		return text
	}
	return cut(text, maxLength) + "…"
}

// cut returns the beginning of text, of at most so many bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

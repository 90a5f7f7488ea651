package wats

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gowats/gowats/report"
)

// QueuedReport is a report out of a spool.
type QueuedReport struct {
	ID       report.ID // the one in the document
	Kind     string    // wsjf or wsxf
	Document []byte
	Lineage  string // where it comes from, for the header Gowats-Lineage, which a gowats server keeps: printable ASCII, at most 4096 bytes; "" for none
}

// Delivery says what came of one try to bring a report to the server, in the words of a spool: each member has its counterpart in queue.Result.
type Delivery struct {
	Class  string        // sent, transient, offline, auth or rejected
	After  time.Duration // the server wants to be asked again not before; 0 when it does not say
	Words  string        // what happened, in the server's words as far as it had any; "" when sent
	Advice string        // what a person can do; "" when Words have to do
	Err    error         // as Submit returns it; nil when sent
}

// The classes of a delivery.
const (
	deliverySent      = "sent"
	deliveryTransient = "transient" // this report failed, and may fare better later
	deliveryOffline   = "offline"   // no report would get through now
	deliveryAuth      = "auth"      // the server does not let this client in, or is not the right one: a person has to act
	deliveryRejected  = "rejected"  // the server refuses this report, now and ever
)

// Deliver tries once to bring a report out of a spool to the server, unchanged and unchecked, and says what a spool is to do with it. It makes no use of [WithSpool] and
// repeats nothing: the spool does. Delivering a report again that the server has changes nothing.
//
// Nothing that a person can mend by setting an address, a credential or a server right makes it say rejected.
//
// Routes: POST /api/Report/WSJF, POST /api/Report/WSXF; after an answer 409, GET /api/Report/Wsjf/{id}.
func (s *ReportService) Deliver(ctx context.Context, r QueuedReport) Delivery {
	once := s.client.With(NoRetry).Report
	req, err := submitRequest(r.Kind)
	if err == nil {
		if r.Lineage != "" {
			req.header.Set("Gowats-Lineage", r.Lineage)
		}
		err = once.send(ctx, req, r.ID, r.Document)
	}
	if errors.Is(err, ErrConflict) {
		err = once.resolve(ctx, r.ID, err)
	}
	if err == nil {
		return Delivery{Class: deliverySent}
	}
	d := Delivery{Class: classify(err), Words: wordsOf(err), Advice: Hint(err), Err: err}
	if e, ok := errors.AsType[*APIError](err); ok {
		d.After = e.RetryAfter
	}
	if e, ok := errors.AsType[*CircuitOpenError](err); ok {
		d.After = e.RetryAfter
	}
	return d
}

// resolve finds out what a conflict is about: nil when the server has the report already.
//
// Unverified: a WATS server may answer 409 to a report it has; none was seen to.
func (s *ReportService) resolve(ctx context.Context, id report.ID, conflict error) error {
	req, err := getRequest("Wsjf", id, []GetOption{WithoutAttachments(), WithoutCharts()})
	if err != nil {
		return err
	}
	ans, err := s.client.do(ctx, req)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && ans.isEmpty():
		return conflict
	}
	return err
}

// classify says what a failed delivery means for the report, and for all others.
func classify(err error) string {
	_, noToken := errors.AsType[*TokenError](err)
	e, answered := errors.AsType[*APIError](err)
	switch unreached := isUnreached(context.Background(), err); {
	case answered:
		return e.delivery()
	case errors.Is(err, ErrUntrusted), noToken && !unreached:
		return deliveryAuth
	case unreached:
		return deliveryOffline
	case errors.Is(err, ErrInvalid):
		return deliveryRejected
	}
	return deliveryTransient
}

// delivery says what an answer means for the report, and for all others.
func (e *APIError) delivery() string {
	switch {
	case e.isForeign():
		return deliveryAuth
	case e.Status < 300: // an acknowledgement that makes no sense
		return deliveryTransient
	case e.Status < 400: // leads elsewhere
		return deliveryAuth
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return deliveryRejected
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return deliveryTransient
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return deliveryOffline
	case http.StatusNotImplemented:
		return deliveryAuth
	}
	if e.Status >= 500 {
		return deliveryTransient
	}
	return deliveryAuth // 401, 403, and what a server says that is not one for reports
}

// wordsOf returns what err says without advice.
func wordsOf(err error) string {
	if e, ok := errors.AsType[*APIError](err); ok {
		text := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
		if words := e.words(); words != "" {
			text += ": " + words
		}
		return text
	}
	if e, ok := errors.AsType[*TransportError](err); ok {
		return fmt.Sprintf("no answer from %s: %v", e.Host, e.Err)
	}
	return err.Error()
}

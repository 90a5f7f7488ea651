package server

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

const serialFile = 32 << 20 // bytes of a file of serial numbers

func serialRoutes() []route {
	return []route{
		{http.MethodGet, "/api/Production/SerialNumbers/Types", auth.Read, noBody, (*server).serialNumberTypes},
		{http.MethodPost, "/api/Production/SerialNumbers/Take", auth.Write, noBody, (*server).takeSerialNumbers},
		{http.MethodGet, "/api/Production/SerialNumbers/ByRange", auth.Read, noBody, (*server).serialNumbersByRange},
		{http.MethodGet, "/api/Production/SerialNumbers/ByReference", auth.Read, noBody, (*server).serialNumbersByReference},
		{http.MethodPut, "/api/Production/SerialNumbers", auth.Write, serialFile, (*server).importSerialNumbers},
		{http.MethodGet, "/api/Production/SerialNumbers", auth.Read, noBody, (*server).exportSerialNumbers},

		{http.MethodGet, "/api/internal/Production/SerialNumbers", auth.Read, noBody, (*server).findSerialNumbers},
		{http.MethodGet, "/api/internal/Production/SerialNumbers/Count", auth.Read, noBody, (*server).countSerialNumbers},
		{http.MethodPut, "/api/internal/Production/SerialNumbers/Free", auth.Write, smallBody, (*server).freeSerialNumbers},
		{http.MethodDelete, "/api/internal/Production/SerialNumbers/Free", auth.Write, smallBody, (*server).deleteFreeSerialNumbers},
		{http.MethodGet, "/api/internal/Production/SerialNumbers/Ranges", auth.Read, noBody, (*server).serialNumberRanges},
		{http.MethodGet, "/api/internal/Production/SerialNumbers/Statistics", auth.Read, noBody, (*server).serialNumberStatistics},

		{http.MethodPut, "/api/gowats/v1/Production/SerialNumbers/Types", auth.Write, smallBody, (*server).saveSerialNumberType},
		{http.MethodDelete, "/api/gowats/v1/Production/SerialNumbers/Types/{name}", auth.Write, noBody, (*server).deleteSerialNumberType},
		{http.MethodPost, "/api/gowats/v1/Production/SerialNumbers/Take", auth.Write, smallBody, (*server).takeSerialNumbersByBody},
		{http.MethodPost, "/api/gowats/v1/Production/SerialNumbers/Reservations", auth.Write, smallBody, (*server).reserveSerialNumbers},
		{http.MethodGet, "/api/gowats/v1/Production/SerialNumbers/Reservations/{id}", auth.Read, noBody, (*server).serialReservation},
		{http.MethodPost, "/api/gowats/v1/Production/SerialNumbers/Reservations/{id}/Taken", auth.Write, unitsBody, (*server).useSerialNumbers},
		{http.MethodDelete, "/api/gowats/v1/Production/SerialNumbers/Reservations/{id}", auth.Write, noBody, (*server).cancelReservation},
	}
}

// serialNumberTypes answers with the types of serial numbers.
//
// Route: GET /api/Production/SerialNumbers/Types.
func (s *server) serialNumberTypes(w http.ResponseWriter, c *call) error {
	types, err := s.store.SerialNumberTypes(c.Context())
	if err != nil {
		return err
	}
	return answerJSON(w, types)
}

// saveSerialNumberType creates or changes a type.
//
// Route: PUT /api/gowats/v1/Production/SerialNumbers/Types.
func (s *server) saveSerialNumberType(w http.ResponseWriter, c *call) error {
	given, err := readJSON[wats.SerialNumberType](s, w, c)
	if err != nil {
		return err
	}
	if err := given.Validate().Err(); err != nil {
		return err
	}
	saved, err := s.store.SaveSerialNumberType(c.Context(), given)
	if err != nil {
		return err
	}
	return answerJSON(w, saved)
}

// deleteSerialNumberType removes a type without numbers.
//
// Route: DELETE /api/gowats/v1/Production/SerialNumbers/Types/{name}.
func (s *server) deleteSerialNumberType(w http.ResponseWriter, c *call) error {
	if err := s.store.DeleteSerialNumberType(c.Context(), c.param("name")); err != nil {
		return err
	}
	return answerDone(w)
}

// takeSerialNumbers takes free numbers. The answer is a document, as clients expect it, also where they say that they take JSON.
//
// Route: POST /api/Production/SerialNumbers/Take.
func (s *server) takeSerialNumbers(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	t := wats.SerialTake{
		Type: o.need("serialNumberType"), Quantity: o.number("quantity", 1, wats.MaxSerialNumbers).Value,
		SerialNumber: o.upTo("refSN", maxName), PartNumber: o.upTo("refPN", maxName), StationName: o.upTo("stationName", maxName),
	}
	if o.text("quantity") == "" {
		o.addf("quantity", "required", "quantity is missing")
	}
	if err := o.err(); err != nil {
		return err
	}
	numbers, err := s.store.TakeSerialNumbers(c.Context(), t, c.id.User)
	if err != nil {
		return err
	}
	doc := wats.SerialNumbersXML{Request: "Take", Type: t.Type, Station: t.StationName, RefSN: t.SerialNumber, RefPN: t.PartNumber}
	for _, n := range numbers {
		doc.Numbers = append(doc.Numbers, wats.SerialNumberXML{ID: n})
	}
	body, err := xml.Marshal(doc)
	if err != nil {
		return fmt.Errorf("encode serial numbers: %w", err)
	}
	writeBody(w, "application/xml; charset=utf-8", append([]byte(xml.Header), body...))
	return nil
}

// takeSerialNumbersByBody takes free numbers as the body wants them.
//
// Route: POST /api/gowats/v1/Production/SerialNumbers/Take.
func (s *server) takeSerialNumbersByBody(w http.ResponseWriter, c *call) error {
	t, err := readJSON[wats.SerialTake](s, w, c)
	if err != nil {
		return err
	}
	if err := t.Validate().Err(); err != nil {
		return err
	}
	numbers, err := s.store.TakeSerialNumbers(c.Context(), t, c.id.User)
	if err != nil {
		return err
	}
	return answerJSON(w, numbers)
}

// serialNumbersByRange answers with the numbers of a range, as the database gives them.
//
// Route: GET /api/Production/SerialNumbers/ByRange.
func (s *server) serialNumbersByRange(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	q := store.SerialQuery{Type: o.need("typeName"), From: o.need("from"), To: o.need("to"), FromName: "from", ToName: "to"}
	if err := o.err(); err != nil {
		return err
	}
	return answerList(w, s.store.SerialNumbers(c.Context(), q))
}

// serialNumbersByReference answers with the numbers taken for a serial or a part number.
//
// Route: GET /api/Production/SerialNumbers/ByReference.
func (s *server) serialNumbersByReference(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	q := store.SerialQuery{Type: o.need("typeName"), Serial: o.upTo("referenceSerialNumber", maxName), Part: o.upTo("referencePartNumber", maxName)}
	if q.Serial == "" && q.Part == "" {
		o.addf("referenceSerialNumber", "required", "one of referenceSerialNumber and referencePartNumber is needed")
	}
	if err := o.err(); err != nil {
		return err
	}
	return answerList(w, s.store.SerialNumbers(c.Context(), q))
}

// serialSearch reads the options that internal searches share; dates have other names in each.
func serialSearch(c *call, after, before string) (*optionReader, store.SerialQuery, error) {
	o, err := readOptions(c)
	if err != nil {
		return nil, store.SerialQuery{}, err
	}
	q := store.SerialQuery{
		Type: o.need("serialNumberType"), From: o.upTo("startAddress", maxName), To: o.upTo("endAddress", maxName), FromName: "startAddress", ToName: "endAddress",
		After: o.moment(after), Before: o.moment(before),
	}
	if !q.After.IsZero() && !q.Before.IsZero() && !q.After.Before(q.Before) {
		o.addf(before, "order", "%s does not lie after %s", before, after)
	}
	return o, q, nil
}

// moment returns an option that must be a date-time, UTC where it has no offset; the zero Time when it is not given.
func (r *optionReader) moment(name string) time.Time {
	at, err := r.time(name)
	if err != nil {
		r.addf(name, "date-time", "%s must be an ISO 8601 date-time, is %q", name, shorten(r.text(name)))
	} else if !at.IsZero() && !store.CanKeep(at) {
		r.addf(name, "range", "%s is too far from now", name)
	}
	return at
}

// findSerialNumbers answers with the numbers of a range; with dates, those of them that were taken then.
//
// Route: GET /api/internal/Production/SerialNumbers.
func (s *server) findSerialNumbers(w http.ResponseWriter, c *call) error {
	o, q, err := serialSearch(c, "startDate", "endDate")
	if err != nil {
		return err
	}
	o.need("startAddress")
	o.need("endAddress")
	if err := o.err(); err != nil {
		return err
	}
	return answerList(w, s.store.SerialNumbers(c.Context(), q))
}

// countSerialNumbers answers with how many numbers there are.
//
// Route: GET /api/internal/Production/SerialNumbers/Count.
func (s *server) countSerialNumbers(w http.ResponseWriter, c *call) error {
	o, q, err := serialSearch(c, "fromDate", "toDate")
	if err != nil {
		return err
	}
	if err := o.err(); err != nil {
		return err
	}
	n, err := s.store.CountSerialNumbers(c.Context(), q)
	if err != nil {
		return err
	}
	return answerJSON(w, n)
}

// freeSerialNumbers puts reserved numbers back into their pools.
//
// Route: PUT /api/internal/Production/SerialNumbers/Free.
func (s *server) freeSerialNumbers(w http.ResponseWriter, c *call) error {
	ranges, err := s.readRanges(w, c)
	if err != nil {
		return err
	}
	n, err := s.store.FreeSerialNumbers(c.Context(), ranges)
	if err != nil {
		return err
	}
	return answerJSON(w, wats.InternalResult{Count: n, Message: fmt.Sprintf("%d reserved serial numbers are free again", n)})
}

// deleteFreeSerialNumbers takes free numbers out of their pools.
//
// Route: DELETE /api/internal/Production/SerialNumbers/Free.
func (s *server) deleteFreeSerialNumbers(w http.ResponseWriter, c *call) error {
	ranges, err := s.readRanges(w, c)
	if err != nil {
		return err
	}
	n, err := s.store.DeleteFreeSerialNumbers(c.Context(), ranges)
	if err != nil {
		return err
	}
	return answerJSON(w, wats.InternalResult{Count: n, Message: fmt.Sprintf("%d free serial numbers are deleted", n)})
}

func (s *server) readRanges(w http.ResponseWriter, c *call) ([]wats.SerialNumberRange, error) {
	ranges, err := readJSON[[]wats.SerialNumberRange](s, w, c)
	if err != nil {
		return nil, err
	}
	return ranges, wats.ValidateSerialRanges(ranges).Err()
}

// serialNumberRanges answers with the free and the reserved numbers as ranges.
//
// Route: GET /api/internal/Production/SerialNumbers/Ranges.
func (s *server) serialNumberRanges(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	return answerList(w, s.store.SerialNumberRanges(c.Context(), o.text("serialNumberType")))
}

// serialNumberStatistics answers with how many numbers there are.
//
// Route: GET /api/internal/Production/SerialNumbers/Statistics.
func (s *server) serialNumberStatistics(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	statistics, err := s.store.SerialNumberStatistics(c.Context(), o.text("serialNumberType"))
	if err != nil {
		return err
	}
	return answerJSON(w, statistics)
}

// reserveSerialNumbers reserves numbers for a station.
//
// Route: POST /api/gowats/v1/Production/SerialNumbers/Reservations.
func (s *server) reserveSerialNumbers(w http.ResponseWriter, c *call) error {
	r, err := readJSON[wats.SerialReserve](s, w, c)
	if err != nil {
		return err
	}
	if err := r.Validate().Err(); err != nil {
		return err
	}
	reservation, err := s.store.ReserveSerialNumbers(c.Context(), r, c.id.User)
	if err != nil {
		return err
	}
	return answerJSON(w, reservation)
}

func reservationID(c *call) (report.ID, error) {
	id, err := report.ParseID(c.param("id"))
	if err != nil {
		return id, refuseOption("id", "format", "%v", err)
	}
	return id, nil
}

// serialReservation answers with what is still reserved.
//
// Route: GET /api/gowats/v1/Production/SerialNumbers/Reservations/{id}.
func (s *server) serialReservation(w http.ResponseWriter, c *call) error {
	id, err := reservationID(c)
	if err != nil {
		return err
	}
	reservation, err := s.store.SerialReservation(c.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(w, reservation)
}

// useSerialNumbers notes which reserved numbers have been used.
//
// Route: POST /api/gowats/v1/Production/SerialNumbers/Reservations/{id}/Taken.
func (s *server) useSerialNumbers(w http.ResponseWriter, c *call) error {
	id, err := reservationID(c)
	if err != nil {
		return err
	}
	used, err := readJSON[[]wats.SerialUse](s, w, c)
	if err != nil {
		return err
	}
	if err := wats.ValidateSerialUses(used).Err(); err != nil {
		return err
	}
	if err := s.store.UseSerialNumbers(c.Context(), id, used, c.id.User); err != nil {
		return err
	}
	return answerDone(w)
}

// cancelReservation puts what is still reserved back into the pool.
//
// Route: DELETE /api/gowats/v1/Production/SerialNumbers/Reservations/{id}.
func (s *server) cancelReservation(w http.ResponseWriter, c *call) error {
	id, err := reservationID(c)
	if err != nil {
		return err
	}
	n, err := s.store.CancelReservation(c.Context(), id)
	if err != nil {
		return err
	}
	return answerJSON(w, wats.InternalResult{Count: n, Message: fmt.Sprintf("%d reserved serial numbers are free again", n)})
}

// importSerialNumbers adds the numbers of a file to a pool. The type is an option or stands in the file.
//
// Route: PUT /api/Production/SerialNumbers.
func (s *server) importSerialNumbers(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	typeName := o.upTo("typeName", maxName)
	if err := o.err(); err != nil {
		return err
	}
	body, free, err := s.bodies.read(w, c)
	if err != nil {
		return err
	}
	defer free()
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	items := csvSerials(body)
	if strings.Contains(strings.ToLower(c.Header.Get("Content-Type")), "xml") || bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		items = xmlSerials(body)
	}
	done, err := s.store.ImportSerialNumbers(c.Context(), typeName, items, c.id.User)
	if err != nil {
		return err
	}
	return answerJSON(w, done)
}

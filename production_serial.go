package wats

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// SerialIdentifier says what kind of number a type hands out.
type SerialIdentifier int

// The kinds of numbers.
const (
	PlainSerialNumber SerialIdentifier = iota
	MACAddress
	IMEI
)

// SerialNumberType is a kind of serial numbers, with a pool of its own.
//
// Route: GET /api/Production/SerialNumbers/Types.
type SerialNumberType struct {
	Name           string           `json:"name"` // names match without regard to case
	Description    string           `json:"description"`
	Format         string           `json:"format"` // how numbers are shown: XX-XX-XX-XX-XX-XX; a gowats server writes MAC addresses so
	Pattern        string           `json:"regEx"`  // regular expression that a number must match as a whole; "": any
	Identifier     SerialIdentifier `json:"identifier"`
	IdentifierName string           `json:"identifierName,omitzero"` // read only
}

const (
	maxSerialText    = 100 // characters of a number, a name, a format
	maxSerialPattern = 500
)

// Validate returns all that is wrong with a type that is to be written.
func (t *SerialNumberType) Validate() report.Findings {
	var c checks
	c.required("$.name", t.Name, maxSerialText)
	c.text("$.description", t.Description, maxUnitComment)
	c.text("$.format", t.Format, maxSerialText)
	c.text("$.regEx", t.Pattern, maxSerialPattern)
	if _, err := regexp.Compile(t.Pattern); err != nil {
		c.addf("$.regEx", "syntax", "regEx is not a regular expression of RE2: %v", err)
	}
	switch {
	case t.Identifier < PlainSerialNumber || t.Identifier > IMEI:
		c.addf("$.identifier", "enum", "identifier must be 0 (serial number), 1 (MAC address) or 2 (IMEI), is %d", t.Identifier)
	case t.Identifier == MACAddress && t.Format != "" && strings.Count(strings.ToUpper(t.Format), "X") != macDigits:
		c.addf("$.format", "format", "format of MAC addresses must have 12 X, such as XX-XX-XX-XX-XX-XX")
	}
	return c.found
}

// SerialNumberTypes returns the types of serial numbers. The list is reference data: see [WithCacheTTL].
//
// Route: GET /api/Production/SerialNumbers/Types.
func (s *ProductionService) SerialNumberTypes(ctx context.Context) ([]SerialNumberType, error) {
	return list[SerialNumberType](ctx, s.client, newRequest(http.MethodGet, "api", "Production", "SerialNumbers", "Types"))
}

// SaveSerialNumberType creates a type of serial numbers, or changes the one of that name. The kind of its numbers cannot be changed while it has any:
// [ErrConflict].
//
// Route: PUT /api/gowats/v1/Production/SerialNumbers/Types, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) SaveSerialNumberType(ctx context.Context, t SerialNumberType) (*SerialNumberType, error) {
	if err := refuseInvalid("serial number type", t.Validate()); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPut, "api", "gowats", "v1", "Production", "SerialNumbers", "Types")
	if err := req.json(t); err != nil {
		return nil, err
	}
	return one[SerialNumberType](ctx, s.client, req)
}

// DeleteSerialNumberType removes a type that has no numbers; [ErrConflict] when it has any, also taken ones.
//
// Route: DELETE /api/gowats/v1/Production/SerialNumbers/Types/{name}, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) DeleteSerialNumberType(ctx context.Context, name string) error {
	return tell(ctx, s.client, newRequest(http.MethodDelete, "api", "gowats", "v1", "Production", "SerialNumbers", "Types", name))
}

// MaxSerialNumbers is how many serial numbers are taken or reserved at once.
const MaxSerialNumbers = 10_000

// SerialTake asks for free serial numbers to be used now.
type SerialTake struct {
	Type         string `json:"serialNumberType"`
	Quantity     int    `json:"quantity"` // 1–10,000
	SerialNumber string `json:"refSN,omitzero"`
	PartNumber   string `json:"refPN,omitzero"`
	StationName  string `json:"stationName,omitzero"` // default: that of [WithStation]

	// Only gowats servers know these.
	InSequence bool   `json:"onlyInSequence,omitzero"`          // numbers that follow each other without a gap
	From       string `json:"fromSerialNumber,omitzero"`        // none before this one
	Reuse      bool   `json:"reuseOnDuplicateRequest,omitzero"` // what was taken for the same serial and part number and in the same quantity is given again
}

// Validate returns all that is wrong with the request.
func (t *SerialTake) Validate() report.Findings {
	var c checks
	c.required("$.serialNumberType", t.Type, maxSerialText)
	c.quantity("$.quantity", t.Quantity)
	c.text("$.refSN", t.SerialNumber, maxUnitText)
	c.text("$.refPN", t.PartNumber, maxUnitText)
	c.text("$.stationName", t.StationName, maxUnitText)
	c.text("$.fromSerialNumber", t.From, maxSerialText)
	if t.Reuse && t.SerialNumber == "" && t.PartNumber == "" {
		c.addf("$.reuseOnDuplicateRequest", "reference", "numbers can only be given again for a refSN or a refPN")
	}
	return c.found
}

func (c *checks) quantity(path string, n int) {
	if n < 1 || n > MaxSerialNumbers {
		c.addf(path, "range", "%s must be from 1 to %d, is %d", memberOf(path), MaxSerialNumbers, n)
	}
}

// TakeSerialNumbers takes free serial numbers, in their order, and returns them as the server writes them. No two calls ever get the same number, but
// for [SerialTake.Reuse]. When there are not enough, none is taken and the error matches [ErrNotFound], also with [Lenient].
//
// It is never repeated by itself: when the answer is lost, numbers may be taken that nobody has. Take with Reuse may be called again.
//
// Route: POST /api/Production/SerialNumbers/Take; with what only gowats servers know POST /api/gowats/v1/Production/SerialNumbers/Take, else
// [ErrUnsupported].
func (s *ProductionService) TakeSerialNumbers(ctx context.Context, t SerialTake) ([]string, error) {
	if t.StationName == "" {
		t.StationName = s.client.station.name
	}
	if err := refuseInvalid("request for serial numbers", t.Validate()); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPost, "api", "Production", "SerialNumbers", "Take")
	if t.InSequence || t.From != "" || t.Reuse {
		req = newRequest(http.MethodPost, "api", "gowats", "v1", "Production", "SerialNumbers", "Take")
		req.repeatable = t.Reuse
		if err := req.json(t); err != nil {
			return nil, err
		}
	} else {
		t.intoQuery(req)
	}
	ans, err := s.client.do(ctx, req)
	switch {
	case err != nil:
		return nil, err
	case ans.isEmpty():
		return nil, s.client.missing(req, ans)
	}
	numbers, err := parseSerialNumbers(ans.body)
	if err != nil {
		return nil, s.client.unreadable(req, ans, err)
	}
	return numbers, nil
}

func (t *SerialTake) intoQuery(req *request) {
	req.query.Set("serialNumberType", t.Type)
	req.query.Set("quantity", strconv.Itoa(t.Quantity))
	for name, value := range map[string]string{"refSN": t.SerialNumber, "refPN": t.PartNumber, "stationName": t.StationName} {
		if value != "" {
			req.query.Set(name, value)
		}
	}
}

// SerialNumbersXML is the document that taken numbers come in, and that numbers are imported and exported in.
type SerialNumbersXML struct {
	XMLName xml.Name          `xml:"SerialNumbers"`
	Request string            `xml:"requestType,attr,omitempty"` // Take or Reserve
	Type    string            `xml:"serialNumberType,attr,omitempty"`
	Station string            `xml:"stationName,attr,omitempty"`
	RefSN   string            `xml:"refSN,attr,omitempty"`
	RefPN   string            `xml:"refPN,attr,omitempty"`
	Numbers []SerialNumberXML `xml:"SN"`
}

// SerialNumberXML is one number of a document.
type SerialNumberXML struct {
	ID      string `xml:"id,attr"`
	Taken   string `xml:"taken,attr,omitempty"` // date-time in UTC; "": still free
	Follow  int64  `xml:"seq,attr,omitempty"`   // how many numbers in sequence follow this one
	RefSN   string `xml:"refSN,attr,omitempty"`
	RefPN   string `xml:"refPN,attr,omitempty"`
	Station string `xml:"refStn,attr,omitempty"`
}

// parseSerialNumbers reads taken numbers from a document, or from JSON: a list of texts, or a text.
func parseSerialNumbers(body []byte) ([]string, error) {
	trimmed := bytes.TrimSpace(body)
	switch trimmed[0] {
	case '[':
		var numbers []string
		return numbers, json.Unmarshal(trimmed, &numbers)
	case '"':
		var text string
		if err := json.Unmarshal(trimmed, &text); err != nil {
			return nil, err
		}
		if !strings.HasPrefix(strings.TrimSpace(text), "<") {
			return []string{text}, nil
		}
		trimmed = []byte(text)
	case '<':
	default:
		return []string{string(trimmed)}, nil
	}
	var doc SerialNumbersXML
	if err := xml.Unmarshal(trimmed, &doc); err != nil {
		return nil, err
	}
	var numbers []string
	for _, n := range doc.Numbers {
		if n.ID == "" {
			return nil, errors.New("a serial number without id")
		}
		numbers = append(numbers, n.ID)
	}
	if len(numbers) == 0 {
		return nil, errors.New("no serial number")
	}
	return numbers, nil
}

// SerialState is what has become of a serial number.
type SerialState string

// The states.
const (
	SerialFree     SerialState = "free"
	SerialReserved SerialState = "reserved" // for a station, which uses it without asking
	SerialTaken    SerialState = "taken"
)

// SerialNumberRecord is one number of a pool. The routes that give it have no other description: the members are those of a gowats server, and what
// another server sends beside them is in Extra.
type SerialNumberRecord struct {
	Number        string      `json:"serialNumber" alias:"id,number"`
	Type          string      `json:"serialNumberType,omitzero" alias:"typeName"`
	State         SerialState `json:"state,omitzero"`
	Taken         Time        `json:"takenUtc,omitzero" alias:"taken"`
	SerialNumber  string      `json:"refSN,omitzero"` // what it was taken for
	PartNumber    string      `json:"refPN,omitzero"`
	StationName   string      `json:"stationName,omitzero" alias:"refStn"`
	ReservationID report.ID   `json:"reservationId,omitzero"`

	Extra Extra `json:"-"`
}

// UnmarshalJSON keeps the members that SerialNumberRecord does not know in Extra.
func (r *SerialNumberRecord) UnmarshalJSON(data []byte) error {
	type plain SerialNumberRecord
	return decodeKeeping(data, (*plain)(r), &r.Extra)
}

// MarshalJSON writes the members of Extra, too.
func (r SerialNumberRecord) MarshalJSON() ([]byte, error) {
	type plain SerialNumberRecord
	return encodeWith(plain(r), r.Extra)
}

// SerialNumbersByRange returns the numbers of a type from one to another, both included, in their order.
//
// Route: GET /api/Production/SerialNumbers/ByRange.
func (s *ProductionService) SerialNumbersByRange(ctx context.Context, typeName, from, to string) ([]SerialNumberRecord, error) {
	req := newRequest(http.MethodGet, "api", "Production", "SerialNumbers", "ByRange")
	req.query.Set("typeName", typeName)
	req.query.Set("from", from)
	req.query.Set("to", to)
	return list[SerialNumberRecord](ctx, s.client, req)
}

// SerialNumbersByReference returns the numbers of a type that were taken for a serial number, a part number, or both together, in their order.
//
// Route: GET /api/Production/SerialNumbers/ByReference.
func (s *ProductionService) SerialNumbersByReference(ctx context.Context, typeName, serialNumber, partNumber string) ([]SerialNumberRecord, error) {
	req := newRequest(http.MethodGet, "api", "Production", "SerialNumbers", "ByReference")
	req.query.Set("typeName", typeName)
	if serialNumber != "" {
		req.query.Set("referenceSerialNumber", serialNumber)
	}
	if partNumber != "" {
		req.query.Set("referencePartNumber", partNumber)
	}
	return list[SerialNumberRecord](ctx, s.client, req)
}

// SerialFormat is the form of a file of serial numbers.
type SerialFormat string

// The forms. CSV has a number on each line; a first line may name the columns: id (also serialNumber), serialNumberType, seq (how many numbers in
// sequence follow), state, taken, refSN, refPN, stationName. XML is a [SerialNumbersXML].
const (
	SerialCSV SerialFormat = "csv"
	SerialXML SerialFormat = "xml"
)

// SerialImport says what became of imported numbers.
//
// Route: PUT /api/Production/SerialNumbers. Other servers than gowats do not tell; all members are zero then.
type SerialImport struct {
	Imported      int64    `json:"imported"`
	RejectedCount int64    `json:"rejectedCount"` // numbers that were there already, in the file or in the pool
	Rejected      []string `json:"rejected"`      // the first 1,000 of them
}

// ImportSerialNumbers adds the numbers of a file to the pool of a type. Those that are there already are rejected, and the rest is added. A file with
// a number that the type does not allow is refused as a whole, and all such numbers are named. It may be repeated.
//
// The type may stand in the file instead; then typeName is "". Servers other than gowats know it from there only.
//
// Route: PUT /api/Production/SerialNumbers.
func (s *ProductionService) ImportSerialNumbers(ctx context.Context, typeName string, format SerialFormat, file []byte) (*SerialImport, error) {
	req := newRequest(http.MethodPut, "api", "Production", "SerialNumbers")
	switch format {
	case SerialCSV:
		req.header.Set("Content-Type", "text/csv")
	case SerialXML:
		req.header.Set("Content-Type", "application/xml")
	default:
		return nil, fmt.Errorf("serial numbers not sent: %w: format %q is neither csv nor xml", ErrInvalid, format)
	}
	if typeName != "" {
		req.query.Set("typeName", typeName)
	}
	req.body = file
	ans, err := s.client.do(ctx, req)
	if err != nil {
		return nil, err
	}
	done := new(SerialImport)
	if !bytes.HasPrefix(bytes.TrimSpace(ans.body), []byte("{")) {
		return done, nil
	}
	return done, json.Unmarshal(ans.body, done)
}

// SerialExport selects the numbers of a file.
type SerialExport struct {
	Type   string
	State  SerialState  // "": all
	Format SerialFormat // default CSV
}

// ExportSerialNumbers writes the numbers of a type into a file, as they come.
//
// Route: GET /api/Production/SerialNumbers.
func (s *ProductionService) ExportSerialNumbers(ctx context.Context, to io.Writer, e SerialExport) error {
	if e.Format == "" {
		e.Format = SerialCSV
	}
	req := newRequest(http.MethodGet, "api", "Production", "SerialNumbers")
	req.query.Set("typeName", e.Type)
	req.query.Set("format", string(e.Format))
	if e.State != "" {
		req.query.Set("state", string(e.State))
	}
	req.to = to
	return tell(ctx, s.client, req)
}

// SerialSearch selects numbers of a type.
type SerialSearch struct {
	Type          string
	From, To      string    // both included; FindSerialNumbers needs both, CountSerialNumbers may do without
	After, Before time.Time // when they were taken: After included, Before not; zero: open, and numbers that are not taken count, too
}

func (q SerialSearch) request(action, after, before string) *request {
	segments := []string{"api", "internal", "Production", "SerialNumbers"}
	if action != "" {
		segments = append(segments, action)
	}
	req := newRequest(http.MethodGet, segments...)
	req.query.Set("serialNumberType", q.Type)
	if q.From != "" {
		req.query.Set("startAddress", q.From)
	}
	if q.To != "" {
		req.query.Set("endAddress", q.To)
	}
	if !q.After.IsZero() {
		req.query.Set(after, q.After.UTC().Format(time.RFC3339Nano))
	}
	if !q.Before.IsZero() {
		req.query.Set(before, q.Before.UTC().Format(time.RFC3339Nano))
	}
	return req
}

// FindSerialNumbers returns the numbers of a range, in their order.
//
// Route: GET /api/internal/Production/SerialNumbers.
func (s *ProductionService) FindSerialNumbers(ctx context.Context, q SerialSearch) ([]SerialNumberRecord, error) {
	return list[SerialNumberRecord](ctx, s.client, q.request("", "startDate", "endDate"))
}

// CountSerialNumbers returns how many numbers there are.
//
// Route: GET /api/internal/Production/SerialNumbers/Count.
func (s *ProductionService) CountSerialNumbers(ctx context.Context, q SerialSearch) (int64, error) {
	n, err := maybe[int64](ctx, s.client, q.request("Count", "fromDate", "toDate"))
	if err != nil || n == nil {
		return 0, err
	}
	return *n, nil
}

// SerialNumberRange is a run of numbers in sequence of which the same has become. The routes that give it have no other description: the members are
// those of a gowats server.
type SerialNumberRange struct {
	Type          string      `json:"serialNumberType"`
	From          string      `json:"from"` // both included
	To            string      `json:"to"`
	Count         int64       `json:"count,omitzero"` // read only, as is what follows
	State         SerialState `json:"state,omitzero"`
	StationName   string      `json:"stationName,omitzero"` // reserved for it
	ReservationID report.ID   `json:"reservationId,omitzero"`
	Reserved      Time        `json:"reservedUtc,omitzero"`
}

// maxSerialRanges is how many ranges one call names.
const maxSerialRanges = 1000

// ValidateSerialRanges returns all that is wrong with a list of ranges that is to be sent, by index.
func ValidateSerialRanges(ranges []SerialNumberRange) report.Findings {
	var c checks
	if len(ranges) == 0 || len(ranges) > maxSerialRanges {
		c.addf("$", "length", "there must be 1 to %d ranges, not %d", maxSerialRanges, len(ranges))
		return c.found
	}
	for i, r := range ranges {
		at := fmt.Sprintf("$[%d]", i)
		c.required(at+".serialNumberType", r.Type, maxSerialText)
		c.required(at+".from", r.From, maxSerialText)
		c.required(at+".to", r.To, maxSerialText)
	}
	return c.found
}

// SerialNumberRanges returns the free and the reserved numbers of a type, of all types for "", as ranges in their order.
//
// Route: GET /api/internal/Production/SerialNumbers/Ranges.
func (s *ProductionService) SerialNumberRanges(ctx context.Context, typeName string) ([]SerialNumberRange, error) {
	return list[SerialNumberRange](ctx, s.client, s.serialRequest("Ranges", typeName))
}

func (s *ProductionService) serialRequest(action, typeName string) *request {
	req := newRequest(http.MethodGet, "api", "internal", "Production", "SerialNumbers", action)
	if typeName != "" {
		req.query.Set("serialNumberType", typeName)
	}
	return req
}

// InternalResult is the answer of internal commands. They have no other description: the members are those of a gowats server.
type InternalResult struct {
	Count   int64  `json:"count"`   // of things done: numbers, units
	Message string `json:"message"` // what was done, in words
}

// FreeSerialNumbers puts the reserved numbers of ranges back into the pool, whoever reserved them, and returns how many. Numbers that are free or
// taken stay so. It may be repeated.
//
// Route: PUT /api/internal/Production/SerialNumbers/Free.
func (s *ProductionService) FreeSerialNumbers(ctx context.Context, ranges []SerialNumberRange) (int64, error) {
	return s.changeRanges(ctx, http.MethodPut, ranges)
}

// DeleteFreeSerialNumbers takes the free numbers of ranges out of the pool, and returns how many. They may be imported again. Numbers that are reserved
// or taken stay so. It may be repeated.
//
// Route: DELETE /api/internal/Production/SerialNumbers/Free.
func (s *ProductionService) DeleteFreeSerialNumbers(ctx context.Context, ranges []SerialNumberRange) (int64, error) {
	return s.changeRanges(ctx, http.MethodDelete, ranges)
}

func (s *ProductionService) changeRanges(ctx context.Context, method string, ranges []SerialNumberRange) (int64, error) {
	if err := refuseInvalid("serial number ranges", ValidateSerialRanges(ranges)); err != nil {
		return 0, err
	}
	req := newRequest(method, "api", "internal", "Production", "SerialNumbers", "Free")
	if err := req.json(ranges); err != nil {
		return 0, err
	}
	done, err := maybe[InternalResult](ctx, s.client, req)
	if err != nil || done == nil {
		return 0, err
	}
	return done.Count, nil
}

// SerialNumberStatistics says how many numbers a pool has. The route has no other description: the members are those of a gowats server.
//
// Route: GET /api/internal/Production/SerialNumbers/Statistics.
type SerialNumberStatistics struct {
	Type     string                   `json:"serialNumberType,omitzero"` // "": all types together
	Total    int64                    `json:"total"`
	Free     int64                    `json:"free"`
	Reserved int64                    `json:"reserved"`
	Taken    int64                    `json:"taken"`
	Types    []SerialNumberStatistics `json:"types,omitempty"` // each type by itself, by name
}

// SerialNumberStatistics returns how many numbers a type has, of all types for "".
//
// Route: GET /api/internal/Production/SerialNumbers/Statistics.
func (s *ProductionService) SerialNumberStatistics(ctx context.Context, typeName string) (*SerialNumberStatistics, error) {
	return one[SerialNumberStatistics](ctx, s.client, s.serialRequest("Statistics", typeName))
}

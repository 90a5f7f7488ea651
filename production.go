package wats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// ProductionService keeps units, their phases, serial numbers, batches and orders.
type ProductionService struct{ client *Client }

// UnitPhaseID says where a unit is in its life: one bit.
type UnitPhaseID int

// The phases that servers know.
const (
	PhaseUnknown          UnitPhaseID = 1
	PhaseUnderProduction  UnitPhaseID = 2
	PhaseProductionRepair UnitPhaseID = 4
	PhaseServiceRepair    UnitPhaseID = 8
	PhaseFinalized        UnitPhaseID = 16
	PhaseScrapped         UnitPhaseID = 32
	PhaseExtendedTest     UnitPhaseID = 64
	PhaseCustomization    UnitPhaseID = 128
	PhaseRepaired         UnitPhaseID = 256
	PhaseMissing          UnitPhaseID = 512
	PhaseInStorage        UnitPhaseID = 1024
	PhaseShipped          UnitPhaseID = 2048
)

// IsValid reports whether p is exactly one phase.
func (p UnitPhaseID) IsValid() bool { return p > 0 && p <= PhaseShipped && p&(p-1) == 0 }

// UnitPhase is a phase as a server names it.
//
// Route: GET /api/internal/Mes/GetUnitPhases.
type UnitPhase struct {
	ID          UnitPhaseID `json:"UnitPhaseId"`
	Code        string      `json:"Code"` // machine name: Under_Production
	Name        string      `json:"Name"` // name for people: Under production
	Description string      `json:"Description"`
}

// UnitKey names a unit: the same serial number may exist under several part numbers.
type UnitKey struct {
	SerialNumber string `json:"serialNumber"`
	PartNumber   string `json:"partNumber"`
}

func (k UnitKey) String() string { return fmt.Sprintf("unit %s of %s", k.SerialNumber, k.PartNumber) }

// Most characters of the texts of units.
const (
	maxUnitText    = 100 // serial and part numbers, revisions, batches, locations, names
	maxUnitComment = 1000
	maxUnitXML     = 100_000
)

// Unit is one produced thing. Its serial and part number together are its key.
//
// Writing a unit leaves as it is what the unit to write has no value for, so a text cannot be cleared; tags say themselves what becomes of them.
type Unit struct {
	SerialNumber       string               `json:"serialNumber"`
	PartNumber         string               `json:"partNumber"`
	Revision           string               `json:"revision,omitzero"`
	ParentSerialNumber string               `json:"parentSerialNumber,omitzero"` // read only: see AddChild
	BatchNumber        string               `json:"batchNumber,omitzero"`
	SerialDate         Time                 `json:"serialDate,omitzero"` // when the serial number was assigned
	CurrentLocation    string               `json:"currentLocation,omitzero"`
	XMLData            string               `json:"xmlData,omitzero"`     // free text; WATS servers keep keys and values in it as XML
	PhaseID            UnitPhaseID          `json:"unitPhaseId,omitzero"` // 0: under production when the unit is new
	Phase              string               `json:"unitPhase,omitzero"`   // read only: its name
	ProcessCode        report.Optional[int] `json:"processCode,omitzero"` // where it is: operation of its latest report, or as set since
	Tags               []Setting            `json:"tags"`
	SubUnits           []Unit               `json:"subUnits"`             // read only: what is built in
	OrderNumber        string               `json:"orderNumber,omitzero"` // production order, its own or that of its batch; only gowats servers know it
	RowVersion         report.Optional[int] `json:"rowVersion,omitzero"`

	Extra Extra `json:"-"`
}

// Key returns the key of u.
func (u *Unit) Key() UnitKey { return UnitKey{u.SerialNumber, u.PartNumber} }

// UnmarshalJSON keeps the members that Unit does not know in Extra.
func (u *Unit) UnmarshalJSON(data []byte) error {
	type Plain Unit
	wire := struct {
		Plain
		ProcessCode codeText `json:"processCode"`
	}{Plain(*u), codeText(u.ProcessCode)}
	if err := decodeKeeping(data, &wire, &wire.Extra); err != nil {
		var mistyped *json.UnmarshalTypeError
		if errors.As(err, &mistyped) {
			mistyped.Field = strings.TrimPrefix(mistyped.Field, "Plain.") // callers know the member by its path in a unit
		}
		return err
	}
	*u = Unit(wire.Plain)
	u.ProcessCode = report.Optional[int](wire.ProcessCode)
	return nil
}

// MarshalJSON writes the members of Extra, too, and empty lists as such.
func (u Unit) MarshalJSON() ([]byte, error) {
	type Plain Unit
	if u.Tags == nil {
		u.Tags = []Setting{}
	}
	if u.SubUnits == nil {
		u.SubUnits = []Unit{}
	}
	return encodeWith(struct {
		Plain
		ProcessCode codeText `json:"processCode,omitzero"`
	}{Plain(u), codeText(u.ProcessCode)}, u.Extra)
}

// codeText is the code of an operation as a unit carries it: the number as text. A number is read, too, since clients before pywats-api 0.6
// send one.
type codeText report.Optional[int]

func (c codeText) IsZero() bool { return !c.Present }

func (c codeText) MarshalJSON() ([]byte, error) {
	if !c.Present {
		return []byte("null"), nil
	}
	return strconv.AppendQuote(nil, strconv.Itoa(c.Value)), nil
}

func (c *codeText) UnmarshalJSON(data []byte) error {
	var text string
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
		data = []byte(strings.TrimSpace(text))
		if len(data) == 0 {
			data = []byte("null")
		}
	}
	return (*report.Optional[int])(c).UnmarshalJSON(data)
}

// Validate returns all that is wrong with a unit that is to be written.
func (u *Unit) Validate() report.Findings { return u.validate("$") }

func (u *Unit) validate(path string) report.Findings {
	var c checks
	c.required(path+".serialNumber", u.SerialNumber, maxUnitText)
	c.required(path+".partNumber", u.PartNumber, maxUnitText)
	c.text(path+".revision", u.Revision, maxUnitText)
	c.text(path+".batchNumber", u.BatchNumber, maxUnitText)
	c.text(path+".currentLocation", u.CurrentLocation, maxUnitText)
	c.text(path+".orderNumber", u.OrderNumber, maxUnitText)
	c.text(path+".xmlData", u.XMLData, maxUnitXML)
	c.date(path+".serialDate", u.SerialDate)
	if u.PhaseID != 0 && !u.PhaseID.IsValid() {
		c.addf(path+".unitPhaseId", "enum", "unitPhaseId must be one phase, a power of two from 1 to 2048, is %d", u.PhaseID)
	}
	c.settings(path+".tags", u.Tags)
	return c.found
}

// Get returns a unit with the units built into it, one level deep. [ErrNotFound] when there is none.
//
// Route: GET /api/Production/Unit/{serialNumber}/{partNumber}.
func (s *ProductionService) Get(ctx context.Context, serialNumber, partNumber string) (*Unit, error) {
	if err := refuseInvalid("question for a unit", (&Unit{SerialNumber: serialNumber, PartNumber: partNumber}).Validate()); err != nil {
		return nil, err
	}
	return one[Unit](ctx, s.client, newRequest(http.MethodGet, "api", "Production", "Unit", serialNumber, partNumber))
}

// GetBySerial returns the unit of a serial number. With a part number it is the same as Get; without, and where several parts have a unit
// of that number, a gowats server answers with the one changed last.
//
// Route: GET /api/internal/Production/GetUnit.
func (s *ProductionService) GetBySerial(ctx context.Context, serialNumber, partNumber string) (*Unit, error) {
	return one[Unit](ctx, s.client, s.unitRequest(http.MethodGet, "GetUnit", UnitKey{serialNumber, partNumber}))
}

// unitRequest asks for something of a unit by an internal route.
func (s *ProductionService) unitRequest(method, action string, key UnitKey) *request {
	req := newRequest(method, "api", "internal", "Production", action)
	req.query.Set("serialNumber", key.SerialNumber)
	if key.PartNumber != "" {
		req.query.Set("partNumber", key.PartNumber)
	}
	return req
}

// UnitInfo is what is known of a unit, with what its reports and its parent tell. Members that a server did not send are zero or absent; all
// are those of a gowats server, as the route has no other description.
//
// Route: GET /api/internal/Production/GetUnitInfo.
type UnitInfo struct {
	SerialNumber       string               `json:"serialNumber"`
	PartNumber         string               `json:"partNumber"`
	Revision           string               `json:"revision"`
	BatchNumber        string               `json:"batchNumber"`
	OrderNumber        string               `json:"orderNumber"`
	CurrentLocation    string               `json:"currentLocation"`
	PhaseID            UnitPhaseID          `json:"unitPhaseId"`
	Phase              string               `json:"unitPhase"`
	ProcessCode        report.Optional[int] `json:"processCode,omitzero"`
	ProcessName        string               `json:"processName"`
	ProcessSince       Time                 `json:"processUtc,omitzero"` // start of the latest report, or when the process was set since
	ParentSerialNumber string               `json:"parentSerialNumber"`
	ParentPartNumber   string               `json:"parentPartNumber"`
	SubUnitCount       int                  `json:"subUnitCount"`          // built in directly
	SerialDate         Time                 `json:"serialDate,omitzero"`   // when the serial number was assigned
	FirstSeen          Time                 `json:"firstSeenUtc,omitzero"` // start of the earliest report; zero when there is none
	Created            Time                 `json:"createdUtc,omitzero"`   // when the server first heard of the unit
	RowVersion         report.Optional[int] `json:"rowVersion,omitzero"`
}

// Info returns what is known of a unit. [ErrNotFound] when there is none.
//
// Route: GET /api/internal/Production/GetUnitInfo.
func (s *ProductionService) Info(ctx context.Context, serialNumber, partNumber string) (*UnitInfo, error) {
	return one[UnitInfo](ctx, s.client, s.unitRequest(http.MethodGet, "GetUnitInfo", UnitKey{serialNumber, partNumber}))
}

// UnitQuery restricts a list of units. The zero UnitQuery means all, the latest known first.
type UnitQuery struct {
	SerialNumber string // these texts may hold * for any text; else they match whole and with regard to case
	PartNumber   string
	BatchNumber  string
	OrderNumber  string
	Phase        UnitPhaseID // 0: any
	Filter       string      // OData over the members of Unit, in addition
	OrderBy      string      // OData; default "created desc"
	Top          int         // at most so many; 0: all
}

// ODataFilter returns the query as the text of $filter, "" when it restricts nothing.
func (q UnitQuery) ODataFilter() string {
	var all conjunction
	all.addText("serialNumber", q.SerialNumber)
	all.addText("partNumber", q.PartNumber)
	all.addText("batchNumber", q.BatchNumber)
	all.addText("orderNumber", q.OrderNumber)
	if q.Phase != 0 {
		all.add("unitPhaseId eq " + strconv.Itoa(int(q.Phase)))
	}
	if strings.TrimSpace(q.Filter) != "" {
		all.add("(" + q.Filter + ")")
	}
	return strings.Join(all, " and ")
}

// Units yields the units that q selects, without what is built into them. Units made meanwhile may move others to the next page, where they come again.
//
// Route: GET /api/gowats/v1/Production/Units, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) Units(ctx context.Context, q UnitQuery) iter.Seq2[*Unit, error] {
	return pages[Unit](ctx, s.client, func() *request {
		req := newRequest(http.MethodGet, "api", "gowats", "v1", "Production", "Units")
		if filter := q.ODataFilter(); filter != "" {
			req.query.Set("$filter", filter)
		}
		if q.OrderBy != "" {
			req.query.Set("$orderby", q.OrderBy)
		}
		return req
	}, q.Top)
}

// Save creates the unit or changes it where it is there, and returns it as stored, nil when the server only says that it is. See [ProductionService.SaveAll].
//
// Route: PUT /api/Production/Units.
func (s *ProductionService) Save(ctx context.Context, unit Unit) (*Unit, error) {
	stored, err := s.SaveAll(ctx, []Unit{unit})
	if err != nil || len(stored) != 1 {
		return nil, err
	}
	return &stored[0], nil
}

// MaxUnits is how many units one call of SaveAll takes.
const MaxUnits = 10_000

// SaveAll creates units, and changes those that are there, at most 10,000 at a time; it may be repeated. It returns them as stored, nil when the server
// only says that they are.
//
// Units with violations are not sent. A server may store some and refuse others, such as one of a process that is not there: the error then matches
// [ErrInvalid] and holds a [*report.InvalidError] with the violations by index ($[3].processCode) as far as the server tells them.
//
// Route: PUT /api/Production/Units.
func (s *ProductionService) SaveAll(ctx context.Context, units []Unit) ([]Unit, error) {
	if len(units) == 0 {
		return nil, nil
	}
	if err := refuseInvalid("units", ValidateUnits(units)); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPut, "api", "Production", "Units")
	if err := req.json(units); err != nil {
		return nil, err
	}
	ans, err := s.client.do(ctx, req)
	if err != nil || ans.isEmpty() {
		return nil, err
	}
	stored, summary, err := parseSavedUnits(ans.body)
	switch {
	case err != nil:
		return nil, s.client.unreadable(req, ans, err)
	case summary.ErrorCount > 0:
		return nil, s.client.partly(req, ans, fmt.Sprintf("%d of %d units were not stored", summary.ErrorCount, len(units)), summary.Errors)
	}
	return stored, nil
}

// ValidateUnits returns all that is wrong with a list of units that is to be written, by index.
func ValidateUnits(units []Unit) report.Findings {
	if len(units) > MaxUnits {
		return report.Findings{{Path: "$", Rule: "length", Message: fmt.Sprintf("%d units are more than the %d of one call", len(units), MaxUnits)}}
	}
	var found report.Findings
	for i := range units {
		found = append(found, units[i].validate(fmt.Sprintf("$[%d]", i))...)
	}
	return found
}

// UnitsSaveResult is the answer to units of which some were not stored.
//
// Route: PUT /api/Production/Units.
type UnitsSaveResult struct {
	ErrorCount int             `json:"errorCount"`       // units not stored
	Errors     report.Findings `json:"errors,omitempty"` // why, by index in the list; only gowats servers tell
}

func parseSavedUnits(body []byte) (units []Unit, summary UnitsSaveResult, err error) {
	if strings.HasPrefix(string(skipSpace(body)), "[") {
		return units, summary, json.Unmarshal(body, &units)
	}
	return nil, summary, json.Unmarshal(body, &summary)
}

// UnitCreate is a unit to be made.
type UnitCreate struct {
	SerialNumber, PartNumber, Revision string
	BatchNumber                        string      // "": none
	Phase                              UnitPhaseID // 0: the server's default, under production
}

// Create makes a unit. [ErrConflict] when it is there already, also known from reports only.
//
// Route: POST /api/internal/Production/CreateUnit.
func (s *ProductionService) Create(ctx context.Context, c UnitCreate) (*Unit, error) {
	unit := Unit{SerialNumber: c.SerialNumber, PartNumber: c.PartNumber, Revision: c.Revision, BatchNumber: c.BatchNumber, PhaseID: c.Phase}
	if err := refuseInvalid(unit.Key().String(), unit.Validate()); err != nil {
		return nil, err
	}
	req := s.unitRequest(http.MethodPost, "CreateUnit", unit.Key())
	req.query.Set("revision", c.Revision)
	if c.BatchNumber != "" {
		req.query.Set("batchNumber", c.BatchNumber)
	}
	if c.Phase != 0 {
		req.query.Set("unitPhase", strconv.Itoa(int(c.Phase)))
	}
	return one[Unit](ctx, s.client, req)
}

// IsConnected reports whether the server has this domain: a WATS server where production is switched on, and every gowats server.
//
// Route: GET /api/internal/Production/isConnected. Any answer but an empty one means yes.
func (s *ProductionService) IsConnected(ctx context.Context) (bool, error) {
	ans, err := s.client.do(ctx, newRequest(http.MethodGet, "api", "internal", "Production", "isConnected"))
	return err == nil && !ans.isEmpty(), err
}

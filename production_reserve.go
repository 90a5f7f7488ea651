package wats

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gowats/gowats/report"
)

// SerialReserve asks for serial numbers that a station will use without asking again.
type SerialReserve struct {
	ID          report.ID `json:"id"` // chosen by the caller; the same ID is the same reservation, so that a lost answer may be repeated
	Type        string    `json:"serialNumberType"`
	Quantity    int       `json:"quantity"`             // 1–10,000
	StationName string    `json:"stationName,omitzero"` // default: that of [WithStation]
	InSequence  bool      `json:"onlyInSequence,omitzero"`
	From        string    `json:"fromSerialNumber,omitzero"` // none before this one
}

// Validate returns all that is wrong with the request.
func (r *SerialReserve) Validate() report.Findings {
	var c checks
	if r.ID.IsZero() {
		c.addf("$.id", "required", "id is required")
	}
	c.required("$.serialNumberType", r.Type, maxSerialText)
	c.quantity("$.quantity", r.Quantity)
	c.text("$.stationName", r.StationName, maxUnitText)
	c.text("$.fromSerialNumber", r.From, maxSerialText)
	return c.found
}

// SerialReservation is what is still reserved of what was.
type SerialReservation struct {
	ID          report.ID           `json:"id"`
	Type        string              `json:"serialNumberType"`
	StationName string              `json:"stationName"`
	Quantity    int                 `json:"quantity"` // reserved at first
	Reserved    Time                `json:"reservedUtc,omitzero"`
	Canceled    bool                `json:"canceled"`
	Ranges      []SerialNumberRange `json:"ranges"` // still reserved, in their order
}

// ReserveSerialNumbers reserves free serial numbers, in their order, for a station to use while it has no connection. What it has used it tells by
// ReportSerialNumbers, and what it does not need it gives back by CancelReservation. No number is ever reserved twice at a time, nor taken by another. When
// there are not enough, none is reserved and the error matches [ErrNotFound]. It is safe to repeat: without an ID one is made, and the result tells it.
//
// Route: POST /api/gowats/v1/Production/SerialNumbers/Reservations, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) ReserveSerialNumbers(ctx context.Context, r SerialReserve) (*SerialReservation, error) {
	if r.ID.IsZero() {
		r.ID = report.NewID()
	}
	if r.StationName == "" {
		r.StationName = s.client.station.name
	}
	if err := refuseInvalid("reservation", r.Validate()); err != nil {
		return nil, err
	}
	req := s.reservationRequest(http.MethodPost)
	req.repeatable = true
	if err := req.json(r); err != nil {
		return nil, err
	}
	return one[SerialReservation](ctx, s.client, req)
}

func (s *ProductionService) reservationRequest(method string, more ...string) *request {
	return newRequest(method, append([]string{"api", "gowats", "v1", "Production", "SerialNumbers", "Reservations"}, more...)...)
}

// Reservation returns what is still reserved. [ErrNotFound] when there is no such reservation.
//
// Route: GET /api/gowats/v1/Production/SerialNumbers/Reservations/{id}, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) Reservation(ctx context.Context, id report.ID) (*SerialReservation, error) {
	return one[SerialReservation](ctx, s.client, s.reservationRequest(http.MethodGet, id.String()))
}

// SerialUse tells of a reserved number that it has been used.
type SerialUse struct {
	Number       string `json:"serialNumber"`
	Taken        Time   `json:"takenUtc,omitzero"` // default: when the server hears of it
	SerialNumber string `json:"refSN,omitzero"`    // what it was used for
	PartNumber   string `json:"refPN,omitzero"`
}

// ValidateSerialUses returns all that is wrong with what is to be told, by index.
func ValidateSerialUses(used []SerialUse) report.Findings {
	var c checks
	if len(used) == 0 || len(used) > MaxSerialNumbers {
		c.addf("$", "length", "there must be 1 to %d numbers, not %d", MaxSerialNumbers, len(used))
		return c.found
	}
	for i, u := range used {
		at := fmt.Sprintf("$[%d]", i)
		c.required(at+".serialNumber", u.Number, maxSerialText)
		c.text(at+".refSN", u.SerialNumber, maxUnitText)
		c.text(at+".refPN", u.PartNumber, maxUnitText)
		c.date(at+".takenUtc", u.Taken)
	}
	return c.found
}

// ReportSerialNumbers tells which numbers of a reservation have been used; they count as taken. It is all or nothing, and may be repeated: numbers told
// before stay as they were told. A number that the reservation does not have is a violation.
//
// Route: POST /api/gowats/v1/Production/SerialNumbers/Reservations/{id}/Taken, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) ReportSerialNumbers(ctx context.Context, reservation report.ID, used []SerialUse) error {
	if err := refuseInvalid("used serial numbers", ValidateSerialUses(used)); err != nil {
		return err
	}
	req := s.reservationRequest(http.MethodPost, reservation.String(), "Taken")
	req.repeatable = true
	if err := req.json(used); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}

// CancelReservation puts the numbers of a reservation that have not been told as used back into the pool, and returns how many. It may be repeated; the
// count is 0 then. [ErrNotFound] when there is no such reservation.
//
// Route: DELETE /api/gowats/v1/Production/SerialNumbers/Reservations/{id}, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) CancelReservation(ctx context.Context, id report.ID) (int64, error) {
	done, err := maybe[InternalResult](ctx, s.client, s.reservationRequest(http.MethodDelete, id.String()))
	if err != nil || done == nil {
		return 0, err
	}
	return done.Count, nil
}

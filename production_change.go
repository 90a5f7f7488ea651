package wats

import (
	"context"
	"iter"
	"net/http"
	"strconv"

	"github.com/gowats/gowats/report"
)

// UnitChange is something that was changed in a unit and that nobody has acknowledged yet, for a system that follows production.
//
// Route: GET /api/Production/Units/Changes.
type UnitChange struct {
	ID                 int64                   `json:"id"`
	SerialNumber       string                  `json:"unitSerialNumber"`
	ParentSerialNumber report.Optional[string] `json:"newParentSerialNumber,omitzero"` // "": taken out of its parent; absent: not changed
	PartNumber         string                  `json:"newPartNumber,omitzero"`         // a gowats server tells that of the unit, which never changes
	Revision           report.Optional[string] `json:"newRevision,omitzero"`           // absent: not changed
	PhaseID            UnitPhaseID             `json:"newUnitPhaseId,omitzero"`        // 0: not changed
}

// UnitChangeQuery restricts a list of changes. The zero UnitChangeQuery means all.
type UnitChangeQuery struct {
	SerialNumber, PartNumber string // "": any
	Top                      int    // at most so many; 0: all
}

// Changes yields what was changed in units and is not acknowledged, in the order in which it happened. Acknowledging while ranging over them moves
// others out of sight: collect a page first (Top), then acknowledge it, and ask again.
//
// Route: GET /api/Production/Units/Changes.
func (s *ProductionService) Changes(ctx context.Context, q UnitChangeQuery) iter.Seq2[*UnitChange, error] {
	return pages[UnitChange](ctx, s.client, func() *request {
		req := newRequest(http.MethodGet, "api", "Production", "Units", "Changes")
		if q.SerialNumber != "" {
			req.query.Set("serialNumber", q.SerialNumber)
		}
		if q.PartNumber != "" {
			req.query.Set("partNumber", q.PartNumber)
		}
		return req
	}, q.Top)
}

// AcknowledgeChange takes a change off the list; in the history of the unit it stays. It may be repeated. [ErrNotFound] when there is no such change.
//
// Route: DELETE /api/Production/Units/Changes/{id}.
func (s *ProductionService) AcknowledgeChange(ctx context.Context, id int64) error {
	return tell(ctx, s.client, newRequest(http.MethodDelete, "api", "Production", "Units", "Changes", strconv.FormatInt(id, 10)))
}

// UnitStateChange is one entry of a unit's history. Members that were not changed are zero or absent; all are those of a gowats server, as the
// route has no other description.
//
// Route: GET /api/internal/Production/GetUnitStateHistory.
type UnitStateChange struct {
	ID                 int64                   `json:"id"`
	Time               Time                    `json:"timeUtc"`
	PhaseID            UnitPhaseID             `json:"unitPhaseId,omitzero"`
	Phase              string                  `json:"unitPhase,omitzero"`
	ProcessCode        report.Optional[int]    `json:"processCode,omitzero"`
	ProcessName        string                  `json:"processName,omitzero"`
	LeftProcess        bool                    `json:"leftProcess,omitzero"` // it is in no operation any more
	Revision           report.Optional[string] `json:"revision,omitzero"`
	Location           string                  `json:"currentLocation,omitzero"`
	ParentSerialNumber report.Optional[string] `json:"parentSerialNumber,omitzero"` // "": taken out of its parent
	ParentPartNumber   string                  `json:"parentPartNumber,omitzero"`
	Comment            string                  `json:"comment,omitzero"`
	User               string                  `json:"user,omitzero"` // who changed it
}

// StateHistory returns what was changed in a unit, oldest first; what reports tell of it is not in it. [ErrNotFound] when there is no such unit.
//
// Route: GET /api/internal/Production/GetUnitStateHistory.
func (s *ProductionService) StateHistory(ctx context.Context, serialNumber, partNumber string) ([]UnitStateChange, error) {
	return list[UnitStateChange](ctx, s.client, s.unitRequest(http.MethodGet, "GetUnitStateHistory", UnitKey{serialNumber, partNumber}))
}

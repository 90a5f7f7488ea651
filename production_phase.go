package wats

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// Phases returns the phases that units can be in, as the server names them. The list is reference data: see [WithCacheTTL].
//
// Route: GET /api/internal/Mes/GetUnitPhases.
func (s *ProductionService) Phases(ctx context.Context) ([]UnitPhase, error) {
	return list[UnitPhase](ctx, s.client, newRequest(http.MethodGet, "api", "internal", "Mes", "GetUnitPhases"))
}

// SetPhase puts a unit into a phase. Every phase may follow every other. The comment, which may be "", stands in the unit's history.
//
// Route: PUT /api/Production/SetUnitPhase.
func (s *ProductionService) SetPhase(ctx context.Context, serialNumber, partNumber string, phase UnitPhaseID, comment string) error {
	if !phase.IsValid() {
		return refuseInvalid("phase", report.Findings{{Path: "phase", Rule: "enum", Message: fmt.Sprintf("%d is no phase: they are the powers of two from 1 to 2048", phase)}})
	}
	req := newRequest(http.MethodPut, "api", "Production", "SetUnitPhase")
	req.query.Set("serialNumber", serialNumber)
	req.query.Set("partNumber", partNumber)
	req.query.Set("phase", strconv.Itoa(int(phase)))
	if comment != "" {
		req.query.Set("comment", comment)
	}
	return tell(ctx, s.client, req)
}

// SetPhaseNamed is SetPhase for a phase by its name or code, in any case: "Under production" or "under_production". It looks the phase up in
// [ProductionService.Phases]; [ErrInvalid] when there is none of that name.
func (s *ProductionService) SetPhaseNamed(ctx context.Context, serialNumber, partNumber, phase, comment string) error {
	all, err := s.Phases(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, p := range all {
		if strings.EqualFold(p.Name, phase) || strings.EqualFold(p.Code, phase) {
			return s.SetPhase(ctx, serialNumber, partNumber, p.ID, comment)
		}
		names = append(names, p.Name)
	}
	return refuseInvalid("phase", report.Findings{{Path: "phase", Rule: "enum",
		Message: fmt.Sprintf("there is no phase %q; there are %s", phase, strings.Join(names, ", "))}})
}

// Phase returns the phase that a unit is in. [ErrNotFound] when there is no such unit.
//
// Route: GET /api/internal/Production/GetUnitPhase. Unverified: the answer of a WATS server; a phase like those of Phases is read.
func (s *ProductionService) Phase(ctx context.Context, serialNumber, partNumber string) (*UnitPhase, error) {
	return one[UnitPhase](ctx, s.client, s.unitRequest(http.MethodGet, "GetUnitPhase", UnitKey{serialNumber, partNumber}))
}

// SetProcess says in which operation a unit is; without a code, that it is in none. The comment, which may be "", stands in the unit's history. A report
// that starts later moves the unit on.
//
// Route: PUT /api/Production/SetUnitProcess.
func (s *ProductionService) SetProcess(ctx context.Context, serialNumber, partNumber string, code report.Optional[int], comment string) error {
	req := newRequest(http.MethodPut, "api", "Production", "SetUnitProcess")
	req.query.Set("serialNumber", serialNumber)
	req.query.Set("partNumber", partNumber)
	if code.Present {
		req.query.Set("processCode", strconv.Itoa(code.Value))
	}
	if comment != "" {
		req.query.Set("comment", comment)
	}
	return tell(ctx, s.client, req)
}

// UnitProcess is the operation that a unit is in.
//
// Route: GET /api/internal/Production/GetUnitProcess. Unverified: the answer of a WATS server.
type UnitProcess struct {
	ProcessCode int    `json:"processCode"`
	ProcessName string `json:"processName"`
	Since       Time   `json:"processUtc,omitzero"` // start of the latest report, or when the process was set since
}

// Process returns the operation that a unit is in, nil when it is in none. [ErrNotFound] when there is no such unit.
//
// Route: GET /api/internal/Production/GetUnitProcess.
func (s *ProductionService) Process(ctx context.Context, serialNumber, partNumber string) (*UnitProcess, error) {
	return maybe[UnitProcess](ctx, s.client, s.unitRequest(http.MethodGet, "GetUnitProcess", UnitKey{serialNumber, partNumber}))
}

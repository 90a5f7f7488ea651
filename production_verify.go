package wats

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gowats/gowats/report"
)

// UnitVerificationGrade says whether a unit has passed the operations that it must pass.
//
// Route: GET /api/Production/UnitVerification.
type UnitVerificationGrade struct {
	Status         string             `json:"status"` // a gowats server says Passed, Failed, Incomplete or Not tested
	Grade          string             `json:"grade"`  // a gowats server says A to C for what passes, F for what does not: see below
	InOrder        bool               `json:"allProcessesExecutedInCorrectOrder"`
	PassedFirstRun bool               `json:"allProcessesPassedFirstRun"`
	PassedAnyRun   bool               `json:"allProcessesPassedAnyRun"`
	PassedLastRun  bool               `json:"allProcessesPassedLastRun"` // the unit passes
	NoRepairs      bool               `json:"noRepairs"`
	Results        []UnitVerification `json:"results"` // by operation, in the order of production
}

// UnitVerification says how a unit did in one operation.
type UnitVerification struct {
	ProcessCode    int    `json:"processCode"`
	ProcessName    string `json:"processName"`
	ProcessIndex   int    `json:"processIndex"`
	Status         string `json:"status"`            // of the last run; a gowats server says Not tested where there is none
	Start          Time   `json:"startUtc,omitzero"` // of the last run
	StationName    string `json:"stationName"`       // of the last run
	TotalCount     int    `json:"totalCount"`
	NonPassedCount int    `json:"nonPassedCount"`
	RepairCount    int    `json:"repairCount"`
}

// Verify says whether a unit has passed the operations that it must pass. Revision chooses the rule; a gowats server takes that of the unit for "".
//
// The operations are those of the rule that fits the unit best: one for part number and revision, else for the part number, else for a product group. A
// gowats server without a rule takes those that the unit was tested in. It counts an operation by its last run: the order is right when the last runs
// began in the order of production.
//
// Unverified: the grades of a WATS server. Those of a gowats server are A when every operation was passed at once, in order and without repair; B when
// runs were needed more than once; C when there were repairs, or the order is wrong; F when the unit does not pass.
//
// Route: GET /api/Production/UnitVerification. Source: support.wats.com article 207424363.
func (s *ProductionService) Verify(ctx context.Context, serialNumber, partNumber, revision string) (*UnitVerificationGrade, error) {
	req := newRequest(http.MethodGet, "api", "Production", "UnitVerification")
	req.query.Set("serialNumber", serialNumber)
	req.query.Set("partNumber", partNumber)
	if revision != "" {
		req.query.Set("revision", revision)
	}
	return one[UnitVerificationGrade](ctx, s.client, req)
}

// VerificationRule says which operations units must have passed, and in which order.
//
// Route: PUT /api/gowats/v1/Production/VerificationRules.
type VerificationRule struct {
	ID           int64                     `json:"id,omitzero"`           // read only
	ProductGroup string                    `json:"productGroup,omitzero"` // either this or a part number
	PartNumber   string                    `json:"partNumber,omitzero"`   // this and the revision may hold * and % for any text, ? and _ for one character
	Revision     string                    `json:"revision,omitzero"`     // "": any; only with a part number
	Processes    []VerificationRuleProcess `json:"processes"`
}

// VerificationRuleProcess is one operation of a rule.
type VerificationRuleProcess struct {
	ProcessCode  int `json:"processCode"`
	ProcessIndex int `json:"processIndex"` // order in production; operations of the same index may come in any order
}

const maxRuleProcesses = 100

// Validate returns all that is wrong with a rule that is to be written.
func (r *VerificationRule) Validate() report.Findings {
	var c checks
	c.text("$.productGroup", r.ProductGroup, maxUnitText)
	c.text("$.partNumber", r.PartNumber, maxUnitText)
	c.text("$.revision", r.Revision, maxUnitText)
	if (r.ProductGroup == "") == (r.PartNumber == "") {
		c.addf("$.partNumber", "required", "a rule is for a partNumber or for a productGroup")
	}
	if r.Revision != "" && r.PartNumber == "" {
		c.addf("$.revision", "reference", "a revision needs a partNumber")
	}
	if len(r.Processes) == 0 || len(r.Processes) > maxRuleProcesses {
		c.addf("$.processes", "length", "there must be 1 to %d processes, not %d", maxRuleProcesses, len(r.Processes))
	}
	seen := map[int]bool{}
	for i, p := range r.Processes {
		if p.ProcessIndex < 0 {
			c.addf(fmt.Sprintf("$.processes[%d].processIndex", i), "range", "processIndex must not be negative, is %d", p.ProcessIndex)
		}
		if seen[p.ProcessCode] {
			c.addf(fmt.Sprintf("$.processes[%d].processCode", i), "unique", "process %d is there twice", p.ProcessCode)
		}
		seen[p.ProcessCode] = true
	}
	return c.found
}

func ruleRequest(method string, more ...string) *request {
	return newRequest(method, append([]string{"api", "gowats", "v1", "Production", "VerificationRules"}, more...)...)
}

// VerificationRules returns all rules, in the order in which they were made.
//
// Route: GET /api/gowats/v1/Production/VerificationRules, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) VerificationRules(ctx context.Context) ([]VerificationRule, error) {
	return list[VerificationRule](ctx, s.client, ruleRequest(http.MethodGet))
}

// SaveVerificationRule makes a rule, or changes the one for the same product group, part number and revision.
//
// Route: PUT /api/gowats/v1/Production/VerificationRules, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) SaveVerificationRule(ctx context.Context, r VerificationRule) (*VerificationRule, error) {
	if err := refuseInvalid("verification rule", r.Validate()); err != nil {
		return nil, err
	}
	req := ruleRequest(http.MethodPut)
	if err := req.json(r); err != nil {
		return nil, err
	}
	return one[VerificationRule](ctx, s.client, req)
}

// DeleteVerificationRule removes a rule. [ErrNotFound] when there is none.
//
// Route: DELETE /api/gowats/v1/Production/VerificationRules/{id}, which only gowats servers have: else [ErrUnsupported].
func (s *ProductionService) DeleteVerificationRule(ctx context.Context, id int64) error {
	return tell(ctx, s.client, ruleRequest(http.MethodDelete, strconv.FormatInt(id, 10)))
}

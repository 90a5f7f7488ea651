package wats

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// ProcessInfo is one operation: a test, a repair, or work in progress.
//
// Route: GET /api/App/Processes.
type ProcessInfo struct {
	Code              int         `json:"code"` // identifies the operation in reports; 0–32,767
	Name              string      `json:"name"`
	Description       string      `json:"description"`
	IsTestOperation   bool        `json:"isTestOperation"`
	IsRepairOperation bool        `json:"isRepairOperation"`
	IsWIPOperation    bool        `json:"isWipOperation"`
	ProcessIndex      int         `json:"processIndex"` // order of the operations in production; 0: none
	State             ActiveState `json:"state"`

	ID         report.ID `json:"ProcessID,omitzero"`  // only in [ProcessService.Details]
	Properties string    `json:"Properties,omitzero"` // free text

	RowVersion report.Optional[int] `json:"rowVersion,omitzero"` // of a gowats server: a write of an older version than is stored is refused
}

// ProcessQuery selects operations. The zero ProcessQuery means all that are active.
type ProcessQuery struct {
	Tests, Repairs, WIP bool // only these kinds; all when none is set
	Inactive            bool // also those that are not in use
}

const (
	maxProcessCode = 32_767
	maxProcessText = 100 // characters of a name
)

// Validate returns all that is wrong with p before it is written.
func (p *ProcessInfo) Validate() report.Findings {
	var c checks
	if p.Code < 0 || p.Code > maxProcessCode {
		c.addf("$.code", "range", "code must lie between 0 and %d, is %d", maxProcessCode, p.Code)
	}
	c.required("$.name", p.Name, maxProcessText)
	c.text("$.description", p.Description, maxProductText)
	c.text("$.Properties", p.Properties, maxProductText)
	c.activeState("$.state", p.State)
	kinds := 0
	for _, is := range [...]bool{p.IsTestOperation, p.IsRepairOperation, p.IsWIPOperation} {
		if is {
			kinds++
		}
	}
	if kinds != 1 {
		c.addf("$", "kind", "an operation is one of test, repair and work in progress; %d of isTestOperation, isRepairOperation and isWipOperation are set", kinds)
	}
	if p.ProcessIndex < 0 {
		c.addf("$.processIndex", "range", "processIndex must not be negative, is %d", p.ProcessIndex)
	}
	return c.found
}

// ProcessService keeps the operations that tests and repairs are filed under. What it reads is reference data, which the client keeps for an hour
// unless [WithCacheTTL] says otherwise: see [ProcessService.Refresh].
type ProcessService struct{ client *Client }

// List returns every active operation in the server's order; nil when there is none.
//
// Route: GET /api/App/Processes.
func (s *ProcessService) List(ctx context.Context) ([]ProcessInfo, error) {
	return s.Query(ctx, ProcessQuery{})
}

// Query returns the operations that q selects in the server's order; nil when there is none.
//
// Route: GET /api/App/Processes.
func (s *ProcessService) Query(ctx context.Context, q ProcessQuery) ([]ProcessInfo, error) {
	req := newRequest(http.MethodGet, "api", "App", "Processes")
	for name, wanted := range map[string]bool{
		"includeTestOperations": q.Tests, "includeRepairOperations": q.Repairs, "includeWipOperations": q.WIP, "includeInactiveProcesses": q.Inactive,
	} {
		if wanted {
			req.query.Set(name, "true")
		}
	}
	return list[ProcessInfo](ctx, s.client, req)
}

// Get returns the active operation of a code. It returns [ErrNotFound] when there is none, nil and no error with [Lenient].
//
// Route: GET /api/App/Processes, of which one answer serves all codes and names.
func (s *ProcessService) Get(ctx context.Context, code int) (*ProcessInfo, error) {
	return s.find(ctx, fmt.Sprintf("with the code %d", code), func(p *ProcessInfo) bool { return p.Code == code })
}

// ByName returns the active operation of a name; of several that differ in letter case the one that is written like it, else the first.
// It returns [ErrNotFound] when there is none, nil and no error with [Lenient].
//
// Route: GET /api/App/Processes.
func (s *ProcessService) ByName(ctx context.Context, name string) (*ProcessInfo, error) {
	var exact *ProcessInfo
	p, err := s.find(ctx, fmt.Sprintf("called %q", name), func(p *ProcessInfo) bool {
		if exact == nil && p.Name == name {
			exact = p
		}
		return strings.EqualFold(p.Name, name)
	})
	if exact != nil {
		return exact, nil
	}
	return p, err
}

// find returns the first active operation that is meant. All are looked at.
func (s *ProcessService) find(ctx context.Context, what string, meant func(*ProcessInfo) bool) (*ProcessInfo, error) {
	all, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	var found *ProcessInfo
	for i := range all {
		if meant(&all[i]) && found == nil {
			found = &all[i]
		}
	}
	if found == nil {
		return nil, s.client.absent(fmt.Errorf("no operation %s: %w", what, ErrNotFound))
	}
	return found, nil
}

// Refresh asks the server for the active operations, whatever the client has kept of them, and keeps the answer.
//
// Route: GET /api/App/Processes.
func (s *ProcessService) Refresh(ctx context.Context) ([]ProcessInfo, error) {
	return s.client.With(NoCache).Process.List(ctx)
}

// Details returns every operation with its ID, in use or not; nil when there is none.
//
// Route: GET /api/internal/Process/GetProcesses.
func (s *ProcessService) Details(ctx context.Context) ([]ProcessInfo, error) {
	return list[ProcessInfo](ctx, s.client, newRequest(http.MethodGet, "api", "internal", "Process", "GetProcesses"))
}

// Detail returns the operation of an ID. It returns [ErrNotFound] when there is none, nil and no error with [Lenient].
//
// Route: GET /api/internal/Process/GetProcess/{id}.
func (s *ProcessService) Detail(ctx context.Context, id report.ID) (*ProcessInfo, error) {
	return one[ProcessInfo](ctx, s.client, newRequest(http.MethodGet, "api", "internal", "Process", "GetProcess", id.String()))
}

// Create adds an operation and returns it as stored. A repair operation starts with the default fail codes. It returns [ErrConflict] when there is
// one of that code or name, and [ErrUnsupported] from a server that is not gowats. It needs an administrator.
//
// Route: POST /api/gowats/v1/Process.
func (s *ProcessService) Create(ctx context.Context, p ProcessInfo) (*ProcessInfo, error) {
	return s.write(ctx, newRequest(http.MethodPost, "api", "gowats", "v1", "Process"), p)
}

// Update changes the operation of p.Code to what p says and returns it as stored. It returns [ErrNotFound] when there is none, [ErrConflict] when
// p.RowVersion is not that of what is stored, another one has the name, or it would change the kind of an operation that reports name, and
// [ErrUnsupported] from a server that is not gowats. It needs an administrator.
//
// Route: PUT /api/gowats/v1/Process/{code}.
func (s *ProcessService) Update(ctx context.Context, p ProcessInfo) (*ProcessInfo, error) {
	return s.write(ctx, newRequest(http.MethodPut, "api", "gowats", "v1", "Process", strconv.Itoa(p.Code)), p)
}

func (s *ProcessService) write(ctx context.Context, req *request, p ProcessInfo) (*ProcessInfo, error) {
	if err := refuseInvalid(fmt.Sprintf("operation %d", p.Code), p.Validate()); err != nil {
		return nil, err
	}
	if err := req.json(p); err != nil {
		return nil, err
	}
	return one[ProcessInfo](ctx, s.client, req)
}

// Delete removes an operation and its fail codes. It returns [ErrNotFound] when there is none, [ErrConflict] when something names it, such as a
// report, and [ErrUnsupported] from a server that is not gowats. One that is no longer in use can be made [Inactive]. It needs an administrator.
//
// Route: DELETE /api/gowats/v1/Process/{code}.
func (s *ProcessService) Delete(ctx context.Context, code int) error {
	return tell(ctx, s.client, newRequest(http.MethodDelete, "api", "gowats", "v1", "Process", strconv.Itoa(code)))
}

package server

import (
	"errors"
	"math"
	"net/http"
	"strconv"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// appVersion answers with the version of the server; clients also use it to try connection and credentials.
//
// Route: GET /api/App/Version.
func (s *server) appVersion(w http.ResponseWriter, _ *call) error { return answerJSON(w, s.version) }

func processRoutes() []route {
	return []route{
		{http.MethodGet, "/api/App/Processes", auth.Read, noBody, (*server).processes},
		{http.MethodGet, "/api/internal/Process/GetProcesses", auth.Read, noBody, (*server).processDetails},
		{http.MethodGet, "/api/internal/Process/GetProcess/{id}", auth.Read, noBody, (*server).processDetail},
		{http.MethodGet, "/api/internal/Process/GetRepairOperations", auth.Read, noBody, (*server).repairOperations},
		{http.MethodGet, "/api/internal/Process/GetRepairOperation/{id}", auth.Read, noBody, (*server).repairOperation},
		{http.MethodPost, "/api/gowats/v1/Process", auth.Admin, smallBody, (*server).createProcess},
		{http.MethodPut, "/api/gowats/v1/Process/{code}", auth.Admin, smallBody, (*server).updateProcess},
		{http.MethodDelete, "/api/gowats/v1/Process/{code}", auth.Admin, noBody, (*server).deleteProcess},
		{http.MethodPut, "/api/gowats/v1/Process/{code}/Repair", auth.Admin, listBody, (*server).saveRepairOperation},
	}
}

// processes answers with the operations. Once a kind is asked for, the kinds not named are left out.
//
// Route: GET /api/App/Processes.
func (s *server) processes(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	var flags [4]report.Optional[bool]
	for i, name := range [...]string{"includeTestOperations", "includeRepairOperations", "includeWipOperations", "includeInactiveProcesses"} {
		if flags[i], err = o.boolean(name); err != nil {
			return err
		}
	}
	test, repair, wip, inactive := flags[0], flags[1], flags[2], flags[3].Value
	all := !test.Value && !repair.Value && !wip.Value // none is asked for: those that are not refused
	stored, err := s.store.Processes(c.Context())
	if err != nil {
		return err
	}
	rows := make([]wats.ProcessInfo, 0, len(stored))
	for _, p := range stored {
		wanted := p.IsTestOperation && test.Or(all) || p.IsRepairOperation && repair.Or(all) || p.IsWIPOperation && wip.Or(all)
		if wanted && (inactive || p.State == wats.Active) {
			p.ID = report.ID{} // only the internal API tells it
			rows = append(rows, p)
		}
	}
	return answerJSON(w, rows)
}

// processRow is an operation as the internal API writes it.
type processRow struct {
	Code              int              `json:"Code"`
	Name              string           `json:"Name"`
	Description       string           `json:"Description"`
	ProcessID         report.ID        `json:"ProcessID"`
	ProcessIndex      int              `json:"ProcessIndex"`
	State             wats.ActiveState `json:"State"`
	Properties        string           `json:"Properties"`
	IsTestOperation   bool             `json:"IsTestOperation"`
	IsRepairOperation bool             `json:"IsRepairOperation"`
	IsWIPOperation    bool             `json:"IsWIPOperation"`
}

func newProcessRow(p wats.ProcessInfo) processRow {
	return processRow{p.Code, p.Name, p.Description, p.ID, p.ProcessIndex, p.State, p.Properties, p.IsTestOperation, p.IsRepairOperation, p.IsWIPOperation}
}

// processDetails answers with every operation and its ID, in use or not.
//
// Route: GET /api/internal/Process/GetProcesses.
func (s *server) processDetails(w http.ResponseWriter, c *call) error {
	stored, err := s.store.Processes(c.Context())
	if err != nil {
		return err
	}
	rows := make([]processRow, len(stored))
	for i, p := range stored {
		rows[i] = newProcessRow(p)
	}
	return answerJSON(w, rows)
}

// processDetail answers with the operation of an ID.
//
// Route: GET /api/internal/Process/GetProcess/{id}.
func (s *server) processDetail(w http.ResponseWriter, c *call) error {
	id, err := guidParam(c, "id")
	if err != nil {
		return err
	}
	stored, err := s.store.Processes(c.Context())
	if err != nil {
		return err
	}
	for _, p := range stored {
		if p.ID == id {
			return answerJSON(w, newProcessRow(p))
		}
	}
	return refusef(http.StatusNotFound, "there is no process with the ID %s", id)
}

// guidParam returns a parameter of the path that must be a GUID.
func guidParam(c *call, name string) (report.ID, error) {
	id, err := report.ParseID(c.param(name))
	if err != nil {
		return id, refuseOption(name, "type", "%v", err)
	}
	return id, nil
}

// repairOperations answers with how repairs are carried out, by process code.
//
// Route: GET /api/internal/Process/GetRepairOperations.
func (s *server) repairOperations(w http.ResponseWriter, c *call) error {
	all, err := s.store.RepairOperations(c.Context())
	if err != nil {
		return err
	}
	return answerJSON(w, all)
}

// repairOperation answers with how the repairs of one operation are carried out. A code in the query is taken where no operation has the ID.
//
// Route: GET /api/internal/Process/GetRepairOperation/{id}.
func (s *server) repairOperation(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	given, err := o.integer("processCode", math.MaxInt16)
	if err != nil {
		return err
	}
	id, err := guidParam(c, "id")
	if err != nil {
		return err
	}
	code, err := s.store.ProcessCodeOf(c.Context(), id)
	if errors.Is(err, store.ErrNotFound) && given.Present {
		code, err = given.Value, nil
	}
	if err != nil {
		return err
	}
	found, err := s.store.RepairOperation(c.Context(), code)
	if err != nil {
		return err
	}
	return answerJSON(w, found)
}

// createProcess adds an operation.
//
// Route: POST /api/gowats/v1/Process.
func (s *server) createProcess(w http.ResponseWriter, c *call) error {
	change, err := readJSON[store.ProcessChange](s, w, c)
	if err != nil {
		return err
	}
	made, err := s.store.CreateProcess(c.Context(), change)
	if err != nil {
		return err
	}
	return answerJSON(w, made)
}

// updateProcess changes an operation. Members that are absent or null stay as they are.
//
// Route: PUT /api/gowats/v1/Process/{code}.
func (s *server) updateProcess(w http.ResponseWriter, c *call) error {
	code, err := codeParam(c)
	if err != nil {
		return err
	}
	change, err := readJSON[store.ProcessChange](s, w, c)
	if err != nil {
		return err
	}
	change.Code = code
	saved, err := s.store.UpdateProcess(c.Context(), change)
	if err != nil {
		return err
	}
	return answerJSON(w, saved)
}

// codeParam returns the process code in the path.
func codeParam(c *call) (int, error) {
	code, err := strconv.Atoi(c.param("code"))
	if err != nil || code < 0 || code > math.MaxInt16 {
		return 0, refuseOption("code", "type", "must be a whole number from 0 to %d, is %q", math.MaxInt16, shorten(c.param("code")))
	}
	return code, nil
}

// deleteProcess removes an operation that nothing names.
//
// Route: DELETE /api/gowats/v1/Process/{code}.
func (s *server) deleteProcess(w http.ResponseWriter, c *call) error {
	code, err := codeParam(c)
	if err != nil {
		return err
	}
	if err := s.store.DeleteProcess(c.Context(), code); err != nil {
		return err
	}
	return answerJSON(w, true)
}

// saveRepairOperation replaces how repairs are carried out, with all fail codes.
//
// Route: PUT /api/gowats/v1/Process/{code}/Repair.
func (s *server) saveRepairOperation(w http.ResponseWriter, c *call) error {
	code, err := codeParam(c)
	if err != nil {
		return err
	}
	operation, err := readJSON[wats.RepairOperation](s, w, c)
	if err != nil {
		return err
	}
	if err := operation.Validate().Err(); err != nil {
		return err
	}
	saved, err := s.store.SaveRepairOperation(c.Context(), code, operation)
	if err != nil {
		return err
	}
	return answerJSON(w, saved)
}

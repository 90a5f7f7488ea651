package server

import (
	"net/http"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// appVersion answers with the version of the server; clients also use it to try connection and credentials.
//
// Route: GET /api/App/Version.
func (s *server) appVersion(w http.ResponseWriter, _ *call) error { return answerJSON(w, s.version) }

const activeState = 1 // of a process

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
		if wanted && (inactive || p.State == activeState) {
			rows = append(rows, p)
		}
	}
	return answerJSON(w, rows)
}

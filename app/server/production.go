package server

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

const unitsBody = 16 << 20 // bytes: 10,000 units

func productionRoutes() []route {
	return slices.Concat(unitRoutes(), assemblyRoutes(), serialRoutes(), orderRoutes())
}

func unitRoutes() []route {
	return []route{
		{http.MethodGet, "/api/Production/Unit/{serialNumber}/{partNumber}", auth.Read, noBody, (*server).unit},
		{http.MethodPut, "/api/Production/Units", auth.Write, unitsBody, (*server).saveUnits},
		{http.MethodGet, "/api/Production/Units/Changes", auth.Read, noBody, (*server).unitChanges},
		{http.MethodDelete, "/api/Production/Units/Changes/{id}", auth.Write, noBody, (*server).acknowledgeUnitChange},
		{http.MethodPut, "/api/Production/SetUnitPhase", auth.Write, noBody, (*server).setUnitPhase},
		{http.MethodPut, "/api/Production/SetUnitProcess", auth.Write, noBody, (*server).setUnitProcess},

		{http.MethodGet, "/api/internal/Mes/GetUnitPhases", auth.Read, noBody, (*server).unitPhases},
		{http.MethodGet, "/api/internal/Production/isConnected", auth.Read, noBody, (*server).isConnected},
		{http.MethodGet, "/api/internal/Production/GetUnit", auth.Read, noBody, (*server).unitBySerial},
		{http.MethodGet, "/api/internal/Production/GetUnitInfo", auth.Read, noBody, (*server).unitInfo},
		{http.MethodGet, "/api/internal/Production/GetUnitStateHistory", auth.Read, noBody, (*server).unitStateHistory},
		{http.MethodGet, "/api/internal/Production/GetUnitPhase", auth.Read, noBody, (*server).unitPhase},
		{http.MethodGet, "/api/internal/Production/GetUnitProcess", auth.Read, noBody, (*server).unitProcess},
		{http.MethodPost, "/api/internal/Production/CreateUnit", auth.Write, noBody, (*server).createUnit},

		{http.MethodGet, "/api/gowats/v1/Production/Units", auth.Read, noBody, (*server).units},
	}
}

// optionReader reads the options of a request and collects all that is wrong with them.
type optionReader struct {
	options
	found report.Findings
}

func readOptions(c *call) (*optionReader, error) {
	o, err := parseOptions(c.URL.RawQuery)
	return &optionReader{options: o}, err
}

func (r *optionReader) addf(name, rule, format string, args ...any) {
	r.found = append(r.found, report.Finding{Path: name, Rule: rule, Message: fmt.Sprintf(format, args...)})
}

// need returns an option that must be given, of at most 100 characters.
func (r *optionReader) need(name string) string {
	text := r.upTo(name, maxName)
	if strings.TrimSpace(text) == "" {
		r.addf(name, "required", "%s is missing", name)
	}
	return text
}

const (
	maxName    = 100  // characters of serial and part numbers, revisions, names
	maxComment = 1000 // characters
)

// upTo returns an option of at most so many characters.
func (r *optionReader) upTo(name string, most int) string {
	text := r.text(name)
	if n := len([]rune(text)); n > most {
		r.addf(name, "length", "%s exceeds %d characters: it has %d", name, most, n)
	}
	if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' && c != '\t' && c != '\n' && c != '\r' }) {
		r.addf(name, "characters", "%s holds a control character", name)
	}
	return text
}

// number returns an option that must be a whole number in a range, absent when it is not given.
func (r *optionReader) number(name string, least, most int) report.Optional[int] {
	text := r.text(name)
	if text == "" {
		return report.Optional[int]{}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		r.addf(name, "range", "%s must be a whole number from %d to %d, is %q", name, least, most, shorten(text))
	}
	return report.Some(n)
}

// key returns the unit that the options serialNumber and partNumber name; prefix stands in front of both, as parent does.
func (r *optionReader) key(prefix string) wats.UnitKey {
	serial, part := "serialNumber", "partNumber"
	if prefix != "" {
		serial, part = prefix+"SerialNumber", prefix+"PartNumber"
	}
	return wats.UnitKey{SerialNumber: r.need(serial), PartNumber: r.need(part)}
}

// author returns who changes something, with the option comment.
func (r *optionReader) author(c *call) store.Author {
	return store.Author{User: c.id.User, Comment: r.upTo("comment", maxComment)}
}

func (r *optionReader) err() error { return r.found.Err() }

// unitKey reads the options of a request that are about one unit.
func unitKey(c *call) (wats.UnitKey, error) {
	o, err := readOptions(c)
	if err != nil {
		return wats.UnitKey{}, err
	}
	key := o.key("")
	return key, o.err()
}

// answerOf answers a request about one unit with what read gives.
func answerOf[T any](w http.ResponseWriter, c *call, read func(context.Context, wats.UnitKey) (T, error)) error {
	key, err := unitKey(c)
	if err != nil {
		return err
	}
	v, err := read(c.Context(), key)
	if err != nil {
		return err
	}
	return answerJSON(w, v)
}

// answerDone answers a command that has nothing to say: clients take any 2xx for done.
func answerDone(w http.ResponseWriter) error { return answerJSON(w, true) }

// unit answers with one unit and what is built into it.
//
// Route: GET /api/Production/Unit/{serialNumber}/{partNumber}.
func (s *server) unit(w http.ResponseWriter, c *call) error {
	unit, err := s.store.Unit(c.Context(), wats.UnitKey{SerialNumber: c.param("serialNumber"), PartNumber: c.param("partNumber")})
	if err != nil {
		return err
	}
	return answerJSON(w, unit)
}

// unitBySerial answers with one unit, by its serial number alone where no part number is given.
//
// Route: GET /api/internal/Production/GetUnit.
func (s *server) unitBySerial(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	key := wats.UnitKey{SerialNumber: o.need("serialNumber"), PartNumber: o.text("partNumber")}
	if err := o.err(); err != nil {
		return err
	}
	var unit *wats.Unit
	if key.PartNumber == "" {
		unit, err = s.store.UnitBySerial(c.Context(), key.SerialNumber)
	} else {
		unit, err = s.store.Unit(c.Context(), key)
	}
	if err != nil {
		return err
	}
	return answerJSON(w, unit)
}

// units answers with units, those made last first.
//
// Route: GET /api/gowats/v1/Production/Units.
func (s *server) units(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	q, none, err := o.list()
	if err != nil {
		return err
	}
	return answerRows(w, none, s.store.Units(c.Context(), q))
}

// saveUnits creates units or changes them. What cannot be stored is told by errorCount and errors, and the rest is stored; when nothing can be
// stored, that is an error of the whole request.
//
// Route: PUT /api/Production/Units.
func (s *server) saveUnits(w http.ResponseWriter, c *call) error {
	units, err := readJSON[[]wats.Unit](s, w, c)
	if err != nil {
		return err
	}
	if len(units) > wats.MaxUnits {
		return refuseAll(wats.ValidateUnits(units))
	}
	saved, err := s.store.SaveUnits(c.Context(), units, store.Author{User: c.id.User})
	switch {
	case err != nil:
		return err
	case saved.Failed == 0:
		return answerJSON(w, saved.Stored)
	case saved.Failed == len(units):
		return refuseUnits(saved.Refused)
	}
	return answerJSON(w, wats.UnitsSaveResult{ErrorCount: saved.Failed, Errors: saved.Refused})
}

// refuseUnits refuses units of which none was stored: as a conflict where that is all that is wrong.
func refuseUnits(found report.Findings) error {
	refused := refuseAll(found)
	if !slices.ContainsFunc(found, func(f report.Finding) bool { return f.Rule != store.ConflictRule }) {
		refused.status = http.StatusConflict
	}
	return refused
}

// createUnit makes a unit.
//
// Route: POST /api/internal/Production/CreateUnit.
func (s *server) createUnit(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	key := o.key("")
	unit := wats.Unit{
		SerialNumber: key.SerialNumber, PartNumber: key.PartNumber, Revision: o.upTo("revision", maxName), BatchNumber: o.upTo("batchNumber", maxName),
	}
	if phase := o.number("unitPhase", 1, int(wats.PhaseShipped)); phase.Present {
		unit.PhaseID = wats.UnitPhaseID(phase.Value)
		if !unit.PhaseID.IsValid() {
			o.addf("unitPhase", "enum", "there is no phase %d", phase.Value)
		}
	}
	if err := o.err(); err != nil {
		return err
	}
	created, err := s.store.CreateUnit(c.Context(), unit, store.Author{User: c.id.User})
	if err != nil {
		return err
	}
	return answerJSON(w, created)
}

// setUnitPhase puts a unit into a phase, given by number, name or code.
//
// Route: PUT /api/Production/SetUnitPhase.
func (s *server) setUnitPhase(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	key, phase, by := o.key(""), o.need("phase"), o.author(c)
	if err := o.err(); err != nil {
		return err
	}
	if err := s.store.SetUnitPhase(c.Context(), key, phase, by); err != nil {
		return err
	}
	return answerDone(w)
}

// setUnitProcess says in which operation a unit is.
//
// Route: PUT /api/Production/SetUnitProcess.
func (s *server) setUnitProcess(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	key, code, by := o.key(""), o.number("processCode", math.MinInt16, math.MaxInt16), o.author(c)
	if err := o.err(); err != nil {
		return err
	}
	if err := s.store.SetUnitProcess(c.Context(), key, code, by); err != nil {
		return err
	}
	return answerDone(w)
}

// unitPhases answers with the phases that units can be in.
//
// Route: GET /api/internal/Mes/GetUnitPhases.
func (s *server) unitPhases(w http.ResponseWriter, c *call) error {
	phases, err := s.store.UnitPhases(c.Context())
	if err != nil {
		return err
	}
	return answerJSON(w, phases)
}

// isConnected says that the domain is there.
//
// Route: GET /api/internal/Production/isConnected.
func (s *server) isConnected(w http.ResponseWriter, _ *call) error { return answerDone(w) }

// unitInfo answers with what is known of a unit.
//
// Route: GET /api/internal/Production/GetUnitInfo.
func (s *server) unitInfo(w http.ResponseWriter, c *call) error {
	return answerOf(w, c, s.store.UnitInfo)
}

// unitPhase answers with the phase that a unit is in.
//
// Route: GET /api/internal/Production/GetUnitPhase.
func (s *server) unitPhase(w http.ResponseWriter, c *call) error {
	return answerOf(w, c, s.store.UnitPhase)
}

// unitProcess answers with the operation that a unit is in, null when it is in none.
//
// Route: GET /api/internal/Production/GetUnitProcess.
func (s *server) unitProcess(w http.ResponseWriter, c *call) error {
	key, err := unitKey(c)
	if err != nil {
		return err
	}
	info, err := s.store.UnitInfo(c.Context(), key)
	switch {
	case err != nil:
		return err
	case !info.ProcessCode.Present:
		return answerJSON(w, nil)
	}
	return answerJSON(w, wats.UnitProcess{ProcessCode: info.ProcessCode.Value, ProcessName: info.ProcessName, Since: info.ProcessSince})
}

// unitStateHistory answers with what was changed in a unit.
//
// Route: GET /api/internal/Production/GetUnitStateHistory.
func (s *server) unitStateHistory(w http.ResponseWriter, c *call) error {
	key, err := unitKey(c)
	if err != nil {
		return err
	}
	history, err := s.store.UnitStateHistory(c.Context(), key)
	if err != nil {
		return err
	}
	return answerJSON(w, append([]wats.UnitStateChange{}, history...)) // [] when there is none, not null
}

// unitChanges answers with what nobody has acknowledged.
//
// Route: GET /api/Production/Units/Changes.
func (s *server) unitChanges(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	if err := o.refuseOther("$top", "$skip"); err != nil {
		return err
	}
	page, none, err := o.list()
	if err != nil {
		return err
	}
	return answerRows(w, none, s.store.UnitChanges(c.Context(), store.UnitChangeQuery{
		SerialNumber: o.text("serialNumber"), PartNumber: o.text("partNumber"), Top: page.Top, Skip: page.Skip,
	}))
}

// acknowledgeUnitChange takes a change off the list.
//
// Route: DELETE /api/Production/Units/Changes/{id}.
func (s *server) acknowledgeUnitChange(w http.ResponseWriter, c *call) error {
	id, err := strconv.ParseInt(c.param("id"), 10, 64)
	if err != nil || id <= 0 {
		return refuseOption("id", "range", "must be the number of a change, is %q", shorten(c.param("id")))
	}
	if err := s.store.AcknowledgeUnitChange(c.Context(), id); err != nil {
		return err
	}
	return answerDone(w)
}

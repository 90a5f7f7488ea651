package server

import (
	"net/http"
	"strconv"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
)

func assemblyRoutes() []route {
	return []route{
		{http.MethodPost, "/api/Production/AddChildUnit", auth.Write, noBody, (*server).addChildUnit},
		{http.MethodPost, "/api/Production/RemoveChildUnit", auth.Write, noBody, (*server).removeChildUnit},
		{http.MethodGet, "/api/Production/CheckChildUnits", auth.Read, noBody, (*server).checkChildUnits},
		{http.MethodGet, "/api/Production/UnitVerification", auth.Read, noBody, (*server).verifyUnit},

		{http.MethodPost, "/api/internal/Production/AddChildUnit", auth.Write, noBody, (*server).addChildUnitChecked},
		{http.MethodPost, "/api/internal/Production/RemoveChildUnit", auth.Write, noBody, (*server).removeChildUnitTold},
		{http.MethodPost, "/api/internal/Production/RemoveAllChildUnits", auth.Write, noBody, (*server).removeAllChildUnits},
		{http.MethodGet, "/api/internal/Production/CheckChildUnits", auth.Read, noBody, (*server).checkChildUnitsTold},
		{http.MethodGet, "/api/internal/Production/GetUnitHierarchy", auth.Read, noBody, (*server).unitHierarchy},
		{http.MethodGet, "/api/internal/Production/GetUnitContents", auth.Read, noBody, (*server).unitContents},
		{http.MethodGet, "/api/internal/Production/GetSites", auth.Read, noBody, (*server).sites},

		{http.MethodGet, "/api/gowats/v1/Production/VerificationRules", auth.Read, noBody, (*server).verificationRules},
		{http.MethodPut, "/api/gowats/v1/Production/VerificationRules", auth.Write, smallBody, (*server).saveVerificationRule},
		{http.MethodDelete, "/api/gowats/v1/Production/VerificationRules/{id}", auth.Write, noBody, (*server).deleteVerificationRule},
	}
}

// childKeys reads the options that name a parent and a child.
func childKeys(c *call) (parent, child wats.UnitKey, err error) {
	o, err := readOptions(c)
	if err != nil {
		return parent, child, err
	}
	parent, child = o.key("parent"), o.key("child")
	return parent, child, o.err()
}

// addChildUnit builds a unit into another.
//
// Route: POST /api/Production/AddChildUnit.
func (s *server) addChildUnit(w http.ResponseWriter, c *call) error {
	parent, child, err := childKeys(c)
	if err != nil {
		return err
	}
	if err := s.store.AddChildUnit(c.Context(), parent, child, store.ChildRules{}, store.Author{User: c.id.User}); err != nil {
		return err
	}
	return answerDone(w)
}

// addChildUnitChecked builds a unit into another, with more to check.
//
// Route: POST /api/internal/Production/AddChildUnit.
func (s *server) addChildUnitChecked(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	parent, child := o.key(""), o.key("child")
	rules := store.ChildRules{PartNumber: o.upTo("checkPartNumber", maxName), Revision: o.upTo("checkRevision", maxComment)}
	checkPhase, err := o.boolean("checkPhase")
	if err != nil {
		o.addf("checkPhase", "type", "%v", err)
	}
	rules.AnyPhase = !checkPhase.Or(true)
	if err := o.err(); err != nil {
		return err
	}
	if err := s.store.AddChildUnit(c.Context(), parent, child, rules, store.Author{User: c.id.User}); err != nil {
		return err
	}
	return answerJSON(w, wats.InternalResult{Count: 1, Message: child.String() + " is built into " + parent.String()})
}

// removeChildUnit takes a unit out of another.
//
// Route: POST /api/Production/RemoveChildUnit.
func (s *server) removeChildUnit(w http.ResponseWriter, c *call) error {
	parent, child, err := childKeys(c)
	if err != nil {
		return err
	}
	if err := s.store.RemoveChildUnit(c.Context(), parent, child, store.Author{User: c.id.User}); err != nil {
		return err
	}
	return answerDone(w)
}

// removeChildUnitTold takes a unit out of another, and says so.
//
// Route: POST /api/internal/Production/RemoveChildUnit.
func (s *server) removeChildUnitTold(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	parent, child := o.key(""), o.key("child")
	if err := o.err(); err != nil {
		return err
	}
	if err := s.store.RemoveChildUnit(c.Context(), parent, child, store.Author{User: c.id.User}); err != nil {
		return err
	}
	return answerJSON(w, wats.InternalResult{Count: 1, Message: child.String() + " is taken out of " + parent.String()})
}

// removeAllChildUnits takes every unit out of one.
//
// Route: POST /api/internal/Production/RemoveAllChildUnits.
func (s *server) removeAllChildUnits(w http.ResponseWriter, c *call) error {
	parent, err := unitKey(c)
	if err != nil {
		return err
	}
	n, err := s.store.RemoveAllChildUnits(c.Context(), parent, store.Author{User: c.id.User})
	if err != nil {
		return err
	}
	return answerJSON(w, wats.InternalResult{Count: n, Message: strconv.FormatInt(n, 10) + " units are taken out of " + parent.String()})
}

// checkChildUnits holds what is built into a unit against a box build template.
//
// Route: GET /api/Production/CheckChildUnits.
func (s *server) checkChildUnits(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	key, revision := o.key(""), o.upTo("revision", maxName)
	if err := o.err(); err != nil {
		return err
	}
	return s.answerCheck(w, c, key, revision)
}

// checkChildUnitsTold does so for the revision of the unit. Messages are in English, whatever culture is asked for.
//
// Route: GET /api/internal/Production/CheckChildUnits.
func (s *server) checkChildUnitsTold(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	key := o.key("Parent")
	if err := o.err(); err != nil {
		return err
	}
	return s.answerCheck(w, c, key, "")
}

func (s *server) answerCheck(w http.ResponseWriter, c *call, key wats.UnitKey, revision string) error {
	check, err := s.store.CheckChildUnits(c.Context(), key, revision)
	if err != nil {
		return err
	}
	return answerJSON(w, check)
}

// unitHierarchy answers with the whole that a unit is built into.
//
// Route: GET /api/internal/Production/GetUnitHierarchy.
func (s *server) unitHierarchy(w http.ResponseWriter, c *call) error {
	return answerOf(w, c, s.store.UnitHierarchy)
}

// unitContents answers with a unit and all that is built into it.
//
// Route: GET /api/internal/Production/GetUnitContents.
func (s *server) unitContents(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	key, revision := o.key(""), o.upTo("revision", maxName)
	if err := o.err(); err != nil {
		return err
	}
	unit, err := s.store.UnitContents(c.Context(), key, revision)
	if err != nil {
		return err
	}
	return answerJSON(w, unit)
}

// sites answers with the locations of stations.
//
// Route: GET /api/internal/Production/GetSites.
func (s *server) sites(w http.ResponseWriter, c *call) error {
	sites, err := s.store.Sites(c.Context())
	if err != nil {
		return err
	}
	return answerJSON(w, append([]wats.ProductionSite{}, sites...)) // [] when there is none, not null
}

// verifyUnit says whether a unit has passed what it must pass.
//
// Route: GET /api/Production/UnitVerification.
func (s *server) verifyUnit(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	key, revision := o.key(""), o.upTo("revision", maxName)
	if err := o.err(); err != nil {
		return err
	}
	grade, err := s.store.VerifyUnit(c.Context(), key, revision)
	if err != nil {
		return err
	}
	return answerJSON(w, grade)
}

// verificationRules answers with all rules.
//
// Route: GET /api/gowats/v1/Production/VerificationRules.
func (s *server) verificationRules(w http.ResponseWriter, c *call) error {
	rules, err := s.store.VerificationRules(c.Context())
	if err != nil {
		return err
	}
	return answerJSON(w, rules)
}

// saveVerificationRule makes or changes a rule.
//
// Route: PUT /api/gowats/v1/Production/VerificationRules.
func (s *server) saveVerificationRule(w http.ResponseWriter, c *call) error {
	rule, err := readJSON[wats.VerificationRule](s, w, c)
	if err != nil {
		return err
	}
	if err := rule.Validate().Err(); err != nil {
		return err
	}
	saved, err := s.store.SaveVerificationRule(c.Context(), rule)
	if err != nil {
		return err
	}
	return answerJSON(w, saved)
}

// deleteVerificationRule removes a rule.
//
// Route: DELETE /api/gowats/v1/Production/VerificationRules/{id}.
func (s *server) deleteVerificationRule(w http.ResponseWriter, c *call) error {
	id, err := strconv.ParseInt(c.param("id"), 10, 64)
	if err != nil || id <= 0 {
		return refuseOption("id", "range", "must be the number of a rule, is %q", shorten(c.param("id")))
	}
	if err := s.store.DeleteVerificationRule(c.Context(), id); err != nil {
		return err
	}
	return answerDone(w)
}

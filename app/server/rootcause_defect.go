package server

import (
	"net/http"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
)

// registerDefect stores a defect of a test and answers with it, completed by what the report says of the unit.
//
// Route: POST /api/gowats/v1/RootCause/Defect.
func (s *server) registerDefect(w http.ResponseWriter, c *call) error {
	d, err := readJSON[wats.Defect](s, w, c)
	if err != nil {
		return err
	}
	stored, err := s.store.RegisterDefect(c.Context(), d, c.id.User)
	if err != nil {
		return err
	}
	return answerJSON(w, stored)
}

// withdrawDefect removes a registered defect.
//
// Route: DELETE /api/gowats/v1/RootCause/Defect/{defectId}.
func (s *server) withdrawDefect(_ http.ResponseWriter, c *call) error {
	id, err := c.guid("defectId")
	if err != nil {
		return err
	}
	return s.store.WithdrawDefect(c.Context(), id)
}

// defects answers with the defects that the OData options select, newest first unless they say otherwise.
//
// Route: GET /api/gowats/v1/RootCause/Defects.
func (s *server) defects(w http.ResponseWriter, c *call) error {
	q, none, err := listOptions(c)
	if err != nil {
		return err
	}
	return answerList(w, unless(none, s.store.Defects(c.Context(), q)))
}

// defectStatistics answers with numbers of defects.
//
// Route: GET /api/gowats/v1/RootCause/DefectStatistics.
func (s *server) defectStatistics(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	from, fromErr := o.time("dateFrom")
	to, toErr := o.time("dateTo")
	grouping, groupingErr := o.integer("dateGrouping", int(wats.ByHour))
	if err := gather(o.refuseOther("$filter"), fromErr, toErr, groupingErr); err != nil {
		return err
	}
	statistics, err := s.store.DefectStatistics(c.Context(), store.DefectStatisticsQuery{
		From: from, To: to, GroupBy: o.text("groupBy"), Grouping: wats.DateGrouping(grouping.Or(int(wats.ByDay))), Filter: o.text("$filter")})
	if err != nil {
		return err
	}
	return answerJSON(w, statistics)
}

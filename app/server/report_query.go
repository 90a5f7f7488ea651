package server

import (
	"math"
	"net/http"
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
)

// headers answers with the headers of reports as a plain array, row by row as the database gives them.
//
// Route: GET /api/Report/Query/Header.
func (s *server) headers(w http.ResponseWriter, c *call) error {
	q, none, err := headerQuery(c.URL.RawQuery)
	if err != nil {
		return err
	}
	out := newArrayWriter(w)
	for h, err := range s.store.Headers(c.Context(), q) {
		if err != nil {
			return err
		}
		if none {
			break
		}
		if err := out.add(h); err != nil {
			return err
		}
	}
	return out.end()
}

// headerQuery reads the options of a header query. none is true for $top=0: no rows, but the rest must be right.
func headerQuery(raw string) (q store.HeaderQuery, none bool, err error) {
	o, err := parseOptions(raw)
	if err != nil {
		return q, false, err
	}
	if err := o.refuseOther("$filter", "$orderby", "$top", "$skip"); err != nil {
		return q, false, err
	}
	if q.Type, err = reportType(o.text("reportType")); err != nil {
		return q, false, err
	}
	top, err := o.integer("$top", 0, math.MaxInt32)
	if err != nil {
		return q, false, err
	}
	skip, err := o.integer("$skip", 0, math.MaxInt32)
	if err != nil {
		return q, false, err
	}
	q.Filter, q.OrderBy, q.Top, q.Skip = o.text("$filter"), o.text("$orderby"), top.Value, skip.Value
	none = top.Present && top.Value == 0
	if none {
		q.Top = 1
	}
	return q, none, nil
}

// reportType reads U or R; T and the words are taken for what they mean.
func reportType(text string) (wats.ReportType, error) {
	switch strings.ToUpper(text) {
	case "", "U", "T", "UUT":
		return wats.UUT, nil
	case "R", "UUR":
		return wats.UUR, nil
	}
	return "", refuseOption("reportType", "enum", "must be U (tests) or R (repairs), is %q", shorten(text))
}

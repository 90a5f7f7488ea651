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
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	q, none, err := headerQuery(o)
	if err != nil {
		return err
	}
	if q.Expand, err = expansion(o.text("$expand")); err != nil {
		return err
	}
	chosen, err := selection(o.text("$select"))
	if err != nil {
		return err
	}
	return s.answerHeaders(w, c, headerAnswer{query: q, none: none, selected: chosen})
}

// headersByMiscInfo answers with the headers of the tests and repairs that have a misc info, newest first. Its description and its
// value (the text, or the number where there is no text) match whole and with regard to case.
//
// Route: GET /api/Report/Query/HeaderByMiscInfo.
func (s *server) headersByMiscInfo(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	if err := o.refuseOther("$top"); err != nil {
		return err
	}
	top, err := o.integer("$top", math.MaxInt32)
	if err != nil {
		return err
	}
	misc := wats.HeaderMiscInfo{Description: o.text("description"), Value: o.text("stringValue")}
	if misc.Description == "" {
		return refuseOption("description", "required", "is missing: give the description of the misc info")
	}
	if misc.Value == "" {
		return refuseOption("stringValue", "required", "is missing: give the value of the misc info")
	}
	return s.answerHeaders(w, c, headerAnswer{query: store.HeaderQuery{Misc: misc, Top: top.Value}}) // clients leave $top out for 0
}

// headerAnswer says what a list of headers holds.
type headerAnswer struct {
	query    store.HeaderQuery
	none     bool     // no rows at all
	selected []string // members of a row, nil: all
}

func (s *server) answerHeaders(w http.ResponseWriter, c *call, a headerAnswer) error {
	out := newArrayWriter(w)
	for h, err := range s.store.Headers(c.Context(), a.query) {
		if err != nil {
			return err
		}
		if a.none {
			break
		}
		if err := out.addHeader(h, a.selected); err != nil {
			return err
		}
	}
	return out.end()
}

// headerQuery reads the options of a header query. none is true for $top=0: no rows, but the rest must be right.
func headerQuery(o options) (q store.HeaderQuery, none bool, err error) {
	list, none, err := o.list("$expand", "$select")
	if err != nil {
		return q, false, err
	}
	if q.Type, err = reportType(o.text("reportType")); err != nil {
		return q, false, err
	}
	q.Filter, q.OrderBy, q.Top, q.Skip = list.Filter, list.OrderBy, list.Top, list.Skip
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

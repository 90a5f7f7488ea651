package server

import (
	"encoding/json"
	"errors"
	"iter"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/report"
)

const defaultListTime = 30 * 24 * time.Hour // what a list without dates is about

func reportListRoutes() []route {
	return []route{
		{http.MethodGet, "/api/App/Levels", auth.Read, noBody, (*server).levels},
		{http.MethodGet, "/api/App/ProductGroups", auth.Read, noBody, (*server).productGroupFilters},
		{http.MethodPost, "/api/App/SerialNumberHistory", auth.Read, smallBody, (*server).serialNumberHistory},
		{http.MethodGet, "/api/App/UutReport", auth.Read, noBody, (*server).testReportsByQuery},
		{http.MethodPost, "/api/App/UutReport", auth.Read, smallBody, (*server).testReports},
		{http.MethodPost, "/api/App/UurReport", auth.Read, smallBody, (*server).repairReports},
	}
}

// levels answers with the locations that reports have told.
//
// Route: GET /api/App/Levels.
func (s *server) levels(w http.ResponseWriter, c *call) error {
	levels, err := s.store.Levels(c.Context())
	if err != nil {
		return err
	}
	return answerJSON(w, append([]wats.Level{}, levels...))
}

// productGroupFilters answers with every group, with its filters if wanted.
//
// Route: GET /api/App/ProductGroups.
func (s *server) productGroupFilters(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	filters, err := o.boolean("includeFilters")
	if err != nil {
		return err
	}
	groups, err := s.store.ProductGroups(c.Context())
	if err != nil {
		return err
	}
	return answerGroups(w, groups, filters.Value)
}

// serialNumberHistory answers with the tests and repairs of units, newest first, of all times unless the filter says otherwise. A body that is a
// serial number alone is taken for a filter of it, as some clients send it.
//
// Route: POST /api/App/SerialNumberHistory.
func (s *server) serialNumberHistory(w http.ResponseWriter, c *call) error {
	f, err := s.readReportFilter(w, c)
	if err != nil {
		return err
	}
	if err := f.Validate(true).Err(); err != nil {
		return err
	}
	return answerFiltered(w, s.store.FilteredHeaders(c.Context(), "", f))
}

// testReportsByQuery answers with the tests that the options select, newest first.
//
// Route: GET /api/App/UutReport.
func (s *server) testReportsByQuery(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	top, err := o.integer("topCount", math.MaxInt32)
	if err != nil {
		return err
	}
	return s.answerLatest(w, c, wats.UUT, wats.ReportFilter{
		ProductGroup: o.text("productGroup"), Level: o.text("level"), PartNumber: o.text("partNumber"), Revision: o.text("revision"),
		SerialNumber: o.text("serialNumber"), Status: o.text("status"), TopCount: top.Value,
	})
}

// testReports answers with the tests that a filter selects, newest first.
//
// Route: POST /api/App/UutReport.
func (s *server) testReports(w http.ResponseWriter, c *call) error {
	f, err := s.readReportFilter(w, c)
	if err != nil {
		return err
	}
	return s.answerLatest(w, c, wats.UUT, f)
}

// repairReports answers with the repairs that a filter selects, newest first.
//
// Route: POST /api/App/UurReport.
func (s *server) repairReports(w http.ResponseWriter, c *call) error {
	f, err := s.readReportFilter(w, c)
	if err != nil {
		return err
	}
	return s.answerLatest(w, c, wats.UUR, f)
}

// answerLatest answers with the reports that a filter selects, of the last 30 days where it names no dates.
func (s *server) answerLatest(w http.ResponseWriter, c *call, kind wats.ReportType, f wats.ReportFilter) error {
	if err := f.Validate(false).Err(); err != nil {
		return err
	}
	if f.DateFrom == nil && f.DateTo == nil {
		from := s.now().Add(-defaultListTime)
		f.DateFrom = &from
	}
	return answerFiltered(w, s.store.FilteredHeaders(c.Context(), kind, f))
}

// answerFiltered answers with headers, row by row as the database gives them.
func answerFiltered(w http.ResponseWriter, headers iter.Seq2[*wats.ReportHeader, error]) error {
	out := newArrayWriter(w)
	for h, err := range headers {
		if err != nil {
			return err
		}
		if err := out.addHeader(h, nil); err != nil {
			return err
		}
	}
	return out.end()
}

// readReportFilter reads a filter. Members match without regard to case; null and "" are no restriction. An empty body is an empty filter.
//
// A member that does not restrict a list is refused: leaving it out would give other reports than were asked for.
func (s *server) readReportFilter(w http.ResponseWriter, c *call) (f wats.ReportFilter, err error) {
	body, free, err := s.bodies.read(w, c)
	if err != nil {
		return f, err
	}
	defer free()
	if len(body) == 0 || json.Unmarshal(body, &f.SerialNumber) == nil {
		return f, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return f, refuseAll(report.Findings{{Path: "$", Rule: "syntax", Message: "the filter is not one JSON object: " + err.Error()}})
	}
	var found report.Findings
	for name, value := range members {
		if string(value) == "null" || string(value) == `""` {
			continue
		}
		if rule, err := setFilterMember(&f, strings.ToLower(name), value); err != nil {
			found = append(found, report.Finding{Path: "$." + shorten(name), Rule: rule, Message: shorten(name) + " " + err.Error()})
		}
	}
	slices.SortFunc(found, func(a, b report.Finding) int { return strings.Compare(a.Path, b.Path) })
	if len(found) > 0 {
		return f, refuseAll(found)
	}
	return f, nil
}

// setFilterMember sets one member, named in lower case, from its JSON. On error it also returns the rule that is broken.
func setFilterMember(f *wats.ReportFilter, name string, value json.RawMessage) (rule string, err error) {
	texts := map[string]*string{
		"serialnumber": &f.SerialNumber, "partnumber": &f.PartNumber, "revision": &f.Revision, "batchnumber": &f.BatchNumber,
		"stationname": &f.StationName, "testoperation": &f.TestOperation, "status": &f.Status, "miscdescription": &f.MiscDescription,
		"miscinfodescription": &f.MiscDescription, "miscvalue": &f.MiscValue, "miscinfostring": &f.MiscValue,
		"assetserialnumber": &f.AssetSerialNumber, "productgroup": &f.ProductGroup, "level": &f.Level, "swfilename": &f.SequenceFile,
		"swversion": &f.SequenceVersion, "socket": &f.Socket,
	}
	if to := texts[name]; to != nil {
		return "type", setJSON(value, to, "a text")
	}
	switch name {
	case "datefrom":
		f.DateFrom, err = jsonTime(value)
	case "dateto":
		f.DateTo, err = jsonTime(value)
	case "run":
		err = setJSON(value, &f.Run, "a whole number")
	case "topcount", "maxcount":
		count := 0
		if err = setJSON(value, &count, "a whole number"); err == nil && (f.TopCount == 0 || count > 0 && count < f.TopCount) {
			f.TopCount = count // the smaller of the two
		}
	default:
		return "unsupported", errors.New("does not restrict a list of reports: leave it out")
	}
	return "type", err
}

package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// dynamicYield answers with the yield by free dimensions.
//
// A member of the filter that this server does not know is refused: leaving it out would give the figure of other units.
//
// Route: POST /api/App/DynamicYield.
func (s *server) dynamicYield(w http.ResponseWriter, c *call) error {
	o, err := parseOptions(c.URL.RawQuery)
	if err != nil {
		return err
	}
	body, free, err := s.bodies.read(w, c)
	if err != nil {
		return err
	}
	defer free()
	filter, err := parseYieldFilter(body)
	if err != nil {
		return err
	}
	if dimensions := o.text("dimensions"); dimensions != "" {
		filter.Dimensions = dimensions
	}
	rows, err := s.store.Yield(c.Context(), filter)
	if err != nil {
		return err
	}
	return answerJSON(w, append([]wats.YieldRow{}, rows...)) // [] when there are none, not null
}

// parseYieldFilter reads a filter. Members match without regard to case; null and "" are no restriction. An empty body is an empty filter.
func parseYieldFilter(body []byte) (f wats.YieldFilter, err error) {
	if len(body) == 0 {
		return f, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return f, refuseAll(report.Findings{{Path: "$", Rule: "syntax", Message: "the filter is not one JSON object: " + err.Error()}})
	}
	var violations report.Findings
	for name, value := range members {
		if string(value) == "null" || string(value) == `""` {
			continue
		}
		rule, err := setYieldMember(&f, strings.ToLower(name), value)
		if err != nil {
			violations = append(violations, report.Finding{
				Path: "$." + shorten(name), Rule: rule, Message: shorten(name) + " " + err.Error()})
		}
	}
	if len(violations) > 0 {
		slices.SortFunc(violations, func(a, b report.Finding) int { return strings.Compare(a.Path, b.Path) })
		return f, refuseAll(violations)
	}
	return f, nil
}

// setYieldMember sets one member, named in lower case, from its JSON. On error it also returns the rule that is broken.
func setYieldMember(f *wats.YieldFilter, name string, value json.RawMessage) (rule string, err error) {
	switch name {
	case "partnumber":
		err = setJSON(value, &f.PartNumber, "a text")
	case "revision":
		err = setJSON(value, &f.Revision, "a text")
	case "stationname":
		err = setJSON(value, &f.StationName, "a text")
	case "testoperation":
		err = setJSON(value, &f.TestOperation, "a text")
	case "dimensions":
		err = setJSON(value, &f.Dimensions, "a text")
	case "datefrom":
		f.DateFrom, err = jsonTime(value)
	case "dateto":
		f.DateTo, err = jsonTime(value)
	case "dategrouping":
		if err = setJSON(value, &f.DateGrouping, "a whole number"); err == nil && (f.DateGrouping.Value < wats.NoGrouping || f.DateGrouping.Value > wats.ByHour) {
			return "range", fmt.Errorf("must be from %d to %d", wats.NoGrouping, wats.ByHour)
		}
	case "periodcount":
		if err = setJSON(value, &f.PeriodCount, "a whole number"); err == nil && f.PeriodCount < 0 {
			return "range", errors.New("must not be negative")
		}
	case "includecurrentperiod":
		err = setJSON(value, &f.IncludeCurrentPeriod, "true or false")
	default:
		return "unsupported", errors.New("is not supported as a filter yet: leave it out")
	}
	return "type", err
}

func setJSON(value json.RawMessage, to any, what string) error {
	if json.Unmarshal(value, to) != nil {
		return fmt.Errorf("must be %s", what)
	}
	return nil
}

// jsonTime reads a date-time; one without offset is UTC.
func jsonTime(value json.RawMessage) (*time.Time, error) {
	var text string
	if err := setJSON(value, &text, "a date-time in a text"); err != nil {
		return nil, err
	}
	t, _, err := report.ParseTime(text, time.UTC)
	if err != nil {
		return nil, fmt.Errorf("must be an ISO 8601 date-time: %w", err)
	}
	return &t, nil
}

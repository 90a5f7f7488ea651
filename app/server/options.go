package server

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// options is the query of a request: values by name in lower case, without the dollar sign of OData options.
type options struct {
	values map[string]string
	odata  []string // the names that came with a dollar sign, as they came
}

// parseOptions reads a query. Other than net/url it takes a semicolon as text, which WATS joins dimensions with.
func parseOptions(query string) (options, error) {
	o := options{values: map[string]string{}}
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			return options{}, refuseOption(shorten(rawName), "syntax", "the name is not percent-encoded as it must be")
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			return options{}, refuseOption(shorten(name), "syntax", "the value is not percent-encoded as it must be")
		}
		key := optionKey(name)
		if _, twice := o.values[key]; twice {
			return options{}, refuseOption(shorten(name), "unique", "is given twice")
		}
		o.values[key] = value
		if strings.HasPrefix(name, "$") {
			o.odata = append(o.odata, name)
		}
	}
	return o, nil
}

func optionKey(name string) string { return strings.ToLower(strings.TrimPrefix(name, "$")) }

// refuseOther refuses OData options with a value that are not among the names: an answer that leaves them out would be another one.
func (o options) refuseOther(names ...string) error {
	for _, given := range o.odata {
		known := slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, given) })
		if !known && o.text(given) != "" {
			return refuseOption(shorten(given), "unsupported", "is not supported here; supported: %s", strings.Join(names, ", "))
		}
	}
	return nil
}

// text returns the value of the option of that name, "" when it is not given.
func (o options) text(name string) string { return o.values[optionKey(name)] }

// required returns an option that must be given.
func (o options) required(name string) (string, error) {
	text := o.text(name)
	if strings.TrimSpace(text) == "" {
		return "", refuseOption(name, "required", "is missing")
	}
	return text, nil
}

// guid returns an option that must be a GUID; the zero ID when it is not given.
func (o options) guid(name string) (report.ID, error) {
	text := o.text(name)
	if text == "" {
		return report.ID{}, nil
	}
	id, err := report.ParseID(text)
	if err != nil {
		return report.ID{}, refuseOption(name, "type", "%v", err)
	}
	return id, nil
}

// time returns an option that must be an ISO 8601 date-time, UTC where it has no offset; the zero Time when it is not given.
func (o options) time(name string) (time.Time, error) {
	text := o.text(name)
	if text == "" {
		return time.Time{}, nil
	}
	at, _, err := report.ParseTime(text, time.UTC)
	if err != nil {
		return time.Time{}, refuseOption(name, "type", "must be an ISO 8601 date-time: %v", err)
	}
	return at, nil
}

// list reads $filter, $orderby, $top and $skip. none is true for $top=0: no rows, but the rest must be right. Other OData options are refused,
// but for those that the caller reads itself.
func (o options) list(own ...string) (q store.ListQuery, none bool, err error) {
	if err := o.refuseOther(append([]string{"$filter", "$orderby", "$top", "$skip"}, own...)...); err != nil {
		return q, false, err
	}
	top, err := o.integer("$top", math.MaxInt32)
	if err != nil {
		return q, false, err
	}
	skip, err := o.integer("$skip", math.MaxInt32)
	if err != nil {
		return q, false, err
	}
	q = store.ListQuery{Filter: o.text("$filter"), OrderBy: o.text("$orderby"), Top: top.Value, Skip: skip.Value}
	none = top.Present && top.Value == 0
	if none {
		q.Top = 1
	}
	return q, none, nil
}

// integer returns an option that must lie between 0 and highest, both included.
func (o options) integer(name string, highest int) (report.Optional[int], error) {
	text := o.text(name)
	if text == "" {
		return report.Optional[int]{}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > highest {
		return report.Optional[int]{}, refuseOption(name, "range", "must be a whole number from 0 to %d, is %q", highest, shorten(text))
	}
	return report.Some(n), nil
}

// boolean returns an option that must be true or false, in any case.
func (o options) boolean(name string) (report.Optional[bool], error) {
	switch text := o.text(name); strings.ToLower(text) {
	case "":
		return report.Optional[bool]{}, nil
	case "true":
		return report.Some(true), nil
	case "false":
		return report.Some(false), nil
	default:
		return report.Optional[bool]{}, refuseOption(name, "type", "must be true or false, is %q", shorten(text))
	}
}

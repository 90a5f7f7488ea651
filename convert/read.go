package convert

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// lose notes that something of the file is not in the report.
func (in *reading) lose(where, format string, args ...any) {
	in.losses.add(where, fmt.Sprintf(format, args...))
}

// xmlReading is an XML file being read.
type xmlReading struct {
	*reading
	*xmlScanner
}

func (in *reading) xml() xmlReading { return xmlReading{in, newXMLScanner(in.src)} }

// where names the current place of the document.
func (r xmlReading) where() string { return "line " + strconv.Itoa(r.line) }

// integer returns the integer that text holds; "" is absent. A number with a fraction of zeros is one.
func (r xmlReading) integer(name, text string) report.Optional[int] {
	if text == "" {
		return report.Optional[int]{}
	}
	whole := text
	if i := strings.IndexByte(text, '.'); i > 0 && strings.Trim(text[i+1:], "0") == "" {
		whole = text[:i]
	}
	n, err := strconv.Atoi(whole)
	if err != nil {
		r.lose(r.where(), "%s is %q, which is no integer", name, text)
		return report.Optional[int]{}
	}
	return report.Some(n)
}

// boolean returns what an XML Schema boolean says; "" is absent.
func (r xmlReading) boolean(name, text string) report.Optional[bool] {
	switch strings.ToLower(text) {
	case "":
		return report.Optional[bool]{}
	case "true", "1":
		return report.Some(true)
	case "false", "0":
		return report.Some(false)
	}
	r.lose(r.where(), "%s is %q, which is neither true nor false", name, text)
	return report.Optional[bool]{}
}

// status returns the status of that word; "" is absent.
func (r xmlReading) status(name, text string) report.Status {
	s, ok := report.ParseStatus(text)
	if !ok && text != "" {
		r.lose(r.where(), "%s is %q, which is no status", name, text)
	}
	return s
}

// compOp returns the operator of that name; "" is absent.
func (r xmlReading) compOp(text string) report.CompOp {
	op, ok := report.ParseCompOp(text)
	if !ok && text != "" {
		r.lose(r.where(), "%q is no comparison operator", text)
	}
	return op
}

// id returns the GUID that text holds; "" is none.
func (r xmlReading) id(name, text string) report.ID {
	if text == "" {
		return report.ID{}
	}
	id, err := report.ParseID(text)
	if err != nil {
		r.lose(r.where(), "%s is %v", name, err)
	}
	return id
}

// extra keeps an attribute that the model has no field for.
func extra(members []report.Member, a xmlAttr) []report.Member {
	if a.value == "" || a.prefix == "xmlns" || a.prefix == "xsi" || a.name == "xmlns" {
		return members
	}
	value, err := json.Marshal(a.value)
	if err != nil { // a string always is JSON
		return members
	}
	return append(members, report.Member{Name: a.name, Value: value})
}

// startOf returns the start of a report that gives it as local time, as UTC, or as both. With both, UTC is the instant, and the local time gives
// the offset, rounded to a quarter of an hour where it has none.
func (in *reading) startOf(local, utc string) (time.Time, error) {
	var atUTC time.Time
	if utc != "" {
		t, _, err := report.ParseTime(utc, time.UTC)
		if err != nil {
			return time.Time{}, err
		}
		atUTC = t
	}
	if local == "" {
		return atUTC.UTC(), nil
	}
	zone := in.opt.zone()
	if !atUTC.IsZero() {
		zone = time.UTC
	}
	atLocal, naive, err := report.ParseTime(local, zone)
	switch {
	case err != nil:
		return time.Time{}, err
	case atUTC.IsZero():
		return atLocal, nil
	case !naive:
		return atUTC.In(atLocal.Location()), nil
	}
	offset := atLocal.Sub(atUTC).Round(15 * time.Minute)
	if offset.Abs() > 18*time.Hour {
		in.lose("start", "%s and %s (UTC) are more than a day apart; UTC counts", local, utc)
		return atUTC, nil
	}
	return atUTC.In(time.FixedZone("", int(offset/time.Second))), nil
}

// zone returns where times without an offset are from.
func (o ReadOptions) zone() *time.Location {
	if o.Zone == nil {
		return time.Local
	}
	return o.Zone
}

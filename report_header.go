package wats

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gowats/gowats/report"
)

// UnmarshalJSON reads a header as servers write it: startUtc also without offset, which then is UTC.
func (h *ReportHeader) UnmarshalJSON(data []byte) error {
	if plain := *h; plain.scan(string(data)) {
		*h = plain
		return nil
	}
	return h.unmarshal(data)
}

// unmarshal is the whole truth about the JSON form, by encoding/json.
func (h *ReportHeader) unmarshal(data []byte) error {
	type plain ReportHeader // without this method
	wire := struct {
		*plain
		StartUTC       string             `json:"startUtc"`
		UURSubUnits    []HeaderSubUnit    `json:"uurSubUnits"`
		UURMiscInfo    []HeaderMiscInfo   `json:"uurMiscInfo"`
		UURAssets      []HeaderAsset      `json:"uurAssets"`
		UURAttachments []HeaderAttachment `json:"uurAttachments"`
	}{plain: (*plain)(h)}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	h.SubUnits, h.MiscInfo = either(wire.UURSubUnits, h.SubUnits), either(wire.UURMiscInfo, h.MiscInfo)
	h.Assets, h.Attachments = either(wire.UURAssets, h.Assets), either(wire.UURAttachments, h.Attachments)
	if wire.StartUTC == "" {
		return nil
	}
	start, _, err := report.ParseTime(wire.StartUTC, time.UTC)
	if err != nil {
		return fmt.Errorf("startUtc: %w", err)
	}
	h.StartUTC = start.UTC()
	return nil
}

// either returns a, or b when a is nil.
func either[T any](a, b []T) []T {
	if a != nil {
		return a
	}
	return b
}

// scan does what unmarshal does, in less than half the time, for a header as servers write them; it reports false for what it leaves to
// unmarshal. The texts of h are parts of row: one copy holds them all.
func (h *ReportHeader) scan(row string) bool {
	members := [...]member{ // in the order in which servers write them
		{`"uuid":`, &h.ID}, {`"serialNumber":`, &h.SerialNumber}, {`"partNumber":`, &h.PartNumber}, {`"revision":`, &h.Revision},
		{`"batchNumber":`, &h.BatchNumber}, {`"reportType":`, &h.ReportType}, {`"stationName":`, &h.StationName},
		{`"location":`, &h.Location}, {`"purpose":`, &h.Purpose}, {`"processCode":`, &h.ProcessCode},
		{`"processName":`, &h.ProcessName}, {`"result":`, &h.Result}, {`"startUtc":`, &h.StartUTC}, {`"operator":`, &h.Operator},
		{`"comment":`, &h.Comment}, {`"swFilename":`, &h.SequenceFile}, {`"swVersion":`, &h.SequenceVersion},
		{`"executionTime":`, &h.ExecutionTime}, {`"testSocketIndex":`, &h.TestSocketIndex}, {`"fixtureId":`, &h.FixtureID},
		{`"errorCode":`, &h.ErrorCode}, {`"errorMessage":`, &h.ErrorMessage}, {`"causedUutFailure":`, &h.CausedUUTFailure},
		{`"causedUutFailurePath":`, &h.CausedUUTFailurePath}, {`"run":`, &h.Run}, {`"passedInRun":`, &h.PassedInRun},
		{`"receiveCount":`, &h.ReceiveCount}, {`"reportSize":`, &h.ReportSize}, {`"referencedUut":`, &h.ReferencedUUT},
		{`"testOperation":`, &h.TestOperation}, // lists are rare, and left to unmarshal:
		{`"subUnits":`, &h.SubUnits}, {`"miscInfo":`, &h.MiscInfo}, {`"assets":`, &h.Assets}, {`"attachments":`, &h.Attachments},
		{`"uurSubUnits":`, &h.SubUnits}, {`"uurMiscInfo":`, &h.MiscInfo}, {`"uurAssets":`, &h.Assets}, {`"uurAttachments":`, &h.Attachments},
	}
	s := rowScanner{row}
	return s.object(members[:])
}

// member is one member of an object: how it starts, and a pointer to where its value goes.
type member struct {
	key string // name in quotes, and colon
	to  any
}

func (m member) name() string { return m.key[1 : len(m.key)-2] }

// rowScanner reads one JSON object. Its methods report false for what is left to encoding/json, wrong or only unusual.
type rowScanner struct {
	rest string // what is not read yet
}

// object reads into members. They are no part of s, so that they can stay on the stack.
func (s *rowScanner) object(members []member) bool {
	if !s.take('{') {
		return false
	}
	for next := 0; ; {
		at, ok := s.key(members, next)
		if !ok {
			return false
		}
		var to any
		if at >= 0 {
			to, next = members[at].to, at+1
		}
		if !s.value(to) {
			return false
		}
		if s.take('}') {
			s.rest = skipSpace(s.rest)
			return s.rest == ""
		}
		if !s.take(',') {
			return false
		}
	}
}

// take steps over white space and c.
func (s *rowScanner) take(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		s.rest = skipSpace(s.rest)
		if s.rest == "" || s.rest[0] != c {
			return false
		}
	}
	s.rest = s.rest[1:]
	return true
}

// key steps to the next value and returns the index of its member, negative when there is none. It tries likely first.
func (s *rowScanner) key(members []member, likely int) (at int, ok bool) {
	if likely < len(members) {
		if rest, found := strings.CutPrefix(s.rest, members[likely].key); found {
			s.rest = rest
			return likely, true
		}
	}
	s.rest = skipSpace(s.rest)
	name, ok := s.text()
	if !ok || !s.take(':') {
		return 0, false
	}
	for i, m := range members {
		if strings.EqualFold(m.name(), name) {
			return i, m.name() == name // in another case it is for encoding/json
		}
	}
	return -1, true
}

// text steps over a text without escapes and returns what stands between its quotes.
func (s *rowScanner) text() (text string, ok bool) {
	if s.rest == "" || s.rest[0] != '"' {
		return "", false
	}
	ascii := true
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			text, s.rest = s.rest[1:i], s.rest[i+1:]
			return text, ascii || utf8.ValidString(text)
		case c < ' ', c == '\\':
			return "", false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", false
}

// value reads the value that comes next.
func (s *rowScanner) value(to any) bool {
	s.rest = skipSpace(s.rest)
	before := s.rest
	if text, ok := s.text(); ok && to != nil {
		return setText(to, text)
	}
	length := valueLength(before)
	value := before[:length]
	s.rest = before[length:]
	if value == "null" {
		setNull(to)
		return true
	}
	switch to := to.(type) {
	case nil:
		return json.Valid([]byte(value))
	case *int:
		n, ok := plainInt(value)
		*to = n
		return ok
	case *report.Optional[int]:
		n, ok := plainInt(value)
		*to = report.Some(n)
		return ok
	case *report.Optional[float64]:
		v, ok := plainFloat(value)
		*to = report.Some(v)
		return ok
	case *string: // with escapes, if it is one
		var text string // to itself would take all members to the heap
		err := json.Unmarshal([]byte(value), &text)
		*to = text
		return err == nil
	}
	return false
}

// setNull leaves everything as it is but for what may be absent, as encoding/json does.
func setNull(to any) {
	switch to := to.(type) {
	case *report.Optional[int]:
		*to = report.Optional[int]{}
	case *report.Optional[float64]:
		*to = report.Optional[float64]{}
	}
}

func setText(to any, text string) bool {
	switch to := to.(type) {
	case *string:
		*to = text
	case *report.ID:
		return to.UnmarshalText([]byte(text)) == nil
	case *report.Status:
		return to.UnmarshalText([]byte(text)) == nil
	case *time.Time:
		start, _, err := report.ParseTime(text, time.UTC)
		*to = start.UTC()
		return err == nil
	default:
		return false
	}
	return true
}

// plainInt reads a whole number as JSON writes it, without sign, fraction and exponent.
func plainInt(value string) (n int, ok bool) {
	if !areDigits(value) || value[0] == '0' && len(value) > 1 {
		return 0, false
	}
	n, err := strconv.Atoi(value)
	return n, err == nil
}

// plainFloat reads a number as JSON writes it, without sign and exponent.
func plainFloat(value string) (v float64, ok bool) {
	whole, fraction, hasFraction := strings.Cut(value, ".")
	if !areDigits(whole) || whole[0] == '0' && len(whole) > 1 || hasFraction && !areDigits(fraction) {
		return 0, false
	}
	v, err := strconv.ParseFloat(value, 64)
	return v, err == nil
}

func areDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

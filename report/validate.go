package report

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Validate returns what in r a server refuses or marks, in document order. At most 1000 findings are listed; one more says how many
// were left out. A member that is missing because DecodeWSJF rejected its value has its finding from there, and none here.
//
// A start in the future is no finding, as that needs a clock.
func (r *Report) Validate() Findings {
	v := validator{path: []byte{'$'}}
	v.report(r)
	return v.all()
}

// validator collects findings while it goes down a report. As it is it holds a report against what a server refuses.
type validator struct {
	findingList
	path []byte // of the object at hand

	writing   bool // a report is being made: what a server only marks is refused, and blanks around texts are trimmed
	wildcards bool // when writing: serial and part numbers may have the characters that filters take for patterns
	mending   bool // what can be mended is changed, and listed as mended
}

// marked returns the severity of what a server stores and marks: nobody should write it.
func (v *validator) marked() Severity {
	if v.writing {
		return Violation
	}
	return Warning
}

// into extends the path by a member and returns what leave needs to undo that.
func (v *validator) into(name string) (mark int) {
	mark = len(v.path)
	v.path = append(v.path, '.')
	v.path = append(v.path, name...)
	return mark
}

// intoElement extends the path by an element of a list.
func (v *validator) intoElement(name string, index int) (mark int) {
	mark = v.into(name)
	v.path = append(v.path, '[')
	v.path = strconv.AppendInt(v.path, int64(index), 10)
	v.path = append(v.path, ']')
	return mark
}

func (v *validator) leave(mark int) { v.path = v.path[:mark] }

// find notes what is wrong with a member of the object at hand, or with that object itself when member is "".
//
// When writing there are no warnings: the finished report has them.
func (v *validator) find(member string, severity Severity, rule, format string, args ...any) {
	if v.writing && severity == Warning {
		return
	}
	v.add(severity, func() string {
		if member == "" {
			return string(v.path)
		}
		return string(v.path) + "." + member
	}, rule, format, args)
}

// text checks a text around which blanks mean nothing.
func (v *validator) text(member string, value *string, most int) {
	if v.writing || v.mending {
		v.trim(member, value)
	}
	v.prose(member, value, most)
}

// prose checks the length of a text, and that it can be stored.
func (v *validator) prose(member string, value *string, most int) {
	if v.mending {
		v.mendText(member, value, most)
		return
	}
	if len(*value) > most { // else it has not more characters either
		if n := utf8.RuneCountInString(*value); n > most {
			v.find(member, Violation, "length", "%s has %d characters; at most %d are allowed", member, n, most)
		}
	}
	switch {
	case v.writing:
		v.characters(member, *value)
	case strings.IndexByte(*value, 0) >= 0:
		v.find(member, Violation, "characters", "%s has a NUL character", member)
	}
}

// characters checks that a text can be written in any format.
func (v *validator) characters(member, value string) {
	if i := strings.IndexFunc(value, forbidden); i >= 0 {
		r, _ := utf8.DecodeRuneInString(value[i:])
		v.find(member, Violation, "characters", "%s has the character %U, which XML forbids", member, r)
	}
	if !utf8.ValidString(value) {
		v.find(member, Violation, "characters", "%s is not valid UTF-8", member)
	}
}

// forbidden reports whether XML, and so WSXF, has no place for r.
func forbidden(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\ufffe' || r == '\uffff'
}

// required checks a text that may not be blank.
func (v *validator) required(member string, value *string, most int, extra []Member) {
	v.text(member, value, most)
	if strings.TrimSpace(*value) == "" {
		v.missing(member, Violation, extra)
	}
}

// missing notes that a member is missing, unless it stands in extra.
func (v *validator) missing(member string, severity Severity, extra []Member) {
	if !hasMember(extra, member) {
		v.find(member, severity, "required", "%s is missing", member)
	}
}

// identity checks a serial or part number.
func (v *validator) identity(member string, value *string, extra []Member) {
	v.optionalIdentity(member, value)
	if strings.TrimSpace(*value) == "" {
		v.missing(member, Violation, extra)
	}
}

// optionalIdentity checks a serial or part number that may be blank.
func (v *validator) optionalIdentity(member string, value *string) {
	severity := v.marked()
	if v.unsuppress(member, value) || v.wildcards {
		severity = Warning
	}
	v.text(member, value, maxIdentity)
	if i := strings.IndexAny(*value, wildcards); i >= 0 {
		v.find(member, severity, "characters", "%s has the character %q, which filters take for a pattern", member, (*value)[i])
	}
}

func (v *validator) number(member string, value Number) {
	if value.Present() && !value.IsNumeric() {
		v.find(member, Violation, "type", "%s is %q; a number is expected", member, value.String())
	}
}

func (v *validator) integer(member string, value Optional[int]) {
	v.integerWithin(member, value, math.MinInt32, math.MaxInt32)
}

func (v *validator) integerWithin(member string, value Optional[int], least, most int) {
	if value.Present && (value.Value < least || value.Value > most) {
		v.find(member, Violation, "range", "%s is %d; it must be %d to %d", member, value.Value, least, most)
	}
}

func (v *validator) time(member string, value Time) {
	if value.Present() {
		if _, ok := value.Time(time.UTC); !ok {
			v.find(member, Violation, "date-time", "%s is %q; a date-time is expected", member, value)
		}
	}
}

func (v *validator) report(r *Report) {
	v.subject(r)
	v.result(r)
	v.occasion(r)
	switch {
	case r.Repair != nil && r.Test != nil:
		v.find("type", Violation, "unexpected", "the report is both a test and a repair")
	case r.Repair != nil:
		v.repair(r)
	case r.Test != nil:
		v.test(r)
	default:
		v.find("type", Violation, "required", "the report is neither a test nor a repair")
	}
	v.miscInfos(r.MiscInfos)
	v.subUnits(r)
	v.assets(r.Assets)
	v.additionalData("additionalData", r.AdditionalData)
	v.binaryData(r)
}

// subject checks what was tested or repaired.
func (v *validator) subject(r *Report) {
	if r.ID.IsZero() {
		v.missing("id", Violation, r.Extra)
	}
	v.identity("pn", &r.PartNumber, r.Extra)
	v.identity("sn", &r.SerialNumber, r.Extra)
	v.text("rev", &r.Revision, maxIdentity)
	v.process(&r.Process, r.Extra)
}

// occasion checks where and when that was. A builder may leave out the station: the client that submits the report knows it.
func (v *validator) occasion(r *Report) {
	if v.writing {
		v.text("machineName", &r.Station, maxIdentity)
	} else {
		v.required("machineName", &r.Station, maxIdentity, r.Extra)
	}
	v.text("location", &r.Location, maxIdentity)
	v.text("purpose", &r.Purpose, maxIdentity)
	v.start(r)
}

func (v *validator) process(p *Process, extra []Member) {
	if !p.Code.Present {
		v.missing("processCode", Violation, extra)
	}
	v.integerWithin("processCode", p.Code, minProcessCode, maxProcessCode)
	v.text("processName", &p.Name, maxIdentity)
}

// result checks the verdict. A repair may lack it, as it is never used.
func (v *validator) result(r *Report) {
	switch r.Result {
	case Passed, Failed, Error, Terminated:
	case 0:
		if !r.IsRepair() {
			v.missing("result", Violation, r.Extra)
		}
	default:
		v.find("result", Violation, "enum", "result is %s; allowed are P, F, E and T", describeStatus(r.Result))
	}
}

func describeStatus(s Status) string {
	if word := s.String(); word != "" {
		return s.Letter() + " (" + word + ")"
	}
	return strconv.Quote(s.Letter())
}

func (v *validator) start(r *Report) {
	switch {
	case r.Start.IsZero():
		if !hasMember(r.Extra, "startUTC") {
			v.missing("start", Violation, r.Extra)
		}
	case !inYears(r.Start):
		v.find("start", Violation, "range", "start is in the year %d; it must be %d to %d", r.Start.UTC().Year(), minYear, maxYear)
	}
}

func (v *validator) test(r *Report) {
	t := r.Test
	v.testHead(t)
	v.batch(t)
	if t.Root == nil {
		v.missing("root", Violation, r.Extra)
		return
	}
	if r.Result == Passed && t.Root.Status.bad() {
		v.find("result", Warning, "status", "result is P but root has the status %s", describeStatus(t.Root.Status))
	}
	mark := v.into("root")
	sv := stepValidator{validator: v, ids: make(map[int]bool)}
	sv.step(t.Root, 0)
	v.leave(mark)
}

func (v *validator) batch(t *Test) {
	mark := v.into("uut")
	v.optionalIdentity("batchSN", &t.BatchSerialNumber)
	v.leave(mark)
}

// testHead checks what only a test has, but for its batch and its steps.
func (v *validator) testHead(t *Test) {
	mark := v.into("uut")
	v.text("user", &t.Operator, maxIdentity)
	v.prose("comment", &t.Comment, maxComment)
	v.number("execTime", t.ExecTime)
	v.text("fixtureId", &t.FixtureID, maxIdentity)
	v.integer("testSocketIndex", t.SocketIndex)
	v.integer("errorCode", t.ErrorCode)
	v.prose("errorMessage", &t.ErrorMessage, maxTestErrorMessage)
	v.integer("batchFailCount", t.BatchFailCount)
	v.integer("batchLoopIndex", t.BatchLoopIndex)
	v.leave(mark)
}

func (v *validator) repair(r *Report) {
	p := r.Repair
	if hasMember(r.Extra, "uur") {
		return
	}
	mark := v.into("uur")
	defer v.leave(mark)
	v.prose("comment", &p.Comment, maxComment)
	v.text("user", &p.Operator, maxIdentity)
	v.process(&p.Process, p.Extra)
	if p.Process.Code.Present && p.Process.Code == r.Process.Code {
		v.find("processCode", Violation, "reference",
			"processCode is %d like that of the report; here the test operation is expected in which the unit failed", p.Process.Code.Value)
	}
	v.number("execTime", p.ExecTime)
	v.time("confirmDate", p.ConfirmDate)
	v.time("finalizeDate", p.FinalizeDate)
}

func (v *validator) miscInfos(infos []MiscInfo) {
	for i := range infos {
		mark := v.intoElement("miscInfos", i)
		v.miscInfo(&infos[i])
		v.leave(mark)
	}
}

func (v *validator) miscInfo(m *MiscInfo) {
	v.required("description", &m.Description, maxMiscDescription, m.Extra)
	v.text("text", &m.Text, maxMiscText)
	v.number("numeric", m.Numeric)
	v.text("typedef", &m.Typedef, maxMiscTypedef)
	if m.Text == "" && !m.Numeric.Present() {
		v.find("", v.marked(), "required", "the misc info has neither text nor numeric")
	}
}

func (v *validator) assets(assets []Asset) {
	for i := range assets {
		mark := v.intoElement("assets", i)
		v.asset(&assets[i])
		v.leave(mark)
	}
}

func (v *validator) asset(a *Asset) {
	v.identity("sn", &a.SerialNumber, a.Extra)
	v.text("assetType", &a.Type, maxAssetText)
	v.text("partNumber", &a.PartNumber, maxAssetText)
	v.integer("usageCount", a.UsageCount)
	v.time("calibrationDate", a.CalibrationDate)
	v.time("calibrationDue", a.CalibrationDue)
}

func (v *validator) additionalData(member string, data []AdditionalData) {
	for i := range data {
		a := &data[i]
		mark := v.intoElement(member, i)
		v.required("name", &a.Name, maxDataName, a.Extra)
		v.leave(mark)
	}
}

func (v *validator) binaryData(r *Report) {
	failures := 0
	for i := range r.SubUnits {
		failures += len(r.SubUnits[i].Failures)
	}
	for i := range r.BinaryData {
		a := &r.BinaryData[i]
		mark := v.intoElement("binaryData", i)
		v.attachment(a)
		if f := a.FailureIndex; f.Present && (f.Value < 0 || f.Value >= failures) {
			v.find("failIdx", Violation, "reference", "failIdx is %d, but the report has %d failures", f.Value, failures)
		}
		v.leave(mark)
	}
}

func (v *validator) attachment(a *Attachment) {
	v.required("name", &a.Name, maxFileName, a.Extra)
	v.text("contentType", &a.ContentType, maxContentType)
	v.prose("description", &a.Description, maxFileDescription)
}

package report

import (
	"strings"
	"time"
)

// head holds the members of the report object that are judged together, at its end.
type head struct {
	kind            byte // T, R, or 0 when not given
	uut             *Test
	uur             *Repair
	root            *Step
	uutAt, rootAt   int // where the values start
	uurAt           int
	start, startUTC time.Time
	naive           bool // start has no offset
}

func (d *decoder) report(r *Report) {
	var h head
	o := d.open(&r.Extra)
	for d.next(&o) {
		if !d.headMember(&o, &h) && !d.reportMember(&o, r) {
			d.keep(&o)
		}
	}
	if d.err != nil {
		return
	}
	r.Start = d.startOf(&h)
	d.settleKind(&o, r, &h)
}

// headMember reads a member that is judged with others, and reports false when the one at hand is none.
func (d *decoder) headMember(o *object, h *head) bool {
	switch o.key {
	case "type":
		enum(d, o, &h.kind, parseKind, func() string { return "T (test) and R (repair)" })
	case "start":
		h.start, h.naive = d.headTime(o)
	case "startUTC":
		h.startUTC, _ = d.headTime(o)
	case "uut":
		h.uutAt = d.pos
		member(d, o, &h.uut, (*decoder).test)
	case "uur":
		h.uurAt = d.pos
		member(d, o, &h.uur, (*decoder).repair)
	case "root":
		h.rootAt = d.pos
		member(d, o, &h.root, (*decoder).step)
	default:
		return false
	}
	return true
}

func parseKind(text string) (byte, bool) {
	switch strings.ToUpper(text) {
	case "T":
		return 'T', true
	case "R":
		return 'R', true
	}
	return 0, false
}

// The years a start may have: what WATS takes for a date, and what 64 bits of nanoseconds hold.
const (
	minYear = 1970
	maxYear = 2261
)

func inYears(t time.Time) bool {
	year := t.UTC().Year()
	return minYear <= year && year <= maxYear
}

func (d *decoder) headTime(o *object) (t time.Time, naive bool) {
	if d.isNull() {
		return time.Time{}, false
	}
	text, t, naive := d.dateTime(o)
	if text != "" && !inYears(t) {
		d.reject(o, "range", "%s is %q; the year must be %d to %d", o.name, text, minYear, maxYear)
		return time.Time{}, false
	}
	return t, naive
}

// startOf returns the instant of startUTC with the offset of start.
func (d *decoder) startOf(h *head) time.Time {
	switch {
	case h.start.IsZero():
		return h.startUTC.UTC()
	case h.startUTC.IsZero():
		if h.naive {
			d.find("start", Warning, "offset", "start has no offset and startUTC is missing; it is taken as UTC")
		}
		return h.start
	}
	const step, most = 15 * time.Minute, 18 * time.Hour
	zone, drift := h.start.Location(), h.start.Sub(h.startUTC)
	if offset := drift.Round(step); h.naive && offset.Abs() <= most {
		zone = fixedZone(int(offset / time.Second))
		drift -= offset
	}
	if drift.Abs() > time.Second {
		d.find("start", Warning, "offset", "start and startUTC are %v apart; startUTC counts", drift.Abs())
	}
	return h.startUTC.In(zone)
}

// settleKind decides whether r is a test or a repair, and keeps the members that belong to the other one.
func (d *decoder) settleKind(o *object, r *Report, h *head) {
	if h.kind == 0 {
		h.kind = 'T'
		if h.uur != nil || hasMember(r.Extra, "uur") {
			h.kind = 'R'
		}
		if !hasMember(r.Extra, "type") {
			d.find("type", Violation, "required", "type is missing; by its members this is a report of type %c", h.kind)
		}
	}
	if h.kind == 'R' {
		r.Repair = h.uur
		if r.Repair == nil {
			r.Repair = new(Repair)
			d.missing(r, "uur", Violation)
		}
		d.keepForeign(o, "uut", h.uutAt, h.uut != nil)
		d.keepForeign(o, "root", h.rootAt, h.root != nil)
		return
	}
	r.Test = h.uut
	if r.Test == nil {
		r.Test = new(Test)
		d.missing(r, "uut", Warning)
	}
	r.Test.Root = h.root
	d.keepForeign(o, "uur", h.uurAt, h.uur != nil)
}

func (d *decoder) missing(r *Report, name string, severity Severity) {
	if !hasMember(r.Extra, name) { // else it has a finding
		d.find(name, severity, "required", "%s is missing", name)
	}
}

// keepForeign keeps a member that the report's type has no place for.
func (d *decoder) keepForeign(o *object, name string, at int, present bool) {
	if !present {
		return
	}
	end := d.pos
	o.name, o.key, o.at = name, name, at
	d.reject(o, "unexpected", "%s does not belong into a report of this type", name)
	if d.err == nil {
		d.pos = end
	}
}

func hasMember(members []Member, name string) bool {
	for _, m := range members {
		if m.Name == name {
			return true
		}
	}
	return false
}

func (d *decoder) reportMember(o *object, r *Report) bool {
	switch o.key {
	case "id":
		d.guid(o, &r.ID)
	case "pn":
		d.text(o, &r.PartNumber)
	case "sn":
		d.text(o, &r.SerialNumber)
	case "rev":
		d.text(o, &r.Revision)
	case "productName":
		d.text(o, &r.ProductName)
	case "processCode":
		d.integer(o, &r.Process.Code)
	case "processCodeFormat":
		d.text(o, &r.Process.CodeFormat)
	case "processName":
		d.text(o, &r.Process.Name)
	case "result":
		d.status(o, &r.Result)
	case "machineName":
		d.text(o, &r.Station)
	case "location":
		d.text(o, &r.Location)
	case "purpose":
		d.text(o, &r.Purpose)
	case "origin":
		d.text(o, &r.Origin)
	case "miscInfos":
		list(d, o, &r.MiscInfos, (*decoder).miscInfo)
	case "subUnits":
		list(d, o, &r.SubUnits, (*decoder).subUnit)
	case "assets":
		list(d, o, &r.Assets, (*decoder).asset)
	case "assetStats":
		list(d, o, &r.AssetStats, (*decoder).assetStats)
	case "additionalData":
		list(d, o, &r.AdditionalData, (*decoder).additionalData)
	case "binaryData":
		list(d, o, &r.BinaryData, (*decoder).attachment)
	default:
		return false
	}
	return true
}

func (d *decoder) test(t *Test) {
	o := d.open(&t.Extra)
	o.alias = func(name string) string {
		if name == "refUURs" {
			return "referencedByUURs"
		}
		return name
	}
	for d.next(&o) {
		switch o.key {
		case "user":
			d.text(&o, &t.Operator)
		case "comment":
			d.text(&o, &t.Comment)
		case "execTime":
			d.number(&o, &t.ExecTime)
		case "fixtureId":
			d.text(&o, &t.FixtureID)
		case "testSocketIndex":
			d.integer(&o, &t.SocketIndex)
		case "testSocketIndexFormat":
			d.text(&o, &t.SocketIndexFormat)
		case "errorCode":
			d.integer(&o, &t.ErrorCode)
		case "errorCodeFormat":
			d.text(&o, &t.ErrorCodeFormat)
		case "errorMessage":
			d.text(&o, &t.ErrorMessage)
		case "batchSN":
			d.text(&o, &t.BatchSerialNumber)
		case "batchFailCount":
			d.integer(&o, &t.BatchFailCount)
		case "batchFailCountFormat":
			d.text(&o, &t.BatchFailCountFormat)
		case "batchLoopIndex":
			d.integer(&o, &t.BatchLoopIndex)
		case "batchLoopIndexFormat":
			d.text(&o, &t.BatchLoopIndexFormat)
		case "stepIdCausedUUTFailure":
			d.integer(&o, &t.CausedFailureStepID)
		case "referencedByUURs":
			list(d, &o, &t.ReferencedBy, (*decoder).repairReference)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) repairReference(r *RepairReference) {
	o := d.open(&r.Extra)
	for d.next(&o) {
		switch o.key {
		case "id":
			d.text(&o, &r.ID)
		case "start":
			d.time(&o, &r.Start)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) repair(r *Repair) {
	o := d.open(&r.Extra)
	for d.next(&o) {
		switch o.key {
		case "user":
			d.text(&o, &r.Operator)
		case "comment":
			d.text(&o, &r.Comment)
		case "execTime":
			d.number(&o, &r.ExecTime)
		case "processCode":
			d.integer(&o, &r.Process.Code)
		case "processCodeFormat":
			d.text(&o, &r.Process.CodeFormat)
		case "processName":
			d.text(&o, &r.Process.Name)
		case "refUUT":
			d.guid(&o, &r.TestReport)
		case "confirmDate":
			d.time(&o, &r.ConfirmDate)
		case "finalizeDate":
			d.time(&o, &r.FinalizeDate)
		case "active":
			d.boolean(&o, &r.Active)
		case "parent":
			d.guid(&o, &r.Parent)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) miscInfo(m *MiscInfo) {
	o := d.open(&m.Extra)
	for d.next(&o) {
		switch o.key {
		case "id":
			d.text(&o, &m.ID)
		case "description":
			d.text(&o, &m.Description)
		case "text":
			d.text(&o, &m.Text)
		case "numeric":
			d.number(&o, &m.Numeric)
		case "numericFormat":
			d.text(&o, &m.NumericFormat)
		case "typedef":
			d.text(&o, &m.Typedef)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) subUnit(u *SubUnit) {
	o := d.open(&u.Extra)
	for d.next(&o) {
		switch o.key {
		case "partType":
			d.text(&o, &u.PartType)
		case "sn":
			d.text(&o, &u.SerialNumber)
		case "pn":
			d.text(&o, &u.PartNumber)
		case "rev":
			d.text(&o, &u.Revision)
		case "idx":
			d.integer(&o, &u.Index)
		case "parentIdx":
			d.integer(&o, &u.ParentIndex)
		case "position":
			d.integer(&o, &u.Position)
		case "replacedIdx":
			d.integer(&o, &u.ReplacedIndex)
		case "failures":
			list(d, &o, &u.Failures, (*decoder).failure)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) failure(f *Failure) {
	o := d.open(&f.Extra)
	for d.next(&o) {
		switch o.key {
		case "category":
			d.text(&o, &f.Category)
		case "code":
			d.text(&o, &f.Code)
		case "comment":
			d.text(&o, &f.Comment)
		case "comRef":
			d.text(&o, &f.ComponentRef)
		case "funcBlock":
			d.text(&o, &f.FunctionBlock)
		case "refStepId":
			d.integer(&o, &f.StepID)
		case "refStepName":
			d.text(&o, &f.StepName)
		case "artNumber":
			d.text(&o, &f.ArticleNumber)
		case "artRev":
			d.text(&o, &f.ArticleRevision)
		case "artVendor":
			d.text(&o, &f.ArticleVendor)
		case "artDescription":
			d.text(&o, &f.ArticleDescription)
		default:
			d.keep(&o)
		}
	}
}

func assetAlias(name string) string {
	if name == "assetSN" {
		return "sn"
	}
	return name
}

func (d *decoder) asset(a *Asset) {
	o := d.open(&a.Extra)
	o.alias = assetAlias
	for d.next(&o) {
		switch o.key {
		case "sn":
			d.text(&o, &a.SerialNumber)
		case "assetType":
			d.text(&o, &a.Type)
		case "partNumber":
			d.text(&o, &a.PartNumber)
		case "usageCount":
			d.integer(&o, &a.UsageCount)
		case "usageCountFormat":
			d.text(&o, &a.UsageCountFormat)
		case "calibrationDate":
			d.time(&o, &a.CalibrationDate)
		case "calibrationDue":
			d.time(&o, &a.CalibrationDue)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) assetStats(a *AssetStats) {
	o := d.open(&a.Extra)
	o.alias = assetAlias
	for d.next(&o) {
		if o.key == "sn" {
			d.text(&o, &a.SerialNumber)
		} else {
			d.keep(&o)
		}
	}
}

func (d *decoder) attachment(a *Attachment) {
	o := d.open(&a.Extra)
	for d.next(&o) {
		switch o.key {
		case "name":
			d.text(&o, &a.Name)
		case "contentType":
			d.text(&o, &a.ContentType)
		case "data":
			d.base64(&o, &a.Data)
		case "description":
			d.text(&o, &a.Description)
		case "failIdx":
			d.integer(&o, &a.FailureIndex)
		default:
			d.keep(&o)
		}
	}
}

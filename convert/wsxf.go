package convert

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/gowats/gowats/report"
)

// wsxfNamespace is the namespace of WSXF. Readers match local names, since producers choose others.
//
// Source: support.wats.com article 360013383500.
const wsxfNamespace = "http://wats.virinco.com/schemas/WATS/Report/wsxf"

func wsxf() Format {
	return Format{
		Name: "wsxf", Title: "WATS standard XML format", Extensions: []string{".xml"}, ManyUnits: true,
		probe: probeWSXF,
		read:  readWSXF,
		write: writeWSXF,
	}
}

// probeWSXF looks at the root element: TestStand has a root Reports too, but neither the namespace nor serial numbers in attributes.
func probeWSXF(head []byte) float64 {
	x := newXMLScanner(bytes.NewReader(head))
	for depth := 1; ; depth++ {
		kind, err := x.next()
		if err != nil || kind != xmlStart || depth > 2 {
			return 0
		}
		for _, a := range x.attrs {
			if a.name == "xmlns" && strings.Contains(a.value, "virinco.com/schemas/WATS/Report") {
				return 1
			}
		}
		if x.name == "Report" && x.attr("SN") != "" && x.attr("PN") != "" {
			return 0.9
		}
		if x.name != "Reports" {
			return 0
		}
	}
}

func readWSXF(in *reading) iter.Seq2[*report.Report, error] {
	return func(yield func(*report.Report, error) bool) {
		r := wsxfReader{xmlReading: in.xml()}
		if err := r.document(yield); err != nil && !errors.Is(err, errStopped) {
			yield(nil, in.stopped("WSXF", err))
		}
	}
}

// wsxfReader reads one report after the other.
type wsxfReader struct {
	xmlReading
}

// document reads Reports with its children, or a single Report.
func (r wsxfReader) document(yield func(*report.Report, error) bool) error {
	if _, err := r.next(); err != nil {
		return err
	}
	one := func() error {
		rep, err := r.report()
		if err == nil && !yield(rep, nil) {
			err = errStopped
		}
		return err
	}
	var err error
	switch r.name {
	case "Report":
		err = one()
	case "Reports":
		_, err = r.each(func(name string) error {
			if name == "Report" {
				return one()
			}
			r.lose(r.where(), "<%s> is not known here", name)
			return nil
		})
	default:
		return r.fail("the root element <%s> does not belong to WSXF", r.name)
	}
	if err != nil {
		return err
	}
	if _, err := r.next(); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// report reads a Report element.
func (r wsxfReader) report() (*report.Report, error) {
	rep := &report.Report{}
	var kind, local, utc string
	for _, a := range r.attrs {
		switch a.name {
		case "ID":
			rep.ID = r.id("ID", a.value)
		case "type":
			kind = a.value
		case "SN":
			rep.SerialNumber = a.value
		case "PN":
			rep.PartNumber = a.value
		case "Rev":
			rep.Revision = a.value
		case "Result":
			rep.Result = r.status("Result", a.value)
		case "MachineName":
			rep.Station = a.value
		case "Location":
			rep.Location = a.value
		case "Purpose":
			rep.Purpose = a.value
		case "Start":
			local = a.value
		case "Start_utc":
			utc = a.value
		case "origin":
			rep.Origin = a.value
		case "ProductName":
			rep.ProductName = a.value
		default:
			rep.Extra = extra(rep.Extra, a)
		}
	}
	where := r.where()
	start, err := r.startOf(local, utc)
	if err != nil {
		r.lose(where, "the start: %v", err)
	}
	rep.Start = start
	if strings.EqualFold(kind, "UUR") {
		rep.Repair = &report.Repair{}
	} else {
		rep.Test = &report.Test{}
	}
	var failures wsxfFailures
	if _, err := r.each(func(name string) error { return r.child(rep, &failures, name) }); err != nil {
		return nil, err
	}
	if lost := failures.give(rep); lost > 0 {
		r.lose(where, "%d of the failures name a unit that is not listed", lost)
	}
	if rep.Test != nil && rep.Test.Root == nil {
		r.lose(where, "the report has no step")
	}
	return rep, nil
}

// child reads one child of a Report element.
func (r wsxfReader) child(rep *report.Report, failures *wsxfFailures, name string) error {
	switch {
	case name == "UUT" && rep.Test != nil:
		return r.uut(rep.Test)
	case name == "UUR" && rep.Repair != nil:
		return r.uur(rep.Repair)
	case name == "Process":
		return r.process(&rep.Process)
	case name == "MiscInfo":
		return r.miscInfo(rep)
	case name == "ReportUnitHierarchy":
		return r.subUnit(rep)
	case name == "Asset":
		return r.asset(rep)
	case name == "AssetStats":
		return r.assetStats(rep)
	case name == "Failures":
		return r.failure(failures)
	case name == "Binary":
		return r.binary(rep)
	case name == "AdditionalData":
		data, err := r.additionalData()
		rep.AdditionalData = append(rep.AdditionalData, data)
		return err
	case name == "Step" && rep.Test != nil && rep.Test.Root == nil:
		step, err := r.step()
		rep.Test.Root = step
		return err
	}
	r.lose(r.where(), "<%s> is not known here", name)
	return nil
}

func (r wsxfReader) uut(t *report.Test) error {
	for _, a := range r.attrs {
		switch a.name {
		case "UserLoginName":
			t.Operator = a.value
		case "BatchSN":
			t.BatchSerialNumber = a.value
		case "TestSocketIndex":
			t.SocketIndex = r.integer(a.name, a.value)
		case "TestSocketIndexFormat":
			t.SocketIndexFormat = a.value
		case "ExecutionTime":
			t.ExecTime = report.ParseNumber(a.value)
		case "FixtureId":
			t.FixtureID = a.value
		case "ErrorCode":
			t.ErrorCode = r.integer(a.name, a.value)
		case "ErrorCodeFormat":
			t.ErrorCodeFormat = a.value
		case "ErrorMessage":
			t.ErrorMessage = a.value
		case "BatchFailCount":
			t.BatchFailCount = r.integer(a.name, a.value)
		case "BatchFailCountFormat":
			t.BatchFailCountFormat = a.value
		case "BatchLoopIndex":
			t.BatchLoopIndex = r.integer(a.name, a.value)
		case "BatchLoopIndexFormat":
			t.BatchLoopIndexFormat = a.value
		case "StepIdCausedUUTFailure":
			t.CausedFailureStepID = r.integer(a.name, a.value)
		default:
			t.Extra = extra(t.Extra, a)
		}
	}
	return r.comment(&t.Comment)
}

// comment reads the rest of an element whose children are comments. Several are put one per line, behind what is there.
func (r wsxfReader) comment(to *string) error {
	var lines []string
	if *to != "" {
		lines = append(lines, *to)
	}
	_, err := r.each(func(name string) error {
		if name != "Comment" {
			r.lose(r.where(), "<%s> is not known here", name)
			return nil
		}
		text, err := r.content()
		lines = append(lines, text)
		return err
	})
	*to = strings.Join(lines, "\n")
	return err
}

func (r wsxfReader) uur(u *report.Repair) error {
	for _, a := range r.attrs {
		switch a.name {
		case "UserLoginName":
			u.Operator = a.value
		case "ConfirmDate":
			u.ConfirmDate = report.TimeText(a.value)
		case "FinalizeDate":
			u.FinalizeDate = report.TimeText(a.value)
		case "ExecutionTime":
			u.ExecTime = report.ParseNumber(a.value)
		case "Active":
			u.Active = r.boolean(a.name, a.value)
		case "Parent":
			u.Parent = r.id(a.name, a.value)
		case "ReferencedUUT":
			u.TestReport = r.id(a.name, a.value)
		default:
			u.Extra = extra(u.Extra, a)
		}
	}
	_, err := r.each(func(name string) (err error) {
		switch name {
		case "Comment":
			u.Comment, err = r.content()
			return err
		case "Process":
			return r.process(&u.Process)
		}
		r.lose(r.where(), "<%s> is not known here", name)
		return nil
	})
	return err
}

func (r wsxfReader) process(p *report.Process) error {
	p.Code = r.integer("Code", r.attr("Code"))
	p.CodeFormat = r.attr("CodeFormat")
	p.Name = r.attr("Name")
	return nil
}

func (r wsxfReader) miscInfo(rep *report.Report) (err error) {
	var m report.MiscInfo
	for _, a := range r.attrs {
		switch a.name {
		case "Id":
			m.ID = a.value
		case "Description":
			m.Description = a.value
		case "Typedef":
			m.Typedef = a.value
		case "Numeric":
			m.Numeric = report.ParseNumber(a.value)
		case "NumericFormat":
			m.NumericFormat = a.value
		case "idx", "order_no": // given by the order
		default:
			m.Extra = extra(m.Extra, a)
		}
	}
	m.Text, err = r.content()
	rep.MiscInfos = append(rep.MiscInfos, m)
	return err
}

func (r wsxfReader) subUnit(rep *report.Report) error {
	var u report.SubUnit
	for _, a := range r.attrs {
		switch a.name {
		case "PartType":
			u.PartType = a.value
		case "PN":
			u.PartNumber = a.value
		case "SN":
			u.SerialNumber = a.value
		case "Rev":
			u.Revision = a.value
		case "Position":
			u.Position = r.integer(a.name, a.value)
		case "Idx":
			u.Index = r.integer(a.name, a.value)
		case "ParentIDX":
			u.ParentIndex = r.integer(a.name, a.value)
		case "ReplacedIDX":
			u.ReplacedIndex = r.integer(a.name, a.value)
		default:
			u.Extra = extra(u.Extra, a)
		}
	}
	rep.SubUnits = append(rep.SubUnits, u)
	return nil
}

func (r wsxfReader) asset(rep *report.Report) error {
	var asset report.Asset
	for _, a := range r.attrs {
		switch a.name {
		case "AssetSN":
			asset.SerialNumber = a.value
		case "UsageCount":
			asset.UsageCount = r.integer(a.name, a.value)
		case "UsageCountFormat":
			asset.UsageCountFormat = a.value
		case "AssetType":
			asset.Type = a.value
		case "PartNumber":
			asset.PartNumber = a.value
		case "CalibrationDate":
			asset.CalibrationDate = report.TimeText(a.value)
		case "CalibrationDue":
			asset.CalibrationDue = report.TimeText(a.value)
		default:
			asset.Extra = extra(asset.Extra, a)
		}
	}
	rep.Assets = append(rep.Assets, asset)
	return nil
}

func (r wsxfReader) assetStats(rep *report.Report) error {
	var stats report.AssetStats
	for _, a := range r.attrs {
		if a.name == "AssetSN" {
			stats.SerialNumber = a.value
		} else {
			stats.Extra = extra(stats.Extra, a)
		}
	}
	rep.AssetStats = append(rep.AssetStats, stats)
	return nil
}

func (r wsxfReader) binary(rep *report.Report) error {
	var file report.Attachment
	file.FailureIndex = r.integer("FailIdx", r.attr("FailIdx"))
	_, err := r.each(func(name string) error {
		if name != "Data" {
			r.lose(r.where(), "<%s> is not known here", name)
			return nil
		}
		for _, a := range r.attrs {
			switch a.name {
			case "ContentType":
				file.ContentType = a.value
			case "FileName":
				file.Name = a.value
			case "Description":
				file.Description = a.value
			case "size": // of the data
			default:
				file.Extra = extra(file.Extra, a)
			}
		}
		return r.base64("Binary", &file.Data)
	})
	rep.BinaryData = append(rep.BinaryData, file)
	return err
}

// base64 reads the text of an element as base64, in which white space may stand.
func (r wsxfReader) base64(name string, to *[]byte) error {
	text, err := r.content()
	if err != nil {
		return err
	}
	data, err := base64.StdEncoding.DecodeString(text) // which passes over line ends
	if err != nil {
		data, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	}
	if err != nil {
		r.lose(r.where(), "the content of %s is no base64: %v", name, err)
		return nil
	}
	*to = data
	return nil
}

package convert

import (
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// The keys of header and footer.
const (
	wstfSerialNumber    = "SerialNumber"
	wstfPartNumber      = "PartNumber"
	wstfRevision        = "Revision"
	wstfProcessCode     = "OperationTypeCode"
	wstfProcessName     = "OperationTypeName"
	wstfStation         = "StationName"
	wstfStart           = "StartDateTime"
	wstfStartUTC        = "UTCStartDateTime"
	wstfOperator        = "OperatorName"
	wstfExecTime        = "ExecutionTime"
	wstfComment         = "Comment"
	wstfFixture         = "FixtureId"
	wstfSocket          = "TestSocketIndex"
	wstfBatch           = "BatchSerialNumber"
	wstfErrorCode       = "ErrorCode"
	wstfErrorMessage    = "ErrorMessage"
	wstfStatus          = "UUTStatus"
	wstfSoftware        = "SoftwareName"
	wstfSoftwareVersion = "SoftwareVersion"
	wstfMode            = "ConverterMode"
	wstfSubUnit         = "Subunit"
)

// wstfKeys returns the keys that have a meaning; any other is the description of a misc info.
func wstfKeys() []string {
	return []string{
		wstfSerialNumber, wstfPartNumber, wstfRevision, wstfProcessCode, wstfProcessName, wstfStation, wstfStart, wstfStartUTC,
		wstfOperator, wstfExecTime, wstfComment, wstfFixture, wstfSocket, wstfBatch, wstfErrorCode, wstfErrorMessage, wstfStatus,
		wstfSoftware, wstfSoftwareVersion, wstfMode, wstfSubUnit,
	}
}

// wstfKey returns the key that cell is, however its letters are written, "" when it is none.
func wstfKey(cell string) string {
	cell = strings.TrimSpace(cell)
	for _, key := range wstfKeys() {
		if strings.EqualFold(cell, key) {
			return key
		}
	}
	return ""
}

// headerLine reads a line of the header or the footer. The last of several lines with one key counts.
func (r *wstfReader) headerLine(line string) error {
	cells := r.cells(line)
	key := wstfKey(cells[0])
	if key == wstfSubUnit {
		return r.subUnit(cells)
	}
	if len(cells) > 2 && strings.TrimSpace(strings.Join(cells[2:], "")) != "" {
		r.lose(r.where(), "a header line has more than a key and a value; the rest is passed over")
	}
	value := ""
	if len(cells) > 1 {
		value = cells[1]
	}
	if len(cells) == 1 && key == "" || cells[0] == "" {
		r.lose(r.where(), "a header line has no key, or no tab behind it, and is passed over")
		return nil
	}
	t := r.rep.Test
	switch key {
	case wstfSerialNumber:
		r.rep.SerialNumber = value
	case wstfPartNumber:
		r.rep.PartNumber = value
	case wstfRevision:
		r.rep.Revision = value
	case wstfProcessCode:
		code, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil {
			return r.fail("%s is %q, which is no process code", key, value)
		}
		r.rep.Process.Code = report.Some(code)
	case wstfProcessName:
		r.rep.Process.Name = value
	case wstfStation:
		r.rep.Station = value
	case wstfStart:
		r.local = value
	case wstfStartUTC:
		r.utc = value
	case wstfOperator:
		t.Operator = value
	case wstfExecTime:
		t.ExecTime = number(value)
	case wstfComment:
		t.Comment = value
	case wstfFixture:
		t.FixtureID = value
	case wstfSocket:
		t.SocketIndex = r.integer(key, value)
	case wstfBatch:
		t.BatchSerialNumber = value
	case wstfErrorCode:
		t.ErrorCode = r.integer(key, value)
	case wstfErrorMessage:
		t.ErrorMessage = value
	case wstfStatus:
		r.status = value
	case wstfSoftware:
		t.Root.Sequence.Name, t.Root.Sequence.Path = value, value
	case wstfSoftwareVersion:
		t.Root.Sequence.Version = value
	case wstfMode:
		return r.mode(value)
	default:
		r.rep.MiscInfos = append(r.rep.MiscInfos, report.MiscInfo{Description: cells[0], Text: value})
	}
	return nil
}

func (r *wstfReader) mode(value string) error {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "active":
		r.active = true
	case "import", "":
		r.active = false
	default:
		return r.fail("%s is %q; Import and Active are known", wstfMode, value)
	}
	return nil
}

// subUnit reads: Subunit, part type, part number, serial number, revision.
func (r *wstfReader) subUnit(cells []string) error {
	if len(cells) < 4 {
		return r.fail("a %s has %d columns; description, part number, serial number and revision are expected", wstfSubUnit, len(cells)-1)
	}
	cells = append(cells, "")
	r.rep.SubUnits = append(r.rep.SubUnits, report.SubUnit{
		PartType: cells[1], PartNumber: cells[2], SerialNumber: cells[3], Revision: cells[4],
	})
	return nil
}

// cells splits a line. It has one cell at least.
func (r *wstfReader) cells(line string) []string {
	cells := strings.SplitN(line, "\t", maxCells+1)
	if len(cells) > maxCells {
		r.lose(r.where(), "a line has more than %d cells; the rest is passed over", maxCells)
		cells = cells[:maxCells]
	}
	return cells
}

// number reads a number with a decimal point. "" is absent, any other text is kept as it is.
func number(cell string) report.Number { return report.ParseNumber(strings.TrimSpace(cell)) }

// integer reads a whole number. "" is absent.
func (r *wstfReader) integer(name, cell string) report.Optional[int] {
	cell = strings.TrimSpace(cell)
	n, err := strconv.Atoi(cell)
	if err != nil {
		if cell != "" {
			r.lose(r.where(), "%s is %q, which is no integer", name, cell)
		}
		return report.Optional[int]{}
	}
	return report.Some(n)
}

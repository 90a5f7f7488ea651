package convert

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/gowats/gowats/report"
)

// testResults reads a TestResults element that has just started: one report.
func (a *atmlReader) testResults() (*report.Report, error) {
	r := newTest(a.opt)
	line := a.x.line
	if uuid := a.x.attr("uuid"); uuid != "" {
		id, err := report.ParseID(uuid)
		if err != nil {
			a.lose(fmt.Sprintf("the uuid %q is no GUID and is not taken as the report's", uuid))
		}
		r.ID = id
	}
	ours := false // the file was written by this package and says all
	err := a.x.children(func() error {
		switch a.x.name {
		case "Personnel":
			return a.personnel(r)
		case "ResultSet":
			return a.resultSet(r)
		case "TestStation":
			return a.station(r)
		case "UUT":
			return a.unit(r)
		case "TestProgram":
			a.lose("the settings of the test program are not carried over")
		case "Extension":
			return a.headExtension(r, &ours)
		default:
			a.loseElement()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !ours {
		if err := fillIn(r, a.opt); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	return r, nil
}

func (a *atmlReader) personnel(r *report.Report) error {
	return a.x.children(func() error {
		if a.x.name != "SystemOperator" {
			a.loseElement()
			return nil
		}
		r.Test.Operator = cmp.Or(a.x.attr("name"), a.x.attr("ID"))
		return nil
	})
}

func (a *atmlReader) station(r *report.Report) error {
	return a.x.children(func() error {
		if a.x.name != "SerialNumber" {
			a.loseElement()
			return nil
		}
		var err error
		r.Station, err = a.value()
		return err
	})
}

// unit reads the UUT element.
func (a *atmlReader) unit(r *report.Report) error {
	return a.x.children(func() (err error) {
		switch a.x.name {
		case "SerialNumber":
			r.SerialNumber, err = a.value()
			return err
		case "Definition":
			return a.definition(r)
		}
		a.loseElement()
		return nil
	})
}

func (a *atmlReader) definition(r *report.Report) error {
	return a.x.children(func() error {
		switch a.x.name {
		case "Identification":
			return a.identification(r)
		case "Extension":
			return a.x.children(func() error {
				if a.x.name != "TSCollection" {
					a.loseElement()
					return nil
				}
				data, err := a.items()
				r.AdditionalData = append(r.AdditionalData, data...)
				return err
			})
		}
		a.loseElement()
		return nil
	})
}

// identification reads the part number: the number of type Part, else the model name. TestStand writes the model name UNKNOWN where there is none.
func (a *atmlReader) identification(r *report.Report) error {
	model := ""
	err := a.x.children(func() (err error) {
		switch a.x.name {
		case "ModelName":
			model, err = a.value()
			return err
		case "IdentificationNumbers":
			return a.x.children(func() error {
				if a.x.name == "IdentificationNumber" && strings.EqualFold(a.x.attr("type"), "Part") {
					r.PartNumber = strings.TrimSpace(a.x.attr("number"))
					return nil
				}
				a.loseElement()
				return nil
			})
		}
		a.loseElement()
		return nil
	})
	if r.PartNumber == "" && !strings.EqualFold(model, "UNKNOWN") {
		r.PartNumber = model
	}
	return err
}

// headExtension reads the Extension of a TestResults.
func (a *atmlReader) headExtension(r *report.Report, ours *bool) error {
	return a.x.children(func() error {
		switch a.x.name {
		case "TSResultSetProperties":
			return a.resultSetProperties(r)
		case extReport:
			*ours = true
			return a.addedReport(r)
		}
		a.loseElement()
		return nil
	})
}

func (a *atmlReader) resultSetProperties(r *report.Report) error {
	return a.x.children(func() error {
		name := a.x.name
		switch name {
		case "TestSocketIndex", "BatchSerialNumber":
		default:
			a.loseElement()
			return nil
		}
		text, err := a.value()
		if name == "BatchSerialNumber" {
			r.Test.BatchSerialNumber = text
		} else {
			r.Test.SocketIndex = testInt(text)
		}
		return err
	})
}

// resultSet reads the ResultSet: the main sequence.
func (a *atmlReader) resultSet(r *report.Report) error {
	start, err := a.time("startDateTime")
	if err != nil {
		return err
	}
	end, err := a.time("endDateTime")
	if err != nil {
		return err
	}
	d, err := a.step()
	if err != nil {
		return err
	}
	root := d.Step
	if !start.IsZero() {
		r.Start = start
		if !end.IsZero() {
			r.Test.ExecTime = seconds(end.Sub(start))
		}
	}
	r.Result = headResult(root.Status)
	if d.added == nil { // what went wrong stands at the result set, and is the report's
		r.Test.ErrorCode, r.Test.ErrorMessage = root.ErrorCode, root.ErrorMessage
		root.ErrorCode, root.ErrorMessage = report.Optional[int]{}, ""
	}
	if a.version == "2.02" && len(root.Steps) == 1 { // there the main sequence stands inside
		root = root.Steps[0]
	}
	r.Test.Root = root
	return nil
}

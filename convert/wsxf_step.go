package convert

import (
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// step reads a Step element with its children.
func (r wsxfReader) step() (*report.Step, error) {
	s := &report.Step{}
	for _, a := range r.attrs {
		switch a.name {
		case "Id", "StepID":
			s.ID = r.integer(a.name, a.value)
		case "Group":
			group, ok := report.ParseGroup(a.value)
			if !ok {
				r.lose(r.where(), "Group is %q, which is no step group", a.value)
			}
			s.Group = group
		case "Name":
			s.Name = a.value
		case "StepType":
			s.Type = a.value
		case "Status":
			s.Status = r.status(a.name, a.value)
		case "Start":
			s.Start = report.TimeText(a.value)
		case "total_time":
			s.TotalTime = report.ParseNumber(a.value)
		case "total_timeFormat":
			s.TotalTimeFormat = a.value
		case "TSGuid":
			s.TSGuid = a.value
		case "StepErrorCode":
			s.ErrorCode = r.integer(a.name, a.value)
		case "StepErrorCodeFormat":
			s.ErrorCodeFormat = a.value
		case "StepErrorMessage":
			s.ErrorMessage = a.value
		case "StepCausedSequenceFailure":
			s.CausedSequenceFailure = r.boolean(a.name, a.value)
		case "StepCausedUUTFailure":
			s.CausedUUTFailure = r.boolean(a.name, a.value)
		case "InteractiveExeNum":
			s.InteractiveExeNum = r.integer(a.name, a.value)
		case "StepIndex", "Idx": // given by the order
		default:
			s.Extra = extra(s.Extra, a)
		}
	}
	_, err := r.each(func(name string) error { return r.stepChild(s, name) })
	return s, err
}

// stepChild reads one child of a Step element. Source of which there are: the WSXF files in use.
func (r wsxfReader) stepChild(s *report.Step, name string) (err error) {
	switch {
	case name == "Step":
		child, err := r.step()
		s.Steps = append(s.Steps, child)
		return err
	case name == "ReportText":
		s.ReportText, err = r.content()
		return err
	case name == "SequenceCall" && s.Sequence == nil:
		if s.Steps == nil {
			s.Steps = []*report.Step{}
		}
		s.Sequence = r.sequence()
	case name == "Loop" && s.Loop == nil:
		s.Loop = r.loop()
	case name == "NumericLimit":
		s.Numeric = append(s.Numeric, r.numeric())
	case name == "PassFail":
		s.Booleans = append(s.Booleans, r.passFail())
	case name == "StringValue":
		s.Strings = append(s.Strings, r.stringValue())
	case name == "MessagePopup" && s.MessagePopup == nil:
		s.MessagePopup = r.popup()
	case name == "Callexe" && s.CallExecutable == nil:
		s.CallExecutable = r.callExecutable()
	case name == "Chart" && s.Chart == nil:
		s.Chart, err = r.chart()
		return err
	case name == "Attachment" && s.Attachment == nil:
		s.Attachment, err = r.attachment()
		return err
	case name == "AdditionalResults":
		data, err := r.additionalData()
		s.AdditionalResults = append(s.AdditionalResults, data)
		return err
	default:
		r.lose(r.where(), "<%s> is not known here, or stands twice in one step", name)
	}
	return nil
}

func (r wsxfReader) sequence() *report.Sequence {
	q := &report.Sequence{}
	for _, a := range r.attrs {
		switch a.name {
		case "Name":
			q.Name = a.value
		case "Version":
			q.Version = a.value
		case "Filepath":
			q.Path = a.value
		case "MeasIndex": // given by the order
		default:
			q.Extra = extra(q.Extra, a)
		}
	}
	return q
}

func (r wsxfReader) loop() *report.Loop {
	l := &report.Loop{}
	for _, a := range r.attrs {
		switch a.name {
		case "index":
			l.Index = r.integer(a.name, a.value)
		case "num":
			l.Count = r.integer(a.name, a.value)
		case "ending_index":
			l.EndingIndex = r.integer(a.name, a.value)
		case "passed":
			l.Passed = r.integer(a.name, a.value)
		case "failed":
			l.Failed = r.integer(a.name, a.value)
		default:
			l.Extra = extra(l.Extra, a)
		}
	}
	return l
}

func (r wsxfReader) numeric() report.NumericMeasurement {
	var m report.NumericMeasurement
	for _, a := range r.attrs {
		switch a.name {
		case "Name":
			m.Name = a.value
		case "NumericValue":
			m.Value = report.ParseNumber(a.value)
		case "NumericValueFormat":
			m.ValueFormat = a.value
		case "Units":
			m.Unit = a.value
		case "CompOperator":
			m.CompOp = r.compOp(a.value)
		case "LowLimit":
			m.Low = report.ParseNumber(a.value)
		case "LowLimitFormat":
			m.LowFormat = a.value
		case "HighLimit":
			m.High = report.ParseNumber(a.value)
		case "HighLimitFormat":
			m.HighFormat = a.value
		case "Status":
			m.Status = r.status(a.name, a.value)
		case "MeasIndex", "MeasOrderNumber": // given by the order
		default:
			m.Extra = extra(m.Extra, a)
		}
	}
	if m.CompOp == report.NoCompOp {
		m.CompOp = report.LOG
	}
	return m
}

func (r wsxfReader) passFail() report.BooleanMeasurement {
	var m report.BooleanMeasurement
	for _, a := range r.attrs {
		switch a.name {
		case "Name":
			m.Name = a.value
		case "Status":
			m.Status = r.status(a.name, a.value)
		case "MeasIndex", "MeasOrderNumber": // given by the order
		default:
			m.Extra = extra(m.Extra, a)
		}
	}
	return m
}

func (r wsxfReader) stringValue() report.StringMeasurement {
	var m report.StringMeasurement
	for _, a := range r.attrs {
		switch a.name {
		case "Name":
			m.Name = a.value
		case "StringValue":
			m.Value = a.value
		case "StringLimit":
			m.Limit = a.value
		case "CompOperator":
			m.CompOp = r.compOp(a.value)
		case "Status":
			m.Status = r.status(a.name, a.value)
		case "MeasIndex", "MeasOrderNumber": // given by the order
		default:
			m.Extra = extra(m.Extra, a)
		}
	}
	if m.CompOp == report.NoCompOp {
		m.CompOp = report.LOG
	}
	return m
}

func (r wsxfReader) popup() *report.MessagePopup {
	p := &report.MessagePopup{}
	for _, a := range r.attrs {
		switch a.name {
		case "Button":
			p.Button = r.integer(a.name, a.value)
		case "Response":
			p.Response = a.value
		case "MeasIndex": // given by the order
		default:
			p.Extra = extra(p.Extra, a)
		}
	}
	return p
}

func (r wsxfReader) callExecutable() *report.CallExecutable {
	c := &report.CallExecutable{}
	for _, a := range r.attrs {
		switch a.name {
		case "ExitCode":
			c.ExitCode = report.ParseNumber(a.value)
		case "MeasIndex": // given by the order
		default:
			c.Extra = extra(c.Extra, a)
		}
	}
	return c
}

func (r wsxfReader) chart() (*report.Chart, error) {
	c := &report.Chart{}
	for _, a := range r.attrs {
		switch a.name {
		case "ChartType":
			c.Type = a.value
		case "Label":
			c.Label = a.value
		case "XLabel":
			c.XLabel = a.value
		case "XUnit":
			c.XUnit = a.value
		case "YLabel":
			c.YLabel = a.value
		case "YUnit":
			c.YUnit = a.value
		case "idx": // there is one
		default:
			c.Extra = extra(c.Extra, a)
		}
	}
	_, err := r.each(func(name string) error {
		if name != "Series" {
			r.lose(r.where(), "<%s> is not known in a chart", name)
			return nil
		}
		series, err := r.series()
		c.Series = append(c.Series, series)
		return err
	})
	return c, err
}

func (r wsxfReader) series() (report.Series, error) {
	var s report.Series
	for _, a := range r.attrs {
		switch a.name {
		case "Name":
			s.Name = a.value
		case "DataType":
			s.DataType = a.value
		default:
			s.Extra = extra(s.Extra, a)
		}
	}
	_, err := r.each(func(name string) (err error) {
		switch strings.ToLower(name) {
		case "xdata":
			s.XData, err = r.content()
			return err
		case "ydata":
			s.YData, err = r.content()
			return err
		}
		r.lose(r.where(), "<%s> is not known in a series", name)
		return nil
	})
	return s, err
}

// attachment reads an Attachment element. Without content Name would be a file beside the report, which a stream has no access to.
func (r wsxfReader) attachment() (*report.Attachment, error) {
	f := &report.Attachment{}
	for _, a := range r.attrs {
		switch a.name {
		case "Name":
			f.Name = a.value
		case "ContentType":
			f.ContentType = a.value
		case "Description":
			f.Description = a.value
		case "Size": // of the data
		default:
			f.Extra = extra(f.Extra, a)
		}
	}
	where := r.where()
	err := r.base64("Attachment", &f.Data)
	if err == nil && len(f.Data) == 0 {
		r.lose(where, "the attachment %q has no content here, and files that a report points to are not read", f.Name)
	}
	return f, err
}

// additionalData reads an AdditionalData or AdditionalResults element: a name and a tree of Prop.
//
// Unverified: the spelling inside of Prop; a real file with one would settle it.
func (r wsxfReader) additionalData() (report.AdditionalData, error) {
	var d report.AdditionalData
	for _, a := range r.attrs {
		switch a.name {
		case "Name":
			d.Name = a.value
		case "Idx": // given by the order
		default:
			d.Extra = extra(d.Extra, a)
		}
	}
	_, err := r.each(func(name string) error {
		if name != "Prop" {
			r.lose(r.where(), "<%s> is not known among additional data", name)
			return nil
		}
		p, err := r.property()
		d.Props = append(d.Props, p)
		return err
	})
	return d, err
}

func (r wsxfReader) property() (*report.Property, error) {
	p := &report.Property{}
	for _, a := range r.attrs {
		switch a.name {
		case "Name":
			p.Name = a.value
		case "Type":
			p.Type = a.value
		case "Flags":
			p.Flags = r.integer(a.name, a.value)
		case "Comment":
			p.Comment = a.value
		case "NumFormat":
			p.NumFormat = a.value
		default:
			p.Extra = extra(p.Extra, a)
		}
	}
	_, err := r.each(func(name string) (err error) {
		switch name {
		case "Value":
			p.Value, err = r.content()
			return err
		case "Prop":
			child, err := r.property()
			p.Props = append(p.Props, child)
			return err
		case "Array":
			p.Array, err = r.propertyArray()
			return err
		}
		r.lose(r.where(), "<%s> is not known in a property", name)
		return nil
	})
	return p, err
}

func (r wsxfReader) propertyArray() (*report.PropertyArray, error) {
	array := &report.PropertyArray{}
	for _, a := range r.attrs {
		switch a.name {
		case "Dimension":
			array.Dimension = r.integer(a.name, a.value)
		case "Type":
			array.Type = a.value
		default:
			array.Extra = extra(array.Extra, a)
		}
	}
	_, err := r.each(func(name string) error {
		if name != "Index" {
			r.lose(r.where(), "<%s> is not known in an array", name)
			return nil
		}
		e := &report.PropertyElement{}
		for _, a := range r.attrs {
			switch a.name {
			case "Text":
				e.Text = a.value
			case "Indexes":
				for _, field := range strings.Fields(a.value) {
					n, err := strconv.Atoi(field)
					if err != nil {
						r.lose(r.where(), "the index %q is no integer", field)
						continue
					}
					e.Indexes = append(e.Indexes, n)
				}
			default:
				e.Extra = extra(e.Extra, a)
			}
		}
		array.Indexes = append(array.Indexes, e)
		_, err := r.each(func(name string) (err error) {
			if name != "Prop" || e.Value != nil {
				r.lose(r.where(), "<%s> is not known in an array element, or stands twice", name)
				return nil
			}
			e.Value, err = r.property()
			return err
		})
		return err
	})
	return array, err
}

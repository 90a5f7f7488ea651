package report

func (d *decoder) step(s *Step) {
	o := d.open(&s.Extra)
	for d.next(&o) {
		if !d.stepMember(&o, s) && !d.stepContent(&o, s) {
			d.keep(&o)
		}
	}
}

// stepMember reads a member that says what a step was, and reports false when the one at hand is none.
func (d *decoder) stepMember(o *object, s *Step) bool {
	switch o.key {
	case "id":
		d.integer(o, &s.ID)
	case "group":
		d.group(o, &s.Group)
	case "stepType":
		d.text(o, &s.Type)
	case "name":
		d.text(o, &s.Name)
	case "status":
		d.status(o, &s.Status)
	case "start":
		d.time(o, &s.Start)
	case "totTime":
		d.number(o, &s.TotalTime)
	case "totTimeFormat":
		d.text(o, &s.TotalTimeFormat)
	case "errorCode":
		d.integer(o, &s.ErrorCode)
	case "errorCodeFormat":
		d.text(o, &s.ErrorCodeFormat)
	case "errorMessage":
		d.text(o, &s.ErrorMessage)
	case "reportText":
		d.text(o, &s.ReportText)
	case "tsGuid":
		d.text(o, &s.TSGuid)
	case "causedSeqFailure":
		d.boolean(o, &s.CausedSequenceFailure)
	case "causedUUTFailure":
		d.boolean(o, &s.CausedUUTFailure)
	case "interactiveExeNum":
		d.integer(o, &s.InteractiveExeNum)
	default:
		return false
	}
	return true
}

// stepContent reads a member that says what is in a step, and reports false when the one at hand is none.
func (d *decoder) stepContent(o *object, s *Step) bool {
	switch o.key {
	case "loop":
		member(d, o, &s.Loop, (*decoder).loop)
	case "steps":
		d.stepList(o, &s.Steps)
	case "seqCall":
		member(d, o, &s.Sequence, (*decoder).sequence)
	case "numericMeas":
		d.numericList(o, &s.Numeric)
	case "stringMeas":
		list(d, o, &s.Strings, (*decoder).stringMeasurement)
	case "booleanMeas":
		list(d, o, &s.Booleans, (*decoder).booleanMeasurement)
	case "chart":
		member(d, o, &s.Chart, (*decoder).chart)
	case "attachment":
		member(d, o, &s.Attachment, (*decoder).attachment)
	case "messagePopup":
		member(d, o, &s.MessagePopup, (*decoder).messagePopup)
	case "callExe":
		member(d, o, &s.CallExecutable, (*decoder).callExecutable)
	case "additionalResults":
		list(d, o, &s.AdditionalResults, (*decoder).additionalData)
	default:
		return false
	}
	return true
}

// stepCost is what a step needs in memory beyond elementCost.
const stepCost = 512

// stepList reads child steps. They come from one slab, and their list is cut to size.
func (d *decoder) stepList(o *object, to *[]*Step) {
	if d.isNull() {
		return
	}
	*to = nil
	first := len(d.children)
	good := d.elements(o, func() {
		d.spend(stepCost)
		s := d.newStep()
		d.step(s)
		d.children = append(d.children, s)
	}, nil)
	if good {
		*to = append(make([]*Step, 0, len(d.children)-first), d.children[first:]...)
	}
	d.children = d.children[:first]
}

func (d *decoder) newStep() *Step {
	const slab = 16
	if len(d.steps) == 0 {
		d.steps = make([]Step, slab)
	}
	s := &d.steps[0]
	d.steps = d.steps[1:]
	return s
}

// numericList reads measurements. They come from one slab too, as most steps have just one.
func (d *decoder) numericList(o *object, to *[]NumericMeasurement) {
	const slab = 16
	if d.isNull() {
		return
	}
	*to = nil
	if cap(d.measures) == 0 {
		d.measures = make([]NumericMeasurement, 0, slab)
	}
	list := d.measures
	if !d.elements(o, func() {
		list = append(list, NumericMeasurement{})
		d.numericMeasurement(&list[len(list)-1])
	}, nil) {
		return
	}
	*to = list[:len(list):len(list)]
	d.measures = list[len(list):]
}

func (d *decoder) numericMeasurement(m *NumericMeasurement) {
	o := d.open(&m.Extra)
	for d.next(&o) {
		switch o.key {
		case "compOp":
			d.compOp(&o, &m.CompOp)
		case "name":
			d.text(&o, &m.Name)
		case "status":
			d.status(&o, &m.Status)
		case "unit":
			d.text(&o, &m.Unit)
		case "value":
			d.number(&o, &m.Value)
		case "valueFormat":
			d.text(&o, &m.ValueFormat)
		case "highLimit":
			d.number(&o, &m.High)
		case "highLimitFormat":
			d.text(&o, &m.HighFormat)
		case "lowLimit":
			d.number(&o, &m.Low)
		case "lowLimitFormat":
			d.text(&o, &m.LowFormat)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) stringMeasurement(m *StringMeasurement) {
	o := d.open(&m.Extra)
	for d.next(&o) {
		switch o.key {
		case "compOp":
			d.compOp(&o, &m.CompOp)
		case "name":
			d.text(&o, &m.Name)
		case "status":
			d.status(&o, &m.Status)
		case "value":
			d.text(&o, &m.Value)
		case "limit":
			d.text(&o, &m.Limit)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) booleanMeasurement(m *BooleanMeasurement) {
	o := d.open(&m.Extra)
	for d.next(&o) {
		switch o.key {
		case "name":
			d.text(&o, &m.Name)
		case "status":
			d.status(&o, &m.Status)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) loop(l *Loop) {
	o := d.open(&l.Extra)
	o.alias = func(name string) string {
		switch name {
		case "i":
			return "idx"
		case "n":
			return "num"
		}
		return name
	}
	for d.next(&o) {
		switch o.key {
		case "idx":
			d.integer(&o, &l.Index)
		case "num":
			d.integer(&o, &l.Count)
		case "endingIndex":
			d.integer(&o, &l.EndingIndex)
		case "passed":
			d.integer(&o, &l.Passed)
		case "failed":
			d.integer(&o, &l.Failed)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) sequence(s *Sequence) {
	o := d.open(&s.Extra)
	for d.next(&o) {
		switch o.key {
		case "path":
			d.text(&o, &s.Path)
		case "name":
			d.text(&o, &s.Name)
		case "version":
			d.text(&o, &s.Version)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) chart(c *Chart) {
	o := d.open(&c.Extra)
	for d.next(&o) {
		switch o.key {
		case "chartType":
			d.text(&o, &c.Type)
		case "label":
			d.text(&o, &c.Label)
		case "xLabel":
			d.text(&o, &c.XLabel)
		case "xUnit":
			d.text(&o, &c.XUnit)
		case "yLabel":
			d.text(&o, &c.YLabel)
		case "yUnit":
			d.text(&o, &c.YUnit)
		case "series":
			list(d, &o, &c.Series, (*decoder).series)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) series(s *Series) {
	o := d.open(&s.Extra)
	for d.next(&o) {
		switch o.key {
		case "name":
			d.text(&o, &s.Name)
		case "dataType":
			d.text(&o, &s.DataType)
		case "xdata":
			d.text(&o, &s.XData)
		case "ydata":
			d.text(&o, &s.YData)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) messagePopup(m *MessagePopup) {
	o := d.open(&m.Extra)
	for d.next(&o) {
		switch o.key {
		case "response":
			d.text(&o, &m.Response)
		case "button":
			d.integer(&o, &m.Button)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) callExecutable(c *CallExecutable) {
	o := d.open(&c.Extra)
	for d.next(&o) {
		if o.key == "exitCode" {
			d.number(&o, &c.ExitCode)
		} else {
			d.keep(&o)
		}
	}
}

func (d *decoder) additionalData(a *AdditionalData) {
	o := d.open(&a.Extra)
	for d.next(&o) {
		switch o.key {
		case "name":
			d.text(&o, &a.Name)
		case "props":
			listOrNull(d, &o, &a.Props, (*decoder).property)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) property(p *Property) {
	o := d.open(&p.Extra)
	for d.next(&o) {
		switch o.key {
		case "name":
			d.text(&o, &p.Name)
		case "type":
			d.text(&o, &p.Type)
		case "flags":
			d.integer(&o, &p.Flags)
		case "value":
			d.text(&o, &p.Value)
		case "comment":
			d.text(&o, &p.Comment)
		case "numFormat":
			d.text(&o, &p.NumFormat)
		case "props":
			listOrNull(d, &o, &p.Props, (*decoder).property)
		case "array":
			member(d, &o, &p.Array, (*decoder).propertyArray)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) propertyArray(a *PropertyArray) {
	o := d.open(&a.Extra)
	for d.next(&o) {
		switch o.key {
		case "dimension":
			d.integer(&o, &a.Dimension)
		case "type":
			d.text(&o, &a.Type)
		case "indexes":
			listOrNull(d, &o, &a.Indexes, (*decoder).propertyElement)
		default:
			d.keep(&o)
		}
	}
}

func (d *decoder) propertyElement(e *PropertyElement) {
	o := d.open(&e.Extra)
	for d.next(&o) {
		switch o.key {
		case "text":
			d.text(&o, &e.Text)
		case "indexes":
			d.integers(&o, &e.Indexes)
		case "value":
			member(d, &o, &e.Value, (*decoder).property)
		default:
			d.keep(&o)
		}
	}
}

// integers reads a list of whole numbers; a list with anything else in it is rejected.
func (d *decoder) integers(o *object, to *[]int) {
	if d.isNull() {
		return
	}
	*to = nil
	if !d.isA(o, '[', "a list of whole numbers") {
		return
	}
	numbers := []int{}
	good := true
	d.enter()
	for first := true; d.more(first, ']'); first = false {
		n, ok := int64(0), false
		if isDigit(d.src[d.pos]) {
			n, ok = whole(d.plainNumber())
		} else {
			d.skip()
		}
		good = good && ok && isInt32(n)
		numbers = append(numbers, int(n))
	}
	switch {
	case d.err != nil:
	case good:
		*to = numbers
	default:
		d.rejectType(o, "a list of whole numbers")
	}
}

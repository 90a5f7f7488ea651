package report

func (e *encoder) step(s *Step) {
	e.open('{')
	e.integer(`"id":`, s.ID)
	e.letter(`"group":`, byte(s.Group))
	e.text(`"stepType":`, s.Type)
	if s.Loop != nil {
		e.key(`"loop":`)
		e.loop(s.Loop)
	}
	e.always(`"name":`, s.Name, s.Extra)
	e.letter(`"status":`, byte(s.Status))
	e.integer(`"errorCode":`, s.ErrorCode)
	e.text(`"errorCodeFormat":`, s.ErrorCodeFormat)
	e.text(`"errorMessage":`, s.ErrorMessage)
	e.text(`"start":`, s.Start.text)
	e.number(`"totTime":`, s.TotalTime)
	e.text(`"totTimeFormat":`, s.TotalTimeFormat)
	e.text(`"tsGuid":`, s.TSGuid)
	e.boolean(`"causedSeqFailure":`, s.CausedSequenceFailure)
	if e.server {
		e.boolean(`"causedUUTFailure":`, s.CausedUUTFailure)
	}
	e.integer(`"interactiveExeNum":`, s.InteractiveExeNum)
	e.text(`"reportText":`, s.ReportText)
	e.stepContent(s)
	e.end(s.Extra)
}

func (e *encoder) stepContent(s *Step) {
	encodePointers(e, `"steps":`, s.Steps, (*encoder).step)
	if s.Sequence != nil {
		e.key(`"seqCall":`)
		e.sequence(s.Sequence)
	}
	encodeList(e, `"numericMeas":`, s.Numeric, (*encoder).numericMeasurement)
	encodeList(e, `"stringMeas":`, s.Strings, (*encoder).stringMeasurement)
	encodeList(e, `"booleanMeas":`, s.Booleans, (*encoder).booleanMeasurement)
	if s.Chart != nil {
		e.key(`"chart":`)
		e.chart(s.Chart)
	}
	if s.Attachment != nil {
		e.key(`"attachment":`)
		e.attachment(s.Attachment)
	}
	if s.MessagePopup != nil {
		e.key(`"messagePopup":`)
		e.messagePopup(s.MessagePopup)
	}
	if s.CallExecutable != nil {
		e.key(`"callExe":`)
		e.callExecutable(s.CallExecutable)
	}
	encodeList(e, `"additionalResults":`, s.AdditionalResults, (*encoder).additionalData)
}

func (e *encoder) loop(l *Loop) {
	e.open('{')
	e.integer(`"idx":`, l.Index)
	e.integer(`"num":`, l.Count)
	e.integer(`"endingIndex":`, l.EndingIndex)
	e.integer(`"passed":`, l.Passed)
	e.integer(`"failed":`, l.Failed)
	e.end(l.Extra)
}

func (e *encoder) sequence(s *Sequence) {
	e.open('{')
	e.always(`"path":`, s.Path, s.Extra)
	e.always(`"name":`, s.Name, s.Extra)
	e.always(`"version":`, s.Version, s.Extra)
	e.end(s.Extra)
}

func (e *encoder) numericMeasurement(m *NumericMeasurement) {
	e.open('{')
	e.text(`"compOp":`, m.CompOp.String())
	e.text(`"name":`, m.Name)
	e.letter(`"status":`, byte(m.Status))
	e.text(`"unit":`, m.Unit)
	e.number(`"value":`, m.Value)
	e.text(`"valueFormat":`, m.ValueFormat)
	e.number(`"highLimit":`, m.High)
	e.text(`"highLimitFormat":`, m.HighFormat)
	e.number(`"lowLimit":`, m.Low)
	e.text(`"lowLimitFormat":`, m.LowFormat)
	e.end(m.Extra)
}

func (e *encoder) stringMeasurement(m *StringMeasurement) {
	e.open('{')
	e.text(`"compOp":`, m.CompOp.String())
	e.text(`"name":`, m.Name)
	e.letter(`"status":`, byte(m.Status))
	e.always(`"value":`, m.Value, m.Extra)
	e.text(`"limit":`, m.Limit)
	e.end(m.Extra)
}

func (e *encoder) booleanMeasurement(m *BooleanMeasurement) {
	e.open('{')
	e.text(`"name":`, m.Name)
	e.letter(`"status":`, byte(m.Status))
	e.end(m.Extra)
}

func (e *encoder) chart(c *Chart) {
	e.open('{')
	e.always(`"chartType":`, c.Type, c.Extra)
	e.always(`"label":`, c.Label, c.Extra)
	e.always(`"xLabel":`, c.XLabel, c.Extra)
	e.always(`"xUnit":`, c.XUnit, c.Extra)
	e.always(`"yLabel":`, c.YLabel, c.Extra)
	e.always(`"yUnit":`, c.YUnit, c.Extra)
	encodeList(e, `"series":`, c.Series, (*encoder).series)
	e.end(c.Extra)
}

func (e *encoder) series(s *Series) {
	e.open('{')
	e.text(`"dataType":`, s.DataType)
	e.always(`"name":`, s.Name, s.Extra)
	e.text(`"xdata":`, s.XData)
	e.text(`"ydata":`, s.YData)
	e.end(s.Extra)
}

func (e *encoder) messagePopup(m *MessagePopup) {
	e.open('{')
	e.text(`"response":`, m.Response)
	e.integer(`"button":`, m.Button)
	e.end(m.Extra)
}

func (e *encoder) callExecutable(c *CallExecutable) {
	e.open('{')
	e.number(`"exitCode":`, c.ExitCode)
	e.end(c.Extra)
}

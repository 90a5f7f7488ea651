package report

import "strconv"

// report writes the whole document. A repair has no root and no uut, a test no uur.
func (e *encoder) report(r *Report) {
	e.open('{')
	kind := "T"
	if r.IsRepair() {
		kind = "R"
	}
	if !hasMember(r.Extra, "type") {
		e.text(`"type":`, kind)
	}
	e.id(`"id":`, r.ID)
	e.always(`"pn":`, r.PartNumber, r.Extra)
	e.always(`"sn":`, r.SerialNumber, r.Extra)
	e.always(`"rev":`, r.Revision, r.Extra)
	if e.server {
		e.text(`"productName":`, r.ProductName)
	}
	e.process(&r.Process)
	e.letter(`"result":`, byte(r.Result))
	e.always(`"machineName":`, r.Station, r.Extra)
	e.always(`"location":`, r.Location, r.Extra)
	e.always(`"purpose":`, r.Purpose, r.Extra)
	if e.server {
		e.text(`"origin":`, r.Origin)
	}
	e.start(r.Start, r.Extra)
	e.kind(r)
	encodeList(e, `"miscInfos":`, r.MiscInfos, (*encoder).miscInfo)
	encodeList(e, `"subUnits":`, r.SubUnits, (*encoder).subUnit)
	encodeList(e, `"assets":`, r.Assets, (*encoder).asset)
	if e.server {
		encodeList(e, `"assetStats":`, r.AssetStats, (*encoder).assetStats)
	}
	encodeList(e, `"additionalData":`, r.AdditionalData, (*encoder).additionalData)
	encodeList(e, `"binaryData":`, r.BinaryData, (*encoder).attachment)
	e.end(r.Extra)
}

// kind writes what only a test or only a repair has.
func (e *encoder) kind(r *Report) {
	switch {
	case r.Repair != nil:
		if !hasMember(r.Extra, "uur") {
			e.key(`"uur":`)
			e.repair(r.Repair)
		}
	case r.Test != nil:
		if r.Test.Root != nil {
			e.key(`"root":`)
			e.step(r.Test.Root)
		}
		if !hasMember(r.Extra, "uut") {
			e.key(`"uut":`)
			e.test(r.Test)
		}
	}
}

func (e *encoder) process(p *Process) {
	e.integer(`"processCode":`, p.Code)
	e.text(`"processCodeFormat":`, p.CodeFormat)
	e.text(`"processName":`, p.Name)
}

func (e *encoder) test(t *Test) {
	e.open('{')
	e.number(`"execTime":`, t.ExecTime)
	e.integer(`"testSocketIndex":`, t.SocketIndex)
	e.text(`"testSocketIndexFormat":`, t.SocketIndexFormat)
	e.text(`"batchSN":`, t.BatchSerialNumber)
	e.text(`"comment":`, t.Comment)
	e.integer(`"errorCode":`, t.ErrorCode)
	e.text(`"errorCodeFormat":`, t.ErrorCodeFormat)
	e.text(`"errorMessage":`, t.ErrorMessage)
	e.text(`"fixtureId":`, t.FixtureID)
	e.always(`"user":`, t.Operator, t.Extra)
	e.integer(`"batchFailCount":`, t.BatchFailCount)
	e.text(`"batchFailCountFormat":`, t.BatchFailCountFormat)
	e.integer(`"batchLoopIndex":`, t.BatchLoopIndex)
	e.text(`"batchLoopIndexFormat":`, t.BatchLoopIndexFormat)
	if e.server {
		e.integer(`"stepIdCausedUUTFailure":`, t.CausedFailureStepID)
		encodeList(e, `"referencedByUURs":`, t.ReferencedBy, (*encoder).repairReference)
	}
	e.end(t.Extra)
}

func (e *encoder) repairReference(r *RepairReference) {
	e.open('{')
	e.text(`"id":`, r.ID)
	e.text(`"start":`, r.Start.text)
	e.end(r.Extra)
}

func (e *encoder) repair(r *Repair) {
	e.open('{')
	e.text(`"comment":`, r.Comment)
	e.always(`"user":`, r.Operator, r.Extra)
	e.process(&r.Process)
	e.id(`"refUUT":`, r.TestReport)
	e.text(`"confirmDate":`, r.ConfirmDate.text)
	e.text(`"finalizeDate":`, r.FinalizeDate.text)
	e.number(`"execTime":`, r.ExecTime)
	e.boolean(`"active":`, r.Active)
	e.id(`"parent":`, r.Parent)
	e.end(r.Extra)
}

func (e *encoder) miscInfo(m *MiscInfo) {
	e.open('{')
	e.text(`"id":`, m.ID)
	e.always(`"description":`, m.Description, m.Extra)
	e.text(`"text":`, m.Text)
	e.number(`"numeric":`, m.Numeric)
	e.text(`"numericFormat":`, m.NumericFormat)
	e.text(`"typedef":`, m.Typedef)
	e.end(m.Extra)
}

func (e *encoder) subUnit(u *SubUnit) {
	e.open('{')
	e.always(`"partType":`, u.PartType, u.Extra)
	e.always(`"pn":`, u.PartNumber, u.Extra)
	e.text(`"rev":`, u.Revision)
	e.always(`"sn":`, u.SerialNumber, u.Extra)
	e.integer(`"idx":`, u.Index)
	e.integer(`"parentIdx":`, u.ParentIndex)
	e.integer(`"position":`, u.Position)
	e.integer(`"replacedIdx":`, u.ReplacedIndex)
	encodeList(e, `"failures":`, u.Failures, (*encoder).failure)
	e.end(u.Extra)
}

func (e *encoder) failure(f *Failure) {
	e.open('{')
	e.text(`"artNumber":`, f.ArticleNumber)
	e.text(`"artRev":`, f.ArticleRevision)
	e.text(`"artVendor":`, f.ArticleVendor)
	e.text(`"artDescription":`, f.ArticleDescription)
	e.always(`"category":`, f.Category, f.Extra)
	e.always(`"code":`, f.Code, f.Extra)
	e.text(`"comment":`, f.Comment)
	e.text(`"comRef":`, f.ComponentRef)
	e.text(`"funcBlock":`, f.FunctionBlock)
	e.integer(`"refStepId":`, f.StepID)
	if e.server {
		e.text(`"refStepName":`, f.StepName)
	}
	e.end(f.Extra)
}

func (e *encoder) asset(a *Asset) {
	e.open('{')
	e.always(`"sn":`, a.SerialNumber, a.Extra)
	e.text(`"assetType":`, a.Type)
	e.text(`"partNumber":`, a.PartNumber)
	e.integer(`"usageCount":`, a.UsageCount)
	e.text(`"usageCountFormat":`, a.UsageCountFormat)
	e.text(`"calibrationDate":`, a.CalibrationDate.text)
	e.text(`"calibrationDue":`, a.CalibrationDue.text)
	e.end(a.Extra)
}

func (e *encoder) assetStats(a *AssetStats) {
	e.open('{')
	e.text(`"sn":`, a.SerialNumber)
	e.end(a.Extra)
}

func (e *encoder) attachment(a *Attachment) {
	e.open('{')
	e.always(`"name":`, a.Name, a.Extra)
	e.text(`"contentType":`, a.ContentType)
	e.base64(`"data":`, a.Data)
	e.text(`"description":`, a.Description)
	e.integer(`"failIdx":`, a.FailureIndex)
	e.end(a.Extra)
}

func (e *encoder) additionalData(a *AdditionalData) {
	e.open('{')
	e.always(`"name":`, a.Name, a.Extra)
	encodePointers(e, `"props":`, a.Props, (*encoder).property)
	e.end(a.Extra)
}

func (e *encoder) property(p *Property) {
	e.open('{')
	e.always(`"name":`, p.Name, p.Extra)
	e.always(`"type":`, p.Type, p.Extra)
	e.integer(`"flags":`, p.Flags)
	e.text(`"value":`, p.Value)
	e.text(`"comment":`, p.Comment)
	e.text(`"numFormat":`, p.NumFormat)
	encodePointers(e, `"props":`, p.Props, (*encoder).property)
	if p.Array != nil {
		e.key(`"array":`)
		e.propertyArray(p.Array)
	}
	e.end(p.Extra)
}

func (e *encoder) propertyArray(a *PropertyArray) {
	e.open('{')
	e.integer(`"dimension":`, a.Dimension)
	e.text(`"type":`, a.Type)
	encodePointers(e, `"indexes":`, a.Indexes, (*encoder).propertyElement)
	e.end(a.Extra)
}

func (e *encoder) propertyElement(p *PropertyElement) {
	e.open('{')
	e.always(`"text":`, p.Text, p.Extra)
	encodeList(e, `"indexes":`, p.Indexes, (*encoder).index)
	if p.Value != nil {
		e.key(`"value":`)
		e.property(p.Value)
	}
	e.end(p.Extra)
}

func (e *encoder) index(n *int) { e.buf = strconv.AppendInt(e.buf, int64(*n), 10) }

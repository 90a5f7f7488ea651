package report

// subUnits checks the parts of a unit: a flat list in a test, a tree by index in a repair.
func (v *validator) subUnits(r *Report) {
	indexes := make(map[int]int, len(r.SubUnits)) // how often each is given
	for i := range r.SubUnits {
		if idx := r.SubUnits[i].Index; idx.Present {
			indexes[idx.Value]++
		}
	}
	if r.IsRepair() {
		v.mainUnit(r, indexes)
	}
	for i := range r.SubUnits {
		u := &r.SubUnits[i]
		mark := v.intoElement("subUnits", i)
		v.subUnit(u, r.IsRepair())
		if r.IsRepair() {
			v.unitIndexes(u, indexes)
		}
		v.leave(mark)
	}
}

// mainUnit checks that a repair has the one entry for the unit itself.
func (v *validator) mainUnit(r *Report, indexes map[int]int) {
	switch {
	case len(r.SubUnits) == 0:
		v.missing("subUnits", Violation, r.Extra)
	case indexes[0] == 0:
		v.find("subUnits", Violation, "reference", "no sub-unit has idx 0, which is the repaired unit itself")
	}
}

func (v *validator) subUnit(u *SubUnit, repair bool) {
	v.text("partType", &u.PartType, maxPartType)
	v.identity("pn", &u.PartNumber, u.Extra)
	if repair { // parts of a repair may lack it
		v.optionalIdentity("sn", &u.SerialNumber)
	} else {
		v.identity("sn", &u.SerialNumber, u.Extra)
	}
	v.text("rev", &u.Revision, maxIdentity)
	v.integer("idx", u.Index)
	v.integer("parentIdx", u.ParentIndex)
	v.integer("position", u.Position)
	v.integer("replacedIdx", u.ReplacedIndex)
	for i := range u.Failures {
		mark := v.intoElement("failures", i)
		v.failure(&u.Failures[i])
		v.leave(mark)
	}
}

func (v *validator) unitIndexes(u *SubUnit, indexes map[int]int) {
	switch {
	case !u.Index.Present:
		v.missing("idx", Violation, u.Extra)
	case indexes[u.Index.Value] > 1:
		v.find("idx", Violation, "unique", "idx %d is given to %d sub-units", u.Index.Value, indexes[u.Index.Value])
	}
	v.unitReference("parentIdx", u.ParentIndex, indexes)
	v.unitReference("replacedIdx", u.ReplacedIndex, indexes)
}

func (v *validator) unitReference(member string, index Optional[int], indexes map[int]int) {
	if index.Present && indexes[index.Value] == 0 {
		v.find(member, Violation, "reference", "%s is %d, but no sub-unit has this idx", member, index.Value)
	}
}

func (v *validator) failure(f *Failure) {
	v.text("artNumber", &f.ArticleNumber, maxFailureDetail)
	v.text("artRev", &f.ArticleRevision, maxFailureDetail)
	v.text("artVendor", &f.ArticleVendor, maxArticleText)
	v.text("artDescription", &f.ArticleDescription, maxArticleText)
	v.required("category", &f.Category, maxFailureText, f.Extra)
	v.required("code", &f.Code, maxFailureText, f.Extra)
	v.prose("comment", &f.Comment, maxFailureText)
	v.text("comRef", &f.ComponentRef, maxComponentRef)
	v.text("funcBlock", &f.FunctionBlock, maxFailureDetail)
	v.integer("refStepId", f.StepID)
}

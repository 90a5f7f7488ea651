package convert

import "github.com/gowats/gowats/report"

// wsxfFailures are the failures of a report, which WSXF lists by themselves.
type wsxfFailures struct {
	list  []report.Failure
	index []report.Optional[int] // Idx of each, to which files point
	part  []report.Optional[int] // PartIdx of each: the Idx of its unit; without one it is the unit itself
}

// failure reads a Failures element, which is one failure.
func (r wsxfReader) failure(to *wsxfFailures) error {
	var f report.Failure
	var part, index report.Optional[int]
	for _, a := range r.attrs {
		switch a.name {
		case "PartIdx":
			part = r.integer(a.name, a.value)
		case "Category":
			f.Category = a.value
		case "Code":
			f.Code = a.value
		case "CompRef":
			f.ComponentRef = a.value
		case "FunctionBlock":
			f.FunctionBlock = a.value
		case "Comment":
			f.Comment = a.value
		case "StepID":
			f.StepID = r.integer(a.name, a.value)
		case "ArticleNumber":
			f.ArticleNumber = a.value
		case "ArticleRevision":
			f.ArticleRevision = a.value
		case "ArticleVendor":
			f.ArticleVendor = a.value
		case "ArticleDescription":
			f.ArticleDescription = a.value
		case "Idx":
			index = r.integer(a.name, a.value)
		default:
			f.Extra = extra(f.Extra, a)
		}
	}
	err := r.comment(&f.Comment)
	to.list, to.index, to.part = append(to.list, f), append(to.index, index), append(to.part, part)
	return err
}

// give puts the failures to their units, and returns how many name a unit that is not listed. Files of the report point to failures by
// their place in the order of the units then.
func (l *wsxfFailures) give(rep *report.Report) (lost int) {
	if len(l.list) == 0 {
		return 0
	}
	units := make(map[int]int, len(rep.SubUnits)) // by Idx, in SubUnits; the first one counts
	for i := range rep.SubUnits {
		if index := rep.SubUnits[i].Index.Or(-1); !known(units, index) {
			units[index] = i
		}
	}
	byUnit := make([][]int, len(rep.SubUnits))
	for i, part := range l.part {
		unit, found := units[part.Or(0)]
		if !found && !part.Present { // no unit has an index
			unit, found = 0, len(rep.SubUnits) > 0
		}
		if !found {
			lost++
			continue
		}
		byUnit[unit] = append(byUnit[unit], i)
	}
	moved, place := make(map[int]int, len(l.list)), 0 // by Idx, among the failures of all units
	for unit, failures := range byUnit {
		for _, i := range failures {
			rep.SubUnits[unit].Failures = append(rep.SubUnits[unit].Failures, l.list[i])
			moved[l.index[i].Or(i)] = place
			place++
		}
	}
	for i := range rep.BinaryData {
		file := &rep.BinaryData[i]
		if to, found := moved[file.FailureIndex.Value]; found && file.FailureIndex.Present {
			file.FailureIndex = report.Some(to)
		}
	}
	return lost
}

func known(m map[int]int, key int) bool {
	_, is := m[key]
	return is
}

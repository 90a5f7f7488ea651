package report

import (
	"slices"
	"time"
)

// UUR builds a repair report. Make one with [NewUURFromUUT] or [NewUUR], tell what was wrong with [UUR.Main] or another unit, and
// end with [UUR.Report]. Calls are checked as those of a [UUT] are.
type UUR struct {
	Head
	test  *Report // the failed test; nil when not known
	files []failureFile
}

// failureFile says which failure a file belongs to. The index among all failures is known only at the end.
type failureFile struct{ file, unit, failure int }

// WithFailCodes gives the codes of each category that the repair operation knows; a failure with another one is refused.
// Without it any category and code is taken, and the server decides.
func WithFailCodes(codes map[string][]string) Option { return func(h *Head) { h.failCodes = codes } }

// NewUUR starts a report of a repair of the unit with these numbers: in a repair operation, such as 500, after it failed in a test
// operation, such as 31. The two differ.
func NewUUR(partNumber, serialNumber string, repairCode, testCode int, options ...Option) *UUR {
	u := &UUR{Head: newHead(partNumber, serialNumber, repairCode)}
	u.r.Repair = &Repair{Process: Process{Code: Some(testCode)}}
	u.start(options)
	return u
}

// NewUURFromUUT starts a report of the repair of the unit that failed in test. It refers to that report and has its part number, serial
// number, revision and sub-units: those get the indexes 1, 2, … in their order, with the unit itself, index 0, as parent.
func NewUURFromUUT(test *Report, repairCode int, options ...Option) *UUR {
	known := test != nil && test.Test != nil
	if !known {
		test = new(Report)
	}
	u := &UUR{Head: newHead(test.PartNumber, test.SerialNumber, repairCode), test: test}
	u.r.Revision = test.Revision
	u.r.Repair = &Repair{Process: test.Process, TestReport: test.ID}
	if !known {
		u.check(func(v *validator) { v.find("uur.refUUT", Violation, "reference", "the report given is no test report") })
	}
	u.start(options)
	for i := range test.SubUnits {
		part := &test.SubUnits[i]
		u.SubUnit(SubUnit{
			PartType: part.PartType, SerialNumber: part.SerialNumber, PartNumber: part.PartNumber, Revision: part.Revision,
			Position: part.Position,
		})
	}
	return u
}

// start sets what is known and adds the entry of the unit itself.
func (u *UUR) start(options []Option) {
	u.set(options)
	u.check(func(v *validator) {
		v.subject(u.r)
		v.occasion(u.r)
		v.repair(u.r)
	})
	u.r.SubUnits = []SubUnit{{
		PartType: "Main", SerialNumber: u.r.SerialNumber, PartNumber: u.r.PartNumber, Revision: u.r.Revision, Index: Some(0),
	}}
}

// RefersTo sets which test report told of the failure.
func (u *UUR) RefersTo(test ID) { u.r.Repair.TestReport = test }

// TestProcessName sets the name of the test operation.
func (u *UUR) TestProcessName(name string) {
	u.r.Repair.Process.Name = name
	u.check(u.checkKind)
}

// Confirmed sets when the failure was confirmed.
func (u *UUR) Confirmed(at time.Time) { u.r.Repair.ConfirmDate = At(at) }

// Finalized sets when the repair was finished.
func (u *UUR) Finalized(at time.Time) { u.r.Repair.FinalizeDate = At(at) }

// UnitBuilder is the repaired unit or a part of it.
type UnitBuilder struct {
	u     *UUR
	index int
}

// Main returns the unit itself.
func (u *UUR) Main() UnitBuilder { return UnitBuilder{u, 0} }

// Unit returns the unit or part with this index: 0 for the unit itself.
func (u *UUR) Unit(index int) UnitBuilder {
	if index < 0 || index >= len(u.r.SubUnits) {
		u.check(func(v *validator) {
			v.find("subUnits", Violation, "reference", "there is no sub-unit %d; the last is %d", index, len(u.r.SubUnits)-1)
		})
		index = 0
	}
	return UnitBuilder{u, index}
}

// SubUnit adds a part and gives it the next index, which stands in what Index returns. It belongs to the unit itself unless ParentIndex
// names another part. A blank PartType becomes Unknown, and the serial number may be blank.
func (u *UUR) SubUnit(part SubUnit) UnitBuilder {
	i := len(u.r.SubUnits)
	part.Index = Some(i)
	part.ParentIndex = Some(part.ParentIndex.Or(0))
	u.check(func(v *validator) {
		u.addSubUnit(v, part)
		mark := v.intoElement("subUnits", i)
		v.unitIndexes(&u.r.SubUnits[i], u.indexes())
		v.leave(mark)
	})
	return UnitBuilder{u, i}
}

// indexes returns how often each index is given.
func (u *UUR) indexes() map[int]int {
	indexes := make(map[int]int, len(u.r.SubUnits))
	for i := range u.r.SubUnits {
		indexes[i]++
	}
	return indexes
}

// Index returns the index of the unit in the report: 0 for the unit itself.
func (b UnitBuilder) Index() int { return b.index }

// ReplaceWith adds the part that took the place of this one. Part type, part number, revision, parent and position are those of
// this part where part leaves them blank.
func (b UnitBuilder) ReplaceWith(part SubUnit) UnitBuilder {
	old := &b.u.r.SubUnits[b.index]
	for _, text := range []struct{ to, from *string }{
		{&part.PartType, &old.PartType}, {&part.PartNumber, &old.PartNumber}, {&part.Revision, &old.Revision},
	} {
		if *text.to == "" {
			*text.to = *text.from
		}
	}
	if !part.ParentIndex.Present {
		part.ParentIndex = old.ParentIndex
	}
	if !part.Position.Present {
		part.Position = old.Position
	}
	part.ReplacedIndex = Some(b.index)
	return b.u.SubUnit(part)
}

// FailureBuilder is a failure that was found.
type FailureBuilder struct {
	unit    UnitBuilder
	failure int
}

// Fail adds what was wrong with the unit. StepID, when present, is the ID of the step of the test report that showed it.
func (b UnitBuilder) Fail(f Failure) FailureBuilder {
	unit := &b.u.r.SubUnits[b.index]
	unit.Failures = append(unit.Failures, f)
	i := len(unit.Failures) - 1
	b.u.check(func(v *validator) {
		mark := v.intoElement("subUnits", b.index)
		inner := v.intoElement("failures", i)
		v.failure(&unit.Failures[i])
		b.u.known(v, &unit.Failures[i])
		v.leave(inner)
		v.leave(mark)
	})
	return FailureBuilder{b, i}
}

// known holds a failure against the fail codes and the test report, where these are known.
func (u *UUR) known(v *validator, f *Failure) {
	if u.failCodes != nil {
		codes, ok := u.failCodes[f.Category]
		switch {
		case !ok:
			v.find("category", Violation, "reference", "category is %q, which the repair operation does not know", f.Category)
		case !slices.Contains(codes, f.Code):
			v.find("code", Violation, "reference", "code is %q, which category %q does not know", f.Code, f.Category)
		}
	}
	if f.StepID.Present && u.test != nil && !u.test.hasStep(f.StepID.Value) {
		v.find("refStepId", Violation, "reference", "refStepId is %d, but no step of the test report has this id", f.StepID.Value)
	}
}

func (r *Report) hasStep(id int) bool {
	if r.Test == nil {
		return false
	}
	for _, s := range r.Test.Root.Walk() {
		if s.ID == Some(id) {
			return true
		}
	}
	return false
}

// Attach adds a file that shows the failure.
func (f FailureBuilder) Attach(file Attachment) FailureBuilder {
	u := f.unit.u
	u.files = append(u.files, failureFile{len(u.r.BinaryData), f.unit.index, f.failure})
	u.Attach(file)
	return f
}

// Attach adds a file to the whole report. Data is not copied. It may have 10 MiB unless [WithMaxAttachment] says otherwise.
func (u *UUR) Attach(file Attachment) {
	file.FailureIndex = Optional[int]{}
	u.r.BinaryData = append(u.r.BinaryData, file)
	i := len(u.r.BinaryData) - 1
	u.check(func(v *validator) {
		mark := v.intoElement("binaryData", i)
		u.attachment(v, &u.r.BinaryData[i])
		v.leave(mark)
	})
}

// Report ends building and checks the whole; the result is Passed unless it was given. The report belongs to the caller.
//
// The error is an [*InvalidError] with every violation; the report is nil then. The builder must not be used afterwards but for
// its Findings.
func (u *UUR) Report() (*Report, error) {
	first := make([]int, len(u.r.SubUnits)) // number of the first failure of each unit
	for i := 1; i < len(first); i++ {
		first[i] = first[i-1] + len(u.r.SubUnits[i-1].Failures)
	}
	for _, f := range u.files {
		u.r.BinaryData[f.file].FailureIndex = Some(first[f.unit] + f.failure)
	}
	return u.finish(u.r.judge(u.mode, nil))
}

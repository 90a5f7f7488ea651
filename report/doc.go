// Package report holds the report model: what was measured on which unit, the limits, and the verdict.
//
// A [Report] is one test of a unit (UUT, its Test is set) or one repair of a unit (UUR, its Repair is set).
// WSJF, the WATS standard JSON format, is its JSON form: [DecodeWSJF] reads it, [Report.AppendWSJF] writes it.
//
// [NewUUT], [NewUUR] and [NewUURFromUUT] build reports and check every call. [Report.Judge] finds the statuses that a report lacks,
// [Report.Mend] makes one that came from elsewhere fit to be sent.
//
// Reading never loses: a member this package does not know, or whose value has another type than
// the format states, is kept in the Extra list of the object it stood in and written back. What was odd about a
// document is told by [Findings]; what a server would refuse is told by [Report.Validate].
//
// An empty text, null and a missing member mean the same. Absent numbers, integers and booleans are distinct from zero:
// see [Number] and [Optional].
//
// Values of this package are plain data: safe to read from several goroutines, not to change meanwhile.
package report

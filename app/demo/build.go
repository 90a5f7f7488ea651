package demo

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// builder turns runs into reports.
type builder struct {
	seed uint64
	now  time.Time
}

// each yields the checks of s in order.
func (s *stage) each() iter.Seq[*check] {
	return func(yield func(*check) bool) {
		for g := range s.groups {
			for c := range s.groups[g].checks {
				if !yield(&s.groups[g].checks[c]) {
					return
				}
			}
		}
	}
}

// duration is about how long a test of the stage takes.
func (s *stage) duration() time.Duration {
	var seconds float64
	for c := range s.each() {
		seconds += c.seconds
	}
	return time.Duration(seconds * float64(time.Second))
}

func (b *builder) build(r *run) *report.Report {
	head := &report.Report{
		ID:           b.id(r),
		PartNumber:   r.unit.product.partNumber,
		SerialNumber: r.unit.serial,
		Revision:     r.unit.product.revision,
		Process:      r.stage.process,
		Result:       r.result,
		Station:      r.bench.station,
		Location:     factorySite,
		Purpose:      factoryUse,
		Start:        r.start,
	}
	if r.repairs != nil {
		b.addRepair(head, r)
		return head
	}
	b.addTest(head, r)
	return head
}

// name is what makes a run different from all others.
func (b *builder) name(r *run) string {
	kind := "test"
	if r.repairs != nil {
		kind = "repair"
	}
	return fmt.Sprintf("gowats demo %d %d %s %s %d %s %d", b.seed, b.now.UnixNano(), r.unit.product.partNumber, r.unit.serial,
		r.stage.process.Code.Value, kind, r.attempt)
}

func (b *builder) id(r *run) report.ID { return report.DeriveID([]byte(b.name(r))) }

func (b *builder) addTest(head *report.Report, r *run) {
	t := &tester{run: r, rng: source(b.seed, b.name(r))}
	head.Test = &report.Test{
		Operator:          operator(r.start, r.bench.station),
		FixtureID:         r.bench.fixture,
		BatchSerialNumber: r.unit.product.partNumber + "-" + r.start.Format("060102"),
		Root:              t.root(),
		ExecTime:          report.Num(trim(t.seconds)),
	}
	if r.stage.sockets > 0 {
		head.Test.SocketIndex = report.Some(t.rng.IntN(r.stage.sockets))
	}
	switch r.result {
	case report.Error:
		head.Test.ErrorCode, head.Test.ErrorMessage = report.Some(instrumentTimeout), timeoutText
	case report.Terminated:
		head.Test.Comment = "Stopped by the operator."
	}
	head.MiscInfos = []report.MiscInfo{{Description: "Work order", Text: fmt.Sprintf("WO-%d", 41000+r.start.YearDay()/7)}}
	head.Assets = []report.Asset{{SerialNumber: "DMM-" + r.bench.station, Type: "Multimeter", UsageCount: report.Some(1)}}
	if board := r.unit.board; board != nil {
		head.SubUnits = []report.SubUnit{{PartType: "Main board", SerialNumber: board.serial, PartNumber: board.product.partNumber, Revision: board.product.revision}}
	}
}

// addRepair makes head the repair of the test that r repairs.
func (b *builder) addRepair(head *report.Report, r *run) {
	failed := b.build(r.repairs)
	rng := source(b.seed, b.name(r))
	seconds := 300 + rng.IntN(1500)
	head.Process = process(500, "Repair")
	head.Station = "REPAIR-01"
	head.Repair = &report.Repair{
		Operator:     [...]string{"m.lunde", "k.berg"}[rng.IntN(2)],
		ExecTime:     report.Num(float64(seconds)),
		Process:      r.stage.process,
		TestReport:   failed.ID,
		ConfirmDate:  report.At(r.start),
		FinalizeDate: report.At(r.start.Add(time.Duration(seconds) * time.Second)),
		Active:       report.Some(true),
	}
	code := [...]string{"Defective Component", "Defective Component", "Solder Defect", "Solder Defect", "Wrong Component", "Missing Component", "Burned Component"}[rng.IntN(7)]
	if r.cause.drift > 0 {
		code = "Wrong Component" // a reel of capacitors that is not what its label says
	}
	fault := report.Failure{Category: "Component", Code: code, ComponentRef: r.cause.component, FunctionBlock: blockOf(r.stage, r.cause)}
	fault.StepID = causeID(failed.Test.Root)
	head.SubUnits = []report.SubUnit{{
		PartType: "Main", SerialNumber: head.SerialNumber, PartNumber: head.PartNumber, Revision: head.Revision,
		Index: report.Some(0), Failures: []report.Failure{fault},
	}}
}

// causeID returns the ID of the deepest step that is marked as the cause of its sequence's failure.
func causeID(s *report.Step) report.Optional[int] {
	for _, child := range s.Steps {
		if child.CausedSequenceFailure.Or(false) {
			if deeper := causeID(child); deeper.Present {
				return deeper
			}
			return child.ID
		}
	}
	return report.Optional[int]{}
}

// blockOf returns the name of the group that c stands in.
func blockOf(s *stage, c *check) string {
	for g := range s.groups {
		for i := range s.groups[g].checks {
			if &s.groups[g].checks[i] == c {
				return s.groups[g].name
			}
		}
	}
	return ""
}

// operator returns who works at that station in the shift of that time.
func operator(t time.Time, station string) string {
	early := map[string]string{"ICT-01": "a.hansen", "ICT-02": "a.hansen", "PCBA-01": "s.olsen", "PCBA-02": "s.olsen", "FINAL-01": "e.dahl", "FINAL-02": "e.dahl"}
	late := map[string]string{"ICT-01": "j.nilsen", "ICT-02": "j.nilsen", "PCBA-01": "t.haugen", "PCBA-02": "t.haugen", "FINAL-01": "l.moen", "FINAL-02": "l.moen"}
	names, other := early, "p.strand"
	if t.Hour() >= 14 {
		names, other = late, "r.vik"
	}
	if name, known := names[station]; known {
		return name
	}
	return other
}

// trim rounds to five significant digits, as an instrument shows them.
func trim(v float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64)
	if err != nil {
		return v
	}
	return rounded
}

const (
	instrumentTimeout = -1073807339 // VI_ERROR_TMO of the VISA library (VPP-4.3.2)
	timeoutText       = "Instrument did not answer within 5 s."
)

// tester runs one test and makes its steps.
type tester struct {
	run     *run
	rng     *rand.Rand
	lastID  int
	seconds float64 // used so far
	stopped bool    // what comes now is skipped
}

func (t *tester) step(g report.Group, stepType, name string) *report.Step {
	t.lastID++
	return &report.Step{ID: report.Some(t.lastID), Group: g, Type: stepType, Name: name, Status: report.Passed}
}

// now is the time at which the tester has got so far.
func (t *tester) now() report.Time {
	return report.At(t.run.start.Add(time.Duration(t.seconds * float64(time.Second))).Truncate(time.Millisecond))
}

func (t *tester) root() *report.Step {
	s := t.run.stage
	root := t.step(report.Main, "SequenceCall", mainSequence)
	root.Start = t.now()
	root.Sequence = &report.Sequence{Path: `C:\Tests\` + s.sequence + ".seq", Name: "MainSequence", Version: s.version}
	for i := range s.groups {
		child := t.group(&s.groups[i])
		root.Steps = append(root.Steps, child)
		root.Status = worse(root.Status, child.Status)
	}
	root.TotalTime = report.Num(trim(t.seconds))
	return root
}

// group makes the sequence call of g. Cleanup runs even after a stop.
func (t *tester) group(g *group) *report.Step {
	skipped := t.stopped && g.part != report.Cleanup
	call := t.step(g.part, "SequenceCall", g.name)
	if skipped {
		call.Status = report.Skipped
		return call
	}
	began := t.seconds
	call.Start = t.now()
	call.Sequence = &report.Sequence{Path: `C:\Tests\` + t.run.stage.sequence + ".seq", Name: g.name, Version: t.run.stage.version}
	for i := range g.checks {
		child := t.check(&g.checks[i], g.part == report.Cleanup)
		call.Steps = append(call.Steps, child)
		call.Status = worse(call.Status, child.Status)
		if child.CausedSequenceFailure.Or(false) {
			call.CausedSequenceFailure = report.Some(true)
		}
	}
	call.TotalTime = report.Num(trim(t.seconds - began))
	return call
}

// worse returns what a sequence's status becomes with a child of that status: Failed, Error and Terminated move up.
func worse(sequence, child report.Status) report.Status {
	switch child {
	case report.Failed, report.Error, report.Terminated:
		return child // a test has but one cause
	}
	return sequence
}

func (t *tester) check(c *check, always bool) *report.Step {
	s := t.step(report.Main, stepType(c.kind), c.name)
	if t.stopped && !always {
		s.Status = report.Skipped
		return s
	}
	s.Start = t.now()
	used := c.seconds * (0.9 + 0.25*t.rng.Float64())
	t.seconds += used
	s.TotalTime = report.Num(trim(used))
	if c == t.run.cause {
		s.Status = t.run.result
		s.CausedSequenceFailure = report.Some(true)
		t.stopped = t.run.result != report.Failed || t.run.stage.stopOnFail
	}
	switch s.Status {
	case report.Error:
		s.ErrorCode, s.ErrorMessage = report.Some(instrumentTimeout), timeoutText
	case report.Terminated:
	default:
		t.measure(s, c)
	}
	return s
}

func stepType(k report.Kind) string {
	switch k {
	case report.KindNumeric:
		return "ET_NLT"
	case report.KindMultiNumeric:
		return "ET_MNLT"
	case report.KindString:
		return "ET_SVT"
	case report.KindPassFail:
		return "ET_PFT"
	case report.KindChart:
		return "WATS_XYGMNLT"
	}
	return "ET_A"
}

// measure gives s the measurements of c, in line with the status that s has.
func (t *tester) measure(s *report.Step, c *check) {
	switch c.kind {
	case report.KindNumeric:
		s.Numeric = []report.NumericMeasurement{numeric("", c, t.value(c, s.Status), s.Status)}
	case report.KindMultiNumeric:
		s.Numeric = t.rails(s.Status)
	case report.KindChart:
		t.curve(s, c)
	case report.KindPassFail:
		s.Booleans = []report.BooleanMeasurement{{Status: s.Status}}
	case report.KindString:
		s.Strings = []report.StringMeasurement{t.text(c, s.Status)}
	default:
		s.Status = report.Done
	}
}

func (t *tester) text(c *check, status report.Status) report.StringMeasurement {
	m := report.StringMeasurement{Value: c.text, CompOp: report.CASESENSIT, Limit: c.text, Status: status}
	if c.text == "" {
		m.Value, m.Limit = t.run.unit.serial, t.run.unit.serial
	}
	if status == report.Failed {
		m.Value = "no answer"
	}
	return m
}

// value draws a value that is inside the limits of c, or outside them when the step failed.
func (t *tester) value(c *check, status report.Status) float64 {
	if status == report.Failed {
		return trim(t.outside(c))
	}
	mean := c.mean + c.drift*t.run.drifted
	for range 50 {
		if v := trim(mean + c.spread*t.rng.NormFloat64()); !(v < c.low) && !(v > c.high) {
			return v
		}
	}
	return c.mean
}

func (t *tester) outside(c *check) float64 {
	by := c.spread * (0.5 + 3*t.rng.Float64())
	if c.drift > 0 {
		by = c.spread * (0.05 + t.rng.Float64()) // it has only just gone over
	}
	if math.IsNaN(c.high) || (!math.IsNaN(c.low) && t.rng.IntN(2) == 0) {
		return c.low - by
	}
	return c.high + by
}

func (t *tester) rails(status report.Status) []report.NumericMeasurement {
	volts := railVolts()
	bad := t.rng.IntN(len(volts))
	var out []report.NumericMeasurement
	for i, v := range volts {
		one := between("", "V", trim(v*0.97), trim(v*1.03), 0, "")
		verdict := report.Passed
		if i == bad {
			verdict = status
		}
		out = append(out, numeric(fmt.Sprintf("%g V", v), &one, t.value(&one, verdict), verdict))
	}
	return out
}

// numeric is one measurement with the operator that its limits mean. A limit that stands alone goes into Low.
func numeric(name string, c *check, v float64, status report.Status) report.NumericMeasurement {
	m := report.NumericMeasurement{Name: name, Unit: c.unit, Value: report.Num(v), Status: status}
	switch hasLow, hasHigh := !math.IsNaN(c.low), !math.IsNaN(c.high); {
	case hasLow && hasHigh:
		m.CompOp, m.Low, m.High = report.GELE, report.Num(c.low), report.Num(c.high)
	case hasLow:
		m.CompOp, m.Low = report.GE, report.Num(c.low)
	case hasHigh:
		m.CompOp, m.Low = report.LE, report.Num(c.high)
	default:
		m.CompOp = report.LOG
	}
	return m
}

// curve gives s a chart that rises from its lowest to its highest point, and the limits of the two.
func (t *tester) curve(s *report.Step, c *check) {
	const points = 40
	span := c.high - c.low
	lowest := c.low + span*(0.05+0.1*t.rng.Float64())
	highest := c.high - span*(0.05+0.1*t.rng.Float64())
	if s.Status == report.Failed {
		highest = c.high + span*(0.02+0.1*t.rng.Float64())
	}
	lowest, highest = trim(lowest), trim(highest)
	var xs, ys strings.Builder
	for i := range points {
		x := float64(i) / (points - 1)
		if i > 0 {
			xs.WriteByte(';')
			ys.WriteByte(';')
		}
		xs.WriteString(strconv.FormatFloat(trim(100*x), 'g', -1, 64))
		ys.WriteString(strconv.FormatFloat(trim(lowest+(highest-lowest)*rise(x)), 'g', -1, 64))
	}
	s.Chart = &report.Chart{
		Type: "Line", Label: c.name, XLabel: c.x, XUnit: c.xUnit, YLabel: c.name, YUnit: c.unit,
		Series: []report.Series{{Name: "Measured", DataType: "XYG", XData: xs.String(), YData: ys.String()}},
	}
	s.Numeric = []report.NumericMeasurement{numeric("Lowest", c, lowest, report.Passed), numeric("Highest", c, highest, s.Status)}
}

// rise goes from 0 at 0 to 1 at 1, steeply at first.
func rise(x float64) float64 { return (1 - math.Exp(-4*x)) / (1 - math.Exp(-4)) }

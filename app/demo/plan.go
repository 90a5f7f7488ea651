package demo

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gowats/gowats/report"
)

// A unit is one thing with a serial number, on its way through the factory.
type unit struct {
	product *product
	serial  string
	board   *unit // the board inside it; nil when none
}

// A run is one report to be: a test, or a repair.
type run struct {
	unit    *unit
	stage   *stage
	bench   bench
	start   time.Time
	attempt int           // from 1, within the stage
	result  report.Status // Passed, Failed, Error or Terminated
	cause   *check        // the step that decided a result other than Passed
	drifted float64       // 0–1: how far the drift has got

	repairs *run // the failed test; nil when this is a test
}

// finished is when a board was ready to be built into something.
type finished struct {
	unit *unit
	at   time.Time
}

// plan collects the runs of one factory.
type plan struct {
	now    time.Time
	rng    *rand.Rand
	runs   []*run
	boards map[string][]finished // by part number, in the order of their making
}

// planProduction returns every run that started in the four weeks before now, by start.
func planProduction(seed uint64, now time.Time) []*run {
	zone := time.FixedZone("", zoneOffset)
	local := now.In(zone)
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, zone)
	p := &plan{now: now, boards: map[string][]finished{}}
	for _, product := range products() {
		p.rng = source(seed, product.partNumber)
		number := 0
		for day := days - 1; day >= 0; day-- {
			number = p.startDay(product, today.AddDate(0, 0, -day), number)
		}
		slices.SortStableFunc(p.boards[product.partNumber], func(a, b finished) int { return a.at.Compare(b.at) })
	}
	slices.SortStableFunc(p.runs, func(a, b *run) int {
		return cmp.Or(a.start.Compare(b.start), cmp.Compare(a.unit.serial, b.unit.serial))
	})
	return p.runs
}

// startDay makes the units of one day and returns the number of the last one.
func (p *plan) startDay(product *product, day time.Time, number int) int {
	open, shut := shifts(day)
	count := product.perDay - 3 + p.rng.IntN(7)
	if isWeekend(day) {
		count /= 6
	}
	step := shut.Sub(open) / time.Duration(count+1)
	for i := range count {
		number++
		u := &unit{product: product, serial: serialNumber(product, number)}
		at := open.Add(time.Duration(i)*step + time.Duration(p.rng.Float64()*float64(step)))
		if product.boardFrom != "" && !p.takeBoard(u, at) {
			continue
		}
		p.make(u, at)
	}
	return number
}

// takeBoard gives u the oldest board that is ready at that time, and reports whether there was one.
func (p *plan) takeBoard(u *unit, at time.Time) bool {
	ready := p.boards[u.product.boardFrom]
	if len(ready) == 0 || ready[0].at.After(at) {
		return false
	}
	u.board = ready[0].unit
	p.boards[u.product.boardFrom] = ready[1:]
	return true
}

// make sends u through its stages until it is done or scrapped.
func (p *plan) make(u *unit, at time.Time) {
	for i := range u.product.stages {
		passed, end := p.pass(u, &u.product.stages[i], at)
		if !passed {
			return
		}
		at = p.working(end.Add(time.Duration(20+p.rng.IntN(160)) * time.Minute))
	}
	p.boards[u.product.partNumber] = append(p.boards[u.product.partNumber], finished{u, at})
}

// pass tests u in one stage, with retests and a repair where needed. It reports whether u passed in the end, and when.
func (p *plan) pass(u *unit, s *stage, at time.Time) (bool, time.Time) {
	const attempts = 4
	broken := p.fault(s, at) // what is wrong with the unit itself
	for attempt := 1; attempt <= attempts; attempt++ {
		r := &run{unit: u, stage: s, bench: s.benches[p.rng.IntN(len(s.benches))], start: at, attempt: attempt, drifted: p.drifted(at)}
		p.judge(r, broken)
		p.add(r)
		end := at.Add(s.duration())
		if r.result == report.Passed {
			return true, end
		}
		at = p.working(end.Add(time.Duration(2+p.rng.IntN(9)) * time.Minute))
		if r.result == report.Failed && broken != nil && attempt >= 2 {
			if p.rng.Float64() < 0.12 {
				return false, end // scrapped
			}
			at = p.working(at.Add(time.Duration(40+p.rng.IntN(300)) * time.Minute))
			p.add(&run{unit: u, stage: s, start: at, attempt: attempt, result: report.Passed, cause: broken, repairs: r})
			at = p.working(at.Add(time.Duration(30+p.rng.IntN(60)) * time.Minute))
			broken = nil
		}
	}
	return false, at
}

// judge sets the result of r for a unit with that fault, nil when it has none.
func (p *plan) judge(r *run, broken *check) {
	switch chance := p.rng.Float64(); {
	case chance < 0.002:
		r.result, r.cause = report.Terminated, p.anyCheck(r.stage)
	case chance < 0.006:
		r.result, r.cause = report.Error, p.anyCheck(r.stage)
	case broken != nil:
		r.result, r.cause = report.Failed, broken
	case p.rng.Float64() < r.bench.faulty:
		r.result, r.cause = report.Failed, p.anyCheck(r.stage)
	default:
		r.result = report.Passed
	}
}

// fault returns what is wrong with a new unit in stage s, nil mostly.
func (p *plan) fault(s *stage, at time.Time) *check {
	for c := range s.each() {
		if c.drift > 0 && c.mean+c.drift*p.drifted(at)+c.spread*p.rng.NormFloat64() > c.high {
			return c
		}
	}
	if p.rng.Float64() < s.failRate {
		return p.anyCheck(s)
	}
	return nil
}

// anyCheck returns a check by the share it has in the failures.
func (p *plan) anyCheck(s *stage) *check {
	total := 0
	for c := range s.each() {
		total += c.weight
	}
	left := p.rng.IntN(total)
	for c := range s.each() {
		if left -= c.weight; left < 0 {
			return c
		}
	}
	return nil // not reached: the weights sum up to total
}

func (p *plan) add(r *run) {
	if !r.start.After(p.now) {
		p.runs = append(p.runs, r)
	}
}

// drifted returns how far the drift has got at that time: 0 until the last week, 1 at the end.
func (p *plan) drifted(at time.Time) float64 {
	return max(0, 1-float64(p.now.Sub(at))/float64(driftDuration))
}

// working returns t when somebody works then, else a time soon after the next shift has begun.
func (p *plan) working(t time.Time) time.Time {
	open, shut := shifts(t)
	switch {
	case t.Before(open):
		t = open
	case t.After(shut):
		t, _ = shifts(t.AddDate(0, 0, 1))
	default:
		return t.Truncate(time.Millisecond)
	}
	return t.Add(time.Duration(p.rng.Int64N(int64(90 * time.Minute)))).Truncate(time.Millisecond)
}

// shifts returns when work begins and ends on the day of t: two shifts, at the weekend one.
func shifts(t time.Time) (open, shut time.Time) {
	at := func(hour int) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), hour, 0, 0, 0, t.Location())
	}
	if isWeekend(t) {
		return at(6), at(14)
	}
	return at(6), at(22)
}

func isWeekend(t time.Time) bool {
	return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday
}

func serialNumber(p *product, number int) string {
	return fmt.Sprintf("%s%06d", p.serialPrefix, 26000+number)
}

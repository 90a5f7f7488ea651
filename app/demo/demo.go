// Package demo makes up a small, believable factory: the reports of four weeks, with the troubles a real line has.
//
// Three products go through two test operations each. Most units pass; some fail on a bad contact and pass when tested again, some are
// repaired, few are scrapped. Two troubles are there to be found: the output ripple of the power supply drifts over its limit in the
// last week, and fixture [BadFixture] fails far more often than its neighbours.
package demo

import (
	"iter"
	"math/rand/v2"
	"time"

	"github.com/gowats/gowats/report"
)

// The troubles that the data tell of.
const (
	BadFixture    = "FIX-ICT-3"             // makes good PCBA-1042 boards fail in circuit test
	DriftingStep  = "Output ripple 48 V"    // of PSU-2200 in the final function test
	driftDuration = 7 * 24 * time.Hour      // before the end
	days          = 28                      // of production, the last one not yet over
	zoneOffset    = int(time.Hour / 1e9)    // seconds east of Greenwich; no summer time
	factorySite   = "Oslo"                  // location of every report
	factoryUse    = "Production"            // purpose of every report
	mainSequence  = "MainSequence Callback" // name of every root step
)

// Reports yields the tests and repairs of the four weeks before now, by start: about 3,600 reports of 20 to 40 steps.
//
// The same seed and now give the same reports, IDs included. Sub-units, repaired reports and earlier runs come before what refers to them.
// Starts carry the factory's offset, one hour east of Greenwich. Each report is built when it is asked for and belongs to the caller.
func Reports(seed uint64, now time.Time) iter.Seq[*report.Report] {
	return func(yield func(*report.Report) bool) {
		b := builder{seed: seed, now: now}
		for _, run := range planProduction(seed, now) {
			if !yield(b.build(run)) {
				return
			}
		}
	}
}

// InCircuit returns the nth of a row of passed in-circuit tests of 31 steps, for load: each of another unit, one second after the one before, with a
// random ID. Its WSJF form has about 7 kB.
func InCircuit(n int, first time.Time) *report.Report {
	p := products()[0]
	r := &run{
		unit:   &unit{product: p, serial: serialNumber(p, n)},
		stage:  &p.stages[0],
		start:  first.Add(time.Duration(n) * time.Second),
		result: report.Passed,
	}
	r.bench = r.stage.benches[n%len(r.stage.benches)]
	b := builder{seed: uint64(n), now: first}
	made := b.build(r)
	made.ID = report.NewID()
	return made
}

// source returns the random numbers that belong to one name: not to the order in which things are made.
func source(seed uint64, name string) *rand.Rand {
	id := report.DeriveID([]byte(name))
	var low uint64
	for _, c := range id[8:] {
		low = low<<8 | uint64(c)
	}
	return rand.New(rand.NewPCG(seed, low))
}

package demo

import (
	"math"

	"github.com/gowats/gowats/report"
)

// A product is made in stages. It may hold a unit of another product.
type product struct {
	partNumber, revision string
	serialPrefix         string
	perDay               int // units started on a working day
	boardFrom            string
	stages               []stage
}

// A stage is one test operation of a product.
type stage struct {
	process    report.Process
	sequence   string
	version    string
	benches    []bench
	failRate   float64 // share of units that fail at first for a reason of their own
	stopOnFail bool    // what comes after a failed step is skipped
	sockets    int     // units tested at once; 0 when one
	groups     []group
}

// A bench is a station with one of its fixtures.
type bench struct {
	station, fixture string
	faulty           float64 // share of good units that it fails
}

type group struct {
	name   string
	part   report.Group
	checks []check
}

// A check is a step that measures something, or does something.
type check struct {
	kind         report.Kind
	name, unit   string
	low, high    float64 // NaN: no such limit
	mean, spread float64 // of good units
	drift        float64 // by how much the mean has moved at the end of the four weeks
	text         string  // of a string step
	x, xUnit     string  // axis of a chart
	weight       int     // share in the failures of the stage; 0: never fails
	component    string  // what a repair finds at fault
	seconds      float64
}

// none is no limit on that side.
func none() float64 { return math.NaN() }

func between(name, unit string, low, high float64, weight int, component string) check {
	return check{kind: report.KindNumeric, name: name, unit: unit, low: low, high: high, mean: (low + high) / 2,
		spread: (high - low) / 9, weight: weight, component: component, seconds: 0.35}
}

func atMost(name, unit string, high, mean, spread float64, weight int, component string) check {
	return check{kind: report.KindNumeric, name: name, unit: unit, low: none(), high: high, mean: mean, spread: spread,
		weight: weight, component: component, seconds: 0.4}
}

func atLeast(name, unit string, low, mean, spread float64, weight int, component string) check {
	return check{kind: report.KindNumeric, name: name, unit: unit, low: low, high: none(), mean: mean, spread: spread,
		weight: weight, component: component, seconds: 0.4}
}

func logged(name, unit string, mean, spread float64) check {
	return check{kind: report.KindNumeric, name: name, unit: unit, low: none(), high: none(), mean: mean, spread: spread, seconds: 0.1}
}

// nominal is a component value with its tolerance in percent.
func nominal(component, unit string, value, percent float64, weight int) check {
	tolerance := value * percent / 100
	c := between(component, unit, trim(value-tolerance), trim(value+tolerance), weight, component)
	c.seconds = 0.08
	return c
}

func verdict(name string, weight int, component string) check {
	return check{kind: report.KindPassFail, name: name, weight: weight, component: component, seconds: 0.6}
}

func action(name string, seconds float64) check {
	return check{kind: report.KindAction, name: name, seconds: seconds}
}

func reads(name, text string, weight int, component string) check {
	return check{kind: report.KindString, name: name, text: text, weight: weight, component: component, seconds: 0.5}
}

// rails is a multi-numeric step over supply voltages.
func rails(name string, weight int) check {
	return check{kind: report.KindMultiNumeric, name: name, unit: "V", weight: weight, component: "U7", seconds: 1.2}
}

// railVolts are the measurements of a step made by rails, with limits of 3 %.
func railVolts() []float64 { return []float64{1.2, 1.8, 3.3, 5} }

// curve is a chart over x with the limits of its lowest and highest point.
func curve(name, unit, x, xUnit string, low, high float64, weight int, component string) check {
	c := between(name, unit, low, high, weight, component)
	c.kind, c.x, c.xUnit, c.seconds = report.KindChart, x, xUnit, 6
	return c
}

func process(code int, name string) report.Process {
	return report.Process{Code: report.Some(code), Name: name}
}

func products() []*product {
	return []*product{motorBoard(), powerSupply(), gateway()}
}

func motorBoard() *product {
	return &product{partNumber: "PCBA-1042", revision: "C", serialPrefix: "B", perDay: 38, stages: []stage{{
		process: process(31, "ICT"), sequence: "PCBA-1042 ICT", version: "2.4.1", failRate: 0.035,
		benches: []bench{{"ICT-01", "FIX-ICT-1", 0.004}, {"ICT-01", "FIX-ICT-2", 0.004}, {"ICT-02", BadFixture, 0.17}, {"ICT-02", "FIX-ICT-4", 0.004}},
		groups: []group{
			{"Setup", report.Setup, []check{action("Close fixture", 1.4), reads("Read board code", "PCBA-1042", 0, ""), verdict("Contact check", 8, "J1")}},
			{"Shorts and opens", report.Main, []check{atLeast("Insulation 48V to GND", "MOhm", 5, 22, 3, 5, "C12"), atLeast("Insulation 5V to GND", "kOhm", 40, 88, 9, 4, "C31"),
				atMost("Continuity GND", "Ohm", 0.5, 0.12, 0.03, 1, "J4"), verdict("Net shorts", 9, "U3")}},
			{"Passive components", report.Main, []check{nominal("R101", "Ohm", 10000, 1, 3), nominal("R102", "Ohm", 4700, 1, 2), nominal("R117", "Ohm", 220, 1, 2),
				nominal("R118", "Ohm", 0.05, 2, 7), nominal("R204", "Ohm", 100000, 1, 1), nominal("C12", "nF", 100, 10, 4), nominal("C13", "nF", 100, 10, 3),
				nominal("C31", "uF", 470, 20, 6), nominal("C32", "uF", 470, 20, 3), nominal("L1", "uH", 33, 20, 4), nominal("L2", "uH", 4.7, 20, 1)}},
			{"Powered", report.Main, []check{action("Apply 48 V", 0.8), between("Supply current", "mA", 38, 62, 5, "U1"), between("Rail 5V", "V", 4.9, 5.1, 4, "U2"),
				between("Rail 3V3", "V", 3.234, 3.366, 5, "U2"), between("Reference 2V5", "V", 2.49, 2.51, 2, "U5"), between("Crystal Y1", "MHz", 7.9996, 8.0004, 3, "Y1"),
				reads("Boundary scan IDCODE", "4BA00477", 3, "U3"), action("Remove power", 0.4)}},
		},
	}, {
		process: process(50, "PCBA test"), sequence: "PCBA-1042 Functional", version: "1.9.0", failRate: 0.03, stopOnFail: true,
		benches: []bench{{"PCBA-01", "FIX-PT-1", 0.01}, {"PCBA-02", "FIX-PT-2", 0.012}},
		groups: []group{
			{"Setup", report.Setup, []check{action("Power on", 2.1), reads("Read serial number", "", 0, ""), logged("Ambient temperature", "degC", 24, 0.8)}},
			{"Programming", report.Main, []check{action("Erase flash", 3.2), verdict("Write firmware", 3, "U3"), reads("Firmware version", "4.2.0", 2, "U3")}},
			{"Supply rails", report.Main, []check{rails("Rails under load", 5), atMost("Standby current", "mA", 12, 8.1, 0.7, 3, "U2")}},
			{"Motor bridge", report.Main, []check{between("Phase U current", "A", 4.7, 5.3, 4, "Q1"), between("Phase V current", "A", 4.7, 5.3, 4, "Q3"),
				between("Phase W current", "A", 4.7, 5.3, 5, "Q5"), atMost("Bridge dead time", "ns", 650, 480, 35, 2, "U9"),
				curve("Current step response", "A", "Time", "us", 4.4, 5.6, 3, "R118"), verdict("Overcurrent trip", 3, "U9")}},
			{"Interfaces", report.Main, []check{verdict("CAN loopback", 2, "U11"), verdict("RS-485 loopback", 2, "U12"), between("Encoder amplitude", "V", 0.92, 1.08, 2, "U14")}},
			{"Cleanup", report.Cleanup, []check{action("Power off", 0.9)}},
		},
	}}}
}

func powerSupply() *product {
	ripple := atMost(DriftingStep, "mV", 60, 41, 4.6, 1, "C7")
	ripple.drift = 16
	return &product{partNumber: "PSU-2200", revision: "A", serialPrefix: "P", perDay: 23, stages: []stage{{
		process: process(90, "Burn In test"), sequence: "PSU-2200 Burn In", version: "3.1.0", failRate: 0.02, sockets: 8,
		benches: []bench{{"BURN-01", "RACK-A", 0.004}, {"BURN-01", "RACK-B", 0.004}},
		groups: []group{
			{"Setup", report.Setup, []check{action("Connect load", 4), logged("Chamber temperature", "degC", 55, 0.4)}},
			{"Full load 4 h", report.Main, []check{between("Output 48 V at start", "V", 47.5, 48.5, 2, "U1"), between("Output 48 V at end", "V", 47.5, 48.5, 4, "U1"),
				atMost("Drift over 4 h", "mV", 120, 48, 14, 3, "R22"), atMost("Heatsink temperature", "degC", 92, 78, 2.6, 5, "Q2"),
				curve("Heatsink warm-up", "degC", "Time", "min", 20, 92, 2, "Q2"), verdict("No shutdown", 3, "F1")}},
			{"Power cycling", report.Main, []check{atMost("Inrush current", "A", 38, 29, 1.8, 2, "NTC1"), atMost("Start-up time", "ms", 400, 265, 22, 2, "U4"),
				verdict("20 cycles", 4, "K1"), atMost("Turn-off time", "ms", 60, 41, 3, 1, "U4")}},
			{"Protection", report.Main, []check{between("Overvoltage trip", "V", 54, 57, 2, "D9"), between("Overcurrent trip", "A", 46, 50, 2, "R40"), verdict("Short circuit", 2, "Q2")}},
			{"Cleanup", report.Cleanup, []check{action("Discharge", 12)}},
		},
	}, {
		process: process(60, "Final function test"), sequence: "PSU-2200 Final", version: "5.0.2", failRate: 0.022,
		benches: []bench{{"FCT-01", "FIX-FCT-1", 0.006}, {"FCT-02", "FIX-FCT-2", 0.008}},
		groups: []group{
			{"Setup", report.Setup, []check{action("Connect unit", 5), reads("Read label", "PSU-2200", 0, ""), verdict("Protective earth", 1, "J1")}},
			{"Safety", report.Main, []check{atMost("Leakage current", "mA", 3.5, 1.1, 0.2, 2, "C1"), atLeast("Insulation 500 V", "MOhm", 100, 640, 90, 2, "T1"), verdict("Hi-pot 2.1 kV", 2, "T1")}},
			{"Output", report.Main, []check{between("Output 48 V no load", "V", 47.7, 48.3, 3, "U1"), between("Output 48 V full load", "V", 47.5, 48.5, 3, "U1"), ripple,
				atMost("Load regulation", "%", 0.5, 0.19, 0.05, 2, "R22"), atMost("Line regulation", "%", 0.2, 0.07, 0.02, 1, "U1"), atLeast("Efficiency full load", "%", 93, 95.1, 0.35, 3, "Q2"),
				curve("Efficiency over load", "%", "Load", "%", 80, 99, 1, "L1")}},
			{"Input", report.Main, []check{atLeast("Power factor", "", 0.95, 0.983, 0.005, 1, "U6"), atMost("Harmonic distortion", "%", 12, 7.6, 0.7, 1, "L3"), atMost("No-load power", "W", 6.5, 4.4, 0.35, 2, "U4")}},
			{"Signals", report.Main, []check{rails("Auxiliary rails", 1), verdict("Power-good signal", 2, "U8"), verdict("PMBus address", 2, "U8"), reads("PMBus firmware", "1.14", 1, "U8"), between("Fan speed", "rpm", 5200, 6200, 4, "FAN1")}},
			{"Cleanup", report.Cleanup, []check{action("Discharge", 8), action("Print label", 2)}},
		},
	}}}
}

func gateway() *product {
	return &product{partNumber: "GW-310", revision: "B", serialPrefix: "G", perDay: 18, boardFrom: "PCBA-1042", stages: []stage{{
		process: process(100, "Function test"), sequence: "GW-310 Function", version: "1.3.3", failRate: 0.045, stopOnFail: true,
		benches: []bench{{"FCT-03", "FIX-GW-1", 0.01}, {"FCT-04", "FIX-GW-2", 0.01}},
		groups: []group{
			{"Setup", report.Setup, []check{action("Boot test image", 14), reads("Read serial number", "", 0, ""), logged("Boot time", "s", 13.2, 0.6)}},
			{"Supply", report.Main, []check{rails("Rails", 3), between("Input current", "mA", 210, 290, 3, "U1")}},
			{"Network", report.Main, []check{verdict("Ethernet link LAN1", 3, "J2"), verdict("Ethernet link LAN2", 2, "J3"), atLeast("Throughput LAN1", "Mbit/s", 900, 938, 4, 2, "U6"), atLeast("Throughput LAN2", "Mbit/s", 900, 938, 4, 2, "U6")}},
			{"Radio", report.Main, []check{between("Transmit power", "dBm", 17, 20, 5, "U10"), atMost("Frequency error", "ppm", 10, 3.1, 1.4, 3, "Y2"), atMost("Receive sensitivity", "dBm", -97, -100.4, 0.8, 4, "U10"), curve("Antenna return loss", "dB", "Channel", "", -32, -6, 4, "ANT1")}},
			{"Storage", report.Main, []check{verdict("Flash test", 2, "U8"), verdict("Memory test", 2, "U9"), between("Clock battery", "V", 2.9, 3.4, 3, "BT1")}},
			{"Cleanup", report.Cleanup, []check{action("Shut down", 3)}},
		},
	}, {
		process: process(60, "Final function test"), sequence: "GW-310 Final", version: "1.1.0", failRate: 0.02, stopOnFail: true,
		benches: []bench{{"FINAL-01", "", 0.004}, {"FINAL-02", "", 0.004}},
		groups: []group{
			{"Setup", report.Setup, []check{action("Install release image", 35), reads("Image version", "2026.3", 1, "U8")}},
			{"Identity", report.Main, []check{verdict("MAC address", 1, "U8"), verdict("Certificate", 2, "U8"), verdict("Label matches unit", 3, "LABEL")}},
			{"Power", report.Main, []check{between("Idle power", "W", 3.6, 4.6, 2, "U1"), atMost("Peak power", "W", 11, 8.7, 0.5, 1, "U1"), atMost("Standby power", "W", 0.9, 0.62, 0.05, 2, "U2")}},
			{"Interfaces", report.Main, []check{verdict("USB", 2, "J5"), verdict("RS-485", 1, "U12"), verdict("Digital inputs", 2, "U13"), verdict("Relay outputs", 3, "K1"), verdict("LEDs", 4, "D4"), verdict("Reset button", 2, "SW1")}},
			{"Cloud", report.Main, []check{atMost("Connect time", "s", 20, 7.4, 1.9, 2, "U10"), atLeast("Signal strength", "dBm", -85, -61, 3.5, 3, "ANT1")}},
			{"Cleanup", report.Cleanup, []check{action("Factory reset", 9)}},
		},
	}}}
}

package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// show writes rows as "dimensions: units passed yield".
func show(rows []wats.YieldRow) []string {
	var all []string
	for _, r := range rows {
		var names []string
		if r.PartNumber.Present {
			names = append(names, r.PartNumber.Value)
		}
		if r.ProcessCode.Present {
			names = append(names, fmt.Sprint(r.ProcessCode.Value))
		}
		if r.TestOperation.Present {
			names = append(names, r.TestOperation.Value)
		}
		if r.Period.Present {
			names = append(names, r.Period.Value)
		}
		all = append(all, fmt.Sprintf("%s: %d %d %.4g", strings.Join(names, " "), r.UnitCount, r.FPCount, r.FPY))
	}
	return all
}

func at(text string) func(*report.Report) {
	return func(r *report.Report) { r.Start = *date(text) }
}

func date(text string) *time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return &t
}

func TestYield(t *testing.T) {
	s := openStore(t)
	for _, r := range []*report.Report{
		test(1, serial("a"), at("2026-11-01T08:00:00Z"), failed), // passes in its second run: first-pass yield is the first run's
		test(2, serial("a"), at("2026-11-20T08:00:00Z")),
		test(3, serial("b"), at("2026-11-20T09:30:00Z")),
		test(4, serial("c"), at("2026-11-22T23:59:59Z"), station("ICT-2"), failed),
		test(5, serial("d"), at("2026-11-23T00:00:00Z"), part("PCBA-2"), func(r *report.Report) { r.Revision = "B_1" }),
		test(6, serial("d"), at("2026-11-23T01:00:00Z"), part("PCBA-2"), process(50, "")),
		test(7, serial("e"), at("2026-01-02T00:00:00Z"), part("50%")), // longer ago than the last 30 days
		test(8, serial("f"), at("2026-11-23T12:00:01Z")),              // a second ahead of now
		test(9, serial("g"), at("2026-11-20T08:00:00Z")),              // superseded by the next
		test(10, serial("g"), at("2026-11-20T08:00:00Z"), failed),
		repair(11, "Component", "Solder Defect", serial("h"), at("2026-11-20T08:00:00Z")),
	} {
		submit(t, s, r)
	}
	year := date("2026-01-01T00:00:00Z")
	for _, c := range []struct {
		name string
		f    wats.YieldFilter
		want []string
	}{
		{"the last 30 days without dimensions", wats.YieldFilter{}, []string{": 6 3 50"}},
		{"by part", wats.YieldFilter{Dimensions: "partNumber"}, []string{"PCBA-1: 4 1 25", "PCBA-2: 2 2 100"}},
		{"names in any case, with blanks", wats.YieldFilter{Dimensions: " PARTNUMBER  Desc ; "}, []string{"PCBA-2: 2 2 100", "PCBA-1: 4 1 25"}},
		{"by process", wats.YieldFilter{Dimensions: "partNumber;processCode"}, []string{"PCBA-1 31: 4 1 25", "PCBA-2 31: 1 1 100", "PCBA-2 50: 1 1 100"}},
		{"by operation", wats.YieldFilter{Dimensions: "testOperation"}, []string{"ICT: 5 2 40", "PCBA test: 1 1 100"}},
		{"figures only sort", wats.YieldFilter{Dimensions: "fpy desc;partNumber"}, []string{"PCBA-2: 2 2 100", "PCBA-1: 4 1 25"}},
		{"by day", wats.YieldFilter{Dimensions: "period"}, []string{
			"2026-11-01: 1 0 0", "2026-11-20: 2 1 50", "2026-11-22: 1 0 0", "2026-11-23: 2 2 100"}},
		{"by week, from Monday", wats.YieldFilter{Dimensions: "period", DateGrouping: report.Some(wats.ByWeek)}, []string{
			"2026-W44: 1 0 0", "2026-W47: 3 1 33.33", "2026-W48: 2 2 100"}},
		{"by month", wats.YieldFilter{Dimensions: "period desc", DateGrouping: report.Some(wats.ByMonth), DateFrom: year}, []string{
			"2026-11: 6 3 50", "2026-01: 1 1 100"}},
		{"by quarter", wats.YieldFilter{Dimensions: "period", DateGrouping: report.Some(wats.ByQuarter), DateFrom: year}, []string{
			"2026-Q1: 1 1 100", "2026-Q4: 6 3 50"}},
		{"by year", wats.YieldFilter{Dimensions: "period", DateGrouping: report.Some(wats.ByYear), DateFrom: year}, []string{"2026: 7 4 57.14"}},
		{"by hour", wats.YieldFilter{Dimensions: "period", DateGrouping: report.Some(wats.ByHour), DateFrom: date("2026-11-22T00:00:00Z")}, []string{
			"2026-11-22T23: 1 0 0", "2026-11-23T00: 1 1 100", "2026-11-23T01: 1 1 100"}},
		{"a unit whose first run lies outside does not count", wats.YieldFilter{DateFrom: date("2026-11-20T08:00:00Z"), DateTo: date("2026-11-20T09:00:00Z")},
			[]string{": 1 0 0"}},
		{"both dates are included", wats.YieldFilter{DateFrom: date("2026-11-20T09:30:00Z"), DateTo: date("2026-11-20T09:30:00Z")}, []string{": 1 1 100"}},
		{"the end may lie ahead of now", wats.YieldFilter{DateFrom: date("2026-11-23T12:00:00Z"), DateTo: date("2027-01-01T00:00:00Z")}, []string{": 1 1 100"}},
		{"nothing", wats.YieldFilter{DateFrom: date("2026-11-10T00:00:00Z"), DateTo: date("2026-11-09T00:00:00Z")}, nil},
		{"the last two days, with today", wats.YieldFilter{Dimensions: "period", PeriodCount: 2}, []string{"2026-11-22: 1 0 0", "2026-11-23: 2 2 100"}},
		{"the last two days before today", wats.YieldFilter{Dimensions: "period", PeriodCount: 2, IncludeCurrentPeriod: report.Some(false)}, []string{"2026-11-22: 1 0 0"}},
		{"the last hour but this one", wats.YieldFilter{PeriodCount: 12, DateGrouping: report.Some(wats.ByHour)}, []string{": 1 1 100"}},
		{"one part", wats.YieldFilter{PartNumber: "PCBA-2"}, []string{": 2 2 100"}},
		{"several parts", wats.YieldFilter{PartNumber: "PCBA-2; 50% ;", Dimensions: "partNumber", DateFrom: year}, []string{"50%: 1 1 100", "PCBA-2: 2 2 100"}},
		{"any text", wats.YieldFilter{PartNumber: "PCB%1"}, []string{": 4 1 25"}},
		{"one character", wats.YieldFilter{StationName: "ICT-_", Revision: "_"}, []string{": 5 2 40"}},
		{"station", wats.YieldFilter{StationName: "ICT-2"}, []string{": 1 0 0"}},
		{"revision with an underscore", wats.YieldFilter{Revision: "B_1"}, []string{": 1 1 100"}},
		{"operation by name", wats.YieldFilter{TestOperation: "PCBA%"}, []string{": 1 1 100"}},
		{"operation that is not there", wats.YieldFilter{TestOperation: "pcba test"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := s.Yield(t.Context(), c.f)
			if err != nil {
				t.Fatal(err)
			}
			if got := show(rows); !slices.Equal(got, c.want) {
				t.Errorf("Yield(%+v):\n got %q\nwant %q", c.f, got, c.want)
			}
		})
	}
}

func TestBadYieldFilter(t *testing.T) {
	s := openStore(t)
	for _, c := range []struct {
		name   string
		f      wats.YieldFilter
		option string
		reason string
	}{
		{"unknown dimension", wats.YieldFilter{Dimensions: "partNumber;operator"}, "dimensions",
			`"operator" is not supported; there are partNumber, processCode, testOperation and period, and to sort by unitCount, fpCount and fpy`},
		{"unknown direction", wats.YieldFilter{Dimensions: "period down"}, "dimensions", `expected asc or desc after period, found "down"`},
		{"twice", wats.YieldFilter{Dimensions: "period;period"}, "dimensions", "period is named twice"},
		{"unknown grouping", wats.YieldFilter{DateGrouping: report.Some(wats.DateGrouping(6))}, "dateGrouping", "6 is none of"},
		{"periods of no length", wats.YieldFilter{Dimensions: "period", DateGrouping: report.Some(wats.NoGrouping)}, "dateGrouping", "leaves no periods"},
		{"negative count", wats.YieldFilter{PeriodCount: -1}, "periodCount", "-1 is not between 0 and 10000"},
		{"endless list", wats.YieldFilter{PartNumber: strings.Repeat("x;", 1001)}, "partNumber", "1001 values are too many"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.Yield(t.Context(), c.f)
			var bad *store.QueryError
			if !errors.As(err, &bad) || bad.Option != c.option || !strings.Contains(bad.Reason, c.reason) {
				t.Errorf("Yield: %v, want a QueryError of %s with %q", err, c.option, c.reason)
			}
		})
	}
}

// TestRunsAndYieldDoNotDependOnTheOrderOfArrival submits random reports, some of the same run and some corrected, and holds
// runs and yield against a memory of them.
func TestRunsAndYieldDoNotDependOnTheOrderOfArrival(t *testing.T) {
	s := openStore(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		o := oracle{current: map[report.ID]*report.Report{}}
		prefix := fmt.Sprintf("round %d unit ", round)
		for i := range rapid.IntRange(1, 25).Draw(rt, "reports") {
			n := round*1000 + rapid.IntRange(0, i).Draw(rt, "id") // an ID that was there is a correction
			r := test(n, serial(prefix+fmt.Sprint(rapid.IntRange(0, 1).Draw(rt, "unit"))), part(fmt.Sprint("round ", round)),
				process(rapid.SampledFrom([]int{31, 50}).Draw(rt, "process"), ""),
				later(-time.Duration(rapid.IntRange(0, 8).Draw(rt, "hours"))*time.Hour), comment(fmt.Sprint(i)))
			if rapid.Bool().Draw(rt, "failed") {
				failed(r)
			}
			submit(t, s, r)
			o.add(r)
		}
		part := fmt.Sprint("round ", round)
		got := map[report.ID]int{}
		for _, h := range headers(t, s, store.HeaderQuery{Filter: "partNumber eq '" + part + "'"}) {
			got[h.ID] = h.Run.Value
		}
		if diff := cmp.Diff(o.runs(), got); diff != "" {
			rt.Fatalf("runs (-want +got):\n%s", diff)
		}
		rows, err := s.Yield(t.Context(), wats.YieldFilter{PartNumber: part, Dimensions: "processCode;period", DateGrouping: report.Some(wats.ByHour)})
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(o.yield(), show(rows)); diff != "" {
			rt.Fatalf("yield (-want +got):\n%s", diff)
		}
	})
}

// oracle holds the current reports.
type oracle struct{ current map[report.ID]*report.Report }

func (o oracle) add(r *report.Report) {
	for id, other := range o.current {
		if other.SerialNumber == r.SerialNumber && other.Process.Code == r.Process.Code && other.Start.Equal(r.Start) {
			delete(o.current, id)
		}
	}
	o.current[r.ID] = r
}

func (o oracle) runs() map[report.ID]int {
	runs := map[report.ID]int{}
	for id, r := range o.current {
		runs[id] = 1
		for other, before := range o.current {
			if before.SerialNumber == r.SerialNumber && before.Process.Code == r.Process.Code && before.Start.Before(r.Start) && other != id {
				runs[id]++
			}
		}
	}
	return runs
}

func (o oracle) yield() []string {
	units, passed := map[string]int{}, map[string]int{}
	for id, run := range o.runs() {
		r := o.current[id]
		key := fmt.Sprintf("%d %s", r.Process.Code.Value, r.Start.Format("2006-01-02T15"))
		if run != 1 {
			continue
		}
		units[key]++
		if r.Result == report.Passed {
			passed[key]++
		}
	}
	var rows []string
	for key, n := range units {
		rows = append(rows, fmt.Sprintf("%s: %d %d %.4g", key, n, passed[key], 100*float64(passed[key])/float64(n)))
	}
	slices.Sort(rows)
	return rows
}

func TestLateArrivalOfAWholeMonth(t *testing.T) {
	order := rand.New(rand.NewPCG(1, 2)).Perm(500)
	s := openStore(t)
	submitAll(t, s, len(order), func(n int) *report.Report {
		i := order[n]
		return test(i, serial(fmt.Sprint(i%10)), later(-time.Duration(i)*time.Hour))
	})
	for n := range 10 {
		for i, h := range headers(t, s, store.HeaderQuery{Filter: fmt.Sprintf("serialNumber eq '%d'", n), OrderBy: "start"}) {
			if h.Run.Value != i+1 {
				t.Fatalf("run %d of unit %d has number %d", i+1, n, h.Run.Value)
			}
		}
	}
}

package web

import (
	"fmt"
	"html"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/report"
)

// TestDashboardAgreesWithACountByHand counts the demonstration without any code of the store.
func TestDashboardAgreesWithACountByHand(t *testing.T) {
	s := openStore(t)
	var reports []*report.Report
	var submitting sync.WaitGroup
	for r := range demo.Reports(1, testNow) {
		reports = append(reports, r)
		submitting.Go(func() { submit(t, s, r) })
	}
	submitting.Wait()

	row := regexp.MustCompile(`<td class="name"><span class="wrap">([^<]*)</span></td><td>([^<]*)</td><td class="number">([\d.]+)[^<]*</td>` +
		`<td class="barcell">.*?</td><td class="number"><a [^>]*>([\d\x{202f}]+)</a></td><td class="number">([\d\x{202f}]+)</td>`)
	var got []string
	for _, m := range row.FindAllStringSubmatch(get(t, openPages(s), "/").Body.String(), -1) {
		units, passed := strings.ReplaceAll(m[4], "\u202f", ""), strings.ReplaceAll(m[5], "\u202f", "")
		got = append(got, fmt.Sprintf("%s %s: %s of %s, %s %%", html.UnescapeString(m[1]), html.UnescapeString(m[2]), passed, units, m[3]))
	}
	want := yieldsByHand(reports, testNow.UTC().Truncate(24*time.Hour).AddDate(0, 0, -27))
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the dashboard shows\n%s\ncounted\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// yieldsByHand returns a line for each product and process: of the units whose first run was at or after from, those that passed in it.
func yieldsByHand(reports []*report.Report, from time.Time) []string {
	processes := map[int]string{31: "ICT", 50: "PCBA test", 60: "Final function test", 90: "Burn In test", 100: "Function test"}
	type run struct {
		serial, part string
		process      int
	}
	first := map[run]*report.Report{}
	for _, r := range reports {
		key := run{r.SerialNumber, r.PartNumber, r.Process.Code.Value}
		if before := first[key]; !r.IsRepair() && (before == nil || r.Start.Before(before.Start)) {
			first[key] = r
		}
	}
	type count struct{ units, passed int }
	counts := map[string]count{}
	for key, r := range first {
		if r.Start.Before(from) {
			continue
		}
		name := key.part + " " + processes[key.process]
		c := counts[name]
		c.units++
		if r.Result == report.Passed {
			c.passed++
		}
		counts[name] = c
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		c := counts[name]
		lines = append(lines, fmt.Sprintf("%s: %d of %d, %.1f %%", name, c.passed, c.units, math.Round(1000*float64(c.passed)/float64(c.units))/10))
	}
	return lines
}

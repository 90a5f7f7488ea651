package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"
)

const concurrency = 50

// rates are items per second, by task.
type rates map[string]float64

// measureOwn measures this SDK and prints what it finds. It returns the rates without delay, for comparison.
func measureOwn(ctx context.Context, s settings) (rates, error) {
	for _, c := range []struct {
		reports int
		delay   time.Duration
		most    float64
	}{{10_000, 20 * time.Millisecond, 1.1}, {1_000, 600 * time.Millisecond, 1.05}} {
		m, err := median(ctx, s, c.delay, "prebuilt", c.reports)
		if err != nil {
			return nil, err
		}
		ideal := float64(c.reports) / concurrency * c.delay.Seconds()
		fmt.Printf("SubmitAll, %d reports, a server %v away, %d at a time\n", c.reports, c.delay, concurrency)
		fmt.Printf("  time         %.2f s, %.3f of what the delay takes (target: at most %.2f)\n", m.Seconds, m.Seconds/ideal, c.most)
		printCosts(m)
	}
	found := rates{}
	for _, c := range []struct{ task, title string }{
		{"prebuilt", "SubmitAll of prebuilt reports"}, {"build", "SubmitAll of reports built meanwhile"}, {"stream", "Stream"},
	} {
		m, err := median(ctx, s, 0, c.task, 20_000)
		if err != nil {
			return nil, err
		}
		found[c.task] = m.rate()
		fmt.Printf("%s, %d reports, no delay: %.0f reports/s\n", c.title, m.Items, m.rate())
		printCosts(m)
	}
	return found, measureHeaders(ctx, s, found)
}

// measureHeaders measures lists of three lengths: the memory is to be the same.
func measureHeaders(ctx context.Context, s settings, found rates) error {
	few, err := median(ctx, s, 0, "headers", 10_000)
	if err != nil {
		return err
	}
	many, err := median(ctx, s, 0, "headers", 1_000_000)
	if err != nil {
		return err
	}
	m, err := median(ctx, s, 0, "headers", 100_000)
	if err != nil {
		return err
	}
	found["headers"] = m.rate()
	fmt.Printf("Headers, %d rows, no delay\n", m.Items)
	fmt.Printf("  rate         %.0f rows/s, %.2f of the target of 200000\n", m.rate(), m.rate()/200_000)
	fmt.Printf("  peak memory  %s; %s for %d rows, %s for %d\n", mebibytes(m.peak), mebibytes(few.peak), few.Items, mebibytes(many.peak), many.Items)
	return nil
}

func (m measurement) rate() float64 { return float64(m.Items) / m.Seconds }

// median repeats a task of this SDK and returns the run of the middle time, with the largest memory and number of connections of all.
func median(ctx context.Context, s settings, delay time.Duration, task string, items int) (measurement, error) {
	self, err := os.Executable()
	if err != nil {
		return measurement{}, err
	}
	command := []string{self, "client", "-task", task, "-n", strconv.Itoa(items), "-c", strconv.Itoa(concurrency), "-url"}
	all := make([]measurement, s.rounds)
	for i := range all {
		if all[i], err = measure(ctx, s, delay, command...); err != nil {
			return measurement{}, err
		}
	}
	slices.SortFunc(all, func(a, b measurement) int { return cmp.Compare(a.Seconds, b.Seconds) })
	m := all[len(all)/2]
	for _, other := range all {
		m.peak = max(m.peak, other.peak)
		m.Connections = max(m.Connections, other.Connections)
		m.MaxConnections = max(m.MaxConnections, other.MaxConnections)
	}
	return m, nil
}

func printCosts(m measurement) {
	perReport := m.cpu / time.Duration(m.Items)
	fmt.Printf("  connections  %d at once, %d in all (target: at most %d at once)\n", m.MaxConnections, m.Connections, concurrency)
	fmt.Printf("  client CPU   %v per report, %.2f of the target of 200µs\n", perReport.Round(time.Microsecond), perReport.Seconds()/200e-6)
	fmt.Printf("  peak memory  %s (target: at most 40 MiB)\n\n", mebibytes(m.peak))
}

func mebibytes(bytes int64) string {
	if bytes == 0 {
		return "not known here"
	}
	return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
}

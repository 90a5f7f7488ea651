package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// figures are the result of one measurement. A negative CPU time or memory is not known on this system.
type figures struct {
	reports, steps, bytes int // bytes of one report
	elapsed               time.Duration
	latencies             []time.Duration // sorted
	clientCPU, serverCPU  time.Duration
	peakMemory            int64   // bytes, of the server
	syncs                 float64 // per second, of the bare loop
}

func (f figures) print(w io.Writer) error {
	seconds, rate := f.elapsed.Seconds(), f.perSecond()
	var b strings.Builder
	fmt.Fprintf(&b, "reports            %d of %d bytes in %.2f s, all found again\n", f.reports, f.bytes, seconds)
	fmt.Fprintf(&b, "throughput         %.0f reports/s, %.0f steps/s\n", rate, float64(f.steps)/seconds)
	fmt.Fprintf(&b, "latency            p50 %v, p99 %v\n", f.quantile(50), f.quantile(99))
	fmt.Fprintf(&b, "server CPU         %s per report\n", f.perReport(f.serverCPU))
	fmt.Fprintf(&b, "client CPU         %s per report\n", f.perReport(f.clientCPU))
	memory := "not known here"
	if f.peakMemory >= 0 {
		memory = fmt.Sprintf("%.0f MiB", float64(f.peakMemory)/(1<<20))
	}
	fmt.Fprintf(&b, "server peak memory %s\n", memory)
	fmt.Fprintf(&b, "bare write+sync    %.0f/s on the same disk; the server does %.2f times that\n", f.syncs, rate/f.syncs)
	_, err := io.WriteString(w, b.String())
	return err
}

func (f figures) perSecond() float64 { return float64(f.reports) / f.elapsed.Seconds() }

func (f figures) quantile(percent int) time.Duration {
	return f.latencies[(len(f.latencies)-1)*percent/100].Round(10 * time.Microsecond)
}

func (f figures) perReport(cpu time.Duration) string {
	if cpu < 0 {
		return "not known here"
	}
	return (cpu / time.Duration(f.reports)).Round(time.Microsecond).String()
}

// bareSyncs returns how often a second document can be appended to a file in folder and synced, one after the other.
func bareSyncs(folder string, document []byte) (float64, error) {
	const times, longest = 1000, 3 * time.Second
	f, err := os.Create(filepath.Join(folder, "bare"))
	if err != nil {
		return 0, err
	}
	defer f.Close() // each write was synced
	began := time.Now()
	done := 0
	for done < times && time.Since(began) < longest {
		if _, err := f.Write(document); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		done++
	}
	return float64(done) / time.Since(began).Seconds(), nil
}

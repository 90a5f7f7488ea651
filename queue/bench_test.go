package queue_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gowats/gowats/queue"
)

// benchDocument is as large as a usual report.
func benchDocument(n int) []byte {
	return fmt.Appendf(nil, `{"id":"%s","text":"%s"}`, id(n), bytes.Repeat([]byte("x"), 20_000))
}

// bare is the least that a durable file costs: create, write, sync, rename, sync the folder.
func bare(dir string, n int, document []byte) error {
	tmp := filepath.Join(dir, "tmp")
	f, err := os.Create(tmp)
	if err != nil {
		return err
	}
	if _, err := f.Write(document); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(dir, fmt.Sprintf("%d.json", n))); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		return err
	}
	return d.Close()
}

// BenchmarkPut takes turns between Put and the bare loop on the same disk, and prints the ratio of their rates (want 0.8 and more) and of their p99 (want 2 and less).
func BenchmarkPut(b *testing.B) {
	for name, lineage := range map[string]string{"plain": "", "with-lineage": `{"file":"run.csv"}`} {
		b.Run(name, func(b *testing.B) {
			q, err := queue.Open(b.TempDir(), queue.WithLimits(queue.Limits{Reports: 1 << 30, Bytes: 1 << 60, MinFree: 1}))
			if err != nil {
				b.Fatal(err)
			}
			dir := b.TempDir()
			var put, least []time.Duration
			for b.Loop() {
				n := len(put)
				document := benchDocument(n)
				began := time.Now()
				if err := bare(dir, n, document); err != nil {
					b.Fatal(err)
				}
				between := time.Now()
				if err := q.Put(b.Context(), queue.Item{ID: id(n), Document: document, Lineage: lineage}); err != nil {
					b.Fatal(err)
				}
				least, put = append(least, between.Sub(began)), append(put, time.Since(between))
			}
			b.ReportMetric(float64(sum(least))/float64(sum(put)), "rate/bare")
			b.ReportMetric(float64(p99(put))/float64(p99(least)), "p99/bare")
			b.ReportMetric(float64(len(put))/sum(put).Seconds(), "puts/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func sum(all []time.Duration) (total time.Duration) {
	for _, d := range all {
		total += d
	}
	return total
}

func p99(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)*99/100]
}

// fill makes n reports wait, without the cost of making them durable.
func fill(b *testing.B, q *queue.Queue, from, n int) {
	b.Helper()
	for i := from; i < from+n; i++ {
		path := filepath.Join(q.Dir(), "ready", id(i).String()[:2], "5-"+id(i).String()+".json")
		if err := os.WriteFile(path, fmt.Appendf(nil, `{"id":"%s","text":"%01900d"}`, id(i), i), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDrain measures with few and with 100,000 reports waiting: how many are sent a second, to an HTTP server that takes 2 ms for each and to a
// function that returns at once; and, for many, how long it takes until the first is sent and how much memory that needs. It prints the ratio of the rates (want 0.9 and more), the seconds (want 2 and less) and MiB (want 64 and less).
func BenchmarkDrain(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(2 * time.Millisecond) // as long as one takes that makes reports durable
	}))
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	post := func(ctx context.Context, it queue.Item) queue.Result {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, bytes.NewReader(it.Document))
		if err != nil {
			b.Error(err)
		}
		res, err := client.Do(req)
		if err != nil {
			return queue.Result{Class: queue.Offline, Words: err.Error()} // the end of the round
		}
		_ = res.Body.Close()
		return queue.Result{Class: queue.Accepted}
	}
	nothing := func(context.Context, queue.Item) queue.Result { return queue.Result{Class: queue.Accepted} }
	b.Run("http", func(b *testing.B) { benchmarkDrain(b, post) })
	b.Run("nothing", func(b *testing.B) { benchmarkDrain(b, nothing) })
}

func benchmarkDrain(b *testing.B, send queue.Send) {
	const few, many, rounds, perRound = 100, 100_000, 10, 1000
	open := func() *queue.Queue {
		q, err := queue.Open(b.TempDir(), queue.WithLimits(queue.Limits{MinFree: 1}))
		if err != nil {
			b.Fatal(err)
		}
		return q
	}
	for b.Loop() {
		small, large := open(), open()
		fill(b, large, 0, many)
		var fewTime, manyTime, first time.Duration
		var most float64
		for round := range rounds { // by turns, because the machine does other things too
			for from := 0; from < perRound; from += few {
				fill(b, small, round*perRound+from, few)
				fewTime += drain(b, small, few, send).rest
			}
			d := drain(b, large, perRound, send)
			manyTime += d.rest
			first, most = max(first, d.first), max(most, d.memory)
		}
		b.ReportMetric(first.Seconds(), "s-to-first")
		b.ReportMetric(most, "MiB")
		b.ReportMetric(rounds*perRound/manyTime.Seconds(), "sent/s")
		b.ReportMetric(fewTime.Seconds()/manyTime.Seconds(), "rate/few")
	}
	b.ReportMetric(0, "ns/op")
}

// drained is what drain measured.
type drained struct {
	first  time.Duration // until the first report is sent
	rest   time.Duration // from then on
	memory float64       // MiB of the process
}

// drain sends n reports.
func drain(b *testing.B, q *queue.Queue, n int, send queue.Send) drained {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var sent atomic.Int64
	var d drained
	began := time.Now()
	var first atomic.Int64
	counted := func(ctx context.Context, it queue.Item) queue.Result {
		r := send(ctx, it)
		switch sent.Add(1) {
		case 1:
			first.Store(int64(time.Since(began)))
		case int64(n):
			d.rest = time.Since(began) - time.Duration(first.Load())
			d.memory = memory()
			cancel()
		}
		return r
	}
	if err := q.Run(ctx, counted, queue.RunOptions{}); err != nil {
		b.Fatal(err)
	}
	d.first = time.Duration(first.Load())
	return d
}

// memory returns the MiB that the Go runtime has from the system.
func memory() float64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys-m.HeapReleased) / (1 << 20)
}

package report_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/gowats/gowats/report"
)

// synthetic returns a report of 31 steps as a function tester sends it, about 7 kB.
func synthetic() *report.Report {
	root := &report.Step{
		ID: report.Some(1), Group: report.Main, Type: "SequenceCall", Name: "MainSequence Callback", Status: report.Passed,
		TotalTime: report.Num(42.5), Sequence: &report.Sequence{Path: `C:\Test\Main.seq`, Name: "MainSequence", Version: "1.6.0"},
	}
	for i := range 30 {
		root.Steps = append(root.Steps, &report.Step{
			ID: report.Some(i + 2), Group: report.Main, Type: "ET_NLT", Name: fmt.Sprintf("Measure voltage %d", i), Status: report.Passed,
			TotalTime: report.Num(0.1135342 * float64(i)), TSGuid: "ID#:fRufchyzcU+j+7AgkcRYnD",
			Numeric: []report.NumericMeasurement{{
				CompOp: report.GELE, Status: report.Passed, Unit: "V", Value: report.Num(3.3017 + float64(i)/1000),
				Low: report.Num(3.135), High: report.Num(3.465),
			}},
		})
	}
	return &report.Report{
		ID: report.DeriveID([]byte("bench")), PartNumber: "PCB-1042", SerialNumber: "244750022142", Revision: "03",
		Process: report.Process{Code: report.Some(50)}, Result: report.Passed, Station: "FCT-07", Location: "Oslo", Purpose: "Production",
		Start: time.Date(2026, 1, 30, 22, 1, 41, 470_735_300, time.FixedZone("", 3600)),
		Test:  &report.Test{Operator: "te85", ExecTime: report.Num(148.9191064), SocketIndex: report.Some(-1), Root: root},
	}
}

// benchmarkDocuments runs a benchmark for the synthetic report and, when it is there, a real one.
func benchmarkDocuments(b *testing.B, run func(b *testing.B, document []byte)) {
	b.Run("synthetic", func(b *testing.B) { run(b, synthetic().AppendWSJF(nil, report.WSJFOptions{})) })
	if folder := os.Getenv("GOWATS_SAMPLES"); folder != "" {
		b.Run("real", func(b *testing.B) { run(b, readSamples(b, folder)["uut-wsjf-export.json"]) })
	}
}

// reportRatio reports how many times longer the same takes with encoding/json and values of type any.
func reportRatio(b *testing.B, generic func()) {
	b.Helper()
	own := b.Elapsed() / time.Duration(b.N)
	const rounds = 200
	start := time.Now()
	for range rounds {
		generic()
	}
	b.ReportMetric(float64(time.Since(start)/rounds)/float64(own), "×encoding/json")
}

func BenchmarkDecodeWSJF(b *testing.B) {
	benchmarkDocuments(b, func(b *testing.B, document []byte) {
		b.SetBytes(int64(len(document)))
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := report.DecodeWSJF(document); err != nil {
				b.Fatal(err)
			}
		}
		reportRatio(b, func() {
			var v any
			if err := json.Unmarshal(document, &v); err != nil {
				b.Fatal(err)
			}
		})
	})
}

func BenchmarkAppendWSJF(b *testing.B) {
	benchmarkDocuments(b, func(b *testing.B, document []byte) {
		r, _ := decode(b, string(document))
		buf := r.AppendWSJF(nil, everything)
		var v any
		if err := json.Unmarshal(buf, &v); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(buf)))
		b.ReportAllocs()
		for b.Loop() {
			buf = r.AppendWSJF(buf[:0], everything)
		}
		reportRatio(b, func() {
			if _, err := json.Marshal(v); err != nil {
				b.Fatal(err)
			}
		})
	})
}

func BenchmarkValidate(b *testing.B) {
	r := synthetic()
	b.ReportAllocs()
	for b.Loop() {
		if r.Validate() != nil {
			b.Fatal("the report has findings")
		}
	}
}

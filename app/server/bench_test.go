package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// documents returns a function that gives reports of 100 numeric steps, each of another unit.
func documents(b *testing.B) func() []byte {
	var steps []any
	for i := range 100 {
		steps = append(steps, step(fmt.Sprintf("voltage %d", i), 3.3))
	}
	const serial, id = "SN-0000000000", "00000000-0000-4000-8000-000000000000"
	start := time.Now().UTC().Format(time.RFC3339Nano)
	template := document(b, with(uut(), object{"id": id, "sn": serial, "start": start, "startUTC": start, "root": root(steps...)}))
	var n atomic.Int64
	return func() []byte {
		text := fmt.Sprintf("%010d", n.Add(1))
		doc := bytes.Replace(template, []byte(serial), []byte("SN-"+text), 1)
		return bytes.Replace(doc, []byte(id), []byte(id[:26]+text), 1)
	}
}

// BenchmarkSubmit measures a report through the handler, and through its parts alone: the difference is what the handler costs.
func BenchmarkSubmit(b *testing.B) {
	b.Run("handler", func(b *testing.B) {
		bench, next := startServer(b, server.Options{}), documents(b)
		bearer := "Bearer " + bench.tokens[auth.Write]
		b.ReportAllocs()
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				request := httptest.NewRequest(http.MethodPost, "/api/Report/WSJF", bytes.NewReader(next()))
				request.Header.Set("Authorization", bearer)
				answer := httptest.NewRecorder()
				if bench.handler.ServeHTTP(answer, request); answer.Code != http.StatusOK {
					b.Errorf("got %d %s, want 200", answer.Code, answer.Body)
				}
			}
		})
	})
	b.Run("decode and store alone", func(b *testing.B) {
		bench, next := openBench(b), documents(b)
		b.ReportAllocs()
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				r, findings, err := report.DecodeWSJF(next())
				if err != nil {
					b.Error(err)
					return
				}
				findings = append(findings, r.Validate()...)
				if _, err := bench.store.SubmitReport(b.Context(), store.Submission{Report: r, Findings: findings}); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

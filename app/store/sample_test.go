package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// TestRealReportsComeBackAsTheyWere stores every WSJF file of the samples.
func TestRealReportsComeBackAsTheyWere(t *testing.T) {
	samples := os.Getenv("GOWATS_SAMPLES")
	if samples == "" {
		t.Skip("GOWATS_SAMPLES is not set: no real files to store")
	}
	files, err := filepath.Glob(filepath.Join(samples, "wsjf", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no WSJF files in %s (%v)", samples, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r, findings, err := report.DecodeWSJF(data)
			if err != nil {
				t.Fatal(err)
			}
			s := openStore(t)
			receipt, err := s.SubmitReport(t.Context(), store.Submission{Report: r, Findings: findings})
			if err != nil {
				t.Fatal(err)
			}
			doc, err := s.Report(t.Context(), receipt.ID)
			if err != nil {
				t.Fatal(err)
			}
			r.AssignStepIDs()
			want, got := r.AppendWSJF(nil, report.WSJFOptions{}), doc.Report.AppendWSJF(nil, report.WSJFOptions{})
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("stored and read (-want +got):\n%s", diff)
			}
		})
	}
}

package contract_test

import (
	"errors"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func TestProcesses(t *testing.T) {
	c := startServer(t).client(t)
	all, err := c.Process.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byCode := map[int]wats.ProcessInfo{}
	for _, p := range all {
		byCode[p.Code] = p
	}
	if p := byCode[100]; !p.IsTestOperation || p.IsRepairOperation || p.Name == "" || p.State != wats.Active {
		t.Errorf("process 100: got %+v, want an active test operation", p)
	}
	if p := byCode[500]; p.IsTestOperation || !p.IsRepairOperation {
		t.Errorf("process 500: got %+v, want a repair operation", p)
	}
}

func TestDynamicYield(t *testing.T) {
	c := startServer(t).client(t)
	fill(t, c, 100, time.Now().Add(-time.Hour))
	yesterday := time.Now().Add(-24 * time.Hour)

	rows, err := c.Analytics.DynamicYield(t.Context(), wats.YieldFilter{PartNumber: "PCB-1", DateFrom: &yesterday, Dimensions: "partNumber;processCode"})
	want := wats.YieldRow{PartNumber: report.Some("PCB-1"), ProcessCode: report.Some(100), UnitCount: 100, FPCount: 75, FPY: 75}
	if err != nil || len(rows) != 1 || rows[0] != want {
		t.Errorf("yield: got %+v, %v; want %+v", rows, err, want)
	}
	rows, err = c.Analytics.DynamicYield(t.Context(), wats.YieldFilter{
		DateGrouping: report.Some(wats.ByYear), PeriodCount: 2, IncludeCurrentPeriod: report.Some(true), Dimensions: "period"})
	units := 0
	for _, row := range rows {
		units += row.UnitCount
	}
	if err != nil || units != 100 {
		t.Errorf("yield of two years: got %+v, %v; want 100 units", rows, err)
	}
	if _, err := c.Analytics.DynamicYield(t.Context(), wats.YieldFilter{Dimensions: "nonsense"}); !errors.Is(err, wats.ErrInvalid) {
		t.Errorf("yield by nonsense: got %v, want ErrInvalid", err)
	}
}

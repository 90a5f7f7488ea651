package contract_test

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
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
	if err != nil || len(rows) != 1 || !reflect.DeepEqual(rows[0], want) {
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

// TestFiguresToCome: operations marked x-answer: analytics are answered with 501, which is not 404.
func TestFiguresToCome(t *testing.T) {
	b := startServer(t)
	c, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, op := range c.Operations() {
		if !op.Analytics {
			continue
		}
		tried++
		request, err := http.NewRequestWithContext(t.Context(), op.Method, b.url+op.Path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+b.token)
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusNotImplemented {
			t.Errorf("%s %s: got %d, want 501", op.Method, op.Path, response.StatusCode)
		}
	}
	if tried == 0 {
		t.Error("the contract marks no operation with x-answer: analytics")
	}
}

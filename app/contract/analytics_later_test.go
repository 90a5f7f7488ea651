package contract_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// TestAnalyticsCallsOfFiguresToCome: each call sends what the contract wants, and the SDK takes the server's 501 for what it is.
func TestAnalyticsCallsOfFiguresToCome(t *testing.T) {
	c := startServer(t, readWhole).client(t)
	from, to := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	full := wats.AnalyticsFilter{
		ReportFilter: wats.ReportFilter{
			SerialNumber: "SN-%", PartNumber: "PCBA-1", Revision: "A", BatchNumber: "B", StationName: "ICT-1", TestOperation: "ICT", Status: "Failed",
			MiscDescription: "d", MiscValue: "v", AssetSerialNumber: "FIX-7", ProductGroup: "Power", Level: "Oslo", SequenceFile: "a.seq",
			SequenceVersion: "1", Socket: "0", DateFrom: &from, DateTo: &to, Run: 1, TopCount: 10,
		},
		AssetName: "Bed", MiscInfoDescription: "d", MiscInfoString: "v", Yield: report.Some(90), MinCount: 1, MaxCount: 10_000,
		DateGrouping: report.Some(wats.ByWeek), PeriodCount: 4, Dimensions: "partNumber;period desc",
	}
	none, few := wats.AnalyticsFilter{}, wats.AnalyticsFilter{ReportFilter: wats.ReportFilter{ProductGroup: "Power", Level: "Oslo"}}
	some := wats.AnalyticsFilter{ReportFilter: wats.ReportFilter{ProductGroup: "Power", Level: "Oslo", PartNumber: "PCBA-1", Revision: "A", TopCount: 5}}
	group := wats.GroupPeriod{ProductGroupID: "3", LevelID: "1", Days: 30}
	lists := wats.ListFilters{Steps: "<filters><filter/></filters>"}
	units := wats.UnitFlowFilter{
		PartNumber: "PCBA-1", Revision: "A", SerialNumber: "SN-1", SerialNumbers: []string{"SN-1", "SN-2"}, StationName: "ICT-1", Location: "Oslo",
		Purpose: "Production", DateFrom: &from, DateTo: &to, ProcessCodes: []int{31, 50}, IncludePassed: report.Some(false), IncludeFailed: report.Some(true),
		SplitBy: "stationName", UnitOrder: "startTime", ShowList: []string{"ICT"}, HideList: []string{"FCT"}, ExpandOperations: report.Some(true),
	}
	alarms := wats.AlarmFilter{ProductGroup: "Power", Level: "Oslo", DateFrom: &from, DateTo: &to, TopCount: 5}
	rows := func(_ any, err error) error { return err }
	type call func(ctx context.Context) error
	for _, c := range []struct {
		endpoint string
		calls    []call
	}{
		{"GET /api/App/VolumeYield", []call{
			func(ctx context.Context) error { return rows(c.Analytics.VolumeYield(ctx, none)) },
			func(ctx context.Context) error { return rows(c.Analytics.VolumeYield(ctx, few)) }}},
		{"POST /api/App/VolumeYield", []call{func(ctx context.Context) error { return rows(c.Analytics.VolumeYield(ctx, full)) }}},
		{"GET /api/App/HighVolume", []call{func(ctx context.Context) error { return rows(c.Analytics.HighVolume(ctx, few)) }}},
		{"POST /api/App/HighVolume", []call{func(ctx context.Context) error { return rows(c.Analytics.HighVolume(ctx, full)) }}},
		{"GET /api/App/WorstYield", []call{func(ctx context.Context) error { return rows(c.Analytics.WorstYield(ctx, few)) }}},
		{"POST /api/App/WorstYield", []call{func(ctx context.Context) error { return rows(c.Analytics.WorstYield(ctx, full)) }}},
		{"POST /api/App/HighVolumeByProductGroup", []call{
			func(ctx context.Context) error { return rows(c.Analytics.HighVolumeByProductGroup(ctx, none)) },
			func(ctx context.Context) error { return rows(c.Analytics.HighVolumeByProductGroup(ctx, full)) }}},
		{"POST /api/App/WorstYieldByProductGroup", []call{
			func(ctx context.Context) error { return rows(c.Analytics.WorstYieldByProductGroup(ctx, full)) }}},
		{"POST /api/App/DynamicRepair", []call{
			func(ctx context.Context) error { return rows(c.Analytics.DynamicRepair(ctx, none)) },
			func(ctx context.Context) error { return rows(c.Analytics.DynamicRepair(ctx, full)) }}},
		{"GET /api/App/RelatedRepairHistory", []call{
			func(ctx context.Context) error { return rows(c.Analytics.RelatedRepairHistory(ctx, "PCBA 1/2", "A")) }}},
		{"GET /api/App/TopFailed", []call{func(ctx context.Context) error { return rows(c.Analytics.TopFailed(ctx, some)) }}},
		{"POST /api/App/TopFailed", []call{func(ctx context.Context) error { return rows(c.Analytics.TopFailed(ctx, full)) }}},
		{"POST /api/App/TestStepAnalysis", []call{func(ctx context.Context) error { return rows(c.Analytics.TestStepAnalysis(ctx, full)) }}},
		{"POST /api/App/Measurements", []call{func(ctx context.Context) error { return rows(c.Analytics.Measurements(ctx, full, "Power/Rails::3V3")) }}},
		{"POST /api/App/AggregatedMeasurements", []call{
			func(ctx context.Context) error {
				return rows(c.Analytics.AggregatedMeasurements(ctx, full, "Power/Rails"))
			}}},
		{"POST /api/App/OeeAnalysis", []call{func(ctx context.Context) error { return rows(c.Analytics.OEEAnalysis(ctx, full)) }}},
		{"GET /api/internal/App/MeasurementList", []call{
			func(ctx context.Context) error { return rows(c.Analytics.MeasurementListByGroup(ctx, group, lists)) }}},
		{"POST /api/internal/App/MeasurementList", []call{
			func(ctx context.Context) error { return rows(c.Analytics.MeasurementList(ctx, full, lists)) }}},
		{"GET /api/internal/App/StepStatusList", []call{
			func(ctx context.Context) error { return rows(c.Analytics.StepStatusListByGroup(ctx, group, lists)) }}},
		{"POST /api/internal/App/StepStatusList", []call{
			func(ctx context.Context) error {
				return rows(c.Analytics.StepStatusList(ctx, full, wats.ListFilters{}))
			}}},
		{"GET /api/internal/App/TopFailed", []call{
			func(ctx context.Context) error {
				return rows(c.Analytics.TopFailedByGroup(ctx, "PCBA-1", "31", group, 0))
			},
			func(ctx context.Context) error {
				return rows(c.Analytics.TopFailedByGroup(ctx, "PCBA-1", "31", group, 5))
			}}},
		{"POST /api/internal/App/TopFailed", []call{func(ctx context.Context) error { return rows(c.Analytics.TopFailedInternal(ctx, full)) }}},
		{"POST /api/internal/Trigger/GetAlarmAndNotificationLogs", []call{
			func(ctx context.Context) error { return rows(c.Analytics.Alarms(ctx, wats.AlarmFilter{})) },
			func(ctx context.Context) error { return rows(c.Analytics.Alarms(ctx, alarms)) }}},
		{"POST /api/internal/UnitFlow", []call{
			func(ctx context.Context) error { return rows(c.Analytics.UnitFlow(ctx, wats.UnitFlowFilter{})) },
			func(ctx context.Context) error { return rows(c.Analytics.UnitFlow(ctx, units)) }}},
		{"GET /api/internal/UnitFlow/Links", []call{func(ctx context.Context) error { return rows(c.Analytics.UnitFlowLinks(ctx)) }}},
		{"GET /api/internal/UnitFlow/Nodes", []call{func(ctx context.Context) error { return rows(c.Analytics.UnitFlowNodes(ctx)) }}},
		{"POST /api/internal/UnitFlow/SN", []call{func(ctx context.Context) error { return rows(c.Analytics.UnitFlowBySerialNumbers(ctx, units)) }}},
		{"POST /api/internal/UnitFlow/SplitBy", []call{func(ctx context.Context) error { return rows(c.Analytics.SplitUnitFlow(ctx, units)) }}},
		{"POST /api/internal/UnitFlow/UnitOrder", []call{func(ctx context.Context) error { return rows(c.Analytics.OrderUnitFlow(ctx, units)) }}},
		{"GET /api/internal/UnitFlow/Units", []call{func(ctx context.Context) error { return rows(c.Analytics.UnitFlowUnits(ctx)) }}},
	} {
		t.Run(c.endpoint, func(t *testing.T) {
			for _, call := range c.calls {
				err := call(t.Context())
				e, ok := errors.AsType[*wats.APIError](err)
				if !ok || !errors.Is(err, wats.ErrUnsupported) || e.Method+" "+e.Path != c.endpoint || e.Attempts != 1 {
					t.Errorf("got %v, want ErrUnsupported of %s after one attempt", err, c.endpoint)
				}
				if !ok || !strings.Contains(e.Message, strings.Fields(c.endpoint)[1]) || wats.Hint(err) == "" || wats.IsTemporary(err) {
					t.Errorf("got %v; want the endpoint in the server's words, and a hint", err)
				}
			}
		})
	}
}

// readWhole reads each request to its end before the server sees it, so that it can be held to the contract: the server answers 501 unread.
func readWhole(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

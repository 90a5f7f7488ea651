package wats_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func utc(year int, month time.Month, day, hour int) wats.Time {
	return wats.Time{Time: time.Date(year, month, day, hour, 0, 0, 0, time.UTC)}
}

var reportID = report.DeriveID([]byte("a"))

// analyticsCase is a call, what its route answers, and what has to come out.
type analyticsCase struct {
	call   func(context.Context, *wats.AnalyticsService) (any, error)
	answer string
	want   any
}

// rowCase is the case of a call that returns rows.
func rowCase[T any](answer string, want []T, call func(context.Context, *wats.AnalyticsService) ([]T, error)) analyticsCase {
	return analyticsCase{func(ctx context.Context, a *wats.AnalyticsService) (any, error) { return call(ctx, a) }, answer, want}
}

func someExtra() wats.Extra { return wats.Extra{"novel": json.RawMessage(`{"a":[1]}`)} }

func TestAnalyticsAnswers(t *testing.T) {
	filter, group := wats.AnalyticsFilter{}, wats.GroupPeriod{ProductGroupID: "3", LevelID: "1", Days: 30}
	yield := func(ctx context.Context, a *wats.AnalyticsService) ([]wats.YieldRow, error) {
		return a.WorstYield(ctx, filter)
	}
	measure := func(ctx context.Context, a *wats.AnalyticsService) ([]wats.Measurement, error) {
		return a.Measurements(ctx, filter, "Power/Rails::3V3")
	}
	aggregate := func(ctx context.Context, a *wats.AnalyticsService) ([]wats.AggregatedMeasurement, error) {
		return a.AggregatedMeasurements(ctx, filter, "Power")
	}
	flow := wats.UnitFlow{
		Nodes: []wats.UnitFlowNode{
			{ID: "7", ParentID: "root", Name: "ICT", ProcessCode: report.Some(31), UnitCount: report.Some(0), Yield: report.Num(97.5), AvgTime: report.Num(4),
				IsExpanded: report.Some(false), IsVisible: report.Some(true), Level: report.Some(1), Extra: someExtra()},
			{ID: "n8", Yield: report.Num(50)},
		},
		Links:      []wats.UnitFlowLink{{ID: "1", SourceID: "7", TargetID: "n8", UnitCount: report.Some(5), Extra: someExtra()}},
		Units:      []wats.UnitFlowUnit{{SerialNumber: "SN-1", Start: utc(2026, 11, 23, 14), TotalTime: report.Num(1.5), NodePath: []string{"ICT", "FCT"}, Extra: someExtra()}},
		TotalUnits: report.Some(12), Extra: someExtra(),
	}
	const (
		nodes = `[{"id":7,"parentId":"root","name":"ICT","processCode":31,"unitCount":0,"passCount":null,"yieldPercent":97.5,"avgTime":4,"isExpanded":false,"isVisible":true,"level":1,"novel":{"a":[1]}},{"id":"n8","parentId":null,"yield":50}]`
		links = `[{"id":1,"source":7,"target":"n8","unitCount":5,"novel":{"a":[1]}}]`
		units = `[{"serialNumber":"SN-1","startTime":"2026-11-23T14:00:00","endTime":null,"totalTime":1.5,"nodePath":["ICT","FCT"],"novel":{"a":[1]}}]`
	)
	for name, c := range map[string]analyticsCase{
		"yields": rowCase(`[{"partNumber":"P","productName":null,"unitCount":40,"fpCount":38,"lpCount":0,"fpy":95,"spy":null,"lpy":0,"period":"2026-11","novel":{"a":[1]}}]`,
			[]wats.YieldRow{{PartNumber: report.Some("P"), Period: report.Some("2026-11"), UnitCount: 40, FPCount: 38, LPCount: report.Some(0), FPY: 95, LPY: report.Some(0.0), Extra: someExtra()}}, yield),
		"no yields": rowCase(`[]`, []wats.YieldRow(nil), yield),
		"repairs, one without array": rowCase(`{"partNumber":"P","swFilename":"a.seq","repairCode":"Bridge","failCode":null,"repairCount":0,"repairReportCount":2,"repairRate":2.5,"testStationName":"ICT-1","novel":{"a":[1]}}`,
			[]wats.RepairRow{{PartNumber: "P", SequenceFile: "a.seq", RepairCode: "Bridge", RepairCount: report.Some(0), RepairReportCount: report.Some(2), RepairRate: report.Num(2.5), TestStationName: "ICT-1", Extra: someExtra()}},
			func(ctx context.Context, a *wats.AnalyticsService) ([]wats.RepairRow, error) {
				return a.DynamicRepair(ctx, filter)
			}),
		"repair history": rowCase(`[{"serialNumber":"SN-1","reportId":"`+reportID.String()+`","repairDate":"2026-11-23T15:00:00+01:00","cause":"Short","novel":{"a":[1]}},{"reportId":null,"repairDate":null}]`,
			[]wats.RepairHistory{{SerialNumber: "SN-1", ReportID: reportID, RepairedAt: utc(2026, 11, 23, 14), Cause: "Short", Extra: someExtra()}, {}},
			func(ctx context.Context, a *wats.AnalyticsService) ([]wats.RepairHistory, error) {
				return a.RelatedRepairHistory(ctx, "P", "A")
			}),
		"failed steps": rowCase(`[{"stepName":"Rails","stepPath":"Power¶Rails","stepType":"NumericLimit","failCount":3,"totalCount":null,"failRate":7.5,"firstFailDate":"2026-11-23T14:00:00Z","lastFailDate":"","novel":{"a":[1]}}]`,
			[]wats.FailedStep{{StepName: "Rails", StepPath: "Power¶Rails", StepType: "NumericLimit", FailCount: report.Some(3), FailRate: report.Num(7.5), FirstFail: utc(2026, 11, 23, 14), Extra: someExtra()}},
			func(ctx context.Context, a *wats.AnalyticsService) ([]wats.FailedStep, error) {
				return a.TopFailed(ctx, filter)
			}),
		"failed steps of a group": rowCase(`[{"stepName":"Rails"}]`, []wats.FailedStep{{StepName: "Rails"}},
			func(ctx context.Context, a *wats.AnalyticsService) ([]wats.FailedStep, error) {
				return a.TopFailedByGroup(ctx, "P", "31", group, 0)
			}),
		"steps": rowCase(`[{"stepName":"Rails","stepCount":9,"stepFailedCount":0,"stepCausedUutFailed":null,"limit1":3.2,"limit1Wof":3.1,"limit2":"Infinity","limit2Wof":null,"stepTimeAvg":0.25,"measureName":"3V3","min":-1,"stdev":"NaN","var":0.5,"cpk":1.33,"compOperator":"GELE","novel":{"a":[1]}}]`,
			[]wats.StepFigures{{StepName: "Rails", Count: report.Some(9), FailedCount: report.Some(0), LimitLow: report.Num(3.2), LimitLowWOF: report.Num(3.1), LimitHigh: report.ParseNumber("Infinity"),
				TimeAvg: report.Num(0.25), MeasureName: "3V3", Min: report.Num(-1), Stdev: report.ParseNumber("NaN"), Variance: report.Num(0.5), Cpk: report.Num(1.33), CompOperator: "GELE", Extra: someExtra()}},
			func(ctx context.Context, a *wats.AnalyticsService) ([]wats.StepFigures, error) {
				return a.TestStepAnalysis(ctx, filter)
			}),
		"step statuses": rowCase(`[{"stepName":"Rails","status":"Failed","timestamp":"2026-11-23T14:00:00Z","id":"`+reportID.String()+`","passCount":null,"failCount":0,"novel":{"a":[1]}}]`,
			[]wats.StepStatus{{StepName: "Rails", Status: "Failed", Start: utc(2026, 11, 23, 14), ReportID: reportID, FailCount: report.Some(0), Extra: someExtra()}},
			func(ctx context.Context, a *wats.AnalyticsService) ([]wats.StepStatus, error) {
				return a.StepStatusListByGroup(ctx, group, wats.ListFilters{})
			}),
		"measurements in groups": rowCase(`[{"measurementPath":"Power¶Rails¶¶3V3","measurements":[{"value":3.3,"unit":"V","limit1":3.2,"limit2":null,"id":"`+reportID.String()+`","startUtc":"2026-11-23T14:00:00","novel":{"a":[1]}},{"value":null}]},{"measurementPath":"B","measurements":null}]`,
			[]wats.Measurement{{Path: "Power¶Rails¶¶3V3", Value: report.Num(3.3), Unit: "V", LimitLow: report.Num(3.2), ReportID: reportID, Start: utc(2026, 11, 23, 14), Extra: someExtra()}, {Path: "Power¶Rails¶¶3V3"}}, measure),
		"measurements without groups, under other names": rowCase(`[{"reportId":"`+reportID.String()+`","limitLow":1,"limitHigh":2,"timestamp":"2026-11-23T14:00:00Z","value":0}]`,
			[]wats.Measurement{{ReportID: reportID, LimitLow: report.Num(1), LimitHigh: report.Num(2), Start: utc(2026, 11, 23, 14), Value: report.Num(0)}}, measure),
		"measurements of one group": rowCase(`{"measurementPath":"A","measurements":[{"value":1}]}`, []wats.Measurement{{Path: "A", Value: report.Num(1)}}, measure),
		"a list of measurements": rowCase(`[{"stringValue":"ok","stationName":"ICT-1"}]`, []wats.Measurement{{StringValue: "ok", StationName: "ICT-1"}},
			func(ctx context.Context, a *wats.AnalyticsService) ([]wats.Measurement, error) {
				return a.MeasurementList(ctx, filter, wats.ListFilters{})
			}),
		"aggregated measurements": rowCase(`[{"measurementPath":"A","measurements":[{"count":9,"avg":1.5,"variance":0.25,"limitLow":1,"limit2":2,"cpk":null,"novel":{"a":[1]}}]}]`,
			[]wats.AggregatedMeasurement{{Path: "A", Count: report.Some(9), Avg: report.Num(1.5), Variance: report.Num(0.25), LimitLow: report.Num(1), LimitHigh: report.Num(2), Extra: someExtra()}}, aggregate),
		"aggregated measurements without groups": rowCase(`[{"count":0}]`, []wats.AggregatedMeasurement{{Count: report.Some(0)}}, aggregate),
		"effectiveness": {func(ctx context.Context, a *wats.AnalyticsService) (any, error) { return a.OEEAnalysis(ctx, filter) },
			`{"oee":61.2,"quality":99,"performance":null,"totalTime":480,"goodCount":0,"period":"2026-W47","novel":{"a":[1]}}`,
			&wats.OEE{OEE: report.Num(61.2), Quality: report.Num(99), TotalTime: report.Num(480), GoodCount: report.Some(0), Period: "2026-W47", Extra: someExtra()}},
		"unit flow": {func(ctx context.Context, a *wats.AnalyticsService) (any, error) {
			return a.UnitFlow(ctx, wats.UnitFlowFilter{})
		}, `{"nodes":` + nodes + `,"links":` + links + `,"units":` + units + `,"totalUnits":12,"novel":{"a":[1]}}`, &flow},
		"no unit flow": {func(ctx context.Context, a *wats.AnalyticsService) (any, error) {
			return a.UnitFlow(ctx, wats.UnitFlowFilter{})
		}, `{}`, (*wats.UnitFlow)(nil)},
		"nodes": rowCase(nodes, flow.Nodes, func(ctx context.Context, a *wats.AnalyticsService) ([]wats.UnitFlowNode, error) {
			return a.UnitFlowNodes(ctx)
		}),
		"links": rowCase(links, flow.Links, func(ctx context.Context, a *wats.AnalyticsService) ([]wats.UnitFlowLink, error) {
			return a.UnitFlowLinks(ctx)
		}),
		"units": rowCase(units, flow.Units, func(ctx context.Context, a *wats.AnalyticsService) ([]wats.UnitFlowUnit, error) {
			return a.UnitFlowUnits(ctx)
		}),
		"alarms": rowCase(`[{"logId":70000000000,"type":5,"logDate":"2026-11-23T14:00:00","serialNumber":"SN-1","serialnumber":"FIX-7","assetname":"Bed of nails","processCode":"31","fpy":0.97,"fpyTrend":-0.01,"free":0,"clientGroupIds":[1,2],"productSelectionIds":null,"isDaysSinceCalibrationUnknown":false,"startUtc":null,"novel":{"a":[1]}},{"type":null,"serialNumber":"SN-2","assetSerialNumber":"FIX-8","assetName":"Rack"}]`,
			[]wats.Alarm{{ID: report.Some(int64(70000000000)), Type: report.Some(wats.AlarmOfAsset), At: utc(2026, 11, 23, 14), SerialNumber: "SN-1", AssetSerialNumber: "FIX-7", AssetName: "Bed of nails", ProcessCode: "31",
				FPY: report.Num(0.97), FPYTrend: report.Num(-0.01), Free: report.Some(0), ClientGroupIDs: []int64{1, 2}, CalibrationDaysUnknown: report.Some(false), Extra: someExtra()},
				{SerialNumber: "SN-2", AssetSerialNumber: "FIX-8", AssetName: "Rack"}},
			func(ctx context.Context, a *wats.AnalyticsService) ([]wats.Alarm, error) {
				return a.Alarms(ctx, wats.AlarmFilter{})
			}),
	} {
		t.Run(name, func(t *testing.T) {
			client := serve(t, answer(200, c.answer))
			got, err := c.call(t.Context(), client.Analytics)
			if err != nil || !sameFigures(got, c.want) {
				t.Errorf("answer %s\n got %+v, %v\nwant %+v", c.answer, got, err, c.want)
			}
			client = serve(t, answer(200, `[{"unitCount":"many"},7]`))
			got, err = c.call(t.Context(), client.Analytics)
			if e, ok := errors.AsType[*wats.APIError](err); !ok || e.Status != 200 || !reflect.ValueOf(got).IsNil() {
				t.Errorf("an answer that makes no sense: got %+v, %v; want an APIError of status 200", got, err)
			}
		})
	}
}

// sameFigures reports whether two answers print the same: NaN equals NaN, other than in reflect.DeepEqual.
func sameFigures(got, want any) bool {
	return fmt.Sprintf("%#v", got) == fmt.Sprintf("%#v", want) || reflect.DeepEqual(got, want)
}

func TestAnalyticsQuestions(t *testing.T) {
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	named := wats.AnalyticsFilter{ReportFilter: wats.ReportFilter{PartNumber: "PCBA-%", TopCount: 5}}
	for name, c := range map[string]struct {
		call      func(context.Context, *wats.AnalyticsService) error
		want      string // method, path and query
		wantsBody string
	}{
		"a yield of everything is a GET": {func(ctx context.Context, a *wats.AnalyticsService) error {
			_, err := a.VolumeYield(ctx, wats.AnalyticsFilter{})
			return err
		}, "GET /api/App/VolumeYield", ""},
		"one by product group and level too": {func(ctx context.Context, a *wats.AnalyticsService) error {
			_, err := a.HighVolume(ctx, wats.AnalyticsFilter{ReportFilter: wats.ReportFilter{ProductGroup: "Power", Level: "Oslo"}})
			return err
		}, "GET /api/App/HighVolume?level=Oslo&productGroup=Power", ""},
		"one by more is a POST": {func(ctx context.Context, a *wats.AnalyticsService) error {
			_, err := a.WorstYield(ctx, wats.AnalyticsFilter{
				ReportFilter: wats.ReportFilter{ProductGroup: "Power", DateFrom: &from}, MinCount: 10, Yield: report.Some(0), IncludeCurrentPeriod: report.Some(false)})
			return err
		}, "POST /api/App/WorstYield", `{"productGroup":"Power","dateFrom":"2026-11-01T00:00:00Z","yield":0,"minCount":10,"includeCurrentPeriod":false}`},
		"the steps that fail most of a part are a GET": {func(ctx context.Context, a *wats.AnalyticsService) error {
			_, err := a.TopFailed(ctx, named)
			return err
		}, "GET /api/App/TopFailed?partNumber=PCBA-%25&topCount=5", ""},
		"dimensions in query and body, with the current period": {func(ctx context.Context, a *wats.AnalyticsService) error {
			_, err := a.DynamicRepair(ctx, wats.AnalyticsFilter{PeriodCount: 4, DateGrouping: report.Some(wats.ByWeek), Dimensions: "repairCode;period"})
			return err
		}, "POST /api/App/DynamicRepair?dimensions=repairCode%3Bperiod", `{"dateGrouping":3,"periodCount":4,"includeCurrentPeriod":true,"dimensions":"repairCode;period"}`},
		"a path in the query": {func(ctx context.Context, a *wats.AnalyticsService) error {
			_, err := a.Measurements(ctx, named, "Power/Rails::3V3")
			return err
		}, "POST /api/App/Measurements?measurementPaths=Power%C2%B6Rails%C2%B6%C2%B63V3", `{"partNumber":"PCBA-%","topCount":5}`},
		"a path with pilcrows as it is": {func(ctx context.Context, a *wats.AnalyticsService) error {
			_, err := a.AggregatedMeasurements(ctx, wats.AnalyticsFilter{}, "In/Out¶¶a::b")
			return err
		}, "POST /api/App/AggregatedMeasurements?measurementPaths=In%2FOut%C2%B6%C2%B6a%3A%3Ab", `{}`},
		"empty filters of lists": {func(ctx context.Context, a *wats.AnalyticsService) error {
			_, err := a.StepStatusList(ctx, named, wats.ListFilters{Steps: "<filters><f/></filters>"})
			return err
		}, "POST /api/internal/App/StepStatusList?sequenceFilters=%3Cfilters%3E%3C%2Ffilters%3E&stepFilters=%3Cfilters%3E%3Cf%2F%3E%3C%2Ffilters%3E", `{"partNumber":"PCBA-%","topCount":5}`},
		"all alarms without body": {func(ctx context.Context, a *wats.AnalyticsService) error {
			_, err := a.Alarms(ctx, wats.AlarmFilter{})
			return err
		}, "POST /api/internal/Trigger/GetAlarmAndNotificationLogs", ""},
		"some alarms": {func(ctx context.Context, a *wats.AnalyticsService) error {
			_, err := a.Alarms(ctx, wats.AlarmFilter{DateFrom: &from, TopCount: 3})
			return err
		}, "POST /api/internal/Trigger/GetAlarmAndNotificationLogs", `{"dateFrom":"2026-11-01T00:00:00Z","topCount":3}`},
	} {
		t.Run(name, func(t *testing.T) {
			var got requestLog
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if got.add(r) == 1 {
					w.WriteHeader(http.StatusServiceUnavailable) // reads are repeated, by POST too
					return
				}
				answer(200, "[]")(w, r)
			}, fast)
			if err := c.call(t.Context(), client.Analytics); err != nil || got.len() != 2 {
				t.Fatalf("got %v after %d requests, want no error after 2", err, got.len())
			}
			if r := got.all[1]; r.Method+" "+r.URL.RequestURI() != c.want || got.bodies[1] != c.wantsBody {
				t.Errorf("sent %s %s %s\nwant %s %s", r.Method, r.URL.RequestURI(), got.bodies[1], c.want, c.wantsBody)
			}
		})
	}
}

func TestAnalyticsQuestionsThatAreNotSent(t *testing.T) {
	client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	a := client.Analytics
	late, early := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	wrong := wats.AnalyticsFilter{
		ReportFilter: wats.ReportFilter{DateFrom: &late, DateTo: &early, Run: 9, TopCount: -1, Status: "Odd"},
		Yield:        report.Some(101), MinCount: -1, MaxCount: -2, DateGrouping: report.Some(wats.DateGrouping(6)), PeriodCount: -3,
	}
	const all = "dateGrouping dateTo maxCount minCount periodCount run status topCount yield"
	lists := wats.ListFilters{Steps: "<a>", Sequences: "none"}
	for name, c := range map[string]struct {
		call func(context.Context) (any, error)
		want string // last names of the paths, sorted
	}{
		"VolumeYield":              {func(ctx context.Context) (any, error) { return a.VolumeYield(ctx, wrong) }, all},
		"HighVolume":               {func(ctx context.Context) (any, error) { return a.HighVolume(ctx, wrong) }, all},
		"WorstYield":               {func(ctx context.Context) (any, error) { return a.WorstYield(ctx, wrong) }, all},
		"HighVolumeByProductGroup": {func(ctx context.Context) (any, error) { return a.HighVolumeByProductGroup(ctx, wrong) }, all},
		"WorstYieldByProductGroup": {func(ctx context.Context) (any, error) { return a.WorstYieldByProductGroup(ctx, wrong) }, all},
		"DynamicRepair":            {func(ctx context.Context) (any, error) { return a.DynamicRepair(ctx, wrong) }, all},
		"RelatedRepairHistory":     {func(ctx context.Context) (any, error) { return a.RelatedRepairHistory(ctx, " ", "") }, "partNumber revision"},
		"TopFailed":                {func(ctx context.Context) (any, error) { return a.TopFailed(ctx, wrong) }, all},
		"TopFailed, at most -1": {func(ctx context.Context) (any, error) {
			return a.TopFailed(ctx, wats.AnalyticsFilter{ReportFilter: wats.ReportFilter{TopCount: -1}})
		}, "topCount"},
		"TopFailedInternal": {func(ctx context.Context) (any, error) { return a.TopFailedInternal(ctx, wrong) }, all},
		"TopFailedByGroup": {func(ctx context.Context) (any, error) { return a.TopFailedByGroup(ctx, "", "", wats.GroupPeriod{}, -1) },
			"count days levelId partNumber processCode productGroupId"},
		"TestStepAnalysis":      {func(ctx context.Context) (any, error) { return a.TestStepAnalysis(ctx, wrong) }, all},
		"StepStatusList":        {func(ctx context.Context) (any, error) { return a.StepStatusList(ctx, wrong, lists) }, "dateGrouping dateTo maxCount minCount periodCount run sequenceFilters status stepFilters topCount yield"},
		"StepStatusListByGroup": {func(ctx context.Context) (any, error) { return a.StepStatusListByGroup(ctx, wats.GroupPeriod{}, lists) }, "days levelId productGroupId sequenceFilters stepFilters"},
		"MeasurementList":       {func(ctx context.Context) (any, error) { return a.MeasurementList(ctx, wats.AnalyticsFilter{}, lists) }, "sequenceFilters stepFilters"},
		"MeasurementListByGroup": {func(ctx context.Context) (any, error) {
			return a.MeasurementListByGroup(ctx, wats.GroupPeriod{Days: -1}, lists)
		}, "days levelId productGroupId sequenceFilters stepFilters"},
		"Measurements": {func(ctx context.Context) (any, error) {
			return a.Measurements(ctx, wats.AnalyticsFilter{PeriodCount: -1}, "")
		}, "measurementPaths periodCount"},
		"AggregatedMeasurements": {func(ctx context.Context) (any, error) {
			return a.AggregatedMeasurements(ctx, wats.AnalyticsFilter{}, "\t")
		}, "measurementPaths"},
		"more than at most": {func(ctx context.Context) (any, error) {
			return a.OEEAnalysis(ctx, wats.AnalyticsFilter{MinCount: 3, MaxCount: 2})
		}, "minCount"},
		"UnitFlow": {func(ctx context.Context) (any, error) {
			return a.UnitFlow(ctx, wats.UnitFlowFilter{DateFrom: &late, DateTo: &early, ProcessCodes: []int{31, -1}, SerialNumbers: []string{" "}})
		}, "dateTo processCodes[1] serialNumbers[0]"},
		"UnitFlowBySerialNumbers": {func(ctx context.Context) (any, error) { return a.UnitFlowBySerialNumbers(ctx, wats.UnitFlowFilter{}) }, "serialNumbers"},
		"SplitUnitFlow": {func(ctx context.Context) (any, error) {
			return a.SplitUnitFlow(ctx, wats.UnitFlowFilter{DateFrom: &late, DateTo: &early})
		}, "dateTo splitBy"},
		"OrderUnitFlow": {func(ctx context.Context) (any, error) { return a.OrderUnitFlow(ctx, wats.UnitFlowFilter{}) }, "unitOrder"},
		"Alarms": {func(ctx context.Context) (any, error) {
			return a.Alarms(ctx, wats.AlarmFilter{TopCount: -1, DateFrom: &late, DateTo: &early})
		}, "dateTo topCount"},
	} {
		_, err := c.call(t.Context())
		invalid, ok := errors.AsType[*report.InvalidError](err)
		if !ok || !errors.Is(err, wats.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid with the violations", name, err)
			continue
		}
		if got := lastNames(invalid.Violations); got != c.want {
			t.Errorf("%s names %s, want %s", name, got, c.want)
		}
	}
}

func lastNames(found report.Findings) string {
	var names []string
	for _, f := range found {
		names = append(names, f.Path[strings.LastIndexByte(f.Path, '.')+1:])
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// TestTheCurrentUnitFlowIsAskedFor: which flow is current, the cache cannot know.
func TestTheCurrentUnitFlowIsAskedFor(t *testing.T) {
	var got requestLog
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.add(r)
		answer(200, `[{"id":1}]`)(w, r)
	}, wats.WithCacheTTL(wats.DomainAnalytics, time.Hour))
	for range 2 {
		if _, err := client.Analytics.UnitFlowNodes(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Analytics.WorstYield(t.Context(), wats.AnalyticsFilter{}); err != nil {
			t.Fatal(err)
		}
	}
	paths := ""
	for _, r := range got.all {
		paths += " " + r.URL.Path
	}
	if want := " /api/internal/UnitFlow/Nodes /api/App/WorstYield /api/internal/UnitFlow/Nodes"; paths != want {
		t.Errorf("asked%s, want%s", paths, want)
	}
}

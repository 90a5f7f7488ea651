package contract_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// listed returns the serial numbers of headers, in their order.
func listed(headers []wats.ReportHeader, err error) string {
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, h := range headers {
		all = append(all, h.SerialNumber)
	}
	return strings.Join(all, " ")
}

// submitMany submits tests of units … one minute after the other, of which each is changed by its function.
func submitMany(t *testing.T, c *wats.Client, first time.Time, changes ...func(*report.Report)) {
	t.Helper()
	for i, change := range changes {
		r := testReport(fmt.Sprintf("A-%d", i+1), first.Add(time.Duration(i)*time.Minute), report.Passed)
		change(r)
		if _, err := c.Report.Submit(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFilteredReports(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	first := time.Now().Add(-2 * time.Hour).Truncate(time.Second)
	submitMany(t, c, first,
		func(r *report.Report) { r.PartNumber, r.Location = "PCB_1", "Bergen" },
		func(r *report.Report) { r.Result, r.Station = report.Failed, "ICT_7" },
		func(r *report.Report) { r.Revision, r.Process.Code = "B", report.Some(31) },
		func(r *report.Report) {
			r.MiscInfos = []report.MiscInfo{{Description: "Lot", Text: "L7"}, {Description: "Oven", Text: "L8"}}
		},
		func(r *report.Report) { r.Assets = []report.Asset{{SerialNumber: "FIX-1", UsageCount: report.Some(1)}} },
		func(r *report.Report) { r.Test.BatchSerialNumber, r.Test.SocketIndex = "BATCH-1", report.Some(3) },
		func(r *report.Report) {
			r.Test.Root.Sequence.Path, r.Test.Root.Sequence.Version = `C:\x\other.seq`, "2.0"
		},
		func(r *report.Report) {
			r.SerialNumber, r.Result = "A-1", report.Error
			r.PartNumber, r.Location = "PCB_1", "Bergen"
		},
		func(r *report.Report) { r.SerialNumber, r.Start = "OLD", first.Add(-40*24*time.Hour) },
	)
	if _, err := c.Product.SaveGroup(t.Context(), wats.ProductGroup{Name: "Second", Filters: []wats.ProductGroupFilter{{PartNumber: "PCB-*", Revision: "B"}}}); err != nil {
		t.Fatal(err)
	}
	at := func(minute int) *time.Time { at := first.Add(time.Duration(minute) * time.Minute); return &at }
	const all = "A-1 A-7 A-6 A-5 A-4 A-3 A-2 A-1"
	for name, tc := range map[string]struct {
		filter wats.ReportFilter
		want   string
	}{
		"nothing":                            {wats.ReportFilter{}, all},
		"serial number":                      {wats.ReportFilter{SerialNumber: "A-3"}, "A-3"},
		"several":                            {wats.ReportFilter{SerialNumber: "A-3; A-5 ;;nobody"}, "A-5 A-3"},
		"wildcard":                           {wats.ReportFilter{SerialNumber: "%-2;A-_3;_-4"}, "A-4 A-2"},
		"wildcards regard case":              {wats.ReportFilter{SerialNumber: "a-%"}, ""},
		"_ is one character, also of a _":    {wats.ReportFilter{PartNumber: "PCB_1"}, all},
		"a backslash is text":                {wats.ReportFilter{PartNumber: `PCB\_1%`}, ""},
		"a quote is text":                    {wats.ReportFilter{PartNumber: `'; DROP TABLE report--%`}, ""},
		"revision":                           {wats.ReportFilter{Revision: "B"}, "A-3"},
		"batch":                              {wats.ReportFilter{BatchNumber: "BATCH-%"}, "A-6"},
		"station":                            {wats.ReportFilter{StationName: "%_7", Status: "Failed"}, "A-2"},
		"operation":                          {wats.ReportFilter{TestOperation: "ICT"}, "A-3"},
		"operation by wildcard":              {wats.ReportFilter{TestOperation: "I%"}, "A-3"},
		"no operation":                       {wats.ReportFilter{TestOperation: "Nothing"}, ""},
		"status":                             {wats.ReportFilter{Status: "failed;ERROR"}, "A-1 A-2"},
		"status all":                         {wats.ReportFilter{Status: "All"}, all},
		"status of steps":                    {wats.ReportFilter{Status: "Done"}, ""},
		"misc info":                          {wats.ReportFilter{MiscDescription: "Lot", MiscValue: "L7"}, "A-4"},
		"misc info of another description":   {wats.ReportFilter{MiscDescription: "Lot", MiscValue: "L8"}, ""},
		"misc value":                         {wats.ReportFilter{MiscValue: "L%"}, "A-4"},
		"asset":                              {wats.ReportFilter{AssetSerialNumber: "FIX-1"}, "A-5"},
		"level":                              {wats.ReportFilter{Level: "Bergen"}, "A-1 A-1"},
		"product group":                      {wats.ReportFilter{ProductGroup: "Sec%"}, "A-3"},
		"no product group":                   {wats.ReportFilter{ProductGroup: "Third"}, ""},
		"sequence":                           {wats.ReportFilter{SequenceFile: "other.seq", SequenceVersion: "2%"}, "A-7"},
		"socket":                             {wats.ReportFilter{Socket: "3"}, "A-6"},
		"dates, both included":               {wats.ReportFilter{DateFrom: at(1), DateTo: at(3)}, "A-4 A-3 A-2"},
		"date to":                            {wats.ReportFilter{DateTo: at(0)}, "A-1 OLD"},
		"first run":                          {wats.ReportFilter{Run: 1, Level: "Bergen"}, "A-1"},
		"second run":                         {wats.ReportFilter{Run: 2}, "A-1"},
		"last run":                           {wats.ReportFilter{Run: -1, Level: "Bergen", Status: "Error"}, "A-1"},
		"last run that passed is no run":     {wats.ReportFilter{Run: -1, Level: "Bergen", Status: "Passed"}, ""},
		"all runs":                           {wats.ReportFilter{Run: -2}, all},
		"top":                                {wats.ReportFilter{TopCount: 2}, "A-1 A-7"},
		"top of what the wildcards let pass": {wats.ReportFilter{TopCount: 2, PartNumber: "PCB-%"}, "A-7 A-6"},
	} {
		if got := listed(c.Analytics.TestReports(t.Context(), tc.filter)); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
	if got := listed(c.Analytics.SerialNumberHistory(t.Context(), wats.ReportFilter{SerialNumber: "OLD"})); got != "OLD" {
		t.Errorf("history of all times: got %q, want OLD", got)
	}
}

func TestReportListsByType(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	submitMany(t, c, time.Now().Add(-2*time.Hour), func(*report.Report) {}, func(*report.Report) {})
	if _, err := c.Report.Submit(t.Context(), repairReport("A-2", 500, "Component", "Wrong Component", "R1")); err != nil {
		t.Fatal(err)
	}
	repairs, err := c.Analytics.RepairReports(t.Context(), wats.ReportFilter{PartNumber: "PCB-1", TestOperation: "Function test"})
	if err != nil || len(repairs) != 1 || repairs[0].ReportType != "R" || repairs[0].ProcessCode != 500 {
		t.Errorf("RepairReports: got %+v, %v; want one", repairs, err)
	}
	history, err := c.Analytics.SerialNumberHistory(t.Context(), wats.ReportFilter{SerialNumber: "A-2"})
	if err != nil || len(history) != 2 || history[0].ReportType != "R" || history[1].ReportType != "T" {
		t.Errorf("SerialNumberHistory: got %+v, %v; want the repair, then the test", history, err)
	}
	if status, body := b.do(t, http.MethodPost, "/api/App/SerialNumberHistory", "application/json", `"A-1"`); status != http.StatusOK || strings.Count(body, "uuid") != 1 {
		t.Errorf("a serial number alone: got %d %s, want one report", status, body)
	}
	if levels, err := c.Analytics.Levels(t.Context()); err != nil || len(levels) != 1 || levels[0].Name != "Oslo" || levels[0].ID == 0 {
		t.Errorf("Levels: got %+v, %v; want Oslo", levels, err)
	}
}

func TestReportFilterRefusals(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	late, early := time.Now(), time.Now().Add(-time.Hour)
	beyond := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	for want, err := range map[string]error{
		"[$.serialNumber required]":                                  second(c.Analytics.SerialNumberHistory(t.Context(), wats.ReportFilter{SerialNumber: " ; "})),
		"[$.run enum $.topCount range $.dateTo range $.status enum]": second(c.Analytics.TestReports(t.Context(), wats.ReportFilter{Run: 4, TopCount: -1, DateFrom: &late, DateTo: &early, Status: "Passed;Odd"})),
		"[$.dateFrom range]":                                         second(c.Analytics.RepairReports(t.Context(), wats.ReportFilter{DateFrom: &beyond})),
	} {
		if got := fmt.Sprint(violations(err)); !errors.Is(err, wats.ErrInvalid) || got != want {
			t.Errorf("got %s (%v), want %s", got, err, want)
		}
	}
	for body, want := range map[string]string{
		`{"assetName":"x","yield":5,"partNumber":7}`: "$.assetName unsupported, $.partNumber type, $.yield unsupported",
		`{"dateFrom":"yesterday"}`:                   "$.dateFrom type",
		`[1]`:                                        "$ syntax",
		`{"run":9}`:                                  "$.run enum",
	} {
		status, answer := b.do(t, http.MethodPost, "/api/App/UutReport", "application/json", body)
		for each := range strings.SplitSeq(want, ", ") {
			path, rule, _ := strings.Cut(each, " ")
			if status != http.StatusBadRequest || !strings.Contains(answer, `"path":"`+path+`","rule":"`+rule+`"`) {
				t.Errorf("%s: got %d %s, want 400 with %s", body, status, answer, each)
			}
		}
	}
	for _, body := range []string{``, `{}`, `{"serialNumber":null,"partNumber":"","MAXCOUNT":5,"topCount":0}`} {
		if status, answer := b.do(t, http.MethodPost, "/api/App/UutReport", "application/json", body); status != http.StatusOK {
			t.Errorf("%s: got %d %s, want 200", body, status, answer)
		}
	}
}

func TestAppProductGroups(t *testing.T) {
	c := startServer(t).client(t)
	if groups, err := c.Analytics.ProductGroups(t.Context(), true); err != nil || len(groups) != 0 {
		t.Errorf("without any: got %v, %v", groups, err)
	}
	filters := []wats.ProductGroupFilter{{PartNumber: "PCB-*"}}
	if _, err := c.Product.SaveGroup(t.Context(), wats.ProductGroup{Name: "Boards", Filters: filters}); err != nil {
		t.Fatal(err)
	}
	for _, with := range []bool{true, false} {
		groups, err := c.Analytics.ProductGroups(t.Context(), with)
		if err != nil || len(groups) != 1 || groups[0].Name != "Boards" || slices.Equal(groups[0].Filters, filters) != with {
			t.Errorf("with filters %v: got %+v, %v", with, groups, err)
		}
	}
}

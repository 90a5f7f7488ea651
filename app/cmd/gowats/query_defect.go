package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func newQueryDefects() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "defects",
		Short: "List defects, or count them by code, product, station and period",
		Long: `List the defects that repairs have found or that were registered for tests, newest first. With --by, count them instead: each row of
--json then holds the --filter that lists just the defects counted in it.

Times are dates (2026-11-23, midnight on this machine) or date-times (2026-11-23T14:30:00Z). Texts may hold * for any text.
A --filter is an OData expression over the members that --json shows. Only gowats servers have defects.
` + serverHelp,
		Example: `  gowats query defects --part 'PCBA-*' --from 2026-11-01
  gowats query defects --by code
  gowats query defects --by period,stationName --period week --from 2026-10-01 --format csv`,
		Args: cobra.NoArgs,
		RunE: queryDefects,
	}
	f := cmd.Flags()
	f.String("category", "", "category of the fail code")
	f.String("code", "", "fail code")
	f.String("part", "", "part number")
	f.String("serial", "", "serial number")
	f.String("station", "", "name of the station that tested")
	f.String("from", "", "earliest date; with --by, 30 days ago when not given")
	f.String("to", "", "date before")
	f.String("by", "", "count by some of code, category, partNumber, revision, stationName, repairStationName, processCode, componentRef, source, period")
	f.String("period", "day", "length of a period: year, quarter, month, week, day or hour")
	f.String("filter", "", "OData expression, in addition to the above")
	f.String("order-by", "", "OData members to sort by (default \"date desc\"); not with --by")
	f.Int("top", 100, "at most so many; 0 for all")
	addFormatFlags(cmd)
	addServerFlags(cmd)
	return cmd
}

func queryDefects(cmd *cobra.Command, _ []string) error {
	format, err := formatOf(cmd)
	if err != nil {
		return err
	}
	query, err := defectQuery(cmd)
	if err != nil {
		return withCode(exitUsage, err)
	}
	grouping, err := groupingOf(flagText(cmd, "period"))
	if err != nil {
		return withCode(exitUsage, err)
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	by := strings.FieldsFunc(flagText(cmd, "by"), func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
	if len(by) == 0 {
		return writeList(cmd.OutOrStdout(), format, defectColumns(), client.RootCause.Defects(cmd.Context(), query))
	}
	s := wats.DefectStatisticsQuery{From: query.From, To: query.To, GroupBy: by, DateGrouping: grouping}
	query.From, query.To = time.Time{}, time.Time{}
	s.Filter = query.ODataFilter()
	counted, err := client.RootCause.DefectStatistics(cmd.Context(), s)
	if err != nil {
		return err
	}
	return writeList(cmd.OutOrStdout(), format, countColumns(by), sequence(counted.Rows, query.Top))
}

func defectQuery(cmd *cobra.Command) (q wats.DefectQuery, err error) {
	q = wats.DefectQuery{
		Category:     flagText(cmd, "category"),
		Code:         flagText(cmd, "code"),
		PartNumber:   flagText(cmd, "part"),
		SerialNumber: flagText(cmd, "serial"),
		StationName:  flagText(cmd, "station"),
		Filter:       flagText(cmd, "filter"),
		OrderBy:      flagText(cmd, "order-by"),
	}
	if q.Top, err = topOf(cmd); err != nil {
		return q, err
	}
	if q.From, err = flagTime(cmd, "from"); err != nil {
		return q, err
	}
	q.To, err = flagTime(cmd, "to")
	return q, err
}

func groupingOf(word string) (wats.DateGrouping, error) {
	for grouping, name := range [...]string{"year", "quarter", "month", "week", "day", "hour"} {
		if strings.EqualFold(name, word) {
			return wats.DateGrouping(grouping), nil
		}
	}
	return 0, fmt.Errorf("--period %q is none of year, quarter, month, week, day and hour", word)
}

func defectColumns() []column[*wats.Defect] {
	type defect = *wats.Defect
	return []column[defect]{
		{"date", func(d defect) string { return d.Date.Format(time.RFC3339) }},
		{"category", func(d defect) string { return d.Category }},
		{"code", func(d defect) string { return d.Code }},
		{"component", func(d defect) string { return d.ComponentRef }},
		{"serial", func(d defect) string { return d.SerialNumber }},
		{"part", func(d defect) string { return d.PartNumber }},
		{"station", func(d defect) string { return d.StationName }},
		{"process", func(d defect) string { return optionalText(d.ProcessCode) }},
		{"source", func(d defect) string { return string(d.Source) }},
		{"test", func(d defect) string { return d.ReportID.String() }},
		{"repair", func(d defect) string { return d.RepairID.String() }},
	}
}

// countColumns are what was counted by, then the figures.
func countColumns(by []string) []column[*wats.DefectStatisticsRow] {
	type row = *wats.DefectStatisticsRow
	text := func(of func(row) report.Optional[string]) func(row) string {
		return func(r row) string { return optionalText(of(r)) }
	}
	known := []column[row]{
		{"period", text(func(r row) report.Optional[string] { return r.Period })},
		{"category", text(func(r row) report.Optional[string] { return r.Category })},
		{"code", text(func(r row) report.Optional[string] { return r.Code })},
		{"partNumber", text(func(r row) report.Optional[string] { return r.PartNumber })},
		{"revision", text(func(r row) report.Optional[string] { return r.Revision })},
		{"stationName", text(func(r row) report.Optional[string] { return r.StationName })},
		{"repairStationName", text(func(r row) report.Optional[string] { return r.RepairStationName })},
		{"processCode", func(r row) string { return optionalText(r.ProcessCode) }},
		{"componentRef", text(func(r row) report.Optional[string] { return r.ComponentRef })},
		{"source", func(r row) string { return optionalText(r.Source) }},
	}
	asked := map[string]bool{}
	for _, name := range by {
		asked[strings.ToLower(name)] = true
	}
	asked["category"] = asked["category"] || asked["code"] // a code is one of a category
	var columns []column[row]
	for _, c := range known {
		if asked[strings.ToLower(c.title)] {
			columns = append(columns, c)
		}
	}
	return append(columns,
		column[row]{"defects", func(r row) string { return fmt.Sprint(r.Count) }},
		column[row]{"units", func(r row) string { return fmt.Sprint(r.UnitCount) }})
}

package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func newQuery() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "query",
		Short: "List what the server knows",
		Example: `  gowats query reports --serial B026001
  gowats query reports --result failed --from 2026-11-16 --format csv`,
	}
	cmd.AddCommand(newQueryAssets(), newQueryDefects(), newQueryOrders(), newQueryPackages(), newQueryProcesses(), newQueryProducts(), newQueryReports(), newQueryTickets(), newQueryUnits())
	return cmd
}

func newQueryReports() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reports",
		Short: "List reports, newest first",
		Long: `List the headers of reports, newest first.

Times are dates (2026-11-23, midnight on this machine) or date-times (2026-11-23T14:30:00Z). Texts may hold * for any text.
A --filter is an OData expression over the members that --json shows, such as
  result eq 'Failed' and startsWith(stationName, 'ICT')
` + serverHelp,
		Example: `  gowats query reports
  gowats query reports --part 'PCBA-*' --result failed --top 20
  gowats query reports --type repair --json
  gowats query reports --filter "fixtureId eq 'FIX-ICT-3'" --top 0 --format csv > fixture.csv`,
		Args: cobra.NoArgs,
		RunE: queryReports,
	}
	f := cmd.Flags()
	f.String("type", "test", "test or repair")
	f.String("serial", "", "serial number")
	f.String("part", "", "part number")
	f.String("revision", "", "revision of the product")
	f.String("station", "", "name of the station")
	f.String("operator", "", "name of the operator")
	f.String("process", "", "code of the operation, such as 31")
	f.String("result", "", "passed, failed, error or terminated")
	f.String("from", "", "earliest start")
	f.String("to", "", "start before")
	f.String("filter", "", "OData expression, in addition to the above")
	f.String("order-by", "", "OData members to sort by (default \"start desc\")")
	f.Int("top", 100, "at most so many; 0 for all")
	addFormatFlags(cmd)
	addServerFlags(cmd)
	return cmd
}

func queryReports(cmd *cobra.Command, _ []string) error {
	format, err := formatOf(cmd)
	if err != nil {
		return err
	}
	query, err := headerQuery(cmd)
	if err != nil {
		return withCode(exitUsage, err)
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	return writeList(cmd.OutOrStdout(), format, headerColumns(), client.Report.Headers(cmd.Context(), query))
}

func headerQuery(cmd *cobra.Command) (q wats.HeaderQuery, err error) {
	q = wats.HeaderQuery{
		SerialNumber: flagText(cmd, "serial"),
		PartNumber:   flagText(cmd, "part"),
		Revision:     flagText(cmd, "revision"),
		StationName:  flagText(cmd, "station"),
		Operator:     flagText(cmd, "operator"),
		Filter:       flagText(cmd, "filter"),
		OrderBy:      flagText(cmd, "order-by"),
	}
	switch kind := strings.ToLower(flagText(cmd, "type")); kind {
	case "test", "uut":
		q.Type = wats.UUT
	case "repair", "uur":
		q.Type = wats.UUR
	default:
		return q, fmt.Errorf("--type %q is neither test nor repair", kind)
	}
	if q.Top, err = topOf(cmd); err != nil {
		return q, err
	}
	if text := flagText(cmd, "process"); text != "" {
		code, err := strconv.Atoi(text)
		if err != nil {
			return q, fmt.Errorf("--process %q is no code; see gowats yield for the codes in use", text)
		}
		q.ProcessCode = report.Some(code)
	}
	if text := flagText(cmd, "result"); text != "" {
		status, known := report.ParseStatus(text)
		if !known {
			return q, fmt.Errorf("--result %q is none of passed, failed, error and terminated", text)
		}
		q.Result = status
	}
	if q.From, err = flagTime(cmd, "from"); err != nil {
		return q, err
	}
	q.To, err = flagTime(cmd, "to")
	return q, err
}

// flagTime reads a date, which is midnight on this machine, or a date-time. The zero time means that the flag is not given.
func flagTime(cmd *cobra.Command, name string) (time.Time, error) {
	text := flagText(cmd, name)
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		return day, nil
	}
	at, _, err := report.ParseTime(text, time.Local)
	if err != nil {
		return time.Time{}, fmt.Errorf("--%s %q is neither a date (2026-11-23) nor a date-time (2026-11-23T14:30:00Z)", name, text)
	}
	return at, nil
}

func headerColumns() []column[*wats.ReportHeader] {
	type header = *wats.ReportHeader
	return []column[header]{
		{"start", func(h header) string { return h.StartUTC.Format(time.RFC3339) }},
		{"serial", func(h header) string { return h.SerialNumber }},
		{"part", func(h header) string { return h.PartNumber }},
		{"rev", func(h header) string { return h.Revision }},
		{"process", func(h header) string { return fmt.Sprintf("%d %s", h.ProcessCode, h.ProcessName) }},
		{"result", func(h header) string { return h.Result.String() }},
		{"run", func(h header) string { return optionalText(h.Run) }},
		{"station", func(h header) string { return h.StationName }},
		{"failed step", func(h header) string { return h.CausedUUTFailure }},
		{"id", func(h header) string { return h.ID.String() }},
	}
}

// optionalText returns "" for an absent value.
func optionalText[T any](o report.Optional[T]) string {
	if !o.Present {
		return ""
	}
	return fmt.Sprint(o.Value)
}

package main

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func newYield() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "yield",
		Short: "Show the first-pass yield by product and operation",
		Long: `Show the first-pass yield: of the units whose first run in an operation is in the selection, the share that passed in it.

Without --from and --to it is about the last 30 days. Texts take several values separated by semicolons, and % for any text.
Times are dates (2026-11-23, midnight on this machine) or date-times (2026-11-23T14:30:00Z). Periods are in UTC.
` + serverHelp,
		Example: `  gowats yield
  gowats yield --part PSU-2200 --process 60 --by day
  gowats yield --by week --from 2026-10-01 --format csv`,
		Args: cobra.NoArgs,
		RunE: showYield,
	}
	f := cmd.Flags()
	f.String("part", "", "part number")
	f.String("revision", "", "revision of the product")
	f.String("station", "", "name of the station")
	f.String("process", "", "operation, by code or by name")
	f.String("by", "none", "period: hour, day, week, month, quarter, year or none")
	f.String("from", "", "earliest start of a first run")
	f.String("to", "", "latest start of a first run")
	addFormatFlags(cmd)
	addServerFlags(cmd)
	return cmd
}

func showYield(cmd *cobra.Command, _ []string) error {
	format, err := formatOf(cmd)
	if err != nil {
		return err
	}
	filter, err := yieldFilter(cmd)
	if err != nil {
		return withCode(exitUsage, err)
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	if filter.TestOperation, err = operationName(cmd, client); err != nil {
		return err
	}
	rows, err := client.Analytics.DynamicYield(cmd.Context(), filter)
	if err != nil {
		return err
	}
	return writeList(cmd.OutOrStdout(), format, yieldColumns(filter), all(rows))
}

func yieldFilter(cmd *cobra.Command) (f wats.YieldFilter, err error) {
	f = wats.YieldFilter{
		PartNumber:  flagText(cmd, "part"),
		Revision:    flagText(cmd, "revision"),
		StationName: flagText(cmd, "station"),
		Dimensions:  "partNumber;processCode;testOperation",
	}
	groupings := map[string]wats.DateGrouping{"hour": wats.ByHour, "day": wats.ByDay, "week": wats.ByWeek, "month": wats.ByMonth, "quarter": wats.ByQuarter, "year": wats.ByYear}
	if by := strings.ToLower(flagText(cmd, "by")); by != "none" {
		grouping, known := groupings[by]
		if !known {
			return f, fmt.Errorf("--by %q is none of hour, day, week, month, quarter, year and none", by)
		}
		f.DateGrouping = report.Some(grouping)
		f.Dimensions += ";period"
	}
	if f.DateFrom, err = optionalTime(cmd, "from"); err != nil {
		return f, err
	}
	f.DateTo, err = optionalTime(cmd, "to")
	return f, err
}

// optionalTime returns nil when the flag is not given.
func optionalTime(cmd *cobra.Command, name string) (*time.Time, error) {
	at, err := flagTime(cmd, name)
	if err != nil || at.IsZero() {
		return nil, err
	}
	return &at, nil
}

// operationName returns the name of the operation that --process gives by code or by name; "" when it is not given.
func operationName(cmd *cobra.Command, client *wats.Client) (string, error) {
	text := flagText(cmd, "process")
	code, err := strconv.Atoi(text)
	if err != nil {
		return text, nil //nolint:nilerr // what is no code is a name
	}
	processes, err := client.Process.List(cmd.Context())
	if err != nil {
		return "", err
	}
	for _, p := range processes {
		if p.Code == code {
			return p.Name, nil
		}
	}
	return "", withCode(exitUsage, fmt.Errorf("--process %d: the server has no operation of that code", code))
}

func yieldColumns(f wats.YieldFilter) []column[wats.YieldRow] {
	type row = wats.YieldRow
	columns := []column[row]{
		{"part", func(r row) string { return optionalText(r.PartNumber) }},
		{"process", func(r row) string { return optionalText(r.ProcessCode) + " " + optionalText(r.TestOperation) }},
	}
	if f.DateGrouping.Present {
		columns = append(columns, column[row]{"period", func(r row) string { return optionalText(r.Period) }})
	}
	return append(columns,
		column[row]{"units", func(r row) string { return strconv.Itoa(r.UnitCount) }},
		column[row]{"passed first", func(r row) string { return strconv.Itoa(r.FPCount) }},
		column[row]{"fpy %", func(r row) string { return strconv.FormatFloat(r.FPY, 'f', 2, 64) }},
	)
}

// all yields the elements of list without error.
func all[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, element := range list {
			if !yield(element, nil) {
				return
			}
		}
	}
}

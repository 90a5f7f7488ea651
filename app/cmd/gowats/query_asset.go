package main

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func newQueryAssets() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "assets",
		Short: "List equipment, by serial number",
		Long: `List equipment: fixtures, instruments and the like, by serial number.

Texts may hold * for any text. A --filter is an OData expression over the members that --json shows, such as
  nextCalibrationDate le 2026-12-01T00:00:00Z and state eq 1
The column alarm, --alarm and --tag are those of gowats servers.
` + serverHelp,
		Example: `  gowats query assets
  gowats query assets --location 'Oslo*' --type Fixture
  gowats query assets --tag Line=4 --alarm warning
  gowats query assets --order-by 'totalCount desc' --top 10 --format csv`,
		Args: cobra.NoArgs,
		RunE: queryAssets,
	}
	f := cmd.Flags()
	f.String("serial", "", "serial number")
	f.String("part", "", "part number")
	f.String("name", "", "name of the asset")
	f.String("location", "", "where it is")
	f.String("type", "", "name of the type")
	f.String("state", "", "unknown, in-operation, in-transit, in-maintenance, in-calibration, in-storage or scrapped")
	f.String("tag", "", "only with a tag: KEY or KEY=VALUE")
	f.String("alarm", "", "only from this level on: warning or alarm")
	f.String("filter", "", "OData expression, in addition to the above")
	f.String("order-by", "", "OData members to sort by (default \"serialNumber\")")
	f.Int("top", 100, "at most so many; 0 for all")
	addFormatFlags(cmd)
	addServerFlags(cmd)
	return cmd
}

func queryAssets(cmd *cobra.Command, _ []string) error {
	format, err := formatOf(cmd)
	if err != nil {
		return err
	}
	query, err := assetQuery(cmd)
	if err != nil {
		return withCode(exitUsage, err)
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	if name := flagText(cmd, "type"); name != "" {
		if query.TypeID, err = assetTypeNamed(cmd.Context(), client, name); err != nil {
			return err
		}
	}
	return writeList(cmd.OutOrStdout(), format, assetColumns(), client.Asset.All(cmd.Context(), query))
}

func assetQuery(cmd *cobra.Command) (q wats.AssetQuery, err error) {
	q = wats.AssetQuery{
		SerialNumber: flagText(cmd, "serial"),
		PartNumber:   flagText(cmd, "part"),
		Name:         flagText(cmd, "name"),
		Location:     flagText(cmd, "location"),
		OrderBy:      flagText(cmd, "order-by"),
	}
	q.Tag.Key, q.Tag.Value, _ = strings.Cut(flagText(cmd, "tag"), "=")
	if q.Top, err = topOf(cmd); err != nil {
		return q, err
	}
	if text := flagText(cmd, "state"); text != "" {
		state, known := assetStateOf(text)
		if !known {
			return q, fmt.Errorf("--state %q is none of unknown, in-operation, in-transit, in-maintenance, in-calibration, in-storage and scrapped", text)
		}
		q.State = report.Some(state)
	}
	var filters []string
	if text := flagText(cmd, "filter"); text != "" {
		filters = append(filters, "("+text+")")
	}
	switch text := strings.ToLower(flagText(cmd, "alarm")); text {
	case "":
	case "warning":
		filters = append(filters, fmt.Sprintf("alarmState ge %d", int(wats.AssetWarning)))
	case "alarm":
		filters = append(filters, fmt.Sprintf("alarmState ge %d", int(wats.AssetInAlarm)))
	default:
		return q, fmt.Errorf("--alarm %q is neither warning nor alarm", text)
	}
	q.Filter = strings.Join(filters, " and ")
	return q, nil
}

// topOf reads --top.
func topOf(cmd *cobra.Command) (int, error) {
	top, err := cmd.Flags().GetInt("top")
	if err == nil && top < 0 {
		err = fmt.Errorf("--top %d is below zero", top)
	}
	return top, err
}

func assetStateOf(text string) (wats.AssetState, bool) {
	text = strings.ReplaceAll(strings.ToLower(text), "-", " ")
	for state := wats.AssetStateUnknown; state <= wats.AssetScrapped; state++ {
		if state.String() == text {
			return state, true
		}
	}
	return 0, false
}

// assetTypeNamed finds a type by its name, in any case.
func assetTypeNamed(ctx context.Context, client *wats.Client, name string) (report.ID, error) {
	types, err := client.Asset.Types(ctx, wats.AssetTypeQuery{})
	if err != nil {
		return report.ID{}, err
	}
	var names []string
	for _, t := range types {
		if strings.EqualFold(t.Name, name) {
			return t.ID, nil
		}
		names = append(names, t.Name)
	}
	if len(names) == 0 {
		return report.ID{}, withCode(exitUsage, fmt.Errorf("--type %q: the server has no types of assets", name))
	}
	return report.ID{}, withCode(exitUsage, fmt.Errorf("--type %q is none of %s", name, strings.Join(names, ", ")))
}

func assetColumns() []column[*wats.Asset] {
	type asset = *wats.Asset
	return []column[asset]{
		{"serial", func(a asset) string { return a.SerialNumber }},
		{"name", func(a asset) string { return a.Name }},
		{"type", func(a asset) string {
			if a.Type == nil {
				return ""
			}
			return a.Type.Name
		}},
		{"location", func(a asset) string { return a.Location }},
		{"state", func(a asset) string { return a.State.String() }},
		{"alarm", func(a asset) string { return optionalText(a.Alarm) }},
		{"running", func(a asset) string { return optionalText(a.RunningCount) }},
		{"total", func(a asset) string { return optionalText(a.TotalCount) }},
		{"calibration due", func(a asset) string { return dateText(a.NextCalibration) }},
		{"maintenance due", func(a asset) string { return dateText(a.NextMaintenance) }},
		{"id", func(a asset) string { return a.ID.String() }},
	}
}

// dateText returns "" for the zero Time.
func dateText(t wats.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// sequence yields the elements of a list that came whole, at most top of them; 0: all.
func sequence[T any](list []T, top int) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for i := range list {
			if top > 0 && i == top || !yield(&list[i], nil) {
				return
			}
		}
	}
}

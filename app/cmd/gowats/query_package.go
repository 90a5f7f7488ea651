package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats"
)

func newQueryPackages() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "packages",
		Short: "List packages of software, by name and version",
		Long: `List packages of software, by name and version.

A --filter is an OData expression over the members that --json shows, such as
  priority ge 5 and tags/any(t: t/key eq 'Line' and t/value eq '4')
` + serverHelp,
		Example: `  gowats query packages
  gowats query packages --status released --tag Line=4
  gowats query packages --filter "startsWith(name, 'ICT')" --json`,
		Args: cobra.NoArgs,
		RunE: queryPackages,
	}
	f := cmd.Flags()
	f.String("status", "", "draft, pending, released or revoked; default any")
	f.String("tag", "", "tag that the packages have: KEY or KEY=VALUE")
	f.String("filter", "", "OData expression, in addition to the above")
	f.String("order-by", "", "OData members to sort by (default \"name, version\")")
	f.Int("top", 100, "at most so many; 0 for all")
	addFormatFlags(cmd)
	addServerFlags(cmd)
	return cmd
}

func queryPackages(cmd *cobra.Command, _ []string) error {
	format, err := formatOf(cmd)
	if err != nil {
		return err
	}
	query, err := packageQuery(cmd)
	if err != nil {
		return withCode(exitUsage, err)
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	return writeList(cmd.OutOrStdout(), format, packageColumns(), client.Software.Query(cmd.Context(), query))
}

func packageQuery(cmd *cobra.Command) (q wats.PackageQuery, err error) {
	q.OrderBy = flagText(cmd, "order-by")
	if q.Top, err = topOf(cmd); err != nil {
		return q, err
	}
	var terms []string
	if text := flagText(cmd, "status"); text != "" {
		status, err := wats.ParsePackageStatus(text)
		if err != nil {
			return q, fmt.Errorf("--status: %w", err)
		}
		terms = append(terms, "status eq "+quoted(string(status)))
	}
	if key, value, hasValue := strings.Cut(flagText(cmd, "tag"), "="); key != "" {
		term := "t/key eq " + quoted(key)
		if hasValue {
			term += " and t/value eq " + quoted(value)
		}
		terms = append(terms, "tags/any(t: "+term+")")
	}
	if text := flagText(cmd, "filter"); text != "" {
		terms = append(terms, "("+text+")")
	}
	q.Filter = strings.Join(terms, " and ")
	return q, nil
}

// quoted returns text as a literal of OData.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func packageColumns() []column[*wats.Package] {
	type pack = *wats.Package
	return []column[pack]{
		{"name", func(p pack) string { return p.Name }},
		{"version", func(p pack) string { return fmt.Sprint(p.Version) }},
		{"status", func(p pack) string { return string(p.Status) }},
		{"files", func(p pack) string { return optionalText(p.FileCount) }},
		{"tags", func(p pack) string { return tagText(p.Tags) }},
		{"modified", func(p pack) string { return p.ModifiedUTC.Format(time.RFC3339) }},
		{"by", func(p pack) string { return p.ModifiedBy }},
		{"id", func(p pack) string { return p.ID.String() }},
	}
}

func tagText(tags []wats.PackageTag) string {
	texts := make([]string, len(tags))
	for i, t := range tags {
		texts[i] = t.Key + "=" + t.Value
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}

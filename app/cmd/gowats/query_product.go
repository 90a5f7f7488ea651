package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func newQueryProducts() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "products",
		Short: "List products, by part number",
		Long: `List products, by part number.

Texts may hold * for any text. A --filter is an OData expression over partNumber, name, description, category, nonSerial (true or false),
state (1 active, 0 inactive) and revisions, such as
  nonSerial eq true or revisions/any(r: r/revision eq 'B')
Servers other than gowats give all products, which are selected here; there --filter and --order-by are not possible.
` + serverHelp,
		Example: `  gowats query products
  gowats query products --part 'PCBA-*' --status inactive
  gowats query products --filter "contains(name, 'board')" --top 0 --format csv > boards.csv`,
		Args: cobra.NoArgs,
		RunE: queryProducts,
	}
	f := cmd.Flags()
	f.String("part", "", "part number")
	f.String("category", "", "name of the category")
	f.String("status", "", "active or inactive")
	f.String("filter", "", "OData expression, in addition to the above")
	f.String("order-by", "", "OData members to sort by (default \"partNumber\")")
	f.Int("top", 100, "at most so many; 0 for all")
	addFormatFlags(cmd)
	addServerFlags(cmd)
	return cmd
}

func queryProducts(cmd *cobra.Command, _ []string) error {
	format, err := formatOf(cmd)
	if err != nil {
		return err
	}
	query, err := productQuery(cmd)
	if err != nil {
		return withCode(exitUsage, err)
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	return writeList(cmd.OutOrStdout(), format, productColumns(), client.Product.All(cmd.Context(), query))
}

func productQuery(cmd *cobra.Command) (q wats.ProductQuery, err error) {
	q = wats.ProductQuery{
		PartNumber:   flagText(cmd, "part"),
		CategoryName: flagText(cmd, "category"),
		Filter:       flagText(cmd, "filter"),
		OrderBy:      flagText(cmd, "order-by"),
	}
	switch text := strings.ToLower(flagText(cmd, "status")); text {
	case "":
	case wats.Active.String():
		q.State = report.Some(wats.Active)
	case wats.Inactive.String():
		q.State = report.Some(wats.Inactive)
	default:
		return q, fmt.Errorf("--status %q is neither active nor inactive", text)
	}
	q.Top, err = topOf(cmd)
	return q, err
}

func productColumns() []column[*wats.ProductView] {
	type product = *wats.ProductView
	return []column[product]{
		{"part", func(p product) string { return p.PartNumber }},
		{"name", func(p product) string { return p.Name }},
		{"category", func(p product) string { return p.CategoryName }},
		{"status", func(p product) string { return p.State.String() }},
		{"serial numbers", func(p product) string { return yesNo(!p.NonSerial) }},
	}
}

func yesNo(claim bool) string {
	if claim {
		return "yes"
	}
	return "no"
}

func newQueryProcesses() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "processes",
		Short: "List the operations that tests and repairs are filed under",
		Long: `List operations: tests, repairs and work in progress, by the codes that reports name.
` + serverHelp,
		Example: `  gowats query processes
  gowats query processes --kind repair --all --json`,
		Args: cobra.NoArgs,
		RunE: queryProcesses,
	}
	f := cmd.Flags()
	f.String("kind", "", "test, repair or wip")
	f.Bool("all", false, "also those that are not in use any more")
	addFormatFlags(cmd)
	addServerFlags(cmd)
	return cmd
}

func queryProcesses(cmd *cobra.Command, _ []string) error {
	format, err := formatOf(cmd)
	if err != nil {
		return err
	}
	var query wats.ProcessQuery
	switch kind := strings.ToLower(flagText(cmd, "kind")); kind {
	case "":
	case "test":
		query.Tests = true
	case "repair":
		query.Repairs = true
	case "wip":
		query.WIP = true
	default:
		return withCode(exitUsage, fmt.Errorf("--kind %q is none of test, repair and wip", kind))
	}
	if query.Inactive, err = cmd.Flags().GetBool("all"); err != nil {
		return err
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	all, err := client.Process.Query(cmd.Context(), query)
	if err != nil {
		return err
	}
	return writeList(cmd.OutOrStdout(), format, processColumns(), sequence(all, 0))
}

func processColumns() []column[*wats.ProcessInfo] {
	type process = *wats.ProcessInfo
	return []column[process]{
		{"code", func(p process) string { return strconv.Itoa(p.Code) }},
		{"name", func(p process) string { return p.Name }},
		{"kind", func(p process) string {
			switch {
			case p.IsRepairOperation:
				return "repair"
			case p.IsWIPOperation:
				return "wip"
			}
			return "test"
		}},
		{"order", func(p process) string {
			if p.ProcessIndex == 0 {
				return ""
			}
			return strconv.Itoa(p.ProcessIndex)
		}},
		{"status", func(p process) string { return p.State.String() }},
		{"description", func(p process) string { return p.Description }},
	}
}

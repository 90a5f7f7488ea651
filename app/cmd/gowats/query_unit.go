package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats"
)

func newQueryUnits() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "units",
		Short: "List units, those made last first",
		Long: `List the units that the server knows, from reports or from production, those made last first.

Texts may hold * for any text. A --filter is an OData expression over the members that --json shows, such as
  processCode eq 31 and unitPhase eq 'Finalized'
Only gowats servers list units.
` + serverHelp,
		Example: `  gowats query units --part 'PCBA-*' --phase finalized
  gowats query units --order PO-1007 --format csv
  gowats query units --batch LOT-7 --top 0 --json`,
		Args: cobra.NoArgs,
		RunE: queryUnits,
	}
	f := cmd.Flags()
	f.String("serial", "", "serial number")
	f.String("part", "", "part number")
	f.String("batch", "", "batch number")
	f.String("order", "", "number of the production order")
	f.String("phase", "", "name, code or number of a phase, such as finalized or under-production")
	f.String("filter", "", "OData expression, in addition to the above")
	f.String("order-by", "", "OData members to sort by (default \"created desc\")")
	f.Int("top", 100, "at most so many; 0 for all")
	addFormatFlags(cmd)
	addServerFlags(cmd)
	return cmd
}

func queryUnits(cmd *cobra.Command, _ []string) error {
	format, err := formatOf(cmd)
	if err != nil {
		return err
	}
	top, err := topOf(cmd)
	if err != nil {
		return withCode(exitUsage, err)
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	phase, err := phaseNamed(cmd, client)
	if err != nil {
		return err
	}
	return writeList(cmd.OutOrStdout(), format, unitColumns(), client.Production.Units(cmd.Context(), wats.UnitQuery{
		SerialNumber: flagText(cmd, "serial"), PartNumber: flagText(cmd, "part"), BatchNumber: flagText(cmd, "batch"), OrderNumber: flagText(cmd, "order"),
		Phase: phase, Filter: flagText(cmd, "filter"), OrderBy: flagText(cmd, "order-by"), Top: top,
	}))
}

// phaseNamed returns the phase of --phase, 0 when it is not given.
func phaseNamed(cmd *cobra.Command, client *wats.Client) (wats.UnitPhaseID, error) {
	text := flagText(cmd, "phase")
	if text == "" {
		return 0, nil
	}
	phases, err := client.Production.Phases(cmd.Context())
	if err != nil {
		return 0, err
	}
	words := strings.NewReplacer("-", " ", "_", " ")
	var names []string
	for _, p := range phases {
		if strings.EqualFold(words.Replace(p.Name), words.Replace(text)) || strconv.Itoa(int(p.ID)) == text {
			return p.ID, nil
		}
		names = append(names, p.Name)
	}
	return 0, withCode(exitUsage, fmt.Errorf("--phase %q is none of %s", text, strings.Join(names, ", ")))
}

func unitColumns() []column[*wats.Unit] {
	type unit = *wats.Unit
	return []column[unit]{
		{"serial", func(u unit) string { return u.SerialNumber }},
		{"part", func(u unit) string { return u.PartNumber }},
		{"rev", func(u unit) string { return u.Revision }},
		{"phase", func(u unit) string { return u.Phase }},
		{"process", func(u unit) string { return optionalText(u.ProcessCode) }},
		{"batch", func(u unit) string { return u.BatchNumber }},
		{"order", func(u unit) string { return u.OrderNumber }},
		{"in", func(u unit) string { return u.ParentSerialNumber }},
		{"location", func(u unit) string { return u.CurrentLocation }},
	}
}

func newQueryOrders() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "orders",
		Short: "List production orders, the latest planned start first",
		Long: `List production orders, the latest planned start first.

Times are dates (2026-11-23, midnight on this machine) or date-times (2026-11-23T14:30:00Z). Only gowats servers have production orders.
` + serverHelp,
		Example: `  gowats query orders --status started
  gowats query orders --from 2026-11-01 --to 2026-12-01 --json`,
		Args: cobra.NoArgs,
		RunE: queryOrders,
	}
	f := cmd.Flags()
	f.String("status", "", "planned, started or completed")
	f.String("from", "", "earliest planned start")
	f.String("to", "", "planned start before")
	f.String("filter", "", "OData expression, in addition to the above")
	f.String("order-by", "", "OData members to sort by (default \"plannedStartUtc desc\")")
	f.Int("top", 100, "at most so many; 0 for all")
	addFormatFlags(cmd)
	addServerFlags(cmd)
	return cmd
}

func queryOrders(cmd *cobra.Command, _ []string) error {
	format, err := formatOf(cmd)
	if err != nil {
		return err
	}
	query, err := orderQuery(cmd)
	if err != nil {
		return withCode(exitUsage, err)
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	return writeList(cmd.OutOrStdout(), format, orderColumns(), client.Production.Orders(cmd.Context(), query))
}

func orderQuery(cmd *cobra.Command) (q wats.OrderQuery, err error) {
	q = wats.OrderQuery{Filter: flagText(cmd, "filter"), OrderBy: flagText(cmd, "order-by")}
	if q.Top, err = topOf(cmd); err != nil {
		return q, err
	}
	if text := flagText(cmd, "status"); text != "" {
		var known bool
		if q.Status, known = wats.ParseOrderStatus(text); !known {
			return q, fmt.Errorf("--status %q is none of planned, started and completed", text)
		}
	}
	if q.From, err = flagTime(cmd, "from"); err != nil {
		return q, err
	}
	q.To, err = flagTime(cmd, "to")
	return q, err
}

func orderColumns() []column[*wats.ProductionOrder] {
	type order = *wats.ProductionOrder
	return []column[order]{
		{"order", func(o order) string { return o.OrderNumber }},
		{"status", func(o order) string { return string(o.Status) }},
		{"quantity", func(o order) string { return strconv.Itoa(o.Quantity) }},
		{"planned", func(o order) string { return dateText(o.PlannedStart) }},
		{"due", func(o order) string { return dateText(o.Due) }},
		{"started", func(o order) string { return dateText(o.Started) }},
		{"completed", func(o order) string { return dateText(o.Completed) }},
		{"customer", func(o order) string { return o.Customer }},
		{"description", func(o order) string { return o.Description }},
	}
}

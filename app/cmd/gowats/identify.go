package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats/app/identify"
)

func newIdentify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "identify",
		Short: "Ask an operator which unit or product is meant",
		Long: `Ask the operator which unit, or which product, is meant, and print the answer, for the program that goes on with it.

Questions go to standard error; each answer is a line of standard input. Lists are numbered, and an empty answer takes what stands in brackets.
` + serverHelp,
		Example: `  gowats identify uut
  gowats identify uut --serial B026001 --process ICT --json
  gowats identify product --part PCBA`,
	}
	uut := &cobra.Command{Use: "uut", Short: "Ask for a unit and a test operation", Args: cobra.NoArgs, RunE: identifyUnit}
	uut.Flags().String("serial", "", "serial number (default: it is asked for)")
	uut.Flags().String("process", "", "code or name of the test operation (default: it is asked for)")
	product := &cobra.Command{Use: "product", Short: "Ask for a product and its revision", Args: cobra.NoArgs, RunE: identifyProduct}
	product.Flags().String("part", "", "part of the part number or name (default: it is asked for)")
	for _, c := range []*cobra.Command{uut, product} {
		c.Flags().Bool("json", false, "print a JSON object")
		addServerFlags(c)
		cmd.AddCommand(c)
	}
	return cmd
}

func identifyUnit(cmd *cobra.Command, _ []string) error {
	return withDialog(cmd, func(d *identify.Dialog) (any, [][2]string, error) {
		u, err := d.Unit(cmd.Context(), flagText(cmd, "serial"), flagText(cmd, "process"))
		if err != nil {
			return nil, nil, err
		}
		known := "not known yet"
		if u.Known {
			known = "known"
		}
		return u, [][2]string{
			{"serial", u.SerialNumber}, {"part", u.PartNumber}, {"revision", u.Revision}, {"batch", u.BatchNumber}, {"process", strconv.Itoa(u.ProcessCode) + " " + u.Process},
			{"unit", known},
		}, nil
	})
}

func identifyProduct(cmd *cobra.Command, _ []string) error {
	return withDialog(cmd, func(d *identify.Dialog) (any, [][2]string, error) {
		p, err := d.Product(cmd.Context(), flagText(cmd, "part"))
		if err != nil {
			return nil, nil, err
		}
		return p, [][2]string{{"part", p.PartNumber}, {"revision", p.Revision}, {"name", p.Name}}, nil
	})
}

// withDialog carries out a dialog and prints what it gives: as an object, or as rows of which those without a text are left out.
func withDialog(cmd *cobra.Command, ask func(*identify.Dialog) (any, [][2]string, error)) error {
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	answer, rows, err := ask(identify.New(client, cmd.InOrStdin(), cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(cmd.OutOrStdout(), answer)
	}
	for _, row := range rows {
		if row[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%-9s %s\n", row[0], row[1]); err != nil {
			return err
		}
	}
	return nil
}

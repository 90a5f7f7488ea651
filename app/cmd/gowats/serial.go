package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats"
)

func newSerial() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serial",
		Short: "Take, import and export serial numbers",
		Long: `Take serial numbers and MAC addresses from the pools of the server, and fill them.

Each number is given once. A type of numbers has a pool of its own.
` + serverHelp,
		Example: `  gowats serial type MAC --kind mac
  printf 'id,seq\n00-1B-63-84-45-00,255\n' | gowats serial import - --type MAC
  gowats serial take MAC --count 2 --for B026001 --part PCBA-1042
  gowats serial status`,
	}
	cmd.AddCommand(newSerialTypes(), newSerialType(), newSerialStatus(), newSerialTake(), newSerialImport(), newSerialExport())
	for _, c := range cmd.Commands() {
		addServerFlags(c)
	}
	return cmd
}

func newSerialTypes() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "types",
		Short: "List the types of serial numbers",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withProduction(cmd, func(p *wats.ProductionService) error {
				types, err := p.SerialNumberTypes(cmd.Context())
				return listSerials(cmd, err, types, []column[*wats.SerialNumberType]{
					{"name", func(t *wats.SerialNumberType) string { return t.Name }},
					{"kind", func(t *wats.SerialNumberType) string { return t.IdentifierName }},
					{"format", func(t *wats.SerialNumberType) string { return t.Format }},
					{"pattern", func(t *wats.SerialNumberType) string { return t.Pattern }},
					{"description", func(t *wats.SerialNumberType) string { return t.Description }},
				})
			})
		},
	}
	addFormatFlags(cmd)
	return cmd
}

// withProduction runs f with the server's production.
func withProduction(cmd *cobra.Command, f func(*wats.ProductionService) error) error {
	client, err := connect(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	return f(client.Production)
}

// listSerials writes a list that came whole, unless it did not come.
func listSerials[T any](cmd *cobra.Command, err error, list []T, columns []column[*T]) error {
	if err != nil {
		return err
	}
	format, err := formatOf(cmd)
	if err != nil {
		return err
	}
	return writeList(cmd.OutOrStdout(), format, columns, sequence(list, 0))
}

func newSerialType() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "type NAME",
		Short: "Make a type of serial numbers, or change it",
		Long:  "Make a type of serial numbers, or change the one of that name. Only gowats servers take types from here.\n" + serverHelp,
		Example: `  gowats serial type Board --pattern 'B\d{6}'
  gowats serial type MAC --kind mac --number-format xx:xx:xx:xx:xx:xx`,
		Args: cobra.ExactArgs(1),
		RunE: saveSerialType,
	}
	f := cmd.Flags()
	f.String("kind", "serial", "serial, mac or imei")
	f.String("pattern", "", "regular expression that a number must match as a whole")
	f.String("number-format", "", "how MAC addresses are written, with an X or x for each digit (default XX-XX-XX-XX-XX-XX)")
	f.String("description", "", "what the numbers are for")
	return cmd
}

func saveSerialType(cmd *cobra.Command, args []string) error {
	t := wats.SerialNumberType{
		Name: args[0], Pattern: flagText(cmd, "pattern"), Format: flagText(cmd, "number-format"), Description: flagText(cmd, "description"),
	}
	switch kind := strings.ToLower(flagText(cmd, "kind")); kind {
	case "serial":
	case "mac":
		t.Identifier = wats.MACAddress
	case "imei":
		t.Identifier = wats.IMEI
	default:
		return withCode(exitUsage, fmt.Errorf("--kind %q is none of serial, mac and imei", kind))
	}
	return withProduction(cmd, func(p *wats.ProductionService) error {
		_, err := p.SaveSerialNumberType(cmd.Context(), t)
		return err
	})
}

func newSerialStatus() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status [TYPE]",
		Short: "Tell how many numbers are free, reserved and taken",
		Args:  cobra.MaximumNArgs(1),
		RunE:  serialStatus,
	}
	addFormatFlags(cmd)
	return cmd
}

func serialStatus(cmd *cobra.Command, args []string) error {
	return withProduction(cmd, func(p *wats.ProductionService) error {
		name := strings.Join(args, "")
		all, err := p.SerialNumberStatistics(cmd.Context(), name)
		if err != nil {
			return err
		}
		types := all.Types
		if name != "" {
			types = []wats.SerialNumberStatistics{*all}
		}
		count := func(of func(*wats.SerialNumberStatistics) int64) func(*wats.SerialNumberStatistics) string {
			return func(s *wats.SerialNumberStatistics) string { return strconv.FormatInt(of(s), 10) }
		}
		return listSerials(cmd, nil, types, []column[*wats.SerialNumberStatistics]{
			{"type", func(s *wats.SerialNumberStatistics) string { return s.Type }},
			{"free", count(func(s *wats.SerialNumberStatistics) int64 { return s.Free })},
			{"reserved", count(func(s *wats.SerialNumberStatistics) int64 { return s.Reserved })},
			{"taken", count(func(s *wats.SerialNumberStatistics) int64 { return s.Taken })},
		})
	})
}

func newSerialTake() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "take TYPE",
		Short: "Take free numbers, one a line",
		Long: `Take free numbers in their order, and write one a line. When there are not enough, none is taken.

Each run takes further numbers, but with --reuse: then the same --for, --part and --count give the same numbers again.
` + serverHelp,
		Args: cobra.ExactArgs(1),
		RunE: takeSerials,
	}
	f := cmd.Flags()
	f.Int("count", 1, "how many, up to 10,000")
	f.String("for", "", "serial number of the unit they are for")
	f.String("part", "", "part number of the unit they are for")
	f.String("station", "", "name of the station")
	f.String("from", "", "no number before this one (gowats servers)")
	f.Bool("in-sequence", false, "only numbers that follow each other (gowats servers)")
	f.Bool("reuse", false, "give again what was taken for the same unit (gowats servers)")
	f.Bool("json", false, "a list in JSON")
	return cmd
}

func takeSerials(cmd *cobra.Command, args []string) (err error) {
	t := wats.SerialTake{
		Type: args[0], SerialNumber: flagText(cmd, "for"), PartNumber: flagText(cmd, "part"), StationName: flagText(cmd, "station"), From: flagText(cmd, "from"),
	}
	f := cmd.Flags()
	if t.Quantity, err = f.GetInt("count"); err != nil {
		return err
	}
	if t.InSequence, err = f.GetBool("in-sequence"); err != nil {
		return err
	}
	if t.Reuse, err = f.GetBool("reuse"); err != nil {
		return err
	}
	asJSON, err := f.GetBool("json")
	if err != nil {
		return err
	}
	if err := t.Validate().Err(); err != nil {
		return withCode(exitUsage, err)
	}
	return withProduction(cmd, func(p *wats.ProductionService) error {
		numbers, err := p.TakeSerialNumbers(cmd.Context(), t)
		if err != nil {
			return err
		}
		if asJSON {
			return writeJSON(cmd.OutOrStdout(), numbers)
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), strings.Join(numbers, "\n"))
		return err
	})
}

// maxSerialFile is the largest file that is imported, in bytes.
const maxSerialFile = 32 << 20

func newSerialImport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE|-",
		Short: "Add the numbers of a file to a pool",
		Long: `Add the numbers of a CSV or XML file to the pool of a type.

A CSV file has one number a line. A first line may name the columns: id, serialNumberType, seq (how many numbers in sequence follow), state
(free or taken), taken, refSN, refPN, stationName. Numbers that are there already are rejected and named, and the rest is added: the exit
code is 50 then. A number that the type does not allow refuses the file.
` + serverHelp,
		Args: cobra.ExactArgs(1),
		RunE: importSerials,
	}
	cmd.Flags().String("type", "", "type of the numbers, where the file does not tell it")
	cmd.Flags().Bool("json", false, "what became of them in JSON")
	return cmd
}

func importSerials(cmd *cobra.Command, args []string) error {
	file, err := readSerialFile(cmd, args[0])
	if err != nil {
		return err
	}
	format := wats.SerialCSV
	if strings.HasPrefix(strings.TrimLeft(string(file[:min(len(file), 100)]), "\ufeff \t\r\n"), "<") {
		format = wats.SerialXML
	}
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	return withProduction(cmd, func(p *wats.ProductionService) error {
		done, err := p.ImportSerialNumbers(cmd.Context(), flagText(cmd, "type"), format, file)
		if err != nil {
			return err
		}
		if asJSON {
			err = writeJSON(cmd.OutOrStdout(), done)
		} else {
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d imported, %d rejected\n", done.Imported, done.RejectedCount)
		}
		if err == nil && done.RejectedCount > 0 {
			err = withCode(exitSomeFailed, fmt.Errorf("%d numbers are there already: %s", done.RejectedCount, strings.Join(done.Rejected[:min(10, len(done.Rejected))], ", ")))
		}
		return err
	})
}

func readSerialFile(cmd *cobra.Command, name string) ([]byte, error) {
	in := cmd.InOrStdin()
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // was only read
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, maxSerialFile+1))
	if err == nil && len(data) > maxSerialFile {
		err = fmt.Errorf("%s has more than %d MiB: split it", name, maxSerialFile>>20)
	}
	return data, err
}

func newSerialExport() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "export TYPE",
		Short:   "Write the numbers of a type as CSV or XML",
		Example: "  gowats serial export MAC --state taken > taken.csv",
		Args:    cobra.ExactArgs(1),
		RunE:    exportSerials,
	}
	cmd.Flags().String("state", "", "only free, reserved or taken ones")
	cmd.Flags().String("format", string(wats.SerialCSV), "csv or xml")
	return cmd
}

func exportSerials(cmd *cobra.Command, args []string) error {
	e := wats.SerialExport{
		Type: args[0], State: wats.SerialState(strings.ToLower(flagText(cmd, "state"))), Format: wats.SerialFormat(strings.ToLower(flagText(cmd, "format"))),
	}
	switch e.State {
	case "", wats.SerialFree, wats.SerialReserved, wats.SerialTaken:
	default:
		return withCode(exitUsage, fmt.Errorf("--state %q is none of free, reserved and taken", e.State))
	}
	if e.Format != wats.SerialCSV && e.Format != wats.SerialXML {
		return withCode(exitUsage, fmt.Errorf("--format %q is neither csv nor xml", e.Format))
	}
	return withProduction(cmd, func(p *wats.ProductionService) error {
		return p.ExportSerialNumbers(cmd.Context(), cmd.OutOrStdout(), e)
	})
}

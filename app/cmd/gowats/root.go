package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newRoot returns the command gowats with all its subcommands.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "gowats",
		Short: "Everything between a tester and a yield chart",
		Long: `gowats takes test reports, keeps them, and shows the yield.

To look around:        gowats up --demo
To use it for real:    gowats up, then drop the files of testers into the inbox it names

Results go to standard output, everything else to standard error.

Exit codes: 0 good, 1 error, 2 wrong command line, 3 interrupted, 10-14 and 30-33 trouble with a service, 20-22 wrong configuration, 40 network trouble,
41 server not reachable, 42 not let in, 50 some of several items failed.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return readEnvironment(cmd, os.LookupEnv) },
	}
	root.PersistentFlags().String("data", "", "data folder (environment GOWATS_DATA; default depends on the system, see gowats up --help)")
	root.AddCommand(newUp(), newServer(), newAgent(), newSubmit(), newConvert(), newQuery(), newYield(), newQueue(), newRelease(), newSerial(), newIdentify(), newUser(), newToken(), newConfig(), newSecret(), newService(), newDoctor(), newVersion())
	return root
}

// settingAnnotation marks the flags that may also be given by the environment.
const settingAnnotation = "gowats_setting"

// isSetting lets the environment give a flag's value: listen by GOWATS_LISTEN, tls-cert by GOWATS_TLS_CERT.
func isSetting(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if err := cmd.Flags().SetAnnotation(name, settingAnnotation, []string{"true"}); err != nil {
			panic(err) // a name that is no flag: a mistake in this program
		}
	}
}

// readEnvironment fills the settings that the command line does not give.
func readEnvironment(cmd *cobra.Command, lookup func(string) (string, bool)) (err error) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || err != nil || (f.Annotations[settingAnnotation] == nil && f.Name != "data") {
			return
		}
		name := "GOWATS_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		text, set := lookup(name)
		if !set || text == "" {
			return
		}
		if e := cmd.Flags().Set(f.Name, text); e != nil {
			err = fmt.Errorf("environment %s: %w", name, e)
		}
	})
	return err
}

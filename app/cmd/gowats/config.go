package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/internal/fsx"
)

func newConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "See and change the settings of the agent",
		Long: `See and change the settings of the agent. They stand in one YAML file: --config, else GOWATS_CONFIG, else ` + configPath("") + `.
A running agent takes a change within seconds.`,
		Example: `  gowats config init --config ./gowats.yaml
  gowats config set server.url https://plant.example
  gowats config set converters.ict.folder /data/ict
  gowats config show`,
	}
	list := &cobra.Command{Use: "list", Short: "List every setting, its default and what it is for", Args: cobra.NoArgs, RunE: configList}
	list.Flags().Bool("json", false, "as JSON")
	show := &cobra.Command{Use: "show", Short: "Show the settings in force and where each comes from", Args: cobra.NoArgs, RunE: configShow}
	show.Flags().Bool("all", false, "the defaults, too")
	show.Flags().Bool("json", false, "as JSON")
	commands := []*cobra.Command{
		list, show,
		{Use: "get SETTING", Short: "Print one setting", Args: cobra.ExactArgs(1), RunE: configGet},
		{Use: "set SETTING VALUE", Short: "Change one setting in the file; an empty value takes it out", Args: cobra.ExactArgs(2), RunE: configSet},
		{Use: "check", Short: "Tell every mistake in the file", Args: cobra.NoArgs, RunE: configCheck},
		{Use: "path", Short: "Print where the file is", Args: cobra.NoArgs, RunE: configWhere},
		{Use: "import FILE…", Short: "Take over the settings of another WATS client", Args: cobra.MinimumNArgs(1), RunE: configImport,
			Long: "Take over the settings of another WATS client: the JSON file of pyWATS, or settings.json and converters.xml of the client for Windows.\n" +
				"What has no counterpart is told. A token is put into a file beside the settings, which only its owner may read."},
		{Use: "init", Short: "Make a file to begin with", Args: cobra.NoArgs, RunE: configInit},
	}
	for _, c := range commands {
		addConfigFlags(c)
		cmd.AddCommand(c)
	}
	return cmd
}

// settingRow is a setting as config list and show give it.
type settingRow struct {
	Setting     string `json:"setting"`
	Value       string `json:"value"`
	Origin      string `json:"origin,omitempty"`
	Environment string `json:"environment,omitempty"`
	Help        string `json:"help,omitempty"`
}

func configList(cmd *cobra.Command, _ []string) error {
	var rows []settingRow
	for _, s := range config.Settings() {
		rows = append(rows, settingRow{Setting: s.Path, Value: s.Default, Environment: s.Env, Help: s.Help})
	}
	return writeRowsOf(cmd, rows, []column[settingRow]{
		{"setting", func(r settingRow) string { return r.Setting }},
		{"default", func(r settingRow) string { return r.Value }},
		{"what it is for", func(r settingRow) string { return r.Help }},
	})
}

func writeRowsOf(cmd *cobra.Command, rows []settingRow, columns []column[settingRow]) error {
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	format := formatTable
	if asJSON {
		format = formatJSON
	}
	return writeList(cmd.OutOrStdout(), format, columns, func(yield func(settingRow, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	})
}

func loadConfig(cmd *cobra.Command) (*config.Loaded, error) {
	file := configFileOf(cmd)
	text, err := file.read()
	if err != nil {
		return nil, err
	}
	return file.load(text)
}

func configShow(cmd *cobra.Command, _ []string) error {
	loaded, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	all, err := cmd.Flags().GetBool("all")
	if err != nil {
		return err
	}
	var rows []settingRow
	for path, value := range loaded.Values() {
		if origin := loaded.Origin(path); all || origin != "default" {
			rows = append(rows, settingRow{Setting: path, Value: value, Origin: origin})
		}
	}
	return writeRowsOf(cmd, rows, []column[settingRow]{
		{"setting", func(r settingRow) string { return r.Setting }},
		{"value", func(r settingRow) string { return r.Value }},
		{"from", func(r settingRow) string { return r.Origin }},
	})
}

func configGet(cmd *cobra.Command, args []string) error {
	loaded, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	for path, value := range loaded.Values() {
		if path == args[0] {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), value)
			return err
		}
	}
	return withCode(exitUsage, fmt.Errorf("there is no setting %s; gowats config list names all", args[0]))
}

func configSet(cmd *cobra.Command, args []string) error {
	file := configFileOf(cmd)
	text, err := os.ReadFile(file.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return withCode(exitConfiguration, err)
	}
	changed, err := config.Edit(text, args[0], args[1])
	if err != nil {
		return withCode(exitInvalidConfig, fmt.Errorf("%s was not changed:\n%w", file.path, err))
	}
	return writeConfig(file.path, text, changed)
}

// configImport adds the settings of each file. Nothing is changed when one of them cannot be read.
func configImport(cmd *cobra.Command, args []string) error {
	file := configFileOf(cmd)
	before, err := os.ReadFile(file.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return withCode(exitConfiguration, err)
	}
	now, token := before, ""
	for _, name := range args {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		loaded, err := file.load(now)
		if err != nil {
			return err
		}
		i, err := config.ImportFrom(text, len(loaded.Converters))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, note := range i.Notes {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", name, note)
		}
		token = firstOf(i.Token, token)
		if now, err = i.Apply(now); err != nil {
			return withCode(exitInvalidConfig, fmt.Errorf("%s does not go with %s, which was not changed:\n%w", name, file.path, err))
		}
	}
	if token != "" {
		if now, err = keepToken(file.path, now, token); err != nil {
			return err
		}
	}
	if err := writeConfig(file.path, before, now); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", file.path)
	return err
}

// keepToken writes a token into a file of its own and returns the settings that refer to it.
func keepToken(path string, settings []byte, token string) ([]byte, error) {
	path, err := filepath.Abs(strings.TrimSuffix(path, filepath.Ext(path)) + ".token")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = fsx.WriteFileAtomic(path, []byte(token+"\n"), 0o600)
	}
	if err != nil {
		return nil, withCode(exitConfiguration, fmt.Errorf("keep the token: %w", err))
	}
	return config.Edit(settings, "server.token", "file:"+path)
}

const keptConfigs = 10 // earlier versions of the file that stay beside it

// writeConfig replaces the file durably and keeps what it held before as <name>.1 and so on.
func writeConfig(path string, before, now []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return withCode(exitConfiguration, err)
	}
	if len(before) > 0 {
		for n := keptConfigs; n > 1; n-- {
			if err := os.Rename(fmt.Sprintf("%s.%d", path, n-1), fmt.Sprintf("%s.%d", path, n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return withCode(exitConfiguration, err)
			}
		}
		if err := fsx.WriteFileAtomic(path+".1", before, 0o640); err != nil {
			return withCode(exitConfiguration, err)
		}
	}
	if err := fsx.WriteFileAtomic(path, now, 0o640); err != nil {
		return withCode(exitConfiguration, err)
	}
	return nil
}

func configCheck(cmd *cobra.Command, _ []string) error {
	file := configFileOf(cmd)
	file.named = true
	text, err := file.read()
	if err != nil {
		return err
	}
	if _, err := file.load(text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is good\n", file.path)
	return err
}

func configWhere(cmd *cobra.Command, _ []string) error {
	_, err := fmt.Fprintln(cmd.OutOrStdout(), configFileOf(cmd).path)
	return err
}

// firstConfig is what a new file holds.
const firstConfig = `# Settings of the gowats agent. gowats config list names all of them; what is not set has its default.
version: 1

server:
  url: ""               # the address of the server, such as https://plant.example
  token: ""             # where its token is kept: file:/etc/gowats/token, env:NAME or secret:NAME

station:
  name: ""              # empty: the name of this machine
  location: ""
  purpose: ""

converters:
  - name: inbox         # every file in this folder that is a report in a format gowats knows
    folder: inbox       # relative to the data folder
`

func configInit(cmd *cobra.Command, _ []string) error {
	path := configFileOf(cmd).path
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return withCode(exitConfiguration, fmt.Errorf("%s is there already", path))
	}
	if err := writeConfig(path, nil, []byte(firstConfig)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n", path)
	fmt.Fprintf(cmd.ErrOrStderr(), "Next: gowats config set server.url …, server.token …; then gowats agent run%s\n", configHint(cmd))
	return err
}

// configHint repeats the flags by which the file was named.
func configHint(cmd *cobra.Command) string {
	var b strings.Builder
	for _, name := range []string{"config", "instance"} {
		if text := flagText(cmd, name); text != "" {
			fmt.Fprintf(&b, " --%s %s", name, text)
		}
	}
	return b.String()
}

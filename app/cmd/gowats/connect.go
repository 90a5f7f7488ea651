package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/internal/fsx"
)

// clientSettings is the content of client.json: how the commands on this machine reach its server.
type clientSettings struct {
	URL      string `json:"url"`
	Token    string `json:"token"`
	User     string `json:"user,omitempty"`     // the administrator that gowats up made,
	Password string `json:"password,omitempty"` // for signing in at the pages

	reference config.Reference // to the token, instead of it
}

// readClientSettings returns the zero value when there is no such file.
func readClientSettings(path string) (c clientSettings, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil {
		return c, withCode(exitConfiguration, fmt.Errorf("read %s: %w; remove the file and gowats up makes a new one", path, err))
	}
	return c, nil
}

// write stores c so that only its owner may read it.
func (c clientSettings) write(path string) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return fsx.WriteFileAtomic(path, append(data, '\n'), 0o600)
}

// addServerFlags gives cmd the flags by which connect finds the server.
func addServerFlags(cmd *cobra.Command) {
	cmd.Flags().String("server", "", "address of the server, such as https://plant.example (environment GOWATS_URL, or WATS_BASE_URL)")
	cmd.Flags().String("token-file", "", "file that holds the token (environment GOWATS_TOKEN holds the token itself, or WATS_AUTH_TOKEN)")
	addSecretFlags(cmd)
}

const serverHelp = `
The server is the one that --server and --token-file name, else GOWATS_URL and GOWATS_TOKEN (or WATS_BASE_URL and
WATS_AUTH_TOKEN), else the one that gowats up runs on this machine. The token is one of gowats (gw_...) or in WATS form; --token-ref names
where it is kept, also sealed: see gowats secret. With --sign-key and --sign-as requests are signed too, for a server with --verify-keys.`

// connect returns a client of the server that flags, environment or the data folder name.
func connect(cmd *cobra.Command, more ...wats.Option) (*wats.Client, error) {
	c, err := findServer(cmd)
	if err != nil {
		return nil, err
	}
	options, err := signing(cmd.Context(), cmd)
	if err != nil {
		return nil, err
	}
	credential := wats.WithToken(c.Token)
	if c.reference != "" {
		folder, err := clientFolder(cmd)
		if err != nil {
			return nil, err
		}
		credential = wats.WithTokenSource(tokenSource(c.reference, folder))
	}
	options = append(options, credential, wats.WithUserAgent("gowats/"+productVersion()))
	options = append(options, more...)
	client, err := wats.NewClient(c.URL, options...)
	if err != nil {
		return nil, withCode(exitConfiguration, err)
	}
	return client, nil
}

// findServer takes address and token each from the first place that gives one. A token kept for one server is sent to no other.
func findServer(cmd *cobra.Command) (c clientSettings, err error) {
	c.URL = firstOf(flagText(cmd, "server"), os.Getenv("GOWATS_URL"), os.Getenv("WATS_BASE_URL"))
	if c.reference, err = tokenReference(cmd); err != nil {
		return c, err
	}
	if c.reference == "" {
		c.Token = firstOf(os.Getenv("GOWATS_TOKEN"), os.Getenv("WATS_AUTH_TOKEN"))
	}
	if file := flagText(cmd, "token-file"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return c, withCode(exitConfiguration, fmt.Errorf("read token: %w", err))
		}
		c.Token = strings.TrimSpace(string(text))
	}
	if c.URL == "" || c.Token == "" && c.reference == "" {
		kept, err := keptServer(cmd)
		if err != nil {
			return c, err
		}
		if c.URL == "" || sameServer(c.URL, kept.URL) {
			c.URL, c.Token = kept.URL, firstOf(c.Token, kept.Token)
		}
	}
	switch {
	case c.URL == "":
		return c, withCode(exitConfiguration, errors.New("no server is known; start one with gowats up, or name one with --server or GOWATS_URL"))
	case c.Token == "" && c.reference == "":
		return c, withCode(exitAuth, fmt.Errorf("no token for %s is known; give one with --token-file or GOWATS_TOKEN", c.URL))
	}
	return c, nil
}

// clientFolder returns the data folder of a command that talks to a server.
func clientFolder(cmd *cobra.Command) (string, error) {
	if folder := flagText(cmd, "data"); folder != "" {
		return folder, nil
	}
	return userFolder()
}

// keptServer returns what gowats up has left in the data folder.
func keptServer(cmd *cobra.Command) (clientSettings, error) {
	folder, err := clientFolder(cmd)
	if err != nil {
		return clientSettings{}, err
	}
	return readClientSettings(filepath.Join(folder, clientFile))
}

func sameServer(a, b string) bool {
	return strings.EqualFold(strings.TrimRight(a, "/"), strings.TrimRight(b, "/"))
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// flagText returns the value of a flag of type string.
func flagText(cmd *cobra.Command, name string) string {
	text, err := cmd.Flags().GetString(name)
	if err != nil {
		panic(err) // no such flag: a mistake in this program
	}
	return text
}

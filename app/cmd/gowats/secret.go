package main

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/app/secret"
)

const maxSecret = 64 << 10 // bytes

func newSecret() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "secret",
		Short: "Keep tokens and keys sealed, to be named as secret:NAME",
		Long: `Keep tokens and keys in the data folder, sealed by the keyring of this user or, where there is none, by a key file beside them.
Settings and flags name them as secret:NAME: gowats submit --token-ref secret:plant.

For a service, give its data folder by --data and run this as the user of the service.`,
	}
	set := &cobra.Command{
		Use:     "set NAME",
		Short:   "Keep what is typed, or comes on standard input, under a name",
		Example: "  gowats secret set plant < token\n  openssl genpkey -algorithm ed25519 | gowats secret set signing",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			value, err := readValue(cmd)
			if err != nil {
				return err
			}
			store, err := openSecrets(cmd.Context(), cmd)
			if err != nil {
				return err
			}
			return store.Set(cmd.Context(), args[0], value)
		},
	}
	list := &cobra.Command{
		Use:   "list",
		Short: "List the names",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := openSecrets(cmd.Context(), cmd)
			if err != nil {
				return err
			}
			names, err := store.List(cmd.Context())
			for _, name := range names {
				fmt.Fprintln(cmd.OutOrStdout(), name)
			}
			return err
		},
	}
	remove := &cobra.Command{
		Use:   "remove NAME",
		Short: "Forget what is kept under a name",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := openSecrets(cmd.Context(), cmd)
			if err != nil {
				return err
			}
			return store.Delete(cmd.Context(), args[0])
		},
	}
	cmd.AddCommand(set, list, remove)
	return cmd
}

// openSecrets opens the secrets of the data folder.
func openSecrets(ctx context.Context, cmd *cobra.Command) (*secret.Store, error) {
	folder, err := clientFolder(cmd)
	if err != nil {
		return nil, err
	}
	store, err := secretsIn(ctx, folder)
	if err != nil {
		return nil, withCode(exitConfiguration, err)
	}
	return store, nil
}

// secretsIn opens the secrets of a data folder.
func secretsIn(ctx context.Context, data string) (*secret.Store, error) {
	return secret.Open(ctx, secret.Options{Folder: filepath.Join(data, secretsFolder), Policy: secret.KeyringOrFile})
}

// readValue reads a secret from standard input: from a terminal a line that it does not show, else all of it but the line end.
func readValue(cmd *cobra.Command) (string, error) {
	if f, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(cmd.ErrOrStderr(), "Secret (is not shown): ")
		line, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		return string(line), err
	}
	text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxSecret+1))
	return strings.TrimRight(string(text), "\r\n"), err
}

// addSecretFlags gives cmd the flags by which a client finds its token and the key that it signs by.
func addSecretFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("token-ref", "", "where the token is kept: file:PATH, env:NAME or secret:NAME (environment GOWATS_TOKEN_REF)")
	f.String("sign-key", "", "where the key is kept that requests are signed by: file:PATH, env:NAME or secret:NAME")
	f.String("sign-as", "", "name by which the server knows that key")
	isSetting(cmd, "sign-key", "sign-as")
}

// tokenReference returns where the token is kept, "" when that is not how it is given.
func tokenReference(cmd *cobra.Command) (r config.Reference, err error) {
	text := flagText(cmd, "token-ref")
	if text != "" && flagText(cmd, "token-file") != "" {
		return "", withCode(exitUsage, errors.New("--token-ref and --token-file both name the token; give one of them"))
	}
	if text == "" && flagText(cmd, "token-file") == "" && os.Getenv("GOWATS_TOKEN") == "" {
		text = os.Getenv("GOWATS_TOKEN_REF")
	}
	if err := r.UnmarshalText([]byte(text)); err != nil {
		return "", withCode(exitConfiguration, fmt.Errorf("--token-ref %w", err))
	}
	return r, nil
}

// signing returns the option to sign requests by, nil when they are not to be signed.
func signing(ctx context.Context, cmd *cobra.Command) ([]wats.Option, error) {
	name, text := flagText(cmd, "sign-as"), flagText(cmd, "sign-key")
	if (name == "") != (text == "") {
		return nil, withCode(exitConfiguration, errors.New("--sign-key and --sign-as go together; one is missing"))
	}
	if text == "" {
		return nil, nil
	}
	var r config.Reference
	if err := r.UnmarshalText([]byte(text)); err != nil {
		return nil, withCode(exitConfiguration, fmt.Errorf("--sign-key %w", err))
	}
	folder, err := clientFolder(cmd)
	if err != nil {
		return nil, err
	}
	key, err := readKey(ctx, r, folder)
	if err != nil {
		return nil, withCode(exitConfiguration, fmt.Errorf("--sign-key %s: %w", r, err))
	}
	return []wats.Option{wats.WithSigner(name, key)}, nil
}

// readKey returns the key that a reference names: an Ed25519 private key (PKCS #8 in PEM), or the base64 text of a shared secret.
func readKey(ctx context.Context, r config.Reference, data string) (wats.Key, error) {
	text, err := readReference(ctx, r, data)
	if err != nil {
		return wats.Key{}, err
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		shared, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil {
			return wats.Key{}, errors.New("is neither a private key in PEM nor the base64 text of a shared secret") // the cause would quote it
		}
		return wats.HMACKey(shared), nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return wats.Key{}, fmt.Errorf("the %s in PEM is no Ed25519 key in PKCS #8; openssl genpkey -algorithm ed25519 makes one", block.Type)
	}
	return wats.Ed25519Key(private), nil
}

// readReference returns the secret that a reference names.
func readReference(ctx context.Context, r config.Reference, data string) (string, error) {
	switch kind, name := r.Split(); kind {
	case "file":
		return readPrivate(name)
	case "env":
		text := os.Getenv(name)
		if text == "" {
			return "", fmt.Errorf("the environment has no %s", name)
		}
		return text, nil
	default:
		store, err := secretsIn(ctx, data)
		if err != nil {
			return "", err
		}
		return store.Get(ctx, name)
	}
}

// readPrivate reads a file that no other user may read or change. Windows has access lists instead of modes.
func readPrivate(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() // was only read
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", err
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return "", fmt.Errorf("others may read or write %s; run: chmod 600 %s", path, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err == nil && len(text) > maxSecret {
		err = fmt.Errorf("%s exceeds %d bytes: no secret is as long", path, maxSecret)
	}
	return string(text), err
}

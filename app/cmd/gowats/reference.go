package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/app/secret"
)

const secretsFolder = "secrets" // in a data folder

// tokenSource returns what gives the token that a reference names. It is read again after the server has refused it, so a token that is
// changed where it is kept counts without a restart. Secrets of services are in the data folder.
func tokenSource(r config.Reference, data string) wats.TokenSource {
	kind, name := r.Split()
	switch kind {
	case "file":
		return wats.FileToken(name)
	case "env":
		return func(context.Context) (wats.Token, error) {
			text := os.Getenv(name)
			if text == "" {
				return wats.Token{}, fmt.Errorf("the environment has no %s", name)
			}
			return wats.ParseToken(text)
		}
	case "secret":
		return func(ctx context.Context) (wats.Token, error) {
			store, err := secret.Open(ctx, secret.Options{Folder: filepath.Join(data, secretsFolder), Policy: secret.KeyringOrFile})
			if err != nil {
				return wats.Token{}, err
			}
			text, err := store.Get(ctx, name)
			if err != nil {
				return wats.Token{}, err
			}
			return wats.ParseToken(text)
		}
	}
	return func(context.Context) (wats.Token, error) {
		return wats.Token{}, errors.New("no token is named: set server.token to file:PATH, env:NAME or secret:NAME")
	}
}

package main

import (
	"context"
	"errors"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/config"
)

const secretsFolder = "secrets" // in a data folder

// tokenSource returns what gives the token that a reference names. It is read again after the server has refused it, so a token that is
// changed where it is kept counts without a restart. Secrets of services are in the data folder.
func tokenSource(r config.Reference, data string) wats.TokenSource {
	kind, name := r.Split()
	switch kind {
	case "file":
		return wats.FileToken(name)
	case "env", "secret":
		return func(ctx context.Context) (wats.Token, error) {
			text, err := readReference(ctx, r, data)
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

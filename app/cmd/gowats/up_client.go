package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/store"
)

// The accounts that up makes by itself.
const (
	firstAdmin   = "admin" // on an empty data folder, when GOWATS_BOOTSTRAP names nobody
	localAccount = "local" // for the commands on this machine, when their token is lost
	tokenName    = "gowats up"
)

// ensureClient returns address and a valid token for the commands on this machine and keeps them in client.json.
// On an empty data folder it makes the first administrator.
func ensureClient(ctx context.Context, data *dataFolder, accounts *auth.Service, url string) (clientSettings, error) {
	path := data.file(clientFile)
	kept, err := readClientSettings(path)
	if err != nil {
		return kept, err
	}
	if kept.Token != "" {
		switch _, err := accounts.Header(ctx, "Bearer "+kept.Token); {
		case err == nil && kept.URL == url:
			return kept, nil
		case err == nil:
			kept.URL = url
			return kept, kept.write(path)
		case !errors.Is(err, auth.ErrDenied):
			return kept, err
		}
	}
	made, err := makeAccount(ctx, accounts)
	if err != nil {
		return made, err
	}
	made.URL = url
	if made.Token, err = accounts.IssueToken(ctx, made.User, tokenName); err != nil {
		return made, fmt.Errorf("make a token for this machine: %w", err)
	}
	return made, made.write(path)
}

// makeAccount returns an account for this machine: the first administrator where there is none yet, else the local account.
// The password is set only when it was made here.
func makeAccount(ctx context.Context, accounts *auth.Service) (clientSettings, error) {
	credentials := os.Getenv("GOWATS_BOOTSTRAP")
	made := clientSettings{User: firstAdmin, Password: rand.Text()}
	if name, _, given := strings.Cut(credentials, ":"); given {
		made = clientSettings{User: name}
	} else {
		credentials = made.User + ":" + made.Password
	}
	first, err := accounts.Bootstrap(ctx, credentials)
	if err != nil {
		return made, withCode(exitConfiguration, fmt.Errorf("make the first administrator: %w", err))
	}
	if first {
		return made, nil
	}
	err = accounts.CreateUser(ctx, localAccount, rand.Text(), auth.Admin)
	if err != nil && !errors.Is(err, store.ErrExists) {
		return made, fmt.Errorf("make an account for this machine: %w", err)
	}
	return clientSettings{User: localAccount}, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/internal/fsx"
)

// The files in a data folder.
const (
	databaseFile = "gowats.db"
	lockFile     = "gowats.lock"
	clientFile   = "client.json"
	inboxFolder  = "inbox"
	spoolFolder  = "spool"
)

// userFolder returns the data folder of the person who runs the program.
func userFolder() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", withCode(exitConfiguration, fmt.Errorf("there is no home folder to keep data in; name a folder with --data: %w", err))
	}
	switch runtime.GOOS {
	case "windows":
		if local := os.Getenv("LOCALAPPDATA"); local != "" {
			return filepath.Join(local, "gowats"), nil
		}
		return filepath.Join(home, "AppData", "Local", "gowats"), nil
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "gowats"), nil
	}
	if data := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(data) { // the XDG specification: relative paths are to be ignored
		return filepath.Join(data, "gowats"), nil
	}
	return filepath.Join(home, ".local", "share", "gowats"), nil
}

// serviceFolder returns the data folder of the machine.
func serviceFolder() string {
	switch runtime.GOOS {
	case "windows":
		if data := os.Getenv("ProgramData"); data != "" {
			return filepath.Join(data, "gowats")
		}
		return `C:\ProgramData\gowats`
	case "darwin":
		return "/Library/Application Support/gowats"
	}
	return "/var/lib/gowats"
}

// dataFolder is a data folder in use by this process.
type dataFolder struct {
	path   string
	store  *store.Store
	unlock func() error
}

// openData makes the folder where it is missing, locks it and opens its database.
func openData(ctx context.Context, path string, log *slog.Logger) (_ *dataFolder, err error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, withCode(exitConfiguration, fmt.Errorf("make data folder: %w; name another one with --data", err))
	}
	unlock, err := fsx.Lock(filepath.Join(path, lockFile))
	if errors.Is(err, fsx.ErrLocked) {
		return nil, fmt.Errorf("data folder %s is in use by another gowats up or gowats server; stop that one, or name another folder with --data", path)
	}
	if err != nil {
		return nil, withCode(exitConfiguration, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, unlock())
		}
	}()
	database := filepath.Join(path, databaseFile)
	if err := makePrivate(database); err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, database, store.Options{Logger: log})
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", database, err)
	}
	return &dataFolder{path: path, store: s, unlock: unlock}, nil
}

// makePrivate makes an empty file that only its owner may read, unless it is there.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return withCode(exitConfiguration, fmt.Errorf("make database: %w", err))
	}
	return f.Close()
}

func (d *dataFolder) close() error { return errors.Join(d.store.Close(), d.unlock()) }

func (d *dataFolder) file(name string) string { return filepath.Join(d.path, name) }

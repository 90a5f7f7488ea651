package main

import (
	"context"
	"errors"
	"fmt"
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

// openData makes the folder where it is missing, locks it and opens its database, or the one at the address that is given.
func openData(ctx context.Context, path, database string, opt store.Options) (_ *dataFolder, err error) {
	if database != "" && !store.IsPostgreSQL(database) {
		return nil, withCode(exitConfiguration, errors.New("--database is the address of a PostgreSQL database, such as postgres://gowats@db.example/gowats; "+
			"without it the data folder holds an SQLite database"))
	}
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
	if database == "" { // what is free where a PostgreSQL server keeps its data is not known here
		opt.FreeSpace = func() (int64, error) { return fsx.FS{}.Free(path) }
	}
	s, err := store.Open(ctx, firstOf(database, filepath.Join(path, databaseFile)), opt)
	if err != nil && database != "" {
		err = withCode(exitConfiguration, fmt.Errorf("--database: %w", err))
	}
	if err != nil {
		return nil, err
	}
	return &dataFolder{path: path, store: s, unlock: unlock}, nil
}

// place says for people where the reports are: in the folder, or in which database.
func (d *dataFolder) place() string {
	if name := d.store.Name(); store.IsPostgreSQL(name) {
		return name
	}
	return d.path
}

func (d *dataFolder) close() error { return errors.Join(d.store.Close(), d.unlock()) }

func (d *dataFolder) file(name string) string { return filepath.Join(d.path, name) }

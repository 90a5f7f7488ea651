// Package secret keeps tokens and keys of a client or an agent: sealed in one file of the data folder, under a key that lies in the keyring of
// the operating system, in a file beside it, or in a passphrase.
package secret

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gowats/gowats/internal/fsx"
)

// The files of a store, in its folder.
const (
	sealedName = "secrets.sealed"
	keyName    = "secrets.key"
	lockName   = "secrets.lock"
)

// Largest texts that are taken.
const (
	maxName  = 100      // characters
	maxValue = 64 << 10 // bytes
)

// lockPatience is how long a call waits for another process that reads or writes the same store.
const lockPatience = 10 * time.Second

// What a caller may test for.
var (
	ErrNotFound = errors.New("no such secret")               // the store is fine and does not hold it
	ErrKeyring  = errors.New("no usable keyring")            // missing, locked, not answering, or without the key of this store
	ErrSealed   = errors.New("the secrets cannot be opened") // another key, or a changed or damaged file
)

// Backend says where the key of a store lies.
type Backend string

// The backends.
const (
	Keyring    Backend = "keyring"    // Secret Service, macOS Keychain or Windows Credential Manager, of the user of this process
	KeyFile    Backend = "key file"   // secrets.key beside the sealed file, bound to this machine
	Passphrase Backend = "passphrase" // nowhere: it is given each time
)

// A Policy says where the key of a store may lie.
type Policy int

// The policies. None of them moves the key of a store that is there already.
const (
	KeyringOnly   Policy = iota // without a usable keyring there is no store
	KeyringOrFile               // a new store takes the keyring if it can be used now, else a key file
	FileOnly                    // for services, which have no keyring: it is not even asked for
)

// Options say where a store is and how it is opened.
type Options struct {
	// Folder holds the store. It is made with mode 0700 when it is not there.
	Folder string

	// Policy matters where no passphrase is given.
	Policy Policy

	// Passphrase is asked once, by Open. Nil: a key seals the store, as Policy says.
	Passphrase func() (string, error)
}

// Store is an open store. Any number of goroutines, and of processes, may use the same one.
// It holds no secret that fmt, reflection or a log could show.
type Store struct {
	folder string
	box    *box
	turn   chan struct{} // holds one token: who has it works on the files
}

// Open opens the store of a folder, or makes an empty one.
//
// Where its key lies is decided when it is made and written into the file. Later the same key is needed: there is no second place to
// look, so no secret can be in one place and be missed in another.
//
// It returns [ErrKeyring] when the keyring is needed and cannot be used, and [ErrSealed] when the key does not fit. It waits for the keyring
// for at most a minute (the user may be asked to unlock it); a keyring that never answers keeps one goroutine until it does.
func Open(ctx context.Context, o Options) (*Store, error) {
	return open(ctx, o, host{osRing(), machineID})
}

// host is what a store takes from the machine it is on.
type host struct {
	ring      ring
	machineID func() string // "" when there is none
}

func open(ctx context.Context, o Options, h host) (*Store, error) {
	if o.Folder == "" {
		return nil, errors.New("open secrets: the folder is missing")
	}
	if err := os.MkdirAll(o.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("open secrets: %w", err)
	}
	if err := checkFolder(o.Folder); err != nil {
		return nil, fmt.Errorf("open secrets: %w", err)
	}
	s := &Store{folder: o.Folder, turn: make(chan struct{}, 1)}
	err := s.exclusively(ctx, func() (err error) {
		opener := opener{options: o, host: h}
		sealed, err := s.read()
		if errors.Is(err, fs.ErrNotExist) {
			s.box, err = opener.create(ctx)
			if err == nil {
				err = s.write(map[string][]byte{})
			}
			return err
		}
		if err == nil {
			s.box, err = opener.reopen(ctx, sealed)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open secrets in %s: %w", o.Folder, err)
	}
	return s, nil
}

// Backend tells where the key of the store lies.
func (s *Store) Backend() Backend { return s.box.header.Key }

// Get returns the secret of that name, as it stands in the file now: what another process stored is seen.
// It returns [ErrNotFound] when there is none.
func (s *Store) Get(ctx context.Context, name string) (string, error) {
	var value []byte
	err := s.use(ctx, func(secrets map[string][]byte) (changed bool, err error) {
		var found bool
		if value, found = secrets[name]; !found {
			return false, ErrNotFound
		}
		return false, nil
	})
	if err != nil {
		return "", fmt.Errorf("get secret %q from %s: %w", name, s.path(), err)
	}
	return string(value), nil
}

// Set stores a secret durably, in place of one of the same name. A name has 1 to 100 visible ASCII characters without blanks, a value 1 byte to 64 KiB.
func (s *Store) Set(ctx context.Context, name, value string) error {
	err := checkEntry(name, value)
	if err == nil {
		err = s.use(ctx, func(secrets map[string][]byte) (bool, error) {
			secrets[name] = []byte(value)
			return true, nil
		})
	}
	if err != nil {
		return fmt.Errorf("set secret %q in %s: %w", name, s.path(), err)
	}
	return nil
}

// Delete removes a secret. It returns [ErrNotFound] when there is none.
func (s *Store) Delete(ctx context.Context, name string) error {
	err := s.use(ctx, func(secrets map[string][]byte) (bool, error) {
		if _, found := secrets[name]; !found {
			return false, ErrNotFound
		}
		delete(secrets, name)
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("delete secret %q from %s: %w", name, s.path(), err)
	}
	return nil
}

// List returns the names of all secrets, sorted.
func (s *Store) List(ctx context.Context) ([]string, error) {
	var names []string
	err := s.use(ctx, func(secrets map[string][]byte) (bool, error) {
		for name := range secrets {
			names = append(names, name)
		}
		return false, nil
	})
	if err != nil {
		return nil, fmt.Errorf("list secrets of %s: %w", s.path(), err)
	}
	slices.Sort(names)
	return names, nil
}

func (s *Store) path() string { return filepath.Join(s.folder, sealedName) }

// use opens the file, lets work look at its secrets, and seals them again if work changed them, while nobody else does anything.
func (s *Store) use(ctx context.Context, work func(map[string][]byte) (changed bool, err error)) error {
	return s.exclusively(ctx, func() error {
		sealed, err := s.read()
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%w: the file was removed; restart the program", ErrSealed)
		case err != nil:
			return err
		}
		secrets, err := s.box.open(sealed)
		if err != nil {
			return err
		}
		changed, err := work(secrets)
		if err != nil || !changed {
			return err
		}
		return s.write(secrets)
	})
}

// read returns the sealed file as it is; [fs.ErrNotExist] when there is none.
func (s *Store) read() ([]byte, error) { return readPrivate(s.path(), maxSealed) }

func (s *Store) write(secrets map[string][]byte) error {
	sealed, err := s.box.seal(secrets)
	if err != nil {
		return err
	}
	return fsx.WriteFileAtomic(s.path(), sealed, 0o600)
}

// exclusively runs work while no other goroutine and no other process works on the store.
func (s *Store) exclusively(ctx context.Context, work func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, lockPatience, errBusy)
	defer cancel()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return fmt.Errorf("wait for another call: %w", context.Cause(ctx))
	}
	release, err := waitForLock(ctx, filepath.Join(s.folder, lockName))
	if err != nil {
		return err
	}
	return errors.Join(work(), release())
}

var errBusy = fmt.Errorf("still busy after %v; is there a prompt of the keyring to answer?", lockPatience)

// waitForLock waits until ctx ends, and then returns its cause.
func waitForLock(ctx context.Context, path string) (release func() error, err error) {
	const pause = 5 * time.Millisecond
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		release, err := fsx.Lock(path)
		if !errors.Is(err, fsx.ErrLocked) {
			return release, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w; %w", err, context.Cause(ctx))
		}
	}
}

func checkEntry(name, value string) error {
	blank := func(r rune) bool { return r <= ' ' || r > '~' }
	switch {
	case name == "" || len(name) > maxName || strings.ContainsFunc(name, blank):
		return fmt.Errorf("the name must have 1 to %d visible ASCII characters", maxName)
	case value == "":
		return errors.New("the value is empty; delete the secret instead")
	case len(value) > maxValue:
		return fmt.Errorf("the value has %d bytes, the most is %d", len(value), maxValue)
	}
	return nil
}

// checkFolder refuses a folder in which others could put other files in place of ours. Windows has access lists instead.
func checkFolder(folder string) error {
	info, err := os.Stat(folder)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", folder)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0:
		return fmt.Errorf("others may write to folder %s; run: chmod go-w %s", folder, folder)
	}
	return nil
}

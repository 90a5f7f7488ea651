package secret

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/argon2"

	"github.com/gowats/gowats/internal/fsx"
)

// opener finds, or makes, the key of a store. The store is locked meanwhile.
type opener struct {
	options Options
	host    host
}

// create chooses where the key of a new store lies, and makes it.
func (o opener) create(ctx context.Context) (*box, error) {
	switch {
	case o.options.Passphrase != nil:
		return o.createWith(newHeader(Passphrase), o.passphraseKey)
	case o.options.Policy == FileOnly:
		return o.createWithFile()
	}
	b, err := o.createWith(newHeader(Keyring), func(h header) ([]byte, error) { return o.newKeyringKey(ctx, h) })
	if errors.Is(err, ErrKeyring) && ctx.Err() == nil && o.options.Policy == KeyringOrFile {
		return o.createWithFile()
	}
	return b, err
}

func (o opener) createWithFile() (*box, error) {
	h := newHeader(KeyFile)
	h.Machine = o.host.machineID() != ""
	return o.createWith(h, func(h header) ([]byte, error) {
		secret, err := o.newFileSecret()
		if err != nil {
			return nil, err
		}
		return o.fileKey(h, secret)
	})
}

func (o opener) createWith(h header, key func(header) ([]byte, error)) (*box, error) {
	line, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	k, err := key(h)
	if err != nil {
		return nil, err
	}
	return newBox(h, line, k)
}

// reopen finds the key of a store that is there and tries it.
func (o opener) reopen(ctx context.Context, file []byte) (*box, error) {
	h, line, _, err := parse(file)
	if err != nil {
		return nil, err
	}
	key, err := o.key(ctx, h)
	if err != nil {
		return nil, err
	}
	b, err := newBox(h, line, key)
	if err != nil {
		return nil, err
	}
	_, err = b.open(file)
	return b, err
}

func (o opener) key(ctx context.Context, h header) ([]byte, error) {
	const remedy = "; open them that way, or remove " + sealedName + " and store the secrets again"
	switch h.Key {
	case Passphrase:
		if o.options.Passphrase == nil {
			return nil, errors.New("the secrets are sealed with a passphrase, and none is given")
		}
		return o.passphraseKey(h)
	case Keyring:
		if o.options.Policy == FileOnly {
			return nil, errors.New("the secrets are sealed with a key in a user's keyring, which is not allowed here" + remedy)
		}
		return o.keyringKey(ctx, h)
	case KeyFile:
		if o.options.Policy == KeyringOnly {
			return nil, errors.New("the secrets are sealed with a key file, which is not allowed here" + remedy)
		}
		secret, err := o.fileSecret()
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("%w: key file %s is not there; restore it from a backup, or remove %s and store the secrets again",
				ErrSealed, o.keyPath(), sealedName)
		case err != nil:
			return nil, err
		}
		return o.fileKey(h, secret)
	}
	return nil, fmt.Errorf("%w: nobody knows the key %.40q; the file is damaged or of a later version", ErrSealed, h.Key)
}

// derive makes the key of a store from a secret of full strength. Source: RFC 5869.
func derive(secret []byte, h header, purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, h.Salt, purpose, keySize)
}

// passphraseKey stretches the passphrase by the second recommended choice of RFC 9106 section 4: three passes over 64 MiB, four lanes.
func (o opener) passphraseKey(h header) ([]byte, error) {
	const (
		passes = 3
		memory = 64 << 10 // KiB
		lanes  = 4
	)
	passphrase, err := o.options.Passphrase()
	switch {
	case err != nil:
		return nil, fmt.Errorf("ask for the passphrase: %w", err)
	case passphrase == "":
		return nil, errors.New("the passphrase is empty")
	}
	return argon2.IDKey([]byte(passphrase), h.Salt, passes, memory, lanes, keySize), nil
}

// keyringService is the name under which a keyring shows our keys; account tells those of several stores apart.
const keyringService = "gowats"

func account(h header) string { return "secrets-" + hex.EncodeToString(h.Salt) }

func (o opener) newKeyringKey(ctx context.Context, h header) ([]byte, error) {
	secret := newSecret()
	if err := o.host.ring.set(ctx, keyringService, account(h), hex.EncodeToString(secret)); err != nil {
		return nil, err
	}
	// A keyring whose prompt was dismissed may report success: only what can be read again is stored.
	return o.keyringKey(ctx, h)
}

func (o opener) keyringKey(ctx context.Context, h header) ([]byte, error) {
	text, err := o.host.ring.get(ctx, keyringService, account(h))
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(text)
	if err != nil || len(secret) != keySize {
		return nil, fmt.Errorf("%w: its entry %q of %q is not the key that was stored there", ErrKeyring, account(h), keyringService)
	}
	return derive(secret, h, "gowats secrets, keyring")
}

func (o opener) keyPath() string { return filepath.Join(o.options.Folder, keyName) }

// fileKey binds the secret of a key file to the machine, so that a copy of the folder opens nowhere else.
func (o opener) fileKey(h header, secret []byte) ([]byte, error) {
	purpose := "gowats secrets, file"
	if h.Machine {
		purpose += ", machine " + o.host.machineID()
	}
	return derive(secret, h, purpose)
}

// newFileSecret returns the secret of the key file, which it makes when it is not there. A file that a crash left half written is
// made again: no store can depend on it.
func (o opener) newFileSecret() ([]byte, error) {
	secret, err := o.fileSecret()
	switch {
	case err == nil:
		return secret, nil
	case errors.Is(err, errHalfKey):
		if err := os.Remove(o.keyPath()); err != nil {
			return nil, fmt.Errorf("make key file: %w", err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	f, err := createPrivate(o.keyPath())
	if err != nil {
		return nil, fmt.Errorf("make key file: %w", err)
	}
	secret = newSecret()
	_, err = fmt.Fprintf(f, "%x\n", secret)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("make key file: %w", err)
	}
	return secret, fsx.SyncDir(o.options.Folder)
}

var errHalfKey = errors.New("is not 64 hexadecimal digits and a line end")

func (o opener) fileSecret() ([]byte, error) {
	const size = 2*keySize + 1
	text, err := readPrivate(o.keyPath(), size)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if len(text) != size || text[size-1] != '\n' {
		return nil, fmt.Errorf("%w: key file %s %w; restore it from a backup", ErrSealed, o.keyPath(), errHalfKey)
	}
	secret, err := hex.DecodeString(string(text[:size-1]))
	if err != nil {
		return nil, fmt.Errorf("%w: key file %s %w; restore it from a backup", ErrSealed, o.keyPath(), errHalfKey)
	}
	return secret, nil
}

func newSecret() []byte {
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // never fails
	return secret
}

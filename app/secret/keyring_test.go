package secret_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/zalando/go-keyring"

	"github.com/gowats/gowats/app/secret"
)

// useMock puts the keyring library's own stand-in in place of the keyring; with an error it refuses everything.
func useMock(t *testing.T, err error) {
	t.Helper()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+os.DevNull) // there is a bus, so that the stand-in is asked
	if err == nil {
		keyring.MockInit()
		return
	}
	keyring.MockInitWithError(err)
}

func TestTheKeyringHoldsTheKey(t *testing.T) {
	useMock(t, nil)
	options := secret.Options{Folder: t.TempDir()}
	s, err := secret.Open(t.Context(), options)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	set(t, s, "token", token)
	if s.Backend() != secret.Keyring {
		t.Errorf("Backend = %q, want keyring", s.Backend())
	}
	if _, err := os.Stat(keyPath(options.Folder)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("key file: %v, want none", err)
	}
	again, err := secret.Open(t.Context(), options)
	if err != nil {
		t.Fatalf("Open again: %v", err)
	}
	wantValue(t, again, "token", token)

	options.Policy = secret.FileOnly
	if _, err := secret.Open(t.Context(), options); err == nil || !strings.Contains(err.Error(), "not allowed") {
		t.Errorf("Open with FileOnly: %v, want that the keyring is not allowed", err)
	}
	keyring.MockInit() // another user, or a keyring made anew
	options.Policy = secret.KeyringOrFile
	if _, err := secret.Open(t.Context(), options); !errors.Is(err, secret.ErrKeyring) || !strings.Contains(err.Error(), "run as the user") {
		t.Errorf("Open without the key: %v, want ErrKeyring that says what to do", err)
	}
}

func TestAKeyFileIsUsedOnlyIfAllowed(t *testing.T) {
	dismissed := errors.New("the prompt was dismissed")
	useMock(t, dismissed)
	options := secret.Options{Folder: t.TempDir()}
	_, err := secret.Open(t.Context(), options)
	if !errors.Is(err, secret.ErrKeyring) || !errors.Is(err, dismissed) || !strings.Contains(err.Error(), "unlock it") {
		t.Errorf("Open: %v, want ErrKeyring that says why and what to do", err)
	}
	options.Policy = secret.KeyringOrFile
	s, err := secret.Open(t.Context(), options)
	if err != nil || s.Backend() != secret.KeyFile {
		t.Fatalf("Open with KeyringOrFile: %v, want a key file", err)
	}
	set(t, s, "token", token)

	useMock(t, nil) // the keyring is there now: the store stays where it is
	again, err := secret.Open(t.Context(), options)
	if err != nil || again.Backend() != secret.KeyFile {
		t.Fatalf("Open again: %v, want the key file", err)
	}
	wantValue(t, again, "token", token)
}

func TestALockedKeyringIsNoReasonForASecondStore(t *testing.T) {
	useMock(t, nil)
	options := secret.Options{Folder: t.TempDir(), Policy: secret.KeyringOrFile}
	if _, err := secret.Open(t.Context(), options); err != nil {
		t.Fatalf("Open: %v", err)
	}
	useMock(t, errors.New("locked"))
	if _, err := secret.Open(t.Context(), options); !errors.Is(err, secret.ErrKeyring) {
		t.Errorf("Open while the keyring is locked: %v, want ErrKeyring", err)
	}
}

// vault is a keyring of Windows or macOS: it is there, and each user has their own.
type vault struct{ entries map[string]string }

func (v *vault) read(service, account string) (string, error) {
	text, found := v.entries[service+"/"+account]
	if !found {
		return "", keyring.ErrNotFound
	}
	return text, nil
}

func (v *vault) write(service, account, text string) error {
	const most = 2560 // bytes of an entry of the Credential Manager; the Keychain takes more
	if len(text) > most {
		return keyring.ErrSetDataTooBig
	}
	v.entries[service+"/"+account] = text
	return nil
}

// TestTheKeyringsOfOtherSystems runs on every system what stands between a store and the calls of Credential Manager and Keychain.
func TestTheKeyringsOfOtherSystems(t *testing.T) {
	mine, other := &vault{map[string]string{}}, &vault{map[string]string{}}
	options := secret.Options{Folder: t.TempDir()}
	for range 2 {
		s, err := secret.OpenWith(t.Context(), options, mine.read, mine.write)
		if err != nil || s.Backend() != secret.Keyring {
			t.Fatalf("Open: %v, want the keyring", err)
		}
		set(t, s, "token", strings.Repeat(token, 1000)) // as large as it may be: the keyring holds a key alone
	}
	second := secret.Options{Folder: t.TempDir()}
	if _, err := secret.OpenWith(t.Context(), second, mine.read, mine.write); err != nil || len(mine.entries) != 2 {
		t.Errorf("Open of a second store: %v, %d entries, want one for each", err, len(mine.entries))
	}
	_, err := secret.OpenWith(t.Context(), options, other.read, other.write)
	if !errors.Is(err, secret.ErrKeyring) || !strings.Contains(err.Error(), "run as the user who stored the secrets") {
		t.Errorf("Open by another user: %v, want ErrKeyring that says what to do", err)
	}
	const noLogon = "A specified logon session does not exist. It may already have been terminated." // the words of Windows
	for name, failure := range map[string]error{
		"a service without a logon session (Windows)": errors.New(noLogon),
		"a keychain that is locked (macOS)":           errors.New("exit status 51"),
		"a system without a keyring":                  keyring.ErrUnsupportedPlatform,
	} {
		fails := func(string, string) (string, error) { return "", failure }
		failsToo := func(string, string, string) error { return failure }
		if _, err := secret.OpenWith(t.Context(), options, fails, failsToo); !errors.Is(err, secret.ErrKeyring) || !errors.Is(err, failure) {
			t.Errorf("Open in %s: %v, want ErrKeyring with the system's own words", name, err)
		}
		fresh := secret.Options{Folder: t.TempDir(), Policy: secret.KeyringOrFile}
		if s, err := secret.OpenWith(t.Context(), fresh, fails, failsToo); err != nil || s.Backend() != secret.KeyFile {
			t.Errorf("Open of a new store in %s: %v, want a key file", name, err)
		}
	}
}

func TestAKeyringThatStoresNothingIsNoticed(t *testing.T) {
	for name, answer := range map[string]string{"nothing": "", "other text": "hello", "a short key": "00ff"} {
		_, err := secret.OpenWith(t.Context(), secret.Options{Folder: t.TempDir()},
			func(string, string) (string, error) { return answer, nil }, func(string, string, string) error { return nil })
		if !errors.Is(err, secret.ErrKeyring) {
			t.Errorf("Open with a keyring that gives %s: %v, want ErrKeyring", name, err)
		}
	}
}

func TestAKeyringThatNeverAnswersIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		prompt := make(chan struct{})
		defer close(prompt)
		hang := func(string, string, string) error { <-prompt; return errors.New("dismissed") }
		folder := t.TempDir()
		s, err := secret.OpenWith(t.Context(), secret.Options{Folder: folder, Policy: secret.KeyringOrFile}, nil, hang)
		if err != nil || s.Backend() != secret.KeyFile {
			t.Errorf("Open: %v, want a key file after %v", err, secret.KeyringPatience)
		}
		ctx, cancel := context.WithTimeout(t.Context(), secret.KeyringPatience/2)
		defer cancel()
		_, err = secret.OpenWith(ctx, secret.Options{Folder: t.TempDir(), Policy: secret.KeyringOrFile}, nil, hang)
		if !errors.Is(err, secret.ErrKeyring) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Open with a deadline before that: %v, want ErrKeyring and context.DeadlineExceeded", err)
		}
	})
}

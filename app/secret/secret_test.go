package secret_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gowats/gowats/app/secret"
)

const token = "dXNlcjpoaWRkZW4td29yZHM="

func openFile(t *testing.T, folder string) *secret.Store {
	t.Helper()
	s, err := secret.Open(t.Context(), secret.Options{Folder: folder, Policy: secret.FileOnly})
	if err != nil {
		t.Fatalf("Open(%s): %v", folder, err)
	}
	return s
}

func set(t *testing.T, s *secret.Store, name, value string) {
	t.Helper()
	if err := s.Set(t.Context(), name, value); err != nil {
		t.Fatalf("Set(%q): %v", name, err)
	}
}

func wantValue(t *testing.T, s *secret.Store, name, want string) {
	t.Helper()
	if got, err := s.Get(t.Context(), name); err != nil || got != want {
		t.Errorf("Get(%q) = %q, %v, want %q", name, got, err, want)
	}
}

func given(passphrase string) func() (string, error) {
	return func() (string, error) { return passphrase, nil }
}

func sealedPath(folder string) string { return filepath.Join(folder, "secrets.sealed") }
func keyPath(folder string) string    { return filepath.Join(folder, "secrets.key") }

func TestSecretsAreKeptUntilTheyAreDeleted(t *testing.T) {
	for name, options := range map[string]secret.Options{
		"under a key file":   {Policy: secret.FileOnly},
		"under a passphrase": {Passphrase: given("correct horse")},
	} {
		t.Run(name, func(t *testing.T) {
			options.Folder = filepath.Join(t.TempDir(), "data")
			s, err := secret.Open(t.Context(), options)
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			set(t, s, "token", "old")
			set(t, s, "token", token)
			set(t, s, "sign/key", "line 1\nline 2\x00\xff")
			again, err := secret.Open(t.Context(), options)
			if err != nil {
				t.Fatalf("Open again: %v", err)
			}
			wantValue(t, again, "token", token)
			wantValue(t, again, "sign/key", "line 1\nline 2\x00\xff")
			if got, err := again.List(t.Context()); err != nil || !slices.Equal(got, []string{"sign/key", "token"}) {
				t.Errorf("List = %q, %v, want both names, sorted", got, err)
			}
			if err := again.Delete(t.Context(), "token"); err != nil {
				t.Errorf("Delete: %v", err)
			}
			if _, err := s.Get(t.Context(), "token"); !errors.Is(err, secret.ErrNotFound) {
				t.Errorf("Get after Delete in the other store: %v, want ErrNotFound", err)
			}
			if err := s.Delete(t.Context(), "token"); !errors.Is(err, secret.ErrNotFound) {
				t.Errorf("Delete twice: %v, want ErrNotFound", err)
			}
		})
	}
}

func TestSetRefusesWhatCannotBeKept(t *testing.T) {
	s := openFile(t, t.TempDir())
	for name, entry := range map[string][2]string{
		"no name":             {"", token},
		"a blank in the name": {"my token", token},
		"a name too long":     {strings.Repeat("n", 101), token},
		"no value":            {"token", ""},
		"a value too long":    {"token", strings.Repeat("v", 64<<10+1)},
	} {
		if err := s.Set(t.Context(), entry[0], entry[1]); err == nil {
			t.Errorf("Set with %s: no error", name)
		}
	}
	var err error
	for i := 0; err == nil && i < 100; i++ {
		err = s.Set(t.Context(), fmt.Sprint(i), strings.Repeat("v", 64<<10))
	}
	if err == nil || !strings.Contains(err.Error(), "delete some") {
		t.Errorf("Set beyond what a file holds: %v, want an error that says what to do", err)
	}
}

func TestFilesAreForTheOwnerOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has access lists instead of modes")
	}
	folder := filepath.Join(t.TempDir(), "a", "data")
	s := openFile(t, folder)
	set(t, s, "token", token)
	for path, want := range map[string]os.FileMode{folder: 0o700, sealedPath(folder): 0o600, keyPath(folder): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("mode of %s is %v, %v, want %v", path, info.Mode().Perm(), err, want)
		}
	}
	for path, mode := range map[string]os.FileMode{folder: 0o720, sealedPath(folder): 0o640, keyPath(folder): 0o604} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err = secret.Open(t.Context(), secret.Options{Folder: folder, Policy: secret.FileOnly})
		if err == nil || !strings.Contains(err.Error(), "chmod") || !strings.Contains(err.Error(), path) {
			t.Errorf("Open with mode %v of %s: %v, want an error that says what to do", mode, path, err)
		}
		if err := os.Chmod(path, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAnyChangeOfTheFileIsNoticed changes every single byte, and cuts the file everywhere.
func TestAnyChangeOfTheFileIsNoticed(t *testing.T) {
	folder := t.TempDir()
	s := openFile(t, folder)
	set(t, s, "token", token)
	good, err := os.ReadFile(sealedPath(folder))
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, content []byte) {
		if err := os.WriteFile(sealedPath(folder), content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, running := s.Get(t.Context(), "token")
		_, fresh := secret.Open(t.Context(), secret.Options{Folder: folder, Policy: secret.FileOnly})
		for who, err := range map[string]error{"Get": running, "Open": fresh} {
			if err == nil || !strings.Contains(err.Error(), folder) {
				t.Errorf("%s of a file with %s: %v, want an error that names it", who, what, err)
			}
		}
	}
	for i := range good {
		changed := bytes.Clone(good)
		changed[i] ^= 1
		check(fmt.Sprintf("byte %d changed", i), changed)
	}
	for i := range len(good) - 1 { // the last is the line end
		check(fmt.Sprintf("%d bytes left", i), good[:i])
	}
	check("more at its end", append(bytes.Clone(good), "AAAA"...))
	check("too much in it", make([]byte, 5<<20))
	if err := os.WriteFile(sealedPath(folder), good, 0o600); err != nil {
		t.Fatal(err)
	}
	wantValue(t, s, "token", token)
}

func TestOnlyTheKeyOfTheStoreOpensIt(t *testing.T) {
	fileOnly := secret.Options{Policy: secret.FileOnly}
	tests := map[string]struct {
		made    secret.Options
		damage  func(folder string) error
		opened  secret.Options
		machine string
		want    string
	}{
		"another key file": {made: fileOnly, opened: fileOnly, machine: "m1", want: "another secrets.key",
			damage: func(folder string) error {
				return os.WriteFile(keyPath(folder), []byte(strings.Repeat("00", 32)+"\n"), 0o600)
			}},
		"another machine": {made: fileOnly, opened: fileOnly, machine: "m2", want: "another machine"},
		"no key file": {made: fileOnly, opened: fileOnly, machine: "m1", want: "restore",
			damage: func(folder string) error { return os.Remove(keyPath(folder)) }},
		"half a key file": {made: fileOnly, opened: fileOnly, machine: "m1", want: "64 hexadecimal digits",
			damage: func(folder string) error { return os.WriteFile(keyPath(folder), []byte("00\n"), 0o600) }},
		"a wrong passphrase": {made: secret.Options{Passphrase: given("right")}, opened: secret.Options{Passphrase: given("wrong")},
			machine: "m1", want: "passphrase is wrong"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			test.made.Folder, test.opened.Folder = folder, folder
			if _, err := secret.OpenOn(t.Context(), test.made, "m1"); err != nil {
				t.Fatalf("make the store: %v", err)
			}
			if test.damage != nil {
				if err := test.damage(folder); err != nil {
					t.Fatal(err)
				}
			}
			_, err := secret.OpenOn(t.Context(), test.opened, test.machine)
			if !errors.Is(err, secret.ErrSealed) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Open: %v, want ErrSealed that says %q", err, test.want)
			}
		})
	}
}

func TestTheKindOfKeyMustBeAllowed(t *testing.T) {
	tests := map[string]struct {
		made, opened secret.Options
		want         string
	}{
		"a passphrase is needed": {secret.Options{Passphrase: given("p")}, secret.Options{Policy: secret.FileOnly}, "none is given"},
		"a key file is not allowed": {secret.Options{Policy: secret.FileOnly}, secret.Options{Policy: secret.KeyringOnly},
			"key file, which is not allowed"},
		"an empty passphrase": {secret.Options{Passphrase: given("p")}, secret.Options{Passphrase: given("")}, "empty"},
	}
	for name, test := range tests {
		folder := t.TempDir()
		test.made.Folder, test.opened.Folder = folder, folder
		if _, err := secret.Open(t.Context(), test.made); err != nil {
			t.Fatalf("%s: make the store: %v", name, err)
		}
		if _, err := secret.Open(t.Context(), test.opened); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Open: %v, want %q", name, err, test.want)
		}
	}
	if _, err := secret.Open(t.Context(), secret.Options{}); err == nil {
		t.Error("Open without a folder: no error")
	}
}

// TestACrashWhileTheKeyIsMadeDoesNoHarm leaves what a crash between the steps of Open leaves.
func TestACrashWhileTheKeyIsMadeDoesNoHarm(t *testing.T) {
	for _, left := range []string{"", "0123", strings.Repeat("a", 64), strings.Repeat("a", 64) + "\n"} {
		folder := t.TempDir()
		if err := os.WriteFile(keyPath(folder), []byte(left), 0o600); err != nil {
			t.Fatal(err)
		}
		s := openFile(t, folder)
		set(t, s, "token", token)
		wantValue(t, openFile(t, folder), "token", token)
	}
}

func TestAStoreThatWasRemovedOrReplacedIsNotMixedUp(t *testing.T) {
	folder := t.TempDir()
	s := openFile(t, folder)
	if err := os.Remove(sealedPath(folder)); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(t.Context(), "token", token); !errors.Is(err, secret.ErrSealed) {
		t.Errorf("Set after the file was removed: %v, want ErrSealed", err)
	}
	openFile(t, folder)
	if err := s.Set(t.Context(), "token", token); !errors.Is(err, secret.ErrSealed) || !strings.Contains(err.Error(), "restart") {
		t.Errorf("Set after the file was made anew: %v, want ErrSealed that says what to do", err)
	}
}

func TestManyGoroutinesLoseNothing(t *testing.T) {
	folder := t.TempDir()
	stores := []*secret.Store{openFile(t, folder), openFile(t, folder)}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := stores[i%2].Set(t.Context(), fmt.Sprintf("name-%d", i), token); err != nil {
				t.Errorf("Set: %v", err)
			}
		})
	}
	wg.Wait()
	if names, err := stores[0].List(t.Context()); err != nil || len(names) != 20 {
		t.Errorf("List: %d names, %v, want 20", len(names), err)
	}
}

const writerFolder, writerNumber = "SECRET_TEST_FOLDER", "SECRET_TEST_WRITER"

// TestManyProcessesLoseNothing starts this test again in processes that all make the store if it is not there, and write to it.
func TestManyProcessesLoseNothing(t *testing.T) {
	const processes, each = 4, 5
	if folder := os.Getenv(writerFolder); folder != "" {
		s := openFile(t, folder)
		for i := range each {
			set(t, s, fmt.Sprintf("%s-%d", os.Getenv(writerNumber), i), token)
		}
		return
	}
	folder := t.TempDir()
	var wg sync.WaitGroup
	for n := range processes {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestManyProcessesLoseNothing$")
			cmd.Env = append(os.Environ(), writerFolder+"="+folder, fmt.Sprintf("%s=%d", writerNumber, n))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("writer %d: %v\n%s", n, err, out)
			}
		})
	}
	wg.Wait()
	if names, err := openFile(t, folder).List(t.Context()); err != nil || len(names) != processes*each {
		t.Errorf("List: %d names, %v, want %d", len(names), err, processes*each)
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	options := secret.Options{Folder: t.TempDir(), Passphrase: given("p")}
	s, err := secret.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	asked, answer, opened := make(chan struct{}), make(chan struct{}), make(chan struct{})
	options.Passphrase = func() (string, error) {
		close(asked)
		<-answer
		return "p", nil
	}
	go func() {
		defer close(opened)
		if _, err := secret.Open(t.Context(), options); err != nil {
			t.Errorf("Open: %v", err)
		}
	}()
	<-asked // the store is locked now
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Get(ctx, "token"); !errors.Is(err, context.Canceled) {
		t.Errorf("Get with a context that ended: %v, want context.Canceled", err)
	}
	close(answer)
	<-opened
}

func TestSecretsShowNowhere(t *testing.T) {
	folder := t.TempDir()
	options := secret.Options{Folder: folder, Passphrase: given("hidden-passphrase")}
	s, err := secret.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	set(t, s, "token", token)
	tooLong := s.Set(t.Context(), "token", strings.Repeat(token, 10_000))
	badName := s.Set(t.Context(), "to ken", token)
	file, err := os.ReadFile(sealedPath(folder))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("values", "store", s, "options", fmt.Sprint(options), "long", tooLong, "name", badName)
	asJSON, _ := json.Marshal(struct{ Store any }{s}) // what cannot be marshalled shows nothing
	for what, text := range map[string]string{
		"%v": fmt.Sprintf("%v %v", s, *s), "%+v": fmt.Sprintf("%+v %+v", s, *s), "%#v": fmt.Sprintf("%#v %#v", s, *s),
		"options": fmt.Sprintf("%+v %#v", options, options), "log": log.String(), "JSON": string(asJSON),
		"errors": fmt.Sprint(tooLong, badName), "file": string(file),
	} {
		if strings.Contains(text, token) || strings.Contains(text, "hidden") {
			t.Errorf("%s shows a secret: %.200s", what, text)
		}
	}
}

func FuzzSealedFile(f *testing.F) {
	folder := f.TempDir()
	options := secret.Options{Folder: folder, Policy: secret.FileOnly}
	if _, err := secret.Open(f.Context(), options); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(sealedPath(folder))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	for _, text := range []string{"", "\n", "{}\n", `{"format":"gowats secrets 1","key":"key file","salt":"AAAAAAAAAAAAAAAAAAAAAA=="}` + "\n\n", "null\nAAAA"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if err := os.WriteFile(sealedPath(folder), file, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := secret.Open(t.Context(), options)
		same := bytes.Equal(bytes.TrimSuffix(file, []byte("\n")), bytes.TrimSuffix(good, []byte("\n")))
		if (err == nil) != same {
			t.Errorf("Open of a file that is the sealed one: %v; got %v", same, err)
		}
	})
}

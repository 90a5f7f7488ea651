package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestHashVerifies(t *testing.T) {
	h := newHasher()
	hash, err := h.hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash: got %s, want its parameters in front", hash)
	}
	if !h.matches(hash, "correct horse") {
		t.Error("the right password does not match")
	}
	if h.matches(hash, "correct horsf") {
		t.Error("a wrong password matches")
	}
	again, err := h.hash(t.Context(), "correct horse")
	if err != nil || again == hash {
		t.Errorf("the same password hashed twice: got %s twice (%v), want two salts", again, err)
	}
}

func TestOldParametersStayValid(t *testing.T) {
	old := cost{memory: 8 * 1024, time: 1, threads: 1}
	salt := []byte("sixteen bytes...")
	hash := encodeHash(old, salt, derive(old, "correct horse", salt))
	if !newHasher().matches(hash, "correct horse") {
		t.Error("a hash of other parameters than today's does not match")
	}
}

func TestDamagedHashesMatchNothing(t *testing.T) {
	good := newHasher().dummy
	for name, hash := range map[string]string{
		"no hash":          "",
		"another scheme":   strings.Replace(good, "argon2id", "argon2i", 1),
		"huge memory":      strings.Replace(good, "m=19456", "m=4000000", 1),
		"no passes":        strings.Replace(good, "t=2", "t=0", 1),
		"no threads":       strings.Replace(good, "p=1", "p=0", 1),
		"cut short":        good[:len(good)-1],
		"not base64":       good[:len(good)-1] + "!",
		"something behind": good + "A",
	} {
		if _, _, _, ok := decodeHash(hash); ok {
			t.Errorf("decodeHash of %s (%q): ok, want refused", name, hash)
		}
	}
	if newHasher().matches("", "") {
		t.Error("an account without a password can be entered with an empty one")
	}
}

func TestDerivationsWaitTheirTurn(t *testing.T) {
	h := newHasher()
	for range cap(h.slots) {
		if _, err := h.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.acquire(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("acquire beyond the bound: got %v, want to wait until the context ends", err)
	}
}

func TestRules(t *testing.T) {
	long := strings.Repeat("ä", maxNameLength)
	for _, tc := range []struct {
		name, user, password string
		wantErr              string // part of it; "" none
	}{
		{"a plain name and password are good", "ann", "correct horse", ""},
		{"any script is good", "Åse 安", "пароль-安全", ""},
		{"a name of 100 characters is good", long, "correct horse", ""},
		{"a name of 101 characters is refused", long + "ä", "correct horse", "1 to 100 characters"},
		{"an empty name is refused", "", "correct horse", "1 to 100 characters"},
		{"a colon in the name is refused", "a:b", "correct horse", "without colon"},
		{"a control character in the name is refused", "a\nb", "correct horse", "control characters"},
		{"outer blanks of the name are refused", " ann", "correct horse", "outer blanks"},
		{"broken UTF-8 in the name is refused", "a\xff", "correct horse", "1 to 100 characters"},
		{"a password of 8 characters is good", "ann", "pässwörd", ""},
		{"a password of 7 characters is refused", "ann", "pässwör", "at least 8 characters"},
		{"a password beyond all measure is refused", "ann", strings.Repeat("x", 1001), "at most 1000 bytes"},
		{"a control character in the password is refused", "ann", "correct\x00horse", "control characters"},
		{"a password that looks like a token is refused", "ann", "gw_correct horse", "must not begin with gw_"},
		{"a colon in the password is good", "ann", "correct:horse", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := errors.Join(checkName("user name", tc.user), checkPassword(tc.password))
			switch {
			case tc.wantErr == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case tc.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tc.wantErr)):
				t.Errorf("got %v, want an error with %q", err, tc.wantErr)
			case err != nil && strings.Contains(err.Error(), tc.password):
				t.Errorf("error %q repeats the password", err)
			}
		})
	}
}

func TestMay(t *testing.T) {
	roles := []Role{Read, Write, Admin}
	for has, role := range roles {
		for need, needed := range roles {
			if got, want := (Identity{"x", role}).May(needed), has >= need; got != want {
				t.Errorf("%s may %s: got %v, want %v", role, needed, got, want)
			}
		}
	}
	if (Identity{}).May(Read) || (Identity{"x", Admin}).May("") || (Identity{"x", "root"}).May(Read) {
		t.Error("an unknown role may something")
	}
}

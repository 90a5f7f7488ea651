package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"

	"golang.org/x/crypto/argon2"
)

// cost is what one derivation takes. The parameters stand in each hash, so a later release may raise them for new passwords.
type cost struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
}

// newCost returns the cost of new passwords. RFC 9106 would have 64 MiB; this is what the OWASP Password Storage Cheat Sheet
// asks for at least, because the server may stand on a small bench computer.
func newCost() cost { return cost{memory: 19 * 1024, time: 2, threads: 1} }

// maxMemory bounds what a stored hash may ask for (KiB), so that a damaged row cannot take the process down.
const maxMemory = 256 * 1024

const (
	saltSize = 16
	keySize  = 32
)

// hasher derives keys from passwords with argon2id, few at a time: a flood of wrong passwords costs at most
// that many times the memory of one derivation.
type hasher struct {
	slots chan struct{}
	dummy string // hash that no password has, to spend equal work on a user without one
}

func newHasher() *hasher {
	return &hasher{
		slots: make(chan struct{}, min(4, runtime.GOMAXPROCS(0))),
		dummy: encodeHash(newCost(), randomBytes(saltSize), randomBytes(keySize)),
	}
}

// acquire waits for leave to derive one key.
func (h *hasher) acquire(ctx context.Context) (release func(), err error) {
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to check a password: %w", context.Cause(ctx))
	}
}

// hash returns the encoded hash of a password under a new salt.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	release, err := h.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	salt := randomBytes(saltSize)
	return encodeHash(newCost(), salt, derive(newCost(), password, salt)), nil
}

// matches reports whether password has that encoded hash. It takes as long when there is no such hash. The caller holds a slot.
func (h *hasher) matches(encoded, password string) bool {
	c, salt, want, ok := decodeHash(encoded)
	if !ok {
		c, salt, want, _ = decodeHash(h.dummy)
	}
	got := derive(c, password, salt)
	return subtle.ConstantTimeCompare(got, want) == 1 && ok
}

func derive(c cost, password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, c.time, c.memory, c.threads, keySize)
}

// hashFormat is the PHC string format of argon2: https://github.com/P-H-C/phc-string-format.
const hashFormat = "$argon2id$v=19$m=%d,t=%d,p=%d$%s"

func encodeHash(c cost, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf(hashFormat, c.memory, c.time, c.threads, b64.EncodeToString(salt)+"$"+b64.EncodeToString(key))
}

// decodeHash takes an encoded hash apart. It reports false for anything that [encodeHash] cannot have written.
func decodeHash(encoded string) (c cost, salt, key []byte, ok bool) {
	var rest string
	if _, err := fmt.Sscanf(encoded, hashFormat, &c.memory, &c.time, &c.threads, &rest); err != nil {
		return cost{}, nil, nil, false
	}
	b64 := base64.RawStdEncoding
	at := b64.EncodedLen(saltSize)
	if len(rest) != at+1+b64.EncodedLen(keySize) || rest[at] != '$' {
		return cost{}, nil, nil, false
	}
	salt, saltErr := b64.DecodeString(rest[:at])
	key, keyErr := b64.DecodeString(rest[at+1:])
	ok = saltErr == nil && keyErr == nil && c.memory <= maxMemory && c.time > 0 && c.threads > 0
	return c, salt, key, ok
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}

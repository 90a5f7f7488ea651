package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
)

// The sealed file has two lines. The first is the header, in JSON, readable so that a technician sees what opens the file. The second is
// base64 of nonce, ciphertext and tag of AES-256-GCM (NIST SP 800-38D), which covers the first line too.
// What is sealed is a JSON object of names and base64 values.

const (
	format    = "gowats secrets 1"
	saltSize  = 16
	keySize   = 32
	maxSealed = 4 << 20 // bytes of a sealed file
)

// header is the first line of a sealed file.
type header struct {
	Format  string  `json:"format"`
	Key     Backend `json:"key"`
	Machine bool    `json:"machine,omitempty"` // the key is bound to the machine
	Salt    []byte  `json:"salt"`              // made with the store, for good
}

func newHeader(key Backend) header {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	return header{Format: format, Key: key, Salt: salt}
}

// box seals and opens the file of one store.
type box struct {
	header header
	line   []byte             // the header as it stands in the file
	aead   func() cipher.AEAD // a closure, so that printing a store shows no key
}

func newBox(h header, line, key []byte) (*box, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &box{header: h, line: line, aead: func() cipher.AEAD { return aead }}, nil
}

func (b *box) seal(secrets map[string][]byte) ([]byte, error) {
	plain, err := json.Marshal(secrets)
	if err != nil {
		return nil, err
	}
	sealed := append(bytes.Clone(b.line), '\n')
	sealed = base64.StdEncoding.AppendEncode(sealed, b.aead().Seal(nil, nil, plain, b.line))
	sealed = append(sealed, '\n')
	if len(sealed) > maxSealed {
		return nil, fmt.Errorf("all secrets together would fill %d bytes, the most is %d; delete some", len(sealed), maxSealed)
	}
	return sealed, nil
}

// open returns the secrets of a file that this box, or one of the same key, sealed.
func (b *box) open(file []byte) (map[string][]byte, error) {
	_, line, sealed, err := parse(file)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(line, b.line) {
		return nil, fmt.Errorf("%w: the store was made anew meanwhile; restart the program", ErrSealed)
	}
	plain, err := b.aead().Open(nil, nil, sealed, line)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrSealed, b.header.misfit())
	}
	secrets := map[string][]byte{}
	if err := json.Unmarshal(plain, &secrets); err != nil {
		return nil, fmt.Errorf("%w: what is sealed is no JSON object of texts", ErrSealed) // the cause might repeat a secret
	}
	return secrets, nil
}

// misfit says what may be wrong, and what to do, when the key does not open the file: authenticated encryption cannot tell the one from the other.
func (h header) misfit() string {
	const remedy = "; restore the file from a backup, or remove it and store the secrets again"
	switch {
	case h.Key == Passphrase:
		return "the passphrase is wrong, or the file was changed" + remedy
	case h.Machine:
		return "it was sealed on another machine or with another " + keyName + ", or it was changed" + remedy
	case h.Key == KeyFile:
		return "it was sealed with another " + keyName + ", or it was changed" + remedy
	}
	return "the key in the keyring is another, or the file was changed" + remedy
}

// parse takes a sealed file apart, without opening it. Line is the header as it stands there.
func parse(file []byte) (h header, line, sealed []byte, err error) {
	line, rest, _ := bytes.Cut(file, []byte("\n"))
	if err := json.Unmarshal(line, &h); err != nil {
		return header{}, nil, nil, fmt.Errorf("%w: line 1 is no header; the file is damaged", ErrSealed)
	}
	switch {
	case h.Format != format:
		return header{}, nil, nil, fmt.Errorf("%w: the format is %.40q, this version reads %q", ErrSealed, h.Format, format)
	case len(h.Salt) != saltSize:
		return header{}, nil, nil, fmt.Errorf("%w: the salt has %d bytes, want %d; the file is damaged", ErrSealed, len(h.Salt), saltSize)
	}
	sealed, err = base64.StdEncoding.Strict().DecodeString(string(bytes.TrimSuffix(rest, []byte("\n"))))
	if err != nil {
		return header{}, nil, nil, fmt.Errorf("%w: line 2 is no base64; the file is damaged", ErrSealed)
	}
	return h, line, sealed, nil
}

// readPrivate reads a file that only its owner may read, of at most limit bytes. Windows has access lists instead of modes.
func readPrivate(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read: there is nothing to lose
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", path)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("others may read or write %s; run: chmod 600 %s", path, path)
	}
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(content)) > limit:
		return nil, fmt.Errorf("%s has more than %d bytes: it is not ours", path, limit)
	}
	return content, nil
}

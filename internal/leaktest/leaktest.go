// Package leaktest fails a run of tests in which a secret that the tests use shows in a log or in an error.
package leaktest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
)

// shortest is the length in bytes from which a secret is looked for: shorter ones occur in any text.
const shortest = 6

// A Recorder keeps what was logged and what errors said during a run of tests, and the secrets that were used. Any number of goroutines may use it.
type Recorder struct {
	mu      sync.Mutex
	secrets map[string]bool
	file    *os.File // text: in a file, since a run may log a lot
	text    *bufio.Writer
	size    int
	failure error // of the file
}

// New returns an empty Recorder.
func New() *Recorder { return &Recorder{secrets: map[string]bool{}} }

// Secret tells of a password, token or key. One of less than 6 bytes is not looked for.
func (r *Recorder) Secret(secret string) {
	if len(secret) < shortest {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets[secret] = true
}

// Authorization tells of the secrets in a header of that name: the credential, and the password in it (RFC 7617).
func (r *Recorder) Authorization(header string) {
	_, credential, _ := strings.Cut(header, " ")
	r.Secret(credential)
	pair, err := base64.StdEncoding.DecodeString(credential)
	if _, password, found := strings.Cut(string(pair), ":"); err == nil && found {
		r.Secret(password)
	}
}

// Handler is next; it tells r of the secrets of all requests.
func (r *Recorder) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.Authorization(req.Header.Get("Authorization"))
		for _, cookie := range req.Cookies() {
			r.Secret(cookie.Value)
		}
		next.ServeHTTP(w, req)
	})
}

// Write keeps p, a text in which no secret may be.
func (r *Recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil && r.failure == nil {
		if r.file, r.failure = os.CreateTemp("", "leaktest-"); r.failure == nil {
			r.text = bufio.NewWriterSize(r.file, 1<<16)
		}
	}
	if r.failure == nil {
		_, r.failure = r.text.Write(p)
		r.size += len(p)
	}
	return len(p), r.failure
}

// Logger returns a logger, of all levels, to r.
func (r *Recorder) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(r, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Error keeps what err says, in the forms that a program may print it in; nil says nothing.
func (r *Recorder) Error(err error) {
	if err != nil {
		_, _ = fmt.Fprintf(r, "%v\n%+v\n%#v\n", err, err, err) // Leaks tells the failure of r
	}
}

// A Leak is a secret that was found.
type Leak struct {
	Form string // raw, base64, hex …
	Line string // in which it stands, with the secret replaced
}

// Leaks returns the first hundred secrets that were found, in the order of the text. It removes the text.
func (r *Recorder) Leaks() (found []Leak, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil, r.failure
	}
	defer func() { err = errors.Join(err, r.file.Close(), os.Remove(r.file.Name())) }()
	if err := errors.Join(r.failure, r.text.Flush()); err != nil {
		return nil, err
	}
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	needles := map[[shortest]byte][]needle{}
	for secret := range r.secrets {
		for _, n := range forms(secret) {
			key := [shortest]byte([]byte(n.text))
			needles[key] = append(needles[key], n)
		}
	}
	const most = 100
	for lines := bufio.NewReader(r.file); len(found) < most; {
		line, err := lines.ReadBytes('\n')
		found = append(found, search(line, needles)...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// Main runs tests, and after them fails for what r has found. It returns the exit code. It prints how much it has looked at.
func (r *Recorder) Main(m interface{ Run() int }) int {
	code := m.Run()
	leaks, err := r.Leaks()
	if err != nil {
		fmt.Fprintln(os.Stderr, "leaktest:", err)
		return max(code, 1)
	}
	for _, l := range leaks {
		fmt.Fprintf(os.Stderr, "leaktest: a secret (%s) stands in a log or an error: %s\n", l.Form, l.Line)
	}
	fmt.Printf("leaktest: %d secrets shown in %d bytes of logs and errors, looked for %d\n", len(leaks), r.size, len(r.secrets))
	if len(leaks) > 0 {
		return max(code, 1)
	}
	return code
}

type needle struct{ form, text string }

func search(line []byte, needles map[[shortest]byte][]needle) (found []Leak) {
	for i := range len(line) - shortest + 1 {
		for _, n := range needles[[shortest]byte(line[i:])] {
			if bytes.HasPrefix(line[i:], []byte(n.text)) {
				shown := strings.ReplaceAll(string(line), n.text, "[secret]")
				found = append(found, Leak{n.form, fmt.Sprintf("%.500q", strings.TrimSpace(shown))})
			}
		}
	}
	return found
}

// forms returns every form in which a secret may show.
func forms(secret string) []needle {
	all := []needle{
		{"raw", secret}, {"URL query", url.QueryEscape(secret)}, {"URL path", url.PathEscape(secret)}, {"Go text", inner(strconv.Quote(secret))},
		{"hexadecimal", hex.EncodeToString([]byte(secret))}, {"hexadecimal", strings.ToUpper(hex.EncodeToString([]byte(secret)))},
		{"bytes", inner(fmt.Sprintf("%d", []byte(secret)))}, {"bytes", inner(strings.ReplaceAll(fmt.Sprintf("%d", []byte(secret)), " ", ","))},
		{"Go bytes", strings.TrimPrefix(fmt.Sprintf("%#v", []byte(secret)), "[]byte")},
	}
	if text, err := json.Marshal(secret); err == nil {
		all = append(all, needle{"JSON", inner(string(text))})
	}
	for offset := range 3 { // of the secret in what was encoded: after user: for one
		all = append(all, needle{"base64", within(base64.RawStdEncoding, secret, offset)}, needle{"base64 for URLs", within(base64.RawURLEncoding, secret, offset)})
	}
	seen := map[string]bool{}
	kept := all[:0]
	for _, n := range all {
		if len(n.text) >= shortest && !seen[n.text] {
			seen[n.text] = true
			kept = append(kept, n)
		}
	}
	return kept
}

// inner is text without its first and last character.
func inner(text string) string { return text[1 : len(text)-1] }

// within returns the characters that stand for a secret alone in the base64 text of something that holds it at that offset, modulo 3.
func within(e *base64.Encoding, secret string, offset int) string {
	const bitsOfByte, bitsOfCharacter = 8, 6
	text := e.EncodeToString(append(make([]byte, offset), secret...))
	first := (offset*bitsOfByte + bitsOfCharacter - 1) / bitsOfCharacter
	return text[first : (offset+len(secret))*bitsOfByte/bitsOfCharacter]
}

package wats

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

// WithToken authenticates by a token in WATS form, the base64 text of user:password as the server's token page shows it.
// It is sent as it is after the word Basic. API tokens of a gowats server (gw_…) are given the same way.
func WithToken(token string) Option { return withFixed(BasicToken(token)) }

// WithBearer authenticates by a bearer token (RFC 6750).
func WithBearer(token string) Option { return withFixed(BearerToken(token)) }

// WithBasicAuth authenticates by user name and password (RFC 7617, in UTF-8). The user name holds no colon.
func WithBasicAuth(user, password string) Option {
	if user == "" || strings.Contains(user, ":") {
		return func(*settings) error { return errors.New("WithBasicAuth: the user name is empty or holds a colon") }
	}
	return withFixed(basicAuth(user, password))
}

func withFixed(t Token) Option {
	return func(s *settings) error {
		if err := t.check(); err != nil {
			return err
		}
		s.token, s.source = t, nil
		return nil
	}
}

// WithTokenSource asks source for the token of every try of every request, so that a token can be renewed while the client lives.
// A token with Expires is kept until shortly before then: a tenth of its time, at most a minute. After a 401 source is asked again.
//
// However many calls wait for a token, source is called once for all of them, never by two goroutines at a time. Its context has the
// values of one of these calls and the time of [WithTimeout]. Its error is theirs, as a [*TokenError]; but as long as the token at hand
// has not expired, calls go on with that one.
func WithTokenSource(source TokenSource) Option {
	return func(s *settings) error {
		if source == nil {
			return errors.New("WithTokenSource: the source is nil")
		}
		s.source = source
		return nil
	}
}

// A TokenSource gives the token to authenticate with now. See [WithTokenSource].
type TokenSource func(ctx context.Context) (Token, error)

// EnvToken takes the token from the environment variable GOWATS_TOKEN, else WATS_AUTH_TOKEN, each time it is asked. The value is one
// as for [WithToken]; after the word Bearer it is one as for [WithBearer].
func EnvToken() TokenSource {
	return func(context.Context) (Token, error) {
		for _, name := range [...]string{"GOWATS_TOKEN", "WATS_AUTH_TOKEN"} {
			if text := strings.TrimSpace(os.Getenv(name)); text != "" {
				return tokenFromText(text, name)
			}
		}
		return Token{}, errors.New("neither GOWATS_TOKEN nor WATS_AUTH_TOKEN is set in the environment")
	}
}

// FileToken takes the token from a file each time it is asked, so that a changed file counts at once. The text is one as for
// [EnvToken], of at most 64 KiB; blanks around it do not matter.
//
// A file that other users can read or change, or that its group can change, is refused (not on Windows): chmod 600 mends that.
// Secrets that a container platform mounts need a mode too, such as 0400.
func FileToken(path string) TokenSource {
	return func(context.Context) (Token, error) {
		text, err := readSecret(path)
		if err != nil {
			return Token{}, err
		}
		return tokenFromText(strings.TrimSpace(text), path)
	}
}

// ParseToken reads a token as a text has it: one as for [WithToken], after the word Bearer one as for [WithBearer]. Blanks around it do not matter.
func ParseToken(text string) (Token, error) { return tokenFromText(strings.TrimSpace(text), "token") }

func tokenFromText(text, origin string) (Token, error) {
	t := BasicToken(text)
	if scheme, rest, ok := strings.Cut(text, " "); ok && strings.EqualFold(scheme, "Bearer") {
		t = BearerToken(strings.TrimSpace(rest))
	}
	if err := t.check(); err != nil {
		return Token{}, fmt.Errorf("%s: %w", origin, err)
	}
	return t, nil
}

func readSecret(path string) (string, error) {
	const most = 64 << 10
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // was only read
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a file", path)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o026 != 0:
		return "", fmt.Errorf("%s has mode %#o, so that others can read or change it: make it chmod 600", path, info.Mode().Perm())
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return "", err
	case len(data) > most:
		return "", fmt.Errorf("%s exceeds %d bytes: a token is shorter", path, most)
	}
	return string(data), nil
}

// tokenKeeper keeps the token of a client and renews it.
type tokenKeeper struct {
	source  TokenSource // nil: current is for ever
	timeout time.Duration
	log     *slog.Logger

	mu      sync.Mutex
	current Token     // the last one that source gave
	renewAt time.Time // when source is asked before current expires
	asking  *question // nil when nobody asks
}

// tokens returns nil when requests go without a token.
func (s settings) tokens() *tokenKeeper {
	if s.source == nil && s.token.authorization == nil {
		return nil
	}
	return &tokenKeeper{source: s.source, timeout: s.timeout, current: s.token, log: s.log}
}

// question is one call of the source, for all that wait for its answer.
type question struct {
	done  chan struct{} // closed when token and err are set
	token Token
	err   error
}

// get returns a token to try.
func (k *tokenKeeper) get(ctx context.Context) (Token, error) {
	if k.source == nil {
		return k.current, nil
	}
	now := time.Now()
	k.mu.Lock()
	current, valid := k.current, now.Before(k.current.Expires)
	if valid && (k.asking != nil || now.Before(k.renewAt)) {
		k.mu.Unlock()
		return current, nil
	}
	q := k.join(ctx)
	k.mu.Unlock()
	token, err := q.wait(ctx)
	if err != nil && valid && ctx.Err() == nil {
		k.log.LogAttrs(ctx, slog.LevelWarn, "token not renewed, the one at hand has not expired", slog.Any("err", err))
		return current, nil
	}
	return token, err
}

// renew returns another token than the one that the server refused, if there is one by now; else the same.
func (k *tokenKeeper) renew(ctx context.Context, refused Token) (Token, error) {
	if k.source == nil {
		return refused, nil
	}
	k.mu.Lock()
	if !k.current.isSame(refused) {
		defer k.mu.Unlock()
		return k.current, nil // another call has been faster
	}
	q := k.join(ctx)
	k.mu.Unlock()
	return q.wait(ctx)
}

// join returns the question under way, or asks. The caller holds the lock.
func (k *tokenKeeper) join(ctx context.Context) *question {
	if k.asking == nil {
		k.asking = &question{done: make(chan struct{})}
		go k.ask(context.WithoutCancel(ctx), k.asking)
	}
	return k.asking
}

func (k *tokenKeeper) ask(ctx context.Context, q *question) {
	ctx, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	q.token, q.err = k.source(ctx)
	now := time.Now()
	switch {
	case q.err != nil && ctx.Err() != nil:
		q.err = &attemptTimeout{after: k.timeout}
	case q.err == nil:
		q.err = q.token.check()
	}
	if q.err == nil && !q.token.Expires.IsZero() && !now.Before(q.token.Expires) {
		q.err = fmt.Errorf("the source gave one that has expired at %v", q.token.Expires.UTC().Format(time.RFC3339))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	const longest, pause = time.Minute, 5 * time.Second
	if q.err == nil {
		k.current = q.token
		k.renewAt = q.token.Expires.Add(-min(q.token.Expires.Sub(now)/10, longest))
	} else {
		k.renewAt = now.Add(pause) // a source that fails is not asked by every call as long as there is a token
	}
	k.asking = nil
	close(q.done)
}

func (q *question) wait(ctx context.Context) (Token, error) {
	select {
	case <-q.done:
		return q.token, q.err
	case <-ctx.Done():
		return Token{}, ctx.Err()
	}
}

package wats

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Token is one credential. Its secret is in no printed form, not even of a struct that holds it: it stands in a closure,
// where neither fmt nor reflection looks. The zero Token is none.
type Token struct {
	// Expires is when the server stops to take the token. Zero: not known; then a [TokenSource] is asked before every try.
	Expires time.Time

	authorization func() string // value of the header Authorization
}

// BasicToken returns a token that is sent after the word Basic: see [WithToken].
func BasicToken(token string) Token { return newToken("Basic", token) }

// BearerToken returns a token that is sent after the word Bearer: see [WithBearer].
func BearerToken(token string) Token { return newToken("Bearer", token) }

func basicAuth(user, password string) Token {
	return BasicToken(base64.StdEncoding.EncodeToString([]byte(user + ":" + password)))
}

func newToken(scheme, secret string) Token {
	return Token{authorization: func() string { return scheme + " " + secret }}
}

// check tells whether t can stand in a header, without repeating it.
func (t Token) check() error {
	if t.authorization == nil {
		return errors.New("the token is missing")
	}
	secret := secretOf(t.authorization())
	switch {
	case secret == "":
		return errors.New("the token is empty")
	case !isVisible(secret):
		return errors.New("the token holds a blank, a line break or a character beyond ASCII: give it as one word, without Basic or Bearer before it")
	}
	return nil
}

// isSame reports whether both send the same header.
func (t Token) isSame(other Token) bool { return t.authorization() == other.authorization() }

// secretOf returns what stands behind the scheme of an Authorization header.
func secretOf(authorization string) string {
	_, secret, found := strings.Cut(authorization, " ")
	if !found {
		return authorization
	}
	return secret
}

// isVisible reports whether text is of visible ASCII characters only; a blank is not one.
func isVisible(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

const redacted = "[secret]"

// Format writes [secret], whatever the verb.
func (t Token) Format(w fmt.State, _ rune) {
	_, _ = io.WriteString(w, redacted) // fmt.State never fails
}

// LogValue is [secret].
func (t Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// authorize adds the credential. It is the only stage that sees one; exchange sends nothing to any other host.
//
// A request that was answered by 401 is sent once more when there is another token by then. The first one was not carried out,
// so that goes for every method.
func authorize(tokens *tokenKeeper) stage {
	return func(next handler) handler {
		if tokens == nil {
			return next
		}
		return func(ctx context.Context, req *request) (*answer, error) {
			token, err := tokens.get(ctx)
			if err != nil {
				return nil, &TokenError{Method: req.method, Path: req.path, Err: err}
			}
			ans, err := next(ctx, req.withHeader("Authorization", token.authorization()))
			if e, ok := errors.AsType[*APIError](err); !ok || e.Status != http.StatusUnauthorized {
				return ans, err
			}
			other, renewErr := tokens.renew(ctx, token)
			switch {
			case renewErr != nil:
				return nil, fmt.Errorf("%w; %w", err, &TokenError{Method: req.method, Path: req.path, Err: renewErr})
			case other.isSame(token):
				return nil, err
			}
			return next(ctx, req.withHeader("Authorization", other.authorization()))
		}
	}
}

// TokenError says that no token could be had to authenticate a request with, which therefore was not sent, or not again after a 401.
// It matches [ErrUnauthorized], but not when the caller ended the call. Unwrap gives the cause.
type TokenError struct {
	Method string
	Path   string // escaped, without query
	Err    error  `json:"-"` // may hold an address with its query
}

// Is reports whether target is ErrUnauthorized.
func (e *TokenError) Is(target error) bool {
	ended := errors.Is(e.Err, context.Canceled) || errors.Is(e.Err, context.DeadlineExceeded)
	return target == ErrUnauthorized && !ended
}

// Unwrap returns the cause.
func (e *TokenError) Unwrap() error { return e.Err }

func (e *TokenError) Error() string {
	return fmt.Sprintf("%s %s: get a token: %v", e.Method, e.Path, withoutAddress(e.Err))
}

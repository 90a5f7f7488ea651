package wats

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// A TokenSource gives the token to authenticate with now. See [WithTokenSource].
type TokenSource func(ctx context.Context) (Token, error)

func fixed(t Token) TokenSource {
	return func(context.Context) (Token, error) { return t, nil }
}

// Token is one credential. Its secret is in no printed form, not even of a struct that holds it: it stands in a closure,
// where neither fmt nor reflection looks. The zero Token is none.
type Token struct {
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
	return Token{func() string { return scheme + " " + secret }}
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
func authorize(tokens TokenSource) stage {
	return func(next handler) handler {
		if tokens == nil {
			return next
		}
		return func(ctx context.Context, req *request) (*answer, error) {
			token, err := tokens(ctx)
			if err == nil {
				err = token.check()
			}
			if err != nil {
				return nil, fmt.Errorf("%s %s: get a token: %w", req.method, req.path, err)
			}
			return next(ctx, req.withHeader("Authorization", token.authorization()))
		}
	}
}

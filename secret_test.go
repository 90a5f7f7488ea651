package wats_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
)

const secret = "c2VjcmV0OmNyZWRlbnRpYWw"

// printed returns every form in which v might show up somewhere.
func printed(v any) string {
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("value", "v", v, "nested", struct{ V any }{v})
	}
	asJSON, _ := json.Marshal(v) // what cannot be marshalled shows nothing
	return fmt.Sprintf("%v|%+v|%#v|%s|%q|%x|%d|", v, v, v, v, v, v, v) + string(asJSON) + log.String()
}

func leaks(text string) bool {
	for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%d", []byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))} {
		if strings.Contains(text, strings.Trim(form, "[]")) {
			return true
		}
	}
	return false
}

func TestSecretsShowNowhere(t *testing.T) {
	var log bytes.Buffer
	handler := slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})
	echo := func(w http.ResponseWriter, r *http.Request) { // as a proxy that shows what it refuses
		w.Header().Set("X-Request-Id", secret)
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"Message": "refused: Authorization: " + r.Header.Get("Authorization"),
			"errors":  []any{map[string]string{"path": secret, "rule": secret, "message": secret}},
		})
	}
	token := wats.BearerToken(secret)
	expiring := token
	expiring.Expires = time.Now().Add(time.Hour)
	t.Setenv("GOWATS_TOKEN", secret)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	private := ed25519.NewKeyFromSeed([]byte(secret + strings.Repeat("x", ed25519.SeedSize))[:ed25519.SeedSize])
	shared, own := wats.HMACKey([]byte(secret+secret)), wats.Ed25519Key(private)
	type holder struct {
		Shown  wats.Token
		hidden wats.Token
		ptr    *wats.Token
		key    wats.Key
	}
	values := map[string]any{
		"token":                  token,
		"pointer to a token":     &token,
		"struct that holds one":  holder{token, token, &token, shared},
		"token that expires":     expiring,
		"token of environment":   wats.EnvToken(),
		"token of a file":        wats.FileToken(file),
		"WithProxy option":       wats.WithProxy("http://user:" + secret + "@proxy.example"),
		"shared key":             shared,
		"pointer to a key":       &shared,
		"private key":            own,
		"map of keys":            map[string]wats.Key{"a": shared, "b": own},
		"WithSigner option":      wats.WithSigner("a", shared),
		"list of tokens":         []wats.Token{token},
		"secret":                 wats.NewSecret(secret),
		"user with a password":   wats.SCIMUser{UserName: "ola", Password: wats.NewSecret(secret)},
		"provisioning token":     &wats.SCIMToken{Token: wats.NewSecret(secret)},
		"WithToken option":       wats.WithToken(secret),
		"WithBearer option":      wats.WithBearer(secret),
		"WithBasicAuth option":   wats.WithBasicAuth("user", secret),
		"WithTokenSource option": wats.WithTokenSource(func(context.Context) (wats.Token, error) { return token, nil }),
	}
	for name, opt := range map[string]wats.Option{
		"token": wats.WithToken(secret), "bearer": wats.WithBearer(secret),
		"source":      wats.WithTokenSource(func(context.Context) (wats.Token, error) { return expiring, nil }),
		"environment": wats.WithTokenSource(wats.EnvToken()), "file": wats.WithTokenSource(wats.FileToken(file)),
	} {
		client := serve(t, echo, opt, wats.WithLogger(slog.New(handler)), fast)
		_, err := client.Version(t.Context())
		if !errors.Is(err, wats.ErrServer) {
			t.Fatalf("Version with %s = %v, want ErrServer", name, err)
		}
		values["client with "+name] = client
		values["options with "+name] = []wats.Option{opt}
		values["error with "+name] = err

		lost := newClient(t, "http://plant.example", opt, wats.WithTransport(failing{errors.New("cable cut")}), wats.WithLogger(slog.New(handler)), once)
		_, err = lost.Version(t.Context())
		values["transport error with "+name] = err
	}
	proxied := newClient(t, "http://plant.example", wats.WithProxy("http://user:"+secret+"@127.0.0.1:0"), once)
	values["client with a proxy"] = proxied
	_, values["error with a proxy"] = proxied.Version(t.Context())
	for name, key := range map[string]wats.Key{"shared": shared, "private": own} {
		client := serve(t, echo, wats.WithSigner("a", key), wats.WithToken(secret), wats.WithVerifier(func(string) (wats.Key, bool) { return key, true }, 0),
			wats.WithLogger(slog.New(handler)), once)
		values["client that signs by a key "+name] = client
		_, values["error of an answer not signed "+name] = client.Version(t.Context())
	}
	asking := newClient(t, "http://plant.example", wats.WithTokenSource(func(context.Context) (wats.Token, error) {
		return wats.Token{}, &url.Error{Op: "Post", URL: "https://login.example/?client_secret=" + secret, Err: errors.New("cable cut")}
	}))
	_, values["error of a source"] = asking.Version(t.Context())
	for name, v := range values {
		if text := printed(v); leaks(text) {
			t.Errorf("%s shows its secret: %s", name, text)
		}
	}
	if leaks(log.String()) {
		t.Errorf("the log shows the secret:\n%s", &log)
	}
	if !strings.Contains(log.String(), "attempt=2") {
		t.Errorf("the log does not show the attempts:\n%s", &log)
	}
}

func TestErrorsDoNotTellTheQuery(t *testing.T) {
	client := serve(t, answer(500, "boom"), once)
	for _, err := range client.Report.Headers(t.Context(), wats.HeaderQuery{Operator: "kari.nordmann"}) {
		if err == nil || strings.Contains(err.Error(), "kari") {
			t.Errorf("Headers = %v, want an error without the query", err)
		}
	}
}

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/app/obs"
)

const verifyHelp = `
With --verify-keys the API takes only requests that are signed (RFC 9421), by one of the keys in that file; the pages are not concerned. A line
is a name, an algorithm and a key: ed25519 with the base64 text of the public key (the middle line of openssl pkey -pubout), or hmac-sha256 with
where the shared secret is kept (file:PATH, env:NAME or secret:NAME in the data folder). A # begins a comment. Existing WATS clients do not sign.`

// signedOnly lets requests to the API through to h only if they are signed by a key of the file; "" means no file, and all of them.
func signedOnly(ctx context.Context, path, data string, log *slog.Logger, h http.Handler) (http.Handler, error) {
	if path == "" {
		return h, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, withCode(exitConfiguration, fmt.Errorf("--verify-keys: %w", err))
	}
	keys, err := parseKeys(ctx, string(text), data)
	if err != nil {
		return nil, withCode(exitConfiguration, fmt.Errorf("--verify-keys %s:\n%w", path, err))
	}
	known := func(name string) (wats.Key, bool) { k, found := keys[name]; return k, found }
	guarded := wats.VerifyRequests(known, wats.VerifyOptions{Logger: log})(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isAPI(r.URL.Path) {
			guarded.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	}), nil
}

// parseKeys reads a file of keys. The error names every line that is wrong.
func parseKeys(ctx context.Context, text, data string) (map[string]wats.Key, error) {
	keys := map[string]wats.Key{}
	var wrong []error
	number := 0
	for line := range strings.Lines(text) {
		number++
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		key, err := parseKey(ctx, fields, data)
		if _, twice := keys[fields[0]]; err == nil && twice {
			err = fmt.Errorf("the name %s stands on a line before", fields[0])
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("line %d: %w", number, err))
			continue
		}
		keys[fields[0]] = key
	}
	if len(keys) == 0 && wrong == nil {
		wrong = append(wrong, errors.New("there is no key, so that nobody could be let in"))
	}
	return keys, errors.Join(wrong...)
}

func parseKey(ctx context.Context, fields []string, data string) (wats.Key, error) {
	const parts = 3
	if len(fields) != parts {
		return wats.Key{}, fmt.Errorf("want a name, an algorithm and a key, not %d words", len(fields))
	}
	switch fields[1] {
	case "ed25519":
		return parsePublicKey(fields[2])
	case "hmac-sha256":
		var r config.Reference
		if err := r.UnmarshalText([]byte(fields[2])); err != nil {
			return wats.Key{}, err
		}
		key, err := readKey(ctx, r, data)
		if err != nil {
			return wats.Key{}, fmt.Errorf("%s: %w", r, err)
		}
		return key, nil
	}
	return wats.Key{}, fmt.Errorf("the algorithm is %q, want ed25519 or hmac-sha256", fields[1])
}

// parsePublicKey reads the base64 text of a SubjectPublicKeyInfo (RFC 8410), as openssl writes it between the lines of PEM.
func parsePublicKey(text string) (wats.Key, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return wats.Key{}, errors.New("the key is no base64 text")
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	public, ok := parsed.(ed25519.PublicKey)
	if err != nil || !ok {
		return wats.Key{}, errors.New("the key is no Ed25519 public key; openssl pkey -in KEY -pubout shows it")
	}
	return wats.Ed25519PublicKey(public), nil
}

// measured returns h, whose requests are counted, and a handler that tells the figures of this process.
func measured(h http.Handler) (counted, figures http.Handler, err error) {
	registry := obs.NewRegistry()
	metrics, err := obs.NewServerMetrics(registry)
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", obs.Handler(registry))
	return metrics.Handler(h), mux, nil
}

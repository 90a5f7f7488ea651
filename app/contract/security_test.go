package contract_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// TestSignedAndCompressed: what the client signs, also of compressed bodies, the server takes; and nothing else.
func TestSignedAndCompressed(t *testing.T) {
	key := wats.Ed25519Key(ed25519.NewKeyFromSeed(bytes.Repeat([]byte("k"), ed25519.SeedSize)))
	keys := func(id string) (wats.Key, bool) { return key, id == "ict-07" || id == "server" }
	signs, err := wats.SignAnswers("server", key, "")
	if err != nil {
		t.Fatal(err)
	}
	var changes atomic.Bool
	var compressed atomic.Int64
	change := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Content-Encoding") == "gzip" {
				compressed.Add(1)
			}
			if changes.Load() {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(bytes.ReplaceAll(body, []byte("SN-2"), []byte("SN-3"))))
			}
			next.ServeHTTP(w, r)
		})
	}
	guard := wats.VerifyRequests(keys, wats.VerifyOptions{Buffer: 100}) // so that a report is checked while the server reads it
	b := startServer(t, guard, change, signs)

	client := b.client(t, wats.WithToken(b.token), wats.WithSigner("ict-07", key), wats.WithVerifier(keys, 0))
	if _, err := client.Version(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := testReport("SN-1", time.Now(), report.Passed)
	r.Test.Comment = strings.Repeat("worth compressing ", 100)
	if _, err := client.Report.Submit(t.Context(), r); err != nil {
		t.Fatalf("Submit = %v", err)
	}
	if got, err := client.Report.Get(t.Context(), r.ID); err != nil || got.SerialNumber != r.SerialNumber {
		t.Errorf("Get = %v, %v, want what was submitted", got, err)
	}
	if compressed.Load() != 1 {
		t.Errorf("%d bodies came compressed, want the report", compressed.Load())
	}
	if _, err := b.client(t, wats.WithToken(b.token)).Version(t.Context()); !errors.Is(err, wats.ErrUnauthorized) {
		t.Errorf("without signature: %v, want ErrUnauthorized", err)
	}
	changes.Store(true)
	plain := b.client(t, wats.WithToken(b.token), wats.WithSigner("ict-07", key), wats.WithCompression(false))
	r = testReport("SN-2", time.Now(), report.Passed)
	if _, err := plain.Report.Submit(t.Context(), r); !errors.Is(err, wats.ErrInvalid) || !strings.Contains(err.Error(), "does not match its Content-Digest") {
		t.Errorf("a body changed on the way: %v, want ErrInvalid about the digest", err)
	}
	if _, err := plain.Report.Get(t.Context(), r.ID); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Get of what was changed on the way = %v, want ErrNotFound", err)
	}
}

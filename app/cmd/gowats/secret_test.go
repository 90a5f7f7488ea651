package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats/app/demo"
)

// TestAServerTakesOnlySignedRequests runs a server with keys, and commands that sign by them.
func TestAServerTakesOnlySignedRequests(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	publicDER, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	own := file("own.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER})))
	shared := file("shared", base64.StdEncoding.EncodeToString([]byte(strings.Repeat("shared", 6)))+"\n")
	recorder.Secret(strings.Repeat("shared", 6))
	recorder.Secret(string(private.Seed()))
	keys := file("keys", fmt.Sprintf("ict-07 ed25519 %s # line 4\n\nict-08 hmac-sha256 file:%s\n", base64.StdEncoding.EncodeToString(publicDER), shared))

	p := start(t, "server", "--listen", "127.0.0.1:0", "--data", filepath.Join(folder, "data"), "--verify-keys", keys)
	env := environment(t, "GOWATS_URL="+p.url, "GOWATS_TOKEN="+base64.StdEncoding.EncodeToString([]byte(bootstrap)))
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"by its own key":               {[]string{"--sign-as", "ict-07", "--sign-key", "file:" + own}, 0, ""},
		"by a shared secret":           {[]string{"--sign-as", "ict-08", "--sign-key", "file:" + shared}, 0, ""},
		"not at all":                   {nil, exitAuth, "signature with the tag gowats is missing"},
		"by the key of another":        {[]string{"--sign-as", "ict-07", "--sign-key", "file:" + shared}, exitAuth, "the signature is wrong"},
		"by a key that nobody knows":   {[]string{"--sign-as", "ict-09", "--sign-key", "file:" + own}, exitAuth, "not known"},
		"by what is no key":            {[]string{"--sign-as", "ict-07", "--sign-key", "file:" + keys}, exitConfiguration, "neither a private key in PEM nor"},
		"by a public key":              {[]string{"--sign-as", "ict-07", "--sign-key", "file:" + file("public.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER})))}, exitConfiguration, "is no Ed25519 key in PKCS #8"},
		"by a key that is not there":   {[]string{"--sign-as", "ict-07", "--sign-key", "file:" + filepath.Join(folder, "gone")}, exitConfiguration, "gone"},
		"by a key without a reference": {[]string{"--sign-as", "ict-07", "--sign-key", own}, exitConfiguration, "is no reference"},
	} {
		code, _, stderr := output(t, env, append([]string{"query", "reports"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("query signed %s: exit code %d, %s; want %d and %q", name, code, stderr, c.code, c.says)
		}
	}
	b := startAgent(t, p.url+", sign_as: ict-08, sign_key: 'file:"+shared+"'", "converters:\n  - {name: in, folder: in, "+quick+"}\n")
	b.until("the folder is watched", func(s stationStatus) bool { return s.Converters[0].State == "watching" })
	b.drop("data/in", demo.InCircuit(1, time.Now().Add(-time.Hour)))
	b.until("its report is sent, signed", func(s stationStatus) bool { return s.Spool.Sent == 1 })
	b.stop()
	get(t, p.url+"/login") // fails unless it is 200: the pages want no signature
}

func TestMetricsOfAServer(t *testing.T) {
	p := start(t, "server", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--metrics", "127.0.0.1:0", "--pprof", "127.0.0.1:0")
	if _, err := p.client().Version(t.Context()); err != nil {
		t.Fatal(err)
	}
	get(t, p.url+"/login")
	address := regexp.MustCompile(`http://\S+/metrics`)
	waitUntil(t, "the address of the metrics is told", func() bool { return address.MatchString(p.talk()) })
	text := get(t, address.FindString(p.talk()))
	for _, want := range []string{
		`gowats_server_requests_total{method="GET",part="api",status="200"} 1`, `gowats_server_requests_total{method="GET",part="pages",status="200"} 1`,
		`gowats_server_requests_under_way 0`, "go_goroutines",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s in the metrics:\n%.3000s", want, text)
		}
	}
	if answer, err := http.Get(p.url + "/metrics"); err != nil || strings.Contains(answer.Header.Get("Content-Type"), "version=") {
		t.Errorf("GET /metrics of the public address: %v, want no metrics there", err)
	} else {
		answer.Body.Close()
	}
}

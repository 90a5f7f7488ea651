package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/report"
)

func TestServerSpeaksTLSAndServesProfiles(t *testing.T) {
	folder := t.TempDir()
	trusted := writeCertificate(t, folder)
	p := start(t, "server", "--listen", "127.0.0.1:0", "--data", folder, "--pprof", "127.0.0.1:0",
		"--tls-cert", filepath.Join(folder, "cert.pem"), "--tls-key", filepath.Join(folder, "key.pem"))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true}
	c, err := wats.NewClient(p.url, wats.WithBasicAuth("tester", "a-good-password"), wats.WithTransport(transport))
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	if _, err := c.Version(t.Context()); !strings.HasPrefix(p.url, "https://") || err != nil {
		t.Errorf("Version of %s: %v", p.url, err)
	}
	profiles := regexp.MustCompile(`http://\S+/debug/pprof/`)
	waitUntil(t, "the address of the profiles is told", func() bool { return profiles.MatchString(p.talk()) })
	if body := get(t, profiles.FindString(p.talk())); !strings.Contains(body, "goroutine") {
		t.Errorf("the page of profiles lacks the goroutines:\n%.500s", body)
	}
	p.stop()
}

// writeCertificate writes cert.pem and key.pem for this machine into folder, and returns what trusts them.
func writeCertificate(t *testing.T, folder string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	for name, data := range map[string][]byte{"cert.pem": certPEM, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(certPEM)
	return trusted
}

func TestStoppingServerAnswersWhatIsUnderWay(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signals to ask a process with")
	}
	folder := t.TempDir()
	p := start(t, "server", "--listen", "127.0.0.1:0", "--data", folder)
	address := strings.TrimPrefix(p.url, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() // read to the end before
	r := demo.InCircuit(1, time.Now().Add(-time.Hour))
	body := r.AppendWSJF(nil, report.WSJFOptions{})
	fmt.Fprintf(conn, "POST /api/Report/WSJF HTTP/1.1\r\nHost: %s\r\nAuthorization: Basic dGVzdGVyOmEtZ29vZC1wYXNzd29yZA==\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", address, len(body))
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the server does not ask for the report: %q, %v", line, err)
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "no new connection is taken", func() bool {
		other, err := net.Dial("tcp", address)
		if err == nil {
			err = other.Close()
		}
		return err != nil
	})
	if _, err := conn.Write(body); err != nil {
		t.Fatal(err)
	}
	if line, err := answers.ReadString('\n'); err != nil || strings.TrimSpace(line) != "" { // the end of 100 Continue
		t.Fatalf("after 100 Continue: %q, %v", line, err)
	}
	res, err := http.ReadResponse(answers, nil)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("answer to the report under way: %v, %v", res, err)
	}
	if err := <-p.ends; err != nil {
		t.Errorf("the server ended with %v, want exit code 0:\n%s", err, p.talk())
	}
	p.ends <- nil

	p = start(t, "server", "--listen", "127.0.0.1:0", "--data", folder)
	if _, err := p.client().Report.Get(t.Context(), r.ID); err != nil {
		t.Errorf("Get of the report that was under way: %v", err)
	}
	p.stop()
}

func TestLostTokenIsReplaced(t *testing.T) {
	folder := t.TempDir()
	env := environment(t, "GOWATS_DATA="+folder)
	for range 3 { // the first time it is the administrator's, later the local account's
		p := start(t, "up", "--no-open", "--listen", "127.0.0.1:0", "--data", folder)
		if code, _, talk := output(t, env, "query", "reports"); code != 0 {
			t.Errorf("gowats query reports: code %d, %s", code, talk)
		}
		p.stop()
		if err := os.Remove(filepath.Join(folder, clientFile)); err != nil {
			t.Fatal(err)
		}
	}
}

// waitUntil returns when what is claimed has become true, and fails after a minute.
func waitUntil(t *testing.T, claim string, isTrue func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if isTrue() {
			return
		}
	}
	t.Fatalf("after a minute it is not true that %s", claim)
}

// Package pywats_test drives the server with the Python client that is published as pywats-api.
package pywats_test

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/contract/openapi"
	"github.com/gowats/gowats/app/server"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/app/web"
)

// client is the newest release when the checks were written.
const client = "pywats-api==0.6.0rc1"

//go:embed *.py
var scripts embed.FS

var update = flag.Bool("update", false, "write operations.txt")

// TestPythonClient runs drive.py against a real server on loopback and holds the answers to the contract.
func TestPythonClient(t *testing.T) {
	python := install(t)
	contract, err := openapi.Load("../../../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{contract: contract, answered: map[string]bool{}, seen: map[string]bool{}}
	url, token := start(t, w)

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var stderr bytes.Buffer
	folder := t.TempDir()
	if err := os.CopyFS(folder, scripts); err != nil { // embedded, so that the cache of go test sees changes
		t.Fatal(err)
	}
	command := exec.CommandContext(ctx, python, filepath.Join(folder, "drive.py"), url, token) // the interpreter of our own environment
	command.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8", "NO_PROXY=127.0.0.1")
	command.Stderr = &stderr
	out, err := command.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1 || len(out) == 0) {
		t.Fatalf("drive.py: %v\n%s\n%s", err, out, stderr.Bytes())
	}
	report(t, out)
	w.report(t)
	if !t.Failed() {
		golden(t, w.operations())
	}
}

// report counts the lines of drive.py and fails for those that have failed.
func report(t *testing.T, out []byte) {
	t.Helper()
	count := map[string]int{}
	byDomain := map[string]int{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		part := append(strings.SplitN(lines.Text(), "\t", 4), "", "", "")
		count[part[0]]++
		byDomain[part[1]]++
		switch part[0] {
		case "ok":
		case "known":
			t.Logf("known defect of the client: %s: %s: %s", part[1], part[2], part[3])
		default:
			t.Errorf("%s: %s: %s", part[1], part[2], part[3])
		}
	}
	t.Logf("%s: %d checks passed, %d known defects of the client, %d failed; by domain %v", client, count["ok"], count["known"], count["FAIL"], byDomain)
}

// watcher looks at what client and server say to each other.
type watcher struct {
	contract *openapi.Contract

	mu       sync.Mutex
	answered map[string]bool // operations of which the client was answered with 2xx
	seen     map[string]bool // violations, each told once
}

func (w *watcher) look(x *openapi.Exchange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	op := w.contract.Find(x.Method, x.URL.EscapedPath())
	if op == nil {
		w.seen[fmt.Sprintf("outside the contract: %s %s", x.Method, x.URL.Path)] = true
		return
	}
	for _, v := range op.CheckAnswer(x) {
		w.seen[fmt.Sprintf("answer: %s %d: %v", op.ID, x.Status, v)] = true
	}
	if x.OK() {
		if strings.HasPrefix(x.Header.Get("User-Agent"), "python-httpx") {
			w.answered[op.ID] = true
		}
		for _, v := range op.CheckRequest(x, false) {
			w.seen[fmt.Sprintf("request: %s: %v", op.ID, v)] = true
		}
	}
}

// report fails for answers that depart from the contract. Requests that do are only told: they are the client's.
func (w *watcher) report(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for text := range w.seen {
		all = append(all, text)
	}
	slices.Sort(all)
	for _, text := range all {
		if strings.HasPrefix(text, "answer: ") {
			t.Error("contract: " + text)
		} else {
			t.Log("contract: " + text)
		}
	}
}

func (w *watcher) operations() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []string
	for id := range w.answered {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// golden holds the operations that the client was answered to those of operations.txt, which the table of coverage is made from.
func golden(t *testing.T, operations []string) {
	t.Helper()
	const file = "operations.txt"
	got := strings.Join(operations, "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the operations are not those of %s: run with -update, look at the difference, and make the table of coverage anew", file)
	}
}

func start(t *testing.T, w *watcher) (url, token string) {
	t.Helper()
	s := storetest.Open(t, store.Options{})
	a := auth.New(s)
	if err := a.CreateUser(t.Context(), "python", "correct horse", auth.Admin); err != nil {
		t.Fatal(err)
	}
	token, err := a.IssueToken(t.Context(), "python", "interop")
	if err != nil {
		t.Fatal(err)
	}
	h := server.New(s, a, server.Options{Version: "1.2.3-interop", Certificate: web.CertificateWriter()})
	listening := httptest.NewServer(openapi.Watch(h, w.look))
	t.Cleanup(listening.Close)
	return listening.URL, token
}

// install makes an environment with the client, once per release of client and Python, and returns its interpreter. It skips the test where
// there is no Python or its registry cannot be reached.
func install(t *testing.T) string {
	t.Helper()
	python := "python3"
	if runtime.GOOS == "windows" {
		python = "python"
	}
	version, err := exec.CommandContext(t.Context(), python, "-c", "import platform; print(platform.python_version())").Output()
	if err != nil {
		t.Skipf("SKIPPED, nothing of the Python client was tried: no %s: %v", python, err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	folder := filepath.Join(cache, "gowats", strings.ReplaceAll(client, "==", "-")+"-python-"+strings.TrimSpace(string(version)))
	interpreter := filepath.Join(folder, "bin", "python")
	if runtime.GOOS == "windows" {
		interpreter = filepath.Join(folder, "Scripts", "python.exe")
	}
	if exec.CommandContext(t.Context(), interpreter, "-c", "import pywats").Run() == nil {
		return interpreter
	}
	for _, command := range [][]string{
		{python, "-m", "venv", "--clear", folder},
		{interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", client},
	} {
		out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput() // constants, but for the folder
		if err != nil {
			t.Skipf("SKIPPED, nothing of the Python client was tried: %s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	return interpreter
}

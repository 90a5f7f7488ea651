package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/internal/leaktest"
	"github.com/gowats/gowats/report"
)

// TestMain lets the test binary be the command gowats, on the PATH of the tests.
func TestMain(m *testing.M) {
	testscript.Main(tidy{m}, map[string]func(){"gowats": main})
}

// tidy leaves nothing on the server of databases.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer storetest.Drop()
	return recorder.Main(m.M)
}

// recorder holds what the processes of the tests write to the secrets that they were given.
var recorder = leaktest.New()

// process is a running gowats up or gowats server.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	url  string
	ends chan error // one value, when the process has ended

	mu   sync.Mutex
	said bytes.Buffer // what it wrote to standard error
}

const bootstrap = "tester:a-good-password"

// environment is that of a person who has never used gowats.
func environment(t *testing.T, extra ...string) []string {
	home := t.TempDir()
	env := []string{"HOME=" + home, "USERPROFILE=" + home, "LOCALAPPDATA=" + home, "TMPDIR=" + os.TempDir()}
	for _, name := range []string{"PATH", "SystemRoot", "GOCOVERDIR"} {
		env = append(env, name+"="+os.Getenv(name))
	}
	return append(env, extra...)
}

// databaseOf returns the database that belongs to the data folder in args: the same one each time, "" when it is in the folder or there
// is no folder.
func databaseOf(t *testing.T, args []string) string {
	t.Helper()
	at := slices.Index(args, "--data")
	if !storetest.OnPostgreSQL() || at < 0 || slices.Contains(args, "--database") {
		return ""
	}
	kept := args[at+1] + ".database"
	address, err := os.ReadFile(kept)
	if errors.Is(err, fs.ErrNotExist) {
		address = []byte(storetest.Address(t))
		err = os.WriteFile(kept, address, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(address)
}

// start runs gowats with args until it tells its address. The process ends with the test at the latest.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, ends: make(chan error, 1)}
	p.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), "gowats", args...)
	p.cmd.Env = environment(t, "GOWATS_BOOTSTRAP="+bootstrap, "GOWATS_DATABASE="+databaseOf(t, args))
	recorder.Authorization("Basic " + base64.StdEncoding.EncodeToString([]byte(bootstrap)))
	talk, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	go p.listen(talk, address)
	t.Cleanup(p.kill)
	select {
	case p.url = <-address:
	case err := <-p.ends:
		p.ends <- err
		t.Fatalf("gowats %q ended: %v\n%s", args, err, p.talk())
	case <-time.After(time.Minute):
		t.Fatalf("gowats %q does not tell its address:\n%s", args, p.talk())
	}
	return p
}

// listen keeps what the process says, and sends its address once.
func (p *process) listen(talk io.Reader, address chan<- string) {
	pattern := regexp.MustCompile(`^\s*(?:pages|server|gateway)\s+(http\S+)`)
	lines := bufio.NewScanner(talk)
	for lines.Scan() {
		_, _ = fmt.Fprintln(recorder, lines.Text()) // what fails there is told at the end
		p.mu.Lock()
		p.said.WriteString(lines.Text() + "\n")
		p.mu.Unlock()
		if found := pattern.FindStringSubmatch(lines.Text()); found != nil {
			address <- found[1]
		}
	}
	p.ends <- p.cmd.Wait()
}

func (p *process) talk() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// kill ends the process at once, as a power cut would.
func (p *process) kill() {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("kill gowats: %v", err)
	}
	err := <-p.ends
	p.ends <- err
}

// stop asks the process to end and fails unless it does so in good order.
func (p *process) stop() {
	p.t.Helper()
	if runtime.GOOS == "windows" { // has no signals to ask with
		p.kill()
		return
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.ends:
		p.ends <- err
		if err != nil {
			p.t.Errorf("gowats stopped with %v, want exit code 0:\n%s", err, p.talk())
		}
	case <-time.After(time.Minute):
		p.t.Fatalf("gowats does not stop:\n%s", p.talk())
	}
}

// client returns a client of the process that tries everything once.
func (p *process) client() *wats.Client {
	p.t.Helper()
	c, err := wats.NewClient(p.url, wats.WithBasicAuth("tester", "a-good-password"), wats.WithRetry(wats.RetryPolicy{MaxAttempts: 1}))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(c.Close)
	return c
}

// reportIDs returns how often each report is listed.
func reportIDs(t *testing.T, c *wats.Client, q wats.HeaderQuery) map[report.ID]int {
	t.Helper()
	ids := map[report.ID]int{}
	for h, err := range c.Report.Headers(t.Context(), q) {
		if err != nil {
			t.Fatalf("Headers: %v", err)
		}
		ids[h.ID]++
	}
	return ids
}

// output runs gowats to its end and returns its exit code and what it wrote.
func output(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "gowats", args...)
	cmd.Env = env
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	err := cmd.Run()
	_, _ = fmt.Fprintf(recorder, "%s\n%s\n", &out, &talk) // what fails there is told at the end
	if failed, is := errors.AsType[*exec.ExitError](err); is {
		return failed.ExitCode(), out.String(), talk.String()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, out.String(), talk.String()
}

func writeReport(t *testing.T, path string, r *report.Report) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, r.AppendWSJF(nil, report.WSJFOptions{}), 0o644); err != nil {
		t.Fatal(err)
	}
}

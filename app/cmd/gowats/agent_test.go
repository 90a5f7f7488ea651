package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/report"
)

// line is the network between a station and its server: it is cut until it is connected, and knows in which order reports passed.
type line struct {
	*httptest.Server
	mu     sync.Mutex
	target *url.URL // nil: cut
	passed []report.ID
}

func newLine(t *testing.T) *line {
	t.Helper()
	l := &line{}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(l.to()) }, ModifyResponse: l.note}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.to() == nil {
			panic(http.ErrAbortHandler)
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *line) to() *url.URL {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.target
}

// connect leads the line to a server.
func (l *line) connect(t *testing.T, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.target = u
}

// note remembers the report that an answer acknowledges.
func (l *line) note(res *http.Response) error {
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	var receipts []struct{ ID report.ID }
	if json.Unmarshal(body, &receipts) == nil && len(receipts) == 1 {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.passed = append(l.passed, receipts[0].ID)
	}
	return nil
}

// bench is a station in a folder of its own.
type bench struct {
	t      *testing.T
	folder string
	*process
}

// serverToken is what tester signs in with, in WATS form.
const serverToken = "dGVzdGVyOmEtZ29vZC1wYXNzd29yZA=="

// startAgent runs an agent with the given settings, in which DIR is its folder.
func startAgent(t *testing.T, server, settings string) *bench {
	t.Helper()
	b := &bench{t: t, folder: t.TempDir()}
	b.token(serverToken)
	b.settings("server: {url: " + server + ", token: 'file:DIR/token'}\ndata: DIR/data\ngateway: {listen: 127.0.0.1:0}\n" + settings)
	b.process = start(t, "agent", "run", "--config", b.path("gowats.yaml"))
	return b
}

func (b *bench) path(parts ...string) string {
	return filepath.Join(append([]string{b.folder}, parts...)...)
}

func (b *bench) settings(text string) {
	b.t.Helper()
	text = strings.ReplaceAll(text, "DIR", filepath.ToSlash(b.folder))
	if err := os.WriteFile(b.path("gowats.yaml"), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) token(text string) {
	b.t.Helper()
	if err := os.WriteFile(b.path("token"), []byte(text+"\n"), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// drop writes a report that appears whole in a folder of the bench.
func (b *bench) drop(folder string, r *report.Report) {
	b.t.Helper()
	name := r.ID.String() + ".json"
	hidden := b.path(folder, "."+name)
	if err := os.WriteFile(hidden, r.AppendWSJF(nil, report.WSJFOptions{}), 0o644); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Rename(hidden, b.path(folder, name)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) status() stationStatus {
	b.t.Helper()
	var s stationStatus
	if err := json.Unmarshal([]byte(get(b.t, b.url+"/status")), &s); err != nil {
		b.t.Fatal(err)
	}
	return s
}

// until waits for a state of the agent.
func (b *bench) until(what string, ok func(stationStatus) bool) {
	b.t.Helper()
	waitUntil(b.t, what, func() bool { return ok(b.status()) })
}

const quick = `settle: 50ms, rescan: 200ms`

func TestThousandFilesWhileTheServerIsAway(t *testing.T) {
	const each = 500
	server := start(t, "server", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	l := newLine(t)
	b := startAgent(t, l.URL, `
upload: {workers: 1}
converters:
  - {name: later, folder: later, priority: 9, `+quick+`}
  - {name: first, folder: first, priority: 1, `+quick+`}
`)
	b.until("both folders are watched", func(s stationStatus) bool {
		return s.Converters[0].State == "watching" && s.Converters[1].State == "watching"
	})
	begin := time.Now().Add(-48 * time.Hour)
	ids := map[report.ID]string{}
	for i := range each {
		for j, folder := range []string{"later", "first"} {
			r := demo.InCircuit(2*i+j, begin.Add(time.Duration(2*i+j)*time.Second))
			ids[r.ID] = folder
			b.drop(filepath.Join("data", folder), r)
		}
	}
	b.until("all reports are in the spool", func(s stationStatus) bool { return s.Spool.Waiting == 2*each })
	if s := b.status(); s.State != "offline" || s.Spool.Dead != 0 || s.Converters[0].Refused+s.Converters[1].Refused != 0 {
		t.Errorf("while the server is away: got %+v", s)
	}
	for _, folder := range []string{"later", "first"} {
		waitUntil(t, "all files are put away", func() bool { // after their reports are
			files, err := os.ReadDir(b.path("data", folder, "Done"))
			return err == nil && len(files) == each
		})
		if files, err := os.ReadDir(b.path("data", folder, "Error")); err == nil && len(files) > 0 {
			t.Errorf("folder %s/Error holds %d files", folder, len(files))
		}
	}

	l.connect(t, server.url)
	b.until("all reports are sent", func(s stationStatus) bool { return s.Spool.Sent == 2*each && s.State == "online" })
	held := reportIDs(t, server.client(), wats.HeaderQuery{})
	if len(held) != 2*each {
		t.Errorf("the server has %d reports, want %d", len(held), 2*each)
	}
	late := 0
	for _, id := range l.passed[:each] {
		if ids[id] != "first" {
			late++
		}
	}
	if late > 1 { // one may have been on its way when the line was connected
		t.Errorf("%d reports of priority 9 came among the first %d, want those of priority 1", late, each)
	}
	b.stop()
	server.stop()
}

func TestWrongTokenPausesUntilTheRightOneIsSet(t *testing.T) {
	server := start(t, "server", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	b := startAgent(t, server.url, "converters:\n  - {name: in, folder: in, "+quick+"}\n")
	b.token("d3Jvbmc6d3Jvbmc=")
	b.until("the folder is watched", func(s stationStatus) bool { return s.Converters[0].State == "watching" })
	begin := time.Now().Add(-time.Hour)
	for i := range 20 {
		b.drop("data/in", demo.InCircuit(i, begin))
	}
	b.until("the agent is not let in", func(s stationStatus) bool { return s.State == "unauthorized" && s.Spool.Waiting == 20 })
	if s := b.status(); s.Spool.Dead != 0 || s.Advice == "" {
		t.Errorf("got %+v, want nothing dead and an advice", s)
	}
	res, err := http.Get(b.url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readyz with a wrong token: %s", res.Status)
	}
	b.token(serverToken)
	b.until("all reports are sent", func(s stationStatus) bool { return s.Spool.Sent == 20 && s.State == "online" })
	b.stop()
}

func TestSettingsChangeWithoutRestart(t *testing.T) {
	server := start(t, "server", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	b := startAgent(t, server.url, "converters:\n  - {name: one, folder: one, "+quick+"}\n")
	base := "server: {url: " + server.url + ", token: 'file:DIR/token'}\ndata: DIR/data\ngateway: {listen: 127.0.0.1:0}\n"
	b.settings(base + "converterz: []\n")
	b.until("the mistake is told", func(s stationStatus) bool { return strings.Contains(s.ConfigBad, "did you mean converters?") })
	if s := b.status(); len(s.Converters) != 1 || s.Converters[0].Name != "one" {
		t.Errorf("with a mistake in the file: got %+v", s.Converters)
	}
	b.settings(base + "converters:\n  - {name: two, folder: two, " + quick + "}\n")
	b.until("the new folder is watched", func(s stationStatus) bool {
		return s.ConfigBad == "" && s.Converters[0].Name == "two" && s.Converters[0].State == "watching"
	})
	b.drop("data/two", demo.InCircuit(1, time.Now().Add(-time.Hour)))
	b.until("its report is sent", func(s stationStatus) bool { return s.Spool.Sent == 1 })
	if body := get(t, b.url+"/metrics"); !strings.Contains(body, "gowats_spool_sent_total 1") || !strings.Contains(body, `gowats_converter_done_total{converter="two"} 1`) {
		t.Errorf("metrics:\n%s", body)
	}
	b.stop()
}

func TestTwoAgentsOnOneMachine(t *testing.T) {
	server := start(t, "server", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	settings := "converters:\n  - {name: in, folder: in, " + quick + "}\n"
	one, two := startAgent(t, server.url, settings), startAgent(t, server.url, settings)
	for i, b := range []*bench{one, two} {
		b.until("the folder is watched", func(s stationStatus) bool { return s.Converters[0].State == "watching" })
		b.drop("data/in", demo.InCircuit(i, time.Now().Add(-time.Hour)))
		b.until("its report is sent", func(s stationStatus) bool { return s.Spool.Sent == 1 })
	}
	code, _, talk := output(t, environment(t), "agent", "run", "--config", one.path("gowats.yaml"))
	if code != exitError || !strings.Contains(talk, "is in use by another agent") {
		t.Errorf("a second agent on one folder: code %d, %s", code, talk)
	}
	one.stop()
	two.stop()
}

func TestGatewayOfARunningAgent(t *testing.T) {
	l := newLine(t)
	b := startAgent(t, l.URL, "")
	c, err := wats.NewClient(b.url, wats.WithToken("anything"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 10 {
		if _, err := c.Report.Submit(t.Context(), demo.InCircuit(i, time.Now().Add(-time.Hour))); err != nil {
			t.Fatal(err)
		}
	}
	server := start(t, "server", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	l.connect(t, server.url)
	b.until("all reports are sent", func(s stationStatus) bool { return s.Spool.Sent == 10 })
	if held := reportIDs(t, server.client(), wats.HeaderQuery{}); len(held) != 10 {
		t.Errorf("the server has %d reports, want 10", len(held))
	}
	b.stop()
}

func TestAgentTellsWhatIsWrongWithItsFile(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "x.yaml")
	code, _, talk := output(t, environment(t), "agent", "run", "--config", file)
	if code != exitNoConfig || !strings.Contains(talk, "there is no file "+file) {
		t.Errorf("no file: code %d, %s", code, talk)
	}
	if err := os.WriteFile(file, []byte("servr: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, talk = output(t, environment(t), "agent", "run", "--config", file)
	if code != exitInvalidConfig || !strings.Contains(talk, fmt.Sprintf("%s:\nline 1: servr: there is no such setting; did you mean server?", file)) {
		t.Errorf("a mistake: code %d, %s", code, talk)
	}
}

package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/queue"
	"github.com/gowats/gowats/report"
)

// crashRounds is how often a process is killed: in the long form often enough to meet every step.
func crashRounds() int {
	if os.Getenv("GOWATS_LONG") != "" {
		return 300
	}
	return 8
}

// rig is an agent and a server that are killed and started again on the same folders and address.
type rig struct {
	*bench
	server  *process
	listen  string
	folder  string            // of the server
	sources map[string]string // dropped files by name, each with its converter
	reports map[report.ID]bool
	serials map[string]bool // of units whose files have no IDs
}

const crashSettings = `
converters:
  - {name: move, folder: move, ` + quick + `}
  - {name: zip, folder: zip, after: zip, ` + quick + `}
  - {name: delete, folder: delete, after: delete, ` + quick + `}
  - {name: keep, folder: keep, after: keep, ` + quick + `}
`

func newRig(t *testing.T) *rig {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		listen: l.Addr().String(), folder: t.TempDir(), sources: map[string]string{}, reports: map[report.ID]bool{}, serials: map[string]bool{},
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r.server = start(t, "server", "--listen", r.listen, "--data", r.folder)
	r.bench = startAgent(t, "http://"+r.listen, crashSettings)
	r.until("the folders are watched", func(s stationStatus) bool {
		for _, c := range s.Converters {
			if c.State != "watching" {
				return false
			}
		}
		return true
	})
	return r
}

// dropSome drops a few files: reports with an ID, and files of two units without.
func (r *rig) dropSome(n int, random *rand.Rand) {
	for i := range 1 + random.IntN(6) {
		converter := []string{"move", "zip", "delete", "keep"}[random.IntN(4)]
		name := fmt.Sprintf("%d-%d", n, i)
		if random.IntN(3) > 0 {
			rep := demo.InCircuit(1000*n+i, time.Now().Add(-24*time.Hour))
			r.reports[rep.ID] = true
			r.place(converter, name+".json", string(rep.AppendWSJF(nil, report.WSJFOptions{})))
			continue
		}
		r.serials[name+"-a"], r.serials[name+"-b"] = true, true
		r.place(converter, name+".txt", wstf(name+"-a")+wstf(name+"-b"))
	}
}

func wstf(serial string) string {
	return "--Header-Start--\nSerialNumber\t" + serial + "\nPartNumber\tPN1\nOperationTypeCode\t31\nStationName\tFCT-1\n" +
		"StartDateTime\t2026-03-01T12:00:00\n--Step-Data-Start--\nStepType\tStepName\n--Step-Data-End--\nUUTStatus\tPassed\n--UUT-End--\n"
}

func (r *rig) place(converter, name, content string) {
	r.t.Helper()
	dir := r.path("data", converter)
	hidden := filepath.Join(dir, "."+name)
	if err := os.WriteFile(hidden, []byte(content), 0o644); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(hidden, filepath.Join(dir, name)); err != nil {
		r.t.Fatal(err)
	}
	r.sources[name] = converter
}

// killOne kills agent, server or both, and starts them again.
func (r *rig) killOne(random *rand.Rand) {
	which := random.IntN(3)
	if which != 1 {
		r.process.kill()
	}
	if which != 0 {
		r.server.kill()
		r.server = start(r.t, "server", "--listen", r.listen, "--data", r.folder)
	}
	if which != 1 {
		r.process = start(r.t, "agent", "run", "--config", r.path("gowats.yaml"))
	}
}

// settled reports whether nothing is left to do. It looks at the disk: an agent that has just started does not know yet what waits.
func (r *rig) settled() bool {
	q, err := queue.Open(r.path("data", "spool"))
	if err != nil {
		r.t.Fatal(err)
	}
	stats, err := q.Stats(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if stats.Ready.Reports > 0 || stats.Sent.Reports < len(r.reports)+len(r.serials) {
		return false
	}
	for name, converter := range r.sources {
		if converter == "keep" {
			continue
		}
		if _, err := os.Stat(r.path("data", converter, name)); err == nil {
			return false
		}
	}
	return true
}

func TestKilledProcessesNeitherLoseNorDouble(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	r := newRig(t)
	rounds := crashRounds()
	for n := range rounds {
		r.dropSome(n, random)
		<-time.After(time.Duration(random.IntN(400)) * time.Millisecond) // the moment of the crash is to be any
		r.killOne(random)
	}
	waitUntil(t, "all is done", r.settled)
	r.checkServer()
	r.checkSources()
	t.Logf("%d kills, %d files, %d reports: each once", rounds, len(r.sources), len(r.reports)+len(r.serials))
	r.stop()
	r.server.stop()
}

// checkServer fails unless every report is on the server exactly once.
func (r *rig) checkServer() {
	r.t.Helper()
	ids, serials := map[report.ID]int{}, map[string]int{}
	for h, err := range r.server.client().Report.Headers(r.t.Context(), wats.HeaderQuery{}) {
		if err != nil {
			r.t.Fatal(err)
		}
		ids[h.ID]++
		serials[h.SerialNumber]++
	}
	for id := range r.reports {
		if ids[id] != 1 {
			r.t.Errorf("report %s is %d times on the server", id, ids[id])
		}
	}
	for serial := range r.serials {
		if serials[serial] != 1 {
			r.t.Errorf("unit %s is %d times on the server", serial, serials[serial])
		}
	}
	if len(ids) != len(r.reports)+len(r.serials) {
		r.t.Errorf("the server has %d reports, want %d", len(ids), len(r.reports)+len(r.serials))
	}
}

// checkSources fails unless every file is in exactly one place, and nothing else lies about.
func (r *rig) checkSources() {
	r.t.Helper()
	for name, converter := range r.sources {
		var found []string
		for _, pattern := range []string{name, "Done/" + name, "Done/" + name + ".zip", "Error/" + name} {
			if _, err := os.Stat(r.path("data", converter, filepath.FromSlash(pattern))); err == nil {
				found = append(found, pattern)
			}
		}
		want := map[string]string{"move": "Done/" + name, "zip": "Done/" + name + ".zip", "delete": "", "keep": name}[converter]
		if strings.Join(found, " ") != want {
			r.t.Errorf("%s of converter %s lies in %q, want %q", name, converter, found, want)
		}
	}
	for _, converter := range []string{"move", "zip", "delete", "keep"} {
		entries, err := os.ReadDir(r.path("data", converter, "Done"))
		if err != nil && !os.IsNotExist(err) {
			r.t.Fatal(err)
		}
		for _, e := range entries {
			if name := strings.TrimSuffix(e.Name(), ".zip"); r.sources[name] != converter && !strings.HasSuffix(e.Name(), ".tmp") {
				r.t.Errorf("%s/Done holds %s, which nobody dropped", converter, e.Name())
			}
		}
	}
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/convert"
	"github.com/gowats/gowats/report"
)

// TestEveryKindOfSourceReachesTheServer runs an agent and a server and drops what testers leave: a file that is written slowly, a folder with its
// marker, what a program writes that the clock starts, a file of several units, a file that waits for its companion, and a file in a folder that was away.
//
// In the long form the slow file takes 10 s, and the program is started by cron, which counts in minutes.
func TestEveryKindOfSourceReachesTheServer(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program of this test is a shell")
	}
	writing, clock := 2*time.Second, "every: 1s"
	if os.Getenv("GOWATS_LONG") != "" {
		writing, clock = 10*time.Second, `cron: "* * * * *"`
	}
	server := start(t, "server", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	b := startAgent(t, server.url, `
converters:
  - {name: slow, folder: slow, settle: 1s, rescan: 100ms}
  - {name: lot, kind: folder, folder: lot, `+quick+`}
  - {name: clock, kind: schedule, folder: clock, `+clock+`, command: [sh, DIR/export.sh], `+quick+`}
  - {name: panel, folder: panel, `+quick+`}
  - {name: pair, folder: pair, patterns: ["*.json"], suspend: {companion: "{stem}.pdf", every: 100ms, tries: 1000}, `+quick+`}
  - {name: share, folder: DIR/share, `+quick+`}
`)
	for _, dir := range []string{"ready", "share"} {
		if err := os.MkdirAll(b.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.until("all is watched", func(s stationStatus) bool {
		for _, c := range s.Converters {
			if c.State != "watching" {
				return false
			}
		}
		return true
	})
	first := time.Now().Add(-time.Hour)
	var all []*report.Report
	next := func() *report.Report {
		r := demo.InCircuit(len(all), first.Add(time.Duration(len(all))*time.Minute))
		all = append(all, r)
		return r
	}
	form := func(r *report.Report) []byte { return r.AppendWSJF(nil, report.WSJFOptions{}) }
	write := func(content []byte, parts ...string) {
		t.Helper()
		if err := os.WriteFile(b.path(parts...), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(b.path(from), b.path(to)); err != nil {
			t.Fatal(err)
		}
	}

	// A program that hands over one file, once.
	write(form(next()), "ready", "export.json")
	write([]byte("mv "+b.path("ready", "export.json")+" . || true\n"), "export.sh")

	// A folder, which gets its marker last.
	if err := os.Mkdir(b.path("data", "lot", "lot 7"), 0o755); err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		write(form(next()), "data", "lot", "lot 7", fmt.Sprint(n, ".json"))
	}
	write(nil, "data", "lot", "lot 7", "COMPLETE.marker")

	// A file of three units.
	panel := []*report.Report{next(), next(), next()}
	write(wsxfOf(t, panel), "panel.xml")
	move("panel.xml", "data/panel/panel.xml")

	// A file without its companion, for now.
	write(form(next()), "run.json")
	move("run.json", "data/pair/run.json")

	// A folder that goes away, and comes back with a file.
	move("share", "away")
	b.until("the share is missed", func(s stationStatus) bool { return s.Converters[5].State == "waiting" })
	write(form(next()), "away", "back.json")
	move("away", "share")

	writeSlowly(t, b.path("data", "slow", "slow.json"), form(next()), writing)
	write([]byte("a picture"), "data", "pair", "run.pdf")

	c := server.client()
	waitUntil(t, "all reports are on the server", func() bool { return len(reportIDs(t, c, wats.HeaderQuery{})) == len(all) })
	held := reportIDs(t, c, wats.HeaderQuery{})
	for _, r := range all {
		if held[r.ID] != 1 {
			t.Errorf("report %s is there %d times", r.ID, held[r.ID])
		}
	}
	for _, path := range []string{"data/slow/Done/slow.json", "data/lot/Done/lot 7/1.json", "data/clock/Done/export.json", "data/panel/Done/panel.xml", "data/pair/Done/run.json", "share/Done/back.json"} {
		waitUntil(t, path+" is put away", func() bool {
			_, err := os.Stat(b.path(path))
			return err == nil
		})
	}
	for _, s := range b.status().Converters {
		if s.Refused != 0 {
			t.Errorf("converter %s has refused %d sources: %s", s.Name, s.Refused, s.Error)
		}
	}
	b.stop()
	server.stop()
}

// wsxfOf returns a file of several reports.
func wsxfOf(t *testing.T, reports []*report.Report) []byte {
	t.Helper()
	format, ok := convert.ByName("wsxf")
	if !ok {
		t.Fatal("there is no format wsxf")
	}
	var out bytes.Buffer
	if _, err := format.Write(&out, reports, convert.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// writeSlowly writes a file in parts, over so long.
func writeSlowly(t *testing.T, path string, content []byte, over time.Duration) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.SplitAfter(string(content), ",")
	const pauses = 20 // each shorter than the time after which a file is taken for complete
	size := len(parts)/pauses + 1
	for len(parts) > 0 {
		n := min(size, len(parts))
		if _, err := f.WriteString(strings.Join(parts[:n], "")); err != nil {
			t.Fatal(err)
		}
		parts = parts[n:]
		time.Sleep(over / pauses) // what is tested is that it takes long
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/demo"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/report"
)

func TestUpWithDemoShowsAFactory(t *testing.T) {
	folder := t.TempDir()
	p := start(t, "up", "--demo", "--no-open", "--listen", "127.0.0.1:0", "--data", folder)
	for _, page := range []string{"/", "/reports"} {
		if body := get(t, p.url+page); !strings.Contains(body, "PCBA-1042") {
			t.Errorf("page %s lacks the product PCBA-1042:\n%.2000s", page, body)
		}
	}
	c := p.client()
	if n := len(reportIDs(t, c, wats.HeaderQuery{})) + len(reportIDs(t, c, wats.HeaderQuery{Type: wats.UUR})); n < 3000 {
		t.Errorf("the demo factory has %d reports, want 3000 or more", n)
	}
	env := environment(t, "GOWATS_DATA="+folder)
	code, out, talk := output(t, env, "yield", "--json")
	var rows []wats.YieldRow
	if err := json.Unmarshal([]byte(out), &rows); code != 0 || err != nil || len(rows) != 6 {
		t.Errorf("gowats yield --json: code %d, %d rows, %v\n%s", code, len(rows), err, talk)
	}
	p.stop()

	p = start(t, "up", "--demo", "--no-open", "--listen", "127.0.0.1:0", "--data", folder)
	if !strings.Contains(p.talk(), "no demo data were added") {
		t.Errorf("up --demo on a filled folder does not say that it leaves it alone:\n%s", p.talk())
	}
	if code, _, talk := output(t, env, "query", "reports", "--top", "1"); code != 0 {
		t.Errorf("after a restart the commands do not find the server: code %d\n%s", code, talk)
	}
	p.stop()
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() // only read
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", url, res.Status, err)
	}
	return string(body)
}

func TestFileDroppedIntoTheInboxIsAReport(t *testing.T) {
	folder := t.TempDir()
	p := start(t, "up", "--no-open", "--listen", "127.0.0.1:0", "--data", folder)
	r := demo.InCircuit(1, time.Now().Add(-time.Hour))
	inbox := filepath.Join(folder, inboxFolder)
	writeReport(t, filepath.Join(inbox, "run.json"), r)
	if err := os.WriteFile(filepath.Join(inbox, "bad.json"), []byte(`{"type":"T"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	waitFor(t, filepath.Join(inbox, "Done", "run.json"))
	waitFor(t, filepath.Join(inbox, "Error", "bad.json.error.txt"))
	waitUntil(t, "the server has the dropped report", func() bool {
		got, err := p.client().Report.Get(t.Context(), r.ID)
		return err == nil && got.SerialNumber == r.SerialNumber
	})
	p.stop()
}

// waitFor returns when there is a file at path, and fails after a minute.
func waitFor(t *testing.T, path string) {
	t.Helper()
	waitUntil(t, "there is a file "+path, func() bool {
		_, err := os.Stat(path)
		return err == nil
	})
}

func TestDataFolderIsPrivateAndUsedOnce(t *testing.T) {
	storetest.NeedsSQLite(t, "it looks at the database file")
	folder := filepath.Join(t.TempDir(), "data")
	p := start(t, "up", "--no-open", "--listen", "127.0.0.1:0", "--data", folder)
	if runtime.GOOS != "windows" {
		for name, want := range map[string]os.FileMode{".": 0o700, databaseFile: 0o600, clientFile: 0o600} {
			info, err := os.Stat(filepath.Join(folder, name))
			if err != nil || info.Mode().Perm() != want {
				t.Errorf("mode of %s is %v, want %v (%v)", name, info.Mode().Perm(), want, err)
			}
		}
	}
	code, _, talk := output(t, environment(t), "server", "--listen", "127.0.0.1:0", "--data", folder)
	if code != exitError || !strings.Contains(talk, "is in use by another gowats") {
		t.Errorf("second server on the folder: code %d, %s", code, talk)
	}
	address := strings.TrimPrefix(p.url, "http://")
	code, _, talk = output(t, environment(t), "up", "--no-open", "--listen", address, "--data", t.TempDir())
	if code != exitError || !strings.Contains(talk, address+" is in use by another program") || !strings.Contains(talk, "--listen") {
		t.Errorf("second up on the address: code %d, %s", code, talk)
	}
	p.stop()
}

func TestUpAsksForSignInWhenTold(t *testing.T) {
	p := start(t, "up", "--auth", "--no-open", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	if body := get(t, p.url+"/"); !strings.Contains(body, "password") {
		t.Errorf("the first page with --auth does not ask for a password:\n%.2000s", body)
	}
	res, err := http.Get(p.url + "/api/App/Processes")
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("API without credentials: %s, want 401", res.Status)
	}
	p.stop()
}

func TestYieldAgreesWithACountByHand(t *testing.T) {
	end := time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC)
	p := start(t, "server", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	c := p.client()
	var reports []*report.Report
	for r := range demo.Reports(3, end) {
		reports = append(reports, r)
	}
	submitEach(t, c, reports)

	want := countByHand(reports)
	from := end.AddDate(0, 0, -40)
	rows, err := c.Analytics.DynamicYield(t.Context(), wats.YieldFilter{
		Dimensions: "partNumber;processCode;period", DateGrouping: report.Some(wats.ByDay), DateFrom: &from, DateTo: &end,
	})
	if err != nil {
		t.Fatalf("DynamicYield: %v", err)
	}
	for _, row := range rows {
		key := cell{row.PartNumber.Value, row.ProcessCode.Value, row.Period.Value}
		got := count{row.UnitCount, row.FPCount}
		if got != want[key] {
			t.Errorf("yield of %v: got %v, counted %v", key, got, want[key])
		}
		if fpy := 100 * float64(got.passed) / float64(got.units); row.FPY < fpy-0.01 || row.FPY > fpy+0.01 {
			t.Errorf("yield of %v: got %v %%, want %v %%", key, row.FPY, fpy)
		}
		delete(want, key)
	}
	if len(rows) < 100 || len(want) > 0 {
		t.Errorf("yield has %d rows and lacks %v", len(rows), want)
	}
	p.stop()
}

// cell is one combination of dimensions, count what is to be found there.
type (
	cell struct {
		part    string
		process int
		day     string
	}
	count struct{ units, passed int }
)

// countByHand returns the first-pass counts by the day of each unit's first run in a process, in UTC.
func countByHand(reports []*report.Report) map[cell]count {
	type run struct {
		serial, part string
		process      int
	}
	first := map[run]*report.Report{}
	for _, r := range reports {
		if r.IsRepair() {
			continue
		}
		key := run{r.SerialNumber, r.PartNumber, r.Process.Code.Value}
		if before := first[key]; before == nil || r.Start.Before(before.Start) {
			first[key] = r
		}
	}
	counts := map[cell]count{}
	for key, r := range first {
		at := cell{key.part, key.process, r.Start.UTC().Format(time.DateOnly)}
		c := counts[at]
		c.units++
		if r.Result == report.Passed {
			c.passed++
		}
		counts[at] = c
	}
	return counts
}

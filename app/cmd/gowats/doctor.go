package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/config"
	"github.com/gowats/gowats/app/service"
	"github.com/gowats/gowats/internal/fsx"
	"github.com/gowats/gowats/queue"
)

func newDoctor() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what keeps the agent from its work",
		Long: `Try, step by step, what the agent needs: the settings, the disk, the way to the server, the token, both clocks, every watched folder, the
service. Each step is good, a warning, bad, or was left out; with what to do. Nothing is changed.

--bundle writes what a helper needs into a ZIP archive: the answers, the settings without secrets, the end of the log.`,
		Example: "  gowats doctor\n  gowats doctor --bundle gowats-doctor.zip",
		Args:    cobra.NoArgs,
		RunE:    runDoctor,
	}
	cmd.Flags().String("bundle", "", "file to write the archive to")
	cmd.Flags().Bool("json", false, "as JSON")
	addConfigFlags(cmd)
	return cmd
}

// How a step ended.
const (
	checkGood    = "good"
	checkWarning = "warning"
	checkBad     = "bad"
	checkLeftOut = "left out"
)

// check is one step of the doctor.
type check struct {
	Step   string `json:"step"`
	Result string `json:"result"`
	Found  string `json:"found"`
	ToDo   string `json:"to_do,omitempty"`
}

// doctor tries one thing after the other; what failed may make later steps pointless.
type doctor struct {
	ctx    context.Context //nolint:containedctx // lives as long as one command
	file   configFile
	folder string
	config *config.Loaded
	checks []check
}

func (d *doctor) add(step, result, todo, format string, args ...any) {
	d.checks = append(d.checks, check{step, result, fmt.Sprintf(format, args...), todo})
}

func runDoctor(cmd *cobra.Command, _ []string) error {
	d := &doctor{ctx: cmd.Context(), file: configFileOf(cmd)}
	d.examine(cmd)
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	if asJSON {
		err = writeJSON(cmd.OutOrStdout(), d.checks)
	} else {
		err = d.print(cmd.OutOrStdout())
	}
	if bundle := flagText(cmd, "bundle"); err == nil && bundle != "" {
		if err = d.bundle(bundle); err == nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s holds what a helper needs, without secrets\n", bundle)
		}
	}
	if err != nil {
		return err
	}
	bad := 0
	for _, c := range d.checks {
		if c.Result == checkBad {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d steps are bad", bad)
	}
	return nil
}

func (d *doctor) print(w io.Writer) error {
	rows := [][]string{{"RESULT", "STEP", "FOUND"}}
	for _, c := range d.checks {
		rows = append(rows, []string{c.Result, c.Step, c.Found})
		if c.ToDo != "" {
			rows = append(rows, []string{"", "", "to do: " + c.ToDo})
		}
	}
	var out bytes.Buffer
	widths := widthsOf(rows)
	for _, row := range rows {
		fmt.Fprintln(&out, strings.TrimRight(fmt.Sprintf("%-*s  %-*s  %s", widths[0], row[0], widths[1], row[1], row[2]), " "))
	}
	_, err := w.Write(out.Bytes())
	return err
}

func (d *doctor) examine(cmd *cobra.Command) {
	d.add("program", checkGood, "", "gowats %s, %s/%s, %d processors", productVersion(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if !d.settings() {
		return
	}
	d.disk()
	d.spool()
	for _, c := range d.config.Converters {
		d.converter(c)
	}
	d.server()
	d.gateway()
	d.service(cmd)
}

func (d *doctor) settings() bool {
	text, err := d.file.read()
	if err == nil {
		d.config, err = d.file.load(text)
	}
	if err == nil {
		d.folder, err = d.file.folder(d.config)
	}
	switch {
	case err != nil:
		d.add("settings", checkBad, "mend what is named; gowats config list tells every setting", "%v", err)
		return false
	case text == nil:
		d.add("settings", checkWarning, "gowats config init makes a file", "there is no file %s; all is default", d.file.path)
	default:
		d.add("settings", checkGood, "", "%s", d.file.path)
	}
	return true
}

// disk writes and syncs a small file, as the spool does for each report.
func (d *doctor) disk() {
	const slow = 200 * time.Millisecond
	if _, err := os.Stat(d.folder); err != nil {
		d.add("data folder", checkWarning, "the agent makes it when it starts", "%v", err)
		return
	}
	file := filepath.Join(d.folder, ".doctor")
	began := time.Now()
	err := fsx.WriteFileAtomic(file, []byte("x"), 0o600)
	took := time.Since(began)
	if err == nil {
		err = os.Remove(file)
	}
	switch {
	case err != nil:
		d.add("data folder", checkBad, "let the account of the agent write there", "%v", err)
	case took > slow:
		d.add("data folder", checkWarning, "a virus scanner, a share or a worn disk slows it down", "%s takes %v for a synced file", d.folder, took.Round(time.Millisecond))
	default:
		d.add("data folder", checkGood, "", "%s takes a synced file in %v", d.folder, took.Round(10*time.Microsecond))
	}
}

func (d *doctor) spool() {
	dir := filepath.Join(d.folder, spoolFolder)
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		d.add("spool", checkGood, "", "%s is not there yet", dir)
		return
	}
	q, err := queue.Open(dir, queue.WithLimits(queue.Limits{
		Reports: d.config.Spool.MaxReports, Bytes: int64(d.config.Spool.MaxBytes), MinFree: int64(d.config.Spool.MinFree)}))
	var stats queue.Stats
	if err == nil {
		stats, err = q.Stats(d.ctx)
	}
	switch {
	case err != nil:
		d.add("spool", checkBad, "", "%v", err)
	case stats.Free < int64(d.config.Spool.MinFree):
		d.add("spool", checkBad, "free disk space: until then no report is taken", "%s are free, less than spool.min_free", config.Size(stats.Free))
	case stats.Dead.Reports > 0:
		d.add("spool", checkWarning, "gowats queue list --state dead tells why", "%d reports wait, %d were set aside", stats.Ready.Reports, stats.Dead.Reports)
	default:
		d.add("spool", checkGood, "", "%d reports wait; %d MiB are free", stats.Ready.Reports, stats.Free>>20)
	}
}

func (d *doctor) converter(c config.Converter) {
	step := "converter " + c.Name
	dir := c.Folder
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(d.folder, dir)
	}
	if c.Disabled {
		d.add(step, checkLeftOut, "", "it is disabled")
		return
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist) && !filepath.IsAbs(c.Folder):
		d.add(step, checkGood, "", "%s is made when the agent starts", dir)
		return
	case err != nil:
		d.add(step, checkBad, "make the folder, or connect the share that it is on", "%v", err)
		return
	case !info.IsDir():
		d.add(step, checkBad, "set converters.…folder to a folder", "%s is no folder", dir)
		return
	}
	probe, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		d.add(step, checkBad, "let the account of the agent write there: it moves what it has read", "%v", err)
		return
	}
	err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	if err != nil {
		d.add(step, checkBad, "", "%v", err)
		return
	}
	d.add(step, checkGood, "", "%s can be read and written", dir)
}

// server tries the way to the server one step at a time, so that it is clear which one fails.
func (d *doctor) server() {
	address := d.config.Server.URL
	if address == "" {
		d.add("server", checkBad, "gowats config set server.url https://…", "no server is set")
		return
	}
	u, err := url.Parse(address)
	if err != nil {
		d.add("server", checkBad, "", "%v", err)
		return
	}
	if d.config.Server.Proxy == "none" {
		if !d.reach(u) {
			return
		}
	} else {
		d.add("name and port of the server", checkLeftOut, "", "a proxy may be in between")
	}
	client, err := newStationClient(d.ctx, d.folder, d.config, slog.New(slog.DiscardHandler))
	if err != nil {
		d.add("server", checkBad, "", "%v", err)
		return
	}
	defer client.Close()
	version, err := client.With(wats.NoCache, wats.NoRetry, wats.NoBreaker).Version(d.ctx)
	if err != nil {
		d.add("server", checkBad, wats.Hint(err), "%v", err)
		return
	}
	d.add("server", checkGood, "", "%s answers with version %s and takes the token", address, version)
	d.clock(u)
}

// reach looks the name up and connects.
func (d *doctor) reach(u *url.URL) bool {
	port := firstOf(u.Port(), map[string]string{"https": "443", "http": "80"}[u.Scheme])
	addresses, err := net.DefaultResolver.LookupHost(d.ctx, u.Hostname())
	if err != nil {
		d.add("name of the server", checkBad, "check the address and the network's name server", "%v", err)
		return false
	}
	d.add("name of the server", checkGood, "", "%s is %s", u.Hostname(), strings.Join(addresses, ", "))
	dialer := net.Dialer{Timeout: 5 * time.Second}
	conn, err := dialer.DialContext(d.ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		d.add("port of the server", checkBad, "check that the server runs and that no firewall is in between", "%v", err)
		return false
	}
	d.add("port of the server", checkGood, "", "%s answers", conn.RemoteAddr())
	_ = conn.Close() // nothing was written
	return true
}

// clock compares this machine's clock with that of the server.
func (d *doctor) clock(u *url.URL) {
	const most = 5 * time.Minute
	req, err := http.NewRequestWithContext(d.ctx, http.MethodHead, u.String(), nil)
	if err != nil {
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		d.add("clock", checkLeftOut, "", "the server's time cannot be asked without its certificate")
		return
	}
	_ = res.Body.Close() // a HEAD has none
	at, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		d.add("clock", checkLeftOut, "", "the server does not tell its time")
		return
	}
	if apart := time.Since(at).Abs(); apart > most {
		d.add("clock", checkBad, "set the clock of this machine: reports carry its time", "it is %v apart from that of the server", apart.Round(time.Second))
		return
	}
	d.add("clock", checkGood, "", "it goes with that of the server")
}

func (d *doctor) gateway() {
	address := d.config.Gateway.Listen
	if address == "" {
		d.add("gateway", checkLeftOut, "", "it is switched off")
		return
	}
	client := &http.Client{Timeout: 5 * time.Second}
	req, err := http.NewRequestWithContext(d.ctx, http.MethodGet, "http://"+address+"/status", nil)
	if err != nil {
		d.add("gateway", checkBad, "", "%v", err)
		return
	}
	res, err := client.Do(req)
	if err != nil {
		d.add("gateway", checkWarning, "gowats service start, or gowats agent run", "no agent answers on %s", address)
		return
	}
	defer res.Body.Close() // only read
	var s stationStatus
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&s); err != nil || s.Version == "" {
		d.add("gateway", checkBad, "choose another gateway.listen", "another program answers on %s", address)
		return
	}
	switch {
	case s.ConfigBad != "":
		d.add("agent", checkWarning, "gowats config check", "it runs with the settings before: %s", s.ConfigBad)
	case s.State == "online":
		d.add("agent", checkGood, "", "version %s, %s, %d reports sent", s.Version, s.State, s.Spool.Sent)
	default:
		d.add("agent", checkWarning, s.Advice, "version %s is %s: %s", s.Version, s.State, s.Reason)
	}
	for _, c := range s.Converters {
		if c.State != "watching" {
			d.add("converter "+c.Name, checkWarning, "", "it is %s: %s", c.State, c.Reason)
		}
	}
}

func (d *doctor) service(cmd *cobra.Command) {
	m, err := serviceOf(cmd)
	if err != nil {
		d.add("service", checkLeftOut, "", "%v", err)
		return
	}
	status, err := m.Status()
	switch {
	case errors.Is(err, service.ErrNotInstalled):
		d.add("service", checkWarning, "gowats service install, so that the agent starts with the machine", "it is not installed")
	case err != nil:
		d.add("service", checkWarning, "", "%v", err)
	case status != service.Running:
		d.add("service", checkWarning, "gowats service start", "it is %s", status)
	default:
		d.add("service", checkGood, "", "%s under %s", status, m.Platform())
	}
}

const bundledLog = 1 << 20 // bytes of the end of the log

// bundle writes what a helper needs. Settings hold references only, and logs no secrets, so there is none to take out.
func (d *doctor) bundle(path string) error {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	put := func(name string, data []byte) error {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Now()})
		if err == nil {
			_, err = w.Write(data)
		}
		return err
	}
	answers, err := json.MarshalIndent(d.checks, "", "  ")
	if err == nil {
		err = put("doctor.json", answers)
	}
	if err == nil && d.config != nil {
		var settings bytes.Buffer
		for name, value := range d.config.Values() {
			fmt.Fprintf(&settings, "%s = %s (%s)\n", name, value, d.config.Origin(name))
		}
		err = put("settings.txt", settings.Bytes())
		if file := d.config.Log.File; err == nil && file != "" {
			err = put("agent.log", endOf(file))
		}
	}
	if err := errors.Join(err, z.Close()); err != nil {
		return err
	}
	return fsx.WriteFileAtomic(path, archive.Bytes(), 0o600)
}

// endOf returns the end of a file, or why it cannot be read.
func endOf(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return []byte(err.Error())
	}
	defer f.Close() // only read
	if info, err := f.Stat(); err == nil && info.Size() > bundledLog {
		if _, err := f.Seek(-bundledLog, io.SeekEnd); err != nil {
			return []byte(err.Error())
		}
	}
	data, err := io.ReadAll(io.LimitReader(f, bundledLog))
	if err != nil {
		return []byte(err.Error())
	}
	return data
}

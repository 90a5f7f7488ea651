package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats/app/config"
)

func noEnvironment(string) (string, bool) { return "", false }

const full = `# line 4
version: 1
data: /var/lib/gowats
server:
  url: https://plant.example   # the plant
  token: file:/etc/gowats/token
  pins: [aaaa, bbbb]
  timeout: 1m
station: {name: ICT-07, location: Oslo, purpose: Production}
stations:
  - match: /lane-(\d)/
    name: Lane
converters:
  - name: ict
    folder: /data/ict
    patterns: ["*.json"]
    retain: 30d
  - name: nightly
    kind: schedule
    folder: nightly
    cron: 5 3 * * 1-5
    command: [/usr/bin/export, --all]
spool:
  max_bytes: 2 GiB
`

func TestFileIsRead(t *testing.T) {
	c, err := config.Load([]byte(full), noEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Converters) != 2 || c.Converters[0].Retain != 30*24*time.Hour || c.Converters[0].Priority != 5 || c.Converters[1].Command[1] != "--all" {
		t.Errorf("converters: got %+v", c.Converters)
	}
	if c.Spool.MaxBytes != 2<<30 || c.Server.Timeout != time.Minute || c.Server.Proxy != "system" || len(c.Server.Pins) != 2 {
		t.Errorf("got %+v, %+v", c.Spool, c.Server)
	}
	if s, ok := c.StationOf(`D:\in\lane-2\x.json`); !ok || s.Name != "Lane" {
		t.Errorf("StationOf: got %+v, %v", s, ok)
	}
	for path, want := range map[string]string{"server.url": "line 5", "spool.min_free": "default", "converters.1.cron": "line 21"} {
		if got := c.Origin(path); got != want {
			t.Errorf("Origin of %s: got %q, want %q", path, got, want)
		}
	}
}

func TestEmptyFileIsTheDefaults(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "server:\n"} {
		c, err := config.Load([]byte(text), noEnvironment)
		if err != nil || c.Upload.Workers != 4 || c.Gateway.Listen != "127.0.0.1:8090" {
			t.Errorf("%q: got %+v, %v", text, c, err)
		}
	}
}

func TestEveryMistakeIsTold(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"unknown key":              {"servr:\n  url: x\n", "line 1: servr: there is no such setting; did you mean server?"},
		"unknown key in a group":   {"server:\n  tokn: x\n", "line 2: server.tokn: there is no such setting; did you mean token?"},
		"unknown key in a list":    {"converters:\n  - name: a\n    foldr: x\n", "line 3: converters.0.foldr: there is no such setting; did you mean folder?"},
		"key given twice":          {"data: a\ndata: b\n", "line 2: data: is given twice"},
		"group as a value":         {"server: https://x\n", "line 1: server: must be a group of settings, each as name: value"},
		"value as a group":         {"data:\n  a: b\n", "line 2: data: must be a single value"},
		"list as a value":          {"converters: ict\n", "line 1: converters: must be a list: begin each element with a dash"},
		"no time span":             {"server:\n  timeout: soon\n", `line 2: server.timeout: "soon" is no time span: write 500ms, 30s, 5m, 1h30m or 7d`},
		"no size":                  {"spool:\n  max_bytes: many\n", `line 2: spool.max_bytes: "many" is no size: write 4096, 512MiB or 10GiB`},
		"a secret itself":          {"server:\n  token: hunter2hunter2\n", "line 2: server.token: is no reference"},
		"newer layout":             {"version: 9\n", "line 1: version: 9 is newer than this program"},
		"no YAML":                  {"a: [\n", "did not find expected"},
		"text instead of settings": {"hello\n", "line 1: the file must hold settings"},
		"two documents":            {"data: a\n---\ndata: b\n", "more than one document"},
		"alias":                    {"data: &x a\nstation: {name: *x}\n", "aliases are not used"},
		"gateway for everybody":    {"gateway:\n  listen: 0.0.0.0:8090\n", "line 2: gateway.listen: \"0.0.0.0:8090\" is not a loopback address"},
		"schedule without time":    {"converters: [{name: a, kind: schedule, folder: x, command: [y]}]\n", "converters.0.every: give either every or cron"},
		"done is the folder":       {"converters: [{name: a, folder: x, done: ./}]\n", "three different folders"},
		"two of a name":            {"converters: [{name: a, folder: x}, {name: A, folder: y}]\n", `another converter is called "A", too`},
		"bad cron":                 {"converters: [{name: a, kind: schedule, folder: x, command: [y], cron: 99 * * * *}]\n", `minute "99": "99" lies outside 0-59`},
		"bad expression":           {"stations: [{match: '(', name: x}]\n", "error parsing regexp"},
		"password in address":      {"server: {url: 'https://u:hunter2@plant.example'}\n", "without user name and password"},
	} {
		_, err := config.Load([]byte(test.text), noEnvironment)
		var invalid *config.InvalidError
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error tells a secret: %v", name, err)
		}
	}
	_, err := config.Load([]byte("servr: 1\nspool:\n  max_reports: x\n"), noEnvironment)
	var invalid *config.InvalidError
	if !errors.As(err, &invalid) || len(invalid.Problems) != 2 {
		t.Errorf("two mistakes: got %v, want both", err)
	}
}

func TestEnvironmentGoesOverTheFile(t *testing.T) {
	env := map[string]string{
		"GOWATS_SERVER_URL":          "https://other.example",
		"GOWATS_SPOOL_KEEP_SENT":     "1d",
		"GOWATS_SERVER_PINS":         "x, y ,z",
		"GOWATS_CONVERTERS_0_AFTER":  "zip",
		"GOWATS_CONVERTERS_2_NAME":   "third",
		"GOWATS_CONVERTERS_2_FOLDER": "/third",
	}
	c, err := config.Load([]byte(full), func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	if c.Server.URL != "https://other.example" || c.Spool.KeepSent != 24*time.Hour || len(c.Server.Pins) != 3 ||
		c.Converters[0].After != config.ZipAction || len(c.Converters) != 3 || c.Converters[2].Folder != "/third" || c.Converters[2].Parallel != 2 {
		t.Errorf("got %+v", c.Config)
	}
	if got := c.Origin("server.url"); got != "environment GOWATS_SERVER_URL" {
		t.Errorf("Origin: got %q", got)
	}
	env["GOWATS_UPLOAD_WORKERS"] = "many"
	_, err = config.Load(nil, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err == nil || !strings.Contains(err.Error(), `upload.workers: environment GOWATS_UPLOAD_WORKERS: "many" is no whole number`) {
		t.Errorf("bad value in the environment: got %v", err)
	}
}

// Every setting must survive being written by Edit and read again, and be told by Settings with what it is for.
func TestEverySettingCanBeSetAndRead(t *testing.T) {
	base := "converters:\n  - name: a\n    folder: in\nstations:\n  - match: x\n    name: S\n"
	values := map[string]string{
		"version": "1", "server.url": "https://plant.example", "server.token": "env:X", "server.proxy": "none", "gateway.listen": "127.0.0.1:9000",
		"log.level": "debug", "stations.N.match": "y", "converters.N.kind": "folder", "converters.N.after": "keep", "converters.N.mode": "active",
		"converters.N.done": "D", "converters.N.error": "E", "converters.N.priority": "3",
		// together with others only
		"server.certificate": "", "server.key": "", "server.sign_as": "", "server.sign_key": "", "converters.N.every": "", "converters.N.cron": "", "converters.N.command": "",
	}
	for _, s := range config.Settings() {
		if s.Help == "" {
			t.Errorf("%s has no help", s.Path)
		}
		value, own := values[s.Path]
		if own && value == "" {
			continue
		}
		if !own {
			value = map[bool]string{true: "true", false: "x"}[s.Default == "false"]
			switch {
			case s.Default == "0s" || strings.HasSuffix(s.Default, "s") || strings.HasSuffix(s.Default, "m") || strings.HasSuffix(s.Default, "d") && s.Default != "Standard":
				value = "7m"
			case strings.HasSuffix(s.Default, "iB"):
				value = "3MiB"
			case s.Default != "" && strings.Trim(s.Default, "0123456789") == "":
				value = "7"
			}
		}
		path := strings.ReplaceAll(s.Path, ".N.", ".0.")
		text, err := config.Edit([]byte(base), path, value)
		if err != nil {
			t.Errorf("set %s to %s: %v", path, value, err)
			continue
		}
		c, err := config.Load(text, noEnvironment)
		if err != nil || !strings.HasPrefix(c.Origin(path), "line ") || textOf(c, path) != value {
			t.Errorf("%s after it was set to %s: got %q from %s, %v", path, value, textOf(c, path), c.Origin(path), err)
		}
	}
}

func textOf(c *config.Loaded, path string) string {
	for at, text := range c.Values() {
		if at == path {
			return text
		}
	}
	return ""
}

func TestEditKeepsWhatItDoesNotChange(t *testing.T) {
	text, err := config.Edit([]byte(full), "converters.ict.priority", "2")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# line 4", "# the plant", "priority: 2", "retain: 30d"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the file lacks %q:\n%s", want, text)
		}
	}
	if text, err = config.Edit(text, "converters.aoi.folder", "/aoi"); err != nil {
		t.Fatal(err)
	}
	if c, err := config.Load(text, noEnvironment); err != nil || len(c.Converters) != 3 || c.Converters[2].Name != "aoi" {
		t.Errorf("a converter added by its name: got %v:\n%s", err, text)
	}
	for path, want := range map[string]string{
		"servr.url": "there is no setting servr", "server": "is a group", "upload.workers": "must be from 1 to 20", "converters.9.folder": "there are 3 elements",
	} {
		if _, err := config.Edit(text, path, "99"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Edit of %s: got %v, want %q", path, err, want)
		}
	}
}

func TestCron(t *testing.T) {
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Skip("no time zones on this machine")
	}
	at := func(text string) time.Time {
		got, err := time.ParseInLocation("2006-01-02 15:04", text, oslo)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for name, test := range map[string]struct{ cron, from, want string }{
		"every quarter":                {"*/15 * * * *", "2026-11-23 10:07", "2026-11-23 10:15"},
		"the minute itself is over":    {"15 10 * * *", "2026-11-23 10:15", "2026-11-24 10:15"},
		"weekdays":                     {"0 8 * * 1-5", "2026-11-27 09:00", "2026-11-30 08:00"},
		"Sunday as 7":                  {"0 0 * * 7", "2026-11-23 10:00", "2026-11-29 00:00"},
		"either day":                   {"0 0 1 * 1", "2026-11-24 00:00", "2026-11-30 00:00"},
		"both days":                    {"0 0 */2 * 1", "2026-11-24 00:00", "2026-12-07 00:00"},
		"end of a month":               {"0 0 31 * *", "2026-11-01 00:00", "2026-12-31 00:00"},
		"leap day":                     {"0 0 29 2 *", "2026-11-01 00:00", "2028-02-29 00:00"},
		"an hour that summer time has": {"30 2 * * *", "2026-03-28 03:00", "2026-03-30 02:30"},
	} {
		c, err := config.ParseCron(test.cron)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := c.Next(at(test.from)); !got.Equal(at(test.want)) {
			t.Errorf("%s: %q after %s: got %v, want %s", name, test.cron, test.from, got, test.want)
		}
	}
	if c, err := config.ParseCron("0 0 30 2 *"); err != nil || !c.Next(at("2026-11-23 00:00")).IsZero() {
		t.Error("a day that never comes: want the zero time")
	}
	for _, text := range []string{"", "* * * *", "60 * * * *", "*/0 * * * *", "5-1 * * * *", "a * * * *", "1-x * * * *"} {
		if _, err := config.ParseCron(text); err == nil {
			t.Errorf("ParseCron(%q): got no error", text)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte("converters: [{name: a, folder: x}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := config.Load(text, noEnvironment)
		if err == nil && c.Version > config.Version {
			t.Errorf("version %d was read", c.Version)
		}
	})
}

func FuzzCron(f *testing.F) {
	f.Add("*/15 8-17 1,15 * 1-5")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := config.ParseCron(text); err == nil {
			from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			if next := c.Next(from); !next.IsZero() && !next.After(from) {
				t.Errorf("%q: the next time %v is not after %v", text, next, from)
			}
		}
	})
}

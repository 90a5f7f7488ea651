package main

import (
	"archive/zip"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
)

// findings returns the answers of the doctor by step.
func findings(t *testing.T, b *bench, args ...string) (code int, byStep map[string]check) {
	t.Helper()
	code, out, talk := output(t, environment(t), append([]string{"doctor", "--json", "--config", b.path("gowats.yaml")}, args...)...)
	var checks []check
	if err := json.Unmarshal([]byte(out), &checks); err != nil {
		t.Fatalf("%v: %s%s", err, out, talk)
	}
	byStep = map[string]check{}
	for _, c := range checks {
		byStep[c.Step] = c
	}
	return code, byStep
}

func TestDoctorOfAHealthyAgent(t *testing.T) {
	server := start(t, "server", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	b := startAgent(t, server.url, "converters: [{name: in, folder: in}]\nlog: {file: DIR/agent.log}\n")
	b.until("the folder is watched", func(s stationStatus) bool { return s.Converters[0].State == "watching" })
	text, err := os.ReadFile(b.path("gowats.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	b.settings(strings.Replace(string(text), "127.0.0.1:0", strings.TrimPrefix(b.url, "http://"), 1))
	code, steps := findings(t, b, "--bundle", b.path("bundle.zip"))
	if code != 0 {
		t.Errorf("code %d: %+v", code, steps)
	}
	for _, step := range []string{"settings", "data folder", "spool", "converter in", "server", "clock", "agent"} {
		if steps[step].Result != checkGood {
			t.Errorf("%s: got %+v", step, steps[step])
		}
	}
	z, err := zip.OpenReader(b.path("bundle.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil || len(data) == 0 || strings.Contains(string(data), serverToken) || strings.Contains(string(data), "a-good-password") {
			t.Errorf("%s: %d bytes, %v, or it tells a secret", f.Name, len(data), err)
		}
	}
	if len(z.File) != 3 {
		t.Errorf("the bundle holds %d files", len(z.File))
	}
	b.stop()
}

func TestDoctorNamesWhatIsWrong(t *testing.T) {
	b := &bench{t: t, folder: t.TempDir()}
	b.token("d3Jvbmc6d3Jvbmc=")
	b.settings("data: DIR\nserver: {url: 'http://127.0.0.1:1', token: 'file:DIR/token', proxy: none}\ngateway: {listen: '127.0.0.1:1'}\n" +
		"converters: [{name: away, folder: DIR/away}, {name: off, folder: off, disabled: true}]\n")
	code, steps := findings(t, b)
	if code != exitError {
		t.Errorf("code %d", code)
	}
	for step, want := range map[string]string{
		"port of the server": checkBad, "converter away": checkBad, "converter off": checkLeftOut, "gateway": checkWarning, "name of the server": checkGood,
	} {
		if steps[step].Result != want || (want == checkBad && steps[step].ToDo == "") {
			t.Errorf("%s: got %+v, want it %s with what to do", step, steps[step], want)
		}
	}
	b.settings("nothing: 1\n")
	if code, steps := findings(t, b); code != exitError || steps["settings"].Result != checkBad {
		t.Errorf("a mistake in the settings: code %d, %+v", code, steps)
	}
}

package config_test

import (
	"strings"
	"testing"

	"github.com/gowats/gowats/app/config"
)

const pyWATS = `{
  "schema_version": "2.0", "service_address": "https://plant.example", "api_token": "c2VjcmV0", "station_name": "ICT-07", "location": "Oslo",
  "proxy_mode": "manual", "proxy_host": "proxy", "proxy_port": 3128, "max_queue_size": 500, "max_concurrent_uploads": 50, "log_level": "WARNING",
  "webhook_report_url": "https://hook", "sn_mode": "Manual Entry", "was_connected": true,
  "converters": [
    {"name": "Spea: 1", "module_path": "pywats_client.converters.standard.spea", "watch_folder": "/data/spea", "file_patterns": ["*.*"], "post_action": "archive", "enabled": false},
    {"name": "nightly", "module_path": "x", "converter_type": "scheduled", "cron_expression": "0 3 * * *"},
    {"name": "lots", "module_path": "a.wats_standard_json_converter", "converter_type": "folder", "watch_folder": "/data/lots", "folder_patterns": ["LOT*"],
     "readiness_marker": "done.txt", "priority": 2, "arguments": {"a": 1}, "post_action": "keep"}
  ]
}`

const convertersXML = `<?xml version="1.0" encoding="utf-8"?>
<converters xmlns="http://schemas.virinco.com/WATS/Wats-Client-Service/Converters.xsd">
  <converter name="WSTFImporter" assembly="a" class="b">
    <Source type="folder"><Parameter name="Path">C:\Data\WSTF</Parameter><Parameter name="Filter">*.txt;*.log</Parameter>
      <Parameter name="PostProcessAction">Zip</Parameter></Source>
    <Destination type="api"><Parameter name="online">False</Parameter></Destination>
  </converter>
  <converter name="Own" assembly="x.dll" class="Plant.LogConverter">
    <Source Path="D:\own"/><Converter><Parameter name="operationTypeCode">10</Parameter></Converter>
  </converter>
</converters>`

// imported returns the settings that an import makes of an empty file, and its notes.
func imported(t *testing.T, text string) (*config.Loaded, *config.Import) {
	t.Helper()
	i, err := config.ImportFrom([]byte(text), 0)
	if err != nil {
		t.Fatal(err)
	}
	file, err := i.Apply(nil)
	if err != nil {
		t.Fatalf("%v\n%+v", err, i.Edits)
	}
	c, err := config.Load(file, noEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	return c, i
}

func TestImportOfThePythonClient(t *testing.T) {
	c, i := imported(t, pyWATS)
	if c.Server.URL != "https://plant.example" || c.Server.Proxy != "http://proxy:3128" || c.Station.Name != "ICT-07" || c.Spool.MaxReports != 500 ||
		c.Upload.Workers != 20 || c.Log.Level != "warn" || i.Token != "c2VjcmV0" {
		t.Errorf("got %+v", c.Config)
	}
	if len(c.Converters) != 2 {
		t.Fatalf("got %d converters: %+v", len(c.Converters), c.Converters)
	}
	spea, lots := c.Converters[0], c.Converters[1]
	if spea.Name != "Spea- 1" || spea.After != config.ZipAction || !spea.Disabled || len(spea.Patterns) != 0 || spea.Format != "auto" {
		t.Errorf("got %+v", spea)
	}
	if lots.Kind != config.FolderKind || lots.Marker != "done.txt" || lots.Priority != 2 || lots.Format != "wsjf" || lots.Patterns[0] != "LOT*" || lots.After != config.KeepAction {
		t.Errorf("got %+v", lots)
	}
	notes := strings.Join(i.Notes, "\n")
	for _, want := range []string{"Spea: 1: pywats_client.converters.standard.spea has no counterpart", "nightly: scheduled converters are programs", "lots: its arguments are left out",
		"webhook_report_url has no counterpart"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
	if len(i.Notes) != 4 || strings.Contains(notes, "c2VjcmV0") {
		t.Errorf("notes:\n%s", notes)
	}
}

func TestImportOfTheClientForWindows(t *testing.T) {
	c, i := imported(t, convertersXML)
	if len(c.Converters) != 2 || c.Converters[0].Folder != `C:\Data\WSTF` || c.Converters[0].After != config.ZipAction || c.Converters[0].Format != "wstf" ||
		len(c.Converters[0].Patterns) != 2 || c.Converters[1].Folder != `D:\own` {
		t.Errorf("got %+v", c.Converters)
	}
	if notes := strings.Join(i.Notes, "\n"); len(i.Notes) != 2 || !strings.Contains(notes, "Plant.LogConverter has no counterpart") || !strings.Contains(notes, "operationTypeCode is left out") {
		t.Errorf("notes:\n%s", notes)
	}
	c, i = imported(t, `{"TargetURL": "https://plant.example/", "ClientPasscode": "hunter2", "ClientState": "Active"}`)
	if c.Server.URL != "https://plant.example/" || len(i.Notes) != 1 || strings.Contains(i.Notes[0], "hunter2") {
		t.Errorf("got %+v, %q", c.Server, i.Notes)
	}
}

func TestImportRefusesWhatItCannotRead(t *testing.T) {
	for name, text := range map[string]string{
		"text": "hello", "list": "[]", "broken JSON": "{", "broken XML": "<converters>", "other XML": "<x/>", "XML and more": convertersXML + "<x/>",
	} {
		if _, err := config.ImportFrom([]byte(text), 0); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(pyWATS))
	f.Add([]byte(convertersXML))
	f.Fuzz(func(t *testing.T, text []byte) {
		i, err := config.ImportFrom(text, 0)
		if err == nil && i.Token != "" {
			for _, note := range i.Notes {
				if len(i.Token) > 8 && strings.Contains(note, i.Token) {
					t.Errorf("a note tells the token: %s", note)
				}
			}
		}
	})
}

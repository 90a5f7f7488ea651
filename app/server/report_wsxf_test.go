package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gowats/gowats/app/auth"
	"github.com/gowats/gowats/app/server"
)

const wsxfID = "83ac0b8e-b575-4004-94de-f905774c3ed8"

// wsxf returns a document of one small failed test, with replacements of old texts by new ones.
func wsxf(replacements ...string) string {
	const doc = `<?xml version="1.0" encoding="utf-8"?><Reports xmlns="http://wats.virinco.com/schemas/WATS/Report/wsxf">` +
		`<Report type="UUT" ID="` + wsxfID + `" Start="2026-03-01T12:00:00+01:00" Start_utc="2026-03-01T11:00:00Z" Result="Failed" ` +
		`SN="SN-1" PN="PCB-1" Rev="A" MachineName="ICT-07" Location="Oslo" Purpose="Production"><UUT UserLoginName="ann" ExecutionTime="1.5"/>` +
		`<Process Code="100"/><MiscInfo Description="Lot">L-7</MiscInfo>` +
		`<Step Id="1" Group="Main" Name="MainSequence" StepType="SequenceCall" Status="Failed"><SequenceCall Name="main.seq" Version="1.0" Filepath="C:\seq"/>` +
		`<Step Id="2" Group="Main" Name="voltage" StepType="ET_NLT" Status="Failed">` +
		`<NumericLimit NumericValue="5" Units="V" CompOperator="GELE" LowLimit="3" HighLimit="3.6" Status="Failed"/></Step></Step></Report></Reports>`
	return strings.NewReplacer(replacements...).Replace(doc)
}

func (b *bench) submitXML(t testing.TB, doc string, header ...string) *answer {
	t.Helper()
	return b.do(t, auth.Write, http.MethodPost, "/api/Report/WSXF", strings.NewReader(doc), header...)
}

func TestWSXF(t *testing.T) {
	b := startServer(t, server.Options{})
	for _, kind := range []string{"application/xml", "text/xml; charset=utf-8", "application/octet-stream", ""} {
		got := b.submitXML(t, wsxf(), "Content-Type", kind)
		if want := `{"ID":"` + wsxfID + `","id":"` + wsxfID + `"}`; got.status != http.StatusOK || string(got.body) != want {
			t.Fatalf("submit as %q: got %d %s, want 200 %s", kind, got.status, got.body, want)
		}
	}
	if n := b.count(t); n != 1 {
		t.Errorf("the same report several times: %d reports, want 1", n)
	}
	got := b.get(t, "/api/Report/Wsxf/"+wsxfID+"?includeIndexes=true")
	if kind := got.header.Get("Content-Type"); kind != "application/xml; charset=utf-8" {
		t.Errorf("Content-Type: got %q, want XML", kind)
	}
	for _, part := range []string{
		`SN="SN-1"`, `Start="2026-03-01T12:00:00+01:00"`, `StepIdCausedUUTFailure="2"`, `StepCausedUUTFailure="true"`, `>L-7</MiscInfo>`,
	} {
		if !strings.Contains(string(got.body), part) {
			t.Errorf("the XML lacks %s:\n%s", part, got.body)
		}
	}
	// What a server wrote, it takes again; that its own marks came along changes nothing.
	if again := b.submitXML(t, string(got.body)); again.status != http.StatusOK {
		t.Errorf("submit what was read: got %d %s, want 200", again.status, again.body)
	}
	if n := b.count(t); n != 1 {
		t.Errorf("what was read, submitted: %d reports, want 1", n)
	}
}

func TestWSXFLeavesOutWhatIsNotWanted(t *testing.T) {
	b := startServer(t, server.Options{})
	got := b.submitXML(t, wsxf(`</Step></Step></Report>`, `</Step><Step Name="log" StepType="WATS_AttachFile" Status="Done" Group="Main">`+
		`<Attachment Name="log.txt" ContentType="text/plain">aGVsbG8=</Attachment></Step>`+
		`<Step Name="curve" StepType="WATS_XYGMNLT" Status="Done" Group="Main"><Chart ChartType="Line" Label="Sweep" XLabel="" XUnit="" YLabel="" YUnit="">`+
		`<Series Name="left" DataType="XYG"><ydata>1;2;3</ydata></Series></Chart></Step></Step></Report>`))
	if got.status != http.StatusOK {
		t.Fatalf("submit: got %d %s, want 200", got.status, got.body)
	}
	for _, tc := range []struct{ query, has, lacks string }{
		{"", "aGVsbG8=", "nothing"},
		{"?includeAttachments=false", "1;2;3", "aGVsbG8="},
		{"?includeChartdata=false", "aGVsbG8=", "1;2;3"},
	} {
		body := string(b.get(t, "/api/Report/Wsxf/"+wsxfID+tc.query).body)
		if !strings.Contains(body, tc.has) || strings.Contains(body, tc.lacks) {
			t.Errorf("Wsxf%s: want %q in it and %q not:\n%s", tc.query, tc.has, tc.lacks, body)
		}
	}
}

func TestWSXFIsRefusedWithEveryReason(t *testing.T) {
	b := startServer(t, server.Options{})
	for _, tc := range []struct {
		name, doc string
		want      []string // paths and rules
	}{
		{"no XML", `{"type":"T"}`, []string{"$ syntax"}},
		{"nothing", "", []string{"$ syntax"}},
		{"no report", `<Reports/>`, []string{"$ syntax"}},
		{"several reports", wsxf("</Report>", `</Report><Report SN="SN-2" PN="PCB-1"/>`), []string{"/Reports single"}},
		{"cut short", wsxf("</Step></Step></Report></Reports>", ""), []string{"$ syntax"}},
		{"a DTD", `<!DOCTYPE r [<!ENTITY a "aaaa">]>` + strings.TrimPrefix(wsxf("SN-1", "&a;"), `<?xml version="1.0" encoding="utf-8"?>`), []string{"$ syntax"}},
		{"a blank serial number and an unknown result", wsxf(`SN="SN-1"`, `SN=" "`, `Result="Failed"`, `Result="Good"`),
			[]string{"line 1 format", "$.sn required", "$.result required"}},
		{"an element nobody knows", wsxf(`<Process Code="100"/>`, `<Process Code="100"/><Colour/>`), []string{"line 1 format"}},
		{"a number that is none", wsxf(`LowLimit="3"`, `LowLimit="three"`), []string{"$.root.steps[0].numericMeas[0].lowLimit type"}},
		{"a serial number given twice", wsxf(`SN="SN-1"`, `SN="SN-1" sn="SN-2"`), []string{"$.sn duplicate"}},
		{"no ID", wsxf(` ID="`+wsxfID+`"`, ""), []string{"$.id required"}},
		{"no process", wsxf(`<Process Code="100"/>`, ""), []string{"$.processCode required"}},
		{"a repair without what a repair needs", wsxf(`type="UUT"`, `type="UUR"`), []string{"line 1 format", "line 1 format", "$.uur.processCode required", "$.subUnits required"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := b.submitXML(t, tc.doc)
			if got.status != http.StatusBadRequest {
				t.Fatalf("got %d %s, want 400", got.status, got.body)
			}
			if errors := got.errors(t); !slices.Equal(errors, tc.want) {
				t.Errorf("violations: got %q, want %q\n%s", errors, tc.want, got.body)
			}
		})
	}
	if n := b.count(t); n != 0 {
		t.Errorf("%d reports are stored, want none", n)
	}
}

package convert_test

import (
	"testing"

	"github.com/gowats/gowats/convert"
)

func TestDetectTellsXMLFormatsApart(t *testing.T) {
	for _, tt := range []struct{ name, doc, want string }{
		{"ATML 6.01", `<trc:TestResultsCollection xmlns:trc="urn:IEEE-1636.1:2013:TestResultsCollection">`, "atml"},
		{"ATML 2.02", `<?xml version="1.0"?><!-- x --><tr:TestResults xmlns:tr="http://www.ieee.org/ATML/2007/TestResults">`, "atml"},
		{"ATML of another year", `<TestResults xmlns="urn:IEEE-1636.1:2031:TestResults">`, "atml"},
		{"TestResults of another program", `<TestResults>`, ""},
		{"TestResults of another namespace", `<TestResults xmlns="urn:keysight"/>`, ""},
		{"TSReport", `<?xml:stylesheet x?><TSReport>`, "teststand-xml"},
		{"Reports of TestStand", `<Reports><Report Type='UUT' UUTResult='Passed'>`, "teststand-xml"},
		{"a batch of TestStand", `<Reports><Report Type='Batch'><Prop Name='x'/>`, "teststand-xml"},
		{"WSXF", `<Reports xmlns="http://wats.virinco.com/schemas/WATS/Report/wsxf"><Report SN="1"/>`, "wsxf"},
		{"no XML", `TSReport`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, sure, ok := convert.Detect([]byte(tt.doc))
			if ok != (tt.want != "") || ok && f.Name != tt.want {
				t.Errorf("Detect = %s with %v, %v; want %q", f.Name, sure, ok, tt.want)
			}
		})
	}
}

package convert

import "testing"

func TestProbesTellXMLFormatsApart(t *testing.T) {
	for _, tt := range []struct{ name, doc, want string }{
		{"ATML 6.01", `<trc:TestResultsCollection xmlns:trc="urn:IEEE-1636.1:2013:TestResultsCollection">`, "atml"},
		{"ATML 2.02", `<?xml version="1.0"?><!-- x --><tr:TestResults xmlns:tr="http://www.ieee.org/ATML/2007/TestResults">`, "atml"},
		{"ATML of another year", `<TestResults xmlns="urn:IEEE-1636.1:2031:TestResults">`, "atml"},
		{"TestResults of another program", `<TestResults>`, ""},
		{"TestResults of another namespace", `<TestResults xmlns="urn:keysight"/>`, ""},
		{"TSReport", `<?xml:stylesheet x?><TSReport>`, "teststand-xml"},
		{"Reports of TestStand", `<Reports><Report Type='UUT' UUTResult='Passed'>`, "teststand-xml"},
		{"a batch of TestStand", `<Reports><Report Type='Batch'><Prop Name='x'/>`, "teststand-xml"},
		{"no XML", `TSReport`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range []string{"atml", "teststand-xml"} {
				f, _ := ByName(name)
				want := name == tt.want
				if sure := f.probe([]byte(tt.doc)); sure >= 0.5 != want {
					t.Errorf("%s is sure to %v, want ≥ 0.5: %v", name, sure, want)
				}
			}
		})
	}
}

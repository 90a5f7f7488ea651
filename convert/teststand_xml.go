package convert

import (
	"iter"

	"github.com/gowats/gowats/report"
)

func testStandXML() Format {
	return Format{
		Name: "teststand-xml", Title: "TestStand XML report", Extensions: []string{".xml"}, ManyUnits: true,
		probe: func([]byte) float64 { return 0 },
		read:  func(*reading) iter.Seq2[*report.Report, error] { panic("stub") },
	}
}

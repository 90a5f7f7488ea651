package convert

import (
	"iter"

	"github.com/gowats/gowats/report"
)

func wsxf() Format {
	return Format{
		Name: "wsxf", Title: "WATS standard XML format", Extensions: []string{".xml"}, ManyUnits: true,
		probe: func([]byte) float64 { panic("stub") },
		read:  func(*reading) iter.Seq2[*report.Report, error] { panic("stub") },
	}
}

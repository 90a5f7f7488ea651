package convert

import (
	"iter"

	"github.com/gowats/gowats/report"
)

func atml() Format {
	return Format{
		Name: "atml", Title: "ATML test results (IEEE 1636.1) of TestStand", Extensions: []string{".xml"}, ManyUnits: true,
		probe: func([]byte) float64 { return 0 },
		read:  func(*reading) iter.Seq2[*report.Report, error] { panic("stub") },
	}
}

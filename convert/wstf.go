package convert

import (
	"iter"

	"github.com/gowats/gowats/report"
)

func wstf() Format {
	return Format{
		Name: "wstf", Title: "WATS standard text format", Extensions: []string{".txt"}, ManyUnits: true,
		probe: func([]byte) float64 { return 0 },
		read:  func(*reading) iter.Seq2[*report.Report, error] { panic("stub") },
	}
}

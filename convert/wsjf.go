package convert

import (
	"iter"

	"github.com/gowats/gowats/report"
)

func wsjf() Format {
	return Format{
		Name: "wsjf", Title: "WATS standard JSON format", Extensions: []string{".json"}, ManyUnits: false,
		probe: func([]byte) float64 { panic("stub") },
		read:  func(*reading) iter.Seq2[*report.Report, error] { panic("stub") },
	}
}

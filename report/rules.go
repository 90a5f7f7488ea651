package report

import "strings"

// The most Unicode characters that members may have.
//
// Source: support.wats.com article 360014879119 (head, misc infos, sub-units) and the attributes of the WSXF schema; where the two
// disagree or another WATS client allows more, the larger number.
const (
	maxIdentity         = 100 // serial and part numbers, revisions, station, location, purpose, operator, fixture, batch, process name
	maxComment          = 5000
	maxTestErrorMessage = 500

	maxMiscDescription = 100
	maxMiscText        = 100
	maxMiscTypedef     = 30
	maxPartType        = 50

	maxFailureText     = 5000 // category, code and comment of a failure: none is documented, so that of a report comment
	maxComponentRef    = 50
	maxFailureDetail   = 100 // function block, article number and revision
	maxArticleText     = 500 // article vendor and description
	maxAssetText       = 100
	maxFileName        = 256
	maxContentType     = 100
	maxFileDescription = 500
	maxDataName        = 200 // additional data and results

	maxStepName         = 100
	maxStepErrorMessage = 200
	maxReportText       = 100_000
	maxTSGuid           = 30
	maxSequencePath     = 500
	maxSequenceName     = 200
	maxSequenceVersion  = 30

	maxMeasurementName        = 100
	maxMeasurementText        = 5000 // value and limit of a string measurement
	maxWrittenMeasurementText = 100  // the same when writing: what a WATS server takes
	maxUnit                   = 20
	maxChartType              = 30
	maxChartLabel             = 100 // of chart, axes and series
	maxChartUnit              = 50
	maxSeries                 = 10     // of a chart, when writing
	maxPoints                 = 10_000 // of a series, when writing
	maxSeriesType             = 10
	maxPopupResponse          = 200
)

const (
	// A process code has 16 bits.
	minProcessCode, maxProcessCode = -1 << 15, 1<<15 - 1

	// maxStepDepth is how deep steps may nest, so that the document nests no deeper than maxNesting: a step takes an object and a
	// list, and its measurements and property trees need room too.
	maxStepDepth = (maxNesting - 16) / 2
)

// wildcards are characters that filters take for patterns. Source: support.wats.com article 20159960324636.
const wildcards = `*%?[]^!/\`

// limitNeeds says which limits an operator compares a number with.
func (op CompOp) limitNeeds() (low, high bool) {
	switch {
	case op == EQT, GELE <= op && op <= LTGT:
		return true, true
	case EQ <= op && op <= LE:
		return true, false
	}
	return false, false
}

// comparesTexts reports whether op has a meaning for texts.
func (op CompOp) comparesTexts() bool {
	return op <= LE || op == CASESENSIT || op == IGNORECASE
}

// knownChartType reports whether name is a kind of chart that WATS draws.
func knownChartType(name string) bool {
	for _, known := range [...]string{"Line", "LineLogX", "LineLogY", "LineLogXY"} {
		if strings.EqualFold(name, known) {
			return true
		}
	}
	return false
}

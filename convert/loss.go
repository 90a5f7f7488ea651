package convert

import (
	"fmt"
	"strings"

	"github.com/gowats/gowats/report"
)

const (
	maxLosses   = 1000 // how many different losses of one file are listed
	maxLossText = 500  // bytes of the sentence of one, which may quote the file
)

// lossList collects losses. The same sentence is listed once, where it was met first, with how often it was met.
type lossList struct {
	listed  []Loss
	times   []int          // how often each of listed was met
	index   map[string]int // of a sentence in listed
	omitted int
}

// add notes that something was lost.
func (l *lossList) add(where, what string) {
	if len(what) > maxLossText {
		what = strings.ToValidUTF8(what[:maxLossText], "") + "…"
	}
	if i, ok := l.index[what]; ok {
		l.times[i]++
		return
	}
	if len(l.listed) == maxLosses {
		l.omitted++
		return
	}
	if l.index == nil {
		l.index = make(map[string]int)
	}
	l.index[what] = len(l.listed)
	l.listed = append(l.listed, Loss{where, what})
	l.times = append(l.times, 1)
}

// all returns the losses in the order they were met, and one more that says how many were left out, if any.
func (l *lossList) all() []Loss {
	var out []Loss
	for i, loss := range l.listed {
		if n := l.times[i]; n > 1 {
			loss.What = fmt.Sprintf("%s (%d times)", loss.What, n)
		}
		out = append(out, loss)
	}
	if l.omitted > 0 {
		out = append(out, Loss{"end of file", fmt.Sprintf("%d more losses are not listed", l.omitted)})
	}
	return out
}

const serverMembersLost = "what a server adds to a report is not written"

// addedByServer reports whether r has members that only servers write.
func addedByServer(r *report.Report) bool {
	for i := range r.SubUnits {
		for j := range r.SubUnits[i].Failures {
			if r.SubUnits[i].Failures[j].StepName != "" {
				return true
			}
		}
	}
	if t := r.Test; t != nil {
		for _, s := range t.Root.Walk() {
			if s.CausedUUTFailure.Present {
				return true
			}
		}
		if t.CausedFailureStepID.Present || len(t.ReferencedBy) > 0 {
			return true
		}
	}
	return r.ProductName != "" || r.Origin != "" || len(r.AssetStats) > 0
}

package convert

import "fmt"

// maxLosses is how many different losses of one file are listed.
const maxLosses = 1000

// lossList collects losses. The same sentence is listed once, where it was met first, with how often it was met.
type lossList struct {
	listed  []Loss
	times   []int          // how often each of listed was met
	index   map[string]int // of a sentence in listed
	omitted int
}

// add notes that something was lost.
func (l *lossList) add(where, what string) {
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

package convert

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats/report"
)

// ATML test results are IEEE 1636.1; TestStand adds what the standard has no room for in extensions. Elements are matched by their
// local names, since the namespaces differ from edition to edition.
func atml() Format {
	return Format{
		Name: "atml", Title: "ATML test results (IEEE 1636.1) of TestStand", Extensions: []string{".xml"}, ManyUnits: true,
		probe: probeATML,
		read:  readATML,
		write: writeATML,
	}
}

// atmlEdition is one edition of the standard, with the namespaces that TestStand uses for it.
type atmlEdition struct {
	version    string
	collection string // "" when the document is a single result
	results    string
	common     string
	testStand  string
}

// atmlEditions returns the editions that TestStand writes.
func atmlEditions() []atmlEdition {
	return []atmlEdition{
		{"2.02", "", "http://www.ieee.org/ATML/2007/TestResults", "http://www.ieee.org/ATML/2006/Common", "www.ni.com/TestStand/ATMLTestResults/1.0"},
		{"5.00", "urn:IEEE-1636.1:2011:01:TestResultsCollection", "urn:IEEE-1636.1:2011:01:TestResults", "urn:IEEE-1671:2010:Common", "www.ni.com/TestStand/ATMLTestResults/2.0"},
		{"6.01", "urn:IEEE-1636.1:2013:TestResultsCollection", "urn:IEEE-1636.1:2013:TestResults", "urn:IEEE-1671:2010:Common", "www.ni.com/TestStand/ATMLTestResults/3.0"},
	}
}

// atmlRoot tells whether a document with this root is ATML, and its version: "" for an edition that is not known.
func atmlRoot(name, namespace string) (version string, ok bool) {
	if name != "TestResults" && name != "TestResultsCollection" || namespace == "" {
		return "", false
	}
	for _, e := range atmlEditions() {
		if namespace == e.results || namespace == e.collection {
			return e.version, true
		}
	}
	return "", strings.HasPrefix(namespace, "urn:IEEE-1636.1:") || strings.HasPrefix(namespace, "http://www.ieee.org/ATML/")
}

func probeATML(head []byte) float64 {
	x := newXMLScanner(bytes.NewReader(head))
	if _, err := x.next(); err != nil {
		return 0
	}
	switch version, ok := atmlRoot(x.name, x.namespace()); {
	case !ok:
		return 0
	case version == "":
		return 0.9
	}
	return 1
}

// atmlReader reads one file.
type atmlReader struct {
	*reading
	x       *xmlScanner
	version string // of the standard; "" when not known
}

// errStopped says that the caller wants no more reports.
var errStopped = errors.New("stopped")

// readATML yields one report for each TestResults. The ID of a report is the uuid there; where that is missing or no GUID it is zero, and
// whoever has the whole file derives one.
func readATML(r *reading) iter.Seq2[*report.Report, error] {
	return func(yield func(*report.Report, error) bool) {
		a := atmlReader{reading: r, x: newXMLScanner(r.src)}
		if err := a.document(yield); err != nil && !errors.Is(err, errStopped) {
			yield(nil, r.stopped("ATML", err))
		}
	}
}

func (a *atmlReader) document(yield func(*report.Report, error) bool) error {
	if _, err := a.x.next(); err != nil {
		return err
	}
	name, namespace := a.x.name, a.x.namespace()
	version, ok := atmlRoot(name, namespace)
	if !ok {
		return a.x.fail("the root element %s of namespace %q does not belong to ATML test results", name, namespace)
	}
	if a.version = version; version == "" {
		a.lose(fmt.Sprintf("namespace %q is of no known edition of ATML; what is known of the others was read", namespace))
	}
	results := func() error {
		rep, err := a.testResults()
		if err == nil && !yield(rep, nil) {
			err = errStopped
		}
		return err
	}
	if name == "TestResults" {
		if err := results(); err != nil {
			return err
		}
	} else if err := a.x.children(func() error {
		if a.x.name == "TestResults" {
			return results()
		}
		a.loseElement()
		return nil
	}); err != nil {
		return err
	}
	if _, err := a.x.next(); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// lose notes that something at the current line is not carried over.
func (a *atmlReader) lose(what string) {
	a.losses.add("line "+strconv.Itoa(a.x.line), what)
}

// loseElement notes that the element that has just started is not carried over.
func (a *atmlReader) loseElement() {
	parent := ""
	if n := len(a.x.open); n > 1 {
		_, parent = splitName(a.x.open[n-2])
	}
	a.lose(a.x.name + " in " + parent + " is not carried over")
}

// value returns what the element that has just started holds in its attribute value, or as text.
func (a *atmlReader) value() (string, error) {
	if v := a.x.attr("value"); v != "" {
		return v, nil
	}
	text, err := a.x.content()
	return strings.TrimSpace(text), err
}

// time reads a date-time of an attribute; without offset it is local time of the station. "" is the zero time.
func (a *atmlReader) time(name string) (time.Time, error) {
	text := a.x.attr(name)
	if text == "" {
		return time.Time{}, nil
	}
	t, _, err := report.ParseTime(text, a.opt.zone())
	if err != nil {
		return time.Time{}, a.x.fail("%s: %v", name, err)
	}
	return t, nil
}

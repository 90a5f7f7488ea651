package wats

import (
	"strconv"
	"strings"
	"time"
)

// ODataFilter returns the query as the text of $filter, "" when it restricts nothing. Of Type only the name of
// the list of parts depends; OrderBy, Top, Expand and Select are no part of it.
//
// Texts are quoted, whatever they hold. One * at the end, at the beginning or at both becomes startswith, endswith or
// contains. With a * inside, every piece between two is asked for, so a text in which the pieces overlap or stand in another order matches, too:
// OData has no function that says more.
func (q HeaderQuery) ODataFilter() string {
	var all conjunction
	all.addText("serialNumber", q.SerialNumber)
	all.addText("partNumber", q.PartNumber)
	all.addText("revision", q.Revision)
	all.addText("stationName", q.StationName)
	all.addText("batchNumber", q.BatchNumber)
	all.addText("operator", q.Operator)
	var part conjunction
	part.addText("s/serialNumber", q.SubUnitSerialNumber)
	part.addText("s/partNumber", q.SubUnitPartNumber)
	if len(part) > 0 {
		all.add(q.listName("subUnits") + "/any(s: " + strings.Join(part, " and ") + ")")
	}
	if q.ProcessCode.Present {
		all.add("processCode eq " + strconv.Itoa(q.ProcessCode.Value))
	}
	if q.Result != 0 {
		all.add("result eq " + quoteOData(q.Result.String()))
	}
	if !q.From.IsZero() {
		all.add("start ge " + q.From.UTC().Format(time.RFC3339Nano))
	}
	if !q.To.IsZero() {
		all.add("start lt " + q.To.UTC().Format(time.RFC3339Nano))
	}
	if strings.TrimSpace(q.Filter) != "" {
		all.add("(" + q.Filter + ")")
	}
	return strings.Join(all, " and ")
}

// listName returns the name that a list has in headers of the type asked for.
func (q HeaderQuery) listName(ofTests string) string {
	if q.Type == UUR {
		return "uur" + strings.ToUpper(ofTests[:1]) + ofTests[1:]
	}
	return ofTests
}

// expand returns the text of $expand.
func (q HeaderQuery) expand() string {
	var names []string
	for i, name := range [...]string{"subUnits", "miscInfo", "assets", "attachments"} {
		if q.Expand&(1<<i) != 0 {
			names = append(names, q.listName(name))
		}
	}
	return strings.Join(names, ",")
}

// conjunction is a list of conditions that all have to hold.
type conjunction []string

func (c *conjunction) add(condition string) { *c = append(*c, condition) }

// addText adds the conditions for a text that may hold wildcards; none for "" and for * alone.
func (c *conjunction) addText(member, pattern string) {
	if pattern == "" {
		return
	}
	pieces := strings.Split(pattern, "*")
	last := len(pieces) - 1
	if last == 0 {
		c.add(member + " eq " + quoteOData(pattern))
		return
	}
	for i, piece := range pieces {
		if piece == "" {
			continue
		}
		function := "contains"
		switch i {
		case 0:
			function = "startswith"
		case last:
			function = "endswith"
		}
		c.add(function + "(" + member + "," + quoteOData(piece) + ")")
	}
}

// quoteOData returns text as a string literal: in single quotes, those inside doubled (OData URL conventions, 5.1.1.6.1).
func quoteOData(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

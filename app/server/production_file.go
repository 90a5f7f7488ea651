package server

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/report"
)

// csvSerials yields the numbers of a CSV file, parted by commas, semicolons or tabs. Without a first line that names its columns the first column has
// the numbers.
func csvSerials(file []byte) iter.Seq2[store.SerialItem, error] {
	return func(yield func(store.SerialItem, error) bool) {
		lines := csv.NewReader(bytes.NewReader(file))
		lines.FieldsPerRecord, lines.ReuseRecord, lines.TrimLeadingSpace = -1, true, true
		first, _, _ := bytes.Cut(file, []byte("\n"))
		for _, separator := range [...]byte{';', '\t'} {
			if bytes.IndexByte(first, separator) >= 0 && bytes.IndexByte(first, ',') < 0 {
				lines.Comma = rune(separator)
			}
		}
		columns := map[string]int{"id": 0}
		for isFirst := true; ; isFirst = false {
			fields, err := lines.Read()
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				yield(store.SerialItem{}, refuseAll(report.Findings{{Path: "$", Rule: "syntax", Message: "the file is not CSV: " + err.Error()}}))
				return
			}
			if isFirst {
				if named := serialColumns(fields); named != nil {
					columns = named
					continue
				}
			}
			line, _ := lines.FieldPos(0)
			if !yield(csvSerial(fmt.Sprintf("line %d", line), columns, fields), nil) {
				return
			}
		}
	}
}

// serialColumns returns the places of columns by name; nil where a line names none.
func serialColumns(fields []string) map[string]int {
	columns := map[string]int{}
	for i, field := range fields {
		switch name := strings.ToLower(strings.TrimSpace(field)); name {
		case "id", "serialnumber", "number":
			columns["id"] = i
		case "serialnumbertype", "typename", "type":
			columns["type"] = i
		case "taken", "takenutc":
			columns["taken"] = i
		case "stationname", "refstn":
			columns["station"] = i
		case "seq", "state", "refsn", "refpn":
			columns[name] = i
		}
	}
	if _, ok := columns["id"]; !ok {
		return nil
	}
	return columns
}

func csvSerial(path string, columns map[string]int, fields []string) store.SerialItem {
	value := func(column string) string {
		at, ok := columns[column]
		if !ok || at >= len(fields) {
			return ""
		}
		return strings.Clone(strings.TrimSpace(fields[at])) // the reader uses the line again
	}
	item := store.SerialItem{
		Path: path, Type: value("type"), Number: value("id"), Serial: value("refsn"), Part: value("refpn"), Station: value("station"),
	}
	switch state := wats.SerialState(strings.ToLower(value("state"))); state {
	case "", wats.SerialFree:
	case wats.SerialTaken:
		item.IsTaken = true
	default:
		item.Wrong = report.Findings{{Path: path, Rule: "enum", Message: fmt.Sprintf("numbers can be imported as free or taken, not as %q", shorten(string(state)))}}
	}
	completeSerial(&item, value("seq"), value("taken"))
	return item
}

// completeSerial fills what both forms write as text.
func completeSerial(item *store.SerialItem, follow, taken string) {
	if follow != "" {
		n, err := strconv.ParseInt(follow, 10, 64)
		if err != nil || n < 0 {
			item.Wrong = append(item.Wrong, report.Finding{Path: item.Path, Rule: "range", Message: fmt.Sprintf("seq must be a whole number from 0, is %q", shorten(follow))})
		}
		item.Follow = n
	}
	if taken != "" {
		at, _, err := report.ParseTime(taken, time.UTC)
		if err != nil {
			item.Wrong = append(item.Wrong, report.Finding{Path: item.Path, Rule: "date-time", Message: "taken is no date-time: " + err.Error()})
		} else if !store.CanKeep(at) {
			item.Wrong = append(item.Wrong, report.Finding{Path: item.Path, Rule: "range", Message: "taken is too far from now: " + shorten(taken)})
		}
		item.Taken, item.IsTaken = at, true
	}
}

// xmlSerials yields the numbers of a document. A document type, and with it entities, is refused.
func xmlSerials(file []byte) iter.Seq2[store.SerialItem, error] {
	return func(yield func(store.SerialItem, error) bool) {
		in := xml.NewDecoder(bytes.NewReader(file))
		typeName, depth, n := "", 0, 0
		for {
			token, err := in.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(store.SerialItem{}, refuseDocument("syntax", err.Error()))
				return
			}
			switch token := token.(type) {
			case xml.Directive:
				yield(store.SerialItem{}, refuseDocument("entities", "a document type is not allowed"))
				return
			case xml.EndElement:
				depth--
			case xml.StartElement:
				depth++
				if depth == 1 && token.Name.Local != "SerialNumbers" {
					yield(store.SerialItem{}, refuseDocument("enum", fmt.Sprintf("its root is %q, not SerialNumbers", shorten(token.Name.Local))))
					return
				}
				if depth == 1 {
					typeName = attribute(token, "serialNumberType")
				}
				if depth != 2 || token.Name.Local != "SN" {
					continue
				}
				n++
				item := store.SerialItem{
					Path: fmt.Sprintf("/SerialNumbers/SN[%d]", n), Type: typeName, Number: attribute(token, "id"),
					Serial: attribute(token, "refSN"), Part: attribute(token, "refPN"), Station: attribute(token, "refStn"),
				}
				completeSerial(&item, attribute(token, "seq"), attribute(token, "taken"))
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

func refuseDocument(rule, why string) error {
	return refuseAll(report.Findings{{Path: "$", Rule: rule, Message: "the file is no document of serial numbers: " + why}})
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// exportSerialNumbers answers with a file of numbers, as the database gives them.
//
// Route: GET /api/Production/SerialNumbers.
func (s *server) exportSerialNumbers(w http.ResponseWriter, c *call) error {
	o, err := readOptions(c)
	if err != nil {
		return err
	}
	q := store.SerialQuery{Type: o.need("typeName"), State: wats.SerialState(strings.ToLower(o.text("state")))}
	switch q.State {
	case "", wats.SerialFree, wats.SerialReserved, wats.SerialTaken:
	case "all":
		q.State = ""
	default:
		o.addf("state", "enum", "state must be free, reserved, taken or all, is %q", shorten(o.text("state")))
	}
	format := strings.ToLower(o.text("format"))
	if format != "" && format != "csv" && format != "xml" {
		o.addf("format", "enum", "format must be csv or xml, is %q", shorten(format))
	}
	if err := o.err(); err != nil {
		return err
	}
	out := bufio.NewWriterSize(newPatientWriter(w), streamBuffer)
	numbers := s.store.SerialNumbers(c.Context(), q)
	if format == "xml" {
		w.Header().Set("Content-Type", "application/xml; charset=utf-8")
		err = writeSerialsXML(out, q.Type, numbers)
	} else {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		err = writeSerialsCSV(out, numbers)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

func writeSerialsCSV(out io.Writer, numbers iter.Seq2[*wats.SerialNumberRecord, error]) error {
	lines := csv.NewWriter(out)
	if err := lines.Write([]string{"serialNumberType", "id", "state", "taken", "refSN", "refPN", "stationName"}); err != nil {
		return err
	}
	for n, err := range numbers {
		if err != nil {
			return err
		}
		if err := lines.Write([]string{n.Type, n.Number, string(n.State), takenText(n), n.SerialNumber, n.PartNumber, n.StationName}); err != nil {
			return err
		}
	}
	lines.Flush()
	return lines.Error()
}

func takenText(n *wats.SerialNumberRecord) string {
	if n.Taken.IsZero() {
		return ""
	}
	return n.Taken.UTC().Format(time.RFC3339Nano)
}

func writeSerialsXML(out io.Writer, typeName string, numbers iter.Seq2[*wats.SerialNumberRecord, error]) error {
	doc := xml.NewEncoder(out)
	root := xml.StartElement{Name: xml.Name{Local: "SerialNumbers"}, Attr: []xml.Attr{{Name: xml.Name{Local: "serialNumberType"}, Value: typeName}}}
	if _, err := io.WriteString(out, xml.Header); err != nil {
		return err
	}
	if err := doc.EncodeToken(root); err != nil {
		return err
	}
	for n, err := range numbers {
		if err != nil {
			return err
		}
		one := wats.SerialNumberXML{ID: n.Number, Taken: takenText(n), RefSN: n.SerialNumber, RefPN: n.PartNumber, Station: n.StationName}
		if err := doc.EncodeElement(one, xml.StartElement{Name: xml.Name{Local: "SN"}}); err != nil {
			return err
		}
	}
	if err := doc.EncodeToken(root.End()); err != nil {
		return err
	}
	return doc.Close()
}

package convert

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/gowats/gowats/report"
)

// maxDocument is the largest file of a format that is read whole. It is what a server takes.
const maxDocument = 64 << 20

func wsjf() Format {
	return Format{
		Name: "wsjf", Title: "WATS standard JSON format", Extensions: []string{".json"},
		probe: probeWSJF,
		read:  readWSJF,
		write: writeWSJF,
	}
}

// probeWSJF looks for an object with the members that every report has.
func probeWSJF(head []byte) float64 {
	head, err := io.ReadAll(newTextReader(bytes.NewReader(head)))
	if err != nil { // memory does not fail
		return 0
	}
	head = bytes.TrimLeft(head, " \t\r\n")
	if !bytes.HasPrefix(head, []byte("{")) {
		return 0
	}
	found := 0.0
	for _, member := range []string{`"type"`, `"pn"`, `"sn"`, `"processCode"`} {
		if bytes.Contains(head, []byte(member)) {
			found += 0.2
		}
	}
	for _, member := range []string{`"root"`, `"uut"`, `"uur"`} {
		if bytes.Contains(head, []byte(member)) {
			return found + 0.2
		}
	}
	return found
}

func readWSJF(in *reading) iter.Seq2[*report.Report, error] {
	return func(yield func(*report.Report, error) bool) {
		data, err := io.ReadAll(io.LimitReader(newTextReader(in.src), maxDocument+1))
		if err == nil && len(data) > maxDocument {
			err = fmt.Errorf("the document is larger than %d bytes", maxDocument)
		}
		if err != nil {
			yield(nil, in.stopped("WSJF", err))
			return
		}
		r, findings, err := report.DecodeWSJF(data)
		if err != nil {
			yield(nil, in.stopped("WSJF", err))
			return
		}
		for _, f := range findings {
			in.lose(f.Path, "%s", f.Message)
		}
		yield(r, nil)
	}
}

func writeWSJF(dst io.Writer, reports []*report.Report, _ WriteOptions) ([]Loss, error) {
	if len(reports) != 1 {
		return nil, errors.New("a WSJF file holds one report; write several files")
	}
	var losses lossList
	if addedByServer(reports[0]) {
		losses.add("$", serverMembersLost)
	}
	_, err := dst.Write(append(reports[0].AppendWSJF(nil, report.WSJFOptions{}), '\n'))
	return losses.all(), err
}

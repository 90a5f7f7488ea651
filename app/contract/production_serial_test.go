package contract_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// pool returns a client of a server that has the plain numbers P0001 to P0100 of the type Board, and 256 MAC addresses of the type MAC.
func pool(t *testing.T) (*bench, *wats.Client) {
	t.Helper()
	b := startServer(t)
	c := b.client(t, wats.WithToken(b.token), wats.WithStation("ICT-07", "Oslo", "Production"))
	for _, kind := range []wats.SerialNumberType{
		{Name: "Board", Description: "Serial numbers of boards", Pattern: `P\d{4}`},
		{Name: "MAC", Format: "xx:xx:xx:xx:xx:xx", Identifier: wats.MACAddress},
	} {
		if _, err := c.Production.SaveSerialNumberType(t.Context(), kind); err != nil {
			t.Fatal(err)
		}
	}
	var lines strings.Builder
	for i := range 100 {
		fmt.Fprintf(&lines, "P%04d\n", i+1)
	}
	done, err := c.Production.ImportSerialNumbers(t.Context(), "Board", wats.SerialCSV, []byte(lines.String()))
	if err != nil || done.Imported != 100 || done.RejectedCount != 0 {
		t.Fatalf("import of CSV: %+v, %v", done, err)
	}
	done, err = c.Production.ImportSerialNumbers(t.Context(), "", wats.SerialXML,
		[]byte(`<?xml version="1.0"?><SerialNumbers serialNumberType="mac"><SN id="001B.6384.4500" seq="255"/></SerialNumbers>`))
	if err != nil || done.Imported != 256 {
		t.Fatalf("import of XML: %+v, %v", done, err)
	}
	return b, c
}

func TestSerialNumberTypes(t *testing.T) {
	_, c := pool(t)
	ctx := t.Context()
	types, err := c.Production.SerialNumberTypes(ctx)
	if err != nil || len(types) != 2 || types[0].Name != "Board" || types[1].Identifier != wats.MACAddress || types[1].IdentifierName != "MAC address" {
		t.Errorf("SerialNumberTypes: %+v, %v", types, err)
	}
	if changed, err := c.Production.SaveSerialNumberType(ctx, wats.SerialNumberType{Name: "BOARD", Pattern: "P.*"}); err != nil || changed.Name != "BOARD" {
		t.Errorf("SaveSerialNumberType: %+v, %v", changed, err)
	}
	if types, err := c.Production.SerialNumberTypes(ctx); err != nil || len(types) != 2 || types[0].Name != "BOARD" {
		t.Errorf("SerialNumberTypes after a change: %+v, %v; want no old answer", types, err)
	}
	if _, err := c.Production.SaveSerialNumberType(ctx, wats.SerialNumberType{Name: "board", Identifier: wats.MACAddress}); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("change of the kind of numbers: %v, want ErrConflict", err)
	}
	if err := c.Production.DeleteSerialNumberType(ctx, "Board"); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("DeleteSerialNumberType with numbers: %v, want ErrConflict", err)
	}
	if _, err := c.Production.SaveSerialNumberType(ctx, wats.SerialNumberType{Name: "Empty/1"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Production.DeleteSerialNumberType(ctx, "empty/1"); err != nil {
		t.Error(err)
	}
	if err := c.Production.DeleteSerialNumberType(ctx, "Empty/1"); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("DeleteSerialNumberType of none: %v, want ErrNotFound", err)
	}
	_, err = c.Production.SaveSerialNumberType(ctx, wats.SerialNumberType{Pattern: "(?=x)", Format: "XX-XX", Identifier: wats.MACAddress})
	want := map[string]string{"$.name": "required", "$.regEx": "syntax", "$.format": "format"}
	if got := rulesOf(t, err); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("SaveSerialNumberType: violations %v, want %v", got, want)
	}
}

func TestTakeSerialNumbers(t *testing.T) {
	_, c := pool(t)
	ctx := t.Context()
	take := func(want string, r wats.SerialTake) {
		t.Helper()
		if got, err := c.Production.TakeSerialNumbers(ctx, r); err != nil || strings.Join(got, " ") != want {
			t.Errorf("TakeSerialNumbers(%+v): %q, %v; want %s", r, got, err, want)
		}
	}
	take("P0001", wats.SerialTake{Type: "board", Quantity: 1})
	take("P0002 P0003", wats.SerialTake{Type: "Board", Quantity: 2, SerialNumber: "U1", PartNumber: "PCB-1"})
	take("00:1b:63:84:45:00", wats.SerialTake{Type: "MAC", Quantity: 1, SerialNumber: "U1"})
	take("P0050", wats.SerialTake{Type: "Board", Quantity: 1, From: "P0050"})
	take("P0051 P0052 P0053", wats.SerialTake{Type: "Board", Quantity: 3, From: "P0049", InSequence: true})
	take("P0049 P0054", wats.SerialTake{Type: "Board", Quantity: 2, From: "P0049"})
	take("P0055 P0056", wats.SerialTake{Type: "Board", Quantity: 2, SerialNumber: "U2", PartNumber: "PCB-1", From: "P0055", Reuse: true})
	take("P0055 P0056", wats.SerialTake{Type: "Board", Quantity: 2, SerialNumber: "U2", PartNumber: "PCB-1", Reuse: true})
	take("P0004", wats.SerialTake{Type: "Board", Quantity: 1, SerialNumber: "U2", PartNumber: "PCB-1", Reuse: true})
	take("P0004", wats.SerialTake{Type: "Board", Quantity: 1, SerialNumber: "U2", PartNumber: "PCB-1", Reuse: true})

	for name, r := range map[string]wats.SerialTake{
		"more than are free":             {Type: "Board", Quantity: 92},
		"more in sequence than are free": {Type: "Board", Quantity: 45, InSequence: true},
		"more than are free from there":  {Type: "Board", Quantity: 45, From: "P0057"},
		"a type that is not there":       {Type: "none", Quantity: 1},
	} {
		if got, err := c.Production.TakeSerialNumbers(ctx, r); !errors.Is(err, wats.ErrNotFound) {
			t.Errorf("taking %s: %q, %v; want ErrNotFound", name, got, err)
		}
	}
	if n, err := c.Production.CountSerialNumbers(ctx, wats.SerialSearch{Type: "Board"}); n != 100 || err != nil {
		t.Errorf("CountSerialNumbers: %d, %v; want all 100 still there", n, err)
	}
	_, err := c.Production.TakeSerialNumbers(ctx, wats.SerialTake{Quantity: -1, Reuse: true, PartNumber: strings.Repeat("x", 101)})
	want := map[string]string{"$.serialNumberType": "required", "$.quantity": "range", "$.refPN": "length"}
	if got := rulesOf(t, err); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("TakeSerialNumbers: violations %v, want %v", got, want)
	}

	records, err := c.Production.SerialNumbersByReference(ctx, "Board", "U2", "")
	if err != nil || len(records) != 3 || records[0].Number != "P0004" || records[2].Number != "P0056" || records[1].StationName != "ICT-07" ||
		records[1].State != wats.SerialTaken || records[1].Taken.IsZero() || records[1].SerialNumber != "U2" || records[1].PartNumber != "PCB-1" {
		t.Errorf("SerialNumbersByReference: %+v, %v", records, err)
	}
	if records, err := c.Production.SerialNumbersByReference(ctx, "Board", "", "PCB-1"); err != nil || len(records) != 5 {
		t.Errorf("SerialNumbersByReference by part number: %+v, %v; want 5", records, err)
	}
}

func TestSearchSerialNumbers(t *testing.T) {
	_, c := pool(t)
	ctx := t.Context()
	before := time.Now().Add(-time.Minute)
	if _, err := c.Production.TakeSerialNumbers(ctx, wats.SerialTake{Type: "Board", Quantity: 10}); err != nil {
		t.Fatal(err)
	}
	reserved, err := c.Production.ReserveSerialNumbers(ctx, wats.SerialReserve{Type: "Board", Quantity: 5})
	if err != nil {
		t.Fatal(err)
	}
	records, err := c.Production.SerialNumbersByRange(ctx, "Board", "P0009", "P0018")
	var states []wats.SerialState
	for _, r := range records {
		states = append(states, r.State)
	}
	if err != nil || len(records) != 10 || records[0].Number != "P0009" || records[9].Number != "P0018" || records[3].ReservationID != reserved.ID ||
		fmt.Sprint(states) != "[taken taken reserved reserved reserved reserved reserved free free free]" {
		t.Errorf("SerialNumbersByRange: %+v, %v", records, err)
	}
	if records, err := c.Production.SerialNumbersByRange(ctx, "Board", "Q1", "Q2"); err != nil || len(records) != 0 {
		t.Errorf("SerialNumbersByRange of none: %+v, %v", records, err)
	}
	if found, err := c.Production.FindSerialNumbers(ctx, wats.SerialSearch{Type: "Board", From: "P0001", To: "P0099", After: before}); err != nil || len(found) != 10 {
		t.Errorf("FindSerialNumbers taken since: %d, %v; want 10", len(found), err)
	}
	for name, tc := range map[string]struct {
		q    wats.SerialSearch
		want int64
	}{
		"all":         {wats.SerialSearch{Type: "Board"}, 100},
		"from":        {wats.SerialSearch{Type: "Board", From: "P0008"}, 93},
		"to":          {wats.SerialSearch{Type: "Board", To: "P0012"}, 12},
		"both":        {wats.SerialSearch{Type: "Board", From: "P0008", To: "P0012"}, 5},
		"taken since": {wats.SerialSearch{Type: "Board", To: "P0005", After: before}, 5},
		"taken once":  {wats.SerialSearch{Type: "Board", Before: before}, 0},
	} {
		if n, err := c.Production.CountSerialNumbers(ctx, tc.q); n != tc.want || err != nil {
			t.Errorf("CountSerialNumbers %s: %d, %v; want %d", name, n, err, tc.want)
		}
	}
	ranges, err := c.Production.SerialNumberRanges(ctx, "Board")
	if err != nil || len(ranges) != 2 || ranges[0].From != "P0016" || ranges[0].To != "P0100" || ranges[0].Count != 85 || ranges[0].State != wats.SerialFree ||
		ranges[1].State != wats.SerialReserved || ranges[1].StationName != "ICT-07" || ranges[1].Reserved.IsZero() {
		t.Errorf("SerialNumberRanges: %+v, %v", ranges, err)
	}
	if ranges, err := c.Production.SerialNumberRanges(ctx, ""); err != nil || len(ranges) != 3 {
		t.Errorf("SerialNumberRanges of all: %+v, %v", ranges, err)
	}
	if n, err := c.Production.SerialNumberStatistics(ctx, "board"); err != nil || n.Total != 100 || n.Free != 85 || n.Reserved != 5 || n.Taken != 10 || n.Type != "Board" {
		t.Errorf("SerialNumberStatistics: %+v, %v", n, err)
	}
	if n, err := c.Production.SerialNumberStatistics(ctx, ""); err != nil || n.Total != 356 || len(n.Types) != 2 {
		t.Errorf("SerialNumberStatistics of all: %+v, %v", n, err)
	}

	one := func(from, to string) []wats.SerialNumberRange {
		return []wats.SerialNumberRange{{Type: "Board", From: from, To: to}}
	}
	if n, err := c.Production.FreeSerialNumbers(ctx, one("P0001", "P0013")); n != 3 || err != nil {
		t.Errorf("FreeSerialNumbers: %d, %v; want 3", n, err)
	}
	if n, err := c.Production.DeleteFreeSerialNumbers(ctx, one("P0001", "P0020")); n != 8 || err != nil {
		t.Errorf("DeleteFreeSerialNumbers: %d, %v; want 8", n, err)
	}
	if _, err := c.Production.FreeSerialNumbers(ctx, append(one("P0009", "P0001"), one("P1", "Q1")...)); fmt.Sprint(rulesOf(t, err)) != "map[$[0].to:order $[1].to:order]" {
		t.Errorf("FreeSerialNumbers out of order: %v", err)
	}
	if _, err := c.Production.DeleteFreeSerialNumbers(ctx, nil); rulesOf(t, err)["$"] != "length" {
		t.Errorf("DeleteFreeSerialNumbers of none: %v", err)
	}
	for name, err := range map[string]error{
		"SerialNumbersByRange":     second(c.Production.SerialNumbersByRange(ctx, "none", "1", "2")),
		"SerialNumbersByReference": second(c.Production.SerialNumbersByReference(ctx, "none", "1", "2")),
		"SerialNumberRanges":       second(c.Production.SerialNumberRanges(ctx, "none")),
		"SerialNumberStatistics":   second(c.Production.SerialNumberStatistics(ctx, "none")),
		"CountSerialNumbers":       second(c.Production.CountSerialNumbers(ctx, wats.SerialSearch{Type: "none"})),
		"FreeSerialNumbers":        second(c.Production.FreeSerialNumbers(ctx, []wats.SerialNumberRange{{Type: "none", From: "1", To: "2"}})),
		"ExportSerialNumbers":      c.Production.ExportSerialNumbers(ctx, new(bytes.Buffer), wats.SerialExport{Type: "none"}),
		"ImportSerialNumbers":      second(c.Production.ImportSerialNumbers(ctx, "none", wats.SerialCSV, []byte("1\n"))),
	} {
		if !errors.Is(err, wats.ErrNotFound) {
			t.Errorf("%s of a type that is not there: %v, want ErrNotFound", name, err)
		}
	}
}

func TestReserveSerialNumbers(t *testing.T) {
	_, c := pool(t)
	ctx := t.Context()
	ask := wats.SerialReserve{ID: report.NewID(), Type: "Board", Quantity: 10, InSequence: true}
	for range 2 { // a lost answer is repeated
		r, err := c.Production.ReserveSerialNumbers(ctx, ask)
		if err != nil || r.ID != ask.ID || r.StationName != "ICT-07" || len(r.Ranges) != 1 || r.Ranges[0].From != "P0001" || r.Ranges[0].To != "P0010" {
			t.Fatalf("ReserveSerialNumbers: %+v, %v", r, err)
		}
	}
	other := ask
	other.Quantity = 11
	if _, err := c.Production.ReserveSerialNumbers(ctx, other); !errors.Is(err, wats.ErrConflict) {
		t.Errorf("the same ID for other numbers: %v, want ErrConflict", err)
	}
	if got, err := c.Production.TakeSerialNumbers(ctx, wats.SerialTake{Type: "Board", Quantity: 1}); err != nil || got[0] != "P0011" {
		t.Errorf("taking beside a reservation: %q, %v; want P0011", got, err)
	}
	used := []wats.SerialUse{
		{Number: "P0003", SerialNumber: "U3", PartNumber: "PCB-1", Taken: wats.Time{Time: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)}},
		{Number: "P0001", SerialNumber: "U1"},
	}
	for range 2 {
		if err := c.Production.ReportSerialNumbers(ctx, ask.ID, used); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.Production.Reservation(ctx, report.NewID())
	if !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("Reservation of none: %v, want ErrNotFound", err)
	}
	r, err := c.Production.Reservation(ctx, ask.ID)
	if err != nil || len(r.Ranges) != 2 || r.Ranges[0].From != "P0002" || r.Ranges[0].To != "P0002" || r.Ranges[1].From != "P0004" || r.Quantity != 10 || r.Canceled {
		t.Errorf("Reservation: %+v, %v", r, err)
	}
	err = c.Production.ReportSerialNumbers(ctx, ask.ID, []wats.SerialUse{{Number: "P0002"}, {Number: "P0011"}, {Number: "P0002"}, {Number: "X"}})
	if got := rulesOf(t, err); fmt.Sprint(got) != "map[$[1].serialNumber:reference $[2].serialNumber:unique $[3].serialNumber:reference]" {
		t.Errorf("ReportSerialNumbers of others: %v", got)
	}
	records, err := c.Production.SerialNumbersByReference(ctx, "Board", "U3", "")
	if err != nil || len(records) != 1 || records[0].ReservationID != ask.ID || records[0].Taken.Month() != time.November || records[0].StationName != "ICT-07" {
		t.Errorf("SerialNumbersByReference: %+v, %v", records, err)
	}
	for i, want := range []int64{8, 0} {
		if n, err := c.Production.CancelReservation(ctx, ask.ID); n != want || err != nil {
			t.Errorf("CancelReservation %d: %d, %v; want %d", i, n, err, want)
		}
	}
	if got, err := c.Production.TakeSerialNumbers(ctx, wats.SerialTake{Type: "Board", Quantity: 8}); err != nil || strings.Join(got, " ") != "P0002 P0004 P0005 P0006 P0007 P0008 P0009 P0010" {
		t.Errorf("taking what was given back: %q, %v", got, err)
	}
	if err := c.Production.ReportSerialNumbers(ctx, ask.ID, []wats.SerialUse{{Number: "P0002"}}); rulesOf(t, err)["$[0].serialNumber"] != "reference" {
		t.Errorf("ReportSerialNumbers after the reservation was canceled: %v", err)
	}
	if _, err := c.Production.CancelReservation(ctx, report.NewID()); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("CancelReservation of none: %v, want ErrNotFound", err)
	}
	if _, err := c.Production.ReserveSerialNumbers(ctx, wats.SerialReserve{Type: "Board", Quantity: 1000}); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("reserving more than are free: %v, want ErrNotFound", err)
	}
}

func TestSerialNumberFiles(t *testing.T) {
	_, c := pool(t)
	ctx := t.Context()
	if _, err := c.Production.TakeSerialNumbers(ctx, wats.SerialTake{Type: "Board", Quantity: 2, SerialNumber: "U;1", PartNumber: `P"CB`}); err != nil {
		t.Fatal(err)
	}
	done, err := c.Production.ImportSerialNumbers(ctx, "Board", wats.SerialCSV, []byte("\ufeffid;state\r\nP0001;free\r\nP0200;\r\nP0200;free\r\nP0100;free\r\nP0101;free\r\n"))
	if err != nil || done.Imported != 2 || done.RejectedCount != 3 || fmt.Sprint(done.Rejected) != "[P0001 P0100 P0200]" {
		t.Errorf("import of numbers that are there: %+v, %v", done, err)
	}
	if ranges, err := c.Production.SerialNumberRanges(ctx, "Board"); err != nil || len(ranges) != 2 || ranges[0].To != "P0101" {
		t.Errorf("ranges: %+v, %v; want P0101 joined to what was before it", ranges, err)
	}

	// What one server exports, another takes over, with what is taken.
	for _, format := range []wats.SerialFormat{wats.SerialCSV, wats.SerialXML} {
		var file bytes.Buffer
		if err := c.Production.ExportSerialNumbers(ctx, &file, wats.SerialExport{Type: "Board", Format: format}); err != nil {
			t.Fatal(err)
		}
		there := startServer(t).client(t)
		if _, err := there.Production.SaveSerialNumberType(ctx, wats.SerialNumberType{Name: "Board"}); err != nil {
			t.Fatal(err)
		}
		if done, err := there.Production.ImportSerialNumbers(ctx, "", format, file.Bytes()); err != nil || done.Imported != 102 {
			t.Errorf("import of exported %s: %+v, %v", format, done, err)
		}
		if n, err := there.Production.SerialNumberStatistics(ctx, "Board"); err != nil || n.Free != 100 || n.Taken != 2 {
			t.Errorf("after import of exported %s: %+v, %v", format, n, err)
		}
		want, err := c.Production.SerialNumbersByReference(ctx, "Board", "U;1", "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := there.Production.SerialNumbersByReference(ctx, "Board", "U;1", `P"CB`)
		if err != nil || len(got) != 2 || got[1].Taken != want[1].Taken || got[1].Number != "P0002" {
			t.Errorf("what was taken, after import of %s: %+v, %v; want %+v", format, got, err, want)
		}
	}
	var file bytes.Buffer
	if err := c.Production.ExportSerialNumbers(ctx, &file, wats.SerialExport{Type: "Board", State: wats.SerialTaken}); err != nil || strings.Count(file.String(), "\n") != 3 {
		t.Errorf("export of what is taken: %q, %v", file.String(), err)
	}
}

// TestBadSerialNumberRequests sends what the SDK would not.
func TestBadSerialNumberRequests(t *testing.T) {
	b, c := pool(t)
	const file = "/api/Production/SerialNumbers"
	var many strings.Builder
	for i := range 50_001 {
		fmt.Fprintf(&many, "<SN id='P%04d'/>", i*2)
	}
	for _, tc := range []struct {
		method, path, kind, body string
		status                   int
		rules                    []string
	}{
		{http.MethodPost, "/api/Production/SerialNumbers/Take", "", "", 400, []string{"serialNumberType:required", "quantity:required"}},
		{http.MethodPost, "/api/Production/SerialNumbers/Take?serialNumberType=Board&quantity=0", "", "", 400, []string{"quantity:range"}},
		{http.MethodPost, "/api/Production/SerialNumbers/Take?serialNumberType=Board&quantity=-5", "", "", 400, []string{"quantity:range"}},
		{http.MethodPost, "/api/Production/SerialNumbers/Take?serialNumberType=Board&quantity=10001", "", "", 400, []string{"quantity:range"}},
		{http.MethodGet, "/api/Production/SerialNumbers/ByRange?typeName=Board&from=P0009&to=P0001", "", "", 400, []string{"to:order"}},
		{http.MethodGet, "/api/Production/SerialNumbers/ByRange?typeName=MAC&from=x&to=y", "", "", 400, []string{"from:format", "to:format"}},
		{http.MethodGet, "/api/Production/SerialNumbers/ByReference?typeName=Board", "", "", 400, []string{"referenceSerialNumber:required"}},
		{http.MethodGet, "/api/internal/Production/SerialNumbers?startDate=x&endDate=y", "", "", 400,
			[]string{"serialNumberType:required", "startAddress:required", "endAddress:required", "startDate:date-time", "endDate:date-time"}},
		{http.MethodGet, "/api/internal/Production/SerialNumbers/Count?serialNumberType=Board&fromDate=2026-02-01T00:00:00&toDate=2026-01-01T00:00:00", "", "", 400,
			[]string{"toDate:order"}},
		{http.MethodGet, file + "?typeName=Board&state=lost&format=pdf", "", "", 400, []string{"state:enum", "format:enum"}},
		{http.MethodPut, file, "text/csv", "P0300\n", 400, []string{"typeName:required"}},
		{http.MethodPut, file + "?typeName=Board", "text/csv", "", 400, []string{"$:required"}},
		{http.MethodPut, file + "?typeName=Board", "text/csv", "P0300\nQ1\nP1\n", 400, []string{"line 2:pattern", "line 3:pattern"}},
		{http.MethodPut, file + "?typeName=Board", "text/csv", "id,type,seq,taken,state\nP0300,MAC\nP0301,,x\nP0302,,,y\nP0303,,,,reserved\nP0304,,1,2026-01-01T00:00:00\n,\n", 400,
			[]string{"line 2:type", "line 3:range", "line 4:date-time", "line 5:enum", "line 6:range", "line 7:required"}},
		{http.MethodPut, file + "?typeName=Board", "text/csv", "\"P0300\n", 400, []string{"$:syntax"}},
		{http.MethodPut, file + "?typeName=MAC", "text/csv", "id,seq\nFF-FF-FF-FF-FF-FF,1\n", 400, []string{"line 2:range"}},
		{http.MethodPut, file + "?typeName=Board", "application/xml", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><SerialNumbers><SN id="&e;"/></SerialNumbers>`, 400,
			[]string{"$:entities"}},
		{http.MethodPut, file + "?typeName=Board", "application/xml", `<SerialNumbers><SN id="&e;"/></SerialNumbers>`, 400, []string{"$:syntax"}},
		{http.MethodPut, file + "?typeName=Board", "application/xml", `<SerialNumbers><SN id="P0300"/>`, 400, []string{"$:syntax"}},
		{http.MethodPut, file + "?typeName=Board", "application/xml", `<Numbers/>`, 400, []string{"$:enum"}},
		{http.MethodPut, file + "?typeName=Board", "application/xml", `<SerialNumbers><SN/><SN id="x" seq="-1"/></SerialNumbers>`, 400,
			[]string{"/SerialNumbers/SN[1]:required", "/SerialNumbers/SN[2]:range"}},
		{http.MethodPut, file + "?typeName=Any", "application/xml", "<SerialNumbers>" + many.String() + "</SerialNumbers>", 413, nil},
		{http.MethodPut, file + "?typeName=Board", "text/csv", strings.Repeat("x", 33<<20), 413, nil},
		{http.MethodPost, "/api/gowats/v1/Production/SerialNumbers/Take", "application/json", `{"quantity":"x"}`, 400, []string{"$.quantity:type"}},
		{http.MethodPost, "/api/gowats/v1/Production/SerialNumbers/Reservations", "application/json", `{"quantity":0}`, 400,
			[]string{"$.id:required", "$.serialNumberType:required", "$.quantity:range"}},
		{http.MethodGet, "/api/gowats/v1/Production/SerialNumbers/Reservations/x", "", "", 400, []string{"id:format"}},
		{http.MethodPut, "/api/internal/Production/SerialNumbers/Free", "application/json", `[{},{"serialNumberType":"Board","from":"1"}]`, 400,
			[]string{"$[0].serialNumberType:required", "$[0].from:required", "$[0].to:required", "$[1].to:required"}},
	} {
		if strings.Contains(tc.path, "Any") {
			if _, err := c.Production.SaveSerialNumberType(t.Context(), wats.SerialNumberType{Name: "Any"}); err != nil {
				t.Fatal(err)
			}
		}
		status, rules := b.send(t, tc.method, tc.path, tc.kind, tc.body)
		slices.Sort(tc.rules)
		if status != tc.status || !slices.Equal(rules, tc.rules) {
			t.Errorf("%s %s %.100s: %d with %q, want %d with %q", tc.method, tc.path, tc.body, status, rules, tc.status, tc.rules)
		}
	}
	if n, err := c.Production.CountSerialNumbers(t.Context(), wats.SerialSearch{Type: "Board"}); n != 100 || err != nil {
		t.Errorf("after all that was refused the pool has %d numbers, %v; want 100", n, err)
	}
}

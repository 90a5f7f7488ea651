package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/app/store"
	"github.com/gowats/gowats/app/store/storetest"
	"github.com/gowats/gowats/report"
)

var everything = store.Expansion{SubUnits: true, MiscInfo: true, Assets: true, Attachments: true}

// parts gives a test two misc infos, a sub-unit, an asset and two files.
func parts(lot string) func(*report.Report) {
	return func(r *report.Report) {
		r.MiscInfos = []report.MiscInfo{{Description: "Lot", Text: lot}, {Description: "Count", Numeric: report.Num(7)}}
		r.SubUnits = []report.SubUnit{{PartType: "PCBA", SerialNumber: "SUB-" + lot, PartNumber: "PN-SUB", Revision: "C"}}
		r.Assets = []report.Asset{{SerialNumber: "DMM-1", UsageCount: report.Some(3)}}
		r.BinaryData = []report.Attachment{{Name: "photo.png", ContentType: "image/png", Data: []byte("PNG " + lot), Description: "front"}}
		r.Test.Root.Steps[1].Attachment = &report.Attachment{Name: "log.txt", ContentType: "text/plain", Data: []byte("log " + lot)}
	}
}

func TestHeadersWithTheirLists(t *testing.T) {
	s := openStore(t)
	const n = 600 // more than are read at once
	for i := range n {
		change := parts(fmt.Sprint(i))
		if i%3 == 0 {
			change = func(*report.Report) {}
		}
		submit(t, s, test(i, serial(fmt.Sprint(i)), change, later(time.Duration(i)*time.Second)))
	}
	all := headers(t, s, store.HeaderQuery{OrderBy: "start", Expand: everything})
	if len(all) != n {
		t.Fatalf("%d headers, want %d", len(all), n)
	}
	for i, h := range all {
		got := [4]int{len(h.SubUnits), len(h.MiscInfo), len(h.Assets), len(h.Attachments)}
		want := [4]int{1, 2, 1, 2}
		if i%3 == 0 {
			want = [4]int{}
		}
		if got != want || h.SerialNumber != fmt.Sprint(i) || h.SubUnits == nil {
			t.Fatalf("header %d of unit %s has lists of %v, want %v (and none nil)", i, h.SerialNumber, got, want)
		}
	}
	h := all[1]
	wantFiles := []wats.HeaderAttachment{
		{ID: h.Attachments[0].ID, FileName: "photo.png", ContentType: "image/png", Size: 5, Description: "front"},
		{ID: h.Attachments[1].ID, FileName: "log.txt", ContentType: "text/plain", Size: 5, StepID: report.Some(3)},
	}
	if diff := cmp.Diff(wantFiles, h.Attachments); diff != "" {
		t.Errorf("attachments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]wats.HeaderMiscInfo{{Description: "Lot", Value: "1"}, {Description: "Count", Value: "7"}}, h.MiscInfo); diff != "" {
		t.Errorf("misc info (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]wats.HeaderSubUnit{{SerialNumber: "SUB-1", PartNumber: "PN-SUB", Revision: "C", PartType: "PCBA"}}, h.SubUnits); diff != "" {
		t.Errorf("sub-units (-want +got):\n%s", diff)
	}
	if one := headers(t, s, store.HeaderQuery{Top: 1, Expand: store.Expansion{MiscInfo: true}})[0]; one.MiscInfo == nil || one.SubUnits != nil {
		t.Errorf("with misc info only: got %+v, want no other list", one)
	}
}

func TestHeadersByMiscInfo(t *testing.T) {
	s := openStore(t)
	submit(t, s, test(1, parts("A")))
	submit(t, s, test(1, parts("B"))) // supersedes
	submit(t, s, test(2, serial("SN2"), parts("B"), later(time.Hour)))
	submit(t, s, repair(3, "Component", "Wrong Component", func(r *report.Report) {
		r.MiscInfos = []report.MiscInfo{{Description: "Lot", Text: "B"}}
		r.Start = r.Start.Add(2 * time.Hour)
	}))
	for _, c := range []struct {
		description, value string
		want               []report.ID
	}{
		{"Lot", "A", nil}, // of a superseded version
		{"Lot", "B", []report.ID{id(3), id(2), id(1)}},
		{"Lot", "b", nil},
		{"lot", "B", nil},
		{"Lot", "%", nil},
		{"Count", "7", []report.ID{id(2), id(1)}},
		{"Lot", "", nil},
	} {
		var got []report.ID
		for _, h := range headers(t, s, store.HeaderQuery{Misc: wats.HeaderMiscInfo{Description: c.description, Value: c.value}}) {
			got = append(got, h.ID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("headers by %s = %s (-want +got):\n%s", c.description, c.value, diff)
		}
	}
	q := store.HeaderQuery{Misc: wats.HeaderMiscInfo{Description: "Lot", Value: "B"}, Filter: "serialNumber eq 'SN2' or serialNumber eq 'SN9'"}
	if got := headers(t, s, q); len(got) != 1 || got[0].ID != id(2) {
		t.Errorf("headers by misc info and filter: got %d, want that of SN2", len(got))
	}
}

func TestAttachmentsKeepTheirIDs(t *testing.T) {
	s := openStore(t)
	submit(t, s, test(1, parts("A")))
	files := headers(t, s, store.HeaderQuery{Expand: everything})[0].Attachments
	submit(t, s, test(1, parts("B")))
	for i, want := range []string{"PNG A", "log A"} {
		file, err := s.Attachment(t.Context(), files[i].ID)
		if err != nil || string(file.Data) != want {
			t.Errorf("Attachment(%d): got %+v, %v; want %q", files[i].ID, file, err, want)
		}
	}
	if _, err := s.Attachment(t.Context(), 4711); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Attachment of another ID: got %v, want ErrNotFound", err)
	}
}

// TestOlderReportsGetTheirLists takes the lists away, as a database has it that is older than they.
func TestOlderReportsGetTheirLists(t *testing.T) {
	address := storetest.Address(t)
	s := openAt(t, address)
	const n = 450 // more than are listed at once
	for i := range n {
		submit(t, s, test(i, serial(fmt.Sprint(i)), parts("A")))
	}
	before := headers(t, s, store.HeaderQuery{Expand: everything})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db := storetest.Database(t, address)
	for _, statement := range []string{
		`DELETE FROM report_misc_info`, `DELETE FROM report_sub_unit`, `DELETE FROM report_asset`, `DELETE FROM report_attachment`,
		`UPDATE report SET parts_listed = 0`, `UPDATE report_body SET body = 'damaged' WHERE seq = 1`,
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	after := headers(t, openAt(t, address), store.HeaderQuery{Expand: everything})
	whole := 0
	for i, h := range after {
		if len(h.SubUnits) == 1 && len(h.Attachments) == 2 && cmp.Equal(h.MiscInfo, before[i].MiscInfo) {
			whole++
		}
	}
	if len(after) != n || whole != n-1 {
		t.Errorf("%d headers, %d with their lists; want %d and all but the damaged one", len(after), whole, n)
	}
}

func TestReadsOfAClosedStore(t *testing.T) {
	s := openStore(t)
	submit(t, s, test(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for name, read := range map[string]func() error{
		"Report":       func() error { _, err := s.Report(ctx, id(1)); return err },
		"Attachment":   func() error { _, err := s.Attachment(ctx, 1); return err },
		"CountHeaders": func() error { _, err := s.CountHeaders(ctx, store.HeaderQuery{}); return err },
		"UnitHistory":  func() error { _, err := s.UnitHistory(ctx, "SN1", ""); return err },
		"Processes":    func() error { _, err := s.Processes(ctx); return err },
		"Yield":        func() error { _, err := s.Yield(ctx, wats.YieldFilter{}); return err },
		"User":         func() error { _, err := s.User(ctx, "ann"); return err },
		"Headers": func() (last error) {
			for _, last = range s.Headers(ctx, store.HeaderQuery{}) {
			}
			return last
		},
	} {
		if err := read(); !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s of a closed store: got %v, want ErrClosed", name, err)
		}
	}
}

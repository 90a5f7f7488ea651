package contract_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gowats/gowats"
)

// ignoreIDs compares lines of bills of materials without the IDs that the server gives.
func ignoreIDs() cmp.Option { return cmpopts.IgnoreFields(wats.BOMItem{}, "ID", "RevisionID") }

func TestBOM(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	p := saveProduct(t, c, wats.Product{PartNumber: "PCBA-1", Revisions: []wats.ProductRevision{{Revision: "A"}, {Revision: "B"}}})
	if items, err := c.Product.BOM(t.Context(), "PCBA-1", "A"); err != nil || len(items) != 0 {
		t.Errorf("BOM of a revision without: got %v, %v; want none", items, err)
	}
	items := []wats.BOMItem{
		{PartNumber: "R-10k", ComponentRef: "R1;R2", Description: "Resistor", Quantity: 2, Manufacturer: "M", ManufacturerPN: "M-1", Vendor: "Acme", VendorPN: "V-1", PartRevision: "2"},
		{PartNumber: "C-1"}, {PartNumber: "C-1"},
	}
	if err := c.Product.SaveBOM(t.Context(), "PCBA-1", "A", items); err != nil {
		t.Fatal(err)
	}
	stored, err := c.Product.BOM(t.Context(), "PCBA-1", "A")
	if diff := cmp.Diff(items, stored, ignoreIDs()); diff != "" || err != nil {
		t.Fatalf("BOM: %v (-saved +got):\n%s", err, diff)
	}
	if stored[0].ID.IsZero() || stored[0].RevisionID != p.Revisions[0].ID {
		t.Errorf("IDs: got %s of revision %s, want one of revision %s", stored[0].ID, stored[0].RevisionID, p.Revisions[0].ID)
	}
	// Lines that come back keep their ID; one ID for two lines is one of them.
	again := []wats.BOMItem{{PartNumber: "new"}, stored[2], stored[2], stored[0]}
	if err := c.Product.SaveBOM(t.Context(), "PCBA-1", "A", again); err != nil {
		t.Fatal(err)
	}
	now, err := c.Product.BOM(t.Context(), "PCBA-1", "A")
	if err != nil || len(now) != 4 || now[1].ID != stored[2].ID || now[2].ID == stored[2].ID || now[3] != stored[0] {
		t.Errorf("saved again: got %+v, %v; want the IDs kept", now, err)
	}
	if err := c.Product.SaveBOM(t.Context(), "PCBA-1", "B", now); err != nil {
		t.Errorf("lines copied to another revision: %v", err)
	}
	for _, missing := range [][2]string{{"PCBA-1", "C"}, {"PCBA-2", "A"}} {
		if err := c.Product.SaveBOM(t.Context(), missing[0], missing[1], items); !errors.Is(err, wats.ErrNotFound) {
			t.Errorf("SaveBOM of no revision %v: got %v, want ErrNotFound", missing, err)
		}
		if _, err := c.Product.BOM(t.Context(), missing[0], missing[1]); !errors.Is(err, wats.ErrNotFound) {
			t.Errorf("BOM of no revision %v: got %v, want ErrNotFound", missing, err)
		}
	}
	if err := c.Product.SaveBOM(t.Context(), "PCBA-1", "A", []wats.BOMItem{{}, {PartNumber: "x", Quantity: -1}}); len(violations(err)) != 2 {
		t.Errorf("wrong lines: got %v, want two violations", err)
	}
}

func TestBOMAsWSBF(t *testing.T) {
	b := startServer(t)
	c := b.client(t)
	saveProduct(t, c, wats.Product{PartNumber: "PCBA-1", Revisions: []wats.ProductRevision{{Revision: "A"}}})
	bom := wats.BOM{PartNumber: "PCBA-1", Revision: "A", Description: "Main & board", Items: []wats.BOMItem{
		{PartNumber: "R-10k", ComponentRef: "R1;R2", Quantity: 2, Description: "10 kΩ", PartRevision: "1"}, {PartNumber: "C-1"}}}
	if err := c.Product.SaveWSBF(t.Context(), bom); err != nil {
		t.Fatal(err)
	}
	stored, err := c.Product.BOM(t.Context(), "PCBA-1", "A")
	if diff := cmp.Diff(bom.Items, stored, ignoreIDs()); diff != "" || err != nil {
		t.Errorf("BOM: %v (-saved +got):\n%s", err, diff)
	}
	const path = "/api/Product/PCBA-1/A/BOM"
	if got := b.body(t, path); !strings.Contains(got, `"partNumber":"R-10k"`) {
		t.Errorf("GET %s: got %s, want the lines", path, got)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+b.token)
	request.Header.Set("Accept", "application/xml")
	if got := send(t, request); got != string(bom.WSBF()) {
		t.Errorf("GET %s as XML: got\n%s\nwant\n%s", path, got, bom.WSBF())
	}

	bom.PartNumber = "PCBA-2"
	if err := c.Product.SaveWSBF(t.Context(), bom); !errors.Is(err, wats.ErrNotFound) {
		t.Errorf("WSBF of no product: got %v, want ErrNotFound", err)
	}
	for _, document := range []string{
		``, `{}`, `<BOM/>`, `<BOM Partnumber="PCBA-1" Revision="A"><Component Number="x" Qty="-2"/><Component/></BOM>`,
		`<!DOCTYPE BOM [<!ENTITY a "ha">]><BOM Partnumber="PCBA-1" Revision="A"><Component Number="&a;"/></BOM>`,
		`<!DOCTYPE BOM SYSTEM "file:///etc/passwd"><BOM Partnumber="PCBA-1" Revision="A"/>`,
		strings.Repeat("<BOM>", 100_000),
	} {
		if status, answer := b.do(t, http.MethodPut, "/api/Product/BOM", "application/xml", document); status != http.StatusBadRequest {
			t.Errorf("PUT %.60s: got %d %.200s, want 400", document, status, answer)
		}
	}
	if now, err := c.Product.BOM(t.Context(), "PCBA-1", "A"); err != nil || len(now) != 2 {
		t.Errorf("after documents that were refused: got %v, %v; want what was there", now, err)
	}
	if status, _ := b.do(t, http.MethodPut, "/api/internal/Product/BOM?partNumber=PCBA-1&revision=A&format=xml", "application/json", "[]"); status != http.StatusBadRequest {
		t.Errorf("format xml: got %d, want 400", status)
	}
}

func TestVendorInUse(t *testing.T) {
	c := startServer(t).client(t)
	saveProduct(t, c, wats.Product{PartNumber: "PCBA-1", Revisions: []wats.ProductRevision{{Revision: "A"}}})
	acme, err := c.Product.SaveVendor(t.Context(), wats.Vendor{Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Product.SaveBOM(t.Context(), "PCBA-1", "A", []wats.BOMItem{{PartNumber: "R", Vendor: "Acme"}, {PartNumber: "C", Vendor: "Acme"}}); err != nil {
		t.Fatal(err)
	}
	err = c.Product.DeleteVendor(t.Context(), acme.ID)
	if !errors.Is(err, wats.ErrConflict) || !strings.Contains(err.Error(), `2 lines`) || !strings.Contains(err.Error(), `revision "A" of product "PCBA-1"`) {
		t.Errorf("DeleteVendor in use: got %v, want ErrConflict that names the lines", err)
	}
	if _, err := c.Product.SaveVendor(t.Context(), wats.Vendor{ID: acme.ID, Name: "Acme Ltd"}); err != nil {
		t.Fatal(err)
	}
	items, err := c.Product.BOM(t.Context(), "PCBA-1", "A")
	if err != nil || fmt.Sprint(items[0].Vendor, items[1].Vendor) != "Acme LtdAcme Ltd" {
		t.Errorf("lines of a vendor that got another name: got %+v, %v; want the new name", items, err)
	}
	if err := c.Product.SaveBOM(t.Context(), "PCBA-1", "A", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Product.DeleteVendor(t.Context(), acme.ID); err != nil {
		t.Errorf("DeleteVendor that is no longer in use: %v", err)
	}
}

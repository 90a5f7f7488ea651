package wats_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

func TestParseWSBF(t *testing.T) {
	want := &wats.BOM{PartNumber: "PCBA-1", Revision: "B", Description: "Board", Items: []wats.BOMItem{
		{PartNumber: "R-10k", ComponentRef: "R1;R2", Quantity: 2, Description: "Resistor <10k>", PartRevision: "3"}, {PartNumber: "C-1"},
	}}
	for name, document := range map[string]string{
		"as clients write it": `<BOM xmlns="http://wats.virinco.com/schemas/WATS/wsbf" Partnumber="PCBA-1" Revision="B" Desc="Board">` +
			`<Component Number="R-10k" Ref="R1;R2" Qty="2" Desc="Resistor &lt;10k&gt;" Rev="3"/><Component Number="C-1"/></BOM>`,
		"with a declaration, a prefix and other case": "\xef\xbb\xbf" + `<?xml version="1.0" encoding="utf-8"?><!-- ERP --><w:bom xmlns:w="urn:x" partNumber="PCBA-1" REVISION=" B " desc="Board">
			<w:component number="R-10k" REF="R1;R2" qty=" 2 " Desc="Resistor &#60;10k>" Rev="3"></w:component><w:Other><w:Component Number="no"/></w:Other>
			text <w:Component Number="C-1" Unknown="x"><Component Number="no"/></w:Component></w:bom>`,
	} {
		got, err := wats.ParseWSBF([]byte(document))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, want)
		}
	}
	back, err := wats.ParseWSBF(want.WSBF())
	if err != nil || !reflect.DeepEqual(back, want) {
		t.Errorf("written and read: got %+v, %v; want %+v", back, err, want)
	}
	if bytes.Contains(want.WSBF(), []byte("<?xml")) {
		t.Error("the document has a declaration")
	}
}

func TestParseWSBFRefuses(t *testing.T) {
	laughs := `<!DOCTYPE BOM [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><BOM Partnumber="&b;" Revision="1"/>`
	for name, tc := range map[string]struct{ document, reason string }{
		"nothing":                {``, "no element BOM"},
		"blanks":                 {" \n", "no element BOM"},
		"JSON":                   {`{"a":1}`, "no element BOM"},
		"another root":           {`<Reports/>`, `the root is "Reports"`},
		"two roots":              {`<BOM/><BOM/>`, "second root"},
		"an end that is missing": {`<BOM><Component Number="1"/>`, "unexpected EOF"},
		"wrong nesting":          {`<BOM><Component></BOM></Component>`, "closed by"},
		"a document type":        {laughs, "document type"},
		"an external entity":     {`<!DOCTYPE BOM SYSTEM "file:///etc/passwd"><BOM/>`, "document type"},
		"an unknown entity":      {`<BOM Partnumber="&b;"/>`, "entity"},
		"too deep":               {strings.Repeat("<BOM>", 17) + strings.Repeat("</BOM>", 17), "inside each other"},
		"another encoding":       {`<?xml version="1.0" encoding="utf-16"?><BOM/>`, "utf-16"},
		"a control character":    {"<BOM Partnumber=\"\x01\"/>", "illegal character"},
		"quantity is no number":  {`<BOM Partnumber="1" Revision="1"><Component Number="1"/><Component Number="1" Qty="1.5"/></BOM>`, "/BOM/Component[2]/@Qty: Qty must be a whole number"},
	} {
		_, err := wats.ParseWSBF([]byte(tc.document))
		var invalid *report.InvalidError
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), tc.reason) {
			t.Errorf("%s: got %v, want an error that tells %q", name, err, tc.reason)
		}
	}
}

func TestValidateBOM(t *testing.T) {
	items := []wats.BOMItem{{PartNumber: "ok"}, {PartNumber: " ", Quantity: -1}, {PartNumber: "x", Vendor: strings.Repeat("v", 101)}}
	b := wats.BOM{PartNumber: "", Revision: "A", Items: items}
	if got := fmt.Sprint(paths(wats.ValidateBOM(items))); got != "[$[1].partNumber $[1].quantity $[2].vendor]" {
		t.Errorf("lines: got %s", got)
	}
	if got := fmt.Sprint(paths(b.Validate())); got != "[/BOM/@Partnumber /BOM/Component[2]/@Number /BOM/Component[2]/@Qty /BOM/Component[3]/vendor]" {
		t.Errorf("document: got %s", got)
	}
}

func paths(found report.Findings) (all []string) {
	for _, f := range found {
		all = append(all, f.Path)
	}
	return all
}

func TestBOMItemSpellings(t *testing.T) {
	want := wats.BOMItem{ComponentRef: "R1", PartNumber: "P", Quantity: 1, ManufacturerPN: "M"}
	for _, text := range []string{
		`{"componentRef":"R1","partNumber":"P","manufacturerPn":"M"}`,
		`{"ComponentRef":"R1","PartNumber":"P","ManufacturerPn":"M","Quantity":1,"BomItemId":null}`,
		`{"compRef":"R1","partNumber":"P","manufacturerPn":"M","vendor":null,"unknown":[1]}`,
	} {
		var got wats.BOMItem
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: got %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func FuzzParseWSBF(f *testing.F) {
	f.Add([]byte(`<BOM xmlns="http://wats.virinco.com/schemas/WATS/wsbf" Partnumber="P" Revision="B"><Component Number="R" Ref="R1;R2" Qty="2" Desc="x" Rev="3"/></BOM>`))
	f.Add([]byte(`<!DOCTYPE BOM [<!ENTITY a "ha">]><BOM Partnumber="&a;"/>`))
	f.Add([]byte(`<?xml version="1.0"?><a:bom xmlns:a="u"><a:component number="&#x10FFFF;" qty="-9"/></a:bom>`))
	f.Fuzz(func(t *testing.T, document []byte) {
		bom, err := wats.ParseWSBF(document)
		if err != nil {
			var invalid *report.InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		back, err := wats.ParseWSBF(bom.WSBF())
		if err != nil || !reflect.DeepEqual(back, bom) {
			t.Errorf("written and read again: got %+v, %v; want %+v", back, err, bom)
		}
	})
}

package wats

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// BOMItem is one line of a bill of materials.
//
// Route: GET /api/internal/Product/Bom.
type BOMItem struct {
	ID             report.ID `json:"bomItemId,omitzero"`
	RevisionID     report.ID `json:"productRevisionId,omitzero"`   // of the product that is built
	ComponentRef   string    `json:"componentRef" alias:"compRef"` // reference designators, several joined by semicolons: R1;R2
	PartNumber     string    `json:"partNumber"`                   // of the component; 1–100 characters
	PartRevision   string    `json:"partRevision,omitzero"`        // of the component; only WSBF and gowats servers know it
	Description    string    `json:"description"`
	Quantity       int       `json:"quantity"` // 0: not told; read as 1 where a server leaves it out
	Manufacturer   string    `json:"manufacturer"`
	ManufacturerPN string    `json:"manufacturerPn"`
	Vendor         string    `json:"vendor"`
	VendorPN       string    `json:"vendorPn"`
}

// UnmarshalJSON takes every spelling that servers use.
func (b *BOMItem) UnmarshalJSON(data []byte) error {
	type plain BOMItem
	var extra Extra
	b.Quantity = 1
	return decodeKeeping(data, (*plain)(b), &extra)
}

// BOM is the bill of materials of a revision as a document. WSBF, its XML form, holds of each line part number, revision, references,
// quantity and description.
type BOM struct {
	PartNumber  string // of the product
	Revision    string
	Description string
	Items       []BOMItem
}

// The most that a bill of materials holds.
const (
	maxBOMItems    = 100_000
	maxQuantity    = 1_000_000_000
	maxBOMRefs     = 5000 // characters
	maxBOMText     = 500  // characters
	maxWSBFDepth   = 16   // elements inside each other; two are known
	wsbfNamespace  = "http://wats.virinco.com/schemas/WATS/wsbf"
	wsbfRoot       = "BOM"
	wsbfLine       = "Component"
	maxWSBFProblem = 1000 // findings listed
)

// ValidateBOM returns all that is wrong with the lines of a bill of materials that is to be written.
func ValidateBOM(items []BOMItem) report.Findings {
	var c checks
	c.bom(items, "$", func(i int, member string) string { return fmt.Sprintf("$[%d].%s", i, member) })
	return c.found
}

// Validate returns all that is wrong with b before it is written, by the XPath in the document.
func (b *BOM) Validate() report.Findings {
	var c checks
	c.required("/BOM/@Partnumber", b.PartNumber, maxProductName)
	c.required("/BOM/@Revision", b.Revision, maxProductName)
	c.text("/BOM/@Desc", b.Description, maxProductText)
	attributes := map[string]string{"partNumber": "Number", "partRevision": "Rev", "componentRef": "Ref", "description": "Desc", "quantity": "Qty"}
	c.bom(b.Items, "/BOM", func(i int, member string) string {
		if attribute := attributes[member]; attribute != "" {
			member = "@" + attribute
		}
		return fmt.Sprintf("/BOM/Component[%d]/%s", i+1, member)
	})
	return c.found
}

func (c *checks) bom(items []BOMItem, whole string, path func(i int, member string) string) {
	if n := len(items); n > maxBOMItems {
		c.addf(whole, "length", "%d lines are too many; at most %d", n, maxBOMItems)
	}
	for i, item := range items {
		if len(c.found) >= maxWSBFProblem {
			c.addf(whole, "findings", "lines from %d on have not been checked", i)
			return
		}
		c.required(path(i, "partNumber"), item.PartNumber, maxProductName)
		c.text(path(i, "partRevision"), item.PartRevision, maxProductName)
		c.text(path(i, "componentRef"), item.ComponentRef, maxBOMRefs)
		c.text(path(i, "description"), item.Description, maxBOMText)
		c.text(path(i, "manufacturer"), item.Manufacturer, maxProductName)
		c.text(path(i, "manufacturerPn"), item.ManufacturerPN, maxProductName)
		c.text(path(i, "vendor"), item.Vendor, maxProductName)
		c.text(path(i, "vendorPn"), item.VendorPN, maxProductName)
		if item.Quantity < 0 || item.Quantity > maxQuantity {
			c.addf(path(i, "quantity"), "range", "quantity must lie between 0 and %d, is %d", maxQuantity, item.Quantity)
		}
	}
}

// WSBF returns the document in XML, without declaration. What an attribute has no value for is left out.
func (b *BOM) WSBF() []byte {
	var w bytes.Buffer
	w.WriteString(`<BOM xmlns="` + wsbfNamespace + `"`)
	attribute(&w, "Partnumber", b.PartNumber)
	attribute(&w, "Revision", b.Revision)
	attribute(&w, "Desc", b.Description)
	w.WriteString(">")
	for _, item := range b.Items {
		w.WriteString("<" + wsbfLine)
		attribute(&w, "Number", item.PartNumber)
		attribute(&w, "Ref", item.ComponentRef)
		if item.Quantity != 0 {
			attribute(&w, "Qty", strconv.Itoa(item.Quantity))
		}
		attribute(&w, "Desc", item.Description)
		attribute(&w, "Rev", item.PartRevision)
		w.WriteString("/>")
	}
	w.WriteString("</BOM>")
	return w.Bytes()
}

// attribute writes a blank, a name and a text, nothing where that is empty.
func attribute(w *bytes.Buffer, name, text string) {
	if text == "" {
		return
	}
	w.WriteString(" " + name + `="`)
	_ = xml.EscapeText(w, []byte(text)) // a buffer takes everything
	w.WriteString(`"`)
}

// ParseWSBF reads a bill of materials in XML. Names match in any namespace and any letter case; elements and attributes that it does not know are
// ignored. A document type, which may define entities, is refused, as are more than 16 elements inside each other.
//
// Its errors are [*report.InvalidError] with XPaths. What the texts hold is not checked: see [BOM.Validate].
func ParseWSBF(document []byte) (*BOM, error) {
	p := wsbfParser{xml: xml.NewDecoder(bytes.NewReader(document))}
	if err := p.parse(); err != nil {
		line, column := p.xml.InputPos()
		p.checks.addf("/", "syntax", "the document is no WSBF: line %d, column %d: %v", line, column, err)
	}
	if err := p.checks.found.Err(); err != nil {
		return nil, err
	}
	return &p.bom, nil
}

type wsbfParser struct {
	xml    *xml.Decoder
	bom    BOM
	depth  int
	seen   bool // the root
	checks checks
}

func (p *wsbfParser) parse() error {
	for {
		token, err := p.xml.Token()
		switch {
		case errors.Is(err, io.EOF) && !p.seen:
			return errors.New("it holds no element BOM")
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return withoutPosition(err)
		}
		switch token := token.(type) {
		case xml.Directive:
			return errors.New("a document type is not taken")
		case xml.StartElement:
			if err := p.start(token); err != nil {
				return err
			}
		case xml.EndElement:
			p.depth--
		}
	}
}

// withoutPosition leaves out the line, which the caller tells.
func withoutPosition(err error) error {
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return errors.New(syntax.Msg)
	}
	return err
}

func (p *wsbfParser) start(e xml.StartElement) error {
	p.depth++
	switch {
	case p.depth > maxWSBFDepth:
		return fmt.Errorf("more than %d elements are inside each other", maxWSBFDepth)
	case p.depth == 1 && p.seen:
		return errors.New("a second root element")
	case p.depth == 1 && !strings.EqualFold(e.Name.Local, wsbfRoot):
		return fmt.Errorf("the root is %.60q, not BOM", e.Name.Local)
	case p.depth == 1:
		p.seen = true
		p.bom.PartNumber, p.bom.Revision, p.bom.Description = attributeOf(e, "Partnumber"), attributeOf(e, "Revision"), attributeOf(e, "Desc")
	case p.depth == 2 && strings.EqualFold(e.Name.Local, wsbfLine):
		return p.component(e)
	}
	return nil
}

func (p *wsbfParser) component(e xml.StartElement) error {
	if len(p.bom.Items) == maxBOMItems {
		return fmt.Errorf("more than %d components", maxBOMItems)
	}
	item := BOMItem{
		PartNumber: attributeOf(e, "Number"), ComponentRef: attributeOf(e, "Ref"), Description: attributeOf(e, "Desc"), PartRevision: attributeOf(e, "Rev"),
	}
	if text := strings.TrimSpace(attributeOf(e, "Qty")); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil && len(p.checks.found) < maxWSBFProblem {
			p.checks.addf(fmt.Sprintf("/BOM/Component[%d]/@Qty", len(p.bom.Items)+1), "type", "Qty must be a whole number, is %.60q", text)
		}
		item.Quantity = n
	}
	p.bom.Items = append(p.bom.Items, item)
	return nil
}

// attributeOf returns the value of an attribute without blanks around it, "" when there is none.
func attributeOf(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if strings.EqualFold(a.Name.Local, name) {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// BOM returns the bill of materials of a revision in its order; nil when it has none.
//
// Route: GET /api/internal/Product/Bom.
func (s *ProductService) BOM(ctx context.Context, partNumber, revision string) ([]BOMItem, error) {
	return list[BOMItem](ctx, s.client, bomRequest(http.MethodGet, "Bom", partNumber, revision))
}

// SaveBOM replaces the bill of materials of a revision. It returns [ErrNotFound] when there is no such revision.
//
// Route: PUT /api/internal/Product/BOM.
func (s *ProductService) SaveBOM(ctx context.Context, partNumber, revision string, items []BOMItem) error {
	if err := refuseInvalid(fmt.Sprintf("bill of materials of %q", partNumber), ValidateBOM(items)); err != nil {
		return err
	}
	req := bomRequest(http.MethodPut, "BOM", partNumber, revision)
	req.query.Set("format", "json")
	if err := req.json(notNil(items)); err != nil {
		return err
	}
	return tell(ctx, s.client, req)
}

func bomRequest(method, name, partNumber, revision string) *request {
	req := newRequest(method, "api", "internal", "Product", name)
	req.query.Set("partNumber", partNumber)
	req.query.Set("revision", revision)
	return req
}

// SaveWSBF replaces the bill of materials of the revision that b names, as a document in XML. Manufacturers and vendors are not in it: where
// they matter, use [ProductService.SaveBOM]. It returns [ErrNotFound] when there is no such revision.
//
// Route: PUT /api/Product/BOM.
func (s *ProductService) SaveWSBF(ctx context.Context, b BOM) error {
	if err := refuseInvalid(fmt.Sprintf("bill of materials of %q", b.PartNumber), b.Validate()); err != nil {
		return err
	}
	req := newRequest(http.MethodPut, "api", "Product", "BOM")
	req.header.Set("Content-Type", "application/xml")
	req.body = b.WSBF()
	return tell(ctx, s.client, req)
}

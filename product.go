package wats

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gowats/gowats/report"
)

// ProductService keeps products, their revisions and what they are built of.
type ProductService struct{ client *Client }

// ActiveState says whether something is in use: a product, a revision, an operation. The zero ActiveState is Active.
type ActiveState int

// The states.
const (
	Active   ActiveState = iota // 1 on the wire
	Inactive                    // 0 on the wire
)

// String returns "active", "inactive", or the number on the wire of a state that only a server knows.
func (s ActiveState) String() string {
	switch s {
	case Active:
		return "active"
	case Inactive:
		return "inactive"
	}
	return fmt.Sprint(s.Number())
}

// Number returns the number on the wire: 1 active, 0 inactive.
func (s ActiveState) Number() int {
	switch s {
	case Active:
		return 1
	case Inactive:
		return 0
	}
	return int(s)
}

// ActiveStateOf returns the state of a number on the wire.
func ActiveStateOf(number int) ActiveState {
	switch number {
	case 1:
		return Active
	case 0:
		return Inactive
	}
	return ActiveState(number)
}

// MarshalJSON writes the number.
func (s ActiveState) MarshalJSON() ([]byte, error) { return json.Marshal(s.Number()) }

// UnmarshalJSON reads the number; null leaves s as it is.
func (s *ActiveState) UnmarshalJSON(data []byte) error {
	number := s.Number()
	if err := json.Unmarshal(data, &number); err != nil {
		return err
	}
	*s = ActiveStateOf(number)
	return nil
}

// Product is a part number and what is known about it.
//
// Route: GET and PUT /api/Product.
type Product struct {
	PartNumber   string            `json:"partNumber"` // identifies the product, with regard to case; 1–100 characters
	ID           report.ID         `json:"productId,omitzero"`
	Name         string            `json:"name"`
	Description  string            `json:"description"`
	NonSerial    bool              `json:"nonSerial"` // its units have no serial numbers
	State        ActiveState       `json:"state"`
	CategoryID   report.ID         `json:"productCategoryId,omitzero"`
	CategoryName string            `json:"productCategoryName" alias:"category"` // "": none; another name than that of CategoryID moves the product
	XMLData      string            `json:"xmlData,omitzero"`                     // free text; a WATS server keeps the tags in it as XML
	Revisions    []ProductRevision `json:"revisions"`                            // by label; when writing, those left out stay
	Tags         []Setting         `json:"tags"`                                 // by key; when writing, those left out stay

	RowVersion report.Optional[int] `json:"rowVersion,omitzero"` // of a gowats server: a write of an older version than is stored is refused
	Extra      Extra                `json:"-"`                   // members that only the server knows
}

// ProductRevision is one revision of a product.
//
// Route: PUT /api/Product/Revision.
type ProductRevision struct {
	Revision    string      `json:"revision"`            // label, unique within the product; 1–100 characters
	PartNumber  string      `json:"partNumber,omitzero"` // of the product; absent inside a Product of some servers
	ID          report.ID   `json:"productRevisionId,omitzero"`
	ProductID   report.ID   `json:"productId,omitzero"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	State       ActiveState `json:"state"`
	XMLData     string      `json:"xmlData,omitzero"`
	Tags        []Setting   `json:"tags"`

	RowVersion report.Optional[int] `json:"rowVersion,omitzero"`
	Extra      Extra                `json:"-"`
}

// ProductView is a product in a list of all.
//
// Route: GET /api/Product/Query.
type ProductView struct {
	PartNumber   string      `json:"partNumber"`
	Name         string      `json:"name"`
	CategoryName string      `json:"category" alias:"productCategoryName"`
	NonSerial    bool        `json:"nonSerial"`
	State        ActiveState `json:"state"`
}

// UnmarshalJSON keeps what it does not know in Extra, and tells the revisions their part number.
func (p *Product) UnmarshalJSON(data []byte) error {
	type plain Product
	if err := decodeKeeping(data, (*plain)(p), &p.Extra); err != nil {
		return err
	}
	for i := range p.Revisions {
		if r := &p.Revisions[i]; r.PartNumber == "" {
			r.PartNumber = p.PartNumber
		}
	}
	return nil
}

// MarshalJSON writes Extra too. Lists that are nil are written as empty ones.
func (p Product) MarshalJSON() ([]byte, error) {
	type plain Product
	p.Revisions, p.Tags = notNil(p.Revisions), notNil(p.Tags)
	return encodeWith(plain(p), p.Extra)
}

// UnmarshalJSON keeps what it does not know in Extra.
func (r *ProductRevision) UnmarshalJSON(data []byte) error {
	type plain ProductRevision
	return decodeKeeping(data, (*plain)(r), &r.Extra)
}

// MarshalJSON writes Extra too. Tags that are nil are written as an empty list.
func (r ProductRevision) MarshalJSON() ([]byte, error) {
	type plain ProductRevision
	r.Tags = notNil(r.Tags)
	return encodeWith(plain(r), r.Extra)
}

// UnmarshalJSON also takes the name that the category has in a whole product.
func (v *ProductView) UnmarshalJSON(data []byte) error {
	type plain ProductView
	var extra Extra
	return decodeKeeping(data, (*plain)(v), &extra)
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// The most that texts of products hold, in characters.
const (
	maxProductName = 100 // part number, label of a revision, name
	maxProductText = 5000
	maxXMLData     = 100_000
)

// Validate returns all that is wrong with p before it is written.
func (p *Product) Validate() report.Findings {
	var c checks
	c.product("$", p)
	return c.found
}

func (c *checks) product(path string, p *Product) {
	c.required(path+".partNumber", p.PartNumber, maxProductName)
	c.text(path+".name", p.Name, maxProductName)
	c.text(path+".description", p.Description, maxProductText)
	c.text(path+".productCategoryName", p.CategoryName, maxProductName)
	c.text(path+".xmlData", p.XMLData, maxXMLData)
	c.activeState(path+".state", p.State)
	c.settings(path+".tags", p.Tags)
	seen := map[string]bool{}
	for i := range p.Revisions {
		r := &p.Revisions[i]
		at := fmt.Sprintf("%s.revisions[%d]", path, i)
		c.revision(at, r)
		if r.PartNumber != "" && r.PartNumber != p.PartNumber {
			c.addf(at+".partNumber", "reference", "partNumber %q is another than that of the product, %q", r.PartNumber, p.PartNumber)
		}
		if seen[r.Revision] {
			c.addf(at+".revision", "unique", "revision %q is there twice", r.Revision)
		}
		seen[r.Revision] = true
	}
}

// Validate returns all that is wrong with r before it is written by itself, but for PartNumber, which a ProductID replaces.
func (r *ProductRevision) Validate() report.Findings {
	var c checks
	if r.ProductID.IsZero() {
		c.required("$.partNumber", r.PartNumber, maxProductName)
	}
	c.revision("$", r)
	return c.found
}

func (c *checks) revision(path string, r *ProductRevision) {
	c.required(path+".revision", r.Revision, maxProductName)
	c.text(path+".name", r.Name, maxProductName)
	c.text(path+".description", r.Description, maxProductText)
	c.text(path+".xmlData", r.XMLData, maxXMLData)
	c.activeState(path+".state", r.State)
	c.settings(path+".tags", r.Tags)
}

func (c *checks) activeState(path string, s ActiveState) {
	if s != Active && s != Inactive {
		c.addf(path, "enum", "state must be 1 (active) or 0 (inactive), is %d", s.Number())
	}
}

// Get returns the product of a part number with its revisions and tags. It returns [ErrNotFound] when there is none, nil and no error
// with [Lenient].
//
// Route: GET /api/Product/{partNumber}.
func (s *ProductService) Get(ctx context.Context, partNumber string) (*Product, error) {
	if partNumber == "" {
		return nil, fmt.Errorf("get product: %w: the part number is empty", ErrInvalid)
	}
	return one[Product](ctx, s.client, newRequest(http.MethodGet, "api", "Product", partNumber))
}

// Save creates the product of p.PartNumber, or changes it to what p says, and returns it as stored. Revisions and tags that p leaves out
// stay; so does what p has no value for but texts, which become empty. To change a part, read the product first.
//
// It returns [ErrConflict] when p.RowVersion is not that of what is stored, or p.ID is that of another product, and [ErrInvalid] when
// something is wrong with p.
//
// Route: PUT /api/Product.
func (s *ProductService) Save(ctx context.Context, p Product) (*Product, error) {
	if err := refuseInvalid(fmt.Sprintf("product %q", p.PartNumber), p.Validate()); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPut, "api", "Product")
	if err := req.json(p); err != nil {
		return nil, err
	}
	return one[Product](ctx, s.client, req)
}

// SaveAll is Save for several products. A gowats server stores all or none. The part numbers differ.
//
// Route: PUT /api/Product/Products.
func (s *ProductService) SaveAll(ctx context.Context, products []Product) ([]Product, error) {
	if len(products) == 0 {
		return nil, nil
	}
	if err := refuseInvalid("products", ValidateProducts(products)); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPut, "api", "Product", "Products")
	if err := req.json(products); err != nil {
		return nil, err
	}
	return list[Product](ctx, s.client, req)
}

// ValidateProducts returns all that is wrong with products that are to be written together.
func ValidateProducts(products []Product) report.Findings {
	var c checks
	seen := map[string]bool{}
	for i := range products {
		path := fmt.Sprintf("$[%d]", i)
		c.product(path, &products[i])
		if seen[products[i].PartNumber] {
			c.addf(path+".partNumber", "unique", "partNumber %q is there twice", products[i].PartNumber)
		}
		seen[products[i].PartNumber] = true
	}
	return c.found
}

// Revision returns one revision of a product. A server without it answers that it is not there, or nothing: see [ErrNotFound].
//
// Route: GET /api/Product?partNumber=&revision=.
func (s *ProductService) Revision(ctx context.Context, partNumber, revision string) (*ProductRevision, error) {
	req := newRequest(http.MethodGet, "api", "Product")
	req.query.Set("partNumber", partNumber)
	req.query.Set("revision", revision)
	return one[ProductRevision](ctx, s.client, req)
}

// SaveRevision creates or changes one revision of the product of r.PartNumber, or of r.ProductID, and returns it as stored. It returns
// [ErrNotFound] when there is no such product. See [ProductService.Save] for the rest.
//
// Route: PUT /api/Product/Revision.
func (s *ProductService) SaveRevision(ctx context.Context, r ProductRevision) (*ProductRevision, error) {
	if err := refuseInvalid(fmt.Sprintf("revision %q of %q", r.Revision, r.PartNumber), r.Validate()); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPut, "api", "Product", "Revision")
	if err := req.json(r); err != nil {
		return nil, err
	}
	return one[ProductRevision](ctx, s.client, req)
}

// SaveRevisions is SaveRevision for several revisions, of one product or of many. A gowats server stores all or none.
//
// Route: PUT /api/Product/Revisions.
func (s *ProductService) SaveRevisions(ctx context.Context, revisions []ProductRevision) ([]ProductRevision, error) {
	if len(revisions) == 0 {
		return nil, nil
	}
	if err := refuseInvalid("revisions", ValidateRevisions(revisions)); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodPut, "api", "Product", "Revisions")
	if err := req.json(revisions); err != nil {
		return nil, err
	}
	return list[ProductRevision](ctx, s.client, req)
}

// ValidateRevisions returns all that is wrong with revisions that are to be written together.
func ValidateRevisions(revisions []ProductRevision) report.Findings {
	var c checks
	for i := range revisions {
		path := fmt.Sprintf("$[%d]", i)
		if revisions[i].ProductID.IsZero() {
			c.required(path+".partNumber", revisions[i].PartNumber, maxProductName)
		}
		c.revision(path, &revisions[i])
	}
	return c.found
}

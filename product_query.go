package wats

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// ProductQuery selects products. The zero ProductQuery means all.
type ProductQuery struct {
	PartNumber   string // these texts may hold * for any text: PCBA-*; else they match whole and with regard to case
	CategoryName string
	State        report.Optional[ActiveState]

	Filter  string // OData expression over the members of [Product], in addition to the above
	OrderBy string // OData; default "partNumber"
	Top     int    // at most so many; 0: all, and 100 in a page
	Skip    int    // leave out so many at the beginning
}

// ProductPage is a part of the products that a query selects.
type ProductPage struct {
	Total    int       `json:"total"` // how many there are in all
	Products []Product `json:"products"`
}

// ODataFilter returns the query as the text of $filter, "" when it restricts nothing.
func (q ProductQuery) ODataFilter() string {
	var all conjunction
	all.addText("partNumber", q.PartNumber)
	all.addText("productCategoryName", q.CategoryName)
	if q.State.Present {
		all.add("state eq " + strconv.Itoa(q.State.Value.Number()))
	}
	if strings.TrimSpace(q.Filter) != "" {
		all.add("(" + q.Filter + ")")
	}
	return strings.Join(all, " and ")
}

func (q ProductQuery) check() error {
	switch {
	case q.Top < 0:
		return fmt.Errorf("query products: %w: top %d is negative", ErrInvalid, q.Top)
	case q.Skip < 0:
		return fmt.Errorf("query products: %w: skip %d is negative", ErrInvalid, q.Skip)
	}
	return nil
}

// Query returns a page of the products that match q, whole but for revisions and tags, and how many there are in all: at most q.Top of them, 100 when
// it is 0, after q.Skip others. A server takes at most 1,000 at once. Servers other than gowats do not have it: [ErrUnsupported].
//
// Route: GET /api/gowats/v1/Product/Query.
func (s *ProductService) Query(ctx context.Context, q ProductQuery) (*ProductPage, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	req := newRequest(http.MethodGet, "api", "gowats", "v1", "Product", "Query")
	if filter := q.ODataFilter(); filter != "" {
		req.query.Set("$filter", filter)
	}
	if q.OrderBy != "" {
		req.query.Set("$orderby", q.OrderBy)
	}
	if q.Top > 0 {
		req.query.Set("$top", strconv.Itoa(q.Top))
	}
	if q.Skip > 0 {
		req.query.Set("$skip", strconv.Itoa(q.Skip))
	}
	return one[ProductPage](ctx, s.client, req)
}

// All yields the products that match q in a few words, by part number unless q says otherwise; a failure once, as the last. It can be ranged over
// again.
//
// A gowats server selects, and is asked for pages as needed: by part number, so that products that come or go meanwhile shift none. Other servers
// give all products, which are selected here; there Filter and OrderBy match [ErrUnsupported].
//
// Routes: GET /api/Product/Query; GET /api/gowats/v1/Product/Query.
func (s *ProductService) All(ctx context.Context, q ProductQuery) iter.Seq2[*ProductView, error] {
	return func(yield func(*ProductView, error) bool) {
		if err := q.check(); err != nil {
			yield(nil, err)
			return
		}
		if q == (ProductQuery{}) {
			s.views(ctx, q, yield)
			return
		}
		err := s.paged(ctx, q, yield)
		switch {
		case errors.Is(err, ErrUnsupported) && q.Filter == "" && q.OrderBy == "": // that is told by the first page
			s.views(ctx, q, yield)
		case err != nil:
			yield(nil, err)
		}
	}
}

// paged yields the products that a gowats server selects. It returns what went wrong between two of them.
func (s *ProductService) paged(ctx context.Context, q ProductQuery, yield func(*ProductView, error) bool) error {
	page, given, after := q, 0, ""
	for {
		page.Top = pageSize
		if q.Top > 0 {
			page.Top = min(pageSize, q.Top-given)
		}
		switch {
		case given == 0:
		case q.OrderBy != "":
			page.Skip = q.Skip + given
		default:
			page.Skip = 0
			page.Filter = strings.Join(append(conjunctionOf(q.Filter), "partNumber gt "+quoteOData(after)), " and ")
		}
		found, err := s.Query(ctx, page)
		if err != nil {
			return err
		}
		for i := range found.Products {
			p := &found.Products[i]
			after = p.PartNumber
			given++
			v := &ProductView{PartNumber: p.PartNumber, Name: p.Name, CategoryName: p.CategoryName, NonSerial: p.NonSerial, State: p.State}
			if !yield(v, nil) || given == q.Top {
				return nil
			}
		}
		if len(found.Products) < page.Top {
			return nil
		}
	}
}

// conjunctionOf returns an expression as a condition that others can be added to.
func conjunctionOf(filter string) (all conjunction) {
	if strings.TrimSpace(filter) != "" {
		all.add("(" + filter + ")")
	}
	return all
}

// views yields the products that match q of those that a server gives, which is all. The answer is read whole and decoded as the loop goes on.
func (s *ProductService) views(ctx context.Context, q ProductQuery, yield func(*ProductView, error) bool) {
	req := newRequest(http.MethodGet, "api", "Product", "Query")
	ans, err := s.client.do(ctx, req)
	if err != nil {
		yield(nil, err)
		return
	}
	if ans.isEmpty() {
		return
	}
	seen, given := 0, 0
	for v, err := range elements[ProductView](ans.body) {
		if err != nil {
			yield(nil, s.client.unreadable(req, ans, err))
			return
		}
		if !q.matches(v) {
			continue
		}
		if seen++; seen <= q.Skip {
			continue
		}
		given++
		if !yield(v, nil) || given == q.Top {
			return
		}
	}
}

// matches reports whether v matches what is no OData in q.
func (q ProductQuery) matches(v *ProductView) bool {
	return matchStars(q.PartNumber, v.PartNumber) && matchStars(q.CategoryName, v.CategoryName) && (!q.State.Present || q.State.Value == v.State)
}

// matchStars reports whether text matches a pattern in which * is any text, as OData can say it: see [HeaderQuery.ODataFilter]. "" is any text.
func matchStars(pattern, text string) bool {
	pieces := strings.Split(pattern, "*")
	last := len(pieces) - 1
	if pattern == "" || last == 0 {
		return pattern == "" || pattern == text
	}
	for i, piece := range pieces {
		switch {
		case i == 0 && !strings.HasPrefix(text, piece), i == last && !strings.HasSuffix(text, piece), !strings.Contains(text, piece):
			return false
		}
	}
	return true
}

// Delete removes a product with its revisions, bills of materials and templates. It returns [ErrNotFound] when there is none, [ErrConflict] when
// reports, units or orders name it, or another product is built from it, and [ErrUnsupported] from a server that is not gowats. It needs an
// administrator.
//
// Route: DELETE /api/gowats/v1/Product/{partNumber}.
func (s *ProductService) Delete(ctx context.Context, partNumber string) error {
	if partNumber == "" {
		return fmt.Errorf("delete product: %w: the part number is empty", ErrInvalid)
	}
	return tell(ctx, s.client, newRequest(http.MethodDelete, "api", "gowats", "v1", "Product", partNumber))
}

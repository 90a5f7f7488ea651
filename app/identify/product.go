package identify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gowats/gowats"
)

// Product is what an operator has named.
type Product struct {
	PartNumber string `json:"partNumber"`
	Revision   string `json:"revision"` // "": the product has none
	Name       string `json:"name"`
}

// Product asks for a product that is in use, and for its revision. Text is a part of the part number or of the name; "": it is asked for.
// When nothing holds it, it is asked for again.
func (d *Dialog) Product(ctx context.Context, text string) (*Product, error) {
	for {
		if text == "" {
			var err error
			if text, err = d.need(ctx, "Part number or name, or a part of it"); err != nil {
				return nil, err
			}
		}
		found, more, err := d.products(ctx, text)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return d.oneProduct(ctx, found, more)
		}
		if err := d.tell("No product in use has %q in its part number or name.", text); err != nil {
			return nil, err
		}
		text = ""
	}
}

// products returns what matches, the same part number first, and whether there is more.
func (d *Dialog) products(ctx context.Context, text string) (found []*wats.ProductView, more bool, err error) {
	wanted := strings.ToLower(text)
	for p, err := range d.client.Product.All(ctx, wats.ProductQuery{}) {
		if err != nil {
			return nil, false, fmt.Errorf("look for products: %w", err)
		}
		switch {
		case p.State == wats.Inactive:
		case strings.EqualFold(p.PartNumber, text):
			return []*wats.ProductView{p}, false, nil
		case !strings.Contains(strings.ToLower(p.PartNumber), wanted) && !strings.Contains(strings.ToLower(p.Name), wanted):
		case len(found) == most:
			more = true
		default:
			found = append(found, p)
		}
	}
	return found, more, nil
}

func (d *Dialog) oneProduct(ctx context.Context, found []*wats.ProductView, more bool) (*Product, error) {
	var options []string
	for _, p := range found {
		options = append(options, strings.TrimSpace(p.PartNumber+"  "+p.Name))
	}
	if more {
		if err := d.tell("There are more than these %d: say more to see others.", most); err != nil {
			return nil, err
		}
	}
	i, err := d.choose(ctx, "Product", options, -1)
	if err != nil {
		return nil, err
	}
	chosen := &Product{PartNumber: found[i].PartNumber, Name: found[i].Name}
	chosen.Revision, err = d.revision(ctx, chosen.PartNumber)
	return chosen, err
}

// revision asks for one of a product; the last is the usual one.
func (d *Dialog) revision(ctx context.Context, partNumber string) (string, error) {
	p, err := d.client.Product.Get(ctx, partNumber)
	if err != nil && !errors.Is(err, wats.ErrNotFound) {
		return "", fmt.Errorf("look up the revisions of %s: %w", partNumber, err)
	}
	if p == nil || len(p.Revisions) == 0 {
		return "", nil
	}
	var labels []string
	for _, r := range p.Revisions {
		labels = append(labels, r.Revision)
	}
	i, err := d.choose(ctx, "Revision", labels, len(labels)-1)
	if err != nil {
		return "", err
	}
	return labels[i], nil
}

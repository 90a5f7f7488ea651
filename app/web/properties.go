package web

import (
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// newDataView lays a property tree out as rows, of which it keeps the first shownProperties.
func newDataView(d report.AdditionalData) dataView {
	v := dataView{Name: d.Name}
	for _, p := range d.Props {
		v.add(p, "", 0)
	}
	return v
}

// add appends p and what is below it. Name is used when p has none.
func (v *dataView) add(p *report.Property, name string, depth int) {
	if p == nil {
		return
	}
	if p.Name != "" {
		name = p.Name
	}
	v.row(propertyRow{Depth: depth, Name: name, Type: p.Type, Value: p.Value})
	for _, child := range p.Props {
		v.add(child, "", depth+1)
	}
	if p.Array == nil {
		return
	}
	for _, e := range p.Array.Indexes {
		if e == nil {
			continue
		}
		if e.Value == nil {
			v.row(propertyRow{Depth: depth + 1, Name: elementName(e), Type: p.Array.Type})
			continue
		}
		v.add(e.Value, elementName(e), depth+1)
	}
}

func (v *dataView) row(r propertyRow) {
	if len(v.Rows) == shownProperties {
		v.Left++
		return
	}
	v.Rows = append(v.Rows, r)
}

// elementName returns the place of an array element, such as [2][0].
func elementName(e *report.PropertyElement) string {
	if e.Text != "" || len(e.Indexes) == 0 {
		return e.Text
	}
	var b strings.Builder
	for _, i := range e.Indexes {
		b.WriteString("[" + strconv.Itoa(i) + "]")
	}
	return b.String()
}

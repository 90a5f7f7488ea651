package convert

import (
	"sort"
	"strings"

	"github.com/gowats/gowats/report"
)

// property is a node of the property tree of TestStand. A nil property has nothing.
type property report.Property

// property reads the Prop that has just started, with all below it.
func (x *xmlScanner) property() (*property, error) {
	p := &report.Property{Name: x.attr("Name"), Type: x.attr("Type"), Value: x.attr("Value")}
	if flags := x.attr("Flags"); flags != "" && testInt(flags).Value != 0 {
		p.Flags = testInt(flags)
	}
	if p.Type == typeArray {
		p.Array = &report.PropertyArray{Type: x.attr("ElementType")}
		if n := len(indexes(x.attr("LBound"))); n > 0 {
			p.Array.Dimension = report.Some(n)
		}
	}
	err := x.children(func() (err error) {
		switch x.name {
		case "Prop":
			child, err := x.property()
			p.Props = append(p.Props, (*report.Property)(child))
			return err
		case "Value":
			if _, element := x.lookup("ID"); element {
				return x.element(p)
			}
			p.Value, err = x.content()
		case "Comment":
			p.Comment, err = x.content()
		}
		return err // what remains describes the type: ArrayElementPrototype, Attributes
	})
	return (*property)(p), err
}

// element reads a Value with an ID: an element of an array, as text or as a Prop.
func (x *xmlScanner) element(p *report.Property) error {
	if p.Array == nil {
		p.Array = &report.PropertyArray{}
	}
	e := &report.PropertyElement{Text: x.attr("ID")}
	e.Indexes = indexes(e.Text)
	depth := x.depth()
	var text []byte
	for {
		kind, err := x.next()
		switch {
		case err != nil:
			return err
		case kind == xmlStart && x.name == "Prop":
			value, err := x.property()
			if err != nil {
				return err
			}
			e.Value = (*report.Property)(value)
		case kind == xmlStart:
			if _, err := x.content(); err != nil {
				return err
			}
		case kind == xmlText:
			text = append(text, x.text...)
		case x.depth() < depth:
			if e.Value == nil {
				e.Value = &report.Property{Type: p.Array.Type, Value: string(text)}
			}
			p.Array.Indexes = append(p.Array.Indexes, e)
			return nil
		}
	}
}

// find returns the property at the end of a path; nil when there is none.
func (p *property) find(path ...string) *property {
	for _, name := range path {
		var next *report.Property
		if p != nil {
			for _, q := range p.Props {
				if q.Name == name {
					next = q
					break
				}
			}
		}
		if next == nil {
			return nil
		}
		p = (*property)(next)
	}
	return p
}

// text returns the value at the end of a path, without blanks around it; "" when there is none.
func (p *property) text(path ...string) string {
	if q := p.find(path...); q != nil {
		return strings.TrimSpace(q.Value)
	}
	return ""
}

// like returns the value of the first member whose name, in small letters and without _ and blanks, begins with one of words.
func (p *property) like(words ...string) string {
	for _, word := range words {
		for _, q := range p.Props {
			if strings.HasPrefix(strings.NewReplacer("_", "", " ", "").Replace(strings.ToLower(q.Name)), word) {
				return strings.TrimSpace(q.Value)
			}
		}
	}
	return ""
}

// elements returns the elements of an array in the order of their indexes.
func (p *property) elements() []*property {
	if p == nil || p.Array == nil {
		return nil
	}
	list := p.Array.Indexes
	sort.SliceStable(list, func(i, j int) bool { return before(list[i].Indexes, list[j].Indexes) })
	var out []*property
	for _, e := range list {
		out = append(out, (*property)(e.Value))
	}
	return out
}

func before(a, b []int) bool {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return len(a) < len(b)
}

// additional returns the members of p, each as additional data.
func (p *property) additional() []report.AdditionalData {
	if p == nil {
		return nil
	}
	var out []report.AdditionalData
	for _, q := range p.Props {
		out = append(out, additionalData(q))
	}
	return out
}

// additionalData returns p as additional data: the members of an object, else p itself.
func additionalData(p *report.Property) report.AdditionalData {
	if p.Type == typeObject {
		return report.AdditionalData{Name: p.Name, Props: p.Props}
	}
	return report.AdditionalData{Name: p.Name, Props: []*report.Property{p}}
}

package convert

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/gowats/gowats/report"
)

// atmlDatum is one value of a file: what it is, and the unit it is in.
type atmlDatum struct {
	report.Property
	unit string
}

// isNumber reports whether d is a single number.
func (d *atmlDatum) isNumber() bool { return d.Type == typeNumber }

// The types of properties, as TestStand calls them.
const (
	typeNumber  = "Number"
	typeString  = "String"
	typeBoolean = "Boolean"
	typeObject  = "Obj"
	typeArray   = "Array"
)

// datum reads the value in the element that has just started, TestData or Data or Item or Limit: its first Datum, Collection or IndexedArray.
// It returns nil when there is none.
func (a *atmlReader) datum() (*atmlDatum, error) {
	var d *atmlDatum
	err := a.x.children(func() (err error) {
		switch {
		case d != nil:
			a.loseElement()
		case a.isValue():
			d, err = a.valueElement()
		default:
			a.loseElement()
		}
		return err
	})
	return d, err
}

// isValue reports whether the element that has just started is a value.
func (a *atmlReader) isValue() bool {
	switch a.x.name {
	case "Datum", "Collection", "IndexedArray":
		return true
	}
	return false
}

// valueElement reads the Datum, Collection or IndexedArray that has just started.
func (a *atmlReader) valueElement() (*atmlDatum, error) {
	d := &atmlDatum{unit: cmp.Or(a.x.attr("unit"), a.x.attr("nonStandardUnit"))}
	if flags := a.x.attr("flags"); flags != "" {
		d.Flags = testInt(flags)
	}
	d.Comment, d.NumFormat = a.x.attr("comment"), a.x.attr("numFormat")
	switch a.x.name {
	case "Collection":
		d.Type = typeObject
		return d, a.collection(&d.Property)
	case "IndexedArray":
		d.Type = typeArray
		return d, a.indexedArray(&d.Property)
	}
	d.Type = cmp.Or(a.x.attr("propertyType"), datumType(a.x.attr("type")))
	d.Value = a.x.attr("value")
	return d, a.datumChildren(d)
}

// datumType returns the property type of an xsi:type such as ts:TS_double; "" when it says none.
func datumType(xsi string) string {
	_, local := splitName(xsi)
	switch strings.TrimPrefix(local, "TS_") {
	case "":
		return ""
	case "double", "unsignedLong", "long", "integer", "unsignedInteger", "hexadecimal", "octal", "binary", "int", "float", "decimal", "number":
		return typeNumber
	case "boolean":
		return typeBoolean
	}
	return typeString
}

// datumChildren reads what a Datum holds in elements: its text, or the parts of an enumeration.
func (a *atmlReader) datumChildren(d *atmlDatum) error {
	err := a.x.children(func() (err error) {
		switch name := a.x.name; name {
		case "Value":
			d.Value, err = a.x.content()
		case "EnumValue", "NumericValue", "IsValid":
			p := &report.Property{Name: name, Type: datumType(a.x.attr("type"))}
			p.Type = cmp.Or(p.Type, typeString)
			p.Value, err = a.value()
			d.Type, d.Props = typeObject, append(d.Props, p)
		default:
			a.loseElement()
		}
		return err
	})
	if d.Type == "" {
		if d.Type = typeString; testNumber(d.Value).IsNumeric() {
			d.Type = typeNumber
		}
	}
	return err
}

func (a *atmlReader) collection(p *report.Property) error {
	return a.x.children(func() error {
		if a.x.name != "Item" {
			a.loseElement()
			return nil
		}
		name := a.x.attr("name")
		d, err := a.datum()
		if d != nil {
			p.Props = append(p.Props, a.named(name, d))
		}
		return err
	})
}

// named returns d as a property.
func (a *atmlReader) named(name string, d *atmlDatum) *report.Property {
	d.Name = name
	if d.unit != "" {
		a.lose("units of additional results are not carried over")
	}
	return &d.Property
}

func (a *atmlReader) indexedArray(p *report.Property) error {
	array := &report.PropertyArray{Type: typeString}
	if n := len(indexes(a.x.attr("dimensions"))); n > 0 {
		array.Dimension = report.Some(n)
	}
	_, element := splitName(a.x.attr("type"))
	if element, ok := strings.CutSuffix(element, "Array"); ok {
		array.Type = cmp.Or(datumType(element), typeString)
	}
	array.Type = cmp.Or(a.x.attr("propertyType"), array.Type)
	p.Array = array
	return a.x.children(func() error {
		if a.x.name != "Element" {
			a.loseElement()
			return nil
		}
		e, err := a.arrayElement(array.Type)
		array.Indexes = append(array.Indexes, e)
		return err
	})
}

// arrayElement reads an Element: its value stands in an attribute, as text in Value, or in a Datum, Collection or IndexedArray.
func (a *atmlReader) arrayElement(kind string) (*report.PropertyElement, error) {
	e := &report.PropertyElement{Text: a.x.attr("position"), Value: &report.Property{Type: kind, Value: a.x.attr("value")}}
	e.Indexes = indexes(e.Text)
	err := a.x.children(func() (err error) {
		switch {
		case a.x.name == "Value":
			e.Value.Value, err = a.x.content()
		case a.isValue():
			var d *atmlDatum
			if d, err = a.valueElement(); d != nil {
				e.Value = a.named("", d)
			}
		default:
			a.loseElement()
		}
		return err
	})
	return e, err
}

// indexes reads a list of numbers such as [2,0]; nil when it is none.
func indexes(text string) []int {
	inner, ok := strings.CutPrefix(strings.TrimSpace(text), "[")
	if !ok {
		return nil
	}
	inner, _, _ = strings.Cut(inner, "]")
	var out []int
	for part := range strings.SplitSeq(inner, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return nil
		}
		out = append(out, n)
	}
	return out
}

// items reads the Item elements in the element that has just started as additional data.
func (a *atmlReader) items() ([]report.AdditionalData, error) {
	var out []report.AdditionalData
	err := a.x.children(func() error {
		if a.x.name != "Item" {
			a.loseElement()
			return nil
		}
		name := a.x.attr("name")
		d, err := a.datum()
		if d != nil {
			out = append(out, a.additional(name, d))
		}
		return err
	})
	return out, err
}

// additional returns d as additional data: the properties of a collection, else the one property of that name.
func (a *atmlReader) additional(name string, d *atmlDatum) report.AdditionalData {
	p := a.named(name, d)
	if p.Type == typeObject {
		if p.Flags.Present {
			a.lose("flags of additional results that are collections are not carried over")
		}
		return report.AdditionalData{Name: name, Props: p.Props}
	}
	return report.AdditionalData{Name: name, Props: []*report.Property{p}}
}

// positionText returns a list of numbers such as [2,0].
func positionText(numbers []int) string {
	return strings.ReplaceAll(fmt.Sprint(numbers), " ", ",")
}

package convert

// What readers of elements ask the scanner.

// attr returns the value of the attribute of that local name, "" when it is not there.
func (x *xmlScanner) attr(local string) string {
	value, _ := x.lookup(local)
	return value
}

// lookup returns the value of the attribute of that local name, and whether it is there.
func (x *xmlScanner) lookup(local string) (string, bool) {
	for i := range x.attrs {
		if a := &x.attrs[i]; a.name == local && a.prefix != "xmlns" {
			return a.value, true
		}
	}
	return "", false
}

// depth returns how many elements are open.
func (x *xmlScanner) depth() int { return len(x.open) }

// each calls child for every child of the element that has just started, and returns that element's own text at its end.
// What child does not read of its element is passed over.
func (x *xmlScanner) each(child func(name string) error) (string, error) {
	var text []byte
	for {
		kind, err := x.next()
		switch {
		case err != nil:
			return "", err
		case kind == xmlEnd:
			return string(text), nil
		case kind == xmlText:
			text = append(text, x.text...)
			continue
		}
		depth := x.depth()
		if err := child(x.name); err != nil {
			return "", err
		}
		if err := x.skipTo(depth); err != nil {
			return "", err
		}
	}
}

// skipTo passes over what is left of the element at that depth, if it is still open.
func (x *xmlScanner) skipTo(depth int) error {
	for x.depth() >= depth {
		if _, err := x.next(); err != nil {
			return err
		}
	}
	return nil
}

// children calls child for every child of the element that has just started, as each does.
func (x *xmlScanner) children(child func() error) error {
	_, err := x.each(func(string) error { return child() })
	return err
}

// content reads to the end of the element that has just started and returns its text, without that of its children.
func (x *xmlScanner) content() (string, error) {
	return x.each(func(string) error { return nil })
}

// namespace returns the namespace of the element that has just started, as far as its own attributes declare it: good for a root.
func (x *xmlScanner) namespace() string {
	prefix, _ := splitName(x.open[len(x.open)-1])
	for _, a := range x.attrs {
		if prefix == "" && a.prefix == "" && a.name == "xmlns" || prefix != "" && a.prefix == "xmlns" && a.name == prefix {
			return a.value
		}
	}
	return ""
}

package config

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Edit returns the text of a file with one setting changed, comments kept; an empty value takes the setting out. Elements of lists are
// named by number or name: converters.0.folder, converters.ict.folder; one with the next number, or a new name, is added.
//
// The result has been read back: an edit that would make the file invalid is an [*InvalidError].
func Edit(text []byte, path, value string) ([]byte, error) {
	doc, err := document(text)
	if err != nil {
		return nil, err
	}
	if err := editAt(doc, path, value); err != nil {
		return nil, err
	}
	return finish(doc)
}

// document reads the text of a file to be changed.
func document(text []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if len(bytes.TrimSpace(text)) > 0 {
		if err := yaml.Unmarshal(text, &doc); err != nil {
			return nil, &InvalidError{[]Problem{{Message: strings.TrimPrefix(err.Error(), "yaml: ")}}}
		}
	}
	if doc.Kind == 0 || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		doc = yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{{Kind: yaml.MappingNode}}}
	}
	return &doc, nil
}

func editAt(doc *yaml.Node, path, value string) error {
	if err := edit(doc.Content[0], reflect.TypeFor[Config](), strings.Split(path, "."), value); err != nil {
		return &InvalidError{[]Problem{{Path: path, Message: err.Error()}}}
	}
	return nil
}

// finish writes a changed file and reads it back.
func finish(doc *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	if err := enc.Close(); err != nil {
		return nil, err
	}
	_, err := Load(out.Bytes(), func(string) (string, bool) { return "", false })
	return out.Bytes(), err
}

// edit changes the setting that steps lead to below a mapping.
func edit(node *yaml.Node, t reflect.Type, steps []string, value string) error {
	name := steps[0]
	field, ok := fieldOf(t, name)
	if !ok {
		return fmt.Errorf("there is no setting %s; gowats config list names all", name)
	}
	child := member(node, name)
	switch {
	case len(steps) == 1 && (isGroup(field) || isGroupList(field)):
		return fmt.Errorf("%s is a group: name one of its settings", name)
	case len(steps) == 1 && value == "":
		remove(node, name)
		return nil
	case len(steps) == 1:
		set(node, name, scalar(field, value))
		return nil
	case isGroup(field):
		if child == nil || child.Kind != yaml.MappingNode {
			child = &yaml.Node{Kind: yaml.MappingNode}
			set(node, name, child)
		}
		return edit(child, field, steps[1:], value)
	case isGroupList(field) && len(steps) > 2:
		if child == nil || child.Kind != yaml.SequenceNode {
			child = &yaml.Node{Kind: yaml.SequenceNode}
			set(node, name, child)
		}
		one, err := elementOf(child, steps[1])
		if err != nil {
			return err
		}
		return edit(one, field.Elem(), steps[2:], value)
	}
	return fmt.Errorf("%s has no part %s", name, strings.Join(steps[1:], "."))
}

// fieldOf returns the type of a setting of a struct.
func fieldOf(t reflect.Type, name string) (found reflect.Type, ok bool) {
	eachField(reflect.New(t).Elem(), func(given, _ string, field reflect.Value) {
		if given == name {
			found, ok = field.Type(), true
		}
	})
	return found, ok
}

func member(node *yaml.Node, name string) *yaml.Node {
	for i := 0; i < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i+1]
		}
	}
	return nil
}

func set(node *yaml.Node, name string, value *yaml.Node) {
	for i := 0; i < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			value.LineComment = node.Content[i+1].LineComment
			node.Content[i+1] = value
			return
		}
	}
	node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, value)
}

func remove(node *yaml.Node, name string) {
	for i := 0; i < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			node.Content = append(node.Content[:i], node.Content[i+2:]...)
			return
		}
	}
}

// scalar returns the node of a value; a list of texts is given joined by commas.
func scalar(t reflect.Type, value string) *yaml.Node {
	if t.Kind() != reflect.Slice {
		n := &yaml.Node{}
		n.SetString(value)
		if t.Kind() == reflect.Bool || t.Kind() == reflect.Int {
			n.Tag = "" // written without quotes
		}
		return n
	}
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			one := &yaml.Node{}
			one.SetString(part)
			list.Content = append(list.Content, one)
		}
	}
	return list
}

// elementOf returns the element that a number or the value of its name names, adding it where it is the next.
func elementOf(list *yaml.Node, which string) (*yaml.Node, error) {
	for _, e := range list.Content {
		if name := member(e, "name"); name != nil && strings.EqualFold(name.Value, which) {
			return e, nil
		}
	}
	n, err := strconv.Atoi(which)
	switch {
	case err == nil && n >= 0 && n < len(list.Content):
		return list.Content[n], nil
	case err == nil && n != len(list.Content):
		return nil, fmt.Errorf("there are %d elements, so there is none with the number %s", len(list.Content), which)
	}
	one := &yaml.Node{Kind: yaml.MappingNode}
	if err != nil {
		name := &yaml.Node{}
		name.SetString(which)
		set(one, "name", name)
	}
	list.Content = append(list.Content, one)
	return one, nil
}

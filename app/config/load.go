package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxBytes bounds the file.
const MaxBytes = 1 << 20

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Line    int    // in the file, from 1; 0: not in the file
	Path    string // of the setting
	Message string // what is wrong and what to do
}

func (p Problem) String() string {
	text := p.Message
	if p.Path != "" {
		text = p.Path + ": " + text
	}
	if p.Line > 0 {
		text = fmt.Sprintf("line %d: %s", p.Line, text)
	}
	return text
}

// InvalidError lists all that is wrong with a configuration.
type InvalidError struct{ Problems []Problem }

func (e *InvalidError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.String()
	}
	return strings.Join(texts, "\n")
}

// Loaded is a configuration and where each setting comes from.
type Loaded struct {
	Config
	origins map[string]string
}

// Origin says where a setting comes from: "default", "line 12" or "environment GOWATS_SERVER_URL".
func (l *Loaded) Origin(path string) string {
	if from, ok := l.origins[path]; ok {
		return from
	}
	return "default"
}

// Load reads the text of a file, which may be empty, and puts the environment over it. Lookup is that of os.LookupEnv.
// Everything that is wrong is listed in one [*InvalidError]; values are never repeated where they may be secret.
func Load(text []byte, lookup func(string) (string, bool)) (*Loaded, error) {
	r := reader{loaded: &Loaded{Config: Default(), origins: map[string]string{}}, lines: map[string]int{}}
	r.file(text)
	if len(r.problems) == 0 {
		r.environment(reflect.ValueOf(&r.loaded.Config).Elem(), "", lookup)
	}
	if len(r.problems) == 0 {
		r.check()
	}
	if len(r.problems) > 0 {
		return nil, &InvalidError{r.problems}
	}
	return r.loaded, nil
}

// reader collects what is wrong on the way.
type reader struct {
	loaded   *Loaded
	lines    map[string]int // of settings and groups in the file
	problems []Problem
}

func (r *reader) wrong(path, format string, args ...any) {
	r.problems = append(r.problems, Problem{r.lines[path], path, fmt.Sprintf(format, args...)})
}

func (r *reader) file(text []byte) {
	root, err := parse(text)
	if err != nil {
		r.wrong("", "%v", err)
		return
	}
	if root == nil {
		return
	}
	r.group(root, reflect.ValueOf(&r.loaded.Config).Elem(), "")
	if v := r.loaded.Config.Version; v > Version && len(r.problems) == 0 {
		r.wrong("version", "%d is newer than this program, which knows up to %d: use the gowats that wrote it", v, Version)
	}
}

// parse returns the mapping that the text holds, nil when it holds nothing.
func parse(text []byte) (*yaml.Node, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("the file is larger than %d KiB", MaxBytes>>10)
	}
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(text))
	err := dec.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file holds more than one document")
	}
	root := doc.Content[0]
	switch {
	case root.Kind == yaml.ScalarNode && root.Tag == "!!null":
		return nil, nil
	case root.Kind != yaml.MappingNode:
		return nil, fmt.Errorf("line %d: the file must hold settings as name: value", root.Line)
	}
	return root, nil
}

// group reads a mapping into a struct.
func (r *reader) group(node *yaml.Node, v reflect.Value, path string) {
	if node.Kind != yaml.MappingNode {
		r.wrongAt(node, path, "must be a group of settings, each as name: value")
		return
	}
	fields := map[string]reflect.Value{}
	var names []string
	eachField(v, func(name, _ string, field reflect.Value) {
		fields[name], names = field, append(names, name)
	})
	seen := map[string]bool{}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		at := join(path, key.Value)
		field, known := fields[key.Value]
		switch {
		case !known:
			r.unknown(key, path, names)
		case seen[key.Value]:
			r.wrongAt(key, at, "is given twice")
		default:
			seen[key.Value] = true
			r.lines[at] = key.Line
			r.value(value, field, at)
		}
	}
}

func (r *reader) unknown(key *yaml.Node, path string, names []string) {
	if meant := nearest(key.Value, names); meant != "" {
		r.wrongAt(key, join(path, key.Value), "there is no such setting; did you mean %s?", meant)
		return
	}
	r.wrongAt(key, join(path, key.Value), "there is no such setting; there are %s", strings.Join(names, ", "))
}

func (r *reader) wrongAt(node *yaml.Node, path, format string, args ...any) {
	r.problems = append(r.problems, Problem{node.Line, path, fmt.Sprintf(format, args...)})
}

func (r *reader) value(node *yaml.Node, v reflect.Value, path string) {
	isNull := node.Kind == yaml.ScalarNode && node.Tag == "!!null"
	switch {
	case node.Kind == yaml.AliasNode:
		r.wrongAt(node, path, "must be written out: aliases are not used here")
	case isNull: // as if it were not there
	case isGroup(v.Type()):
		r.group(node, v, path)
	case isGroupList(v.Type()):
		r.groups(node, v, path)
	case v.Kind() == reflect.Slice && node.Kind == yaml.SequenceNode:
		r.texts(node, v, path)
	case node.Kind != yaml.ScalarNode || v.Kind() == reflect.Slice:
		r.wrongAt(node, path, "must be %s", kindOf(v))
	default:
		if err := setText(v, node.Value); err != nil {
			r.wrongAt(node, path, "%v", err)
			return
		}
		r.loaded.origins[path] = "line " + strconv.Itoa(node.Line)
	}
}

func kindOf(v reflect.Value) string {
	if v.Kind() == reflect.Slice {
		return "a list"
	}
	return "a single value"
}

func (r *reader) groups(node *yaml.Node, v reflect.Value, path string) {
	if node.Kind != yaml.SequenceNode {
		r.wrongAt(node, path, "must be a list: begin each element with a dash")
		return
	}
	for i, child := range node.Content {
		one := element(v.Type())
		at := join(path, strconv.Itoa(i))
		r.lines[at] = child.Line
		r.group(child, one, at)
		v.Set(reflect.Append(v, one))
	}
}

func (r *reader) texts(node *yaml.Node, v reflect.Value, path string) {
	list := reflect.MakeSlice(v.Type(), 0, len(node.Content))
	for _, child := range node.Content {
		if child.Kind != yaml.ScalarNode {
			r.wrongAt(child, path, "must be a list of texts")
			return
		}
		list = reflect.Append(list, reflect.ValueOf(child.Value))
	}
	v.Set(list)
	r.loaded.origins[path] = "line " + strconv.Itoa(node.Line)
}

const maxElements = 100 // of a list that the environment adds to

// environment sets what the environment gives, and adds the elements of lists that it names: GOWATS_CONVERTERS_0_FOLDER.
func (r *reader) environment(v reflect.Value, path string, lookup func(string) (string, bool)) {
	eachField(v, func(name, _ string, field reflect.Value) {
		at := join(path, name)
		switch {
		case isGroup(field.Type()):
			r.environment(field, at, lookup)
		case isGroupList(field.Type()):
			for i := range maxElements {
				here := join(at, strconv.Itoa(i))
				one := element(field.Type())
				if i < field.Len() {
					one.Set(field.Index(i))
				}
				before := len(r.loaded.origins)
				r.environment(one, here, lookup)
				switch {
				case i < field.Len():
					field.Index(i).Set(one)
				case len(r.loaded.origins) > before:
					field.Set(reflect.Append(field, one))
				default:
					return
				}
			}
		default:
			r.override(field, at, lookup)
		}
	})
}

func (r *reader) override(v reflect.Value, path string, lookup func(string) (string, bool)) {
	name := envName(path)
	text, set := lookup(name)
	if !set || text == "" {
		return
	}
	if err := setText(v, text); err != nil {
		r.problems = append(r.problems, Problem{0, path, fmt.Sprintf("environment %s: %v", name, err)})
		return
	}
	r.loaded.origins[path] = "environment " + name
}

package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// pointer is the way to a place in a JSON document.
type pointer []string

func (p pointer) with(more ...string) pointer { return slices.Concat(p, more) }

// String is the JSON pointer of RFC 6901.
func (p pointer) String() string {
	var b strings.Builder
	for _, part := range p {
		b.WriteByte('/')
		b.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(part))
	}
	return b.String()
}

// compiler makes checkers of the schemas of a contract.
type compiler struct {
	open   schemaDocument // members that the contract does not name are allowed
	closed schemaDocument // they are not
}

type schemaDocument struct {
	*jsonschema.Compiler
	url string
}

func newCompiler(contract []byte) (*compiler, error) {
	var c compiler
	for _, d := range []struct {
		doc    *schemaDocument
		url    string
		closed bool
	}{{&c.open, "contract:open", false}, {&c.closed, "contract:closed", true}} {
		tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(contract))
		if err != nil {
			return nil, fmt.Errorf("read the contract as JSON: %w", err)
		}
		root, ok := tree.(map[string]any)
		if !ok {
			return nil, errors.New("the contract is no JSON object")
		}
		rewriteContract(root, d.closed)
		*d.doc = schemaDocument{jsonschema.NewCompiler(), d.url}
		d.doc.DefaultDraft(jsonschema.Draft2020)
		d.doc.RegisterFormat(&jsonschema.Format{Name: "date-time", Validate: checkDateTime})
		d.doc.AssertFormat()
		if err := d.doc.AddResource(d.url, tree); err != nil {
			return nil, fmt.Errorf("use the schemas of the contract: %w", err)
		}
	}
	return &c, nil
}

// at compiles the schema at a place of the contract.
func (d schemaDocument) at(p pointer) (*jsonschema.Schema, error) {
	return d.Compile(d.url + "#" + escapeFragment(p.String()))
}

// checkDateTime allows what clients of WATS send beside RFC 3339: times without zone.
func checkDateTime(v any) error {
	text, ok := v.(string)
	if !ok {
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04"} {
		if _, err := time.Parse(layout, text); err == nil {
			return nil
		}
	}
	return errors.New("no date-time of ISO 8601")
}

// Where schemas hold schemas: those of members and elements, which describe another value, and those that say more about the same value.
var (
	memberMaps   = []string{"properties", "patternProperties"}
	memberOnes   = []string{"items", "additionalProperties", "contains", "propertyNames"}
	sameValue    = []string{"allOf", "anyOf", "oneOf"}
	sameValueOne = []string{"if", "then", "else", "not"}
)

// rewriter turns the schemas of OpenAPI into those of JSON Schema: discriminators become if and then, which is faster to check than
// every alternative and tells better what is wrong. With closed, objects take the members named for them and no others. That goes for
// additionalProperties: true as well, by which the contract says that other servers send more, unless x-keeps-unknown says that ours does.
type rewriter struct {
	components map[string]any
	closed     bool
}

func rewriteContract(contract map[string]any, closed bool) {
	components, _ := contract["components"].(map[string]any)
	schemas, _ := components["schemas"].(map[string]any)
	r := &rewriter{schemas, closed}
	for _, s := range schemas {
		r.parts(s)
	}
	if closed {
		all := map[string]any{}
		for name, s := range schemas {
			all[name] = r.close(map[string]any{"$ref": "#/components/schemas/" + name}, s)
		}
		contract["closed"] = all
	}
	for _, part := range []any{contract["paths"], components["responses"], components["parameters"]} {
		r.find(part)
	}
}

// find rewrites the schemas of paths, responses and parameters.
func (r *rewriter) find(node any) {
	switch node := node.(type) {
	case map[string]any:
		for key, v := range node {
			if key == "schema" {
				node[key] = r.value(v)
			} else {
				r.find(v)
			}
		}
	case []any:
		for _, v := range node {
			r.find(v)
		}
	}
}

// value rewrites the schema of a whole value.
func (r *rewriter) value(node any) any {
	s, ok := node.(map[string]any)
	if !ok {
		return node
	}
	if ref, ok := s["$ref"].(string); ok && r.closed {
		s["$ref"] = strings.Replace(ref, "#/components/schemas/", "#/closed/", 1)
		return s
	}
	r.parts(s)
	return r.close(s, s)
}

// parts rewrites what a schema holds, not the schema itself.
func (r *rewriter) parts(node any) {
	s, ok := node.(map[string]any)
	if !ok {
		return
	}
	if named, _ := s["properties"].(map[string]any); r.closed && len(named) > 0 && s["additionalProperties"] == true && s["x-keeps-unknown"] != true {
		delete(s, "additionalProperties")
	}
	for _, key := range memberMaps {
		members, _ := s[key].(map[string]any)
		for name, v := range members {
			members[name] = r.value(v)
		}
	}
	for _, key := range memberOnes {
		if v, ok := s[key]; ok {
			s[key] = r.value(v)
		}
	}
	for _, key := range sameValue {
		all, _ := s[key].([]any)
		for _, v := range all {
			r.parts(v)
		}
	}
	for _, key := range sameValueOne {
		r.parts(s[key])
	}
	r.discriminate(s)
}

// discriminate replaces alternatives by those that the discriminator chooses. Other values: the last one of anyOf; any one of oneOf.
func (r *rewriter) discriminate(s map[string]any) {
	d, _ := s["discriminator"].(map[string]any)
	mapping, _ := d["mapping"].(map[string]any)
	if mapping == nil {
		return
	}
	targets := map[string][]any{}
	for _, value := range slices.Sorted(maps.Keys(mapping)) {
		target, _ := mapping[value].(string)
		targets[target] = append(targets[target], value)
	}
	var chain any
	if all, ok := s["anyOf"].([]any); ok {
		chain = all[len(all)-1]
	} else {
		chain = map[string]any{"oneOf": s["oneOf"]}
	}
	for _, target := range slices.Sorted(maps.Keys(targets)) {
		name, _ := d["propertyName"].(string)
		chain = map[string]any{
			"if": map[string]any{
				"required":   []any{name},
				"properties": map[string]any{name: map[string]any{"enum": targets[target]}},
			},
			"then": map[string]any{"$ref": target},
			"else": chain,
		}
	}
	delete(s, "anyOf")
	delete(s, "oneOf")
	s["allOf"] = []any{chain}
}

// close forbids the members that the schema does not name, if it names any. It changes and returns s.
func (r *rewriter) close(s map[string]any, from any) map[string]any {
	if _, said := s["additionalProperties"]; r.closed && !said && r.namesMembers(from, 0) {
		s["unevaluatedProperties"] = false
	}
	return s
}

func (r *rewriter) namesMembers(node any, depth int) bool {
	const deepest = 20
	s, ok := node.(map[string]any)
	if !ok || depth > deepest {
		return false
	}
	if _, ok := s["properties"]; ok {
		return true
	}
	if ref, ok := s["$ref"].(string); ok && r.namesMembers(r.components[ref[strings.LastIndexByte(ref, '/')+1:]], depth+1) {
		return true
	}
	for _, key := range sameValue {
		all, _ := s[key].([]any)
		for _, v := range all {
			if r.namesMembers(v, depth+1) {
				return true
			}
		}
	}
	for _, key := range sameValueOne {
		if r.namesMembers(s[key], depth+1) {
			return true
		}
	}
	return false
}

// validate returns what is wrong with a value, each with its place in it.
func validate(s *jsonschema.Schema, where string, value any) (found []Violation) {
	err := s.Validate(value)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []Violation{{where, err.Error()}}
	}
	for _, leaf := range significant(leaves(invalid)) {
		text := leaf.ErrorKind.LocalizedString(message.NewPrinter(language.English))
		if isUnnamed(leaf) {
			text = "not in the contract"
		}
		v := Violation{where + jsonPath(leaf.InstanceLocation), text}
		if !slices.Contains(found, v) {
			found = append(found, v)
		}
	}
	return found
}

func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var all []*jsonschema.ValidationError
	for _, cause := range e.Causes {
		all = append(all, leaves(cause)...)
	}
	return all
}

// isUnnamed reports whether a member is wrong because the contract does not name it.
func isUnnamed(e *jsonschema.ValidationError) bool {
	_, ok := e.ErrorKind.(*kind.FalseSchema)
	return ok
}

// significant leaves out the members that are taken for unnamed only because something else is wrong in the same object or deeper in it.
func significant(all []*jsonschema.ValidationError) (some []*jsonschema.ValidationError) {
	for _, e := range all {
		object := e.InstanceLocation[:max(len(e.InstanceLocation)-1, 0)]
		follows := isUnnamed(e) && slices.ContainsFunc(all, func(other *jsonschema.ValidationError) bool {
			at := other.InstanceLocation
			within := len(at) >= len(object) && slices.Equal(at[:len(object)], object)
			return within && (!isUnnamed(other) || len(at) > len(object)+1)
		})
		if !follows {
			some = append(some, e)
		}
	}
	return some
}

func jsonPath(location []string) string {
	var b strings.Builder
	for _, part := range location {
		if strings.Trim(part, "0123456789") == "" {
			fmt.Fprintf(&b, "[%s]", part)
		} else {
			b.WriteString("." + part)
		}
	}
	return b.String()
}

// readJSON reads one value and nothing after it.
func readJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("text after the value")
	}
	return v, nil
}

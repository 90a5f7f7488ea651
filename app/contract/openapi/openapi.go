// Package openapi holds HTTP traffic to the contract in api/openapi.yaml. It is for tests: of our server, our client, and foreign ones.
package openapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Contract is an OpenAPI 3.1 document, ready to check traffic. It is safe for concurrent use.
type Contract struct {
	operations []*Operation // in the order of path and method
	bySegments map[int][]*Operation
}

// Operation is one method of one path.
type Operation struct {
	ID      string
	Method  string
	Path    string // as in the contract, with {parameters}
	Domain  string // its first tag
	Summary string

	RouteOnly bool // x-route-only: nobody is known to use it
	Analytics bool // x-answer: analytics; answered 501 until the server has them

	segments   []segment
	params     []parameter
	openBody   *body // of requests, with and
	closedBody *body // without members that are not in the contract; nil when there is no body
	bodyNeed   bool
	responses  map[string]*response // by status: 200, 4XX, default
}

// segment is one part of a path: a literal, or a parameter with a literal before it.
type segment struct{ literal, param string }

// Load reads a contract and checks that it is valid OpenAPI.
func Load(file string) (*Contract, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("the contract is not valid: %w", err)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("write the contract as JSON: %w", err)
	}
	compiler, err := newCompiler(text)
	if err != nil {
		return nil, err
	}
	c := &Contract{bySegments: map[int][]*Operation{}}
	seen := map[string]bool{}
	for _, path := range doc.Paths.InMatchingOrder() {
		for method, op := range doc.Paths.Value(path).Operations() {
			o, err := newOperation(compiler, path, method, op)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			if o.ID == "" || seen[o.ID] {
				return nil, fmt.Errorf("%s %s: operationId %q is empty or taken", method, path, o.ID)
			}
			seen[o.ID] = true
			c.operations = append(c.operations, o)
		}
	}
	slices.SortFunc(c.operations, func(a, b *Operation) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	for _, o := range c.operations {
		c.bySegments[len(o.segments)] = append(c.bySegments[len(o.segments)], o)
	}
	for _, same := range c.bySegments {
		slices.SortStableFunc(same, func(a, b *Operation) int { return slices.CompareFunc(a.segments, b.segments, bySpecificity) })
	}
	return c, nil
}

func newOperation(compiler *compiler, path, method string, op *openapi3.Operation) (*Operation, error) {
	routeOnly, _ := op.Extensions["x-route-only"].(bool)
	o := &Operation{
		ID: op.OperationID, Method: method, Path: path, Summary: op.Summary,
		RouteOnly: routeOnly, Analytics: op.Extensions["x-answer"] == "analytics",
		segments: parsePath(path), responses: map[string]*response{},
	}
	if len(op.Tags) > 0 {
		o.Domain = op.Tags[0]
	}
	at := pointer{"paths", path, strings.ToLower(method)}
	for i, ref := range op.Parameters {
		p, err := newParameter(compiler, at.with("parameters", fmt.Sprint(i)), ref)
		if err != nil {
			return nil, err
		}
		o.params = append(o.params, p)
	}
	if op.RequestBody != nil {
		var err error
		content, at := op.RequestBody.Value.Content, at.with("requestBody")
		if o.openBody, err = newBody(compiler.open, at, content); err != nil {
			return nil, err
		}
		if o.closedBody, err = newBody(compiler.closed, at, content); err != nil {
			return nil, err
		}
		o.bodyNeed = op.RequestBody.Value.Required
	}
	for status, ref := range op.Responses.Map() {
		r, err := newResponse(compiler, at.with("responses", status), ref)
		if err != nil {
			return nil, err
		}
		o.responses[status] = r
	}
	return o, nil
}

// Operations returns all operations in the order of their paths.
func (c *Contract) Operations() []*Operation { return slices.Clone(c.operations) }

// Find returns the operation for a path as it came over the wire (escaped), nil when the contract has none.
//
// As on the server, literals match without regard to case, a parameter is one segment and may be empty, and literals win over parameters.
func (c *Contract) Find(method, path string) *Operation {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for _, o := range c.bySegments[len(segments)] {
		if o.Method == method && o.matches(segments) {
			return o
		}
	}
	return nil
}

func (o *Operation) matches(path []string) bool {
	for i, s := range o.segments {
		text, ok := unescape(path[i])
		switch {
		case !ok:
			return false
		case s.param == "" && !strings.EqualFold(text, s.literal):
			return false
		case len(text) < len(s.literal) || !strings.EqualFold(text[:len(s.literal)], s.literal):
			return false
		}
	}
	return true
}

// pathValues returns the decoded values of the parameters of a path that matches.
func (o *Operation) pathValues(path string) map[string]string {
	values := map[string]string{}
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range o.segments {
		if s.param != "" {
			text, _ := unescape(segments[i])
			values[s.param] = text[len(s.literal):]
		}
	}
	return values
}

func parsePath(path string) (segments []segment) {
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		literal, param, _ := strings.Cut(part, "{")
		segments = append(segments, segment{literal, strings.TrimSuffix(param, "}")})
	}
	return segments
}

// bySpecificity puts literals before parameters, and of those the one with more before it.
func bySpecificity(a, b segment) int {
	switch {
	case (a.param == "") != (b.param == ""):
		return len(a.param) - len(b.param)
	case a.param != "":
		return len(b.literal) - len(a.literal)
	}
	return 0
}

package openapi

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Violation is one thing in which a request or an answer departs from the contract.
type Violation struct {
	Where string // part of the exchange: request query $top, answer body.items[3].name
	What  string
}

func (v Violation) String() string { return v.Where + ": " + v.What }

// Exchange is one request and its answer.
type Exchange struct {
	Method        string
	URL           *url.URL
	Header        http.Header
	HasBody       bool
	Body          []byte // what the server read of it, perhaps compressed
	BodyIsCut     bool   // too long to keep
	Status        int
	AnswerHeader  http.Header
	Answer        []byte
	AnswerIsCut   bool
	AnswerAborted bool // the server broke the connection
}

// OK reports whether the answer is 2xx.
func (x *Exchange) OK() bool { return x.Status/100 == 2 }

type parameter struct {
	name, in string
	required bool
	kind     string // integer, number, boolean, array or string
	schema   *jsonschema.Schema
}

func newParameter(c *compiler, at pointer, ref *openapi3.ParameterRef) (parameter, error) {
	p := parameter{name: ref.Value.Name, in: ref.Value.In, required: ref.Value.Required, kind: "string"}
	if ref.Ref != "" {
		at = pointer(strings.Split(strings.TrimPrefix(ref.Ref, "#/"), "/"))
	}
	schema, err := c.open.at(at.with("schema"))
	if err != nil {
		return p, fmt.Errorf("parameter %s: %w", p.name, err)
	}
	p.schema = schema
	for _, kind := range []string{"integer", "number", "boolean", "array"} {
		if types := ref.Value.Schema.Value.Type; types != nil && types.Includes(kind) {
			p.kind = kind
			break
		}
	}
	return p, nil
}

// check checks the values that a parameter has.
func (p *parameter) check(values []string) []Violation {
	where := "request " + p.in + " " + p.name
	switch {
	case len(values) == 0 && p.required:
		return []Violation{{where, "missing"}}
	case len(values) == 0:
		return nil
	case len(values) > 1 && p.kind != "array":
		return []Violation{{where, fmt.Sprintf("given %d times", len(values))}}
	}
	var value any = values[0]
	switch p.kind {
	case "integer", "number":
		if _, err := strconv.ParseFloat(values[0], 64); err == nil {
			value = json.Number(values[0])
		}
	case "boolean":
		if values[0] == "true" || values[0] == "false" {
			value = values[0] == "true"
		}
	case "array":
		var list []any
		for _, v := range values {
			for part := range strings.SplitSeq(v, ",") {
				list = append(list, part)
			}
		}
		value = list
	}
	return validate(p.schema, where, value)
}

// body is what a request or an answer may hold, by media type.
type body struct{ kinds []bodyKind }

type bodyKind struct {
	mediaType string
	schema    *jsonschema.Schema // of JSON; nil when there is none
	parts     []string           // of a form
	needParts []string
}

func newBody(d schemaDocument, at pointer, content openapi3.Content) (*body, error) {
	b := &body{}
	for mediaType, m := range content {
		k := bodyKind{mediaType: mediaType}
		switch {
		case m.Schema == nil:
		case isJSON(mediaType):
			schema, err := d.at(at.with("content", mediaType, "schema"))
			if err != nil {
				return nil, fmt.Errorf("schema of %s: %w", at, err)
			}
			k.schema = schema
		case mediaType == "multipart/form-data":
			for name := range m.Schema.Value.Properties {
				k.parts = append(k.parts, name)
			}
			k.needParts = m.Schema.Value.Required
		}
		b.kinds = append(b.kinds, k)
	}
	return b, nil
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

// check checks a body of the media type that the headers tell.
func (b *body) check(where string, header http.Header, content []byte, isCut bool) []Violation {
	declared := header.Get("Content-Type")
	mediaType, params, err := mime.ParseMediaType(declared)
	if err != nil {
		return []Violation{{where, fmt.Sprintf("Content-Type %q: %v", declared, err)}}
	}
	i := slices.IndexFunc(b.kinds, func(k bodyKind) bool { return k.accepts(mediaType) })
	if i < 0 {
		return []Violation{{where, fmt.Sprintf("Content-Type %q is not in the contract", declared)}}
	}
	if isCut {
		return nil
	}
	content, err = decompress(content, header.Get("Content-Encoding"))
	if err != nil {
		return []Violation{{where, err.Error()}}
	}
	k := &b.kinds[i]
	switch {
	case k.schema != nil:
		value, err := readJSON(content)
		if err != nil {
			return []Violation{{where, "no JSON: " + err.Error()}}
		}
		return validate(k.schema, where, value)
	case strings.HasSuffix(mediaType, "/xml"):
		return checkXML(where, content)
	case k.parts != nil:
		return k.checkForm(where, multipart.NewReader(bytes.NewReader(content), params["boundary"]))
	}
	return nil
}

// accepts takes application/octet-stream of the contract for any type: bytes of a kind the contract does not know.
func (k *bodyKind) accepts(mediaType string) bool {
	return k.mediaType == mediaType || k.mediaType == "application/octet-stream" || k.mediaType == "*/*"
}

func (k *bodyKind) checkForm(where string, form *multipart.Reader) (found []Violation) {
	var names []string
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return append(found, Violation{where, "no form: " + err.Error()})
		}
		name := part.FormName()
		if !slices.Contains(k.parts, name) {
			found = append(found, Violation{where, fmt.Sprintf("part %q is not in the contract", name)})
		}
		names = append(names, name)
	}
	for _, name := range k.needParts {
		if !slices.Contains(names, name) {
			found = append(found, Violation{where, fmt.Sprintf("part %q is missing", name)})
		}
	}
	return found
}

func checkXML(where string, content []byte) []Violation {
	for d := xml.NewDecoder(bytes.NewReader(content)); ; {
		_, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return []Violation{{where, "no XML: " + err.Error()}}
		}
	}
}

func decompress(content []byte, encoding string) ([]byte, error) {
	if encoding != "gzip" {
		return content, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	return io.ReadAll(io.LimitReader(z, keep))
}

// response is what one status may be answered with.
type response struct {
	headers map[string]*header
	body    *body // nil when the contract names no content
}

type header struct {
	required bool
	schema   *jsonschema.Schema
}

func newResponse(c *compiler, at pointer, ref *openapi3.ResponseRef) (*response, error) {
	if ref.Ref != "" {
		at = pointer(strings.Split(strings.TrimPrefix(ref.Ref, "#/"), "/"))
	}
	r := &response{headers: map[string]*header{}}
	for name, h := range ref.Value.Headers {
		schema, err := c.closed.at(at.with("headers", name, "schema"))
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
		r.headers[name] = &header{h.Value.Required, schema}
	}
	if len(ref.Value.Content) > 0 {
		b, err := newBody(c.closed, at, ref.Value.Content)
		if err != nil {
			return nil, err
		}
		r.body = b
	}
	return r, nil
}

// CheckRequest returns where a request departs from the contract. Closed forbids members which the contract does not name.
func (o *Operation) CheckRequest(x *Exchange, closed bool) (found []Violation) {
	query, err := url.ParseQuery(x.URL.RawQuery)
	if err != nil {
		found = append(found, Violation{"request query", err.Error()})
	}
	path := o.pathValues(x.URL.EscapedPath())
	known := map[string]bool{}
	for i := range o.params {
		p := &o.params[i]
		switch p.in {
		case "query":
			known[p.name] = true
			found = append(found, p.check(query[p.name])...)
		case "path":
			found = append(found, p.check([]string{path[p.name]})...)
		case "header":
			found = append(found, p.check(x.Header.Values(p.name))...)
		}
	}
	for name := range query {
		if !known[name] {
			found = append(found, Violation{"request query " + name, "not in the contract"})
		}
	}
	body := o.openBody
	if closed {
		body = o.closedBody
	}
	switch {
	case x.HasBody && body == nil:
		found = append(found, Violation{"request body", "the contract has none"})
	case x.HasBody:
		found = append(found, body.check("request body", x.Header, x.Body, x.BodyIsCut)...)
	case body != nil && o.bodyNeed:
		found = append(found, Violation{"request body", "missing"})
	}
	return found
}

// CheckAnswer returns where an answer departs from the contract. Members which the contract does not name are not allowed.
func (o *Operation) CheckAnswer(x *Exchange) (found []Violation) {
	r := o.response(x.Status)
	if r == nil {
		return []Violation{{"answer", fmt.Sprintf("status %d is not in the contract", x.Status)}}
	}
	for name, h := range r.headers {
		values := x.AnswerHeader.Values(name)
		switch {
		case len(values) > 0:
			found = append(found, validate(h.schema, "answer header "+name, values[0])...)
		case h.required:
			found = append(found, Violation{"answer header " + name, "missing"})
		}
	}
	hasBody := len(x.Answer) > 0 || x.AnswerIsCut
	switch {
	case x.Method == http.MethodHead || x.AnswerAborted || r.body == nil:
	case !hasBody:
		if empty := r.body.kinds[0]; isJSON(empty.mediaType) {
			found = append(found, Violation{"answer body", "missing"})
		}
	default:
		found = append(found, r.body.check("answer body", x.AnswerHeader, x.Answer, x.AnswerIsCut)...)
	}
	return found
}

func (o *Operation) response(status int) *response {
	text := strconv.Itoa(status)
	for _, key := range []string{text, text[:1] + "XX", "default"} {
		if r := o.responses[key]; r != nil {
			return r
		}
	}
	return nil
}

func unescape(segment string) (string, bool) {
	text, err := url.PathUnescape(segment)
	return text, err == nil
}

func escapeFragment(text string) string { return (&url.URL{Fragment: text}).EscapedFragment() }

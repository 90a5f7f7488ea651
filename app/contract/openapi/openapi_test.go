package openapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gowats/gowats/app/contract/openapi"
)

const small = `
openapi: 3.1.0
info: {title: small, version: 1.0.0}
paths:
  /api/Thing/{name}:
    get:
      tags: [Things]
      operationId: getThing
      parameters:
        - {name: name, in: path, required: true, schema: {type: string, maxLength: 5}}
        - {name: $top, in: query, schema: {type: integer, minimum: 1}}
        - {name: deep, in: query, schema: {type: boolean}}
        - {name: Referer, in: header, required: true, schema: {type: string}}
      responses:
        '200':
          description: A thing.
          headers: {Age: {required: true, schema: {type: string, pattern: '^[0-9]+$'}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}
        4XX: {$ref: '#/components/responses/Refused'}
  /api/Thing/Special:
    get: {operationId: getSpecial, x-route-only: true, responses: {'200': {description: Anything.}}}
    put:
      operationId: saveGuest
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Guest'}}}}
      responses: {'204': {description: Done.}}
  /api/Thing/name={name}:
    parameters: []
    get:
      operationId: getThingByName
      x-answer: analytics
      parameters: [{name: name, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: Bytes., content: {application/octet-stream: {}}}}
  /api/Thing:
    put:
      operationId: saveThing
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
      responses: {'204': {description: Done.}}
    post:
      operationId: uploadThing
      requestBody:
        content:
          application/xml: {schema: {type: string}}
          multipart/form-data: {schema: {type: object, required: [file], properties: {file: {type: string}, note: {type: string}}}}
      responses: {'200': {description: A document., content: {application/xml: {schema: {type: string}}}}}
components:
  responses:
    Refused: {description: No., content: {application/json: {schema: {type: object, required: [Message], properties: {Message: {type: string}}}}}}
  schemas:
    Base: {type: object, required: [name], properties: {name: {type: string}, at: {type: string, format: date-time}}}
    Box:
      allOf:
        - {$ref: '#/components/schemas/Base'}
        - {type: object, properties: {type: {enum: [box]}, inside: {type: array, items: {$ref: '#/components/schemas/Thing'}}}}
    Ball:
      allOf:
        - {$ref: '#/components/schemas/Base'}
        - {type: object, properties: {type: {enum: [ball]}, radius: {type: [number, 'null']}}}
    Other:
      allOf:
        - {$ref: '#/components/schemas/Base'}
        - {type: object, additionalProperties: true, x-keeps-unknown: true, properties: {type: {type: string}}}
    Guest: {type: object, additionalProperties: true, properties: {name: {type: string}}}
    Thing:
      anyOf: [{$ref: '#/components/schemas/Box'}, {$ref: '#/components/schemas/Ball'}, {$ref: '#/components/schemas/Other'}]
      discriminator: {propertyName: type, mapping: {box: '#/components/schemas/Box', ball: '#/components/schemas/Ball'}}
`

func load(t *testing.T, text string) (*openapi.Contract, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "contract.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return openapi.Load(file)
}

// exchange sends a request to a server that gives one answer, and returns what was seen of it.
func exchange(t *testing.T, request *http.Request, answer http.HandlerFunc) *openapi.Exchange {
	t.Helper()
	var seen *openapi.Exchange
	server := httptest.NewServer(openapi.Watch(answer, func(x *openapi.Exchange) { seen = x }))
	request.URL.Scheme, request.URL.Host, request.RequestURI = "http", strings.TrimPrefix(server.URL, "http://"), ""
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	server.Close() // when it returns, the exchange was seen
	return seen
}

func TestFind(t *testing.T) {
	c, err := load(t, small)
	if err != nil {
		t.Fatal(err)
	}
	for request, want := range map[string]string{
		"GET /api/Thing/a%2Fb":        "getThing",
		"GET /API/thing/":             "getThing",
		"HEAD /api/Thing/x":           "getThing",
		"GET /api/Thing/special":      "getSpecial",
		"GET /api/Thing/NAME=special": "getThingByName",
		"GET /api/Thing/na":           "getThing",
		"PUT /api/Thing":              "saveThing",
		"GET /api/Thing":              "",
		"GET /api/Thing/a/b":          "",
		"GET /api/Thing/%zz":          "",
		"GET /":                       "",
	} {
		method, path, _ := strings.Cut(request, " ")
		got := ""
		if op := c.Find(method, path); op != nil {
			got = op.ID
		}
		if got != want {
			t.Errorf("Find(%s) = %q, want %q", request, got, want)
		}
	}
	var told []string
	for _, op := range c.Operations() {
		told = append(told, fmt.Sprint(op.ID, op.Domain, op.RouteOnly, op.Analytics))
	}
	want := []string{"uploadThing false false", "saveThing false false", "getSpecial true false", "saveGuest false false", "getThingByName false true", "getThingThings false false"}
	for i := range want {
		want[i] = strings.Replace(want[i], " ", "", 1)
	}
	if strings.ReplaceAll(strings.Join(told, ","), " ", "") != strings.ReplaceAll(strings.Join(want, ","), " ", "") {
		t.Errorf("Operations() = %q, want %q", told, want)
	}
}

func TestRequests(t *testing.T) {
	c, err := load(t, small)
	if err != nil {
		t.Fatal(err)
	}
	form := "--x\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n1\r\n--x--\r\n"
	for name, tc := range map[string]struct {
		request string // method, path, Content-Type, body
		open    bool
		want    []string
	}{
		"a good query":           {request: "GET /api/Thing/box?%24top=3&deep=true"},
		"a wrong query":          {request: "GET /api/Thing/box?$top=0&deep=True&depth=1", want: []string{"query $top: minimum: got 0", "query deep: got string", "query depth: not in the contract"}},
		"a query given twice":    {request: "GET /api/Thing/box?$top=1&$top=2", want: []string{"given 2 times"}},
		"a path that is long":    {request: "GET /api/Thing/boxing", want: []string{"path name: maxLength"}},
		"a body where none is":   {request: "GET /api/Thing/box text/plain x", want: []string{"body: the contract has none"}},
		"a good body":            {request: `PUT /api/Thing application/json {"name":"n","type":"ball","radius":null,"at":"2026-01-02T03:04:05"}`},
		"no body":                {request: "PUT /api/Thing", want: []string{"request body: missing"}},
		"another kind of body":   {request: "PUT /api/Thing text/plain {}", want: []string{`"text/plain" is not in the contract`}},
		"half a body":            {request: "PUT /api/Thing application/json {", want: []string{"no JSON"}},
		"two values":             {request: "PUT /api/Thing application/json {}{}", want: []string{"no JSON: text after"}},
		"a wrong member":         {request: `PUT /api/Thing application/json {"name":1,"type":"ball","at":"noon"}`, want: []string{"body.name: got number", "body.at: 'noon' is not valid"}},
		"a member too many":      {request: `PUT /api/Thing application/json {"name":"n","type":"ball","inside":[]}`, want: []string{"body.inside: not in the contract"}},
		"the same, open":         {request: `PUT /api/Thing application/json {"name":"n","type":"ball","inside":[]}`, open: true},
		"deep in a list":         {request: `PUT /api/Thing application/json {"name":"n","type":"box","inside":[{"name":"n","type":"ball","x":1}]}`, want: []string{"body.inside[0].x: not in the contract"}},
		"members of other kinds": {request: `PUT /api/Thing application/json {"name":"n","type":"cube","side":1}`},
		"what others may send":   {request: `PUT /api/Thing/Special application/json {"name":"n","age":1}`, open: true},
		"and ours must not":      {request: `PUT /api/Thing/Special application/json {"name":"n","age":1}`, want: []string{"body.age: not in the contract"}},
		"a document":             {request: "POST /api/Thing application/xml <a/>"},
		"half a document":        {request: "POST /api/Thing application/xml <a", want: []string{"no XML"}},
		"a form":                 {request: "POST /api/Thing multipart/form-data;boundary=x " + fmt.Sprintf(form, "file")},
		"a form of other parts":  {request: "POST /api/Thing multipart/form-data;boundary=x " + fmt.Sprintf(form, "data"), want: []string{`part "data" is not in the contract`, `part "file" is missing`}},
	} {
		t.Run(name, func(t *testing.T) {
			part := append(strings.SplitN(tc.request, " ", 4), "", "", "")
			request := httptest.NewRequestWithContext(t.Context(), part[0], part[1], strings.NewReader(part[3]))
			request.Header.Set("Referer", "http://x")
			if part[2] != "" {
				request.Header.Set("Content-Type", part[2])
			}
			x := exchange(t, request, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
			compare(t, c.Find(x.Method, x.URL.EscapedPath()).CheckRequest(x, !tc.open), tc.want)
		})
	}
	x := exchange(t, httptest.NewRequestWithContext(t.Context(), "GET", "/api/Thing/box", nil), func(http.ResponseWriter, *http.Request) {})
	compare(t, c.Find(x.Method, x.URL.EscapedPath()).CheckRequest(x, true), []string{"request header Referer: missing"})
}

func compare(t *testing.T, found []openapi.Violation, want []string) {
	t.Helper()
	if len(found) != len(want) {
		t.Fatalf("got %q, want %q", found, want)
	}
	for _, part := range want {
		if !slices.ContainsFunc(found, func(v openapi.Violation) bool { return strings.Contains(v.String(), part) }) {
			t.Errorf("got %q, want one with %q", found, part)
		}
	}
}

func TestAnswers(t *testing.T) {
	c, err := load(t, small)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		request string
		status  int
		headers []string
		body    string
		want    []string
	}{
		"as it should be":     {request: "GET /api/Thing/x", status: 200, headers: []string{"Age: 5"}, body: `{"name":"n"}`},
		"of a longer type":    {request: "GET /api/Thing/x", status: 200, headers: []string{"Age: 5", "Content-Type: application/json; charset=utf-8"}, body: `{"name":"n"}`},
		"without its header":  {request: "GET /api/Thing/x", status: 200, body: `{"name":"n"}`, want: []string{"header Age: missing"}},
		"with a wrong header": {request: "GET /api/Thing/x", status: 200, headers: []string{"Age: old"}, body: `{"name":"n"}`, want: []string{"header Age: 'old' does not match"}},
		"with a member more":  {request: "GET /api/Thing/x", status: 200, headers: []string{"Age: 5"}, body: `{"name":"n","type":"ball","x":0}`, want: []string{"body.x: not in the contract"}},
		"empty":               {request: "GET /api/Thing/x", status: 200, headers: []string{"Age: 5"}, want: []string{"answer body: missing"}},
		"empty by HEAD":       {request: "HEAD /api/Thing/x", status: 200, headers: []string{"Age: 5"}},
		"of another status":   {request: "GET /api/Thing/x", status: 201, body: `{}`, want: []string{"status 201 is not in the contract"}},
		"refused":             {request: "GET /api/Thing/x", status: 404, body: `{"Message":"no"}`},
		"refused in silence":  {request: "GET /api/Thing/x", status: 404, body: `{}`, want: []string{"missing property 'Message'"}},
		"refused in words":    {request: "GET /api/Thing/x", status: 404, headers: []string{"Content-Type: text/plain"}, body: `no`, want: []string{`"text/plain" is not in the contract`}},
		"bytes of any kind":   {request: "GET /api/Thing/name=x", status: 200, headers: []string{"Content-Type: image/png"}, body: "\x89PNG"},
		"nothing":             {request: "PUT /api/Thing", status: 204},
		"half a document":     {request: "POST /api/Thing", status: 200, headers: []string{"Content-Type: application/xml"}, body: `<a`, want: []string{"no XML"}},
	} {
		t.Run(name, func(t *testing.T) {
			method, path, _ := strings.Cut(tc.request, " ")
			x := exchange(t, httptest.NewRequestWithContext(t.Context(), method, path, nil), func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				for _, h := range tc.headers {
					name, value, _ := strings.Cut(h, ": ")
					w.Header().Set(name, value)
				}
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			})
			compare(t, c.Find(x.Method, x.URL.EscapedPath()).CheckAnswer(x), tc.want)
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"no YAML":               {"{", "read the contract"},
		"an unknown schema":     {strings.Replace(small, "schemas/Thing'", "schemas/Thong'", 1), "Thong"},
		"two of one name":       {strings.Replace(small, "getSpecial", "getThing", 1), "getThing"},
		"an operation unnamed":  {strings.Replace(small, "operationId: getSpecial, ", "", 1), "is empty or taken"},
		"an impossible pattern": {strings.Replace(small, "[0-9]+", "[0-9", 1), "regexp"},
	} {
		if _, err := load(t, tc.text); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Load of %s: got %v, want %q", name, err, tc.want)
		}
	}
}

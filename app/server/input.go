package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/gowats/gowats/report"
)

// readJSON returns what the body of a request holds, of at most the route's limit. A member of a wrong type is named by its path;
// members that T does not know are ignored.
func readJSON[T any](s *server, w http.ResponseWriter, c *call) (T, error) {
	var v T
	body, free, err := s.bodies.read(w, c)
	if err != nil {
		return v, err
	}
	defer free()
	err = decodeJSON(body, &v)
	return v, err
}

// decodeJSON reads a body into what v points to; members that it does not have stay as they are. Every value that cannot be read is named
// by its path.
func decodeJSON(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	switch {
	case err == nil:
		return nil
	case len(body) == 0:
		return refuseAll(report.Findings{{Path: "$", Rule: "required", Message: "the body is empty: send JSON"}})
	case !json.Valid(body):
		return refuseAll(report.Findings{{Path: "$", Rule: "syntax", Message: "the body is not what is wanted here: " + err.Error()}})
	}
	l := locator{kind: reflect.TypeOf(v).Elem()}
	if l.look("$", nil, body, nil); len(l.found) == 0 {
		l.add("$", err) // what v held before stands in the way
	}
	return refuseAll(l.found)
}

const (
	maxFound = 100 // values of a body that are named
	maxNests = 30  // levels of a body at which they are looked for
)

// locator finds the values of a body for which it cannot be read: it reads each value alone, within nothing but the objects and lists around
// it, and so needs to know nothing of the types.
type locator struct {
	kind  reflect.Type // that the body is read into
	found report.Findings
}

// look adds what is wrong with value, the part of the body at path. Before and after are what the body has around it.
func (l *locator) look(path string, before, value, after []byte) {
	err := l.try(before, value, after)
	if err == nil || len(l.found) == maxFound {
		return
	}
	inside := len(l.found)
	if nests := len(after); nests < maxNests { // each ends with one character
		l.lookInside(path, before, bytes.TrimSpace(value), after)
	}
	if len(l.found) == inside {
		l.add(path, err)
	}
}

// lookInside looks at the members or elements of a value; an empty one that cannot be read either is not wrong for them.
func (l *locator) lookInside(path string, before, value, after []byte) {
	var open, end string
	switch value[0] {
	case '{':
		open, end = "{", "}"
	case '[':
		open, end = "[", "]"
	default:
		return
	}
	if l.try(before, []byte(open+end), after) != nil {
		return
	}
	after = slices.Concat([]byte(end), after)
	d := json.NewDecoder(bytes.NewReader(value))
	_, _ = d.Token() // the body is valid JSON
	for i := 0; d.More() && len(l.found) < maxFound; i++ {
		inner, around := fmt.Sprintf("%s[%d]", path, i), slices.Concat(before, []byte(open))
		if open == "{" {
			token, _ := d.Token()
			name, _ := token.(string)
			key, _ := json.Marshal(name) // a text always has a JSON form
			inner, around = path+"."+shorten(name), append(append(around, key...), ':')
		}
		var part json.RawMessage
		if d.Decode(&part) != nil {
			return
		}
		l.look(inner, around, part, after)
	}
}

// try reads a body that has nothing but value.
func (l *locator) try(before, value, after []byte) error {
	return json.Unmarshal(slices.Concat(before, value, after), reflect.New(l.kind).Interface())
}

// add names the value at path by why it cannot be read.
func (l *locator) add(path string, err error) {
	message := shorten(err.Error())
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		message = fmt.Sprintf("must be %s, not %s", kindOf(wrong), shorten(wrong.Value))
	}
	l.found = append(l.found, report.Finding{Path: path, Rule: "type", Message: message})
}

// kindOf names what JSON a member must have.
func kindOf(wrong *json.UnmarshalTypeError) string {
	switch wrong.Type.Kind().String() {
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	case "slice", "array":
		return "a list"
	case "struct", "map":
		return "an object"
	case "float64", "float32":
		return "a number"
	}
	return "a whole number"
}

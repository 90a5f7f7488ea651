package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

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

// decodeJSON reads a body into what v points to; members that it does not have stay as they are.
func decodeJSON(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case len(body) == 0:
		return refuseAll(report.Findings{{Path: "$", Rule: "required", Message: "the body is empty: send JSON"}})
	case errors.As(err, &wrong) && wrong.Field != "":
		return refuseAll(report.Findings{{Path: "$." + wrong.Field, Rule: "type", Message: fmt.Sprintf("must be %s, not %s", kindOf(wrong), wrong.Value)}})
	case errors.As(err, &wrong):
		return refuseAll(report.Findings{{Path: "$", Rule: "type", Message: fmt.Sprintf("must be %s, not %s", kindOf(wrong), wrong.Value)}})
	}
	return refuseAll(report.Findings{{Path: "$", Rule: "syntax", Message: "the body is not what is wanted here: " + err.Error()}})
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

package server

import (
	"encoding/json"
)

// edited is an object in the body of a request, and the members that the body gives, to be set in what is stored: those that are absent or null
// stay as they are.
type edited[T any] struct {
	value   T
	members json.RawMessage
}

// UnmarshalJSON reads the object.
func (e *edited[T]) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &e.value); err != nil {
		return err
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(data, &given); err != nil {
		return err
	}
	for name, value := range given {
		if string(value) == "null" {
			delete(given, name)
		}
	}
	var err error
	e.members, err = json.Marshal(given)
	return err
}

// apply sets the members of v that the body gives.
func (e *edited[T]) apply(v *T) error { return json.Unmarshal(e.members, v) }

package wats

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// Extra holds the members of an object that this SDK does not know, by name, so that an object that is read, changed and written back
// stays whole. It is nil when there are none.
type Extra map[string]json.RawMessage

// decodeKeeping reads an object into the struct that v points to, and what v has no member for into extra. A field may name further
// spellings of its member, which servers use: `alias:"category,kind"`. Of two spellings the member's own name wins.
func decodeKeeping(data []byte, v any, extra *Extra) error {
	*extra = nil
	if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		var err error
		if data, err = sortOut(data, reflect.TypeOf(v).Elem(), extra); err != nil {
			return err
		}
	}
	return json.Unmarshal(data, v)
}

// encodeWith writes v, a struct, with the members of extra behind its own.
func encodeWith(v any, extra Extra) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil || len(extra) == 0 {
		return data, err
	}
	names := make([]string, 0, len(extra))
	for name := range extra {
		names = append(names, name)
	}
	slices.Sort(names)
	data = data[:len(data)-len("}")]
	for _, name := range names {
		value := extra[name]
		if len(value) == 0 {
			value = []byte("null")
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		if len(data) > len("{") {
			data = append(data, ',')
		}
		data = append(append(append(data, key...), ':'), value...)
	}
	return append(data, '}'), nil
}

// sortOut puts the members that t does not know into extra, and returns the object with other spellings replaced by the names of t.
func sortOut(object []byte, t reflect.Type, extra *Extra) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, err
	}
	names := memberNames(t)
	renamed := false
	for given, value := range members {
		name, isAlias := names.find(given)
		switch {
		case name == "":
			if *extra == nil {
				*extra = Extra{}
			}
			(*extra)[given] = value
		case isAlias:
			delete(members, given)
			if !hasFold(members, name) {
				members[name] = value
			}
			renamed = true
		}
	}
	if !renamed {
		return object, nil
	}
	return json.Marshal(members)
}

func hasFold(members map[string]json.RawMessage, name string) bool {
	for given := range members {
		if strings.EqualFold(given, name) {
			return true
		}
	}
	return false
}

// memberName is a member of a struct's JSON form and its other spellings.
type memberName struct {
	name    string
	aliases []string
}

type memberNameList []memberName

// find returns the member that a name in any letter case means, "" when there is none.
func (l memberNameList) find(given string) (name string, isAlias bool) {
	for _, m := range l {
		if strings.EqualFold(m.name, given) {
			return m.name, false
		}
	}
	for _, m := range l {
		for _, alias := range m.aliases {
			if strings.EqualFold(alias, given) {
				return m.name, true
			}
		}
	}
	return "", false
}

func memberNames(t reflect.Type) (list memberNameList) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !field.IsExported() || name == "-" {
			continue
		}
		if field.Anonymous && name == "" && field.Type.Kind() == reflect.Struct {
			list = append(list, memberNames(field.Type)...)
			continue
		}
		if name == "" {
			name = field.Name
		}
		m := memberName{name: name}
		if other := field.Tag.Get("alias"); other != "" {
			m.aliases = strings.Split(other, ",")
		}
		list = append(list, m)
	}
	return list
}

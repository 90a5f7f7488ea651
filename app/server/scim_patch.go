package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gowats/gowats"
	"github.com/gowats/gowats/report"
)

// scimChange is one attribute that gets another value.
type scimChange struct {
	at    string // JSON path in the request
	path  string // as it came
	value json.RawMessage
}

// readPatch returns what a change replaces, and the password apart. All that is wrong with it is told.
func readPatch(patch wats.SCIMPatch) (changes []scimChange, password string, err error) {
	var found report.Findings
	if n := len(patch.Operations); n == 0 || n > maxSCIMChanges {
		return nil, "", refuseAll(report.Findings{{Path: "$.Operations", Rule: "length", Message: fmt.Sprintf("Operations must have 1 to %d entries, has %d", maxSCIMChanges, n)}})
	}
	add := func(c scimChange) {
		if strings.EqualFold(attributeOf(c.path), "password") {
			if json.Unmarshal(c.value, &password) != nil || password == "" {
				found = append(found, report.Finding{Path: c.at, Rule: "type", Message: "password must be a text that is not empty"})
			}
			return
		}
		changes = append(changes, c)
	}
	for i, op := range patch.Operations {
		at := fmt.Sprintf("$.Operations[%d]", i)
		if op.Op != "" && !strings.EqualFold(op.Op, "replace") {
			found = append(found, report.Finding{Path: at + ".op", Rule: "enum", Message: fmt.Sprintf("op %.40q is not supported: only replace is", op.Op)})
			continue
		}
		if op.Path != "" {
			add(scimChange{at, op.Path, op.Value})
			continue
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(op.Value, &members) != nil {
			found = append(found, report.Finding{Path: at + ".value", Rule: "type", Message: "value must be an object where there is no path"})
			continue
		}
		for name, value := range members {
			add(scimChange{at, name, value})
		}
	}
	if len(found) > 0 {
		return nil, "", refuseAll(found)
	}
	return changes, password, nil
}

// attributeOf returns the path without the URN of the schema that may stand before it.
func attributeOf(path string) string {
	if rest, is := strings.CutPrefix(path, wats.SCIMUserSchema+":"); is {
		return rest
	}
	return path
}

var (
	errReadOnly = errors.New("is given by the server and cannot be changed")
	errPath     = errors.New("is a path that is not understood: give an attribute, name.givenName and the like, or emails[type eq \"work\"].value")
)

// apply gives u the value. Its error tells the attribute.
func (c scimChange) apply(u *wats.SCIMUser) error {
	if err := c.set(u); err != nil {
		return fmt.Errorf("%s: %w", shorten(c.path), err)
	}
	return nil
}

func (c scimChange) set(u *wats.SCIMUser) error {
	path := attributeOf(c.path)
	if u.Name == nil && strings.HasPrefix(strings.ToLower(path), "name.") {
		u.Name = new(wats.SCIMName)
	}
	switch strings.ToLower(path) {
	case "id", "meta", "schemas":
		return errReadOnly
	case "username":
		return c.into(&u.UserName)
	case "displayname":
		return c.into(&u.DisplayName)
	case "externalid":
		return c.into(&u.ExternalID)
	case "active":
		return c.active(u)
	case "name":
		u.Name = nil
		return c.into(&u.Name)
	case "name.formatted":
		return c.into(&u.Name.Formatted)
	case "name.givenname":
		return c.into(&u.Name.GivenName)
	case "name.familyname":
		return c.into(&u.Name.FamilyName)
	case "emails":
		u.Emails = nil
		return c.into(&u.Emails)
	case "roles":
		u.Roles = nil
		return c.into(&u.Roles)
	}
	if kind, is := emailPath(path); is {
		return c.email(u, kind)
	}
	urn := strings.HasPrefix(path, "urn:") && !strings.ContainsAny(path, "[]\" ")
	if !urn && strings.ContainsAny(path, ".[]\" ") {
		return errPath
	}
	for name := range u.Extra {
		if strings.EqualFold(name, path) {
			delete(u.Extra, name)
		}
	}
	if u.Extra == nil {
		u.Extra = wats.Extra{}
	}
	if string(c.value) != "null" && len(c.value) > 0 {
		u.Extra[path] = c.value
	}
	return nil
}

// into reads the value; null makes it empty.
func (c scimChange) into(target any) error {
	if text, is := target.(*string); is {
		*text = ""
	}
	if len(c.value) == 0 {
		return errors.New("has no value")
	}
	if err := json.Unmarshal(c.value, target); err != nil {
		return fmt.Errorf("has a value of the wrong type: %w", err)
	}
	return nil
}

// active reads true or false, also as a text, which some directories send.
func (c scimChange) active(u *wats.SCIMUser) error {
	text := strings.Trim(string(c.value), `"`)
	is, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		return fmt.Errorf("must be true or false, is %.40s", c.value)
	}
	u.Active = report.Some(is)
	return nil
}

// emailPath returns the type in emails[type eq "work"].value.
func emailPath(path string) (kind string, is bool) {
	const before, after = `emails[type eq "`, `"].value`
	if len(path) < len(before)+len(after) || !strings.EqualFold(path[:len(before)], before) || !strings.EqualFold(path[len(path)-len(after):], after) {
		return "", false
	}
	return path[len(before) : len(path)-len(after)], true
}

// email changes the address of a type, or adds it.
func (c scimChange) email(u *wats.SCIMUser, kind string) error {
	var text string
	if err := c.into(&text); err != nil {
		return err
	}
	for i := range u.Emails {
		if strings.EqualFold(u.Emails[i].Type, kind) {
			u.Emails[i].Value = text
			return nil
		}
	}
	u.Emails = append(u.Emails, wats.SCIMEmail{Value: text, Type: kind})
	return nil
}

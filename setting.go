package wats

import (
	"fmt"

	"github.com/gowats/gowats/report"
)

// Setting is one tag of a product, a revision, a unit, an asset or a ticket: a text under a name.
type Setting struct {
	Key    string     `json:"key"`
	Value  string     `json:"value"`           // null is read as ""
	Change ChangeType `json:"change,omitzero"` // only when writing
}

// ChangeType says what becomes of a tag that is written. Tags that are left out of a list stay as they are: to remove one, send it with [RemoveSetting].
type ChangeType int

// The changes, by their number on the wire.
const (
	KeepSetting   ChangeType = iota // leave it; a gowats server sets the value all the same
	AddSetting                      // set the value; there should be no tag of that key
	ChangeSetting                   // set the value of a tag that is there
	RemoveSetting                   // drop the tag
)

// The most that tags hold, in characters.
const (
	maxSettingKey   = 100
	maxSettingValue = 5000
)

// settings checks the tags in the list at path.
func (c *checks) settings(path string, list []Setting) {
	seen := map[string]bool{}
	for i, s := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		c.required(at+".key", s.Key, maxSettingKey)
		c.text(at+".value", s.Value, maxSettingValue)
		if s.Change < KeepSetting || s.Change > RemoveSetting {
			c.addf(at+".change", "enum", "change must be 0 (keep), 1 (add), 2 (update) or 3 (delete), is %d", s.Change)
		}
		if seen[s.Key] {
			c.addf(at+".key", "unique", "key %q is there twice", s.Key)
		}
		seen[s.Key] = true
	}
}

// ValidateSettings returns all that is wrong with a list of tags that is to be written.
func ValidateSettings(list []Setting) report.Findings {
	var c checks
	c.settings("$", list)
	return c.found
}

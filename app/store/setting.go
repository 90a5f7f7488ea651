package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gowats/gowats"
)

// mergeSettings returns tags with the changes made, sorted by key, and whether any value is another than before.
// A tag that no change names stays.
func mergeSettings(tags, changes []wats.Setting) (merged []wats.Setting, changed bool) {
	merged = slices.Clone(tags)
	for _, c := range changes {
		at, found := slices.BinarySearchFunc(merged, c.Key, func(s wats.Setting, key string) int { return cmp.Compare(s.Key, key) })
		switch {
		case c.Change == wats.RemoveSetting && found:
			merged = slices.Delete(merged, at, at+1)
		case c.Change == wats.RemoveSetting:
			continue
		case !found:
			merged = slices.Insert(merged, at, wats.Setting{Key: c.Key, Value: c.Value})
		case merged[at].Value == c.Value:
			continue
		default:
			merged[at].Value = c.Value
		}
		changed = true
	}
	return merged, changed
}

// encodeSettings returns tags as a column holds them: an empty text when there are none.
func encodeSettings(tags []wats.Setting) string {
	if len(tags) == 0 {
		return ""
	}
	text, _ := json.Marshal(tags) // texts only: cannot fail
	return string(text)
}

func decodeSettings(column string) ([]wats.Setting, error) {
	if column == "" {
		return []wats.Setting{}, nil
	}
	var tags []wats.Setting
	if err := json.Unmarshal([]byte(column), &tags); err != nil {
		return nil, fmt.Errorf("stored tags are damaged: %w", err)
	}
	return tags, nil
}

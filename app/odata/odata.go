// Package odata reads the OData options $filter and $orderby into a checked tree, and turns it into SQL with parameters.
// It knows nothing of tables: the caller says which members there are and which SQL expression stands for each.
//
// No part of an option's text ever becomes part of the SQL: names are looked up in the [Schema], values become parameters.
// The SQL is the same for SQLite and PostgreSQL but for what [Dialect] names.
//
// The language is a part of OData 4.01 URL conventions, section 5.1.1: eq ne gt ge lt le in, and or not, parentheses,
// contains startswith endswith, tolower toupper, null true false, and any over a list of the member's own. Beyond it, date-times need no zone (then UTC) and may be
// quoted, as may GUIDs, and names and keywords match in any case. A comparison is true or false, never unknown.
package odata

import (
	"fmt"
	"strings"
)

// The limits of one option.
const (
	maxBytes = 32 << 10 // of its text
	maxDepth = 50       // of parentheses, nots and functions inside each other
	maxTerms = 500      // values compared with
	maxKeys  = 20       // members in $orderby
)

// Type says which values a member takes, and how they reach SQL.
type Type uint8

// The types.
const (
	Text  Type = iota // string. In SQL never NULL: an absent text is '', and null means ''
	Int               // int64
	Float             // float64
	Time              // int64, nanoseconds since 1970 UTC; what lies beyond 1678–2262 becomes the first or last of them
	GUID              // []byte of length 16
	Enum              // what Member.Word gives
	Bool              // int64, 1 true and 0 false
	List              // elements with members of their own: only any(…) looks into it
)

// Member is something a filter may name.
type Member struct {
	Name     string
	Type     Type
	SQL      string // its expression in the caller's statement, free of placeholders; of a List what its elements name it by
	Nullable bool   // SQL may give NULL; not for Text

	Word  func(string) (value any, ok bool) // Enum only: the stored value of a word
	Words string                            // Enum only: the words, for messages

	Select string // List only: gives SQL for every element, as a SELECT without WHERE
	Of     Schema // List only: members of an element
}

// Schema lists the members. Two members may have the same SQL: one is then an alias.
type Schema []Member

// Dialect is what differs between databases.
type Dialect struct {
	Position string // function of (text, part) that gives the place of part in text, 0 if there is none: instr or strpos
}

// Error says what is wrong with an option, and where.
type Error struct {
	Position int // characters before the place, plus one
	Reason   string
}

func (e *Error) Error() string { return fmt.Sprintf("character %d: %s", e.Position, e.Reason) }

func (s Schema) find(name string) (*Member, bool) {
	for i := range s {
		if strings.EqualFold(s[i].Name, name) {
			return &s[i], true
		}
	}
	return nil, false
}

// unknown says that there is no such member, and what may have been meant.
func (s Schema) unknown(name string) string {
	best, distance := "", len(name)/2+2 // beyond it nothing is near
	for _, m := range s {
		if d := editDistance(strings.ToLower(name), strings.ToLower(m.Name)); d < distance {
			best, distance = m.Name, d
		}
	}
	if best != "" {
		return fmt.Sprintf("there is no member %.60q; did you mean %s?", name, best)
	}
	names := make([]string, len(s))
	for i, m := range s {
		names[i] = m.Name
	}
	return fmt.Sprintf("there is no member %.60q; there are %s", name, strings.Join(names, ", "))
}

// editDistance returns how many bytes to insert, delete or replace to turn a into b; len(a)+len(b) when a is very long.
func editDistance(a, b string) int {
	if len(a) > 60 {
		return len(a) + len(b)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

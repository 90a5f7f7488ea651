package queue

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ID is the identifier of a report, a GUID.
type ID [16]byte

// ParseID reads a GUID in the form 8-4-4-4-12, in either case.
func ParseID(text string) (ID, error) {
	var id ID
	if len(text) != idLength || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return ID{}, fmt.Errorf("%.40q is not a GUID", text)
	}
	digits := text[:8] + text[9:13] + text[14:18] + text[19:23] + text[24:]
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return ID{}, fmt.Errorf("%.40q is not a GUID", text)
	}
	return id, nil
}

const idLength = 36

// String returns the lower-case form 8-4-4-4-12.
func (id ID) String() string {
	text := make([]byte, 0, idLength)
	for i, part := range [...][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return string(text)
}

// Type says what a document is.
type Type string

// The types, by the ending of their files.
const (
	WSJF Type = "wsjf" // JSON, .json
	WSXF Type = "wsxf" // XML, .xml
)

func (t Type) ending() string {
	if t == WSXF {
		return ".xml"
	}
	return ".json"
}

const (
	highest         = 1
	lowest          = 10
	defaultPriority = 5
	maxVersion      = 9999
	stateEnding     = ".state"
)

// name is the name of an item's file: priority, ID, version, ending. The version is 1, and then not written, unless another document of the same ID was
// waiting when the item was put.
type name struct {
	id       ID
	version  uint16 // 1 to maxVersion
	priority uint8  // 1 to 10
	kind     Type
}

// String returns the name of the file, such as 5-0b2f….json and 5-0b2f….2.json.
func (n name) String() string {
	version := ""
	if n.version > 1 {
		version = "." + strconv.Itoa(int(n.version))
	}
	return strconv.Itoa(int(n.priority)) + "-" + n.id.String() + version + n.kind.ending()
}

var errName = errors.New("not the name of a report: want priority, ID and .json or .xml, such as 5-00000000-0000-0000-0000-000000000000.json")

// parseName reads what String writes, and nothing else.
func parseName(text string) (name, error) {
	n := name{version: 1, kind: WSJF}
	stem, ok := strings.CutSuffix(text, WSJF.ending())
	if !ok {
		if stem, ok = strings.CutSuffix(text, WSXF.ending()); !ok {
			return name{}, errName
		}
		n.kind = WSXF
	}
	priority, rest, ok := strings.Cut(stem, "-")
	if !ok || len(rest) < idLength {
		return name{}, errName
	}
	p, err := strconv.Atoi(priority)
	if err != nil || p < highest || p > lowest {
		return name{}, errName
	}
	n.priority = uint8(p)
	if n.id, err = ParseID(rest[:idLength]); err != nil {
		return name{}, errName
	}
	if version := rest[idLength:]; version != "" {
		v, err := strconv.Atoi(strings.TrimPrefix(version, "."))
		if err != nil || v < 2 || v > maxVersion {
			return name{}, errName
		}
		n.version = uint16(v)
	}
	if n.String() != text { // leading zeros, capitals
		return name{}, errName
	}
	return n, nil
}

const hexDigits = "0123456789abcdef"

// shardName returns the name of the folder for IDs that begin with first.
func shardName(first byte) string {
	return string([]byte{hexDigits[first>>4], hexDigits[first&0xf]})
}

// parseShard reads what shardName writes.
func parseShard(text string) (byte, bool) {
	if len(text) != 2 {
		return 0, false
	}
	hi, lo := strings.IndexByte(hexDigits, text[0]), strings.IndexByte(hexDigits, text[1])
	return byte(hi<<4 | lo), hi >= 0 && lo >= 0
}
